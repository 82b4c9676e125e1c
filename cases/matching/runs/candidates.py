"""Pairs that the matcher found → `MatchCandidate`: written as sets, touching only what differs.

What a person has decided in the run stays, as long as the row is on a list of the month; what was decided in earlier
months is applied, or proposed again where money follows now and only one person has decided.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

import polars as pl
from django.db import connection
from django.utils import timezone

from cases.matching.review import decisions
from cases.matching.review.second import needing_second
from cases.matching.runs.copying import copy_in
from cases.matching.runs.data import RunData
from cases.matching.runs.rows import keep_rows, own_numbers, stored_numbers
from cases.models import ListRow, MatchCandidate, MatchRun

# What the matcher found, with what the register and the lists said: one line a pair, `same` what is remembered.
FOUND: Final = pl.Schema(
    {  # type: ignore[arg-type]
        "row": pl.UInt32, "list": pl.Int64, "place": pl.UInt32, "child": pl.Int64, "role": pl.String,
        "person_id": pl.Int64, "tier": pl.String, "score": pl.Int16, "rule": pl.String,
        "reasons": pl.List(pl.String), "alike": pl.String, "sampled": pl.Boolean, "mark": pl.Int64,
    }
)  # fmt: skip
MATCHED: Final = """
DROP TABLE IF EXISTS pg_temp.matched;
CREATE TEMP TABLE matched (
    list_row bigint, child bigint, role text, person_id bigint, tier text, score int, rule text, reasons jsonb,
    alike text, sampled boolean, same boolean, proposed_by bigint, proposed_at timestamptz
) ON COMMIT DROP
"""
# A pair that a person has touched stays while its list is one of the month's.
_TOUCHED: Final = "(c.decided_by_id IS NOT NULL OR c.proposed_by_id IS NOT NULL OR c.state = 'unsure')"
FORGET: Final = f"""
DELETE FROM cases_matchcandidate c
USING cases_listrow r
WHERE c.run_id = %(run)s AND c.region_code BETWEEN %(lo)s AND %(hi)s AND r.id = c.list_row_id
    AND (NOT {_TOUCHED} OR NOT r.list_import_id = ANY (%(lists)s))
    AND NOT EXISTS (
        SELECT FROM matched m
        WHERE m.list_row = c.list_row_id AND m.child = c.child_id AND m.role = c.role AND m.person_id = c.person_id
    )
"""  # noqa: S608
KEEP: Final = f"""
INSERT INTO cases_matchcandidate AS c
    (run_id, list_row_id, child_id, role, person_id, region_code, tier, score, rule, reasons, alike, sampled, state,
    remembered, proposed_same, proposed_by_id, proposed_at)
SELECT %(run)s, m.list_row, m.child, m.role, m.person_id, k.region_code, m.tier, m.score / 1000.0, m.rule, m.reasons,
    m.alike, m.sampled,
    CASE WHEN m.proposed_by IS NOT NULL THEN 'proposed' WHEN m.same THEN 'accepted' WHEN NOT m.same THEN 'rejected'
        WHEN m.tier = 'auto' THEN 'accepted' ELSE 'pending' END,
    m.same IS NOT NULL AND m.proposed_by IS NULL,
    CASE WHEN m.proposed_by IS NOT NULL THEN m.same END, m.proposed_by, m.proposed_at
FROM matched m
JOIN cases_child k ON k.id = m.child AND k.region_code BETWEEN %(lo)s AND %(hi)s
ORDER BY m.list_row, m.score DESC, m.child, m.role, m.person_id
ON CONFLICT (run_id, list_row_id, child_id, role, person_id) DO UPDATE
SET tier = excluded.tier, score = excluded.score, rule = excluded.rule, reasons = excluded.reasons,
    alike = excluded.alike, sampled = excluded.sampled, state = excluded.state, remembered = excluded.remembered,
    proposed_same = excluded.proposed_same, proposed_by_id = excluded.proposed_by_id,
    proposed_at = excluded.proposed_at, region_code = excluded.region_code
WHERE NOT {_TOUCHED}
    AND (c.tier, c.score, c.rule, c.reasons, c.alike, c.sampled, c.state, c.remembered, c.region_code,
            c.proposed_by_id)
        IS DISTINCT FROM (excluded.tier, excluded.score, excluded.rule, excluded.reasons, excluded.alike,
            excluded.sampled, excluded.state, excluded.remembered, excluded.region_code, excluded.proposed_by_id)
"""  # noqa: S608
# Rows of the month's lists that no pair, discrepancy or potential child needs any more.
PRUNE: Final = """
DELETE FROM cases_listrow r
USING cases_listimport i
WHERE i.id = r.list_import_id AND i.period = %(period)s
    AND r.region_code BETWEEN %(lo)s AND %(hi)s AND i.region_code BETWEEN %(lo)s AND %(hi)s
    AND NOT EXISTS (SELECT FROM cases_matchcandidate c WHERE c.list_row_id = r.id)
    AND NOT EXISTS (SELECT FROM cases_discrepancy d WHERE d.list_row_id = r.id)
    AND NOT EXISTS (SELECT FROM cases_potentialchild p WHERE p.list_row_id = r.id)
"""


def described(found: pl.DataFrame, *, sample: int) -> pl.DataFrame:
    """Pairs with `alike`, equal for the same rule and reasons, and `sampled`: of the certain pairs of each rule
    and role `sample` are drawn for a person to look at, the same ones whenever the same pairs are found."""
    says = found.with_columns(
        says=pl.concat_str(pl.col("rule"), pl.col("reasons").list.join(" "), separator=" ")
    )
    distinct = says.select("says").unique()
    alike = [hashlib.sha256(text.encode()).hexdigest()[:32] for text in distinct["says"]]
    known = distinct.with_columns(pl.Series("alike", alike, dtype=pl.String))
    # An order that looks like chance and is none: neither time nor version changes it.
    who = pl.col("child") * 40_503 + pl.col("person_id") * 69_069
    drawn = (pl.col("place").cast(pl.Int64) * 2_654_435_761 + who) % 1_000_003
    certain = pl.col("tier") == "auto"
    rank = pl.when(certain).then(drawn).rank("ordinal").over("rule", "role", certain)
    return (
        says.join(known, on="says", how="left", maintain_order="left")
        .with_columns(sampled=certain & (rank <= sample).fill_null(value=False))
        .select(FOUND.names())
    )


def keep(cursor: Any, run: MatchRun, data: RunData, found: pl.DataFrame, people: pl.DataFrame) -> None:
    """Make the stored candidates of a run agree with `found` (FOUND); `people`: MARKED_SCHEMA."""
    rows = data.rows.filter(pl.col("row").is_in(found["row"].unique().implode()))
    kept = keep_rows(cursor, rows)
    pairs = _seconded(run, found.hstack(_remembered(run, rows, found, people)), rows).join(kept, on="row")
    cursor.execute(MATCHED)
    reasons = pl.concat_str(pl.lit('["'), pl.col("reasons").list.join('","'), pl.lit('"]')).replace(
        '[""]', "[]"
    )
    copy_in(
        cursor,
        "matched",
        pairs.select(
            "list_row", "child", "role", "person_id", "tier", "score", "rule", reasons.alias("reasons"), "alike",
            "sampled", "same", proposed_by="alone", proposed_at="at",
        ),
    )  # fmt: skip
    cursor.execute("ANALYZE matched")
    values = _values(run, data)
    cursor.execute(FORGET, values)
    cursor.execute(KEEP, values)
    cursor.execute("DROP TABLE matched")


def prune(run: MatchRun) -> None:
    """Remove rows of the month's lists that nothing refers to any more: of lists that were replaced or taken back, and
    strangers whom an earlier version kept."""
    with connection.cursor() as cursor:
        cursor.execute(PRUNE, {"period": run.period, "lo": run.region.lo, "hi": run.region.hi})


def _values(run: MatchRun, data: RunData) -> dict[str, Any]:
    return {
        "run": run.pk,
        "lo": run.region.lo,
        "hi": run.region.hi,
        "lists": [each.pk for each in data.lists],
    }


def _seconded(run: MatchRun, pairs: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """`pairs` with what is remembered (`decisions.ANSWERS`): where money follows now, what one person decided alone is
    left as that person's proposal, all that they said of the row; elsewhere `alone` and `at` are null, it is applied.

    A certain pair that one person found right needs nobody else. Costs a query or two, whatever the number of pairs.
    """
    places = pairs.with_row_index("place_in_run")
    agrees = (pl.col("tier") == "auto") & pl.col("same")
    alone = places.filter(pl.col("same").is_not_null(), pl.col("alone").is_not_null(), ~agrees)
    asked = [
        MatchCandidate(
            pk=place, run=run, child_id=child, role=role, person_id=person, list_row=ListRow(kind=kind)
        )
        for place, child, role, person, kind in alone.join(rows, on="row")
        .select("place_in_run", "child", "role", "person_id", "list_type")
        .iter_rows()
    ]
    needed = needing_second(asked, run.region_id, timezone.localdate()) if asked else set()
    of_rows = alone.filter(pl.col("place_in_run").is_in(list(needed)))["row"].unique()
    proposed = alone.filter(pl.col("row").is_in(of_rows.implode()))["place_in_run"]
    is_proposed = pl.col("place_in_run").is_in(proposed.implode())
    return places.with_columns(
        alone=pl.when(is_proposed).then(pl.col("alone")), at=pl.when(is_proposed).then(pl.col("at"))
    ).drop("place_in_run")


def _remembered(run: MatchRun, rows: pl.DataFrame, found: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """What was decided about the pairs in earlier months (see `decisions.remembered`)."""
    numbers = pl.Series("row_number", stored_numbers(own_numbers(rows)), dtype=pl.String)
    of_rows = rows.select(
        "row", numbers, kind="list_type", row_name="name", row_birth="birth_date", row_head="head_name"
    )
    of_people = people.select("child", "role", "name", "number", "birth", person_id="record")
    asked = found.select("row", "child", "role", "person_id").join(of_rows, on="row", maintain_order="left")
    asked = asked.join(of_people, on=["child", "role", "person_id"], how="left", maintain_order="left")
    return decisions.remembered(run.region, asked.select(decisions.PAIR_SCHEMA.names()))
