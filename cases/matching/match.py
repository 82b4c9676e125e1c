"""One month's match of a region's lists with its register: load, score, keep the candidates.

Runs inside the open scope and one transaction, so a worker that dies leaves nothing behind and may simply
start again. Identity numbers are in the clear in this process and in the run's own temporary tables,
nowhere else.
"""

import csv
import hashlib
import time
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final, TextIO

from django.db import connection, transaction

from cases.matching import keys, passes, rules, scoring
from cases.matching.stage import Progress, quiet
from cases.models import Child, Guardian, ListImport, ListRow, MatchDecision, MatchRun
from staff import crypto
from staff.enums import RegionLevel
from staff.models import Region

STEPS: Final = ("load", "houses", "pairs", "judged", "evidence", "guards", "keep")
ROW_FIELDS: Final = (
    "pk", "list_import_id", "household", "name", "id_number", "birth_date", "head_name", "head_id",
    "village_name", "sender_code", "sex",
)  # fmt: skip
CHILD_FIELDS: Final = (
    "pk", "name", "id_number", "birth_date", "sex", "region_id", "household__head_name",
    "household__head_id_number",
)  # fmt: skip
ROWS_AT_A_TIME: Final = 5_000

REMEMBERED: Final = """
CREATE TEMP TABLE remembered (row bigint, child bigint, same boolean) ON COMMIT DROP
"""
# What a person has decided in this run stays; everything else is made to agree with `matched`, touching only
# what differs.
FORGET: Final = """
DELETE FROM cases_matchcandidate c
WHERE c.run_id = %s AND c.decided_by_id IS NULL
    AND NOT EXISTS (SELECT FROM matched m WHERE m.row = c.list_row_id AND m.child = c.child_id)
"""
KEEP: Final = """
INSERT INTO cases_matchcandidate AS c
    (run_id, list_row_id, child_id, region_code, tier, score, rule, reasons, state, remembered)
SELECT %s, m.row, m.child, k.region_code, m.tier, m.score / 1000.0, m.rule, to_jsonb(m.reasons),
    CASE r.same WHEN true THEN 'accepted' WHEN false THEN 'rejected'
        ELSE CASE m.tier WHEN 'auto' THEN 'accepted' ELSE 'pending' END END,
    r.same IS NOT NULL
FROM matched m
JOIN cases_child k ON k.id = m.child
LEFT JOIN remembered r ON r.row = m.row AND r.child = m.child
ORDER BY m.row, m.score DESC, m.child
ON CONFLICT (run_id, list_row_id, child_id) DO UPDATE
SET tier = excluded.tier, score = excluded.score, rule = excluded.rule, reasons = excluded.reasons,
    state = excluded.state, remembered = excluded.remembered
WHERE c.decided_by_id IS NULL
    AND (c.tier, c.score, c.rule, c.reasons, c.state, c.remembered) IS DISTINCT FROM
        (excluded.tier, excluded.score, excluded.rule, excluded.reasons, excluded.state, excluded.remembered)
"""
COUNTS: Final = """
SELECT count(*) FILTER (WHERE tier = 'auto'), count(*) FILTER (WHERE tier = 'review'),
    count(DISTINCT row) FILTER (WHERE tier = 'auto'), count(DISTINCT row) FILTER (WHERE tier = 'review'),
    count(DISTINCT child) FILTER (WHERE tier = 'auto')
FROM matched
"""
EXPORT: Final = """
SELECT coalesce(nullif(r.own_id, ''), concat_ws(':', i.name, r.sheet, r.line)), k.number,
    c.tier, c.score, c.rule
FROM cases_matchcandidate c
JOIN cases_listrow r ON r.id = c.list_row_id
JOIN cases_listimport i ON i.id = r.list_import_id
JOIN cases_child k ON k.id = c.child_id
WHERE c.run_id = %s AND c.state <> 'rejected'
ORDER BY r.list_import_id, r.id, c.score DESC, c.child_id
"""


def row_digest(kind: str, name: str, number: str) -> bytes:
    """What `MatchDecision.row_digest` holds: stands for the person a list row names, from month to month."""
    return crypto.digest(f"{kind}\x1f{name}\x1f{number}", "list-row")


def lists_of(run: MatchRun) -> list[ListImport]:
    """The staged lists of the run's month in its region, in a fixed order."""
    return list(
        ListImport.objects.filter(
            period=run.period,
            state=ListImport.State.STAGED,
            region__gte=run.region.lo,
            region__lte=run.region.hi,
        ).order_by("pk")
    )


def fingerprint(lists: list[ListImport]) -> str:
    """sha256 over the lists' contents and the rules: equal for equal lists and equal rules."""
    state = hashlib.sha256()
    for each in lists:
        state.update(f"{each.kind} {each.region_id} {each.sha256}\n".encode())
    state.update(scoring.rule_statement().encode())
    state.update(scoring.GUARDS.encode())
    state.update(passes.PAIRS.encode())
    return state.hexdigest()


def run_match(run_id: int, *, progress: Progress = quiet) -> dict[str, Any]:
    """Match the run's staged lists with the children on the register of its region; keep the candidates.

    Opens a transaction inside the caller's scope, which must cover the region with the cases lens.
    Idempotent: a second run with the same lists and register writes nothing; pairs that a person decided
    are never touched. `progress(done, total, step)` is called between steps and may raise to cancel.
    Returns the counts kept in `MatchRun.counts`: rows, children, auto, review (pairs), auto_rows,
    review_rows, auto_children, seconds by step.
    """
    seconds: dict[str, float] = {}
    last = time.perf_counter()

    def tick(step: str) -> None:
        nonlocal last
        now = time.perf_counter()
        seconds[step], last = round(now - last, 3), now
        progress(STEPS.index(step) + 1, len(STEPS), step)

    with transaction.atomic():
        run = MatchRun.objects.select_for_update().select_related("region").get(pk=run_id)
        lists = lists_of(run)
        progress(0, len(STEPS), "load")
        with connection.cursor() as cursor:
            _drop_tables(cursor)
            loaded = keys.load(cursor, _rows(lists), _children(run), _places(run))
            tick("load")
            scoring.match(cursor, tick)
            _remember(cursor)
            cursor.execute(FORGET, [run.pk])
            cursor.execute(KEEP, [run.pk])
            cursor.execute(COUNTS)
            names = ("auto", "review", "auto_rows", "review_rows", "auto_children")
            counts: dict[str, Any] = {**loaded, **dict(zip(names, cursor.fetchone(), strict=True))}
            _drop_tables(cursor)
        tick("keep")
        counts["lists"] = len(lists)
        run.fingerprint = fingerprint(lists)
        run.settings = {"rules": [[r.code, r.tier, r.score] for r in rules.RULES]}
        run.counts = counts
        run.save(update_fields=["fingerprint", "settings", "counts"])
    return {**counts, "seconds": seconds}


def _drop_tables(cursor: Any) -> None:
    """Remove the run's tables: a second run may share the transaction, and clear numbers should not
    outlive their use."""
    names = (
        "key_row", "key_row_repair", "key_child", "key_child_repair", "key_kin", "house", "pair", "judged",
        "evidence", "named", "matched", "remembered",
    )  # fmt: skip
    cursor.execute(f"DROP TABLE IF EXISTS {', '.join(f'pg_temp.{n}' for n in names)}")


def _rows(lists: list[ListImport]) -> Iterator[keys.RowFacts]:
    """The rows of the lists in order, decrypted as they are read."""
    found = ListRow.objects.filter(list_import__in=[each.pk for each in lists]).order_by("pk")
    heads: dict[str, str] = {}
    for pk, list_id, household, *cells in found.values_list(*ROW_FIELDS).iterator(ROWS_AT_A_TIME):
        name, number, birth, head_name, head_id, village, sender, sex = cells
        yield keys.RowFacts(
            row=pk,
            household=f"{list_id}:{household}" if household else "",
            name=name,
            number=number,
            birth=birth,
            head_name=head_name,
            head_number=heads.setdefault(head_id, head_id),
            village=village,
            sender=sender,
            sex=sex,
        )


def _children(run: MatchRun) -> Iterator[keys.ChildFacts]:
    """The children on the region's register, with their present guardians and the head of their household."""
    on_register = Child.objects.filter(
        region__gte=run.region.lo, region__lte=run.region.hi, left_date__isnull=True
    ).order_by("pk")
    kin: dict[int, list[keys.KinFacts]] = defaultdict(list)
    guardians = Guardian.objects.filter(
        region__gte=run.region.lo, region__lte=run.region.hi, end_date__isnull=True
    ).order_by("pk")
    for child_id, name, number in guardians.values_list("child_id", "name", "id_number"):
        kin[child_id].append(keys.KinFacts(name, number, head=False))
    for pk, name, number, birth, sex, region_id, head_name, head_number in on_register.values_list(
        *CHILD_FIELDS
    ).iterator(ROWS_AT_A_TIME):
        relatives = kin.pop(pk, [])
        if head_name:
            relatives.append(keys.KinFacts(head_name, head_number or "", head=True))
        yield keys.ChildFacts(
            child=pk,
            name=name,
            number=number,
            birth=birth.year * 10000 + birth.month * 100 + birth.day,
            village=region_id,
            kin=tuple(relatives),
            sex=sex,
        )


def _places(run: MatchRun) -> keys.Places:
    """The villages of the region by name. A renamed or merged village's old name means its successor."""
    places = Region.objects.below(run.region, RegionLevel.VILLAGE)
    return keys.Places.of(
        (successor or code, name) for code, successor, name in places.values_list("code", "successor", "name")
    )


def _remember(cursor: Any) -> None:
    """Fill `remembered` with earlier decisions about the same child and the person a row names."""
    cursor.execute(REMEMBERED)
    cursor.execute("SELECT row, child FROM matched ORDER BY row, child")
    pairs = cursor.fetchall()
    decisions = {
        (d.child_id, bytes(d.row_digest)): d.same
        for d in MatchDecision.objects.filter(child_id__in={child for _row, child in pairs})
    }
    if not decisions:
        return
    wanted = {child for child, _digest in decisions}
    rows = {row for row, child in pairs if child in wanted}
    digests = {
        pk: row_digest(kind, name, number)
        for pk, kind, name, number in ListRow.objects.filter(pk__in=rows).values_list(
            "pk", "kind", "name", "id_number"
        )
    }
    lines = [
        (row, child, decisions[child, digests[row]])
        for row, child in pairs
        if row in digests and (child, digests[row]) in decisions
    ]
    keys.copy_rows(cursor, "remembered", ((row, child, "t" if same else "f") for row, child, same in lines))


def export_candidates(run_id: int, out: TextIO) -> int:
    """Write the run's candidates as CSV `list_row_id,child_id,tier,score,rule`; returns how many.

    `list_row_id` is the file's own number of the row, else file:sheet:line; `child_id` the register's number.
    Pairs that a person has rejected are left out.
    """
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("list_row_id", "child_id", "tier", "score", "rule"))
    count = 0
    with connection.cursor() as cursor:
        cursor.execute(EXPORT, [run_id])
        for line in cursor:
            writer.writerow(line)
            count += 1
    return count
