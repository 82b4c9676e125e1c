"""Two versions of one visit, field by field and in words, as a person decides between them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.visits.forms import VisitForm

# What says which visit and which version it is, not what was found.
ASIDE = frozenset({"client_id", "basis", "child", "photos", "drop_photos", "form_code", "form_version"})


@dataclass(frozen=True)
class Difference:
    """One field that says something else: in words, and ``values`` as the form would send the office's version."""

    name: str
    label: str
    mine: str
    theirs: str
    values: list[str]


def differences(mine: VisitForm, theirs: VisitForm) -> list[Difference]:
    """Every field in which a valid form and the form of the stored visit (unbound) differ, in the form's order."""
    names = [name for name in (*mine.fields, *theirs.fields) if name not in ASIDE]
    found = []
    for name in dict.fromkeys(names):
        field = mine.fields.get(name) or theirs.fields[name]
        own = mine.cleaned_data.get(name)
        stored = _cleaned(field, theirs.get_initial_for_field(field, name) if name in theirs.fields else None)
        if _plain(own) != _plain(stored):
            found.append(
                Difference(
                    name, str(field.label or name), words(field, own), words(field, stored), as_sent(stored)
                )
            )
    return found


def _cleaned(field: forms.Field, value: Any) -> Any:
    """An initial value as the field would give it back; itself when it is of a kind the form no longer offers."""
    if isinstance(value, dt.datetime | dt.date) or value is None:
        return value
    try:
        return field.to_python(value)
    except forms.ValidationError:
        return value


def _plain(value: Any) -> Any:
    """Equal for values that say the same: order of several choices, seconds of a time, kinds of nothing, line ends."""
    if isinstance(value, dt.datetime):
        return value.replace(second=0, microsecond=0)
    if isinstance(value, list | tuple | set):
        return frozenset(str(one) for one in value) or None
    if isinstance(value, str):
        return value.replace("\r\n", "\n").strip() or None
    return value


def words(field: forms.Field, value: Any) -> str:
    """A value as a person reads it: labels of choices, local times, a dash for nothing."""
    if _plain(value) is None:
        return "—"
    if isinstance(value, dt.datetime):
        return f"{timezone.localtime(value):%Y-%m-%d %H:%M}"
    choices = {str(code): str(label) for code, label in _flat(getattr(field, "choices", ()))}
    if isinstance(value, list | tuple | set):
        return _(", ").join(choices.get(str(one), str(one)) for one in value)
    return choices.get(str(value), str(value))


def _flat(choices: Iterable[Any]) -> Iterable[tuple[Any, Any]]:
    """Pairs of code and label, out of their groups."""
    for code, label in choices:
        if isinstance(label, list | tuple):
            yield from _flat(label)
        else:
            yield code, label


def as_sent(value: Any) -> list[str]:
    """A value as the form sends it."""
    if isinstance(value, dt.datetime):
        return [f"{timezone.localtime(value):%Y-%m-%dT%H:%M}"]
    if isinstance(value, list | tuple | set):
        return [str(one) for one in value]
    return [] if value is None or value == "" else [str(value)]
