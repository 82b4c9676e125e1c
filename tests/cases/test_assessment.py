"""Assessments of guardianship: the instrument as data, the score, and what it does to the colour."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from cases import ages
from cases.assessments import services as assessments
from cases.assessments.instruments import (
    NOT_APPLICABLE,
    Heading,
    InstrumentError,
    instrument_from,
    instrument_of,
    packaged,
    read_instrument,
)
from cases.assessments.rules import AnswersRefused, assess, changes, grade_of, rounded, so_far
from cases.circumstances.enums import Grade
from cases.models import Child, GuardianshipAssessment
from cases.refusals import RegisterRefused
from cases.visits import services as visits
from staff.models import Parameter
from staff.scope import open_scope, system_scope
from staff.workflow import TransitionRefused
from tests.cast import COUNTY, VILLAGE, Cast, make_child, recolour

AT = dt.datetime(2026, 10, 20, 1, 40, tzinfo=dt.UTC)
TODAY = timezone.localdate(AT)
DAY = dt.timedelta(days=1)
FULL = packaged()["weighted-66"]
BEST = {code: item.options[0].code for code, item in FULL.items().items()}


def small(**changes: Any) -> dict[str, Any]:
    """An instrument of four items in two areas: weights 60/40, 50/50 and 70/30."""

    def item(code: str, weight: int, **more: Any) -> dict[str, Any]:
        return {"code": code, "weight": weight, "text": code, "scale": "met", **more}

    def area(code: str, weight: int, *items: dict[str, Any]) -> dict[str, Any]:
        inner = {"code": f"{code}2", "weight": 100, "name": code, "items": list(items)}
        return {
            "code": code,
            "weight": weight,
            "name": code,
            "groups": [{"code": f"{code}1", "weight": 100, "name": code, "indicators": [inner]}],
        }

    return {
        "code": "small",
        "name": "small",
        "document": "test",
        "least_answered": 50,
        "scales": {
            "met": [
                {"code": "yes", "points": 100, "text": "yes"},
                {"code": "partly", "points": 50, "text": "partly"},
                {"code": "no", "points": 0, "text": "no"},
            ]
        },
        "areas": [
            area("a", 60, item("a1", 50), item("a2", 50, na=True)),
            area("b", 40, item("b1", 70), item("b2", 30, na=True)),
        ],
        "knockouts": [{"item": "b1", "answer": "no", "grade": "improper"}],
        "grades": [
            {"grade": "normal", "from": 80, "risk": "green"},
            {"grade": "insufficient", "from": 60, "risk": "blue"},
            {"grade": "improper", "from": 40, "risk": "yellow"},
            {"grade": "lacking", "from": 0, "risk": "red"},
        ],
        **changes,
    }


# --- The instrument ---------------------------------------------------------------------------------------


def test_the_packaged_instrument_has_three_levels_and_66_items() -> None:
    groups = [group for area in FULL.areas for group in area.below if isinstance(group, Heading)]
    indicators = [one for group in groups for one in group.below if isinstance(one, Heading)]
    assert (len(FULL.areas), len(groups), len(indicators), len(FULL.items())) == (3, 11, 20, 66)
    assert {one.grade for one in FULL.grades} == set(Grade)
    assert all(str(item.text) for item in FULL.items().values())


def test_abuse_is_at_least_improper_and_every_knockout_is_lower_than_the_best_grade() -> None:
    for one in FULL.knockouts:
        result = assess(FULL, BEST | {one.item: one.answer})
        assert list(Grade).index(result.grade) >= list(Grade).index(one.grade), one
        assert one.item in result.knocked
    assert assess(FULL, BEST | {"abuse_hits": "now"}).grade == Grade.IMPROPER
    assert assess(FULL, BEST | {"abuse_hits": "now"}).by_score == Grade.NORMAL


def broken(path: list[Any], value: Any) -> dict[str, Any]:
    data = copy.deepcopy(small())
    place: Any = data
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return data


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (["areas", 0, "weight"], 59, "99"),
        (["areas", 0, "groups", 0, "indicators", 0, "items", 0, "weight"], 60, "110"),
        (["areas", 0, "weight"], "60", "0"),
        (["areas", 0, "weight"], 60.0, "0"),
        (["colour"], "red", "colour"),
        (["areas", 0, "note"], "x", "note"),
        (["areas", 0, "groups", 0, "indicators", 0, "items", 0, "hint"], "x", "hint"),
        (["areas", 0, "groups", 0, "indicators", 0, "items", 0, "scale"], "other", "other"),
        (["areas", 0, "groups", 0, "indicators", 0, "items", 0, "code"], "b1", "b1"),
        (["grades", 3, "from"], 1, ""),
        (["grades", 1, "from"], 80, ""),
        (["grades", 0, "grade"], "insufficient", "normal"),
        (["grades", 0, "risk"], "red", ""),
        (["scales", "met", 1, "points"], 100, "met"),
        (["scales", "met", 2, "points"], 10, "met"),
        (["scales", "met", 2, "code"], "na", "met"),
        (["knockouts", 0, "item"], "z9", "z9"),
        (["knockouts", 0, "answer"], "never", "never"),
        (["knockouts", 0, "answer"], "partly", "b1"),
        (["least_answered"], 101, "101"),
    ],
)
def test_what_is_no_instrument_is_refused_by_name(path: list[Any], value: Any, says: str) -> None:
    with pytest.raises(InstrumentError) as error:
        read_instrument(broken(path, value))
    assert says in str(error.value)


@pytest.mark.parametrize("key", ["areas", "grades", "scales", "least_answered"])
def test_a_missing_key_is_named(key: str) -> None:
    data = small()
    del data[key]
    with pytest.raises(InstrumentError, match=key):
        read_instrument(data)


def test_a_code_or_a_whole_object() -> None:
    assert instrument_from("weighted-66") is FULL
    assert instrument_from(small()).code == "small"
    with pytest.raises(InstrumentError, match="weighted-66"):
        instrument_from("unknown")
    with pytest.raises(InstrumentError):
        instrument_from(66)


def test_a_county_chooses_another_from_a_day_on(cast: Cast) -> None:
    with system_scope(reason="test", log=False):
        Parameter.objects.create(
            region_id=COUNTY, key="guardianship_assessment", value=small(), valid_from=TODAY, source="县文件"
        )
    with open_scope(cast.scope("director")):
        assert instrument_of(VILLAGE, TODAY).code == "small"
        assert instrument_of(VILLAGE, TODAY - DAY).code == "weighted-66"


# --- The score --------------------------------------------------------------------------------------------

SMALL = read_instrument(small())


def answers(a1: str = "yes", a2: str = "yes", b1: str = "yes", b2: str = "yes") -> dict[str, str]:
    return {"a1": a1, "a2": a2, "b1": b1, "b2": b2}


@pytest.mark.parametrize(
    ("given_answers", "score"),
    [
        (answers(), "100.0"),
        (answers("no", "no", "no", "no"), "0.0"),
        (answers(a1="no"), "70.0"),  # 100 − 60 × 0.5
        (answers(a1="partly"), "85.0"),
        (answers(b2="no"), "88.0"),  # 100 − 40 × 0.3
        (answers(a2="na", a1="no"), "40.0"),  # a1 carries all 60
        (answers(a2="na", b2="na", b1="no"), "60.0"),  # b1 carries all 40
        (answers(a1="partly", a2="partly", b1="partly", b2="partly"), "50.0"),
    ],
)
def test_weights_are_respected(given_answers: dict[str, str], score: str) -> None:
    assert assess(SMALL, given_answers).score == Decimal(score)


def test_parts_add_up_by_their_weights() -> None:
    result = assess(SMALL, answers(a1="no", b2="no"))
    assert [(one.code, one.weight, one.score) for one in result.parts] == [
        ("a", 60, Decimal("50.0")),
        ("b", 40, Decimal("70.0")),
    ]
    assert result.score == Decimal("58.0")


def test_what_drove_the_score_is_named_with_its_points() -> None:
    result = assess(SMALL, answers(a1="no", b2="partly"))
    assert [(one.item, one.answer, one.lost) for one in result.drivers] == [
        ("a1", "no", Decimal("30.0")),
        ("b2", "partly", Decimal("6.0")),
    ]


def test_unanswered_items_are_refused_by_name() -> None:
    with pytest.raises(AnswersRefused) as error:
        assess(SMALL, {"a1": "yes", "b1": "yes"})
    assert error.value.items == ["a2", "b2"]
    assert "a2" in str(error.value)
    with pytest.raises(AnswersRefused) as error:
        assess(FULL, {})
    assert len(error.value.items) == 66


@pytest.mark.parametrize("wrong", [{"a1": "na"}, {"a1": "maybe"}, {"z9": "yes"}])
def test_an_answer_that_is_none_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(AnswersRefused) as error:
        assess(SMALL, answers() | wrong)
    assert error.value.items == list(wrong)


def test_too_much_that_does_not_apply_is_refused() -> None:
    strict = read_instrument(small(least_answered=60))
    with pytest.raises(AnswersRefused):
        assess(strict, answers(a2="na", b2="na"))  # 30 and 12 of 100 do not apply
    assert assess(read_instrument(small(least_answered=58)), answers(a2="na", b2="na")).score == 100


@pytest.mark.parametrize(
    ("score", "grade"),
    [
        ("100.0", Grade.NORMAL),
        ("80.0", Grade.NORMAL),
        ("79.9", Grade.INSUFFICIENT),
        ("60.0", Grade.INSUFFICIENT),
        ("59.9", Grade.IMPROPER),
        ("40.0", Grade.IMPROPER),
        ("39.9", Grade.LACKING),
        ("0.0", Grade.LACKING),
    ],
)
def test_boundaries_of_the_grades_are_exact(score: str, grade: Grade) -> None:
    assert grade_of(SMALL, Decimal(score)) == grade


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(1, 3), "0.3"),
        (Fraction(5, 100), "0.1"),
        (Fraction(4999, 100000), "0.0"),
        (Fraction(7995, 100), "80.0"),
        (Fraction(79949, 1000), "79.9"),
        (Fraction(100), "100.0"),
    ],
)
def test_scores_have_one_place_halves_up(value: Fraction, text: str) -> None:
    assert str(rounded(value)) == text


any_answers = st.fixed_dictionaries(
    {
        code: st.sampled_from(
            [*(one.code for one in item.options), *([NOT_APPLICABLE] if item.optional else [])]
        )
        for code, item in FULL.items().items()
    }
)


@settings(max_examples=150, deadline=None)
@given(any_answers, st.sampled_from(sorted(FULL.items())), st.data())
def test_a_worse_answer_never_gives_a_better_score_or_grade(
    before: dict[str, str], code: str, data: st.DataObject
) -> None:
    item = FULL.items()[code]
    codes = [one.code for one in item.options]
    if before[code] == NOT_APPLICABLE:
        before = before | {code: codes[0]}
    place = codes.index(before[code])
    worse = before | {code: data.draw(st.sampled_from(codes[place:]))}
    one, other = assess(FULL, before), assess(FULL, worse)
    assert other.score <= one.score
    assert list(Grade).index(other.grade) >= list(Grade).index(one.grade)


@settings(max_examples=100, deadline=None)
@given(any_answers)
def test_the_score_is_the_weighted_mean_of_the_areas_and_lies_between_its_parts(
    chosen: dict[str, str],
) -> None:
    result = assess(FULL, chosen)
    assert 0 <= result.score <= 100
    parts = [(one.weight, one.score) for one in result.parts if one.score is not None]
    mean = sum(weight * score for weight, score in parts) / sum(weight for weight, _score in parts)
    assert abs(mean - result.score) <= Decimal("0.1")
    # Parts and the whole are each rounded to a tenth.
    assert min(score for _w, score in parts) - Decimal("0.1") <= result.score
    assert result.score <= max(score for _w, score in parts) + Decimal("0.1")


@settings(max_examples=60, deadline=None)
@given(any_answers)
def test_what_every_item_cost_is_what_the_score_lacks(chosen: dict[str, str]) -> None:
    alone = [assess(FULL, chosen | {code: FULL.items()[code].options[0].code}) for code in ("food_regular",)]
    assert alone[0].score >= assess(FULL, chosen).score
    done, total, result = so_far(FULL, chosen)
    assert (done, total) == (66, 66)
    assert result is not None
    assert result.score == assess(FULL, chosen).score


def test_half_a_form_has_a_running_score_of_what_is_answered() -> None:
    done, total, result = so_far(SMALL, {"a1": "no", "b1": "", "b2": "nonsense"})
    assert (done, total) == (1, 4)
    assert result is not None
    assert result.score == 0
    assert so_far(SMALL, {})[2] is None


def test_changes_name_what_got_worse_first() -> None:
    found = changes(answers(a1="no", b1="yes", b2="na"), answers(a1="yes", b1="partly", b2="yes"), SMALL)
    assert [(item.code, before, now, points) for item, before, now, points in found] == [
        ("a1", "yes", "no", -100),
        ("b2", "yes", "na", 0),
        ("b1", "partly", "yes", 50),
    ]


# --- On the register --------------------------------------------------------------------------------------

LACKING = BEST | {"record_violence": "now"}
IMPROPER = BEST | {"abuse_hits": "now"}
INSUFFICIENT = BEST | {"peace_violence": "now"}


def keep(
    cast: Cast, chosen: dict[str, str], member: str = "director", child: str = "own", **more: Any
) -> GuardianshipAssessment:
    with open_scope(cast.scope(member)):
        return assessments.add_assessment(cast.children[child], chosen, **({"at": AT} | more))


def colour(cast: Cast) -> str:
    with open_scope(cast.scope("clerk")):
        return Child.objects.get(pk=cast.children["own"].pk).risk


def set_colour(cast: Cast, level: str) -> None:
    with open_scope(cast.scope("clerk")):
        recolour(level, pk=cast.children["own"].pk)


@pytest.mark.parametrize(
    ("chosen", "before", "after", "state"),
    [
        (LACKING, "green", "red", "kept"),
        (IMPROPER, "green", "yellow", "kept"),
        (INSUFFICIENT, "green", "blue", "kept"),
        (BEST, "green", "green", "kept"),
        (IMPROPER, "yellow", "yellow", "kept"),
        (IMPROPER, "red", "red", "proposed"),
        (BEST, "yellow", "yellow", "proposed"),
    ],
)
def test_raising_is_immediate_and_lowering_only_proposed(
    cast: Cast, chosen: dict[str, str], before: str, after: str, state: str
) -> None:
    set_colour(cast, before)
    made = keep(cast, chosen)
    assert (made.risk_before, made.risk_after, made.state) == (before, after, state)
    assert colour(cast) == after


def test_an_assessment_is_kept_as_answered_with_its_definition(cast: Cast) -> None:
    made = keep(cast, IMPROPER, note="多次殴打")
    with open_scope(cast.scope("clerk")):
        made.refresh_from_db()
    assert made.answers == IMPROPER
    assert read_instrument(made.definition).items().keys() == FULL.items().keys()
    assert made.parts["knocked"] == ["abuse_hits"]
    assert (made.grade, made.instrument, made.note) == ("improper", "weighted-66", "多次殴打")
    assert isinstance(made.score, Decimal)


def test_nothing_is_kept_of_a_refused_assessment(cast: Cast) -> None:
    with pytest.raises(AnswersRefused):
        keep(cast, {})
    with pytest.raises(ValidationError):
        keep(cast, BEST, assessed_date=TODAY + DAY)
    keep(cast, BEST)
    with pytest.raises(ValidationError):
        keep(cast, BEST, assessed_date=TODAY - DAY)
    with pytest.raises(RegisterRefused):
        keep(cast, BEST, member="leader")
    with system_scope(reason="test", log=False):
        assert GuardianshipAssessment.objects.count() == 1


def decide(cast: Cast, made: GuardianshipAssessment, member: str, decision: str, **more: Any) -> None:
    with open_scope(cast.scope(member)):
        assessments.decide(made, decision, at=AT, **({"reason": "走访核实"} | more))


def test_the_supervisor_lowers_the_colour_in_words(cast: Cast) -> None:
    set_colour(cast, "red")
    made = keep(cast, INSUFFICIENT)
    with pytest.raises(TransitionRefused):
        decide(cast, made, "supervisor", "lower", reason=" ")
    with pytest.raises(ValidationError):
        decide(cast, made, "supervisor", "lower", risk="green")
    with pytest.raises(ValidationError):
        decide(cast, made, "supervisor", "lower", risk="red")
    with pytest.raises(TransitionRefused):
        decide(cast, made, "director", "lower")
    assert colour(cast) == "red"
    decide(cast, made, "supervisor", "lower", risk="yellow")
    assert colour(cast) == "yellow"
    with pytest.raises(TransitionRefused):
        decide(cast, made, "supervisor", "lower")


def test_nobody_lowers_by_the_own_assessment_but_may_leave_the_colour(cast: Cast) -> None:
    set_colour(cast, "red")
    made = keep(cast, BEST, member="supervisor")
    with pytest.raises(TransitionRefused):
        decide(cast, made, "supervisor", "lower")
    decide(cast, made, "supervisor", "hold")
    assert colour(cast) == "red"
    again = keep(cast, BEST, member="supervisor")
    decide(cast, again, "clerk", "lower")
    assert colour(cast) == "green"


def test_a_colour_that_changed_since_is_not_lowered(cast: Cast) -> None:
    made = keep(cast, BEST)
    set_colour(cast, "red")
    with pytest.raises(RegisterRefused):
        decide(cast, made, "supervisor", "lower")
    assert colour(cast) == "red"


def test_a_later_assessment_takes_the_place_of_an_undecided_one(cast: Cast) -> None:
    first = keep(cast, BEST)
    second = keep(cast, LACKING)
    with open_scope(cast.scope("clerk")):
        first.refresh_from_db()
    assert (first.state, second.state, colour(cast)) == ("superseded", "kept", "red")


def test_no_visit_lowers_the_colour_below_a_recent_assessment(cast: Cast) -> None:
    """Even where the county asks for none."""

    def approve(at: dt.datetime) -> None:
        with open_scope(cast.scope("director")) as scope:
            actor = visits.Actor(scope.user_id, scope.assignment_id, scope.role)
            visit, _new = visits.create_visit(
                actor=actor,
                at=at,
                uuid=uuid4(),
                child=Child.objects.get(pk=cast.children["own"].pk),
                data=visits.VisitData(kind="door", visited_at=at, risk="green"),
            )
        with open_scope(cast.scope("supervisor")) as scope:
            actor = visits.Actor(scope.user_id, scope.assignment_id, scope.role)
            visits.review_visit(actor=actor, at=at, visit=visit, decision="approve")

    Parameter.objects.create(
        region_id=COUNTY,
        key="downgrade_needs_assessment",
        value=False,
        valid_from=dt.date(2026, 1, 1),
        source="x",
    )
    keep(cast, LACKING)
    with open_scope(cast.scope("clerk")):
        GuardianshipAssessment.objects.update(risk_floor="yellow")
    approve(AT)
    assert colour(cast) == "yellow"
    # A year on, the assessment is no longer recent.
    approve(AT + dt.timedelta(days=366))
    assert colour(cast) == "green"


# --- Who is due -------------------------------------------------------------------------------------------


def due(cast: Cast, on: dt.date = TODAY) -> set[str]:
    with open_scope(cast.scope("clerk")):
        return set(assessments.children_due(COUNTY, on).values_list("name", flat=True))


def test_red_and_yellow_children_and_doubtful_guardianship_are_due(cast: Cast) -> None:
    with open_scope(cast.scope("clerk")):
        recolour("blue", pk=cast.children["neighbour"].pk)
        recolour("green", pk=cast.children["township"].pk)
        Child.objects.filter(name="田立夏").update(primary_category="guardianship_improper")
    assert due(cast) == {"林小满", "田立夏"}
    keep(cast, BEST)
    assert due(cast) == {"田立夏"}
    # Twelve months: on the day itself the assessment is a year old and due again.
    assert due(cast, ages.add_months(TODAY, 12) - DAY) == {"田立夏"}
    assert due(cast, ages.add_months(TODAY, 12)) == {"林小满", "田立夏"}


# --- Pages ------------------------------------------------------------------------------------------------


def typed(chosen: dict[str, str]) -> dict[str, str]:
    return {f"item_{code}": answer for code, answer in chosen.items()} | {
        "assessed_date": timezone.localdate().isoformat()
    }


def test_assessing_on_the_page_and_deciding(cast: Cast) -> None:
    set_colour(cast, "red")
    own = cast.children["own"]
    url = reverse("cases:assessment_add", args=[own.pk])
    client = cast.client("director")
    page = client.get(url).content.decode()
    assert page.count('type="radio"') == sum(
        len(item.options) + item.optional for item in FULL.items().values()
    )
    partly = client.post(url, typed({"food_regular": "partly"}))
    assert partly.status_code == 422
    text = partly.content.decode()
    assert text.count("item_food_regular-error") == 0
    assert 'id="item_food_enough-error"' in text
    assert "1 / 66" in text
    running = client.post(
        reverse("cases:assessment_running", args=[own.pk]), typed(IMPROPER)
    ).content.decode()
    assert "66 / 66" in running
    assert "<html" not in running
    answer = client.post(url, typed(IMPROPER))
    with open_scope(cast.scope("director")):
        made = GuardianshipAssessment.objects.get()
    assert answer["Location"] == reverse("cases:assessment", args=[made.pk])
    decide_url = reverse("cases:assessment_decide", args=[made.pk])
    assert decide_url not in client.get(answer["Location"]).content.decode()
    supervisor = cast.client("supervisor")
    assert decide_url in supervisor.get(answer["Location"]).content.decode()
    waiting = reverse("cases:assessments_due") + "?show=proposed"
    assert answer["Location"] in supervisor.get(waiting).content.decode()
    supervisor.post(decide_url, {"action": "lower", "risk": "yellow", "reason": "已安全安置"})
    assert colour(cast) == "yellow"
    assert answer["Location"] not in supervisor.get(waiting).content.decode()
    tab = supervisor.get(reverse("cases:child_section", args=[own.pk, "guardianship"])).content.decode()
    assert answer["Location"] in tab


def test_what_changed_since_the_assessment_before_is_told(cast: Cast) -> None:
    first = keep(cast, BEST)
    second = keep(cast, BEST | {"food_enough": "no"})
    page = cast.client("leader").get(reverse("cases:assessment", args=[second.pk])).content.decode()
    assert str(FULL.items()["food_enough"].text) in page
    assert reverse("cases:assessment", args=[first.pk]) in page


def test_a_county_whose_instrument_is_wrong_is_told_so(cast: Cast) -> None:
    with system_scope(reason="test", log=False):
        Parameter.objects.create(
            region_id=COUNTY,
            key="guardianship_assessment",
            value=small(least_answered=500),
            valid_from=dt.date(2026, 1, 1),
            source="县文件",
        )
    url = reverse("cases:assessment_add", args=[cast.children["own"].pk])
    answer = cast.client("director").get(url, follow=True)
    assert "500" in answer.content.decode()
    with pytest.raises(RegisterRefused, match="500"):
        keep(cast, BEST)


def test_who_is_due_is_listed_page_by_key_within_the_budget(
    cast: Cast, page_budget: Callable[[int], AbstractContextManager[None]]
) -> None:
    with open_scope(cast.scope("supervisor")):
        for number in range(55):
            make_child(VILLAGE, f"乙{number}", birth_date=dt.date(2016, 1, 1 + number % 3))
    client = cast.client("supervisor")
    seen: list[str] = []
    url = reverse("cases:assessments_due")
    while url:
        with page_budget(15):
            answer = client.get(url)
        seen += [row["url"] for row in answer.context["rows"]]
        url = reverse("cases:assessments_due") + answer.context["later"] if answer.context["later"] else ""
    assert len(seen) == len(set(seen)) == 57
    made = keep(cast, BEST, member="director")
    director = cast.client("director")
    for name in ("cases:assessment", "cases:assessment_add"):
        with page_budget(15):
            director.get(
                reverse(name, args=[made.pk if name == "cases:assessment" else cast.children["own"].pk])
            )
    with page_budget(18):
        client.get(reverse("cases:child_section", args=[cast.children["own"].pk, "guardianship"]))
