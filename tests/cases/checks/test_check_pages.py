"""Pages of calls and marks: asking, deciding, what a visit's page shows to whom, totals that say nothing of few."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from cases.checks import pages, selectors
from cases.checks.draws import draw_checks
from cases.checks.services import look_at_mark
from cases.field.enums import MarkCode
from cases.models import Note, SpotCheck, Visit, VisitMark
from staff.models import AccessLog
from staff.scope import system_scope
from tests.cases.visiting import NOW, VISITED, acting, submitted
from tests.cast import VILLAGE, Cast

SAID = "孩子奶奶说上个月没有人来过"
CONFIRMS = {
    "decision": "confirm",
    "spoke_with": "奶奶",
    "came": "yes",
    "when": "same",
    "met": "奶奶和孩子",
    "about": "上学",
}
DENIES = {"decision": "contradict", "spoke_with": "奶奶", "came": "no", "words": SAID}


@pytest.fixture
def check(cast: Cast) -> SpotCheck:
    visit = submitted(cast)
    with system_scope(reason="test", log=False):
        Visit.objects.filter(pk=visit.pk).update(state="approved", reviewed_by=cast.users["supervisor"])
        visit.refresh_from_db()
        (found,) = draw_checks([visit], at=timezone.now(), random=lambda: 0.0)
    return found


def fresh(cast: Cast, check: SpotCheck) -> SpotCheck:
    with acting(cast, "clerk"):
        return SpotCheck.objects.get(pk=check.pk)


def test_the_page_asks_and_masks_the_telephone_until_a_reason_is_given(cast: Cast, check: SpotCheck) -> None:
    client = cast.client("supervisor")
    assert f"/checks/{check.pk}/" in client.get("/checks/").content.decode()
    page = client.get(f"/checks/{check.pk}/").content.decode()
    assert "13712345520" not in page
    with acting(cast, "supervisor"):
        guardian = cast.children["own"].guardians.get()
    address = f"/reveal/guardian-phone/{guardian.pk}/"
    assert address in page
    shown = client.post(address, {"reason_code": "contact"}).content.decode()
    assert "13712345520" in shown
    with system_scope(reason="test", log=False):
        assert AccessLog.objects.filter(kind="reveal", subject="guardian-phone").count() == 1


@pytest.mark.parametrize(
    ("sent", "state"),
    [
        (CONFIRMS, "confirmed"),
        (DENIES, "contradicted"),
        ({"decision": "unreached"}, "unreached"),
        (CONFIRMS | {"came": "no"}, "drawn"),  # nobody came, and yet confirmed
        (CONFIRMS | {"spoke_with": ""}, "drawn"),
        (DENIES | {"words": ""}, "drawn"),
        ({"decision": "believe"}, "drawn"),
        ({}, "drawn"),
    ],
)
def test_what_a_call_shows(cast: Cast, check: SpotCheck, sent: dict[str, str], state: str) -> None:
    answer = cast.client("supervisor").post(f"/checks/{check.pk}/", sent)
    assert answer.status_code == (422 if state == "drawn" else 302)
    found = fresh(cast, check)
    assert found.state == state
    if state == "confirmed":
        assert set(found.answers) == {"came", "when", "met", "about"}
        assert (found.spoke_with, found.checked_by_id) == ("奶奶", cast.users["supervisor"].pk)


def test_whom_nobody_reached_is_called_again_and_what_is_decided_stays(cast: Cast, check: SpotCheck) -> None:
    client, address = cast.client("supervisor"), f"/checks/{check.pk}/"
    client.post(address, {"decision": "unreached"})
    assert client.post(address, CONFIRMS).status_code == 302
    assert client.post(address, DENIES).status_code == 422
    assert fresh(cast, check).state == "confirmed"


def test_a_contradicted_visit_is_shown_so_and_nothing_follows_by_itself(cast: Cast, check: SpotCheck) -> None:
    director, supervisor = cast.client("director"), cast.client("supervisor")
    address = f"/visits/{check.visit_id}/"
    assert "cw-strip-bad" not in director.get(address).content.decode()
    with acting(cast, "clerk"):
        before = Visit.objects.filter(pk=check.visit_id).values().get(), cast.children["own"].risk
    cast.client("clerk").post(f"/checks/{check.pk}/", DENIES)
    with acting(cast, "clerk"):
        cast.children["own"].refresh_from_db()
        assert (Visit.objects.filter(pk=check.visit_id).values().get(), cast.children["own"].risk) == before
    with acting(cast, "director"):
        assert Note._base_manager.count() == 0
    for client, words in ((director, False), (supervisor, True)):
        page = client.get(address).content.decode()
        assert "cw-strip-bad" in page
        # What the family said stays with those who check: it names who spoke.
        assert (SAID in page) == words


@pytest.mark.parametrize("sent", [DENIES, {"decision": "unreached", "words": SAID}])
def test_a_call_leaves_no_word_in_the_file_that_the_visitor_reads(
    cast: Cast, check: SpotCheck, sent: dict[str, str]
) -> None:
    cast.client("clerk").post(f"/checks/{check.pk}/", sent)
    child, director = cast.children["own"].pk, cast.client("director")
    for address in (
        reverse("cases:child", args=[child]),
        *(reverse("cases:child_section", args=[child, name]) for name in ("timeline", "visits")),
    ):
        page = director.get(address)
        assert page.status_code == 200
        assert SAID not in page.content.decode()
        assert "抽查" not in page.content.decode()


def test_a_look_is_recorded_and_shown(cast: Cast) -> None:
    visit = submitted(cast, visited_at=VISITED.replace(hour=23), at=NOW)
    client = cast.client("supervisor")
    with acting(cast, "supervisor"):
        mark = VisitMark.objects.get(visit=visit)
    assert f"/marks/{mark.pk}/" in client.get("/marks/").content.decode()
    page = client.get(f"/marks/{mark.pk}/").content.decode()
    assert "23:40" in page
    assert "23:40" not in cast.client("director").get(f"/visits/{visit.pk}/").content.decode().replace(
        "10-20 23:40", ""
    )
    assert client.post(f"/marks/{mark.pk}/", {"verdict": "wrong"}).status_code == 422
    assert client.post(f"/marks/{mark.pk}/", {"verdict": "wrong", "words": "当晚不在村里"}).status_code == 302
    assert f"/marks/{mark.pk}/" not in client.get("/marks/").content.decode()
    assert "当晚不在村里" in client.get(f"/visits/{visit.pk}/").content.decode()


def test_every_mark_has_a_sentence_with_its_facts(cast: Cast) -> None:
    details: dict[str, dict[str, Any]] = {
        "same_text": {"visit": 0, "day": "2026-10-20", "percent": 97, "others": 1},
        "same_photo": {"visit": 0, "day": "2026-10-20", "exact": True, "others": 1},
        "too_close": {"visit": 0, "day": "2026-10-20", "minutes": 4},
        "at_night": {"time": "23:40"},
        "too_many": {"homes": 31, "usual": 4.5},
        "too_quick": {"seconds": 12},
        "sent_late": {"days": 19},
    }
    assert set(details) == set(MarkCode)
    for code, detail in details.items():
        said = pages.sentence(VisitMark(code=code, detail=detail), {})
        for name, value in detail.items():
            if name not in ("visit", "exact", "others"):
                assert str(value) in said, code


# --- Totals ----------------------------------------------------------------------------------------------


def some_checks(cast: Cast, states: list[str]) -> None:
    with system_scope(reason="test", log=False):
        for state in states:
            visit = Visit.objects.create(
                child=cast.children["own"], region_id=VILLAGE, kind="door", visited_at=NOW, risk="green", risk_before="green",
                state="approved", submitted_at=NOW, conducted_by=cast.users["director"],
            )  # fmt: skip
            SpotCheck.objects.create(
                visit=visit, child=visit.child, region_id=VILLAGE, visited_by=cast.users["director"], state=state,
                drawn_at=NOW, due_date=NOW.date(),
            )  # fmt: skip


def test_a_share_is_said_of_enough_calls_only(cast: Cast) -> None:
    some_checks(cast, ["confirmed", "confirmed", "contradicted", "unreached", "drawn"])
    with acting(cast, "supervisor"):
        (one,) = selectors.totals_by_person(NOW)
        assert (one.name, one.drawn, one.confirmed, one.contradicted, one.unreached) == ("王念慈", 5, 2, 1, 1)
        assert one.share is None
    some_checks(cast, ["confirmed", "confirmed"])
    with acting(cast, "supervisor"):
        assert selectors.totals_by_person(NOW)[0].share == 80
    with acting(cast, "other_supervisor"):
        assert selectors.totals_by_person(NOW) == []


def test_false_alarms_of_a_rule(cast: Cast) -> None:
    verdicts = ["fine"] * 4 + ["wrong", "explained", ""]
    with acting(cast, "clerk") as actor:
        for verdict in verdicts:
            visit = Visit.objects.create(
                child=cast.children["own"], region_id=VILLAGE, kind="door", visited_at=NOW, risk="green", risk_before="green",
                state="approved", submitted_at=NOW, conducted_by=cast.users["director"],
            )  # fmt: skip
            mark = VisitMark.objects.create(
                visit=visit,
                child=visit.child,
                region_id=VILLAGE,
                code="too_quick",
                detail={"seconds": 3},
                created_at=NOW,
            )
            if verdict:
                look_at_mark(actor=actor, at=NOW, mark=mark, verdict=verdict, words="已核实")
        totals = {one.code: one for one in selectors.totals_by_rule(NOW)}
    assert set(totals) == set(MarkCode)
    quick = totals[MarkCode.TOO_QUICK]
    assert (quick.marked, quick.looked, quick.fine, quick.wrong, quick.false_alarms) == (7, 6, 4, 1, 67)
    assert totals[MarkCode.AT_NIGHT].false_alarms is None


@pytest.mark.parametrize("address", ["/checks/", "/checks/?show=decided", "/checks/people/", "/marks/"])
def test_the_lists_cost_the_same_however_long(
    cast: Cast, page_budget: Callable[[int], Any], address: str
) -> None:
    some_checks(cast, ["drawn", "confirmed", "unreached"] * 20)
    with acting(cast, "supervisor"):
        for visit in Visit.objects.all()[:40]:
            detail = {"visit": visit.pk, "day": "2026-10-20", "percent": 99, "others": 1}
            VisitMark.objects.create(
                visit=visit,
                child_id=visit.child_id,
                region_id=VILLAGE,
                code="same_text",
                detail=detail,
                created_at=NOW,
            )
    client = cast.client("supervisor")
    with page_budget(12):
        assert client.get(address).status_code == 200
