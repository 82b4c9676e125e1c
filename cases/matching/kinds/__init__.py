"""Kinds of lists (名单种类) as declarations: who sends it, its columns, whom it matches, and what follows from it.

A kind is one file ``<code>.json`` with its empty template ``<code>.csv`` beside it, in this folder or in the one that
``LIST_KINDS_DIR`` names. Nothing else knows the kinds: adding one is adding the two files. This module touches
no database::

    {"code", "place", "name": {"zh", "en"}, "short", "partner", "cadence": monthly|quarterly|term|on_demand,
     "level": member|household, "from": township|county, "complete": false, "offset": "", "roles": […],
     "required": […], "columns": {field: {"name", "headers": […]}}, "findings": [{rule}, …], "note",
     "request": {"roles": […], "columns": […], "purpose": {"zh", "en"}, "basis"}}

``columns`` adds header words to those that every list may use, and says what a field holds in this kind. ``complete``:
who is not on the list is not in the state it speaks of. ``offset``: the benefit that the money side sets off. A rule is
``{"kind", "on", "role", "when", "if", "unless", "column", "among", "days"}``, see :class:`Rule`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.utils.translation import get_language, gettext_lazy

from cases.matching.engine.frames import LIST_SCHEMA
from cases.matching.kinds.conditions import NAMED, Condition, ConditionError

FOLDER: Final = Path(__file__).parent
# How often a list comes, and how many months back the one before it may lie.
CADENCES: Final = {"monthly": 1, "quarterly": 3, "term": 6, "on_demand": 12}
CADENCE_LABELS: Final = {
    "monthly": gettext_lazy("every month"),
    "quarterly": gettext_lazy("every quarter"),
    "term": gettext_lazy("every school term"),
    "on_demand": gettext_lazy("when asked for"),
}
LEVELS: Final = ("member", "household")
SENDERS: Final = ("township", "county")
ROLES: Final = ("child", "guardian", "parent", "head", "carer")
OCCASIONS: Final = ("row", "new", "gone", "changed", "differs", "unmatched", "absent")
# What the register may know already (cases.matching.discrepancies.finding_register), for "if" and "unless".
KNOWN: Final = ("dead", "custody", "severe_disability", "card", "out_of_school", "uninsured")
GROUPS: Final = ("everybody", "school_age")
# What a partner may be told of a person so that they can be found (cases.matching.exchanges.people).
ASKABLE: Final = ("name", "id_number", "birth_date", "sex")
FIELDS: Final = frozenset(LIST_SCHEMA) | {"household_no", "sequence", "guardian_relation", "people", "remark"}


@dataclass(frozen=True, slots=True)
class Words:
    """A text in both languages; printed in the active one."""

    zh: str
    en: str

    def __str__(self) -> str:
        return self.en if (get_language() or "").startswith("en") else self.zh


class KindError(ValueError):
    """The file declares no kind of list; the message names the file and what is wrong."""


@dataclass(frozen=True, slots=True)
class Column:
    """What a field of the list holds in this kind; ``name`` None: what it holds in every list."""

    name: Words | None
    headers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """When a discrepancy follows from a list.

    ``on``: a matched row (``row``), one that the list before did not have (``new``), a person of the list before who
    is not on it (``gone``), a ``column`` that is not what it was (``changed``), data that differ from the register
    (``differs``), a row that is nobody of the register (``unmatched``), a child ``among`` a group who is on no such list
    (``absent``). ``role``: whose row. ``when``: condition on the row. ``known`` and ``unknown``: only if the register
    knows the fact already, only if it does not. ``days``: working days to check it, None: the county's parameter.
    """

    kind: str
    on: str
    role: str = "child"
    when: Condition = field(default_factory=Condition)
    known: str = ""
    unknown: str = ""
    column: str = ""
    among: str = ""
    days: int | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request to the partner may hold: whom of the files, and the columns that the partner needs to find them."""

    roles: tuple[str, ...]
    columns: tuple[str, ...]
    purpose: Words
    basis: str


@dataclass(frozen=True, slots=True)
class ListKind:
    """One kind of list, as its file declares it."""

    code: str
    place: int
    name: Words
    short: Words
    partner: Words
    note: Words
    cadence: str
    level: str
    sender: str
    complete: bool
    offset: str
    roles: frozenset[str]
    required: tuple[str, ...]
    columns: Mapping[str, Column]
    rules: tuple[Rule, ...]
    folder: Path
    asked: Asked | None = None

    @property
    def months(self) -> int:
        """How many months back the list before this one may lie."""
        return CADENCES[self.cadence]

    @property
    def cadence_label(self) -> str:
        return str(CADENCE_LABELS[self.cadence])

    @property
    def headers(self) -> dict[str, tuple[str, ...]]:
        """The header words of its own, by field."""
        return {name: column.headers for name, column in self.columns.items() if column.headers}

    def column_label(self, name: str, otherwise: str) -> str:
        """What a field is called in lists of this kind."""
        own = self.columns.get(name)
        return str(own.name) if own is not None and own.name is not None else otherwise

    def finds(self, on: str) -> list[Rule]:
        """Its rules of an occasion, in order."""
        return [rule for rule in self.rules if rule.on == on]


def load(folder: Path) -> dict[str, ListKind]:
    """The kinds that a folder declares, by code. KindError names the file that declares none."""
    found = {}
    for path in sorted(folder.glob("*.json")):
        try:
            kind = read_kind(json.loads(path.read_text()), folder)
        except (KindError, ConditionError, ValueError, TypeError, AttributeError) as error:
            raise KindError(f"{path.name}: {error}") from error
        except KeyError as error:
            raise KindError(f"{path.name}: the key {error} is missing") from error
        if kind.code != path.stem:
            raise KindError(f"{path.name}: its code is {kind.code}; name the file after it")
        if not (folder / f"{kind.code}.csv").is_file():
            raise KindError(f"{path.name}: its template {kind.code}.csv is missing")
        found[kind.code] = kind
    return found


def read_kind(data: Mapping[str, Any], folder: Path) -> ListKind:
    """A kind from its JSON object, checked. KindError says what is wrong, KeyError what is missing."""
    kind = ListKind(
        code=str(data["code"]),
        place=int(data["place"]),
        name=_words(data["name"]),
        short=_words(data["short"]),
        partner=_words(data["partner"]),
        note=_words(data["note"]),
        cadence=_one_of(data["cadence"], CADENCES),
        level=_one_of(data["level"], LEVELS),
        sender=_one_of(data["from"], SENDERS),
        complete=bool(data.get("complete", False)),
        offset=str(data.get("offset", "")),
        roles=frozenset(_one_of(role, ROLES) for role in data["roles"]),
        required=tuple(_one_of(name, FIELDS) for name in data["required"]),
        columns={
            _one_of(name, FIELDS): Column(
                _words(column["name"]) if "name" in column else None, tuple(column.get("headers", ()))
            )
            for name, column in data["columns"].items()
        },
        rules=tuple(_rule(each) for each in data["findings"]),
        folder=folder,
        asked=_asked(data["request"]) if "request" in data else None,
    )
    for rule in kind.rules:
        if rule.role not in kind.roles:
            raise KindError(f"a finding is about a {rule.role}, whom this kind does not match")
        if rule.on == "absent" and not kind.complete:
            raise KindError("who is absent means something only on a complete list")
    return kind


def _asked(data: Mapping[str, Any]) -> Asked:
    return Asked(
        roles=tuple(_one_of(role, ("child", "guardian", "parent")) for role in data["roles"]),
        columns=tuple(_one_of(name, ASKABLE) for name in data["columns"]),
        purpose=_words(data["purpose"]),
        basis=str(data["basis"]),
    )


def _rule(data: Mapping[str, Any]) -> Rule:
    unknown = set(data) - {"kind", "on", "role", "when", "if", "unless", "column", "among", "days"}
    if unknown:
        raise KindError(f"a finding has keys that nobody knows: {', '.join(sorted(unknown))}")
    rule = Rule(
        kind=str(data["kind"]),
        on=_one_of(data["on"], OCCASIONS),
        role=_one_of(data.get("role", "child"), ROLES),
        when=Condition.read(data.get("when", {})),
        known=_one_of(data.get("if", ""), ("", *KNOWN)),
        unknown=_one_of(data.get("unless", ""), ("", *KNOWN)),
        column=str(data.get("column", "")),
        among=_one_of(data.get("among", ""), ("", *GROUPS)),
        days=int(data["days"]) if "days" in data else None,
    )
    if (rule.on == "changed") != bool(rule.column) or (rule.on == "absent") != bool(rule.among):
        raise KindError(f"'{rule.on}' needs its column or its group, and nothing else has one")
    return rule


def _one_of(value: Any, allowed: Any) -> str:
    if value not in allowed:
        raise KindError(f"{value!r} is none of {', '.join(map(str, allowed))}")
    return str(value)


def _words(value: Any) -> Words:
    return Words(str(value["zh"]), str(value["en"]))


def _load_all() -> dict[str, ListKind]:
    found = load(FOLDER)
    if settings.LIST_KINDS_DIR:
        found |= load(Path(settings.LIST_KINDS_DIR))
    return dict(sorted(found.items(), key=lambda item: (item[1].place, item[0])))


KINDS: dict[str, ListKind] = _load_all()


def choices() -> list[tuple[str, str]]:
    """(code, name) of every kind, for forms and commands."""
    return [(kind.code, str(kind.name)) for kind in KINDS.values()]


def name_of(code: str) -> str:
    """The name of a kind; a code that is declared no more shows itself."""
    return str(KINDS[code].name) if code in KINDS else code


def short_name(code: str) -> str:
    """Its name in a word."""
    return str(KINDS[code].short) if code in KINDS else code


def codes_with(on: str) -> frozenset[str]:
    """The kinds that have a rule of this occasion."""
    return frozenset(code for code, kind in KINDS.items() if kind.finds(on))


__all__ = [
    "ASKABLE",
    "KINDS",
    "NAMED",
    "Asked",
    "Column",
    "KindError",
    "ListKind",
    "Rule",
    "choices",
    "codes_with",
    "load",
    "name_of",
    "read_kind",
    "short_name",
]
