"""People of the register and rows of lists → comparable keys.

The register's keys may be kept (encrypted) and only those of people who changed computed again. A list's keys
are codes of the call's vocabulary and live as long as the call.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from cases.matching.engine import columns, days
from cases.matching.engine.frames import KEY_SCHEMA
from cases.matching.engine.normalise import IdKind
from cases.matching.engine.places import Places

PLACEHOLDER: Final = 19000101  # what systems write where no birth date was typed
# Not a cut number: its last three digits are unknown, so nothing can be computed from them.
REPAIRABLE: Final = frozenset({IdKind.WRONG, IdKind.LENGTH, IdKind.FIFTEEN})


# ---- the register -----------------------------------------------------------------------------------------


def person_keys(persons: pl.DataFrame) -> pl.DataFrame:
    """People of the register (PERSON_SCHEMA) made ready to be compared (KEY_SCHEMA).

    Each person is read by itself, so the keys of those who changed may be computed alone and put in the place
    of the old ones.
    """
    names = columns.spread(persons["name"], columns.read_names)
    numbers = columns.read_numbers(persons["number"])
    read = pl.concat(
        [
            persons.drop("name", "number"),
            names.select("name", "sound"),
            numbers.select("kind", "number", "born"),
        ],
        how="horizontal",
    ).with_columns(valid=columns.fits(numbers["number"]))
    sexes = pl.when(pl.col("number").str.slice(16, 1).cast(pl.Int8, strict=False) % 2 == 1)
    read = read.with_columns(
        birth=pl.when(pl.col("birth") > 0).then("birth").when("valid").then("born").otherwise(0),
        sex=pl.when(pl.col("sex").fill_null("") != "")
        .then("sex")
        .when("valid")
        .then(sexes.then(pl.lit("male")).otherwise(pl.lit("female")))
        .otherwise(pl.lit("")),
        township=pl.col("village") // 1000 * 1000,
    )
    repairable = read.filter(pl.col("kind").is_in(list(REPAIRABLE))).select("number").unique()
    repaired = (
        columns.repairs(repairable.with_columns(key="number"))
        .group_by("key")
        .agg(repairs=pl.col("number").sort())
        .collect()
    )
    found = read.join(repaired, left_on="number", right_on="key", how="left", maintain_order="left")
    return found.select(
        pl.col(name).cast(kind).fill_null([]) if name == "repairs" else pl.col(name).cast(kind)
        for name, kind in KEY_SCHEMA.items()
    )


# ---- the lists --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The numbers, sounds and names that a call can match at all, each with its place: what is not in it, no list
    row needs to be compared by."""

    numbers: pl.DataFrame  # number, code
    sounds: pl.DataFrame  # sound, code
    names: pl.DataFrame  # name, code

    @classmethod
    def of(cls, *people: pl.DataFrame) -> Vocabulary:
        """Of frames of KEY_SCHEMA."""
        numbers = pl.concat([text for each in people for text in (each["number"], each["repairs"].explode())])
        sounds = pl.concat([each["sound"] for each in people])
        names = pl.concat([each["name"] for each in people])
        return cls(
            _coded(numbers.alias("number")), _coded(sounds.alias("sound")), _coded(names.alias("name"))
        )

    def code(self, values: pl.Series, table: pl.DataFrame) -> pl.Series:
        """The codes of a column, null for what the register does not hold."""
        key = table.columns[0]
        return values.alias(key).to_frame().join(table, on=key, how="left", maintain_order="left")["code"]


def _coded(values: pl.Series) -> pl.DataFrame:
    known = values.filter(values.is_not_null() & (values != "")).unique()
    return known.to_frame().with_row_index("code").select(values.name, "code")


_ROW_TEXTS: Final = (
    "name", "id_number", "certificate", "sex", "birth_date", "head_name", "head_id", "guardian_name",
    "guardian_id", "sender_code", "village", "township", "relation",
)  # fmt: skip


def list_keys(lists: pl.DataFrame, vocabulary: Vocabulary, places: Places) -> pl.DataFrame:
    """Rows of lists (LIST_SCHEMA; columns that a list lacks may be left out) made ready to be compared.

    `number_code`, `sound`, `head_code`, `head_sound`, `head_name`, `guardian_code`, `guardian_sound` are the
    vocabulary's codes; `other_sound` that of another name told in the cell. `head_known` and `guardian_known`
    say that a valid number was given for them, `head_number` is one to be repaired. `head_given`: the row has a
    head and is not the head itself; `member`: its relation says so; `elder`: no child can have its relation.
    `village` and `township` are 12-digit codes.
    """
    missing = [pl.lit("").alias(name) for name in _ROW_TEXTS if name not in lists.columns]
    flags = [
        pl.lit(value=False).alias(name)
        for name in ("id_rounded", "head_rounded")
        if name not in lists.columns
    ]
    lists = lists.with_columns(*missing, *flags).with_columns(pl.col(_ROW_TEXTS).fill_null(""))

    texts = pl.concat([lists[name].unique() for name in ("name", "head_name", "guardian_name")]).unique()
    names = columns.read_names(texts.alias(columns.TEXT))
    names = names.with_columns(
        vocabulary.code(names["sound"], vocabulary.sounds).alias("sound"),
        vocabulary.code(columns.sounds(names["other"]), vocabulary.sounds).alias("other_sound"),
        vocabulary.code(names["name"], vocabulary.names).alias("name_code"),
    )

    def named(column: str) -> pl.DataFrame:
        return columns.at(lists[column], names)

    own, head, guardian = named("name"), named("head_name"), named("guardian_name")
    head_numbers = columns.rounded(_repeated(lists["head_id"]), lists["head_rounded"])
    guardian_numbers = _repeated(lists["guardian_id"])

    relation = columns.spread(lists["relation"], columns.read_relations)
    is_head = relation["is_head"]
    numbers = _own_numbers(lists, own["inside"], is_head, head_numbers)

    def known(numbers: pl.DataFrame) -> pl.Series:
        valid = numbers["kind"] == IdKind.VALID.value
        return numbers.select(pl.when(valid).then("number"))["number"]

    def code(values: pl.Series) -> pl.Series:
        return vocabulary.code(values, vocabulary.numbers)

    head_known, guardian_known = known(head_numbers), known(guardian_numbers)
    return pl.DataFrame(
        {
            "row": lists["row"],
            "household": lists["household"] if "household" in lists.columns else None,
            "kind": numbers["kind"],
            "number": numbers["number"],
            "number_code": code(numbers["number"]),
            "born": numbers["born"],
            "birth": columns.spread(lists["birth_date"], days.read_dates)["day"].replace(PLACEHOLDER, 0),
            "sex": columns.spread(lists["sex"], columns.read_sexes)["sex"],
            "name": own["name"],
            "sound": own["sound"],
            "other": own["other"],
            "other_sound": own["other_sound"],
            "head_given": (lists["head_name"] != "")
            & ~is_head
            & (own["sound"] != head["sound"]).fill_null(value=True),
            "head_number": head_numbers.select(
                pl.when(pl.col("kind").is_in(list(REPAIRABLE))).then("number")
            )["number"],
            "head_known": head_known.is_not_null(),
            "head_code": code(head_known),
            "head_sound": head["sound"],
            "head_name": head["name_code"],
            "elder": relation["is_elder"],
            "member": (lists["relation"] != "") & ~is_head,
            "guardian_known": guardian_known.is_not_null(),
            "guardian_code": code(guardian_known),
            "guardian_sound": guardian["sound"],
        }
    ).hstack(_places_of(lists, places))


def _repeated(texts: pl.Series) -> pl.DataFrame:
    """`columns.read_numbers` for a column in which a household's cells repeat."""
    distinct = texts.unique().alias(columns.TEXT)
    return columns.at(texts, distinct.to_frame().hstack(columns.read_numbers(distinct)))


def _own_numbers(
    lists: pl.DataFrame, inside: pl.Series, is_head: pl.Series, head_numbers: pl.DataFrame
) -> pl.DataFrame:
    """The rows' numbers: of their cell, else of the name's cell, else of the disability certificate, else, of
    the head of a household, what the list gives as the head's."""
    read = columns.rounded(columns.read_numbers(lists["id_number"]), lists["id_rounded"])
    missing = read["kind"] == IdKind.MISSING.value
    wanted = (
        pl.when(missing & (inside != ""))
        .then(inside)
        .when((read["kind"] != IdKind.VALID.value) & (lists["certificate"] != ""))
        .then(lists["certificate"])
        .otherwise(pl.lit(""))
    )
    read = _better(read, columns.read_numbers(pl.select(wanted.alias("text")).to_series()), None)
    return _better(read, head_numbers, is_head)


def _better(read: pl.DataFrame, instead: pl.DataFrame, where: pl.Series | None) -> pl.DataFrame:
    """Numbers, and in their place others that are valid while they are not, or there while they are missing."""
    hopeless = read["kind"].is_in([IdKind.MISSING.value, IdKind.SCIENTIFIC.value])
    valid = (instead["kind"] == IdKind.VALID.value) & (read["kind"] != IdKind.VALID.value)
    better = valid | (hopeless & (instead["kind"] != IdKind.MISSING.value))
    better = better & where if where is not None else better
    if not better.any():
        return read
    return pl.select(
        pl.when(better).then(instead[name]).otherwise(read[name]).alias(name) for name in read.columns
    )


def _places_of(lists: pl.DataFrame, places: Places) -> pl.DataFrame:
    """Columns `village` and `township` of the rows, found once per distinct address above the house number."""
    cells = ("sender_code", "township", "village")
    distinct = lists.select(cells).unique()
    distinct = distinct.with_columns(bare=columns.bare_village(pl.col("village")))
    bare = distinct.select("sender_code", "township", "bare").unique()
    found = []
    for sender, township, village in bare.iter_rows():
        code = places.find(sender, village, township)
        found.append((code, code // 1000 * 1000 if code else places.township(sender, township)))
    read = pl.DataFrame(found, schema={"village_code": pl.Int64, "township_code": pl.Int64}, orient="row")
    known = distinct.join(bare.hstack(read), on=["sender_code", "township", "bare"]).drop("bare")
    rows = lists.select(cells).join(known, on=cells, how="left", maintain_order="left")
    return rows.select(village="village_code", township="township_code")
