"""The help ledger as a spreadsheet: exactly the lines that the filters let through."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from cases import key_pages
from cases.help.selectors import HelpFilters
from cases.ledger_exports import HELP, ledger

CHUNK = 1000


def _count(arguments: dict[str, Any], day: dt.date) -> int:
    return HelpFilters(**arguments).lines().order_by()[: key_pages.COUNTED + 1].count()


@ledger(HELP, _lazy("Help ledger"), count=_count, has_numbers=False)
def lines(arguments: dict[str, Any], day: dt.date, full: bool) -> Iterator[list[Any]]:
    """The header, then a line for each help, latest first. Amounts are in yuan."""
    yield [
        *(_("Number"), _("Date"), _("Place"), _("Register number"), _("Name"), _("Area"), _("Form")),
        *(_("What was given"), _("Amount or value (yuan)"), _("Given by"), _("Answers the need")),
    ]
    found = HelpFilters(**arguments).lines().select_related("child", "need", "region__parent")
    for number, one in enumerate(found.iterator(CHUNK), start=1):
        above = one.region.parent.short_name if one.region.parent else ""
        yield [
            number,
            one.date.isoformat(),
            f"{above} {one.region.short_name}".strip(),
            one.child.number,
            one.child.name,
            one.get_area_display(),
            one.get_form_display(),
            one.what,
            # A spreadsheet has no other number; amounts of two places below ten million are exact in print.
            "" if one.amount is None else float(one.amount),
            one.giver,
            one.need.text if one.need else "",
        ]
