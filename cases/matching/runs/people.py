"""The register's side of pairs: who a pair means, as the file has them today, and their relatives."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from django.db.models import Value
from django.utils.translation import gettext as _

from cases.enums import Relation
from cases.identity import is_valid
from cases.matching.engine.normalise import clean_id, clean_name
from cases.models import Child, EntrustedCare, Guardian, MatchCandidate, ParentSituation
from cases.models.matching import MatchRole

Key = tuple[str, int]


class _Row(NamedTuple):
    """A guardian or an entrusted carer as the database has them."""

    role: str
    pk: int
    child_id: int
    name: str
    number: str
    relation: str
    start_date: dt.date
    end_date: dt.date | None


@dataclass(frozen=True, slots=True)
class Kin:
    """A relative of the person: ``who`` they are, in words."""

    name: str
    number: str
    who: str


@dataclass(frozen=True, slots=True)
class Person:
    """One person of a child's file. ``birth`` is the register's own or that of a valid number, None unknown;
    ``who`` says in words who they are to the child."""

    child: Child
    role: str
    name: str
    number: str = ""
    birth: dt.date | None = None
    sex: str = ""
    who: str = ""
    kin: tuple[Kin, ...] = ()

    @property
    def human(self) -> str:
        """Equal for places of the register that are one and the same person, as the matcher tells them apart."""
        number = clean_id(self.number).text
        return number if is_valid(number) else f"{clean_name(self.name)}/{self.child.region_id}"


def people_of(pairs: Sequence[MatchCandidate]) -> dict[int, Person]:
    """The persons of pairs by the pair's key. Pairs come with ``child`` and its ``household`` and ``region``.

    Three queries, however many pairs. A person who is gone from the file is left out; one whose time as guardian has
    ended is still shown, but is nobody's relative any more.
    """
    children = {each.child_id: each.child for each in pairs}
    files, ended = _files(children)
    found: dict[int, Person] = {}
    for pair in pairs:
        file = files[pair.child_id]
        person = file.get((pair.role, pair.person_id))
        if person is None:
            continue
        others = (
            each
            for key, each in file.items()
            if key not in ended and each is not person and each.human != person.human
        )
        kin = {each.human: Kin(each.name, each.number, each.who) for each in others}
        found[pair.pk] = replace(person, kin=tuple(kin.values()))
    return found


def _files(children: dict[int, Child]) -> tuple[dict[int, dict[Key, Person]], set[Key]]:
    """Everybody of each child's file and the children of the same household, by role and number; and whose time is
    over. Whoever stands in a file twice is told by their nearer relation last."""
    files: dict[int, dict[Key, Person]] = defaultdict(dict)
    ended: set[Key] = set()
    for child in children.values():
        file = files[child.pk]
        file[MatchRole.CHILD, 0] = Person(
            child, MatchRole.CHILD, child.name, child.id_number, child.birth_date, child.sex, _("the child"),
        )  # fmt: skip
        home = child.household
        if home is not None and home.head_name:
            file[MatchRole.HEAD, home.pk] = _adult(
                child, MatchRole.HEAD, home.head_name, home.head_id_number, _("head of household")
            )
    _add_siblings(files, children)
    adults = _adults_of(children)
    _add_parents(files, children, [each for each in adults if each.role == MatchRole.GUARDIAN])
    for each in adults:
        files[each.child_id][each.role, each.pk] = _adult(
            children[each.child_id], each.role, each.name, each.number, str(Relation(each.relation).label)
        )
        if each.end_date:
            ended.add((each.role, each.pk))
    return files, ended


def _adults_of(children: dict[int, Child]) -> list[_Row]:
    """Carers, then guardians the latest first, in one query."""
    carers = EntrustedCare.objects.filter(child__in=children).values_list(
        Value(MatchRole.CARER.value), "pk", "child_id", "carer_name", "carer_id_number", "carer_relation",
        "start_date", "end_date",
    )  # fmt: skip
    guardians = Guardian.objects.filter(child__in=children).values_list(
        Value(MatchRole.GUARDIAN.value),
        "pk",
        "child_id",
        "name",
        "id_number",
        "relation",
        "start_date",
        "end_date",
    )
    rows = [_Row(*row) for row in carers.order_by().union(guardians.order_by(), all=True)]
    rows.sort(key=lambda row: (row.start_date, row.pk), reverse=True)
    return sorted(rows, key=lambda row: row.role != MatchRole.CARER)


def _add_parents(
    files: dict[int, dict[Key, Person]], children: dict[int, Child], guardians: list[_Row]
) -> None:
    """Parents have a number where they are or were guardian, as in :mod:`cases.matching.runs.register_keys`."""
    for parent in ParentSituation.objects.filter(child__in=children).order_by(
        "child_id", "-start_date", "-pk"
    ):
        known = [
            each
            for each in guardians
            if each.child_id == parent.child_id
            and each.relation == parent.parent
            and parent.parent_name in ("", each.name)
        ]
        known.sort(key=lambda each: not each.number)
        name = parent.parent_name or (known[0].name if known else "")
        if name:
            files[parent.child_id][MatchRole.PARENT, parent.pk] = _adult(
                children[parent.child_id],
                MatchRole.PARENT,
                name,
                known[0].number if known else "",
                parent.get_parent_display(),
            )


def _add_siblings(files: dict[int, dict[Key, Person]], children: dict[int, Child]) -> None:
    homes: dict[int, list[Child]] = defaultdict(list)
    for child in children.values():
        if child.household_id:
            homes[child.household_id].append(child)
    for other in Child.objects.filter(household__in=homes).order_by("pk"):
        for child in homes[other.household_id or 0]:
            if other.pk != child.pk:
                files[child.pk]["sibling", other.pk] = Person(
                    other, "sibling", other.name, other.id_number, other.birth_date, other.sex,
                    _("a child of the same household"),
                )  # fmt: skip


def _adult(child: Child, role: str, name: str, number: str, who: str) -> Person:
    clean = clean_id(number)
    birth = clean.birth
    born = dt.date(birth // 10000, birth // 100 % 100, birth % 100) if birth else None
    return Person(child, role, name, number or "", born, "", str(who))
