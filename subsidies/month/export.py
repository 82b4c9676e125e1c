"""The month's page as rows of one sheet: part, matter, what is to be done, numbers, yuan, deadline."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from staff.models import Region
from subsidies.applications import pages as application_pages
from subsidies.entitlements.departed import attach_children
from subsidies.month import pages as month_pages

MOST = 1000  # applications


def header() -> list[str]:
    return [
        _("Part"), _("Matter"), _("Place or state"), _("How many"), _("Of which to do"), _("Yuan"), _("Deadline"),
    ]  # fmt: skip


def lines(region: Region, shown: dt.date, today: dt.date) -> Iterator[list[Any]]:
    """In the order of the page. A fixed number of queries."""
    batches, before = month_pages.batches_of(region, shown)
    tallied, owed = month_pages.tallies(shown, today)
    for batch in batches:
        yield [
            _("Payment batches"),
            f"{batch.number} {batch.scheme}",
            batch.get_state_display(),
            batch.child_count,
            "",
            float(batch.total),
            "",
        ]
    part = _("Totals by scheme")
    for scheme in month_pages.by_scheme(batches, before):
        yield [part, scheme.label, _("Month before"), scheme.children_before, "", float(scheme.before), ""]
        yield [part, scheme.label, f"{shown:%Y-%m}", scheme.children, "", float(scheme.now), ""]
    part = _("Applications and confirmation")
    desk = application_pages.desk()
    found = attach_children(application_pages.at_work(desk)[:MOST])
    for row in (application_pages.row(one, desk) for one in found):
        yield [
            part,
            f"{row['child']} {row['matter']}",
            f"{row['place']} {row['word']}",
            "",
            "",
            "",
            row["clock"].get("due") or row["clock"].get("word", ""),
        ]
    part = _("Re-checks that are due")
    for due in tallied:
        yield [part, due.label, "", due.count, due.left, "", due.due]
    part = _("Discrepancies")
    for row in month_pages.discrepancies()["rows"]:
        yield [part, row["label"], "", row["count"], row["count"], "", row["due"]]
    part = _("Money left")
    for outlook in month_pages.funds(region, shown, batches, before)["outlook"]:
        months = "" if outlook.months is None else outlook.months
        yield [part, outlook.balance.label, "", months, "", float(outlook.balance.available), ""]
    yield [_("Recoveries"), _("Open"), "", owed.count, "", float(owed.yuan), ""]
    yield [_("Recoveries"), _("Past their day"), "", owed.late, owed.late, float(owed.late_yuan), ""]
