"""What a system administrator maintains: divisions, the holiday calendar, the parameters of the county."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _

from staff.administration import RegionalAdmin, administered
from staff.models import Holiday, Parameter, Region
from staff.parameters import DEFAULTS


@administered(Region)
class RegionAdmin(RegionalAdmin):
    """Divisions come from the official files (import_regions); here a name or a last day is put right."""

    region_field = "code"
    list_display = ["code", "name", "level", "valid_from", "valid_to"]
    list_filter = ["level"]
    search_fields = ["name", "=code"]
    fields = ["code", "name", "level", "parent", "valid_from", "valid_to", "successor"]
    raw_id_fields = ["successor"]
    readonly_fields = ["code", "level", "parent"]
    list_select_related = True

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


@administered(Holiday)
class HolidayAdmin(RegionalAdmin):
    region_field = ""
    list_display = ["date", "name", "is_working"]
    list_filter = ["is_working"]
    date_hierarchy = "date"


class ParameterForm(forms.ModelForm):
    """The value must have the shape of the national default."""

    key = forms.ChoiceField(choices=[(key, key) for key in DEFAULTS])

    class Meta:
        model = Parameter
        fields = ["region", "key", "value", "valid_from", "valid_to", "source"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        key, value = data.get("key"), data.get("value")
        if key in DEFAULTS and value is not None:
            default = DEFAULTS[key][0]
            same_keys = not isinstance(default, dict) or (
                isinstance(value, dict) and set(value) == set(default)
            )
            if type(value) is not type(default) or not same_keys:
                raise ValidationError(
                    {
                        "value": _("Write the value in the form of the default: %(default)s")
                        % {"default": default}
                    }
                )
        return data


@administered(Parameter)
class ParameterAdmin(RegionalAdmin):
    form = ParameterForm
    list_display = ["region", "key", "value", "valid_from", "valid_to", "source"]
    list_filter = ["key"]
    list_select_related = ["region"]


admin.site.disable_action("delete_selected")
