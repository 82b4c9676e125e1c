"""明天计划 and check-ups: services that a programme pays after insurance and other aid (O-17; 2019 办法, rules.md 3)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, cast

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.ages import age_on
from cases.enums import PrimaryCategory, SchoolStage
from cases.models import CategoryPeriod, Child
from staff.enums import Role
from staff.scope import current, open_scope
from staff.workflow import Actor
from subsidies.aid.enums import ServiceKind, ServiceProgramme
from subsidies.aid.refusals import AidRefused, check_duty
from subsidies.aid.study_rules import GROWN, STAGES
from subsidies.models import WelfareService

KEEPERS = (Role.SUPERVISOR, Role.CLERK)
STUDYING = STAGES | {SchoolStage.SPECIAL}


@dataclass(frozen=True)
class ServiceData:
    """One service. ``cost`` and what insurance and other aid, and the programme, paid of it, in yuan."""

    programme: str
    kind: str
    date: dt.date
    provider: str
    cost: Decimal = Decimal("0.00")
    insurance_paid: Decimal = Decimal("0.00")
    programme_paid: Decimal = Decimal("0.00")
    note: str = ""


@dataclass(frozen=True)
class YearRow:
    """Children, services and yuan of one kind of service in a year."""

    kind: ServiceKind
    children: int
    times: int
    cost: Decimal
    insurance_paid: Decimal
    programme_paid: Decimal


def is_eligible(child: Child, on: dt.date) -> bool:
    """明天计划: orphans from 0 to 18, and grown ones who still study. At most one query."""
    if age_on(child.birth_date, on) < GROWN:
        return child.primary_category == PrimaryCategory.ORPHAN
    was_orphan = child.primary_category == PrimaryCategory.ORPHAN or (
        CategoryPeriod.objects.filter(child=child, category=PrimaryCategory.ORPHAN).exists()
    )
    return was_orphan and child.school_stage in STUDYING


def add_service(*, actor: Actor, at: dt.datetime, child: Child, data: ServiceData) -> WelfareService:
    """Write a service down. AidRefused: not eligible for the programme, a day to come, more than what is left."""
    check_duty(actor, KEEPERS)
    if data.date > timezone.localdate(at):
        raise AidRefused(_("This day is still to come."))
    if data.date < child.birth_date:
        raise AidRefused(_("This day lies before the child's birth."))
    if data.programme == ServiceProgramme.TOMORROW and not is_eligible(child, data.date):
        raise AidRefused(
            _(
                "The Tomorrow Plan is for orphans under 18, and for grown ones who still study. Choose the county's."
            )
        )
    if min(data.cost, data.insurance_paid, data.programme_paid) < 0:
        raise AidRefused(_("An amount is never below nothing."))
    left = data.cost - data.insurance_paid
    if data.programme_paid > left:
        raise AidRefused(
            _("The programme pays at most what insurance and other aid leave: %(left)s yuan.")
            % {"left": f"{max(left, Decimal(0)):.2f}"}
        )
    return WelfareService.objects.create(
        child=child,
        region_id=child.region_id,
        programme=ServiceProgramme(data.programme),
        kind=ServiceKind(data.kind),
        date=data.date,
        provider=data.provider.strip(),
        cost=data.cost,
        insurance_paid=data.insurance_paid,
        programme_paid=data.programme_paid,
        note=data.note.strip(),
        user_id=actor.user_id,
        at=at,
    )


def remove_service(*, actor: Actor, service: WelfareService, reason: str) -> None:
    """Take out what was written in error; it stays in the audit trail with the reason."""
    check_duty(actor, KEEPERS)
    if not reason.strip():
        raise AidRefused(_("Write the reason in words."))
    with open_scope(replace(current(), reason=reason.strip())):
        WelfareService.objects.filter(pk=service.pk).delete()


def of_year(year: int, kind: str = "") -> QuerySet[WelfareService]:
    """Services of a year, latest first."""
    found = WelfareService.objects.filter(date__gte=dt.date(year, 1, 1), date__lte=dt.date(year, 12, 31))
    if kind:
        found = found.filter(kind=kind)
    return found.order_by("-date", "-pk")


def year_table(year: int) -> list[YearRow]:
    """What the year's services came to, by kind. One query."""
    rows: QuerySet[Any, dict[str, Any]] = cast("Any", of_year(year).order_by())
    summed = rows.values("kind").annotate(
        children=Count("child", distinct=True),
        times=Count("pk"),
        cost=Sum("cost"),
        insurance_paid=Sum("insurance_paid"),
        programme_paid=Sum("programme_paid"),
    )
    found = {row["kind"]: row for row in summed}
    return [
        YearRow(kind, **{name: value for name, value in found[kind.value].items() if name != "kind"})
        for kind in ServiceKind
        if kind.value in found
    ]


def unseen(year: int) -> QuerySet[Child]:
    """Orphans on the register who had no check-up in a year, by key."""
    had = WelfareService.objects.filter(
        child=OuterRef("pk"), kind=ServiceKind.CHECKUP, date__year=year
    ).order_by()
    return Child.objects.filter(
        Q(primary_category=PrimaryCategory.ORPHAN), ~Exists(had), left_date__isnull=True
    ).order_by("pk")
