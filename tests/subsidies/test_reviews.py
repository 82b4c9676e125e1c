"""Re-checks by cycle: opened for everybody at once, unchanged ones confirmed together, changed ones looked at."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cases.models import Child, DisabilityCard, Discrepancy, Guardian, MatchRun, ParentSituation
from staff.calendar import add_working_days
from staff.scope import open_scope, system_scope
from staff.workflow import TransitionRefused
from subsidies.entitlements import services as entitlements
from subsidies.models import Entitlement, EntitlementReview, Offset, SchemeRule
from subsidies.reviews import services as reviews
from subsidies.reviews.cycles import Term, cycle_end, cycle_of, term_of
from subsidies.reviews.selectors import ReviewFilters, by_township, counts
from tests.cast import COUNTY, FAR_VILLAGE, OTHER_VILLAGE, TOWNSHIP, VILLAGE
from tests.subsidies.conftest import DECEMBER, NOVEMBER, OCTOBER, Office, moment

D = dt.date


@pytest.mark.parametrize(
    ("recheck", "day", "cycle", "end"),
    [
        ("monthly", D(2026, 11, 22), D(2026, 11, 1), D(2026, 11, 30)),
        ("quarterly", D(2026, 11, 22), D(2026, 10, 1), D(2026, 12, 31)),
        ("half_yearly", D(2026, 6, 30), D(2026, 1, 1), D(2026, 6, 30)),
        ("half_yearly", D(2026, 7, 1), D(2026, 7, 1), D(2026, 12, 31)),
        ("term", D(2027, 2, 28), D(2026, 9, 1), D(2027, 2, 28)),
        ("term", D(2027, 3, 1), D(2027, 3, 1), D(2027, 8, 31)),
    ],
)
def test_cycles(recheck: str, day: dt.date, cycle: dt.date, end: dt.date) -> None:
    assert cycle_of(recheck, day) == cycle
    assert cycle_end(recheck, cycle) == end


def test_without_a_cycle_there_is_none() -> None:
    assert cycle_of("none", D(2026, 11, 22)) is None
    with pytest.raises(ValueError, match="no fixed cycle"):
        cycle_end("none", D(2026, 11, 1))


def test_terms_of_school_follow_one_another() -> None:
    days = [D(2025, 9, 1) + dt.timedelta(days=n) for n in range(800)]
    for day in days:
        term = term_of(day)
        assert term.start <= day <= term.end
        assert term_of(term.start - dt.timedelta(days=1)) == term.before
        assert term.before.end + dt.timedelta(days=1) == term.start


@pytest.fixture
def monthly(office: Office) -> Office:
    """The county looks at everybody every month (闽侯)."""
    with system_scope(reason="test", log=False):
        SchemeRule.objects.create(
            scheme=office.scheme, region_id=COUNTY, valid_from=D(2020, 1, 1), document="测试〔2020〕1号",
            changes={"recheck": "monthly", "school_proof": False},
        )  # fmt: skip
    return office


def opened(at: dt.datetime) -> reviews.Opened:
    with system_scope(reason="test", log=False):
        return reviews.open_cycles(COUNTY, at=at)


def listed(office: Office, who: str = "clerk", **condition: Any) -> list[EntitlementReview]:
    with office.as_(who):
        found = EntitlementReview.objects.filter(kind="recheck", **condition).select_related(
            "child", "done_by"
        )
        return list(found.order_by("cycle", "pk"))


def first_done(office: Office, at: dt.datetime | None = None) -> None:
    """October's re-check of everybody is done, one by one."""
    opened(at or moment(10, 2))
    for row in listed(office, outcome=""):
        with office.as_("clerk") as actor:
            reviews.decide(
                actor=actor, at=at or moment(10, 5), review=row, outcome="changed", note="首次核查"
            )


def test_a_cycle_is_opened_once_and_due_by_working_days(monthly: Office) -> None:
    right = monthly.entitle(monthly.child("own"), OCTOBER)
    monthly.entitle(monthly.child("strange"), OCTOBER)
    assert opened(moment(11, 1, 1)).rechecks == 1
    assert opened(moment(11, 30)).rechecks == 0
    (row,) = listed(monthly)
    assert (row.entitlement_id, row.cycle, row.outcome) == (right.pk, NOVEMBER, "")
    assert row.due_date == add_working_days(D(2026, 10, 31), 15)
    assert opened(moment(12, 1, 1)).rechecks == 1
    assert [row.cycle for row in listed(monthly)] == [NOVEMBER, DECEMBER]


def test_the_scheduled_task_opens_every_county(monthly: Office) -> None:
    monthly.entitle(monthly.child("own"), OCTOBER)
    monthly.entitle(monthly.child("strange"), OCTOBER)
    done = reviews.open_everywhere(at=moment(11, 2))
    assert sorted(done) == [341222000000, COUNTY]
    assert done[COUNTY].rechecks == 1


def test_ended_and_later_rights_are_not_asked_for(monthly: Office) -> None:
    monthly.entitle(monthly.child("own"), OCTOBER, state="ended", end_month=OCTOBER, end_reason="adopted")
    monthly.entitle(monthly.child("neighbour"), DECEMBER)
    assert opened(moment(11, 2)).rechecks == 0


def test_the_decision_within_the_cycle_is_its_check(monthly: Office) -> None:
    monthly.entitle(monthly.child("own"), NOVEMBER)
    with system_scope(reason="test", log=False):
        Entitlement.objects.update(confirmed_at=moment(11, 3), confirmed_by=monthly.cast.users["approver"])
    opened(moment(11, 4))
    (row,) = listed(monthly)
    assert (row.outcome, row.done_by, row.changes) == ("unchanged", monthly.cast.users["approver"], [])
    assert row.facts["category"]
    opened(moment(12, 2))
    assert [row.changes for row in listed(monthly, outcome="")] == [[]]


def test_the_first_re_check_is_never_unchanged(monthly: Office) -> None:
    monthly.entitle(monthly.child("own"), OCTOBER)
    opened(moment(11, 2))
    (row,) = listed(monthly)
    assert row.changes == ["first"]
    with monthly.as_("supervisor") as actor:
        with pytest.raises(TransitionRefused, match="Something has changed"):
            reviews.decide(actor=actor, at=moment(11, 3), review=row, outcome="unchanged", note="")
        with pytest.raises(TransitionRefused, match="in words"):
            reviews.decide(actor=actor, at=moment(11, 3), review=row, outcome="changed", note=" ")
        done = reviews.decide(actor=actor, at=moment(11, 3), review=row, outcome="changed", note="入户核实")
    assert (done.outcome, done.done_by) == ("changed", monthly.cast.users["supervisor"])


def _situation(child: Child) -> None:
    ParentSituation.objects.create(
        child=child, region_id=child.region_id, parent="father", kind="dead", start_date=D(2026, 10, 20)
    )


def _guardian(child: Child) -> None:
    Guardian.objects.filter(child=child).update(name="林桂香")


def _card(child: Child) -> None:
    DisabilityCard.objects.create(
        child=child, region_id=child.region_id, number="x", kind="5", level=2, start_date=D(2026, 10, 20)
    )


def _doubt(child: Child) -> None:
    run = MatchRun.objects.create(region_id=COUNTY, period=OCTOBER, state="review")
    Discrepancy.objects.create(
        run=run,
        child=child,
        region_id=child.region_id,
        kind="gone",
        list_kind="dibao",
        due_date=D(2026, 11, 30),
    )


def _offset(child: Child) -> None:
    right = Entitlement.objects.get(child=child)
    Offset.objects.create(
        entitlement=right, child=child, region_id=child.region_id, kind="dibao", amount=300, start_month=NOVEMBER, source="x"
    )  # fmt: skip


def _set(**values: Any) -> Callable[[Child], None]:
    return lambda child: Child.objects.filter(pk=child.pk).update(**values) and None


CHANGES: list[tuple[Callable[[Child], Any], list[str]]] = [
    (lambda child: None, []),
    (_set(phone="13800001111", address="别处", risk="red"), []),
    (_situation, ["parents"]),
    (_guardian, ["guardian"]),
    (_card, ["disability"]),
    (_doubt, ["discrepancies"]),
    (_offset, ["offsets"]),
    (_set(primary_category="orphan"), ["category"]),
    (_set(placement="institution"), ["placement"]),
    (_set(school_name="县二中"), ["school"]),
    (_set(left_date=D(2026, 10, 30), left_reason="07"), ["register"]),
    (_set(birth_date=D(2008, 11, 20)), ["age"]),
]


@pytest.mark.parametrize(("change", "parts"), CHANGES)
def test_what_has_changed_is_named(
    monthly: Office, change: Callable[[Child], None], parts: list[str]
) -> None:
    child = monthly.child("own")
    monthly.entitle(child, OCTOBER)
    first_done(monthly)
    with system_scope(reason="test", log=False):
        change(child)
    opened(moment(11, 2))
    (row,) = listed(monthly, outcome="")
    assert row.changes == parts
    with monthly.as_("supervisor") as actor:
        done, left = reviews.confirm_unchanged(actor=actor, at=moment(11, 3), ids=[row.pk])
    assert (done, [one.pk for one in left]) == (([row.pk], []) if not parts else ([], [row.pk]))


def test_a_date_that_is_reached_changes_the_facts_although_nothing_was_written(monthly: Office) -> None:
    """Released on 10 December: still in prison in November's cycle, looked at in December's."""
    child = monthly.child("own")
    with system_scope(reason="test", log=False):
        ParentSituation.objects.create(
            child=child, region_id=child.region_id, parent="father", kind="imprisoned", start_date=D(2024, 5, 1),
            expected_end_date=D(2026, 12, 10),
        )  # fmt: skip
    monthly.entitle(child, OCTOBER)
    first_done(monthly)
    opened(moment(11, 2))
    (november,) = listed(monthly, outcome="")
    assert november.changes == []
    with monthly.as_("clerk") as actor:
        reviews.confirm_unchanged(actor=actor, at=moment(11, 3), ids=[november.pk])
    opened(moment(12, 2))
    assert [row.changes for row in listed(monthly, outcome="")] == [["parents"]]


def test_what_could_not_be_checked_is_compared_with_the_one_before(monthly: Office) -> None:
    child = monthly.child("own")
    monthly.entitle(child, OCTOBER)
    first_done(monthly)
    with system_scope(reason="test", log=False):
        _situation(child)
    opened(moment(11, 2))
    (row,) = listed(monthly, outcome="")
    with monthly.as_("clerk") as actor:
        reviews.decide(actor=actor, at=moment(11, 3), review=row, outcome="missing", note="全家外出")
    opened(moment(12, 2))
    assert [row.changes for row in listed(monthly, outcome="")] == [["parents"]]


def test_what_changes_between_preview_and_confirmation_is_left_out(monthly: Office) -> None:
    for key in ("own", "neighbour"):
        monthly.entitle(monthly.child(key), OCTOBER)
    first_done(monthly)
    opened(moment(11, 2))
    ids = [row.pk for row in listed(monthly, outcome="")]
    with system_scope(reason="test", log=False):
        _guardian(monthly.child("own"))
    with monthly.as_("supervisor") as actor:
        done, left = reviews.confirm_unchanged(actor=actor, at=moment(11, 3), ids=ids)
    assert [row.child_id for row in left] == [monthly.child("own").pk]
    assert len(done) == 1
    (open_one,) = listed(monthly, outcome="")
    assert (open_one.child_id, open_one.changes) == (monthly.child("own").pk, ["guardian"])


def test_an_older_open_one_is_done_with_the_later(monthly: Office) -> None:
    monthly.entitle(monthly.child("own"), OCTOBER)
    first_done(monthly)
    opened(moment(11, 2))
    opened(moment(12, 2))
    november, december = listed(monthly, outcome="")
    with monthly.as_("clerk") as actor:
        reviews.confirm_unchanged(actor=actor, at=moment(12, 3), ids=[december.pk])
    assert listed(monthly, outcome="") == []
    assert november.cycle == NOVEMBER


@pytest.mark.parametrize("who", ["director", "approver", "leader"])
def test_who_may_not(monthly: Office, who: str) -> None:
    monthly.entitle(monthly.child("own"), OCTOBER)
    opened(moment(11, 2))
    (row,) = listed(monthly)
    with monthly.as_(who) as actor:
        with pytest.raises(TransitionRefused, match="duty"):
            reviews.confirm_unchanged(actor=actor, at=moment(11, 3), ids=[row.pk])
        with pytest.raises(TransitionRefused, match="duty"):
            reviews.decide(actor=actor, at=moment(11, 3), review=row, outcome="changed", note="x")


def test_nobody_confirms_outside_their_area(monthly: Office) -> None:
    monthly.entitle(monthly.child("township"), OCTOBER)
    first_done(monthly)
    opened(moment(11, 2))
    (row,) = listed(monthly, outcome="")
    with monthly.as_("supervisor") as actor:
        assert reviews.confirm_unchanged(actor=actor, at=moment(11, 3), ids=[row.pk]) == ([], [])
    assert listed(monthly, outcome="") == [row]


def test_opening_costs_the_same_for_one_and_for_many(monthly: Office) -> None:
    def cost() -> int:
        with system_scope(reason="test", log=False), CaptureQueriesContext(connection) as captured:
            reviews.open_cycles(COUNTY, at=moment(11, 2))
        return len(captured)

    monthly.entitle(monthly.child("own"), OCTOBER)
    few = cost()
    for number in range(12):
        monthly.entitle(monthly.another_child(f"小{number}"), OCTOBER)
    assert cost() == few
    assert len(listed(monthly)) == 13


def test_counts_by_township_and_their_lists_agree(monthly: Office) -> None:
    for number, region in enumerate((VILLAGE, OTHER_VILLAGE, FAR_VILLAGE, FAR_VILLAGE)):
        monthly.entitle(monthly.another_child(f"小{number}", region_id=region), OCTOBER)
    first_done(monthly)
    with system_scope(reason="test", log=False):
        Child.objects.filter(name="小1").update(placement="institution")
    opened(moment(11, 2))
    today = D(2026, 12, 31)
    with monthly.as_("clerk"):
        found = {
            row.region.pk: (row.open, row.unchanged, row.changed, row.overdue)
            for row in by_township(ReviewFilters(), today)
        }
        assert found == {TOWNSHIP: (2, 1, 1, 2), 500152002000: (2, 2, 0, 2)}
        assert counts(ReviewFilters(), today) == {"open": 4, "unchanged": 3, "changed": 1, "overdue": 4}
        for show in ("", "unchanged", "changed", "overdue"):
            figure = counts(ReviewFilters(), today)[show or "open"]
            assert ReviewFilters(show).reviews(today).count() == figure


# --- Pages ----------------------------------------------------------------------------------------------------


def test_the_supervisor_reads_through_and_confirms_together(
    monthly: Office,
    page_budget: Callable[[int], AbstractContextManager[None]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for key in ("own", "neighbour"):
        monthly.entitle(monthly.child(key), OCTOBER)
    first_done(monthly)
    with system_scope(reason="test", log=False):
        _guardian(monthly.child("neighbour"))
    opened(moment(11, 2))
    monkeypatch.setattr("django.utils.timezone.now", lambda: moment(11, 25))
    client = monthly.cast.client("supervisor")
    with page_budget(15):
        page = client.get(reverse("subsidies:reviews")).content.decode()
    assert "林小满" in page
    assert "监护人或照料人" in page
    preview = client.get(reverse("subsidies:reviews_confirm")).content.decode()
    assert "林小满" in preview
    assert "秦白露" not in preview
    ids = [row.pk for row in listed(monthly, outcome="")]
    answer = client.post(reverse("subsidies:reviews_confirm"), {"review": ids}, follow=True)
    text = answer.content.decode()
    assert "已确认1项复核。" in text
    assert "秦白露的情况已有变化：监护人或照料人。" in text
    assert [row.child.name for row in listed(monthly, cycle=NOVEMBER, outcome="unchanged")] == ["林小满"]


def test_the_page_costs_the_same_for_many(
    monthly: Office,
    page_budget: Callable[[int], AbstractContextManager[None]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for number in range(60):
        monthly.entitle(monthly.another_child(f"小{number:02}"), OCTOBER)
    opened(moment(11, 2))
    monkeypatch.setattr("django.utils.timezone.now", lambda: moment(11, 25))
    client = monthly.cast.client("clerk")
    with page_budget(15):
        page = client.get(reverse("subsidies:reviews")).content.decode()
    assert page.count("/entitlements/") == 50
    later = page.split('href="?after=')[1].split('"')[0].replace("&amp;", "&")
    with page_budget(15):
        rest = client.get(reverse("subsidies:reviews") + f"?after={later}").content.decode()
    assert rest.count("/entitlements/") == 10


def test_one_re_check_is_decided_on_the_page_of_the_right(monthly: Office) -> None:
    right = monthly.entitle(monthly.child("own"), OCTOBER)
    opened(moment(11, 2))
    (row,) = listed(monthly)
    client = monthly.cast.client("supervisor")
    page = client.get(reverse("subsidies:entitlement", args=[right.pk])).content.decode()
    assert "首次复核" in page
    client.post(
        reverse("subsidies:review_decide", args=[row.pk]), {"action": "changed", "reason": "入户核实"}
    )
    assert listed(monthly)[0].note == "入户核实"


def test_a_decision_about_the_right_does_its_re_check_too(monthly: Office) -> None:
    right = monthly.entitle(monthly.child("own"), OCTOBER)
    opened(moment(11, 2))
    with monthly.as_("clerk") as actor:
        entitlements.propose_end(
            actor=actor, at=moment(11, 3), entitlement=right, reason_code="parent_able", reason="母亲返家"
        )
    assert [(row.outcome, row.note) for row in listed(monthly)] == [("changed", "母亲返家")]


def test_a_stranger_sees_nothing_of_it(monthly: Office) -> None:
    monthly.entitle(monthly.child("own"), OCTOBER)
    opened(moment(11, 2))
    with open_scope(monthly.cast.scope("stranger")):
        assert list(EntitlementReview.objects.all()) == []


def test_terms_are_ordered_by_time() -> None:
    assert Term(2026, 1) < Term(2026, 2) < Term(2027, 1)
