"""Small registers and lists for the engine, without database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from cases import identity
from cases.matching.engine import matcher as engine
from cases.matching.engine.frames import CANDIDATE_SCHEMA, LIST_SCHEMA, PERSON_SCHEMA
from cases.matching.engine.places import Places
from cases.matching.engine.settings import Settings

VILLAGE, FAR_VILLAGE = 500152001001, 500152002001
PLACES = Places.of([(VILLAGE, "莲花社区居民委员会"), (FAR_VILLAGE, "外南街社区居民委员会")])
Cells = dict[str, object]
Found = list[tuple[int, int, str, str, list[str]]]


def number(birth: str, sequence: int, area: str = "500152") -> str:
    first17 = f"{area}{birth}{sequence:03d}"
    return first17 + identity.check_character(first17)


OWN = number("20150301", 127)
TWIN = number("20150301", 129)
OTHER = number("20110907", 232)
GUARDIAN = number("19600102", 31)


@dataclass(frozen=True)
class Kin:
    name: str
    number: str
    role: str = "guardian"


HEAD = Kin("李大山", GUARDIAN, "head")


@dataclass(frozen=True)
class Child:
    pk: int = 1
    name: str = "李子涵"
    own: str = OWN
    birth: int = 20150301
    kin: Sequence[Kin] = (HEAD,)
    village: int = VILLAGE
    sex: str = "male"


def row(pk: int = 1, name: str = "李子涵", own: str = OWN, **cells: object) -> Cells:
    usual: Cells = {"village": "莲花社区", "sender_code": "500152001000"}
    return {**usual, "row": pk, "name": name, "id_number": own, **cells}


def people(children: Iterable[Child]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Children and their relatives in PERSON_SCHEMA; relatives are numbered from 1,000 times the child."""
    children = list(children)
    own = [(c.pk, c.pk, "child", c.name, c.own, c.birth, c.sex, c.village) for c in children]
    kin = [
        (c.pk * 1000 + place, c.pk, k.role, k.name, k.number, 0, "", c.village)
        for c in children
        for place, k in enumerate(c.kin)
    ]
    return (
        pl.DataFrame(own, schema=PERSON_SCHEMA, orient="row"),
        pl.DataFrame(kin, schema=PERSON_SCHEMA, orient="row"),
    )


def listed(rows: Iterable[Cells]) -> pl.DataFrame:
    """Rows of a list in LIST_SCHEMA; what is not given is null."""
    return pl.DataFrame(list(rows), schema=LIST_SCHEMA)


def match(
    rows: Sequence[Cells],
    children: Iterable[Child],
    places: Places = PLACES,
    settings: Settings | None = None,
    *,
    guardians: bool = False,
) -> Found:
    """Row, person, tier, rule and reasons of each candidate."""
    persons, relatives = people(children)
    if guardians:
        persons, relatives = relatives, persons
    found = engine.match(listed(rows), persons, relatives, places, settings)
    assert found.schema == CANDIDATE_SCHEMA
    return found.select("row", "person", "tier", "rule", "reasons").rows()


def one(the_row: Cells, *children: Child) -> tuple[str, str] | None:
    """Tier and rule of the only pair, None when there is none."""
    found = match([the_row], children or [Child()])
    assert len(found) <= 1, found
    return (found[0][2], found[0][3]) if found else None
