"""政策找人: minors on relief lists who are on no register and whose parents the month's lists call dead, imprisoned,
severely disabled, or away (rows O-18, O-19). Columns in, columns out; no database, no clock.

A household is what the list numbers as one, and whoever another list puts under the same head. Who in it may be a parent
follows from the relations to the head (`cases.matching.engine.kinship`); where a list gives none, from age. What a list says of
a parent follows from the rules that its kind declares for parents, so a new kind of list brings its own reasons.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

import polars as pl

from cases.ages import add_months
from cases.matching.engine import columns, days
from cases.matching.engine.kinship import PARENTS, Kin, kin_of
from cases.matching.engine.normalise import IdKind
from cases.matching.enums import LeadWhy
from cases.matching.kinds import KINDS, ListKind, Rule

# The findings about a parent that speak for a potential child.
SPEAKS: Final[Mapping[str, LeadWhy]] = {
    "parent_dead": LeadWhy.DEAD,
    "custody": LeadWhy.CUSTODY,
    "parent_disabled": LeadWhy.DISABLED,
}
# Years between parent and child where only age tells.
LEAST_YEARS, MOST_YEARS = 15, 50

# What is read of the rows of a run (`RunData.rows`); `row` and `household` are unique over all lists.
READ: Final = (
    "row", "list_type", "household", "region", "name", "id_number", "id_rounded", "certificate", "relation", "sex",
    "birth_date", "head_name", "head_id", "head_rounded", "village", "category", "level", "event_date",
)  # fmt: skip

POTENTIAL: Final = pl.Schema(
    {
        "row": pl.UInt32(),
        "region": pl.Int64(),  # of the row: village, or what is known above it
        "name": pl.String(),
        "number": pl.String(),  # canonical; '' where the list gives none that is valid
        "birth": pl.Int32(),  # yyyymmdd
        "sex": pl.String(),
        "head_name": pl.String(),
        "village": pl.String(),  # as typed
        "why": pl.List(pl.Struct({"code": pl.String(), "list_kind": pl.String(), "relation": pl.String})),
    }
)


class Told(NamedTuple):
    """The cells of a list row that a kind's condition may look at."""

    name: str
    id_number: str
    birth_date: str
    category: str
    level: str
    relation: str
    event_date: str


def relief_kinds(kinds: Mapping[str, ListKind] = KINDS) -> list[str]:
    """The kinds of list whose unregistered minors are looked at."""
    return [code for code, kind in kinds.items() if kind.finds("unmatched")]


def potential(
    rows: pl.DataFrame, unmatched: Iterable[int], month: dt.date, *, kinds: Mapping[str, ListKind] = KINDS
) -> pl.DataFrame:
    """Minors whom nobody looks after, as far as lists can tell (POTENTIAL), one row a person.

    ``rows``: of all lists together, READ. ``unmatched``: the ``row`` of those that neither are nor may turn out to be a
    child of the register. ``month``: first day of the month; who is eighteen on it is no minor.
    """
    people = read_people(rows)
    is_relief = pl.col("list_type").is_in(relief_kinds(kinds))
    born = pl.col("birth")
    is_minor = (born > _day(add_months(month, -18 * 12))) & (born <= _day(month)) & (born % 100 > 0)
    open_rows = pl.DataFrame({"row": list(unmatched)}, schema={"row": pl.UInt32})
    minors = (
        people.filter(is_relief & is_minor).join(open_rows, on="row", how="semi").rename({"row": "minor"})
    )
    houses = people.filter(is_relief).join(minors.select("house").unique(), on="house", how="semi")
    outside = _under_head(houses, people.filter(~is_relief))
    members = pl.concat([houses.select(MEMBER), _heads(houses), outside])
    parents = _parents(minors, members)
    why = pl.concat([_said(parents, people, kinds, month), _absent(minors, parents, houses)])
    reasons = pl.struct("code", "list_kind", "relation").alias("why")
    found = minors.join(
        why.unique().sort("code", "list_kind", "relation").select("minor", reasons), on="minor"
    )
    return (
        found.sort("minor", maintain_order=True)
        .group_by(person_of(), maintain_order=True)
        .agg(pl.exclude("why").first(), pl.col("why").unique(maintain_order=True))
        .rename({"minor": "row"})
        .select(pl.col(name).cast(kind) for name, kind in POTENTIAL.items())
    )


def person_of() -> pl.Expr:
    """What stands for a person from list to list: the number, else name, birth date and head."""
    told = pl.format("{}|{}|{}", "name", "birth", "head_name")
    return pl.when(pl.col("number") != "").then("number").otherwise(told).alias("person")


def _day(date: dt.date) -> int:
    return date.year * 10_000 + date.month * 100 + date.day


def read_people(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows read: `number` and `head_number` ('' unless valid), `name`, `birth`, `sex`, `kin`, `house`."""
    cells = rows.select(READ).with_columns(pl.col(pl.String).fill_null(""))
    card = _valid(cells["certificate"], None)
    number = card.zip_with(card != "", _valid(cells["id_number"], cells["id_rounded"]))
    inside = pl.col("number").str.slice(6, 8).cast(pl.Int32, strict=False)
    odd = pl.col("number").str.slice(16, 1).cast(pl.Int8, strict=False) % 2 == 1
    return (
        cells.with_columns(
            number,
            columns.spread(cells["name"], columns.read_names)["name"],
            columns.spread(cells["head_name"], columns.read_names)["name"].alias("head_name"),
            columns.spread(cells["relation"], _read_kin)["kin"],
            columns.spread(cells["birth_date"], days.read_dates)["day"].alias("birth"),
            columns.spread(cells["sex"], columns.read_sexes)["sex"],
            _valid(cells["head_id"], cells["head_rounded"]).alias("head_number"),
            house=pl.coalesce(pl.format("h{}", "household"), pl.format("r{}", "row")),
        )
        .with_columns(
            birth=pl.when(pl.col("number") == "").then("birth").otherwise(inside),
            sex=pl.when(pl.col("number") == "").then("sex").when(odd).then(pl.lit("male")).otherwise(pl.lit("female")),
            head_number=pl.when((pl.col("head_number") == "") & (pl.col("kin") == Kin.HEAD.value))
            .then("number")
            .otherwise("head_number"),
        )
    )  # fmt: skip


def _valid(texts: pl.Series, rounded: pl.Series | None) -> pl.Series:
    """The canonical number of each cell, '' where it holds none that is valid."""
    read = columns.read_numbers(texts)
    if rounded is not None:
        read = columns.rounded(read, rounded)
    whole = pl.when(pl.col("kind") == IdKind.VALID.value).then("number").otherwise(pl.lit(""))
    return read.select(whole.alias("number"))["number"]


def _read_kin(texts: pl.Series) -> pl.DataFrame:
    return columns.each(texts, lambda text: (kin_of(text).value,), {"kin": pl.String()})


MEMBER: Final = ("house", "kin", "number", "name", "birth", "relation")


def _heads(houses: pl.DataFrame) -> pl.DataFrame:
    """The head of each household as its members' rows name them, where the head has no row."""
    headed = houses.filter(pl.col("kin") == Kin.HEAD.value).select("house").unique()
    named = houses.join(headed, on="house", how="anti").filter(pl.col("head_number") != "").unique("house")
    born = pl.col("head_number").str.slice(6, 8).cast(pl.Int32)
    return named.select(
        "house", kin=pl.lit(Kin.HEAD.value), number="head_number", name="head_name", birth=born,
        relation=pl.lit("户主"),
    )  # fmt: skip


def _under_head(houses: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """Whom other lists put under the head of a household: the dead have left the relief list, not their family."""
    heads = houses.filter(pl.col("head_number") != "").select("house", "head_number").unique()
    return (
        others.filter(pl.col("head_number") != "").drop("house").join(heads, on="head_number").select(MEMBER)
    )


def _parents(minors: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """Pairs of a minor and a member of the household who may be a parent."""
    pairs = minors.select("minor", "house", "kin", "birth", own="number").join(
        members.select(MEMBER), on="house", suffix="_parent"
    )
    older = pl.col("birth") // 10_000 - pl.col("birth_parent") // 10_000
    fits_age = older.is_between(LEAST_YEARS, MOST_YEARS)
    by_kin = pl.any_horizontal(
        [
            (pl.col("kin") == minor.value) & pl.col("kin_parent").is_in([kin.value for kin in kins])
            for minor, kins in PARENTS.items()
        ]
    )
    known = (pl.col("kin") != Kin.UNKNOWN.value) & (pl.col("kin_parent") != Kin.UNKNOWN.value)
    # A child of the head may be the minor's aunt of ten; without a birth date the relation alone speaks.
    return pairs.filter(
        pl.when(known).then(by_kin & (fits_age | (pl.col("birth_parent") == 0))).otherwise(fits_age)
    ).select("minor", "number", "name", "relation", birth="birth_parent")


def _said(
    parents: pl.DataFrame, people: pl.DataFrame, kinds: Mapping[str, ListKind], month: dt.date
) -> pl.DataFrame:
    """What the lists say of the parents: `minor`, `code`, `list_kind`, `relation`."""
    speaking = {code: rules for code, kind in kinds.items() if (rules := _speaking(kind.rules))}
    rows = people.filter(pl.col("list_type").is_in(list(speaking)))
    mine = parents.unique(maintain_order=True)
    told = ("list_type", "id_number", "certificate", "birth_date", "category", "level", "event_date")
    by_number = mine.filter(pl.col("number") != "").join(
        rows.select("number", *told), on="number", how="inner"
    )
    by_name = mine.filter((pl.col("number") == "") & (pl.col("birth") > 0)).join(
        rows.select("birth", "name", *told), on=["name", "birth"]
    )
    found = []
    for hit in pl.concat([by_number, by_name], how="diagonal").iter_rows(named=True):
        row = Told(
            hit["name"], hit["certificate"] or hit["id_number"], hit["birth_date"], hit["category"], hit["level"],
            hit["relation"], hit["event_date"],
        )  # fmt: skip
        for rule in speaking[hit["list_type"]]:
            if rule.when.holds(row, month):
                found.append((hit["minor"], SPEAKS[rule.kind].value, hit["list_type"], hit["relation"]))
    return pl.DataFrame(found, schema=_SAID, orient="row")


_SAID: Final = {"minor": pl.UInt32(), "code": pl.String(), "list_kind": pl.String(), "relation": pl.String()}


def _speaking(rules: Iterable[Rule]) -> list[Rule]:
    return [rule for rule in rules if rule.role == "parent" and rule.on == "row" and rule.kind in SPEAKS]


def _absent(minors: pl.DataFrame, parents: pl.DataFrame, houses: pl.DataFrame) -> pl.DataFrame:
    """Grandchildren of a head who stands on the list, with nobody between the two."""
    headed = houses.filter(pl.col("kin") == Kin.HEAD.value).select("house").unique()
    alone = (
        minors.filter(pl.col("kin") == Kin.GRANDCHILD.value)
        .join(headed, on="house", how="semi")
        .join(parents, on="minor", how="anti")
    )
    return alone.select(
        "minor", code=pl.lit(LeadWhy.ABSENT.value), list_kind="list_type", relation="relation"
    ).select(list(_SAID))
