"""Cell text → comparable values: names, identity numbers, dates, amounts, sexes. Pure.

Real lists repeat themselves, so each function is meant to run on distinct values only: wrap it in
`Distinct` for one pass over a list.
"""

import datetime as dt
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import IntEnum, StrEnum
from typing import Final, Generic, NamedTuple, TypeVar

from cases import identity
from cases.matching.engine import variants
from cases.pinyin import reading

V = TypeVar("V")


class Distinct(dict[str, V], Generic[V]):
    """A function over text that computes each distinct text once."""

    def __init__(self, function: Callable[[str], V]) -> None:
        super().__init__()
        self._function = function

    def __missing__(self, text: str) -> V:
        value = self[text] = self._function(text)
        return value


# ---- names ----------------------------------------------------------------------------------------

LOST: Final = "?"
# What a person adds to a name, and what a spreadsheet puts into a cell whose formula has failed (#N/A, #DIV/0!).
_NOTE = re.compile(r"#[a-z0-9/]+[!?]?|[(\[【〔<《{「『][^()\[\]【】〔〕<>《》{}「」『』]*[)\]】〕>》}」』]?")
_LOST_MARKS = re.compile(r"[*?□○〇■◻▢〓�\ue000-\uf8ff\U000f0000-\U0010ffff]")
_NOT_A_NAME = re.compile(r"[^?a-z㐀-鿿豈-﫿\U00020000-\U0003ffff]")
_TRAILING_NOTE = re.compile(r"(已故|已死亡|已去世|死亡|残疾|户主|本人)$")
_TRAILING_NOTHING = re.compile(r"(?<=..)(不详|不祥|未知|未上户|无户口|待补|暂无|无证|无)$")
_NUMBER_IN_NAME = re.compile(r"(?:[0-9０-９XxＸｘOoIl][\s-]?){14,19}[0-9０-９XxＸｘOoIl]")
_OTHER_NAME = re.compile(
    r"[\s(\[【〔<《{,;:/、|]*(?P<what>曾用名|曾用|原名|又名|别名|曾名|本名|现用名|现名|现改名|后改名|改名)"
    r"[\s为叫是:]*(?P<name>[^()\[\]【】〔〕<>《》{},;:、/|\s]*)"
)
_NOW_CALLED: Final = frozenset({"现用名", "现名", "现改名", "后改名", "改名"})


class NameCell(NamedTuple):
    """What a name cell tells: the cleaned name, and another one the person bore or bears, '' for none."""

    name: str
    other: str = ""


def read_name(text: str) -> NameCell:
    """A name cell as compared. 李子涵（曾用名：李浩） is 李子涵 with the other name 李浩, and so is
    李浩（现名李子涵）."""
    folded = unicodedata.normalize("NFKC", text)
    told = _OTHER_NAME.search(folded)
    if told is None or told.start() == 0:
        return NameCell(clean_name(text))
    name, other = clean_name(folded[: told.start()]), clean_name(told["name"])
    if not name or other == name:
        return NameCell(name or other)
    return NameCell(other, name) if other and told["what"] in _NOW_CALLED else NameCell(name, other)


def clean_name(text: str) -> str:
    """A name as compared: notes, dots, spaces and digits dropped, simplified, a lost character as '?'."""
    folded = unicodedata.normalize("NFKC", text.translate(variants.private())).lower()
    folded = _LOST_MARKS.sub(LOST, _NOTE.sub("", folded))
    name = _NOT_A_NAME.sub("", folded).translate(variants.simplified())
    name = _TRAILING_NOTHING.sub("", name)
    return _TRAILING_NOTE.sub("", name) if len(name) > 3 else name


def name_sound(clean: str) -> str:
    """The sound of a cleaned name: one toneless reading per character, variants read as their usual form."""
    return "".join(map(reading, clean.translate(variants.exchanged())))


def sound_key(clean: str) -> str:
    """The sound by which a cleaned name is looked up: that of its legible characters; '' where fewer than
    two are."""
    legible = clean.replace(LOST, "")
    return name_sound(legible) if len(legible) >= (2 if LOST in clean else 1) else ""


def split_number_from_name(text: str) -> tuple[str, str]:
    """A name cell that also holds the identity number → (name, number); the number is '' where there
    is none."""
    found = _NUMBER_IN_NAME.search(text)
    if found is None:
        return text, ""
    return (text[: found.start()] + text[found.end() :]).strip(), found.group()


class NameLikeness(IntEnum):
    """How two cleaned names compare, from the same name to another one."""

    SAME = 0
    SOUND = 1
    LOST = 2
    NEAR = 3
    SURNAME = 4
    OTHER = 5


def compare_names(a: str, b: str) -> NameLikeness:
    """Compare two cleaned names. Empty names compare as OTHER.

    SOUND: the same syllables. LOST: the same where both are legible. NEAR: three characters and more, one
    of them wrong, missing, added or two swapped, or one the first part of the other. SURNAME: the same first character only.
    """
    if not a or not b:
        return NameLikeness.OTHER
    if a == b or a.translate(variants.exchanged()) == b.translate(variants.exchanged()):
        return NameLikeness.SAME
    if LOST in a or LOST in b:
        return _compare_with_lost(a, b)
    if name_sound(a) == name_sound(b):
        return NameLikeness.SOUND
    if min(len(a), len(b)) >= 2 and max(len(a), len(b)) >= 3 and (_one_slip(a, b) or _first_part(a, b)):
        return NameLikeness.NEAR
    return NameLikeness.SURNAME if a[0] == b[0] or reading(a[0]) == reading(b[0]) else NameLikeness.OTHER


def _compare_with_lost(a: str, b: str) -> NameLikeness:
    marked, other = (a, b) if LOST in a else (b, a)
    pattern = "".join(".?" if c == LOST else re.escape(c) for c in marked)
    legible = len(marked.replace(LOST, ""))
    if legible and re.fullmatch(pattern, other) is not None:
        return NameLikeness.LOST
    sounds = "".join("[a-z]*" if c == LOST else reading(c) for c in marked)
    if legible >= 2 and re.fullmatch(sounds, name_sound(other)) is not None:
        return NameLikeness.NEAR
    return NameLikeness.SURNAME if marked[0] == other[0] and marked[0] != LOST else NameLikeness.OTHER


def _first_part(a: str, b: str) -> bool:
    """One is the given name of the other alone: 米日古丽 of 米日古丽·尼玛."""
    short, long = sorted((a, b), key=len)
    return len(long) >= len(short) + 2 and long.startswith(short)


def _one_slip(a: str, b: str) -> bool:
    """One substitution, insertion, deletion or swap of neighbours apart."""
    if len(a) == len(b):
        unequal = [i for i in range(len(a)) if a[i] != b[i]]
        if len(unequal) == 1:
            return True
        return len(unequal) == 2 and unequal[1] == unequal[0] + 1 and sorted(a) == sorted(b)
    if abs(len(a) - len(b)) != 1:
        return False
    long, short = (a, b) if len(a) > len(b) else (b, a)
    return any(long[:i] + long[i + 1 :] == short for i in range(len(long)))


_NEAR_SOUNDS: Final = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("ng", "n"), ("l", "n"), ("h", "f"))
TWO_PARTS: Final = 5  # a name of so many characters is written in sound: no character of it has a meaning


def is_changed(a: str, b: str) -> bool:
    """Whether two names that are NEAR differ as a changed name does: by one character of another sound.

    A character missing, added or swapped, or one that sounds much alike, is a slip of the hand.
    """
    if len(a) != len(b) or len(a) >= TWO_PARTS or LOST in a or LOST in b:
        return False
    unequal = [(x, y) for x, y in zip(a, b, strict=True) if x != y]
    return len(unequal) == 1 and _blurred(unequal[0][0]) != _blurred(unequal[0][1])


def _blurred(character: str) -> str:
    sound = reading(character)
    for one, other in _NEAR_SOUNDS:
        sound = sound.replace(one, other)
    return sound


# ---- identity numbers -----------------------------------------------------------------------------


class IdKind(StrEnum):
    """What a cleaned identity cell holds. The values are used in the passes' SQL."""

    MISSING = "missing"
    VALID = "valid"
    WRONG = "wrong"
    FIFTEEN = "fifteen"
    CUT = "cut"
    SCIENTIFIC = "scientific"
    LENGTH = "length"
    MASKED = "masked"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class CleanId:
    """A cleaned number. `text` is '' when MISSING or SCIENTIFIC; MASKED has asterisks in it and its legible
    `head` and `tail`."""

    kind: IdKind
    text: str = ""
    head: str = ""
    tail: str = ""

    @property
    def birth(self) -> int:
        """Digits 7 to 14 as a number yyyymmdd when they are a date of birth, else 0."""
        digits = self.text[6:14] if self.kind in (IdKind.VALID, IdKind.WRONG, IdKind.CUT) else ""
        if self.kind == IdKind.MASKED and len(self.head) >= 14:
            digits = self.head[6:14]
        return int(digits) if len(digits) == 8 and digits.isdigit() and clean_date(digits) % 100 else 0


_SCIENTIFIC = re.compile(r"\d(?:\.(\d+))?E\+?\d{1,2}")
_MASK = re.compile(r"([0-9]*)\*(?:[0-9*]*\*)?([0-9]*X?)")
_MASK_MARKS = re.compile(r"[*●•○□■☆★#?×✕✖✱✲※∗_]|\.{3,}|[-—–]{3,}")
_CERTIFICATE = re.compile(r"(\d{17}[\dX])[1-7][1-4](?:B\d{0,2})?")
# Letters and signs that a hand or a scanner puts for a digit or for the last X. A cross is otherwise a mask.
_BLANKS = re.compile(r"\s")
_ZEROES = re.compile(r"\.0+$")
_NO_DIGITS = re.compile(r"[^0-9X]")
_MISTAKEN: Final = str.maketrans("OIL|ХΧ", "0111XX")
_LAST_CROSS = re.compile(r"(?<=[0-9]{17})[×✕✖]$")
MISSING: Final = CleanId(IdKind.MISSING)


def clean_id(text: str) -> CleanId:
    """Read an identity cell as typed. Disability certificate numbers give the identity number in them."""
    if len(text) == 18 and not text.endswith("000") and identity.is_valid(text):
        return CleanId(IdKind.VALID, text)
    raw = unicodedata.normalize("NFKC", text).upper()
    if not raw.strip():
        return MISSING
    scientific = _SCIENTIFIC.fullmatch(raw.strip())
    if scientific:
        digits = raw.strip()[0] + (scientific[1] or "")
        return CleanId(IdKind.CUT, digits[:15] + "000") if len(digits) >= 15 else CleanId(IdKind.SCIENTIFIC)
    packed = _LAST_CROSS.sub("X", _BLANKS.sub("", raw).translate(_MISTAKEN))
    packed = _MASK_MARKS.sub("*", packed)
    if "XX" in packed:
        packed = re.sub(r"X{2,}", lambda run: "*" * len(run[0]), packed)
    masked = _MASK.search(packed) if "*" in packed else None
    if masked and len(masked[1]) + len(masked[2]) >= 4:
        return CleanId(IdKind.MASKED, masked[0], masked[1], masked[2])
    raw = _ZEROES.sub("", packed)
    certificate = _CERTIFICATE.search(raw)
    if certificate and identity.is_valid(certificate[1]):
        return CleanId(IdKind.VALID, certificate[1])
    number = _NO_DIGITS.sub("", raw)
    if len(number) < 6:
        return MISSING
    match len(number):
        case 15 if number.isdigit():
            return CleanId(IdKind.FIFTEEN, number)
        case 18:
            # One number in eleven that lost its tail still fits its check character, so 000 decides first.
            if number.endswith("000"):
                return CleanId(IdKind.CUT, number)
            return CleanId(IdKind.VALID if identity.is_valid(number) else IdKind.WRONG, number)
        case 16 | 17 | 19:
            return CleanId(IdKind.LENGTH, number)
        case 20 | 21 | 22:  # a disability certificate whose identity number does not fit
            inside = number[:18]
            return CleanId(IdKind.CUT if inside.endswith("000") else IdKind.WRONG, inside)
        case _:
            return CleanId(IdKind.OTHER, number)


def rounded_id(text: str) -> CleanId:
    """As `clean_id`, for a cell that was a number: whatever its check character says, its tail is lost."""
    clean = clean_id(text)
    if len(clean.text) == 18:
        return CleanId(IdKind.CUT, clean.text[:15] + "000")
    return clean


def masks(pattern: str, number: str) -> bool:
    """Whether a masked number, each run of lost digits written as asterisks, can be this number."""
    if len(pattern) == len(number):
        return all(p in ("*", n) for p, n in zip(pattern, number, strict=True))
    head, tail = pattern[: pattern.index("*")], pattern[pattern.rindex("*") + 1 :]
    return number.startswith(head) and number.endswith(tail) and len(head) + len(tail) <= len(number)


def slips_apart(a: str, b: str) -> int:
    """Edit distance with swaps of two numbers, exact up to 3; 9 for anything further."""
    if a == b:
        return 0
    if len(a) == len(b):
        unequal = [i for i in range(len(a)) if a[i] != b[i]]
        if len(unequal) == 2 and unequal[1] == unequal[0] + 1 and a[unequal[0]] == b[unequal[1]]:
            return 1
        if len(unequal) <= 3:
            return len(unequal)
    if abs(len(a) - len(b)) > 3:
        return 9
    rows = [list(range(len(b) + 1))]
    for i, x in enumerate(a, 1):
        line = [i] + [9] * len(b)
        for j in range(max(1, i - 3), min(len(b), i + 3) + 1):  # further off the diagonal is further apart
            best = min(rows[i - 1][j] + 1, line[j - 1] + 1, rows[i - 1][j - 1] + (x != b[j - 1]))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == b[j - 1]:
                best = min(best, rows[i - 2][j - 2] + 1)
            line[j] = best
        rows.append(line)
    return rows[-1][-1] if rows[-1][-1] <= 3 else 9


# ---- dates, months, amounts, sexes ----------------------------------------------------------------

_DATE_PARTS = re.compile(r"(\d{4})\D+(\d{1,2})(?:\D+(\d{1,2}))?\D*")
_CLOCK = re.compile(r"[T ]\d{1,2}:\d{2}.*$")
_EIGHT, _SIX = re.compile(r"\d{8}(\.0+)?"), re.compile(r"\d{6}(\.0+)?")
_SERIAL = re.compile(r"\d{4,5}(\.0+)?")
_LOST_ZERO = re.compile(r"(19|20)\d\d\.1")
EXCEL_EPOCH: Final = dt.date(1899, 12, 30)
_SERIALS: Final = range(1, 73_051)  # up to 2099-12-31


def clean_date(text: str) -> int:
    """A date as a number yyyymmdd, yyyymm00 where only the month is known, 0 where it cannot be read.

    Accepts 2015-03-01, 2015.3.1, 2015/3/1, 2015年3月1日, 20150301, 201503, 2015.03 and Excel serials.
    """
    folded = unicodedata.normalize("NFKC", text).strip()
    if not folded:
        return 0
    folded = _CLOCK.sub("", folded)
    if _EIGHT.fullmatch(folded):
        return _dated(int(folded[:4]), int(folded[4:6]), int(folded[6:]))
    if _SIX.fullmatch(folded):
        return _dated(int(folded[:4]), int(folded[4:6]), 0)
    if _SERIAL.fullmatch(folded):
        serial = int(float(folded))
        if serial not in _SERIALS or serial < 2200:  # a bare year is no date
            return 0
        day = EXCEL_EPOCH + dt.timedelta(days=serial)
        return day.year * 10000 + day.month * 100 + day.day
    if _LOST_ZERO.fullmatch(folded):  # 2015.10 typed as a number loses its zero
        return 0
    found = _DATE_PARTS.fullmatch(folded)
    return _dated(int(found[1]), int(found[2]), int(found[3] or 0)) if found else 0


def _dated(year: int, month: int, day: int) -> int:
    if not identity.EARLIEST_YEAR <= year <= identity.LATEST_YEAR:
        return 0
    try:
        dt.date(year, month, day or 1)
    except ValueError:
        return 0
    return year * 10000 + month * 100 + day


def clean_month(text: str) -> dt.date | None:
    """The first day of the month a cell names, or None."""
    value = clean_date(text)
    return dt.date(value // 10000, value // 100 % 100, 1) if value else None


_AMOUNT = re.compile(r"[¥￥]?(-?[\d,]+(?:\.\d+)?)(万元|万|元)?(?:[/每]月)?")


def clean_amount(text: str, *, ten_thousands: bool = False) -> Decimal | None:
    """An amount in yuan, to the fen; None when the cell is no amount. `ten_thousands`: the column
    says 万元."""
    found = _AMOUNT.fullmatch(re.sub(r"\s", "", unicodedata.normalize("NFKC", text)))
    if found is None:
        return None
    try:
        amount = Decimal(found[1].replace(",", ""))
        if (found[2] or "").startswith("万") or (ten_thousands and found[2] != "元"):
            amount *= 10_000
        return amount.quantize(Decimal("0.01"))
    except InvalidOperation:  # two points, nothing but commas, or more digits than any amount has
        return None


_MALE: Final = frozenset({"男", "男性", "1", "m", "male"})
_FEMALE: Final = frozenset({"女", "女性", "2", "f", "female"})


def clean_sex(text: str) -> str:
    """'male', 'female' or ''."""
    word = unicodedata.normalize("NFKC", text).strip().lower()
    return "male" if word in _MALE else "female" if word in _FEMALE else ""
