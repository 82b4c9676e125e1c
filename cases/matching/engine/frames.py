"""The columns that travel between reader, register and matcher.

Text is as typed unless a comment says otherwise: whoever reads a file does not judge it.
"""

from __future__ import annotations

from typing import Final

import polars as pl

# One row a person of a list file. `row` counts the accepted rows of the file from 0; `household` numbers the
# households of the file from 1. `*_rounded`: the cell was a number of 16 digits or more, so its tail is lost.
LIST_SCHEMA: Final = pl.Schema(
    {
        "row": pl.UInt32(),
        "sheet": pl.String(),
        "line": pl.UInt32(),
        "own_id": pl.String(),
        "list_type": pl.String(),
        "household": pl.UInt32(),  # null: the list has no households
        "sender_code": pl.String(),  # 12 digits, '' where nothing in cell, sheet, title or file name says
        "name": pl.String(),
        "id_number": pl.String(),
        "id_rounded": pl.Boolean(),
        "certificate": pl.String(),
        "relation": pl.String(),
        "sex": pl.String(),
        "birth_date": pl.String(),
        "head_name": pl.String(),
        "head_id": pl.String(),
        "head_rounded": pl.Boolean(),
        "guardian_name": pl.String(),
        "guardian_id": pl.String(),
        "township": pl.String(),
        "village": pl.String(),
        "category": pl.String(),
        "level": pl.String(),
        "amount": pl.Decimal(12, 2),  # yuan; null where there is none or it cannot be read
        "start_month": pl.String(),
        "event_date": pl.String(),
    }
)

# One row a person of the register. `person` is unique within a call of the matcher; `child` groups the
# relatives of a child. Numbers are canonical, names as registered, `birth` yyyymmdd (0 unknown).
PERSON_SCHEMA: Final = pl.Schema(
    {
        "person": pl.Int64(),
        "child": pl.Int64(),
        "role": pl.String(),  # child, guardian, parent, head, carer
        "name": pl.String(),
        "number": pl.String(),
        "birth": pl.Int32(),
        "sex": pl.String(),  # male, female or ''
        "village": pl.Int64(),  # 12-digit code, null unknown
    }
)

# A person of the register made ready to be compared (`cases.matching.engine.keys.person_keys`); what a county's
# register may keep between runs, encrypted. `birth` and `sex` are the number's where the register has none,
# `sound` is null where the name is not legible, `repairs` are the valid numbers one slip from an invalid one.
KEY_SCHEMA: Final = pl.Schema(
    {
        "person": pl.Int64(),
        "child": pl.Int64(),
        "role": pl.String(),
        "name": pl.String(),
        "sound": pl.String(),
        "number": pl.String(),
        "valid": pl.Boolean(),
        "birth": pl.Int32(),
        "sex": pl.String(),
        "village": pl.Int64(),
        "township": pl.Int64(),
        "repairs": pl.List(pl.String()),
    }
)

# What the matcher hands back. `score` is a calibrated probability in thousandths, `reasons` machine codes.
CANDIDATE_SCHEMA: Final = pl.Schema(
    {
        "row": pl.UInt32(),
        "person": pl.Int64(),
        "tier": pl.String(),  # auto, review
        "score": pl.Int16(),
        "rule": pl.String(),
        "reasons": pl.List(pl.String()),
    }
)
