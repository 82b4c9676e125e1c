"""One month's match of a region's lists with its register: load, match in memory, keep the candidates.

Runs inside the open scope and one transaction, so a worker that dies leaves nothing behind and may simply
start again. Identity numbers are in the clear in the memory of this process alone.
"""

from __future__ import annotations

import csv
import hashlib
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final, TextIO

import polars as pl
from django.db import connection, transaction
from django.utils import timezone

from cases.matching.engine import matcher as engine
from cases.matching.engine.frames import CANDIDATE_SCHEMA
from cases.matching.engine.places import Places
from cases.matching.engine.settings import Settings
from cases.matching.intake.stage import Divisions, Progress, quiet
from cases.matching.kinds import KINDS
from cases.matching.runs import candidates, executions
from cases.matching.runs.candidates import FOUND
from cases.matching.runs.data import RunData, lists_of
from cases.matching.runs.register_keys import has_role, register_keys
from cases.models import ListImport, MatchExecution, MatchRun
from cases.models.matching import MatchRole
from staff import parameters

STEPS: Final = ("rows", "people", *engine.STEPS, "adults", "keep")
CHILD: Final = frozenset({MatchRole.CHILD.value})
MANY_ROWS: Final = 1_000_000
PREFECTURE: Final = 10**8
# A child of another given name may be this child; an adult of the surname is any of the family.
CHILDREN_ONLY: Final = frozenset({"surname_and_household"})
EXPORT: Final = """
SELECT coalesce(nullif(r.own_id, ''), concat_ws(':', i.name, r.sheet, r.line)), k.number,
    c.tier, c.score, c.rule
FROM cases_matchcandidate c
JOIN cases_listrow r ON r.id = c.list_row_id
JOIN cases_listimport i ON i.id = r.list_import_id
JOIN cases_child k ON k.id = c.child_id
WHERE (c.run_id = %s OR c.run_id IN (SELECT id FROM cases_matchrun WHERE part_of_id = %s))
    AND c.role = %s AND c.state <> 'rejected'
ORDER BY r.list_import_id, r.row, r.id, c.score DESC, c.child_id
"""

__all__ = ["export_candidates", "find_pairs", "fingerprint", "lists_of", "run_match"]


def fingerprint(lists: Iterable[ListImport], settings: Settings) -> str:
    """sha256 over the lists' contents and the settings: equal for equal lists and equal settings."""
    state = hashlib.sha256(settings.digest.encode())
    for each in lists:
        state.update(f"{each.kind} {each.region_id} {each.sha256}\n".encode())
    return state.hexdigest()


def run_match(
    run_id: int, *, execution: MatchExecution | None = None, progress: Progress = quiet
) -> dict[str, Any]:
    """Match the run's staged lists with the people on the register of its region; keep the candidates.

    Opens a transaction inside the caller's scope, which must cover the region with the cases lens.
    Idempotent: a second run with the same lists and register writes nothing; pairs that a person decided
    are never touched. An `execution` that repeats another goes by the other's lists and settings, and keeps its
    result without touching the run's candidates. `progress(done, total, step)` is called between steps and may
    raise to cancel.

    Returns the counts kept in `MatchRun.counts`: rows, lists, children, people; pairs of children auto, review;
    auto_rows, review_rows, auto_children; roles (pairs of each role by tier); and seconds by step.
    """
    clock = Clock(progress)
    with transaction.atomic():
        _alone(run_id)
        run = MatchRun.objects.select_related("region").get(pk=run_id)
        if execution is not None:
            execution.refresh_from_db()
        if execution is None or execution.state != MatchExecution.State.RUNNING:
            execution = executions.begin(run, at=timezone.now(), repeats=execution and execution.repeats)
        data = RunData.of(run, executions.lists_of(execution))
        settings = executions.settings_of(execution, run.region)
        clock.begin()
        rows = data.rows
        clock.tick("rows")
        people = register_keys(run.region)
        clock.tick("people")
        places = Divisions.below(run.region).places
        found = by_prefecture(rows, people, places, settings, tick=clock.tick)
        sample = int(parameters.value(run.region_id, "match_sample", run.period))
        found = candidates.described(found, sample=sample)
        clock.tick("adults")
        counts = _counted(found) | {
            "rows": rows.height,
            "lists": len(data.lists),
            "children": people.filter(role=MatchRole.CHILD.value).height,
            "people": people.height,
        }
        if execution.repeats_id is None:
            with connection.cursor() as cursor:
                candidates.keep(cursor, run, data, found, people)
        clock.tick("keep")
        counts["seconds"] = clock.seconds
        mark = fingerprint(data.lists, settings)
        executions.finish(execution, data, settings, mark, counts, found, at=timezone.now())
        if execution.repeats_id is None:
            kept = {name: value for name, value in counts.items() if name != "seconds"}
            run.fingerprint, run.settings, run.counts = mark, {"version": settings.version}, kept
            run.save(update_fields=["fingerprint", "settings", "counts"])
    return counts


def _alone(run_id: int) -> None:
    """Wait until nobody else matches this run. Whoever only looks at the run or asks for another does not wait."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"match run {run_id}"])


class Clock:
    """Seconds of each step; says how far the work is."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._last = time.perf_counter()
        self.seconds: dict[str, float] = {}

    def begin(self) -> None:
        self._last = time.perf_counter()
        self._progress(0, len(STEPS), STEPS[0])

    def tick(self, step: str) -> None:
        now = time.perf_counter()
        self.seconds[step] = round(self.seconds.get(step, 0) + now - self._last, 3)
        self._last = now
        self._progress(STEPS.index(step) + 1, len(STEPS), step)


def find_pairs(
    rows: pl.DataFrame,
    people: pl.DataFrame,
    places: Places,
    settings: Settings,
    *,
    tick: Callable[[str], None] = lambda step: None,
) -> pl.DataFrame:
    """Pairs of list rows (ROWS_SCHEMA) and people (MARKED_SCHEMA): the columns of FOUND but `alike` and `sampled`.

    Children in one pass, the others of their files in a second; each over the lists whose kind has such people to match.
    """
    is_child = pl.col("role") == MatchRole.CHILD.value
    children, adults = people.filter(is_child), people.filter(~is_child)
    roles = {kind: KINDS[kind].roles if kind in KINDS else CHILD for kind in rows["list_type"].unique()}
    of_children = rows.filter(pl.col("list_type").is_in([k for k, r in roles.items() if r & CHILD]))
    of_adults = rows.filter(pl.col("list_type").is_in([k for k, r in roles.items() if r - CHILD]))
    found = [pl.DataFrame(schema=CANDIDATE_SCHEMA)]
    if of_children.height and children.height:
        found.append(engine.match(of_children, children, adults, places, settings, tick=tick))
    if of_adults.height and adults.height:
        grown = replace(settings, rules=tuple(r for r in settings.rules if r.code not in CHILDREN_ONLY))
        found.append(engine.match(of_adults, adults, people, places, grown))
    who = people.select("person", "child", "role", "relation", "mark", person_id="record")
    where = rows.select("row", "list", "place", "list_type")
    pairs = pl.concat(found).join(who, on="person").join(where, on="row", maintain_order="left")
    wanted = [name for name in FOUND if name not in ("alike", "sampled")]
    return pairs.filter(_matched_by(roles)).select(wanted)


def by_prefecture(
    rows: pl.DataFrame,
    people: pl.DataFrame,
    places: Places,
    settings: Settings,
    *,
    tick: Callable[[str], None] = lambda step: None,
) -> pl.DataFrame:
    """As `find_pairs`; more than MANY_ROWS are matched one prefecture after another, so that memory is bounded.

    Rows that no prefecture is known of are matched with everybody.
    """
    if rows.height <= MANY_ROWS:
        return find_pairs(rows, people, places, settings, tick=tick)
    of_rows, of_people = pl.col("region") // PREFECTURE, pl.col("village") // PREFECTURE
    known = set(people.select(of_people)["village"].unique())
    found = []
    for code in rows.select(of_rows)["region"].unique().sort():
        inhabitants = people.filter(of_people == code) if code in known else people
        found.append(find_pairs(rows.filter(of_rows == code), inhabitants, places, settings, tick=tick))
    return pl.concat(found).sort("row", "score", "child", descending=[False, True, False])


def _matched_by(roles: Mapping[str, frozenset[str]]) -> pl.Expr:
    """Whether the kind of list matches people of the role. A guardian who is father or mother is a parent too."""
    wanted = pl.lit(value=False)
    for kind, of_kind in roles.items():
        wanted |= (pl.col("list_type") == kind) & has_role(of_kind)
    return wanted


def _counted(found: pl.DataFrame) -> dict[str, Any]:
    """Pairs, rows and children by tier; `roles`: pairs by tier of everybody."""
    children = found.filter(pl.col("role") == MatchRole.CHILD.value)
    auto, review = (children.filter(pl.col("tier") == tier) for tier in ("auto", "review"))
    roles: dict[str, dict[str, int]] = {}
    for role, tier, number in found.group_by("role", "tier").len().sort("role", "tier").iter_rows():
        roles.setdefault(role, {})[tier] = number
    return {
        "auto": auto.height,
        "review": review.height,
        "auto_rows": auto["row"].n_unique(),
        "review_rows": review["row"].n_unique(),
        "auto_children": auto["child"].n_unique(),
        "roles": roles,
    }


def export_candidates(run_id: int, out: TextIO, *, role: str = MatchRole.CHILD) -> int:
    """Write the run's candidates as CSV `list_row_id,child_id,tier,score,rule`; returns how many.

    `list_row_id` is the file's own number of the row, else file:sheet:line; `child_id` the register's number.
    Pairs that a person has rejected are left out. `role`: whom of a child's file the row is.
    """
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("list_row_id", "child_id", "tier", "score", "rule"))
    count = 0
    with connection.cursor() as cursor:
        cursor.execute(EXPORT, [run_id, run_id, role])
        for line in cursor:
            writer.writerow(line)
            count += 1
    return count
