"""残疾人两项补贴 beside the allowances: what one child may not hold together, and what it could apply for. Pure.

rules.md 2.3 (3) and (6), 国发〔2015〕52号: an orphan does not hold the living subsidy but may hold the nursing subsidy; who
is paid the allowance in full holds no living subsidy, so it is set off; 特困 holds neither.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import models
from django.utils.translation import gettext_lazy as _

from cases.enums import PrimaryCategory
from subsidies.aid.enums import DisabilitySubsidyKind

SEVERE_LEVEL = 2  # 护理补贴: 一二级 (湖南)


class Overlap(models.TextChoices):
    """What is found of one child; the first ones must be put right, the last one is a chance."""

    TEKUN = "tekun", _("Tekun support excludes both subsidies")
    ORPHAN_LIVING = "orphan_living", _("An orphan does not hold the living subsidy")
    NOT_SET_OFF = "not_set_off", _("Allowance paid in full beside the living subsidy: to be set off")
    COULD_APPLY = "could_apply", _("Has a disability card and could apply")


@dataclass(frozen=True)
class Disabled:
    """What the rules ask of a child. ``level`` is that of the card in force, None without one.

    ``entitled``: the basic living allowance is in force; ``set_off``: it takes the living subsidy into account.
    """

    category: str
    living: bool = False
    nursing: bool = False
    tekun: bool = False
    dibao: bool = False
    entitled: bool = False
    set_off: bool = False
    level: int | None = None


def overlaps(child: Disabled) -> tuple[Overlap, ...]:
    """Everything found of the child, in the order of :class:`Overlap`."""
    if child.tekun:
        return (Overlap.TEKUN,) if child.living or child.nursing else ()
    found = []
    orphan = child.category == PrimaryCategory.ORPHAN
    if child.living and orphan:
        found.append(Overlap.ORPHAN_LIVING)
    elif child.living and child.entitled and not child.set_off:
        found.append(Overlap.NOT_SET_OFF)
    if could_have(child):
        found.append(Overlap.COULD_APPLY)
    return tuple(found)


def could_have(child: Disabled) -> tuple[DisabilitySubsidyKind, ...]:
    """The subsidies that a child with a card does not have and could: 护理 at level 1 or 2, 生活 in a 低保 family.

    Whoever has the allowance is not sent for the living subsidy: it would only be set off again.
    """
    if child.level is None or child.tekun:
        return ()
    kinds = []
    if child.dibao and not child.living and not child.entitled and child.category != PrimaryCategory.ORPHAN:
        kinds.append(DisabilitySubsidyKind.LIVING)
    if child.level <= SEVERE_LEVEL and not child.nursing:
        kinds.append(DisabilitySubsidyKind.NURSING)
    return tuple(kinds)
