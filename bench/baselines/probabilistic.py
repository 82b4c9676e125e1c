"""Splink (Fellegi and Sunter's model, on DuckDB) with comparisons made for Chinese names and numbers.

It gets the product's own cleaned columns. Untrained: its parameters are estimated in the run; trained: they
are those of a model that an earlier run has saved.
"""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Any, Final

import duckdb
import polars as pl
import splink.comparison_level_library as levels
import splink.comparison_library as comparisons
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

from bench.matching.frames import child_ids, list_frame, places_of, register_frames
from cases.matching.engine import columns
from cases.matching.engine.days import read_dates

CERTAIN: Final = 0.99
LIKELY: Final = 0.2
PAIRS: Final = """
CREATE TABLE pairs AS
SELECT p.*, l.valid AND r.valid AND l.number <> r.number AS differs
FROM (
    SELECT match_probability AS probability, match_weight AS weight,
        CASE source_dataset_l WHEN 'list' THEN unique_id_l ELSE unique_id_r END AS row,
        CASE source_dataset_l WHEN 'list' THEN unique_id_r ELSE unique_id_l END AS child
    FROM predicted
) p
JOIN list_numbers l ON l.unique_id = p.row
JOIN register_numbers r ON r.unique_id = p.child
"""
KEPT: Final = f"""
COPY (
    SELECT row AS list_row_id, child AS child_id, probability,
        CASE WHEN place = 1 AND probability >= {CERTAIN} {{veto}} THEN 'auto' ELSE 'review' END AS tier
    FROM (
        SELECT *, row_number() OVER (PARTITION BY row ORDER BY weight DESC, child) AS place,
            max(weight) OVER (PARTITION BY row) - weight AS behind
        FROM pairs
    )
    WHERE probability >= {LIKELY} AND (place = 1 OR behind < 10)
) TO '{{out}}' (FORMAT csv, HEADER)
"""
# Splink's wrong pairs are mostly twins, of whom one is not on the register.
VETO: Final = "AND coalesce(NOT differs, true)"


def _comparison(column: str, null: str, steps: dict[str, str]) -> Any:
    """A comparison of one subject: exact first where `null` is a column, else the named conditions in order."""
    made: list[Any] = [levels.CustomLevel(null, label_for_charts="null").configure(is_null_level=True)]
    made += [levels.CustomLevel(condition, label_for_charts=label) for label, condition in steps.items()]
    return comparisons.CustomComparison(
        output_column_name=column, comparison_levels=[*made, levels.ElseLevel()]
    )


def settings() -> SettingsCreator:
    number = _comparison(
        "number",
        "number_l IS NULL OR number_r IS NULL",
        {
            "same": "number_l = number_r",
            "one slip": "damerau_levenshtein(number_l, number_r) <= 1",
            "cut": "left(number_l, 15) = left(number_r, 15) AND (right(number_l, 3) = '000' OR right(number_r, 3) = '000')",
            "two slips": "damerau_levenshtein(number_l, number_r) <= 2",
        },
    )
    name = comparisons.CustomComparison(
        output_column_name="name",
        comparison_levels=[
            levels.NullLevel("name"),
            levels.ExactMatchLevel("name", term_frequency_adjustments=True),
            levels.CustomLevel("sound_l = sound_r", label_for_charts="sound"),
            levels.CustomLevel("jaro_winkler_similarity(name_l, name_r) >= 0.8", label_for_charts="near"),
            levels.CustomLevel("left(name_l, 1) = left(name_r, 1)", label_for_charts="surname"),
            levels.ElseLevel(),
        ],
    )
    birth = _comparison(
        "birth",
        "birth_l IS NULL OR birth_r IS NULL",
        {"same": "birth_l = birth_r", "one digit": "levenshtein(birth_l, birth_r) <= 1"},
    )
    place = _comparison(
        "village",
        "township_l IS NULL OR township_r IS NULL",
        {"village": "village_l = village_r", "township": "township_l = township_r"},
    )
    house = _comparison(
        "head_name",
        "head_name_l IS NULL OR head_name_r IS NULL",
        {"number": "head_number_l = head_number_r", "name": "head_name_l = head_name_r"},
    )
    return SettingsCreator(
        link_type="link_only",
        comparisons=[number, name, birth, place, house, comparisons.ExactMatch("sex")],
        blocking_rules_to_generate_predictions=[
            block_on("number"),
            block_on("sound", "birth"),
            block_on("sound", "head_number"),
            block_on("sound", "township"),
            block_on("sound", "head_name"),
            block_on("substr(number, 1, 15)"),
            block_on("substr(number, 9, 10)"),
            block_on("birth", "township", "substr(name, 1, 1)"),
            block_on("head_number", "birth"),
        ],
        retain_matching_columns=False,
    )


def _side(ids: pl.Series, frame: pl.DataFrame, days: pl.Series, villages: pl.Series) -> pl.DataFrame:
    """The columns Splink compares, of frames with name, number, head_name, head_number, sex. Unknown is null."""
    names = columns.spread(frame["name"], columns.read_names)
    numbers = columns.read_numbers(frame["number"])
    inside = numbers["born"]
    village = villages.cast(pl.String)
    side = pl.DataFrame(
        {
            "unique_id": ids,
            "number": numbers["number"],
            "valid": numbers["kind"].cast(pl.String) == "valid",
            "name": names["name"],
            "sound": names["sound"],
            "birth": pl.select(pl.when(days % 100 > 0).then(days).when(inside > 0).then(inside))
            .to_series()
            .cast(pl.String),
            "village": village,
            "township": village.str.slice(0, 9),
            "head_number": columns.read_numbers(frame["head_number"])["number"],
            "head_name": columns.spread(frame["head_name"], columns.read_names)["name"],
            "sex": frame["sex"].replace({"男": "male", "女": "female"}),
        }
    )
    return side.with_columns(
        pl.when(pl.col("number").str.len_bytes() >= 15).then("number").alias("number"),
        *[
            pl.when(pl.col(column) != "").then(column).alias(column)
            for column in ("name", "sound", "head_number", "head_name", "sex")
        ],
    )


def cleaned(folder: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """List and register as Splink gets them."""
    lists = list_frame(folder / "list_all.csv").rename({"id_number": "number", "head_id": "head_number"})
    children, relatives = register_frames(folder / "register.csv")
    heads = relatives.filter(pl.col("role") == "head").select("child", head_name="name", head_number="number")
    children = children.join(heads, on="child", how="left", maintain_order="left")
    places = places_of(folder / "regions.csv")
    addresses = lists.select("sender_code", "village").unique()
    found = [places.find(sender, village) for sender, village in addresses.iter_rows()]
    villages = lists.join(
        addresses.with_columns(code=pl.Series(found, dtype=pl.Int64)),
        on=["sender_code", "village"],
        how="left",
        maintain_order="left",
    )["code"]
    days = columns.spread(lists["birth_date"], read_dates)["day"]
    return (
        _side(lists["own_id"], lists, days, villages),
        _side(child_ids(children["child"]), children, children["birth"], children["village"]),
    )


def measure(folder: Path, out: Path, *, model: Path, trained: bool = False) -> dict[str, Any]:
    """Write the pairs to `out`, and with the veto to `out` + `.veto`. `model`: where the parameters are saved
    (untrained) or taken from (trained)."""
    steps: dict[str, float] = {}
    started = last = time.perf_counter()

    def tick(step: str) -> None:
        nonlocal last
        now = time.perf_counter()
        steps[step], last = now - last, now

    listed, registered = cleaned(folder)
    tick("normalise")
    connection = duckdb.connect()
    connection.execute("SET threads = 2")
    api = DuckDBAPI(connection)
    sides = {"list": listed, "register": registered}
    sources = [
        api.register(frame.drop("valid").to_arrow(), dataset_display_name=name)
        for name, frame in sides.items()
    ]
    if trained:
        linker = Linker(sources, model, log_level=logging.ERROR)
    else:
        linker = Linker(sources, settings(), log_level=logging.ERROR)
        train = linker.training
        train.estimate_probability_two_random_records_match([block_on("number")], recall=0.9)
        train.estimate_u_using_random_sampling(max_pairs=2e6, seed=1)
        for rule in (block_on("number"), block_on("sound", "birth")):
            train.estimate_parameters_using_expectation_maximisation(rule)
        linker.misc.save_model_to_json(str(model), overwrite=True)
        tick("train")
    predicted = linker.inference.predict(threshold_match_probability=0.01).as_duckdbpyrelation()
    connection.register("predicted", predicted)
    for name, frame in sides.items():
        connection.register(f"{name}_numbers", frame.select("unique_id", "valid", "number").to_arrow())
    connection.execute(PAIRS)
    tick("predict")
    connection.execute(KEPT.format(veto="", out=out))
    tick("export")
    connection.execute(KEPT.format(veto=VETO, out=f"{out}.veto"))
    return {"seconds": last - started, "steps": steps}
