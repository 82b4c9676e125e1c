"""Who else must look: decisions about pairs that touch money are proposed by one person and taken by another.

What touches money an app says by registering a function with :func:`money_follows`; this package imports no app.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Final

from cases.models import MatchCandidate
from staff import parameters
from staff.enums import Role

Follows = Callable[[Sequence[MatchCandidate]], set[int]]
_FOLLOWS: Final[list[Follows]] = []
PARAMETER: Final = "two_person_review"
SECONDS: Final = frozenset({Role.CLERK, Role.APPROVER})


class TwoPersons(StrEnum):
    """For which pairs a county wants a second person."""

    MONEY = "money"
    ALL = "all"
    NONE = "none"


def money_follows(function: Follows) -> Follows:
    """Decorator: the function is given pairs of one run, with ``run`` and ``list_row``, and answers the keys of those
    whose outcome decides about money. It must cost the same number of queries for one pair as for a thousand."""
    _FOLLOWS.append(function)
    return function


def with_money(pairs: Sequence[MatchCandidate]) -> set[int]:
    """Keys of the pairs whose outcome decides about money."""
    return set().union(*(function(pairs) for function in _FOLLOWS)) if pairs else set()


def needing_second(pairs: Sequence[MatchCandidate], region_id: int, on: dt.date) -> set[int]:
    """Keys of the pairs that another person must decide, by the county's parameter."""
    match TwoPersons(parameters.value(region_id, PARAMETER, on)):
        case TwoPersons.NONE:
            return set()
        case TwoPersons.ALL:
            return {pair.pk for pair in pairs}
        case TwoPersons.MONEY:
            return with_money(pairs)
