"""残疾人证: its number read and checked, and whether the disability is severe. Pure.

20 digits: the identity number, the kind (1–7) and the level (1–4); a replaced card bears B and a running number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from cases import identity
from cases.eligibility.decision import is_severe_disability
from cases.enums import DisabilityKind

SHAPE = re.compile(r"^(?P<number>[0-9]{17}[0-9X])(?P<kind>[0-9])(?P<level>[0-9])(?:B(?P<copy>[0-9]{1,2}))?$")
CARD_LENGTH = 20


class CardError(ValueError):
    """The number is none; the message names the fault and what to do."""


@dataclass(frozen=True, slots=True)
class Card:
    """A number that passed. ``replacement`` is 0 for the first card."""

    id_number: str
    kind: DisabilityKind
    level: int
    replacement: int = 0

    @property
    def number(self) -> str:
        """The number as printed."""
        suffix = f"B{self.replacement}" if self.replacement else ""
        return f"{self.id_number}{self.kind.value}{self.level}{suffix}"


def parse_card(text: str) -> Card:
    """Read a card number; blanks, full-width digits and lower case are repaired. CardError names the fault."""
    number = identity.canonical(text)
    if not number:
        raise CardError(_("Write the number of the disability card."))
    body = number.partition("B")[0]
    if len(body) == 18:
        raise CardError(_("This is an identity number. The card number has two digits more: kind and level."))
    if len(body) != CARD_LENGTH:
        raise CardError(
            _(
                "The card number has %(count)s characters before any B; it must have 20. Compare it with the card."
            )
            % {"count": len(body)}
        )
    shape = SHAPE.match(number)
    if shape is None:
        raise CardError(
            _(
                "Only digits, an X in place 18, and at the end B with a number for a replaced card. "
                "Compare it with the card."
            )
        )
    problem = identity.problem_of(shape["number"])
    if problem is not None:
        raise CardError(
            _("The first 18 digits are no identity number: %(fault)s") % {"fault": identity.explain(problem)}
        )
    if shape["kind"] not in DisabilityKind.values:
        raise CardError(
            _("Digit 19 is the kind of disability, 1 to 7, not %(digit)s.") % {"digit": shape["kind"]}
        )
    if shape["level"] not in "1234":
        raise CardError(_("Digit 20 is the level, 1 to 4, not %(digit)s.") % {"digit": shape["level"]})
    return Card(shape["number"], DisabilityKind(shape["kind"]), int(shape["level"]), int(shape["copy"] or 0))


def belongs_to(card: Card, id_number: str) -> bool:
    """Whether the card is that of the person with this identity number. True when the person has none."""
    return not id_number or identity.canonical(id_number) == card.id_number


def mask_card(number: str) -> str:
    """The number as screens show it: the person masked, kind and level in clear."""
    return f"{number[:4]}************{number[18:20]}" if len(number) >= CARD_LENGTH else "****"


def is_severe(kind: str, level: int, components: Iterable[Mapping[str, Any]] = ()) -> bool:
    """重残: level 1 or 2, or 3 or 4 when it is intellectual or mental; of multiple disabilities any component.

    ``components``: {"kind", "level"} each. ValueError for a code or level that does not exist.
    """
    if is_severe_disability(DisabilityKind(kind), level):
        return True
    return kind == DisabilityKind.MULTIPLE and any(
        is_severe_disability(DisabilityKind(part["kind"]), int(part["level"])) for part in components
    )
