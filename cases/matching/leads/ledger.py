"""The screening ledger (筛查台账, O-19): basics, visit record, problem found, solution, a line a potential child."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any, Final

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases import identity, key_pages
from cases.enums import Sex
from cases.ledger_exports import ledger
from cases.matching.leads.pages import reasons
from cases.matching.leads.selectors import found_between
from cases.models import PotentialChild

LEDGER: Final = "leads_export"


def _found(arguments: dict[str, Any], day: dt.date) -> QuerySet[PotentialChild]:
    start = dt.date.fromisoformat(arguments.get("start") or f"{day.year}-01-01")
    end = dt.date.fromisoformat(arguments.get("end") or day.isoformat())
    return PotentialChild.objects.filter(found_between(start, end))


def _count(arguments: dict[str, Any], day: dt.date) -> int:
    return _found(arguments, day).order_by()[: key_pages.COUNTED + 1].count()


@ledger(LEDGER, gettext_lazy("Screening ledger"), count=_count, has_numbers=True)
def lines(arguments: dict[str, Any], day: dt.date, full: bool) -> Iterator[list[Any]]:
    """The header, then a line for each potential child found in the period, in the order of the places."""
    yield [
        *(
            _("Number"),
            _("Township"),
            _("Village"),
            _("Name"),
            _("Identity number"),
            _("Sex"),
            _("Date of birth"),
        ),
        *(_("Head of household"), _("Address"), _("What speaks for it"), _("Found on"), _("Visit due")),
        *(_("Day of the visit"), _("Visited by"), _("What was found"), _("Problem found"), _("Solution")),
        *(_("State"), _("Register number")),
    ]
    every = _found(arguments, day).select_related("visited_by", "child").order_by("region_id", "pk")
    rows = list(every)
    key_pages.name_places(rows)
    for number, one in enumerate(rows, start=1):
        yield [
            *(number, one.township, one.village, one.name),  # type: ignore[attr-defined]
            (one.id_number if full else identity.mask(one.id_number)) if one.id_number else "",
            str(Sex(one.sex).label) if one.sex else "",
            *(
                one.birth_date or "",
                one.head_name,
                one.address if full else identity.mask_address(one.address),
                "；".join([*reasons(one.why), *filter(None, [one.clue])]),
            ),
            *(
                one.created_at.date(),
                one.due_date,
                one.visit_date or "",
                one.visited_by.name if one.visited_by else "",
            ),
            *(
                one.finding,
                one.problem,
                one.solution,
                str(one.get_state_display()),
                one.child.number if one.child else "",
            ),
        ]
