"""What the declared rules find: of the child, of parents and guardians, against the register and against the list before."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from cases.children import family
from cases.circumstances import services as circumstances
from cases.matching.discrepancies import acts as service
from cases.matching.discrepancies import services as finding
from cases.matching.discrepancies.remedies import REMEDIES
from cases.models import (
    Child,
    Defect,
    DisabilityCard,
    Discrepancy,
    Guardian,
    MatchCandidate,
    Need,
    ParentSituation,
    VisitTask,
)
from staff.workflow import TransitionRefused
from tests.cases.matching.conftest import (
    AT,
    OWN,
    Import,
    acting,
    another_child,
    csv_list,
    month_run,
    number,
    row,
)
from tests.cast import COUNTY, Cast

NOVEMBER, DECEMBER, JANUARY = dt.date(2026, 11, 1), dt.date(2026, 12, 1), dt.date(2027, 1, 1)
FATHER = number("50015219850312361")
GRANNY = number("50015219550101362")
DIBAO = row("林小满", OWN, head="林桂芳", sex="女")
NOBODY = row("别人", "", head="别人", birth="1980-01-01")

Sheet = Callable[..., bytes]


def sheet(header: str, *lines: str) -> bytes:
    """A list of the whole county, without a title."""
    return "\n".join([header, *lines]).encode("gb18030")


def found(cast: Cast, **condition: Any) -> list[Discrepancy]:
    with acting(cast, "clerk"):
        return list(Discrepancy.objects.filter(**condition).order_by("pk"))


def told(cast: Cast) -> list[tuple[str, str, str]]:
    return [(d.kind, d.list_kind, d.role) for d in found(cast)]


def decide(cast: Cast, raised: Discrepancy, remedy: str, **data: Any) -> Discrepancy:
    with acting(cast, "clerk") as actor:
        return service.decide(
            discrepancy=raised, state="true", remedy=remedy, data=data, reason="经核实", actor=actor, at=AT
        )


@pytest.fixture
def father(cast: Cast) -> Guardian:
    """The child's father, on the register as caregiver beside the grandmother who is guardian."""
    with acting(cast, "clerk") as actor:
        data = family.GuardianData(
            "林大江", "father", id_number=FATHER, kind="caregiver", start_date=dt.date(2026, 1, 1)
        )
        return family.add_guardian(cast.children["own"], data, at=AT, actor=actor)


# --- 死亡 -----------------------------------------------------------------------------------------------

DEATHS = "死者姓名,身份证号,死亡日期"


def test_a_dead_child_is_due_in_three_working_days(cast: Cast, take: Import) -> None:
    take(sheet(DEATHS, f"林小满,{OWN},2026-10-03"), kind="death", name="死亡.csv")
    (raised,) = found(cast)
    assert (raised.kind, raised.child_id) == ("child_dead", cast.children["own"].pk)
    assert raised.detail["event"] == "2026-10-03"
    with acting(cast, "clerk"):
        due = finding.Deadlines(COUNTY, timezone.localdate())
    assert raised.due_date == due.after(3) < due.after()


def test_a_dead_father_becomes_a_situation_and_is_guardian_no_longer(
    cast: Cast, take: Import, father: Guardian
) -> None:
    take(sheet(DEATHS, f"林大江,{FATHER},2026-09-20"), kind="death", name="死亡.csv")
    (raised,) = found(cast)
    assert (raised.kind, raised.role, raised.person_id) == ("parent_dead", "guardian", father.pk)
    assert raised.detail["parent"] == "father"
    with acting(cast, "clerk"):
        data = REMEDIES["parent_situation"].proposed(raised)
    done = decide(cast, raised, "parent_situation", **data)
    with acting(cast, "clerk"):
        situation = ParentSituation.objects.get(child=raised.child_id)
        father.refresh_from_db()
        task = VisitTask.objects.get(child=raised.child_id)
    assert (situation.parent, situation.kind, situation.start_date) == (
        "father",
        "dead",
        dt.date(2026, 9, 20),
    )
    assert (situation.parent_name, situation.evidence) == ("林大江", "department_match")
    assert father.end_date == dt.date(2026, 9, 20)
    assert "林大江" in task.reason
    assert "2026-09-20" in done.detail["done"]


def test_what_the_register_knows_is_not_found_again(cast: Cast, take: Import, father: Guardian) -> None:
    with acting(cast, "clerk") as actor:
        data = family.SituationData("father", "dead", dt.date(2026, 9, 20), evidence="death_certificate")
        family.add_situation(cast.children["own"], data, at=AT, actor=actor)
    take(sheet(DEATHS, f"林大江,{FATHER},2026-09-20"), kind="death", name="死亡.csv")
    assert told(cast) == []


def test_a_dead_guardian_is_ended_and_a_new_one_asked_for(cast: Cast, take: Import) -> None:
    child = cast.children["own"]
    with acting(cast, "clerk"):
        guardian = Guardian.objects.get(child=child)
        guardian.id_number = GRANNY
        guardian.save(update_fields=["id_number"])
    take(sheet(DEATHS, f"林桂芳,{GRANNY},2026-10-01"), kind="death", name="死亡.csv")
    (raised,) = found(cast)
    assert (raised.kind, raised.role) == ("guardian_dead", "guardian")
    decide(cast, raised, "end_guardian", day=dt.date(2026, 10, 1), visit_by=dt.date(2026, 10, 16))
    with acting(cast, "clerk"):
        guardian.refresh_from_db()
        task = VisitTask.objects.get(child=child)
        assert Defect.objects.filter(child=child, kind="no_guardian", state="open").exists()
    assert (guardian.end_date, task.due_date) == (dt.date(2026, 10, 1), dt.date(2026, 10, 16))


def test_the_same_death_on_two_lists_is_one_discrepancy(cast: Cast, take: Import) -> None:
    take(sheet(DEATHS, f"林小满,{OWN},2026-10-03"), kind="death", name="死亡.csv")
    take(
        sheet("姓名,身份证号,变动类型,变动日期", f"林小满,{OWN},死亡注销,2026-10-05"),
        kind="police",
        name="户籍.csv",
    )
    assert [kind for kind, _list, _role in told(cast)] == ["child_dead"]


# --- 服刑 -----------------------------------------------------------------------------------------------

PRISON = "姓名,身份证号,状态,入监日期,释放日期"


def test_custody_then_release_by_its_day_and_the_situation_ends(
    cast: Cast, take: Import, father: Guardian
) -> None:
    take(sheet(PRISON, f"林大江,{FATHER},服刑,2026-05-01,2027-01-20"), kind="prison", name="服刑.csv")
    (raised,) = found(cast)
    assert (raised.kind, raised.detail["since"], raised.detail["event"]) == (
        "custody",
        "2026-05-01",
        "2027-01-20",
    )
    decide(
        cast, raised, "parent_situation", parent="father", kind="imprisoned", start_date=dt.date(2026, 5, 1),
        expected_end_date=dt.date(2027, 1, 20), evidence="criminal_judgment", document="刑初1号",
    )  # fmt: skip
    take(
        sheet(PRISON, f"林大江,{FATHER},服刑,2026-05-01,2027-01-20"),
        kind="prison",
        name="服刑.csv",
        period=JANUARY,
    )
    (_old, released) = found(cast)
    assert (released.kind, released.detail["parent"]) == ("released", "father")
    decide(cast, released, "parent_released", day=dt.date(2026, 10, 9))
    with acting(cast, "clerk"):
        assert ParentSituation.objects.get(child=raised.child_id).end_date == dt.date(2026, 10, 9)


def test_released_because_no_longer_on_the_complete_list_of_the_next_quarter(
    cast: Cast, take: Import, father: Guardian
) -> None:
    with acting(cast, "clerk") as actor:
        data = family.SituationData("father", "imprisoned", dt.date(2026, 5, 1), evidence="criminal_judgment")
        family.add_situation(cast.children["own"], data, at=AT, actor=actor)
    take(sheet(PRISON, f"林大江,{FATHER},服刑,2026-05-01,"), kind="prison", name="服刑.csv")
    assert told(cast) == [], "the register knows that he is there"
    take(sheet(PRISON, "张三,,服刑,2026-05-01,"), kind="prison", name="服刑.csv", period=JANUARY)
    (raised,) = found(cast)
    assert (raised.kind, raised.list_row_id, raised.detail["last_month"]) == ("released", None, True)


def test_a_quarter_later_than_its_cadence_tells_nothing(cast: Cast, take: Import, father: Guardian) -> None:
    with acting(cast, "clerk") as actor:
        data = family.SituationData("father", "imprisoned", dt.date(2026, 5, 1), evidence="criminal_judgment")
        family.add_situation(cast.children["own"], data, at=AT, actor=actor)
    take(sheet(PRISON, f"林大江,{FATHER},服刑,2026-05-01,"), kind="prison", name="服刑.csv")
    take(sheet(PRISON, "张三,,服刑,2026-05-01,"), kind="prison", name="服刑.csv", period=dt.date(2027, 2, 1))
    assert told(cast) == []


# --- 残联 -----------------------------------------------------------------------------------------------

CARDS = "姓名,残疾人证号,办证日期"


def test_a_card_that_the_register_lacks_is_recorded(cast: Cast, take: Import) -> None:
    take(sheet(CARDS, f"林小满,{OWN}42,2026-08-01"), kind="canlian", name="残联.csv")
    (raised,) = found(cast)
    assert (raised.kind, raised.detail["disability"]) == ("disabled", ["4", 2])
    assert OWN not in str(raised.detail)
    decide(cast, raised, "card", kind="4", level=2, copy=None, start_date=dt.date(2026, 8, 1))
    with acting(cast, "clerk"):
        card = DisabilityCard.objects.get(child=raised.child_id)
    assert (card.number, card.kind, card.level) == (f"{OWN}42", "4", 2)
    take(sheet(CARDS, f"林小满,{OWN}42,2026-08-01"), kind="canlian", name="残联.csv", period=JANUARY)
    assert len(found(cast)) == 1, "the register has the card"


def test_another_level_than_the_registers_is_found(cast: Cast, take: Import) -> None:
    with acting(cast, "clerk") as actor:
        data = circumstances.CardData(number=f"{OWN}43", start_date=dt.date(2026, 1, 1))
        circumstances.add_card(cast.children["own"], data, at=AT, actor=actor)
    take(sheet(CARDS, f"林小满,{OWN}42,2026-08-01"), kind="canlian", name="残联.csv")
    assert told(cast) == [("disabled", "canlian", "child")]


@pytest.mark.parametrize(("ending", "kinds"), [("42", ["parent_disabled"]), ("43", [])])
def test_only_a_severely_disabled_parent_counts(
    cast: Cast, take: Import, father: Guardian, ending: str, kinds: list[str]
) -> None:
    take(sheet(CARDS, f"林大江,{FATHER}{ending},2026-08-01"), kind="canlian", name="残联.csv")
    assert [kind for kind, _list, _role in told(cast)] == kinds


# --- 户籍, 学籍, 医保 ------------------------------------------------------------------------------------

POLICE = "姓名,身份证号,变动类型,变动日期,迁往地"


def test_moved_away_leaves_the_register(cast: Cast, take: Import) -> None:
    take(sheet(POLICE, f"林小满,{OWN},迁出,2026-09-15,四川省安岳县"), kind="police", name="户籍.csv")
    (raised,) = found(cast)
    assert (raised.kind, raised.detail["level"]) == ("moved", "四川省安岳县")
    decide(cast, raised, "moved_away", day=dt.date(2026, 9, 15), destination="四川省安岳县")
    with acting(cast, "clerk"):
        child = Child.objects.get(pk=raised.child_id)
    assert (child.left_date, child.left_reason) == (dt.date(2026, 9, 15), "07")


def test_a_changed_name_differs_and_an_unchanged_row_says_nothing(cast: Cast, take: Import) -> None:
    take(
        sheet(POLICE, f"林小曼,{OWN},姓名变更,2026-09-15,", f"秦白露,{number('50015220160505422')},其他,,"),
        kind="police",
        name="户籍.csv",
    )
    (raised,) = found(cast)
    assert (raised.kind, [d["field"] for d in raised.detail["differences"]]) == ("different", ["name"])


ROLL = "姓名,身份证号,学校名称,学籍状态"


def test_a_child_of_school_age_who_is_not_on_the_roll(cast: Cast, take: Import) -> None:
    small = another_child(cast, "苏小雨", number("50015220210420204"), birth_date=dt.date(2021, 4, 20))
    take(sheet(ROLL, f"张三,{number('50015220150505421')},莲花小学,在读"), kind="school", name="学籍.csv")
    raised = {d.child_id: d for d in found(cast)}
    assert set(raised) == {cast.children[key].pk for key in ("own", "neighbour", "township")}
    assert small.pk not in raised
    own = raised[cast.children["own"].pk]
    assert (own.kind, own.detail["absent"]) == ("dropout", True)
    decide(cast, own, "out_of_school")
    with acting(cast, "clerk"):
        assert Defect.objects.filter(child=own.child_id, kind="out_of_school", state="open").exists()


def test_on_the_roll_and_gone_from_school(cast: Cast, take: Import) -> None:
    take(sheet(ROLL, f"林小满,{OWN},莲花小学,辍学"), kind="school", name="学籍.csv")
    (raised,) = found(cast, child=cast.children["own"])
    assert (raised.kind, raised.detail["status"], raised.detail["level"]) == ("dropout", "辍学", "莲花小学")


def test_one_townships_roll_says_nothing_of_the_others(cast: Cast, take: Import) -> None:
    take(
        csv_list(row("别人", number("50015220150505421")), title="桂林街道学籍名单"),
        kind="school",
        name="桂林街道学籍.csv",
    )
    assert {d.child_id for d in found(cast)} == {cast.children[key].pk for key in ("own", "neighbour")}


def test_uninsured_is_a_need_and_known_once_the_register_says_so(cast: Cast, take: Import) -> None:
    with acting(cast, "clerk"):
        Child.objects.exclude(pk=cast.children["own"].pk).update(insurance="none")
    take(sheet("姓名,身份证号,参保状态", f"林小满,{OWN},未参保"), kind="insurance", name="医保.csv")
    (raised,) = found(cast)
    assert (raised.kind, raised.child_id) == ("uninsured", cast.children["own"].pk)
    decide(cast, raised, "uninsured")
    with acting(cast, "clerk"):
        assert Need.objects.get(child=raised.child_id).area == "treatment"


# --- Month against month --------------------------------------------------------------------------------


def test_new_on_the_list_only_where_the_list_before_had_come(cast: Cast, take: Import) -> None:
    take(csv_list(NOBODY))
    assert told(cast) == []
    take(csv_list(DIBAO), period=NOVEMBER)
    assert told(cast) == [("new", "dibao", "child")]
    take(csv_list(DIBAO), period=DECEMBER)
    assert len(found(cast)) == 1, "it is new once"


def test_a_changed_amount_names_both(cast: Cast, take: Import) -> None:
    take(csv_list(DIBAO))
    take(csv_list(row("林小满", OWN, head="林桂芳", sex="女", amount="960")), period=NOVEMBER)
    (raised,) = found(cast)
    assert (raised.kind, raised.detail["before"], raised.detail["now"]) == ("amount", "900.00", "960.00")


def test_a_child_whose_list_names_another_village_now(cast: Cast, take: Import) -> None:
    take(csv_list(DIBAO))
    there = row("林小满", OWN, head="林桂芳", sex="女", village="井田社区居民委员会")
    take(csv_list(there), period=NOVEMBER)
    (raised,) = found(cast)
    assert (raised.kind, raised.detail["now"]) == ("moved", "井田社区居民委员会")


def test_gone_while_a_pair_waits_is_not_gone(cast: Cast, take: Import) -> None:
    take(csv_list(DIBAO))
    take(csv_list(row("林小曼儿", OWN, head="林桂芳", sex="女")), period=NOVEMBER)
    with acting(cast, "clerk"):
        assert MatchCandidate.objects.filter(run__period=NOVEMBER, state="pending").exists()
    assert told(cast) == []


def test_decided_ones_are_not_asked_again_until_closed(cast: Cast, take: Import) -> None:
    take(sheet(POLICE, f"林小满,{OWN},迁出,2026-09-15,四川省"), kind="police", name="户籍.csv")
    (raised,) = found(cast)
    decide(cast, raised, "visit", due_date=dt.date(2026, 10, 20))
    again = sheet(POLICE, f"林小满,{OWN},迁出,2026-09-15,四川省")
    take(again, kind="police", name="户籍.csv", period=NOVEMBER)
    assert len(found(cast)) == 1, "the visit is still to be made"
    with acting(cast, "clerk") as actor:
        service.close(discrepancy=found(cast)[0], feedback="已走访", actor=actor, at=AT)
    take(again, kind="police", name="户籍.csv", period=DECEMBER)
    assert len(found(cast)) == 2, "and list and register still disagree"


def test_closed_as_untrue_stays_untrue_and_other_facts_are_new(cast: Cast, take: Import) -> None:
    take(sheet(DEATHS, f"林小满,{OWN},2026-10-03"), kind="death", name="死亡.csv")
    (raised,) = found(cast)
    with acting(cast, "clerk") as actor:
        service.decide(discrepancy=raised, state="untrue", reason="同名", actor=actor, at=AT)
        service.close(discrepancy=found(cast)[0], feedback="名单有误", actor=actor, at=AT)
    take(
        sheet(DEATHS, f"林小满,{OWN},2026-10-03", "别人,,2026-11-01"),
        kind="death",
        name="死亡.csv",
        period=NOVEMBER,
    )
    assert len(found(cast)) == 1
    take(sheet(DEATHS, f"林小满,{OWN},2026-12-01"), kind="death", name="死亡.csv", period=DECEMBER)
    assert len(found(cast)) == 2


def test_a_child_who_has_left_raises_nothing(cast: Cast, take: Import) -> None:
    with acting(cast, "clerk"):
        Child.objects.filter(pk=cast.children["own"].pk).update(
            left_date=dt.date(2026, 9, 1), left_reason="06"
        )
    take(sheet(DEATHS, f"林小满,{OWN},2026-10-03"), kind="death", name="死亡.csv")
    assert told(cast) == []


def test_the_months_finding_costs_the_same_however_many_children(
    cast: Cast, take: Import, django_assert_max_num_queries: Any
) -> None:
    numbers = [number(f"500152201{n % 10}0{n % 9 + 1}{n:02d}20{n % 10}") for n in range(10, 26)]
    for at, each in enumerate(numbers):
        another_child(
            cast, f"苏谷{'甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳'[at]}", each, birth_date=dt.date(2016, 4, 20)
        )
    lines = [
        f"苏谷{'甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳'[at]},{each},迁出,2026-09-15,四川"
        for at, each in enumerate(numbers)
    ]
    take(sheet(POLICE, *lines), kind="police", name="户籍.csv")
    assert len(found(cast)) == len(numbers)
    with acting(cast, "clerk"):
        run = month_run(cast)
    with acting(cast, "clerk"), django_assert_max_num_queries(45):
        finding.find_discrepancies(run, at=AT)
    assert run.region_id == COUNTY


def test_a_remedy_of_another_kind_is_refused(cast: Cast, take: Import) -> None:
    take(csv_list(NOBODY))
    take(csv_list(DIBAO), period=NOVEMBER)
    (raised,) = found(cast)
    with pytest.raises(TransitionRefused):
        decide(cast, raised, "died", day=dt.date(2026, 10, 1), document="x", cause="x", handling="x")
    assert found(cast)[0].state == "to_check"
