"""What the monthly report counts: every figure is an aggregate over a set of rows that the page can also list.

A family is a base set, grouped by township and a few more fields; a measure is a condition on it. Because the
figure and its list come from the same condition, they cannot differ. Definitions follow the ministry's monthly table:
期初 + 新增 − 退出 = 期末; 人数 counts children, 人次 payments; 应发 what was due, 实发 what the bank paid, 补发 arrears paid (also
failed lines that were paid again), 追缴 what was asked back in the month and what came back or was waived.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection
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
from subsidies.ledger.enums import RecoveryPartKind, RecoveryState, Source
from subsidies.models import Entitlement, Payment, Recovery, RecoveryPart, TemporaryRelief


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
CENT = Decimal("0.01")


@dataclass(frozen=True)
class Measure:
    """``condition`` picks the rows; ``aggregate`` makes the figure of them (default: how many)."""

    code: str
    label: Any
    condition: Callable[[Period], Q]
    aggregate: Callable[[Period, Q], Any] = lambda period, condition: Count("pk", filter=condition)
    unit: str = PEOPLE
    # The field that a figure in yuan adds up.
    column: str = "amount"


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


def _sum_of(column: str) -> Callable[[Period, Q], Any]:
    money = DecimalField(max_digits=14, decimal_places=2)
    return lambda period, condition: Sum(column, filter=condition, default=0, output_field=money)


def _yuan(code: str, label: Any, condition: Callable[[Period], Q], column: str = "amount") -> Measure:
    """A figure in yuan."""
    return Measure(code, label, condition, _sum_of(column), YUAN, column)


def _children(period: Period, condition: Q) -> Any:
    return Count("child_id", filter=condition, distinct=True)


def _also(kind: str) -> Callable[[Period], Q]:
    """Children at the end of the month who are counted under a kind or have it beside their category."""

    def condition(period: Period) -> Q:
        held = cases.ChildAttribute.objects.filter(kind=kind, start_date__lt=period.end).filter(
            Q(end_date__isnull=True) | Q(end_date__gte=period.end)
        )
        here = Q(left_date__isnull=True) | Q(left_date__gte=period.end)
        return here & (Q(primary_category=kind) | Q(pk__in=held.values("child_id")))

    return condition


# 居委会 are numbered from 001, 村委会 from 200 (rules.md section 8).
TOWN = Q(unit__lt=200)
REGISTER = Family(
    "register",
    lambda p: _here(cases.Child.objects, p).filter(_on_register(p)).annotate(unit=F("region_id") % 1000),
    ("primary_category", "left_reason"),
    (
        Measure("opening", _("Opening count"), lambda p: Q(registered_date__lt=p.month)),
        Measure("new", _("New"), lambda p: Q(registered_date__gte=p.month)),
        Measure(
            "left", pgettext_lazy("report", "Left"), lambda p: Q(left_date__gte=p.month, left_date__lt=p.end)
        ),
        Measure("closing", _("Closing count"), lambda p: Q(left_date__isnull=True) | Q(left_date__gte=p.end)),
        Measure("visits_due", _("Visits due"), _on_register, _visits_due),
        # O-46: minors inside other schemes.
        Measure("tekun", _("Minors in extreme-poverty support"), _also("tekun")),
        Measure("dibao_urban", _("Minors in urban dibao"), lambda p: _also("dibao")(p) & TOWN),
        Measure("dibao_rural", _("Minors in rural dibao"), lambda p: _also("dibao")(p) & ~TOWN),
    ),
)
RELIEF = Family(
    "relief",
    lambda p: _here(TemporaryRelief.objects, p).filter(given_date__gte=p.month, given_date__lt=p.end),
    (),
    (
        Measure("times", _("Families helped"), lambda p: Q()),
        Measure(
            "person_times",
            _("Person-times of temporary relief"),
            lambda p: Q(),
            lambda period, condition: Sum("people", filter=condition, default=0),
        ),
        _yuan("yuan", _("Temporary relief"), lambda p: Q()),
    ),
)
# Other terms from a month on are another row of the same right: nobody came, nobody went.
_SAME_CATEGORY = Q(continues__isnull=False) & Q(continues__category=F("category"))
ENTITLED = Family(
    "entitled",
    lambda p: (
        _here(Entitlement.objects, p)
        .filter(start_month__lte=p.month)
        .filter(Q(end_month__isnull=True) | Q(end_month__gte=p.last_month))
        # Left without a month by an end that became known late.
        .exclude(end_month__lt=F("start_month"))
        .exclude(
            Q(continued_by__end_month__isnull=True) | Q(continued_by__end_month__gte=p.month),
            end_month=p.last_month,
            continued_by__isnull=False,
            continued_by__start_month=p.month,
            continued_by__category=F("category"),
        )
    ),
    ("scheme__code", "category", "end_reason"),
    (
        Measure("opening", _("Opening count"), lambda p: Q(start_month__lt=p.month) | _SAME_CATEGORY),
        Measure("new", _("New"), lambda p: Q(start_month=p.month) & ~_SAME_CATEGORY),
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


def _due(period: Period) -> Q:
    return Q(kind="regular")


def _paid(period: Period) -> Q:
    return Q(state="paid")


MONEY = Family(
    "money",
    lambda p: _here(Payment.objects, p).filter(batch__month=p.month, cancelled=False, amount__gt=0),
    ("scheme__code", "entitlement__category"),
    (
        Measure("due_people", _("People due"), _due, _children),
        Measure("due_times", _("Payments due"), _due),
        _yuan("due", _("Due"), _due),
        Measure("people", _("People paid"), _paid, _children),
        Measure("times", _("Payments made"), _paid),
        _yuan("paid", _("Paid out"), _paid),
        _yuan("arrears", _("Of which arrears"), lambda p: Q(state="paid", kind="arrears")),
        Measure("failed", _("Failed"), lambda p: Q(state="failed")),
        *(_yuan(source.value, source.label, _paid, f"from_{source.value}") for source in Source),
    ),
)
RECOVERIES = Family(
    "recoveries",
    lambda p: _here(Recovery.objects, p).filter(
        state__in=(RecoveryState.OPEN, RecoveryState.SETTLED),
        decided_at__gte=p.moments[0],
        decided_at__lt=p.moments[1],
    ),
    ("scheme__code",),
    (
        Measure("asked", _("Months asked back"), lambda p: Q()),
        _yuan("asked_yuan", _("Asked back"), lambda p: Q()),
    ),
)
RECOVERED = Family(
    "recovered",
    lambda p: _here(RecoveryPart.objects, p).filter(date__gte=p.month, date__lt=p.end),
    ("recovery__scheme__code",),
    (
        _yuan("back", _("Paid back"), lambda p: Q(kind=RecoveryPartKind.PAID_BACK)),
        _yuan("waived", _("Waived"), lambda p: Q(kind=RecoveryPartKind.WAIVED)),
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
        Measure("to_check", _("To be checked"), lambda p: Q(state__in=cases.Discrepancy.OPEN)),
        Measure("true", _("Confirmed"), lambda p: Q(state="true") | Q(state="closed") & ~Q(remedy="")),
    ),
)
FAMILIES = {
    family.code: family
    for family in (REGISTER, ENTITLED, MONEY, RECOVERIES, RECOVERED, RELIEF, VISITS, CASES, DISCREPANCIES)
}


def figures(period: Period) -> dict[str, list[dict[str, Any]]]:
    """Family → one row a group: ``township``, the split fields, and each measure. One query for all families."""
    parts: list[str] = []
    given: list[Any] = []
    for family in FAMILIES.values():
        sql, values = _grouped(family, period).query.sql_with_params()
        parts.append(f"SELECT '{family.code}', row_to_json(counted)::text FROM ({sql}) counted")  # noqa: S608
        given += values
    found: dict[str, list[dict[str, Any]]] = {code: [] for code in FAMILIES}
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), given)
        for code, line in cursor.fetchall():
            found[code].append(_read(FAMILIES[code], json.loads(line, parse_float=Decimal)))
    for code, listed in found.items():
        names = ("township", *FAMILIES[code].split)
        listed.sort(key=lambda row: [str(row[name] or "") for name in names])
    return found


def _grouped(family: Family, period: Period) -> QuerySet[Any]:
    # Prefixed, because a measure may be called like a field of the model.
    aggregates = {
        f"m_{m.code}": m.aggregate(period, m.condition(period) or Q(pk__isnull=False))
        for m in family.measures
    }
    grouped = family.base(period).order_by().annotate(township=TOWNSHIP).values("township", *family.split)
    return grouped.annotate(**aggregates)


def _read(family: Family, line: dict[str, Any]) -> dict[str, Any]:
    row = {name: line[name] for name in ("township", *family.split)}
    for measure in family.measures:
        value = line[f"m_{measure.code}"]
        row[measure.code] = Decimal(value).quantize(CENT) if measure.unit == YUAN else value
    return row


def rows(period: Period, family: str, measure: str, **chosen: Any) -> QuerySet[Any]:
    """The rows behind one figure. ``chosen``: ``township`` (code) and split fields. Raises KeyError for an unknown name."""
    spec = FAMILIES[family]
    condition = next((m.condition for m in spec.measures if m.code == measure), None)
    if condition is None:
        raise KeyError(measure)
    found = spec.base(period).filter(condition(period) or Q(pk__isnull=False))
    if township := chosen.pop("township", None):
        found = found.filter(region__gte=township, region__lte=township + 999)
    for name, value in chosen.items():
        if name in spec.split:
            # Several codes of one field: those of a figure that adds them up.
            found = found.filter(**{f"{name}__in": value.split(",") if isinstance(value, str) else [value]})
    return found
