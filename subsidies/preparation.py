"""Working out a batch: who is due what this month, what earlier months still owe, and what an approver
must be told.

Reads everything in a fixed number of queries, decides with the pure rules, writes nothing. One county, one
scheme, one month.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from cases import identity
from cases.ages import add_months
from cases.enums import Placement, PrimaryCategory, Relation
from cases.models import Discrepancy, Guardian, Payee
from staff import parameters
from staff.workflow import TransitionRefused
from subsidies import rules
from subsidies.enums import (
    AmountLine,
    BatchState,
    Clause,
    FailReason,
    HoldReason,
    IssueKind,
    LastMonthRule,
    PaymentKind,
    PaymentState,
)
from subsidies.models import BatchIssue, Entitlement, Offset, Payment, PaymentBatch
from subsidies.months import is_payable, last_month, months_between
from subsidies.standards import Due, Standards

# A refusal for one of these reasons comes again while the account stays the same.
ACCOUNT_FAULTS = frozenset(FailReason) - {FailReason.BANK_SYSTEM, FailReason.OTHER}
ON_ITS_WAY = frozenset({PaymentState.PREPARED, PaymentState.SENT, PaymentState.PAID})
Report = Callable[[int, int], None]


class BatchRefused(TransitionRefused):
    """The batch cannot be worked out or changed; the message names the remedy."""


@dataclass(slots=True)
class Past:
    """What was written for one entitlement and month: money that reached the child or is on its way, and
    the last arrears.
    """

    delivered: Decimal = rules.ZERO
    sequence: int = 0


@dataclass(slots=True)
class Prepared:
    """Lines (not saved, without batch and number) in order, and what is noted about them by entitlement."""

    payments: list[Payment] = field(default_factory=list)
    issues: list[BatchIssue] = field(default_factory=list)


def explanation_of(due: Due, delivered: Decimal | None = None) -> dict[str, Any]:
    """What a payment stores about its amount. With ``delivered`` the amount is what is still owed of
    ``due``.
    """
    lines = rules.explain(due.amount)
    clause = due.amount.clause.value
    extra: dict[str, Any] = {}
    if delivered is not None:
        owed = due.amount.total - delivered
        clause = Clause.ARREARS.value
        lines[-1:] = [
            {
                "label": AmountLine.DELIVERED.value,
                "amount": str(rules.ZERO - delivered),
                "clause": clause,
                "source": "",
            },
            {"label": AmountLine.TOTAL.value, "amount": str(owed), "clause": clause, "source": ""},
        ]
        extra = {"due": str(due.amount.total), "delivered": str(delivered)}
    return {
        "lines": lines,
        "clause": clause,
        "conflicts": [kind.value for kind in due.amount.conflicts],
        "rate": {
            "id": due.rate.pk,
            "region": due.rate.region_id,
            "amount": str(due.rate.amount),
            "placement": due.rate.placement,
            "category": due.rate.category,
            "valid_from": due.rate.valid_from.isoformat(),
            "source": due.rate.source,
        },
        "offsets": [
            {
                "kind": row.kind,
                "amount": str(row.amount),
                "source": row.source,
                "from": row.start_month.isoformat(),
                "discrepancy_id": row.discrepancy_id,
            }
            for row in due.offsets
        ],
        **extra,
    }


class Preparation:
    """One batch being worked out. ``entitlements`` are locked by the caller."""

    def __init__(
        self, entitlements: list[Entitlement], standards: Standards, month: dt.date, day: dt.date
    ) -> None:
        self.entitlements = entitlements
        self.standards = standards
        self.month = month
        self.day = day
        self.age_rule = LastMonthRule(parameters.value(standards.county_id, "last_month_rule", month))
        ids = [row.pk for row in entitlements]
        children = {row.child_id for row in entitlements}
        self.offsets: dict[int, list[Offset]] = defaultdict(list)
        for offset in Offset.objects.filter(entitlement_id__in=ids).order_by("start_month", "pk"):
            self.offsets[offset.entitlement_id].append(offset)
        self.payees = self._payees(children)
        self.guardians: dict[int, set[str]] = defaultdict(set)
        guardians = Guardian.objects.filter(child_id__in=children).filter(
            Q(end_date__isnull=True) | Q(end_date__gte=day)
        )
        for child_id, name in guardians.values_list("child_id", "name"):
            self.guardians[child_id].add(name)
        self.past: dict[int, dict[dt.date, Past]] = defaultdict(lambda: defaultdict(Past))
        self.refused: dict[int, set[bytes]] = defaultdict(set)
        self._read_past(ids)
        self.doubts: dict[int, list[int]] = defaultdict(list)
        doubts = Discrepancy.objects.filter(child_id__in=children, state=Discrepancy.State.TO_CHECK)
        for pk, child_id in doubts.values_list("pk", "child_id"):
            self.doubts[child_id].append(pk)
        first = (
            PaymentBatch.objects.filter(region_id=standards.county_id, scheme=standards.scheme)
            .exclude(state=BatchState.RETURNED)
            .order_by("month")
            .values_list("month", flat=True)
            .first()
        )
        # What an earlier system paid is not on record here, so nothing is owed before the first batch.
        self.first_batch_month = min(first or month, month)

    def _payees(self, children: set[int]) -> dict[int, Payee]:
        rows = (
            Payee.objects.filter(child_id__in=children, start_date__lte=self.day)
            .filter(Q(end_date__isnull=True) | Q(end_date__gte=self.day))
            .order_by("start_date", "pk")
        )
        return {row.child_id: row for row in rows}

    def _read_past(self, ids: list[int]) -> None:
        rows = Payment.objects.filter(entitlement_id__in=ids, cancelled=False).values_list(
            "entitlement_id",
            "month",
            "state",
            "amount",
            "sequence",
            "batch__state",
            "fail_reason",
            "account_digest",
        )
        released = (BatchState.RELEASED, BatchState.RECONCILED)
        for pk, month, state, amount, sequence, batch_state, fault, digest in rows.iterator(chunk_size=5000):
            past = self.past[pk][month]
            past.sequence = max(past.sequence, sequence)
            # A line held back may still be let go until its batch is released; afterwards the money is owed.
            if state in ON_ITS_WAY or (state == PaymentState.HELD and batch_state not in released):
                past.delivered += amount
            elif state == PaymentState.FAILED and fault in ACCOUNT_FAULTS and digest:
                self.refused[pk].add(bytes(digest))

    def run(self, report: Report | None = None) -> Prepared:
        """Work out every line. Raises BatchRefused when a standard is missing or not unique."""
        prepared = Prepared()
        for done, entitlement in enumerate(self.entitlements):
            if report is not None and done % 100 == 0:
                report(done, len(self.entitlements))
            self._one(entitlement, prepared)
        self._shared_accounts(prepared)
        return prepared

    def _one(self, entitlement: Entitlement, prepared: Prepared) -> None:
        lines: list[Payment] = []
        if is_payable(self.month, entitlement.start_month, self._last(entitlement)):
            lines.append(self._regular(entitlement))
        owed, overpaid = self._corrections(entitlement)
        payee = self.payees.get(entitlement.child_id)
        reachable = payee is not None and bool(payee.account)
        if reachable:
            lines += owed
        to_pay = [line for line in lines if line.amount]
        issues: dict[str, dict[str, Any]] = {}
        if not reachable and (to_pay or owed):
            issues[IssueKind.PAYEE_MISSING] = {"owed": str(sum((line.amount for line in owed), rules.ZERO))}
            for line in to_pay:
                line.state, line.hold_reason = PaymentState.HELD, HoldReason.ACCOUNT_MISSING
        if to_pay and payee is not None and reachable:
            issues |= self._account_issues(entitlement, payee)
        if to_pay and entitlement.child.left_date is not None:
            issues[IssueKind.CHILD_LEFT] = {
                "date": entitlement.child.left_date.isoformat(),
                "reason": entitlement.child.left_reason,
            }
        if to_pay and (doubts := self.doubts.get(entitlement.child_id)):
            issues[IssueKind.OPEN_DISCREPANCY] = {"discrepancies": sorted(doubts)}
        if overpaid:
            total = sum(overpaid.values(), rules.ZERO)
            issues[IssueKind.OVERPAID] = {
                "months": [f"{month:%Y-%m}" for month in sorted(overpaid)],
                "amount": str(total),
            }
        prepared.payments += lines
        prepared.issues += [
            BatchIssue(
                entitlement=entitlement,
                payment=to_pay[0] if to_pay else lines[0] if lines else None,
                kind=kind,
                child_name=entitlement.child.name,
                detail=detail,
            )
            for kind, detail in issues.items()
        ]

    def _last(self, entitlement: Entitlement) -> dt.date:
        """The last month that can be paid: its own, else that of the 18th birthday (one taken over may
        have none).
        """
        return entitlement.end_month or last_month(entitlement.child.birth_date, self.age_rule)

    def _due(self, entitlement: Entitlement, month: dt.date) -> Due:
        try:
            return self.standards.due(
                month, entitlement.category, entitlement.placement, self.offsets.get(entitlement.pk, ())
            )
        except rules.NoRateError as error:
            raise BatchRefused(
                _(
                    "No standard is in force for %(category)s, %(placement)s, %(month)s. "
                    "Enter it, then prepare again."
                )
                % _words(entitlement, month)
            ) from error
        except rules.AmbiguousRateError as error:
            raise BatchRefused(
                _(
                    "Two standards apply to %(category)s, %(placement)s, %(month)s. "
                    "Correct the table of standards."
                )
                % _words(entitlement, month)
            ) from error

    def _regular(self, entitlement: Entitlement) -> Payment:
        due = self._due(entitlement, self.month)
        line = self._line(entitlement, self.month, due, due.amount.total)
        line.explanation = explanation_of(due)
        if not line.amount:
            line.state = PaymentState.NOTHING
        return line

    def _corrections(self, entitlement: Entitlement) -> tuple[list[Payment], dict[dt.date, Decimal]]:
        """Arrears lines of the months before, and months that were paid too much."""
        past = self.past.get(entitlement.pk, {})
        first = entitlement.start_month
        if entitlement.application_id is None:
            first = max(first, self.first_batch_month)
        last = min(add_months(self.month, -1), self._last(entitlement))
        dues = {month: self._due(entitlement, month) for month in months_between(first, last)}
        due = {month: found.amount.total for month, found in dues.items()}
        delivered = {month: row.delivered for month, row in past.items() if month < self.month}
        lines: list[Payment] = []
        overpaid: dict[dt.date, Decimal] = {}
        for correction in rules.corrections(due, delivered):
            month = correction.month
            if correction.amount < 0:
                overpaid[month] = -correction.amount
                continue
            line = self._line(entitlement, month, dues[month], correction.amount)
            line.kind = PaymentKind.ARREARS
            line.sequence = (past[month].sequence if month in past else 0) + 1
            line.explanation = explanation_of(dues[month], delivered.get(month, rules.ZERO))
            lines.append(line)
        return lines, overpaid

    def _line(self, entitlement: Entitlement, month: dt.date, due: Due, amount: Decimal) -> Payment:
        child = entitlement.child
        payee = self.payees.get(entitlement.child_id)
        return Payment(
            entitlement=entitlement,
            child_id=entitlement.child_id,
            region_id=child.region_id,
            scheme_id=entitlement.scheme_id,
            month=month,
            standard=due.rate.amount,
            amount=amount,
            child_name=child.name,
            identity_mask=identity.mask(child.id_number) if child.id_number else "",
            category=entitlement.category,
            placement=entitlement.placement,
            payee_name=payee.name if payee else "",
            payee_relation=payee.relation if payee else "",
            bank_name=payee.bank_name if payee else "",
            account=payee.account if payee else "",
            account_digest=payee.account_digest if payee and payee.account else None,
        )

    def _account_issues(self, entitlement: Entitlement, payee: Payee) -> dict[str, dict[str, Any]]:
        child = entitlement.child
        issues: dict[str, dict[str, Any]] = {}
        known = {child.name, *self.guardians.get(child.pk, ())}
        if payee.relation != Relation.INSTITUTION and payee.name not in known:
            issues[IssueKind.HOLDER_NOT_PAYEE] = {"holder": payee.name, "relation": payee.relation}
        if payee.account_digest and bytes(payee.account_digest) in self.refused.get(entitlement.pk, ()):
            issues[IssueKind.ACCOUNT_REFUSED] = {"tail": payee.account[-4:]}
        return issues

    def _shared_accounts(self, prepared: Prepared) -> None:
        """One account for children of different households; an institution's account is meant to be
        shared.
        """
        by_account: dict[bytes, dict[int, Payment]] = defaultdict(dict)
        for line in prepared.payments:
            if line.amount and line.account_digest and line.payee_relation != Relation.INSTITUTION:
                by_account[bytes(line.account_digest)].setdefault(line.child_id, line)
        for lines in by_account.values():
            households = {line.entitlement.child.household_id or -line.child_id for line in lines.values()}
            if len(households) < 2:
                continue
            names = sorted(line.child_name for line in lines.values())
            prepared.issues += [
                BatchIssue(
                    entitlement=line.entitlement,
                    payment=line,
                    kind=IssueKind.SHARED_ACCOUNT,
                    child_name=line.child_name,
                    detail={"children": names[:10], "count": len(names), "tail": line.account[-4:]},
                )
                for line in lines.values()
            ]


def _words(entitlement: Entitlement, month: dt.date) -> dict[str, Any]:
    return {
        "category": PrimaryCategory(entitlement.category).label,
        "placement": Placement(entitlement.placement).label,
        "month": f"{month:%Y-%m}",
    }
