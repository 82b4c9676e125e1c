"""Evidence → the rule that names each pair, its tier after the guards, its score and its reasons."""

from __future__ import annotations

from typing import Final

import polars as pl

from cases.matching.engine.frames import CANDIDATE_SCHEMA
from cases.matching.engine.pairs import PAIR
from cases.matching.engine.rules import AUTO, REVIEW
from cases.matching.engine.settings import Settings

_NAMES: Final = ("name_same", "name_sound", "name_legible", "name_slip", "name_surname", "name_other")
_BIRTHS: Final = {1: "birth_same", -1: "birth_slip", -2: "birth_conflict"}
_HOUSES: Final = {2: "household_number", 1: "household_head"}
_PLACES: Final = {3: "same_village", 2: "same_township", 1: "same_township", -1: "other_township"}
_GUARDS: Final = ("named_twice", "named_as_another", "elder", "two_candidates")
_TOLD: Final = "former_name"
# Every reason but `number_…`, which is the evidence's own word.
WORDS: Final = (*_NAMES, _TOLD, *_BIRTHS.values(), *_HOUSES.values(), *_PLACES.values(), *_GUARDS)


def decide(evidence: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    """Candidates (CANDIDATE_SCHEMA) of all pairs that a rule names, in the order of row, score, person."""
    named = name_rules(evidence, settings)
    doubted = _doubt(named, evidence)
    sure = (pl.col("tier") == AUTO) & ~pl.any_horizontal("named_twice", "named_as_another", "elder")
    # One person may stand in the register twice, as guardian of two children: that is one candidate.
    humans = pl.when(sure).then("human").drop_nulls().n_unique().over("row")
    tiered = doubted.with_columns(two_candidates=sure & (humans > 1)).with_columns(
        final=pl.when(sure & ~pl.col("two_candidates")).then(pl.lit(AUTO)).otherwise(pl.lit(REVIEW))
    )
    settled = (pl.col("final") == AUTO).any().over("row")
    kept = tiered.filter((pl.col("final") == AUTO) | ~(pl.col("seated") | settled))
    caps = [pl.when(guard).then(pl.lit(most)) for guard, most in settings.doubts.items()]
    score = pl.min_horizontal("score", *caps)
    return (
        kept.with_columns(tier="final", score=score, reasons=_reasons())
        .filter(pl.col("score") >= settings.least_score)
        .select(pl.col(name).cast(kind) for name, kind in CANDIDATE_SCHEMA.items())
        .sort("row", pl.col("score"), "person", descending=[False, True, False])
    )


def name_rules(evidence: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    """The pairs that a rule names, with `rule`, `tier` and `score`: the first rule that holds."""
    first = pl.coalesce(
        pl.when(pl.sql_expr(rule.when)).then(pl.lit(place)) for place, rule in enumerate(settings.rules)
    )
    rules = pl.DataFrame(
        [(place, r.code, r.tier, r.score) for place, r in enumerate(settings.rules)],
        schema={"place_of_rule": pl.Int32, "rule": pl.String, "tier": pl.String, "score": pl.Int16},
        orient="row",
    )
    return evidence.with_columns(place_of_rule=first.cast(pl.Int32)).join(rules, on="place_of_rule")


def _doubt(named: pl.DataFrame, evidence: pl.DataFrame) -> pl.DataFrame:
    """Marks of the guards: `named_twice`, `named_as_another`, `seated`."""
    beside = named.join(
        named.select("person", "row", "household", "name", "number", "tier"), on="person", suffix="_o"
    ).filter(pl.col("row") != pl.col("row_o"))
    at_home = (pl.col("household") == pl.col("household_o")).fill_null(value=False)
    same_numbers = (
        (pl.col("number") == "same")
        & (pl.col("number_o") == "same")
        & (pl.col("name") == 3)
        & pl.col("same_length")
        & (pl.col("house") == 0)
    )
    # Another row bears the person's very name, in this household or under this number: a sibling or twin.
    twice = beside.filter(
        pl.col("name").is_between(1, 3) & (pl.col("name_o") == 0) & (at_home | same_numbers)
    )
    # Another row of the household is this person for certain.
    seated = beside.filter(
        (pl.col("name") >= 3)
        & (pl.col("number") != "same")
        & at_home
        & (pl.col("tier_o") == AUTO)
        & (pl.col("name_o") <= 1)
    )
    # The row bears the name of another person of the register more exactly.
    another = (
        named.select(*PAIR, "human", "name")
        .join(evidence, on="row", suffix="_o")
        .filter(
            (pl.col("human_o") != pl.col("human"))
            & (pl.col("name") >= 1)
            & (pl.col("name_o") < pl.col("name"))
            & (pl.col("name_o") <= 1)
            & (
                (pl.col("number") != "differs")
                | (pl.col("house") > 0)
                | (pl.col("birth") == 1)
                | (pl.col("born") == 1)
            )
        )
    )
    marked = named
    for mark, found in (("named_twice", twice), ("seated", seated), ("named_as_another", another)):
        flag = found.select(PAIR).unique().with_columns(pl.lit(value=True).alias(mark))
        marked = marked.join(flag, on=PAIR, how="left")
    return marked.with_columns(pl.col("named_twice", "seated", "named_as_another").fill_null(value=False))


def _reasons() -> pl.Expr:
    said = [
        pl.lit("number_") + pl.col("number"),
        pl.col("name").replace_strict(dict(enumerate(_NAMES)), return_dtype=pl.String),
        pl.when("told").then(pl.lit(_TOLD)),
        _word("birth", _BIRTHS),
        _word("house", _HOUSES),
        _word("place", _PLACES),
        *(pl.when(guard).then(pl.lit(guard)) for guard in _GUARDS),
    ]
    return pl.concat_list(said).list.drop_nulls()


def _word(column: str, words: dict[int, str]) -> pl.Expr:
    return pl.col(column).replace_strict(words, default=None, return_dtype=pl.String)
