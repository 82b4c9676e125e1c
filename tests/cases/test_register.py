"""The services of the register: what they write, refuse and warn of."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from cases import identity, register, search
from cases.categories import changes as category_changes
from cases.children import family, sharing
from cases.children.family import GuardianData, HouseholdData, PayeeData, SituationData
from cases.leaving import services as leaving
from cases.models import Child, Guardian, Household, ParentSituation, Payee, Visit, VisitTask
from cases.refusals import AlreadyRegistered, NeedsConfirmation, RegisterRefused
from cases.register import ChildData
from cases.visits import requests as visit_requests
from staff.models import AccessLog
from staff.scope import open_scope
from staff.sessions import scope_for_assignment
from tests.cast import OTHER_VILLAGE, OWN_ID, VILLAGE, Cast

AT = dt.datetime(2026, 10, 20, 2, 0, tzinfo=dt.UTC)
TODAY = dt.date(2026, 10, 20)
BASE = "50015220150304101"
NUMBER = BASE + identity.check_character(BASE)  # a boy born on 2015-03-04
CARD = "6217001234567893"
DATA = ChildData(
    name="陶小雨",
    birth_date=dt.date(2015, 3, 4),
    sex="male",
    primary_category="de_facto_unattended",
    id_number=NUMBER,
    risk="yellow",
)


def add(**changes: Any) -> Child:
    options = {"region_id": VILLAGE, "at": AT, "confirmed": False} | {
        k: changes.pop(k) for k in ("region_id", "confirmed") if k in changes
    }
    return register.add_child(replace(DATA, **changes), **options)


def whole() -> dict[str, Any]:
    return {
        "household": HouseholdData("陶德海", address="3 组"),
        "guardians": (GuardianData("陶德海", "grandfather", phone="13812345678"),),
        "parents": (
            SituationData("father", "imprisoned", dt.date(2025, 3, 12), evidence="criminal_judgment"),
            SituationData("mother", "lost_contact", dt.date(2024, 11, 2), evidence="police_search_receipt"),
        ),
        "payee": PayeeData("陶德海", "grandfather", "重庆农村商业银行", CARD),
        "attributes": ("key_monitoring",),
    }


def test_a_whole_file(cast: Cast) -> None:
    with open_scope(cast.scope("director")):
        child = add(**whole())
        child.refresh_from_db()
        assert child.number == f"500152{child.pk:07d}"
        assert child.id_digest is not None
        assert bytes(child.id_digest) == identity.digest_identity(NUMBER)
        assert child.name_pinyin == "tao xiao yu"
        assert child.next_visit_date == TODAY + dt.timedelta(days=15)
        assert child.household is not None
        assert child.household.head_name == "陶德海"
        assert [g.masked_phone for g in child.guardians.all()] == ["138****5678"]
        assert child.parent_situations.count() == 2
        assert child.payees.get().masked_account == "6217 **** **** 7893"
        assert sorted(child.attributes.values_list("kind", flat=True)) == [
            "de_facto_unattended",
            "key_monitoring",
        ]
        assert list(search.find("xiaoyu")) == [child]
        assert list(search.find("德海")) == [child]


def test_nothing_is_kept_when_a_part_is_wrong(cast: Cast) -> None:
    with open_scope(cast.scope("director")):
        before = (Child.objects.count(), Household.objects.count(), Guardian.objects.count())
        parts = whole() | {"guardians": (GuardianData("陶德海", "grandfather", id_number="123"),)}
        with pytest.raises(ValidationError) as caught:
            add(**parts)
        assert list(caught.value.message_dict) == ["guardian-0-id_number"]
        assert (Child.objects.count(), Household.objects.count(), Guardian.objects.count()) == before


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"id_number": "500152"}, "id_number"),
        ({"id_number": NUMBER[:-1] + ("0" if NUMBER[-1] != "0" else "1")}, "id_number"),
        ({"birth_date": dt.date(2026, 10, 21)}, "birth_date"),
        ({"birth_date": dt.date(1990, 1, 1)}, "birth_date"),
        ({"name": " "}, "name"),
        ({"sex": "other"}, "sex"),
        ({"primary_category": "nothing"}, "primary_category"),
    ],
)
def test_errors_stand_at_their_field(cast: Cast, changes: dict[str, Any], field: str) -> None:
    with open_scope(cast.scope("director")), pytest.raises(ValidationError) as caught:
        add(**changes, confirmed=True)
    assert field in caught.value.message_dict


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"birth_date": dt.date(2015, 3, 5)}, "birth_date"),
        ({"sex": "female"}, "sex"),
        ({"id_number": "", "birth_date": dt.date(2008, 10, 20)}, "birth_date"),
        ({"payee": PayeeData("陶德海", "grandfather", "农商行", CARD[:-1] + "4")}, "payee-account"),
        ({"payee": PayeeData("陶德海", "grandfather", "农商行", "621700")}, "payee-account"),
    ],
)
def test_unusual_data_must_be_confirmed(cast: Cast, changes: dict[str, Any], field: str) -> None:
    with open_scope(cast.scope("director")):
        with pytest.raises(NeedsConfirmation) as caught:
            add(**changes)
        assert [name for name, _text in caught.value.warnings] == [field]
        assert add(**changes, confirmed=True).pk


def test_a_namesake_without_number_is_pointed_out(cast: Cast) -> None:
    own = cast.children["own"]
    with open_scope(cast.scope("director")):
        with pytest.raises(NeedsConfirmation) as caught:
            add(name=own.name, birth_date=own.birth_date, sex="female", id_number="")
        assert own.number in caught.value.warnings[0][1]


def test_a_duplicate_in_scope_is_linked(cast: Cast) -> None:
    with open_scope(cast.scope("director")), pytest.raises(AlreadyRegistered) as caught:
        add(id_number=OWN_ID.lower(), birth_date=dt.date(2017, 5, 20), sex="female")
    assert caught.value.child == cast.children["own"]


def test_a_duplicate_elsewhere_names_nobody(cast: Cast) -> None:
    with open_scope(cast.scope("stranger")):
        register.change_child(
            cast.children["strange"], {"id_number": NUMBER, "sex": "male"}, at=AT, confirmed=True
        )
    with open_scope(cast.scope("director")):
        with pytest.raises(AlreadyRegistered) as caught:
            add()
        assert caught.value.child is None
        assert cast.children["strange"].name not in str(caught.value)
        assert not Child.objects.filter(name="陶小雨").exists()
        own = cast.children["own"]
        with pytest.raises(AlreadyRegistered):
            register.change_child(own, {"id_number": NUMBER}, at=AT, confirmed=True)
        own.refresh_from_db()
        assert own.id_number == OWN_ID


def test_a_number_is_free_again_when_the_child_left(cast: Cast) -> None:
    with open_scope(cast.scope("supervisor")):
        leaving.leave_register(
            cast.children["own"], day=TODAY, reason_code="07", destination="重庆市合川区", at=AT
        )
        again = add(id_number=OWN_ID, birth_date=dt.date(2017, 5, 20), sex="female", confirmed=True)
        assert again.pk != cast.children["own"].pk


@pytest.mark.parametrize("member", ["releaser", "auditor", "leader", "approver", "provider", "viewer"])
def test_who_has_not_the_duty_is_refused(cast: Cast, member: str) -> None:
    with open_scope(cast.scope(member)), pytest.raises(RegisterRefused):
        add()


def test_a_village_outside_the_area_is_refused(cast: Cast) -> None:
    with open_scope(cast.scope("director")), pytest.raises(RegisterRefused):
        add(region_id=OTHER_VILLAGE)


def test_changes_are_kept_with_their_reason(cast: Cast) -> None:
    own = cast.children["own"]
    with open_scope(cast.scope("director")):
        register.change_child(own, {"name": "林晓曼", "school_name": "实验小学"}, at=AT, reason="户口簿更正")
        assert list(search.find("晓曼")) == [own]
        assert not search.find("小满")
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT name, pgh_reason, pgh_user FROM cases_childevent "
                "WHERE pgh_obj_id = %s ORDER BY pgh_id DESC",
                [own.pk],
            )
            assert cursor.fetchone() == ("林晓曼", "户口簿更正", cast.users["director"].pk)
        with pytest.raises(ValueError, match="left_date"):
            register.change_child(own, {"left_date": TODAY}, at=AT)


def test_category(cast: Cast) -> None:
    own = cast.children["own"]
    with open_scope(cast.scope("director")), pytest.raises(RegisterRefused):
        category_changes.set_category(own, "orphan", since=TODAY, at=AT, reason="父亲死亡")
    with open_scope(cast.scope("supervisor")):
        with pytest.raises(ValidationError):
            category_changes.set_category(own, "orphan", since=TODAY, at=AT, reason=" ")
        changed = category_changes.set_category(own, "orphan", since=TODAY, at=AT, reason="父亲死亡")
        assert (changed.primary_category, changed.category_since) == ("orphan", TODAY)
        assert own.attributes.get(end_date__isnull=True).kind == "orphan"
        with pytest.raises(RegisterRefused):
            category_changes.set_category(own, "orphan", since=TODAY, at=AT, reason="再次")


def test_risk_brings_the_next_visit_forward(cast: Cast) -> None:
    own = cast.children["own"]
    with open_scope(cast.scope("director")):
        Child.objects.filter(pk=own.pk).update(next_visit_date=dt.date(2026, 11, 30))
        red = register.set_risk(own, "red", at=AT, reason="监护人住院")
        assert (red.risk, red.risk_since) == ("red", TODAY)
        assert red.next_visit_date == TODAY + dt.timedelta(days=7)
        assert register.set_risk(own, "red", at=AT, next_visit_date=TODAY).next_visit_date == TODAY


def test_leaving(cast: Cast) -> None:
    own, told = cast.children["own"], []
    handler = leaving.on_leave(lambda child, actor, at: told.append((child.pk, actor.role)))
    try:
        with open_scope(cast.scope("supervisor")):
            with pytest.raises(ValidationError):
                leaving.leave_register(own, day=TODAY, reason_code="99", at=AT)
            with pytest.raises(ValidationError):
                leaving.leave_register(own, day=TODAY + dt.timedelta(days=1), reason_code="06", at=AT)
            left = leaving.leave_register(own, day=TODAY, reason_code="04", reason="父亲寻回", at=AT)
            assert (left.left_date, left.left_reason, left.next_visit_date) == (TODAY, "04", None)
            with pytest.raises(RegisterRefused):
                leaving.leave_register(own, day=TODAY, reason_code="04", reason="父亲寻回", at=AT)
    finally:
        leaving._LEAVING.remove(handler)
    assert told == [(own.pk, "supervisor")]


def test_leaving_waits_for_visits_under_review(cast: Cast) -> None:
    own = cast.children["own"]
    with open_scope(cast.scope("supervisor")):
        Visit.objects.create(
            child=own,
            region_id=own.region_id,
            kind="door",
            visited_at=AT,
            risk_before="yellow",
            risk="red",
            state="submitted",
            submitted_at=AT,
            conducted_by=cast.users["director"],
        )
        with pytest.raises(RegisterRefused):
            leaving.leave_register(own, day=TODAY, reason_code="08", reason="重复录入", at=AT)


def test_parents_situations(cast: Cast) -> None:
    own = cast.children["own"]
    with open_scope(cast.scope("director")):
        prison = SituationData("father", "imprisoned", dt.date(2025, 3, 12), evidence="criminal_judgment")
        first = family.add_situation(own, prison, at=AT)
        with pytest.raises(ValidationError):
            family.add_situation(own, prison, at=AT)
        family.add_situation(own, replace(prison, kind="severe_illness", evidence="medical_record"), at=AT)
        with pytest.raises(ValidationError):
            family.add_situation(own, SituationData("mother", "dead", TODAY, expected_end_date=TODAY), at=AT)
        with pytest.raises(ValidationError):
            family.end_situation(first, day=dt.date(2025, 1, 1), at=AT)
        family.end_situation(first, day=TODAY, at=AT)
        assert ParentSituation.objects.filter(child=own, end_date__isnull=True).count() == 1
        family.add_situation(own, replace(prison, start_date=TODAY), at=AT)


def test_guardians_end_and_stay(cast: Cast) -> None:
    own = cast.children["own"]
    with open_scope(cast.scope("director")):
        guardian = family.add_guardian(own, GuardianData("田秀莲", "neighbour", kind="caregiver"), at=AT)
        assert list(search.find("秀莲")) == [own]
        family.end_guardian(guardian, day=TODAY, at=AT)
        with pytest.raises(RegisterRefused):
            family.end_guardian(guardian, day=TODAY, at=AT)
        assert own.guardians.count() == 2
        tomorrow = GuardianData("田秀莲", "neighbour", start_date=TODAY + dt.timedelta(days=1))
        with pytest.raises(ValidationError) as refused:
            family.add_guardian(own, tomorrow, at=AT)
        assert set(refused.value.message_dict) == {"start_date"}


def test_the_payee_before_ends_the_day_before(cast: Cast) -> None:
    own = cast.children["own"]
    with open_scope(cast.scope("director")):
        payee = family.set_payee(
            own, PayeeData("林大山", "grandfather", "邮储银行", "6217 0012 3456 7893"), at=AT
        )
        assert payee.account == CARD
        former = own.payees.exclude(pk=payee.pk).get()
        assert former.end_date == TODAY - dt.timedelta(days=1)
        with pytest.raises(ValidationError):
            family.set_payee(own, PayeeData("林桂芳", "grandmother", "邮储银行", CARD), at=AT)
        # A mistyped year would end the payee of today and leave no day on which to correct it.
        far = PayeeData("林桂芳", "grandmother", "邮储银行", CARD, TODAY + dt.timedelta(days=367))
        with pytest.raises(ValidationError) as refused:
            family.set_payee(own, far, at=AT, confirmed=True)
        assert set(refused.value.message_dict) == {"start_date"}
        assert Payee.objects.filter(child=own, end_date__isnull=True).get() == payee


def test_an_account_of_another_holder_must_be_confirmed(cast: Cast) -> None:
    with open_scope(cast.scope("supervisor")):
        account = "6217001234567890"  # that of every child of the cast, held by 林桂芳
        with pytest.raises(NeedsConfirmation):
            family.set_payee(cast.children["own"], PayeeData("陌生人", "other", "邮储银行", account), at=AT)


@pytest.mark.parametrize(
    ("digits", "passes"), [(CARD, True), ("6217001234567890", False), ("79927398713", True)]
)
def test_luhn(digits: str, passes: bool) -> None:
    assert family.passes_luhn(digits) is passes


def test_sharing_shows_the_child_and_taking_back_hides_it(cast: Cast) -> None:
    own, other = cast.children["own"], cast.users["other_director"]
    with open_scope(cast.scope("other_director")):
        assert not Child.objects.filter(pk=own.pk).exists()
    with open_scope(cast.scope("supervisor")):
        with pytest.raises(RegisterRefused):
            sharing.share_child(own, cast.users["director"], at=AT, reason="在外南街居住")
        with pytest.raises(RegisterRefused):
            sharing.share_child(own, cast.users["auditor"], at=AT, reason="在外南街居住")
        sharing.share_child(own, other, at=AT, reason="孩子住在井田社区")
        assert sharing.shared_with(own) == [other]
    with open_scope(scope_for_assignment(cast.assignments["other_director"].pk)):
        assert Child.objects.get(pk=own.pk).guardians.count() == 1
    with open_scope(cast.scope("supervisor")):
        sharing.unshare_child(own, other, at=AT)
        with pytest.raises(RegisterRefused):
            sharing.unshare_child(own, other, at=AT)
    with open_scope(scope_for_assignment(cast.assignments["other_director"].pk)):
        assert not Child.objects.filter(pk=own.pk).exists()
    with open_scope(cast.scope("auditor")):
        log = AccessLog.objects.filter(kind="share", child_id=own.pk).order_by("at")
        assert [(row.subject_id, row.detail["act"]) for row in log] == [
            (str(other.pk), "given"),
            (str(other.pk), "ended"),
        ]


def test_receivers_are_the_directors_where_the_child_lives(cast: Cast) -> None:
    own = cast.children["own"]
    with open_scope(cast.scope("director")):
        assert sharing.receivers(own, TODAY) == []
        register.change_child(own, {"residence_region_id": OTHER_VILLAGE}, at=AT)
        own.refresh_from_db()
        assert [a.user.name for a in sharing.receivers(own, TODAY)] == ["杜月华"]


def test_visits_for_many(cast: Cast) -> None:
    own, neighbour, far = (cast.children[name] for name in ("own", "neighbour", "township"))
    ids = [own.pk, neighbour.pk, far.pk]
    with open_scope(cast.scope("supervisor")):
        Child.objects.filter(pk=neighbour.pk).update(next_visit_date=TODAY + dt.timedelta(days=30))
        day = TODAY + dt.timedelta(days=3)
        assert visit_requests.set_next_visit(ids, day, at=AT, reason="降温") == 1
        assert dict(Child.objects.values_list("pk", "next_visit_date")) == {own.pk: TODAY, neighbour.pk: day}
        tasks = visit_requests.ask_for_visits(ids, due_date=day, reason="核对低保名单", at=AT)
        assert {task.child_id for task in tasks} == {own.pk, neighbour.pk}
        with pytest.raises(ValidationError):
            visit_requests.ask_for_visits(ids, due_date=TODAY - dt.timedelta(days=1), reason="核对", at=AT)
    with open_scope(cast.scope("director")), pytest.raises(RegisterRefused):
        visit_requests.ask_for_visits(ids, due_date=day, reason="核对", at=AT)
    with open_scope(cast.scope("clerk")):
        assert VisitTask.objects.count() == 2
