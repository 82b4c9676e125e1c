"""The passes that propose pairs of list row and person, each one join of keys.

They overlap on purpose: a pair is kept once, and what speaks for it is measured afterwards, for all pairs
alike (`cases.matching.engine.evidence`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

import polars as pl

from cases.matching.engine import columns
from cases.matching.engine.keys import REPAIRABLE, Vocabulary
from cases.matching.engine.normalise import TWO_PARTS, IdKind, masks

VALID: Final = IdKind.VALID.value
PAIR: Final = ("row", "person")


@dataclass(frozen=True, slots=True)
class Sides:
    """Both sides of a call with the codes of one vocabulary.

    rows: `keys.list_keys`. persons: KEY_SCHEMA with `code`, `sound` and `name_code` as codes and `human`, equal for records
    of one and the same person. kin: each person's relatives as `person`, `kin_code`, `kin_sound`, `kin_name`, never the
    person itself. row_repairs: `row`, `code`. person_repairs: `person`, `code`. houses: `household`, `person`
    where a member, the head or a guardian bears the number of one of the person's kin.
    """

    rows: pl.DataFrame
    persons: pl.DataFrame
    kin: pl.DataFrame
    row_repairs: pl.DataFrame
    person_repairs: pl.DataFrame
    houses: pl.DataFrame

    @classmethod
    def of(
        cls, rows: pl.DataFrame, persons: pl.DataFrame, relatives: pl.DataFrame, vocabulary: Vocabulary
    ) -> Sides:
        """Put codes on the register's side and find the households that a person's kin belongs to."""
        people, others = _coded(persons, vocabulary), _coded(relatives, vocabulary)
        people = _completed(people, others).with_columns(
            human=_human(), surname=pl.col("name").str.slice(0, 1)
        )
        kin = _kin(people, others)
        person_repairs = (
            people.select("person", number="repairs")
            .explode("number")
            .join(vocabulary.numbers, on="number")
            .select("person", "code")
        )
        repairable = rows.filter(pl.col("kind").is_in(list(REPAIRABLE))).select("row", "number")
        heads = rows.select("household", number="head_number").drop_nulls().unique()
        repaired = _repaired(repairable["number"], heads["number"], vocabulary=vocabulary)
        return cls(
            rows=rows,
            persons=people.drop("repairs"),
            kin=kin,
            row_repairs=repairable.join(repaired, on="number").select("row", "code"),
            person_repairs=person_repairs,
            houses=_houses(rows, heads.join(repaired, on="number").select("household", "code"), kin),
        )


def _coded(people: pl.DataFrame, vocabulary: Vocabulary) -> pl.DataFrame:
    return people.with_columns(
        vocabulary.code(people["number"], vocabulary.numbers).alias("code"),
        vocabulary.code(people["sound"], vocabulary.sounds).alias("sound"),
        vocabulary.code(people["name"], vocabulary.names).alias("name_code"),
    )


def _completed(people: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """People without a number, with that of the same person in another place of the file: an adult of the
    same name, or a child that was entered as its own guardian. In names of two parts a household shares the
    second, so that two may well bear one name."""
    bare = people.filter(pl.col("number") == "").select("person", "child", "role", "name", "birth")
    known = (
        pl.concat([people, others])
        .filter("valid")
        .select("child", "role", "name", "birth", "number", "code", "sex")
    )
    adults = (pl.col("role") != "child") & (pl.col("role_known") != "child")
    found = (
        bare.join(known, on=["child", "name"], suffix="_known")
        .filter(
            (adults & (pl.col("name").str.len_chars() < TWO_PARTS))
            | (pl.col("birth") == pl.col("birth_known"))
        )
        .unique("person", keep="first", maintain_order=True)
        .select("person", "birth_known", "number", "code", "sex")
    )
    joined = people.join(found, on="person", how="left", suffix="_known", maintain_order="left")
    lent = pl.col("number_known").is_not_null()
    return joined.with_columns(
        number=pl.coalesce("number_known", "number"),
        code=pl.coalesce("code_known", "code"),
        valid=pl.col("valid") | lent,
        birth=pl.when(lent).then("birth_known").otherwise("birth"),
        sex=pl.when(lent & (pl.col("sex") == "")).then("sex_known").otherwise("sex"),
    ).select(people.columns)


def _human() -> pl.Expr:
    """Equal for records of one person: a guardian of three children is three records. Adults of one name in
    one village are one, unless two valid numbers tell them apart. A child is in the register once."""
    group = ("name", "village")
    numbers = pl.when("valid").then("number").drop_nulls().n_unique().over(group)
    return (
        pl.when(pl.col("role") == "child")
        .then(pl.col("person").cast(pl.String))
        .when(numbers <= 1)
        .then(pl.format("{}/{}", "name", "village"))
        .when("valid")
        .then("number")
        .otherwise(pl.col("person").cast(pl.String))
    )


def _kin(people: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """Relatives by person. One and the same may stand in two places of a file, as guardian and as head, or a
    child as its own guardian: that is no relative."""
    pairs = people.select("person", "child", "role", "name", "code").join(
        others.select("child", "person", "role", "name", "name_code", "code", "sound"),
        on="child",
        suffix="_kin",
    )
    adults = (pl.col("role") != "child") & (pl.col("role_kin") != "child")
    same_number = (pl.col("code") == pl.col("code_kin")).fill_null(value=False)
    same_name = pl.col("name") == pl.col("name_kin")
    unnumbered = pl.col("code").is_null() | pl.col("code_kin").is_null()
    itself = (same_number & (same_name | adults)) | (adults & same_name & unnumbered)
    return pairs.filter((pl.col("person") != pl.col("person_kin")) & ~itself).select(
        "person", kin_code="code_kin", kin_sound="sound", kin_name="name_code"
    )


def _repaired(*numbers: pl.Series, vocabulary: Vocabulary) -> pl.DataFrame:
    """The register's numbers a slip from these: `number` as typed, `code`."""
    typed = pl.concat(numbers).alias("typed").unique()
    return (
        columns.repairs(pl.DataFrame({"key": typed, "number": typed}))
        .join(vocabulary.numbers.lazy(), on="number")
        .select("code", number="key")
        .collect()
    )


def _houses(rows: pl.DataFrame, repaired_heads: pl.DataFrame, kin: pl.DataFrame) -> pl.DataFrame:
    housed = rows.filter(pl.col("household").is_not_null())
    bearers = [
        housed.filter(pl.col("kind") == VALID).select("household", code="number_code"),
        housed.select("household", code="head_code"),
        housed.select("household", code="guardian_code"),
        repaired_heads.filter(pl.col("household").is_not_null()),
    ]
    return (
        pl.concat(bearers)
        .drop_nulls()
        .unique()
        .join(kin.select("person", code="kin_code"), on="code")
        .select("household", "person")
        .unique()
    )


class Joins(NamedTuple):
    """The sides as the passes read them, so that only the columns a pass names are copied."""

    rows: pl.LazyFrame
    persons: pl.LazyFrame
    kin: pl.LazyFrame
    row_repairs: pl.LazyFrame
    person_repairs: pl.LazyFrame
    houses: pl.LazyFrame


Pass = Callable[[Joins], pl.LazyFrame]


def propose(sides: Sides) -> pl.DataFrame:
    """All proposed pairs, `row` and `person`, each once."""
    joins = Joins(
        rows=sides.rows.lazy().with_columns(surname=pl.col("name").str.slice(0, 1)),
        persons=sides.persons.lazy(),
        kin=sides.kin.lazy(),
        row_repairs=sides.row_repairs.lazy(),
        person_repairs=sides.person_repairs.lazy(),
        houses=sides.houses.lazy(),
    )
    # One after the other: together they would hold all their tables at once.
    return pl.concat([each(joins).select(PAIR).collect() for each in PASSES]).unique()


def same_number(s: Joins) -> pl.LazyFrame:
    rows = s.rows.filter(pl.col("number_code").is_not_null())
    return rows.join(s.persons, left_on="number_code", right_on="code")


def number_repaired(s: Joins) -> pl.LazyFrame:
    return s.row_repairs.join(s.persons, on="code")


def register_number_repaired(s: Joins) -> pl.LazyFrame:
    return s.rows.join(s.person_repairs, left_on="number_code", right_on="code")


def number_cut(s: Joins) -> pl.LazyFrame:
    first = pl.col("number").str.slice(0, 15).alias("first")
    cut = s.rows.filter(pl.col("kind") == IdKind.CUT.value).with_columns(first)
    return cut.join(s.persons.with_columns(first), on="first")


def number_masked(s: Joins) -> pl.LazyFrame:
    """The legible digits agree, and so does the name's sound or its first character."""
    masked = s.rows.filter(pl.col("kind") == IdKind.MASKED.value).with_columns(
        head=pl.col("number").str.extract(r"^([0-9]*)"), tail=legible_tail()
    )
    head, tail = pl.col("head").str.len_bytes(), pl.col("tail").str.len_bytes()
    first, long_first = (pl.col("number").str.slice(0, n).alias("first") for n in (3, 12))
    last = pl.col("number").str.slice(-2).alias("last")
    sounding = masked.filter(pl.col("sound").is_not_null()).join(s.persons, on="sound")
    tailed = (
        masked.filter((head >= 3) & (tail >= 2))
        .with_columns(first, last)
        .join(s.persons.with_columns(first, last), on=["surname", "first", "last"])
    )
    headed = (
        masked.filter(head >= 12)
        .with_columns(long_first)
        .join(s.persons.with_columns(long_first), on=["surname", "first"])
    )
    found = pl.concat(each.select(*PAIR, "number", "number_right") for each in (sounding, tailed, headed))
    return found.filter(fits_mask("number", "number_right"))


def legible_tail() -> pl.Expr:
    """The last characters of a masked number, after its last mask."""
    return pl.col("number").str.extract(r"([0-9]*X?)$")


def fits_mask(pattern: str, number: str) -> pl.Expr:
    """Whether a masked number may be another column's number."""
    return pl.struct(pattern, number).map_elements(
        lambda pair: bool(pair[number]) and "*" in pair[pattern] and masks(pair[pattern], pair[number]),
        return_dtype=pl.Boolean,
    )


def name_and_birth(s: Joins) -> pl.LazyFrame:
    persons = s.persons.filter((pl.col("birth") > 0) & pl.col("sound").is_not_null())
    rows = sounding(s)
    typed = rows.filter(pl.col("birth") > 0)
    inside = rows.filter((pl.col("born") > 0) & (pl.col("born") != pl.col("birth")))
    return pl.concat(
        [
            typed.join(persons, on=["sound", "birth"]).select(PAIR),
            inside.join(persons, left_on=["sound", "born"], right_on=["sound", "birth"]).select(PAIR),
            _without_number(_monthly(typed), _monthly(persons, every=True), ["sound", "month"]),
        ]
    )


def _monthly(people: pl.LazyFrame, *, every: bool = False) -> pl.LazyFrame:
    """Those of whom the list says the month of birth only, or `every` one, with that `month`."""
    told = people if every else people.filter(pl.col("birth") % 100 == 0)
    return told.with_columns(month=pl.col("birth") // 100)


def name_and_kin_number(s: Joins) -> pl.LazyFrame:
    kin = s.kin.join(s.persons.select("person", "sound"), on="person")
    return sounding(s).join(kin, left_on=["sound", "number_code"], right_on=["sound", "kin_code"])


def name_and_household(s: Joins) -> pl.LazyFrame:
    housed = s.houses.join(s.persons.select("person", "sound"), on="person")
    return sounding(s).join(housed, on=["household", "sound"])


def name_and_head_name(s: Joins) -> pl.LazyFrame:
    kin = s.kin.join(s.persons.select("person", "sound"), on="person").select("person", "sound", "kin_sound")
    rows = sounding(s)
    return pl.concat(
        rows.join(kin, left_on=["sound", who], right_on=["sound", "kin_sound"]).select(PAIR)
        for who in ("head_sound", "guardian_sound")
    )


def household_and_surname(s: Joins) -> pl.LazyFrame:
    """Rows of a relative's household whose number does not say who they are."""
    housed = s.houses.join(s.persons.select("person", "surname"), on="person")
    return doubtful(s).join(housed, on=["household", "surname"])


def head_name_and_surname(s: Joins) -> pl.LazyFrame:
    kin = s.kin.drop_nulls("kin_sound").join(s.persons.select("person", "surname", "township"), on="person")
    return doubtful(s).join(
        kin, left_on=["head_sound", "township", "surname"], right_on=["kin_sound", "township", "surname"]
    )


def kin_number_and_surname(s: Joins) -> pl.LazyFrame:
    """A relative's number, or one a slip from it, under the person's surname."""
    kin = s.kin.drop_nulls("kin_code").join(s.persons.select("person", "surname"), on="person")
    exact = s.rows.select("row", "surname", "sound", code="number_code").drop_nulls("code")
    slipped = s.row_repairs.join(s.rows.select("row", "surname", "sound"), on="row")
    rows = pl.concat([exact, slipped.select("row", "surname", "sound", "code")])
    found = rows.join(kin, left_on="code", right_on="kin_code")
    # Under its own name it is the relative.
    return found.filter(
        (pl.col("surname") == pl.col("surname_right")) & pl.col("sound").ne_missing(pl.col("kin_sound"))
    )


def name_and_township(s: Joins) -> pl.LazyFrame:
    rows = sounding(s).filter(pl.col("township").is_not_null())
    return _without_number(rows, s.persons, ["sound", "township"])


def birth_and_household(s: Joins) -> pl.LazyFrame:
    housed = s.houses.join(s.persons.filter(pl.col("birth") > 0).select("person", "birth"), on="person")
    rows = s.rows.join(s.houses, on="household", how="semi")
    return pl.concat(
        rows.join(housed, left_on=["household", day], right_on=["household", "birth"]).select(PAIR)
        for day in ("birth", "born")
    )


def birth_and_village(s: Joins) -> pl.LazyFrame:
    persons = s.persons.filter(pl.col("birth") > 0)
    rows = s.rows.filter(pl.col("village").is_not_null())
    found = [
        _without_number(
            rows.filter(pl.col(day) > 0).with_columns(day=pl.col(day)),
            persons.with_columns(day=pl.col("birth")),
            ["village", "day", "surname"],
        )
        for day in ("birth", "born")
    ]
    monthly = _monthly(rows.filter(pl.col("birth") > 0)), _monthly(persons, every=True)
    return pl.concat([*found, _without_number(*monthly, ["village", "month", "surname"])])


PASSES: Final[tuple[Pass, ...]] = (
    same_number,
    number_repaired,
    register_number_repaired,
    number_cut,
    number_masked,
    name_and_birth,
    name_and_kin_number,
    name_and_household,
    name_and_head_name,
    household_and_surname,
    head_name_and_surname,
    kin_number_and_surname,
    name_and_township,
    birth_and_household,
    birth_and_village,
)


def sounding(s: Joins) -> pl.LazyFrame:
    """Rows by the sound of their name, and by that of another name their cell tells."""
    rows = s.rows.filter(pl.col("sound").is_not_null())
    others = s.rows.filter(pl.col("other_sound").is_not_null()).with_columns(sound="other_sound")
    return pl.concat([rows, others])


def doubtful(s: Joins) -> pl.LazyFrame:
    """Rows whose number does not say who they are."""
    return s.rows.filter(pl.col("kind") != VALID)


def _without_number(rows: pl.LazyFrame, persons: pl.LazyFrame, on: list[str]) -> pl.LazyFrame:
    """Joined where either side has no valid number; two valid numbers speak for themselves."""
    rowless = rows.filter(pl.col("kind") != VALID).join(persons, on=on).select(PAIR)
    unnumbered = persons.filter(~pl.col("valid"))
    known = rows.filter(pl.col("kind") == VALID).join(unnumbered, on=on[0], how="semi")
    numberless = known.join(unnumbered, on=on)
    return pl.concat([rowless, numberless.select(PAIR)])
