"""What a paper day asks for, and a sheet as it is typed: validation only."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.children.forms import DayField
from cases.enums import RiskLevel
from cases.models import Child, VisitStack
from cases.questions.definition import Definition, FormRef
from cases.stack.rows import Row, rows_of, visit_values
from cases.visits.forms import VisitForm
from staff.models import Region

MOST_EMPTY = 30
AHEAD = dt.timedelta(days=60)
BACK = dt.timedelta(days=366)


class VillageForm(forms.Form):
    """Which village; absent for who has one."""

    region = forms.TypedChoiceField(
        label=gettext_lazy("Village"), coerce=int, empty_value=None, required=False
    )

    def __init__(self, *args: Any, villages: Sequence[Region], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["region"].choices = [(one.pk, one.short_name) for one in villages]  # type: ignore[attr-defined]


class DayOnPaperForm(forms.Form):
    """The form, the day, who goes, and for whom a sheet is printed. ``blank``: also how many empty ones."""

    form = forms.ChoiceField(label=gettext_lazy("Form of the visit"))
    day = DayField(label=gettext_lazy("Day of the visits"))
    conducted_by = forms.TypedChoiceField(label=gettext_lazy("Visited by"), coerce=int)
    children = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Children"),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    empty = forms.IntegerField(
        label=gettext_lazy("Empty sheets besides"),
        min_value=0,
        max_value=MOST_EMPTY,
        initial=0,
        required=False,
    )

    def __init__(
        self,
        *args: Any,
        at: dt.date,
        sets: Sequence[Definition],
        visitors: Mapping[int, str],
        children: Sequence[Child],
        blank: bool,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.today, self.blank = at, blank
        self.sheets = {child.pk: child for child in children}
        fields: dict[str, Any] = self.fields
        fields["form"].choices = [(f"{one.code}:{one.version}", str(one.name)) for one in sets]
        fields["conducted_by"].choices = list(visitors.items())
        fields["children"].choices = [(child.pk, child.name) for child in children]
        if not blank:
            del fields["empty"]

    def clean_day(self) -> dt.date:
        day: dt.date = self.cleaned_data["day"]
        latest = self.today + AHEAD if self.blank else self.today
        if not self.today - BACK <= day <= latest:
            raise ValidationError(
                _("Choose a day from %(first)s to %(last)s.")
                % {"first": (self.today - BACK).isoformat(), "last": latest.isoformat()}
            )
        return day

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if self.blank and not data.get("children") and not data.get("empty") and not self.errors:
            self.add_error("children", _("Choose a child, or ask for empty sheets."))
        return data

    def chosen(self) -> list[Child]:
        """The chosen children in the order of the page."""
        wanted = set(self.cleaned_data["children"])
        return [child for pk, child in self.sheets.items() if pk in wanted]

    def ref(self) -> FormRef:
        """The chosen form."""
        code, _colon, version = self.cleaned_data["form"].rpartition(":")
        return FormRef(code, int(version))


class SheetForm:
    """A sheet from the keyboard, checked by the visit form that phones and pages use too.

    ``lines`` are the rows with what was typed and what is wrong with it; ``visit`` is the bound form, None before typing.
    A colour worse than the child's takes effect at once, so it is asked for twice (``confirmed``).
    """

    def __init__(
        self,
        data: Any = None,
        files: Any = None,
        *,
        stack: VisitStack,
        child: Child,
        asked: Definition,
        at: dt.datetime,
        typed: Mapping[str, str] | None = None,
    ) -> None:
        self.stack, self.child, self.rows = stack, child, rows_of(asked)
        self.client_id = str(uuid4())
        self.faults: dict[str, str] = {}
        self.typed: Mapping[str, str] = dict(typed or {"kind": "1"})
        self.visit: VisitForm | None = None
        self.risk = ""
        if data is not None:
            self._read(data, files, asked, at)

    def _read(self, data: Any, files: Any, asked: Definition, at: dt.datetime) -> None:
        self.client_id = data.get("client_id") or self.client_id
        self.typed = {row.name: data.get(row.name, "") for row in self.rows}
        values, faults = visit_values(self.rows, self.typed, self.stack.day, timezone.localtime(at))
        values |= {"client_id": self.client_id, "form_code": asked.code, "form_version": asked.version}
        self.visit = VisitForm(values, files, child=self.child, at=at)
        self.risk = values.get("risk", "")
        for name, errors in self.visit.errors.items():
            row = {"visited_at": "time", "problems": self.rows[-4].name}.get(name, name)
            faults.setdefault(row, str(errors[0]))
        worse = self.risk and RiskLevel(self.risk).is_worse_than(RiskLevel(self.child.risk))
        if worse and data.get("confirmed") != self.risk and not faults:
            faults["risk"] = _(
                "The child becomes %(level)s at once. If that is what the sheet says, press Enter on the last row again."
            ) % {"level": RiskLevel(self.risk).label}
        self.faults = faults

    @property
    def is_valid(self) -> bool:
        return self.visit is not None and not self.faults

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Rows for the page: the row, what was typed, what is wrong with it."""
        return [
            {"row": row, "typed": self.typed.get(row.name, ""), "fault": self.faults.get(row.name, "")}
            for row in self.rows
        ]

    @property
    def other_faults(self) -> list[str]:
        """What is wrong with the sheet as a whole, or with its photos."""
        known = {row.name for row in self.rows}
        return [fault for name, fault in self.faults.items() if name not in known]

    def first_fault(self) -> Row | None:
        """The row to go back to."""
        return next((row for row in self.rows if row.name in self.faults), None)
