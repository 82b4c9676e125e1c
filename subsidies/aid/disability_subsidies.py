"""残疾人两项补贴 of children: recorded as another office pays them, compared with the allowances (O-17; rules in
:mod:`subsidies.aid.disability_rules`).
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from cases.ages import add_months
from cases.enums import Attribute, PrimaryCategory
from cases.models import Child, ChildAttribute, DisabilityCard
from staff.enums import Role
from staff.workflow import Actor
from subsidies.aid.disability_rules import Disabled, Overlap, could_have, overlaps
from subsidies.aid.enums import DisabilitySubsidyKind
from subsidies.aid.refusals import AidRefused, check_duty
from subsidies.entitlements import services as entitlements
from subsidies.entitlements.chains import first_month
from subsidies.enums import EntitlementState, OffsetKind, SchemeCode
from subsidies.models import DisabilitySubsidy, Entitlement, Offset
from subsidies.reckoning.months import month_of

KEEPERS = (Role.CLERK,)
ADULT_MONTHS = 18 * 12


@dataclass
class Facts:
    """A child with what the rules ask, and the rows that they rest on."""

    child: Child
    disabled: Disabled
    living: DisabilitySubsidy | None = None
    right: Entitlement | None = None
    found: tuple[Overlap, ...] = ()
    could: tuple[DisabilitySubsidyKind, ...] = field(default_factory=tuple)


def in_force(on: dt.date) -> QuerySet[DisabilitySubsidy]:
    """Subsidies that are paid in the month of a day."""
    month = month_of(on)
    return DisabilitySubsidy.objects.filter(
        Q(end_month__isnull=True) | Q(end_month__gte=month), start_month__lte=month
    )


def counts(on: dt.date) -> dict[str, int]:
    """How many children under 18 have one in the month: by kind, and ``children`` who have either. One query."""
    minors = in_force(on).filter(
        child__left_date__isnull=True, child__birth_date__gt=add_months(on, -ADULT_MONTHS)
    )
    return minors.order_by().aggregate(
        children=Count("child", distinct=True),
        living=Count("child", distinct=True, filter=Q(kind=DisabilitySubsidyKind.LIVING)),
        nursing=Count("child", distinct=True, filter=Q(kind=DisabilitySubsidyKind.NURSING)),
    )


def findings(on: dt.date) -> list[Facts]:
    """Children with a subsidy or a disability card of whom the rules find something, worst first. Five queries.

    The disabled children of a county are few; their facts are read in sets and judged by pure rules.
    """
    subsidies: dict[int, dict[str, DisabilitySubsidy]] = defaultdict(dict)
    for row in in_force(on):
        subsidies[row.child_id][row.kind] = row
    levels: dict[int, int] = {}
    cards = DisabilityCard.objects.filter(Q(end_date__isnull=True) | Q(end_date__gte=on), start_date__lte=on)
    for child_id, level in cards.order_by().values_list("child_id", "level"):
        levels[child_id] = min(level, levels.get(child_id, level))
    ids = {*subsidies, *levels}
    attributes: dict[int, set[str]] = defaultdict(set)
    wanted = ChildAttribute.objects.filter(
        Q(end_date__isnull=True) | Q(end_date__gte=on),
        child__in=ids,
        kind__in=(Attribute.TEKUN, Attribute.DIBAO),
    )
    for child_id, kind in wanted.order_by().values_list("child_id", "kind"):
        attributes[child_id].add(kind)
    rights = {right.child_id: right for right in _rights(ids, on)}
    children = Child.objects.filter(pk__in=ids, left_date__isnull=True)
    found = [
        _facts(child, subsidies.get(child.pk, {}), levels.get(child.pk), attributes[child.pk], rights)
        for child in children.defer("health_note", "phone", "id_number").order_by("pk")
    ]
    order = list(Overlap)
    return sorted((row for row in found if row.found), key=lambda row: order.index(row.found[0]))


def _rights(ids: set[int], on: dt.date) -> QuerySet[Entitlement]:
    """Basic living allowances in force, with ``takes`` whether the living subsidy is set off this month."""
    month = month_of(on)
    offset = Offset.objects.filter(
        Q(end_month__isnull=True) | Q(end_month__gte=month),
        kind=OffsetKind.DISABILITY_LIVING,
        start_month__lte=month,
    )
    return (
        Entitlement.objects.filter(child__in=ids, scheme__code=SchemeCode.BASIC_LIVING)
        .exclude(state=EntitlementState.ENDED)
        .annotate(takes=Count("offsets", filter=Q(offsets__in=offset.order_by().values("pk"))))
        .select_related("scheme")
        .order_by("child_id", "-start_month")
    )


def _facts(
    child: Child,
    held: dict[str, DisabilitySubsidy],
    level: int | None,
    attributes: set[str],
    rights: dict[int, Entitlement],
) -> Facts:
    right = rights.get(child.pk)
    disabled = Disabled(
        category=child.primary_category,
        living=DisabilitySubsidyKind.LIVING in held,
        nursing=DisabilitySubsidyKind.NURSING in held,
        tekun=child.primary_category == PrimaryCategory.TEKUN or Attribute.TEKUN in attributes,
        dibao=child.primary_category == PrimaryCategory.DIBAO or Attribute.DIBAO in attributes,
        entitled=right is not None,
        set_off=bool(right and right.takes),  # type: ignore[attr-defined]
        level=level,
    )
    living = held.get(DisabilitySubsidyKind.LIVING)
    return Facts(child, disabled, living, right, overlaps(disabled), could_have(disabled))


def add_subsidy(
    *,
    actor: Actor,
    at: dt.datetime,
    child: Child,
    kind: str,
    amount: Decimal,
    start_month: dt.date,
    known_from: str,
    end_month: dt.date | None = None,
) -> DisabilitySubsidy:
    """Record what another office pays the child, yuan a month. AidRefused for months that are on record already."""
    check_duty(actor, KEEPERS)
    if amount <= 0:
        raise AidRefused(_("The amount must be more than 0."))
    if not known_from.strip():
        raise AidRefused(_("Write where the benefit is known from."))
    first, last = month_of(start_month), month_of(end_month) if end_month else None
    if last is not None and last < first:
        raise AidRefused(_("The last month lies before the first month."))
    try:
        with transaction.atomic():
            return DisabilitySubsidy.objects.create(
                child=child,
                region_id=child.region_id,
                kind=DisabilitySubsidyKind(kind),
                amount=amount,
                start_month=first,
                end_month=last,
                known_from=known_from.strip(),
                user_id=actor.user_id,
                at=at,
            )
    except IntegrityError as error:
        if "disability_subsidy_once_a_month" not in str(error):
            raise
        raise AidRefused(
            _("This subsidy is already on record in some of these months. End the earlier one first.")
        ) from error


def end_subsidy(
    *, actor: Actor, at: dt.datetime, subsidy: DisabilitySubsidy, last_month: dt.date
) -> DisabilitySubsidy:
    """It is paid for the last time in a month; what is set off because of it ends with it."""
    check_duty(actor, KEEPERS)
    last = month_of(last_month)
    if last < subsidy.start_month:
        raise AidRefused(_("The last month lies before the first month."))
    with transaction.atomic():
        locked = DisabilitySubsidy.objects.select_for_update(of=("self",)).get(pk=subsidy.pk)
        locked.end_month = last
        locked.save(update_fields=["end_month"])
        made = Offset.objects.filter(
            child_id=locked.child_id, kind=OffsetKind.DISABILITY_LIVING, source=_source(locked)
        ).filter(Q(end_month__isnull=True) | Q(end_month__gt=last))
        # One by one: what goes on under other terms ends with the first of its rows.
        while offset := made.order_by("start_month", "pk").first():
            entitlements.end_offset(
                actor=actor, at=at, offset=offset, last_month=last, source=locked.known_from
            )
    return locked


def set_off(*, actor: Actor, at: dt.datetime, subsidy: DisabilitySubsidy) -> Offset:
    """Make the living subsidy an offset of the child's allowance, for the months that they share (补差)."""
    right = entitlements.entitlement_of(subsidy.child_id)
    if subsidy.kind != DisabilitySubsidyKind.LIVING:
        raise AidRefused(_("Only the living subsidy is set off; the nursing subsidy may be held beside."))
    if right is None:
        raise AidRefused(_("The child has no allowance against which it could be set off."))
    if right.category == PrimaryCategory.ORPHAN:
        raise AidRefused(
            _("An orphan's living subsidy is cancelled, not set off. Tell the office that pays it.")
        )
    return entitlements.add_offset(
        actor=actor,
        at=at,
        entitlement=right,
        kind=OffsetKind.DISABILITY_LIVING,
        amount=subsidy.amount,
        start_month=max(subsidy.start_month, first_month(right)),
        end_month=subsidy.end_month,
        source=_source(subsidy),
    )


def _source(subsidy: DisabilitySubsidy) -> str:
    """What an offset made from the subsidy names as its source, so that both end together."""
    return f"{subsidy.known_from} #{subsidy.pk}"[:200]
