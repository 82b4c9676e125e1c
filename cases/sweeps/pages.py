"""What the pages of sweeps show: plain values for the components."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from cases.enums import PrimaryCategory, RiskLevel
from cases.models import Sweep
from cases.questions.choice import sets_in_force
from cases.sweeps.selectors import SHOWS, Reached, by_township
from staff.models import Region
from staff.models.region import township_of
from staff.templatetags.look import short_date


def state_of(sweep: Sweep, today: dt.date) -> tuple[str, str]:
    """Code and word of the status chip."""
    if sweep.closed_at is not None:
        return "closed", _("Closed")
    if today < sweep.start_date:
        return "planned", _("Planned")
    if today > sweep.end_date:
        return "returned", _("Over, to be closed")
    return "submitted", _("Under way")


def whom_words(sweep: Sweep) -> str:
    """Who is visited: "everyone", or categories and colours."""
    categories = [str(PrimaryCategory(code).label) for code in sweep.whom.get("categories", ())]
    colours = [str(RiskLevel(code).label) for code in sweep.whom.get("risks", ())]
    return _("; ").join(_(", ").join(words) for words in (categories, colours) if words) or _("Everyone")


def days_words(sweep: Sweep) -> str:
    return f"{sweep.start_date.isoformat()} – {sweep.end_date.isoformat()}"


def sweep_item(sweep: Sweep, reached: Reached | None, today: dt.date) -> dict[str, Any]:
    """A row of the list of sweeps."""
    state, word = state_of(sweep, today)
    note = ""
    if reached is not None:
        note = f"{reached.visited} / {reached.children} · {reached.percent}%"
    return {
        "title": sweep.title,
        "url": reverse("cases:sweep", args=[sweep.pk]),
        "state": state,
        "word": word,
        "lines": [f"{days_words(sweep)} · {whom_words(sweep)}", sweep.region.short_name],
        "note": note,
    }


def form_name(sweep: Sweep) -> str:
    """The name of the form whose visits count; empty when any does."""
    sets = sets_in_force(sweep.region_id, sweep.start_date) if sweep.form_code else []
    return next((str(one.name) for one in sets if one.code == sweep.form_code), sweep.form_code)


def facts(sweep: Sweep) -> list[dict[str, Any]]:
    """The sweep as labelled values."""
    found: list[dict[str, Any]] = [
        {"label": _("Place"), "value": sweep.region.short_name},
        {"label": _("Days of the sweep"), "value": days_words(sweep), "number": True, "wide": True},
        {"label": _("Who is visited"), "value": whom_words(sweep)},
        {"label": _("Number of the document"), "value": sweep.document, "wide": True},
        {"label": _("Visit form"), "value": form_name(sweep)},
    ]
    return [one for one in found if one["value"]]


COLUMNS = ("left", "visited", "all", "found")


def columns(first: str) -> list[dict[str, Any]]:
    """Of the table of places."""
    return [
        {"label": first, "kind": "name"},
        {"label": _("Coverage"), "kind": "text"},
        *({"label": SHOWS[show], "kind": "number"} for show in COLUMNS),
    ]


def numbers(row: Reached) -> dict[str, int]:
    """By show, in the order of COLUMNS."""
    found = {"all": row.children, "visited": row.visited, "left": row.left, "found": row.found}
    return {show: found[show] for show in COLUMNS}


def cells(sweep: Sweep, row: Reached, name: Any, *, linked: bool) -> list[Any]:
    """A place and its numbers; each leads to its list while the sweep is not closed."""
    here = reverse("cases:sweep_children", args=[sweep.pk])
    found: list[Any] = [name, f"{row.percent}%"]
    for show, number in numbers(row).items():
        address = f"{here}?{urlencode({'region': row.region_id, 'show': show})}"
        found.append((number, address) if linked and number else number)
    return found


def tables(
    sweep: Sweep, rows: Iterable[Reached], names: Mapping[int, str], township: int | None, *, linked: bool
) -> dict[str, Any]:
    """Townships with their numbers, and the villages of the chosen one (of the only one at once), least covered first."""
    rows = list(rows)
    above = by_township(rows)
    here = reverse("cases:sweep", args=[sweep.pk])
    chosen = township if township is not None else above[0].region_id if len(above) == 1 else None
    below = [row for row in rows if chosen is not None and township_of(row.region_id) == chosen]
    below.sort(key=lambda row: (row.percent, -row.left, row.region_id))
    return {
        "township_columns": columns(_("Township")),
        "townships": [
            {
                "cells": cells(
                    sweep,
                    row,
                    (names.get(row.region_id, ""), f"{here}?township={row.region_id}"),
                    linked=linked,
                ),
                "selected": row.region_id == chosen,
            }
            for row in above
        ]
        if len(above) > 1
        else [],
        "village_columns": columns(_("Village")),
        "villages": [
            {"cells": cells(sweep, row, names.get(row.region_id, ""), linked=linked)} for row in below
        ],
        "chosen": names.get(chosen or 0, ""),
    }


def names_of(rows: Iterable[Reached]) -> dict[int, str]:
    """The short names of the rows' villages and townships. One query."""
    codes = {row.region_id for row in rows} | {township_of(row.region_id) for row in rows}
    return {region.pk: region.short_name for region in Region.objects.filter(pk__in=codes)}


def strips(found: Iterable[tuple[Sweep, Reached]], today: dt.date) -> list[dict[str, Any]]:
    """For the director's home: each running sweep with somebody left."""
    return [
        {
            "title": sweep.title,
            "left": reached.left,
            "visited": reached.visited,
            "children": reached.children,
            "until": short_date(sweep.end_date, today),
            "url": f"{reverse('cases:sweep_children', args=[sweep.pk])}?show=left",
            "sweep_url": reverse("cases:sweep", args=[sweep.pk]),
        }
        for sweep, reached in found
    ]
