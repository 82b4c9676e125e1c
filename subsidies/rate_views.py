"""Standards (标准): the dated rates of the county, kept by its clerk. What is on record is never changed,
a later one takes over.
"""

from __future__ import annotations

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
from subsidies.batch_views import county
from subsidies.forms import RateForm
from subsidies.models import Rate
from subsidies.months import month_of
from subsidies.standards import ancestors

READERS = (Role.CLERK, Role.APPROVER, Role.LEADER)


@require_GET
@roles(*READERS)
def rates(request: HttpRequest) -> HttpResponse:
    """Every standard that can apply in the county, the latest first."""
    region = county()
    rows = (
        Rate.objects.filter(region_id__in=ancestors(region.pk))
        .select_related("scheme", "region")
        .order_by("scheme_id", "-valid_from", "placement", "category", "-region_id", "pk")
    )
    return render(
        request,
        "subsidies/rates.html",
        {
            "rows": rows,
            "region": region,
            "may_add": current().role == Role.CLERK,
        },
    )


@never_cache
@require_http_methods(["GET", "POST"])
@roles(Role.CLERK)
def rate_add(request: HttpRequest) -> HttpResponse:
    """Add a dated standard of the county. One that begins in the past leads to arrears in the next batch."""
    form = RateForm(request.POST or None, initial={"valid_from": month_of(timezone.localdate())})
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                Rate.objects.create(region=county(), **form.cleaned_data)
            if form.cleaned_data["valid_from"] < month_of(timezone.localdate()):
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
