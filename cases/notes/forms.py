"""Forms of notes: validation only."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cases.free_text import FreeText
from cases.notes.services import LONGEST


class NoteForm(forms.Form):
    """Who is told what; ``people`` are the accounts that can be told from here, as (id, words)."""

    recipient = forms.TypedChoiceField(label=pgettext_lazy("note", "To"), coerce=int)
    text = FreeText(
        label=pgettext_lazy("note", "Note"),
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("It arrives on the phone. What wakes the phone never carries a child's name."),
    )

    def __init__(self, *args: Any, people: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["recipient"].choices = people  # type: ignore[attr-defined]


class SubscriptionForm(forms.Form):
    """What a browser tells of itself: where it is woken, and the two halves that only it can read with."""

    endpoint = forms.CharField(max_length=1000)
    p256dh = forms.CharField(max_length=100)
    auth = forms.CharField(max_length=40)
