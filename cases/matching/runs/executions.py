"""Each time a run is carried out: by which lists and settings, with which pairs, and what differs between two times."""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cases.matching.engine.settings import Settings
from cases.matching.intake.stage import COLUMNS_TYPE, packed, unpacked
from cases.matching.review.learned import demoted
from cases.matching.runs.data import WIDE, RunData
from cases.models import ListImport, MatchExecution, MatchRun, RuleDecision
from staff import files, scope
from staff.enums import RegionLevel
from staff.models import Job, Region, StoredFile

State = MatchExecution.State
# The frozen pairs. `subject` stands for the person of the row, whatever file the row came in; `mark` for the person of
# the register as they were.
RESULT: Final = pl.Schema(
    {  # type: ignore[arg-type]
        "subject": pl.String, "list": pl.Int64, "place": pl.UInt32, "kind": pl.String, "name": pl.String,
        "child": pl.Int64, "role": pl.String, "person_id": pl.Int64, "tier": pl.String, "score": pl.Int16,
        "rule": pl.String, "reasons": pl.List(pl.String), "mark": pl.Int64,
    }
)  # fmt: skip
PAIR: Final = ["subject", "child", "role", "person_id"]
_NAMESPACE: Final = uuid.UUID("0d9c7a52-53d1-4c0b-8f57-6c1f0c0f2b77")
ENDED: Final = {Job.State.FAILED: State.FAILED, Job.State.CANCELLED: State.CANCELLED}

WHY: Final[dict[str, Promise]] = {
    "list_gone": _("the list is no longer one of the month's"),
    "list_new": _("the list has been added"),
    "row_changed": _("the row was corrected on the list"),
    "settings": _("the rules have changed"),
    "register": _("the register has changed"),
    "others": _("other rows or other people on the register decide it"),
}


def begin(run: MatchRun, *, at: dt.datetime, repeats: MatchExecution | None = None) -> MatchExecution:
    """A new execution of a run. One that repeats another takes over its lists and settings."""
    with transaction.atomic():
        MatchRun.objects.select_for_update(of=("self",)).get(pk=run.pk)
        last = MatchExecution.objects.filter(run=run).aggregate(n=Max("number"))["n"]
        return MatchExecution.objects.create(
            run=run,
            region_id=run.region_id,
            number=(last or 0) + 1,
            repeats=repeats,
            lists=repeats.lists if repeats else [],
            settings=repeats.settings if repeats else {},
            user_id=scope.current().user_id or None,
            started_at=at,
        )


def lists_of(execution: MatchExecution) -> list[ListImport] | None:
    """The lists that a repetition matches again, also those replaced since; None for the month's lists."""
    if execution.repeats_id is None:
        return None
    ids = [each["id"] for each in execution.lists]
    return list(
        ListImport.objects.filter(pk__in=ids).select_related("region", "frame", "file").order_by("pk")
    )


def settings_of(execution: MatchExecution, region: Region) -> Settings:
    """The settings an execution goes by: frozen ones, or those of today."""
    if execution.repeats_id is not None and execution.settings:
        return Settings.from_json(execution.settings["engine"])
    return settings_today(region)


def settings_today(region: Region) -> Settings:
    """The rules in force; those that people have found wrong too often go to a person (`learned.demoted`).

    Over several counties a rule goes to a person when it does in any of them.
    """
    day = timezone.localdate()
    codes = demoted(region, day)
    if region.level in WIDE:
        codes = codes.union(*(demoted(county, day) for county in _with_a_record(region)))
    return Settings().demoted(*codes)


def _with_a_record(region: Region) -> Iterable[Region]:
    """The counties of a region that have matched, or said something about a rule."""
    inside = {"region__gte": region.lo, "region__lte": region.hi}
    codes: set[int] = set()
    for model in (MatchRun, RuleDecision):
        codes.update(model.objects.filter(**inside).order_by().values_list("region_id", flat=True).distinct())
    return Region.objects.below(region, RegionLevel.COUNTY).filter(pk__in=codes)


def finish(
    execution: MatchExecution,
    data: RunData,
    settings: Settings,
    fingerprint: str,
    counts: dict[str, Any],
    found: pl.DataFrame,
    *,
    at: dt.datetime,
) -> None:
    """Freeze what an execution matched and found. `found`: `candidates.FOUND`."""
    pairs = frozen(data, found)
    before = _last_done(execution)
    execution.result = files.store(
        packed(pairs),
        kind=StoredFile.Kind.STAGED,
        name=f"{execution.run_id}-{execution.number}.arrow",
        content_type=COLUMNS_TYPE,
        region_id=execution.region_id,
        at=at,
        file_id=uuid.uuid5(_NAMESPACE, f"execution {execution.pk}"),
    )
    execution.lists = [
        {"id": e.pk, "name": e.name, "kind": e.kind, "sha256": e.sha256, "rows": e.row_count}
        for e in data.lists
    ]
    execution.settings = {"engine": settings.to_json()}
    execution.fingerprint, execution.state, execution.finished_at = fingerprint, State.DONE, at
    execution.counts = counts | {"result_sha256": _sha256(pairs)}
    if before is not None:
        execution.counts["changes"] = changes(result_of(before), pairs)
    execution.save()


def frozen(data: RunData, found: pl.DataFrame) -> pl.DataFrame:
    """The pairs as they are kept (RESULT), in a fixed order."""
    rows = data.rows.filter(pl.col("row").is_in(found["row"].unique().implode()))
    says = rows.select(
        pl.concat_str(
            ["list_type", "name", "id_number", "certificate", "birth_date", "head_name", "head_id"],
            separator="\x1f",
        )
    ).to_series()
    subjects = pl.Series(
        "subject", [hashlib.sha256(s.encode()).hexdigest()[:32] for s in says], dtype=pl.String
    )
    named = rows.select("row", subjects, kind="list_type", name="name")
    return (
        found.join(named, on="row")
        .select(pl.col(name).cast(kind) for name, kind in RESULT.items())
        .sort("kind", "list", "place", "role", "child", "person_id")
    )


def _sha256(pairs: pl.DataFrame) -> str:
    """Equal for the same pairs with the same rules, whichever worker found them."""
    plain = pairs.drop("mark").with_columns(pl.col("reasons").list.join(" "))
    return hashlib.sha256(plain.write_csv().encode()).hexdigest()


def _last_done(execution: MatchExecution) -> MatchExecution | None:
    done = MatchExecution.objects.filter(
        run_id=execution.run_id, state=State.DONE, number__lt=execution.number, repeats__isnull=True
    )
    return done.select_related("result").order_by("-number").first()


def result_of(execution: MatchExecution) -> pl.DataFrame:
    """The frozen pairs of an execution (RESULT); none for one that did not end well."""
    if execution.result is None:
        return pl.DataFrame(schema=RESULT)
    return unpacked(files.read(execution.result))


def changes(before: pl.DataFrame, now: pl.DataFrame) -> dict[str, int]:
    """How many pairs came, went, or are in another tier."""
    both = now.join(before, on=PAIR, suffix="_before")
    return {
        "added": now.join(before, on=PAIR, how="anti").height,
        "removed": before.join(now, on=PAIR, how="anti").height,
        "retiered": both.filter(pl.col("tier") != pl.col("tier_before")).height,
    }


def ended(job: Job, state: str) -> None:
    """A job has failed or was cancelled: so has its execution. What the run found before stays."""
    found = MatchExecution.objects.filter(pk=job.arguments.get("execution"), state=State.RUNNING)
    found.update(state=ENDED[Job.State(state)], finished_at=job.finished_at)


def leave(execution: MatchExecution | None, later: Job) -> None:
    """An execution is left to a later job: that one's own, or no more than a time that was stopped."""
    if execution is not None and later.arguments.get("execution") != execution.pk:
        execution.state, execution.finished_at = State.CANCELLED, timezone.now()
        execution.save(update_fields=["state", "finished_at"])


# --- Two executions beside each other ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Difference:
    """A pair that one execution has and the other has not, or has in another tier. `first` and `second`: the tiers,
    '' for none; `why`: a key of WHY."""

    name: str
    kind: str
    role: str
    child_id: int
    rule: str
    first: str
    second: str
    why: str


def compare(first: MatchExecution, second: MatchExecution) -> list[Difference]:
    """What differs between two executions of a run, by row and child."""
    a, b = result_of(first), result_of(second)
    joined = a.join(b, on=PAIR, how="full", coalesce=True, suffix="_b").filter(
        pl.col("tier").ne_missing(pl.col("tier_b"))
    )
    lists_a, lists_b = ({each["sha256"] for each in e.lists} for e in (first, second))
    shas = {each["id"]: each["sha256"] for e in (first, second) for each in e.lists}
    rules_changed = first.settings != second.settings
    # Somebody who is gone from one row and there on another of the same kind: the row was corrected.
    moved = _moved(joined)
    found = []
    for line in joined.sort("kind", "name", "child", nulls_last=True).iter_rows(named=True):
        kind, name = line["kind"] or line["kind_b"], line["name"] or line["name_b"]
        sha_a, sha_b = shas.get(line["list"]), shas.get(line["list_b"])
        if (kind, line["child"], line["role"], line["person_id"]) in moved:
            why = "row_changed"
        elif line["tier_b"] is None and sha_a not in lists_b:
            why = "list_gone"
        elif line["tier"] is None and sha_b not in lists_a:
            why = "list_new"
        elif rules_changed:
            why = "settings"
        elif line["tier"] is None or line["tier_b"] is None or line["mark"] != line["mark_b"]:
            why = "register"
        else:
            why = "others"
        found.append(
            Difference(
                name, kind, line["role"], line["child"], line["rule_b"] or line["rule"],
                line["tier"] or "", line["tier_b"] or "", why,
            )
        )  # fmt: skip
    return found


def _moved(joined: pl.DataFrame) -> set[tuple[Any, ...]]:
    who = ["child", "role", "person_id"]
    left = joined.filter(pl.col("tier_b").is_null()).select("kind", *who)
    came = joined.filter(pl.col("tier").is_null()).select(pl.col("kind_b").alias("kind"), *who)
    return set(left.join(came, on=["kind", *who]).iter_rows())


def of_run(run: MatchRun) -> Sequence[MatchExecution]:
    """The executions of a run, the latest first."""
    return list(
        MatchExecution.objects.filter(run=run).select_related("user", "repeats").order_by("-number")[:50]
    )
