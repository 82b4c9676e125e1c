"""Decisions hold while neither the row nor the register has changed, for every role, also against a certain rule."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pytest

from cases.matching.review import decisions
from cases.matching.review import services as review
from cases.matching.runs.people import people_of
from cases.models import Child, Guardian, Household, MatchCandidate, MatchDecision, MatchRun, ParentSituation
from staff.models import Region
from tests.cases.matching.conftest import AT, OWN, SECOND, acting, another_child, number
from tests.cases.matching.pairs import make_pair, make_row, make_run, pair_of
from tests.cast import COUNTY, START, Cast

GRANDMOTHER = number("50015219500101302")
BORN = 20170520


@pytest.fixture
def run(cast: Cast) -> MatchRun:
    return make_run(cast)


def asked(pair: MatchCandidate, **other: Any) -> dict[str, Any]:
    """What the next month asks about the pair, as the matcher's columns have it."""
    row = pair.list_row
    return {
        "child": pair.child_id, "role": pair.role, "person_id": pair.person_id, "kind": row.kind,
        "row_name": row.name, "row_number": row.id_number, "row_birth": row.birth_date, "row_head": row.head_name,
        "name": pair.child.name, "number": pair.child.id_number, "birth": BORN,
    } | other  # fmt: skip


def recall(cast: Cast, *pairs: dict[str, Any], member: str = "clerk") -> list[bool | None]:
    with acting(cast, member):
        frame = pl.DataFrame(list(pairs), schema=decisions.PAIR_SCHEMA)
        return decisions.remembered(Region.objects.get(code=COUNTY), frame)["same"].to_list()


def decide(cast: Cast, pair: MatchCandidate, action: str) -> None:
    with acting(cast, "clerk") as actor:
        review.act(action, candidate=pair, actor=actor, at=AT)


@pytest.mark.parametrize(("action", "same"), [("same", True), ("other", False)])
def test_a_decision_holds_while_nothing_changed(cast: Cast, run: MatchRun, action: str, same: bool) -> None:
    pair = make_pair(cast, run, cast.children["own"], "林小曼儿", OWN)
    assert recall(cast, asked(pair)) == [None]
    decide(cast, pair, action)
    assert recall(cast, asked(pair)) == [same]


@pytest.mark.parametrize(
    ("changed", "holds"),
    [
        ({"row_name": "林小麦儿"}, False),
        ({"row_number": SECOND}, False),
        ({"kind": "tekun"}, False),
        ({"name": "林小禾"}, False),
        ({"number": SECOND}, False),
        ({"birth": 20170521}, False),
        ({"role": "guardian", "person_id": 1}, False),
        # The same data written in another way is the same data.
        ({"row_name": " 林小曼儿 "}, True),
        ({"row_number": " ".join((OWN[:6], OWN[6:]))}, True),
        ({"row_birth": "2017.5.20"}, True),
        ({"row_head": "别人"}, True),
    ],
)
def test_a_change_on_either_side_asks_again(
    cast: Cast, run: MatchRun, changed: dict[str, Any], holds: bool
) -> None:
    pair = make_pair(cast, run, cast.children["own"], "林小曼儿", OWN, row={"birth_date": "2017-05-20"})
    decide(cast, pair, "other")
    assert recall(cast, asked(pair, **changed)) == [False if holds else None]


@pytest.mark.parametrize(
    ("changed", "holds"), [({"row_birth": "2011-01-01"}, False), ({"row_head": "赵六"}, False), ({}, True)]
)
def test_without_a_number_birth_date_and_head_tell_namesakes_apart(
    cast: Cast, run: MatchRun, changed: dict[str, str], holds: bool
) -> None:
    row = {"birth_date": "2017-05-20", "head_name": "林桂芳"}
    pair = make_pair(cast, run, cast.children["own"], "林小满", row=row)
    decide(cast, pair, "same")
    assert recall(cast, asked(pair, **changed)) == [True if holds else None]


def test_decisions_of_before_the_register_was_kept_hold_as_they_are(cast: Cast, run: MatchRun) -> None:
    pair = make_pair(cast, run, cast.children["own"], "林小曼儿", OWN)
    decide(cast, pair, "same")
    with acting(cast, "clerk"):
        MatchDecision.objects.update(person_digest=None)
    assert recall(cast, asked(pair, name="改了名")) == [True]


def test_many_pairs_are_asked_in_one_query_and_answered_in_their_places(
    cast: Cast, run: MatchRun, django_assert_num_queries: Any
) -> None:
    pair = make_pair(cast, run, cast.children["own"], "林小曼儿", OWN)
    decide(cast, pair, "other")
    stranger = asked(pair, child=10**9)
    with acting(cast, "clerk"):
        region = Region.objects.get(code=COUNTY)
        frame = pl.DataFrame(
            [stranger] * 5000 + [asked(pair)] + [stranger] * 999, schema=decisions.PAIR_SCHEMA
        )
        with django_assert_num_queries(1):
            answers = decisions.remembered(region, frame)["same"]
    assert (answers.len(), answers.null_count(), answers[5000]) == (6000, 5999, False)


def test_another_county_remembers_nothing_of_it(cast: Cast, run: MatchRun) -> None:
    pair = make_pair(cast, run, cast.children["own"], "林小曼儿", OWN)
    decide(cast, pair, "other")
    assert recall(cast, asked(pair), member="stranger") == [None]


def test_one_person_on_two_lines_of_the_list_is_one_decision(cast: Cast, run: MatchRun) -> None:
    pairs = [make_pair(cast, run, cast.children["own"], "林小曼儿", OWN) for _n in range(2)]
    with acting(cast, "clerk") as actor:
        locked = review.lock_rows(run.pk, [pair.list_row_id for pair in pairs])
        review.decide_pairs(locked, {pair.pk: False for pair in pairs}, actor, AT)
        assert MatchDecision.objects.count() == 1


# --- Roles ------------------------------------------------------------------------------------------------


@pytest.fixture
def family(cast: Cast) -> dict[str, int]:
    """The own child's people with numbers, and a second child of the same grandmother. Keys of persons by role."""
    own = cast.children["own"]
    twin = another_child(cast)
    with acting(cast, "clerk"):
        Guardian.objects.filter(child__in=[own, twin]).update(id_number=GRANDMOTHER)
        Household.objects.filter(children=own).update(head_id_number=GRANDMOTHER)
        parent = ParentSituation.objects.create(
            child=own,
            region_id=own.region_id,
            parent="father",
            parent_name="林大山",
            kind="dead",
            start_date=START,
        )
        return {
            "guardian": Guardian.objects.get(child=own).pk,
            "other_guardian": Guardian.objects.get(child=twin).pk,
            "head": own.household_id or 0,
            "parent": parent.pk,
            "twin": twin.pk,
        }


def test_a_person_of_each_role_is_remembered(cast: Cast, run: MatchRun, family: dict[str, int]) -> None:
    own = cast.children["own"]
    facts = {"guardian": ("林桂芳", GRANDMOTHER), "head": ("林桂芳", GRANDMOTHER), "parent": ("林大山", "")}
    for role, (name, its) in facts.items():
        pair = make_pair(
            cast, run, own, f"{name}儿", row={"kind": "death"}, role=role, person_id=family[role]
        )
        decide(cast, pair, "other")
        question = asked(pair, name=name, number=its, birth=19500101)
        assert recall(cast, question, {**question, "name": "别人"}) == [False, None]


def test_a_guardian_of_two_children_is_one_person(cast: Cast, run: MatchRun, family: dict[str, int]) -> None:
    own = cast.children["own"]
    with acting(cast, "clerk"):
        row = make_row(run, "林桂芬", GRANDMOTHER, kind="death")
        first = pair_of(run, row, own, role="guardian", person_id=family["guardian"])
        head = pair_of(run, row, own, role="head", person_id=family["head"])
        twin = Child.objects.get(pk=family["twin"])
        second = pair_of(run, row, twin, role="guardian", person_id=family["other_guardian"])
        father = pair_of(run, row, own, role="parent", person_id=family["parent"])
    decide(cast, first, "same")
    with acting(cast, "clerk"):
        states = dict(MatchCandidate.objects.values_list("pk", "state"))
    assert states == {
        first.pk: "accepted", head.pk: "accepted", second.pk: "accepted", father.pk: "rejected",
    }  # fmt: skip


def test_the_register_side_knows_the_relatives_in_few_queries(
    cast: Cast, run: MatchRun, family: dict[str, int], django_assert_max_num_queries: Any
) -> None:
    own = cast.children["own"]
    make_pair(cast, run, own, "林小满", GRANDMOTHER)
    make_pair(cast, run, own, "林大山", role="parent", person_id=family["parent"])
    with acting(cast, "clerk"):
        pairs = list(MatchCandidate.objects.select_related("child__household", "child__region", "list_row"))
        with django_assert_max_num_queries(4):
            people = people_of(pairs)
    child, father = (people[pair.pk] for pair in pairs)
    assert {(kin.name, kin.number) for kin in child.kin} == {("林桂芳", GRANDMOTHER), ("林大山", "")}
    assert (father.name, father.number, father.role) == ("林大山", "", "parent")


def test_who_left_the_file_is_shown_as_gone(cast: Cast, run: MatchRun, family: dict[str, int]) -> None:
    pair = make_pair(cast, run, cast.children["own"], "林桂芬", role="guardian", person_id=10**9)
    with acting(cast, "clerk"):
        found = MatchCandidate.objects.select_related("child__household", "child__region", "list_row")
        assert people_of(list(found)) == {}
    decide(cast, pair, "other")
    assert dt.date(2026, 10, 1) == run.period
