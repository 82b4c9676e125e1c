"""A person decides pairs: one person a row, remembered for the months to come, undoable, by the clerk
alone.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.urls import reverse
from django.utils import translation

from cases.matching.discrepancies import services as discrepancies
from cases.matching.review import learned
from cases.matching.review import services as review
from cases.models import Child, Discrepancy, MatchCandidate, MatchDecision, MatchExecution, MatchRun
from staff.models import AccessLog, Region
from staff.scope import system_scope
from staff.workflow import TransitionRefused
from subsidies.models import Entitlement, Scheme
from tests.cases.matching.conftest import (
    AT,
    OWN,
    SECOND,
    Import,
    acting,
    another_child,
    csv_list,
    month_run,
    row,
)
from tests.cast import COUNTY, START, Cast

NOVEMBER = dt.date(2026, 11, 1)
# The number of the child under another name: certain for nobody.
DOUBTFUL = csv_list(row("林小曼儿", OWN, head="林桂芳", sex="女"))


def pairs(cast: Cast, **condition: Any) -> list[MatchCandidate]:
    with acting(cast, "clerk"):
        return list(
            MatchCandidate.objects.filter(**condition)
            .select_related("list_row", "child", "run")
            .order_by("pk")
        )


def decide(cast: Cast, action: str, candidate: MatchCandidate, member: str = "clerk") -> None:
    with acting(cast, member) as actor:
        review.ACTS[action](candidate=candidate, actor=actor, at=AT)


@pytest.fixture
def doubtful(cast: Cast, take: Import) -> MatchCandidate:
    take(DOUBTFUL)
    (pair,) = pairs(cast)
    assert (pair.tier, pair.state) == ("review", "pending")
    assert month_run(cast).state == "review"
    return pair


@pytest.fixture
def two(cast: Cast, take: Import) -> list[MatchCandidate]:
    """One row, two children: same name and birth date in one village, no number."""
    another_child(cast, "林小满", "", birth_date=dt.date(2017, 5, 20))
    take(csv_list(row("林小满", "", birth="2017-05-20", head="林桂芳")))
    found = pairs(cast)
    assert [p.state for p in found] == ["pending", "pending"]
    return found


def test_accepting_is_remembered_and_applied_next_month(
    cast: Cast, doubtful: MatchCandidate, take: Import
) -> None:
    decide(cast, "same", doubtful)
    assert [p.state for p in pairs(cast)] == ["accepted"]
    take(DOUBTFUL, period=NOVEMBER)
    (next_month,) = pairs(cast, run__period=NOVEMBER)
    assert (next_month.state, next_month.remembered, next_month.decided_by_id) == ("accepted", True, None)
    assert month_run(cast, NOVEMBER).state == "done"


def test_rejecting_is_remembered_too(cast: Cast, doubtful: MatchCandidate, take: Import) -> None:
    decide(cast, "other", doubtful)
    take(DOUBTFUL, period=NOVEMBER)
    (next_month,) = pairs(cast, run__period=NOVEMBER)
    assert (next_month.state, next_month.remembered) == ("rejected", True)


def test_a_remembered_no_holds_against_a_rule_that_is_certain(cast: Cast, take: Import) -> None:
    sure = csv_list(row("林小满", OWN, head="林桂芳", sex="女"))
    take(sure)
    (pair,) = pairs(cast)
    assert (pair.tier, pair.state) == ("auto", "accepted")
    decide(cast, "other", pair)
    take(sure, period=NOVEMBER)
    (next_month,) = pairs(cast, run__period=NOVEMBER)
    assert (next_month.tier, next_month.state, next_month.remembered) == ("auto", "rejected", True)


def test_changed_data_of_the_register_asks_again(cast: Cast, doubtful: MatchCandidate, take: Import) -> None:
    decide(cast, "other", doubtful)
    with acting(cast, "clerk"):
        Child.objects.filter(pk=doubtful.child_id).update(name="林小麦")
    take(DOUBTFUL, period=NOVEMBER)
    (next_month,) = pairs(cast, run__period=NOVEMBER)
    assert (next_month.state, next_month.remembered) == ("pending", False)


def test_a_rule_that_a_person_ended_leaves_its_pairs_to_a_person(cast: Cast, take: Import) -> None:
    with acting(cast, "clerk") as actor:
        learned.decide_rule(
            rule="same_number_and_name", automatic=False, reason="抽查有误", actor=actor, at=AT,
            region=Region.objects.get(code=COUNTY),
        )  # fmt: skip
    take(csv_list(row("林小满", OWN, head="林桂芳", sex="女")))
    (pair,) = pairs(cast)
    assert (pair.rule, pair.tier, pair.state) == ("same_number_and_name", "review", "pending")
    with acting(cast, "clerk"):
        rules = MatchExecution.objects.get().settings["engine"]["rules"]
    assert {rule["tier"] for rule in rules if rule["code"] == "same_number_and_name"} == {"review"}


def test_another_person_on_the_list_is_not_remembered(
    cast: Cast, doubtful: MatchCandidate, take: Import
) -> None:
    decide(cast, "same", doubtful)
    take(csv_list(row("林小麦儿", OWN, head="林桂芳")), period=NOVEMBER)
    (next_month,) = pairs(cast, run__period=NOVEMBER)
    assert (next_month.state, next_month.remembered) == ("pending", False)


def test_a_remembered_decision_can_be_undone(cast: Cast, doubtful: MatchCandidate, take: Import) -> None:
    decide(cast, "same", doubtful)
    take(DOUBTFUL, period=NOVEMBER)
    (next_month,) = pairs(cast, run__period=NOVEMBER)
    page = cast.client("clerk").post(
        reverse("cases:candidate_decide", args=[next_month.pk]), {"action": "undo"}
    )
    assert page.status_code == 302
    (next_month,) = pairs(cast, run__period=NOVEMBER)
    assert (next_month.state, next_month.remembered) == ("pending", False)
    assert month_run(cast, NOVEMBER).state == "review"
    with acting(cast, "clerk"):
        assert not MatchDecision.objects.exists()
    take(DOUBTFUL, period=dt.date(2026, 12, 1))
    assert pairs(cast, run__period=dt.date(2026, 12, 1))[0].state == "pending"


def test_choosing_one_rejects_the_others(cast: Cast, two: list[MatchCandidate]) -> None:
    decide(cast, "same", two[1])
    assert [p.state for p in pairs(cast)] == ["rejected", "accepted"]
    with acting(cast, "clerk"):
        assert sorted(MatchDecision.objects.values_list("child_id", "same")) == sorted(
            [(two[0].child_id, False), (two[1].child_id, True)]
        )
    decide(cast, "same", two[0])
    assert [p.state for p in pairs(cast)] == ["accepted", "rejected"]


def test_rejecting_one_leaves_the_other_and_none_rejects_both(cast: Cast, two: list[MatchCandidate]) -> None:
    decide(cast, "other", two[0])
    assert [p.state for p in pairs(cast)] == ["rejected", "pending"]
    decide(cast, "none", two[1])
    assert [p.state for p in pairs(cast)] == ["rejected", "rejected"]
    decide(cast, "undo", two[1])
    assert [p.state for p in pairs(cast)] == ["pending", "pending"]


def test_matching_again_keeps_what_was_decided(
    cast: Cast, doubtful: MatchCandidate, django_capture_on_commit_callbacks: Any
) -> None:
    decide(cast, "other", doubtful)
    with django_capture_on_commit_callbacks(execute=True):
        cast.client("clerk").post(reverse("cases:run_start", args=[doubtful.run_id]))
    (pair,) = pairs(cast)
    assert (pair.pk, pair.state, pair.decided_by_id) == (doubtful.pk, "rejected", cast.users["clerk"].pk)


@pytest.mark.parametrize("member", ["approver", "leader", "supervisor"])
def test_only_the_clerk_decides(cast: Cast, doubtful: MatchCandidate, member: str) -> None:
    with pytest.raises(TransitionRefused):
        decide(cast, "same", doubtful, member)
    answer = cast.client(member).post(
        reverse("cases:candidate_decide", args=[doubtful.pk]), {"action": "same"}
    )
    # The approver comes to the page as the second person, and is refused there.
    assert answer.status_code in ((302,) if member == "approver" else (403, 404))
    assert pairs(cast)[0].state == "pending"


def test_the_last_decision_answers_at_once_and_a_worker_closes_the_run(
    cast: Cast, doubtful: MatchCandidate, django_capture_on_commit_callbacks: Any, monkeypatch: Any
) -> None:
    client, address = cast.client("clerk"), reverse("cases:run", args=[doubtful.run_id])
    looked: list[int] = []
    find = discrepancies.find_discrepancies
    monkeypatch.setattr(
        discrepancies, "find_discrepancies", lambda run, *, at: looked.append(run.pk) or find(run, at=at)
    )
    decide = reverse("cases:candidate_decide", args=[doubtful.pk])
    with django_capture_on_commit_callbacks() as to_do:
        answer = client.post(decide, {"action": "same"})
        assert answer["Location"] == address
        with translation.override("en"):
            page = client.get(address, headers={"accept-language": "en"})
            assert page.context["closing"].state == "queued"
            progress = client.get(reverse("cases:run_progress", args=[doubtful.run_id]))
            assert progress.status_code == 200
        with acting(cast, "clerk"):
            assert MatchRun.objects.get().state == "review"
        assert not looked, "frames are loaded in the request of a person"
    for work in to_do:
        work()
    assert looked == [doubtful.run_id]
    with acting(cast, "clerk"):
        assert MatchRun.objects.get().state == "done"
        assert MatchRun.objects.get().discrepancies.filter(kind="different").count() == 1
    assert client.get(address).context["closing"] is None
    progress = client.get(reverse("cases:run_progress", args=[doubtful.run_id]))
    assert (progress.status_code, progress["HX-Refresh"]) == (204, "true")


def test_what_is_taken_back_before_the_worker_comes_waits_again(
    cast: Cast, doubtful: MatchCandidate, django_capture_on_commit_callbacks: Any
) -> None:
    decide = reverse("cases:candidate_decide", args=[doubtful.pk])
    with django_capture_on_commit_callbacks() as to_do:
        cast.client("clerk").post(decide, {"action": "same"})
        cast.client("clerk").post(decide, {"action": "undo"})
    assert len(to_do) == 1
    for _twice in range(2):
        to_do[0]()
        with acting(cast, "clerk"):
            assert MatchRun.objects.get().state == "review"
            assert not MatchRun.objects.get().discrepancies.exists()
    with django_capture_on_commit_callbacks(execute=True):
        cast.client("clerk").post(decide, {"action": "same"})
    with acting(cast, "clerk"):
        assert MatchRun.objects.get().state == "done"
        assert MatchRun.objects.get().discrepancies.filter(kind="different").count() == 1


def test_the_page_compares_marks_and_masks(cast: Cast, take: Import) -> None:
    another_child(cast)
    wrong = SECOND[:-2] + SECOND[-1] + SECOND[-2]
    take(csv_list(row("苏谷宇涵", wrong, head="林桂芳", birth="2016-04-20", sex="女")))
    run = month_run(cast)
    page = cast.client("clerk").get(reverse("cases:candidates", args=[run.pk]))
    text = page.content.decode()
    assert page.status_code == 200
    assert 'class="cw-ch"' in text
    assert wrong not in text
    assert SECOND not in text
    for letter in ("Y", "N"):
        assert f'data-key="{letter}"' in text
    assert "data-keys" in text


def test_the_full_number_needs_a_reason_and_is_logged(cast: Cast, doubtful: MatchCandidate) -> None:
    address = reverse("staff:reveal", args=["list-row-identity", doubtful.list_row_id])
    client = cast.client("clerk")
    assert OWN not in client.get(address).content.decode()
    assert OWN not in client.post(address, {"reason": ""}).content.decode()
    assert OWN in client.post(address, {"reason_code": "verify"}).content.decode()
    with system_scope(reason="test", log=False):
        line = AccessLog.objects.get(kind="reveal")
    assert (line.subject, line.subject_id) == ("list-row-identity", str(doubtful.list_row_id))
    assert cast.client("stranger").get(address).status_code == 404


# --- Remembered by one, paid since ------------------------------------------------------------------------


def pay(cast: Cast) -> None:
    with system_scope(reason="test", log=False):
        scheme, _new = Scheme.objects.get_or_create(code="basic_living", defaults={"clause": "x"})
        own = cast.children["own"]
        Entitlement.objects.create(
            child=own, scheme=scheme, region_id=own.region_id, category="de_facto_unattended",
            placement="scattered", start_month=START, confirmed_at=AT,
        )  # fmt: skip


def paid_by(cast: Cast, take: Import, source: bytes, action: str) -> MatchCandidate:
    """October decided by the clerk alone, the child paid since; November's pair."""
    take(source)
    decide(cast, action, pairs(cast)[0])
    pay(cast)
    take(source, period=NOVEMBER)
    (next_month,) = pairs(cast, run__period=NOVEMBER)
    return next_month


@pytest.mark.parametrize(("action", "same"), [("same", True), ("other", False)])
def test_what_one_decided_is_a_proposal_where_money_follows_now(
    cast: Cast, take: Import, action: str, same: bool
) -> None:
    pair = paid_by(cast, take, DOUBTFUL, action)
    clerk = cast.users["clerk"].pk
    assert (pair.state, pair.remembered, pair.proposed_same, pair.proposed_by_id, pair.proposed_at) == (
        "proposed", False, same, clerk, AT,
    )  # fmt: skip
    with acting(cast, "clerk"):
        assert not Discrepancy.objects.filter(run=pair.run, child=pair.child).exists()
    assert month_run(cast, NOVEMBER).state == "review"
    with pytest.raises(TransitionRefused):
        decide(cast, "agree", pair)
    decide(cast, "agree", pair, "approver")
    december = dt.date(2026, 12, 1)
    take(DOUBTFUL, period=december)
    (later,) = pairs(cast, run__period=december)
    assert (later.state, later.remembered) == ("accepted" if same else "rejected", True)
    with pytest.raises(TransitionRefused):
        decide(cast, "undo", later)
    decide(cast, "undo", later, "approver")
    (later,) = pairs(cast, run__period=december)
    assert (later.state, later.proposed_same, later.proposed_by_id) == ("proposed", same, clerk)


def test_a_certain_pair_that_one_found_right_stays_certain(cast: Cast, take: Import) -> None:
    pair = paid_by(cast, take, csv_list(row("林小满", OWN, head="林桂芳", sex="女")), "same")
    assert (pair.tier, pair.state, pair.remembered) == ("auto", "accepted", True)


def test_set_aside_is_remembered_no_longer(cast: Cast, doubtful: MatchCandidate, take: Import) -> None:
    decide(cast, "same", doubtful)
    decide(cast, "unsure", doubtful)
    with acting(cast, "clerk"):
        assert not MatchDecision.objects.exists()
    take(DOUBTFUL, period=NOVEMBER)
    assert pairs(cast, run__period=NOVEMBER)[0].state == "pending"


def test_a_spot_check_in_a_finished_run_takes_what_followed_with_it(
    cast: Cast, take: Import, django_capture_on_commit_callbacks: Any
) -> None:
    take(csv_list(row("林小满", OWN, head="林桂芳", sex="女", village="井田社区居民委员会")))
    (pair,) = pairs(cast)
    run, client = month_run(cast), cast.client("clerk")
    assert (run.state, pair.state) == ("done", "accepted")

    def kinds() -> list[str]:
        with acting(cast, "clerk"):
            return list(Discrepancy.objects.order_by("pk").values_list("kind", flat=True))

    def press(action: str) -> None:
        address = reverse("cases:candidate_decide", args=[pair.pk])
        with django_capture_on_commit_callbacks(execute=True):
            client.post(address, {"action": action, "queue": "spot"})

    assert "different" in kinds()
    press("other")
    assert "different" not in kinds()
    assert month_run(cast).state == "done"
    press("undo")
    assert "different" in kinds()
    assert month_run(cast).state == "done"
