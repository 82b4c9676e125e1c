"""Citizen identity numbers (公民身份号码, GB 11643-1999).

Pure functions over text. The area code in a number is the place of first registration and may have
been abolished since, so nothing here looks it up or refuses a number for it.
"""

import datetime as dt
import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from operator import mul
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cases.enums import Sex
from staff import crypto
from staff.crypto import digest

WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2, 1)
CHECK_CHARACTERS: Final = "10X98765432"
EARLIEST_YEAR: Final = 1900
LATEST_YEAR: Final = 2099
# Inverse of each weight modulo 11: the one digit that would repair a wrong remainder at a place.
_WEIGHTS_OF_17: Final = WEIGHTS[:17]
_CODE_POINTS: Final = ord("0") * sum(_WEIGHTS_OF_17)
_INVERSES: Final = tuple(pow(w, -1, 11) for w in WEIGHTS)
_SHAPE = re.compile(r"[1-9]\d{16}[\dX]", re.ASCII)
# Identity numbers inside other text, whole or masked: 15 characters and more, full-width or not, with blanks between;
# with hyphens 17 and more, because two dates are 16. The same in `re` and in polars.
_CHARACTER: Final = r"[\dXxＸｘ*＊]"
_BLANK: Final = "\\s\u00ad\u200b-\u200f\u2060\ufeff'`’‘\"＇＂"
_HYPHEN: Final = "\\-\u2010-\u2015－"
NUMBERS_INSIDE: Final = (
    rf"[\d*＊][{_BLANK}{_HYPHEN}]*(?:{_CHARACTER}[{_BLANK}{_HYPHEN}]*){{15,}}{_CHARACTER}"
    rf"|[\d*＊][{_BLANK}]*(?:{_CHARACTER}[{_BLANK}]*){{13,}}{_CHARACTER}"
)
# What stands for one. No asterisks: in a name they are characters that were lost.
HIDDEN: Final = "••••••"
_NUMBERS_INSIDE = re.compile(NUMBERS_INSIDE)


class IdentityProblem(StrEnum):
    """Why a text is not an identity number; `explain` gives the sentence for a person."""

    EMPTY = "empty"
    MASKED = "masked"
    FIFTEEN = "fifteen"
    LENGTH = "length"
    CHARACTERS = "characters"
    DATE = "date"
    CHECK = "check"


_EXPLANATIONS: Final[dict[IdentityProblem, Promise]] = {
    IdentityProblem.EMPTY: _("The identity number is missing."),
    IdentityProblem.MASKED: _("The identity number is masked with asterisks; enter it in full."),
    IdentityProblem.FIFTEEN: _(
        "This is an old 15-digit number. No child today holds one; it may be a parent's number."
    ),
    IdentityProblem.LENGTH: _("An identity number has 18 characters."),
    IdentityProblem.CHARACTERS: _("An identity number has 17 digits and then a digit or X."),
    IdentityProblem.DATE: _("Digits 7 to 14 of the identity number are not a date of birth."),
    IdentityProblem.CHECK: _("The last character does not fit the other 17; one of them is mistyped."),
}


class IdentityError(ValueError):
    """Raised by `parse`; `problem` is the code and `str(error)` the sentence for a person."""

    def __init__(self, problem: IdentityProblem) -> None:
        super().__init__(problem.value)
        self.problem = problem

    def __str__(self) -> str:
        return str(explain(self.problem))


@dataclass(frozen=True, slots=True)
class Identity:
    """A valid number and what it says: six-digit area of first registration, birth date, sex."""

    number: str
    area: str
    birth_date: dt.date
    sex: Sex


def explain(problem: IdentityProblem) -> Promise:
    """The translated sentence that says what is wrong and what would be right."""
    return _EXPLANATIONS[problem]


def canonical(text: str) -> str:
    """Full-width to half-width, upper case, and no spaces or quotation marks around or inside."""
    folded = unicodedata.normalize("NFKC", text).upper()
    return "".join(
        c for c in folded if not (c.isspace() or unicodedata.category(c) == "Cf" or c in "'`’‘\"-")
    )


def check_character(first17: str) -> str:
    """The 18th character for 17 digits (ISO 7064 MOD 11-2); what follows them is not looked at."""
    # Over the bytes of the digits, less what their code points add: whole lists go through here.
    return CHECK_CHARACTERS[(sum(map(mul, first17.encode(), _WEIGHTS_OF_17)) - _CODE_POINTS) % 11]


@cache
def _is_birth(digits: str) -> bool:
    """Whether eight digits are a calendar date in the years identity numbers can hold."""
    year, month, day = int(digits[:4]), int(digits[4:6]), int(digits[6:])
    if not EARLIEST_YEAR <= year <= LATEST_YEAR:
        return False
    try:
        dt.date(year, month, day)
    except ValueError:
        return False
    return True


def is_valid(number: str) -> bool:
    """Whether an 18-character text has the shape, a calendar date and the right check character."""
    return (
        bool(_SHAPE.fullmatch(number)) and _is_birth(number[6:14]) and check_character(number) == number[17]
    )


def problem_of(text: str) -> IdentityProblem | None:
    """The first thing wrong with a text as an identity number, or None when it is valid."""
    number = canonical(text)
    if not number:
        return IdentityProblem.EMPTY
    if "*" in number:
        return IdentityProblem.MASKED
    if len(number) == 15 and number.isascii() and number.isdigit():
        return IdentityProblem.FIFTEEN
    if len(number) != 18:
        return IdentityProblem.LENGTH
    if not _SHAPE.fullmatch(number):
        return IdentityProblem.CHARACTERS
    if not _is_birth(number[6:14]):
        return IdentityProblem.DATE
    if check_character(number) != number[17]:
        return IdentityProblem.CHECK
    return None


def parse(text: str) -> Identity:
    """Read a number as typed. Raises `IdentityError` naming the first problem."""
    problem = problem_of(text)
    if problem is not None:
        raise IdentityError(problem)
    number = canonical(text)
    return Identity(number, number[:6], birth_date_of(number), sex_of(number))


def birth_date_of(number: str) -> dt.date:
    """Birth date of an 18-character number. Raises ValueError when the digits are no date."""
    return dt.date(int(number[6:10]), int(number[10:12]), int(number[12:14]))


def sex_of(number: str) -> Sex:
    """Sex of an 18-character number: an odd 17th digit is male."""
    return Sex.MALE if int(number[16]) % 2 else Sex.FEMALE


def area_of(number: str) -> str:
    """Six-digit area of first registration: never the present 户籍, possibly abolished."""
    return number[:6]


def widen(fifteen: str, century: int = 19) -> str:
    """A 15-digit number as 18 characters: the century after digit 6, and a check character."""
    first17 = f"{fifteen[:6]}{century}{fifteen[6:]}"
    return first17 + check_character(first17)


_BELOW_THE_VILLAGE = re.compile(
    r"[0-9０-９]|[一二三四五六七八九十百]+(?=组|社(?!区)|队|号|栋|幢|座|楼|单元|室|屯|湾)"
)
_ABOVE_THE_DOOR = re.compile(r".*(?:街道办事处|街道|镇|乡|村民委员会|居民委员会|村委会|居委会|社区|村)(?!口)")


def mask(number: str) -> str:
    """First six and last four characters, the rest as asterisks: 500152********1013."""
    if len(number) <= 10:
        return "*" * len(number)
    return f"{number[:6]}{'*' * (len(number) - 10)}{number[-4:]}"


def hide_numbers(text: str) -> str:
    """A text to be kept in the clear, whatever was typed into it: :data:`HIDDEN` for every run that may be an identity
    number. Nothing of it is left: area and last four beside a birth date are the whole number."""
    return _NUMBERS_INSIDE.sub(HIDDEN, text)


def mask_phone(number: str) -> str:
    """13712345520 → 137****5520; anything shorter than eight characters is hidden entirely."""
    return f"{number[:3]}****{number[-4:]}" if len(number) >= 8 else "*" * len(number)


def mask_address(text: str) -> str:
    """桂林街道莲花社区3组12号 → 桂林街道莲花社区****: township and village stay, what leads to the door does not.

    An address that names neither is hidden entirely; one that ends with its village has nothing to hide.
    """
    text = text.strip()
    kept = _ABOVE_THE_DOOR.match(_BELOW_THE_VILLAGE.split(text, maxsplit=1)[0])
    known = kept[0] if kept else ""
    return text if known == text else f"{known}****"


def mask_account(number: str) -> str:
    """6217001234563308 → 6217 **** **** 3308."""
    return f"{number[:4]} **** **** {number[-4:]}" if len(number) >= 12 else "*" * len(number)


def repair_candidates(text: str) -> frozenset[str]:
    """Every valid number one slip away from a canonical text of 15, 17, 18 or 19 characters.

    18: one wrong digit, or two neighbours swapped. 17: one digit lost. 19: one digit too many.
    15: both centuries. The check character leaves about 35 candidates; which of them is meant only
    the register can tell. A valid number has none: it needs no repair.
    """
    found: set[str] = set()
    match len(text):
        case 18:
            found = _substitutions(text) | _transpositions(text)
        case 17:
            found = _insertions(text)
        case 19:
            found = {text[:i] + text[i + 1 :] for i in range(19)}
        case 15 if text.isascii() and text.isdigit():
            found = {widen(text, 19), widen(text, 20)}
    return frozenset(c for c in found if is_valid(c)) - {text}


def _values(text: str) -> list[int] | None:
    """Character values (X is 10, at the end only), or None when another character is present."""
    body, last = text[:-1], text[-1]
    if not (body.isascii() and body.isdigit() and (last == "X" or (last.isascii() and last.isdigit()))):
        return None
    return [*map(int, body), 10 if last == "X" else int(last)]


def _put(text: str, place: int, value: int) -> str | None:
    """The text with one value written at a place, if that value can stand there."""
    if value == 10 and place < 17:
        return None
    return f"{text[:place]}{'X' if value == 10 else value}{text[place + 1 :]}"


def _substitutions(text: str) -> set[str]:
    values = _values(text)
    if values is None:
        return set()
    excess = sum(v * w for v, w in zip(values, WEIGHTS, strict=True)) - 1
    if excess % 11 == 0:
        return set()
    fixed = (_put(text, i, (v - excess * _INVERSES[i]) % 11) for i, v in enumerate(values))
    return {f for f in fixed if f is not None}


def _transpositions(text: str) -> set[str]:
    return {text[:i] + text[i + 1] + text[i] + text[i + 2 :] for i in range(17) if text[i] != text[i + 1]}


def _insertions(text: str) -> set[str]:
    found = set()
    for place in range(18):
        gap = text[:place] + "0" + text[place:]
        values = _values(gap)
        if values is None:
            continue
        excess = sum(v * w for v, w in zip(values, WEIGHTS, strict=True)) - 1
        written = _put(gap, place, -excess * _INVERSES[place] % 11)
        if written is not None:
            found.add(written)
    return found


def digest_identity(number: str) -> bytes:
    """Blind index of a canonical number, 32 bytes: equal numbers have equal digests, nothing else is
    learnt."""
    return digest(number, "identity")


def digest_account(number: str) -> bytes:
    """Blind index of a bank account number (digits only), 32 bytes."""
    return crypto.digest("".join(c for c in number if c.isdigit()), "account")
