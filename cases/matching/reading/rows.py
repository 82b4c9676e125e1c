"""Which rows of a sheet are persons: titles, repeated headers, totals, signatures and blank rows told apart.

:func:`why_not_a_person` judges one row; :func:`reasons` judges many sheets in columns and asks it only about the
rows that a glance cannot clear.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Final

import polars as pl

from cases.matching.reading import headers

_TOTALS: Final = r"(合计|小计|总计|共计|累计|本页小计|本页合计|总合计|合\s*计|小\s*计|总\s*计|共\s*计)"
_SIGNATURES: Final = r"(制表|审核|负责人|填表|填报|经办人|单位负责人|分管领导|主管领导|复核|盖章|公章|备注[:：]|说明[:：]|注[:：]|审批人|报送人)"
# 莲花村合计, 全镇低保总人数; a name is never that long nor a place's.
_PLACE_TOTALS: Final = (
    r"(村|社区|居委会|镇|乡|街道|组|县|区|户).{0,6}(合计|小计|总计|共计|总人数|总户数|总金额)"
)
_SIGNED: Final = (
    r"(签字|签名|签章|联系人|联系电话|主任|镇长|乡长|书记|局长|科长|站长|会计|村长)[^:：\x1f]{0,4}[:：]"
)
_NOTES: Final = r"(以下空白|以下无正文|此页无正文|以下无内容|本页以下空白)"
_TOTAL = re.compile(_TOTALS)
_SIGNATURE = re.compile(_SIGNATURES)
_NOTE = re.compile(_NOTES)
_PLACE_TOTAL, _SIGNED_BY = re.compile(_PLACE_TOTALS), re.compile(_SIGNED)
_ID_INSIDE = re.compile(r"[0-9０-９]{14,}")
LONG_NUMBER: Final = r"[0-9０-９]{14,}"
_HEADING = re.compile(
    r"[一二三四五六七八九十0-9、.（）() ]*\S{1,18}(村|社区|居委会|村委会|街道|镇|乡|办事处)[:：]?"
)
_HEADER_WORDS: Final = r"姓名|身份|户主|证|对象|名|申请|(?i:name|id_number)"

# Between the cells of a row that is looked at as one text.
_BETWEEN: Final = "\x1f"
_FILLED: Final = r"[^\s\x1f][^\x1f]*"

Known = headers.Known

_DOUBTFUL: Final = (
    (pl.col("filled") < 2)
    | pl.col("text").str.contains(f"{_SIGNATURES}|{_SIGNED}|{_NOTES}|{_HEADER_WORDS}|总人数|总户数|总金额")
    | pl.col("text").str.contains(_TOTALS)
)


def why_not_a_person(cells: Sequence[str], known: Known = headers.field_of) -> str:
    """'' for a row to read; else why it is passed over: a key of `read_report.OTHER`, or ``empty``."""
    filled = [c for c in cells if c]
    if not filled:
        return "empty"
    if _ID_INSIDE.search("\t".join(cells)):
        # A long number is an identity number or an account: only a total row has neither.
        return "total" if any(_TOTAL.match(c) for c in filled[:2]) else ""
    if any(_TOTAL.match(c) or _PLACE_TOTAL.search(c) for c in filled[:3]):
        return "total"
    if _SIGNATURE.match(filled[0]) or any(map(_SIGNED_BY.search, filled[:2])):
        return "signature"
    if _NOTE.search(filled[0]):
        return "note"
    if headers.recognised(cells, known) >= max(2, len(filled) // 2):
        return "header"
    if len(filled) == 1 and len(cells) > 2:
        if _HEADING.fullmatch(filled[0]):
            return "heading"
        if len(filled[0]) > 8:
            return "title"
    return ""


def reasons(frames: Sequence[pl.DataFrame], known: Known) -> list[dict[int, str]]:
    """For each of some sheets (columns of text): row, from 0 → what :func:`why_not_a_person` says of its stripped cells,
    a blank one being ``blank``; persons are left out. Rows ascend. All sheets are glanced over at once."""
    why: list[dict[int, str]] = [{} for _frame in frames]
    begins = [0, *accumulate(frame.height for frame in frames)]
    texts = [
        frame.select(pl.concat_str(pl.all(), separator=_BETWEEN).alias("text")).to_series()
        for frame in frames
        if frame.height
    ]
    if not texts:
        return why
    text = pl.concat(texts)
    # Nearly every row has a long number, and no word of a total (all end in 计): that is a person.
    unclear = (~text.str.contains(LONG_NUMBER) | text.str.contains("计", literal=True)).arg_true()
    glance = pl.DataFrame({"place": unclear, "text": text[unclear]}).with_columns(
        filled=pl.col("text").str.count_matches(_FILLED)
    )
    for place, filled in glance.filter(_DOUBTFUL).select("place", "filled").rows():
        sheet = bisect_right(begins, place) - 1
        row = place - begins[sheet]
        cells = [c.strip() for c in frames[sheet].row(row)] if filled else []
        found = why_not_a_person(cells, known)
        if found:
            why[sheet][row] = "blank" if found == "empty" else found
    return why
