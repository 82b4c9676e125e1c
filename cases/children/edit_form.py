"""The form that changes a child's file. What is protected stays masked: an empty field keeps what is on file."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases import identity
from cases.children.forms import ChildForm
from cases.children.reveals import address_shown
from cases.models import Child

PROTECTED = ("id_number", "phone", "health_note")


class EditChildForm(ChildForm):
    """As ChildForm, bound to a child; ``forget`` names the protected values that are to be removed."""

    forget = forms.MultipleChoiceField(
        label=gettext_lazy("Remove from the file"),
        required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "cw-choices cw-choices-1"}),
    )
    SECTIONS = (*ChildForm.SECTIONS, (gettext_lazy("Remove from the file"), ("forget",)))

    def __init__(self, *args: Any, child: Child, initial: dict[str, Any], **kwargs: Any) -> None:
        # An address is typed anew by whoever does not see it whole; others correct it in place.
        self.protected = (
            PROTECTED if address_shown(child.address) == child.address else (*PROTECTED, "address")
        )
        super().__init__(*args, initial=initial | dict.fromkeys(self.protected, ""), **kwargs)
        masks = {
            "id_number": child.masked_identity,
            "phone": identity.mask_phone(child.phone) if child.phone else "",
            "health_note": "******" if child.health_note else "",
            "address": address_shown(child.address),
        }
        kept = [name for name in self.protected if masks[name]]
        for name in kept:
            told = _("On file: %(masked)s. Leave empty to keep it.") % {"masked": masks[name]}
            self.fields[name].help_text = told
        self.fields["forget"].choices = [(name, self.fields[name].label) for name in kept]  # type: ignore[attr-defined]
        if not kept:
            del self.fields["forget"]

    def sections(self) -> list[tuple[Any, list[forms.BoundField]]]:
        """Without a section that has no field."""
        return [(title, fields) for title, fields in super().sections() if fields]

    def child_values(self) -> dict[str, Any]:
        values = super().child_values()
        removed = self.cleaned_data.get("forget", ())
        for name in self.protected:
            if name in removed:
                values[name] = ""
            elif not values.get(name):
                values.pop(name, None)
        return values
