"""Columns of cell text → columns of comparable values.

What `cases.matching.engine.normalise` says of one cell, said of a column: expressions decide the plain cells, which
are nine in ten, and the functions the rest, once per distinct text. Both say the same of every text
(`tests/cases/matching/test_engine_columns.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import polars as pl

from cases import identity
from cases.matching.engine import variants
from cases.matching.engine.addresses import BELOW_VILLAGE
from cases.matching.engine.normalise import (
    LOST,
    IdKind,
    clean_id,
    clean_sex,
    read_name,
    split_number_from_name,
)
from cases.matching.engine.relations import is_elder, is_head
from cases.pinyin import reading

TEXT: Final = "text"


def spread(values: pl.Series, read: Callable[[pl.Series], pl.DataFrame]) -> pl.DataFrame:
    """Read the distinct texts of a column, and give each row what its text was read as.

    `read` makes a frame whose column `text` holds the texts it was given, once each.
    """
    texts = values.fill_null("").alias(TEXT)
    return at(texts, read(texts.unique()))


def at(texts: pl.Series, read: pl.DataFrame) -> pl.DataFrame:
    """The lines of `read` for each text, without the text."""
    places = read.select(TEXT).with_row_index("place")
    found = texts.alias(TEXT).to_frame().join(places, on=TEXT, how="left", maintain_order="left")
    return read.drop(TEXT)[found["place"]]


def each(
    texts: pl.Series, function: Callable[[str], Sequence[Any]], schema: Mapping[str, pl.DataType]
) -> pl.DataFrame:
    """The function's values for each text, row by row in Python: for what no expression can say."""
    rows = [(text, *function(text)) for text in texts]
    return pl.DataFrame(rows, schema={TEXT: pl.String(), **schema}, orient="row")


# ---- names ----------------------------------------------------------------------------------------

NAMES: Final = {"name": pl.String(), "other": pl.String(), "inside": pl.String()}
_PLAIN_NAME: Final = r"^[\x{4E00}-\x{9FFF}]{1,12}$"
_BETWEEN: Final = r"[\s·•・‧∙﹒．.]"  # blanks and dots, which say nothing
_TOLD: Final = r"(无|不详|不祥|未知|未上户|无户口|待补)$|已故|已死亡|已去世|死亡|残疾|户主|本人|曾用|原名|又名|别名|曾名|本名|现名|改名|现用"


def read_names(texts: pl.Series) -> pl.DataFrame:
    """Distinct name cells → `text`, `name`, `other` (see `normalise.read_name`), `inside` (an identity number
    that stands in the cell) and `sound`, null where the name is not legible enough to be looked up."""
    forms = variants.simplified()
    bare = texts.str.replace_all(_BETWEEN, "")
    cells = pl.DataFrame(
        {TEXT: texts, "name": bare.str.replace_many(list(map(chr, forms)), list(forms.values()))}
    )
    plain = bare.str.contains(_PLAIN_NAME) & ~cells["name"].str.contains(_TOLD)
    odd = each(texts.filter(~plain), _odd_name, NAMES)
    usual = cells.filter(plain).with_columns(other=pl.lit(""), inside=pl.lit(""))
    read = pl.concat([usual, odd])
    return read.with_columns(sounds(read["name"]))


def _odd_name(text: str) -> tuple[str, str, str]:
    rest, inside = split_number_from_name(text)
    return (*read_name(rest), inside)


def sounds(names: pl.Series) -> pl.Series:
    """`normalise.sound_key` of cleaned names as a column `sound`, null instead of ''."""
    alphabet = sorted(set("".join(names.to_list())))
    usual = variants.exchanged()
    readings = ["" if c == LOST else "".join(map(reading, c.translate(usual))) for c in alphabet]
    legible = names.str.len_chars() - names.str.count_matches(LOST, literal=True)
    lost = names.str.contains(LOST, literal=True)
    heard = names.str.replace_many(alphabet, readings) if alphabet else names
    return pl.select(
        pl.when((legible >= 2) | ((legible == 1) & ~lost)).then(heard).alias("sound")
    ).to_series()


# ---- identity numbers -----------------------------------------------------------------------------

KIND: Final = pl.Enum([kind.value for kind in IdKind])
NUMBERS: Final = {
    "kind": KIND,
    "number": pl.String(),
    "born": pl.Int32(),
}
_ORNAMENTS: Final = r"[\s'`’‘\x{200B}\x{FEFF}]"
_DIGITS: Final = r"^([0-9]{15,19}|[0-9]{17}X)$"


def is_birth(day: pl.Expr) -> pl.Expr:
    """Whether a number yyyymmdd is a calendar date in the years identity numbers can hold."""
    year, month, date = day // 10_000, day // 100 % 100, day % 100
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    last = pl.when(month == 2).then(28 + leap.cast(pl.Int32)).otherwise(30 + (month + month // 8) % 2)
    return (
        year.is_between(identity.EARLIEST_YEAR, identity.LATEST_YEAR)
        & month.is_between(1, 12)
        & date.is_between(1, last)
    )


def check_value(first17: pl.Expr) -> pl.Expr:
    """The value of the 18th character (X is 10) for 17 digits as a number."""
    weighed = sum(
        (first17 // 10 ** (16 - place) % 10) * weight for place, weight in enumerate(identity.WEIGHTS[:17])
    )
    return (12 - weighed % 11) % 11


def _birth_digits(first17: pl.Expr) -> pl.Expr:
    return (first17 // 1000 % 100_000_000).cast(pl.Int32)


def _last_value(number: pl.Expr, place: int) -> pl.Expr:
    last = number.str.slice(place, 1)
    return pl.when(last == "X").then(10).otherwise(last.cast(pl.Int64, strict=False))


def read_numbers(texts: pl.Series) -> pl.DataFrame:
    """Identity cells, row by row → `kind`, `number` as `normalise.clean_id` reads them, and `born`, the
    birth date yyyymmdd inside the number, else 0."""
    cells = texts.fill_null("").alias(TEXT).to_frame()
    plain = cells.select(pl.col(TEXT).str.contains(_DIGITS)).to_series()
    if plain.all():
        return _classified(cells[TEXT])
    odd = _read_odd(cells.filter(~plain)[TEXT].unique())
    odd_rows = at(cells.filter(~plain)[TEXT], odd)
    order = pl.concat([plain.arg_true(), (~plain).arg_true()]).arg_sort()
    return pl.concat([_classified(cells.filter(plain)[TEXT]), odd_rows])[order]


def fits(numbers: pl.Series) -> pl.Series:
    """Whether each cleaned number is valid (`identity.is_valid`), also one that ends in 000."""
    first17 = numbers.str.slice(0, 17).cast(pl.Int64, strict=False)
    read = pl.DataFrame({"number": numbers, "first17": first17})
    valid = (
        pl.col("number").str.contains(r"^[1-9][0-9]{16}[0-9X]$")
        & is_birth(_birth_digits(pl.col("first17")))
        & (check_value(pl.col("first17")) == _last_value(pl.col("number"), 17))
    )
    return read.select(valid.fill_null(value=False))["number"]


def _steps() -> tuple[list[pl.Expr], list[pl.Expr], list[pl.Expr]]:
    """From a column `number` of digits only: its parts, what they say, and the columns of `NUMBERS`."""
    number, length, first17 = pl.col("number"), pl.col("number").str.len_bytes(), pl.col("first17")
    parts = [
        pl.when(length == 18).then(number.str.slice(0, 17).cast(pl.Int64, strict=False)).alias("first17"),
        _last_value(number, 17).alias("last"),
    ]
    said = [
        is_birth(_birth_digits(first17)).fill_null(value=False).alias("dated"),
        ((check_value(first17) == pl.col("last")) & (first17 >= 10**16)).alias("fits"),
    ]
    kind = (
        pl.when(length == 15)
        .then(pl.lit(IdKind.FIFTEEN.value, dtype=KIND))
        .when(length != 18)
        .then(pl.lit(IdKind.LENGTH.value, dtype=KIND))
        .when(number.str.ends_with("000"))
        .then(pl.lit(IdKind.CUT.value, dtype=KIND))
        .when(pl.col("dated") & pl.col("fits"))
        .then(pl.lit(IdKind.VALID.value, dtype=KIND))
        .otherwise(pl.lit(IdKind.WRONG.value, dtype=KIND))
    )
    born = pl.when("dated").then(_birth_digits(first17)).otherwise(0)
    return parts, said, [kind.alias("kind"), number, born.alias("born")]


_PARTS, _SAID, _NUMBERS = _steps()  # made once: a short list takes less time to look at than to ask about


def _classified(numbers: pl.Series) -> pl.DataFrame:
    """Texts of digits only (see `_DIGITS`), row by row."""
    if numbers.is_empty():
        return pl.DataFrame(schema=NUMBERS)
    return numbers.alias("number").to_frame().with_columns(_PARTS).with_columns(_SAID).select(_NUMBERS)


def _read_odd(texts: pl.Series) -> pl.DataFrame:
    """Distinct cells that are not just digits. Most are after spaces and quotation marks have gone."""
    bare = texts.str.normalize("NFKC").str.to_uppercase().str.replace_all(_ORNAMENTS, "")
    digits = bare.str.contains(_DIGITS)
    simple = texts.filter(digits).to_frame().hstack(_classified(bare.filter(digits)))
    rest = each(texts.filter(~digits), _odd_number, NUMBERS)
    return pl.concat([simple, rest])


def _odd_number(text: str) -> tuple[str, str, int]:
    clean = clean_id(text)
    return clean.kind.value, clean.text, clean.birth


def rounded(read: pl.DataFrame, flags: pl.Series) -> pl.DataFrame:
    """The numbers of which a flag says that the cell was a number: their last three digits are lost."""
    lost = flags.fill_null(value=False).alias("rounded")
    cut = pl.col("rounded") & (pl.col("number").str.len_bytes() == 18)
    return (
        read.with_columns(lost)
        .with_columns(
            kind=pl.when(cut).then(pl.lit(IdKind.CUT.value, dtype=KIND)).otherwise("kind"),
            number=pl.when(cut).then(pl.col("number").str.slice(0, 15) + "000").otherwise("number"),
        )
        .drop("rounded")
    )


def repairs(numbers: pl.DataFrame) -> pl.LazyFrame:
    """Every valid number one slip away (`identity.repair_candidates`): `key`, `number` for each `key`, `number`.

    Numbers of other lengths than 15, 17, 18 and 19, and valid ones, have none.
    """
    found = [numbers.clear().select("key", "number").lazy()]
    for length, slips in _SLIPS.items():
        alike = numbers.filter(pl.col("number").str.len_bytes() == length)
        if alike.height:
            found += [slip(alike) for slip in slips]
    return pl.concat(found).unique()


def _written(first17: pl.Expr, value: pl.Expr) -> pl.Expr:
    last = pl.when(value == 10).then(pl.lit("X")).otherwise(value.cast(pl.String))
    return first17.cast(pl.String) + last


def _valid_only(found: Iterable[pl.LazyFrame]) -> pl.LazyFrame:
    """From frames of `key`, `first17`, `value`: the valid numbers."""
    every = pl.concat(list(found))
    return every.filter(
        (pl.col("first17") >= 10**16)
        & (pl.col("first17") < 10**17)
        & (check_value(pl.col("first17")) == pl.col("value"))
        & is_birth(_birth_digits(pl.col("first17")))
    ).select("key", number=_written(pl.col("first17"), pl.col("value")))


def _parts(numbers: pl.DataFrame, length: int) -> pl.LazyFrame:
    """Numbers of a length in digits: all but the last as a number `body`, the last as a value `last`."""
    shape = rf"^[0-9]{{{length - 1}}}[0-9X]$"
    return (
        numbers.lazy()
        .filter(pl.col("number").str.contains(shape))
        .select(
            "key",
            body=pl.col("number").str.slice(0, length - 1).cast(pl.Int64),
            last=_last_value(pl.col("number"), length - 1),
        )
    )


def _substituted(numbers: pl.DataFrame) -> pl.LazyFrame:
    parts = (
        _parts(numbers, 18)
        .with_columns(fits=check_value(pl.col("body")))
        .filter(pl.col("fits") != pl.col("last"))
    )
    # The check value grows by weight times the change; twelve less weighs the same modulo eleven.
    excess = pl.col("last") - pl.col("fits")
    found = [parts.select("key", first17="body", value="fits")]
    for place, weight in enumerate(identity.WEIGHTS[:17]):
        power = 10 ** (16 - place)
        digit = pl.col("body") // power % 10
        change = (-excess * pow(weight, -1, 11)) % 11
        new = (digit + change) % 11
        found.append(
            parts.with_columns(new=new, digit=digit)
            .filter(pl.col("new") < 10)
            .select("key", first17=pl.col("body") + (pl.col("new") - pl.col("digit")) * power, value="last")
        )
    return _valid_only(found)


def _swapped(numbers: pl.DataFrame) -> pl.LazyFrame:
    parts = _parts(numbers, 18)
    found = []
    for place in range(16):
        power = 10 ** (15 - place)
        left, right = pl.col("body") // (power * 10) % 10, pl.col("body") // power % 10
        found.append(
            parts.filter(left != right).select(
                "key", first17=pl.col("body") + (right - left) * 9 * power, value="last"
            )
        )
    ends = pl.col("body") % 10
    found.append(
        parts.filter((pl.col("last") < 10) & (ends != pl.col("last"))).select(
            "key", first17=pl.col("body") - ends + pl.col("last"), value=ends
        )
    )
    return _valid_only(found)


def _inserted(numbers: pl.DataFrame) -> pl.LazyFrame:
    """One digit lost: each of ten put back at each place, or the check character at the end."""
    whole = numbers.lazy().filter(pl.col("number").str.contains(r"^[0-9]{17}$"))
    first17 = pl.col("number").cast(pl.Int64)
    found = [whole.select("key", first17=first17, value=check_value(first17))]
    parts = _parts(numbers, 17)
    for place in range(17):
        power = 10 ** (16 - place)
        body = pl.col("body")
        gap = body // power * power * 10 + body % power
        weight = identity.WEIGHTS[place]
        digit = ((check_value(gap) - pl.col("last")) * pow(weight, -1, 11)) % 11
        found.append(
            parts.with_columns(gap=gap, digit=digit)
            .filter(pl.col("digit") < 10)
            .select("key", first17=pl.col("gap") + pl.col("digit") * power, value="last")
        )
    return _valid_only(found)


def _deleted(numbers: pl.DataFrame) -> pl.LazyFrame:
    """One digit too many: each left out in turn."""
    parts = _parts(numbers, 19)
    body = pl.col("body")
    found = [
        parts.select(
            "key",
            first17=body // (10 ** (18 - place)) * 10 ** (17 - place) + body % 10 ** (17 - place),
            value="last",
        )
        for place in range(18)
    ]
    found.append(parts.select("key", first17=body // 10, value=body % 10))
    return _valid_only(found)


def _widened(numbers: pl.DataFrame) -> pl.LazyFrame:
    """A number of 15 digits in both centuries."""
    parts = numbers.lazy().filter(pl.col("number").str.contains(r"^[0-9]{15}$"))
    old = pl.col("number").cast(pl.Int64)
    widened = [(old // 10**9 * 100 + century) * 10**9 + old % 10**9 for century in (19, 20)]
    return _valid_only(parts.select("key", first17=w, value=check_value(w)) for w in widened)


_SLIPS: Final[Mapping[int, tuple[Callable[[pl.DataFrame], pl.LazyFrame], ...]]] = {
    15: (_widened,),
    17: (_inserted,),
    18: (_substituted, _swapped),
    19: (_deleted,),
}


# ---- places, dates and sexes ------------------------------------------------------------------------------


def bare_village(cell: pl.Expr) -> pl.Expr:
    """An address without what lies below its village, so that fewer distinct ones are left to be read."""
    whole = cell.str.normalize("NFKC").str.replace_all(r"\s", "")
    bare = whole.str.replace(BELOW_VILLAGE, "")
    return pl.when(bare == "").then(whole).otherwise(bare)


def read_relations(texts: pl.Series) -> pl.DataFrame:
    """Distinct cells → `text`, `is_head` and `is_elder` (see `cases.matching.engine.relations`)."""
    flags = {"is_head": pl.Boolean(), "is_elder": pl.Boolean()}
    return each(texts, lambda text: (is_head(text), is_elder(text)), flags)


def read_sexes(texts: pl.Series) -> pl.DataFrame:
    """Distinct cells → `text` and `sex` (see `normalise.clean_sex`)."""
    return each(texts, lambda text: (clean_sex(text),), {"sex": pl.String()})
