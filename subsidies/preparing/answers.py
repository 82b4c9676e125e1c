"""The pure rules, asked once for each key; what they answer is joined to whom it concerns."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Self

from django.db import connection
from django.utils.translation import gettext as _

from cases.enums import Placement, PrimaryCategory
from cases.matching.runs.copying import copy_rows
from subsidies.models import Offset
from subsidies.preparing.refusals import BatchRefused
from subsidies.preparing.tables import SOURCES
from subsidies.reckoning import rules
from subsidies.reckoning.standards import Due, Standards, together


@dataclass(frozen=True, slots=True)
class Key:
    """All that decides an amount: the period, the terms of the entitlement, other benefits by kind, and the other
    categories of which the highest counts. ``part``: the one month of the period that this is about.
    """

    month: dt.date
    category: str
    placement: str
    grade: str
    offsets: tuple[tuple[str, Decimal], ...]
    also: tuple[str, ...]
    part: dt.date | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """``2026-10-01|dibao|scattered||tekun=100.00|severe_illness``, as prep_fact writes it."""
        month, category, placement, grade, benefits, also, *part = text.split("|")
        pairs = (benefit.split("=") for benefit in benefits.split(",") if benefit)
        offsets = tuple((kind, Decimal(amount)) for kind, amount in pairs)
        others = tuple(filter(None, also.split(",")))
        of = dt.date.fromisoformat(part[0]) if part else None
        return cls(dt.date.fromisoformat(month), category, placement, grade, offsets, others, of)

    @classmethod
    def parse_all(cls, text: str) -> list[Self]:
        """The keys of a period's months (``…|2026-10-01;…|2026-11-01``), or the one of a period that is one sum."""
        return [cls.parse(part) for part in text.split(";")]


def explanation_of(due: Due) -> dict[str, Any]:
    """What a payment stores about its amount; ``offsets`` with their sources are added for each child."""
    return {
        "lines": rules.explain(due.amount),
        "clause": due.amount.clause.value,
        "conflicts": [kind.value for kind in due.amount.conflicts],
        "rate": {
            "id": due.rate.pk,
            "region": due.rate.region_id,
            "amount": str(due.rate.amount),
            "placement": due.rate.placement,
            "category": due.rate.category,
            "grade": due.rate.grade,
            "valid_from": due.rate.valid_from.isoformat(),
            "source": due.rate.source,
        },
        "offsets": [],
    }


class Unruled(BatchRefused):
    """No standard answers a key, or two do. ``why``: "missing" or "ambiguous"."""

    def __init__(self, message: str, why: str) -> None:
        super().__init__(message)
        self.why = why


def due_on(standards: Standards, keys: Iterable[Key]) -> Due:
    """What the rules say of a period by the keys of its months. Raises rules.NoRateError, rules.AmbiguousRateError."""
    dues = {key.part: _due_on(standards, key) for key in keys}
    return dues[None] if None in dues else together({part: due for part, due in dues.items() if part})


def _due_on(standards: Standards, key: Key) -> Due:
    month = key.part or key.month
    offsets = [Offset(kind=kind, amount=amount, start_month=month, source="") for kind, amount in key.offsets]
    return standards.due_of_month(key.month, month, key.category, key.placement, offsets, key.grade, key.also)


def due_of(standards: Standards, keys: Iterable[Key]) -> Due:
    """What the rules say. Raises Unruled when a standard is missing or not unique."""
    rows = list(keys)
    key = rows[0]
    try:
        return due_on(standards, rows)
    except rules.NoRateError as error:
        raise Unruled(
            _(
                "No standard is in force for %(category)s, %(placement)s, %(month)s. "
                "Enter it, then prepare again."
            )
            % _words(key),
            "missing",
        ) from error
    except rules.AmbiguousRateError as error:
        raise Unruled(
            _(
                "Two standards apply to %(category)s, %(placement)s, %(month)s. "
                "Correct the table of standards."
            )
            % _words(key),
            "ambiguous",
        ) from error


def _words(key: Key) -> dict[str, Any]:
    return {
        "category": PrimaryCategory(key.category).label,
        "placement": Placement(key.placement).label,
        "month": f"{key.month:%Y-%m}",
    }


_UNRULED = """
INSERT INTO prep_unruled (child_id, month, entitlement_id, region_code, category, placement, why)
SELECT f.child_id, f.month, f.entitlement_id, f.region_code, f.category, f.placement, u.why
FROM unnest(%s::text[], %s::text[]) u (key, why) JOIN prep_fact f ON f.key = u.key"""


def answer(standards: Standards) -> int:
    """Fill ``prep_answer`` for the keys of ``prep_fact`` and ``prep_unruled`` with the facts that no standard answers;
    returns how many keys there are. Raises BatchRefused when no key has an answer.
    """
    refused: dict[str, Unruled] = {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT key FROM prep_fact ORDER BY key")
        keys = [row[0] for row in cursor.fetchall()]
        copy_rows(cursor, "prep_answer", _rows(standards, keys, refused))
        if refused and len(refused) == len(keys):
            raise refused[keys[0]]
        cursor.execute(_UNRULED, [list(refused), [error.why for error in refused.values()]])
        cursor.execute("ANALYZE prep_answer")
        cursor.execute("ANALYZE prep_unruled")
    return len(keys)


def _rows(standards: Standards, keys: list[str], refused: dict[str, Unruled]) -> Iterator[tuple[object, ...]]:
    """The answers; a key without one goes to ``refused``."""
    for text in keys:
        try:
            due = due_of(standards, Key.parse_all(text))
        except Unruled as error:
            refused[text] = error
            continue
        yield (
            text,
            due.amount.total,
            due.standard,
            json.dumps(explanation_of(due), ensure_ascii=False),
            *(due.funding[source] for source in SOURCES),
        )
