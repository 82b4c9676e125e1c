"""Pages of runs: the months that were matched, one run with its executions, and two executions beside each other."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from cases.matching import selectors
from cases.matching.discrepancies import closing
from cases.matching.intake import uploads
from cases.matching.runs import executions
from cases.matching.runs import pages as run_pages
from cases.matching.runs.data import is_wide
from cases.models import ListImport, MatchExecution, MatchRun
from staff.access import roles
from staff.enums import Role
from staff.models import Job
from staff.workflow import Actor, TransitionRefused

READERS = (Role.CLERK, Role.APPROVER, Role.LEADER)
PAGE = 50


def _may_write(request: HttpRequest) -> bool:
    return bool(request.assignment.post.role == Role.CLERK)  # type: ignore[attr-defined]


def _busy(state: str) -> bool:
    return state in ("queued", "running")


def _run(pk: int) -> MatchRun:
    found: MatchRun = get_object_or_404(MatchRun.objects.select_related("region", "job", "part_of"), pk=pk)
    return found


def _execution(pk: int) -> MatchExecution:
    found = MatchExecution.objects.select_related("run__region", "run__job", "repeats", "user", "result")
    return get_object_or_404(found, pk=pk)


@require_GET
@roles(*READERS)
def runs(request: HttpRequest) -> HttpResponse:
    """The months that were matched, the latest first."""
    found = MatchRun.objects.select_related("region", "job").order_by("-period", "region_id", "pk")
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    return render(
        request, "cases/match_runs.html", {"page": page, "lines": run_pages.lines(page.object_list)}
    )


@require_GET
@roles(*READERS)
def run(request: HttpRequest, pk: int) -> HttpResponse:
    """One month's matching: how far it is, what happened, then its counts and what is to be done."""
    found = _run(pk)
    state = selectors.shown_state(found)
    context = {
        "run": found,
        "state": state,
        "busy": _busy(state),
        "closing": (being_closed := closing.closing_of(found)),
        "progress": selectors.progress_of(found.job if _busy(state) else being_closed or found.job),
        "tiers": selectors.tiers(found),
        "lists": list(ListImport.objects.filter(region_id=found.region_id, period=found.period)),
        "counts": _discrepancy_counts(found),
        "funnel": selectors.funnel(found),
        "executions": run_pages.told(found),
        "parts": run_pages.parts(found),
        "may_write": _may_write(request),
    }
    return render(request, "cases/list_run.html", context)


def _discrepancy_counts(found: MatchRun) -> list[dict[str, Any]]:
    kinds = found.discrepancies.order_by("pk").values_list("kind", "list_kind")
    grouped: dict[tuple[str, str], int] = {}
    for kind, list_kind in kinds:
        grouped[kind, list_kind] = grouped.get((kind, list_kind), 0) + 1
    return [
        {
            "label": selectors.headline_of(kind, list_kind),
            "count": number,
            "url": f"{reverse('cases:discrepancies')}?state=all&kind={kind}&list_kind={list_kind}",
        }
        for (kind, list_kind), number in sorted(grouped.items())
    ]


@require_GET
@roles(*READERS)
def run_progress(request: HttpRequest, pk: int) -> HttpResponse:
    """The progress alone, asked every second; when the work has ended the page is loaded again."""
    found = _run(pk)
    busy = _busy(selectors.shown_state(found))
    job = found.job if busy else closing.closing_of(found)
    if not busy and (job is None or job.state != Job.State.QUEUED):
        response = HttpResponse(status=204)
        response["HX-Refresh"] = "true"
        return response
    return render(
        request, "cases/_list_progress.html", {"run": found, "progress": selectors.progress_of(job)}
    )


@require_POST
@roles(Role.CLERK)
def run_start(request: HttpRequest, pk: int) -> HttpResponse:
    uploads.start_match(_run(pk), at=timezone.now())
    return redirect("cases:run", pk)


@require_POST
@roles(Role.CLERK)
def run_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    if uploads.cancel_run(_run(pk)):
        messages.info(request, _("The work stops at its next step. What was there before stays."))
    else:
        messages.info(request, _("There is no work to be stopped: it has ended already."))
    return redirect("cases:run", pk)


@require_POST
@roles(Role.CLERK)
def run_finish(request: HttpRequest, pk: int) -> HttpResponse:
    """Have the discrepancies of what has been decided so far looked for."""
    closing.start_closing(_run(pk), at=timezone.now())
    return redirect("cases:run", pk)


# --- Executions -----------------------------------------------------------------------------------------


@require_GET
@roles(*READERS)
def execution(request: HttpRequest, pk: int) -> HttpResponse:
    """One time that a run was carried out: its lists, rules, counts and seconds, and what differs from another."""
    found = _execution(pk)
    others = [each for each in executions.of_run(found.run) if each.pk != found.pk and each.state == "done"]
    context = {
        "execution": found,
        "told": run_pages.tell(found, run_pages.jobs_of(found.run)),
        "others": others,
        "steps": run_pages.seconds(found),
        "rules": run_pages.rules(found),
        "may_repeat": _may_write(request) and found.state == "done" and not is_wide(found.run),
    }
    return render(request, "cases/match_execution.html", context)


@require_GET
@roles(*READERS)
def compare(request: HttpRequest, pk: int) -> HttpResponse:
    """Two executions of a run: the pairs that one of them alone has, or has in another tier, and why."""
    second = _execution(pk)
    first = get_object_or_404(
        MatchExecution.objects.select_related("result", "run"),
        run=second.run,
        number=_number(request.GET.get("with", "")),
    )
    found = executions.compare(first, second)
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    context = {
        "first": first,
        "second": second,
        "page": page,
        "lines": run_pages.differences(page.object_list),
        "why": run_pages.counted(found),
    }
    return render(request, "cases/match_compare.html", context)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0


@require_POST
@roles(Role.CLERK)
def repeat(request: HttpRequest, pk: int) -> HttpResponse:
    """Match the same lists again by the same rules; the run keeps its pairs."""
    found = _execution(pk)
    try:
        made = uploads.repeat_match(actor=Actor.current(), at=timezone.now(), execution=found)
    except TransitionRefused as error:
        messages.error(request, str(error))
        return redirect("cases:run_execution", pk)
    return redirect("cases:run_execution", made.pk)
