"""Finds the header row of a sheet among its first rows, with the title above it and its second storey."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cases import identity
from cases.matching.reading import headers
from cases.matching.reading.headers import Known

HEADER_SEARCH_ROWS: Final = 40
_NUMBER = re.compile(r"'?[1-9]\d{16}[\dXx]")
_ID_INSIDE = re.compile(r"[0-9０-９]{14,}")
_UNIT = re.compile(r"单位[:：]\s*万元|[(（]万元[)）]")
_FILING = re.compile(r"(填报|报送|编制|制表)?(单位|部门|机构)[:：(（]|填报(时间|日期)|单位[:：]")


@dataclass(frozen=True, slots=True)
class Head:
    """A header: its first row and the first row after it, both from 0, its texts, and what stands above."""

    at: int
    after: int
    cells: list[str]
    title: str = ""
    filing: str = ""
    filing_in_ten_thousands: bool = False


def locate(seen: Sequence[Sequence[str]], known: Known = headers.field_of) -> Head | None:
    """The header among the first rows of a sheet, or None.

    The best-scoring row above the first person is the header: a second table further down may name more. When the
    row below it holds headers too (a group such as 户主 over 姓名
    and 身份证号), the two are read as one. `known` says which field a header names.
    """
    scores = [headers.recognised(row, known) for row in seen]
    if not scores or not max(scores):
        return None
    first_person = next((i for i, row in enumerate(seen) if _ID_INSIDE.search("\t".join(row))), len(seen))
    at = scores.index(max(scores[:first_person], default=0) or max(scores))
    cells = [c.strip() for c in seen[at]]
    first, after = at, at + 1
    if at > 0 and scores[at - 1] == 0 and _is_group_row(seen[at - 1], cells, known):
        cells = headers.merge_two_rows(seen[at - 1], cells, known)
        first = at - 1
    elif after < len(seen) and _is_lower_header(cells, seen[after], known):
        cells = headers.merge_two_rows(cells, seen[after], known)
        after += 1
    above = [[c.strip() for c in row if c.strip()] for row in seen[:first]]
    texts = [text for row in above for text in row]
    filing = next((" ".join(row) for row in above if _FILING.search(" ".join(row))), "")
    return Head(
        at=at,
        after=after,
        cells=cells,
        title=identity.hide_numbers(next(iter(texts), ""))[:200],
        filing=identity.hide_numbers(filing)[:200],
        filing_in_ten_thousands=any(_UNIT.search(text) for text in texts),
    )


def guess(seen: Sequence[Sequence[str]]) -> Head | None:
    """The head of a list whose header says nothing, or that has none: where a column of identity numbers begins."""
    stripped = [[c.strip() for c in row] for row in seen]
    numbers = [{i for i, c in enumerate(row) if _NUMBER.fullmatch(c)} for row in stripped]
    begin = next((place for place, found in enumerate(numbers) if found), None)
    if begin is None or len(stripped[begin]) < 2:
        return None
    below = numbers[begin:]
    if not any(sum(column in found for found in below) > 0.5 * len(below) for column in numbers[begin]):
        return None
    above = stripped[begin - 1] if begin else []
    words = [c for c in above if c]
    wordy = len(words) >= 2 and all(len(c) <= 20 and not any(d.isdigit() for d in c) for c in words)
    title = next((c for row in stripped[: begin - wordy] for c in row if c), "")
    return Head(
        at=begin - 1 if wordy else begin,
        after=begin,
        cells=above if wordy else [""] * len(stripped[begin]),
        title=identity.hide_numbers(title)[:200],
    )


def _is_group_row(upper: Sequence[str], lower: Sequence[str], known: Known) -> bool:
    """Whether the row above a header groups its columns: two or more known words, none of them long."""
    named = [c.strip() for c in upper if c.strip()]
    return len(named) >= 2 and len(upper) >= len(lower) // 2 and sum(known(c) is not None for c in named) >= 2


def _is_lower_header(upper: Sequence[str], lower: Sequence[str], known: Known) -> bool:
    """Whether the row below a header is its second storey: nothing but known headers, alone or under their
    group."""
    both = headers.merge_two_rows(upper, lower, known)
    named = [(c.strip(), both[i]) for i, c in enumerate(lower) if c.strip()]
    return len(named) >= 2 and all(
        (known(c) is not None or known(merged) is not None) and not _ID_INSIDE.search(c)
        for c, merged in named
    )
