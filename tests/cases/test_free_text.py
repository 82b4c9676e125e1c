"""Free text does not name the condition of the protected compartment: told before saving, and not copied into files."""

from __future__ import annotations

import importlib
import pkgutil

import pytest
from django import forms
from django.urls import reverse

import cases
import referrals
import subsidies
from cases import ledger_exports
from cases.casework.forms import CaseForm
from cases.eligibility.illness import NOT_HERE, VEIL, veiled
from cases.free_text import FreeText, check_decision
from cases.models import Case, Help, Need, Note, Visit
from cases.notes.forms import NoteForm
from cases.visits.exports import VISITS
from cases.visits.listing import VisitFilters
from referrals.models import Referral
from staff.scope import system_scope
from staff.workflow import TransitionRefused
from tests.cases.visiting import NOW, acting, form_values, submitted
from tests.cast import VILLAGE, Cast

WORDS = "孩子 HIV 阳性，定期去疾控中心"
# Forms with a text area of another kind, and where that text is checked or why it need not be.
ELSEWHERE = {
    "cases.casework.forms.CaseForm",  # unless the case is restricted: its clean()
    "referrals.forms.ReferralForm",  # clean_summary()
    "subsidies.rule_forms",  # rules as JSON
    "cases.importing.forms.",  # why an export is made, names nobody
    "cases.matching.exchanges.forms.",  # purpose and legal basis of an exchange, names nobody
    "cases.plans.forms.",  # refuse_outside() in the one view that answers them, unless the case is restricted
    "cases.questions.",  # the words of a form's own questions
}


def all_forms() -> list[type[forms.BaseForm]]:
    for package in (cases, referrals, subsidies):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if "form" in found.name or found.name.endswith("views"):
                importlib.import_module(found.name)
    known: list[type[forms.BaseForm]] = []
    waiting = [forms.BaseForm]
    while waiting:
        children = waiting.pop().__subclasses__()
        known += children
        waiting += children
    return [form for form in known if form.__module__.startswith(("cases.", "referrals.", "subsidies."))]


def test_every_text_area_is_checked() -> None:
    loose = []
    for form in all_forms():
        name = f"{form.__module__}.{form.__qualname__}"
        if any(name.startswith(known) for known in ELSEWHERE):
            continue
        fields = getattr(form, "base_fields", {})
        loose += [
            f"{name}.{key}"
            for key, field in fields.items()
            if isinstance(field.widget, forms.Textarea) and not isinstance(field, FreeText)
        ]
    assert loose == []
    assert len(all_forms()) > 60


@pytest.mark.parametrize("text", [WORDS, "艾滋病感染者", "ＡＩＤＳ", "h-i-v"])
def test_the_field_says_where_it_belongs(text: str) -> None:
    class One(forms.Form):
        text = FreeText()

    form = One({"text": text})
    assert form.errors["text"] == [str(NOT_HERE)]
    assert One({"text": "发烧，已送医"}).is_valid()


def test_a_visit_a_note_a_need_and_a_referral_are_not_saved(cast: Cast) -> None:
    own = cast.children["own"].pk
    director, supervisor = cast.client("director"), cast.client("supervisor")
    with system_scope(reason="test", log=False):
        case = Case.objects.create(
            child=cast.children["own"], region_id=VILLAGE, level="red", title="x", opened_at=NOW,
            opened_by=cast.users["supervisor"],
        )  # fmt: skip
    sent = [
        (director, reverse("cases:need_add", args=[own]), {"text": WORDS, "area": "medical"}),
        (supervisor, reverse("referrals:referral_add", args=[case.pk]), {"summary": WORDS}),
    ]
    for client, address, data in sent:
        page = client.post(address, data)
        assert page.status_code in (200, 422), address
        assert str(NOT_HERE)[:30] in page.content.decode(), address
    people = [(cast.users["director"].pk, "王念慈")]
    assert NoteForm({"recipient": people[0][0], "text": WORDS}, people=people).errors["text"] == [
        str(NOT_HERE)
    ]
    answer = director.post(reverse("cases:visit_add"), form_values(cast.children["own"], text=WORDS))
    assert str(NOT_HERE)[:30] in answer.content.decode()
    with system_scope(reason="test", log=False):
        assert not Visit._base_manager.filter(text=WORDS).exists()
        assert not any(model._base_manager.exists() for model in (Need, Note, Referral, Help))


def test_a_case_takes_the_words_only_when_it_is_restricted() -> None:
    data = {"level": "red", "title": "就医", "summary": WORDS}
    assert CaseForm(data).errors["summary"] == [str(NOT_HERE)]
    assert "summary" not in CaseForm(data | {"restricted": "on"}).errors


def test_the_words_of_a_decision_are_checked_too() -> None:
    with pytest.raises(TransitionRefused):
        check_decision(Case(restricted=False), [WORDS])
    with pytest.raises(TransitionRefused):
        check_decision(None, [WORDS])
    check_decision(Case(restricted=True), [WORDS])
    check_decision(None, ["发烧"])


def test_what_was_written_before_is_not_copied_into_a_file(cast: Cast) -> None:
    assert veiled(WORDS) == str(VEIL)
    assert [veiled(cell) for cell in ("发烧", 3, None)] == ["发烧", 3, None]
    visit = submitted(cast)
    with system_scope(reason="test", log=False):
        Visit.objects.filter(pk=visit.pk).update(text=WORDS)
    with acting(cast, "clerk"):
        lines = ledger_exports.LEDGERS[VISITS].lines(VisitFilters().as_arguments(), NOW.date(), False)
        cells = [cell for line in ledger_exports.as_filed(lines) for cell in line]
    assert WORDS not in cells
    assert str(VEIL) in cells
