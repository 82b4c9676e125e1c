"""Pages of taking lists in: upload, what the columns hold, the check, confirmation, and the rows to send back."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from cases.matching.exchanges import services as exchanges
from cases.matching.forms import first_of_month
from cases.matching.intake import pages as intake_pages
from cases.matching.intake import services as intake
from cases.matching.intake import uploads
from cases.matching.intake.forms import ReasonForm, UploadForm
from cases.matching.reading import preview
from cases.matching.reading.download import with_reasons
from cases.matching.reading.files import ListFileError
from cases.models import ListImport, MatchRun
from staff import files
from staff.access import roles
from staff.audit import log_access
from staff.enums import Role
from staff.models import AccessLog
from staff.workflow import Actor, TransitionRefused

READERS = (Role.CLERK, Role.APPROVER, Role.LEADER)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _county(request: HttpRequest) -> int:
    return int(request.assignment.post.region_id)  # type: ignore[attr-defined]


def _may_write(request: HttpRequest) -> bool:
    return bool(request.assignment.post.role == Role.CLERK)  # type: ignore[attr-defined]


def _list(pk: int) -> ListImport:
    found: ListImport = get_object_or_404(
        ListImport.objects.select_related("file", "user", "region", "layout__user", "replaces"), pk=pk
    )
    return found


def _waiting_url(period: Any) -> str:
    return f"{reverse('cases:lists_waiting')}?month={period:%Y-%m}"


@roles(Role.CLERK)
def list_upload(request: HttpRequest) -> HttpResponse:
    """Take files; what is wrong with one as a whole is said, and nothing of it is kept."""
    initial = {
        "period": first_of_month(request.GET.get("month", ""), timezone.localdate()),
        "kind": request.GET.get("kind", ""),
    }
    form = UploadForm(request.POST or None, request.FILES or None, initial=initial)
    if request.method != "POST" or not form.is_valid():
        return render(request, "cases/list_upload.html", {"form": form})
    period = form.cleaned_data["period"]
    taken = intake.take_files(
        actor=Actor.current(),
        at=timezone.now(),
        files=((file.name, file.read()) for file in form.cleaned_data["file"]),
        kind=form.cleaned_data["kind"],
        period=period,
        region_id=_county(request),
    )
    kept = [each for each in taken if each.list_import is not None]
    for each in taken:
        if each.refusal and (kept or len(taken) > 1):
            form.add_error("file", f"{each.name}: {each.refusal}")
        elif each.refusal:
            form.add_error("file", each.refusal)
    if not kept:
        return render(request, "cases/list_upload.html", {"form": form})
    for each in taken:
        if each.refusal:
            messages.error(request, f"{each.name}: {each.refusal}")
    if given := request.GET.get("request"):
        came = [each.list_import for each in kept if each.list_import is not None]
        for why in exchanges.link_uploads(given, came, at=timezone.now()):
            messages.error(request, why)
    again = [each.name for each in kept if not each.new]
    if again:
        text = _("Here already for this month, nothing was changed: %(names)s")
        messages.info(request, text % {"names": "、".join(again)})
    if len(taken) == 1 and kept[0].list_import is not None:
        return redirect("cases:list", kept[0].list_import.pk)
    return redirect(_waiting_url(period))


@require_GET
@roles(Role.CLERK)
def lists_waiting(request: HttpRequest) -> HttpResponse:
    """The uploads of a month that wait to be confirmed, all on one page."""
    period = first_of_month(request.GET.get("month", ""), timezone.localdate())
    waiting = intake_pages.waiting(_county(request), period)
    ready = [each for each in waiting if each["certain"]]
    context = {"period": period, "waiting": waiting, "ready": len(ready)}
    return render(request, "cases/lists_waiting.html", context)


@require_POST
@roles(Role.CLERK)
def lists_confirm(request: HttpRequest) -> HttpResponse:
    """Confirm every upload of a month that needs no further word."""
    period = first_of_month(request.POST.get("month", ""), timezone.localdate())
    run, confirmed = None, 0
    for each in intake_pages.waiting(_county(request), period):
        if not each["certain"]:
            continue
        try:
            run = uploads.confirm_list(actor=Actor.current(), at=timezone.now(), list_import=each["list"])
            confirmed += 1
        except TransitionRefused as error:
            messages.error(request, f"{each['list'].name}: {error}")
    if run is None:
        messages.info(request, _("No upload of this month can be imported without a further word."))
        return redirect(_waiting_url(period))
    text = ngettext("%(n)d list is imported.", "%(n)d lists are imported.", confirmed)
    messages.success(request, text % {"n": confirmed})
    return redirect("cases:run", run.pk)


@require_GET
@roles(*READERS)
def list_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """How a list was understood: what became of its rows, its columns, first rows, and which rows have what problem."""
    found = _list(pk)
    return render(request, "cases/list.html", _check(request, found))


def _check(request: HttpRequest, found: ListImport) -> dict[str, Any]:
    try:
        peek = intake.shown_of(found).peek if found.file is not None else preview.Peek()
    except ListFileError:  # a file taken in by an earlier version, which is read no more
        peek = preview.Peek()
    may_write = _may_write(request)
    waits = may_write and found.state == ListImport.State.PREVIEW
    return {
        "list": found,
        "run": MatchRun.objects.filter(region_id=found.region_id, period=found.period).first(),
        "peek": peek,
        "accounts": intake_pages.accounts(found),
        "notices": intake_pages.notices(found),
        "sheets": intake_pages.columns_of(found),
        "problem_counts": intake_pages.problem_lines(found),
        "certain": intake.is_certain(found),
        "replaceable": uploads.replaceable(found) if waits else [],
        "may_write": may_write,
        "reason_form": ReasonForm(),
    }


@roles(Role.CLERK)
def list_columns(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what the columns of a sheet hold; remembered for the sender's next file."""
    found = _list(pk)
    if found.state != ListImport.State.PREVIEW or found.file is None:
        messages.error(request, _("The list has been imported already."))
        return redirect("cases:list", pk)
    try:
        shown = intake.shown_of(found).sheets
    except ListFileError as unread:
        messages.error(request, str(unread))
        return redirect("cases:list", pk)
    asked = request.POST.get("sheet") or request.GET.get("sheet", "")
    chosen = next((each for each in shown if str(each.place) == asked), shown[0])
    fields = [column.field for column in chosen.columns]
    ten_thousands, error = chosen.ten_thousands, ""
    if request.method == "POST":
        allowed = {code for code, _label in intake_pages.choices(found.kind)}
        posted = [request.POST.get(f"column-{i}", "") for i in range(len(fields))]
        fields = [field if field in allowed else "" for field in posted]
        ten_thousands = request.POST.get("ten_thousands") == "on"
        try:
            intake.name_columns(
                actor=Actor.current(), at=timezone.now(), list_import=found, sheet=chosen.place,
                columns=fields, ten_thousands=ten_thousands,
            )  # fmt: skip
        except (ListFileError, TransitionRefused) as refusal:
            error = str(refusal)
        else:
            messages.success(request, _("The columns are remembered for this sender's lists."))
            return redirect("cases:list", pk)
    columns = [
        {"name": f"column-{i}", "header": c.header, "samples": c.samples, "by": c.by, "field": field}
        for i, (c, field) in enumerate(zip(chosen.columns, fields, strict=True))
    ]
    context = {
        "list": found,
        "sheets": shown,
        "chosen": chosen,
        "columns": columns,
        "choices": intake_pages.choices(found.kind),
        "ten_thousands": ten_thousands,
        "error": error,
    }
    return render(request, "cases/list_columns.html", context)


@require_POST
@roles(Role.CLERK)
def list_confirm(request: HttpRequest, pk: int) -> HttpResponse:
    """Make the list one of the month's; ``replaces``: the list of the month that it corrects."""
    found = _list(pk)
    asked = request.POST.get("replaces", "")
    replaces = next((each for each in uploads.replaceable(found) if str(each.pk) == asked), None)
    try:
        run = uploads.confirm_list(
            actor=Actor.current(), at=timezone.now(), list_import=found, replaces=replaces
        )
    except TransitionRefused as error:
        messages.error(request, str(error))
        return redirect("cases:list", pk)
    return redirect("cases:run", run.pk)


@require_POST
@roles(Role.CLERK)
def list_discard(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an upload back."""
    found = _list(pk)
    try:
        uploads.discard_list(actor=Actor.current(), at=timezone.now(), list_import=found)
    except TransitionRefused as error:
        messages.error(request, str(error))
        return redirect("cases:list", pk)
    messages.success(request, _("The upload was taken back."))
    return redirect(f"{reverse('cases:lists')}?month={found.period:%Y-%m}")


@require_POST
@roles(Role.CLERK)
def list_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an imported list out of its month again."""
    found = _list(pk)
    try:
        uploads.withdraw_list(actor=Actor.current(), at=timezone.now(), list_import=found)
    except TransitionRefused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The list is no longer one of the month's; the month is matched again."))
    return redirect("cases:list", pk)


@require_POST
@roles(Role.CLERK)
def list_problems(request: HttpRequest, pk: int) -> HttpResponse:
    """The rows with problems as the same sheets with the reason beside each, numbers in full: an export, logged."""
    found, form = _list(pk), ReasonForm(request.POST)
    if not form.is_valid() or found.file is None:
        messages.error(request, _("Write the reason in words."))
        return redirect("cases:list", pk)
    try:
        read = intake.read_again(found)
    except ListFileError as error:
        messages.error(request, str(error))
        return redirect("cases:list", pk)
    mark = _(
        "%(name)s, %(month)s: rows to correct. Made by %(person)s, %(day)s. Internal, not to be passed on."
    ) % {
        "name": found.get_kind_display(),
        "month": f"{found.period:%Y-%m}",
        "person": request.user.name,  # type: ignore[union-attr]
        "day": timezone.localtime().strftime("%Y-%m-%d %H:%M"),
    }
    data = with_reasons(files.read(found.file), read, name=found.name, mark=mark)
    log_access(
        kind=AccessLog.Kind.EXPORT,
        region_id=found.region_id,
        subject="cases.listimport",
        subject_id=found.pk,
        reason=form.cleaned_data["reason"],
        detail={"what": "list_problems", "rows": read.problems.select("sheet", "line").n_unique()},
    )
    name = _("To correct – %(name)s.xlsx") % {"name": found.name.rsplit(".", 1)[0]}
    response = HttpResponse(data, content_type=XLSX)
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name)
    return response
