"""What people type in their own words: visits, needs, notes, reasons of decisions, what a provider is told.

Many read it later, so the condition of the protected compartment is refused in it, with the remedy, before anything is
saved: in the fields of forms (:class:`FreeText`), and in the words of every decision of a workflow. A case that only
named people read is where it belongs.
"""

from __future__ import annotations

from typing import Any

from django import forms

from cases.eligibility.illness import NOT_HERE, names_protected_condition, not_here
from staff.workflow import TransitionRefused, word_check


class FreeText(forms.CharField):
    """A text that many may read later."""

    default_validators = [not_here]


def is_restricted(obj: Any) -> bool:
    """Whether only named people read a record: a restricted case, or what belongs to one."""
    return bool(getattr(obj, "restricted", False) or getattr(getattr(obj, "case", None), "restricted", False))


@word_check
def check_decision(obj: Any, words: list[str]) -> None:
    """TransitionRefused for words of a decision that name the condition, unless the record is restricted."""
    if any(map(names_protected_condition, words)) and not is_restricted(obj):
        raise TransitionRefused(NOT_HERE)


def refuse_outside(form: forms.Form, obj: Any) -> bool:
    """For a valid form about a record that may be restricted: whether a text was refused, with the error on its field."""
    named = [
        name
        for name, value in form.cleaned_data.items()
        if isinstance(value, str) and names_protected_condition(value)
    ]
    if not named or is_restricted(obj):
        return False
    for name in named:
        form.add_error(name, NOT_HERE)
    return True
