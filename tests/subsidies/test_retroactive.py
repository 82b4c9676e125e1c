"""Whatever changes later, what was paid and corrected is what is right today: random histories against a plain reference.

The reference is written for one child at a time, with nothing of the rules' or the preparation's code: a list of rates,
a list of benefits, the months of an entitlement.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from cases.models import Child, Payee
from staff.scope import system_scope
from subsidies.batches import services as batches
from subsidies.models import (
    BatchIssue,
    Entitlement,
    Offset,
    Payment,
    PaymentBatch,
    Rate,
    Recovery,
    RecoveryPart,
)
from subsidies.reckoning import rules
from tests.cast import COUNTY
from tests.subsidies.conftest import Office, moment

ZERO = Decimal("0.00")
FIRST = 2  # the first month of the histories, February 2026
Months = st.integers(1, 8)


def month(number: int) -> dt.date:
    return dt.date(2026, number, 1)


# --- the reference ----------------------------------------------------------------------------------------


@dataclass
class Truth:
    """What is right today, for one child: the county's rates, and months of right with placement and other benefits."""

    rates: list[tuple[str, dt.date, Decimal]]
    spans: list[tuple[dt.date, dt.date | None, str, list[tuple[dt.date, dt.date | None, Decimal]]]]

    def due(self, of: dt.date) -> Decimal:
        for start, end, placement, benefits in self.spans:
            if start <= of and (end is None or of <= end):
                standard = max(rate for rate in self.rates if rate[0] == placement and rate[1] <= of)[2]
                other = sum(
                    (
                        yuan
                        for since, until, yuan in benefits
                        if since <= of and (until is None or of <= until)
                    ),
                    ZERO,
                )
                return max(ZERO, standard - other)
        return ZERO


def truth_of(child: Child) -> Truth:
    rows = Rate.objects.filter(region_id=COUNTY).order_by("valid_from")
    rates = sorted((row.placement, row.valid_from, row.amount) for row in rows)
    spans = [
        (
            right.start_month,
            right.end_month,
            right.placement,
            [
                (row.start_month, row.end_month, row.amount)
                for row in Offset._base_manager.filter(entitlement=right)
            ],
        )
        for right in Entitlement._base_manager.filter(child=child)
    ]
    return Truth(rates, spans)


def delivered(child: Child) -> dict[dt.date, Decimal]:
    """By month: money that arrived or is on its way, less what is asked back or waived and was not due after all."""
    found: dict[dt.date, Decimal] = defaultdict(lambda: ZERO)
    for line in Payment._base_manager.filter(child=child, cancelled=False).select_related("batch"):
        waits = line.state == "held" and line.batch.state in ("prepared", "approved")
        if line.state in ("prepared", "sent", "paid") or waits:
            found[line.month] += line.amount
    for recovery in Recovery._base_manager.filter(child=child).exclude(state="dropped"):
        found[recovery.month] -= recovery.amount - recovery.due_after_all
    return found


def held(child: Child, of: dt.date) -> Decimal:
    """What the family has in its hands for a month, or will have: money that arrived or is on its way, less what it
    paid back.
    """
    lines = Payment._base_manager.filter(
        child=child, month=of, cancelled=False, state__in=("prepared", "sent", "paid")
    )
    back = RecoveryPart._base_manager.filter(recovery__child=child, recovery__month=of, kind="paid_back")
    return sum((line.amount for line in lines), ZERO) - sum((part.amount for part in back), ZERO)


# --- what may happen --------------------------------------------------------------------------------------


@dataclass
class World:
    office: Office
    children: list[Child]

    def entitlement(self, which: int) -> Entitlement:
        rights = Entitlement._base_manager.filter(child=self.children[which])
        return rights.order_by("-start_month", "-pk")[0]

    def benefit(self, which: int, since: int, yuan: int) -> None:
        """A list shows another benefit, from a month on that may be long past; or the list was wrong."""
        right = self.entitlement(which)
        Offset._base_manager.filter(entitlement=right).delete()
        if yuan:
            Offset.objects.create(
                entitlement=right, child_id=right.child_id, region_id=right.region_id, kind="dibao",
                amount=Decimal(yuan), start_month=month(since), source="list",
            )  # fmt: skip

    def raise_standard(self, since: int, yuan: int) -> None:
        """A raise is published, for months that may be paid already."""
        Rate.objects.update_or_create(
            scheme=self.office.scheme, region_id=COUNTY, placement="scattered", category="", grade="",
            valid_from=month(since), defaults={"amount": Decimal(1550 + yuan), "source": "通知"},
        )  # fmt: skip

    def end(self, which: int, last: int) -> None:
        """A death or a return is known, late or in time; or turns out to be wrong."""
        right = self.entitlement(which)
        right.end_month = month(last) if last >= right.start_month.month else None
        right.save(update_fields=["end_month"])

    def move(self, which: int, since: int) -> None:
        """The child lives elsewhere from a month on: another entitlement goes on from there."""
        right = self.entitlement(which)
        if right.start_month >= month(since) or right.end_month is not None:
            return
        Entitlement._base_manager.filter(pk=right.pk).update(
            end_month=month(since - 1), state="ended", end_reason="other"
        )
        other = "institution" if right.placement == "scattered" else "scattered"
        Entitlement.objects.create(
            child_id=right.child_id, scheme_id=right.scheme_id, region_id=right.region_id, category=right.category,
            placement=other, start_month=month(since), confirmed_at=right.confirmed_at, continues=right,
        )  # fmt: skip

    def account(self, which: int, known: bool) -> None:
        end = None if known else dt.date(2026, 1, 5)
        Payee._base_manager.filter(child=self.children[which]).update(end_date=end)

    def bank(self, which: int, good: bool) -> None:
        """The bank's answer for the child's lines, or what it takes back later."""
        lines = Payment._base_manager.filter(child=self.children[which], batch__state="released")
        if good:
            lines.filter(state="sent").update(state="paid", paid_date=dt.date(2026, 9, 1))
        else:
            lines.filter(state__in=("sent", "paid")).update(state="failed", fail_reason="account_closed")

    def pay_back(self, which: int, yuan: int, kind: str = "paid_back") -> None:
        recovery = (
            Recovery._base_manager.filter(child=self.children[which], state="open").order_by("pk").first()
        )
        if recovery is not None:
            RecoveryPart.objects.create(
                recovery=recovery, region_id=recovery.region_id, kind=kind, date=dt.date(2026, 9, 1),
                amount=min(Decimal(yuan), recovery.amount - recovery.recovered), at=moment(9, 1), document="县民9号",
            )  # fmt: skip

    def waive(self, which: int, yuan: int) -> None:
        self.pay_back(which, yuan, "waived")


Which = st.integers(0, 1)
EVENTS = st.one_of(
    st.tuples(st.just("benefit"), Which, Months, st.sampled_from([0, 0, 80, 320, 1549, 1700])),
    st.tuples(st.just("raise_standard"), Months, st.sampled_from([50, 100])),
    st.tuples(st.just("end"), Which, st.integers(0, 8)),
    st.tuples(st.just("move"), Which, st.integers(2, 8)),
    st.tuples(st.just("account"), Which, st.booleans()),
    st.tuples(st.just("bank"), Which, st.booleans()),
    st.tuples(st.just("pay_back"), Which, st.sampled_from([100, 5000])),
    st.tuples(st.just("waive"), Which, st.sampled_from([60, 5000])),
)
STEP = st.tuples(
    st.lists(EVENTS, max_size=4),
    st.sampled_from(["pay", "pay", "pay", "return", "skip", "hold", "approve", "leave"]),
)


# A history that fails is shown as it was found: to shorten it takes minutes.
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
@given(history=st.lists(STEP, min_size=3, max_size=6))
def test_what_was_paid_and_corrected_is_what_is_right_today(
    office: Office, history: list[tuple[list[tuple[Any, ...]], str]]
) -> None:
    with transaction.atomic():
        play(office, history)
        transaction.set_rollback(True)


def play(office: Office, history: list[tuple[list[tuple[Any, ...]], str]]) -> None:
    world = World(office, [office.child("own"), office.child("township")])
    for child in world.children:
        office.confirmed(child, month(FIRST))
    for number, (events, outcome) in enumerate(history, start=FIRST):
        if outcome == "skip":
            apply(world, events)
            continue
        apply(world, events)
        batch = office.prepare(month(number))
        check(world, month(number))
        settle(office, batch, outcome, number)
    for which in (0, 1):
        apply(world, [("account", which, True)])
    last = FIRST + len(history)
    batch = office.prepare(month(last))
    check(world, month(last))
    for line in office.lines(batch):
        sources = (
            line.from_central
            + line.from_provincial
            + line.from_prefecture
            + line.from_county
            + line.from_lottery
        )
        assert rules.adds_up(line.explanation["lines"])
        assert Decimal(line.explanation["lines"][-1]["amount"]) == line.amount == sources
    with system_scope(reason="test", log=False):
        for recovery in Recovery._base_manager.all():
            assert (
                sum(map(Decimal, recovery.funding.values()), ZERO) == recovery.amount - recovery.due_after_all
            )
            back = RecoveryPart._base_manager.filter(recovery=recovery, kind="paid_back")
            assert recovery.due_after_all + sum((part.amount for part in back), ZERO) <= recovery.amount
    # Nothing has changed since: the month after corrects nothing.
    office.approve(batch)
    again = office.prepare(month(last + 1))
    assert [line.kind for line in office.lines(again) if line.kind != "regular"] == []


def apply(world: World, events: list[tuple[Any, ...]]) -> None:
    with system_scope(reason="test", log=False):
        for name, *arguments in events:
            getattr(world, name)(*arguments)


def settle(office: Office, batch: PaymentBatch, outcome: str, number: int) -> None:
    if outcome == "leave":
        return
    if outcome == "return":
        with office.as_("approver") as approver:
            batches.send_back(actor=approver, at=moment(number, 20), batch=batch, reason="重算")
        return
    if outcome == "hold":
        for line in office.lines(batch):
            if line.state == "prepared":
                with office.as_("clerk") as clerk:
                    batches.hold(
                        actor=clerk, at=moment(number, 19), payment=line, reason_code="under_check", note="x"
                    )
    with office.as_("clerk"):
        batch.refresh_from_db()
    approved = office.approve(batch)
    if outcome != "approve":
        office.release(approved)


def check(world: World, before: dt.date) -> None:
    """For every child and month: paid and corrected is due today; owed to somebody without an account is not forgotten."""
    with system_scope(reason="test", log=False):
        for child in world.children:
            truth, found = truth_of(child), delivered(child)
            reachable = Payee._base_manager.filter(child=child, end_date__isnull=True).exists()
            for number in range(1, before.month):
                due, had = truth.due(month(number)), found[month(number)]
                assert had == due or (not reachable and had < due), (child.name, number, due, had)
            regular = Payment._base_manager.filter(
                child=child, month=before, kind="regular", cancelled=False, batch__month=before
            )
            assert sum((line.amount for line in regular), ZERO) == truth.due(before)
            # Nobody is paid arrears for money that the family has already.
            for line in Payment._base_manager.filter(
                child=child,
                batch__month=before,
                kind="arrears",
                cancelled=False,
                state__in=("prepared", "sent", "paid"),
            ):
                assert held(child, line.month) <= truth.due(line.month), (child.name, line.month)
            for issue in BatchIssue._base_manager.filter(batch__month=before, kind="arrears"):
                assert sum(map(Decimal, issue.detail["amounts"]), ZERO) == Decimal(issue.detail["amount"])


@pytest.mark.parametrize(
    "history",
    [
        # A raise published late, for months that are paid.
        [([], "pay"), ([], "pay"), ([("raise_standard", 2, 50)], "pay")],
        # A death reported late, which turns out to be wrong after the money was asked back.
        [([], "pay"), ([], "pay"), ([("end", 0, 2)], "pay"), ([("end", 0, 0)], "pay")],
        # A list corrected twice, with a returned batch between.
        [([], "pay"), ([("benefit", 0, 2, 320)], "return"), ([("benefit", 0, 2, 80)], "pay")],
        # Moved to an institution in a month that is paid; the bank gives the money back.
        [([], "pay"), ([], "pay"), ([("move", 1, 3)], "pay"), ([("bank", 1, False)], "pay")],
        # Two months were not prepared.
        [([], "pay"), ([], "skip"), ([], "skip"), ([], "pay")],
        # What was asked back and came in partly is due after all.
        [
            ([], "pay"),
            ([("benefit", 0, 2, 320)], "pay"),
            ([("pay_back", 0, 100), ("benefit", 0, 2, 0)], "pay"),
        ],
        # What was asked back, came in partly and was waived in part is due after all, and then not.
        [
            *[([], "pay"), ([], "pay"), ([("end", 0, 2)], "pay")],
            ([("pay_back", 0, 100), ("waive", 0, 60), ("end", 0, 0)], "return"),
            ([("benefit", 0, 3, 320)], "pay"),
            ([("end", 0, 2)], "pay"),
        ],
    ],
)
def test_named_histories(office: Office, history: list[tuple[list[tuple[Any, ...]], str]]) -> None:
    play(office, history)
