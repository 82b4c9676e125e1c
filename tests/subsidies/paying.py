"""Months that were paid: what a bank sends back for a batch, and taking it over."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from subsidies.bank.results import import_result
from subsidies.models import Payment, PaymentBatch
from tests.subsidies.conftest import Office, moment

HEAD = "业务编号,本次发放金额（元）,银行账号,处理结果,失败原因,入账日期"


def bank_answer(batch: PaymentBatch, *, day: dt.date, failed: Collection[str] = ()) -> bytes:
    """The bank's answer to a released batch: every line paid on ``day``, but those of the children ``failed`` (names)."""
    rows = [HEAD]
    for line in Payment.objects.filter(batch=batch, state="sent").order_by("line"):
        outcome = "失败,户名不符," if line.child_name in failed else f"成功,,{day}"
        rows.append(f"{batch.number}-{line.line:05d},{line.amount},{line.account[-4:]},{outcome}")
    return "\n".join(rows).encode()


def settle(
    office: Office, batch: PaymentBatch, *, failed: Collection[str] = (), at: dt.datetime | None = None
) -> PaymentBatch:
    """Take over the bank's answer, as the clerk does two days after the release."""
    at = at or moment(batch.month.month, 23)
    with office.as_("clerk") as clerk:
        data = bank_answer(batch, day=at.date() - dt.timedelta(days=1), failed=failed)
        import_result(actor=clerk, at=at, batch=batch, name="回盘.csv", data=data)
        return PaymentBatch.objects.get(pk=batch.pk)
