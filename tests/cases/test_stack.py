"""Days on paper: blank forms, and a filled stack typed in: every sheet once, errors beside the row, whoever typed does not review."""

from __future__ import annotations

import datetime as dt
import io
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone
from pypdf import PdfReader

from cases.field.enums import VisitSource
from cases.models import Child, Defect, Visit, VisitStack
from cases.questions.choice import definition, packaged
from cases.questions.definition import FIRST_FORM, Definition
from cases.stack.rows import KEYS, Unreadable, read_row, rows_of, typed_of, visit_values
from cases.stack.selectors import progress_of
from cases.visits.forms import VisitForm
from cases.visits.services import review_visit
from staff.models import AccessLog
from staff.scope import system_scope
from staff.workflow import TransitionRefused, available
from tests.cases.visiting import BUDGET, NOW, TODAY, acting, fresh, picture, upload
from tests.cast import OWN_ID, VILLAGE, Cast, make_child
from tests.papers import page_texts, words

LATER = NOW + dt.timedelta(hours=5)
DAY = dt.timedelta(days=1)
QUIET = {"kind": "1", "time": "940", "people_met": "12", "risk": "2", "text": "祖母行动不便。"}
NO = {f"answer_{code}": "1" for code in ("guardian", "living", "school", "harm")}


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: LATER)


@pytest.fixture
def twins(cast: Cast) -> list[Child]:
    """Two more children of the village."""
    with system_scope(reason="test", log=False):
        return [
            make_child(VILLAGE, "周二娃", name_pinyin="zhou er wa"),
            make_child(VILLAGE, "周三娃", name_pinyin="zhou san wa"),
        ]


def opened(client: Client, cast: Cast, *children: Child, blank: bool = False, **given: Any) -> Any:
    values = {
        "form": "regular:2",
        "day": TODAY.isoformat(),
        "conducted_by": cast.users["director"].pk,
        "children": [child.pk for child in children],
    }
    where = "/visits/blank/" if blank else "/visits/stacks/add/"
    return client.post(f"{where}?region={VILLAGE}", values | given)


def stack_of(cast: Cast, *children: Child, by: str = "supervisor") -> tuple[Client, int]:
    """A stack opened by a member for the director's village, and the member's browser."""
    client = cast.client(by)
    answer = opened(client, cast, *children)
    assert answer.status_code == 302, answer.content.decode()
    return client, int(answer["Location"].rstrip("/").rsplit("/", 1)[1])


def sheet(stack: int, child: Child) -> str:
    return f"/visits/stacks/{stack}/sheets/{child.pk}/"


def typed(**changes: Any) -> dict[str, Any]:
    return {"client_id": str(uuid4())} | QUIET | NO | changes


# --- Rows -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("asked", packaged().values(), ids=lambda one: f"{one.code}-{one.version}")
def test_every_answer_of_every_form_has_a_key_and_comes_back_from_it(cast: Cast, asked: Definition) -> None:
    rows = rows_of(asked)
    assert len({row.name for row in rows}) == len(rows)
    for row in rows:
        keys = [choice.key for choice in row.choices]
        assert keys == list(KEYS[: len(keys)])
        for choice in row.choices:
            expected: Any = [choice.code] if row.kind == "many" else choice.code
            assert read_row(row, choice.key, TODAY) == expected
    listed = {choice.code for row in rows if row.name.startswith("problems_") for choice in row.choices}
    assert listed == set(asked.problems())
    # What is typed is what the form of phones and pages takes, and reading it back gives what was typed.
    full = {row.name: row.choices[0].key for row in rows if row.choices} | {
        row.name: {"number": "3", "date": "2026-10-19"}.get(row.kind, "说明")
        for row in rows
        if not row.choices
    }
    full |= {"time": "09:40", "next_visit_date": "2026-10-22"}
    values, faults = visit_values(rows, full, TODAY)
    assert faults == {}
    form = VisitForm(
        values | {"form_code": asked.code, "form_version": asked.version},
        child=cast.children["own"],
        at=LATER,
    )
    assert form.is_valid(), form.errors
    assert typed_of(rows, form.cleaned_data) == full


def test_a_sheet_without_a_time_is_of_noon_and_never_of_the_future() -> None:
    rows = rows_of(definition(FIRST_FORM.code, FIRST_FORM.version))
    early = NOW.replace(hour=8, minute=15)
    for at, time in ((None, "12:00"), (early, "08:15"), (LATER, "12:00"), (early + DAY, "12:00")):
        assert visit_values(rows, {}, TODAY, at)[0]["visited_at"] == f"2026-10-20T{time}"


@pytest.mark.parametrize(
    ("name", "text", "read"),
    [
        ("people_met", "1, 3 c", ["child", "grandfather", "nobody"]),
        ("people_met", "31", ["grandfather", "child"]),
        ("people_met", "1z", None),
        ("kind", "1", "door"),
        ("kind", "12", None),
        ("kind", "0", None),
        ("time", "940", "09:40"),
        ("time", "9：05", "09:05"),
        ("time", "2460", None),
        ("next_visit_date", "1028", "2026-10-28"),
        ("next_visit_date", "10-28", "2026-10-28"),
        ("next_visit_date", "1月5日", "2027-01-05"),
        ("next_visit_date", "2026-11-02", "2026-11-02"),
        ("next_visit_date", "2-30", None),
        ("risk", "", ""),
    ],
)
def test_what_may_be_typed_on_a_row(name: str, text: str, read: Any) -> None:
    row = next(one for one in rows_of(definition(FIRST_FORM.code, FIRST_FORM.version)) if one.name == name)
    if read is None:
        with pytest.raises(Unreadable):
            read_row(row, text, TODAY)
    else:
        assert read_row(row, text, TODAY) == read


# --- Blank forms ----------------------------------------------------------------------------------------


def test_a_sheet_for_each_child_with_the_number_it_is_found_by(cast: Cast, twins: list[Child]) -> None:
    own = cast.children["own"]
    answer = opened(cast.client("supervisor"), cast, *twins, own, blank=True, empty=2)
    assert answer["Content-Type"] == "application/pdf"
    with system_scope(reason="test", log=False):
        stack = VisitStack.objects.get()
        logged = set(AccessLog.objects.filter(kind="export").values_list("child_id", flat=True))
    assert stack.printed_at == LATER
    # Those due first come first; an order that the page shows.
    assert stack.children == [own.pk, *(one.pk for one in twins)]
    assert logged == set(stack.children)
    pages = page_texts(answer.content)
    texts = "".join(pages)
    for number, child in enumerate([own, *twins], 1):
        assert any(f"{stack.pk}-{number}" in page and child.name in page for page in pages)
    assert "莲花社区" in texts
    for row in rows_of(definition("regular", 2)):
        for choice in row.choices:
            assert texts.count(words(f"{choice.key} {choice.text}")) >= 5, choice
    assert OWN_ID not in texts
    assert len(pages) <= 2 * 5


def test_a_blank_form_fits_the_sheet_of_each_packaged_form(cast: Cast) -> None:
    client = cast.client("director")
    for ref in packaged():
        answer = opened(client, cast, cast.children["own"], blank=True, form=f"{ref.code}:{ref.version}")
        if answer.status_code == 422:  # an older version is not offered any more
            continue
        assert len(PdfReader(io.BytesIO(answer.content)).pages) <= 2, ref
    own = client.get(f"/visits/blank/?child={cast.children['own'].pk}").content.decode()
    assert "林小满" in own
    assert client.get(f"/visits/blank/?child={cast.children['neighbour'].pk}").status_code == 404
    nothing = opened(client, cast, blank=True)
    assert nothing.status_code == 422
    assert opened(client, cast, blank=True, empty=3)["Content-Type"] == "application/pdf"


def test_only_somebody_whose_post_visits_the_village_goes(cast: Cast) -> None:
    client = cast.client("supervisor")
    assert opened(client, cast, conducted_by=cast.users["other_director"].pk).status_code == 422
    assert opened(client, cast, day=(TODAY + DAY).isoformat()).status_code == 422
    assert opened(client, cast, day=(TODAY + DAY).isoformat(), blank=True, empty=1).status_code == 200
    with system_scope(reason="test", log=False):
        assert VisitStack.objects.count() == 1


# --- Typing in ------------------------------------------------------------------------------------------


def test_sheet_after_sheet_by_number_and_by_name(cast: Cast, twins: list[Child]) -> None:
    own = cast.children["own"]
    client, stack = stack_of(cast, own, *twins)
    page = client.get(f"/visits/stacks/{stack}/").content.decode()
    assert re.search(r'name="sheet" value="1"', page)
    assert client.get(f"/visits/stacks/{stack}/?sheet=1")["Location"] == sheet(stack, own)
    answer = client.post(sheet(stack, own), typed())
    assert answer["Location"] == f"/visits/stacks/{stack}/"
    page = client.get(f"/visits/stacks/{stack}/").content.decode()
    assert re.search(r'name="sheet" value="2"', page)
    assert client.get(f"/visits/stacks/{stack}/?sheet={stack}-3")["Location"] == sheet(stack, twins[1])
    assert client.get(f"/visits/stacks/{stack}/?sheet=周三娃")["Location"] == sheet(stack, twins[1])
    several = client.get(f"/visits/stacks/{stack}/?sheet=zhou").content.decode()
    assert all(sheet(stack, one) in several for one in twins)
    assert 'aria-invalid="true"' in client.get(f"/visits/stacks/{stack}/?sheet=9").content.decode()
    visit = Visit._base_manager.none()
    with system_scope(reason="test", log=False):
        visit = Visit.objects.get()
        counted = progress_of(VisitStack.objects.get())
    assert (visit.source, visit.state, visit.stack_id) == (VisitSource.PAPER, "submitted", stack)
    assert (visit.entered_by, visit.conducted_by) == (cast.users["supervisor"], cast.users["director"])
    assert timezone.localtime(visit.visited_at).strftime("%Y-%m-%d %H:%M") == "2026-10-20 09:40"
    assert (visit.people_met, visit.risk, visit.text) == (
        ["child", "grandmother"],
        "yellow",
        "祖母行动不便。",
    )
    assert visit.answers == {"guardian": False, "living": False, "school": False, "harm": False}
    assert (len(counted.done), [number for number, _child in counted.left]) == (1, [2, 3])


def test_the_same_sheet_sent_twice_is_one_visit_and_a_second_sheet_is_refused(cast: Cast) -> None:
    own = cast.children["own"]
    client, stack = stack_of(cast, own)
    values = typed()
    for _again in range(2):
        assert client.post(sheet(stack, own), values).status_code == 302
    second = client.post(sheet(stack, own), typed())
    assert second.status_code == 422
    with system_scope(reason="test", log=False):
        assert Visit.objects.count() == 1


def test_what_is_wrong_stands_beside_its_row_and_nothing_typed_is_lost(cast: Cast) -> None:
    own = cast.children["own"]
    client, stack = stack_of(cast, own)
    answer = client.post(
        sheet(stack, own), typed(people_met="x", answer_harm="", time="2500", next_visit_date="12-31")
    )
    page = answer.content.decode()
    assert answer.status_code == 422
    for name in ("people_met", "answer_harm", "time"):
        assert f'id="fault-{name}"' in page, name
    assert "祖母行动不便。" in page
    assert 'id="fault-risk"' not in page
    assert re.search(r'name="time"[^>]*autofocus', page)
    with system_scope(reason="test", log=False):
        assert not Visit.objects.exists()


def test_a_colour_that_takes_effect_at_once_is_asked_for_twice(cast: Cast) -> None:
    own = cast.children["own"]
    client, stack = stack_of(cast, own)
    values = typed(risk="1")
    asked = client.post(sheet(stack, own), values)
    assert asked.status_code == 422
    assert 'name="confirmed" value="red"' in asked.content.decode()
    assert client.post(sheet(stack, own), values | {"confirmed": "red"}).status_code == 302
    assert fresh(cast, own).risk == "red"


def test_a_child_that_was_not_printed_gets_the_next_number_and_photos_come_along(
    cast: Cast, twins: list[Child]
) -> None:
    client, stack = stack_of(cast, cast.children["own"])
    answer = client.post(sheet(stack, twins[0]), typed(photos=[upload(picture())]))
    assert answer.status_code == 302
    with system_scope(reason="test", log=False):
        assert VisitStack.objects.get().children == [cast.children["own"].pk, twins[0].pk]
        assert Visit.objects.get().photos.count() == 1


def test_whoever_typed_a_sheet_is_not_offered_its_review(cast: Cast) -> None:
    client, stack = stack_of(cast, cast.children["own"])
    page = client.get(f"/visits/stacks/{stack}/").content.decode()
    assert "cw-strip-warn" in page  # the township has one supervisor: who types leaves nobody to review
    client.post(sheet(stack, cast.children["own"]), typed())
    with system_scope(reason="test", log=False):
        visit = Visit.objects.get()
    with acting(cast, "supervisor") as actor:
        assert available(visit, actor) == []
        with pytest.raises(TransitionRefused):
            review_visit(actor=actor, at=LATER, visit=visit, decision="approve")
    assert f"/visits/{visit.pk}/review/" not in client.get("/queue/").content.decode()
    # Typed by the visitor, it is the supervisor's as ever.
    with system_scope(reason="test", log=False):
        Visit.objects.update(entered_by=cast.users["director"])
        visit.refresh_from_db()
    with acting(cast, "supervisor") as actor:
        assert {one.name for one in available(visit, actor)} >= {"approve", "return"}


def test_the_last_sheet_is_taken_back_with_what_was_typed(cast: Cast, twins: list[Child]) -> None:
    own = cast.children["own"]
    client, stack = stack_of(cast, own, *twins)
    client.post(sheet(stack, twins[0]), typed())
    values = typed(
        answer_school="2", text="三天没去上学。", answer_education_aid="3", photos=[upload(picture())]
    )
    assert client.post(sheet(stack, own), values).status_code == 302
    with system_scope(reason="test", log=False):
        assert Defect.objects.filter(child=own).count() == 1
    # Not by somebody else who types in the same stack.
    cast.client("director").post(f"/visits/stacks/{stack}/undo/")
    with system_scope(reason="test", log=False):
        assert Visit.objects.count() == 2
    assert client.post(f"/visits/stacks/{stack}/undo/")["Location"] == sheet(stack, own)
    with system_scope(reason="test", log=False):
        assert [visit.child for visit in Visit.objects.all()] == [twins[0]]
        assert not Defect.objects.filter(child=own).exists()
    page = client.get(sheet(stack, own)).content.decode()
    assert "三天没去上学。" in page
    assert re.search(r'name="answer_education_aid" value="3"', page)
    # Only the last: the one before stays.
    client.post(f"/visits/stacks/{stack}/undo/")
    assert client.post(sheet(stack, own), typed()).status_code == 302
    with system_scope(reason="test", log=False):
        assert Visit.objects.count() == 2


@pytest.mark.parametrize("why", ["reviewed", "raised"])
def test_a_sheet_that_has_had_its_effect_stays(cast: Cast, why: str) -> None:
    own = cast.children["own"]
    client, stack = stack_of(cast, own, by="director")
    risk = {"raised": {"risk": "1", "confirmed": "red"}, "reviewed": {}}[why]
    assert client.post(sheet(stack, own), typed(**risk)).status_code == 302
    if why == "reviewed":
        with system_scope(reason="test", log=False):
            visit = Visit.objects.get()
        with acting(cast, "supervisor") as actor:
            review_visit(actor=actor, at=LATER, visit=visit, decision="approve")
    client.post(f"/visits/stacks/{stack}/undo/")
    with system_scope(reason="test", log=False):
        assert Visit.objects.count() == 1


def test_a_stack_broken_off_is_found_again_and_a_closed_one_takes_no_sheet(
    cast: Cast, twins: list[Child]
) -> None:
    client, stack = stack_of(cast, *twins)
    client.post(sheet(stack, twins[1]), typed())
    colleague = cast.client("director")
    assert f"/visits/stacks/{stack}/" in colleague.get("/visits/stacks/").content.decode()
    assert colleague.get(f"/visits/stacks/{stack}/?sheet=1")["Location"] == sheet(stack, twins[0])
    client.post(f"/visits/stacks/{stack}/close/")
    assert colleague.post(sheet(stack, twins[0]), typed()).status_code == 422
    client.post(f"/visits/stacks/{stack}/close/", {"again": "1"})
    assert colleague.post(sheet(stack, twins[0]), typed()).status_code == 302
    for stranger in ("other_director", "other_supervisor"):
        assert cast.client(stranger).get(f"/visits/stacks/{stack}/").status_code == 404


def test_the_pages_cost_the_same_for_a_long_stack(
    cast: Cast, page_budget: Callable[[int], AbstractContextManager[None]]
) -> None:
    with system_scope(reason="test", log=False):
        many = [make_child(VILLAGE, f"童{number:02d}") for number in range(25)]
    client, stack = stack_of(cast, *many)
    for child in many[:6]:
        assert client.post(sheet(stack, child), typed()).status_code == 302
    for address in ("/visits/stacks/", f"/visits/stacks/{stack}/", sheet(stack, many[7]), "/visits/blank/"):
        client.get(address)
        with page_budget(BUDGET):
            assert client.get(address).status_code == 200
