"""A line that the bank paid: what a notice tells of."""

from __future__ import annotations

import datetime as dt
from typing import Any

from cases.models import Child
from subsidies.models import Payment, PaymentBatch
from tests.cast import Cast


def make(cast: Cast, own: Child) -> dict[str, Any]:
    """Runs inside a system scope, after the world's own batch was made."""
    payment = Payment.objects.get(child=own)
    batch = PaymentBatch.objects.get(pk=payment.batch_id)
    batch.pk, batch.number, batch.month = None, "500152-202608-1", dt.date(2026, 8, 1)
    batch.save()
    payment.pk, payment.batch, payment.month = None, batch, batch.month
    payment.state, payment.paid_date = "paid", dt.date(2026, 8, 24)
    payment.save()
    return {"sent_payment": payment.pk}
