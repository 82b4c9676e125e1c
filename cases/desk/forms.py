"""What the queue can be narrowed to."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cases import key_pages
from cases.children.forms import optional
from cases.desk.sources import Reader, sources_for
from staff.enums import Role
from staff.models import Assignment


class FilterForm(forms.Form):
    """Place and person above the queue, offered; what is asked for is read by ``Filters.read``. Two queries."""

    source = forms.ChoiceField(required=False, widget=forms.HiddenInput)
    region = forms.TypedChoiceField(label=_("Place"), coerce=int, empty_value=None, required=False)
    person = forms.TypedChoiceField(label=_("Person"), coerce=int, empty_value=None, required=False)

    def __init__(self, *args: Any, reader: Reader, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["source"].choices = [(one.code, one.code) for one in sources_for(reader).values()]
        places = [(place.pk, place.short_name) for place in key_pages.places_below(reader.today)]
        fields["region"].choices = optional(places)
        below = Role.SUPERVISOR if reader.at_county else Role.DIRECTOR
        held = Assignment.objects.on(reader.today).filter(role=below).order_by("region_id", "pk")
        people = dict(held.values_list("user_id", "user__name"))
        fields["person"].choices = optional(list(people.items()))
