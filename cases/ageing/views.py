"""The page of those who come of age."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.ageing import services as lists
from cases.bulk import services as bulk
from cases.children import listing as child_list
from cases.children.filters import AGEING
from cases.children.views import READERS
from staff.access import roles
from staff.scope import current


@roles(*READERS)
def ageing(request: HttpRequest) -> HttpResponse:
    """Who turns 16 or 18 in the months ahead, by month, with what follows."""
    today = timezone.localdate()
    years = AGEING[1] if request.GET.get("years") == str(AGEING[1]) else AGEING[0]
    months, ahead = lists.coming_of_age(years, today)
    rows = [coming.child for month in months for coming in month.children]
    child_list.name_places(rows, today)
    here = reverse("cases:ageing")
    listed = reverse("cases:children")
    return render(
        request,
        "cases/ageing.html",
        {
            "months": months,
            "years": years,
            "ahead": ahead,
            "today": today,
            "count": len(rows),
            "capped": len(rows) >= lists.MOST,
            "most": lists.MOST,
            "ages": [
                {"label": label, "url": f"{here}?years={number}", "current": years == number}
                for number, label in ((16, _("Turning 16")), (18, _("Turning 18")))
            ],
            "actions": [
                {
                    "label": _("As a list"),
                    "url": f"{listed}?ageing={years}&sort=birth",
                    "icon": "list",
                }
            ],
            "may_act": bool(bulk.acts_of(current().role)),
            "act": "over_age",
        },
    )
