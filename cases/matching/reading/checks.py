"""What is doubtful about the rows of a list, in columns; the rows a glance cannot clear are looked at one by one.

The codes and their sentences are those of :data:`cases.matching.reading.preview.PROBLEMS`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from cases import identity
from cases.matching.engine import days
from cases.matching.engine.normalise import (
    IdKind,
    clean_date,
    clean_id,
    clean_name,
    rounded_id,
    split_number_from_name,
)
from cases.matching.reading.report import PROBLEM_SCHEMA, SheetRead
from cases.matching.reading.table import Block

BY_KIND: Final = {
    IdKind.MISSING: "number_missing",
    IdKind.WRONG: "number_wrong",
    IdKind.LENGTH: "number_length",
    IdKind.CUT: "number_cut",
    IdKind.SCIENTIFIC: "number_scientific",
    IdKind.MASKED: "number_masked",
    IdKind.FIFTEEN: "number_fifteen",
    IdKind.OTHER: "number_unreadable",
}
_CLEAR_NAME: Final = r"^[\s·]*[\x{3400}-\x{9fff}][\x{3400}-\x{9fff}\s·・•.．‧]*$"
_NUMBER_INSIDE: Final = r"[0-9０-９Xx]{15,20}"
_SHAPE: Final = r"^[1-9][0-9]{16}[0-9X]$"
_WEIGHED: Final = pl.Series(
    [sum(int(d) << (3 - i) for i, d in enumerate(f"{four:04}")) for four in range(10_000)], dtype=pl.Int64
)


def valid_number(text: pl.Expr) -> pl.Expr:
    """Whether a text is an identity number as it stands: :func:`cases.identity.is_valid`, in columns."""
    return text.map_batches(_valid, return_dtype=pl.Boolean)


def _valid(texts: pl.Series) -> pl.Series:
    text, digits = pl.col("text"), pl.col("digits")
    shaped = pl.when(text.str.contains(_SHAPE)).then(text.str.head(17))
    frame = pl.DataFrame({"text": texts}).with_columns(digits=shaped.str.to_integer(dtype=pl.Int64))
    # Weights are powers of two: those of four digits are looked up at once, and shifted by where they stand.
    total = pl.sum_horizontal(
        pl.lit(_WEIGHED).gather(digits // 10**place % 10_000) * 2 ** (place + 1) for place in range(0, 17, 4)
    )
    last = text.str.slice(17, 1)
    check = pl.when(last == "X").then(pl.lit(10)).otherwise(last.str.to_integer(strict=False, dtype=pl.Int64))
    year = text.str.slice(6, 8).str.to_date("%Y%m%d", strict=False).dt.year()
    # The check character makes the weighted sum of all eighteen one more than a multiple of eleven.
    valid = (
        digits.is_not_null()
        & ((total + check) % 11 == 1)
        & year.is_between(identity.EARLIEST_YEAR, identity.LATEST_YEAR)
    )
    return frame.select(valid.fill_null(value=False)).to_series()


_TYPED: Final = pl.col("id_number").str.replace_all(r"[\s'`’‘\x{200b}\x{feff}]", "").str.to_uppercase()
# A number inside a disability certificate's, and one with a dash here and there, are read without a doubt.
_CERTIFICATE: Final = r"^([0-9]{17}[0-9X])(?:[1-7][1-4](?:B[0-9]{0,2})?)$"
_NUMBER: Final = pl.coalesce(
    pl.col("typed").str.extract(_CERTIFICATE),
    pl.when(~pl.col("typed").str.contains("--", literal=True))
    .then(pl.col("typed").str.replace_all("-", "", literal=True))
    .otherwise(pl.col("typed")),
)
_FINE: Final = valid_number(_NUMBER) & ~pl.col("id_rounded")
_WRITTEN: Final = pl.col("birth_date").str.strip_chars() != ""
_BIRTH: Final = pl.col("birth_date").map_batches(days.plain, return_dtype=pl.Int64)
_BORN: Final = pl.when(pl.col("fine") & (pl.col("typed").str.len_bytes() == 18)).then(
    pl.col("typed").str.slice(6, 8).str.to_integer(strict=False, dtype=pl.Int64)
)
_SAME_MONTH: Final = (pl.col("birth") % 100 == 0) & (pl.col("birth") // 100 == _BORN // 100)
_GLANCE: Final = (
    pl.col("block", "line", "name", "id_number", "id_rounded", "certificate", "moved"),
    _TYPED.alias("typed"),
    (~pl.col("name").str.contains(_CLEAR_NAME)).alias("odd_name"),
    _BIRTH.alias("birth"),
    _WRITTEN.alias("written"),
    ((pl.col("amount_typed").str.strip_chars() != "") & pl.col("amount").is_null()).alias(
        "amount_unreadable"
    ),
)
_BIRTH_WRONG: Final = (
    (pl.col("written") & (pl.col("birth") == 0)).alias("birth_unreadable"),
    ((pl.col("birth") > 0) & (pl.col("birth") != _BORN) & ~_SAME_MONTH)
    .fill_null(value=False)
    .alias("birth_differs"),
)
_DOUBTFUL: Final = (
    ~pl.col("fine") | pl.col("odd_name") | pl.col("moved") | pl.col("birth_unreadable")
    | pl.col("birth_differs") | pl.col("amount_unreadable")
)  # fmt: skip


def move_numbers(rows: pl.DataFrame) -> pl.DataFrame:
    """Put a number that stands in the name cell where it belongs, and a name that stands in the number's cell;
    `moved` marks those rows."""
    rows = rows.with_columns(moved=pl.col("name").str.contains(_NUMBER_INSIDE))
    if not rows["moved"].any():
        return rows
    places = rows["moved"].arg_true()
    names, numbers, moved = [], [], []
    for name, number, certificate in rows[places].select("name", "id_number", "certificate").rows():
        rest, found = split_number_from_name(name)
        takes = bool(found) and not certificate.strip() and clean_id(number).kind == IdKind.MISSING
        swapped = takes and not clean_name(rest) and bool(clean_name(number))
        names.append(number if swapped else rest if takes else name)
        numbers.append(found if takes else number)
        moved.append(takes)
    return rows.with_columns(
        rows["name"].scatter(places, names),
        rows["id_number"].scatter(places, numbers),
        rows["moved"].scatter(places, moved),
    )


def check(rows: pl.DataFrame, blocks: Sequence[Block]) -> dict[int, list[tuple[int, str]]]:
    """The doubts about the rows of some sheets: block → (line, code) in order. Every row is kept all the same."""
    glance = rows.select(*_GLANCE).with_columns(_FINE.alias("fine"))
    unread = glance.select(pl.col("written") & pl.col("birth").is_null()).to_series()
    if unread.any():
        births = rows["birth_date"].filter(unread)
        read = {text: clean_date(text) for text in births.unique()}
        glance = glance.with_columns(
            glance["birth"].scatter(unread.arg_true(), [read[text] for text in births])
        )
    found: dict[int, list[tuple[int, str]]] = {}
    for row in glance.with_columns(*_BIRTH_WRONG).filter(_DOUBTFUL).iter_rows(named=True):
        found.setdefault(row["block"], []).extend((row["line"], code) for code in _codes(row))
    for number, block in enumerate(blocks):
        table = block.table
        if table.hidden_lines or table.broken_off:
            lines = rows.filter(pl.col("block") == number)["line"].to_list()
            more = [(line, "row_hidden") for line in lines if line in table.hidden_lines]
            if table.broken_off and lines[-1:] == [table.height]:
                block.report.broken_off = True
                more.append((table.height, "row_broken_off"))
            found[number] = sorted(found.get(number, []) + more)
    return found


def _codes(row: dict[str, object]) -> list[str]:
    """What is wrong with one doubtful row; a certificate stands in for a missing number."""
    codes = []
    if row["odd_name"] and not clean_name(str(row["name"])):
        codes.append("name_missing")
    if row["moved"]:
        codes.append("number_in_name")
    if not row["fine"]:
        code = _number_code(str(row["id_number"]), str(row["certificate"]), rounded=bool(row["id_rounded"]))
        codes += [code] if code else []
    return codes + [c for c in ("birth_unreadable", "birth_differs", "amount_unreadable") if row[c]]


def _number_code(text: str, certificate: str, *, rounded: bool) -> str:
    """What is wrong with a number, '' for nothing."""
    if not text and not certificate:
        return "number_missing"
    digits = len(text) if text.isascii() and text.isdigit() and not rounded else 0
    if digits == 15:
        return "number_fifteen"
    if digits in (16, 17, 19):
        return "number_length"
    if digits == 18 and not text.endswith("000"):
        return "" if identity.is_valid(text) else "number_wrong"
    clean = rounded_id(text) if rounded else clean_id(text)
    if clean.kind == IdKind.MISSING and certificate.strip():
        clean = clean_id(certificate)
    # Few true numbers end in 000; those that fit their check character are not reported.
    if clean.kind == IdKind.CUT and not rounded and identity.is_valid(clean.text):
        return ""
    return BY_KIND.get(clean.kind, "")


def problems_frame(read: list[tuple[SheetRead, list[tuple[int, str]], bool]]) -> pl.DataFrame:
    """Doubts and rejections (True) of all sheets as :data:`PROBLEM_SCHEMA`, in the order of the file."""
    rows = [
        (report.file, report.name, line, code, rejected)
        for report, found, rejected in read
        for line, code in found
    ]
    return pl.DataFrame(rows, schema=PROBLEM_SCHEMA, orient="row")
