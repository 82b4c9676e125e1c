"""The overview of villages and the lists behind its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from cases.children import numbers as child_numbers
from cases.children.views import READERS
from cases.held_villages import directors
from cases.villages import selectors
from cases.villages.selectors import ALARMS, MEASURES, Standing
from staff.access import roles
from staff.models import Region
from staff.models.region import township_of
from staff.scope import current

FIRST = 12  # villages that a county sees before it chooses a township
COLOURS = ("red", "yellow", "blue", "green")
MADE = ("interval", "month")
HOT = ("nobody", "county", "supervisor")
LOOK = ("nobody", "county", "supervisor", "never", "director", "defects")


@require_GET
@roles(*READERS)
def villages(request: HttpRequest) -> HttpResponse:
    """Villages by coverage and risk, what needs a look first; a county sees its townships above them."""
    today = timezone.localdate()
    day = selectors.day_of(current().ranges[0][0], today)
    found = selectors.standings(day)
    above = selectors.by_township(found)
    asked = request.GET.get("township", "")
    chosen = int(asked) if asked.isdecimal() and len(asked) == 12 else None
    if len(above) < 2:
        shown = found
    elif chosen is not None:
        shown = [one for one in found if township_of(one.region_id) == chosen]
    else:
        shown = [one for one in found if any(one.urgency[: len(ALARMS)])][:FIRST]
    names = _names([*found, *above])
    held = directors(today)
    total = selectors.together(found, current().ranges[0][0])
    return render(
        request,
        "cases/villages.html",
        {
            "total": total,
            "tiles": _tiles(total),
            "townships": [_card(one, names, (), f"?township={one.region_id}") for one in above]
            if len(above) > 1
            else [],
            "villages": [
                _card(one, names, [name for _user, name in held.get(one.region_id, ())], "") for one in shown
            ],
            "chosen": names.get(chosen or 0, ""),
            "narrowed": len(above) > 1 and chosen is None,
            "labels": {code: measure.label for code, measure in MEASURES.items()},
            "today": today,
        },
    )


def _names(found: list[Standing]) -> dict[int, str]:
    codes = {one.region_id for one in found} | {township_of(one.region_id) for one in found}
    return {region.pk: region.short_name for region in Region.objects.filter(pk__in=codes)}


def _address(code: str, region_id: int | None) -> str:
    query = {"show": code, **({"region": region_id} if region_id else {})}
    return f"{reverse('cases:village_children')}?{urlencode(query)}"


def _tiles(total: Standing) -> list[dict[str, Any]]:
    """What needs a look in the whole area; none for what does not occur."""
    return [
        {
            "number": total.numbers[code],
            "label": MEASURES[code].label,
            "url": _address(code, None),
            "hot": code in HOT,
        }
        for code in ("nobody", "county", "supervisor", "never", "director")
        if total.numbers[code]
    ]


def _card(one: Standing, names: Mapping[int, str], people: Any, url: str) -> dict[str, Any]:
    """A place with its numbers; each leads to its list."""

    def number(code: str) -> dict[str, Any]:
        value = one.numbers[code]
        return {
            "code": code,
            "label": MEASURES[code].label,
            "value": value,
            "url": _address(code, one.region_id) if value else "",
            "hot": code in HOT,
        }

    return {
        "code": one.region_id,
        "name": names.get(one.region_id, ""),
        "url": url,
        "above": names.get(township_of(one.region_id), "")
        if township_of(one.region_id) != one.region_id
        else "",
        "people": people,
        "vacant": not url and not people,
        "all": number("all"),
        "colours": [number(code) for code in COLOURS],
        "alarms": [number(code) for code in LOOK if one.numbers[code]],
        "made": [number(code) for code in MADE],
        "percent": one.percent,
        "last": one.last,
    }


@require_GET
@roles(*READERS)
def village_children(request: HttpRequest) -> HttpResponse:
    """Exactly the children behind a number of the overview."""
    today = timezone.localdate()
    day = selectors.day_of(current().ranges[0][0], today)
    code = request.GET.get("show", "all")
    code = code if code in MEASURES else "all"
    asked = request.GET.get("region", "")
    place = (
        get_object_or_404(Region, pk=int(asked) if asked.isdecimal() and len(asked) == 12 else 0)
        if asked
        else None
    )
    page = child_numbers.page_of(selectors.children(day, code, place), request.GET.get("after", ""))
    query = {"show": code, **({"region": place.pk} if place else {})}
    return render(
        request,
        "cases/child_numbers.html",
        {
            "title": str(MEASURES[code].label),
            "place": (place or request.assignment.post.region).short_name,  # type: ignore[attr-defined]
            "back": reverse("cases:villages") + (f"?township={township_of(place.pk)}" if place else ""),
            "back_label": _("Overview of villages"),
            "rows": child_numbers.rows(page.children),
            "page": page,
            "later": f"?{urlencode({**query, 'after': page.after})}" if page.after else "",
            "earlier": f"?{urlencode(query)}" if request.GET.get("after") else "",
        },
    )
