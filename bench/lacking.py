"""Generated children who each lack one thing, by the thousand, and the facts that settle it: set-based, no real person."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from django.db import connection
from django.db.models import Model

from cases.enums import HouseholdRegistration, SchoolStage
from cases.models import Child, Guardian

SINCE = dt.date(2026, 1, 1)
BORN = dt.date(2015, 3, 4)  # of compulsory school age for years to come
COMPLETE = {"registration": "local", "school_stage": "primary"}
LACKS = {
    "no_registration": {"registration": "none"},
    "out_of_school": {"school_stage": "not_in_school"},
    "no_guardian": {},
}


def lacking_children(numbers: Mapping[str, int], villages: Sequence[int]) -> dict[str, list[int]]:
    """Kind of defect → keys of so many new children who lack just that, spread over the villages.

    One prototype a kind is written by the models, the others are copies made by the database.
    """
    firsts = {kind: _prototype(kind, villages[0]) for kind in numbers}
    return {kind: _copies(kind, firsts[kind], number, villages) for kind, number in numbers.items()}


def _prototype(kind: str, village: int) -> Child:
    fields = COMPLETE | LACKS[kind]
    return Child.objects.create(
        number=f"{kind}-0", name="童生成", birth_date=BORN, sex="male", primary_category="left_behind",
        region_id=village, household_region_id=village, residence_region_id=village,
        registered_date=SINCE, next_visit_date=SINCE, id_digest=kind.encode(), **fields,
    )  # fmt: skip


def _copies(kind: str, child: Child, number: int, villages: Sequence[int]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence('cases_child', 'id')) FROM generate_series(1, %s)",
            [number - 1],
        )
        keys = [row[0] for row in cursor.fetchall()]
    place = f"(ARRAY[{','.join(str(code) for code in villages)}]::bigint[])[1 + made.copy %% {len(villages)}]"
    changed = {
        "id": "made.key",
        "number": f"'{kind}-' || made.copy",
        "id_digest": f"sha256(convert_to('{kind}' || made.copy, 'UTF8'))",
        **dict.fromkeys(("region_code", "household_region_id", "residence_region_id"), place),
    }
    _copy(Child, child.pk, changed, keys)
    if kind != "no_guardian":
        guardian = Guardian.objects.create(child=child, **_guardian(child.region_id))
        _copy(Guardian, guardian.pk, {"id": "", "child_id": "made.key", "region_code": place}, keys)
    return [child.pk, *keys]


def _guardian(region_id: int) -> dict[str, object]:
    return {
        "region_id": region_id,
        "kind": "both",
        "name": "童监护",
        "relation": "grandmother",
        "start_date": SINCE,
    }


def _copy(model: type[Model], pk: int, changed: dict[str, str], keys: Sequence[int]) -> None:
    """A copy of one row for each key; ``changed`` gives SQL for a column, an empty text leaves it to the database."""
    every = [str(field.column) for field in model._meta.concrete_fields]
    columns = [column for column in every if changed.get(column) != ""]
    values = [changed.get(column) or f"row.{column}" for column in columns]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {model._meta.db_table} ({', '.join(columns)}) SELECT {', '.join(values)} "
            f"FROM {model._meta.db_table} row, unnest(%s::bigint[]) WITH ORDINALITY made (key, copy) WHERE row.id = %s",
            [list(keys), pk],
        )


def record_facts(made: Mapping[str, Sequence[int]]) -> None:
    """What settles the defects comes onto the register: a household registration, a school, a guardian."""
    Child.objects.filter(pk__in=made.get("no_registration", ())).update(
        registration=HouseholdRegistration.LOCAL
    )
    Child.objects.filter(pk__in=made.get("out_of_school", ())).update(school_stage=SchoolStage.PRIMARY)
    alone = Child.objects.filter(pk__in=made.get("no_guardian", ())).order_by().values_list("pk", "region_id")
    Guardian.objects.bulk_create(Guardian(child_id=pk, **_guardian(region)) for pk, region in alone)
