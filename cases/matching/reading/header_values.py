"""What the columns of a list hold, proposed from their headers and, where those are silent, from their values."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Final

from cases import identity
from cases.matching.engine.normalise import clean_amount, clean_date, clean_id, clean_sex
from cases.matching.reading import headers
from cases.matching.reading.headers import Known
from cases.matching.reading.report import ColumnRead

MOST: Final = 0.6  # share of the sampled cells that must look alike
SHOWN: Final = 3
_NAME = re.compile(r"[㐀-鿿]{2,4}|[㐀-鿿]{2,8}[·•・.．‧][㐀-鿿]{2,8}")
_RELATIONS: Final = frozenset(
    [
        "户主",
        "本人",
        "配偶",
        "妻",
        "夫",
        "妻子",
        "丈夫",
        "子",
        "女",
        "儿子",
        "女儿",
        "长子",
        "次子",
        "三子",
        "长女",
        "次女",
        "三女",
        "孙子",
        "孙女",
        "孙",
        "外孙",
        "外孙女",
        "外孙子",
        "父亲",
        "母亲",
        "父",
        "母",
        "祖父",
        "祖母",
        "爷爷",
        "奶奶",
        "外祖父",
        "外祖母",
        "兄",
        "弟",
        "姐",
        "妹",
        "哥哥",
        "弟弟",
        "姐姐",
        "妹妹",
        "儿媳",
        "女婿",
        "侄子",
        "侄女",
        "其他",
        "之子",
        "之女",
        "独生子",
        "独生女",
        "养子",
        "养女",
    ]
)
_PLACE = re.compile(
    r".{1,30}(村|社区|居委会|村委会|委员会)(.{0,20}([0-9一二三四五六七八九十]+)?(组|社|号|队|屯|湾|栋))?"
)
_TOWNSHIP = re.compile(r".{1,12}(街道|镇|乡|街道办事处)")
_PHONE = re.compile(r"1[3-9]\d{9}|0\d{2,3}-?\d{7,8}")
_ACCOUNT = re.compile(r"(62|60|88)\d{14,17}")
_YOUNG: Final = 200_000


def propose(
    names: Sequence[str],
    samples: Sequence[Sequence[str]],
    known: Known = headers.field_of,
    decided: Sequence[str] | None = None,
) -> list[ColumnRead]:
    """The columns of a list: by their headers, else by what stands in them. Each field once.

    `samples`: some cells of each column, as typed. A header is believed unless its cells are plainly something
    else: a 身份证号 column without a single number gives way to a column full of valid ones. `decided`: the fields
    that a clerk has chosen, which nothing overrules.
    """
    if decided is not None:
        chosen = [ColumnRead(name, f, "clerk" if f else "") for name, f in zip(names, decided, strict=True)]
        return _with_samples(chosen, samples)
    named = headers.map_columns(names, known)
    columns = [
        ColumnRead(name, named.get(i, ""), "header" if i in named else "") for i, name in enumerate(names)
    ]
    _mistrust(columns, samples)
    taken = {c.field for c in columns if c.field}
    silent = [
        (column, list(_filled(cells)))
        for column, cells in zip(columns, samples, strict=True)
        if not column.field and not (column.header and known(column.header))
    ]
    # Of two columns of numbers or names, the one that repeats is the household's.
    for column, cells in sorted(silent, key=lambda pair: -_variety(pair[1])):
        guess = _by_values(cells, taken)
        if guess:
            column.field, column.by = guess, "values"
            taken.add(guess)
    return _with_samples(columns, samples)


def _filled(cells: Sequence[str]) -> Iterator[str]:
    """The cells that hold more than blanks, stripped."""
    return filter(None, map(str.strip, cells))


def _with_samples(columns: list[ColumnRead], samples: Sequence[Sequence[str]]) -> list[ColumnRead]:
    for column, cells in zip(columns, samples, strict=True):
        first = dict.fromkeys(islice(_filled(cells), 20))
        column.samples = [masked(cell) for cell in islice(first, SHOWN)]
    return columns


def _mistrust(columns: list[ColumnRead], samples: Sequence[Sequence[str]]) -> None:
    """Take the number's field from a column whose cells hold none, when a column without field holds them."""
    for column, cells in zip(columns, samples, strict=True):
        if column.field != "id_number" or any(map(_is_number, _filled(cells))) or not any(_filled(cells)):
            continue
        for other, others in zip(columns, samples, strict=True):
            if not other.field and _most(list(_filled(others)), _is_number):
                column.field, column.by = "", ""
                other.field, other.by = "id_number", "values"
                return


def _variety(cells: Sequence[str]) -> float:
    """The share of distinct cells, in tenths."""
    return round(len(set(cells)) / max(len(cells), 1), 1)


def _by_values(cells: Sequence[str], taken: set[str]) -> str:
    """The field that the cells of a column look like, '' when they do not say or it is taken."""
    if len(cells) < 2:
        return ""
    repeats = len(set(cells)) < 0.8 * len(cells)
    looks: list[tuple[Callable[[str], object], tuple[str, ...]]] = [
        (_is_number, ("head_id",) if repeats and "head_name" in taken else ("id_number", "head_id")),
        (_PHONE.fullmatch, ("phone",)),
        (_ACCOUNT.fullmatch, ("account",)),
        (clean_sex, ("sex",)),
        (lambda c: clean_date(c) > _YOUNG and len(c) >= 8, ("birth_date", "start_month")),
        (_RELATIONS.__contains__, ("relation",)),
        (_PLACE.fullmatch, ("village",)),
        (_TOWNSHIP.fullmatch, ("township",)),
        (_NAME.fullmatch, ("name", "head_name") if not repeats else ("head_name", "name")),
    ]
    for test, fields in looks:
        if _most(cells, test):
            return next((f for f in fields if f not in taken), "")
    amounts = [clean_amount(c) for c in cells]
    in_range = sum(a is not None and 20 <= a <= 20_000 for a in amounts)
    rising = all(c == str(i) for i, c in enumerate(cells, 1))
    if in_range >= MOST * len(cells) and not rising and "amount" not in taken:
        return "amount"
    return ""


def _most(cells: Sequence[str], test: Callable[[str], object]) -> bool:
    allowed = len(cells) - MOST * len(cells)
    for cell in cells:
        if not test(cell):
            allowed -= 1
            if allowed < -1e-9:
                return False
    return bool(cells)


def mostly_numbers(cells: Sequence[str]) -> bool:
    """Whether a column is one of identity numbers."""
    return _most(list(_filled(cells)), _is_number)


def _is_number(cell: str) -> bool:
    return identity.is_valid(clean_id(cell).text)


def masked(cell: str) -> str:
    """A cell as screens show it: every longer number masked."""
    return re.sub(r"[0-9０-９]{6,}[0-9Xx]?", lambda found: identity.mask(found.group()), cell)[:40]
