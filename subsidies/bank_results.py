"""The bank's result file (回盘文件): each line becomes paid or failed, all or nothing, the same file
twice changes nothing.

A line is found by batch number and line number, and must agree in amount and in the end of the account
number.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.matching.files import ListFileError, open_grids
from staff import files
from staff.enums import Role
from staff.models import StoredFile
from staff.workflow import Actor, TransitionRefused, perform
from subsidies.enums import BatchState, FailReason, PaymentState
from subsidies.models import BankResult, Payment, PaymentBatch

HEADER_ROWS = 20
IMPORTERS = frozenset({Role.CLERK, Role.RELEASER})
# Field → header words, compared without spaces, brackets and units. The first that a header equals wins.
FIELDS: dict[str, tuple[str, ...]] = {
    "reference": ("业务编号", "业务流水号", "商户订单号", "reference"),
    "batch": ("批次号", "批次编号", "批次", "batch"),
    "line": ("行号", "批次行号", "明细序号", "line"),
    "amount": ("本次发放金额", "发放金额", "交易金额", "金额", "实发金额", "amount"),
    "account": ("银行账号", "收款账号", "账号", "卡号", "账号尾号", "account"),
    "result": ("处理结果", "交易结果", "结果", "处理状态", "交易状态", "状态", "result"),
    "reason": ("失败原因", "原因", "返回信息", "备注", "摘要", "处理信息", "reason"),
    "date": ("入账日期", "交易日期", "处理日期", "日期", "date"),
}
PAID_WORDS = frozenset(
    {
        "成功",
        "已入账",
        "入账成功",
        "交易成功",
        "处理成功",
        "发放成功",
        "已发放",
        "s",
        "00",
        "0000",
        "paid",
        "success",
    }
)
FAILED_WORDS = frozenset(
    {"失败", "入账失败", "交易失败", "处理失败", "发放失败", "退回", "退票", "已退回", "f", "failed"}
)
# Words of a bank's message → our code, the first that occurs. Order matters: 户名 before 账号.
MESSAGES: tuple[tuple[str, FailReason], ...] = (
    ("户名", FailReason.NAME_DIFFERS),
    ("姓名", FailReason.NAME_DIFFERS),
    ("销户", FailReason.ACCOUNT_CLOSED),
    ("注销", FailReason.ACCOUNT_CLOSED),
    ("冻结", FailReason.ACCOUNT_FROZEN),
    ("挂失", FailReason.ACCOUNT_FROZEN),
    ("睡眠", FailReason.ACCOUNT_DORMANT),
    ("久悬", FailReason.ACCOUNT_DORMANT),
    ("限制", FailReason.ACCOUNT_DORMANT),
    ("不动户", FailReason.ACCOUNT_DORMANT),
    ("开户行", FailReason.BANK_CODE_WRONG),
    ("联行号", FailReason.BANK_CODE_WRONG),
    ("账号", FailReason.ACCOUNT_WRONG),
    ("卡号", FailReason.ACCOUNT_WRONG),
    ("账户不存在", FailReason.ACCOUNT_WRONG),
    ("系统", FailReason.BANK_SYSTEM),
    ("超时", FailReason.BANK_SYSTEM),
)
Report = Callable[[str, str], None]
_NOISE = re.compile(r"[\s（）()【】\[\]：:*]|元|yuan", re.IGNORECASE)

# Every line of ours carries its number; a row without one, or with one of these words there, is a total or
# a signature.
_FOOT = re.compile(r"(合|小|总|共)\s*计|制表|复核|经办|备注|签章")


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a row cannot be taken over: row of the file, name of the field, what is wrong and what to do."""

    line: int
    field: str
    message: str


class ResultRefused(TransitionRefused):
    """Nothing of the file was taken over. ``problems`` names row, field and remedy, in order of the file."""

    def __init__(self, message: str, problems: list[Problem] | None = None) -> None:
        super().__init__(message)
        self.problems = problems or []


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the import changed. ``repeated``: the very same file was taken over before."""

    paid: int = 0
    failed: int = 0
    unchanged: int = 0
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class ResultRow:
    """One row of the file as read: texts, nothing decided."""

    row: int
    number: str
    line: int | None
    amount: str
    account: str
    result: str
    reason: str
    date: str


@dataclass(frozen=True, slots=True)
class _Verdict:
    payment: Payment
    state: str
    fail_reason: str = ""
    message: str = ""
    paid_date: dt.date | None = None

    def changes(self) -> bool:
        return self.payment.state != self.state or (
            self.state == PaymentState.FAILED and self.payment.fail_reason != self.fail_reason
        )


def read_rows(data: bytes) -> Iterator[ResultRow]:
    """Rows of a result file (xlsx, or text in UTF-8 or GB18030) below its header. Raises ResultRefused."""
    found = False
    try:
        for grid in open_grids(data):
            columns: dict[str, int] = {}
            for row, cells, _rounded in grid.rows:
                if not columns:
                    if row > HEADER_ROWS:
                        break
                    columns = _columns(cells)
                    found = found or bool(columns)
                    continue
                values = {name: cells[i].strip() for name, i in columns.items() if i < len(cells)}
                if _FOOT.match(values.get("reference") or values.get("line") or "合计"):
                    continue
                yield _row(row, values)
    except ListFileError as error:
        raise ResultRefused(str(error)) from error
    if not found:
        raise ResultRefused(
            _(
                "No header row was found. The file needs the columns 业务编号 (or 批次号 and 行号), "
                "金额, 银行账号 and 处理结果."
            )
        )


def _columns(cells: list[str]) -> dict[str, int]:
    """Field → column; {} when the row is no header."""
    plain = [_NOISE.sub("", cell).lower() for cell in cells]
    columns: dict[str, int] = {}
    for name, words in FIELDS.items():
        for word in words:
            if word in plain:
                columns[name] = plain.index(word)
                break
    named = "reference" in columns or {"batch", "line"} <= set(columns)
    return columns if named and {"amount", "account", "result"} <= set(columns) else {}


def _row(row: int, values: dict[str, str]) -> ResultRow:
    reference = values.get("reference", "")
    number, line = values.get("batch", ""), values.get("line", "")
    if reference:
        number, _dash, line = reference.rpartition("-")
    return ResultRow(
        row=row,
        number=number,
        line=int(line) if line.isdecimal() and len(line) < 9 else None,
        amount=values.get("amount", ""),
        account=values.get("account", ""),
        result=values.get("result", ""),
        reason=values.get("reason", ""),
        date=values.get("date", ""),
    )


def fail_reason_of(message: str) -> FailReason:
    """Our code for a bank's words; OTHER when no rule knows them (the words themselves are kept)."""
    return next((code for words, code in MESSAGES if words in message), FailReason.OTHER)


def import_result(*, actor: Actor, at: dt.datetime, batch: PaymentBatch, name: str, data: bytes) -> Outcome:
    """Take over a result file. Raises ResultRefused with every problem found; then nothing has changed."""
    if actor.role not in IMPORTERS:
        raise ResultRefused(_("Your post does not have this duty."))
    sha256 = hashlib.sha256(data).hexdigest()
    with transaction.atomic():
        locked = PaymentBatch.objects.select_for_update(of=("self",)).filter(pk=batch.pk).first()
        if locked is None:
            raise ResultRefused(_("The record is no longer in your area."))
        if BankResult.objects.filter(batch=locked, sha256=sha256).exists():
            return Outcome(repeated=True)
        if locked.state not in (BatchState.RELEASED, BatchState.RECONCILED):
            raise ResultRefused(_("The batch has not been released yet."))
        verdicts = _judge(locked, list(read_rows(data)), timezone.localdate(at))
        changed = [verdict for verdict in verdicts if verdict.changes()]
        for verdict in changed:
            payment = verdict.payment
            payment.state, payment.fail_reason = verdict.state, verdict.fail_reason
            payment.bank_message, payment.paid_date = verdict.message[:120], verdict.paid_date
        Payment.objects.bulk_update(
            [verdict.payment for verdict in changed],
            ["state", "fail_reason", "bank_message", "paid_date"],
            batch_size=500,
        )
        paid = sum(verdict.state == PaymentState.PAID for verdict in changed)
        BankResult.objects.create(
            batch=locked,
            region_id=locked.region_id,
            file=files.store(
                data,
                kind=StoredFile.Kind.BANK_RESULT,
                name=name,
                content_type="application/octet-stream",
                region_id=locked.region_id,
                at=at,
            ),
            sha256=sha256,
            paid_count=sum(verdict.state == PaymentState.PAID for verdict in verdicts),
            failed_count=sum(verdict.state == PaymentState.FAILED for verdict in verdicts),
            user_id=actor.user_id or None,
            at=at,
        )
        if locked.state == BatchState.RELEASED and not _unsettled(locked):
            perform(locked, "reconcile", at=at, actor=actor)
    batch.state = locked.state
    return Outcome(paid=paid, failed=len(changed) - paid, unchanged=len(verdicts) - len(changed))


def _unsettled(batch: PaymentBatch) -> bool:
    return Payment.objects.filter(batch=batch, state=PaymentState.SENT).exists()


def _judge(batch: PaymentBatch, rows: list[ResultRow], today: dt.date) -> list[_Verdict]:
    payments = {
        payment.line: payment
        for payment in Payment.objects.select_for_update(of=("self",)).filter(
            batch=batch, state__in=(PaymentState.SENT, PaymentState.PAID, PaymentState.FAILED)
        )
    }
    if not rows:
        raise ResultRefused(_("The file has a header row but no lines below it."))
    problems: list[Problem] = []
    seen: dict[int, int] = {}
    verdicts: list[_Verdict] = []
    for row in rows:
        verdict = _verdict(batch, payments, row, seen, problems, today)
        if verdict is not None:
            verdicts.append(verdict)
    if problems:
        raise ResultRefused(
            _("The file was not taken over. Correct the rows named below and send it again."), problems
        )
    return verdicts


def _verdict(
    batch: PaymentBatch,
    payments: dict[int, Payment],
    row: ResultRow,
    seen: dict[int, int],
    problems: list[Problem],
    today: dt.date,
) -> _Verdict | None:
    def problem(field: str, message: str) -> None:
        problems.append(Problem(row.row, field, message))

    if row.line is None:
        problem(
            "业务编号", _("This is no line number of ours. Keep the first column of the file that was sent.")
        )
        return None
    if row.number != batch.number:
        problem(
            "业务编号",
            _(
                "The line belongs to batch %(other)s, not to %(own)s. "
                "Import the file on the page of that batch."
            )
            % {"other": row.number or "—", "own": batch.number},
        )
        return None
    payment = payments.get(row.line)
    if payment is None:
        problem(
            "业务编号",
            _("Line %(line)s was not sent to the bank in this batch. Ask the bank what it paid.")
            % {"line": row.line},
        )
        return None
    if row.line in seen:
        problem(
            "业务编号",
            _("The line already stands in row %(row)s. Delete the one that is wrong.")
            % {"row": seen[row.line]},
        )
        return None
    seen[row.line] = row.row
    before = len(problems)
    _check_amount(payment, row, problem)
    tail = "".join(c for c in row.account if c.isdigit())[-4:]
    if len(tail) < 4 or not payment.account.endswith(tail):
        problem(
            "银行账号",
            _(
                "The account ends in %(found)s, the line was sent to one ending in %(sent)s. "
                "Ask the bank which account was credited."
            )
            % {"found": tail or "—", "sent": payment.account[-4:]},
        )
    verdict = _result(payment, row, problem, today)
    return verdict if len(problems) == before else None


def _check_amount(payment: Payment, row: ResultRow, problem: Report) -> None:
    try:
        amount = Decimal(row.amount.replace(",", "").replace("，", "").removeprefix("¥").strip())
    except InvalidOperation:
        problem("金额", _("This is no amount. Write it in yuan, such as 1550.00."))
        return
    if amount != payment.amount:
        problem(
            "金额",
            _("The amount %(found)s differs from the %(sent)s that were sent. Ask the bank what it paid.")
            % {"found": f"{amount:.2f}", "sent": f"{payment.amount:.2f}"},
        )


def _result(payment: Payment, row: ResultRow, problem: Report, today: dt.date) -> _Verdict | None:
    word = _NOISE.sub("", row.result).lower()
    if word in PAID_WORDS:
        if payment.state == PaymentState.FAILED:
            problem(
                "处理结果",
                _("The line was reported as failed before. Ask the bank for a written confirmation."),
            )
            return None
        paid_date = _date(row.date) if row.date else today
        if paid_date is None or paid_date > today:
            problem("入账日期", _("This is no day up to today. Write it as 2026-10-31."))
            return None
        return _Verdict(payment, PaymentState.PAID, paid_date=paid_date)
    if word in FAILED_WORDS:
        return _Verdict(payment, PaymentState.FAILED, fail_reason_of(row.reason), row.reason)
    problem(
        "处理结果",
        _("“%(word)s” is neither a success nor a failure. Write 成功 or 失败.") % {"word": row.result},
    )
    return None


def _date(text: str) -> dt.date | None:
    for form in ("%Y-%m-%d", "%Y%m%d", "%Y/%m/%d", "%Y.%m.%d"):
        try:
            return dt.datetime.strptime(text[:10].strip(), form).date()  # noqa: DTZ007  (a bare day has no zone)
        except ValueError:
            continue
    return None
