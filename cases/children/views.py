"""Pages of the register: one child's file, adding and changing a child. The list is in list_views."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from cases import ages, register
from cases.children import selectors
from cases.children.edit_form import EditChildForm
from cases.children.forms import (
    ChildForm,
    GuardianForm,
    HouseholdForm,
    NewChildForm,
    PartSituationForm,
)
from cases.children.listing import name_places
from cases.children.payee_form import PayeeForm
from cases.children.sections import SECTIONS, file_context, section_context
from cases.duplicates.twins import Twins
from cases.matching.leads import files as lead_files
from cases.matching.leads import services as leads
from cases.models import Child
from cases.refusals import FIELD, REVIEWERS, AlreadyRegistered, NeedsConfirmation, RegisterRefused
from cases.register import ChildData
from staff.access import roles
from staff.enums import RegionLevel, Role
from staff.models import Region
from staff.scope import current
from staff.workflow import TransitionRefused

READERS = (Role.DIRECTOR, Role.SUPERVISOR, Role.CLERK, Role.APPROVER, Role.LEADER)
EDITORS = tuple(sorted(FIELD))
DECIDERS = tuple(sorted(REVIEWERS))


def villages_below(today: dt.date) -> list[Region]:
    """Villages of the open scope, in the order of their codes."""
    found: list[Region] = []
    for low, high in current().ranges:
        found += Region.objects.in_force(today).filter(pk__range=(low, high), level=RegionLevel.VILLAGE)
    return found


def to_kept_file(request: HttpRequest, merged: Child, section: str = "") -> HttpResponse:
    """The file that a merged one became part of, with a note; 404 where that one is out of sight."""
    kept = get_object_or_404(Child.objects, pk=merged.merged_into_id)
    messages.info(
        request,
        _("File %(number)s (%(name)s) was merged into this one.")
        % {"number": merged.number, "name": merged.name},
    )
    return redirect("cases:child_section", kept.pk, section) if section else redirect("cases:child", kept.pk)


def twins_context(found: Twins) -> dict[str, Any]:
    """What the fragment under a child's form shows of files that may be the same child's."""
    name_places([twin.child for twin in found.found])
    return {"twins": found.found, "elsewhere": found.elsewhere}


NO_DOUBTS: dict[str, Any] = {"warnings": [], "known": None, "twins": (), "elsewhere": False}


def doubts_context(doubt: NeedsConfirmation) -> dict[str, Any]:
    """What a form shows above itself before it can be confirmed."""
    twins = twins_context(doubt.twins) if doubt.twins else {}
    return {"warnings": [text for _field, text in doubt.warnings], **twins}


def posted(request: HttpRequest) -> Any:
    """What a form is bound to: the POST, even an empty one, else nothing."""
    return request.POST if request.method == "POST" else None


@roles(*READERS, Role.PROVIDER)
def child(request: HttpRequest, pk: int) -> HttpResponse:
    """One child's file; for a provider the little that a referral needs."""
    found = open_file(pk, merged_too=True)
    if found.merged_into_id:
        return to_kept_file(request, found)
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
    found = open_file(pk, merged_too=True)
    if found.merged_into_id:
        return to_kept_file(request, found, section)
    if selectors.is_limited(found):
        raise Http404
    context = section_context(found, section, timezone.localdate())
    if section == "timeline" and request.headers.get("HX-Request"):
        return render(request, "cases/_child_timeline.html", {"events": context["events"][:6]})
    return render(request, "cases/child_section.html", context)


def open_file(pk: int, *, merged_too: bool = False) -> Child:
    """The child with its places and counts, or 404; the reading is logged. A file that was merged into another is
    not written any more: it is found only with ``merged_too``."""
    files = selectors.child_file()
    found = get_object_or_404(files if merged_too else files.filter(merged_into__isnull=True), pk=pk)
    selectors.note_reading(found)
    return found


@roles(*EDITORS)
def child_add(request: HttpRequest) -> HttpResponse:
    """A new file with those around the child. ``?lead=``: of a potential child, whose data stand in it already."""
    at = timezone.now()
    given = posted(request)
    lead = lead_files.opened(request.GET.get("lead", ""))
    known = lead_files.told(lead) if lead is not None and given is None else {}
    today = timezone.localdate(at)
    places = selectors.places_of_county(current().ranges[0][0], today)
    parts: dict[str, forms.Form] = {
        "": NewChildForm(given, villages=villages_below(today), places=places, initial=known),
        "guardian-0": GuardianForm(given, prefix="guardian-0", **PART),
        "father": PartSituationForm(given, prefix="father", parent="father", **PART),
        "mother": PartSituationForm(given, prefix="mother", parent="mother", **PART),
        "household": HouseholdForm(given, prefix="household", initial=known, **PART),
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
        "child": None,
        **NO_DOUBTS,
    }
    if request.method == "POST" and all(tuple(part.is_valid() for part in parts.values())):
        try:
            with transaction.atomic():
                new = register.add_child(
                    _child_data(parts),
                    region_id=parts[""].cleaned_data["region"],
                    at=at,
                    confirmed="confirmed" in request.POST,
                )
                if lead is not None:
                    leads.take_in(lead, new, at=at)
            messages.success(
                request,
                _("%(name)s is on the register with number %(number)s.")
                % {"name": new.name, "number": new.number},
            )
            return redirect("cases:lead", lead.pk) if lead is not None else redirect("cases:child", new.pk)
        except AlreadyRegistered as refusal:
            context["known"] = refusal.child
            parts[""].add_error("id_number", str(refusal))
        except NeedsConfirmation as doubt:
            context |= doubts_context(doubt)
        except (ValidationError, TransitionRefused) as error:
            show_errors(parts, error)
    return render(
        request,
        "cases/child_form.html",
        context
        | {
            "title": _("Add a child"),
            "back": reverse("cases:children") if lead is None else reverse("cases:lead", args=[lead.pk]),
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
        category_detail=new.cleaned_data["category_detail"],
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
    form = EditChildForm(posted(request), initial=initial, places=places, child=found)
    context: dict[str, Any] = {"form": form, "parts": [], "places": places, **NO_DOUBTS}
    if request.method == "POST" and form.is_valid():
        try:
            register.change_child(found, form.changes(found), at=at, confirmed="confirmed" in request.POST)
            messages.success(request, _("The file was changed."))
            return redirect("cases:child", pk)
        except AlreadyRegistered as refusal:
            context["known"] = refusal.child
            form.add_error("id_number", str(refusal))
        except NeedsConfirmation as doubt:
            context |= doubts_context(doubt)
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
