"""The proposal of a transfer, and choosing a village anywhere by walking down the divisions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cases.circumstances.enums import TransferReason
from cases.free_text import FreeText
from staff.enums import RegionLevel
from staff.models import Region


@dataclass(frozen=True)
class Step:
    """One select: the divisions of a level under what was chosen above, and which of them is chosen."""

    name: str
    label: str
    options: Sequence[Region]
    chosen: int


def walk(given: Sequence[str], start: int, on: dt.date) -> list[Step]:
    """Selects from the province down to the village; at most five queries, each by an index.

    ``given`` are the codes chosen so far in any order of levels; one that does not lie under the one above it is
    forgotten, so that choosing another county starts anew below it. ``start`` is where to begin when nothing was
    chosen: a village whose township is preselected. A level with a single division chooses itself.
    """
    chosen = {int(code) for code in given if code.isdecimal()}
    if len(chosen) < 2:
        chosen |= _above(next(iter(chosen), start))
    steps: list[Step] = []
    parent: int | None = None
    for level in RegionLevel:
        found = Region.objects.in_force(on).filter(level=level)
        options = list(found.filter(parent_id=parent).order_by("code").only("code", "name", "level"))
        if not options:
            continue
        here = next((one.code for one in options if one.code in chosen), 0)
        last = level == RegionLevel.VILLAGE
        if not here and len(options) == 1 and not last:
            here = options[0].code
        steps.append(Step("to_region" if last else "at", str(level.label), options, here))
        if not here:
            break
        parent = here
    return steps


def _above(code: int) -> set[int]:
    """The divisions above a village down to its township; above anything wider down to its county."""
    widths = (10**3, 10**6, 10**8, 10**10) if code % 10**3 else (10**6, 10**8, 10**10)
    return {code - code % width for width in widths}


class TransferForm(forms.Form):
    """Where to, why, from which day."""

    to_region = forms.IntegerField(
        label=_("Village"),
        error_messages={"required": _("Choose the village."), "invalid": _("Choose the village.")},
    )
    reason_code = forms.ChoiceField(
        label=_("Reason"), choices=TransferReason.choices, widget=forms.RadioSelect
    )
    effective_date = forms.DateField(label=_("From the day"), widget=forms.DateInput(attrs={"type": "date"}))
    reason = FreeText(
        label=_("In words"), required=False, max_length=400, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, today: dt.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("effective_date", today)
