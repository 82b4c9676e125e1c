"""The simulator's answer as a sheet: a line for each township, its cost altogether and by source of funds, and the total."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from subsidies.terms.simulation import Cost, Simulation


def used(found: Simulation) -> list[Cost]:
    """The sources that cost something before or after."""
    return [cost for cost in found.sources.values() if cost.before or cost.after]


def header(found: Simulation) -> list[str]:
    """Township, children (人数), payments (人次), and three columns of yuan for the whole and for each source in use."""
    asked = found.supposition
    months = f"{asked.first:%Y-%m}—{asked.last:%Y-%m}"
    heads = [_("Township"), _("Children"), _("Number of payments")]
    for name in (f"{asked.scheme} {asked.amount} {months}", *(cost.name for cost in used(found))):
        heads += [f"{name} {words}" for words in (_("Yuan now"), _("Yuan then"), _("More"))]
    return heads


def rows(found: Simulation) -> Iterator[list[Any]]:
    """By township in the order of codes; the last line is the total."""
    sources = [code for code, cost in found.sources.items() if cost.before or cost.after]
    for township, cost in found.townships.items():
        shares = [found.shares[township, source] for source in sources]
        yield [cost.name, cost.children, cost.payments, *_yuan(cost, *shares)]
    total = found.total
    yield [_("Total"), total.children, total.payments, *_yuan(total, *used(found))]


def _yuan(*costs: Cost) -> Iterator[Any]:
    for cost in costs:
        yield from (cost.before, cost.after, cost.difference)
