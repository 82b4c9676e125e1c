"""Is a row of the bank's answer true of the line that was sent? Reads and compares; changes nothing.

A row is tied to its batch by the batch number. Without one by the day of the release (发放时间), which our own list
carries, or by a day of payment since then, as long as no other batch awaits, or had, the same answer for the same line.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import NamedTuple

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from subsidies.bank.files import SENT
from subsidies.bank.reading import Problem, ResultRefused, ResultRow, Words, fail_reason_of, plain
from subsidies.enums import PaymentState
from subsidies.ledger.enums import Source
from subsidies.models import Payment, PaymentBatch

CHUNK = 5000
# Lines of other batches that a row without a batch number fits as well as the line of the same number here.
TWINS = """
    SELECT p.line, o.state, o.paid_date, b.released_at, b.number
    FROM subsidies_payment p
    JOIN subsidies_payment o ON o.line = p.line AND o.amount = p.amount AND o.payee_name = p.payee_name
        AND o.account_digest = p.account_digest AND o.batch_id <> p.batch_id AND o.state IN ('sent', 'paid', 'failed')
    JOIN subsidies_paymentbatch b ON b.id = o.batch_id AND b.region_code = %s AND b.released_at IS NOT NULL
    WHERE p.batch_id = %s
"""
Tell = Callable[[str, str], None]


class Sent(NamedTuple):
    """A line as it was sent; ``tail`` is the end of its account number, ``funding`` in the order of Source."""

    pk: int
    state: str
    fail_reason: str
    amount: Decimal
    payee: str
    tail: str
    funding: tuple[Decimal, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    sent: Sent
    state: str
    fail_reason: str = ""
    message: str = ""
    paid_date: dt.date | None = None

    def changes(self) -> bool:
        return self.sent.state != self.state or (
            self.state == PaymentState.FAILED and self.sent.fail_reason != self.fail_reason
        )


def _sent_lines(batch: PaymentBatch) -> dict[int, Sent]:
    rows = Payment.objects.filter(batch=batch, state__in=SENT).values_list(
        "line", "pk", "state", "fail_reason", "amount", "payee_name", "account",
        *(f"from_{source}" for source in Source.values),
    )  # fmt: skip
    return {
        line: Sent(pk, state, reason, amount, payee, account[-4:], tuple(funding))
        for line, pk, state, reason, amount, payee, account, *funding in rows.iterator(chunk_size=CHUNK)
    }


class Judge:
    """Reads rows against what was sent; collects what is wrong with them."""

    def __init__(self, batch: PaymentBatch, today: dt.date, words: Words, *, second: bool = False) -> None:
        assert batch.released_at is not None
        self.batch, self.today, self.words = batch, today, words
        # Whether whoever imports may confirm that a failed line was paid after all.
        self.second = second
        self.released = timezone.localdate(batch.released_at)
        self.sent = _sent_lines(batch)
        self.problems: list[Problem] = []
        self.seen: dict[int, int] = {}

    def judge(self, rows: Iterable[ResultRow]) -> list[Verdict]:
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
                _(
                    "Nothing of the file was taken over. Ask the bank for a corrected answer to the rows named below; "
                    "do not change the bank's rows yourself."
                ),
                self.problems,
            )
        return verdicts

    def _verdict(self, row: ResultRow) -> Verdict | None:
        def problem(field: str, message: str) -> None:
            self.problems.append(Problem(row.row, field, message))

        if row.line is None:
            problem(
                "业务编号",
                _(
                    "The row has no line number of ours (payee %(payee)s), so it does not belong to what was sent. "
                    "Ask the bank what it is."
                )
                % {"payee": row.payee or "—"},
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
                _("The line already stands in row %(row)s. Ask the bank which of the two holds.")
                % {"row": self.seen[row.line]},
            )
            return None
        self.seen[row.line] = row.row
        before = len(self.problems)
        _check(sent, row, problem)
        verdict = self._result(sent, row, problem)
        if verdict is not None and row.number is None:
            self._tie(row, verdict, problem)
        return verdict if len(self.problems) == before else None

    def _result(self, sent: Sent, row: ResultRow, problem: Tell) -> Verdict | None:
        word, day = plain(row.result), _date(row.date)
        if word not in self.words.paid | self.words.failed:
            problem(
                "处理结果",
                _("“%(word)s” is neither a success nor a failure. Ask the bank for 成功 or 失败.")
                % {"word": row.result},
            )
            return None
        if day is not None and day < self.released:
            problem(
                "入账日期",
                _(
                    "%(day)s lies before the release of this batch on %(released)s: this looks like the answer to an "
                    "earlier batch. Import it on the page of that batch, or ask the bank for the right day."
                )
                % {"day": day, "released": self.released},
            )
            return None
        if word in self.words.failed:
            return Verdict(sent, PaymentState.FAILED, fail_reason_of(row.reason), row.reason)
        if sent.state == PaymentState.FAILED and not self._after_all(sent, problem):
            return None
        paid_date = day if row.date else self.today
        if paid_date is None or paid_date > self.today:
            problem(
                "入账日期", _("This is no day up to today. Ask the bank for the day, such as 2026-10-31.")
            )
            return None
        return Verdict(sent, PaymentState.PAID, paid_date=paid_date)

    def _after_all(self, sent: Sent, problem: Tell) -> bool:
        """Whether a line that was reported as failed can be taken over as paid: by a second person, and while no line
        that pays it again is still on its way to approval or release. What was paid again already is asked back by the
        next batch.
        """
        again = self._paid_again.get(sent.pk)
        if again is not None:
            problem(
                "处理结果",
                _(
                    "The line was reported as failed before, and batch %(number)s, which is not released yet, pays it "
                    "again. Return that batch or hold its line, then import the file again."
                )
                % {"number": again},
            )
        elif not self.second:
            problem(
                "处理结果",
                _(
                    "The line was reported as failed before. Ask the bank for a written confirmation; then the releaser, "
                    "who did not import that answer, imports this one."
                ),
            )
        else:
            return True
        return False

    @cached_property
    def _paid_again(self) -> dict[int, str]:
        """Failed line → the batch not yet released that pays it again. One query."""
        rows = Payment.objects.filter(
            repays__batch=self.batch, cancelled=False, state=PaymentState.PREPARED
        ).values_list("repays_id", "batch__number")
        return {failed: number for failed, number in rows if failed is not None}

    def _tie(self, row: ResultRow, verdict: Verdict, problem: Tell) -> None:
        """Whether a row without a batch number is an answer to this batch and to no other."""
        told, day = _date(row.released), _date(row.date)
        if told is None and day is None:
            problem(
                "业务编号",
                _(
                    "Without 业务编号, 发放时间 or 入账日期 this could be the answer to another month. "
                    "Ask the bank for an answer with 业务编号."
                ),
            )
        elif told not in (None, self.released):
            problem(
                "发放时间",
                _(
                    "The row was sent on %(told)s, this batch on %(released)s. Import the file on the page of the "
                    "batch that was released on that day, or ask the bank for an answer with 业务编号."
                )
                % {"told": told, "released": self.released},
            )
        for twin in self._twins.get(row.line or 0, ()):
            near = twin.released == told if told is not None else day is not None and twin.released <= day
            if near and twin.answers(verdict):
                problem(
                    "业务编号",
                    _(
                        "The row fits the same line of batch %(other)s as well. "
                        "Ask the bank for an answer with 业务编号."
                    )
                    % {"other": twin.number},
                )

    @cached_property
    def _twins(self) -> dict[int, list[Twin]]:
        """Line → the lines of other batches that the same row would fit. One query."""
        found: dict[int, list[Twin]] = defaultdict(list)
        with connection.cursor() as cursor:
            cursor.execute(TWINS, [self.batch.region_id, self.batch.pk])
            for line, state, paid_date, released_at, number in cursor.fetchall():
                found[line].append(Twin(state, paid_date, timezone.localdate(released_at), number))
        return found


class Twin(NamedTuple):
    """A line of another batch with the same number, payee, amount and account."""

    state: str
    paid_date: dt.date | None
    released: dt.date
    number: str

    def answers(self, verdict: Verdict) -> bool:
        """Whether the row could be, or has been, the answer to this line."""
        return self.state == PaymentState.SENT or (self.state, self.paid_date) == (
            verdict.state,
            verdict.paid_date,
        )


def _check(sent: Sent, row: ResultRow, problem: Tell) -> None:
    """Amount, end of the account number, and the payee where nothing else names the batch."""
    amount = _yuan(row.amount)
    if amount is None:
        problem("金额", _("This is no amount. Ask the bank for it in yuan, such as 1550.00."))
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
