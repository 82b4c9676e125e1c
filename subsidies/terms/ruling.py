"""Writing what a county rules differently for a scheme, with its date and document. What is on record is never changed:
a later rule takes over.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from staff.models import Region
from staff.workflow import Actor, TransitionRefused
from subsidies.enums import SchemeCode
from subsidies.models import Scheme, SchemeRule
from subsidies.reckoning import rules
from subsidies.reckoning.formulas import FormulaCircleError
from subsidies.reckoning.standards import Standards
from subsidies.terms.in_force import national_terms
from subsidies.terms.reading import TermsError, read_changes
from subsidies.terms.words import LABELS


class RuleRefused(TransitionRefused):
    """The rule cannot be recorded; the message names the remedy. ``key``: the term that it is about, or ""."""

    def __init__(self, message: str, key: str = "") -> None:
        super().__init__(message)
        self.key = key


def add_rule(
    *,
    actor: Actor,
    at: dt.datetime,
    region: Region,
    scheme: Scheme,
    valid_from: dt.date,
    document: str,
    changes: dict[str, Any],
    valid_to: dt.date | None = None,
) -> SchemeRule:
    """Record what a region rules from the first day of a month on. ``changes``: JSON values by key, only what differs.

    RuleRefused when a value is no such term, the terms would contradict each other, standards would be reckoned in a
    circle, or the region has ruled from that day already.
    """
    try:
        read_changes(changes)
    except TermsError as error:
        raise RuleRefused(_in_words(error), error.key) from error
    try:
        with transaction.atomic():
            rule = SchemeRule.objects.create(
                scheme=scheme,
                region=region,
                valid_from=valid_from,
                valid_to=valid_to,
                document=document,
                changes=changes,
                user_id=actor.user_id or None,
            )
            _try_out(scheme, region, valid_from)
    except TermsError as error:
        raise RuleRefused(_in_words(error), error.key) from error
    except FormulaCircleError as error:
        raise RuleRefused(
            _(
                "The standards would be reckoned from each other in a circle. Start one from the table of rates."
            ),
            "formulas",
        ) from error
    except IntegrityError as error:
        if "scheme_rule_once_a_day" not in str(error):
            raise
        raise RuleRefused(
            _(
                "A rule of this scheme begins on this day already. It cannot be changed; choose another month."
            ),
            "valid_from",
        ) from error
    return rule


# Schemes that nobody applies for: their standard is only reckoned with.
FOR_RECKONING = frozenset({SchemeCode.DIBAO})


def install_schemes() -> int:
    """Put every scheme of the packaged rules on record that is not yet; only the basic living allowance can be applied
    for until a standard is recorded. Returns how many are new.
    """
    present = set(Scheme.objects.values_list("code", flat=True))
    new = [
        Scheme(
            code=code,
            clause=national_terms(code.value, dt.date.max).sources["categories"].document,
            is_active=code == SchemeCode.BASIC_LIVING,
        )
        for code in SchemeCode
        if code not in present
    ]
    Scheme.objects.bulk_create(new)
    return len(new)


def begin_scheme(scheme: Scheme) -> None:
    """A scheme can be applied for from its first standard on."""
    if not scheme.is_active and scheme.code not in FOR_RECKONING:
        scheme.is_active = True
        scheme.save(update_fields=["is_active"])


def _try_out(scheme: Scheme, region: Region, day: dt.date) -> None:
    """Ask every standard of the scheme once, so that a contradiction shows now and not in a batch."""
    standards = Standards.load(scheme, region.pk)
    terms = standards.terms(day)
    for category in terms.categories:
        for placement in terms.placements:
            for grade in ("", *(grade.code for grade in terms.grades)):
                try:
                    standards.standard(day, category, placement, grade)
                except rules.NoRateError:
                    continue


def _in_words(error: TermsError) -> str:
    name = LABELS.get(error.key)
    return f"{name} ({error.key}): {error.message}" if name else f"{error.key}: {error.message}"
