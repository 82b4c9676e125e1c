"""What the monthly report counts: every figure is an aggregate over a set of rows that the page can also list.

A family is one query: a base set, grouped by township and one more field; a measure is a condition on it. Because the
figure and its list come from the same condition, they cannot differ. Definitions follow the ministry's monthly table:
期初 + 新增 − 退出 = 期末; 人数 counts children, 人次 payments; 应发 what was due, 实发 what the bank paid, 补发 arrears paid.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import (
    BigIntegerField,
    Case,
    Count,
    DecimalField,
    F,
    Func,
    IntegerField,
    Manager,
    Q,
    QuerySet,
    Sum,
    Value,
    When,
)
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cases import models as cases
from staff import parameters
from subsidies.models import Entitlement, Payment


@dataclass(frozen=True)
class Period:
    """One month of one region, with the visit intervals then in force."""

    low: int
    high: int
    month: dt.date
    intervals: tuple[tuple[str, int], ...]

    @property
    def end(self) -> dt.date:
        """First day of the next month."""
        return (self.month + dt.timedelta(days=32)).replace(day=1)

    @property
    def last_month(self) -> dt.date:
        return (self.month - dt.timedelta(days=1)).replace(day=1)

    @property
    def moments(self) -> tuple[dt.datetime, dt.datetime]:
        """Start and end of the month in local time."""
        return tuple(
            timezone.make_aware(dt.datetime.combine(day, dt.time())) for day in (self.month, self.end)
        )  # type: ignore[return-value]


def period_of(low: int, high: int, month: dt.date) -> Period:
    """The period for a range of region codes; one query for the county's intervals."""
    intervals = parameters.value(low, "visit_interval_days", month)
    return Period(low, high, month, tuple(sorted(intervals.items())))


TOWNSHIP = Func(F("region_id"), template="(%(expressions)s / 1000 * 1000)", output_field=BigIntegerField())
PEOPLE, YUAN = "people", "yuan"


@dataclass(frozen=True)
class Measure:
    """``condition`` picks the rows; ``aggregate`` makes the figure of them (default: how many)."""

    code: str
    label: Any
    condition: Callable[[Period], Q]
    aggregate: Callable[[Period, Q], Any] = lambda period, condition: Count("pk", filter=condition)
    unit: str = PEOPLE


@dataclass(frozen=True)
class Family:
    """A base set of rows and the fields it is broken down by, beside the township."""

    code: str
    base: Callable[[Period], QuerySet[Any]]
    split: tuple[str, ...]
    measures: tuple[Measure, ...]


def _here(rows: QuerySet[Any] | Manager[Any], period: Period) -> QuerySet[Any]:
    return rows.filter(region__gte=period.low, region__lte=period.high)


def _on_register(period: Period) -> Q:
    return Q(registered_date__lt=period.end) & (Q(left_date__isnull=True) | Q(left_date__gte=period.month))


def _visits_due(period: Period, condition: Q) -> Any:
    """一月一访, more often by risk: how many whole intervals a month of 30 days has, at least one."""
    cases_ = [When(risk=risk, then=Value(max(1, 30 // days))) for risk, days in period.intervals]
    return Sum(Case(*cases_, default=Value(1), output_field=IntegerField()), filter=condition, default=0)


def _yuan(period: Period, condition: Q) -> Any:
    return Sum(
        "amount", filter=condition, default=0, output_field=DecimalField(max_digits=14, decimal_places=2)
    )


def _children(period: Period, condition: Q) -> Any:
    return Count("child_id", filter=condition, distinct=True)


REGISTER = Family(
    "register",
    lambda p: _here(cases.Child.objects, p).filter(_on_register(p)),
    ("primary_category", "left_reason"),
    (
        Measure("opening", _("Opening count"), lambda p: Q(registered_date__lt=p.month)),
        Measure("new", _("New"), lambda p: Q(registered_date__gte=p.month)),
        Measure(
            "left", pgettext_lazy("report", "Left"), lambda p: Q(left_date__gte=p.month, left_date__lt=p.end)
        ),
        Measure("closing", _("Closing count"), lambda p: Q(left_date__isnull=True) | Q(left_date__gte=p.end)),
        Measure("visits_due", _("Visits due"), _on_register, _visits_due),
    ),
)
ENTITLED = Family(
    "entitled",
    lambda p: (
        _here(Entitlement.objects, p)
        .filter(start_month__lte=p.month)
        .filter(Q(end_month__isnull=True) | Q(end_month__gte=p.last_month))
    ),
    ("category", "end_reason"),
    (
        Measure("opening", _("Opening count"), lambda p: Q(start_month__lt=p.month)),
        Measure("new", _("New"), lambda p: Q(start_month=p.month)),
        Measure(
            "left",
            pgettext_lazy("report", "Left"),
            lambda p: Q(end_month=p.last_month, start_month__lt=p.month),
        ),
        Measure(
            "closing", _("Closing count"), lambda p: Q(end_month__isnull=True) | Q(end_month__gte=p.month)
        ),
    ),
)
MONEY = Family(
    "money",
    lambda p: _here(Payment.objects, p).filter(batch__month=p.month, cancelled=False, amount__gt=0),
    ("entitlement__category",),
    (
        Measure("people", _("People paid"), lambda p: Q(state="paid"), _children),
        Measure("times", _("Payments made"), lambda p: Q(state="paid")),
        Measure("due", _("Due"), lambda p: Q(kind="regular"), _yuan, YUAN),
        Measure("paid", _("Paid out"), lambda p: Q(state="paid"), _yuan, YUAN),
        Measure("arrears", _("Of which arrears"), lambda p: Q(state="paid", kind="arrears"), _yuan, YUAN),
        Measure("failed", _("Failed"), lambda p: Q(state="failed")),
    ),
)
VISITS = Family(
    "visits",
    lambda p: _here(cases.Visit.objects, p).filter(
        visited_at__gte=p.moments[0],
        visited_at__lt=p.moments[1],
        state__in=["submitted", "approved", "escalated"],
    ),
    (),
    (
        Measure("done", _("Visits made"), lambda p: Q()),
        Measure("covered", _("Children visited"), lambda p: Q(), _children),
    ),
)
CASES = Family(
    "cases",
    lambda p: (
        _here(cases.Case.objects, p)
        .filter(opened_at__lt=p.moments[1])
        .filter(Q(closed_at__isnull=True) | Q(closed_at__gte=p.moments[0]))
    ),
    ("level",),
    (
        Measure("opened", _("Opened"), lambda p: Q(opened_at__gte=p.moments[0])),
        Measure("closed", _("Closed"), lambda p: Q(closed_at__lt=p.moments[1])),
        Measure(
            "open", _("Open at the end"), lambda p: Q(closed_at__isnull=True) | Q(closed_at__gte=p.moments[1])
        ),
    ),
)
DISCREPANCIES = Family(
    "discrepancies",
    lambda p: _here(cases.Discrepancy.objects, p).filter(run__period=p.month),
    ("kind",),
    (
        Measure("found", _("Found"), lambda p: Q()),
        Measure("to_check", _("To be checked"), lambda p: Q(state="to_check")),
        Measure("true", _("Confirmed"), lambda p: Q(state="true")),
    ),
)
FAMILIES = {family.code: family for family in (REGISTER, ENTITLED, MONEY, VISITS, CASES, DISCREPANCIES)}


def figures(period: Period) -> dict[str, list[dict[str, Any]]]:
    """Family → one row a group: ``township``, the split fields, and each measure. One query a family."""
    found: dict[str, list[dict[str, Any]]] = {}
    for family in FAMILIES.values():
        aggregates = {
            m.code: m.aggregate(period, m.condition(period) or Q(pk__isnull=False)) for m in family.measures
        }
        grouped = family.base(period).order_by().annotate(township=TOWNSHIP).values("township", *family.split)
        found[family.code] = list(grouped.annotate(**_named(aggregates)).order_by("township", *family.split))
        for row in found[family.code]:
            for code in aggregates:
                row[code] = row.pop(f"m_{code}")
    return found


def rows(period: Period, family: str, measure: str, **chosen: Any) -> QuerySet[Any]:
    """The rows behind one figure. ``chosen``: ``township`` (code) and split fields. Raises KeyError for an unknown name."""
    spec = FAMILIES[family]
    condition = next((m.condition for m in spec.measures if m.code == measure), None)
    if condition is None:
        raise KeyError(measure)
    found = spec.base(period).filter(condition(period) or Q(pk__isnull=False))
    if township := chosen.pop("township", None):
        found = found.filter(region__gte=township, region__lte=township + 999)
    return found.filter(**{name: value for name, value in chosen.items() if name in spec.split})


def _named(aggregates: dict[str, Any]) -> dict[str, Any]:
    """Prefixed, because a measure may be called like a field of the model."""
    return {f"m_{code}": aggregate for code, aggregate in aggregates.items()}
