"""For which money an account is recorded: the purposes that another app offers. Empty is for everything else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext_lazy as _

Offer = Callable[[], list[tuple[str, Any]]]
_OFFERS: list[Offer] = []
EVERYTHING = _("Everything that has no account of its own")


def offers_purposes(offer: Offer) -> Offer:
    """Register who names purposes: a function that returns pairs (code, label), such as schemes paid to others."""
    _OFFERS.append(offer)
    return offer


def purposes() -> list[tuple[str, Any]]:
    """Every purpose that an account may be recorded for, the general one first."""
    return [("", EVERYTHING), *(pair for offer in _OFFERS for pair in offer())]


def purpose_label(code: str) -> str:
    """What a stored purpose is called; a code that nobody offers any more shows itself."""
    return str(dict(purposes()).get(code, code))
