"""Two monthly cycles of re-checks, proofs of schooling, and money asked back in the demo county."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from cases.ages import add_months
from cases.enums import PrimaryCategory
from cases.models import Child
from childwelfare.demo.acting import Office
from childwelfare.demo.posts import COUNTY
from subsidies.entitlements import services as entitlements
from subsidies.ledger.enums import RecoveryState, ReviewKind, ReviewOutcome, Source
from subsidies.models import Entitlement, EntitlementReview, Payment, PaymentBatch, Recovery
from subsidies.reckoning.months import month_of
from subsidies.recovery import instalments
from subsidies.reviews import school_proofs
from subsidies.reviews import services as reviews
from subsidies.reviews.cycles import term_of

SENIOR = ("senior", "vocational", "technical", "higher")


def load_reviews(office: Office, batch: PaymentBatch, *, today: dt.date) -> None:
    """Everything of this module; ``batch``: last month's, released and reconciled."""
    _recoveries(office, batch, today)
    _proofs(office, today)
    _cycles(office, today)


def _cycles(office: Office, today: dt.date) -> None:
    """Last month's re-checks are done but a few; since then some files have changed."""
    month = add_months(month_of(today), -1)
    reviews.open_cycles(COUNTY, at=office.at(month, 1))
    rows = EntitlementReview.objects.filter(kind=ReviewKind.RECHECK, outcome=ReviewOutcome.OPEN).order_by(
        "pk"
    )
    late = {pk for number, pk in enumerate(rows.values_list("pk", flat=True)) if number % 23 == 5}
    for township in sorted({code // 1000 * 1000 for code in rows.values_list("region_id", flat=True)}):
        holder = office.field[township, "supervisor"]
        here = EntitlementReview.objects.filter(
            kind=ReviewKind.RECHECK, outcome=ReviewOutcome.OPEN, region_id__gte=township, region_id__lte=township + 999
        )  # fmt: skip
        here.exclude(pk__in=late).update(
            outcome=ReviewOutcome.CHANGED, changes=[], note="首次复核，已入户核实。", done_by=holder.user_id,
            done_at=office.at(month + dt.timedelta(days=11), 15),
        )  # fmt: skip
    entitled = Entitlement.objects.filter(state="active").order_by("pk").values_list("child_id", flat=True)
    moved = [child for number, child in enumerate(entitled) if number % 17 == 3]
    Child.objects.filter(pk__in=moved, school_stage__in=("primary", "junior")).update(
        school_name="潼南实验学校"
    )
    reviews.open_cycles(COUNTY, at=office.at(min(today, month_of(today) + dt.timedelta(days=1)), 1))


def _proofs(office: Office, today: dt.date) -> None:
    """A few students have shown this term that they study."""
    entitled = Entitlement.objects.filter(state="active").values("child_id")
    students = Child.objects.filter(pk__in=entitled, school_stage__in=SENIOR).order_by("birth_date", "pk")
    for child in students[:12:2]:
        with office.director_of(child.region_id):
            school_proofs.add_proof(
                actor=office.actor(), at=office.at(today - dt.timedelta(days=20), 16), child=child, term=term_of(today),
                school=child.school_name or "潼南中学", stage=child.school_stage, seen="区教育局学籍信息",
            )  # fmt: skip


def _recoveries(office: Office, batch: PaymentBatch, today: dt.date) -> None:
    """Two months that were paid too much: a benefit told late, paid back in instalments, and a right that had ended."""
    paid = Payment.objects.filter(batch=batch, state="paid", entitlement__state="active", amount__gt=1000)
    plain = (
        paid.filter(entitlement__offsets__isnull=True)
        .select_related("entitlement", "scheme")
        .order_by("line")
    )
    # From an orphan nothing is taken off, so the benefit told late is another child's.
    first = plain.filter(category=PrimaryCategory.DE_FACTO_UNATTENDED)[0]
    second = plain.exclude(pk=first.pk)[40]
    at = office.at(today - dt.timedelta(days=15), 10)
    with office.acting("zhaoqinghe"):
        entitlements.add_offset(
            actor=office.actor(), at=at, entitlement=first.entitlement, kind="dibao", amount=Decimal("320.00"),
            start_month=first.month, source="低保名单核对：上月新纳入",
        )  # fmt: skip
        entitlements.propose_end(
            actor=office.actor(), at=at, entitlement=second.entitlement, reason_code="parent_found", reason="母亲已返家抚养。",
            last_month=add_months(second.month, -1),
        )  # fmt: skip
    with office.acting("qianzhixing"):
        entitlements.end(
            actor=office.actor(), at=at, entitlement=second.entitlement, reason_code="parent_found", reason="属实。",
            last_month=add_months(second.month, -1),
        )  # fmt: skip
    told = _asked_back(office, first, Decimal("320.00"), "offsets", at)
    _asked_back(office, second, second.amount, "ended", at)
    with office.acting("zhaoqinghe"):
        clerk = office.actor()
        due = today - dt.timedelta(days=10)
        instalments.agree_plan(
            actor=clerk,
            at=at,
            recovery=told,
            instalments=4,
            first_due_date=due,
            note="与祖母商定，每月退回 80 元。",
        )
        instalments.pay_back(
            actor=clerk, at=office.at(today - dt.timedelta(days=3), 11), recovery=told, amount=Decimal("50.00"),
            date=today - dt.timedelta(days=3), document="收据 2026-017",
        )  # fmt: skip


def _asked_back(office: Office, line: Payment, amount: Decimal, reason: str, at: dt.datetime) -> Recovery:
    paid = {source: getattr(line, f"from_{source}") for source in Source.values}
    shares = instalments.split(amount, {source: yuan for source, yuan in paid.items() if yuan})
    right = line.amount - amount
    lines = [*line.explanation["lines"][:-1]] if right else []
    if lines:
        lines += [
            {"label": "offset_dibao", "amount": str(-amount), "clause": "top_up", "source": "低保名单核对"},
            {"label": "total", "amount": str(right), "clause": "top_up", "source": ""},
        ]
    told = {
        "due": str(right),
        "delivered": str(line.amount),
        "reason": reason,
        "lines": lines,
        "clause": "top_up",
    }
    return Recovery.objects.create(
        entitlement_id=line.entitlement_id, child_id=line.child_id, region_id=line.region_id, scheme_id=line.scheme_id,
        month=line.month, amount=amount, child_name=line.child_name, state=RecoveryState.OPEN,
        funding={source: str(yuan) for source, yuan in shares.items()}, decided_by=office.user("qianzhixing"), decided_at=at,
        explanation=line.explanation | told,
    )  # fmt: skip
