"""Remedies that touch a child's health, schooling and insurance; each calls the service of the child's own page."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.circumstances import services as circumstances
from cases.circumstances.enums import DefectKind, HelpArea
from cases.defects import services as defects
from cases.enums import DisabilityKind
from cases.help import services as helping
from cases.matching.discrepancies.remedies import Kind, Remedy, RemedyForm, child_of, remedy
from cases.matching.discrepancies.remedies_family import day_input, day_told
from cases.models import Discrepancy
from staff.workflow import Actor, TransitionRefused


class CardForm(RemedyForm):
    """The card as the list has it; its number is the child's identity number with kind and level."""

    kind = forms.ChoiceField(label=gettext_lazy("Kind of disability"), choices=DisabilityKind.choices)
    level = forms.TypedChoiceField(
        label=gettext_lazy("Level"), coerce=int, choices=[(level, str(level)) for level in (1, 2, 3, 4)]
    )
    copy = forms.IntegerField(
        label=gettext_lazy("Replaced card: the number after B"), required=False, min_value=1, max_value=99
    )
    start_date = day_input(gettext_lazy("Issued on"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        told = self.discrepancy.detail.get("disability")
        if told:
            self.fields["kind"].initial, self.fields["level"].initial = told
        self.fields["start_date"].initial = day_told(self.discrepancy)


def _card(discrepancy: Discrepancy, actor: Actor, at: dt.datetime, data: dict[str, Any], reason: str) -> str:
    child = child_of(discrepancy)
    if not child.id_number:
        raise TransitionRefused(
            _("Write down the child's identity number first: the card's number begins with it.")
        )
    suffix = f"B{data['copy']}" if data.get("copy") else ""
    number = f"{child.id_number}{data['kind']}{data['level']}{suffix}"
    card = circumstances.add_card(
        child, circumstances.CardData(number=number, start_date=data["start_date"]), at=at, actor=actor
    )
    return _("The disability card is on record: %(kind)s, level %(level)s.") % {
        "kind": card.get_kind_display(),
        "level": card.level,
    }


def _out_of_school(
    discrepancy: Discrepancy, actor: Actor, at: dt.datetime, data: dict[str, Any], reason: str
) -> str:
    defects.open_by_hand(
        child_of(discrepancy), DefectKind.OUT_OF_SCHOOL, note=reason[:200], at=at, actor=actor
    )
    return _("Out of school: followed as a defect until the child is back.")


def _uninsured(
    discrepancy: Discrepancy, actor: Actor, at: dt.datetime, data: dict[str, Any], reason: str
) -> str:
    text = _("Health insurance: register and pay for this year")
    helping.add_need(child_of(discrepancy), area=HelpArea.TREATMENT, text=text, at=at, actor=actor)
    return _("The need is on the child's list.")


for each in (
    Remedy(
        "card",
        gettext_lazy("Record the disability card"),
        gettext_lazy("Categories and disability subsidies are then proposed from the child's file."),
        frozenset({Kind.DISABLED}),
        _card,
        CardForm,
        icon="plus",
        place=10,
    ),
    Remedy(
        "out_of_school",
        gettext_lazy("Follow up: out of school"),
        gettext_lazy("A defect with an owner and a due day, until the child is back at school."),
        frozenset({Kind.DROPOUT}),
        _out_of_school,
        icon="clipboard-text",
        place=10,
    ),
    Remedy(
        "uninsured",
        gettext_lazy("Note the need of insurance"),
        gettext_lazy("It stands among the child's needs until it is met."),
        frozenset({Kind.UNINSURED}),
        _uninsured,
        icon="heart-handshake",
        place=10,
    ),
):
    remedy(each)
