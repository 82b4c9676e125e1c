"""The desk: the queue, one item beside it with its decisions, and quiet visits approved together."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods
from django.views.decorators.vary import vary_on_headers

from cases.desk import pages, together
from cases.desk.forms import FilterForm
from cases.desk.merging import Filters, Key, Work, next_after, page_of, work_of
from cases.desk.sources import Done, Panel, Reader, Sent, WorkSource, kept, ranked
from staff.access import roles
from staff.audit import log_access
from staff.enums import Role
from staff.workflow import Actor, TransitionRefused

DESKS = (Role.SUPERVISOR, Role.CLERK, Role.APPROVER)


def _reader(request: HttpRequest) -> Reader:
    post = request.assignment.post  # type: ignore[attr-defined]
    return Reader(Actor.current(), post.region_id, timezone.now())


@never_cache
@require_GET
@vary_on_headers("HX-Request")
@roles(*DESKS)
def queue(request: HttpRequest) -> HttpResponse:
    """Everything that waits for the reader, oldest promise first; for htmx the list alone, to stand beside an item."""
    reader = _reader(request)
    filters = Filters.read(request.GET, reader)
    listed = page_of(reader, filters, Key.read(request.GET.get("after", "")))
    values = pages.list_values(reader, filters, listed, request.GET.get("current", ""))
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "cases/desk/_list.html", values)
    place = request.assignment.post.region.name  # type: ignore[attr-defined]
    asked = {
        "source": filters.source,
        "person": filters.person,
        "region": filters.region and filters.region.pk,
    }
    form = FilterForm(reader=reader, initial=asked)
    return render(
        request,
        "cases/queue.html",
        values | pages.head_values(reader, filters) | {"form": form, "place": place},
    )


@never_cache
@require_http_methods(["GET", "POST"])
@vary_on_headers("HX-Request")
@roles(*DESKS)
def work_item(request: HttpRequest, source: str, pk: int) -> HttpResponse:
    """One item with its decisions: beside the queue on a desktop, alone on a phone, a fragment for htmx.

    A decision answers with the next item; one that failed with the same item, what was typed, and why.
    """
    reader, found = _reader(request), _source(source)
    if reader.actor.role not in found.roles:
        raise PermissionDenied
    filters = Filters.read(request.GET, reader)
    sent = Sent(request.POST, request.FILES) if request.method == "POST" else None
    refused = ""
    if sent is not None:
        work = work_of(reader, found, pk)
        found.panel(pk, reader, None)  # 404 for what the reader does not see
        try:
            done = found.decide(pk, sent, reader)
        except (TransitionRefused, ValidationError) as why:
            refused = " ".join(why.messages) if isinstance(why, ValidationError) else str(why)
        else:
            following = work if done.stays else next_after(reader, filters, work.key if work else None)
            return _decided(request, reader, filters, pages.row_id(found.code, pk), done, following)
    panel = found.panel(pk, reader, sent)
    if refused:
        refused += pages.meanwhile(panel.about, reader)
    return _shown(request, reader, filters, found, pk, panel, sent, refused)


def _source(code: str) -> WorkSource:
    if code not in ranked():
        raise Http404
    return ranked()[code][1]


def _decided(
    request: HttpRequest, reader: Reader, filters: Filters, row: str, done: Done, following: Work | None
) -> HttpResponse:
    """After a decision: the next item. For htmx with the row that was decided, the counts and what was done."""
    here = reverse("cases:queue") + filters.query()
    there = pages.item_url(following.source.code, following.pk, filters) if following else here
    if not request.htmx:  # type: ignore[attr-defined]
        messages.success(request, done.said)
        return redirect(there)
    values: dict[str, Any] = {"decided": "" if done.stays else row, "said": done.said} | pages.head_values(
        reader, filters
    )
    if following is not None:
        panel = following.source.panel(following.pk, reader, None)
        _log(following.source, panel, following.pk, reader)
        values |= pages.panel_values(reader, filters, following.source, following.pk, panel)
    answer = render(request, "cases/desk/_answer.html", values)
    answer["HX-Replace-Url"] = there
    return answer


def _shown(
    request: HttpRequest,
    reader: Reader,
    filters: Filters,
    source: WorkSource,
    pk: int,
    panel: Panel,
    sent: Sent | None,
    refused: str,
) -> HttpResponse:
    status = 422 if refused else 200
    values = pages.panel_values(reader, filters, source, pk, panel, acts=kept(panel.acts, sent)) | {
        "refused": refused
    }
    if sent is None:
        _log(source, panel, pk, reader)
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "cases/desk/_panel.html", values, status=status)
    values |= pages.place_values(reader, filters, source, pk)
    return render(request, "cases/desk/item.html", values, status=status)


def _log(source: WorkSource, panel: Panel, pk: int, reader: Reader) -> None:
    log_access(
        kind="read",
        child_id=getattr(panel.about, "child_id", None),
        region_id=getattr(panel.about, "region_id", None) or reader.region_id,
        subject=panel.about._meta.label_lower,
        subject_id=pk,
    )


# --- Visits ---------------------------------------------------------------------------------------------------


@never_cache
@require_http_methods(["GET", "POST"])
@vary_on_headers("HX-Request")
@roles(Role.SUPERVISOR)
def visit_review(request: HttpRequest, pk: int) -> HttpResponse:
    """The address of a visit's review that other pages link to: the same item of the queue."""
    return work_item(request, "visits", pk)


@never_cache
@require_http_methods(["GET", "POST"])
@roles(Role.SUPERVISOR)
def queue_approve(request: HttpRequest) -> HttpResponse:
    """Quiet visits on one page with what approving each will do; take out what needs a closer look, approve the rest."""
    reader = _reader(request)
    if request.method == "POST":
        wanted = [int(pk) for pk in request.POST.getlist("visit") if pk.isdecimal() and len(pk) < 19]
        if not wanted:
            messages.warning(request, _("Choose at least one visit."))
            untouched = together.preview(reader) | {"none_chosen": True}
            return render(request, "cases/queue_approve.html", untouched, status=422)
        outcome = together.approve_together(wanted, actor=reader.actor, at=reader.at)
        if outcome.approved:
            words = ngettext("%(n)d visit approved.", "%(n)d visits approved.", len(outcome.approved))
            messages.success(request, words % {"n": len(outcome.approved)})
        if not outcome.left_out:
            return redirect("cases:queue")
        return render(request, "cases/desk/approved.html", {"outcome": outcome})
    return render(request, "cases/queue_approve.html", together.preview(reader))
