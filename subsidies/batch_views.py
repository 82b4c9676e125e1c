"""Pages of payment batches: the list, preparing, one batch, its lines, exceptions, bank files and bank
results.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cases.paper_forms import PaperForm
from staff import files
from staff.access import roles
from staff.audit import log_access
from staff.enums import Role
from staff.models import AccessLog, Region
from staff.models.region import county_of
from staff.scope import current
from staff.workflow import Actor, TransitionRefused
from subsidies import bank_results, batch_pages, batches
from subsidies.duties import is_not_yours, refuse_page
from subsidies.enums import PaymentState
from subsidies.forms import BatchForm, IssueForm, ResultForm, month_or_none
from subsidies.models import BankFile, BatchIssue, PaymentBatch
from subsidies.months import month_of
from subsidies.paper import lines_of, place_of, start_batch_paper

READERS = (Role.CLERK, Role.APPROVER, Role.RELEASER, Role.LEADER)
ACTORS = (Role.CLERK, Role.APPROVER, Role.RELEASER)
PAGE = 24
LINES = 50


def county() -> Region:
    """The county of the open scope."""
    return Region.objects.get(pk=county_of(current().ranges[0][0]))


def _batch(pk: int) -> PaymentBatch:
    found = batch_pages.with_previous(
        PaymentBatch.objects.select_related(
            "scheme", "region", "prepared_by", "approved_by", "released_by", "reconciled_by"
        )
    )
    return get_object_or_404(found, pk=pk)


@require_GET
@roles(*READERS)
def batch_list(request: HttpRequest) -> HttpResponse:
    """Batches of the county, the latest month first."""
    found = PaymentBatch.objects.select_related(
        "scheme", "prepared_by", "approved_by", "released_by"
    ).annotate(
        paid=Count("payments", filter=Q(payments__state=PaymentState.PAID)),
        failed=Count("payments", filter=Q(payments__state=PaymentState.FAILED)),
    )
    page = Paginator(found.order_by("-month", "-pk"), PAGE).get_page(request.GET.get("page"))
    actions: list[dict[str, Any]] = []
    if current().role in (Role.CLERK, Role.APPROVER, Role.LEADER):
        actions.append({"label": _("Standards"), "url": reverse("subsidies:rates"), "icon": "list"})
    if current().role == Role.CLERK:
        actions.append(
            {
                "label": _("Prepare a month"),
                "url": reverse("subsidies:batch_prepare"),
                "icon": "plus",
                "primary": True,
            }
        )
    return render(request, "subsidies/batches.html", {"page": page, "actions": actions})


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
    found = _batch(pk)
    context = batch_pages.values(found, Actor.current(), request.GET.get("page"))
    return render(request, "subsidies/batch.html", context | {"result_form": ResultForm()})


@require_POST
@roles(*ACTORS)
def batch_transition(request: HttpRequest, pk: int) -> HttpResponse:
    """Approve, return, release."""
    found = _batch(pk)
    actor, name = Actor.current(), request.POST.get("action", "")
    back = reverse("subsidies:batch", args=[pk])
    if text := is_not_yours(found, name, actor):
        return refuse_page(request, text, back)
    try:
        batches.act(name, actor=actor, at=timezone.now(), batch=found, reason=request.POST.get("reason", ""))
    except TransitionRefused as why:
        messages.error(request, str(why))
    return redirect(back)


@require_GET
@roles(*READERS)
def batch_lines(request: HttpRequest, pk: int) -> HttpResponse:
    """The lines of a batch, by township, kind and state; the totals are those of the selection."""
    found = _batch(pk)
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
    found, chosen = _batch(pk), _chosen(request.GET)
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
        elif data["act"] == "hold":
            batches.hold(
                actor=actor, at=at, payment=issue.payment, reason_code=data["reason_code"], note=data["note"]
            )
        else:
            batches.unhold(actor=actor, at=at, payment=issue.payment, note=data["note"])
    except TransitionRefused as why:
        messages.error(request, str(why))
    return redirect(f"{back}#exceptions")


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


@require_POST
@roles(*ACTORS)
def bank_result(request: HttpRequest, pk: int) -> HttpResponse:
    """Take over the bank's result file; problems are shown row by row and nothing is changed then."""
    found = _batch(pk)
    back = reverse("subsidies:batch", args=[pk])
    actor = Actor.current()
    if actor.role not in bank_results.IMPORTERS:
        return refuse_page(request, _("Your post does not have this duty."), back)
    form = ResultForm(request.POST, request.FILES)
    if not form.is_valid():
        messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
        return redirect(back)
    upload = form.cleaned_data["file"]
    try:
        outcome = bank_results.import_result(
            actor=actor, at=timezone.now(), batch=found, name=upload.name, data=upload.read()
        )
    except bank_results.ResultRefused as why:
        context = {"batch": found, "refusal": str(why), "problems": why.problems, "name": upload.name}
        return render(request, "subsidies/bank_result.html", context, status=422)
    if outcome.repeated:
        messages.info(request, _("This very file was taken over before. Nothing has changed."))
    else:
        messages.success(
            request,
            _("Taken over: %(paid)s paid, %(failed)s failed, %(unchanged)s unchanged.")
            % {"paid": outcome.paid, "failed": outcome.failed, "unchanged": outcome.unchanged},
        )
    return redirect(back)
