"""Pages of payment batches: the list, preparing, one batch, its lines, exceptions, bank files and bank
results.
"""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cases.children.paper_forms import PaperForm
from staff import files
from staff.access import roles
from staff.audit import log_access
from staff.enums import Role
from staff.models import AccessLog, Job, Region
from staff.models.region import county_of
from staff.scope import current
from staff.workflow import Actor, TransitionRefused
from subsidies.bank import results as bank_results
from subsidies.bank.reading import Problem, ResultRefused
from subsidies.batches import pages as batch_pages
from subsidies.batches import services as batches
from subsidies.batches.differences import with_previous
from subsidies.batches.forms import NotesForm
from subsidies.duties import is_not_yours, refuse_page
from subsidies.enums import PaymentState
from subsidies.forms import BatchForm, IssueForm, ResultForm, month_or_none
from subsidies.models import BankFile, BatchIssue, PaymentBatch
from subsidies.paper import lines_of, place_of, start_batch_paper
from subsidies.reckoning.months import month_of

READERS = (Role.CLERK, Role.APPROVER, Role.RELEASER, Role.LEADER)
ACTORS = (Role.CLERK, Role.APPROVER, Role.RELEASER)
PAGE = 24
LINES = 50


def county() -> Region:
    """The county of the open scope."""
    return Region.objects.get(pk=county_of(current().ranges[0][0]))


def uuid_or_none(text: str) -> uuid.UUID | None:
    """The key of a job out of an address."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def find_batch(pk: int, *, recoveries: bool = False) -> PaymentBatch:
    """The batch with its people and the one before; 404 out of scope. ``recoveries`` adds what it asks back."""
    found = with_previous(
        PaymentBatch.objects.select_related(
            "scheme", "region", "prepared_by", "approved_by", "released_by", "reconciled_by"
        )
    )
    return get_object_or_404(batch_pages.with_recoveries(found) if recoveries else found, pk=pk)


@require_GET
@roles(*READERS)
def batch_list(request: HttpRequest) -> HttpResponse:
    """Batches of the county, the latest month first."""
    found = PaymentBatch.objects.select_related("scheme", "prepared_by", "approved_by", "released_by")
    page = Paginator(found.order_by("-month", "-pk"), PAGE).get_page(request.GET.get("page"))
    actions: list[dict[str, Any]] = []
    if current().role in (Role.CLERK, Role.APPROVER, Role.LEADER):
        actions.append({"label": _("Standards"), "url": reverse("subsidies:rates"), "icon": "list"})
    if current().role in (Role.CLERK, Role.RELEASER):
        actions.append(
            {"label": _("Bank layouts"), "url": reverse("subsidies:layouts"), "icon": "file-check"}
        )
    if current().role == Role.CLERK:
        actions.append(
            {
                "label": _("Prepare a month"),
                "url": reverse("subsidies:batch_prepare"),
                "icon": "plus",
                "primary": True,
            }
        )
    rows = [{"batch": batch, **answered} for batch, answered in batch_pages.with_answers(list(page))]
    return render(request, "subsidies/batches.html", {"page": page, "rows": rows, "actions": actions})


@never_cache
@require_http_methods(["GET", "POST"])
@roles(Role.CLERK)
def batch_prepare(request: HttpRequest) -> HttpResponse:
    """Choose scheme and month; the work is done by a worker and its progress shown."""
    today = timezone.localdate()
    wanted = month_or_none(request.GET.get("month", "")) or month_of(today)
    form = BatchForm(request.POST or None, initial={"month": wanted})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        region = county()
        if present := batches.present_batch(region.pk, data["scheme"], data["month"]):
            messages.info(request, _("This month has a batch already."))
            return redirect("subsidies:batch", pk=present.pk)
        try:
            job = batches.start_preparation(
                actor=Actor.current(),
                at=timezone.now(),
                region=region,
                scheme=data["scheme"],
                month=data["month"],
            )
            return redirect("staff:job", pk=job.pk)
        except TransitionRefused as why:
            form.add_error(None, str(why))
    return render(request, "subsidies/batch_prepare.html", {"form": form})


@require_GET
@roles(*READERS)
def batch(request: HttpRequest, pk: int) -> HttpResponse:
    """One batch (mock-up 07)."""
    found = find_batch(pk, recoveries=True)
    context = batch_pages.values(found, Actor.current(), request.GET)
    return render(request, "subsidies/batch.html", context | {"result_form": ResultForm()})


@require_POST
@roles(*ACTORS)
def batch_transition(request: HttpRequest, pk: int) -> HttpResponse:
    """Approve, return; the release has a page of its own."""
    found = find_batch(pk)
    actor, name = Actor.current(), request.POST.get("action", "")
    back = reverse("subsidies:batch", args=[pk])
    if text := is_not_yours(found, name, actor):
        return refuse_page(request, text, back)
    if name == "release":
        return redirect("subsidies:batch_release", pk=pk)
    try:
        batches.act(
            name,
            actor=actor,
            at=timezone.now(),
            batch=found,
            reason=request.POST.get("reason", ""),
            over_budget_note=request.POST.get("over_budget_note", ""),
        )
    except TransitionRefused as why:
        messages.error(request, str(why))
    return redirect(back)


@require_GET
@roles(*READERS)
def batch_lines(request: HttpRequest, pk: int) -> HttpResponse:
    """The lines of a batch, by township, kind and state; the totals are those of the selection."""
    found = find_batch(pk)
    chosen = _chosen(request.GET)
    lines, state = lines_of(found, chosen), chosen["state"]
    township, place = chosen["township"], place_of(chosen)
    page = Paginator(lines.defer("account", "explanation"), LINES).get_page(request.GET.get("page"))
    here = reverse("subsidies:batch_lines", args=[pk])
    kept = f"township={township}&" if place is not None else ""
    segments = [
        {"label": _("All lines"), "url": f"{here}?{kept}", "current": state not in PaymentState.values}
    ]
    segments += [
        {"label": choice.label, "url": f"{here}?{kept}state={choice.value}", "current": state == choice}
        for choice in (
            PaymentState.HELD,
            PaymentState.NOTHING,
            PaymentState.SENT,
            PaymentState.PAID,
            PaymentState.FAILED,
        )
    ]
    paper_url = reverse("subsidies:batch_paper", args=[pk]) + "?" + urlencode(chosen)
    context = {"batch": found, "page": page, "segments": segments, "place": place, "paper_url": paper_url}
    return render(request, "subsidies/batch_lines.html", context)


def _chosen(given: QueryDict) -> dict[str, str]:
    return {name: given.get(name, "") for name in ("township", "state", "kind")}


@require_http_methods(["GET", "POST"])
@roles(*READERS)
def batch_paper(request: HttpRequest, pk: int) -> HttpResponse:
    """GET asks what the paper of the chosen lines is for; POST makes it in a job."""
    found, chosen = find_batch(pk), _chosen(request.GET)
    form = PaperForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        job = start_batch_paper(found, chosen, reason=form.cleaned_data["reason"], at=timezone.now())
        return redirect("staff:job", job.pk)
    back = reverse("subsidies:batch_lines", args=[pk]) + "?" + urlencode(chosen)
    return render(request, "subsidies/batch_paper.html", {"form": form, "batch": found, "back": back})


@require_POST
@roles(*ACTORS)
def batch_issue(request: HttpRequest, pk: int, issue_pk: int) -> HttpResponse:
    """The clerk's note on an exception, or holding its line back, or letting it go."""
    issue = get_object_or_404(BatchIssue.objects.select_related("payment", "batch"), pk=issue_pk, batch_id=pk)
    actor, at = Actor.current(), timezone.now()
    back = reverse("subsidies:batch", args=[pk])
    if actor.role != Role.CLERK:
        return refuse_page(request, _("Your post does not have this duty."), back)
    form = IssueForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Write the note in words."))
        return redirect(f"{back}#exceptions")
    data = form.cleaned_data
    try:
        if data["act"] == "note" or issue.payment is None:
            batches.note_issue(actor=actor, at=at, issue=issue, note=data["note"])
        elif data["act"] == "decline":
            batches.decline(actor=actor, at=at, issue=issue, note=data["note"])
        elif data["act"] == "hold":
            batches.hold(
                actor=actor, at=at, payment=issue.payment, reason_code=data["reason_code"], note=data["note"]
            )
        else:
            batches.unhold(actor=actor, at=at, payment=issue.payment, note=data["note"])
    except TransitionRefused as why:
        messages.error(request, str(why))
    return redirect(f"{back}#exceptions")


@require_POST
@roles(Role.CLERK)
def batch_notes(request: HttpRequest, pk: int) -> HttpResponse:
    """The clerk explains every exception of a kind at once."""
    found = find_batch(pk)
    form = NotesForm(request.POST)
    back = f"{reverse('subsidies:batch', args=[pk])}#exceptions"
    if not form.is_valid():
        messages.error(request, _("Write the note in words."))
        return redirect(back)
    data = form.cleaned_data
    try:
        count = batches.note_issues(
            actor=Actor.current(),
            at=timezone.now(),
            batch=found,
            kind=data["kind"],
            note=data["note"],
            reason_key=data["reason"],
        )
        messages.success(request, _("%(n)s exceptions were explained.") % {"n": count})
    except TransitionRefused as why:
        messages.error(request, str(why))
    return redirect(back)


@require_GET
@never_cache
@roles(Role.RELEASER)
def bank_file(request: HttpRequest, pk: int) -> HttpResponse:
    """The exact bytes that were released, after one line in the access log."""
    found = get_object_or_404(BankFile.objects.select_related("file"), pk=pk)
    data = files.read(found.file)
    log_access(
        kind=AccessLog.Kind.DOWNLOAD,
        region_id=found.region_id,
        subject="subsidies.bankfile",
        subject_id=pk,
        detail={"sha256": found.file.sha256, "name": found.file.name},
    )
    response = HttpResponse(data, content_type=found.file.content_type)
    response.headers["Content-Disposition"] = (
        content_disposition_header(True, found.file.name) or "attachment"
    )
    return response


@require_http_methods(["GET", "POST"])
@roles(*ACTORS)
def bank_result(request: HttpRequest, pk: int) -> HttpResponse:
    """Take over the bank's result file; problems are shown row by row and nothing is changed then. The answer to a
    large batch is taken over by a worker, whose problems a GET with its ``job`` shows.
    """
    found = find_batch(pk)
    back = reverse("subsidies:batch", args=[pk])
    actor = Actor.current()
    if actor.role not in bank_results.IMPORTERS:
        return refuse_page(request, _("Your post does not have this duty."), back)
    if request.method == "GET":
        return _job_problems(request, found, back)
    form = ResultForm(request.POST, request.FILES)
    if not form.is_valid():
        messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
        return redirect(back)
    upload, at = form.cleaned_data["file"], timezone.now()
    given = {"actor": actor, "at": at, "batch": found, "name": upload.name, "data": upload.read()}
    if found.line_count > bank_results.MOST_AT_ONCE:
        return redirect("staff:job", pk=bank_results.start_import(**given).pk)
    try:
        outcome = bank_results.import_result(**given)
    except ResultRefused as why:
        return _problems(request, found, str(why), why.problems, upload.name, status=422)
    if outcome.repeated:
        messages.info(request, _("This very file was taken over before. Nothing has changed."))
    else:
        messages.success(
            request,
            _("Taken over: %(paid)s paid, %(failed)s failed, %(unchanged)s unchanged.")
            % {"paid": outcome.paid, "failed": outcome.failed, "unchanged": outcome.unchanged},
        )
    return redirect(back)


def _job_problems(request: HttpRequest, found: PaymentBatch, back: str) -> HttpResponse:
    """What a worker found wrong with a result file; back to the batch when it took the file over."""
    key = uuid_or_none(request.GET.get("job", ""))
    jobs = Job.objects.filter(kind=bank_results.JOB, arguments__batch=found.pk)
    job = jobs.filter(pk=key).first() if key else None
    refused = job.result.get("refused") if job else None
    if job is None or not refused:
        return redirect(back)
    problems = [Problem(*row) for row in job.result["problems"]]
    return _problems(request, found, refused, problems, job.result["name"])


def _problems(
    request: HttpRequest,
    found: PaymentBatch,
    refusal: str,
    problems: list[Problem],
    name: str,
    status: int = 200,
) -> HttpResponse:
    shown = problems[: bank_results.MOST_PROBLEMS]
    context = {"batch": found, "refusal": refusal, "problems": shown, "count": len(problems), "name": name}
    return render(request, "subsidies/bank_result.html", context, status=status)
