"""Transfers: who proposes, who takes, what goes along, what is refused, and that it is all or nothing."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, connections
from django.urls import reverse
from django.utils import translation
from guardian.shortcuts import assign_perm

from cases.casework import services as case_services
from cases.models import Case, Child, Transfer, VisitTask
from cases.refusals import RegisterRefused
from cases.search import find, index_children
from cases.transfers import services as transfers
from cases.transfers.rules import Distance, distance, places_after
from staff import moving
from staff.models import Parameter
from staff.scope import open_scope, system_scope
from staff.workflow import Actor, TransitionRefused, available
from tests.cast import (
    FAR_VILLAGE,
    OTHER_COUNTY,
    OTHER_VILLAGE,
    STRANGE_VILLAGE,
    TOWNSHIP,
    VILLAGE,
    Cast,
    make_child,
)

AT = dt.datetime(2026, 10, 20, 9, 40, tzinfo=ZoneInfo("Asia/Shanghai"))
DAY = dt.date(2026, 10, 15)


@pytest.fixture(autouse=True)
def _english() -> Any:
    with translation.override("en"):
        yield


def propose(
    cast: Cast, who: str = "clerk", to: int = STRANGE_VILLAGE, name: str = "own", **fields: Any
) -> Transfer:
    values: dict[str, Any] = {"reason_code": "family_moved", "effective_date": DAY, "at": AT} | fields
    with open_scope(cast.scope(who)):
        return transfers.propose_transfer(cast.children[name], to_region_id=to, **values)


def accept(cast: Cast, transfer: Transfer, who: str = "stranger") -> Transfer:
    with open_scope(cast.scope(who)):
        return transfers.accept_transfer(Transfer.objects.get(pk=transfer.pk), at=AT)


def child_of(cast: Cast, who: str, name: str = "own") -> Child | None:
    with open_scope(cast.scope(who)):
        return Child.objects.filter(pk=cast.children[name].pk).first()


# --- Rules ----------------------------------------------------------------------------------------------


def test_how_far() -> None:
    assert distance(VILLAGE, OTHER_VILLAGE) == Distance.TOWNSHIP
    assert distance(VILLAGE, FAR_VILLAGE) == Distance.COUNTY
    assert distance(VILLAGE, STRANGE_VILLAGE) == Distance.BEYOND


@pytest.mark.parametrize(
    ("reason", "household", "residence", "expected"),
    [
        ("household_moved", 1, 1, {"household_region_id": 2, "residence_region_id": 2}),
        ("household_moved", 1, 3, {"household_region_id": 2}),
        ("family_moved", 1, 1, {"residence_region_id": 2}),
        ("family_moved", 1, 2, {}),
        ("new_guardian", 1, 3, {"residence_region_id": 2}),
        ("institution", None, None, {"residence_region_id": 2}),
        ("wrong_village", 1, 3, {"household_region_id": 2}),
        ("wrong_village", 3, 3, {}),
        ("other", 1, 1, {}),
    ],
)
def test_places_by_reason(reason: str, household: Any, residence: Any, expected: dict[str, int]) -> None:
    assert places_after(reason, old=1, new=2, household=household, residence=residence) == expected


# --- Who ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("to", "may"),
    [
        (OTHER_VILLAGE, {"director", "supervisor"}),
        (FAR_VILLAGE, {"supervisor", "clerk"}),
        (STRANGE_VILLAGE, {"clerk"}),
    ],
)
def test_who_proposes(cast: Cast, to: int, may: set[str]) -> None:
    done = set()
    for who in ("director", "supervisor", "clerk", "approver", "leader"):
        try:
            transfer = propose(cast, who, to)
        except RegisterRefused:
            continue
        done.add(who)
        with open_scope(cast.scope(who)):
            transfers.withdraw_transfer(transfer, reason="x", at=AT)
    assert done == may


@pytest.mark.parametrize(
    ("proposer", "to", "may"),
    [
        ("director", OTHER_VILLAGE, {"other_director", "supervisor"}),
        ("supervisor", OTHER_VILLAGE, {"other_director"}),
        ("supervisor", FAR_VILLAGE, {"other_supervisor", "clerk"}),
        ("clerk", FAR_VILLAGE, {"other_supervisor"}),
        ("clerk", STRANGE_VILLAGE, {"stranger"}),
    ],
)
def test_who_may_accept(cast: Cast, proposer: str, to: int, may: set[str]) -> None:
    transfer = propose(cast, proposer, to)
    found = set()
    for who in cast.assignments:
        with open_scope(cast.scope(who)):
            seen = Transfer.objects.filter(pk=transfer.pk).first()
            if seen is not None and "accept" in {t.name for t in available(seen)}:
                found.add(who)
    assert found == may
    assert accept(cast, transfer, sorted(may)[0]).state == "accepted"


def test_a_neighbouring_director_may_not_accept_what_goes_elsewhere(cast: Cast) -> None:
    transfer = propose(cast, "supervisor", FAR_VILLAGE)
    with open_scope(cast.scope("other_director")):
        assert not Transfer.objects.filter(pk=transfer.pk).exists()
    with pytest.raises(TransitionRefused, match="receiving side"):
        accept(cast, transfer, "director")


# --- Refusals at the proposal ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"to": VILLAGE}, "to_region"),
        ({"to": TOWNSHIP}, "to_region"),
        ({"to": 999999999999}, "to_region"),
        ({"reason_code": "other"}, "reason"),
        ({"effective_date": dt.date(2026, 10, 21)}, "effective_date"),
        ({"effective_date": dt.date(2025, 12, 31)}, "effective_date"),
    ],
)
def test_what_is_asked_for(cast: Cast, fields: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        propose(cast, **fields)
    assert set(refused.value.message_dict) == {field}


def test_who_left_or_was_merged_stays(cast: Cast) -> None:
    own = cast.children["own"]
    with system_scope(reason="test", log=False):
        other = cast.children["neighbour"]
        Child.objects.filter(pk=own.pk).update(left_date=DAY, left_reason="9")
    with pytest.raises(RegisterRefused, match="left the register"):
        propose(cast)
    with system_scope(reason="test", log=False):
        Child.objects.filter(pk=own.pk).update(merged_into=other)
    with pytest.raises(RegisterRefused, match="merged"):
        propose(cast)


def test_one_open_transfer_a_child(cast: Cast) -> None:
    propose(cast)
    with pytest.raises(RegisterRefused, match="already proposed"):
        propose(cast, to=FAR_VILLAGE)


def test_a_shared_file_is_not_sent_by_who_only_shares_it(cast: Cast) -> None:
    assign_perm("cases.view_shared_child", cast.users["other_supervisor"], cast.children["own"])
    with pytest.raises(RegisterRefused, match="keeps the file"):
        propose(cast, "other_supervisor", FAR_VILLAGE)


# --- Acceptance -----------------------------------------------------------------------------------------


def test_the_summary_is_all_that_the_receiver_reads_before(cast: Cast) -> None:
    transfer = propose(cast)
    with open_scope(cast.scope("stranger")):
        seen = Transfer.objects.get(pk=transfer.pk)
        assert seen.summary["name"] == "林小满"
        assert seen.summary["guardian"] == "林桂芳"
        assert "500152" not in str(seen.summary)  # no identity number, no address
        assert not Child.objects.filter(pk=seen.child_id).exists()


def test_everything_goes_and_the_sender_keeps_the_row_alone(cast: Cast) -> None:
    with system_scope(reason="test", log=False):
        index_children()
        Parameter.objects.create(
            region_id=OTHER_COUNTY, key="visit_interval_days", value={"red": 5, "yellow": 9, "blue": 20, "green": 20},
            valid_from=dt.date(2026, 1, 1), source="x",
        )  # fmt: skip
        Child.objects.filter(pk=cast.children["own"].pk).update(next_visit_date=dt.date(2026, 12, 1))
    transfer = accept(cast, propose(cast))
    for who in ("director", "supervisor", "clerk", "approver", "leader"):
        assert child_of(cast, who) is None, who
        with open_scope(cast.scope(who)):
            kept = Transfer.objects.get(pk=transfer.pk)
            assert (kept.summary["name"], kept.to_region_id) == ("林小满", STRANGE_VILLAGE)
            assert kept.counts["moved"]["cases.guardian"] == 1
            assert not find("林小满").exists()
    child = child_of(cast, "stranger")
    assert child is not None
    # The receiving county's interval for yellow counts from the day it took the child.
    assert child.next_visit_date == dt.date(2026, 10, 29)
    assert child.number == cast.children["own"].number
    assert (child.household_region_id, child.residence_region_id) == (VILLAGE, STRANGE_VILLAGE)
    assert child.residence_since == DAY
    with open_scope(cast.scope("stranger")):
        assert find("林小满").exists()
        task = VisitTask.objects.get(child=child)
        assert (task.due_date, task.region_id) == (dt.date(2026, 10, 29), STRANGE_VILLAGE)


def test_an_earlier_visit_is_not_put_off(cast: Cast) -> None:
    with system_scope(reason="test", log=False):
        Child.objects.filter(pk=cast.children["own"].pk).update(next_visit_date=dt.date(2026, 10, 22))
    accept(cast, propose(cast))
    child = child_of(cast, "stranger")
    assert child is not None
    assert child.next_visit_date == dt.date(2026, 10, 22)


def test_open_work_is_owned_by_who_covers_the_child(cast: Cast) -> None:
    users = cast.users
    with system_scope(reason="test", log=False):
        for owner in ("supervisor", "clerk"):
            Case.objects.create(
                child=cast.children["own"], region_id=VILLAGE, title=owner, level="yellow", opened_by=users["supervisor"],
                opened_at=AT, owner=users[owner],
            )  # fmt: skip
    accept(cast, propose(cast, "clerk", FAR_VILLAGE), "other_supervisor")
    with open_scope(cast.scope("other_supervisor")):
        owners = dict(Case.objects.values_list("title", "owner__username"))
    assert owners == {"supervisor": "other_supervisor", "clerk": "clerk"}


def test_shares_end_where_they_are_no_longer_needed(cast: Cast) -> None:
    own = cast.children["own"]
    for who in ("other_supervisor", "other_director"):
        assign_perm("cases.view_shared_child", cast.users[who], own)
    transfer = accept(cast, propose(cast, "clerk", FAR_VILLAGE), "other_supervisor")
    assert transfer.counts["shares_ended"] == 1
    assert cast.users["other_director"].has_perm("cases.view_shared_child", own)
    assert cast.scope("other_director").shared == {own.pk}
    assert cast.scope("other_supervisor").shared == set()


def test_all_shares_end_when_the_file_leaves_the_county(cast: Cast) -> None:
    assign_perm("cases.view_shared_child", cast.users["other_director"], cast.children["own"])
    assert accept(cast, propose(cast)).counts["shares_ended"] == 1
    assert child_of(cast, "other_director") is None


def test_refused_and_withdrawn_move_nothing_and_keep_the_words(cast: Cast) -> None:
    first = propose(cast)
    with open_scope(cast.scope("stranger")):
        seen = Transfer.objects.get(pk=first.pk)
        with pytest.raises(TransitionRefused):
            transfers.refuse_transfer(seen, reason=" ", at=AT)
        with pytest.raises(TransitionRefused):
            transfers.withdraw_transfer(seen, reason="x", at=AT)
        transfers.refuse_transfer(seen, reason="住址不在本县", at=AT)
    with open_scope(cast.scope("clerk")):
        assert Transfer.objects.get(pk=first.pk).counts == {"words": "住址不在本县"}
    second = propose(cast)
    with open_scope(cast.scope("clerk")):
        transfers.withdraw_transfer(second, reason="填错", at=AT)
    with pytest.raises(TransitionRefused, match="present state"):
        accept(cast, second)
    assert child_of(cast, "director") is not None
    assert child_of(cast, "stranger") is None


def test_a_failure_in_the_middle_moves_nothing(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    transfer = propose(cast)

    def fail(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("power cut")

    monkeypatch.setattr(transfers, "_settle_in", fail)
    with pytest.raises(RuntimeError, match="power cut"):
        accept(cast, transfer)
    assert child_of(cast, "director") is not None
    with system_scope(reason="test", log=False), connection.cursor() as cursor:
        assert Transfer.objects.get(pk=transfer.pk).state == "proposed"
        for one in moving.followers():
            if one.child:
                cursor.execute(f"SELECT count(*) FROM {one.table} WHERE {one.child} = %s AND region_code = %s",
                               [cast.children["own"].pk, STRANGE_VILLAGE])  # fmt: skip
                assert cursor.fetchone()[0] == 0, one.label


def test_what_came_in_between_is_seen_at_the_acceptance(cast: Cast) -> None:
    transfer = propose(cast)
    with system_scope(reason="test", log=False):
        Child.objects.filter(pk=cast.children["own"].pk).update(left_date=DAY, left_reason="9")
    with pytest.raises(RegisterRefused, match="left the register"):
        accept(cast, transfer)
    with open_scope(cast.scope("stranger")):
        assert Transfer.objects.get(pk=transfer.pk).state == "proposed"


def test_siblings_go_one_after_the_other(cast: Cast) -> None:
    own = cast.children["own"]
    with system_scope(reason="test", log=False):
        brother = make_child(VILLAGE, "林大满")
        Child.objects.filter(pk=brother.pk).update(household=own.household)
    cast.children["brother"] = brother
    for name in ("own", "brother"):
        accept(cast, propose(cast, name=name))
    with open_scope(cast.scope("stranger")):
        homes = Child.objects.filter(pk__in=[own.pk, brother.pk]).values_list(
            "household__region_id", flat=True
        )
        assert set(homes) == {STRANGE_VILLAGE}


@pytest.mark.django_db(transaction=True)
def test_two_accept_at_once() -> None:
    from tests.cast import make_cast

    cast = make_cast()
    transfer = propose(cast, "clerk", FAR_VILLAGE)
    outcome: list[str] = []
    together = threading.Barrier(2)

    def run() -> None:
        try:
            together.wait(10)
            accept(cast, transfer, "other_supervisor")
            outcome.append("accepted")
        except TransitionRefused:
            outcome.append("refused")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcome) == ["accepted", "refused"]
    with open_scope(cast.scope("other_supervisor")):
        assert VisitTask.objects.filter(child=cast.children["own"]).count() == 1


# --- The phone ------------------------------------------------------------------------------------------


def test_a_visit_sent_after_the_move_is_kept_and_explained(cast: Cast) -> None:
    accept(cast, propose(cast))
    own = cast.children["own"]
    sent = cast.client("director").post(
        reverse("api:visit-list"), {"child": own.pk, "client_id": str(uuid4())}, HTTP_ACCEPT="application/json",
        HTTP_ACCEPT_LANGUAGE="en",
    )  # fmt: skip
    assert (sent.status_code, sent.json()["state"]) == (202, "kept")
    assert "handed to another place" in sent.json()["said"]
    assert cast.client("director").get(reverse("cases:child", args=[own.pk])).status_code == 404


def test_whoever_takes_the_file_is_named_on_its_restricted_cases_when_nobody_there_is(cast: Cast) -> None:
    own = cast.children["own"]
    with open_scope(cast.scope("supervisor")):
        case = case_services.open_case(
            actor=Actor.current(), at=AT, child=own, title="限制查阅", level="red", restricted=True
        )
    accept(cast, propose(cast))
    with open_scope(cast.scope("stranger")):
        seen = Case.objects.get(pk=case.pk)
        assert (seen.region_id, seen.owner_id) == (STRANGE_VILLAGE, cast.users["stranger"].pk)
    for member in ("supervisor", "clerk"):
        with open_scope(cast.scope(member)):
            assert not Case.objects.filter(pk=case.pk).exists(), member


def test_within_the_area_of_somebody_named_nobody_else_is_named(cast: Cast) -> None:
    own = cast.children["own"]
    with open_scope(cast.scope("supervisor")):
        case = case_services.open_case(
            actor=Actor.current(), at=AT, child=own, title="限制查阅", level="red", restricted=True
        )
    accept(cast, propose(cast, "director", OTHER_VILLAGE), "other_director")
    with open_scope(cast.scope("other_director")):
        assert not Case.objects.filter(pk=case.pk).exists()
    with open_scope(cast.scope("supervisor")):
        assert Case.objects.get(pk=case.pk).region_id == OTHER_VILLAGE
