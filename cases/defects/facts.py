"""Reads what the rules of defects ask, for one child or for a whole county: the number of queries is the same."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from cases.circumstances.enums import DefectKind
from cases.defects.rules import GUARDING, NO_GUARDIAN_ANY_MORE, Facts
from cases.models import Child, Guardian, ParentSituation
from staff import parameters
from staff.enums import Role
from staff.models import Assignment, PostRegion
from staff.models.region import county_of, township_of
from staff.scope import system_scope

OWNERS = (Role.DIRECTOR, Role.SUPERVISOR, Role.CLERK)


@dataclass(frozen=True)
class Known:
    """A child on the register with its facts."""

    region_id: int
    facts: Facts


def in_force(on: dt.date) -> Q:
    """Dated rows that hold on a day; the last day is included."""
    return Q(start_date__lte=on) & (Q(end_date__isnull=True) | Q(end_date__gte=on))


def facts_of(child_ids: Iterable[int] | None, on: dt.date) -> dict[int, Known]:
    """Child → facts on a day, of those who are on the register; None means everybody in scope. Three queries."""
    guardians: dict[int, list[tuple[str, str]]] = defaultdict(list)
    lost: dict[int, set[str]] = defaultdict(set)
    ids = None if child_ids is None else list(child_ids)

    def of(rows: QuerySet[Any], key: str = "child_id") -> QuerySet[Any]:
        return rows if ids is None else rows.filter(**{f"{key}__in": ids})

    living = of(Guardian.objects.filter(in_force(on), kind__in=GUARDING))
    for child, kind, relation in living.order_by().values_list("child_id", "kind", "relation"):
        guardians[child].append((kind, relation))
    gone = of(ParentSituation.objects.filter(in_force(on), kind__in=NO_GUARDIAN_ANY_MORE))
    for child, parent in gone.order_by().values_list("child_id", "parent"):
        lost[child].add(parent)
    children = of(Child.objects.filter(left_date__isnull=True, birth_date__lte=on), "pk")
    nobody: frozenset[str] = frozenset()
    return {
        pk: Known(
            region,
            Facts(
                birth,
                digest,
                registration,
                stage,
                placement,
                tuple(guardians.get(pk, ())),
                frozenset(lost.get(pk, nobody)),
            ),
        )
        for pk, region, birth, digest, registration, stage, placement in children.order_by()
        .annotate(numbered=Q(id_digest__isnull=False))
        .values_list("pk", "region_id", "birth_date", "numbered", "registration", "school_stage", "placement")
    }


def days_allowed(region_ids: Iterable[int], on: dt.date) -> dict[int, dict[str, int]]:
    """County → kind → calendar days in which a defect is to be solved. One query a county."""
    defaults: dict[str, int] = parameters.DEFAULTS["defect_due_days"][0]
    return {
        county: defaults | parameters.value(county, "defect_due_days", on)
        for county in sorted({county_of(code) for code in region_ids})
    }


def due_date(kind: DefectKind, region_id: int, opened: dt.date, days: dict[int, dict[str, int]]) -> dt.date:
    """The last day to solve a defect that was opened on a day; ``days`` as ``days_allowed`` gives them."""
    return opened + dt.timedelta(days=days[county_of(region_id)][kind])


class Duty:
    """Who answers for which village on a day: one reading of the posts, as the posts themselves say it.

    Posts are read beside the scope of whoever acts: a director does not see the post of the supervisor.
    """

    def __init__(self, region_ids: Iterable[int], on: dt.date) -> None:
        villages = set(region_ids)
        places = villages | {township_of(code) for code in villages} | {county_of(code) for code in villages}
        self.places: dict[tuple[str, int], list[int]] = defaultdict(list)
        with system_scope(reason="who answers for a village", lenses=("staff",), log=False):
            further: dict[int, list[int]] = defaultdict(list)
            for post, region in PostRegion.objects.filter(region_id__in=places).values_list(
                "post_id", "region_id"
            ):
                further[post].append(region)
            held = Assignment.objects.on(on).filter(
                Q(region_id__in=places) | Q(post_id__in=list(further)), role__in=OWNERS
            )
            rows = held.order_by("start_date", "pk").values_list("user_id", "role", "region_id", "post_id")
            for user, role, region, post in rows:
                for place in (region, *further.get(post, ())):
                    self.places[role, place].append(user)

    def owner(self, region_id: int) -> int | None:
        """The village's director who is longest in post, else the township's supervisor, else nobody."""
        for key in ((Role.DIRECTOR, region_id), (Role.SUPERVISOR, township_of(region_id))):
            if self.places.get(key):
                return self.places[key][0]
        return None

    def people(self, region_id: int) -> list[int]:
        """Everybody who may answer for the village: director, supervisor, clerk, in this order, each once."""
        keys = (
            (Role.DIRECTOR, region_id),
            (Role.SUPERVISOR, township_of(region_id)),
            (Role.CLERK, county_of(region_id)),
        )
        return list(dict.fromkeys(user for key in keys for user in self.places.get(key, ())))
