"""What a matched month raises: found once, kept when touched, told by the township, decided by the county."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.urls import reverse

from cases.matching.discrepancies import acts as service
from cases.matching.discrepancies import services as finding
from cases.matching.discrepancies.acts import Verification
from cases.matching.discrepancies.remedies import REMEDIES, Remedy
from cases.models import Child, Discrepancy, ListImport, MatchCandidate, VisitTask
from staff.models import TransitionRecord
from staff.workflow import TransitionRefused
from tests.cases.matching.conftest import (
    ADULT,
    AT,
    MINOR,
    OWN,
    SECOND,
    Import,
    acting,
    another_child,
    csv_list,
    month_run,
    row,
)
from tests.cast import Cast

NOVEMBER, DECEMBER = dt.date(2026, 11, 1), dt.date(2026, 12, 1)
SAME = row("林小满", OWN, head="林桂芳", sex="女")
BY_PHONE = Verification(found="true", text="电话核实", method="phone")
UNKNOWN = row("罗小暑", MINOR, head="罗长河", sex="女")


def found(cast: Cast, member: str = "clerk", **condition: Any) -> list[Discrepancy]:
    with acting(cast, member):
        return list(Discrepancy.objects.filter(**condition).order_by("pk"))


def kinds(cast: Cast, **condition: Any) -> list[str]:
    return [d.kind for d in found(cast, **condition)]


# --- Finding --------------------------------------------------------------------------------------------


def test_a_minor_on_the_list_and_not_on_the_register(cast: Cast, take: Import) -> None:
    take(
        csv_list(
            SAME,
            UNKNOWN,
            row("罗大暑", ADULT, head="罗长河"),
            row("罗立秋", "", birth="2013-08-07", head="罗长河"),
        )
    )
    raised = found(cast)
    assert [(d.kind, d.detail["row"]["name"], d.detail["born"]) for d in raised] == [
        ("not_registered", "罗小暑", "2012-09-08"),
        ("not_registered", "罗立秋", "2013-08-07"),
    ]
    assert raised[0].child_id is None
    assert raised[0].region_id == cast.children["own"].region_id
    assert MINOR not in str(raised[0].detail)


def test_due_date_is_counted_in_working_days(cast: Cast) -> None:
    with acting(cast, "clerk"):
        assert finding.due_date(cast.children["own"].region_id, dt.date(2026, 11, 2)) == dt.date(2026, 11, 16)


def test_one_person_twice_on_a_list_is_one_discrepancy(cast: Cast, take: Import) -> None:
    take(csv_list(UNKNOWN, UNKNOWN))
    assert kinds(cast) == ["not_registered"]


def test_a_row_that_waits_is_no_discrepancy_yet(
    cast: Cast, take: Import, django_capture_on_commit_callbacks: Any
) -> None:
    take(csv_list(row("林小曼儿", OWN, head="林桂芳", sex="女")))
    assert kinds(cast) == []
    with acting(cast, "clerk"):
        pair = MatchCandidate.objects.get()
    with django_capture_on_commit_callbacks(execute=True):
        cast.client("clerk").post(reverse("cases:candidate_decide", args=[pair.pk]), {"action": "none"})
    assert kinds(cast) == ["not_registered"]


def test_differences_name_the_field_and_mask_numbers(cast: Cast, take: Import) -> None:
    take(
        csv_list(
            row("林小曼", OWN, head="林桂芳", sex="男", birth="2017-05-21", village="井田社区居民委员会")
        )
    )
    (raised,) = found(cast)
    assert raised.kind == "different"
    told = {d["field"]: (d["list"], d["register"]) for d in raised.detail["differences"]}
    assert told == {
        "name": ("林小曼", "林小满"),
        "birth_date": ("2017-05-21", "2017-05-20"),
        "sex": ("male", "female"),
        "village": ("井田社区居民委员会", "莲花社区居民委员会"),
    }
    assert OWN not in str(raised.detail)


def test_the_same_data_written_otherwise_is_no_difference(cast: Cast, take: Import) -> None:
    take(csv_list(row("林 小满", OWN, head="林桂芳", sex="女", birth="2017年5月20日", village="莲花村")))
    assert kinds(cast) == []


def test_gone_from_last_months_list(cast: Cast, take: Import) -> None:
    take(csv_list(SAME))
    take(csv_list(row("别人", ADULT, head="别人")), period=NOVEMBER)
    (raised,) = found(cast)
    assert (raised.kind, raised.child_id, raised.detail["period"]) == (
        "gone",
        cast.children["own"].pk,
        "2026-11",
    )


def test_nobody_is_gone_while_the_townships_list_is_missing(cast: Cast, take: Import) -> None:
    take(csv_list(SAME))
    other = csv_list(
        row("别人", ADULT, head="别人", village="正兴街社区"), title="梓潼街道2026年11月低保人员花名册"
    )
    take(other, name="梓潼街道低保.csv", period=NOVEMBER)
    assert kinds(cast) == []


def test_finding_again_changes_nothing(cast: Cast, take: Import) -> None:
    take(csv_list(SAME, UNKNOWN))
    before = [(d.pk, d.detail, d.due_date) for d in found(cast)]
    with acting(cast, "clerk"):
        run = month_run(cast)
        for _time in range(2):
            finding.finish_run(run, at=AT + dt.timedelta(days=3))
    assert [(d.pk, d.detail, d.due_date) for d in found(cast)] == before


def test_what_is_no_longer_found_goes_unless_somebody_has_touched_it(cast: Cast, take: Import) -> None:
    take(csv_list(UNKNOWN, row("罗立秋", "", birth="2013-08-07", head="罗长河")))
    _first, second = found(cast)
    with acting(cast, "supervisor") as actor:
        service.report_finding(discrepancy=second, verification=BY_PHONE, actor=actor, at=AT)
    with acting(cast, "clerk"):
        run = month_run(cast)
        ListImport.objects.update(state=ListImport.State.REPLACED)
        finding.finish_run(run, at=AT)
    assert [d.pk for d in found(cast)] == [second.pk]


def test_untrue_and_open_ones_are_not_raised_again_next_month(cast: Cast, take: Import) -> None:
    take(csv_list(UNKNOWN))
    take(csv_list(UNKNOWN), period=NOVEMBER)
    (raised,) = found(cast)
    with acting(cast, "clerk") as actor:
        service.decide(discrepancy=raised, state="untrue", reason="已在外县登记", actor=actor, at=AT)
    take(csv_list(UNKNOWN), period=DECEMBER)
    assert [d.pk for d in found(cast)] == [raised.pk]


def test_uncheckable_ones_are_raised_again_next_month(cast: Cast, take: Import) -> None:
    take(csv_list(UNKNOWN))
    (raised,) = found(cast)
    with acting(cast, "clerk") as actor:
        service.decide(discrepancy=raised, state="uncheckable", reason="全家外出", actor=actor, at=AT)
    take(csv_list(UNKNOWN), period=NOVEMBER)
    assert len(found(cast)) == 2


# --- The township reports -------------------------------------------------------------------------------


@pytest.fixture
def differing(cast: Cast, take: Import) -> Discrepancy:
    take(csv_list(row("林小曼", OWN, head="林桂芳", sex="女", birth="2017-05-21")))
    (raised,) = found(cast)
    return raised


def test_the_township_sees_checks_and_reports(cast: Cast, differing: Discrepancy) -> None:
    client = cast.client("supervisor")
    assert "林小满" in client.get(reverse("cases:discrepancies")).content.decode()
    page = client.get(reverse("cases:discrepancy", args=[differing.pk]))
    assert page.status_code == 200
    assert page.context["may_find"]
    assert not page.context["choices"]
    address = reverse("cases:discrepancy_found", args=[differing.pk])
    assert client.post(address, {"found": "true", "method": "phone", "text": ""}).status_code == 422
    assert client.post(address, {"found": "true", "text": "户口簿上是小曼"}).status_code == 422
    said = {"found": "true", "method": "phone", "text": "户口簿上是小曼"}
    assert client.post(address, said).status_code == 302
    (told,) = found(cast)
    assert (told.state, told.found, told.outcome) == ("verified", "true", "户口簿上是小曼")
    assert (told.method, told.verified_by_id) == ("phone", cast.users["supervisor"].pk)
    text = cast.client("clerk").get(reverse("cases:discrepancy", args=[differing.pk])).content.decode()
    assert "户口簿上是小曼" in text
    assert "李守安" in text


def test_another_township_and_county_see_nothing(cast: Cast, differing: Discrepancy) -> None:
    for member in ("other_supervisor", "other_director", "stranger"):
        assert found(cast, member) == []
        assert cast.client(member).get(reverse("cases:discrepancy", args=[differing.pk])).status_code == 404


@pytest.mark.parametrize("member", ["supervisor", "director", "approver", "leader"])
def test_only_the_clerk_decides(cast: Cast, differing: Discrepancy, member: str) -> None:
    with acting(cast, member) as actor, pytest.raises(TransitionRefused):
        service.decide(discrepancy=differing, state="untrue", reason="不对", actor=actor, at=AT)
    answer = cast.client(member).post(
        reverse("cases:discrepancy_decide", args=[differing.pk]),
        {"action": "untrue", "untrue-reason": "不对"},
    )
    assert answer.status_code == 403
    assert found(cast)[0].state == "to_check"


def test_the_clerk_reports_nothing_for_the_township(cast: Cast, differing: Discrepancy) -> None:
    with acting(cast, "clerk") as actor, pytest.raises(TransitionRefused):
        service.report_finding(discrepancy=differing, verification=BY_PHONE, actor=actor, at=AT)


# --- The county decides ---------------------------------------------------------------------------------


def test_correcting_the_register_from_the_list(cast: Cast, differing: Discrepancy) -> None:
    answer = cast.client("clerk").post(
        reverse("cases:discrepancy_decide", args=[differing.pk]),
        {"action": "true:correct", "correct-fields_taken": ["name"], "true-correct-reason": "户口簿为准"},
    )
    assert answer.status_code == 302
    with acting(cast, "clerk"):
        child = Child.objects.get(pk=cast.children["own"].pk)
        record = TransitionRecord.objects.get(subject="cases.discrepancy", name="true")
    assert (child.name, child.birth_date) == ("林小曼", dt.date(2017, 5, 20))
    (decided,) = found(cast)
    assert (decided.state, decided.remedy, decided.reason) == ("true", "correct", "户口簿为准")
    assert decided.decided_by_id == cast.users["clerk"].pk
    assert (record.reason_code, record.reason) == ("correct", "户口簿为准")


def test_the_number_is_taken_from_the_row_itself(cast: Cast, take: Import) -> None:
    another_child(cast, "苏谷雨", "")
    take(csv_list(row("苏谷雨", SECOND, head="林桂芳", birth="2016-04-20", sex="女")))
    raised = next(d for d in found(cast) if d.kind == "different")
    with acting(cast, "clerk") as actor:
        service.decide(
            discrepancy=raised,
            state="true",
            remedy="correct",
            data={"fields_taken": ["id_number"]},
            reason="户口簿",
            actor=actor,
            at=AT,
        )
        assert Child.objects.get(pk=raised.child_id).id_number == SECOND


def test_asking_for_a_visit(cast: Cast, differing: Discrepancy) -> None:
    with acting(cast, "clerk") as actor:
        service.decide(
            discrepancy=differing,
            state="true",
            remedy="visit",
            data={"due_date": dt.date(2026, 10, 16)},
            reason="入户核对户口簿",
            actor=actor,
            at=AT,
        )
    with acting(cast, "director"):
        task = VisitTask.objects.get()
        assert (task.child_id, task.due_date) == (differing.child_id, dt.date(2026, 10, 16))
        assert "入户核对户口簿" in task.reason


def test_a_remedy_that_fails_leaves_the_discrepancy_undecided(
    cast: Cast, differing: Discrepancy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(discrepancy: Discrepancy, actor: Any, at: Any, data: Any, reason: str) -> str:
        Child.objects.filter(pk=discrepancy.child_id).update(address="写了一半")
        raise TransitionRefused("做不到")

    broken = Remedy("broken", "x", "x", frozenset(Discrepancy.Kind.values), breaks)  # type: ignore[arg-type]
    monkeypatch.setitem(REMEDIES, "broken", broken)
    with acting(cast, "clerk") as actor, pytest.raises(TransitionRefused):
        service.decide(
            discrepancy=differing, state="true", remedy="broken", reason="试试", actor=actor, at=AT
        )
    with acting(cast, "clerk"):
        assert Child.objects.get(pk=differing.child_id).address == ""
        assert not TransitionRecord.objects.filter(subject="cases.discrepancy").exists()
    assert found(cast)[0].state == "to_check"
    answer = cast.client("clerk").post(
        reverse("cases:discrepancy_decide", args=[differing.pk]),
        {"action": "true:broken", "true-broken-reason": "试试"},
    )
    assert answer.status_code == 422
    assert "做不到" in answer.content.decode()


@pytest.mark.parametrize(
    "data",
    [
        {"action": "untrue"},
        {"action": "true:correct", "true-correct-reason": "没选字段"},
        {
            "action": "true:top_up",
            "true-top_up-reason": "不适用",
            "top_up-amount": "1",
            "top_up-start_month": "2026-11",
        },
        {"action": "nonsense", "nonsense-reason": "x"},
        {},
    ],
)
def test_an_incomplete_decision_changes_nothing(
    cast: Cast, differing: Discrepancy, data: dict[str, str]
) -> None:
    answer = cast.client("clerk").post(reverse("cases:discrepancy_decide", args=[differing.pk]), data)
    assert answer.status_code == 422
    assert found(cast)[0].state == "to_check"


def test_a_decision_without_effect_can_be_reopened_and_others_not(cast: Cast, differing: Discrepancy) -> None:
    client = cast.client("clerk")
    address = reverse("cases:discrepancy_decide", args=[differing.pk])
    client.post(address, {"action": "untrue", "untrue-reason": "名单写错"})
    assert client.post(address, {"action": "reopen", "reason": "又查到了"}).status_code == 302
    assert found(cast)[0].state == "to_check"
    client.post(address, {"action": "true:nothing", "true-nothing-reason": "两处都对"})
    assert client.post(address, {"action": "reopen", "reason": "再来"}).status_code == 422
    assert found(cast)[0].state == "true"


def test_registering_leads_to_a_new_file(cast: Cast, take: Import) -> None:
    take(csv_list(UNKNOWN))
    (raised,) = found(cast)
    with acting(cast, "clerk") as actor:
        service.decide(
            discrepancy=raised, state="true", remedy="register", reason="应建档", actor=actor, at=AT
        )
    text = cast.client("supervisor").get(reverse("cases:discrepancy", args=[raised.pk])).content.decode()
    assert reverse("cases:child_add") in text
