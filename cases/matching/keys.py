"""Comparable keys of list rows and children → temporary tables of the run's own transaction.

Clear identity numbers exist here and nowhere at rest: the tables are dropped at commit.
"""

import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final, NamedTuple

from cases import identity
from cases.matching.normalise import (
    LOST,
    MISSING,
    CleanId,
    Distinct,
    IdKind,
    clean_date,
    clean_id,
    clean_name,
    clean_sex,
    name_sound,
    split_number_from_name,
    village_keys,
)

COPY_ROWS: Final = 10_000
# Not a cut number: its last three digits are unknown, so nothing can be computed from them.
REPAIRABLE: Final = frozenset({IdKind.WRONG, IdKind.LENGTH, IdKind.FIFTEEN})

TABLES: Final = """
CREATE TEMP TABLE key_row (
    row bigint, household text, kind text, number text, head text, tail text, born int, birth int,
    name text, sound text, head_name text, head_sound text, head_number text, village bigint, township bigint,
    sex text
) ON COMMIT DROP;
CREATE TEMP TABLE key_row_repair (row bigint, number text) ON COMMIT DROP;
CREATE TEMP TABLE key_child (
    child bigint, number text, valid boolean, birth int, name text, sound text, village bigint,
    township bigint, sex text
) ON COMMIT DROP;
CREATE TEMP TABLE key_child_repair (child bigint, number text) ON COMMIT DROP;
CREATE TEMP TABLE key_kin (child bigint, number text, name text, sound text, head boolean) ON COMMIT DROP;
"""
INDEXES: Final = """
CREATE INDEX ON key_row_repair (row);
CREATE INDEX ON key_child_repair (child);
CREATE INDEX ON key_kin (child);
ANALYZE key_row; ANALYZE key_row_repair; ANALYZE key_child; ANALYZE key_child_repair; ANALYZE key_kin;
"""


class RowFacts(NamedTuple):
    """What one list row says, as typed. `household` is unique over the lists of the run, '' for none.

    `sender` is the code of the office that sent the list, 12 digits or a prefix of them.
    """

    row: int
    household: str
    name: str
    number: str
    birth: str
    head_name: str
    head_number: str
    village: str
    sender: str
    sex: str = ""


class KinFacts(NamedTuple):
    """A guardian or the head of a child's household."""

    name: str
    number: str
    head: bool


class ChildFacts(NamedTuple):
    """What the register says of a child. `birth` is yyyymmdd, `village` the 12-digit code of its village,
    `sex` `male`, `female` or ''.
    """

    child: int
    name: str
    number: str
    birth: int
    village: int
    kin: tuple[KinFacts, ...]
    sex: str = ""


@dataclass(slots=True)
class Places:
    """Villages by bare name: within their township (9 digits), and within the county where unique."""

    by_township: dict[tuple[str, str], int | None] = field(default_factory=dict)
    by_county: dict[tuple[str, str], int | None] = field(default_factory=dict)

    @classmethod
    def of(cls, villages: Iterable[tuple[int, str]]) -> "Places":
        """Build from (12-digit code, name) pairs. A name that means two villages means neither."""
        places = cls()
        for code, name in villages:
            text = f"{code:012d}"
            for key in village_keys(name)[:1]:
                for table, prefix in ((places.by_township, text[:9]), (places.by_county, text[:6])):
                    table[prefix, key] = None if (prefix, key) in table else code
        return places

    def find(self, sender: str, text: str) -> int | None:
        """The village an address means for a list sent by this office, or None."""
        for key in village_keys(text) if text.strip() else ():
            found = self.by_township.get((sender[:9], key)) if len(sender) >= 9 else None
            found = found or self.by_county.get((sender[:6], key))
            if found:
                return found
        return None


_COPY_SPECIAL: Final = re.compile(r"[\\\t\n\r\x00]")
_COPY_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\t": " ", "\n": " ", "\r": " ", "\x00": None})


def _text(value: object) -> str:
    """One COPY field."""
    if value is None:
        return "\\N"
    if not isinstance(value, str):
        return str(value)
    return value.translate(_COPY_ESCAPES) if _COPY_SPECIAL.search(value) else value


def copy_rows(cursor: Any, table: str, rows: Iterable[tuple[object, ...]]) -> None:
    """COPY tuples into a temporary table, the columns in the table's own order.

    Each batch is made before its COPY begins, so `rows` may itself read from the same connection.
    """
    lines = ("\t".join(map(_text, r)) + "\n" for r in rows)
    while batch := "".join(islice(lines, COPY_ROWS)):
        cursor.copy_expert(f"COPY {table} FROM STDIN", io.BytesIO(batch.encode()))


def load(
    cursor: Any, rows: Iterable[RowFacts], children: Iterable[ChildFacts], places: Places
) -> Mapping[str, int]:
    """Create and fill the key tables inside the open transaction. Returns the counts of rows and children.

    `cursor` is psycopg2's, or Django's wrapper of it. Children are held once to know their numbers;
    rows are streamed.
    """
    cursor.execute(TABLES)
    names, ids = Distinct(clean_name), Distinct(clean_id)
    # None, which equals nothing, for a name without letters or with lost ones.
    sounds = Distinct(lambda name: None if not name or LOST in name else name_sound(name))
    counts = {"rows": 0, "children": 0}
    numbers: set[str] = set()
    kin: list[tuple[object, ...]] = []
    child_repairs: list[tuple[object, ...]] = []

    def child_lines() -> Iterator[tuple[object, ...]]:
        for fact in children:
            counts["children"] += 1
            clean, name = ids[fact.number], names[fact.name]
            numbers.add(clean.text)
            if clean.kind in REPAIRABLE:
                child_repairs.extend((fact.child, n) for n in identity.repair_candidates(clean.text))
            for relative in fact.kin:
                relative_name = names[relative.name]
                number = ids[relative.number].text
                numbers.add(number)
                kin.append((fact.child, number, relative_name, sounds[relative_name], relative.head))
            valid = clean.kind == IdKind.VALID or identity.is_valid(clean.text)
            village = fact.village or None
            township = fact.village // 1000 * 1000 if fact.village else None
            yield fact.child, clean.text, valid, fact.birth, name, sounds[name], village, township, fact.sex

    copy_rows(cursor, "key_child", child_lines())
    copy_rows(cursor, "key_kin", kin)
    copy_rows(cursor, "key_child_repair", child_repairs)
    numbers.discard("")

    repairs: list[tuple[object, ...]] = []
    dates, sexes = Distinct(clean_date), Distinct(clean_sex)
    found: dict[tuple[str, str], int | None] = {}

    def row_lines() -> Iterator[tuple[object, ...]]:
        for fact in rows:
            counts["rows"] += 1
            clean, name_text = ids[fact.number], fact.name
            if clean is MISSING or clean.kind == IdKind.MISSING:
                name_text, inside = split_number_from_name(fact.name)
                clean = ids[inside] if inside else clean
            if clean.kind in REPAIRABLE:
                likely = numbers.intersection(identity.repair_candidates(clean.text))
                repairs.extend((fact.row, n) for n in likely)
            name, head_name = names[name_text], names[fact.head_name]
            place = (fact.sender, fact.village)
            if place not in found:
                found[place] = places.find(*place)
            village = found[place]
            township = _township(fact.sender, village)
            yield (
                fact.row, fact.household or None, clean.kind.value, clean.text, clean.head, clean.tail,
                clean.birth, dates[fact.birth], name, sounds[name], head_name, sounds[head_name],
                _number(ids[fact.head_number]),
                village, township, sexes[fact.sex],
            )  # fmt: skip

    copy_rows(cursor, "key_row", row_lines())
    copy_rows(cursor, "key_row_repair", repairs)
    cursor.execute(INDEXES)
    return counts


def _number(clean: CleanId) -> str:
    """A head's number where it can be compared."""
    return clean.text if clean.kind == IdKind.VALID else ""


def _township(sender: str, village: int | None) -> int | None:
    """Township of a row: of its village where known, else of a township's own list."""
    if village:
        return village // 1000 * 1000
    return int(sender[:9]) * 1000 if len(sender) >= 9 and sender[6:9] != "000" else None
