"""Pages of the register: the list, one child's file, adding and changing a child."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from cases import ages, child_list, exports, register, selectors, visit_requests
from cases.child_forms import (
    ChildForm,
    GuardianForm,
    HouseholdForm,
    NewChildForm,
    PartSituationForm,
    PayeeForm,
)
from cases.child_sections import SECTIONS, file_context, section_context
from cases.list_forms import ExportForm, FilterForm, VisitRequestForm
from cases.models import Child
from cases.refusals import FIELD, REVIEWERS, AlreadyRegistered, NeedsConfirmation, RegisterRefused
from cases.register import ChildData
from staff.access import roles
from staff.enums import RegionLevel, Role
from staff.models import Region
from staff.scope import current

READERS = (Role.DIRECTOR, Role.SUPERVISOR, Role.CLERK, Role.APPROVER, Role.LEADER)
EDITORS = tuple(sorted(FIELD))
DECIDERS = tuple(sorted(REVIEWERS))


def places_below(today: dt.date) -> list[Region]:
    """What the list can be narrowed to: townships of a county, several villages of a smaller area."""
    found: list[Region] = []
    for low, high in current().ranges:
        inside = Region.objects.in_force(today).filter(pk__range=(low, high))
        level = RegionLevel.TOWNSHIP if high - low > 1_000 else RegionLevel.VILLAGE
        found += inside.filter(level=level)
    return found if len(found) > 1 else []


def villages_below(today: dt.date) -> list[Region]:
    """Villages of the open scope, in the order of their codes."""
    found: list[Region] = []
    for low, high in current().ranges:
        found += Region.objects.in_force(today).filter(pk__range=(low, high), level=RegionLevel.VILLAGE)
    return found


def posted(request: HttpRequest) -> Any:
    """What a form is bound to: the POST, even an empty one, else nothing."""
    return request.POST if request.method == "POST" else None


def _filter_form(request: HttpRequest, data: Any, today: dt.date) -> FilterForm:
    return FilterForm(data, places=places_below(today))


@roles(*READERS)
def children(request: HttpRequest) -> HttpResponse:
    """The list: filtered, ordered, page by key."""
    today = timezone.localdate()
    form = _filter_form(request, request.GET, today)
    filters = form.filters()
    page = child_list.page_of(
        filters, today, after=request.GET.get("after", ""), before=request.GET.get("before", "")
    )
    role = current().role
    segments = [
        {
            "label": _("On the register"),
            "url": filters.address(due="", left=False),
            "current": not filters.due and not filters.left,
        },
        {
            "label": _("Overdue"),
            "url": filters.address(due="overdue", left=False),
            "current": filters.due == "overdue",
        },
        {
            "label": _("Due in 7 days"),
            "url": filters.address(due="week", left=False),
            "current": filters.due == "week",
        },
        {"label": _("Left"), "url": filters.address(due="", left=True), "current": filters.left},
    ]
    actions: list[dict[str, Any]] = [
        {
            "label": _("Export"),
            "url": reverse("cases:children_export") + filters.address(),
            "icon": "download",
        }
    ]
    if role in FIELD:
        actions.append(
            {"label": _("Add a child"), "url": reverse("cases:child_add"), "icon": "plus", "primary": True}
        )
    return render(
        request,
        "cases/children.html",
        {
            "page": page,
            "form": None if role == Role.DIRECTOR else form,
            "filters": filters,
            "segments": segments,
            "actions": actions,
            "counted": child_list.COUNTED,
            "may_ask": role in REVIEWERS,
            "today": today,
            "filtered": filters != child_list.Filters(),
        },
    )


@roles(*READERS)
def child_suggest(request: HttpRequest) -> HttpResponse:
    """The first ten children that ``q`` may mean: options for other forms, or JSON with ``format=json``."""
    query = request.GET.get("q", "")
    today = timezone.localdate()
    found = child_list.suggestions(query) if query.strip() else []
    rows = [
        {
            "id": child.pk,
            "number": child.number,
            "name": child.name,
            "age": ages.age_on(child.birth_date, today),
            "place": f"{child.township} {child.village}".strip(),  # type: ignore[attr-defined]
            "left": child.left_date is not None,
        }
        for child in found
    ]
    if request.GET.get("format") == "json":
        return JsonResponse({"results": rows})
    return render(request, "cases/_child_suggestions.html", {"rows": rows, "query": query})


@roles(*READERS)
def children_export(request: HttpRequest) -> HttpResponse:
    """Ask what the list is for, then make it in a job."""
    at = timezone.now()
    filters = _filter_form(request, request.GET, timezone.localdate(at)).filters()
    form = ExportForm(posted(request))
    if request.method == "POST" and form.is_valid():
        job = exports.start_export(
            filters,
            reason=form.cleaned_data["reason"],
            at=at,
        )
        return redirect("staff:job", job.pk)
    found = filters.children(timezone.localdate(at)).order_by()[: child_list.COUNTED + 1].count()
    return render(
        request,
        "cases/children_export.html",
        {
            "form": form,
            "found": found,
            "counted": child_list.COUNTED,
            "back": reverse("cases:children") + filters.address(),
        },
    )


@roles(*DECIDERS)
def children_ask(request: HttpRequest) -> HttpResponse:
    """Selected children: look at them, say what is asked, confirm. Only POST carries a selection."""
    at = timezone.now()
    ids = [int(pk) for pk in request.POST.getlist("child") if pk.isdecimal()]
    chosen = list(Child.objects.filter(pk__in=ids, left_date__isnull=True).order_by("next_visit_date", "pk"))
    if not chosen:
        messages.warning(request, _("Select at least one child."))
        return redirect("cases:children")
    child_list.name_places(chosen)
    today = timezone.localdate(at)
    confirming = "confirm" in request.POST
    form = VisitRequestForm(
        request.POST if confirming else None, today=today, initial={"day": today + child_list.SOON}
    )
    if confirming and form.is_valid():
        data, wanted = form.cleaned_data, [child.pk for child in chosen]
        try:
            if data["act"] == "ask":
                done = len(
                    visit_requests.ask_for_visits(wanted, due_date=data["day"], reason=data["reason"], at=at)
                )
                messages.success(request, _("Visits to %(count)s children were asked for.") % {"count": done})
            else:
                done = visit_requests.set_next_visit(wanted, data["day"], reason=data["reason"], at=at)
                messages.success(
                    request, _("The next visit of %(count)s children was brought forward.") % {"count": done}
                )
            return redirect("cases:children")
        except ValidationError as error:
            show_errors({"": form}, error)
    return render(request, "cases/children_ask.html", {"form": form, "chosen": chosen, "today": today})


@roles(*READERS, Role.PROVIDER)
def child(request: HttpRequest, pk: int) -> HttpResponse:
    """One child's file; for a provider the little that a referral needs."""
    found = open_file(pk)
    if selectors.is_limited(found):
        return render(
            request,
            "cases/child_limited.html",
            {
                "child": found,
                "age": ages.age_on(found.birth_date, timezone.localdate()),
            },
        )
    return render(request, "cases/child.html", file_context(found, timezone.localdate()))


@roles(*READERS)
def child_section(request: HttpRequest, pk: int, section: str) -> HttpResponse:
    """One tab of the file. ``timeline`` asked by htmx is the short fragment of the first page."""
    if section not in SECTIONS:
        raise Http404
    found = open_file(pk)
    if selectors.is_limited(found):
        raise Http404
    context = section_context(found, section, timezone.localdate())
    if section == "timeline" and request.headers.get("HX-Request"):
        return render(request, "cases/_child_timeline.html", {"events": context["events"][:6]})
    return render(request, "cases/child_section.html", context)


def open_file(pk: int) -> Child:
    """The child with its places and counts, or 404; the reading is logged."""
    found = get_object_or_404(selectors.child_file(), pk=pk)
    selectors.note_reading(found)
    return found


@roles(*EDITORS)
def child_add(request: HttpRequest) -> HttpResponse:
    """A new file with those around the child."""
    at = timezone.now()
    given = posted(request)
    today = timezone.localdate(at)
    places = selectors.places_of_county(current().ranges[0][0], today)
    parts: dict[str, forms.Form] = {
        "": NewChildForm(given, villages=villages_below(today), places=places),
        "guardian-0": GuardianForm(given, prefix="guardian-0", **PART),
        "father": PartSituationForm(given, prefix="father", parent="father", **PART),
        "mother": PartSituationForm(given, prefix="mother", parent="mother", **PART),
        "household": HouseholdForm(given, prefix="household", **PART),
        "payee": PayeeForm(given, prefix="payee", **PART),
    }
    context: dict[str, Any] = {
        "form": parts[""],
        "parts": [
            (_("Guardian"), parts["guardian-0"]),
            (_("Household"), parts["household"]),
            (_("Father"), parts["father"]),
            (_("Mother"), parts["mother"]),
            (_("Payee"), parts["payee"]),
        ],
        "places": places,
        "warnings": [],
        "known": None,
    }
    if request.method == "POST" and all(tuple(part.is_valid() for part in parts.values())):
        try:
            new = register.add_child(
                _child_data(parts),
                region_id=parts[""].cleaned_data["region"],
                at=at,
                confirmed="confirmed" in request.POST,
            )
            messages.success(
                request,
                _("%(name)s is on the register with number %(number)s.")
                % {"name": new.name, "number": new.number},
            )
            return redirect("cases:child", new.pk)
        except AlreadyRegistered as refusal:
            context["known"] = refusal.child
            parts[""].add_error("id_number", str(refusal))
        except NeedsConfirmation as doubt:
            context["warnings"] = [text for _field, text in doubt.warnings]
        except (ValidationError, RegisterRefused) as error:
            show_errors(parts, error)
    return render(
        request,
        "cases/child_form.html",
        context
        | {
            "title": _("Add a child"),
            "back": reverse("cases:children"),
            "submit": _("Put on the register"),
        },
    )


PART: dict[str, Any] = {"empty_permitted": True, "use_required_attribute": False}


def _child_data(parts: dict[str, forms.Form]) -> ChildData:
    new = parts[""]
    assert isinstance(new, NewChildForm)
    filled: Callable[[str], Any] = lambda name: parts[name].value() if parts[name].has_changed() else None  # type: ignore[attr-defined] # noqa: E731
    guardian = filled("guardian-0")
    return ChildData(
        **new.child_values(),
        primary_category=new.cleaned_data["primary_category"],
        risk=new.cleaned_data["risk"],
        household=filled("household"),
        guardians=(guardian,) if guardian else (),
        parents=tuple(situation for name in ("father", "mother") if (situation := filled(name))),
        payee=filled("payee"),
    )


@roles(*EDITORS)
def child_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change the child's own data."""
    found = open_file(pk)
    at = timezone.now()
    places = selectors.places_of_county(found.region_id, timezone.localdate(at))
    names = {code: name for name, code in places.items()}
    initial = {name: getattr(found, name, "") for name in ChildForm.base_fields} | {
        f"{kind}_region": names.get(code or 0, code) or ""
        for kind, code in (("household", found.household_region_id), ("residence", found.residence_region_id))
    }
    form = ChildForm(posted(request), initial=initial, places=places)
    context: dict[str, Any] = {"form": form, "parts": [], "places": places, "warnings": [], "known": None}
    if request.method == "POST" and form.is_valid():
        try:
            register.change_child(found, form.changes(found), at=at, confirmed="confirmed" in request.POST)
            messages.success(request, _("The file was changed."))
            return redirect("cases:child", pk)
        except AlreadyRegistered as refusal:
            context["known"] = refusal.child
            form.add_error("id_number", str(refusal))
        except NeedsConfirmation as doubt:
            context["warnings"] = [text for _field, text in doubt.warnings]
        except (ValidationError, RegisterRefused) as error:
            show_errors({"": form}, error)
    return render(
        request,
        "cases/child_form.html",
        context
        | {
            "title": _("Change the file of %(name)s") % {"name": found.name},
            "child": found,
            "back": reverse("cases:child", args=[pk]),
            "submit": _("Save"),
        },
    )


def show_errors(parts: dict[str, forms.Form], error: Exception) -> None:
    """Put a service's errors beside the fields they are about, the rest above the form.

    Keys may carry the prefix of a part.
    """
    main = next(iter(parts.values()))
    if not isinstance(error, ValidationError) or not hasattr(error, "error_dict"):
        main.add_error(None, getattr(error, "messages", None) or str(error))
        return
    for key, found in error.error_dict.items():
        prefix, _dash, name = key.rpartition("-")
        part = parts.get(prefix, main)
        part.add_error(name if name in part.fields else None, found)
