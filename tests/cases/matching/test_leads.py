"""政策找人: who is found on the lists, and the way from a clue to a child on the register (rows O-18, O-19)."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import polars as pl
import pytest
from django.http import QueryDict
from django.urls import reverse
from python_calamine import CalamineWorkbook

from cases import identity, key_pages
from cases.matching.discrepancies.services import finish_run
from cases.matching.engine.kinship import Kin, kin_of
from cases.matching.enums import LeadState
from cases.matching.leads import finder as lead_finder
from cases.matching.leads import pages as lead_pages
from cases.matching.leads import selectors
from cases.matching.leads import services as leads
from cases.matching.leads.forms import LeadFilterForm
from cases.models import Child, PotentialChild
from staff import files
from staff.models import AccessLog, StoredFile
from staff.scope import system_scope
from staff.workflow import TransitionRefused, history
from tests.cases.matching.conftest import AT, Import, acting, another_child, csv_list, month_run, number, row
from tests.cast import COUNTY, FAR_VILLAGE, OTHER_VILLAGE, OWN_ID, TOWNSHIP, VILLAGE, Cast

OCTOBER = dt.date(2026, 10, 1)
GRANDMOTHER = number("50015219550908322")
MOTHER = number("50015219880314128")
FATHER = number("50015219860502371")
GIRL = number("50015220150311248")
BOY = number("50015220130712115")


# --- The finder -----------------------------------------------------------------------------------------------


def rows(kind: str, *people: dict[str, Any], list_id: int = 1) -> pl.DataFrame:
    """A list as columns. Each person: ``name``, ``id_number``, ``relation`` and what else a row has."""
    every = []
    for place, person in enumerate(people):
        place_on = {"row": list_id * 100 + place, "list_type": kind, "household": list_id, "region": VILLAGE}
        every.append(
            dict.fromkeys(lead_finder.READ, "")
            | place_on
            | {"id_rounded": False, "head_rounded": False}
            | person
        )
    schema = dict.fromkeys(lead_finder.READ, pl.String) | {
        "row": pl.UInt32, "household": pl.UInt32, "region": pl.Int64, "id_rounded": pl.Boolean, "head_rounded": pl.Boolean,
    }  # fmt: skip
    return pl.DataFrame(every, schema=schema)


HEAD = {"name": "吴桂芳", "id_number": GRANDMOTHER, "relation": "户主"}
GRANDCHILD = {
    "name": "吴小雨",
    "id_number": GIRL,
    "relation": "孙女",
    "head_name": "吴桂芳",
    "village": "莲花社区",
}
SON = {"name": "吴建国", "id_number": FATHER, "relation": "子"}
WIFE = {"name": "陈秀", "id_number": MOTHER, "relation": "儿媳"}


def whys(*lists: pl.DataFrame, taken: tuple[int, ...] = ()) -> dict[str, set[tuple[str, str, str]]]:
    every = pl.concat(lists)
    found = lead_finder.potential(every, set(every["row"]) - set(taken), OCTOBER)
    return {
        row["name"]: {(why["code"], why["list_kind"], why["relation"]) for why in row["why"]}
        for row in found.iter_rows(named=True)
    }


@pytest.mark.parametrize(
    ("text", "kin"),
    [
        ("户主", Kin.HEAD), ("本人", Kin.HEAD), ("配偶", Kin.SPOUSE), ("妻子", Kin.SPOUSE), ("之妻", Kin.SPOUSE), ("子", Kin.CHILD),
        ("长女", Kin.CHILD), ("儿子", Kin.CHILD), ("养 女", Kin.CHILD), ("子女", Kin.CHILD), ("孙子", Kin.GRANDCHILD),
        ("外孙女", Kin.GRANDCHILD), ("孙女婿", Kin.OTHER), ("儿媳", Kin.CHILD_IN_LAW), ("女婿", Kin.CHILD_IN_LAW), ("曾孙", Kin.OTHER),
        ("侄女", Kin.OTHER), ("外甥", Kin.OTHER), ("弟媳", Kin.OTHER), ("弟弟", Kin.SIBLING), ("妹", Kin.SIBLING),
        ("母亲", Kin.PARENT), ("父", Kin.PARENT), ("祖父", Kin.OTHER), ("岳母", Kin.OTHER), ("", Kin.UNKNOWN), ("其他", Kin.OTHER),
    ],
)  # fmt: skip
def test_a_relation_as_typed_says_where_somebody_stands_in_the_household(text: str, kin: Kin) -> None:
    assert kin_of(text) == kin


def test_a_grandchild_alone_with_its_grandparents_is_found() -> None:
    assert whys(rows("dibao", HEAD, GRANDCHILD)) == {"吴小雨": {("absent", "dibao", "孙女")}}


def test_a_grandchild_with_a_parent_in_the_household_is_not() -> None:
    assert whys(rows("dibao", HEAD, SON, GRANDCHILD)) == {}
    assert whys(rows("tekun", HEAD, WIFE, GRANDCHILD)) == {}


def test_a_child_of_the_household_of_ten_years_is_no_parent() -> None:
    """An uncle of the same age does not look after anybody."""
    assert set(whys(rows("dibao", HEAD, {**SON, "name": "吴小军", "id_number": BOY}, GRANDCHILD))) == {
        "吴小雨"
    }


def test_a_minor_listed_alone_says_nothing_of_the_household() -> None:
    assert whys(rows("dibao", GRANDCHILD)) == {}


@pytest.mark.parametrize(
    ("kind", "cells", "code"),
    [
        ("death", {"event_date": "2026-03-02"}, "dead"),
        ("police", {"category": "死亡注销"}, "dead"),
        ("prison", {"category": "服刑", "event_date": "2029-03-01"}, "custody"),
        ("canlian", {"category": "精神", "level": "二级"}, "disabled"),
        ("canlian", {"category": "智力", "level": "三级"}, "disabled"),
        ("canlian", {"id_number": "", "certificate": f"{FATHER}41"}, "disabled"),
    ],
)
def test_what_another_list_says_of_a_parent_is_the_reason(
    kind: str, cells: dict[str, str], code: str
) -> None:
    other = rows(kind, {"name": "吴建国", "id_number": FATHER, **cells}, list_id=2)
    assert whys(rows("dibao", HEAD, SON, GRANDCHILD), other) == {"吴小雨": {(code, kind, "子")}}


@pytest.mark.parametrize(
    ("kind", "cells"),
    [
        ("prison", {"category": "刑满释放"}),
        ("prison", {"category": "服刑", "event_date": "2026-05-01"}),
        ("canlian", {"category": "肢体", "level": "三级"}),
        ("police", {"category": "迁出"}),
    ],
)
def test_a_parent_who_is_free_or_able_is_no_reason(kind: str, cells: dict[str, str]) -> None:
    other = rows(kind, {"name": "吴建国", "id_number": FATHER, **cells}, list_id=2)
    assert whys(rows("dibao", HEAD, SON, GRANDCHILD), other) == {}


def test_a_parent_who_heads_the_household_is_known_by_the_cells_of_the_minors_row() -> None:
    """The list names the head beside each member; the dead have no row of their own any more."""
    minor = {"name": "陈晨", "id_number": GIRL, "relation": "女", "head_name": "陈秀", "head_id": MOTHER}
    other = rows("death", {"name": "陈秀", "id_number": MOTHER}, list_id=2)
    assert whys(rows("dibao", minor), other) == {"陈晨": {("dead", "death", "户主")}}


def test_a_parent_whom_only_the_other_list_puts_under_the_same_head_is_found() -> None:
    dead = {
        "name": "吴建国",
        "id_number": FATHER,
        "relation": "子",
        "head_name": "吴桂芳",
        "head_id": GRANDMOTHER,
    }
    found = whys(rows("dibao", HEAD, WIFE, GRANDCHILD), rows("death", dead, list_id=2))
    assert found == {"吴小雨": {("dead", "death", "子")}}


def test_a_dead_grandmother_is_no_parent() -> None:
    other = rows("death", {"name": "吴桂芳", "id_number": GRANDMOTHER}, list_id=2)
    assert whys(rows("dibao", HEAD, SON, GRANDCHILD), other) == {}


def test_without_relations_age_tells_who_may_be_a_parent() -> None:
    people = [{**one, "relation": ""} for one in (HEAD, SON, GRANDCHILD)]
    dead = rows(
        "death",
        {"name": "吴建国", "id_number": FATHER},
        {"name": "吴桂芳", "id_number": GRANDMOTHER},
        list_id=2,
    )
    assert whys(rows("dibao", *people), dead) == {"吴小雨": {("dead", "death", "")}}


def test_a_parent_without_a_number_is_known_by_name_and_birth_date() -> None:
    nameless = {**SON, "id_number": "", "birth_date": "1986.5.2"}
    here = rows("death", {"name": "吴建国", "birth_date": "1986-05-02"}, list_id=2)
    other = rows("death", {"name": "吴建国", "birth_date": "1985-05-02"}, list_id=2)
    assert set(whys(rows("dibao", HEAD, nameless, GRANDCHILD), here)) == {"吴小雨"}
    assert whys(rows("dibao", HEAD, nameless, GRANDCHILD), other) == {}


def test_who_is_on_the_register_or_may_be_is_not_found() -> None:
    assert whys(rows("dibao", HEAD, GRANDCHILD), taken=(101,)) == {}


def test_only_minors_are_found_to_the_day() -> None:
    def born(first17: str) -> dict[str, str]:
        return {**GRANDCHILD, "id_number": number(first17)}

    assert whys(rows("dibao", HEAD, born("50015220081001248"))) == {}  # eighteen on the first of the month
    assert set(whys(rows("dibao", HEAD, born("50015220081002248")))) == {"吴小雨"}


def test_one_person_on_two_lists_is_one_lead_with_both_reasons() -> None:
    dead = rows("death", {"name": "吴建国", "id_number": FATHER}, list_id=3)
    every = pl.concat(
        [rows("dibao", HEAD, SON, GRANDCHILD), rows("tekun", HEAD, GRANDCHILD, list_id=2), dead]
    )
    found = lead_finder.potential(every, set(every["row"]), OCTOBER)
    assert found.schema == lead_finder.POTENTIAL
    (only,) = found.iter_rows(named=True)
    assert (only["row"], only["region"], only["number"], only["birth"], only["sex"]) == (
        102,
        VILLAGE,
        GIRL,
        20150311,
        "female",
    )
    assert {why["code"] for why in only["why"]} == {"dead", "absent"}


def test_no_lists_find_nobody() -> None:
    assert lead_finder.potential(rows("dibao"), [], OCTOBER).height == 0


# --- A month's run ----------------------------------------------------------------------------------------------

CLERK = "clerk"
HOUSEHOLD = (
    row("吴桂芳", GRANDMOTHER, head="吴桂芳", head_id=GRANDMOTHER, relation="户主"),
    row("吴小雨", GIRL, relation="孙女"),
)


def with_son() -> tuple[str, ...]:
    return (HOUSEHOLD[0], row("吴建国", FATHER, relation="子", sex="男"), HOUSEHOLD[1])


def death_list(*numbers: tuple[str, str]) -> bytes:
    lines = [
        f"{place},{name},{number},男,1986-05-02,莲花社区,2026-09-15"
        for place, (name, number) in enumerate(numbers, 1)
    ]
    return "\n".join(["序号,死者姓名,身份证号,性别,出生日期,户籍地址,死亡日期", *lines]).encode("gb18030")


def every_lead(cast: Cast, member: str = CLERK) -> list[PotentialChild]:
    with acting(cast, member):
        return list(PotentialChild.objects.order_by("pk"))


def test_a_run_finds_the_child_once_whatever_the_month(cast: Cast, take: Import) -> None:
    take(csv_list(*HOUSEHOLD))
    (lead,) = every_lead(cast)
    assert (lead.name, lead.id_number, lead.sex, lead.birth_date) == (
        "吴小雨",
        GIRL,
        "female",
        dt.date(2015, 3, 11),
    )
    assert (lead.region_id, lead.county, lead.state, lead.head_name) == (VILLAGE, COUNTY, "found", "吴桂芳")
    assert lead.list_row_id is not None
    assert lead.due_date > dt.date(2026, 10, 10)
    assert GIRL not in lead.subject
    with acting(cast, CLERK):
        finish_run(month_run(cast), at=AT)  # the same month again
    take(csv_list(*HOUSEHOLD), name="十一月.csv", period=dt.date(2026, 11, 1))
    assert [each.pk for each in every_lead(cast)] == [lead.pk]


def test_a_number_that_comes_a_month_later_is_the_same_child(cast: Cast, take: Import) -> None:
    take(csv_list(HOUSEHOLD[0], row("吴小雨", "", relation="孙女", birth="2015-03-11")))
    take(csv_list(*HOUSEHOLD), name="十一月.csv", period=dt.date(2026, 11, 1))
    assert len(every_lead(cast)) == 1


def test_a_dropped_child_is_raised_again_only_when_the_lists_say_something_new(
    cast: Cast, take: Import
) -> None:
    take(csv_list(*with_son()))
    assert every_lead(cast) == []
    take(death_list(("吴建国", FATHER)), kind="death", name="死亡.csv")
    (lead,) = every_lead(cast)
    with acting(cast, "supervisor") as actor:
        leads.decide(lead, "drop", reason="母亲在家照料", at=AT, actor=actor)
    november = dt.date(2026, 11, 1)
    take(csv_list(*with_son()), name="十一月.csv", period=november)
    take(death_list(("吴建国", FATHER)), kind="death", name="死亡十一月.csv", period=november)
    assert every_lead(cast)[0].state == "dropped"
    take(csv_list(*HOUSEHOLD), name="十二月.csv", period=dt.date(2026, 12, 1))
    (again,) = every_lead(cast)
    assert (again.pk, again.state, again.closed_by_id) == (lead.pk, "found", None)
    assert {why["code"] for why in again.why} == {"dead", "absent"}


def test_who_came_onto_the_register_meanwhile_is_closed_as_brought_in(cast: Cast, take: Import) -> None:
    take(csv_list(*HOUSEHOLD))
    child = another_child(cast, "吴小雨", GIRL, birth_date=dt.date(2015, 3, 11))
    take(csv_list(*HOUSEHOLD), name="十一月.csv", period=dt.date(2026, 11, 1))
    (lead,) = every_lead(cast)
    assert (lead.state, lead.child_id) == ("brought_in", child.pk)
    with acting(cast, CLERK):
        (record,) = history(lead)
    assert record.name == "bring_in"
    assert record.user_id is not None


def test_the_matcher_recognises_a_lead_without_a_number(cast: Cast, take: Import) -> None:
    """The register has the child with a number, the list with none: only the matcher's pair tells."""
    nameless = csv_list(HOUSEHOLD[0], row("吴小雨", "", relation="孙女", birth="2015-03-11"))
    take(nameless)
    child = another_child(cast, "吴小雨", GIRL, birth_date=dt.date(2015, 3, 11))
    take(csv_list(*HOUSEHOLD), name="十一月.csv", period=dt.date(2026, 11, 1))
    (lead,) = every_lead(cast)
    assert (lead.state, lead.child_id) == ("brought_in", child.pk)


# --- From the clue to the register -------------------------------------------------------------------------------


@pytest.fixture
def lead(cast: Cast, take: Import) -> PotentialChild:
    take(csv_list(*HOUSEHOLD))
    return every_lead(cast)[0]


def visited(cast: Cast, lead: PotentialChild) -> PotentialChild:
    with acting(cast, "director") as actor:
        return leads.record_visit(
            lead,
            day=dt.date(2026, 10, 9),
            finding="父亲去世，母亲失联",
            problem="无人照料",
            solution="申请保障",
            at=AT,
            actor=actor,
        )


def test_from_the_list_to_the_register_by_the_pages(cast: Cast, lead: PotentialChild) -> None:
    supervisor, director = cast.client("supervisor"), cast.client("director")
    supervisor.post(reverse("cases:lead_assign", args=[lead.pk]), {"village": VILLAGE})
    assert "王念慈" in supervisor.get(reverse("cases:lead", args=[lead.pk])).content.decode()
    mine = director.get(reverse("cases:leads") + "?show=mine").content.decode()
    assert "吴小雨" in mine
    assert GIRL not in mine
    form = {
        "day": "2026-10-09",
        "finding": "奶奶照料，父母在外",
        "problem": "无人照料",
        "solution": "申请保障",
    }
    director.post(reverse("cases:lead_visit", args=[lead.pk]), form)
    add = f"{reverse('cases:child_add')}?lead={lead.pk}"
    page = director.get(add).content.decode()
    assert f'value="{GIRL}"' in page
    assert 'value="吴桂芳"' in page
    assert 'value="2015-03-11"' in page
    with system_scope(reason="test", log=False):
        assert (
            AccessLog.objects.filter(kind="reveal", subject="lead-identity", subject_id=str(lead.pk)).count()
            == 1
        )
    data = {
        "name": "吴小雨", "id_number": GIRL, "sex": "female", "region": VILLAGE, "primary_category": "dibao", "risk": "blue",
        "placement": "scattered", "guardian-0-kind": "both", "household-head_name": "吴桂芳",
    }  # fmt: skip
    answer = director.post(add, data)
    assert answer.status_code == 302, answer.context["form"].errors
    assert answer.url == reverse("cases:lead", args=[lead.pk])
    (closed,) = every_lead(cast)
    assert (closed.state, closed.visited_by_id) == ("brought_in", cast.users["director"].pk)
    with acting(cast, "director"):
        child = Child.objects.select_related("household").get(pk=closed.child_id)
    assert (child.name, child.household.head_name) == ("吴小雨", "吴桂芳")


def test_a_child_whom_a_scheme_would_pay_is_brought_in_when_its_application_is_confirmed(
    cast: Cast, lead: PotentialChild, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = leads.Help(expected=True, text="可以申请", url="/apply/")
    monkeypatch.setattr(leads, "_HELP", [lambda child, on: said])
    child = another_child(cast, "吴小雨", GIRL, birth_date=dt.date(2015, 3, 11))
    visited(cast, lead)
    with acting(cast, "director") as actor:
        assert leads.take_in(lead, child, at=AT, actor=actor).state == "applying"
        page = cast.client("director").get(reverse("cases:lead", args=[lead.pk])).content.decode()
        assert "可以申请" in page
        assert 'href="/apply/"' in page
    said = leads.Help(under_way=True)
    with acting(cast, "director") as actor:
        assert leads.follow([child.pk], at=AT, actor=actor) == []
    said = leads.Help(confirmed=True)
    with acting(cast, "approver") as actor:
        assert leads.follow([child.pk], at=AT, actor=actor) == [lead.pk]
    assert every_lead(cast)[0].state == "brought_in"


def test_the_page_offers_the_file_that_the_child_has_already(cast: Cast, lead: PotentialChild) -> None:
    child = another_child(cast, "吴小雨", GIRL, birth_date=dt.date(2015, 3, 11))
    visited(cast, lead)
    client = cast.client("director")
    assert (
        reverse("cases:child", args=[child.pk])
        in client.get(reverse("cases:lead", args=[lead.pk])).content.decode()
    )
    client.post(reverse("cases:lead_link", args=[lead.pk]), {"child": child.pk})
    assert every_lead(cast)[0].child_id == child.pk


def test_the_visit_goes_where_its_director_sees_it(cast: Cast, lead: PotentialChild) -> None:
    with acting(cast, "supervisor") as actor:
        leads.assign(lead, OTHER_VILLAGE, at=AT, actor=actor)
        with pytest.raises(leads.LeadRefused):
            leads.assign(lead, FAR_VILLAGE, at=AT, actor=actor)
    assert every_lead(cast, "director") == []
    (seen,) = every_lead(cast, "other_director")
    assert seen.assigned_to_id == cast.users["other_director"].pk


def test_only_the_township_and_the_county_say_that_a_child_does_not_qualify(
    cast: Cast, lead: PotentialChild
) -> None:
    with acting(cast, "director") as actor, pytest.raises(TransitionRefused):
        leads.decide(lead, "drop", reason="x", at=AT, actor=actor)
    with acting(cast, "supervisor") as actor:
        with pytest.raises(TransitionRefused):
            leads.decide(lead, "drop", reason=" ", at=AT, actor=actor)
        leads.decide(lead, "drop", reason="父亲在家", at=AT, actor=actor)
    with acting(cast, CLERK) as actor:
        assert leads.decide(lead, "reopen", reason="查错了", at=AT, actor=actor).closed_at is None


def test_the_form_of_a_new_file_takes_nobody_who_was_not_visited(cast: Cast, lead: PotentialChild) -> None:
    client = cast.client("director")
    for given in (str(lead.pk), "x", "9" * 30):
        assert client.get(f"{reverse('cases:child_add')}?lead={given}").status_code == 404
    visited(cast, lead)
    assert (
        cast.client("other_director").get(f"{reverse('cases:child_add')}?lead={lead.pk}").status_code == 404
    )


# --- Door to door ---------------------------------------------------------------------------------------------


CLUE = {
    "region": VILLAGE, "name": "罗小满", "birth_date": "2016-02-03", "why": ["absent"], "clue": "邻居说父母两年没有回来", "head_name": "罗大山",
}  # fmt: skip


def test_a_clue_of_a_round_is_a_lead_once(cast: Cast) -> None:
    client = cast.client("director")
    client.post(reverse("cases:lead_add"), CLUE)
    (lead,) = every_lead(cast)
    assert (lead.run_id, lead.entered_by_id, lead.why[0]["list_kind"]) == (
        None,
        cast.users["director"].pk,
        "door",
    )
    answer = client.post(reverse("cases:lead_add"), CLUE)
    assert answer.status_code == 200
    assert len(every_lead(cast)) == 1
    client.post(reverse("cases:lead_add"), {**CLUE, "birth_date": ""})
    client.post(reverse("cases:lead_add"), {**CLUE, "name": "罗小", "region": OTHER_VILLAGE})
    assert len(every_lead(cast)) == 1


def test_a_clue_about_a_child_of_the_register_names_its_file(cast: Cast) -> None:
    answer = cast.client("director").post(reverse("cases:lead_add"), {**CLUE, "id_number": OWN_ID})
    assert reverse("cases:child", args=[cast.children["own"].pk]) in answer.content.decode()
    assert every_lead(cast) == []


# --- The funnel and the ledger ------------------------------------------------------------------------------------


def make_leads(cast: Cast, number: int = 40) -> None:
    """Leads of two townships and several months in every state; every fourth one is overdue where it can be."""
    states = list(LeadState.values)
    with system_scope(reason="test", log=False):
        for place in range(number):
            state = states[place % len(states)]
            day = dt.datetime(
                2026, 8 + place % 3, 1 + place % 27, 16, 30, tzinfo=dt.UTC
            )  # past midnight in China
            later = state not in ("found",)
            PotentialChild.objects.create(
                region_id=[VILLAGE, OTHER_VILLAGE, FAR_VILLAGE, TOWNSHIP, COUNTY][place % 5],
                county=COUNTY,
                subject=f"{place:064d}",
                entered_by=cast.users[CLERK],
                name=f"儿童{place}",
                why=[{"code": "absent", "list_kind": "dibao", "relation": "孙女"}],
                state=state,
                due_date=dt.date(2026, 9, 1) + dt.timedelta(days=place * 4),
                assigned_at=day if later else None,
                visited_at=day if state in ("visited", "applying", "dropped") else None,
                child=cast.children["own"] if state in ("applying", "brought_in") else None,
                closed_at=day + dt.timedelta(days=9) if state in ("brought_in", "dropped") else None,
                created_at=day,
            )


def test_each_number_of_the_funnel_is_its_list(cast: Cast) -> None:
    make_leads(cast)
    today = dt.date(2026, 10, 31)
    with acting(cast, CLERK):
        counted = selectors.funnel(2026, today)
        assert counted.whole["found"] == 40
        assert len(counted.by_month) == 3
        assert counted.brought_in > 0
        tables = [lead_pages.funnel_rows(counted)]
        figures = [(tile["number"], tile["url"]) for tile in lead_pages.funnel_tiles(counted)]
        total = lead_pages.year_total(counted)
        figures += [(total["number"], total["url"])]
        for table in tables[0]:
            for line in table:
                figures += line["cells"]
            for place, code in enumerate(selectors.MEASURES):
                assert sum(line["cells"][place][0] for line in table) == counted.whole[code]
        for number, url in figures:
            form = LeadFilterForm(QueryDict(url.partition("?")[2]), places=key_pages.places_below(today))
            assert form.filters().leads(today).count() == number, url


def test_the_funnel_keeps_to_the_readers_area(cast: Cast) -> None:
    make_leads(cast)
    with acting(cast, "supervisor"):
        counted = selectors.funnel(2026, dt.date(2026, 10, 31))
    assert [region.pk for region in counted.townships] == [TOWNSHIP]
    with acting(cast, "stranger"):
        assert selectors.funnel(2026, dt.date(2026, 10, 31)).whole["found"] == 0


def test_the_pages_cost_little_however_many_there_are(cast: Cast, page_budget: Any) -> None:
    make_leads(cast, 120)
    for member in (CLERK, "director"):
        client = cast.client(member)
        for address in (
            reverse("cases:leads"),
            reverse("cases:leads") + "?show=overdue",
            reverse("cases:lead_funnel"),
        ):
            client.get(address)
            with page_budget(15):
                assert client.get(address).status_code == 200


def test_the_list_is_read_by_pages_without_loss(cast: Cast) -> None:
    make_leads(cast, 190)
    seen: list[int] = []
    with acting(cast, CLERK):
        filters, after = selectors.LeadFilters(), ""
        while True:
            page = selectors.page_of(filters, dt.date(2026, 10, 31), after=after)
            seen += [each.pk for each in page.rows]
            if not page.later:
                break
            after = page.later.rpartition("after=")[2].replace("%7E", "~")
        assert len(seen) == len(set(seen)) == filters.leads(dt.date(2026, 10, 31)).count() > key_pages.PAGE


def test_the_screening_ledger_says_what_was_found_and_done(
    cast: Cast, lead: PotentialChild, django_capture_on_commit_callbacks: Any
) -> None:
    visited(cast, lead)
    client = cast.client("supervisor")
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("cases:lead_export"), {"reason": "季度摸排", "form": "xlsx"})
    with acting(cast, "supervisor"):
        stored = StoredFile.objects.get(kind="export")
        header, line = list(
            CalamineWorkbook.from_filelike(io.BytesIO(files.read(stored))).get_sheet_by_index(0).to_python()
        )
        (logged,) = AccessLog.objects.filter(kind="export", subject_id=str(stored.pk))
    assert {"吴小雨", "父亲去世，母亲失联", "无人照料", "申请保障", "王念慈"} <= set(line)
    assert GIRL not in line
    assert identity.mask(GIRL) in line
    assert len(header) == len(line)
    assert (logged.reason, logged.detail["rows"]) == ("季度摸排", 1)
