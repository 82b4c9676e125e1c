"""What pages say of runs: what happened at each time a run was carried out, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cases.matching import kinds, selectors
from cases.matching.intake.uploads import MATCH
from cases.matching.review import reasons
from cases.matching.runs.executions import WHY, Difference
from cases.matching.runs.executions import of_run as executions_of_run
from cases.matching.tasks import STEPS
from cases.models import Child, MatchExecution, MatchRun
from cases.models.matching import MatchRole
from staff import jobs
from staff.enums import RegionLevel
from staff.models import Job

State = MatchExecution.State
TIERS = {"": "—", "auto": gettext_lazy("certain"), "review": gettext_lazy("to review")}


def lines(runs: Iterable[MatchRun]) -> list[dict[str, Any]]:
    """One line a run for the list of months."""
    return [
        {
            "run": run,
            "state": selectors.shown_state(run),
            "rows": run.counts.get("rows", 0),
            "auto": run.counts.get("auto_rows", 0),
            "review": run.counts.get("review_rows", 0),
        }
        for run in runs
    ]


def jobs_of(run: MatchRun) -> dict[int, Job]:
    """The jobs of a run's executions, by execution. One query."""
    found = Job.objects.filter(kind=MATCH, arguments__run=run.pk).order_by("created_at")
    return {job.arguments["execution"]: job for job in found if "execution" in job.arguments}


def told(run: MatchRun) -> list[dict[str, Any]]:
    """The executions of a run, the latest first, each with what happened. Two queries."""
    of_run = jobs_of(run)
    return [tell(each, of_run) for each in executions_of_run(run)]


def tell(execution: MatchExecution, of_run: dict[int, Job]) -> dict[str, Any]:
    """``execution``, its shown ``state``, and ``words``: what happened, a sentence each."""
    job = of_run.get(execution.pk)
    return {
        "execution": execution,
        "state": _state(execution, job),
        "words": list(_words(execution, job)),
        "url": reverse("cases:run_execution", args=[execution.pk]),
    }


def _state(execution: MatchExecution, job: Job | None) -> str:
    if execution.state == State.RUNNING and job is not None:
        return "running" if jobs.progress_of(job) else "queued"
    return str(execution.state)


def _words(execution: MatchExecution, job: Job | None) -> Iterable[str]:
    counts = execution.counts
    if execution.repeats is not None:
        yield _(
            "A repetition of time %(number)d with its lists and rules; the run's own pairs are not touched."
        ) % {"number": execution.repeats.number}
    if job is not None and job.attempts > 1:
        yield ngettext(
            "A worker stopped in the middle; nothing of it was kept, and the work was begun again.",
            "Workers stopped in the middle %(n)d times; nothing of it was kept, and the work was begun again.",
            job.attempts - 1,
        ) % {"n": job.attempts - 1}
    if execution.state == State.CANCELLED:
        yield _("It was stopped; what was there before has stayed.")
    elif execution.state == State.FAILED:
        yield _("It failed; what was there before has stayed.") + (
            f" {job.error}" if job and job.error else ""
        )
    elif execution.state == State.DONE:
        yield _(
            "%(lists)d files with %(rows)d rows were matched with %(children)d children and their families: %(auto)d "
            "rows are certain, %(review)d wait for a person."
        ) % {
            "lists": counts.get("lists", 0),
            "rows": counts.get("rows", 0),
            "children": counts.get("children", 0),
            "auto": counts.get("auto_rows", 0),
            "review": counts.get("review_rows", 0),
        }
        yield from _changed(counts.get("changes"))


def _changed(changes: dict[str, int] | None) -> Iterable[str]:
    if changes is None:
        return
    if not any(changes.values()):
        yield _("Nothing differs from the time before.")
        return
    yield (
        _("Since the time before: %(added)d pairs more, %(removed)d gone, %(retiered)d judged otherwise.")
        % changes
    )


def seconds(execution: MatchExecution) -> list[dict[str, Any]]:
    """The steps of an execution with their seconds, in order."""
    taken = execution.counts.get("seconds", {})
    return [{"label": STEPS.get(step, step), "seconds": value} for step, value in taken.items()]


def rules(execution: MatchExecution) -> list[dict[str, Any]]:
    """The rules that an execution went by, with their tier then."""
    engine = execution.settings.get("engine", {})
    return [
        {
            "label": reasons.RULES.get(rule["code"], rule["code"]),
            "tier": TIERS[rule["tier"]],
            "score": rule["score"] / 10,
        }
        for rule in engine.get("rules", [])
    ]


def differences(found: Iterable[Difference]) -> list[dict[str, Any]]:
    """Lines of a comparison, with the child's name where the reader sees the child. One query."""
    found = list(found)
    names = dict(Child.objects.filter(pk__in={each.child_id for each in found}).values_list("pk", "name"))
    return [
        {
            "name": each.name,
            "kind": kinds.short_name(each.kind),
            "child": names.get(each.child_id, ""),
            "url": reverse("cases:child", args=[each.child_id]) if each.child_id in names else "",
            "role": MatchRole(each.role).label,
            "rule": reasons.RULES.get(each.rule, each.rule),
            "first": TIERS[each.first],
            "second": TIERS[each.second],
            "why": WHY[each.why],
        }
        for each in found
    ]


def counted(found: Iterable[Difference]) -> list[dict[str, Any]]:
    """How many pairs differ, by why."""
    numbers = Counter(each.why for each in found)
    return [{"label": WHY[why], "number": number} for why, number in numbers.most_common()]


def parts(run: MatchRun) -> list[dict[str, Any]]:
    """The counties of a run over a wider region, each with how far it is. One query; none for a county."""
    if run.region.level == RegionLevel.COUNTY:
        return []
    found = MatchRun.objects.filter(part_of=run).select_related("region", "job").order_by("region_id")
    return lines(found)
