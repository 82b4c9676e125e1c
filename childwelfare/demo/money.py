"""Rates, entitlements and last month's paid batch of the demo county."""

from __future__ import annotations

import datetime as dt
import random
from decimal import Decimal
from itertools import islice

from django.utils import timezone

from cases.eligibility.table import Answer
from cases.models import Child
from childwelfare.demo.acting import Office
from staff.models import Region
from staff.sign_in import Proof
from subsidies.applications.decisions import decision_for
from subsidies.bank import files as bank_files
from subsidies.bank import results as bank_results
from subsidies.batches import services as batches
from subsidies.enums import EndReason
from subsidies.models import Entitlement, Offset, Payment, PaymentBatch, Rate, Scheme
from subsidies.terms.ruling import install_schemes

COUNTY = 500152000000
SOURCE = "演示标准，非真实文件"


def load_rates() -> Scheme:
    """The basic living allowance with two generations of invented rates."""
    install_schemes()
    scheme = Scheme.objects.get(code="basic_living")
    for placement, first, second in (
        ("scattered", "1480.00", "1550.00"),
        ("institution", "1780.00", "1900.00"),
    ):
        for day, amount in ((dt.date(2024, 1, 1), first), (dt.date(2026, 1, 1), second)):
            Rate.objects.create(
                scheme=scheme,
                region_id=COUNTY,
                placement=placement,
                amount=Decimal(amount),
                valid_from=day,
                source=SOURCE,
            )
    return scheme


def children_without_application(village: int, *, today: dt.date, count: int = 2) -> list[Child]:
    """The first children of a village that the eligibility table covers: left to whoever tries an application."""
    children = Child.objects.filter(region_id=village, primary_category="de_facto_unattended").order_by("pk")
    covered = (child for child in children if decision_for(child, today)["answer"] == Answer.ELIGIBLE)
    return list(islice(covered, count))


def load_entitlements(
    scheme: Scheme, office: Office, *, today: dt.date, without: list[Child], held_back: int = 12
) -> None:
    """Most orphans and unattended children have been entitled for long; the last ``held_back`` are left for applications."""
    rng = random.Random(62)
    children = list(
        Child.objects.filter(primary_category__in=["orphan", "de_facto_unattended"])
        .exclude(pk__in=[child.pk for child in without])
        .order_by("pk")
        .select_related("region")
    )
    month = today.replace(day=1)
    rows = []
    for number, child in enumerate(children[:-held_back]):
        # A few begin this month or last, and a few have ended, so that the months differ.
        months = {7: 0, 19: 1}.get(number % 40, rng.randrange(3, 20))
        start = _shift(month, -months)
        ended = {11: 1, 31: 2}.get(number % 60)
        rows.append(
            Entitlement(
                child=child, scheme=scheme, region_id=child.region_id, category=child.primary_category, placement=child.placement,
                start_month=start, confirmed_by=office.user("qianzhixing"), confirmed_at=office.at(start, 10),
                state="ended" if ended else "active", end_month=_shift(month, -ended) if ended else None,
                end_reason=EndReason.PARENT_FOUND if ended else "",
            )
        )  # fmt: skip
    Entitlement.objects.bulk_create(rows)
    Offset.objects.bulk_create(
        Offset(
            entitlement=row, child_id=row.child_id, region_id=row.region_id, kind="dibao",
            amount=Decimal(rng.choice(("280.00", "300.00", "320.00"))), start_month=row.start_month, source="上年度低保名单核对",
        )
        for row in rows[::5]
        if row.category == "de_facto_unattended"
    )  # fmt: skip


def load_last_month(scheme: Scheme, office: Office, *, today: dt.date) -> PaymentBatch:
    """Last month's batch, prepared, approved, released and reconciled, with two failed lines."""
    month = _shift(today.replace(day=1), -1)
    county = Region.objects.get(code=COUNTY)
    with office.acting("zhaoqinghe"):
        batch = batches.prepare_batch(
            actor=office.actor(),
            at=office.at(month.replace(day=19), 16),
            region=county,
            scheme=scheme,
            month=month,
        )
        for issue in batch.issues.all():
            batches.note_issue(
                actor=office.actor(),
                at=office.at(month.replace(day=19), 17),
                issue=issue,
                note="已向镇街核实，照发。",
            )
    with office.acting("qianzhixing"):
        batches.approve(actor=office.actor(), at=office.at(month.replace(day=20), 10), batch=batch)
    with office.acting("sunmingyuan"):
        released = office.at(month.replace(day=21), 9)
        proof = Proof(office.actor().user_id, "password", released)
        batches.release(actor=office.actor(), at=released, batch=batch, proof=proof)
        bank_files.write_files(batch, released)
    with office.acting("zhaoqinghe"):
        bank_results.import_result(
            actor=office.actor(),
            at=office.at(month.replace(day=24), 9),
            batch=batch,
            name="银行回盘.csv",
            data=bank_answer(batch, fail=2),
        )
    batch.refresh_from_db()
    return batch


def bank_answer(batch: PaymentBatch, *, fail: int = 0) -> bytes:
    """What a bank sends back for a released batch: GB18030, one line a payment; the first ``fail`` lines failed."""
    lines = ["批次号,行号,领取人,银行账号,金额,结果,原因,交易日期"]
    released = timezone.localdate(batch.released_at) if batch.released_at else batch.month
    day = min(released + dt.timedelta(days=2), timezone.localdate())
    for number, payment in enumerate(Payment.objects.filter(batch=batch, state="sent").order_by("line")):
        result = "失败,户名不符" if number < fail else "成功,"
        lines.append(
            f"{batch.number},{payment.line},{payment.payee_name},{payment.account[:4]}****{payment.account[-4:]},{payment.amount},{result},{day}"
        )
    return ("\r\n".join(lines) + "\r\n").encode("gb18030")


def _shift(month: dt.date, months: int) -> dt.date:
    count = month.year * 12 + month.month - 1 + months
    return dt.date(count // 12, count % 12 + 1, 1)
