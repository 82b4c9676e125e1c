"""What speaks for and against each proposed pair, in the vocabulary of `cases.matching.engine.rules`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import polars as pl

from cases.matching.engine.dates import compare_dates
from cases.matching.engine.normalise import (
    IdKind,
    NameLikeness,
    compare_names,
    is_changed,
    slips_apart,
)
from cases.matching.engine.pairs import PAIR, Sides, fits_mask
from cases.matching.engine.pairs import legible_tail as tail

_COMPARABLE: Final = [IdKind.WRONG.value, IdKind.LENGTH.value, IdKind.OTHER.value]
_ROW: Final = (
    "row", "household", "kind", "number", "number_code", "born", "birth", "sex", "name", "sound", "other",
    "other_sound", "member", "elder", "head_given", "head_known", "head_code", "head_sound", "head_name",
    "guardian_known", "guardian_sound", "village", "township",
)  # fmt: skip
_PERSON: Final = (
    "person", "role", "human", "number", "code", "valid", "name", "sound", "birth", "sex", "village", "township",
)  # fmt: skip


def judge(
    pairs: pl.DataFrame, left: str, right: str, function: Callable[[Any, Any], int], name: str
) -> pl.DataFrame:
    """The function's answer for each distinct pair of values, as a frame of `left`, `right`, `name`."""
    distinct = pairs.select(left, right).unique()
    answers = [int(function(a, b)) for a, b in distinct.iter_rows()]
    return distinct.with_columns(pl.Series(name, answers, dtype=pl.Int8))


def gather(pairs: pl.DataFrame, sides: Sides, *, near_slips: int, legible_tail: int) -> pl.DataFrame:
    """Evidence for each pair: `row`, `person` and the columns the rules speak of."""
    persons = sides.persons.select(
        pl.col(name)
        if name in ("person", "role", "human", "code", "valid")
        else pl.col(name).alias(f"its_{name}")
        for name in _PERSON
    )
    found = pairs.join(sides.rows.select(_ROW), on="row").join(persons, on="person")
    found = _of_kin(found, sides)
    found = _names(found)
    found = _dates(found)
    found = _numbers(found, sides, near_slips)
    return found.select(
        *PAIR,
        "household",
        "human",
        number="relation",
        name="likeness",
        changed="changed",
        told="told",
        birth="dated",
        born="borne",
        sex=pl.when((pl.col("sex") == "") | (pl.col("its_sex") == ""))
        .then(0)
        .when(pl.col("sex") == pl.col("its_sex"))
        .then(1)
        .otherwise(-1),
        house=pl.when("in_house").then(2).when("head_kin").then(1).otherwise(0),
        place=pl.when(pl.col("village") == pl.col("its_village"))
        .then(3)
        .when(pl.col("village").is_null() & (pl.col("township") == pl.col("its_township")))
        .then(2)
        .when(pl.col("township") == pl.col("its_township"))
        .then(1)
        .when(pl.col("township").is_null())
        .then(0)
        .otherwise(-1),
        few_slips="few_slips",
        # Of a household whose head is the person, the others are not.
        is_kin=pl.col("is_kin")
        | (pl.col("member") & (pl.col("head_code") == pl.col("code")).fill_null(value=False)),
        elder=pl.col("elder") & (pl.col("role") == "child"),
        head_same="head_same",
        namesake="namesake",
        head_given="head_given",
        tail_legible=(pl.col("kind") == IdKind.MASKED.value) & (tail().str.len_bytes() >= legible_tail),
        same_length=pl.col("name").str.len_chars() == pl.col("its_name").str.len_chars(),
    )


def _of_kin(found: pl.DataFrame, sides: Sides) -> pl.DataFrame:
    """What the pair's row has in common with the person's relatives."""
    repaired = sides.row_repairs.rename({"code": "kin_code"}).with_columns(by_slip=pl.lit(value=True))
    kin = (
        found.select(
            *PAIR,
            "sound",
            "its_sound",
            "number_code",
            "other_sound",
            "head_known",
            "head_sound",
            "head_name",
            "guardian_known",
            "guardian_sound",
        )
        .join(sides.kin, on="person")
        .join(repaired, on=["row", "kin_code"], how="left")
        .with_columns(numbered=(pl.col("kin_code") == pl.col("number_code")).fill_null(value=False))
    )

    def sounds_like(who: str) -> pl.Expr:
        return pl.col("kin_sound") == pl.col(who)

    bears = pl.col("numbered") | pl.col("by_slip").fill_null(value=False)
    flags = kin.group_by(PAIR).agg(
        kin_number=bears.any(),
        head_kin=(
            (sounds_like("head_sound") & (~pl.col("head_known") | pl.col("kin_code").is_null()))
            | (sounds_like("guardian_sound") & (~pl.col("guardian_known") | pl.col("kin_code").is_null()))
        ).any(),
        head_same=(pl.col("kin_name") == pl.col("head_name")).any(),
        is_kin=(
            (sounds_like("sound") & ((pl.col("sound") != pl.col("its_sound")).fill_null(value=True) | bears))
            | (sounds_like("other_sound") & bears)
        ).any(),
        namesake=sounds_like("its_sound").any(),
    )
    housed = sides.houses.with_columns(in_house=pl.lit(value=True))
    marks = ("kin_number", "head_kin", "head_same", "is_kin", "namesake", "in_house")
    return (
        found.join(flags, on=PAIR, how="left")
        .join(housed, on=["household", "person"], how="left")
        .with_columns(pl.col(marks).fill_null(value=False))
    )


def _names(found: pl.DataFrame) -> pl.DataFrame:
    same = (pl.col("name") == pl.col("its_name")) & (pl.col("name") != "")
    unlike = found.filter(~same)
    judged = judge(unlike, "name", "its_name", compare_names, "likeness")
    near = judged.filter(pl.col("likeness") == int(NameLikeness.NEAR)).drop("likeness")
    changed = judge(near, "name", "its_name", is_changed, "changed").with_columns(pl.col("changed") == 1)
    told = found.filter(pl.col("other") != "")
    others = judge(told, "other", "its_name", compare_names, "other_likeness")
    return (
        found.join(judged, on=["name", "its_name"], how="left")
        .join(changed, on=["name", "its_name"], how="left")
        .join(others, on=["other", "its_name"], how="left")
        .with_columns(
            likeness=pl.when(same).then(pl.lit(int(NameLikeness.SAME))).otherwise("likeness"),
            changed=pl.col("changed").fill_null(value=False),
            told=(pl.col("other_likeness") <= int(NameLikeness.SOUND)).fill_null(value=False),
        )
    )


def _dates(found: pl.DataFrame) -> pl.DataFrame:
    birth, its = pl.col("birth"), pl.col("its_birth")
    unlike = found.filter((birth > 0) & (its > 0) & (birth != its))
    judged = judge(unlike, "birth", "its_birth", compare_dates, "date_likeness")
    month_only = (birth % 100 == 0) & (birth // 100 == its // 100)
    return found.join(judged, on=["birth", "its_birth"], how="left").with_columns(
        dated=pl.when((birth == 0) | (its == 0))
        .then(0)
        .when((birth == its) | month_only)
        .then(1)
        .otherwise(pl.col("date_likeness")),
        borne=pl.when((pl.col("born") == 0) | (its == 0))
        .then(0)
        .when(pl.col("born") == its)
        .then(1)
        .otherwise(-1),
    )


def _numbers(found: pl.DataFrame, sides: Sides, near_slips: int) -> pl.DataFrame:
    number, its = pl.col("number"), pl.col("its_number")
    # Two valid numbers are two people, unless the name and most of the number say otherwise.
    intact = pl.sum_horizontal(
        number.str.slice(start, length) == its.str.slice(start, length)
        for start, length in ((0, 6), (6, 4), (10, 4), (14, 4))
    )
    alike = (pl.col("likeness") <= int(NameLikeness.SOUND)) & (intact >= 2)
    comparable = pl.col("kind").is_in(_COMPARABLE) | ((pl.col("kind") == IdKind.VALID.value) & alike)
    judged = judge(
        found.filter(comparable & (number != its) & (its != "")), "number", "its_number", slips_apart, "slips"
    )
    repaired = (
        pl.concat(
            [
                sides.row_repairs.join(sides.persons.select("person", "code"), on="code").select(PAIR),
                sides.rows.select("row", code="number_code")
                .drop_nulls()
                .join(sides.person_repairs, on="code")
                .select(PAIR),
            ]
        )
        .unique()
        .with_columns(repaired=pl.lit(value=True))
    )
    masked = found.filter(pl.col("kind") == IdKind.MASKED.value).select(
        *PAIR, fits=fits_mask("number", "its_number")
    )
    relation = (
        pl.when((number != "") & (number == its) & (pl.col("kind") != IdKind.CUT.value))
        .then(pl.lit("same"))
        .when(pl.col("repaired"))
        .then(pl.lit("repaired"))
        .when((pl.col("kind") == IdKind.CUT.value) & (number.str.slice(0, 15) == its.str.slice(0, 15)))
        .then(pl.lit("cut"))
        .when(pl.col("fits"))
        .then(pl.lit("masked"))
        .when((pl.col("kind") == IdKind.MASKED.value) & (its != ""))
        .then(pl.lit("far"))
        .when("kin_number")
        .then(pl.lit("kin"))
        .when((pl.col("kind") == IdKind.VALID.value) & pl.col("valid"))
        .then(pl.lit("differs"))
        .when(pl.col("kind").is_in([IdKind.MISSING.value, IdKind.SCIENTIFIC.value]) | (its == ""))
        .then(pl.lit("none"))
        .when(pl.col("slips") <= near_slips)
        .then(pl.lit("near"))
        .otherwise(pl.lit("far"))
    )
    return (
        found.join(judged, on=["number", "its_number"], how="left")
        .join(repaired, on=PAIR, how="left")
        .join(masked, on=PAIR, how="left")
        .with_columns(relation=relation, few_slips=(pl.col("slips") <= near_slips).fill_null(value=False))
    )
