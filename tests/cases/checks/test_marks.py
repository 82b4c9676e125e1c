"""Marks made when visits and pictures arrive: across the county, for nobody's eyes but the checkers', with a look's verdict."""

from __future__ import annotations

import datetime as dt
import io
import uuid
from typing import Any

import pytest
from PIL import Image, ImageDraw

from cases.checks.services import CheckRefused, look_at_mark
from cases.models import Child, Visit, VisitMark, VisitTrace
from cases.visits.photos import attach
from cases.visits.pictures import Photo, clean_photo, fingerprint_of
from cases.visits.services import basis_of, create_visit, review_visit, submit_visit
from staff.models import Parameter
from staff.scope import system_scope
from tests.cases.visiting import NOW, VISITED, acting, submitted, visit_data
from tests.cast import COUNTY, OTHER_VILLAGE, START, VILLAGE, Cast, make_child

COPIED = "孩子在家，精神很好，作业按时完成。奶奶身体尚可，家里米面够吃，没有别的困难。"
OTHER_WORDS = "下午到家里，爷爷在院子里劈柴，说孩子上周发烧两天，已经退了，今天去学校了。"
DAY = dt.timedelta(days=1)


def marks_of(cast: Cast, visit: Visit, by: str = "supervisor") -> dict[str, Any]:
    with acting(cast, by):
        return dict(VisitMark.objects.filter(visit=visit).values_list("code", "detail"))


def child_of(region_id: int, name: str, **fields: Any) -> Child:
    with system_scope(reason="test", log=False):
        household = fields.pop("household", None)
        child = make_child(region_id, name, **fields)
        if household is not None:
            Child.objects.filter(pk=child.pk).update(household=household)
            child.household = household
        return child


def scene(seed: int, size: tuple[int, int] = (320, 240)) -> Image.Image:
    """A picture with something in it; the seed says what."""
    picture = Image.new("RGB", size, (200, 210, 190))
    draw = ImageDraw.Draw(picture)
    for number in range(12):
        value = (seed * 7919 + number * 104_729) % 65_521
        x, y = value % size[0], value // 7 % size[1]
        draw.rectangle(
            (x, y, x + 40 + value % 60, y + 30 + value % 50),
            fill=(value % 256, value // 3 % 256, value // 11 % 256),
        )
    return picture


def photo(picture: Image.Image, quality: int = 85) -> Photo:
    target = io.BytesIO()
    picture.save(target, "JPEG", quality=quality)
    target.seek(0)
    return clean_photo(target, name="a.jpg", most_megabytes=10, most_megapixels=50)


# --- Fingerprints ----------------------------------------------------------------------------------------


def test_a_picture_is_known_again_in_another_size_and_quality_and_others_are_not() -> None:
    from cases.checks.likeness import bits_apart

    prints = [fingerprint_of(scene(seed)) for seed in range(40)]
    assert None not in prints
    for seed, known in enumerate(prints):
        smaller = photo(scene(seed).resize((160, 120)), quality=60).fingerprint
        assert bits_apart(known, smaller) <= 3  # type: ignore[arg-type]
        assert all(bits_apart(known, other) > 3 for other in prints[:seed])  # type: ignore[arg-type]


def test_a_covered_lens_shows_nothing_but_its_bytes_are_known() -> None:
    dark = photo(Image.new("RGB", (80, 60), (12, 12, 12)))
    assert dark.fingerprint is None
    assert len(dark.sha256) == 64


# --- Texts -----------------------------------------------------------------------------------------------


def test_copied_words_are_found_across_the_county_and_not_in_the_next(cast: Cast) -> None:
    first = submitted(cast, cast.children["township"], by="other_supervisor", text=COPIED)
    second = submitted(cast, text=COPIED.replace("奶奶", "爷爷"), visited_at=VISITED + DAY, at=NOW + DAY)
    assert marks_of(cast, first, "clerk") == {}
    assert marks_of(cast, second) == {
        "same_text": {
            "visit": first.pk,
            "day": "2026-10-20",
            "percent": marks_of(cast, second)["same_text"]["percent"],
            "others": 1,
        }
    }
    assert 80 <= marks_of(cast, second)["same_text"]["percent"] < 100


def test_siblings_visited_together_and_the_forms_own_sentences_are_not_marked(cast: Cast) -> None:
    own = cast.children["own"]
    sibling = child_of(VILLAGE, "林小雪", household=own.household)
    submitted(cast, text=COPIED)
    together = submitted(cast, sibling, text=COPIED, visited_at=VISITED + dt.timedelta(minutes=1))
    assert marks_of(cast, together) == {}
    standard = (
        "监护人最近有没有离开、生病或无法照看？吃穿、住房有没有困难？有没有缺课、辍学或不愿上学？没有。"
    )
    other = child_of(VILLAGE, "夏至")
    submitted(cast, text=standard, visited_at=VISITED + DAY, at=NOW + DAY)
    assert (
        marks_of(cast, submitted(cast, other, text=standard, visited_at=VISITED + 2 * DAY, at=NOW + 2 * DAY))
        == {}
    )


def test_a_countys_own_standard_sentence_counts_as_nobodys(cast: Cast) -> None:
    with system_scope(reason="test", log=False):
        Parameter.objects.create(
            region_id=COUNTY,
            key="visit_marks",
            value={"same_text": {"phrases": [COPIED]}},
            valid_from=START,
            source="x",
        )
    submitted(cast, text=COPIED)
    assert (
        marks_of(
            cast,
            submitted(cast, child_of(VILLAGE, "夏至"), text=COPIED, visited_at=VISITED + DAY, at=NOW + DAY),
        )
        == {}
    )


def test_words_changed_after_a_return_take_the_mark_back_and_a_look_stays(cast: Cast) -> None:
    submitted(cast, child_of(VILLAGE, "夏至"), text=COPIED, visited_at=VISITED - 3 * DAY, at=NOW - 3 * DAY)
    visit = submitted(cast, text=COPIED)
    assert set(marks_of(cast, visit)) == {"same_text"}

    def again(text: str) -> None:
        with acting(cast, "supervisor") as actor:
            review_visit(
                actor=actor, at=NOW, visit=visit, decision="return", reason_code="unclear", reason="请写清楚"
            )
        with acting(cast, "director") as actor:
            visit.refresh_from_db()
            create_visit(
                actor=actor,
                at=NOW,
                uuid=visit.uuid,
                child=cast.children["own"],
                data=visit_data(text=text),
                basis=basis_of(visit),
            )
            visit.refresh_from_db()

    again(OTHER_WORDS)
    assert marks_of(cast, visit) == {}
    again(COPIED)
    assert set(marks_of(cast, visit)) == {"same_text"}
    with acting(cast, "supervisor") as actor:
        look_at_mark(
            actor=actor,
            at=NOW,
            mark=VisitMark.objects.get(visit=visit),
            verdict="explained",
            words="已当面核实",
        )
    again(OTHER_WORDS)
    assert set(marks_of(cast, visit)) == {"same_text"}


# --- Pictures --------------------------------------------------------------------------------------------


def test_a_picture_used_for_two_homes_is_found_whenever_it_arrives(cast: Cast) -> None:
    other = child_of(OTHER_VILLAGE, "夏至")
    with acting(cast, "supervisor") as actor:
        create_visit(
            actor=actor,
            at=NOW,
            uuid=uuid.uuid4(),
            child=other,
            data=visit_data(text=OTHER_WORDS),
            photos=[photo(scene(1))],
        )
    visit = submitted(cast, text="", visited_at=VISITED + DAY, at=NOW + DAY)
    assert marks_of(cast, visit) == {}
    with acting(cast, "director"):
        attach(visit, photo(scene(2)), at=NOW + DAY, uuid=uuid.uuid4())
    assert marks_of(cast, visit) == {}
    with acting(cast, "director"):
        attach(visit, photo(scene(1).resize((200, 150)), quality=60), at=NOW + DAY, uuid=uuid.uuid4())
    assert set(marks_of(cast, visit)) == {"same_photo"}
    assert marks_of(cast, visit)["same_photo"]["exact"] in (True, False)


def test_one_picture_of_two_siblings_is_not_marked_and_the_same_bytes_a_month_later_are(cast: Cast) -> None:
    sibling = child_of(VILLAGE, "林小雪", household=cast.children["own"].household)
    dark = photo(Image.new("RGB", (80, 60), (12, 12, 12)))
    with acting(cast, "director") as actor:
        for child, at in ((cast.children["own"], VISITED), (sibling, VISITED), (sibling, VISITED + 31 * DAY)):
            values = {"actor": actor, "at": at + dt.timedelta(hours=1), "uuid": uuid.uuid4(), "child": child}
            visit, _ = create_visit(**values, data=visit_data(text="", visited_at=at), photos=[dark])
            late = at > VISITED
            found = marks_of(cast, visit)
            assert set(found) == ({"same_photo"} if late else set())
            if late:
                assert found["same_photo"]["exact"] is True


# --- Times, and who sees -----------------------------------------------------------------------------------


def test_two_villages_within_minutes_at_night(cast: Cast) -> None:
    night = VISITED.replace(hour=23)
    with acting(cast, "supervisor") as actor:
        for name, minutes in (("own", 0), ("neighbour", 5)):
            data = visit_data(text="", visited_at=night + dt.timedelta(minutes=minutes))
            values = {"actor": actor, "at": night + DAY, "uuid": uuid.uuid4(), "child": cast.children[name]}
            visit, _ = create_visit(**values, data=data)
    found = marks_of(cast, visit, "clerk")
    assert found["at_night"] == {"time": "23:45"}
    assert found["too_close"]["minutes"] == 5


def test_a_rule_that_is_switched_off_marks_nothing(cast: Cast) -> None:
    with system_scope(reason="test", log=False):
        Parameter.objects.create(
            region_id=COUNTY, key="visit_marks", value={"at_night": None}, valid_from=START, source="x"
        )
    assert marks_of(cast, submitted(cast, visited_at=VISITED.replace(hour=23), at=NOW + DAY)) == {}


def test_an_open_mark_is_hidden_from_directors_by_the_database_and_the_traces_are_kept(cast: Cast) -> None:
    visit = submitted(cast, visited_at=VISITED.replace(hour=23), at=NOW + DAY, text=COPIED)
    for name, seen in (
        ("director", 0),
        ("supervisor", 1),
        ("clerk", 1),
        ("other_supervisor", 0),
        ("releaser", 0),
        ("viewer", 0),
    ):
        with acting(cast, name):
            assert VisitMark._base_manager.count() == seen, name
            event = VisitMark.pgh_event_model._base_manager  # type: ignore[attr-defined]
            assert event.count() == seen, name
    with acting(cast, "supervisor") as actor:
        look_at_mark(actor=actor, at=NOW, mark=VisitMark.objects.get(visit=visit), verdict="fine")
    assert set(marks_of(cast, visit, "director")) == {"at_night"}
    with acting(cast, "supervisor"):
        assert VisitTrace.objects.filter(visit=visit).count() == 8


def test_a_look_is_taken_once_by_another_than_the_visitor_and_says_why(cast: Cast) -> None:
    with acting(cast, "supervisor") as actor:
        values = {"actor": actor, "at": NOW + DAY, "uuid": uuid.uuid4(), "child": cast.children["own"]}
        visit, _ = create_visit(**values, data=visit_data(visited_at=VISITED.replace(hour=23)))
        mark = VisitMark.objects.get(visit=visit)
        with pytest.raises(CheckRefused):  # the supervisor's own visit
            look_at_mark(actor=actor, at=NOW, mark=mark, verdict="fine")
    with acting(cast, "director") as actor, pytest.raises(CheckRefused):
        look_at_mark(actor=actor, at=NOW, mark=mark, verdict="fine")
    with acting(cast, "clerk") as actor:
        with pytest.raises(CheckRefused):
            look_at_mark(actor=actor, at=NOW, mark=mark, verdict="wrong", words=" ")
        with pytest.raises(CheckRefused):
            look_at_mark(actor=actor, at=NOW, mark=mark, verdict="innocent", words="x")
        done = look_at_mark(actor=actor, at=NOW, mark=mark, verdict="wrong", words="当晚不在村里")
        assert (done.verdict, done.looked_by_id) == ("wrong", cast.users["clerk"].pk)
        with pytest.raises(CheckRefused):
            look_at_mark(actor=actor, at=NOW, mark=mark, verdict="fine")


def test_looking_costs_as_much_in_a_full_county(cast: Cast, django_assert_max_num_queries: Any) -> None:
    """Nine queries for the comparison, whether one visit or sixty resemble this one."""
    from cases.checks.marks import look_at

    for number in range(60):
        submitted(cast, text=COPIED, visited_at=VISITED - number * DAY, at=NOW)
    visit = submitted(cast, child_of(VILLAGE, "夏至"), text=COPIED, visited_at=VISITED + DAY, at=NOW + DAY)
    with acting(cast, "director"), django_assert_max_num_queries(24):
        look_at(visit, at=NOW + DAY)
    assert marks_of(cast, visit)["same_text"]["others"] == 60


def test_submitting_a_draft_looks_too(cast: Cast) -> None:
    with acting(cast, "director") as actor:
        visit = Visit.objects.create(
            child=cast.children["own"], region_id=VILLAGE, kind="door", visited_at=VISITED.replace(hour=23),
            risk="yellow", risk_before="yellow", conducted_by=cast.users["director"],
        )  # fmt: skip
        submit_visit(actor=actor, at=NOW + DAY, visit=visit)
    assert set(marks_of(cast, visit)) == {"at_night"}
