"""Needs and help: what is written down, totals that add up, who is missed, pages and the export."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from cases import ages, ledger_exports
from cases.circumstances.enums import HelpArea, NeedState
from cases.help import selectors as help_selectors
from cases.help import services as helping
from cases.help.selectors import HelpFilters
from cases.help.services import NEEDS_OF, HelpData
from cases.models import Child, ChildAttribute, DisabilityCard, Help, Illness, Need, Visit
from cases.refusals import RegisterRefused
from cases.visits.enums import Problem
from staff import files, jobs
from staff.models import AccessLog, Job, StoredFile
from staff.scope import open_scope, system_scope
from tests.cast import COUNTY, OTHER_TOWNSHIP, VILLAGE, Cast, make_child

AT = dt.datetime(2026, 10, 20, 1, 40, tzinfo=dt.UTC)
TODAY = timezone.localdate(AT)
DAY = dt.timedelta(days=1)


def give(
    cast: Cast,
    child: str = "own",
    *,
    member: str = "clerk",
    area: str = "treatment",
    form: str = "money",
    amount: str | None = "100.00",
    giver: str = "县慈善会",
    date: dt.date = TODAY,
    **more: Any,
) -> Help:
    data = HelpData(
        area=area,
        form=form,
        giver=giver,
        what="资助",
        date=date,
        amount=None if amount is None else Decimal(amount),
        **more,
    )
    with open_scope(cast.scope(member)):
        return helping.add_help(cast.children[child], data, at=AT)


def need(cast: Cast, text: str = "助听器", area: str = "rehabilitation") -> Need:
    with open_scope(cast.scope("director")):
        return helping.add_need(cast.children["own"], area=area, text=text, at=AT)


# --- Writing ----------------------------------------------------------------------------------------------


def test_a_need_is_settled_by_the_help_that_answers_it(cast: Cast) -> None:
    one = need(cast)
    assert (one.state, one.settled_date) == ("open", None)
    give(cast, area="rehabilitation", form="goods", amount=None, need=one, need_state="partly")
    with open_scope(cast.scope("director")):
        one.refresh_from_db()
        assert (one.state, one.settled_date) == ("partly", None)
        helping.set_need_state(one, "met", at=AT)
        one.refresh_from_db()
        assert (one.state, one.settled_date) == ("met", TODAY)
        helping.set_need_state(one, "open", at=AT)
        one.refresh_from_db()
        assert (one.state, one.settled_date) == ("open", None)
        with pytest.raises(ValidationError):
            helping.set_need_state(one, "met", day=TODAY - DAY, at=AT)
        assert one.helps.count() == 1


def test_the_same_need_stands_once_while_it_is_unmet(cast: Cast) -> None:
    one = need(cast)
    with pytest.raises(ValidationError):
        need(cast, " 助听器 ")
    with open_scope(cast.scope("director")):
        helping.set_need_state(one, "met", at=AT)
    need(cast)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"amount": None}, "amount"),
        ({"amount": "0"}, "amount"),
        ({"amount": "-5"}, "amount"),
        ({"date": TODAY + DAY}, "date"),
        ({"giver": " "}, "giver"),
    ],
)
def test_a_line_that_cannot_be_is_refused_at_its_field(
    cast: Cast, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(ValidationError) as error:
        give(cast, **changes)
    assert list(error.value.error_dict) == [field]


def test_help_answers_a_need_of_the_same_child(cast: Cast) -> None:
    one = need(cast)
    with pytest.raises(ValidationError) as error:
        give(cast, "neighbour", need=one)
    assert list(error.value.error_dict) == ["need"]


def test_a_line_written_in_error_is_taken_out_with_a_reason(cast: Cast) -> None:
    line = give(cast, member="clerk")
    with open_scope(cast.scope("director")), pytest.raises(RegisterRefused):
        helping.remove_help(line, reason="重复", at=AT)
    with open_scope(cast.scope("supervisor")):
        with pytest.raises(ValidationError):
            helping.remove_help(line, reason=" ", at=AT)
        helping.remove_help(line, reason="重复录入", at=AT)
        assert not Help.objects.filter(pk=line.pk).exists()
    own = give(cast, member="director")
    with open_scope(cast.scope("director")):
        helping.remove_help(own, reason="写错", at=AT)
        assert Help.objects.count() == 0


def test_every_problem_that_is_a_need_has_an_area_and_calls_for_police_are_none() -> None:
    assert set(NEEDS_OF.values()) <= set(HelpArea)
    for problem in (Problem.SUSPECTED_HARM, Problem.RUN_AWAY, Problem.SELF_HARM, Problem.LIVING_ALONE):
        assert problem not in NEEDS_OF


def test_what_a_visit_found_is_proposed_once(cast: Cast) -> None:
    codes = {"needs_treatment", "lacks_stationery", "suspected_harm"}
    with open_scope(cast.scope("director")):
        assert helping.needs_found(codes, []) == [
            (HelpArea.TREATMENT, Problem.NEEDS_TREATMENT),
            (HelpArea.SCHOOLING, Problem.LACKS_STATIONERY),
        ]
        known = Need(area="treatment", text=str(Problem.NEEDS_TREATMENT.label), state=NeedState.OPEN)
        assert [problem for _area, problem in helping.needs_found(codes, [known])] == [
            Problem.LACKS_STATIONERY
        ]
        known.state = NeedState.MET
        assert len(helping.needs_found(codes, [known])) == 2


# --- Totals -----------------------------------------------------------------------------------------------


def test_totals_tell_children_from_times_and_add_up(cast: Cast) -> None:
    give(cast, "own", amount="0.10")
    give(cast, "own", amount="0.20", area="schooling", giver="爱心企业")
    give(cast, "neighbour", amount="100.00")
    give(cast, "neighbour", form="goods", amount="58.50", area="schooling", giver="爱心企业")
    give(cast, "township", form="service", amount=None, area="rehabilitation", giver="社工站")
    with open_scope(cast.scope("clerk")):
        areas, givers, whole = help_selectors.totals_of(HelpFilters())
    assert (whole.children, whole.times, whole.money, whole.value) == (
        3,
        5,
        Decimal("100.30"),
        Decimal("58.50"),
    )
    told = {one.code: (one.children, one.times, one.money, one.value) for one in areas}
    assert told == {
        "treatment": (2, 2, Decimal("100.10"), Decimal("0.00")),
        "schooling": (2, 2, Decimal("0.20"), Decimal("58.50")),
        "rehabilitation": (1, 1, Decimal("0.00"), Decimal("0.00")),
    }
    assert [(one.code, one.times, one.money) for one in givers] == [
        ("县慈善会", 2, Decimal("100.10")),
        ("爱心企业", 2, Decimal("0.20")),
        ("社工站", 1, Decimal("0.00")),
    ]
    for rows in (areas, givers):
        assert sum(one.times for one in rows) == whole.times
        assert sum(one.money for one in rows) == whole.money
        assert sum(one.value for one in rows) == whole.value


def test_the_givers_beyond_the_first_twenty_are_summed_in_one_row(cast: Cast) -> None:
    for number in range(23):
        give(cast, giver=f"捐赠者{number:02d}", amount=f"{100 - number}.00")
    give(cast, giver="志愿者", form="service", amount=None)
    with open_scope(cast.scope("clerk")):
        _areas, givers, whole = help_selectors.totals_of(HelpFilters())
    assert [one.code for one in givers[:2]] == ["捐赠者00", "捐赠者01"]
    assert len(givers) == help_selectors.GIVERS + 1
    assert (givers[-1].times, givers[-1].money, givers[-1].children) == (4, Decimal("237.00"), None)
    assert sum(one.money for one in givers) == whole.money


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (HelpFilters(), 4),
        (HelpFilters(area="treatment"), 3),
        (HelpFilters(form="goods"), 1),
        (HelpFilters(giver="爱心企业"), 1),
        (HelpFilters(region=OTHER_TOWNSHIP), 1),
        (HelpFilters(since=TODAY.isoformat()), 3),
        (HelpFilters(until=(TODAY - DAY).isoformat()), 1),
        (HelpFilters(since=(TODAY - DAY).isoformat(), until=(TODAY - DAY).isoformat()), 1),
    ],
)
def test_filters_of_the_ledger(cast: Cast, filters: HelpFilters, found: int) -> None:
    give(cast, "own")
    give(cast, "own", date=TODAY - DAY)
    give(cast, "neighbour", form="goods", area="schooling", giver="爱心企业")
    give(cast, "township")
    with open_scope(cast.scope("clerk")):
        assert filters.lines().count() == found
        assert help_selectors.totals_of(filters)[2].times == found


# --- Who is missed ----------------------------------------------------------------------------------------


def missed(cast: Cast, show: str = "untreated", on: dt.date = TODAY) -> set[str]:
    with open_scope(cast.scope("clerk")):
        return set(help_selectors.gaps(show, COUNTY, on).values_list("name", flat=True))


def change(cast: Cast, child: str = "own", **values: Any) -> None:
    with open_scope(cast.scope("clerk")):
        Child.objects.filter(pk=cast.children[child].pk).update(**values)


@pytest.mark.parametrize("how", ["health", "category", "attribute", "card", "illness"])
def test_the_sick_and_disabled_without_treatment_help_are_listed_however_they_are_known(
    cast: Cast, how: str
) -> None:
    own = cast.children["own"]
    common = {"child": own, "region_id": own.region_id}
    assert missed(cast) == set()
    with open_scope(cast.scope("clerk")):
        match how:
            case "health":
                Child.objects.filter(pk=own.pk).update(health_status="severe")
            case "category":
                Child.objects.filter(pk=own.pk).update(primary_category="severe_disability")
            case "attribute":
                ChildAttribute.objects.create(**common, kind="disability", start_date=TODAY)
            case "card":
                DisabilityCard.objects.create(**common, number="x", kind="4", level=3, start_date=TODAY)
            case "illness":
                Illness.objects.create(**common, diagnosis="血友病", severe=True, start_date=TODAY)
    assert missed(cast) == {"林小满"}


def test_help_with_treatment_counts_for_twelve_months(cast: Cast) -> None:
    change(cast, health_status="disabled")
    give(cast, area="schooling")
    assert missed(cast) == {"林小满"}
    give(cast, area="rehabilitation", form="service", amount=None)
    assert missed(cast) == set()
    assert missed(cast, on=ages.add_months(TODAY, 12) - DAY) == set()
    assert missed(cast, on=ages.add_months(TODAY, 12)) == {"林小满"}


def test_an_illness_that_is_over_is_none(cast: Cast) -> None:
    own = cast.children["own"]
    with open_scope(cast.scope("clerk")):
        Illness.objects.create(
            child=own,
            region_id=own.region_id,
            diagnosis="肺炎",
            severe=True,
            start_date=TODAY - 9 * DAY,
            end_date=TODAY - DAY,
        )
    assert missed(cast) == set()


def test_the_uninsured_and_those_of_whom_nothing_is_known(cast: Cast) -> None:
    change(cast, insurance="none")
    change(cast, "neighbour", insurance="funded")
    assert missed(cast, "uninsured") == {"林小满"}
    assert missed(cast, "unstated") == {"田立夏"}
    change(cast, "township", left_date=TODAY, left_reason="07")
    assert missed(cast, "unstated") == set()


# --- Pages ------------------------------------------------------------------------------------------------


def test_needs_and_help_on_the_childs_file(cast: Cast) -> None:
    own = cast.children["own"]
    change(cast, insurance="none")
    with open_scope(cast.scope("supervisor")):
        Visit.objects.create(
            child=own,
            region_id=own.region_id,
            kind="door",
            visited_at=AT,
            risk_before="yellow",
            risk="yellow",
            problems={"schooling": ["lacks_stationery"]},
            state="submitted",
            submitted_at=AT,
            conducted_by=cast.users["director"],
        )
    client, tab = cast.client("director"), reverse("cases:child_section", args=[own.pk, "needs"])
    add = reverse("cases:need_add", args=[own.pk])
    page = client.get(tab).content.decode()
    assert f"{add}?area=schooling" in page
    assert 'value="schooling"' in client.get(f"{add}?area=schooling&text=文具").content.decode()
    assert client.post(add, {"area": "schooling", "text": ""}).status_code == 200
    assert client.post(add, {"area": "schooling", "text": "课桌"}).status_code == 302
    with open_scope(cast.scope("director")):
        one = Need.objects.get()
    give_url = reverse("cases:help_add", args=[own.pk])
    assert "课桌" in client.get(f"{give_url}?need={one.pk}").content.decode()
    typed = {
        "need": one.pk,
        "need_state": "met",
        "area": "schooling",
        "form": "goods",
        "what": "书桌一张",
        "amount": "320.00",
        "giver": "镇团委",
        "date": "2026-10-19",
    }
    assert client.post(give_url, {**typed, "form": "money", "amount": ""}).status_code == 200
    assert client.post(give_url, typed).status_code == 302
    page = client.get(tab).content.decode()
    for told in ("课桌", "书桌一张", "320.00", "镇团委"):
        assert told in page
    with open_scope(cast.scope("director")):
        one.refresh_from_db()
        line = Help.objects.get()
    assert one.state == "met"
    state = reverse("cases:need_state", args=[one.pk])
    assert client.post(state, {"state": "open"}).status_code == 302
    assert client.post(state, {"state": "nonsense"}).status_code == 302
    with open_scope(cast.scope("director")):
        one.refresh_from_db()
    assert one.state == "open"
    assert client.post(reverse("cases:help_remove", args=[line.pk]), {"reason": "写错"}).status_code == 302
    assert "书桌一张" not in client.get(tab).content.decode()
    assert add not in cast.client("leader").get(tab).content.decode()


def test_the_ledger_shows_ones_own_and_drills_down(cast: Cast) -> None:
    today = timezone.localdate()
    give(cast, "own", giver="本县慈善会", amount="4321.09")
    give(cast, "township", giver="外镇企业", amount="500.00")
    client = cast.client("clerk")
    url = reverse("cases:help_ledger")
    assert today.year == TODAY.year, "the ledger opens on this year"
    page = client.get(url).content.decode()
    for told in ("本县慈善会", "外镇企业", "4,821.09"):
        assert told in page
    assert "外镇企业" not in cast.client("supervisor").get(url).content.decode()
    narrowed = client.get(url, {"giver": "外镇企业"}).content.decode()
    assert "本县慈善会" not in narrowed
    assert "500.00" in narrowed
    assert "4,321.09" not in client.get(url, {"since": "2026-10-21"}).content.decode()
    assert client.get(url, {"since": "nonsense", "region": "x", "after": "~"}).status_code == 200


def test_lists_go_page_by_key_within_the_budget(
    cast: Cast, page_budget: Callable[[int], AbstractContextManager[None]]
) -> None:
    with open_scope(cast.scope("supervisor")):
        for number in range(54):
            child = make_child(VILLAGE, f"丙{number}", health_status="disabled")
            Help.objects.create(
                child=child,
                region_id=VILLAGE,
                area="schooling",
                form="money",
                date=TODAY - (number % 3) * DAY,
                giver=f"赠{number % 30}",
                what="资助",
                amount="10.00",
                created_at=AT,
            )
    client = cast.client("supervisor")
    for name, rows in (("cases:help_ledger", "lines"), ("cases:help_gaps", "rows")):
        seen: list[Any] = []
        url = reverse(name)
        while url:
            with page_budget(15):
                answer = client.get(url)
            if rows == "lines":
                seen += [one.pk for one in answer.context["page"].lines]
                later = answer.context["page"].later
            else:
                seen += [row["url"] for row in answer.context["rows"]]
                later = answer.context["later"]
            url = reverse(name) + later if later else ""
        assert len(seen) == len(set(seen)) == 54, name
    with page_budget(18):
        client.get(reverse("cases:child_section", args=[cast.children["own"].pk, "needs"]))


def test_the_export_holds_exactly_the_filtered_lines(
    cast: Cast, django_capture_on_commit_callbacks: Any
) -> None:
    give(cast, "own", amount="12.34")
    give(cast, "own", area="schooling")
    give(cast, "neighbour", date=TODAY - 400 * DAY)
    with django_capture_on_commit_callbacks(execute=False):
        url = reverse("cases:help_export") + "?area=treatment"
        answer = cast.client("supervisor").post(url, {"reason": "年终总结"})
    assert answer.status_code == 302
    with system_scope(reason="test", log=False):
        job = Job.objects.get(kind=ledger_exports.HELP)
    jobs.run_job(str(job.pk))
    with open_scope(cast.scope("supervisor")):
        job.refresh_from_db()
        assert job.state == "done", job.error
        data = files.read(StoredFile.objects.get(pk=job.result["file"]))
    with open_scope(cast.scope("auditor")):
        assert AccessLog.objects.get(kind="export").reason == "年终总结"
    sheet = openpyxl.load_workbook(io.BytesIO(data)).active
    assert sheet is not None
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert len(rows) == 2
    assert rows[1][4] == "林小满"
    assert rows[1][8] == 12.34
