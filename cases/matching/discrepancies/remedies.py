"""What can be done about a true discrepancy. Each remedy calls the service a person would use by hand.

Those of this module touch the register; another app registers its own with :func:`remedy` in its
AppConfig.ready.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases import register
from cases.enums import Sex
from cases.matching.discrepancies import shown
from cases.matching.engine.normalise import IdKind, clean_id
from cases.models import Child, Discrepancy
from cases.visits import services as visits
from staff.calendar import add_working_days
from staff.holidays import overrides
from staff.workflow import Actor, TransitionRefused

Kind = Discrepancy.Kind
Act = Callable[[Discrepancy, Actor, dt.datetime, dict[str, Any], str], str]
FIELD_LABELS: dict[str, Promise] = {
    "name": gettext_lazy("Name"),
    "id_number": gettext_lazy("Identity number"),
    "birth_date": gettext_lazy("Date of birth"),
    "sex": gettext_lazy("Sex"),
    "village": gettext_lazy("Village"),
}


class RemedyForm(forms.Form):
    """Base of the forms that remedies ask to be filled in; they know the discrepancy."""

    def __init__(self, *args: Any, discrepancy: Discrepancy, **kwargs: Any) -> None:
        self.discrepancy = discrepancy
        super().__init__(*args, **kwargs)


@dataclass(frozen=True)
class Remedy:
    """One way to put a discrepancy right.

    ``act(discrepancy, actor, at, data, reason)`` does it and returns a sentence saying what was done; it
    raises TransitionRefused or ValidationError when it cannot. ``fits`` says for which discrepancies it is offered;
    those with a lower ``place`` stand first.
    """

    code: str
    label: Promise
    note: Promise
    kinds: frozenset[str]
    act: Act
    form: type[RemedyForm] | None = None
    fits: Callable[[Discrepancy], bool] = lambda discrepancy: True
    icon: str = "check"
    place: int = 50

    def proposed(self, discrepancy: Discrepancy) -> dict[str, Any]:
        """What its form proposes, as cleaned data; TransitionRefused when a person has to fill something in."""
        if self.form is None:
            return {}
        empty = self.form(discrepancy=discrepancy)
        data = {name: _as_typed(empty[name]) for name in empty.fields}
        filled = self.form(data, discrepancy=discrepancy)
        if not filled.is_valid():
            names = ", ".join(str(empty[name].label) for name in filled.errors if name in empty.fields)
            raise TransitionRefused(_("Decide this one by itself: %(fields)s.") % {"fields": names})
        return filled.cleaned_data


def _as_typed(field: forms.BoundField) -> Any:
    value = field.value()
    return field.field.widget.format_value(value) if isinstance(value, dt.date) else value


REMEDIES: dict[str, Remedy] = {}


def remedy(new: Remedy) -> Remedy:
    """Register a remedy. ValueError when its code is taken."""
    if new.code in REMEDIES:
        raise ValueError(f"remedy {new.code} is registered twice")
    REMEDIES[new.code] = new
    return new


def remedies_for(discrepancy: Discrepancy) -> list[Remedy]:
    """What may be done about a discrepancy, by place."""
    fitting = [r for r in REMEDIES.values() if discrepancy.kind in r.kinds and r.fits(discrepancy)]
    return sorted(fitting, key=lambda r: r.place)


def remedy_label(code: str) -> str:
    """The label of a stored code; a code of a later version shows itself."""
    return str(REMEDIES[code].label) if code in REMEDIES else code


# --- The register's own ---------------------------------------------------------------------------------


def _corrections(discrepancy: Discrepancy) -> list[tuple[str, str]]:
    """Choices of what to take over from the list: (field, "name: register → list")."""
    return [
        (
            each["field"],
            f"{FIELD_LABELS[each['field']]}: {_shown(each, 'register')} → {_shown(each, 'list')}",
        )
        for each in shown.differences(discrepancy)
    ]


def _shown(difference: dict[str, str], side: str) -> str:
    value = difference[side]
    if difference["field"] == "sex" and value in Sex.values:
        return str(Sex(value).label)
    return value or "—"


class CorrectForm(RemedyForm):
    """Which of the differing fields the register takes over."""

    fields_taken = forms.MultipleChoiceField(
        label=gettext_lazy("Take over from the list"),
        widget=forms.CheckboxSelectMultiple(attrs={"class": "cw-choices cw-choices-1"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["fields_taken"].choices = _corrections(self.discrepancy)  # type: ignore[attr-defined]


def _correct(
    discrepancy: Discrepancy, actor: Actor, at: dt.datetime, data: dict[str, Any], reason: str
) -> str:
    """Write the list's values to the register; a village becomes the place of residence, the file stays
    where it is.
    """
    by_field = {each["field"]: each for each in discrepancy.detail.get("differences", [])}
    changes: dict[str, Any] = {}
    for name in data.get("fields_taken", []):
        match name:
            case "village":
                changes["residence_region_id"] = int(by_field[name]["value"])
            case "birth_date":
                changes[name] = dt.date.fromisoformat(by_field[name]["value"])
            case "id_number":
                row = discrepancy.list_row
                number = clean_id(row.id_number) if row is not None else None
                if number is None or number.kind != IdKind.VALID:
                    raise TransitionRefused(_("The list row is no longer there: correct the number by hand."))
                changes[name] = number.text
            case _:
                changes[name] = by_field[name]["value"]
    if not changes:
        raise TransitionRefused(_("Choose what to take over."))
    register.change_child(child_of(discrepancy), changes, at=at, actor=actor, reason=reason, confirmed=True)
    labels = [str(FIELD_LABELS[name]) for name in data["fields_taken"]]
    return _("The register was corrected from the list: %(fields)s.") % {"fields": ", ".join(labels)}


def child_of(discrepancy: Discrepancy) -> Child:
    if discrepancy.child is None:
        raise TransitionRefused(_("The discrepancy is about nobody on the register."))
    return discrepancy.child


class VisitForm(RemedyForm):
    """By when the director is to visit."""

    due_date = forms.DateField(label=gettext_lazy("Visit by"), widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["due_date"].initial = lambda: add_working_days(
            timezone.localdate(), 5, overrides()
        ).isoformat()


def _visit(discrepancy: Discrepancy, actor: Actor, at: dt.datetime, data: dict[str, Any], reason: str) -> str:
    due: dt.date = data["due_date"]
    if due < timezone.localdate(at):
        raise TransitionRefused(_("The day of the visit has passed already."))
    text = f"{discrepancy.get_list_kind_display()}: {reason}"[:200]
    visits.add_task(actor=actor, at=at, child=child_of(discrepancy), due_date=due, reason=text)
    return _("A visit was asked for by %(day)s.") % {"day": due.isoformat()}


def _register(
    discrepancy: Discrepancy, actor: Actor, at: dt.datetime, data: dict[str, Any], reason: str
) -> str:
    return _(
        "The township opens a file for this child and, where its parents' situation allows, an application."
    )


def _nothing(
    discrepancy: Discrepancy, actor: Actor, at: dt.datetime, data: dict[str, Any], reason: str
) -> str:
    return _("Nothing needed to be changed here.")


EVERY = frozenset(Kind.values)
WITH_CHILD = EVERY - {Kind.NOT_REGISTERED}
remedy(
    Remedy(
        "correct",
        gettext_lazy("Correct the register"),
        gettext_lazy(
            "The chosen values of the list replace those of the register; the history keeps the old ones."
        ),
        frozenset({Kind.DIFFERENT}),
        _correct,
        CorrectForm,
        icon="pencil",
    )
)
remedy(
    Remedy(
        "register",
        gettext_lazy("Have the child registered"),
        gettext_lazy("The discrepancy then shows the way to a new file and an application."),
        frozenset({Kind.NOT_REGISTERED}),
        _register,
        icon="plus",
    )
)
remedy(
    Remedy(
        "visit",
        gettext_lazy("Ask for a visit"),
        gettext_lazy("The director finds the visit on their list; its due date moves forward, never back."),
        WITH_CHILD,
        _visit,
        VisitForm,
        icon="map-pin",
        place=80,
    )
)
remedy(
    Remedy(
        "nothing",
        gettext_lazy("Nothing to change"),
        gettext_lazy("True, but register and payments are right as they are."),
        EVERY,
        _nothing,
        place=90,
    )
)
