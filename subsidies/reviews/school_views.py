"""Pages of proofs of schooling: who has not brought this term's, and adding one."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from cases import key_pages
from cases.models import Child
from staff.access import roles
from staff.enums import Role
from staff.workflow import Actor, TransitionRefused
from subsidies.ledger.enums import ReviewKind
from subsidies.reviews import school_proofs as services
from subsidies.reviews import selectors
from subsidies.reviews.cycles import term_of
from subsidies.reviews.forms import SchoolProofForm, term_name
from subsidies.reviews.views import filter_form, lists, segments, shown, township_rows

READERS = (Role.DIRECTOR, Role.SUPERVISOR, Role.CLERK, Role.APPROVER, Role.LEADER)
ADDERS = (Role.DIRECTOR, Role.SUPERVISOR, Role.CLERK)


@require_GET
@roles(*READERS)
def school_proofs(request: HttpRequest) -> HttpResponse:
    """Who is paid for being at school, or past 18, and has brought no proof for the term."""
    today = timezone.localdate()
    form = filter_form(request.GET, today, ReviewKind.SCHOOL)
    filters = form.filters()
    after = request.GET.get("after", "")
    counts = selectors.counts(filters, today, ReviewKind.SCHOOL)
    townships = selectors.by_township(filters, today, ReviewKind.SCHOOL) if not filters.region else []
    page = selectors.page_of(filters, today, kind=ReviewKind.SCHOOL, after=after)
    actor = Actor.current()
    context = {
        "tabs": lists("subsidies:school_proofs") if actor.role != Role.DIRECTOR else [],
        "form": form,
        "segments": segments(filters, counts, without=("unchanged", "changed")),
        "filters": filters,
        "page": page,
        "rows": shown(page.rows),
        "first": filters.address() if after else "",
        "counted": key_pages.COUNTED,
        "townships": township_rows(filters, townships, ("open", "overdue")) if len(townships) > 1 else None,
        "may_add": actor.role in ADDERS,
        "term": term_name(term_of(today)),
        "today": today,
    }
    return render(request, "subsidies/school_proofs.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@roles(*ADDERS)
def school_proof_add(request: HttpRequest, pk: int) -> HttpResponse:
    """Record a term's proof with the certificate, or with where enrolment was seen."""
    child = get_object_or_404(Child.objects, pk=pk)
    today = timezone.localdate()
    back = request.GET.get("next", "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        back = reverse("subsidies:child_panel", args=[pk])
    initial = {"school": child.school_name, "stage": child.school_stage}
    form = SchoolProofForm(
        request.POST if request.method == "POST" else None,
        request.FILES if request.method == "POST" else None,
        region_id=child.region_id,
        term=term_of(today),
        today=today,
        initial=initial,
    )
    if request.method == "POST" and form.is_valid():
        try:
            services.add_proof(actor=Actor.current(), at=timezone.now(), child=child, **form.cleaned_data)
            messages.success(request, _("The proof of schooling is on record."))
            return redirect(back)
        except TransitionRefused as why:
            form.add_error(None, str(why))
    context = {"child": child, "form": form, "title": _("Proof of schooling"), "back": back}
    return render(request, "subsidies/child_form.html", context)
