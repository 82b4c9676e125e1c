"""What can be done for many children at once: for each child what is now, what will be, or why not.

An act reads everything it needs for all children in a few queries, so that the preview of 500 costs what that
of five does; it writes through the same services as a single child's page.
"""

from __future__ import annotations

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cases import ages, register
from cases.children import attributes
from cases.children.forms import DayField
from cases.enums import Attribute, Insurance, LeaveReason, SchoolStage
from cases.leaving import services as leaving
from cases.models import Case, Child, ChildAttribute, Visit
from cases.visits import requests as visit_requests


@dataclass(frozen=True)
class Line:
    """One child of a preview. ``old`` and ``new`` are words; ``refused`` says why nothing will change."""

    child: Child
    old: str
    new: str
    refused: str = ""


class BulkForm(forms.Form):
    """What every act asks: why."""

    reason = forms.CharField(label=_("Reason"), max_length=200)


class DayForm(BulkForm):
    day = DayField(label=_("Day"))
    field_order = ("day", "reason")


class VisitForm(BulkForm):
    day = DayField(label=_("By what day"))
    field_order = ("day", "reason")


class StageForm(BulkForm):
    stage = forms.ChoiceField(label=_("Stage of schooling"), choices=SchoolStage.choices)
    field_order = ("stage", "reason")


class InsuranceForm(BulkForm):
    insurance = forms.ChoiceField(label=_("Health insurance"), choices=Insurance.choices)
    field_order = ("insurance", "reason")


class AttributeForm(DayForm):
    kind = forms.ChoiceField(
        label=_("Attribute"),
        choices=[(one.value, one.label) for one in Attribute if one not in attributes.NOT_HERE],
    )
    field_order = ("kind", "day", "reason")  # type: ignore[assignment]


class Act(ABC):
    """``lines`` is the preview, ``apply`` does it for one child: ValidationError and RegisterRefused as usual."""

    key: ClassVar[str]
    label: ClassVar[Promise]
    form: ClassVar[type[BulkForm]]
    hint: ClassVar[Promise | str] = ""

    @abstractmethod
    def lines(self, children: Sequence[Child], data: dict[str, Any], today: dt.date) -> list[Line]: ...

    @abstractmethod
    def apply(self, child: Child, data: dict[str, Any], at: dt.datetime) -> None: ...


GONE = _("The child has left the register.")
SAME = _("It is so already.")


class AskForVisit(Act):
    key, label, form = "visit", _("Ask for a visit"), VisitForm
    hint = _("The regular interval stays as it is.")

    def lines(self, children: Sequence[Child], data: dict[str, Any], today: dt.date) -> list[Line]:
        new = _now("A visit by %(day)s") % {"day": data["day"]}
        late = _past(data["day"], today)
        return [Line(c, _day(c.next_visit_date), new, _gone(c) or late) for c in children]

    def apply(self, child: Child, data: dict[str, Any], at: dt.datetime) -> None:
        visit_requests.ask_for_visits([child.pk], due_date=data["day"], reason=data["reason"], at=at)


class BringForward(Act):
    key, label, form = "date", _("Bring the next visit forward"), VisitForm
    hint = _("A visit that is due earlier keeps its date. Nothing is put off here.")

    def lines(self, children: Sequence[Child], data: dict[str, Any], today: dt.date) -> list[Line]:
        late = _past(data["day"], today)
        earlier = _now("It is due earlier.")
        return [
            Line(
                c,
                _day(c.next_visit_date),
                _day(data["day"]),
                _gone(c)
                or late
                or (earlier if c.next_visit_date and c.next_visit_date <= data["day"] else ""),
            )
            for c in children
        ]

    def apply(self, child: Child, data: dict[str, Any], at: dt.datetime) -> None:
        visit_requests.set_next_visit([child.pk], data["day"], at=at, reason=data["reason"])


class SetStage(Act):
    key, label, form = "stage", _("Set the stage of schooling"), StageForm
    hint = _("For a new school year: filter by stage and age, then set the next stage.")

    def lines(self, children: Sequence[Child], data: dict[str, Any], today: dt.date) -> list[Line]:
        new = SchoolStage(data["stage"])
        return [
            Line(
                c,
                c.get_school_stage_display(),
                str(new.label),
                _gone(c) or (str(SAME) if c.school_stage == new else ""),
            )
            for c in children
        ]

    def apply(self, child: Child, data: dict[str, Any], at: dt.datetime) -> None:
        register.change_child(child, {"school_stage": data["stage"]}, at=at, reason=data["reason"])


class SetInsurance(Act):
    key, label, form = "insurance", _("Set the health insurance"), InsuranceForm

    def lines(self, children: Sequence[Child], data: dict[str, Any], today: dt.date) -> list[Line]:
        new = Insurance(data["insurance"])
        return [
            Line(
                c,
                c.get_insurance_display(),
                str(new.label),
                _gone(c) or (str(SAME) if c.insurance == new else ""),
            )
            for c in children
        ]

    def apply(self, child: Child, data: dict[str, Any], at: dt.datetime) -> None:
        register.change_child(child, {"insurance": data["insurance"]}, at=at, reason=data["reason"])


def _held(children: Sequence[Child], kind: str) -> dict[int, ChildAttribute]:
    rows = ChildAttribute.objects.filter(child__in=children, kind=kind, end_date__isnull=True)
    return {row.child_id: row for row in rows}


class AddAttribute(Act):
    key, label, form = "attribute", _("Add an attribute"), AttributeForm

    def lines(self, children: Sequence[Child], data: dict[str, Any], today: dt.date) -> list[Line]:
        held, word = _held(children, data["kind"]), Attribute(data["kind"]).label
        new = _now("%(what)s from %(day)s") % {"what": word, "day": data["day"]}
        future = _future(data["day"], today)
        return [
            Line(
                c,
                _since(held.get(c.pk)),
                new,
                future or attributes.why_not_added(c, c.pk in held, data["day"]),
            )
            for c in children
        ]

    def apply(self, child: Child, data: dict[str, Any], at: dt.datetime) -> None:
        attributes.add_attribute(child, data["kind"], day=data["day"], reason=data["reason"], at=at)


class EndAttribute(Act):
    key, label, form = "attribute_end", _("End an attribute"), AttributeForm

    def lines(self, children: Sequence[Child], data: dict[str, Any], today: dt.date) -> list[Line]:
        held = _held(children, data["kind"])
        new = _now("until %(day)s") % {"day": data["day"]}
        future = _future(data["day"], today)
        return [
            Line(
                c,
                _since(held.get(c.pk)),
                new,
                future or attributes.why_not_ended(c, held.get(c.pk), data["kind"], data["day"]),
            )
            for c in children
        ]

    def apply(self, child: Child, data: dict[str, Any], at: dt.datetime) -> None:
        attributes.end_attribute(child, data["kind"], day=data["day"], reason=data["reason"], at=at)


class LeaveOverAge(Act):
    key, label, form = "over_age", _("Leave the register: over the age limit"), DayForm
    hint = _(
        "From 18 on. Left-behind and migrant children leave at 16, if no other category is found for them."
    )

    def lines(self, children: Sequence[Child], data: dict[str, Any], today: dt.date) -> list[Line]:
        waiting = set(
            Visit.objects.filter(child__in=children, state="submitted").values_list("child", flat=True)
        )
        opened = set(
            Case.objects.filter(child__in=children).exclude(state="closed").values_list("child", flat=True)
        )
        day, future = data["day"], _future(data["day"], today)
        new = _now("%(reason)s, %(day)s") % {"reason": LeaveReason.OVER_AGE.label, "day": day}

        def why_not(child: Child) -> str:
            if text := _gone(child) or future:
                return text
            if day < child.registered_date:
                return _now("The child was registered later than this day.")
            if not self._old_enough(child, day):
                return _now("Is not yet of this age on the day.")
            if child.pk in waiting:
                return _now("A visit of this child waits for review. Decide it first.")
            return _now("A case of this child is open. Close it first.") if child.pk in opened else ""

        return [Line(c, _now("On the register"), new, why_not(c)) for c in children]

    @staticmethod
    def _old_enough(child: Child, day: dt.date) -> bool:
        limit = 16 if child.primary_category in ("left_behind", "migrant") else ages.ADULT
        return ages.age_on(child.birth_date, max(day, child.birth_date)) >= limit

    def apply(self, child: Child, data: dict[str, Any], at: dt.datetime) -> None:
        leaving.leave_register(
            child, day=data["day"], reason_code=LeaveReason.OVER_AGE, reason=data["reason"], at=at
        )


ACTS: dict[str, Act] = {
    act.key: act
    for act in (
        AskForVisit(),
        BringForward(),
        SetStage(),
        SetInsurance(),
        AddAttribute(),
        EndAttribute(),
        LeaveOverAge(),
    )
}


def _day(day: dt.date | None) -> str:
    return day.isoformat() if day else _now("No date")


def _since(held: ChildAttribute | None) -> str:
    return _now("since %(day)s") % {"day": held.start_date.isoformat()} if held else _now("No")


def _gone(child: Child) -> str:
    return str(GONE) if child.left_date is not None else ""


def _past(day: dt.date, today: dt.date) -> str:
    return _now("Choose today or a later day.") if day < today else ""


def _future(day: dt.date, today: dt.date) -> str:
    return _now("This day is still to come.") if day > today else ""
