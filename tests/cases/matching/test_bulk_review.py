"""Pairs with the same reasons are decided at once, for one reason; not when they have changed since they were shown."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse

from cases.matching.review import bulk as bulk_review
from cases.matching.review import services as review
from cases.matching.review.bulk import seal
from cases.models import MatchCandidate, MatchDecision, MatchRun
from staff.workflow import TransitionRefused
from tests.cases.matching.conftest import AT, OWN, acting, another_child
from tests.cases.matching.pairs import fresh, make_pair, make_run, pair_of
from tests.cast import Cast

OTHER_REASONS = ["number_none", "name_same"]


@pytest.fixture
def run(cast: Cast) -> MatchRun:
    return make_run(cast)


@pytest.fixture
def five(cast: Cast, run: MatchRun) -> list[MatchCandidate]:
    """Five pairs alike, and two of other reasons."""
    own = cast.children["own"]
    for n in range(2):
        make_pair(cast, run, own, f"秦{n}", reasons=OTHER_REASONS, rule="name_and_village_no_number")
    return [
        make_pair(cast, run, own, f"林小{chr(0x4E00 + n)}", OWN, score=f"0.{6 + n}") for n in range(3)
    ] + [make_pair(cast, run, own, f"林大{chr(0x4E00 + n)}", OWN) for n in range(2)]


def shown(cast: Cast, run: MatchRun, alike: str) -> str:
    with acting(cast, "clerk"):
        return seal(bulk_review.pairs_alike(run, alike, "child"))


def decide(
    cast: Cast, run: MatchRun, alike: str, seen: str, *, member: str = "clerk", at: dt.datetime = AT,
    reason: str = "同一批录入错误", same: bool = True, ticked: list[int] | None = None,
) -> bulk_review.Outcome:  # fmt: skip
    with acting(cast, member) as actor:
        return bulk_review.decide_alike(
            run=run, alike=alike, role="child", same=same, reason=reason, shown=seen, actor=actor, at=at,
            ticked=ticked,
        )  # fmt: skip


def test_pairs_are_grouped_by_rule_and_reasons(cast: Cast, run: MatchRun, five: list[MatchCandidate]) -> None:
    with acting(cast, "clerk"):
        groups = bulk_review.groups(run)
    assert [(g.number, g.rule, len(g.pairs)) for g in groups] == [
        (5, "same_number_other_name", 3),
        (2, "name_and_village_no_number", 2),
    ]
    assert [p.pk for p in groups[0].pairs] == [five[2].pk, five[1].pk, five[0].pk]


def test_a_row_that_may_be_two_people_is_left_to_the_eye(
    cast: Cast, run: MatchRun, five: list[MatchCandidate]
) -> None:
    with acting(cast, "clerk"):
        pair_of(run, five[0].list_row, another_child(cast), reasons=OTHER_REASONS)
        assert five[0].pk not in {p.pk for p in bulk_review.pairs_alike(run, five[0].alike, "child")}


def test_all_are_decided_for_one_reason_and_remembered(
    cast: Cast, run: MatchRun, five: list[MatchCandidate]
) -> None:
    assert decide(cast, run, five[0].alike, shown(cast, run, five[0].alike)) == (5, 0)
    assert {(fresh(cast, p).state, fresh(cast, p).note) for p in five} == {("accepted", "同一批录入错误")}
    with acting(cast, "clerk"):
        assert MatchDecision.objects.filter(same=True, note="同一批录入错误").count() == 5


def test_only_the_ticked_ones(cast: Cast, run: MatchRun, five: list[MatchCandidate]) -> None:
    ticked = [five[0].pk, five[3].pk]
    decide(cast, run, five[0].alike, shown(cast, run, five[0].alike), ticked=ticked, same=False)
    assert {p.pk for p in five if fresh(cast, p).state == "rejected"} == set(ticked)


def test_what_changed_since_it_was_shown_is_not_decided(
    cast: Cast, run: MatchRun, five: list[MatchCandidate]
) -> None:
    seen = shown(cast, run, five[0].alike)
    with acting(cast, "clerk") as actor:
        review.act("other", candidate=five[4], actor=actor, at=AT)
    with pytest.raises(TransitionRefused):
        decide(cast, run, five[0].alike, seen)
    seen = shown(cast, run, five[0].alike)
    with acting(cast, "clerk"):
        MatchCandidate.objects.filter(pk=five[0].pk).update(score="0.1")  # matched again meanwhile
    with pytest.raises(TransitionRefused):
        decide(cast, run, five[0].alike, seen)
    assert {fresh(cast, p).state for p in five[:4]} == {"pending"}


@pytest.mark.parametrize(
    ("member", "reason", "ticked"), [("approver", "x", None), ("clerk", " ", None), ("clerk", "x", [])]
)
def test_it_needs_the_clerk_a_reason_and_pairs(
    cast: Cast, run: MatchRun, five: list[MatchCandidate], member: str, reason: str, ticked: list[int] | None
) -> None:
    with pytest.raises(TransitionRefused):
        decide(
            cast,
            run,
            five[0].alike,
            shown(cast, run, five[0].alike),
            member=member,
            reason=reason,
            ticked=ticked,
        )
    assert {fresh(cast, p).state for p in five} == {"pending"}


def test_the_last_act_is_undone_as_a_whole_and_then_the_one_before(
    cast: Cast, run: MatchRun, five: list[MatchCandidate]
) -> None:
    with acting(cast, "clerk") as actor:
        review.act("unsure", candidate=five[4], actor=actor, at=AT)
    decide(cast, run, five[0].alike, shown(cast, run, five[0].alike), at=AT + dt.timedelta(minutes=1))
    with acting(cast, "clerk") as actor:
        assert {p.pk for p in review.undo_last(run=run, actor=actor)} == {p.pk for p in five[:4]}
        assert [p.pk for p in review.undo_last(run=run, actor=actor)] == [five[4].pk]
        assert review.undo_last(run=run, actor=actor) == []
        assert not MatchDecision.objects.exists()
    assert {fresh(cast, p).state for p in five} == {"pending"}


def test_the_pages_show_and_decide(cast: Cast, run: MatchRun, five: list[MatchCandidate]) -> None:
    client = cast.client("clerk")
    page = client.get(reverse("cases:alike", args=[run.pk]))
    assert [entry["group"].number for entry in page.context["groups"]] == [5, 2]
    address = reverse("cases:alike_group", args=[run.pk, "child", five[0].alike])
    page = client.get(address)
    data = {
        "same": "0",
        "reason": "不是本人",
        "which": "ticked",
        "shown": page.context["seal"],
        "ticked": [five[1].pk],
    }
    assert client.post(address, {**data, "reason": ""}).status_code == 200
    assert client.post(address, {**data, "shown": "x"})["Location"] == address
    assert fresh(cast, five[1]).state == "pending"
    assert client.post(address, data)["Location"] == reverse("cases:alike", args=[run.pk])
    assert (fresh(cast, five[1]).state, fresh(cast, five[0]).state) == ("rejected", "pending")
    leader = cast.client("leader")
    assert 'name="reason"' not in leader.get(address).content.decode()
    refused = leader.post(
        address, data | {"shown": leader.get(address).context["seal"], "ticked": [five[0].pk]}
    )
    assert refused.status_code == 403
    assert fresh(cast, five[0]).state == "pending"
