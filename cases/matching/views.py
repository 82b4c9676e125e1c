"""Pages of lists and their matching: what has arrived, upload and preview, the run, and the review of its
pairs.
"""

from __future__ import annotations

import csv
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from cases.ages import add_months
from cases.matching import comparison, discrepancies, review, selectors, uploads
from cases.matching.files import ListFileError
from cases.matching.forms import UploadForm, first_of_month
from cases.matching.normalise import clean_id
from cases.matching.preview import PROBLEMS, RowProblem
from cases.models import Guardian, ListImport, MatchCandidate, MatchRun
from staff import jobs
from staff.access import roles
from staff.audit import log_access
from staff.enums import Role
from staff.models import AccessLog
from staff.workflow import Actor, TransitionRefused

READERS = (Role.CLERK, Role.APPROVER, Role.LEADER)
PAGE = 30
NEXT_ROWS = 8


def _county(request: HttpRequest) -> int:
    return int(request.assignment.post.region_id)  # type: ignore[attr-defined]


def _may_write(request: HttpRequest) -> bool:
    return bool(request.assignment.post.role == Role.CLERK)  # type: ignore[attr-defined]


# --- Lists ----------------------------------------------------------------------------------------------


@require_GET
@roles(*READERS)
def lists(request: HttpRequest) -> HttpResponse:
    """What has arrived for a month, by kind, and how far it is."""
    period = first_of_month(request.GET.get("month", ""), timezone.localdate())
    context = {
        "month": selectors.month_of_lists(_county(request), period),
        "earlier": add_months(period, -1),
        "later": add_months(period, 1),
        "may_write": _may_write(request),
        "form": UploadForm(initial={"period": period}),
    }
    return render(request, "cases/lists.html", context)


@require_GET
@roles(*READERS)
def lists_panel(request: HttpRequest) -> HttpResponse:
    """Fragment for the bureau's month page."""
    period = first_of_month(request.GET.get("month", ""), timezone.localdate())
    month = selectors.month_of_lists(_county(request), period)
    return render(request, "cases/_lists_panel.html", {"month": month, "may_write": _may_write(request)})


@roles(Role.CLERK)
def list_upload(request: HttpRequest) -> HttpResponse:
    """Take a file; what is wrong with it as a whole stands beside the field, and nothing is kept."""
    initial = {
        "period": first_of_month(request.GET.get("month", ""), timezone.localdate()),
        "kind": request.GET.get("kind", ""),
    }
    form = UploadForm(request.POST or None, request.FILES or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            received, new = uploads.upload_list(
                actor=Actor.current(),
                at=timezone.now(),
                data=file.read(),
                name=file.name,
                kind=form.cleaned_data["kind"],
                period=form.cleaned_data["period"],
                region_id=_county(request),
            )
        except (ListFileError, TransitionRefused) as error:
            form.add_error("file", str(error))
        else:
            if not new:
                messages.info(
                    request, _("This very file is here already for this month. Nothing was changed.")
                )
            return redirect("cases:list", received.pk)
    return render(request, "cases/list_upload.html", {"form": form})


@require_GET
@roles(*READERS)
def list_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """How a list was understood: headers, first rows, and which rows have what problem."""
    found = get_object_or_404(ListImport.objects.select_related("file", "user"), pk=pk)
    run = MatchRun.objects.filter(region_id=found.region_id, period=found.period).first()
    counts = found.mapping.get("problem_counts", {})
    context = {
        "list": found,
        "run": run,
        "peek": uploads.peek(found),
        "sheets": selectors.sheets_of(found),
        "problem_counts": [
            {"message": PROBLEMS[code][0], "remedy": PROBLEMS[code][1], "count": number}
            for code, number in sorted(counts.items(), key=lambda item: -item[1])
            if code in PROBLEMS
        ],
        "problem_rows": len({(p["sheet"], p["line"]) for p in found.problems}),
        "may_write": _may_write(request),
    }
    return render(request, "cases/list.html", context)


@require_POST
@roles(Role.CLERK)
def list_confirm(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(ListImport.objects, pk=pk)
    run = uploads.confirm_list(actor=Actor.current(), at=timezone.now(), list_import=found)
    return redirect("cases:run", run.pk)


@require_POST
@roles(Role.CLERK)
def list_discard(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(ListImport.objects, pk=pk)
    try:
        uploads.discard_list(actor=Actor.current(), list_import=found)
    except TransitionRefused as error:
        messages.error(request, str(error))
        return redirect("cases:list", pk)
    messages.success(request, _("The upload was taken back."))
    return redirect(f"{reverse('cases:lists')}?month={found.period:%Y-%m}")


@require_GET
@roles(*READERS)
def list_problems(request: HttpRequest, pk: int) -> HttpResponse:
    """The rows with problems as CSV: place, field, problem and remedy. It holds no personal data."""
    found = get_object_or_404(ListImport.objects, pk=pk)
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="list-{found.pk}-problems.csv"'
    response.write("\ufeff")
    writer = csv.writer(response)
    writer.writerow([_("Sheet"), _("Row"), _("Problem"), _("Remedy")])
    for data in found.problems:
        problem = RowProblem.from_json(data)
        writer.writerow([problem.sheet, problem.line, problem.message, problem.remedy])
    log_access(
        kind=AccessLog.Kind.EXPORT,
        region_id=found.region_id,
        subject="cases.listimport",
        subject_id=found.pk,
        detail={"rows": len(found.problems)},
    )
    return response


# --- Runs -----------------------------------------------------------------------------------------------


def _run(pk: int) -> MatchRun:
    found: MatchRun = get_object_or_404(MatchRun.objects.select_related("region", "job"), pk=pk)
    return found


@require_GET
@roles(*READERS)
def run(request: HttpRequest, pk: int) -> HttpResponse:
    """One month's matching: how far it is, then its counts and what is to be done."""
    found = _run(pk)
    state = selectors.shown_state(found)
    context = {
        "run": found,
        "state": state,
        "busy": state in ("queued", "running"),
        "progress": selectors.progress_of(found),
        "tiers": selectors.tiers(found),
        "lists": list(ListImport.objects.filter(region_id=found.region_id, period=found.period)),
        "counts": _discrepancy_counts(found),
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
            "label": selectors.headline(kind, list_kind),
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
    if selectors.shown_state(found) not in ("queued", "running"):
        response = HttpResponse(status=204)
        response["HX-Refresh"] = "true"
        return response
    return render(
        request, "cases/_list_progress.html", {"run": found, "progress": selectors.progress_of(found)}
    )


@require_POST
@roles(Role.CLERK)
def run_start(request: HttpRequest, pk: int) -> HttpResponse:
    uploads.start_match(_run(pk), at=timezone.now())
    return redirect("cases:run", pk)


@require_POST
@roles(Role.CLERK)
def run_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    found = _run(pk)
    if found.job is not None:
        jobs.cancel(found.job)
    messages.info(request, _("The work stops at its next step. What was there before stays."))
    return redirect("cases:run", pk)


@require_POST
@roles(Role.CLERK)
def run_finish(request: HttpRequest, pk: int) -> HttpResponse:
    """Find the discrepancies of what has been decided so far."""
    found = _run(pk)
    counts = discrepancies.finish_run(found, at=timezone.now())
    number = sum(counts.values())
    text = ngettext("%(n)d discrepancy is there now.", "%(n)d discrepancies are there now.", number)
    messages.success(request, text % {"n": number})
    return redirect("cases:run", pk)


# --- Review ---------------------------------------------------------------------------------------------


@require_GET
@roles(*READERS)
def candidates(request: HttpRequest, pk: int) -> HttpResponse:
    """Side by side: one row of a list and the child it may be. ``?state=`` lists what was decided instead."""
    found = _run(pk)
    state = request.GET.get("state", "")
    pending = list(review.pending_rows(found).values_list("list_row", flat=True))
    context: dict[str, Any] = {
        "run": found,
        "waiting": len(pending),
        "may_write": _may_write(request),
        "states": _tabs(found, state, len(pending)),
    }
    if state in ("accepted", "rejected", "remembered", "auto"):
        context["page"] = Paginator(_decided(found, state), PAGE).get_page(request.GET.get("page"))
        context["state"] = state
        return render(request, "cases/match_decided.html", context)
    row_id = _number(request.GET.get("row", "")) or (pending[0] if pending else 0)
    of_row = list(
        MatchCandidate.objects.filter(run=found, list_row_id=row_id)
        .select_related("list_row__list_import", "child__region", "child__household")
        .order_by("-score", "pk")
    )
    if of_row:
        chosen = next((c for c in of_row if str(c.pk) == request.GET.get("candidate", "")), of_row[0])
        guardians = list(Guardian.objects.filter(child=chosen.child, end_date=None).order_by("pk")[:1])
        context |= {
            "candidate": chosen,
            "others": [(c, comparison.short_reason(c)) for c in of_row if c.pk != chosen.pk],
            "lines": comparison.compare(chosen.list_row, chosen.child, guardians),
            "why": comparison.sentence(chosen),
            **_row_number(chosen),
            "decided": tiers_decided(found, len(pending)),
            "upcoming": _upcoming(found, pending, row_id),
            "open": row_id in pending,
        }
    return render(request, "cases/match_review.html", context)


def _row_number(chosen: MatchCandidate) -> dict[str, str]:
    """The row's own number, masked, and where it is shown in full for a reason."""
    number = clean_id(chosen.list_row.id_number)
    address = reverse("staff:reveal", args=["list-row-identity", chosen.list_row_id]) if number.text else ""
    return {"row_number": comparison.masked(number), "row_reveal": address}


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def tiers_decided(found: MatchRun, waiting: int) -> dict[str, int]:
    """How many rows that needed a person have been decided, of how many."""
    needed = (
        MatchCandidate.objects.filter(run=found, tier=MatchCandidate.Tier.REVIEW)
        .values("list_row")
        .distinct()
        .count()
    )
    return {"done": max(0, needed - waiting), "total": max(needed, waiting)}


def _tabs(found: MatchRun, state: str, waiting: int) -> list[dict[str, Any]]:
    here = reverse("cases:candidates", args=[found.pk])
    return [
        {"label": _("To be decided"), "url": here, "current": not state, "count": waiting},
        {"label": _("Same child"), "url": f"{here}?state=accepted", "current": state == "accepted"},
        {"label": _("Not the same child"), "url": f"{here}?state=rejected", "current": state == "rejected"},
        {"label": _("Remembered"), "url": f"{here}?state=remembered", "current": state == "remembered"},
        {"label": _("Certain"), "url": f"{here}?state=auto", "current": state == "auto"},
    ]


def _decided(found: MatchRun, state: str) -> Any:
    pairs = MatchCandidate.objects.filter(run=found).select_related(
        "list_row__list_import", "child__region", "decided_by"
    )
    if state == "remembered":
        pairs = pairs.filter(remembered=True)
    elif state == "auto":
        pairs = pairs.filter(tier=MatchCandidate.Tier.AUTO, state=MatchCandidate.State.ACCEPTED)
    else:
        pairs = pairs.filter(state=state).exclude(
            tier=MatchCandidate.Tier.AUTO, decided_by=None, remembered=False
        )
    return pairs.order_by("-decided_at", "list_row_id", "-score", "pk")


def _upcoming(found: MatchRun, pending: list[int], row_id: int) -> list[dict[str, Any]]:
    """The rows around the present one, in order of likelihood, for J and K."""
    at = pending.index(row_id) if row_id in pending else 0
    window = pending[max(0, at - 2) : at + NEXT_ROWS]
    best: dict[int, MatchCandidate] = {}
    of_rows = MatchCandidate.objects.filter(run=found, list_row_id__in=window).select_related("list_row")
    for candidate in of_rows.order_by("-score", "pk"):
        best.setdefault(candidate.list_row_id, candidate)
    here = reverse("cases:candidates", args=[found.pk])
    return [
        {
            "name": best[row].list_row.name,
            "reason": comparison.short_reason(best[row]),
            "score": round(float(best[row].score) * 100),
            "url": f"{here}?row={row}",
            "current": row == row_id,
        }
        for row in window
        if row in best
    ]


@require_POST
@roles(Role.CLERK)
def candidate_decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Decide a pair (``action`` same, other, none or undo) and go on to the next row that waits."""
    candidate = get_object_or_404(MatchCandidate.objects.select_related("run__region"), pk=pk)
    action = request.POST.get("action", "")
    address = reverse("cases:candidates", args=[candidate.run_id])
    if action not in review.ACTS:
        messages.error(request, _("Choose what is to be done."))
        return redirect(f"{address}?row={candidate.list_row_id}&candidate={pk}")
    at = timezone.now()
    try:
        review.ACTS[action](candidate=candidate, actor=Actor.current(), at=at)
    except TransitionRefused as error:
        messages.error(request, str(error))
        return redirect(f"{address}?row={candidate.list_row_id}")
    if action == "undo":
        MatchRun.objects.filter(pk=candidate.run_id).update(state=MatchRun.State.REVIEW)
        return redirect(f"{address}?row={candidate.list_row_id}")
    if review.pending_pairs(candidate.run).filter(list_row_id=candidate.list_row_id).exists():
        return redirect(f"{address}?row={candidate.list_row_id}")
    if not review.pending_pairs(candidate.run).exists():
        counts = discrepancies.finish_run(candidate.run, at=at)
        text = _("Every pair is decided. %(n)d discrepancies were found.")
        messages.success(request, text % {"n": sum(counts.values())})
        return redirect("cases:run", candidate.run_id)
    return redirect(address)
