"""The conditions of a declared finding: words that a column holds, and named tests. Pure.

``{"category": ["死亡", "注销"], "is": ["severe"], "not": {…}}``: every column holds one of its words, every named test
holds, and what stands under ``not`` does not.
"""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from cases.ages import age_on, is_adult
from cases.eligibility.disability import CardError, is_severe, parse_card
from cases.matching.engine.normalise import clean_date, clean_id, split_number_from_name

KIND_WORDS: Final = {
    "1": ("视力", "盲"), "2": ("听力", "聋"), "3": ("言语", "语言"), "4": ("肢体",), "5": ("智力",), "6": ("精神",),
    "7": ("多重",),
}  # fmt: skip
LEVEL_WORDS: Final = {
    1: ("一", "壹", "Ⅰ", "1"), 2: ("二", "贰", "Ⅱ", "2"), 3: ("三", "叁", "Ⅲ", "3"), 4: ("四", "肆", "Ⅳ", "4"),
}  # fmt: skip
RELEASED_WORDS: Final = ("释放", "解除", "出所", "出监", "刑满", "期满")
SCHOOL_STARTS, SCHOOL_FROM, SCHOOL_TO = (
    9,
    6,
    16,
)  # 义务教育法 art 11: six full years on 31 August; nine years of schooling


class ConditionError(ValueError):
    """The condition cannot be read; the message names the key."""


class Row(Protocol):
    """What of a list row a condition may look at; text as typed."""

    @property
    def name(self) -> str: ...
    @property
    def id_number(self) -> str: ...
    @property
    def birth_date(self) -> str: ...
    @property
    def category(self) -> str: ...
    @property
    def level(self) -> str: ...
    @property
    def relation(self) -> str: ...
    @property
    def event_date(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Condition:
    """Holds for a row in a month. Empty: for every row."""

    words: tuple[tuple[str, tuple[str, ...]], ...] = ()
    tests: tuple[str, ...] = ()
    unless: Condition | None = None

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Condition:
        """A condition from its JSON object. ConditionError names a column or test that does not exist."""
        words, tests, unless = [], tuple(data.get("is", ())), None
        for test in tests:
            if test not in NAMED:
                raise ConditionError(f"there is no test {test!r}; there are {', '.join(sorted(NAMED))}")
        for column, texts in data.items():
            if column == "not":
                unless = cls.read(texts)
            elif column in ("category", "level", "relation", "name", "event_date"):
                words.append((column, tuple(_folded(text) for text in texts)))
            elif column != "is":
                raise ConditionError(f"a condition cannot look at {column!r}")
        return cls(tuple(words), tests, unless)

    def holds(self, row: Row, month: dt.date) -> bool:
        """Whether it holds for a row of a list of ``month`` (its first day)."""
        return (
            all(_has(getattr(row, column), texts) for column, texts in self.words)
            and all(NAMED[test](row, month) for test in self.tests)
            and not (self.unless is not None and self.unless.holds(row, month))
        )


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).replace(" ", "")


def _has(cell: str, texts: tuple[str, ...]) -> bool:
    folded = _folded(cell)
    return any(text in folded for text in texts)


def day_of(text: str) -> dt.date | None:
    """The day that a cell names, however it is written; the first of the month where it names a month only."""
    found = clean_date(text)
    if not found or not found // 100 % 100:
        return None
    return dt.date(found // 10000, found // 100 % 100, found % 100 or 1)


def birth_of(number: str, birth_date: str) -> dt.date | None:
    """The birth date that a number or a cell gives, the number first; a month alone means its first day."""
    inside = clean_id(number).birth
    return dt.date(inside // 10000, inside // 100 % 100, inside % 100 or 1) if inside else day_of(birth_date)


def minor(number: str, birth_date: str, on: dt.date) -> bool:
    """Whether somebody with this number or birth date, as typed, is born and not yet 18 on a day."""
    born = birth_of(number, birth_date)
    return born is not None and born <= on and not is_adult(born, on)


def disability_of(category: str, level: str, certificate: str = "") -> tuple[str, int] | None:
    """(kind 1–7, level 1–4) that words or the certificate's number say; None when either is not told."""
    if certificate:
        try:
            card = parse_card(certificate)
        except CardError:
            card = None
        if card is not None:
            return card.kind.value, card.level
    both = _folded(category) + _folded(level)
    kinds = [code for code, words in KIND_WORDS.items() if any(word in both for word in words)]
    degree = _folded(level) or _folded(category)
    levels = [number for number, words in LEVEL_WORDS.items() if any(word in degree for word in words)]
    if "多重" in both:
        kinds = ["7"]
    return (kinds[0], levels[0]) if len(kinds) == 1 and len(levels) == 1 else None


def of_school_age(born: dt.date, month: dt.date) -> bool:
    """Whether compulsory schooling applies in the school year of a month (义务教育法 art 11)."""
    term = dt.date(month.year if month.month >= SCHOOL_STARTS else month.year - 1, SCHOOL_STARTS, 1)
    return born < term.replace(year=term.year - SCHOOL_FROM) and age_on(born, month) < SCHOOL_TO


def _severe(row: Row, month: dt.date) -> bool:
    """重残: a certificate's number in the number's cell, or the words of kind and level. Level one or two is
    severe whatever the kind."""
    told = disability_of(row.category, row.level, row.id_number)
    if told is not None:
        return is_severe(*told)
    degree = _folded(row.level)
    return any(word in degree for number in (1, 2) for word in LEVEL_WORDS[number])


def _released(row: Row, month: dt.date) -> bool:
    """Whether the state says so, or the day of release has come by the end of the month."""
    day = day_of(row.event_date)
    after = dt.date(month.year + month.month // 12, month.month % 12 + 1, 1)
    return _has(row.category, RELEASED_WORDS) or (day is not None and day < after)


def _minor(row: Row, month: dt.date) -> bool:
    return minor(row.id_number or split_number_from_name(row.name)[1], row.birth_date, month)


def _school_age(row: Row, month: dt.date) -> bool:
    """Also whoever's age is not told: somebody looks."""
    born = birth_of(row.id_number, row.birth_date)
    return born is None or of_school_age(born, month)


NAMED: Final[Mapping[str, Callable[[Row, dt.date], bool]]] = {
    "severe": _severe,
    "released": _released,
    "minor": _minor,
    "school_age": _school_age,
}
