"""The page's form of one change of divisions, or of a file with several."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from staff.enums import RegionLevel
from staff.models import Region, RegionChange
from staff.region_changes import Line, RegionChangeRefused, read_lines

LARGEST = 200_000  # bytes of a file of changes: about 2,000 lines
Groups = list[tuple[str, list[tuple[str, str]]]]


def divisions(ranges: tuple[tuple[int, int], ...]) -> Groups:
    """Townships of the area, then the villages of each, as groups of a select. One query."""
    found: list[Region] = []
    for low, high in ranges:
        found += Region.objects.filter(pk__range=(low, high), valid_to=None).order_by("code")
    towns = [place for place in found if place.level == RegionLevel.TOWNSHIP]
    villages: dict[int, list[tuple[str, str]]] = {}
    for place in found:
        if place.level == RegionLevel.VILLAGE and place.parent_id:
            villages.setdefault(place.parent_id, []).append((f"{place.code:012d}", place.short_name))
    listed: Groups = [(str(_("Townships")), [(f"{town.code:012d}", town.short_name) for town in towns])]
    return listed + [(town.short_name, villages[town.code]) for town in towns if town.code in villages]


class RegionChangeForm(forms.Form):
    """One change by hand, or a CSV file instead of it. ``lines()`` is what either says."""

    kind = forms.ChoiceField(
        label=_("Kind of change"), choices=RegionChange.Kind.choices, required=False, widget=forms.RadioSelect
    )
    code = forms.ChoiceField(label=_("Division"), required=False)
    target = forms.ChoiceField(label=_("Merged into"), required=False, help_text=_("Only when it is merged."))
    new_code = forms.RegexField(
        label=_("New code"),
        regex=r"^\d{12}$",
        required=False,
        help_text=_("12 digits, only when it is moved."),
    )
    new_name = forms.CharField(
        label=_("New name"), max_length=60, required=False, help_text=_("When the name changes.")
    )
    day = forms.DateField(
        label=_("From the day"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    document = forms.CharField(label=_("Number of the document"), max_length=120, required=False)
    file = forms.FileField(
        label=_("Or a file with several changes"),
        required=False,
        help_text=_(
            "CSV: kind,code,target_code,new_name,day,document. All of it is carried out, or nothing."
        ),
    )

    def __init__(self, *args: Any, ranges: tuple[tuple[int, int], ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices: list[Any] = [("", _("Choose")), *divisions(ranges)]
        for name in ("code", "target"):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = choices

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        self.found: list[Line] = []
        if self.errors:
            return data
        if (file := data.get("file")) is not None:
            self._read(file)
            return data
        kind = data.get("kind", "")
        needed = ["kind", "code", "day", "document"]
        needed += {"merge": ["target"], "move": ["new_code"], "rename": ["new_name"]}.get(kind, [])
        for name in needed:
            if not data.get(name):
                self.add_error(name, _("This is needed."))
        if not self.errors:
            target = {"merge": data["target"], "move": data["new_code"]}.get(kind) or "0"
            self.found = [
                Line(
                    kind,
                    int(data["code"]),
                    int(target),
                    data["new_name"].strip(),
                    data["day"],
                    data["document"].strip(),
                )
            ]
        return data

    def _read(self, file: Any) -> None:
        if file.size > LARGEST:
            self.add_error("file", _("The file is too large: at most 2,000 lines."))
            return
        try:
            self.found = read_lines(file.read().decode("utf-8-sig"))
        except UnicodeDecodeError:
            self.add_error("file", _("Save the file as UTF-8 text (CSV)."))
        except RegionChangeRefused as refused:
            self.add_error("file", str(refused))
