"""Pages of notes: what one was told, what one has told, writing one, and letting a browser be woken."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cases.models import Child, Visit
from cases.notes import pages, pushes, selectors
from cases.notes.forms import NoteForm, SubscriptionForm
from cases.notes.services import SENDERS, read_notes, send_note
from staff.access import roles
from staff.enums import Role
from staff.models import Region
from staff.scope import current
from staff.workflow import Actor, TransitionRefused

RECIPIENTS = (Role.DIRECTOR, Role.SUPERVISOR, Role.CLERK, Role.APPROVER)
WRITERS = tuple(sorted(SENDERS))
PAGE = 30


@never_cache
@require_http_methods(["GET", "POST"])
@roles(*RECIPIENTS)
def notes(request: HttpRequest) -> HttpResponse:
    """What one was told, the unread first. POST: all of it is read."""
    if request.method == "POST":
        read_notes(actor=Actor.current(), at=timezone.now())
        return redirect("cases:notes")
    page = Paginator(selectors.inbox(request.user.pk or 0), PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": [pages.inbox_row(note) for note in page],
        "tabs": _tabs("cases:notes"),
        "any_unread": any(note.read_at is None for note in page),
        "push_key": pushes.public_key(),
    }
    return render(request, "cases/notes/inbox.html", context)


@require_POST
@roles(*RECIPIENTS)
def note_read(request: HttpRequest, pk: int) -> HttpResponse:
    """Read one, and go on to what it is about."""
    note = get_object_or_404(selectors.inbox(request.user.pk or 0), pk=pk)
    read_notes(actor=Actor.current(), at=timezone.now(), ids=[pk])
    return redirect(pages.leads_to(note))


@require_GET
@roles(*WRITERS)
def notes_sent(request: HttpRequest) -> HttpResponse:
    """What one has told, and whether it was read."""
    page = Paginator(selectors.sent(request.user.pk or 0), PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": [pages.sent_row(note) for note in page],
        "tabs": _tabs("cases:notes_sent"),
    }
    return render(request, "cases/notes/sent.html", context)


@require_http_methods(["GET", "POST"])
@roles(*WRITERS)
def note_add(request: HttpRequest) -> HttpResponse:
    """Write to somebody of a village: ``?child=``, ``?visit=`` or ``?village=`` says about what."""
    at = timezone.now()
    about, back = _about(request, at)
    visit, child, region_id = about["visit"], about["child"], about["region_id"]
    people = selectors.people_at(
        region_id, at, besides=request.user.pk or 0, first=visit.conducted_by_id if visit else None
    )
    form = NoteForm(request.POST if request.method == "POST" else None, people=people)
    if form.is_valid():
        to = form.cleaned_data["recipient"]
        try:
            send_note(
                actor=Actor.current(),
                at=at,
                recipient=to,
                text=form.cleaned_data["text"],
                child=child,
                visit=visit,
            )
        except TransitionRefused as why:
            form.add_error(None, str(why))
        else:
            messages.success(request, _("The note to %(person)s is sent.") % {"person": dict(people)[to]})
            return redirect(back)
    context = {"form": form, "about": about["words"], "back": back, "people": people}
    return render(request, "cases/notes/add.html", context, status=422 if form.errors else 200)


def _about(request: HttpRequest, at: dt.datetime) -> tuple[dict[str, Any], str]:
    """What a note is about, and the page it was begun on. 404 for what the reader does not see, or nothing."""
    wanted = {name: request.GET.get(name, "") for name in ("visit", "child", "village")}
    if wanted["visit"].isdecimal():
        visit = get_object_or_404(Visit.objects.select_related("child", "region"), pk=int(wanted["visit"]))
        words = _("%(child)s · %(kind)s") % {"child": visit.child.name, "kind": visit.get_kind_display()}
        found = {"visit": visit, "child": visit.child, "region_id": visit.region_id, "words": words}
        return found, reverse("cases:visit", args=[visit.pk])
    if wanted["child"].isdecimal():
        child = get_object_or_404(Child.objects, pk=int(wanted["child"]))
        found = {"visit": None, "child": child, "region_id": child.region_id, "words": child.name}
        return found, reverse("cases:child", args=[child.pk])
    if wanted["village"].isdecimal() and current().covers(int(wanted["village"])):
        village = get_object_or_404(
            Region.objects.in_force(timezone.localdate(at)), pk=int(wanted["village"])
        )
        found = {"visit": None, "child": None, "region_id": village.pk, "words": village.name}
        return found, reverse("cases:notes_sent")
    raise Http404


def _tabs(here: str) -> list[dict[str, Any]]:
    """Received and sent; whoever cannot send has the first alone."""
    names = {"cases:notes": pgettext("note", "Received"), "cases:notes_sent": pgettext("note", "Sent")}
    if Actor.current().role not in SENDERS:
        return []
    return [{"label": label, "url": reverse(name), "current": name == here} for name, label in names.items()]


@require_POST
@roles(*RECIPIENTS)
def push_begin(request: HttpRequest) -> HttpResponse:
    """A browser asks to be woken. 204, or 422 with a sentence."""
    form = SubscriptionForm(request.POST)
    if not form.is_valid():
        return JsonResponse({"detail": _("This browser cannot be woken from here.")}, status=422)
    given = form.cleaned_data
    try:
        pushes.subscribe(
            actor=Actor.current(),
            at=timezone.now(),
            endpoint=given["endpoint"],
            public_key=given["p256dh"],
            secret=given["auth"],
        )
    except TransitionRefused as why:
        return JsonResponse({"detail": str(why)}, status=422)
    return HttpResponse(status=204)


@require_POST
@roles(*RECIPIENTS)
def push_end(request: HttpRequest) -> HttpResponse:
    """A browser is not to be woken any more; known or not, 204."""
    pushes.unsubscribe(actor=Actor.current(), endpoint=request.POST.get("endpoint", ""))
    return HttpResponse(status=204)
