"""Pages about visit forms: the sets in force, one set, the county's own copy, and the blank form that phones keep."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django.views.decorators.vary import vary_on_headers

from cases.children.views import posted
from cases.models import QuestionSet
from cases.questions import pages
from cases.questions.choice import UnknownForm, definition, packaged, rows_in_force, sets_in_force
from cases.questions.counts import problem_counts
from cases.questions.definition import Definition, FormRef
from cases.questions.drafts import DraftChanged, discard_draft, draft_of, drafts_of, keep_draft
from cases.questions.editing import Tree, changed, fields_of, tree_of
from cases.questions.forms import PeriodForm, PublishForm, UploadForm, WithdrawForm
from cases.questions.publishing import PUBLISHERS, checked, own_code, publish_set, withdraw_set
from cases.questions.reading import SetError
from cases.refusals import RegisterRefused
from cases.visits.forms import BlankVisitForm
from cases.visits.pages import fields_values
from cases.visits.selectors import intervals_for
from staff.access import roles
from staff.enums import Role
from staff.models.region import county_of
from staff.scope import current
from staff.workflow import Actor

READERS = (Role.CLERK, Role.APPROVER, Role.LEADER)
VISITORS = (Role.DIRECTOR, Role.SUPERVISOR, Role.CLERK)
COUNTERS = (Role.SUPERVISOR, *READERS)


def _county() -> int:
    return county_of(current().ranges[0][0])


@require_GET
@roles(*READERS)
def visit_forms(request: HttpRequest) -> HttpResponse:
    """The sets in force in the county, first choice first, and what is published for later."""
    today, county = timezone.localdate(), _county()
    own = [row.code for row in rows_in_force(county, today)]
    later = QuestionSet.objects.filter(region_id=county, valid_from__gt=today).order_by("valid_from", "code")
    context = {
        "rows": pages.set_rows(sets_in_force(county, today), own),
        "later": list(later),
        "may_publish": current().role in PUBLISHERS,
        "drafts": drafts_of(county) if current().role in PUBLISHERS else [],
    }
    return render(request, "cases/questions/forms.html", context)


def _set(code: str, version: int) -> tuple[Definition, QuestionSet | None]:
    """A packaged version, or one of the county's own; another county's is not found."""
    try:
        found = definition(code, version)
    except UnknownForm:
        raise Http404 from None
    if FormRef(code, version) in packaged():
        return found, None
    row = QuestionSet.objects.select_related("published_by").filter(region_id=_county(), code=code)
    published = row.filter(version=version).first()
    if published is None:
        raise Http404
    return found, published


@require_GET
@roles(*READERS)
def visit_form_set(request: HttpRequest, code: str, version: int) -> HttpResponse:
    """One version of a set: as a table, as the blank form, and its other versions."""
    found, row = _set(code, version)
    today, county = timezone.localdate(), _county()
    in_force = {one.code: one.version for one in rows_in_force(county, today)}
    versions: list[Any] = [one.ref for one in packaged().values() if one.code == code]
    if row is not None:
        versions = list(QuestionSet.objects.filter(region_id=county, code=code).order_by("-version"))
    may = current().role in PUBLISHERS
    context = fields_values(BlankVisitForm(found, intervals_for(county, today))) | {
        "found": found,
        "row": row,
        "versions": versions,
        "used_for": pages.used_for(found),
        "question_rows": pages.question_rows(found),
        "problem_rows": [
            (domain.name, [pages.option_row(one) for one in domain.options]) for domain in found.domains
        ],
        "may_publish": may,
        "withdraw": WithdrawForm(initial={"valid_from": today})
        if may and row is not None and not row.withdrawn and in_force.get(code) == version
        else None,
    }
    return render(request, "cases/questions/form.html", context)


@require_GET
@roles(*READERS)
def visit_form_file(request: HttpRequest, code: str, version: int) -> HttpResponse:
    """One version as a file."""
    found, _row = _set(code, version)
    return _file(dict(found.source), f"{code}-{version}.json")


def _file(data: Any, name: str) -> HttpResponse:
    response = HttpResponse(
        json.dumps(data, ensure_ascii=False, indent=1), content_type="application/json; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@never_cache
@require_http_methods(["GET", "POST"])
@roles(*PUBLISHERS)
def visit_form_edit(request: HttpRequest, code: str, version: int) -> HttpResponse:
    """A copy of a set as fields; every button posts the whole of it, and it is kept as the county's draft. Published, it
    is the county's next version.
    """
    found, _row = _set(code, version)
    county, now, actor = _county(), timezone.now(), Actor.current()
    draft = draft_of(county, found.ref)
    begun = _own_tree(county, found, fields_of(found.source))
    act = request.POST.get("do", "")
    if request.method == "POST":
        pairs = [(key, text) for key in request.POST for text in request.POST.getlist(key)]
        tree = _own_tree(county, found, pairs)
    else:
        tree = dict(draft.tree) if draft else begun
    problem, seen = "", _number(request.POST.get("revision", ""))
    keeps: dict[str, Any] = {"actor": actor, "region_id": county, "ref": found.ref}
    if act == "download":
        return _file(_as_data(tree, found, timezone.localdate(now)), f"{found.code}.json")
    upload = UploadForm(posted(request) if act == "upload" else None, request.FILES or None)
    if act == "upload" and upload.is_valid():
        tree = _own_tree(county, found, fields_of(upload.cleaned_data["file"]))
    tree = changed(tree, act)
    try:
        if act == "discard":
            discard_draft(**keeps, seen=seen)
            messages.success(request, _("The draft is discarded. This is the form it was begun from."))
            return redirect("cases:visit_form_edit", code=code, version=version)
        if request.method == "POST" and (draft or _without_frame(tree) != _without_frame(begun)):
            draft = keep_draft(**keeps, at=now, tree=tree, seen=seen)
    except DraftChanged as why:
        problem = str(why)
    kept = {"draft": draft, "problem": problem, "revision": draft.revision if draft else 0}
    if act == "keep" and request.htmx:  # type: ignore[attr-defined]
        if problem:  # said in passing: what the colleague wrote has not been seen yet
            kept["revision"] = seen
        return render(request, "cases/questions/_draft.html", kept)
    form = PublishForm(
        request.POST if act == "publish" else None,
        initial={
            "valid_from": request.POST.get("valid_from")
            or (tree.get("valid_from") if draft else "")
            or timezone.localdate(now) + dt.timedelta(days=1),
            "document": tree.get("document", "") if draft or request.POST else "",
        },
    )
    if act == "publish" and form.is_valid() and not problem:
        try:
            row = publish_set(
                actor=actor, at=now, region_id=county, data=_without_frame(tree), **form.cleaned_data
            )
        except (SetError, RegisterRefused) as why:
            problem = str(why)
        else:
            discard_draft(**keeps)
            messages.success(
                request,
                _("Version %(n)d of %(name)s counts from %(day)s. Visits made before keep their form.")
                % {"n": row.version, "name": found.name, "day": row.valid_from},
            )
            return redirect("cases:visit_form_set", code=row.code, version=row.version)
    context = kept | {"found": found, "form": form, "upload": upload, "problem": problem, "changed_at": act}
    context |= pages.editor(tree)
    context |= _looked_at(tree, county, timezone.localdate(now), problem)
    status = 422 if problem or form.errors or upload.errors else 200
    return render(request, "cases/questions/form_edit.html", context, status=status)


def _own_tree(county: int, found: Definition, pairs: Iterable[tuple[str, str]]) -> Tree:
    tree = tree_of(pairs)
    tree["code"] = own_code(county, str(tree.get("code") or found.code))
    return tree


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def _without_frame(tree: Tree) -> Tree:
    return {key: value for key, value in tree.items() if key not in ("valid_from", "document", "version")}


def _as_data(tree: Tree, found: Definition, day: dt.date) -> Tree:
    return {"version": found.version, "valid_from": day.isoformat(), **tree}


def _looked_at(tree: Tree, county: int, day: dt.date, problem: str) -> dict[str, Any]:
    """What is wrong with a set, or the blank form that it makes."""
    try:
        found = checked(_without_frame(tree), valid_from=day, document="", version=1)
    except SetError as why:
        return {"wrong": "" if problem else str(why), "preview": None}
    return {"wrong": "", "preview": fields_values(BlankVisitForm(found, intervals_for(county, day)))}


@require_POST
@roles(*PUBLISHERS)
def visit_form_withdraw(request: HttpRequest, code: str, version: int) -> HttpResponse:
    """Use an own set no longer from a day on."""
    found, row = _set(code, version)
    if row is None:
        raise PermissionDenied
    form = WithdrawForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Give the day and the document."))
        return redirect("cases:visit_form_set", code=code, version=version)
    data = form.cleaned_data
    try:
        withdraw_set(
            actor=Actor.current(),
            at=timezone.now(),
            region_id=_county(),
            code=code,
            day=data["valid_from"],
            document=data["document"],
        )
    except RegisterRefused as why:
        messages.error(request, str(why))
    else:
        messages.success(
            request,
            _("%(name)s is used no longer from %(day)s.") % {"name": found.name, "day": data["valid_from"]},
        )
    return redirect("cases:visit_forms")


@require_GET
@roles(*COUNTERS)
def visit_problems(request: HttpRequest) -> HttpResponse:
    """How often each problem was found between two days."""
    form = PeriodForm(request.GET)
    start, end = form.days(timezone.localdate())
    context = {
        "form": PeriodForm(initial={"start": start, "end": end}),
        "rows": problem_counts(_county(), start, end),
        "start": start,
        "end": end,
    }
    return render(request, "cases/questions/problems.html", context)


@require_GET
@vary_on_headers("Accept-Language", "Cookie")
@cache_control(private=True, max_age=3600)
@roles(*VISITORS)
def field_form(request: HttpRequest, code: str, version: int) -> HttpResponse:
    """A blank visit form as a fragment: nothing in it is about a person. Published versions never change."""
    try:
        found = definition(code, version)
    except UnknownForm:
        raise Http404 from None
    form = BlankVisitForm(found, intervals_for(_county(), timezone.localdate()))
    return render(request, "cases/field_form.html", fields_values(form))
