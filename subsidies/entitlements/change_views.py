"""Pages where the clerk proposes other terms of an entitlement, or to pay longer for schooling."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from staff.access import roles
from staff.enums import Role
from staff.workflow import Actor, TransitionRefused
from subsidies.entitlements import changes as services
from subsidies.models import Entitlement
from subsidies.reckoning.months import month_of
from subsidies.reviews.forms import ExtensionForm, TermsForm
from subsidies.terms.in_force import terms_of


def _entitlement(pk: int) -> Entitlement:
    return get_object_or_404(Entitlement.objects.select_related("child", "scheme"), pk=pk)


@never_cache
@require_http_methods(["GET", "POST"])
@roles(Role.CLERK)
def terms_change(request: HttpRequest, pk: int) -> HttpResponse:
    """Propose another category, placement or grade from a month on."""
    found, today = _entitlement(pk), timezone.localdate()
    terms = terms_of(found.scheme, found.region_id, today)
    initial = {
        "from_month": month_of(today),
        "category": found.category,
        "placement": found.placement,
        "grade": found.grade,
    }
    form = TermsForm(
        request.POST if request.method == "POST" else None,
        categories=[*terms.categories, found.category],
        grades=[(grade.code, str(grade.name)) for grade in terms.grades],
        initial=initial,
    )
    note = _(
        "The approver decides. The right then ends with the month before and continues on the other terms; "
        "months already paid are put right in the next batch."
    )
    if request.method == "POST" and form.is_valid():
        try:
            services.propose_terms(
                actor=Actor.current(), at=timezone.now(), entitlement=found, **form.cleaned_data
            )
            messages.success(request, _("Proposed. The approver decides."))
            return redirect("subsidies:entitlement", pk=pk)
        except TransitionRefused as why:
            form.add_error(None, str(why))
    return _page(request, found, form, _("Propose other terms"), note)


@never_cache
@require_http_methods(["GET", "POST"])
@roles(Role.CLERK)
def extension(request: HttpRequest, pk: int) -> HttpResponse:
    """Propose to pay longer because the child still studies."""
    found = _entitlement(pk)
    form = ExtensionForm(request.POST if request.method == "POST" else None, child_id=found.child_id)
    if request.method == "POST" and form.is_valid():
        try:
            services.propose_extension(
                actor=Actor.current(), at=timezone.now(), entitlement=found, **form.cleaned_data
            )
            messages.success(request, _("Proposed. The approver decides."))
            return redirect("subsidies:entitlement", pk=pk)
        except TransitionRefused as why:
            form.add_error(None, str(why))
    note = _("A right past the 18th birthday lasts only as long as proofs of schooling do, term by term.")
    return _page(request, found, form, _("Propose to extend for schooling"), note)


def _page(
    request: HttpRequest, found: Entitlement, form: TermsForm | ExtensionForm, title: str, note: str
) -> HttpResponse:
    context = {
        "child": found.child,
        "form": form,
        "title": title,
        "note": note,
        "back": reverse("subsidies:entitlement", args=[found.pk]),
    }
    return render(request, "subsidies/child_form.html", context)
