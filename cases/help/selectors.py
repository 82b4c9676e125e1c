"""Shaped reads of the help ledger (帮扶台账): lines page by key, totals that add up, and who gets no help."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from typing import Any, cast
from urllib.parse import urlencode

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum

from cases import ages, key_pages
from cases.circumstances.enums import HelpArea, HelpForm
from cases.enums import Attribute, HealthStatus, Insurance, PrimaryCategory
from cases.models import Child, ChildAttribute, DisabilityCard, Help, Illness
from staff import parameters
from staff.models import Region

GIVERS = 20  # givers with a row of their own; the others are summed in one
TREATING = (HelpArea.TREATMENT, HelpArea.REHABILITATION)
SICK = (Attribute.SEVERE_ILLNESS, Attribute.SEVERE_DISABILITY, Attribute.DISABILITY)
GAPS = ("untreated", "uninsured", "unstated")


@dataclass(frozen=True)
class HelpFilters:
    """What the ledger shows, as in its address. Days are ISO texts, both included."""

    area: str = ""
    form: str = ""
    giver: str = ""
    region: int | None = None
    since: str = ""
    until: str = ""

    def address(self, **changes: Any) -> str:
        """The query string with some filters changed; empty values are left out."""
        changed = replace(self, **changes)
        values = {one.name: getattr(changed, one.name) for one in fields(changed)}
        return "?" + urlencode({name: value for name, value in values.items() if value})

    def as_arguments(self) -> dict[str, Any]:
        """Plain values for a job."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    def lines(self) -> QuerySet[Help]:
        """Every line the filters let through, latest first."""
        found = Help.objects.all()
        for name, value in (
            ("area", self.area),
            ("form", self.form),
            ("giver", self.giver.strip()),
            ("date__gte", self.since),
            ("date__lte", self.until),
        ):
            if value:
                found = found.filter(**{name: value})
        if self.region:
            region = Region.objects.filter(pk=self.region).first()
            found = (
                found.filter(region_id__gte=region.lo, region_id__lte=region.hi) if region else found.none()
            )
        return found.order_by("-date", "-pk")


@dataclass(frozen=True)
class HelpPage:
    """One page of the ledger; ``count`` is exact, from the totals."""

    lines: list[Help]
    later: str


@dataclass(frozen=True)
class Total:
    """人数, 人次, money and the value of goods and services. ``children`` None where it cannot be told apart."""

    code: str
    label: Any
    children: int | None
    times: int
    money: Decimal
    value: Decimal


def page_of(filters: HelpFilters, *, after: str = "") -> HelpPage:
    """The page that follows the key ``after``. Two queries."""
    found = key_pages.beyond(filters.lines(), "date", key_pages.read_key(after), down=True)
    found = found.select_related("child", "need").defer(
        "child__health_note", "child__phone", "child__id_number"
    )
    lines, later = key_pages.cut(list(found[: key_pages.PAGE + 1]), "date", filters.address())
    key_pages.name_places(lines)
    return HelpPage(lines, later)


def _total(row: dict[str, Any], code: str, label: Any) -> Total:
    nothing = Decimal("0.00")
    return Total(code, label, row["children"], row["times"], row["money"] or nothing, row["value"] or nothing)


def totals_of(filters: HelpFilters) -> tuple[list[Total], list[Total], Total]:
    """Totals by area (in the order of the areas) and by giver (most money first), and of everything.

    A child helped in two areas counts once in the whole (人数) and in each area; times (人次) and money add up.
    Three queries.
    """
    # The groups are rows of plain values, which the type of a queryset of lines does not know.
    found: QuerySet[Any, dict[str, Any]] = cast("Any", filters.lines().order_by())
    summed: dict[str, Any] = {
        "children": Count("child", distinct=True),
        "times": Count("pk"),
        "money": Sum("amount", filter=Q(form=HelpForm.MONEY)),
        "value": Sum("amount", filter=~Q(form=HelpForm.MONEY)),
    }
    whole = _total(found.aggregate(**summed), "", "")
    rows = {row["area"]: row for row in found.values("area").annotate(**summed)}
    areas = [_total(rows[area.value], area.value, area.label) for area in HelpArea if area.value in rows]
    ranked = found.values("giver").annotate(**summed)
    ranked = ranked.order_by(F("money").desc(nulls_last=True), "-times", "giver")[: GIVERS + 1]
    givers = [_total(row, row["giver"], row["giver"]) for row in ranked]
    if len(givers) > GIVERS:
        givers = givers[:GIVERS]
        givers.append(
            Total(
                "",
                None,
                None,
                whole.times - sum(one.times for one in givers),
                whole.money - sum((one.money for one in givers), Decimal()),
                whole.value - sum((one.value for one in givers), Decimal()),
            )
        )
    return areas, givers, whole


def sick_or_disabled(on: dt.date) -> Q:
    """Who is severely ill or disabled by category, attribute, state of health, card or diagnosis."""
    open_ = Q(end_date__isnull=True) | Q(end_date__gte=on)
    return (
        Q(primary_category__in=(PrimaryCategory.SEVERE_ILLNESS, PrimaryCategory.SEVERE_DISABILITY))
        | Q(health_status__in=(HealthStatus.SEVERE, HealthStatus.DISABLED))
        | Q(pk__in=ChildAttribute.objects.filter(open_, kind__in=SICK).order_by().values("child"))
        | Q(pk__in=DisabilityCard.objects.filter(open_).order_by().values("child"))
        | Q(pk__in=Illness.objects.filter(open_, severe=True).order_by().values("child"))
    )


def gaps(show: str, region_id: int, on: dt.date) -> QuerySet[Child]:
    """Children on the register whom O-30 says must not be missed (one of GAPS).

    ``untreated``: severely ill or disabled, without help in treatment or rehabilitation within the parameter
    ``help_gap_months``; ``uninsured``: no health insurance; ``unstated``: nothing known of it. One query at most.
    """
    here = Child.objects.filter(left_date__isnull=True)
    if show == "uninsured":
        return here.filter(insurance=Insurance.NONE)
    if show == "unstated":
        return here.filter(insurance="")
    since = ages.add_months(on, -int(parameters.value(region_id, "help_gap_months", on)))
    helped = Help.objects.filter(child=OuterRef("pk"), area__in=TREATING, date__gt=since).order_by()
    return here.filter(sick_or_disabled(on)).filter(~Exists(helped))
