"""What the rules of 留守、流动、重残 and 重病 say of a child's file on a day, as the panel shows it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from cases.categories.schemes import PARAMETER, Scheme, scheme_from, suggest_primary
from cases.children.selectors import situations_of
from cases.eligibility import absences, disability
from cases.eligibility.absences import Absence, AbsenceConfig, Finding, When
from cases.eligibility.table import Answer, Parent
from cases.enums import Attribute
from cases.models import Child, ChildAttribute, DisabilityCard, Illness, ParentAbsence, ParentSituation
from staff import parameters
from staff.enums import RegionLevel
from staff.models import Region

KEYS = ("absence_months", "absence_visit_days", PARAMETER)
DISABILITY_CLAUSE = "残疾人证；残联"


@dataclass(frozen=True)
class RuleLine:
    """One rule's answer. ``kind`` is the attribute it is about, ``held`` whether the file has it."""

    kind: Attribute
    answer: Answer
    reason: str | Promise
    clause: str
    detail: str = ""
    counted_at: str = ""
    statistics: bool = False
    missing: tuple[str, ...] = ()
    dates: tuple[tuple[dt.date, Any], ...] = ()
    held: bool = False
    # More protected than the category under which the child is counted, by the county's scheme.
    outranks: bool = False

    @property
    def differs(self) -> bool:
        """The rule says yes and the file does not, or the other way round."""
        return (self.answer is Answer.ELIGIBLE and not self.held) or (
            self.answer is Answer.NOT_ELIGIBLE and self.held
        )

    @property
    def to_take(self) -> bool:
        """Something can be taken over: the attribute, or the primary category."""
        return self.answer is Answer.ELIGIBLE and (not self.held or self.outranks)


@dataclass
class Circumstances:
    """The rows of one child, loaded once. Seven queries with the names of counties and the parameters."""

    child: Child
    on: dt.date
    absences: list[ParentAbsence] = field(default_factory=list)
    cards: list[DisabilityCard] = field(default_factory=list)
    illnesses: list[Illness] = field(default_factory=list)
    lines: list[RuleLine] = field(default_factory=list)


def circumstances_of(child: Child, on: dt.date) -> Circumstances:
    """Everything the tab shows of a child on a day."""
    found = Circumstances(
        child,
        on,
        list(ParentAbsence.objects.filter(child=child)),
        list(DisabilityCard.objects.filter(child=child)),
        list(Illness.objects.filter(child=child)),
    )
    father, mother = situations_of(list(ParentSituation.objects.filter(child=child)))
    held = set(
        ChildAttribute.objects.filter(child=child, start_date__lte=on)
        .exclude(end_date__lt=on)
        .values_list("kind", flat=True)
    )
    values = parameters.values(child.region_id, KEYS, on)
    config = AbsenceConfig(int(values["absence_months"]), int(values["absence_visit_days"]))
    scheme = scheme_from(values[PARAMETER])
    names = _county_names(child, found.absences)

    def name_of(code: int) -> str:
        return names.get(code, "")

    away = [
        Absence(Parent(row.parent), row.start_date, row.end_date, row.destination_code)
        for row in found.absences
    ]
    behind = absences.left_behind(
        child.birth_date, child.household_region_id, away, father, mother, on, config, name_of
    )
    moved = absences.migrant(
        child.birth_date,
        child.household_region_id,
        child.residence_region_id,
        child.residence_since,
        on,
        config,
        name_of,
    )
    for kind, finding, place in (
        (Attribute.LEFT_BEHIND, behind, child.household_region),
        (Attribute.MIGRANT, moved, child.residence_region),
    ):
        found.lines.append(_of_absence(child, kind, finding, place, held, scheme))
    found.lines.append(_severe_disability(found, held, scheme))
    found.lines.append(_severe_illness(found, held, scheme))
    return found


def _county_names(child: Child, rows: list[ParentAbsence]) -> dict[int, str]:
    codes = {child.household_region_id, child.residence_region_id, *(row.destination_code for row in rows)}
    counties = {absences.twelve(code) // 1_000_000 * 1_000_000 for code in codes if code}
    found = Region.objects.filter(pk__in=counties, level=RegionLevel.COUNTY)
    return dict(found.values_list("pk", "name"))


def _of_absence(
    child: Child,
    kind: Attribute,
    finding: Finding,
    place: Region | None,
    held: set[str],
    scheme: Scheme,
) -> RuleLine:
    return RuleLine(
        kind,
        finding.answer,
        finding.ground.label,
        finding.clause,
        finding.detail.value if finding.detail and finding.answer is Answer.ELIGIBLE else "",
        place.short_name if place else "",
        finding.statistics,
        tuple(str(parent.label) for parent in finding.missing),
        tuple((day, When(why).label) for day, why in finding.dates),
        kind.value in held,
        _outranks(child, kind, scheme),
    )


def _outranks(child: Child, kind: Attribute, scheme: Scheme) -> bool:
    present = child.primary_category
    return kind.value != present and suggest_primary({kind.value, present}, scheme).value == kind.value


def _severe_disability(found: Circumstances, held: set[str], scheme: Scheme) -> RuleLine:
    current = [
        card
        for card in found.cards
        if card.start_date <= found.on and (card.end_date is None or found.on <= card.end_date)
    ]
    severe = [card for card in current if disability.is_severe(card.kind, card.level, card.components)]
    kind = Attribute.SEVERE_DISABILITY
    outranks = _outranks(found.child, kind, scheme)
    if not current:
        past = any(card.start_date <= found.on for card in found.cards)
        reason = _("The disability card has expired.") if past else _("No disability card is on record.")
        answer = Answer.UNDECIDED if past else Answer.NOT_ELIGIBLE
        return RuleLine(kind, answer, reason, DISABILITY_CLAUSE, held=kind.value in held, outranks=outranks)
    card = (severe or current)[0]
    if not severe and card.kind == "7" and not card.components:
        return RuleLine(
            kind,
            Answer.UNDECIDED,
            _("The components of the multiple disability are not recorded."),
            DISABILITY_CLAUSE,
            held=kind.value in held,
            outranks=outranks,
        )
    words = _("%(kind)s, level %(level)s") % {"kind": card.get_kind_display(), "level": card.level}
    expiry = (card.end_date + dt.timedelta(days=1),) if card.end_date else ()
    return RuleLine(
        kind,
        Answer.ELIGIBLE if severe else Answer.NOT_ELIGIBLE,
        words,
        DISABILITY_CLAUSE,
        dates=tuple((day, _("The card expires")) for day in expiry),
        held=kind.value in held,
        outranks=outranks,
    )


def _severe_illness(found: Circumstances, held: set[str], scheme: Scheme) -> RuleLine:
    current = [
        row
        for row in found.illnesses
        if row.start_date <= found.on and (row.end_date is None or found.on <= row.end_date)
    ]
    severe = any(row.severe for row in current)
    kind = Attribute.SEVERE_ILLNESS
    reason = (
        _("An illness of the county's list, or its cost, counts as severe.")
        if severe
        else _("No recorded illness is on the county's list or above its cost.")
        if current
        else _("No illness is on record.")
    )
    return RuleLine(
        kind,
        Answer.ELIGIBLE if severe else Answer.NOT_ELIGIBLE,
        reason,
        parameters.DEFAULTS["severe_illnesses"][1],
        held=kind.value in held,
        outranks=_outranks(found.child, kind, scheme),
    )
