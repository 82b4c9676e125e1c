"""A month that is matched more than once: nothing twice, nothing lost, and the page says what happened."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pytest
from django.db import connection, connections
from django.urls import reverse

from cases.matching.intake import imports, stage, uploads
from cases.matching.intake import services as intake
from cases.matching.reading.files import ListFileError
from cases.matching.review import services as review
from cases.matching.runs import executions, match
from cases.matching.runs.match import run_match
from cases.models import (
    Child,
    Discrepancy,
    ListImport,
    ListRow,
    MatchCandidate,
    MatchExecution,
    MatchRun,
)
from staff import jobs
from staff.models import Job, Region
from staff.scope import system_scope
from tests.cases.matching.conftest import (
    AT,
    MINOR,
    OCTOBER,
    OWN,
    SECOND,
    Import,
    acting,
    another_child,
    csv_list,
    month_run,
    number,
    row,
)
from tests.cast import COUNTY, Cast

FIRST = csv_list(row("林小满", OWN, head="林桂芳"), row("路人甲", number("50015219800101101"), head="路人甲"))
OTHER = csv_list(row("苏谷雨", SECOND, head="苏长林"), title="梓潼街道2026年10月低保人员花名册")
NOVEMBER = dt.date(2026, 11, 1)
Capture = Any


def pairs(cast: Cast) -> list[tuple[Any, ...]]:
    with acting(cast, "clerk"):
        found = MatchCandidate.objects.order_by("pk")
        return list(found.values_list("pk", "list_row_id", "child_id", "role", "person_id", "tier", "state"))


def everything(cast: Cast) -> list[Any]:
    """All that a run leaves to people, with the histories that a change would make."""
    with acting(cast, "clerk"):
        models = (ListRow, MatchCandidate, Discrepancy)
        rows = [list(m.objects.order_by("pk").values_list("pk", flat=True)) for m in models]
        events = [m.pgh_event_model._base_manager.count() for m in models if hasattr(m, "pgh_event_model")]
    return [pairs(cast), rows, events]


def again(cast: Cast, capture: Capture, period: dt.date = OCTOBER) -> MatchExecution:
    """The clerk has the month matched once more."""
    run = month_run(cast, period)
    with capture(execute=True):
        cast.client("clerk").post(reverse("cases:run_start", args=[run.pk]))
    return latest(cast, period)


def latest(cast: Cast, period: dt.date = OCTOBER) -> MatchExecution:
    with acting(cast, "clerk"):
        return (
            MatchExecution.objects.filter(run__period=period)
            .select_related("run", "result")
            .order_by("-number")[0]
        )


def page(cast: Cast, run: MatchRun) -> str:
    answer = cast.client("clerk").get(reverse("cases:run", args=[run.pk]), headers={"accept-language": "en"})
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_same_lists_again_change_nothing(
    cast: Cast, take: Import, django_capture_on_commit_callbacks: Capture
) -> None:
    another_child(cast)
    take(FIRST)
    before = everything(cast)
    execution = again(cast, django_capture_on_commit_callbacks)
    assert everything(cast) == before
    assert execution.number == 2
    assert execution.counts["changes"] == {"added": 0, "removed": 0, "retiered": 0}
    first = executions_of(cast)[0]
    assert first.counts["result_sha256"] == execution.counts["result_sha256"]
    assert first.fingerprint == execution.fingerprint != ""
    assert "与上一次没有差别" in page(cast, execution.run) or "Nothing differs" in page(cast, execution.run)


def executions_of(cast: Cast) -> list[MatchExecution]:
    with acting(cast, "clerk"):
        return list(MatchExecution.objects.order_by("number").select_related("result", "run"))


def test_a_late_list_is_added_and_what_was_there_stays(cast: Cast, take: Import) -> None:
    another_child(cast)
    take(FIRST)
    before = pairs(cast)
    take(OTHER, name="梓潼街道低保.csv")
    after = pairs(cast)
    assert set(before) < set(after)
    execution = latest(cast)
    assert [len(each.lists) for each in executions_of(cast)] == [1, 2]
    assert execution.counts["changes"]["added"] > 0 == execution.counts["changes"]["removed"]
    found = executions.compare(*executions_of(cast))
    assert {each.why for each in found} == {"list_new"}


def test_a_corrected_list_takes_the_place_of_the_other_and_decisions_hold(
    cast: Cast, take: Import, django_capture_on_commit_callbacks: Capture
) -> None:
    doubtful = row("林小曼儿", OWN, head="林桂芳")
    wrong = take(csv_list(doubtful, row("路人乙", "", head="路人乙", amount="1")))
    with acting(cast, "clerk") as actor:
        pair = MatchCandidate.objects.get(role="child")
        assert pair.state == "pending"
        review.ACTS["other"](candidate=pair, actor=actor, at=AT)
    corrected = csv_list(doubtful, row("路人乙", "", head="路人乙", amount="900"))
    with django_capture_on_commit_callbacks(execute=True), acting(cast, "clerk") as actor:
        received, _new = intake.take_list(
            actor=actor,
            at=AT,
            data=corrected,
            name="更正.csv",
            kind="dibao",
            period=OCTOBER,
            region_id=COUNTY,
        )
        assert [each.pk for each in uploads.replaceable(received)] == [wrong.pk]
        uploads.confirm_list(actor=actor, at=AT, list_import=received, replaces=wrong)
    with acting(cast, "clerk"):
        assert list(ListImport.objects.order_by("pk").values_list("state", "replaces_id")) == [
            ("replaced", None), ("staged", wrong.pk),
        ]  # fmt: skip
        (pair,) = MatchCandidate.objects.filter(role="child").select_related("list_row")
        assert (pair.list_row.list_import_id, pair.state, pair.remembered) == (received.pk, "rejected", True)
        assert not ListRow.objects.filter(list_import=wrong).exists()
    assert month_run(cast).counts["rows"] == 2


def test_a_list_of_another_month_cannot_be_corrected(cast: Cast, take: Import) -> None:
    wrong = take(FIRST)
    with acting(cast, "clerk") as actor:
        received, _new = intake.take_list(
            actor=actor, at=AT, data=OTHER.replace("10月".encode("gb18030"), "11月".encode("gb18030")),
            name="x.csv", kind="dibao", period=NOVEMBER, region_id=COUNTY,
        )  # fmt: skip
        with pytest.raises(uploads.UploadRefused):
            uploads.confirm_list(actor=actor, at=AT, list_import=received, replaces=wrong)


def test_the_same_rows_in_another_file_are_refused_with_a_sentence(cast: Cast, take: Import) -> None:
    take(FIRST)
    before = everything(cast)
    lines = FIRST.decode("gb18030").splitlines()
    other_file = "\n".join(["", *lines[1:-1]]).encode("gb18030")
    second = take(other_file, name="又一份.csv")
    with acting(cast, "clerk"):
        second.refresh_from_db()
        job = Job.objects.get(kind=uploads.STAGE, arguments__list_import=second.pk)
    assert (second.state, job.state) == ("preview", "failed")
    assert "桂林街道低保.csv" in job.error
    assert everything(cast) == before
    assert job.error in page(cast, month_run(cast))
    with acting(cast, "clerk") as actor:
        uploads.discard_list(actor=actor, at=AT, list_import=second)


def test_a_list_of_the_wrong_month_is_taken_out_again(
    cast: Cast, take: Import, django_capture_on_commit_callbacks: Capture
) -> None:
    mistaken = take(FIRST)
    assert pairs(cast)
    with django_capture_on_commit_callbacks(execute=True), acting(cast, "clerk") as actor:
        uploads.withdraw_list(actor=actor, at=AT, list_import=mistaken)
    with acting(cast, "clerk") as actor:
        mistaken.refresh_from_db()
        assert mistaken.state == "preview"
        assert not MatchCandidate.objects.exists()
        assert not ListRow.objects.exists()
        assert not Discrepancy.objects.exists()
        uploads.discard_list(actor=actor, at=AT, list_import=mistaken)
    before, after = executions_of(cast)
    assert {each.why for each in executions.compare(before, after)} == {"list_gone"}


def test_a_child_on_two_lists_of_one_kind_is_found_once(cast: Cast, take: Import) -> None:
    take(FIRST)
    take(csv_list(row("林小满", OWN, head="林桂芳", village="外南街社区")), name="梓潼街道低保.csv")
    with acting(cast, "clerk"):
        children = MatchCandidate.objects.filter(role="child", state="accepted")
        assert list(children.values_list("child_id", flat=True)) == [cast.children["own"].pk] * 2
        kinds = Discrepancy.objects.filter(child=cast.children["own"]).values_list("kind", "list_kind")
        assert len(kinds) == len(set(kinds))


def test_a_run_that_is_cancelled_in_the_middle_changes_nothing(
    cast: Cast, take: Import, django_capture_on_commit_callbacks: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    another_child(cast)
    take(FIRST)
    take(OTHER, name="梓潼街道低保.csv")
    before = everything(cast)
    rename(cast)
    real = match.find_pairs

    def stop_first(*arguments: Any, **named: Any) -> Any:
        with system_scope(reason="test", log=False):
            for job in Job.objects.filter(state=Job.State.QUEUED):
                jobs.cancel(job)
        return real(*arguments, **named)

    monkeypatch.setattr(match, "find_pairs", stop_first)
    execution = again(cast, django_capture_on_commit_callbacks)
    assert everything(cast) == before
    assert (execution.state, execution.result_id) == ("cancelled", None)
    assert "stopped; what was there before has stayed" in page(cast, execution.run) or "停止" in page(
        cast, execution.run
    )
    monkeypatch.setattr(match, "find_pairs", real)
    assert again(cast, django_capture_on_commit_callbacks).state == "done"
    assert month_run(cast).state in ("done", "review")


def rename(cast: Cast) -> None:
    with acting(cast, "clerk"):
        Child.objects.filter(pk=cast.children["own"].pk).update(name="林小曼")


def test_stop_stops_staging_too(cast: Cast, django_capture_on_commit_callbacks: Capture) -> None:
    with django_capture_on_commit_callbacks(execute=True), acting(cast, "clerk") as actor:
        received, _new = intake.take_list(
            actor=actor, at=AT, data=FIRST, name="x.csv", kind="dibao", period=OCTOBER, region_id=COUNTY
        )
        run = uploads.confirm_list(actor=actor, at=AT, list_import=received)
        assert uploads.cancel_run(run)
    with acting(cast, "clerk"):
        received.refresh_from_db()
        assert (received.state, received.frame_id) == ("preview", None)
        assert not uploads.cancel_run(run)


def test_a_repetition_goes_by_the_lists_and_rules_of_its_time_and_touches_no_pair(
    cast: Cast, take: Import, django_capture_on_commit_callbacks: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    another_child(cast)
    take(FIRST)
    first = latest(cast)
    take(OTHER, name="梓潼街道低保.csv")
    before = everything(cast)
    # Since then a rule has been taken out of the automatic ones.
    demoted = executions.settings_today(Region.objects.get(pk=COUNTY)).demoted("same_number_and_name")
    monkeypatch.setattr(executions, "settings_today", lambda region: demoted)
    with django_capture_on_commit_callbacks(execute=True):
        answer = cast.client("clerk").post(reverse("cases:run_repeat", args=[first.pk]))
    repetition = latest(cast)
    assert answer.url == reverse("cases:run_execution", args=[repetition.pk])
    assert repetition.repeats_id == first.pk
    assert repetition.counts["result_sha256"] == first.counts["result_sha256"]
    assert [each["id"] for each in repetition.lists] == [each["id"] for each in first.lists]
    assert everything(cast) == before
    with acting(cast, "clerk"):
        assert executions.compare(first, repetition) == []
        Child.objects.filter(pk=cast.children["own"].pk).update(
            left_date=dt.date(2026, 10, 9), left_reason="02"
        )
    with django_capture_on_commit_callbacks(execute=True):
        cast.client("clerk").post(reverse("cases:run_repeat", args=[first.pk]))
    with acting(cast, "clerk"):
        (child, *_adults) = executions.compare(first, latest(cast))
    assert (child.role, child.first, child.second, child.why) == ("child", "auto", "", "register")


def test_the_comparison_says_what_differs_and_why(
    cast: Cast, take: Import, django_capture_on_commit_callbacks: Capture
) -> None:
    another_child(cast)
    take(FIRST)
    take(OTHER, name="梓潼街道低保.csv")
    client = cast.client("clerk")
    second = latest(cast)
    address = reverse("cases:run_compare", args=[second.pk])
    text = client.get(f"{address}?with=1").content.decode()
    assert "苏谷雨" in text
    assert "林小满" not in text
    assert SECOND not in text
    execution = again(cast, django_capture_on_commit_callbacks)
    same = client.get(f"{reverse('cases:run_compare', args=[execution.pk])}?with=2").content.decode()
    assert "苏谷雨" not in same
    assert client.get(f"{address}?with=99").status_code == 404
    detail = client.get(reverse("cases:run_execution", args=[second.pk])).content.decode()
    assert f"{address}?with=1" in detail
    assert "梓潼街道低保.csv" in detail
    assert client.get(reverse("cases:runs")).status_code == 200


def test_two_clerks_who_start_at_once_share_one_job(cast: Cast, take: Import) -> None:
    take(FIRST)
    run = month_run(cast)
    with acting(cast, "clerk"):
        first = uploads.start_match(run, at=AT)
        assert uploads.start_match(run, at=AT).pk == first.pk
        assert MatchExecution.objects.filter(run=run, state="running").count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_matches_at_once_follow_one_another(cast: Cast) -> None:
    with acting(cast, "clerk") as actor:
        received, _new = intake.take_list(
            actor=actor, at=AT, data=FIRST, name="x.csv", kind="dibao", period=OCTOBER, region_id=COUNTY
        )
        imports.stage_received(ListImport.objects.select_related("region", "file").get(pk=received.pk))
        run = imports.open_run(region_id=COUNTY, period=OCTOBER)
    failures: list[BaseException] = []

    def work() -> None:
        try:
            with acting(cast, "clerk"):
                run_match(run.pk)
        except BaseException as error:
            failures.append(error)
        finally:
            connections.close_all()

    both = [threading.Thread(target=work) for _each in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert failures == []
    found = pairs(cast)
    assert len(found) == len({each[1:5] for each in found}) > 0
    assert [each.number for each in executions_of(cast)] == [1, 2]
    assert executions_of(cast)[1].counts["changes"] == {"added": 0, "removed": 0, "retiered": 0}


def test_a_list_staged_by_an_earlier_version_is_read_again_from_its_file(cast: Cast, take: Import) -> None:
    old = take(FIRST)
    before = pairs(cast)
    with acting(cast, "clerk"):
        ListImport.objects.filter(pk=old.pk).update(
            frame=None, rows_in_file=0, rows_other=0, content_sha256=""
        )
        run_match(month_run(cast).pk)
        old.refresh_from_db()
        assert old.frame_id is not None
    assert [each[2:] for each in pairs(cast)] == [each[2:] for each in before]


def test_a_file_that_is_no_longer_readable_fails_the_run_and_changes_nothing(
    cast: Cast, take: Import, django_capture_on_commit_callbacks: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(FIRST)
    before = everything(cast)

    def broken(*_arguments: Any, **_named: Any) -> Any:
        raise ListFileError("The file is gone.")

    # A list of an earlier version has no columns yet: they are read from its file.
    with acting(cast, "clerk"):
        ListImport.objects.update(frame=None)
    monkeypatch.setattr(stage, "read_list", broken)
    execution = again(cast, django_capture_on_commit_callbacks)
    run = month_run(cast)
    with acting(cast, "clerk"):
        job = Job.objects.get(pk=run.job_id)
    assert (execution.state, job.state) == ("failed", "failed")
    for words in ("桂林街道低保.csv", "The file is gone."):
        assert words in job.error
        assert words in page(cast, run)
    with django_capture_on_commit_callbacks(execute=True):
        cast.client("clerk").post(reverse("cases:run_finish", args=[run.pk]))
    assert "桂林街道低保.csv" in page(cast, run)
    assert everything(cast) == before


def upload(cast: Cast, data: bytes, name: str) -> ListImport:
    with acting(cast, "clerk") as actor:
        received, _new = intake.take_list(
            actor=actor, at=AT, data=data, name=name, kind="dibao", period=OCTOBER, region_id=COUNTY
        )
    return received


def work(kind: str) -> list[dict[str, Any]]:
    """Do the waiting jobs of a kind in the order in which they were started, as one worker would."""
    with system_scope(reason="test", log=False):
        waiting = list(Job.objects.filter(kind=kind, state="queued").order_by("created_at"))
    for job in waiting:
        jobs.run_job(str(job.pk))
    with system_scope(reason="test", log=False):
        return [Job.objects.get(pk=job.pk).result for job in waiting]


def test_many_files_are_matched_together_once(cast: Cast) -> None:
    another_child(cast)
    third = csv_list(row("路人丙", "", head="路人丙"), title="大观镇2026年10月低保人员花名册")
    received = [upload(cast, data, f"{i}.csv") for i, data in enumerate((FIRST, OTHER, third))]
    for each in received:
        with acting(cast, "clerk") as actor:
            uploads.confirm_list(actor=actor, at=AT, list_import=each)
    work(uploads.STAGE)
    results = work(uploads.MATCH)
    assert ["left_to" in each for each in results] == [True, True, False]
    (execution,) = executions_of(cast)
    assert (execution.number, execution.state, len(execution.lists)) == (1, "done", 3)
    assert month_run(cast).state in ("done", "review")


def test_a_list_that_is_added_while_a_match_runs_is_matched_after_it(
    cast: Cast, take: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    another_child(cast)
    take(FIRST)
    late = upload(cast, OTHER, "梓潼街道低保.csv")
    real = match.find_pairs

    def meanwhile(*arguments: Any, **named: Any) -> Any:
        """The lists are read already."""
        monkeypatch.setattr(match, "find_pairs", real)
        with acting(cast, "clerk") as actor:
            uploads.confirm_list(actor=actor, at=AT, list_import=late)
        work(uploads.STAGE)
        return real(*arguments, **named)

    monkeypatch.setattr(match, "find_pairs", meanwhile)
    with acting(cast, "clerk"):
        uploads.start_match(month_run(cast), at=AT)
    work(uploads.MATCH)
    assert month_run(cast).state == "queued"
    work(uploads.MATCH)
    assert [(len(each.lists), each.state) for each in executions_of(cast)] == [
        (1, "done"), (1, "done"), (2, "done"),
    ]  # fmt: skip
    assert month_run(cast).state in ("done", "review")


def test_a_correction_that_was_taken_out_corrects_nothing_unless_it_is_said_again(
    cast: Cast, take: Import, django_capture_on_commit_callbacks: Capture
) -> None:
    first = take(FIRST)
    second = upload(cast, OTHER, "更正.csv")
    with django_capture_on_commit_callbacks(execute=True), acting(cast, "clerk") as actor:
        uploads.confirm_list(actor=actor, at=AT, list_import=second, replaces=first)
    with django_capture_on_commit_callbacks(execute=True), acting(cast, "clerk") as actor:
        uploads.withdraw_list(actor=actor, at=AT, list_import=second)
    with acting(cast, "clerk"):
        assert list(ListImport.objects.order_by("pk").values_list("state", "replaces")) == [
            ("staged", None), ("preview", None),
        ]  # fmt: skip
        # As an earlier version left it.
        ListImport.objects.filter(pk=second.pk).update(replaces=first)
    with django_capture_on_commit_callbacks(execute=True), acting(cast, "clerk") as actor:
        uploads.confirm_list(actor=actor, at=AT, list_import=second)
    with acting(cast, "clerk"):
        assert list(ListImport.objects.order_by("pk").values_list("state", "replaces")) == [
            ("staged", None), ("staged", None),
        ]  # fmt: skip


def test_the_numbers_of_strangers_are_in_no_table(cast: Cast, take: Import) -> None:
    stranger = number("50015219800101101")
    take(
        csv_list(
            row("林小满", OWN, head="林桂芳"), row("路人甲", stranger, head="路人甲"), row("小路人", MINOR)
        )
    )
    with system_scope(reason="test", log=False), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM cases_listrow WHERE name = '路人甲'")
        assert cursor.fetchone() == (0,)
