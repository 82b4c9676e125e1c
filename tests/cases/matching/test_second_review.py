"""Where money follows one person proposes and another decides; the county chooses for which pairs."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from cases.matching.review import bulk as bulk_review
from cases.matching.review import history, second
from cases.matching.review import services as review
from cases.models import MatchCandidate, MatchDecision, MatchRun
from staff.models import Assignment, Parameter, Post, User
from staff.scope import system_scope
from staff.workflow import TransitionRefused
from subsidies.models import Entitlement, Scheme
from tests.cases.matching.conftest import AT, OWN, acting, another_child
from tests.cases.matching.pairs import fresh, make_pair, make_run, pair_of
from tests.cast import COUNTY, START, Cast

LATER = AT + dt.timedelta(minutes=5)


@pytest.fixture
def run(cast: Cast) -> MatchRun:
    return make_run(cast)


@pytest.fixture
def paid(cast: Cast) -> Entitlement:
    """The child of the cast is paid."""
    with system_scope(reason="test", log=False):
        scheme, _new = Scheme.objects.get_or_create(code="basic_living", defaults={"clause": "x"})
        own = cast.children["own"]
        return Entitlement.objects.create(
            child=own, scheme=scheme, region_id=own.region_id, category="de_facto_unattended",
            placement="scattered", start_month=START, confirmed_at=AT,
        )  # fmt: skip


@pytest.fixture
def pair(cast: Cast, run: MatchRun, paid: Entitlement) -> MatchCandidate:
    return make_pair(cast, run, cast.children["own"], "林小曼儿", OWN)


def act(cast: Cast, name: str, pair: MatchCandidate, member: str, at: dt.datetime = AT) -> None:
    with acting(cast, member) as actor:
        review.act(name, candidate=pair, actor=actor, at=at)


def steps(cast: Cast, pair: MatchCandidate, member: str = "clerk") -> list[tuple[str, str]]:
    """Icon and title of what the page tells of the pair's history."""
    address = f"{reverse('cases:candidates', args=[pair.run_id])}?row={pair.list_row_id}"
    told = cast.client(member).get(address).context["history"]
    return [(step["icon"], step["title"]) for step in told]


def set_mode(mode: str) -> None:
    with system_scope(reason="test", log=False):
        Parameter.objects.create(region_id=COUNTY, key="two_person_review", value=mode, valid_from=START)


@pytest.fixture
def colleague(cast: Cast) -> Cast:
    """A second clerk of the county."""
    with system_scope(reason="test", log=False):
        user = User.objects.create(username="clerk2", name="孙经办")
        post = Post.objects.create(region_id=COUNTY, role="clerk", title="second clerk")
        held = Assignment.objects.create(
            user=user, post=post, region_id=COUNTY, role="clerk", start_date=START
        )
        cast.users["clerk2"], cast.assignments["clerk2"] = user, held
    return cast


def test_what_is_about_money_is_proposed_by_one_and_decided_by_another(
    cast: Cast, pair: MatchCandidate
) -> None:
    act(cast, "same", pair, "clerk")
    proposed = fresh(cast, pair)
    assert (proposed.state, proposed.proposed_same, proposed.decided_by_id) == ("proposed", True, None)
    with acting(cast, "clerk"):
        assert not MatchDecision.objects.exists()
        assert review.pending_pairs(pair.run).count() == 1
    act(cast, "agree", pair, "approver", LATER)
    decided = fresh(cast, pair)
    assert (decided.state, decided.proposed_by_id, decided.decided_by_id) == (
        "accepted", cast.users["clerk"].pk, cast.users["approver"].pk,
    )  # fmt: skip
    with acting(cast, "clerk"):
        kept = MatchDecision.objects.get()
    assert (kept.same, kept.user_id, kept.second_id) == (
        True, cast.users["clerk"].pk, cast.users["approver"].pk,
    )  # fmt: skip


def test_nobody_seconds_what_they_proposed(cast: Cast, pair: MatchCandidate) -> None:
    act(cast, "other", pair, "clerk")
    with pytest.raises(TransitionRefused, match=r"yourself|本人|自己"):
        act(cast, "agree", pair, "clerk", LATER)
    assert fresh(cast, pair).state == "proposed"


def test_the_database_too_wants_another_person(cast: Cast, pair: MatchCandidate) -> None:
    clerk = cast.users["clerk"].pk
    with (
        acting(cast, "clerk"),
        pytest.raises(IntegrityError, match="candidate_second_is_another"),
        transaction.atomic(),
    ):
        MatchCandidate.objects.filter(pk=pair.pk).update(proposed_by=clerk, decided_by=clerk)


def test_another_clerk_may_second_and_a_leader_may_not(colleague: Cast, pair: MatchCandidate) -> None:
    act(colleague, "same", pair, "clerk")
    with pytest.raises(TransitionRefused):
        act(colleague, "agree", pair, "leader")
    act(colleague, "agree", pair, "clerk2", LATER)
    assert fresh(colleague, pair).state == "accepted"


def test_who_does_not_agree_sends_it_back(cast: Cast, pair: MatchCandidate) -> None:
    act(cast, "same", pair, "clerk")
    act(cast, "disagree", pair, "approver", LATER)
    back = fresh(cast, pair)
    assert (back.state, back.proposed_same, back.proposed_by_id) == (
        "unsure", None, cast.users["approver"].pk,
    )  # fmt: skip
    with acting(cast, "clerk"):
        assert not MatchDecision.objects.exists()


def test_the_second_takes_back_only_their_own_part(cast: Cast, pair: MatchCandidate) -> None:
    act(cast, "same", pair, "clerk")
    act(cast, "agree", pair, "approver", LATER)
    act(cast, "undo", pair, "approver", LATER)
    assert (fresh(cast, pair).state, fresh(cast, pair).proposed_by_id) == ("proposed", cast.users["clerk"].pk)
    with acting(cast, "clerk"):
        assert not MatchDecision.objects.exists()
    with pytest.raises(TransitionRefused):
        act(cast, "undo", pair, "approver", LATER)
    act(cast, "undo", pair, "clerk", LATER)
    assert (fresh(cast, pair).state, fresh(cast, pair).proposed_by_id) == ("pending", None)


def test_the_approver_proposes_nothing(cast: Cast, pair: MatchCandidate) -> None:
    with pytest.raises(TransitionRefused):
        act(cast, "same", pair, "approver")
    assert fresh(cast, pair).state == "pending"


def test_without_money_one_person_decides(cast: Cast, run: MatchRun, paid: Entitlement) -> None:
    unpaid = make_pair(cast, run, cast.children["neighbour"], "秦白鹭")
    act(cast, "same", unpaid, "clerk")
    assert fresh(cast, unpaid).state == "accepted"


def test_a_list_that_moves_no_money_needs_one_person(cast: Cast, run: MatchRun, paid: Entitlement) -> None:
    roll = make_pair(cast, run, cast.children["own"], "林小满", OWN, row={"kind": "school"})
    act(cast, "same", roll, "clerk")
    assert fresh(cast, roll).state == "accepted"


def test_a_right_that_has_ended_is_no_money(cast: Cast, pair: MatchCandidate, paid: Entitlement) -> None:
    with system_scope(reason="test", log=False):
        Entitlement.objects.filter(pk=paid.pk).update(
            end_month=dt.date(2026, 6, 1), state="ended", end_reason="other"
        )
    act(cast, "same", pair, "clerk")
    assert fresh(cast, pair).state == "accepted"


@pytest.mark.parametrize(
    ("mode", "money", "without"), [("all", "proposed", "proposed"), ("none", "accepted", "accepted")]
)
def test_the_county_chooses(
    cast: Cast, run: MatchRun, pair: MatchCandidate, mode: str, money: str, without: str
) -> None:
    set_mode(mode)
    unpaid = make_pair(cast, run, cast.children["neighbour"], "秦白鹭")
    act(cast, "same", pair, "clerk")
    act(cast, "same", unpaid, "clerk")
    assert (fresh(cast, pair).state, fresh(cast, unpaid).state) == (money, without)


def test_confirming_a_certain_pair_needs_nobody_else_but_rejecting_it_does(
    cast: Cast, run: MatchRun, paid: Entitlement
) -> None:
    sure = make_pair(
        cast,
        run,
        cast.children["own"],
        "林小满",
        OWN,
        tier="auto",
        state="accepted",
        sampled=True,
        rule="same_number_and_name",
    )
    act(cast, "same", sure, "clerk")
    assert (fresh(cast, sure).state, fresh(cast, sure).decided_by_id) == ("accepted", cast.users["clerk"].pk)
    act(cast, "undo", sure, "clerk")
    act(cast, "other", sure, "clerk")
    assert fresh(cast, sure).state == "proposed"


def test_asking_about_money_costs_the_same_for_many_pairs(
    cast: Cast, run: MatchRun, paid: Entitlement, django_assert_num_queries: Any
) -> None:
    pairs = [make_pair(cast, run, cast.children["own"], f"林小{chr(0x4E00 + n)}", OWN) for n in range(30)]
    with acting(cast, "clerk"):
        loaded = list(MatchCandidate.objects.filter(run=run).select_related("list_row", "run"))
        with django_assert_num_queries(1):
            assert second.with_money(loaded) == {pair.pk for pair in pairs}


def test_the_page_lists_what_waits_and_the_approver_agrees_with_it_all(
    cast: Cast, run: MatchRun, paid: Entitlement
) -> None:
    pairs = [make_pair(cast, run, cast.children["own"], f"林小{chr(0x4E00 + n)}", OWN) for n in range(4)]
    with acting(cast, "clerk") as actor:
        group = bulk_review.pairs_alike(run, pairs[0].alike, "child")
        outcome = bulk_review.decide_alike(
            run=run, alike=pairs[0].alike, role="child", same=False, reason="不是本人",
            shown=bulk_review.seal(group), actor=actor, at=AT,
        )  # fmt: skip
    assert outcome == (0, 4)
    address = reverse("cases:second_review")
    own = cast.client("clerk").get(address)
    assert [(e["own"], e["proposal"].number) for e in own.context["entries"]] == [(True, 4)]
    approver = cast.client("approver")
    (entry,) = approver.get(address).context["entries"]
    assert (entry["own"], entry["rest"]) == (False, 1)
    found = entry["proposal"]
    data = {"by": found.by, "at": found.at.isoformat(), "shown": found.seal}
    approver.post(reverse("cases:second_agree", args=[run.pk]), {**data, "shown": "0" * 64})
    assert fresh(cast, pairs[0]).state == "proposed"
    assert approver.post(reverse("cases:second_agree", args=[run.pk]), data).status_code == 302
    assert {fresh(cast, pair).state for pair in pairs} == {"rejected"}
    assert not approver.get(address).context["entries"]


def test_a_row_is_proposed_as_a_whole(cast: Cast, run: MatchRun, pair: MatchCandidate) -> None:
    """The other candidate of the row has no money of its own, but the row's outcome has."""
    with acting(cast, "clerk"):
        other = pair_of(run, pair.list_row, another_child(cast))
    act(cast, "same", pair, "clerk")
    assert (fresh(cast, other).state, fresh(cast, other).proposed_same) == ("proposed", False)
    act(cast, "agree", pair, "approver", LATER)
    assert (fresh(cast, pair).state, fresh(cast, other).state) == ("accepted", "rejected")


# --- What two people decided ------------------------------------------------------------------------------


@pytest.fixture
def certain(cast: Cast, run: MatchRun, paid: Entitlement) -> MatchCandidate:
    """A certain pair of a paid child, drawn to be looked at."""
    return make_pair(
        cast, run, cast.children["own"], "林小满", OWN, tier="auto", state="accepted", sampled=True,
        rule="same_number_and_name",
    )  # fmt: skip


def remembered(cast: Cast) -> list[tuple[bool, bool]]:
    """What is remembered: the same person, and whether a second person agreed."""
    with acting(cast, "clerk"):
        return [(d.same, d.second_id is not None) for d in MatchDecision.objects.all()]


@pytest.fixture
def rejected(cast: Cast, certain: MatchCandidate) -> MatchCandidate:
    """The certain pair, rejected by the clerk and the approver."""
    act(cast, "other", certain, "clerk")
    act(cast, "agree", certain, "approver", LATER)
    return certain


@pytest.mark.parametrize("name", ["undo", "unsure"])
def test_what_two_rejected_one_alone_does_not_take_back(
    colleague: Cast, rejected: MatchCandidate, name: str
) -> None:
    for member in ("clerk", "clerk2"):
        with pytest.raises(TransitionRefused, match=r"Two people|两人|两个人"):
            act(colleague, name, rejected, member, LATER)
    assert fresh(colleague, rejected).state == "rejected"
    assert remembered(colleague) == [(False, True)]


def test_the_opposite_of_what_two_decided_waits_for_another_and_falls_back_to_it(
    cast: Cast, rejected: MatchCandidate
) -> None:
    act(cast, "same", rejected, "clerk", LATER)
    assert fresh(cast, rejected).state == "proposed"
    assert remembered(cast) == [(False, True)]
    act(cast, "undo", rejected, "clerk", LATER)
    back = fresh(cast, rejected)
    assert (back.state, back.remembered) == ("rejected", True)
    act(cast, "same", rejected, "clerk", LATER)
    act(cast, "disagree", rejected, "approver", LATER)
    assert (fresh(cast, rejected).state, remembered(cast)) == ("rejected", [(False, True)])
    act(cast, "same", rejected, "clerk", LATER)
    act(cast, "agree", rejected, "approver", LATER)
    assert (fresh(cast, rejected).state, remembered(cast)) == ("accepted", [(True, True)])


def test_to_say_the_same_again_leaves_the_word_of_two_as_it_is(cast: Cast, rejected: MatchCandidate) -> None:
    act(cast, "other", rejected, "clerk", LATER)
    stands = fresh(cast, rejected)
    assert (stands.state, stands.decided_by_id) == ("rejected", cast.users["approver"].pk)
    assert remembered(cast) == [(False, True)]


def test_two_remain_two_when_the_right_has_ended(
    cast: Cast, rejected: MatchCandidate, paid: Entitlement
) -> None:
    with system_scope(reason="test", log=False):
        Entitlement.objects.filter(pk=paid.pk).update(
            end_month=dt.date(2026, 6, 1), state="ended", end_reason="other"
        )
    act(cast, "same", rejected, "clerk", LATER)
    assert fresh(cast, rejected).state == "proposed"


def test_a_certain_pair_of_money_is_not_set_aside_by_one(cast: Cast, certain: MatchCandidate) -> None:
    with pytest.raises(TransitionRefused):
        act(cast, "unsure", certain, "clerk")
    assert fresh(cast, certain).state == "accepted"
    act(cast, "other", certain, "clerk")
    with pytest.raises(TransitionRefused):
        act(cast, "unsure", certain, "clerk")
    assert fresh(cast, certain).state == "proposed"


def test_a_certain_pair_rejected_before_there_was_money_is_not_accepted_again_by_one(
    cast: Cast, run: MatchRun
) -> None:
    sure = make_pair(
        cast, run, cast.children["own"], "林小满", OWN, tier="auto", state="accepted",
        rule="same_number_and_name",
    )  # fmt: skip
    act(cast, "other", sure, "clerk")
    set_mode("all")
    with pytest.raises(TransitionRefused):
        act(cast, "undo", sure, "clerk")
    assert fresh(cast, sure).state == "rejected"
    act(cast, "same", sure, "clerk")
    assert fresh(cast, sure).state == "proposed"


def test_the_page_offers_the_opposite_to_one_and_undo_to_the_second(
    cast: Cast, rejected: MatchCandidate
) -> None:
    address = f"{reverse('cases:candidates', args=[rejected.run_id])}?row={rejected.list_row_id}"

    def offered(member: str) -> list[str]:
        return [button["action"] for button in cast.client(member).get(address).context["buttons"]]

    assert (offered("clerk"), offered("approver")) == (["same"], ["undo"])


# --- Who did what -----------------------------------------------------------------------------------------


def test_the_page_tells_who_proposed_decided_and_took_back(cast: Cast, pair: MatchCandidate) -> None:
    clerk, approver = cast.users["clerk"].name, cast.users["approver"].name
    act(cast, "same", pair, "clerk")
    act(cast, "agree", pair, "approver", LATER)
    act(cast, "undo", pair, "approver", LATER)
    act(cast, "undo", pair, "clerk", LATER)
    with acting(cast, "clerk"):  # the month is matched again: the pair stands as it stood
        MatchCandidate.objects.filter(pk=pair.pk).update(score="0.7000")
    act(cast, "unsure", pair, "clerk", LATER)
    told = steps(cast, pair)
    assert [icon for icon, _title in told] == [
        "info-circle", "arrow-back-up", "arrow-back-up", "check", "users", "search",
    ]  # fmt: skip
    assert [title.rsplit(" · ", 1)[-1] for _icon, title in told[:5]] == [
        clerk,
        clerk,
        approver,
        approver,
        clerk,
    ]
    assert clerk not in told[5][1]
    assert steps(cast, pair, "leader") == told


def test_the_history_of_a_pair_costs_one_query(
    cast: Cast, pair: MatchCandidate, django_assert_num_queries: Any
) -> None:
    for _again in range(3):
        act(cast, "same", pair, "clerk")
        act(cast, "undo", pair, "clerk")
    with acting(cast, "clerk"), django_assert_num_queries(1):
        assert len(history.told(pair)) == 7
