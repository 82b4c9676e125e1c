"""Shaped reads of one child's file (一人一档)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.cache import cache
from django.db import transaction
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from cases.eligibility.decision import decide_category
from cases.eligibility.table import Decision, Schooling, Situation, config_from
from cases.enums import Evidence, ParentSituationKind
from cases.models import Case, Child, Guardian, ParentSituation, Visit, VisitPhoto
from staff import parameters
from staff.audit import log_access
from staff.enums import RegionLevel
from staff.models import AccessLog, Region
from staff.models.region import county_of, township_of
from staff.scope import current

READ_AGAIN_SECONDS = 30 * 60  # reading the same file again within this time is the same reading


def is_limited(child: Child) -> bool:
    """Whether the scope shows this child only through a referral: name, age, sex, schooling, need."""
    scope = current()
    inside = "cases" in scope.lenses and scope.covers(child.region_id)
    return child.pk in scope.limited and child.pk not in scope.shared and not inside


def child_file() -> QuerySet[Child]:
    """Children with their places, household and the counts that the tabs show, in one query."""
    places = ("region__parent", "household_region__parent", "residence_region__parent")
    guardian = Guardian.objects.filter(child=OuterRef("pk"), end_date__isnull=True).order_by(
        "start_date", "pk"
    )
    return Child.objects.select_related("household", *places).annotate(
        guardian_name=Subquery(guardian.values("name")[:1]),
        guardian_relation=Subquery(guardian.values("relation")[:1]),
        visit_count=_number_of(Visit.objects.exclude(state="draft")),
        case_count=_number_of(Case.objects.all()),
        photo_count=_number_of(VisitPhoto.objects.all()),
    )


def _number_of(rows: QuerySet[Any]) -> Any:
    counted = rows.filter(child=OuterRef("pk")).order_by().values("child").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def note_reading(child: Child) -> None:
    """Log that the file was opened, once in half an hour for one person and child."""
    key = f"read:{current().user_id}:{child.pk}"
    if cache.get(key):
        return
    log_access(
        kind=AccessLog.Kind.READ,
        child_id=child.pk,
        region_id=child.region_id,
        subject="cases.child",
        subject_id=child.pk,
    )
    # Only what was committed counts as logged.
    transaction.on_commit(lambda: cache.set(key, True, READ_AGAIN_SECONDS))


def eligibility_of(
    child: Child, on: dt.date, rows: list[ParentSituation] | None = None, config: dict[str, Any] | None = None
) -> Decision:
    """What the decision table says of a child on a day, by its county's parameters.

    ``rows`` (the parents' situations) and ``config`` (the parameter "eligibility") save their queries.
    """
    if rows is None:
        rows = list(ParentSituation.objects.filter(child=child))
    if config is None:
        config = parameters.value(child.region_id, "eligibility", on)
    father, mother = situations_of(rows)
    schooling = Schooling(child.school_stage, child.enrolled_until)
    return decide_category(father, mother, child.birth_date, on, config_from(config), schooling)


def situations_of(rows: list[ParentSituation]) -> tuple[list[Situation], list[Situation]]:
    """Stored situations as the table reads them: the father's, the mother's."""
    sides: dict[str, list[Situation]] = {"father": [], "mother": []}
    for row in rows:
        sides[row.parent].append(
            Situation(
                kind=ParentSituationKind(row.kind),
                since=row.start_date,
                expected_end=row.expected_end_date,
                ended_on=row.end_date,
                evidence=frozenset({Evidence(row.evidence)} if row.evidence else ()),
            )
        )
    return sides["father"], sides["mother"]


def places_of_county(region_id: int, on: dt.date) -> dict[str, int]:
    """Name (township and village) → code of every village of a county, in order of codes. One query."""
    county = county_of(region_id)
    regions = list(Region.objects.in_force(on).filter(pk__range=(county, county + 999_999)))
    names = {region.pk: region.short_name for region in regions}
    return {
        f"{names.get(township_of(region.pk), '')} {region.short_name}".strip(): region.pk
        for region in regions
        if region.level == RegionLevel.VILLAGE
    }


def place_name(region: Region | None) -> str:
    """Township and village as people say them: 双江镇 长滩村."""
    if region is None:
        return ""
    above = f"{region.parent.short_name} " if region.parent else ""
    return f"{above}{region.short_name}"
