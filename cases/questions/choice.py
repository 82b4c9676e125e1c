"""Which form a child is visited with: by kind of visit, category, placement and colour, on a day.

The packaged sets are files; a county's own are rows of QuestionSet. An own set whose code ends as a packaged one's
(``500152-regular``) stands in for it. Of those that fit, the one that names most goes first: a kind of visit before
placement, category and colour; then an own one. The packaged ``regular`` fits every child.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Iterable, Sequence
from functools import cache, lru_cache
from pathlib import Path

from django.core.cache import cache as shared
from django.db.models import Q

from cases.models import Child, ChildAttribute, QuestionSet, Sweep, Visit
from cases.questions.definition import Definition, FormRef
from cases.questions.reading import CATEGORIES, CODE, read_set
from cases.visits.enums import VisitKind
from staff.models.region import county_of

FOLDER = Path(__file__).parent / "sets"
KEPT = 24 * 60 * 60  # seconds; a published version never changes
ORDINARY = VisitKind.DOOR  # what a form for every day must be for


class UnknownForm(LookupError):
    """There is no form of this code and version."""


@cache
def packaged() -> dict[FormRef, Definition]:
    """Every version of the sets that come with the program, later versions last."""
    read = (_parsed(path.read_text(encoding="utf-8")) for path in FOLDER.glob("*.json"))
    return {found.ref: found for found in sorted(read, key=lambda found: (found.code, found.version))}


@lru_cache(maxsize=256)
def _parsed(text: str) -> Definition:
    return read_set(json.loads(text))


def as_definition(row: QuestionSet) -> Definition:
    """A county's published version, read."""
    return _parsed(json.dumps(row.definition, ensure_ascii=False))


def definition(code: str, version: int) -> Definition:
    """One version of a form, in force or not. UnknownForm. At most one query, none for a packaged one."""
    ref = FormRef(code, version)
    if ref in packaged():
        return packaged()[ref]
    if not CODE.fullmatch(code) or not 0 < version <= 32000:
        raise UnknownForm(f"{code} {version}")
    key = f"question-set:{code}:{version}"
    text = shared.get(key)
    if text is None:
        row = QuestionSet.objects.filter(code=code, version=version).first()
        if row is None:
            raise UnknownForm(f"{code} {version}")
        text = json.dumps(row.definition, ensure_ascii=False)
        shared.set(key, text, KEPT)
    return _parsed(text)


def definition_of(visit: Visit) -> Definition:
    """The form that a visit answered."""
    return definition(visit.form_code, visit.form_version)


def rows_in_force(region_id: int, on: dt.date) -> list[QuestionSet]:
    """The county's own sets on a day, by code. One query."""
    rows = QuestionSet.objects.filter(region_id=county_of(region_id), valid_from__lte=on)
    latest = rows.order_by("code", "-version").distinct("code")
    return [row for row in latest if not row.withdrawn]


def packaged_in_force(on: dt.date) -> list[Definition]:
    """The latest version of each packaged set on a day."""
    latest = {found.code: found for found in packaged().values() if found.valid_from <= on}
    return list(latest.values())


def sets_in_force(region_id: int, on: dt.date) -> list[Definition]:
    """Every set that may be used in the county of a region on a day, first choice first. One query."""
    own = [as_definition(row) for row in rows_in_force(region_id, on)]
    replaced = {stem(found.code) for found in own}
    found = [*own, *(one for one in packaged_in_force(on) if one.code not in replaced)]
    return sorted(
        found, key=lambda one: (-_named(one), one.code in {p.code for p in packaged().values()}, one.code)
    )


def stem(code: str) -> str:
    """What an own code has after the county's: ``regular`` of ``500152-regular``."""
    return code.partition("-")[2]


def _named(found: Definition) -> int:
    """How narrowly a set is meant; a kind of visit outweighs the rest."""
    kinds = 8 if len(found.kinds) < len(VisitKind) and ORDINARY not in found.kinds else 0
    return kinds + 4 * bool(found.placements) + 2 * bool(found.categories) + bool(found.risks)


def choose(
    sets: Sequence[Definition], *, categories: Collection[str], placement: str, risk: str, kind: str = ""
) -> Definition:
    """The first of ``sets`` that fits; the packaged ``regular`` when none does. ``kind`` empty: an ordinary visit."""
    for one in sets:
        if (
            (kind or ORDINARY) in one.kinds
            and (not one.categories or one.categories & set(categories))
            and (not one.placements or placement in one.placements)
            and (not one.risks or risk in one.risks)
        ):
            return one
    return max((one for one in packaged().values() if one.code == "regular"), key=lambda one: one.version)


class Forms:
    """What children are visited with on a day. Two queries a county, and one for the children's attributes.

    A child fits a set by its primary category, and by what else is true of it on that day: a left-behind child that is
    counted under 低保 is asked the questions of the left-behind too. While a sweep asks for a form, that is the one for
    an ordinary visit of those whom it is about.
    """

    def __init__(self, children: Iterable[Child], on: dt.date) -> None:
        self.children = list(children)
        counties = {county_of(one.region_id) for one in self.children}
        self._sets = {county: sets_in_force(county, on) for county in counties}
        self._sweeps = {county: _sweeps(county, on) for county in counties}
        named = set().union(*(one.categories for listed in self._sets.values() for one in listed))
        self._held = _held(self.children, named, on)

    def of(self, child: Child, kind: str = "") -> FormRef:
        """The form for a visit of one of the children; ``kind`` empty: an ordinary visit."""
        county = county_of(child.region_id)
        sets = self._sets[county]
        if not kind:
            asked = next((one.form_code for one in self._sweeps[county] if _is_about(one, child)), "")
            if by_sweep := next((one for one in sets if one.code == asked and ORDINARY in one.kinds), None):
                return by_sweep.ref
        return choose(
            sets,
            categories=self._held[child.pk],
            placement=child.placement,
            risk=child.risk,
            kind=kind,
        ).ref


def forms_for(children: Iterable[Child], on: dt.date, kind: str = "") -> dict[int, FormRef]:
    """Child id → the form it is visited with on a day; queries as :class:`Forms`."""
    forms = Forms(children, on)
    return {one.pk: forms.of(one, kind) for one in forms.children}


def _held(children: Sequence[Child], named: Collection[str], on: dt.date) -> dict[int, set[str]]:
    """Child id → its primary category, and those of ``named`` that are true of it beside. One query."""
    held = {one.pk: {one.primary_category} for one in children}
    if children and named:
        rows = ChildAttribute.objects.filter(
            Q(end_date__isnull=True) | Q(end_date__gte=on),
            child__in=children,
            kind__in=set(named) & set(CATEGORIES),
            start_date__lte=on,
        )
        for child_id, code in rows.order_by("child_id", "kind").values_list("child_id", "kind"):
            held[child_id].add(code)
    return held


def _sweeps(county: int, on: dt.date) -> list[Sweep]:
    """Sweeps under way in a county that ask for a form, the latest first. One query; a village knows its county's."""
    above = [county // 100_000_000 * 100_000_000, county // 10_000_000_000 * 10_000_000_000]
    running = Sweep._base_manager.filter(start_date__lte=on, end_date__gte=on, closed_at=None)
    inside = Q(region_id__gte=county, region_id__lt=county + 1_000_000)
    return list(
        running.filter(inside | Q(region_id__in=above))
        .exclude(form_code="")
        .select_related("region")
        .order_by("-start_date", "-pk")
    )


def _is_about(sweep: Sweep, child: Child) -> bool:
    return (
        sweep.region.lo <= child.region_id <= sweep.region.hi
        and child.primary_category in (sweep.whom.get("categories") or [child.primary_category])
        and child.risk in (sweep.whom.get("risks") or [child.risk])
    )


def form_for_child(child: Child, on: dt.date, kind: str = "") -> FormRef:
    """The form for a visit of one child on a day: code and version. Three queries; use :func:`forms_for` for many."""
    return forms_for([child], on, kind)[child.pk]
