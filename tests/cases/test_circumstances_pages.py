"""The tab "circumstances": what can be written, what stays hidden, what the rules say and who takes it over."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from cases import register
from cases.circumstances import services as circumstances
from cases.circumstances.findings import RuleLine, circumstances_of
from cases.circumstances.services import AbsenceData, CardData, IllnessData
from cases.eligibility.table import Answer
from cases.models import CategoryPeriod, Child, ChildAttribute, DisabilityCard, Illness, ParentAbsence
from cases.refusals import NeedsConfirmation, RegisterRefused
from staff.models import AccessLog, Parameter, Region
from staff.scope import open_scope, system_scope
from tests.cast import COUNTY, OWN_ID, Cast

D = dt.date
AT = dt.datetime(2026, 10, 20, 2, 0, tzinfo=dt.UTC)
TODAY = D(2026, 10, 20)
CARD = OWN_ID + "53"
RURAL = 500152001201


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: AT)


def tab(child: Child) -> str:
    return reverse("cases:child_section", args=[child.pk, "circumstances"])


def page_of(name: str, child: Child, **more: Any) -> str:
    return reverse(f"cases:{name}", kwargs={"pk": child.pk, **more})


def lines(child: Child) -> dict[str, RuleLine]:
    return {line.kind.value: line for line in circumstances_of(child, TODAY).lines}


@pytest.fixture
def rural(cast: Cast) -> Cast:
    """林小满 is registered in a village of farmers."""
    with system_scope(reason="test", log=False):
        Region.objects.create(code=RURAL, name="长滩村民委员会", level="village", parent_id=500152001000)
        Child.objects.filter(pk=cast.children["own"].pk).update(household_region_id=RURAL)
        cast.children["own"].refresh_from_db()
    return cast


def test_absences_make_a_left_behind_child_that_the_supervisor_takes_over(rural: Cast) -> None:
    child = rural.children["own"]
    with open_scope(rural.scope("clerk")):
        Child.objects.filter(pk=child.pk).update(primary_category="other_difficulty")
    director, supervisor = rural.client("director"), rural.client("supervisor")
    typed = {"start_date": "2026-01-05", "destination": "广东省深圳市", "destination_code": "440305"}
    for parent in ("father", "mother"):
        answer = director.post(page_of("child_absence", child), typed | {"parent": parent})
        assert answer.status_code == 302
        assert answer["Location"] == tab(child)
    take = f"{page_of('child_take_over', child)}?kind=left_behind"
    assert take not in director.get(tab(child)).content.decode()
    assert take in supervisor.get(tab(child)).content.decode()
    with open_scope(rural.scope("supervisor")):
        line = lines(child)["left_behind"]
        assert (line.answer, line.held, line.differs) == (Answer.ELIGIBLE, False, True)
    data = {"kind": "left_behind", "since": "2026-07-05", "reason": "父母外出满六个月"}
    assert director.post(page_of("child_take_over", child), data).status_code == 403
    assert supervisor.post(page_of("child_take_over", child), data).status_code == 302
    with open_scope(rural.scope("supervisor")):
        held = ChildAttribute.objects.get(child=child, kind="left_behind")
        assert (held.start_date, held.evidence) == (D(2026, 7, 5), "父母外出满六个月")
        child.refresh_from_db()
        assert child.primary_category == "other_difficulty"
        with pytest.raises(RegisterRefused):
            circumstances.take_over(child, "left_behind", since=TODAY, at=AT, reason="再次")
    # As the primary category, with the sub-type that the rule found.
    assert supervisor.post(page_of("child_take_over", child), data | {"as_primary": "on"}).status_code == 302
    with open_scope(rural.scope("supervisor")):
        period = CategoryPeriod.objects.get(child=child, end_date__isnull=True)
        assert (period.category, period.detail, period.start_date, period.reason) == (
            "left_behind",
            "both_away",
            D(2026, 7, 5),
            "父母外出满六个月",
        )
        child.refresh_from_db()
        assert not lines(child)["left_behind"].to_take
    assert supervisor.get(take).status_code == 302  # nothing to take over any more


def test_a_less_protected_category_is_offered_as_an_attribute_only(rural: Cast) -> None:
    child = rural.children["own"]  # de facto unattended
    with open_scope(rural.scope("supervisor")):
        for parent in ("father", "mother"):
            away = AbsenceData(parent, D(2026, 1, 5), destination_code=440305)
            circumstances.add_absence(child, away, at=AT)
        assert lines(child)["left_behind"].to_take
        circumstances.take_over(child, "left_behind", since=TODAY, at=AT, reason="父母外出")
        assert not lines(child)["left_behind"].to_take
        Child.objects.filter(pk=child.pk).update(primary_category="migrant")
        child.refresh_from_db()
        assert lines(child)["left_behind"].to_take


def test_the_history_of_categories_stands_on_the_file(rural: Cast) -> None:
    child = rural.children["own"]
    client = rural.client("supervisor")
    form = client.get(page_of("child_category", child)).content.decode()
    assert re.search(r'<optgroup label="[^"]+">\s*<option value="both_dead"', form)
    data = {"category": "orphan", "detail": "both_unable", "since": "2026-06-01", "reason": "母亲病故"}
    refused = client.post(page_of("child_category", child), data)
    assert "detail" in refused.context["form"].errors
    assert client.post(page_of("child_category", child), data | {"detail": "both_dead"}).status_code == 302
    history = client.get(page_of("child", child)).context["category_history"]
    assert [(p.category, p.detail, p.end_date, p.reason, p.user and p.user.name) for p in history][:1] == [
        ("orphan", "both_dead", None, "母亲病故", "李守安")
    ]
    assert (history[1].category, history[1].end_date) == ("de_facto_unattended", D(2026, 5, 31))
    page = client.get(page_of("child", child)).content.decode()
    assert "母亲病故" in page
    assert "李守安" in page


def test_a_new_child_may_have_a_sub_type(cast: Cast) -> None:
    client = cast.client("supervisor")
    data = {
        "name": "钱多多", "birth_date": "2019-03-03", "sex": "male", "region": str(cast.children["own"].region_id),
        "primary_category": "dibao", "category_detail": "both_dead", "risk": "blue", "placement": "scattered",
        "residence_since": "2025-02-01", "insurance": "funded", "enrolled_until": "2027-01-31",
        "guardian-0-kind": "both", "guardian-0-name": "", "father-kind": "", "mother-kind": "",
        "household-head_name": "", "payee-name": "",
    }  # fmt: skip
    refused = client.post(reverse("cases:child_add"), data)
    assert "category_detail" in refused.context["form"].errors
    assert client.post(reverse("cases:child_add"), data | {"category_detail": "rural"}).status_code == 302
    with open_scope(cast.scope("supervisor")):
        child = Child.objects.get(name="钱多多")
    assert (child.category_detail, child.insurance) == ("rural", "funded")
    assert (child.residence_since, child.enrolled_until) == (D(2025, 2, 1), D(2027, 1, 31))
    edit = page_of("child_edit", child)
    typed = {"name": "钱多多", "birth_date": "2019-03-03", "sex": "male", "placement": "scattered"}
    assert client.post(edit, typed | {"insurance": "own", "residence_since": ""}).status_code == 302
    with open_scope(cast.scope("supervisor")):
        child.refresh_from_db()
    assert (child.insurance, child.residence_since) == ("own", None)


# --- absences


def test_an_absence_once_and_not_twice_at_a_time(rural: Cast) -> None:
    child = rural.children["own"]
    with open_scope(rural.scope("director")):
        first = AbsenceData("father", D(2025, 1, 1), D(2025, 12, 31))
        circumstances.add_absence(child, first, at=AT)
        for start, end in ((D(2025, 6, 1), None), (D(2025, 12, 31), None), (D(2024, 1, 1), D(2025, 1, 1))):
            with pytest.raises(RegisterRefused):
                circumstances.add_absence(child, AbsenceData("father", start, end), at=AT)
        circumstances.add_absence(child, AbsenceData("father", D(2026, 1, 1)), at=AT)
        circumstances.add_absence(child, AbsenceData("mother", D(2025, 6, 1)), at=AT)
        with pytest.raises(RegisterRefused):
            circumstances.add_absence(child, AbsenceData("father", D(2026, 2, 1)), at=AT)
        for wrong, field in (
            (AbsenceData("father", TODAY + dt.timedelta(days=1)), "start_date"),
            (AbsenceData("father", TODAY, D(2026, 1, 1)), "end_date"),
            (AbsenceData("father", TODAY, destination_code=44030), "destination_code"),
        ):
            with pytest.raises(ValidationError) as refused:
                circumstances.add_absence(child, wrong, at=AT)
            assert field in refused.value.message_dict
        row = ParentAbsence.objects.get(child=child, parent="mother")
    client = rural.client("director")
    end = page_of("child_circumstance_end", child, what="absence", row=row.pk)
    assert client.post(end, {"day": "2026-10-01"}).status_code == 302
    with open_scope(rural.scope("director")):
        row.refresh_from_db()
    assert row.end_date == D(2026, 10, 1)
    again = client.post(end, {"day": "2026-10-02"})
    assert again.status_code == 200
    assert client.get(page_of("child_circumstance_end", child, what="visit", row=row.pk)).status_code == 404
    assert rural.client("other_director").get(end).status_code == 404


# --- disability


def test_a_card_is_checked_masked_and_revealed_with_a_reason(cast: Cast) -> None:
    child = cast.children["own"]
    client = cast.client("director")
    wrong = client.post(page_of("child_card", child), {"number": OWN_ID, "start_date": "2025-01-01"})
    assert "number" in wrong.context["form"].errors
    typed = {"number": CARD, "start_date": "2025-01-01", "end_date": "2035-01-01"}
    assert client.post(page_of("child_card", child), typed).status_code == 302
    with open_scope(cast.scope("director")):
        card = DisabilityCard.objects.get(child=child)
        assert (card.number, card.kind, card.level) == (CARD, "5", 3)
        line = lines(child)["severe_disability"]
        assert (line.answer, line.dates[0][0]) == (Answer.ELIGIBLE, D(2035, 1, 2))
        with connection.cursor() as cursor:
            cursor.execute("SELECT number::text FROM cases_disabilitycard")
            assert OWN_ID not in cursor.fetchone()[0]
    page = client.get(tab(child)).content.decode()
    assert CARD not in page
    assert OWN_ID not in page
    reveal = reverse("staff:reveal", args=["disability-card", card.pk])
    assert reveal in page
    shown = client.post(reveal, {"reason_code": "verify", "reason": ""})
    assert CARD in shown.content.decode()
    with open_scope(cast.scope("auditor")):
        assert AccessLog.objects.filter(kind="reveal", subject="disability-card").count() == 1
    assert cast.client("other_director").get(reveal).status_code == 404
    assert cast.client("leader").get(tab(child)).status_code == 200
    assert reveal not in cast.client("leader").get(tab(child)).content.decode()


def test_a_card_of_somebody_else_needs_a_second_look(cast: Cast) -> None:
    child = cast.children["own"]
    other = "11010519491231002X"
    with open_scope(cast.scope("director")):
        with pytest.raises(NeedsConfirmation):
            circumstances.add_card(child, CardData(other + "42", D(2025, 1, 1)), at=AT)
        circumstances.add_card(child, CardData(other + "42", D(2025, 1, 1)), at=AT, confirmed=True)
        with pytest.raises(RegisterRefused):
            circumstances.add_card(child, CardData(other + "42", D(2025, 2, 1)), at=AT, confirmed=True)
        # A new card ends the one before.
        circumstances.add_card(child, CardData(CARD + "B1", D(2026, 1, 1)), at=AT)
        cards = DisabilityCard.objects.filter(child=child).order_by("start_date")
        assert [card.end_date for card in cards] == [D(2025, 12, 31), None]
        # A child without an identity number has nothing to compare.
        neighbour = cast.children["neighbour"]
    with open_scope(cast.scope("other_director")):
        circumstances.add_card(neighbour, CardData(other + "43", D(2025, 1, 1)), at=AT)
        assert lines(neighbour)["severe_disability"].answer is Answer.NOT_ELIGIBLE


def test_a_card_replaces_the_one_that_was_valid_for_longer_and_a_former_one_ends_nothing(cast: Cast) -> None:
    child = cast.children["own"]
    with open_scope(cast.scope("director")):
        circumstances.add_card(child, CardData(OWN_ID + "42", D(2020, 1, 1), D(2030, 1, 1)), at=AT)
        circumstances.add_card(child, CardData(OWN_ID + "43B1", D(2026, 1, 1), D(2036, 1, 1)), at=AT)
        circumstances.add_card(child, CardData(OWN_ID + "44", D(2015, 1, 1)), at=AT)
        cards = DisabilityCard.objects.filter(child=child).order_by("start_date")
        assert [card.end_date for card in cards] == [D(2019, 12, 31), D(2025, 12, 31), D(2036, 1, 1)]
        assert lines(child)["severe_disability"].answer == Answer.NOT_ELIGIBLE


def test_multiple_disabilities_by_their_components(cast: Cast) -> None:
    child = cast.children["own"]
    client = cast.client("director")
    typed = {"number": OWN_ID + "73", "start_date": "2025-01-01"}
    half = client.post(page_of("child_card", child), typed | {"kind_1": "5"})
    assert "level_1" in half.context["form"].errors
    assert client.post(page_of("child_card", child), typed).status_code == 302
    with open_scope(cast.scope("director")):
        assert lines(child)["severe_disability"].answer is Answer.UNDECIDED
        DisabilityCard.objects.all().delete()
    both = typed | {"kind_1": "4", "level_1": "3", "kind_2": "6", "level_2": "4"}
    assert client.post(page_of("child_card", child), both).status_code == 302
    with open_scope(cast.scope("director")):
        card = DisabilityCard.objects.get(child=child)
        assert card.components == [{"kind": "4", "level": 3}, {"kind": "6", "level": 4}]
        assert lines(child)["severe_disability"].answer is Answer.ELIGIBLE


# --- illness


def test_a_diagnosis_is_hidden_and_graded_by_the_countys_list(cast: Cast) -> None:
    child = cast.children["own"]
    client = cast.client("director")
    typed = {"diagnosis": "急性白血病", "start_date": "2026-02-01", "self_paid": ""}
    assert client.post(page_of("child_illness", child), typed).status_code == 302
    page = client.get(tab(child)).content.decode()
    assert "白血病" not in page
    with open_scope(cast.scope("director")):
        row = Illness.objects.get(child=child)
        assert (row.diagnosis, row.severe) == ("急性白血病", True)
        assert lines(child)["severe_illness"].answer is Answer.ELIGIBLE
        with connection.cursor() as cursor:
            cursor.execute("SELECT diagnosis::text FROM cases_illness")
            assert "白血病" not in cursor.fetchone()[0]
        circumstances.end_circumstance(row, day=D(2026, 10, 1), at=AT)
        assert lines(child)["severe_illness"].answer is Answer.NOT_ELIGIBLE
        asthma = IllnessData("支气管哮喘", D(2026, 3, 1), Decimal("15000"))
        assert not circumstances.add_illness(child, asthma, at=AT).severe
    assert (
        "急性白血病"
        in client.post(
            reverse("staff:reveal", args=["illness", row.pk]), {"reason_code": "verify"}
        ).content.decode()
    )
    with system_scope(reason="test", log=False):
        for key, value in (("severe_illness_self_paid", 10000), ("severe_illnesses", ["癫痫"])):
            Parameter.objects.create(
                region_id=COUNTY, key=key, value=value, valid_from=D(2026, 1, 1), source="test"
            )
    with open_scope(cast.scope("director")):
        assert circumstances.add_illness(child, asthma, at=AT).severe
        assert circumstances.add_illness(child, IllnessData("癫痫", TODAY), at=AT).severe
        assert not circumstances.add_illness(child, IllnessData("白血病", TODAY), at=AT).severe


@pytest.mark.parametrize("text", ["艾滋病", "HIV 感染", "ＡＩＤＳ"])
def test_the_protected_condition_is_refused_with_where_it_belongs(cast: Cast, text: str) -> None:
    child = cast.children["own"]
    typed = {"diagnosis": text, "start_date": "2026-02-01"}
    page = cast.client("director").post(page_of("child_illness", child), typed)
    assert "diagnosis" in page.context["form"].errors
    with open_scope(cast.scope("director")):
        assert not Illness.objects.exists()
        with pytest.raises(ValidationError) as refused:
            register.change_child(child, {"health_note": text}, at=AT)
        assert list(refused.value.message_dict) == ["health_note"]


# --- access, cost


def test_the_tab_follows_the_row_scope(cast: Cast) -> None:
    child = cast.children["own"]
    seen = {
        name: cast.client(name).get(tab(child)).status_code
        for name in ("director", "supervisor", "clerk", "leader", "other_director", "stranger", "viewer")
    }
    assert seen == {
        "director": 200,
        "supervisor": 200,
        "clerk": 200,
        "leader": 200,
        "other_director": 404,
        "stranger": 404,
        "viewer": 403,
    }
    for name in ("child_absence", "child_card", "child_illness"):
        assert cast.client("leader").get(page_of(name, child)).status_code == 403
        assert cast.client("stranger").get(page_of(name, child)).status_code == 404


def test_cost_of_the_tab(rural: Cast, page_budget: Callable[[int], AbstractContextManager[None]]) -> None:
    child = rural.children["own"]
    with open_scope(rural.scope("director")):
        circumstances.add_absence(child, AbsenceData("father", D(2026, 1, 1), destination_code=440305), at=AT)
        circumstances.add_card(child, CardData(CARD, D(2025, 1, 1)), at=AT)
        circumstances.add_illness(child, IllnessData("支气管哮喘", D(2026, 3, 1)), at=AT)
    client = rural.client("supervisor")
    client.get(tab(child))
    with page_budget(15):
        assert client.get(tab(child)).status_code == 200
    with page_budget(15):
        assert client.get(page_of("child", child)).status_code == 200
