"""The audit trail."""

from __future__ import annotations

import datetime as dt
import uuid

from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_GET, require_POST

from staff import trail as lines
from staff import trail_export
from staff.access import ActingRequest, roles
from staff.enums import Role
from staff.forms import TrailFilter


@roles(Role.AUDITOR)
@require_GET
def trail(request: ActingRequest) -> HttpResponse:
    which = _which(request.GET)
    form, asked = _asked(which, request.GET)
    found = lines.LISTS[which][1](asked) if asked else []
    after = lines.next_after(found)
    return render(
        request,
        "staff/trail.html",
        {
            "which": which,
            "form": form,
            "asked": asked,
            "rows": lines.shown(which, found),
            "later": _address(request, after=f"{after[0].isoformat()}~{after[1]}") if after else "",
            "earlier": _address(request, after="") if request.GET.get("after") else "",
            "lists": [
                {"label": label, "url": f"?list={name}", "current": name == which}
                for name, (label, _read) in lines.LISTS.items()
            ],
        },
    )


@roles(Role.AUDITOR)
@require_POST
def trail_export_start(request: ActingRequest) -> HttpResponse:
    """Queue a file of everything the filter asks for; then its progress."""
    which = _which(request.POST)
    form, asked = _asked(which, request.POST)
    file_format = request.POST.get("format", "xlsx")
    if asked is None or file_format not in trail_export.FORMATS:
        return render(request, "400.html", {"form": form}, status=400)
    job = trail_export.start_export(which, asked, file_format, at=timezone.now())
    return redirect("staff:job", job.pk)


def _which(given: QueryDict) -> str:
    which = given.get("list", "accesses")
    if which not in lines.LISTS:
        raise Http404
    return which


def _asked(which: str, given: QueryDict) -> tuple[TrailFilter, lines.Asked | None]:
    today = timezone.localdate()
    data = given.copy()
    data.setdefault("until", today.isoformat())
    data.setdefault("since", (today - dt.timedelta(days=lines.DAYS - 1)).isoformat())
    form = TrailFilter(data, kinds=lines.kinds(which))
    if not form.is_valid():
        return form, None
    clean = form.cleaned_data
    until = clean["until"] or today
    since = clean["since"] or until - dt.timedelta(days=lines.DAYS - 1)
    person = clean["person"]
    return form, lines.Asked(
        since=min(since, until),
        until=until,
        person_id=person.pk if person else None,
        child_id=clean["child"],
        kind=clean["kind"],
        after=_after(which, given.get("after", "")),
    )


def _after(which: str, text: str) -> tuple[dt.datetime, str] | None:
    """The key of the last line of the page before, as :func:`trail` wrote it into the address; 404 for
    anything else.
    """
    if not text:
        return None
    moment, _tilde, key = text.partition("~")
    try:
        at = parse_datetime(moment)
        if which != "changes":
            uuid.UUID(key)
    except ValueError:
        raise Http404 from None
    if at is None or timezone.is_naive(at) or not key:
        raise Http404
    return at, key


def _address(request: ActingRequest, **changes: str) -> str:
    query = request.GET.copy()
    for name, value in changes.items():
        query[name] = value
    return "?" + query.urlencode()
