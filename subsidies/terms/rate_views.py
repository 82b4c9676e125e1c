"""Standards (标准): the dated rates of the county, kept by its clerk. What is on record is never changed: a later one takes
over, and one that was entered wrong is corrected by the approver.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from staff.access import roles
from staff.enums import Role
from staff.scope import current
from staff.workflow import Actor
from subsidies.batches.views import county
from subsidies.models import Rate
from subsidies.reckoning.months import month_of
from subsidies.terms.in_force import Rulebook, Terms, ancestors
from subsidies.terms.rate_forms import RateCorrectionForm, RateForm
from subsidies.terms.rating import RateRefused, add_rate, correct_rate, may_correct

READERS = (Role.CLERK, Role.APPROVER, Role.LEADER)


@require_GET
@roles(*READERS)
def rates(request: HttpRequest) -> HttpResponse:
    """Every standard that can apply in the county, the latest first."""
    region = county()
    rows = (
        Rate.objects.filter(region_id__in=ancestors(region.pk))
        .select_related("scheme", "region", "user", "corrects")
        .order_by("scheme_id", "-valid_from", "placement", "category", "grade", "-region_id", "pk")
    )
    book, today, actor = Rulebook.load(region.pk), timezone.localdate(), Actor.current()
    return render(
        request,
        "subsidies/rates.html",
        {
            "rows": [
                _row(row, book.terms(row.scheme.code, today))
                | {"may_correct": may_correct(row, actor, region.pk)}
                for row in rows
            ],
            "region": region,
            "may_add": current().role == Role.CLERK,
        },
    )


def _row(rate: Rate, terms: Terms) -> dict[str, Any]:
    return {"rate": rate, "terms": terms, "grade": terms.grade_name(rate.grade) if rate.grade else ""}


@never_cache
@require_http_methods(["GET", "POST"])
@roles(Role.CLERK)
def rate_add(request: HttpRequest) -> HttpResponse:
    """Add a dated standard of the county. One that begins in the past leads to arrears in the next batch."""
    region, today = county(), timezone.localdate()
    form = RateForm(
        Rulebook.load(region.pk), today, request.POST or None, initial={"valid_from": month_of(today)}
    )
    if request.method == "POST" and form.is_valid():
        try:
            add_rate(actor=Actor.current(), at=timezone.now(), region=region, **form.cleaned_data)
        except RateRefused as error:
            form.add_error(error.field or None, str(error))
        else:
            if form.cleaned_data["valid_from"] < month_of(today):
                messages.warning(
                    request, _("It begins in the past: the next batch pays the difference as arrears.")
                )
            return redirect("subsidies:rates")
    return render(request, "subsidies/rate_add.html", {"form": form})


@never_cache
@require_http_methods(["GET", "POST"])
@roles(Role.APPROVER)
def rate_correct(request: HttpRequest, pk: int) -> HttpResponse:
    """Put a standard of the county right that somebody else entered wrong."""
    region, today, actor = county(), timezone.localdate(), Actor.current()
    rate = Rate.objects.select_related("scheme", "user").filter(pk=pk, region=region).first()
    if rate is None:
        raise Http404
    fields = ("scheme", "placement", "category", "grade", "amount", "valid_from", "source")
    initial = {name: getattr(rate, name) for name in fields}
    form = RateCorrectionForm(Rulebook.load(region.pk), today, request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            correct_rate(actor=actor, at=timezone.now(), rate=rate, **form.cleaned_data)
        except RateRefused as error:
            form.add_error(error.field or None, str(error))
        else:
            messages.warning(
                request,
                _(
                    "Months that were paid with it are worked out again by the next batch. A batch that is prepared "
                    "and not released still holds the wrong standard: return it and have it prepared again."
                ),
            )
            return redirect("subsidies:rates")
    return render(request, "subsidies/rate_correct.html", {"form": form, "rate": rate})
