"""Pages of the register's totals and of the scheme by which they are counted."""

from __future__ import annotations

import datetime as dt
from typing import Any
from urllib.parse import quote, urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from cases.categories import choice as category_choice
from cases.categories.schemes import packaged, scheme_from, scheme_of
from cases.children import listing as child_list
from cases.children import views as child_views
from cases.children.timeline import address
from cases.children.views import posted
from cases.eligibility import recheck_dates
from cases.enums import Attribute
from cases.refusals import RegisterRefused
from cases.totals import counts as register_totals
from cases.totals.counts import PlaceRow, Totals
from cases.totals.forms import SchemeForm, TotalsForm
from staff.access import roles
from staff.audit import log_access
from staff.enums import RegionLevel, Role
from staff.models import AccessLog, Region
from staff.models.region import county_of
from staff.scope import current
from staff.tables import XLSX, to_xlsx

READERS = (Role.SUPERVISOR, Role.CLERK, Role.APPROVER, Role.LEADER)
SCHEME_READERS = (Role.CLERK, Role.APPROVER, Role.LEADER)


def _own_area() -> Region:
    return get_object_or_404(Region, pk=current().ranges[0][0])


def _asked(request: HttpRequest) -> tuple[Region, dt.date, TotalsForm, Totals]:
    """The area and day of the address, counted by the scheme in force then."""
    own, today = _own_area(), timezone.localdate()
    places = (
        [] if own.level == RegionLevel.TOWNSHIP else list(Region.objects.below(own, RegionLevel.TOWNSHIP))
    )
    form = TotalsForm(request.GET, places=places, today=today)
    day, code = form.values()
    area = next((place for place in places if place.pk == code), own)
    return own, day, form, register_totals.totals(area, day, scheme_of(area.pk, day))


def _list_url(found: Totals, area: int, count: int, **chosen: str) -> Any:
    """A number with the address of its children; a bare 0 has none."""
    if not count:
        return 0
    query = {"day": found.day.isoformat(), "region": area, **chosen}
    return count, f"{reverse('cases:register_totals_list')}?{urlencode(query)}"


def _place_cells(found: Totals, row: PlaceRow) -> list[Any]:
    code = row.region.pk
    return [
        row.region.short_name,
        *(
            _list_url(found, code, row.counts.get(c.code, 0), category=c.code)
            for c in found.scheme.categories
        ),
        _list_url(found, code, row.total),
    ]


def _tables(found: Totals) -> dict[str, Any]:
    area = found.area.pk
    numbers = [{"label": c.name, "kind": "number"} for c in found.scheme.categories]
    return {
        "columns": [{"label": _("Place"), "kind": "name"}, *numbers, {"label": _("Total"), "kind": "number"}],
        "rows": [{"cells": _place_cells(found, row)} for row in found.places],
        "sums": [
            _("Total"),
            *(
                _list_url(found, area, found.counts.get(c.code, 0), category=c.code)
                for c in found.scheme.categories
            ),
            _list_url(found, area, found.total),
        ],
        "part_columns": [
            {"label": _("Category")},
            {"label": _("Sub-type")},
            {"label": _("Children"), "kind": "number"},
        ],
        "parts": [
            {
                "cells": [
                    line.category.name,
                    line.part.name if line.part else _("not stated"),
                    _list_url(
                        found,
                        area,
                        line.count,
                        category=line.category.code,
                        part=line.part.code if line.part else "-",
                    ),
                ]
            }
            for line in found.parts
        ],
        "attribute_columns": [{"label": _("Attribute")}, {"label": _("Children"), "kind": "number"}],
        "attributes": [
            {"cells": [Attribute(kind).label, _list_url(found, area, count, attribute=kind)]}
            for kind, count in found.attributes
        ],
    }


@require_GET
@roles(*READERS)
def register_totals_page(request: HttpRequest) -> HttpResponse:
    """How many children a place has in each category on a day."""
    _own, day, form, found = _asked(request)
    query = urlencode({"day": day.isoformat(), "region": found.area.pk})
    actions = [
        {
            "label": _("Export"),
            "url": f"{reverse('cases:register_totals_export')}?{query}",
            "icon": "download",
        }
    ]
    if current().role in SCHEME_READERS:
        actions.append({"label": _("Category schemes"), "url": reverse("cases:category_schemes")})
    return render(
        request,
        "cases/register_totals.html",
        {"found": found, "form": form, "day": day, "actions": actions, **_tables(found)},
    )


@require_GET
@roles(*READERS)
def register_totals_export(request: HttpRequest) -> HttpResponse:
    """The page as a workbook: numbers only, so it is given at once; the export is logged."""
    _own, day, _form, found = _asked(request)
    tables = _tables(found)

    def plain(cells: list[Any]) -> list[Any]:
        return [
            cell[0] if isinstance(cell, tuple) else cell if isinstance(cell, int) else str(cell)
            for cell in cells
        ]

    title = _title(found)
    rows = [
        [str(column["label"]) for column in tables["columns"]],
        *(plain(row["cells"]) for row in tables["rows"]),
        plain(tables["sums"]),
        [],
        [str(column["label"]) for column in tables["part_columns"]],
        *(plain(row["cells"]) for row in tables["parts"]),
        [],
        [_("Attributes overlap: one child may hold several. They do not add up to the register.")],
        *(plain(row["cells"]) for row in tables["attributes"]),
    ]
    log_access(
        kind=AccessLog.Kind.EXPORT,
        region_id=found.area.pk,
        subject="cases.register_totals",
        subject_id=found.area.pk,
        reason=title,
        detail={"day": day.isoformat(), "scheme": found.scheme.code, "total": found.total},
    )
    response = HttpResponse(to_xlsx([title], rows, sheet=day.isoformat()), content_type=XLSX)
    response["Content-Disposition"] = (
        f"attachment; filename=totals.xlsx; filename*=UTF-8''{quote(title)}.xlsx"
    )
    return response


def _title(found: Totals) -> str:
    return _("%(place)s %(day)s totals by category (%(scheme)s)") % {
        "place": found.area.short_name,
        "day": found.day,
        "scheme": found.scheme.name,
    }


@require_GET
@roles(*READERS)
def register_totals_list(request: HttpRequest) -> HttpResponse:
    """Exactly the children behind one number, page by key."""
    own = _own_area()
    asked = request.GET
    code = asked.get("region", "")
    area = own
    if code.isdecimal() and len(code) == 12 and int(code) != own.pk:
        area = get_object_or_404(Region.objects.below(own), pk=int(code))
    try:
        day = dt.date.fromisoformat(asked.get("day", ""))
    except ValueError:
        raise Http404 from None
    scheme = scheme_of(area.pk, day)
    chosen = {name: asked.get(name, "") for name in ("category", "part", "attribute")}
    if chosen["attribute"] and chosen["attribute"] not in Attribute.values:
        raise Http404
    children = register_totals.counted_children(area, day, scheme, **chosen)
    count = children.order_by()[: child_list.COUNTED + 1].count()
    after = asked.get("after", "")
    shown = children.filter(pk__gt=int(after)) if after.isdecimal() and len(after) < 19 else children
    rows = list(shown.order_by("pk").defer("health_note", "phone")[: register_totals.PAGE + 1])
    more, rows = len(rows) > register_totals.PAGE, rows[: register_totals.PAGE]
    child_list.name_places(rows)
    query = {"day": day.isoformat(), "region": area.pk, **{k: v for k, v in chosen.items() if v}}
    category = scheme.category(chosen["category"])
    part = next((p for p in category.subtypes if p.code == chosen["part"]), None) if category else None
    words = [
        *([str(category.name)] if category else []),
        *([str(part.name)] if part else [_("not stated")] if chosen["part"] else []),
        *([str(Attribute(chosen["attribute"]).label)] if chosen["attribute"] else []),
    ]
    return render(
        request,
        "cases/register_totals_list.html",
        {
            "area": area,
            "day": day,
            "scheme": scheme,
            "words": " · ".join(words) or _("All children"),
            "rows": rows,
            "count": count,
            "capped": count > child_list.COUNTED,
            "counted": child_list.COUNTED,
            "later": "?" + urlencode({**query, "after": rows[-1].pk}) if more else "",
            "earlier": "?" + urlencode(query) if after else "",
            "back": f"{reverse('cases:register_totals')}?{urlencode({'day': day.isoformat()})}",
        },
    )


@roles(*SCHEME_READERS)
def category_schemes(request: HttpRequest) -> HttpResponse:
    """The scheme in force and the others; the clerk chooses another from a day on, after seeing what changes."""
    at = timezone.now()
    today, county = timezone.localdate(at), get_object_or_404(Region, pk=county_of(current().ranges[0][0]))
    may_choose = current().role in category_choice.CHOOSERS
    form = SchemeForm(posted(request), schemes=category_choice.choices_of(county.pk), initial={"day": today})
    preview: list[dict[str, Any]] = []
    if request.method == "POST":
        if not may_choose:
            raise PermissionDenied
        if form.is_valid():
            data = form.cleaned_data
            if "confirm" not in request.POST:
                preview = _preview(county, min(data["day"], today), form.schemes[data["scheme"]].code, form)
            else:
                try:
                    category_choice.choose_scheme(
                        county.pk, data["scheme"], day=data["day"], source=data["source"], at=at
                    )
                    messages.success(
                        request,
                        _("The register is counted by this scheme from %(day)s.") % {"day": data["day"]},
                    )
                    return redirect("cases:category_schemes")
                except RegisterRefused as refusal:
                    form.add_error(None, str(refusal))
    present = scheme_of(county.pk, today)
    made = [
        {
            "from": row.valid_from,
            "scheme": scheme_from(row.value),
            "source": row.source,
            "present": row.valid_from <= today,
        }
        for row in category_choice.choices_made(county.pk)
    ]
    return render(
        request,
        "cases/category_schemes.html",
        {
            "county": county,
            "present": present,
            "ended": not present.in_force(today),
            "others": [s for s in form.schemes.values() if s.code != present.code],
            "made": made,
            "form": form if may_choose else None,
            "preview": preview,
            "packaged": packaged(),
            "today": today,
        },
    )


def _preview(county: Region, day: dt.date, code: str, form: SchemeForm) -> list[dict[str, Any]]:
    """The county's totals of a day by the scheme in force and by the chosen one, side by side."""
    sides = (scheme_of(county.pk, day), form.schemes[code])
    found = [register_totals.totals(county, day, scheme) for scheme in sides]
    return [
        {
            "scheme": side.scheme,
            "day": day,
            "rows": [{"cells": [c.name, side.counts.get(c.code, 0)]} for c in side.scheme.categories],
            "sums": [_("Total"), side.total],
            "columns": [{"label": _("Category")}, {"label": _("Children"), "kind": "number"}],
        }
        for side in found
    ]


SPANS = (30, 90, 180)


@require_GET
@roles(*child_views.READERS)
def recheck_list(request: HttpRequest) -> HttpResponse:
    """Whose eligibility must be asked again within 30, 90 or 180 days, and why."""
    today = timezone.localdate()
    asked = request.GET.get("days", "")
    days = int(asked) if asked in {str(span) for span in SPANS} else SPANS[0]
    found, cut = recheck_dates.rechecks(current().ranges[0][0], today, days)
    page = Paginator(found, register_totals.PAGE).get_page(request.GET.get("page"))
    child_list.name_places([row.child for row in page])
    segments = [
        {"label": _("In %(days)s days") % {"days": span}, "url": f"?days={span}", "current": span == days}
        for span in SPANS
    ]
    return render(
        request,
        "cases/recheck_dates.html",
        {
            "page": page,
            "segments": segments,
            "cut": cut,
            "most": recheck_dates.MOST,
            "today": today,
            "actions": _to_cycles(),
        },
    )


def _to_cycles() -> list[dict[str, str]]:
    """The way to the regular re-checks, for those whose duty they are."""
    url = "" if current().role == Role.DIRECTOR else address("subsidies:reviews")
    return [{"label": _("Re-checks by cycle"), "url": url, "icon": "refresh"}] if url else []
