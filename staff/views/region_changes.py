"""Pages of changes of divisions: what was changed, and making one: show what it does, then confirm."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from staff import region_changes as services
from staff.access import ActingRequest, roles
from staff.enums import Role
from staff.models import RegionChange
from staff.region_change_forms import RegionChangeForm
from staff.scope import current

READERS = (Role.CLERK, Role.APPROVER, Role.LEADER, Role.SYSADMIN, Role.AUDITOR)
PAGE = 30
JOB_FROM = 300  # children: more take longer than a person waits for a page


@require_GET
@roles(*READERS)
def region_changes(request: ActingRequest) -> HttpResponse:
    """What was changed, latest first, page by key."""
    before = request.GET.get("before", "")
    found = RegionChange.objects.select_related("source__parent", "user").order_by("-pk")
    if before.isdecimal():
        found = found.filter(pk__lt=int(before))
    rows = list(found[: PAGE + 1])
    context = {
        "rows": [_row(one) for one in rows[:PAGE]],
        "later": f"?before={rows[PAGE - 1].pk}" if len(rows) > PAGE else "",
        "earlier": "?" if before else "",
        "actions": [
            {
                "label": _("Change divisions"),
                "url": reverse("staff:region_change_add"),
                "icon": "plus",
                "primary": True,
            }
        ]
        if current().role == Role.CLERK
        else [],
    }
    return render(request, "staff/region_changes.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@roles(Role.CLERK)
def region_change_add(request: ActingRequest) -> HttpResponse:
    """Fill in, look at what it does, confirm. The text that was looked at is the text that is carried out."""
    at = timezone.now()
    if "lines" in request.POST:
        return _confirm(request, request.POST["lines"])
    form = RegionChangeForm(
        request.POST if request.method == "POST" else None,
        request.FILES or None,
        ranges=current().ranges,
        initial={"day": timezone.localdate(at), "kind": "merge"},
    )
    if request.method == "POST" and form.is_valid():
        try:
            found = services.preview(form.found, at=at)
        except services.RegionChangeRefused as refused:
            form.add_error(None, str(refused))
        else:
            context = {
                "outcomes": [_shown(one) for one in found],
                "lines": services.write_lines(form.found),
                "back": reverse("staff:region_change_add"),
            }
            return render(request, "staff/region_change_preview.html", context)
    return render(
        request, "staff/region_change_add.html", {"form": form, "back": reverse("staff:region_changes")}
    )


def _confirm(request: ActingRequest, text: str) -> HttpResponse:
    at = timezone.now()
    done_url = reverse("staff:region_changes")
    try:
        lines = services.read_lines(text)
        if services.children_in(lines) > JOB_FROM:
            job = services.start(lines, region_id=current().ranges[0][0], at=at, done_url=done_url)
            return redirect("staff:job", job.pk)
        done = services.apply(lines, at=at)
    except services.RegionChangeRefused as refused:
        messages.error(request, str(refused))
        return redirect("staff:region_change_add")
    messages.success(
        request,
        ngettext(
            "%(count)d change of divisions was carried out.",
            "%(count)d changes of divisions were carried out.",
            len(done),
        )
        % {"count": len(done)},
    )
    return redirect(done_url)


def _row(change: RegionChange) -> dict[str, Any]:
    return {"change": change, "target": f"{change.target_code:012d}", **_told(change.counts)}


def _told(counts: dict[str, Any]) -> dict[str, Any]:
    """Children, the rest of what went along, history, and the posts."""
    rows: dict[str, int] = counts.get("rows", {})
    child = rows.get("cases.child", 0)
    history = sum(count for label, count in rows.items() if label.endswith("history"))
    return {
        "children": child,
        "others": sum(rows.values()) - child - history,
        "history": history,
        "posts": counts.get("posts", []),
    }


def _shown(one: services.Outcome) -> dict[str, Any]:
    listed = [
        {"label": _name(label), "count": count}
        for label, count in sorted(one.counts.items(), key=lambda item: -item[1])
        if not label.endswith("history")
    ]
    return {
        "outcome": one,
        "kind": RegionChange.Kind(one.line.kind).label,
        "rows": listed,
        **_told({"rows": one.counts, "posts": one.posts}),
    }


NAMES = {
    "withdrawn": gettext_lazy("Transfers between the two, withdrawn"),
    "cases.childtoken": gettext_lazy("entries of the search"),
    "staff.storedfile": gettext_lazy("photos"),
    "cases.household": gettext_lazy("households"),
    "cases.categoryperiod": gettext_lazy("periods of the category"),
    "cases.childattribute": gettext_lazy("attributes"),
    "cases.visitphoto": gettext_lazy("pictures of visits"),
    "cases.visittask": gettext_lazy("visits asked for"),
    "cases.matchcandidate": gettext_lazy("pairs of list matching"),
    "cases.matchdecision": gettext_lazy("decisions of list matching"),
    "cases.defectstep": gettext_lazy("steps of defects"),
    "cases.carecontact": gettext_lazy("contacts of entrusted care"),
    "cases.notsamechild": gettext_lazy("pairs that are two children"),
}


def _name(label: str) -> str:
    """What a table of rows is called in the preview."""
    return str(NAMES.get(label) or apps.get_model(label)._meta.verbose_name)
