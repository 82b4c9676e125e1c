"""The people of a request: who of the files, and of them only the columns that were approved.

Names, numbers, birth dates and sexes are all that can be told; categories, health and protected facts have no column
here, so that none can be given away by mistake.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple

from django.utils.translation import gettext_lazy as _

from cases import identity
from cases.enums import Relation, Sex
from cases.models import Child, Guardian
from staff.models import Region

PARENTS: Final = (Relation.FATHER, Relation.MOTHER)
CHUNK: Final = 2_000
LABELS: Final = {
    "name": _("Name"),
    "id_number": _("Identity number"),
    "birth_date": _("Date of birth"),
    "sex": _("Sex"),
}
# Headings stand in the file in Chinese whoever makes it: the partner reads them, and the reader of its answer.
HEADINGS: Final = {"name": "姓名", "id_number": "身份证号", "birth_date": "出生日期", "sex": "性别"}
ROLES: Final = {"child": _("Children"), "guardian": _("Guardians and caregivers"), "parent": _("Parents")}
_SEXES: Final = {Sex.MALE.value: "男", Sex.FEMALE.value: "女"}


class Person(NamedTuple):
    """Somebody of the files as registered; birth date as 2016-04-20, '' unknown."""

    name: str
    id_number: str
    birth_date: str = ""
    sex: str = ""


def people(region: Region, roles: Iterable[str], columns: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """One line a person, the columns in the given order. Whoever stands in several files is told once; whoever the
    columns cannot tell apart from others, for want of a number, is left out. Two queries, read as they are asked for."""
    wanted = tuple(columns)
    seen: set[tuple[str, ...]] = set()
    for role in roles:
        for person in _READ[role](region):
            if not person.id_number and "birth_date" not in wanted:
                continue
            key = (person.id_number,) if person.id_number else (person.name, person.birth_date)
            if key in seen:
                continue
            seen.add(key)
            yield tuple(getattr(person, column) for column in wanted)


def count(region: Region, roles: Iterable[str]) -> dict[str, int]:
    """How many people of each role the files hold: entries, before anybody is told once."""
    return {role: _QUERIES[role](region).count() for role in roles}


def _children(region: Region) -> Any:
    here = Child.objects.filter(region__gte=region.lo, region__lte=region.hi)
    return here.filter(left_date__isnull=True, merged_into=None).order_by("pk")


def _of_children(region: Region) -> Any:
    here = Guardian.objects.filter(region__gte=region.lo, region__lte=region.hi, end_date__isnull=True)
    return here.filter(child__left_date__isnull=True, child__merged_into=None).order_by("pk")


def _guardians(region: Region) -> Any:
    return _of_children(region).exclude(relation__in=PARENTS)


def _parents(region: Region) -> Any:
    return _of_children(region).filter(relation__in=PARENTS)


def _read_children(region: Region) -> Iterator[Person]:
    rows = _children(region).values_list("name", "id_number", "birth_date", "sex")
    for name, number, birth, sex in rows.iterator(CHUNK):
        yield Person(name, number, birth.isoformat(), _SEXES.get(sex, ""))


def _read_adults(rows: Any) -> Iterator[Person]:
    for name, number in rows.values_list("name", "id_number").iterator(CHUNK):
        if not identity.is_valid(number):
            yield Person(name, number)
            continue
        told = identity.parse(number)
        yield Person(name, number, told.birth_date.isoformat(), _SEXES[told.sex.value])


_QUERIES: Final[dict[str, Callable[[Region], Any]]] = {
    "child": _children,
    "guardian": _guardians,
    "parent": _parents,
}
_READ: Final[dict[str, Callable[[Region], Iterator[Person]]]] = {
    "child": _read_children,
    "guardian": lambda region: _read_adults(_guardians(region)),
    "parent": lambda region: _read_adults(_parents(region)),
}
