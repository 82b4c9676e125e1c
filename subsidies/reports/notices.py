"""发放告知单: what a payee was paid for a month, how it was reckoned and what was deducted, whom to ask, how to object."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy, override

from cases import identity
from cases.ages import add_months
from staff import files, jobs, paper
from staff.audit import log_access
from staff.enums import Role
from staff.models import AccessLog, Assignment, Job, Region, StoredFile
from staff.models.region import county_of, township_of
from staff.paper import Facts, Section, Table, Text
from staff.templatetags.look import money
from subsidies.enums import PaymentKind, PaymentState
from subsidies.ledger.enums import RecoveryState
from subsidies.models import Payment, Recovery
from subsidies.reckoning.months import month_of
from subsidies.reckoning.reasons import clause_of, lines_of

BULK = "payment_notices"
TITLE = "儿童福利保障资金发放告知单"
MOST = 1_000  # notices in one file
OBJECT = (
    "对金额、标准或抵扣有疑问的，请先向上述联系人询问，也可以书面申请核对，附上能说明情况的材料。"
    "对审批决定不服的，可以自知道该决定之日起六十日内依法申请行政复议，或者自知道之日起六个月内依法提起行政诉讼。"
    "告知单所列信息仅供本人核对，请妥善保管，不要拍照转发。"
)


class NothingToTell(jobs.JobError):
    """Nobody was paid there in the month."""


def arrived_in(month: dt.date, township: Region | int) -> QuerySet[Payment]:
    """Lines that the bank paid in a calendar month to children of a township.

    By the day of payment and not by the batch, which people of a township do not see.
    """
    code = township if isinstance(township, int) else township.pk
    return Payment.objects.filter(
        state=PaymentState.PAID,
        paid_date__gte=month,
        paid_date__lt=add_months(month, 1),
        region__gte=code,
        region__lte=code + 999,
    )


def lines_like(payment: Payment) -> QuerySet[Payment]:
    """What arrived in the same month with the same payee: brothers and sisters share a notice. Empty before it is paid."""
    if payment.paid_date is None:
        return Payment.objects.none()
    found = arrived_in(month_of(payment.paid_date), township_of(payment.region_id)).filter(
        payee_name=payment.payee_name
    )
    if payment.account_digest:
        return found.filter(account_digest=payment.account_digest)
    return found.filter(child_id=payment.child_id)


def notice(payment: Payment, *, at: dt.datetime) -> tuple[bytes, str]:
    """(PDF, file name) of the notice that a line belongs to; logged. NothingToTell for a line that was not paid."""
    lines = _read(lines_like(payment))
    if not lines or payment.paid_date is None:
        raise NothingToTell("")
    month = month_of(payment.paid_date)
    data = _set(lines, month, why="告知领取人", at=at)
    log_access(
        kind=AccessLog.Kind.EXPORT,
        child_id=payment.child_id,
        region_id=payment.region_id,
        subject="subsidies.payment",
        subject_id=payment.pk,
        reason="告知领取人",
        detail={"what": "payment_notice"},
    )
    return data, f"发放告知单 {payment.payee_name} {month:%Y-%m}.pdf"


def start(month: dt.date, township: Region, *, reason: str, at: dt.datetime) -> Job:
    """Queue the notices of a township's month: one PDF, a page for each payee."""
    arguments = {"month": month.isoformat(), "township": township.pk, "reason": reason}
    return jobs.start(BULK, region_id=township.pk, arguments=arguments, at=at)


@jobs.handler(BULK, gettext_lazy("Payment notices of a township"))
def make_notices(job: Job) -> dict[str, Any]:
    """Write the notices and file them; the export is logged with its reason."""
    month = dt.date.fromisoformat(job.arguments["month"])
    township, at = Region.objects.get(pk=job.arguments["township"]), timezone.now()
    lines = _read(arrived_in(month, township))
    payees = _by_payee(lines)
    if not payees:
        raise NothingToTell(f"{township.name}{month:%Y-%m}没有已发放的资金。")
    if len(payees) > MOST:
        raise jobs.JobError(f"共{len(payees)}份，超过{MOST}份，请分村办理。")
    try:
        data = _set(lines, month, why=job.arguments["reason"], at=at)
    except paper.PaperTooLong as refused:
        raise jobs.JobError(str(refused)) from refused
    name = f"发放告知单 {township.name} {month:%Y-%m}.pdf"
    file = files.store(
        data, kind=StoredFile.Kind.EXPORT, name=name, content_type=paper.CONTENT_TYPE, region_id=job.region_id, at=at
    )  # fmt: skip
    log_access(
        kind=AccessLog.Kind.EXPORT,
        region_id=job.region_id,
        subject="staff.storedfile",
        subject_id=file.pk,
        reason=job.arguments["reason"],
        detail={"what": BULK, "rows": len(payees), "month": f"{month:%Y-%m}", "sha256": file.sha256},
    )
    return {"file": str(file.pk), "name": name, "rows": len(payees)}


def _read(lines: QuerySet[Payment]) -> list[Payment]:
    return list(lines.select_related("scheme").order_by("region_id", "payee_name", "child_id", "month", "pk"))


def _by_payee(lines: Sequence[Payment]) -> list[list[Payment]]:
    """Lines of one payee together, in the order of the places."""
    found: dict[Any, list[Payment]] = defaultdict(list)
    for line in lines:
        account = bytes(line.account_digest) if line.account_digest else line.child_id
        found[account, line.payee_name].append(line)
    return list(found.values())


def _set(lines: Sequence[Payment], month: dt.date, *, why: str, at: dt.datetime) -> bytes:
    with override("zh-hans"):
        contacts = _contacts({township_of(line.region_id) for line in lines}, timezone.localdate(at))
        owed = _owed({line.child_id for line in lines})
        payees = _by_payee(lines)
        sections = [
            Section(
                f"{own[0].payee_name or own[0].child_name}：",
                _blocks(own, month, contacts, owed),
                own_page=number > 0,
            )
            for number, own in enumerate(payees)
        ]
        return paper.paper_pdf(
            TITLE, sections, who=paper.maker(), why=why, at=at, subtitle=f"{month.year}年{month.month}月"
        )


def _blocks(
    lines: Sequence[Payment], month: dt.date, contacts: dict[int, str], owed: dict[int, list[Recovery]]
) -> list[Facts | Table | Text]:
    first, total = lines[0], sum((line.amount for line in lines), Decimal("0.00"))
    paid = sorted({line.paid_date for line in lines if line.paid_date})
    rows = [
        (
            line.child_name,
            line.scheme,
            f"{line.month:%Y-%m}" + ("（补发）" if line.kind == PaymentKind.ARREARS else ""),
            line.standard,
            line.amount,
            in_words(line),
        )
        for line in lines
    ]
    back = [
        f"{recovery.child_name} {recovery.month:%Y-%m} 多发 {money(recovery.too_much)} 元，"
        f"尚需退回 {money(recovery.amount - recovery.recovered)} 元。"
        for line_child in dict.fromkeys(line.child_id for line in lines)
        for recovery in owed.get(line_child, ())
    ]
    blocks: list[Facts | Table | Text] = [
        Facts(
            [
                ("本月合计", f"{money(total)} 元"),
                ("发放时间", "、".join(f"{day:%Y-%m-%d}" for day in paid)),
                ("领取方式", "银行转账" if first.account_digest else "现金领取"),
                ("领取人", first.payee_name),
                ("开户银行", first.bank_name),
                ("银行账号", identity.mask_account(first.account) if first.account else ""),
            ]
        ),
        Table(["儿童", "项目", "所属月份", "标准（元）", "实发（元）", "怎么算的"], rows),
    ]
    if back:
        blocks.append(Text("另：" + "".join(back)))
    blocks.append(Facts([("有疑问找谁", contacts[township_of(first.region_id)]), ("怎样提出异议", OBJECT)]))
    return blocks


def in_words(payment: Payment) -> str:
    """The steps of an amount in one sentence, with the rule that decided."""
    parts = []
    for line in lines_of(payment):
        sign = "减" if line["minus"] else ""
        note = f"（{line['note']}）" if line["note"] else ""
        parts.append(f"{sign}{line['label']} {money(line['amount'])} 元{note}")
    clause = clause_of(payment)
    rule = f"依据：{clause['text']}{clause['source']}" if clause["text"] else ""
    return "；".join([*parts, f"应发 {money(payment.amount)} 元"]) + "。" + rule


def _contacts(townships: set[int], on: dt.date) -> dict[int, str]:
    """Township → the supervisor by name and work phone, and the county's bureau. Two queries."""
    held = (
        Assignment.objects.filter(
            post__region_id__in=townships, post__role=Role.SUPERVISOR, start_date__lte=on
        )
        .filter(Q(end_date__isnull=True) | Q(end_date__gte=on))
        .select_related("user", "post")
        .order_by("post__region_id", "pk")
    )
    people: dict[int, list[str]] = defaultdict(list)
    for assignment in held:
        people[assignment.post.region_id].append(f"{assignment.user.name} {assignment.phone}".strip())
    codes = townships | {county_of(code) for code in townships}
    places = {region.pk: region.name for region in Region.objects.filter(pk__in=codes)}
    return {
        code: "；".join(
            [
                f"{places.get(code, '乡镇（街道）')}儿童督导员"
                + (f" {'、'.join(people[code])}" if people[code] else ""),
                f"{places.get(county_of(code), '县')}民政局儿童福利科",
            ]
        )
        for code in townships
    }


def _owed(children: set[int]) -> dict[int, list[Recovery]]:
    found: dict[int, list[Recovery]] = defaultdict(list)
    open_ones = Recovery.objects.filter(child_id__in=children, state=RecoveryState.OPEN)
    for recovery in open_ones.order_by("child_id", "month", "pk"):
        found[recovery.child_id].append(recovery)
    return found
