"""Pages of assessments: the form, one assessment with its decision, and who is to be assessed."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from cases import key_pages
from cases.assessments import pages, services
from cases.assessments.rules import AnswersRefused
from cases.care.forms import PlaceForm
from cases.children.forms import DayField
from cases.children.views import DECIDERS, EDITORS, READERS, open_file, posted, show_errors
from cases.circumstances.enums import AssessmentState
from cases.free_text import FreeText
from cases.models import Child, GuardianshipAssessment
from cases.refusals import RegisterRefused
from staff.access import roles
from staff.audit import log_access
from staff.models import Region
from staff.scope import current
from staff.workflow import TransitionRefused, available


class AssessmentForm(forms.Form):
    """What stands beside the items."""

    assessed_date = DayField(label=gettext_lazy("Assessed on"), required=False)
    note = FreeText(
        label=gettext_lazy("Note"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )


@roles(*EDITORS)
def assessment_add(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer the county's instrument for a child's guardian."""
    child, at = open_file(pk), timezone.now()
    today = timezone.localdate(at)
    back = reverse("cases:child_section", args=[pk, "guardianship"])
    try:
        instrument = services.instrument_for(child.region_id, today)
    except RegisterRefused as refusal:
        messages.error(request, str(refusal))
        return redirect(back)
    form = AssessmentForm(posted(request), initial={"assessed_date": today})
    answers = pages.answers_in(request.POST, instrument)
    wrong: frozenset[str] = frozenset()
    if request.method == "POST" and form.is_valid():
        try:
            made = services.add_assessment(child, answers, at=at, **form.cleaned_data)
            messages.success(
                request, _("The assessment is on file. %(effect)s") % {"effect": pages.effect_of(made)}
            )
            return redirect("cases:assessment", made.pk)
        except AnswersRefused as refusal:
            wrong = frozenset(refusal.items)
            form.add_error(None, str(refusal))
        except (ValidationError, RegisterRefused) as error:
            show_errors({"": form}, error)
    return render(
        request,
        "cases/assessment_form.html",
        {
            "child": child,
            "form": form,
            "instrument": instrument,
            "sections": pages.form_sections(instrument, answers, wrong),
            "running": pages.running(instrument, answers),
            "back": back,
        },
        status=422 if form.errors else 200,
    )


@require_POST
@roles(*EDITORS)
def assessment_running(request: HttpRequest, pk: int) -> HttpResponse:
    """How far the form is and the score so far, as a fragment. Nothing is kept."""
    child = get_object_or_404(Child.objects, pk=pk)
    try:
        instrument = services.instrument_for(child.region_id, timezone.localdate())
    except RegisterRefused as refusal:
        return HttpResponse(str(refusal), status=422)
    answers = pages.answers_in(request.POST, instrument)
    return render(request, "cases/_assessment_running.html", {"running": pages.running(instrument, answers)})


def _assessment(pk: int) -> GuardianshipAssessment:
    found = get_object_or_404(GuardianshipAssessment.objects.select_related("child", "assessed_by"), pk=pk)
    log_access(
        kind="read",
        child_id=found.child_id,
        region_id=found.region_id,
        subject="cases.guardianshipassessment",
        subject_id=pk,
    )
    return found


@roles(*READERS)
def assessment(request: HttpRequest, pk: int) -> HttpResponse:
    """One assessment: score and grade, what drove it, what changed since the one before, what it did to the colour."""
    found = _assessment(pk)
    earlier = GuardianshipAssessment.objects.filter(child_id=found.child_id).exclude(pk=pk)
    previous = (
        earlier.filter(assessed_date__lte=found.assessed_date, created_at__lte=found.created_at)
        .order_by("-assessed_date", "-pk")
        .first()
    )
    may = {one.name for one in available(found)}
    context = pages.context_of(found, previous, timezone.localdate())
    return render(
        request, "cases/assessment.html", context | {"may_lower": "lower" in may, "may_hold": "hold" in may}
    )


@require_POST
@roles(*DECIDERS)
def assessment_decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Lower the colour or leave it, in words."""
    found = _assessment(pk)
    try:
        decided = services.decide(
            found,
            request.POST.get("action", ""),
            risk=request.POST.get("risk", ""),
            reason=request.POST.get("reason", ""),
            at=timezone.now(),
        )
        messages.success(request, pages.effect_of(decided))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    except (TransitionRefused, ValueError) as refusal:
        messages.error(request, str(refusal))
    return redirect("cases:assessment", pk)


@roles(*READERS)
def assessments_due(request: HttpRequest) -> HttpResponse:
    """Children whose guardian is to be assessed, youngest first; or proposals that wait for a decision."""
    today = timezone.localdate()
    form = PlaceForm(request.GET, places=key_pages.places_below(today))
    form.is_valid()
    show, region_id = form.cleaned_data.get("show", ""), form.cleaned_data.get("region")
    key = key_pages.read_key(request.GET.get("after", ""))
    place = Region.objects.filter(pk=region_id).first() if region_id else None
    inside = {"region_id__gte": place.lo, "region_id__lte": place.hi} if place else {}
    address = "?" + "&".join(
        filter(None, [f"show={show}" if show == "proposed" else "", f"region={region_id}" if place else ""])
    )
    rows: list[dict[str, Any]]
    if show == "proposed":
        waiting = GuardianshipAssessment.objects.filter(state=AssessmentState.PROPOSED, **inside)
        count = waiting.order_by()[: key_pages.COUNTED + 1].count()
        listed = key_pages.beyond(waiting, "assessed_date", key, down=False).select_related("child")
        found, later = key_pages.cut(
            list(listed.defer("definition", "answers", "parts")[: key_pages.PAGE + 1]),
            "assessed_date",
            address,
        )
        rows = [pages.proposed_row(one) for one in found]
    else:
        due = services.children_due(current().ranges[0][0], today).filter(**inside)
        count = due.order_by()[: key_pages.COUNTED + 1].count()
        children = key_pages.beyond(due, "birth_date", key, down=True).defer(
            "health_note", "phone", "id_number"
        )
        found, later = key_pages.cut(list(children[: key_pages.PAGE + 1]), "birth_date", address)
        key_pages.name_places(found)
        rows = [pages.due_row(one) for one in found]
    return render(
        request,
        "cases/assessments_due.html",
        {
            "rows": rows,
            "form": form if "region" in form.fields else None,
            "segments": [
                {"label": _("To be assessed"), "url": "?", "current": show != "proposed"},
                {"label": _("Colour to be decided"), "url": "?show=proposed", "current": show == "proposed"},
            ],
            "show": show,
            "later": later,
            "first": address if key else "",
            "count": count,
            "counted": key_pages.COUNTED,
        },
    )
