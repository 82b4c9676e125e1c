"""The bank's answer to a batch: each line becomes paid or failed and the ledger follows, all or nothing, the same file
twice changes nothing.

A line is found by batch number and line number (or by line number and payee, in a file without batch numbers), and must
agree in amount and in the end of the account number.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from staff import files, jobs
from staff.enums import Role
from staff.models import Job, StoredFile
from staff.templatetags.look import moment
from staff.workflow import Actor, perform
from subsidies.bank.files import SENT
from subsidies.bank.layouts import Layout, LayoutRefused, choices_of
from subsidies.bank.reading import Problem, ResultRefused, ResultRow, Words, fail_reason_of, plain, read_rows
from subsidies.enums import BatchState, PaymentState
from subsidies.ledger import entries as ledger
from subsidies.ledger.enums import EntryKind, Source
from subsidies.models import BankResult, Payment, PaymentBatch

JOB = "subsidies.bank_result"
IMPORTERS = frozenset({Role.CLERK, Role.RELEASER})
# Answers to larger batches are taken over by a worker.
MOST_AT_ONCE = 2000
MOST_PROBLEMS = 200
CHUNK = 5000
# State before and after → what is posted.
POSTED: dict[tuple[str, str], EntryKind] = {
    (PaymentState.SENT, PaymentState.PAID): EntryKind.PAYMENT,
    (PaymentState.SENT, PaymentState.FAILED): EntryKind.RETURN,
    (PaymentState.PAID, PaymentState.FAILED): EntryKind.LATE_RETURN,
}
SETTLE_MANY = """
    UPDATE subsidies_payment p
    SET state = v.state, fail_reason = v.reason, bank_message = v.message, paid_date = v.paid
    FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::date[]) AS v (id, state, reason, message, paid)
    WHERE p.id = v.id
"""
Tell = Callable[[str, str], None]
Report = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the import changed. ``repeated``: the very same file was taken over before."""

    paid: int = 0
    failed: int = 0
    unchanged: int = 0
    repeated: bool = False


class _Sent(NamedTuple):
    """A line as it was sent; ``tail`` is the end of its account number, ``funding`` in the order of Source."""

    pk: int
    state: str
    fail_reason: str
    amount: Decimal
    payee: str
    tail: str
    funding: tuple[Decimal, ...]


@dataclass(frozen=True, slots=True)
class _Verdict:
    sent: _Sent
    state: str
    fail_reason: str = ""
    message: str = ""
    paid_date: dt.date | None = None

    def changes(self) -> bool:
        return self.sent.state != self.state or (
            self.state == PaymentState.FAILED and self.sent.fail_reason != self.fail_reason
        )


def start_import(*, actor: Actor, at: dt.datetime, batch: PaymentBatch, name: str, data: bytes) -> Job:
    """Keep the file and queue its import; the job's result tells what came of it. Raises ResultRefused."""
    _check_duty(actor)
    stored = _store(batch, name, data, at)
    return jobs.start(
        JOB,
        region_id=batch.region_id,
        arguments={"batch": batch.pk, "file": str(stored.pk), "at": at.isoformat()},
        at=at,
        done_url=reverse("subsidies:batch", args=[batch.pk]),
    )


def _check_duty(actor: Actor) -> None:
    if actor.role not in IMPORTERS:
        raise ResultRefused(_("Your post does not have this duty."))


def _store(batch: PaymentBatch, name: str, data: bytes, at: dt.datetime) -> StoredFile:
    return files.store(
        data,
        kind=StoredFile.Kind.BANK_RESULT,
        name=name,
        content_type="application/octet-stream",
        region_id=batch.region_id,
        at=at,
    )


def import_result(
    *,
    actor: Actor,
    at: dt.datetime,
    batch: PaymentBatch,
    name: str,
    data: bytes,
    file: StoredFile | None = None,
    report: Report | None = None,
) -> Outcome:
    """Take over a result file. Raises ResultRefused with every problem found; then nothing has changed.

    ``file``: where ``data`` is kept already.
    """
    _check_duty(actor)
    sha256 = hashlib.sha256(data).hexdigest()
    with transaction.atomic():
        # Of two imports at once the second waits here, and then sees what the first has done.
        locked = PaymentBatch.objects.select_for_update(of=("self",)).filter(pk=batch.pk).first()
        if locked is None:
            raise ResultRefused(_("The record is no longer in your area."))
        if BankResult.objects.filter(batch=locked, sha256=sha256).exists():
            return Outcome(repeated=True)
        # An answer without batch numbers would fit the same lines of another month.
        other = (
            BankResult.objects.filter(region_id=locked.region_id, sha256=sha256)
            .select_related("batch")
            .first()
        )
        if other is not None:
            raise ResultRefused(
                _("This file was taken over as the answer to batch %(number)s.")
                % {"number": other.batch.number}
            )
        if locked.state not in (BatchState.RELEASED, BatchState.RECONCILED) or locked.released_at is None:
            raise ResultRefused(_("The batch has not been released yet."))
        if at < locked.released_at:
            raise ResultRefused(
                _(
                    "The server's clock shows %(now)s, but the batch was released at %(before)s. "
                    "Have the clock set right, then try again."
                )
                % {"now": moment(at), "before": moment(locked.released_at)}
            )
        layouts = _layouts(locked)
        verdicts = _Judge(locked, timezone.localdate(at), Words.of(layouts)).judge(read_rows(data, layouts))
        changed = [verdict for verdict in verdicts if verdict.changes()]
        _settle(changed, report)
        result = BankResult.objects.create(
            batch=locked,
            region_id=locked.region_id,
            file=file or _store(locked, name, data, at),
            sha256=sha256,
            paid_count=sum(verdict.state == PaymentState.PAID for verdict in verdicts),
            failed_count=sum(verdict.state == PaymentState.FAILED for verdict in verdicts),
            user_id=actor.user_id or None,
            at=at,
        )
        _post(locked, result, changed, actor, at)
        if locked.state == BatchState.RELEASED and not _unsettled(locked):
            locked = perform(locked, "reconcile", at=at, actor=actor)
    batch.state = locked.state
    paid = sum(verdict.state == PaymentState.PAID for verdict in changed)
    return Outcome(paid=paid, failed=len(changed) - paid, unchanged=len(verdicts) - len(changed))


def _layouts(batch: PaymentBatch) -> list[Layout]:
    """The county's layouts that can be read by; one that is faulty is told where it is edited, and left out here."""
    found = []
    for choice in choices_of(batch.region_id):
        try:
            found.append(choice.layout)
        except LayoutRefused:
            continue
    return found


def _settle(changed: list[_Verdict], report: Report | None) -> None:
    for start in range(0, len(changed), CHUNK):
        part = changed[start : start + CHUNK]
        if report is not None:
            report(start, len(changed))
        columns: list[Any] = [
            [verdict.sent.pk for verdict in part],
            [str(verdict.state) for verdict in part],
            [str(verdict.fail_reason) for verdict in part],
            [verdict.message[:120] for verdict in part],
            [verdict.paid_date for verdict in part],
        ]
        with connection.cursor() as cursor:
            cursor.execute(SETTLE_MANY, columns)
            if cursor.rowcount != len(part):
                raise ResultRefused(_("The record is no longer in your area."))


def _post(
    batch: PaymentBatch, result: BankResult, changed: list[_Verdict], actor: Actor, at: dt.datetime
) -> None:
    """One entry for each way that money took: paid, returned, or returned after it was paid."""
    moved: dict[EntryKind, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for verdict in changed:
        kind = POSTED.get((verdict.sent.state, verdict.state))
        if kind is not None:
            for source, yuan in zip(Source.values, verdict.sent.funding, strict=True):
                moved[kind][source] += yuan
    for kind, amounts in moved.items():
        ledger.post(
            kind,
            amounts,
            region_id=batch.region_id,
            year=batch.month.year,
            at=at,
            actor=actor,
            scheme_id=batch.scheme_id,
            batch=batch,
            result=result,
        )


def _unsettled(batch: PaymentBatch) -> bool:
    return Payment.objects.filter(batch=batch, state=PaymentState.SENT).exists()


def _sent_lines(batch: PaymentBatch) -> dict[int, _Sent]:
    rows = Payment.objects.filter(batch=batch, state__in=SENT).values_list(
        "line", "pk", "state", "fail_reason", "amount", "payee_name", "account",
        *(f"from_{source}" for source in Source.values),
    )  # fmt: skip
    return {
        line: _Sent(pk, state, reason, amount, payee, account[-4:], tuple(funding))
        for line, pk, state, reason, amount, payee, account, *funding in rows.iterator(chunk_size=CHUNK)
    }


class _Judge:
    """Reads rows against what was sent; collects what is wrong with them."""

    def __init__(self, batch: PaymentBatch, today: dt.date, words: Words) -> None:
        self.batch, self.today, self.words = batch, today, words
        self.sent = _sent_lines(batch)
        self.problems: list[Problem] = []
        self.seen: dict[int, int] = {}

    def judge(self, rows: Iterable[ResultRow]) -> list[_Verdict]:
        """A verdict for every row. Raises ResultRefused with the problems, or when there is no row."""
        read, verdicts = 0, []
        for row in rows:
            read += 1
            verdict = self._verdict(row)
            if verdict is not None:
                verdicts.append(verdict)
        if not read:
            raise ResultRefused(_("The file has a header row but no lines below it."))
        if self.problems:
            raise ResultRefused(
                _("The file was not taken over. Correct the rows named below and send it again."),
                self.problems,
            )
        return verdicts

    def _verdict(self, row: ResultRow) -> _Verdict | None:
        def problem(field: str, message: str) -> None:
            self.problems.append(Problem(row.row, field, message))

        if row.line is None:
            problem(
                "业务编号",
                _("This is no line number of ours. Keep the first column of the file that was sent."),
            )
            return None
        if row.number is not None and row.number != self.batch.number:
            problem(
                "业务编号",
                _(
                    "The line belongs to batch %(other)s, not to %(own)s. "
                    "Import the file on the page of that batch."
                )
                % {"other": row.number or "—", "own": self.batch.number},
            )
            return None
        sent = self.sent.get(row.line)
        if sent is None:
            problem(
                "业务编号",
                _("Line %(line)s was not sent to the bank in this batch. Ask the bank what it paid.")
                % {"line": row.line},
            )
            return None
        if row.line in self.seen:
            problem(
                "业务编号",
                _("The line already stands in row %(row)s. Delete the one that is wrong.")
                % {"row": self.seen[row.line]},
            )
            return None
        self.seen[row.line] = row.row
        before = len(self.problems)
        _check(sent, row, problem)
        verdict = self._result(sent, row, problem)
        return verdict if len(self.problems) == before else None

    def _result(self, sent: _Sent, row: ResultRow, problem: Tell) -> _Verdict | None:
        word = plain(row.result)
        if word in self.words.paid:
            if sent.state == PaymentState.FAILED:
                problem(
                    "处理结果",
                    _("The line was reported as failed before. Ask the bank for a written confirmation."),
                )
                return None
            paid_date = _date(row.date) if row.date else self.today
            if paid_date is None or paid_date > self.today:
                problem("入账日期", _("This is no day up to today. Write it as 2026-10-31."))
                return None
            return _Verdict(sent, PaymentState.PAID, paid_date=paid_date)
        if word in self.words.failed:
            return _Verdict(sent, PaymentState.FAILED, fail_reason_of(row.reason), row.reason)
        problem(
            "处理结果",
            _("“%(word)s” is neither a success nor a failure. Write 成功 or 失败.") % {"word": row.result},
        )
        return None


def _check(sent: _Sent, row: ResultRow, problem: Tell) -> None:
    """Amount, end of the account number, and the payee where nothing else names the batch."""
    amount = _yuan(row.amount)
    if amount is None:
        problem("金额", _("This is no amount. Write it in yuan, such as 1550.00."))
    elif amount != sent.amount:
        problem(
            "金额",
            _("The amount %(found)s differs from the %(sent)s that were sent. Ask the bank what it paid.")
            % {"found": f"{amount:.2f}", "sent": f"{sent.amount:.2f}"},
        )
    tail = "".join(c for c in row.account if c.isdigit())[-4:]
    if len(tail) < 4 or tail != sent.tail:
        problem(
            "银行账号",
            _(
                "The account ends in %(found)s, the line was sent to one ending in %(sent)s. "
                "Ask the bank which account was credited."
            )
            % {"found": tail or "—", "sent": sent.tail},
        )
    if row.number is None and row.payee != sent.payee:
        problem(
            "领取人",
            _("The payee is %(found)s, the line was sent to %(sent)s. Is this the answer to another batch?")
            % {"found": row.payee or "—", "sent": sent.payee},
        )


def _yuan(text: str) -> Decimal | None:
    """An amount of money; None for what is none, such as “sNaN” or “1E99”."""
    try:
        amount = Decimal(text.replace(",", "").replace("，", "").removeprefix("¥").strip())
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and abs(amount.adjusted()) < 12 else None


def _date(text: str) -> dt.date | None:
    for form in ("%Y-%m-%d", "%Y%m%d", "%Y/%m/%d", "%Y.%m.%d"):
        try:
            return dt.datetime.strptime(text[:10].strip(), form).date()  # noqa: DTZ007  (a bare day has no zone)
        except ValueError:
            continue
    return None
