"""Pages of exchanges: partners that are due and the requests, asking, one request with its files and answers."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cases.children.views import posted
from cases.matching.enums import RequestState
from cases.matching.exchanges import pages, selectors, services
from cases.matching.exchanges import people as exchange_people
from cases.matching.exchanges.forms import RequestForm
from cases.matching.kinds import KINDS
from cases.models import DataRequest, ListImport
from staff.access import roles
from staff.enums import Role
from staff.models import StoredFile
from staff.scope import current
from staff.workflow import Actor, TransitionRefused, history

READERS = (Role.CLERK, Role.APPROVER, Role.LEADER)
PAGE = 30


@require_GET
@roles(*READERS)
def requests(request: HttpRequest) -> HttpResponse:
    """Which partner is due in this month, quarter or term, and the requests; ``?show=late`` those without an answer."""
    today = timezone.localdate()
    show = request.GET.get("show", "")
    show = show if show in selectors.SHOWS else ""
    page = Paginator(selectors.requests(show, today), PAGE).get_page(request.GET.get("page"))
    context = {
        "due": pages.due_rows(selectors.due_partners(today)),
        "page": page,
        "rows": [pages.row_of(one, today) for one in page],
        "segments": selectors.segments(show, today),
        "show": show,
        "kinds": [kind for kind in KINDS.values() if kind.asked is not None],
        "may_ask": current().role == Role.CLERK,
        "today": today,
    }
    return render(request, "cases/requests.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@roles(Role.CLERK)
def request_add(request: HttpRequest) -> HttpResponse:
    """Ask a partner: ``?kind=`` is the list that will answer."""
    kind = KINDS.get(request.GET.get("kind", ""))
    if kind is None or kind.asked is None:
        raise Http404
    today = timezone.localdate()
    initial = {
        "period": today.replace(day=1),
        "recipient": str(kind.partner),
        "purpose": str(kind.asked.purpose),
        "basis": kind.asked.basis,
        "roles": list(kind.asked.roles),
        "columns": list(kind.asked.columns),
    }
    form = RequestForm(posted(request), kind=kind, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            made = services.open_request(form.wish(), region_id=current().ranges[0][0], at=timezone.now())
            messages.success(request, _("The request waits for approval."))
            return redirect("cases:request", made.pk)
        except TransitionRefused as why:
            form.add_error(None, str(why))
    context = {"form": form, "kind": kind, "back": reverse("cases:requests"), "known": None, "warnings": []}
    return render(request, "cases/request_form.html", context)


def _request(pk: int) -> DataRequest:
    found: DataRequest = get_object_or_404(
        DataRequest.objects.select_related("region", "requested_by", "approved_by"), pk=pk
    )
    return found


@require_GET
@roles(*READERS)
def request_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One request: what is given to whom and why, who approved it, what came back."""
    found, actor = _request(pk), Actor.current()
    may_write = actor.role == Role.CLERK
    mine = set(
        StoredFile.objects.filter(pk__in=[found.file_id, found.feedback_id]).values_list("pk", flat=True)
    )
    counted = {}
    if found.state in (RequestState.SUBMITTED, RequestState.APPROVED):
        counted = exchange_people.count(found.region, found.roles)
    sent = found.state in (RequestState.SENT, RequestState.ANSWERED)
    context = {
        "request_": found,
        "status": pages.status(found.state),
        "facts": pages.facts(found),
        "actions": pages.actions(found, actor),
        "events": pages.events(found, list(history(found))),
        "people": [(exchange_people.ROLES[role], number) for role, number in counted.items()],
        "may_make": may_write and found.state == RequestState.APPROVED,
        "may_answer": may_write and sent,
        "may_close": may_write and found.state == RequestState.ANSWERED,
        "file_mine": found.file_id in mine,
        "feedback_mine": found.feedback_id in mine,
        "answers": services.answers_of(found),
        "unlinked": selectors.unlinked(found) if may_write and sent else [],
        "upload_url": f"{reverse('cases:list_upload')}?kind={found.kind}&month={found.period:%Y-%m}&request={pk}",
    }
    return render(request, "cases/request.html", context)


@require_POST
@roles(Role.CLERK, Role.APPROVER)
def request_act(request: HttpRequest, pk: int) -> HttpResponse:
    """Approve, refuse, hand over: ``action`` and ``reason``."""
    try:
        services.act(
            _request(pk),
            request.POST.get("action", ""),
            reason=request.POST.get("reason", ""),
            at=timezone.now(),
        )
    except TransitionRefused as why:
        messages.error(request, str(why))
    return redirect("cases:request", pk)


@require_POST
@roles(Role.CLERK)
def request_make(request: HttpRequest, pk: int) -> HttpResponse:
    """Make the list that goes out, in a job."""
    back = reverse("cases:request", args=[pk])
    try:
        job = services.start_list(_request(pk), at=timezone.now(), done_url=back)
    except TransitionRefused as why:
        messages.error(request, str(why))
        return redirect(back)
    return redirect("staff:job", job.pk)


@never_cache
@require_GET
@roles(Role.CLERK)
def request_file(request: HttpRequest, pk: int, which: str) -> HttpResponse:
    """The list or the feedback, for the person who made it; the download is logged with the purpose."""
    found = _request(pk)
    try:
        stored, data = services.read_file(found, found.file_id if which == "list" else found.feedback_id)
    except TransitionRefused as why:
        messages.error(request, str(why))
        return redirect("cases:request", pk)
    response = HttpResponse(data, content_type=stored.content_type)
    response.headers["Content-Disposition"] = content_disposition_header(True, stored.name) or "attachment"
    return response


@require_POST
@roles(Role.CLERK)
def request_link(request: HttpRequest, pk: int) -> HttpResponse:
    """Say which list is the answer: ``list``."""
    found = _request(pk)
    given = request.POST.get("list", "")
    came = ListImport.objects.filter(pk=int(given)).first() if given.isdecimal() and len(given) < 19 else None
    try:
        if came is None:
            raise services.RequestRefused(_("Choose the list that answers the request."))
        services.link_answer(found, came, at=timezone.now())
    except TransitionRefused as why:
        messages.error(request, str(why))
    return redirect("cases:request", pk)


@require_POST
@roles(Role.CLERK)
def request_feedback(request: HttpRequest, pk: int) -> HttpResponse:
    """Make the feedback and close the request, in a job."""
    back = reverse("cases:request", args=[pk])
    try:
        job = services.start_feedback(_request(pk), at=timezone.now(), done_url=back)
    except TransitionRefused as why:
        messages.error(request, str(why))
        return redirect(back)
    return redirect("staff:job", job.pk)
