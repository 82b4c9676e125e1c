"""Recipients and money over time, month by month: from released batches for those who see money, from locked monthly
reports for those who see totals alone. Both read a few rows a month, whatever the number of children.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Sum
from django.utils.translation import gettext as _

from cases.ages import add_months
from subsidies.enums import BatchKind, BatchState, SchemeCode
from subsidies.models import MonthlyReport, PaymentBatch

PERIODS = (12, 24, 36)
# Yuan from which a chart is drawn in thousands, and in ten thousands.
THOUSANDS, TEN_THOUSANDS = 100_000, 100_000_000


@dataclass(frozen=True)
class Point:
    """One month: how many were paid, and yuan; None of both where the number is too small to be told."""

    month: dt.date
    people: int | None
    yuan: Decimal | None


@dataclass(frozen=True)
class Series:
    """One scheme, or everything together, over the months in order; a month without a payment counts nobody."""

    label: str
    points: list[Point]

    def people(self) -> list[tuple[str, int]]:
        """For the chart; a hidden month is left out."""
        return [(f"{p.month:%y-%m}", p.people) for p in self.points if p.people is not None]

    def money(self) -> tuple[str, list[tuple[str, int]]]:
        """The unit, and for the chart the money in it."""
        known = [(p.month, p.yuan) for p in self.points if p.yuan is not None]
        most = max((yuan for _month, yuan in known), default=Decimal(0))
        if most < THOUSANDS:
            unit, size = _("yuan"), 1
        elif most < TEN_THOUSANDS:
            unit, size = _("thousand yuan"), 1000
        else:
            unit, size = _("ten thousand yuan"), 10_000
        return unit, [(f"{month:%y-%m}", round(yuan / size)) for month, yuan in known]


def months_until(last: dt.date, count: int) -> list[dt.date]:
    """``count`` months in order, the last one included."""
    return [add_months(last, -back) for back in range(count - 1, -1, -1)]


def of_batches(months: list[dt.date]) -> list[Series]:
    """One series a scheme: children and yuan of the months' released batches in scope. Lines paid again belong to the
    month in which they failed and are not counted twice. One query.
    """
    rows = (
        PaymentBatch.objects.filter(
            month__range=(months[0], months[-1]),
            kind=BatchKind.REGULAR,
            state__in=(BatchState.RELEASED, BatchState.RECONCILED),
        )
        .order_by()
        .values_list("scheme__code", "month")
        .annotate(people=Sum("child_count"), yuan=Sum("total"))
    )
    found: dict[str, dict[dt.date, Point]] = {}
    for code, month, people, yuan in rows:
        found.setdefault(code, {})[month] = Point(month, people, yuan)
    return [_series(str(code.label), months, found[code]) for code in SchemeCode if code in found]


REPORTED = """
    SELECT coalesce(f ->> 'scheme__code', ''), r.month, sum((f ->> 'people')::bigint), sum((f ->> 'paid')::numeric)
    FROM {table} r, jsonb_array_elements(r.figures -> 'money') f
    WHERE r.locked_at IS NOT NULL AND r.month BETWEEN %s AND %s
    GROUP BY 1, 2
"""


def of_reports(months: list[dt.date], least: int) -> list[Series]:
    """One series a scheme from the locked reports in scope, which the database's policy picks; reports of before they
    were told apart make one together. A month in which fewer than ``least`` were paid is hidden, and no sum is shown
    from which it could be reckoned. One query.
    """
    with connection.cursor() as cursor:
        cursor.execute(REPORTED.format(table=MonthlyReport._meta.db_table), [months[0], months[-1]])
        rows = cursor.fetchall()
    found: dict[str, dict[dt.date, Point]] = {}
    for code, month, people, yuan in rows:
        told = Point(month, None, None) if 0 < people < least else Point(month, people, yuan)
        found.setdefault(code, {})[month] = told
    labels = {"": _("All schemes")} | {code.value: str(code.label) for code in SchemeCode}
    return [_series(label, months, found[code]) for code, label in labels.items() if code in found]


def _series(label: str, months: list[dt.date], found: dict[dt.date, Point]) -> Series:
    nobody = Decimal("0.00")
    return Series(label, [found.get(month) or Point(month, 0, nobody) for month in months])


def header(series: list[Series]) -> list[str]:
    # Babel finds no words inside an f-string.
    cells, people, yuan = [_("Month")], _("people"), _("yuan")
    for one in series:
        cells += [f"{one.label} · {people}", f"{one.label} · {yuan}"]
    return cells


def lines(series: list[Series], hidden: str) -> Iterable[list[Any]]:
    """One row a month, the latest first; ``hidden`` stands for what is too small to be told."""
    for points in reversed(list(zip(*(one.points for one in series), strict=True))):
        row: list[Any] = [f"{points[0].month:%Y-%m}"]
        for point in points:
            row += [hidden, hidden] if point.people is None else [point.people, float(point.yuan or 0)]
        yield row
