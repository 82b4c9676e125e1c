"""What people decided tells how often each rule is right, and a rule that fails is no longer automatic."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from cases.matching.review import learned
from cases.matching.review import services as review
from cases.matching.review.learned import Record, wilson
from cases.matching.runs import candidates
from cases.models import Discrepancy, MatchCandidate, MatchDecision, MatchRun, RuleDecision
from staff.models import Parameter, Region
from staff.scope import system_scope
from staff.workflow import TransitionRefused
from tests.cases.matching.conftest import AT, OWN, acting
from tests.cases.matching.pairs import fresh, make_pair, make_row, make_run, pair_of
from tests.cast import COUNTY, OTHER_COUNTY, START, Cast

TODAY = dt.date(2026, 10, 20)
RULE = "repaired_number_and_name"
LATER = dt.datetime(2026, 10, 15, 9, tzinfo=dt.UTC)
Certain = Callable[..., list[MatchCandidate]]


@pytest.fixture
def run(cast: Cast) -> MatchRun:
    return make_run(cast)


@pytest.fixture
def certain(cast: Cast, run: MatchRun) -> Certain:
    """So many certain pairs of a rule, with whatever else is said of them."""

    def make(number: int, **fields: Any) -> list[MatchCandidate]:
        own = cast.children["own"]
        values = {
            "tier": "auto",
            "state": "accepted",
            "rule": RULE,
            "reasons": ["number_repaired", "name_same"],
        }
        with acting(cast, "clerk"):
            return [
                pair_of(run, make_row(run, f"林小满{n}", OWN), own, **{**values, **fields})
                for n in range(number)
            ]

    return make


def demoted(cast: Cast, on: dt.date = TODAY, member: str = "clerk") -> set[str]:
    with acting(cast, member):
        return learned.demoted(Region.objects.get(code=COUNTY), on)


def record(cast: Cast) -> Record:
    with acting(cast, "clerk"):
        return learned.records(Region.objects.get(code=COUNTY), TODAY)[RULE]


# --- The statistic ----------------------------------------------------------------------------------------


def test_the_interval_is_wilsons() -> None:
    # Values of the textbook: 8 of 10, and all of 20.
    assert wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert wilson(20, 20) == pytest.approx((0.8389, 1.0), abs=1e-4)
    assert wilson(0, 5) == pytest.approx((0.0, 0.4345), abs=1e-4)
    for right, number in ((1, 0), (3, 2), (-1, 2)):
        with pytest.raises(ValueError, match="of"):
            wilson(right, number)


@pytest.mark.parametrize(
    ("counts", "fails"),
    [
        ({"automatic": 5000}, False),
        ({"automatic": 5000, "checked": 20}, False),
        (
            {"automatic": 5000, "checked": 20, "checked_wrong": 1},
            False,
        ),  # one slip of a clerk decides nothing
        ({"automatic": 5000, "checked": 3, "checked_wrong": 1}, False),
        ({"automatic": 5000, "checked": 20, "checked_wrong": 2}, True),
        ({"automatic": 5000, "checked": 400, "checked_wrong": 6}, False),  # .985
        ({"automatic": 5000, "checked": 400, "checked_wrong": 20}, True),  # .95
        ({"automatic": 5000, "overturned": 10}, False),  # found by chance among many
        ({"automatic": 50, "overturned": 5}, True),
        (
            {"automatic": 50, "reviewed": 40, "reviewed_wrong": 39},
            False,
        ),  # what guards held back says nothing
    ],
)
def test_a_rule_fails_when_the_upper_end_lies_below(counts: dict[str, Any], fails: bool) -> None:
    assert Record("x", **counts).fails(0.98, 2) is fails


# --- Counting ---------------------------------------------------------------------------------------------


def test_spot_checks_and_pairs_found_wrong_are_told_apart(cast: Cast, certain: Certain) -> None:
    looked = {"sampled": True, "decided_by_id": cast.users["clerk"].pk, "decided_at": AT}
    certain(6)
    certain(3, **looked)
    certain(2, **looked, state="rejected")
    certain(1, **{**looked, "sampled": False}, state="rejected")
    certain(4, sampled=True)  # nobody has looked yet
    certain(2, remembered=True, state="rejected")  # asked once, counted once
    certain(2, tier="review", state="rejected", decided_by_id=cast.users["clerk"].pk, decided_at=AT)
    found = record(cast)
    assert found == Record(
        RULE, automatic=16, checked=5, checked_wrong=2, overturned=1, reviewed=2, reviewed_wrong=2
    )
    assert found.wrong == 3


def test_a_failing_rule_is_not_automatic_and_nobody_elses_county_minds(cast: Cast, certain: Certain) -> None:
    assert demoted(cast) == set()
    certain(20, sampled=True, decided_by_id=cast.users["clerk"].pk, decided_at=AT)
    assert demoted(cast) == set()
    certain(3, sampled=True, state="rejected", decided_by_id=cast.users["clerk"].pk, decided_at=AT)
    assert demoted(cast) == {RULE}
    with acting(cast, "stranger"):
        assert learned.demoted(Region.objects.get(code=OTHER_COUNTY), TODAY) == set()
    assert demoted(cast, on=dt.date(2029, 1, 1)) == set()  # two years later it is forgotten


def test_the_county_sets_the_threshold(cast: Cast, certain: Certain) -> None:
    certain(20, sampled=True, decided_by_id=cast.users["clerk"].pk, decided_at=AT)
    certain(3, sampled=True, state="rejected", decided_by_id=cast.users["clerk"].pk, decided_at=AT)
    with system_scope(reason="test", log=False):
        Parameter.objects.create(
            region_id=COUNTY,
            key="matching_rule_precision",
            value={"least": 0.5, "wrong": 2},
            valid_from=START,
        )
    assert demoted(cast) == set()


def test_a_rule_that_never_is_automatic_is_not_demoted(cast: Cast, certain: Certain) -> None:
    certain(
        9, rule="same_number_other_name", tier="review", state="rejected",
        decided_by_id=cast.users["clerk"].pk, decided_at=AT,
    )  # fmt: skip
    assert demoted(cast) == set()


# --- A person's word --------------------------------------------------------------------------------------


def say(
    cast: Cast, automatic: bool, member: str = "approver", rule: str = RULE, reason: str = "原因已查明"
) -> None:
    with acting(cast, member) as actor:
        learned.decide_rule(
            rule=rule, automatic=automatic, reason=reason, region=Region.objects.get(code=COUNTY),
            actor=actor, at=LATER,
        )  # fmt: skip


def test_a_rule_is_put_back_and_what_was_found_before_counts_no_longer(cast: Cast, certain: Certain) -> None:
    wrong = {"sampled": True, "state": "rejected", "decided_by_id": cast.users["clerk"].pk}
    certain(5, **wrong, decided_at=AT)
    assert demoted(cast) == {RULE}
    say(cast, True)
    assert demoted(cast) == set()
    assert record(cast).checked_wrong == 0
    certain(5, **wrong, decided_at=LATER + dt.timedelta(days=1))
    assert demoted(cast) == {RULE}


def test_a_person_may_end_a_rule_and_the_latest_word_counts(cast: Cast, certain: Certain) -> None:
    say(cast, False, "clerk")
    assert demoted(cast) == {RULE}
    assert demoted(cast, on=dt.date(2026, 10, 14)) == set()  # not before it was said
    say(cast, True)
    assert demoted(cast) == set()


@pytest.mark.parametrize(
    ("member", "rule", "reason"),
    [
        ("leader", RULE, "x"),
        ("clerk", RULE, " "),
        ("clerk", "same_number_other_name", "x"),
        ("clerk", "nonsense", "x"),
    ],
)
def test_a_word_needs_the_duty_a_reason_and_an_automatic_rule(
    cast: Cast, member: str, rule: str, reason: str
) -> None:
    with pytest.raises(TransitionRefused):
        say(cast, False, member, rule, reason)
    with acting(cast, "clerk"):
        assert not RuleDecision.objects.exists()


def test_the_database_wants_a_reason_too(cast: Cast) -> None:
    with (
        acting(cast, "clerk"),
        pytest.raises(IntegrityError, match="rule_decision_has_reason"),
        transaction.atomic(),
    ):
        RuleDecision.objects.create(region_id=COUNTY, rule=RULE, automatic=True, reason="", at=AT)


def test_the_page_shows_the_record_and_takes_a_word(cast: Cast, certain: Certain, page_budget: Any) -> None:
    certain(20, sampled=True, decided_by_id=cast.users["clerk"].pk, decided_at=AT)
    certain(5, sampled=True, state="rejected", decided_by_id=cast.users["clerk"].pk, decided_at=AT)
    client = cast.client("clerk")
    address = reverse("cases:match_rules")
    with page_budget(15):
        page = client.get(address)
    first = page.context["certain"][0]
    assert (first["record"].rule, first["demoted"], first["checked"]["share"]) == (RULE, True, "80 %")
    client.post(reverse("cases:match_rule", args=[RULE]), {"automatic": "1", "reason": ""})
    assert client.get(address).context["certain"][0]["demoted"]
    client.post(reverse("cases:match_rule", args=[RULE]), {"automatic": "1", "reason": "发送单位已改正"})
    assert not any(line["demoted"] for line in client.get(address).context["certain"])
    assert 'name="reason"' not in cast.client("leader").get(address).content.decode()


# --- What counts against a rule ---------------------------------------------------------------------------


def test_a_discrepancy_about_another_person_counts_against_the_rule_and_is_remembered(
    cast: Cast, run: MatchRun, certain: Certain
) -> None:
    (pair,) = certain(1)
    own = cast.children["own"]
    with acting(cast, "clerk"):
        found = Discrepancy.objects.create(
            run=run, region_id=own.region_id, kind="different", list_kind="dibao", child=own,
            list_row_id=pair.list_row_id, due_date=TODAY,
        )  # fmt: skip
    client = cast.client("clerk")
    page = client.get(reverse("cases:discrepancy", args=[found.pk])).content.decode()
    action = "untrue:another_person"
    assert f'value="{action}"' in page
    address = reverse("cases:discrepancy_decide", args=[found.pk])
    client.post(address, {"action": action, f"{action.replace(':', '-')}-reason": "同名不同人"})
    assert (fresh(cast, pair).state, fresh(cast, pair).note) == ("rejected", "同名不同人")
    assert (record(cast).overturned, record(cast).checked) == (1, 0)
    with acting(cast, "clerk"):
        assert [d.same for d in MatchDecision.objects.all()] == [False]


def test_a_spot_check_that_is_undone_counts_no_more(cast: Cast, run: MatchRun) -> None:
    pair = make_pair(
        cast,
        run,
        cast.children["neighbour"],
        "秦白露",
        tier="auto",
        state="accepted",
        sampled=True,
        rule=RULE,
    )
    for action, counts in (("same", (1, 0)), ("other", (1, 1)), ("undo", (0, 0))):
        with acting(cast, "clerk") as actor:
            review.act(action, candidate=pair, actor=actor, at=AT)
        assert (record(cast).checked, record(cast).checked_wrong) == counts


def test_certain_pairs_of_every_role_are_drawn() -> None:
    found = [("child", 0), ("guardian", 7), ("parent", 8)]
    pairs = pl.DataFrame(
        [
            {
                "row": row, "list": 1, "place": row, "child": row, "role": role, "person_id": person, "tier": tier,
                "score": 999, "rule": "same_number_and_name", "reasons": ["number_same"], "mark": 0,
            }
            for role, person in found
            for tier, rows in (("auto", range(9)), ("review", range(9, 12)))
            for row in rows
        ],
        schema={name: kind for name, kind in candidates.FOUND.items() if name not in ("alike", "sampled")},
    )  # fmt: skip
    drawn = candidates.described(pairs, sample=2).filter("sampled")
    assert sorted(drawn["role"]) == sorted([role for role, _person in found] * 2)
    assert set(drawn["tier"]) == {"auto"}
    again = candidates.described(pairs.reverse(), sample=2).filter("sampled")
    key = ["role", "person_id", "row"]
    assert again.select(key).sort(key).equals(drawn.select(key).sort(key))
