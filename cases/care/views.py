"""Pages of entrusted care: the list, one entrustment, and the small forms around it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from cases import key_pages, ledger_exports
from cases.care import pages as care_pages
from cases.care import selectors as care_selectors
from cases.care import services
from cases.care.forms import CareChangeForm, CareEndForm, CareForm, ContactForm, PlaceForm
from cases.care.selectors import CareFilters
from cases.children.views import EDITORS, READERS, open_file, posted, show_errors
from cases.models import CareContact, EntrustedCare
from cases.refusals import FIELD, RegisterRefused
from staff import parameters
from staff.access import roles
from staff.audit import log_access
from staff.scope import current


def filters_of(request: HttpRequest) -> tuple[CareFilters, PlaceForm]:
    """What the address asks the list to show; what cannot be read is no restriction."""
    form = PlaceForm(request.GET, places=key_pages.places_below(timezone.localdate()))
    form.is_valid()
    show = form.cleaned_data.get("show", "")
    return CareFilters(
        show=show if show in care_selectors.SHOWS else "", region=form.cleaned_data.get("region")
    ), form


@roles(*READERS)
def cares(request: HttpRequest) -> HttpResponse:
    """Entrusted children: now, waiting for a contact, with a gap, or formerly."""
    today = timezone.localdate()
    filters, form = filters_of(request)
    settings = parameters.values(current().ranges[0][0], services.PARAMETERS, today)
    after = request.GET.get("after", "")
    page = care_selectors.page_of(filters, today, settings["care_contact_days"], after=after)
    found = services.findings_of(page.cares, today, settings)
    return render(
        request,
        "cases/cares.html",
        {
            "page": page,
            "rows": [care_pages.row_of(one, found[one.pk], settings, filters.show) for one in page.cares],
            "filters": filters,
            "form": form if "region" in form.fields else None,
            "segments": care_pages.segments(filters),
            "actions": [
                {
                    "label": _("Export"),
                    "url": reverse("cases:cares_export") + filters.address(),
                    "icon": "download",
                }
            ],
            "first": filters.address() if after else "",
            "counted": key_pages.COUNTED,
            "days": settings["care_contact_days"],
            "today": today,
        },
    )


@roles(*READERS)
def cares_export(request: HttpRequest) -> HttpResponse:
    """Ask what the list is for, then make the national system's columns in a job."""
    filters, _form = filters_of(request)
    return ledger_exports.ask(
        request, ledger_exports.CARES, filters.as_arguments(), reverse("cases:cares") + filters.address()
    )


def _care(pk: int) -> EntrustedCare:
    """The entrustment or 404; reading it is logged, for it shows a carer's data."""
    found = get_object_or_404(
        EntrustedCare.objects.select_related("child", "region__parent", "recorded_by"), pk=pk
    )
    log_access(
        kind="read",
        child_id=found.child_id,
        region_id=found.region_id,
        subject="cases.entrustedcare",
        subject_id=pk,
    )
    return found


@roles(*READERS)
def care(request: HttpRequest, pk: int) -> HttpResponse:
    """One entrustment: who, what the law finds, contacts; and one tap to record a contact."""
    found, today = _care(pk), timezone.localdate()
    settings = parameters.values(found.region_id, services.PARAMETERS, today)
    contacts = CareContact.objects.filter(care=found).select_related("user").order_by("-date", "-pk")[:100]
    findings = services.findings_of([found], today, settings)[found.pk]
    return render(
        request,
        "cases/care.html",
        care_pages.page_of(found, findings, list(contacts), settings, today)
        | {
            "may_write": current().role in FIELD and found.end_date is None,
            "came_from": request.GET.get("from", ""),
        },
    )


@roles(*EDITORS)
def care_add(request: HttpRequest, pk: int) -> HttpResponse:
    """Record that the child is entrusted to somebody."""
    child, form = open_file(pk), CareForm(posted(request))
    refused: list[Any] = []
    if request.method == "POST" and form.is_valid():
        try:
            new = services.add_care(child, form.value(), at=timezone.now())
            messages.success(request, _("The entrusted care is on record."))
            return redirect("cases:care", new.pk)
        except services.CareRefused as refusal:
            refused = refusal.findings
        except (ValidationError, RegisterRefused) as error:
            show_errors({"": form}, error)
    return render(
        request,
        "cases/care_form.html",
        {
            "child": child,
            "form": form,
            "refused": refused,
            "back": reverse("cases:child_section", args=[pk, "guardianship"]),
        },
    )


def _part(
    request: HttpRequest, found: EntrustedCare, form: Any, title: str, note: str, submit: str
) -> HttpResponse:
    return render(
        request,
        "cases/child_part_form.html",
        {
            "child": found.child,
            "form": form,
            "title": title,
            "note": note,
            "warnings": [],
            "facts": [],
            "shares": [],
            "submit": submit,
            "back": reverse("cases:care", args=[found.pk]),
        },
    )


@roles(*EDITORS)
def care_change(request: HttpRequest, pk: int) -> HttpResponse:
    """Fill in days and what is known of the carer."""
    found = _care(pk)
    form = CareChangeForm(
        posted(request), initial={name: getattr(found, name) for name in CareChangeForm.base_fields}
    )
    if request.method == "POST" and form.is_valid():
        try:
            services.change_care(found, form.changes(found), at=timezone.now())
            messages.success(request, _("Saved."))
            return redirect("cases:care", pk)
        except (ValidationError, RegisterRefused) as error:
            show_errors({"": form}, error)
    title = _("Papers and notices")
    note = _("Who becomes unfit is not corrected here: end the care, and entrust somebody else.")
    return _part(request, found, form, title, note, _("Save"))


@roles(*EDITORS)
def care_end(request: HttpRequest, pk: int) -> HttpResponse:
    """The entrusted care ends."""
    found = _care(pk)
    form = CareEndForm(posted(request), initial={"day": timezone.localdate()})
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            services.end_care(found, day=data["day"], reason=data["reason"], at=timezone.now())
            messages.success(request, _("The entrusted care was ended."))
            return redirect("cases:care", pk)
        except (ValidationError, RegisterRefused) as error:
            show_errors({"": form}, error)
    note = _("The record stays on the child's file. Contacts are no longer asked for.")
    return _part(request, found, form, _("End the entrusted care"), note, _("End it"))


@require_POST
@roles(*EDITORS)
def care_contact(request: HttpRequest, pk: int) -> HttpResponse:
    """Record a contact of the parents; without a date it was today."""
    found = get_object_or_404(EntrustedCare.objects, pk=pk)
    at = timezone.now()
    given = request.POST.copy()
    given["date"] = given.get("date") or timezone.localdate(at).isoformat()
    form = ContactForm(given)
    if form.is_valid():
        try:
            contact = services.record_contact(found, at=at, **form.cleaned_data)
            messages.success(
                request,
                _("Contact of %(day)s recorded: %(how)s.")
                % {"day": contact.date.isoformat(), "how": contact.get_kind_display()},
            )
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
        except RegisterRefused as refusal:
            messages.error(request, str(refusal))
    else:
        messages.error(request, _("Choose how they were in touch, and a day."))
    if given.get("from") == "overdue":
        return redirect(reverse("cases:cares") + "?show=overdue")
    return redirect("cases:care", pk)
