"""Which months are paid together. Pure. A period is named by its first month."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cases.ages import add_months
from subsidies.aid.enums import Cadence
from subsidies.reckoning import months


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """First and last month (both as first days); ``once``: paid in the first month of an entitlement alone."""

    month: dt.date
    last: dt.date
    once: bool = False


def period_of(month: dt.date, cadence: Cadence) -> Period:
    """The period that a month lies in: a quarter of the calendar, a school year from September, a calendar year."""
    first, last = months.period_of(month, cadence), months.period_end(month, cadence)
    return Period(first, last, cadence is Cadence.ONCE)


def periods_between(
    first: dt.date, last: dt.date, cadence_of: Callable[[dt.date], Cadence]
) -> Iterator[Period]:
    """Every period from the one in which ``first`` lies to the one in which ``last`` lies, as each month's rule cuts
    them; none when ``last`` is earlier.
    """
    if last < first:
        return
    period = period_of(first, cadence_of(first))
    while period.month <= last:
        yield period
        following = add_months(period.last, 1)
        found = period_of(following, cadence_of(following))
        # Where a rule changes the cadence within a period of the new one, the new one begins with the change.
        period = Period(max(found.month, following), found.last, found.once)
