"""Forms of the register's totals and of the county's category scheme."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.categories.schemes import Scheme
from cases.children.forms import DayField
from staff.models import Region

WHOLE = gettext_lazy("The whole area")


class TotalsForm(forms.Form):
    """Which day, which place. What cannot be read is today and the whole area."""

    day = DayField(label=gettext_lazy("At the end of"), required=False)
    region = forms.TypedChoiceField(label=gettext_lazy("Place"), coerce=int, empty_value=None, required=False)

    def __init__(self, data: Any, *, places: list[Region], today: dt.date) -> None:
        super().__init__({"day": today.isoformat(), **data.dict()})
        self.today = today
        if places:
            self.fields["region"].choices = [("", WHOLE), *((p.pk, p.short_name) for p in places)]  # type: ignore[attr-defined]
        else:
            del self.fields["region"]

    def values(self) -> tuple[dt.date, int | None]:
        """The day, never after today, and the code of the chosen place."""
        self.is_valid()
        day = self.cleaned_data.get("day") or self.today
        return min(day, self.today), self.cleaned_data.get("region")


class SchemeForm(forms.Form):
    """Another scheme from a day on, and the document that says so."""

    scheme = forms.ChoiceField(
        label=gettext_lazy("Scheme of categories"),
        widget=forms.RadioSelect(attrs={"class": "cw-choices cw-choices-1"}),
    )
    day = DayField(label=gettext_lazy("From"))
    source = forms.CharField(
        label=gettext_lazy("Document that sets it"),
        max_length=120,
        help_text=gettext_lazy("Issuing office, number and clause."),
    )

    def __init__(self, *args: Any, schemes: list[Scheme], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.schemes = {scheme.code: scheme for scheme in schemes}
        self.fields["scheme"].choices = [(scheme.code, str(scheme.name)) for scheme in schemes]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        scheme, day = self.schemes.get(data.get("scheme", "")), data.get("day")
        if scheme and day and not scheme.in_force(day):
            self.add_error(
                "day",
                _("This scheme holds from %(start)s. Choose that day or a later one.")
                % {"start": scheme.valid_from}
                if day < scheme.valid_from
                else _("This scheme ended on %(end)s. Choose another scheme.") % {"end": scheme.valid_to},
            )
        return data
