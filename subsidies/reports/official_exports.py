"""The official tables as files: made in a job, stored encrypted, logged with their reason (see cases.ledger_exports)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from cases import key_pages
from cases.ledger_exports import ledger
from staff.models import Region
from staff.models.region import county_of
from staff.scope import current
from subsidies.enums import PaymentState
from subsidies.models import Payment
from subsidies.reports import official_tables

PAYMENTS, FUNDS, BAOSHAN = "payment_list_export", "funds_statistics_export", "baoshan_month_export"
# Lines that money goes or went to: neither held back, nor of nothing, nor failed.
GIVEN = (PaymentState.PREPARED, PaymentState.SENT, PaymentState.PAID)


def chosen_lines(arguments: dict[str, Any]) -> QuerySet[Payment]:
    """The lines that arguments name: ``batch`` (key), or ``month`` (YYYY-MM) and perhaps ``scheme`` (key)."""
    found = Payment.objects.filter(state__in=GIVEN, cancelled=False)
    if batch := arguments.get("batch"):
        return found.filter(batch_id=int(batch))
    found = found.filter(batch__month=_month(arguments), state=PaymentState.PAID)
    return found.filter(scheme_id=int(arguments["scheme"])) if arguments.get("scheme") else found


def _month(arguments: dict[str, Any]) -> dt.date:
    return dt.date.fromisoformat(f"{arguments['month']}-01")


def own_county() -> Region:
    """The county of the open scope."""
    return Region.objects.get(pk=county_of(current().ranges[0][0]))


def _count_lines(arguments: dict[str, Any], day: dt.date) -> int:
    return chosen_lines(arguments).order_by()[: key_pages.COUNTED + 1].count()


def _count_townships(arguments: dict[str, Any], day: dt.date) -> int:
    return Region.objects.below(own_county(), "township").count() + 1


@ledger(PAYMENTS, _("List of payments (national system)"), count=_count_lines, has_numbers=True)
def payment_lines(arguments: dict[str, Any], day: dt.date, full: bool) -> Iterator[list[Any]]:
    """The national system's header, then the lines of a batch or of a month."""
    yield list(official_tables.PAYMENT_LIST)
    yield from official_tables.payment_rows(chosen_lines(arguments), full=full)


@ledger(FUNDS, _("Statistics of funds (national system)"), count=_count_townships, has_numbers=False)
def funds_lines(arguments: dict[str, Any], day: dt.date, full: bool) -> Iterator[list[Any]]:
    """Two rows of headings, then a row a township and the sum."""
    yield from official_tables.funds_header()
    yield from official_tables.funds_rows(own_county(), _month(arguments))


@ledger(BAOSHAN, _("Monthly table (Baoshan)"), count=lambda arguments, day: 1, has_numbers=False)
def baoshan_lines(arguments: dict[str, Any], day: dt.date, full: bool) -> Iterator[list[Any]]:
    """Two rows of headings, then the county's row."""
    yield from official_tables.baoshan_header()
    yield official_tables.baoshan_row(own_county(), _month(arguments))
