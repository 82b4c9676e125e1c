"""A register file's way: taken over in part or not at all, sent again, taken back; who may, and who else was there."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from cases import register, search
from cases.children import family
from cases.children.family import GuardianData, PayeeData
from cases.importing import preview, running, services, tasks, undo
from cases.importing.trusted import import_register
from cases.leaving import services as leaving
from cases.models import (
    CategoryPeriod,
    Child,
    ChildAttribute,
    ChildToken,
    Guardian,
    Household,
    ParentSituation,
    Payee,
    RegisterImport,
    RegisterImportRow,
    Visit,
)
from cases.refusals import RegisterRefused
from staff.jobs import JobError
from staff.models import Region
from staff.scope import open_scope, system_scope
from tests.cases.importing import (
    AT,
    HEADER,
    TODAY,
    applied,
    apply,
    checked,
    number,
    problems,
    receive,
    row,
    rows_of,
    text,
)
from tests.cast import COUNTY, FAR_VILLAGE, OTHER_VILLAGE, OWN_ID, STRANGE_VILLAGE, VILLAGE, Cast, make_child

pytestmark = pytest.mark.django_db

GOOD = number("20150301")
LATER = AT + dt.timedelta(days=3)
FULL_HEADER = (
    f"{HEADER},细类,认定时间,其他属性,养育方式,户口分类,家庭住址,本人电话,就学情况,就读学校,健康状况,健康说明,医保情况,"
    "户主姓名,户主身份证号,监护人姓名,与儿童关系,监护人身份证号,监护人电话,第二监护人姓名,第二监护人关系,"
    "父亲姓名,父亲情形,父亲情形起始日期,母亲情形,领款人,领款人与儿童关系,开户银行,银行账号"
)
FULL = (
    f"{row()},父母双亡,2025-05-01,重残、留守儿童,社会散居,本辖区户口,桂林街道莲花社区3组,13712345678,小学,桂林小学,残疾,哮喘,政府资助参保,"
    f"赵大山,{number('19600101')},赵大山,祖父,{number('19600101')},13912345678,赵小花,姑姑,"
    "赵二,去世,2024-02-03,死亡,赵大山,爷爷,重庆农村商业银行,6217001234567890"
)


def child(cast: Cast, name: str = "赵小一") -> Child:
    with open_scope(cast.scope("clerk")):
        return Child.objects.select_related("household").get(name=name)


def test_a_full_row_becomes_a_child_with_all_those_around_it(cast: Cast) -> None:
    applied(cast, text(FULL, header=FULL_HEADER))
    made = child(cast)
    assert (made.primary_category, made.category_detail, made.category_since) == (
        "orphan",
        "both_dead",
        dt.date(2025, 5, 1),
    )
    assert (made.placement, made.registration, made.school_stage, made.school_name) == (
        "scattered",
        "local",
        "primary",
        "桂林小学",
    )
    assert (made.health_status, made.health_note, made.insurance, made.phone) == (
        "disabled",
        "哮喘",
        "funded",
        "13712345678",
    )
    assert (made.region_id, made.household_region_id, made.residence_region_id) == (VILLAGE,) * 3
    assert (made.registered_date, made.risk, made.next_visit_date) == (
        TODAY,
        "green",
        TODAY + dt.timedelta(days=30),
    )
    assert made.number.startswith("500152")
    assert made.household is not None
    assert made.household.head_name == "赵大山"
    with open_scope(cast.scope("clerk")):
        assert list(
            Guardian.objects.filter(child=made).order_by("pk").values_list("name", "relation", "kind")
        ) == [
            ("赵大山", "grandfather", "both"),
            ("赵小花", "paternal_aunt", "caregiver"),
        ]
        payee = Payee.objects.get(child=made)
        assert (payee.account, payee.relation, payee.bank_name) == (
            "6217001234567890",
            "grandfather",
            "重庆农村商业银行",
        )
        assert list(
            ParentSituation.objects.filter(child=made)
            .order_by("parent")
            .values_list("parent", "kind", "start_date")
        ) == [
            ("father", "dead", dt.date(2024, 2, 3)),
            ("mother", "dead", TODAY),
        ]
        assert set(ChildAttribute.objects.filter(child=made).values_list("kind", flat=True)) == {
            "orphan",
            "severe_disability",
            "left_behind",
        }
        assert [c.pk for c in search.find("赵小")] == [made.pk]
        event = Child.pgh_event_model.objects.filter(pgh_obj_id=made.pk).get()  # type: ignore[attr-defined]
    assert event.pgh_reason.endswith("花名册.csv")
    assert event.pgh_user == cast.users["clerk"].pk


def test_the_good_rows_are_taken_over_and_the_others_stay_outside(cast: Cast) -> None:
    found = applied(
        cast, text(row(), row("钱小二", "", birth="不知道"), row("孙小三", "", birth="2016-05-05"))
    )
    assert [(r.outcome, r.applied) for r in rows_of(cast, found)] == [
        ("new", True),
        ("error", False),
        ("new", True),
    ]
    assert (found.state, found.counts["written"], found.counts["error"]) == ("applied", 2, 1)
    with open_scope(cast.scope("clerk")):
        assert not Child.objects.filter(name="钱小二").exists()


def test_a_new_row_is_read_before_it_is_taken_over(cast: Cast) -> None:
    found = checked(cast, text(FULL, header=FULL_HEADER))
    with open_scope(cast.scope("clerk")):
        ((line,), _more) = preview.rows_of(found, "new")
    told = {one["new"] for one in line["changes"]}
    assert {"2015-03-01", "社会散居", "139****5678"} <= told, told
    assert not {"13912345678", "6217001234567890", "哮喘", GOOD} & told


def test_all_or_nothing(cast: Cast) -> None:
    found = checked(cast, text(row(), row("钱小二", "", birth="不知道")))
    with open_scope(cast.scope("clerk")), pytest.raises(RegisterRefused):
        services.take_over(found, update=True, all_or_nothing=True, duplicates="skip", at=AT)
    # Also when the error appears only at the take-over: another office was quicker.
    second = checked(cast, text(row()))
    with system_scope(reason="test", log=False):
        make_child(STRANGE_VILLAGE, "他乡人", id_number=GOOD)
    with pytest.raises(JobError):
        apply(cast, second, all_or_nothing=True)
    with open_scope(cast.scope("clerk")):
        assert not Child.objects.filter(name="赵小一").exists()
        assert RegisterImport.objects.get(pk=second.pk).state == "checked"


def test_the_same_file_again_changes_nothing(cast: Cast) -> None:
    data = text(FULL, header=FULL_HEADER)
    applied(cast, data)
    before = child(cast)
    again = applied(cast, data, at=LATER)
    assert ([r.outcome for r in rows_of(cast, again)], again.counts["written"]) == (["same"], 0)
    assert child(cast).updated_at == before.updated_at
    with open_scope(cast.scope("clerk")):
        assert Guardian.objects.filter(child=before).count() == 2
        assert Child.pgh_event_model.objects.filter(pgh_obj_id=before.pk).count() == 1  # type: ignore[attr-defined]


def test_an_update_changes_what_is_filled_and_erases_nothing(cast: Cast) -> None:
    applied(cast, text(FULL, header=FULL_HEADER))
    header = "姓名,身份证号,就读学校,家庭住址,监护人姓名,监护人电话,类别,领款人,开户银行,银行账号"
    data = text(
        f"赵小一,{GOOD},桂林初中,,赵大山,13800000000,低保,钱老师,工商银行,6222021234567894", header=header
    )
    found = checked(cast, data, today=LATER.date())
    shown = {column: (old, new) for column, old, new in json.loads(rows_of(cast, found)[0].before)["shown"]}
    assert shown["school_name"] == ("桂林小学", "桂林初中")
    assert shown["guardian_phone"] == ("13912345678", "13800000000")
    assert shown["account"] == ("6217001234567890", "6222021234567894")
    assert "address" not in shown
    apply(cast, found, at=LATER)
    made = child(cast)
    assert (made.school_name, made.address, made.primary_category) == (
        "桂林初中",
        "桂林街道莲花社区3组",
        "dibao",
    )
    with open_scope(cast.scope("clerk")):
        assert Guardian.objects.get(child=made, name="赵大山").phone == "13800000000"
        assert list(Payee.objects.filter(child=made).order_by("pk").values_list("name", "end_date")) == [
            ("赵大山", LATER.date() - dt.timedelta(days=1)),
            ("钱老师", None),
        ]
        assert list(CategoryPeriod.objects.filter(child=made).values_list("category", "end_date")) == [
            ("orphan", LATER.date() - dt.timedelta(days=1)),
            ("dibao", None),
        ]


def test_known_children_may_be_left_as_they_are(cast: Cast) -> None:
    applied(cast, text(row()))
    found = applied(cast, text(row(category="低保")), update=False)
    assert [(r.outcome, r.applied) for r in rows_of(cast, found)] == [("update", False)]
    assert child(cast).primary_category == "orphan"


def test_a_child_is_known_by_its_register_number_and_gets_its_identity_number(cast: Cast) -> None:
    header = f"儿童编号,{HEADER}"
    applied(cast, text(f"A1,{row(id_number='')}", header=header))
    found = applied(cast, text(f"A1,{row()}", header=header))
    assert [r.outcome for r in rows_of(cast, found)] == ["update"]
    made = child(cast)
    assert (made.id_number, bytes(made.id_digest or b"")) == (GOOD, family.digest_or_none(GOOD))


def test_a_register_number_that_belongs_to_somebody_else(cast: Cast) -> None:
    own = cast.children["own"]
    header = f"儿童编号,{HEADER}"
    applied(cast, text(f"A1,{row()}", header=header))
    found = checked(cast, text(f"{own.number},{row()}", header=header))
    assert problems(cast, found) == [(2, "child_id", "number_other_child")]
    other = checked(cast, text(f"{own.number},{row('钱小二', '', birth='2016-04-01')}", header=header))
    assert problems(cast, other) == [(2, "id_number", "same_own_number_other_name")]


POSSIBLY = {
    "same_name_and_birth": row("秦白露", "", birth="2017-05-20", village="井田社区", sex="女"),
    "same_sound_and_birth": row("秦柏露", "", birth="2017-05-20", village="井田社区", sex="女"),
    "same_number_other_name": row("王改名", OWN_ID, birth="2017-05-20", sex="女"),
}


@pytest.mark.parametrize("code", POSSIBLY)
def test_possibly_known_rows_wait_for_a_decision(cast: Cast, code: str) -> None:
    found = checked(cast, text(POSSIBLY[code]))
    line = rows_of(cast, found)[0]
    assert (line.outcome, [p["code"] for p in line.problems]) == ("duplicate", [code])
    expected = cast.children["own" if "number" in code else "neighbour"]
    assert line.child_id == expected.pk
    apply(cast, found)
    with open_scope(cast.scope("clerk")):
        assert Child.objects.count() == 3
    again = checked(cast, text(POSSIBLY[code]))
    with open_scope(cast.scope("clerk")):
        services.decide(again, rows_of(cast, again)[0], "update")
        again.refresh_from_db()
    apply(cast, again, duplicates="skip")
    assert [(r.outcome, r.applied) for r in rows_of(cast, again)] == [("update", True)]
    with open_scope(cast.scope("clerk")):
        assert Child.objects.count() == 3
        expected.refresh_from_db()
    assert expected.primary_category == "orphan"


def test_another_child_of_the_same_name_is_added_when_somebody_says_so(cast: Cast) -> None:
    found = applied(cast, text(POSSIBLY["same_name_and_birth"]), duplicates="add")
    assert [(r.outcome, r.applied) for r in rows_of(cast, found)] == [("new", True)]
    held = applied(cast, text(POSSIBLY["same_number_other_name"]), duplicates="add")
    assert problems(cast, held)[-1] == (2, "id_number", "number_held")
    with open_scope(cast.scope("clerk")):
        assert Child.objects.filter(name="秦白露").count() == 2
        assert not Child.objects.filter(name="王改名").exists()


def test_a_number_held_out_of_sight_is_told_without_naming_anyone(cast: Cast) -> None:
    with system_scope(reason="test", log=False):
        make_child(STRANGE_VILLAGE, "他乡人", id_number=GOOD)
    found = checked(cast, text(row()))
    assert problems(cast, found) == [(2, "id_number", "held_elsewhere")]
    assert rows_of(cast, found)[0].child_id is None
    apply(cast, found)
    assert problems(cast, found) == [(2, "id_number", "held_elsewhere")]
    # The same for a child of the county that the township's supervisor cannot see, and for a changed number.
    with system_scope(reason="test", log=False):
        make_child(FAR_VILLAGE, "远处人", id_number=number("20160401"))
    seen = checked(cast, text(row("钱小二", number("20160401"), birth="2016-04-01")), who="supervisor")
    assert problems(cast, seen, "supervisor") == [(2, "id_number", "held_elsewhere")]
    applied(cast, text(f"A1,{row('孙小三', '')}", header=f"儿童编号,{HEADER}"))
    changed = applied(cast, text(f"A1,{row('孙小三')}", header=f"儿童编号,{HEADER}"))
    assert problems(cast, changed) == [(2, "id_number", "held_elsewhere")]
    assert child(cast, "孙小三").id_number == ""


def test_a_child_elsewhere_in_the_area_is_not_moved_and_one_who_left_is_not_taken_back(cast: Cast) -> None:
    applied(cast, text(row()))
    found = applied(cast, text(row(village="井田社区", category="低保")))
    assert problems(cast, found) == [(2, "village", "village_other")]
    made = child(cast)
    assert (made.region_id, made.primary_category) == (VILLAGE, "dibao")
    with open_scope(cast.scope("clerk")):
        leaving.leave_register(made, day=TODAY, reason_code="99", reason="迁居", at=AT)
    again = checked(cast, text(row()))
    assert problems(cast, again) == [(2, "id_number", "left")]


def test_payees_of_today_and_cards_with_a_wrong_digit_are_told(cast: Cast) -> None:
    header = f"{HEADER},领款人,开户银行,银行账号"
    applied(cast, text(f"{row()},赵大,农商行,6217001234567890", header=header))
    found = applied(cast, text(f"{row()},赵二,农商行,6222021234567891", header=header))
    assert {code for _l, _f, code in problems(cast, found)} == {"payee_today", "account_check"}
    with open_scope(cast.scope("clerk")):
        assert Payee.objects.get(child=child(cast)).name == "赵大"


def test_children_of_one_head_are_one_household(cast: Cast) -> None:
    header = f"{HEADER},户主姓名,户主身份证号"
    head = f"赵大,{number('19600101')}"
    lines = (
        f"{row()},{head}",
        f"{row('赵小二', '', birth='2016-01-01')},{head}",
        f"{row('钱小三', '', birth='2016-02-02')},钱大,",
    )
    applied(cast, text(*lines, header=header))
    assert (
        child(cast).household_id == child(cast, "赵小二").household_id != child(cast, "钱小三").household_id
    )
    found = applied(cast, text(f"{row('赵小四', '', birth='2017-01-01')},{head}", header=header))
    assert child(cast, "赵小四").household_id == child(cast).household_id
    assert found.counts["written"] == 1


# --- Taking back ------------------------------------------------------------------------------------------


def take_back(cast: Cast, found: RegisterImport, who: str = "clerk") -> dict[str, int]:
    with open_scope(cast.scope(who)):
        return undo.undo(RegisterImport.objects.get(pk=found.pk), reason="错发文件", at=LATER)


def test_an_import_is_taken_back_and_its_history_stays(cast: Cast) -> None:
    with system_scope(reason="test", log=False):
        search.index_children()
        counts = [
            m._base_manager.count()
            for m in (
                Child,
                Guardian,
                Payee,
                ParentSituation,
                ChildAttribute,
                Household,
                CategoryPeriod,
                ChildToken,
            )
        ]
    found = applied(cast, text(FULL, header=FULL_HEADER))
    made = child(cast)
    assert take_back(cast, found) == {"deleted": 1, "kept": 0, "restored": 0, "left": 0, "rows": 1}
    with system_scope(reason="test", log=False):
        assert counts == [
            m._base_manager.count()
            for m in (
                Child,
                Guardian,
                Payee,
                ParentSituation,
                ChildAttribute,
                Household,
                CategoryPeriod,
                ChildToken,
            )
        ]
        events = Child.pgh_event_model.objects.filter(pgh_obj_id=made.pk).order_by("pgh_id")  # type: ignore[attr-defined]
        assert [(e.pgh_label, e.name) for e in events] == [("insert", "赵小一"), ("delete", "赵小一")]
        assert events[1].pgh_reason == "错发文件"
    with open_scope(cast.scope("clerk")):
        found.refresh_from_db()
    assert (found.state, found.undo_reason, found.undone_by_id) == (
        "undone",
        "错发文件",
        cast.users["clerk"].pk,
    )


def test_what_has_happened_since_is_kept_and_named(cast: Cast) -> None:
    names = ["赵访", "钱改", "孙监", "李案", "周空", "吴密"]
    found = applied(cast, text(*(row(n, "", birth=f"2016-0{i + 1}-01") for i, n in enumerate(names))))
    with open_scope(cast.scope("clerk")):
        made = {c.name: c for c in Child.objects.filter(name__in=names)}
        Visit.objects.create(
            child=made["赵访"], region_id=VILLAGE, kind="door", visited_at=LATER, risk_before="green", risk="green",
            conducted_by=cast.users["director"], state="draft",
        )  # fmt: skip
        register.change_child(made["钱改"], {"school_name": "新学校"}, at=LATER)
        family.add_guardian(made["孙监"], GuardianData("孙大", "grandfather"), at=LATER)
    applied(cast, text(row("李案", "", birth="2016-04-01", category="低保")), duplicates="update", at=LATER)
    with system_scope(reason="test", log=False):
        from cases.models import Case
        from staff.scope import current, narrow

        case = Case.objects.create(
            child=made["吴密"],
            region_id=VILLAGE,
            title="x",
            level="red",
            opened_by=cast.users["supervisor"],
            opened_at=AT,
        )
        narrow(named=current().named | {case.pk})
        Case.objects.filter(pk=case.pk).update(restricted=True)
    told = take_back(cast, found)
    assert (told["deleted"], told["kept"]) == (1, 5)
    kept = {
        json.loads(r.cells)["name"]: [s for p in r.problems for s in p.get("since", ())]
        for r in rows_of(cast, found)
        if r.applied
    }
    assert kept == {
        "赵访": ["cases.visit"],
        "钱改": ["cases.child"],
        "孙监": ["cases.child", "cases.defect", "cases.guardian"],
        "李案": ["cases.categoryperiod", "cases.child", "cases.childattribute", "cases.registerimport"],
        "吴密": ["unseen"],
    }
    with open_scope(cast.scope("clerk")):
        assert set(Child.objects.filter(name__in=names).values_list("name", flat=True)) == set(kept)


def test_updates_go_back_unless_they_were_changed_again(cast: Cast) -> None:
    applied(cast, text(FULL, header=FULL_HEADER))
    before = child(cast)
    header = "姓名,身份证号,就读学校,家庭住址,监护人姓名,监护人电话,类别,领款人,开户银行,银行账号,户主姓名"
    line = f"赵小一,{GOOD},桂林初中,新址,赵大山,13800000000,低保,钱老师,工商银行,6222021234567894,钱户主"
    found = applied(cast, text(line, header=header), at=LATER)
    with open_scope(cast.scope("clerk")):
        register.change_child(child(cast), {"address": "又一新址"}, at=LATER)
    told = take_back(cast, found)
    assert (told["deleted"], told["left"]) == (0, 1)
    assert problems(cast, found)[-1] == (2, "address", "changed_again")
    after = child(cast)
    assert after.address == "又一新址"
    same = ("school_name", "primary_category", "category_detail", "category_since", "household_id")
    assert {n: getattr(after, n) for n in same} == {n: getattr(before, n) for n in same}
    with open_scope(cast.scope("clerk")):
        assert Guardian.objects.get(child=after, name="赵大山").phone == "13912345678"
        payee = Payee.objects.get(child=after)
        assert (payee.name, payee.end_date) == ("赵大山", None)
        assert [(p.category, p.end_date) for p in CategoryPeriod.objects.filter(child=after)] == [
            ("orphan", None)
        ]
        assert ChildAttribute.objects.filter(child=after, end_date=None, kind="dibao").count() == 0
        assert not Household.objects.filter(head_name="钱户主").exists()


def test_a_number_that_another_child_has_by_now_is_left_and_named(cast: Cast) -> None:
    first, second = GOOD, number("20150301", 103)
    applied(cast, text(row()))
    line = f"{child(cast).number},赵小一,{second}"
    found = applied(cast, text(line, header="儿童编号,姓名,身份证号"), at=LATER)
    with open_scope(cast.scope("clerk")):
        assert child(cast).id_number == second
        make_child(VILLAGE, "钱小二", id_number=first)
    told = take_back(cast, found)
    assert (told["left"], told["restored"]) == (1, 0)
    assert (2, "id_number", "changed_again") in problems(cast, found)
    assert child(cast).id_number == second


def test_a_payee_that_was_changed_since_stays(cast: Cast) -> None:
    header = f"{HEADER},领款人,开户银行,银行账号"
    applied(cast, text(f"{row()},赵大,农商行,6217001234567890", header=header))
    found = applied(cast, text(f"{row()},赵二,农商行,6222021234567894", header=header), at=LATER)
    with open_scope(cast.scope("clerk")):
        data = PayeeData("赵三", "other", "农商行", "6217001234567890", LATER.date() + dt.timedelta(days=1))
        family.set_payee(child(cast), data, at=LATER + dt.timedelta(days=2), confirmed=True)
    told = take_back(cast, found)
    assert told["left"] >= 1
    with open_scope(cast.scope("clerk")):
        assert list(
            Payee.objects.filter(child=child(cast)).order_by("pk").values_list("name", flat=True)
        ) == ["赵大", "赵二", "赵三"]


# --- Who, and who else ------------------------------------------------------------------------------------


def test_a_supervisor_imports_into_the_own_township_alone(cast: Cast) -> None:
    lines = (row(), row("钱小二", "", birth="2016-01-01", township="梓潼街道", village="外南街社区"))
    found = applied(cast, text(*lines), who="supervisor")
    assert problems(cast, found, "supervisor") == [(3, "village", "village_outside")]
    with open_scope(cast.scope("other_supervisor")):
        assert (RegisterImport.objects.count(), RegisterImportRow.objects.count()) == (0, 0)
    with open_scope(cast.scope("stranger")):
        assert (RegisterImport.objects.count(), RegisterImportRow.objects.count()) == (0, 0)
        assert not RegisterImportRow._base_manager.exists()
    assert take_back(cast, found)["deleted"] == 1


def test_other_posts_have_not_this_duty(cast: Cast) -> None:
    found = checked(cast, text(row()))
    for who in ("director", "approver", "leader"):
        with open_scope(cast.scope(who)), pytest.raises(RegisterRefused):
            services.receive(data=text(row()), name="a.csv", region_id=COUNTY, at=AT)
    for who in ("approver", "leader"):
        with open_scope(cast.scope(who)):
            for act in (
                lambda: services.discard(found),
                lambda: services.take_back(found, reason="x", at=AT),
                lambda: services.take_over(
                    found, update=True, all_or_nothing=False, duplicates="skip", at=AT
                ),
                lambda: services.name_columns(found, {}, at=AT),
            ):
                with pytest.raises(RegisterRefused):
                    act()


def test_the_same_file_by_two_people_adds_each_child_once(cast: Cast) -> None:
    data = text(row(), row("钱小二", "", birth="2016-04-01"))
    first = checked(cast, data, name="a.csv")
    second = checked(cast, data, who="supervisor", name="b.csv")
    apply(cast, first)
    apply(cast, second, who="supervisor")
    assert [(r.outcome, r.applied) for r in rows_of(cast, second, "supervisor")] == [
        ("same", False),
        ("duplicate", False),
    ]
    assert (3, "", "changed_since") in problems(cast, second, "supervisor")
    with open_scope(cast.scope("clerk")):
        assert Child.objects.filter(name__in=["赵小一", "钱小二"]).count() == 2


class Killed(Exception):
    """Stands for a worker that dies between two steps."""


@pytest.mark.parametrize("step", [0, 1])
def test_a_take_over_that_dies_leaves_nothing_and_may_start_again(cast: Cast, step: int) -> None:
    found = checked(cast, text(*(row(f"赵{i}号", "", birth="2016-04-01") for i in "一二三")))
    steps = iter(range(9))

    def die(done: int, total: int, words: str) -> None:
        if next(steps) == step:
            raise Killed

    with pytest.raises(Killed), open_scope(cast.scope("clerk")):
        running.apply(found, at=AT, today=TODAY, progress=die)
    with open_scope(cast.scope("clerk")):
        fresh = RegisterImport.objects.get(pk=found.pk)
        assert (fresh.state, Child.objects.filter(name__startswith="赵").count()) == ("checked", 0)
    apply(cast, fresh)
    assert fresh.counts["written"] == 3


def test_a_finished_job_that_is_started_again_changes_nothing(cast: Cast) -> None:
    found = checked(cast, text(row()))
    with open_scope(cast.scope("clerk")):
        job = services.take_over(found, update=True, all_or_nothing=False, duplicates="skip", at=AT)
        assert tasks.apply(job)["written"] == 1
        assert tasks.apply(job) == {}
        back = services.take_back(found, reason="错发", at=LATER)
        assert tasks.take_back(back)["deleted"] == 1
        assert tasks.take_back(back) == {}
        with pytest.raises(RegisterRefused):
            services.take_back(found, reason="错发", at=LATER)


def test_old_cells_are_forgotten_and_the_import_can_no_longer_be_taken_back(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = applied(cast, text(row(), row("钱小二", "", birth="?")))
    monkeypatch.setattr("django.utils.timezone.now", lambda: AT + dt.timedelta(days=services.KEPT_DAYS))
    assert tasks.forget_cells() == 0
    monkeypatch.setattr(
        "django.utils.timezone.now", lambda: AT + dt.timedelta(days=services.KEPT_DAYS, hours=1)
    )
    assert tasks.forget_cells() == 1
    assert tasks.forget_cells() == 0
    assert [(r.cells, r.before, r.outcome) for r in rows_of(cast, found)] == [
        ("", "", "new"),
        ("", "", "error"),
    ]
    with open_scope(cast.scope("clerk")), pytest.raises(RegisterRefused):
        services.take_back(found, reason="x", at=LATER)


def test_a_trusted_register_keeps_its_wrong_numbers(cast: Cast) -> None:
    wrong = GOOD[:17] + ("1" if GOOD[17] != "1" else "2")
    header = "child_id,name,id_number,birth_date,sex,village_code"
    data = text(
        f"A1,赵小一,{wrong},2015-03-01,男,{VILLAGE}",
        f"A2,秦白露,,2017-05-20,女,{OTHER_VILLAGE}",
        header=header,
    )
    with open_scope(cast.scope("clerk")):
        told = import_register(data, name="r.csv", at=AT)
        assert (told.added, told.skipped, next((p.line, p.field) for p in told.problems)) == (
            2,
            0,
            (2, "id_number"),
        )
        assert Child.objects.get(name="赵小一").id_number == wrong
        assert import_register(data, name="r.csv", at=AT).unchanged == 2
        assert Region.objects.filter(pk=VILLAGE).exists()


def test_a_file_received_twice_is_two_imports(cast: Cast) -> None:
    assert receive(cast, text(row())).pk != receive(cast, text(row())).pk
