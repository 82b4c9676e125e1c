"""重病: by the county's list, or by what the family paid itself last year. Pure.

One condition is never written here: it belongs to the restricted compartment, which only named people open.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

# Words of the condition that the neutral code "protected" stands for, in any spelling.
PROTECTED_WORDS = re.compile(
    r"艾滋|爱滋|人类免疫缺陷|人免疫缺陷|(?<![a-z])(?:h\W?i\W?v|a\W?i\W?d\W?s)(?![a-z])", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Severity:
    """Whether an illness counts as severe, and by which entry of the list or whether by what was paid."""

    severe: bool
    listed: str = ""
    by_cost: bool = False


def names_protected_condition(text: str) -> bool:
    """Whether a text names the condition that is kept in the restricted compartment only."""
    return PROTECTED_WORDS.search(text.translate(_NARROW)) is not None


NOT_HERE = _(
    "This condition is never written in the file. Open a case, restrict it and name the people who "
    "may know; write it there. In the file the child belongs to the protected category."
)


VEIL = _("[belongs in the protected file]")


def not_here(text: str) -> None:
    """Validator of free text: ValidationError with the remedy where the condition is named."""
    if names_protected_condition(text):
        raise ValidationError(NOT_HERE, code="protected_condition")


def veiled(value: Any) -> Any:
    """A cell for a file that leaves the office: texts of before the rule that name the condition are not copied."""
    return str(VEIL) if isinstance(value, str) and names_protected_condition(value) else value


def refuse_protected(text: str, field: str) -> None:
    """ValidationError on ``field`` for a text that names the condition."""
    if names_protected_condition(text):
        raise ValidationError({field: NOT_HERE})


_NARROW = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}  # full-width letters and digits


def severity(
    diagnosis: str, self_paid: Decimal | None, listed: Sequence[str], threshold: Decimal
) -> Severity:
    """``self_paid`` and ``threshold`` in yuan; more than the threshold counts, the threshold itself does not."""
    plain = "".join(diagnosis.split())
    entry = next((name for name in listed if name and name in plain), "")
    by_cost = self_paid is not None and self_paid > threshold
    return Severity(bool(entry) or by_cost, entry, by_cost)
