"""Widgets of the register's resource: the text of a cell → a value, or a :class:`CellError` that says what is wrong."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from typing import Any

from import_export.widgets import Widget

from cases import identity
from cases.eligibility.illness import names_protected_condition
from cases.importing import words
from cases.importing.problems import CellError
from cases.matching.engine.normalise import CleanId, Distinct, IdKind, clean_date, clean_id, clean_sex

_NUMBER_PROBLEMS = {
    IdKind.WRONG: "number_wrong",
    IdKind.LENGTH: "number_length",
    IdKind.CUT: "number_cut",
    IdKind.SCIENTIFIC: "number_cut",
    IdKind.MASKED: "number_masked",
    IdKind.FIFTEEN: "number_fifteen",
    IdKind.OTHER: "number_unreadable",
}
_PHONE = re.compile(r"1\d{10}|0\d{9,11}|\d{7,8}")
_SCIENTIFIC = re.compile(r"[\d.]+E\+?\d+", re.IGNORECASE)
SHORTEST_ACCOUNT, LONGEST_ACCOUNT = 12, 24


def stripped(value: Any) -> str:
    """The text of a cell; '' also for what offices write into a cell that holds nothing."""
    text = str(value or "").strip()
    return "" if text.lower() in words.NOTHING else text


class Cell(Widget):
    """A cell of text: None when empty, else what ``read`` makes of it."""

    def __init__(self, longest: int = 0) -> None:
        super().__init__()
        self.longest = longest

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:
        text = stripped(value)
        return self.read(text) if text else None

    def read(self, text: str) -> Any:
        if self.longest and len(text) > self.longest:
            raise CellError("text_long")
        return text


class HealthCell(Cell):
    """A text on health; one that was masked when it was given out changes nothing."""

    def read(self, text: str) -> str | None:
        if names_protected_condition(text):
            raise CellError("protected_condition")
        return None if set(text) == {"*"} else super().read(text)


class IdentityCell(Cell):
    """The canonical number. ``lenient`` keeps what is not valid as it is written (a trusted register's own errors)."""

    lenient = False

    def __init__(self) -> None:
        super().__init__()
        self._seen: Distinct[CleanId] = Distinct(clean_id)

    def read(self, text: str) -> str | None:
        clean = self._seen[text]
        if clean.kind == IdKind.VALID or (
            clean.kind == IdKind.CUT and identity.is_valid(clean.text) and "E" not in text.upper()
        ):
            return clean.text
        if clean.kind == IdKind.MISSING:
            return None
        if self.lenient:
            return clean.text or None
        raise CellError(_NUMBER_PROBLEMS[clean.kind])


class DayCell(Cell):
    """A date. ``whole``: the day itself is needed; otherwise a month means its first day."""

    def __init__(self, *, whole: bool = False) -> None:
        super().__init__()
        self.whole = whole
        self._seen: Distinct[int] = Distinct(clean_date)

    def read(self, text: str) -> dt.date:
        number = self._seen[text]
        if not number:
            raise CellError("date_unreadable")
        year, month, day = number // 10000, number // 100 % 100, number % 100
        if not day and self.whole:
            raise CellError("birth_month_only")
        return dt.date(year, month, day or 1)


class SexCell(Cell):
    def read(self, text: str) -> str:
        if found := clean_sex(text):
            return found
        raise CellError("sex_unreadable")


class WordCell(Cell):
    """One word of a table → its code. ``lenient`` takes an unknown word for ``otherwise``, where there is one."""

    lenient = False

    def __init__(self, table: str, *, otherwise: str = "") -> None:
        super().__init__()
        self.table, self.otherwise = table, otherwise

    def read(self, text: str) -> str:
        found = words.code_of(self.table, text)
        if not found and self.lenient and self.otherwise:
            return self.otherwise
        if not found:
            raise CellError("word_unknown")
        return found


class WordsCell(WordCell):
    """Several words of a table → their codes, in the order of the cell."""

    def read(self, text: str) -> list[str]:  # type: ignore[override]
        whole = words.code_of(self.table, text)
        if whole:
            return [whole]
        parts = [part for part in words.SEPARATORS.split(text) if part.strip()]
        return list(dict.fromkeys(super(WordsCell, self).read(part) for part in parts))


class PhoneCell(Cell):
    def read(self, text: str) -> str:
        digits = re.sub(r"[\s\-()]", "", unicodedata.normalize("NFKC", text)).removeprefix("+86")
        if not _PHONE.fullmatch(digits):
            raise CellError("phone_wrong")
        return digits


class AccountCell(Cell):
    """The digits of a bank account."""

    def read(self, text: str) -> str:
        folded = identity.canonical(text)
        if _SCIENTIFIC.fullmatch(folded):
            raise CellError("account_cut")
        digits = "".join(c for c in folded if c.isdigit())
        if len(digits) != len(folded) or not SHORTEST_ACCOUNT <= len(digits) <= LONGEST_ACCOUNT:
            raise CellError("account_wrong")
        return digits


class CodeCell(Cell):
    """A division code of 12 digits."""

    def read(self, text: str) -> int:
        folded = unicodedata.normalize("NFKC", text)
        if not re.fullmatch(r"\d{12}", folded):
            raise CellError("code_wrong")
        return int(folded)
