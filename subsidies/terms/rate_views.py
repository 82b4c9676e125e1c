"""Standards (标准): the dated rates of the county, kept by its clerk. What is on record is never changed,
a later one takes over.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from staff.access import roles
from staff.enums import Role
from staff.scope import current
from subsidies.batches.views import county
from subsidies.models import Rate
from subsidies.reckoning.months import month_of
from subsidies.terms.in_force import Rulebook, Terms, ancestors
from subsidies.terms.rate_forms import RateForm
from subsidies.terms.ruling import begin_scheme

READERS = (Role.CLERK, Role.APPROVER, Role.LEADER)


@require_GET
@roles(*READERS)
def rates(request: HttpRequest) -> HttpResponse:
    """Every standard that can apply in the county, the latest first."""
    region = county()
    rows = (
        Rate.objects.filter(region_id__in=ancestors(region.pk))
        .select_related("scheme", "region")
        .order_by("scheme_id", "-valid_from", "placement", "category", "grade", "-region_id", "pk")
    )
    book, today = Rulebook.load(region.pk), timezone.localdate()
    return render(
        request,
        "subsidies/rates.html",
        {
            "rows": [_row(row, book.terms(row.scheme.code, today)) for row in rows],
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
            with transaction.atomic():
                rate = Rate.objects.create(region=region, **form.cleaned_data)
                begin_scheme(rate.scheme)
            if form.cleaned_data["valid_from"] < month_of(today):
                messages.warning(
                    request, _("It begins in the past: the next batch pays the difference as arrears.")
                )
            return redirect("subsidies:rates")
        except IntegrityError as error:
            if "rate_once_a_month" not in str(error):
                raise
            form.add_error(
                "valid_from", _("A standard of this kind begins in this month already. It cannot be changed.")
            )
    return render(request, "subsidies/rate_add.html", {"form": form})
