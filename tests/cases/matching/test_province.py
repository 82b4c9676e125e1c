"""A run over several counties: one job a county, the same result whatever the order and however often it begins."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, models
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from cases.matching import tasks
from cases.matching.discrepancies import services as discrepancies
from cases.matching.intake import uploads
from cases.matching.intake.imports import open_run, receive_list, stage_received
from cases.matching.reading.files import ListFileError
from cases.matching.review import services as review
from cases.matching.runs import executions, province
from cases.matching.runs import match as matching
from cases.matching.runs.match import lists_of, run_match
from cases.models import (
    Child,
    ListImport,
    ListRow,
    MatchCandidate,
    MatchExecution,
    MatchRun,
    RuleDecision,
)
from staff import jobs
from staff.enums import Role
from staff.models import Job, Region
from staff.policies import RowScope
from staff.scope import open_scope, system_scope
from staff.workflow import Actor
from tests.cases.matching.conftest import AT, MINOR, OCTOBER, OWN, acting, number
from tests.cast import COUNTY, Cast, make_child

PREFECTURE, SECOND_COUNTY, SECOND_VILLAGE = 500100000000, 500153000000, 500153100001
THERE = number("50015320160420204")
STRANGER = number("50015320150420203")

LINES = f"""list_row_id,list_type,file,sender_code,hh_no,name,id_number,relation,sex,birth_date,head_name,head_id,village_name
1,dibao,a,500152001,1,林小满,{OWN},孙女,女,2017-05-20,林桂芳,,莲花社区
2,dibao,a,500152001,2,路人甲,{MINOR},本人,女,2012-09-08,路人甲,,莲花社区
3,dibao,a,500153100,1,苏谷雨,{THERE},孙女,女,2016-04-20,林桂芳,,昌元村
4,dibao,a,500153100,2,路人乙,{STRANGER},本人,女,2015-04-20,路人乙,,昌元村
"""
Capture = Any


@pytest.fixture
def wide(cast: Cast) -> MatchRun:
    """A prefecture of two counties, its list staged."""
    with system_scope(reason="test", log=False):
        for code, name, level, parent in (
            (SECOND_COUNTY, "荣昌区", "county", PREFECTURE),
            (500153100000, "昌元街道", "township", SECOND_COUNTY),
            (SECOND_VILLAGE, "昌元村", "village", 500153100000),
        ):
            Region.objects.create(code=code, name=name, level=level, parent_id=parent)

        make_child(SECOND_VILLAGE, "苏谷雨", id_number=THERE, birth_date=dt.date(2016, 4, 20))
        received, _new = receive_list(
            data=LINES.encode(), name="list.csv", kind="dibao", period=OCTOBER, region_id=PREFECTURE, at=AT
        )
        stage_received(received)
        return open_run(region_id=PREFECTURE, period=OCTOBER)


def start(run: MatchRun, capture: Capture) -> None:
    with capture(execute=True), system_scope(reason="test", log=False):
        uploads.start_match(run, at=AT)


def pairs() -> list[Any]:
    found = MatchCandidate._base_manager.filter(role="child").order_by(
        "list_row__list_import", "list_row__row"
    )
    return list(found.values_list("run__region_id", "list_row__row", "child__name", "tier"))


def test_each_county_is_matched_by_a_job_of_its_own(
    cast: Cast, wide: MatchRun, django_capture_on_commit_callbacks: Capture
) -> None:
    start(wide, django_capture_on_commit_callbacks)
    with system_scope(reason="test", log=False):
        assert pairs() == [(COUNTY, 0, "林小满", "auto"), (SECOND_COUNTY, 2, "苏谷雨", "auto")]
        parts = list(MatchRun.objects.filter(part_of=wide).order_by("region_id"))
        assert [(p.region_id, p.counts["rows"]) for p in parts] == [(COUNTY, 2), (SECOND_COUNTY, 2)]
        wide.refresh_from_db()
        assert wide.state in ("done", "review")
        assert (wide.counts["rows"], wide.counts["auto"], wide.counts["parts_done"]) == (4, 2, 2)
        assert Job.objects.filter(kind=uploads.MATCH, state="done").count() == 3
        assert list(MatchExecution.objects.filter(run=wide).values_list("number", "state")) == [(1, "done")]
        # Nobody's row of the one county lies in the other.
        assert {row.region_id // 10**6 for row in ListRow.objects.all()} == {500152, 500153}
        # Each county has a list of its own rows; the whole one counts once in what is above.
        cut = ListImport.objects.filter(part_of__region=PREFECTURE).order_by("region_id")
        assert [(each.region_id, each.row_count, each.state) for each in cut] == [
            (COUNTY, 2, "staged"), (SECOND_COUNTY, 2, "staged"),
        ]  # fmt: skip
        assert [each.region_id for each in lists_of(wide)] == [PREFECTURE]
    # The county's people see their part, and nothing of the neighbours.
    page = cast.client("clerk").get(reverse("cases:run", args=[parts[0].pk]))
    assert page.status_code == 200
    assert cast.client("clerk").get(reverse("cases:run", args=[parts[1].pk])).status_code == 404


def test_the_result_does_not_depend_on_the_order_of_the_counties(
    cast: Cast, wide: MatchRun, django_capture_on_commit_callbacks: Capture
) -> None:
    hashes = []
    for backwards in (False, True):
        with system_scope(reason="test", log=False):
            split = province.split(wide, at=AT)
            waiting = Job.objects.filter(kind=uploads.MATCH, state="queued").order_by("region_id")
            for job in reversed(waiting) if backwards else waiting:
                tasks.match(job)
                Job.objects.filter(pk=job.pk).update(state="done")
            last = MatchExecution.objects.filter(run__in=split).order_by("region_id", "number")
            hashes.append(list({each.region_id: each.counts["result_sha256"] for each in last}.values()))
    assert hashes[0] == hashes[1]
    assert len(hashes[0]) == 2


def test_a_split_that_begins_again_starts_no_county_twice(
    cast: Cast, wide: MatchRun, django_capture_on_commit_callbacks: Capture
) -> None:
    with system_scope(reason="test", log=False):
        first = province.split(wide, at=AT)
        again = province.split(wide, at=AT)
        assert [p.pk for p in first] == [p.pk for p in again]
        assert Job.objects.filter(kind=uploads.MATCH).count() == 2
        # Half of it done is not done.
        job = Job.objects.filter(kind=uploads.MATCH).order_by("region_id")[0]
        tasks.match(job)
        assert not province.gather(wide, at=AT)
        wide.refresh_from_db()
        assert (wide.state, wide.counts["parts_done"], wide.counts["parts"]) == ("running", 1, 2)


def test_many_rows_are_matched_one_prefecture_after_another(
    cast: Cast, wide: MatchRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    with system_scope(reason="test", log=False):
        run_match(wide.pk)
        whole = MatchExecution.objects.get(run=wide)
        monkeypatch.setattr(matching, "MANY_ROWS", 1)
        run_match(wide.pk)
        parted = MatchExecution.objects.filter(run=wide).order_by("-number")[0]
        assert executions.result_of(parted).equals(executions.result_of(whole))
        assert parted.counts["auto"] == 2


# --- The people of a county of the run ----------------------------------------------------------------------

DOUBTFUL = LINES.replace(f"林小满,{OWN}", f"林小曼儿,{OWN}")


@pytest.fixture
def doubtful(cast: Cast, wide: MatchRun, django_capture_on_commit_callbacks: Capture) -> MatchRun:
    """The county's run, a part of the wider one, with a pair that waits for a person and a row of no county."""
    with system_scope(reason="test", log=False):
        ListImport.objects.update(state="replaced")
        nowhere = f"5,dibao,a,,9,无处人,{number('50015219850908321')},本人,女,1985-09-08,无处人,,\n"
        received, _new = receive_list(
            data=(DOUBTFUL + nowhere).encode(), name="b.csv", kind="dibao", period=OCTOBER,
            region_id=PREFECTURE, at=AT,
        )  # fmt: skip
        stage_received(received)
    start(wide, django_capture_on_commit_callbacks)
    with system_scope(reason="test", log=False):
        return MatchRun.objects.select_related("region").get(part_of=wide, region_id=COUNTY)


def test_the_county_matches_finishes_and_decides_its_part_of_a_wider_run(
    cast: Cast, wide: MatchRun, doubtful: MatchRun, django_capture_on_commit_callbacks: Capture
) -> None:
    client = cast.client("clerk")
    assert (doubtful.state, doubtful.counts["rows"]) == ("review", 3)
    with acting(cast, "clerk") as actor:
        pair = MatchCandidate.objects.get(run=doubtful, role="child")
        review.ACTS["other"](candidate=pair, actor=actor, at=AT)
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(reverse("cases:run_finish", args=[doubtful.pk]), follow=True)
    assert answer.status_code == 200
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("cases:run_start", args=[doubtful.pk]))
    with acting(cast, "clerk"):
        last = MatchExecution.objects.filter(run=doubtful).order_by("-number")[0]
        assert (last.number, last.state, last.counts["rows"]) == (2, "done", 3)
        assert last.counts["changes"] == {"added": 0, "removed": 0, "retiered": 0}
        kept = MatchCandidate.objects.get(run=doubtful, role="child")
        assert (kept.pk, kept.state, kept.decided_by_id) == (pair.pk, "rejected", cast.users["clerk"].pk)
        doubtful.refresh_from_db()
        assert doubtful.state == "done"
        (mine,) = lists_of(doubtful)
        with pytest.raises(uploads.UploadRefused):
            uploads.withdraw_list(actor=Actor.current(), at=AT, list_import=mine)
    assert client.get(reverse("cases:list", args=[mine.pk])).status_code == 200
    with system_scope(reason="test", log=False):
        wide.refresh_from_db()
        assert wide.state == "done"


def test_the_last_decision_of_a_county_closes_the_wider_run(
    cast: Cast, wide: MatchRun, doubtful: MatchRun, django_capture_on_commit_callbacks: Capture
) -> None:
    with system_scope(reason="test", log=False):
        wide.refresh_from_db()
        assert wide.state == "review"
        pair = MatchCandidate.objects.get(run=doubtful, role="child")
    with django_capture_on_commit_callbacks(execute=True):
        answer = cast.client("clerk").post(
            reverse("cases:candidate_decide", args=[pair.pk]), {"action": "other", "queue": ""}
        )
    assert answer.status_code == 302
    with system_scope(reason="test", log=False):
        wide.refresh_from_db()
        assert wide.state == "done"


def test_a_list_taken_out_above_goes_from_the_counties(
    cast: Cast, wide: MatchRun, doubtful: MatchRun, django_capture_on_commit_callbacks: Capture
) -> None:
    with system_scope(reason="test", log=False):
        ListImport.objects.filter(part_of=None, state="staged").update(state="preview")
    start(wide, django_capture_on_commit_callbacks)
    with system_scope(reason="test", log=False):
        assert lists_of(doubtful) == []
        assert pairs() == []


def test_a_county_that_failed_ends_the_wider_run_which_beat_leaves_to_a_person(
    cast: Cast, wide: MatchRun, django_capture_on_commit_callbacks: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = tasks.run_match

    def broken(run_id: int, **named: Any) -> Any:
        with system_scope(reason="test", log=False):
            if MatchRun.objects.get(pk=run_id).region_id == SECOND_COUNTY:
                raise ListFileError("The file is gone.")
        return real(run_id, **named)

    monkeypatch.setattr(tasks, "run_match", broken)
    start(wide, django_capture_on_commit_callbacks)
    with system_scope(reason="test", log=False):
        wide.refresh_from_db()
        assert (wide.state, wide.counts["parts_done"]) == ("failed", 1)
        assert MatchExecution.objects.get(run=wide).state == "failed"
    with django_capture_on_commit_callbacks(execute=True):
        assert tasks.start_monthly_runs("2026-10-20") == []
    # The county is matched again: the whole is done with it.
    monkeypatch.setattr(tasks, "run_match", real)
    with system_scope(reason="test", log=False):
        start(MatchRun.objects.get(part_of=wide, region_id=SECOND_COUNTY), django_capture_on_commit_callbacks)
        wide.refresh_from_db()
        assert wide.state in ("done", "review")
        assert MatchExecution.objects.get(run=wide).state == "done"


def test_a_county_that_is_cancelled_ends_the_wider_run(
    cast: Cast, wide: MatchRun, django_capture_on_commit_callbacks: Capture
) -> None:
    with system_scope(reason="test", log=False):
        province.split(wide, at=AT)
        for job in Job.objects.filter(kind=uploads.MATCH):
            jobs.cancel(job)
            jobs.run_job(str(job.pk))
        wide.refresh_from_db()
        assert wide.state == "cancelled"
        assert MatchExecution.objects.get(run=wide).state == "cancelled"


def test_a_time_of_several_counties_is_not_repeated(
    cast: Cast, wide: MatchRun, django_capture_on_commit_callbacks: Capture
) -> None:
    start(wide, django_capture_on_commit_callbacks)
    with system_scope(reason="test", log=False):
        execution = MatchExecution.objects.select_related("run__region").get(run=wide)
        clerk = Actor(user_id=cast.users["clerk"].pk, assignment_id=0, role=Role.CLERK)
        with pytest.raises(uploads.UploadRefused):
            uploads.repeat_match(actor=clerk, at=AT, execution=execution)
        assert MatchExecution.objects.filter(run=wide).count() == 1


def test_a_rule_that_one_county_has_decided_by_a_person_is_so_in_all(cast: Cast, wide: MatchRun) -> None:
    with system_scope(reason="test", log=False):
        region = Region.objects.get(pk=PREFECTURE)
        rule = sorted(executions.settings_today(region).automatic)[0]
        RuleDecision.objects.create(
            region_id=SECOND_COUNTY, rule=rule, automatic=False, reason="test",
            user_id=cast.users["clerk"].pk, at=timezone.now(),
        )  # fmt: skip
        assert rule not in executions.settings_today(region).automatic
        assert rule in executions.settings_today(Region.objects.get(pk=COUNTY)).automatic


# --- The way to a database in shards ------------------------------------------------------------------------

# Tables without people's data: divisions, holidays, settings and accounts stand on every shard.
EVERYWHERE = {
    "staff_region",
    "staff_holiday",
    "staff_parameter",
    "staff_user",
    "staff_assignment",
    "staff_post",
}
# Half a key of an account's phones: it hangs on the account.
OF_ACCOUNTS = {"cases.FieldSecret"}
LOCAL = re.compile(r"region_code|region_id")


def test_every_table_with_data_of_people_bears_its_region() -> None:
    without = []
    for model in apps.get_models():
        scopes = [c for c in model._meta.constraints if isinstance(c, RowScope)]
        columns = {f.column for f in model._meta.concrete_fields}
        if model._meta.app_label == "cases" and scopes and "region_code" not in columns:
            without.append(model._meta.label)
    assert set(without) == OF_ACCOUNTS


def test_the_queries_of_a_county_s_match_keep_to_the_county(cast: Cast, wide: MatchRun) -> None:
    """Every statement on a table with people's data names the region, or rows by a key of the run or its lists."""
    with open_scope(cast.scope("clerk")):
        pass
    with system_scope(reason="test", ranges=[(PREFECTURE, PREFECTURE + 99_999_999)], log=False):
        province.split(wide, at=AT)
        run = MatchRun.objects.get(part_of=wide, region_id=COUNTY)
        with CaptureQueriesContext(connection) as captured:
            run_match(run.pk)
            discrepancies.finish_run(MatchRun.objects.select_related("region").get(pk=run.pk), at=AT)
    keyed = re.compile(r"\"?(run_id|list_import_id|list_row_id|child_id|id|part_of_id|code)\"? (=|IN|= ANY)")
    tables = {m._meta.db_table for m in apps.get_models() if _of_people(m)}
    stray = [
        query["sql"]
        for query in captured
        if any(f'"{table}"' in query["sql"] or f" {table} " in query["sql"] for table in tables)
        and query["sql"]
        .lstrip()
        .upper()
        .startswith(("SELECT", "UPDATE", "DELETE", "INSERT INTO CASES_MATCHCANDIDATE"))
        and not LOCAL.search(query["sql"].partition("WHERE")[2])
        and not keyed.search(query["sql"])
    ]
    assert len(captured) > 20
    assert stray == []


def _of_people(model: type[models.Model]) -> bool:
    return model._meta.app_label == "cases" and model._meta.db_table not in EVERYWHERE


def test_children_of_the_neighbouring_county_are_not_read(cast: Cast, wide: MatchRun) -> None:
    with system_scope(reason="test", log=False):
        province.split(wide, at=AT)
        part = MatchRun.objects.get(part_of=wide, region_id=COUNTY)
        counts = run_match(part.pk)
        there = Child.objects.filter(region__gte=COUNTY, region__lte=COUNTY + 999_999, left_date=None).count()
    assert counts["children"] == there
