"""From a file to a matched month: preview, confirmation, the same file twice, files that are no lists,
cancelling.
"""

from __future__ import annotations

import datetime as dt
import threading
from contextlib import suppress
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.urls import reverse

from cases.matching import tasks
from cases.matching.intake import services as intake
from cases.matching.intake import uploads
from cases.matching.intake.stage import frame_of
from cases.matching.reading.files import ListFileError
from cases.models import ListImport, ListRow, MatchCandidate, MatchRun
from staff import files, jobs
from staff.models import Job, Parameter, StoredFile
from staff.scope import system_scope
from staff.workflow import TransitionRefused
from tests.cases.matching.conftest import (
    AT,
    MINOR,
    OCTOBER,
    OWN,
    Import,
    acting,
    csv_list,
    month_run,
    row,
)
from tests.cast import COUNTY, Cast

LIST = csv_list(row("林小满", OWN, head="林桂芳"), row("林大海", "12345", relation="儿子"))


def upload(cast: Cast, data: bytes = LIST, **more: Any) -> tuple[ListImport, bool]:
    with acting(cast, "clerk") as actor:
        return intake.take_list(
            **{
                "actor": actor,
                "at": AT,
                "data": data,
                "name": "低保.csv",
                "kind": "dibao",
                "period": OCTOBER,
                "region_id": COUNTY,
                **more,
            }
        )


def test_an_upload_is_kept_encrypted_and_waits_for_confirmation(cast: Cast) -> None:
    received, new = upload(cast)
    assert new
    assert received.state == "preview"
    assert received.row_count == 2
    assert [p["code"] for p in received.problems] == ["number_missing"]
    with acting(cast, "clerk"):
        assert files.read(received.file) == LIST
        assert not ListRow.objects.exists()


def test_a_file_that_is_no_list_keeps_nothing(cast: Cast) -> None:
    with pytest.raises(ListFileError):
        upload(cast, data=b"hello\nworld\n")
    client = cast.client("clerk")
    page = client.post(
        reverse("cases:list_upload"),
        {
            "kind": "dibao",
            "period": "2026-10",
            "file": SimpleUploadedFile("x.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"0" * 600),
        },
    )
    assert page.status_code == 200
    assert page.context["form"].errors["file"]
    with acting(cast, "clerk"):
        assert not ListImport.objects.exists()
        assert not StoredFile.objects.exists()


def test_upload_page_leads_to_the_preview(cast: Cast) -> None:
    page = cast.client("clerk").post(
        reverse("cases:list_upload"),
        {"kind": "tekun", "period": "2026-10", "file": SimpleUploadedFile("特困.csv", LIST)},
    )
    with acting(cast, "clerk"):
        received = ListImport.objects.get()
    assert page.url == reverse("cases:list", args=[received.pk])
    assert (received.kind, received.region_id, received.period) == ("tekun", COUNTY, OCTOBER)


def test_confirming_stages_and_matches(cast: Cast, take: Import) -> None:
    received = take(LIST)
    with acting(cast, "clerk"):
        received.refresh_from_db()
        assert received.state == "staged"
        assert frame_of(received).height == 2
        # The database keeps the rows that matter, not the stranger.
        assert list(ListRow.objects.values_list("name", flat=True)) == ["林小满"]
        pair = MatchCandidate.objects.get(role="child")
        assert (pair.child_id, pair.tier, pair.state) == (cast.children["own"].pk, "auto", "accepted")
    assert month_run(cast).state == "done"


def test_the_same_file_twice_is_one_import(cast: Cast, take: Import) -> None:
    first = take(LIST)
    with acting(cast, "clerk"):
        before = (
            list(ListRow.objects.values_list("pk", flat=True)),
            list(MatchCandidate.objects.values_list("pk", "state")),
        )
        jobs_before = Job.objects.count()
    with acting(cast, "clerk"):
        data = files.read(first.file)
    again, new = upload(cast, data=data)
    assert (again.pk, new) == (first.pk, False)
    again = take(LIST)
    with acting(cast, "clerk"):
        after = (
            list(ListRow.objects.values_list("pk", flat=True)),
            list(MatchCandidate.objects.values_list("pk", "state")),
        )
        assert Job.objects.count() == jobs_before
    assert (again.pk, after) == (first.pk, before)


def test_confirming_twice_before_the_worker_comes_starts_one_job(cast: Cast) -> None:
    received, _new = upload(cast)
    for _time in range(2):
        with acting(cast, "clerk") as actor:
            uploads.confirm_list(actor=actor, at=AT, list_import=received)
    with acting(cast, "clerk"):
        assert Job.objects.filter(kind=uploads.STAGE).count() == 1


def test_only_an_unconfirmed_upload_is_taken_back(cast: Cast, take: Import) -> None:
    received, _new = upload(cast)
    with acting(cast, "clerk") as actor:
        uploads.discard_list(actor=actor, at=AT, list_import=received)
        assert not ListImport.objects.exists()
    staged = take(LIST)
    with acting(cast, "clerk") as actor, pytest.raises(TransitionRefused):
        uploads.discard_list(actor=actor, at=AT, list_import=staged)


def test_a_list_that_is_being_imported_is_neither_taken_back_nor_read_otherwise(cast: Cast) -> None:
    received, _new = upload(cast)
    with acting(cast, "clerk") as actor:
        uploads.confirm_list(actor=actor, at=AT, list_import=received)
        with pytest.raises(uploads.UploadRefused):
            uploads.discard_list(actor=actor, at=AT, list_import=received)
        with pytest.raises(intake.IntakeRefused):
            intake.name_columns(
                actor=actor, at=AT, list_import=received, sheet=0, columns=["name", "id_number"],
                ten_thousands=False,
            )  # fmt: skip
        assert ListImport.objects.filter(pk=received.pk).exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_files_with_the_same_rows_staged_at_once_one_is_kept(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cases.matching.intake import imports

    lines = LIST.decode("gb18030").splitlines()
    both = [
        upload(cast)[0],
        upload(cast, data="\n".join(["", *lines[1:-1]]).encode("gb18030"), name="b.csv")[0],
    ]
    checked, refused = threading.Barrier(2), []
    real = imports.same_rows

    def same_rows(list_import: ListImport) -> ListImport | None:
        """Neither goes on before the other has looked, if it may look at all."""
        found = real(list_import)
        with suppress(threading.BrokenBarrierError):
            checked.wait(timeout=2)
        return found

    monkeypatch.setattr(imports, "same_rows", same_rows)

    def work(received: ListImport) -> None:
        try:
            with acting(cast, "clerk"):
                imports.stage_received(ListImport.objects.get(pk=received.pk))
        except imports.SameRowsError as error:
            refused.append(str(error))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=[each]) for each in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    with acting(cast, "clerk"):
        assert sorted(ListImport.objects.values_list("state", flat=True)) == ["preview", "staged"]


def test_only_the_clerk_uploads(cast: Cast) -> None:
    with acting(cast, "approver") as actor, pytest.raises(TransitionRefused):
        intake.take_list(
            actor=actor, at=AT, data=LIST, name="x.csv", kind="dibao", period=OCTOBER, region_id=COUNTY
        )


def test_a_cancelled_match_leaves_what_was_there(
    cast: Cast, take: Import, django_capture_on_commit_callbacks: Any
) -> None:
    take(LIST)
    run = month_run(cast)
    with acting(cast, "clerk"):
        before = list(MatchCandidate.objects.values_list("pk", "state"))
    with django_capture_on_commit_callbacks(execute=True), acting(cast, "clerk"):
        job = uploads.start_match(run, at=AT)
        jobs.cancel(job)
    with acting(cast, "clerk"):
        job.refresh_from_db()
        assert job.state == "cancelled"
        assert list(MatchCandidate.objects.values_list("pk", "state")) == before
    text = cast.client("clerk").get(reverse("cases:run", args=[run.pk])).content.decode()
    assert reverse("cases:run_start", args=[run.pk]) in text
    with django_capture_on_commit_callbacks(execute=True):
        cast.client("clerk").post(reverse("cases:run_start", args=[run.pk]))
    assert month_run(cast).state == "done"


def test_a_waiting_run_asks_again_until_it_is_over(cast: Cast) -> None:
    received, _new = upload(cast)
    with acting(cast, "clerk") as actor:
        run = uploads.confirm_list(actor=actor, at=AT, list_import=received)
    client = cast.client("clerk")
    address = reverse("cases:run_progress", args=[run.pk])
    assert f'hx-get="{address}"' in client.get(reverse("cases:run", args=[run.pk])).content.decode()
    assert client.get(address).status_code == 200
    with acting(cast, "clerk"):
        Job.objects.update(state="failed", error="完全坏了", finished_at=AT)
    over = client.get(address)
    assert (over.status_code, over["HX-Refresh"]) == (204, "true")
    assert "完全坏了" in client.get(reverse("cases:run", args=[run.pk])).content.decode()


# --- Beat -----------------------------------------------------------------------------------------------


def staged_without_match(cast: Cast) -> None:
    from cases.matching.intake.imports import stage_received

    received, _new = upload(cast)
    with acting(cast, "clerk"):
        stage_received(ListImport.objects.select_related("region", "file").get(pk=received.pk))


def beat(day: str, capture: Any) -> list[int]:
    with capture(execute=True):
        return tasks.start_monthly_runs(day)


def test_beat_starts_the_month_on_the_countys_day_once(
    cast: Cast, django_capture_on_commit_callbacks: Any
) -> None:
    staged_without_match(cast)
    assert beat("2026-10-09", django_capture_on_commit_callbacks) == []
    assert beat("2026-09-15", django_capture_on_commit_callbacks) == []
    started = beat("2026-10-10", django_capture_on_commit_callbacks)
    assert started == [month_run(cast).pk]
    assert month_run(cast).state == "done"
    with acting(cast, "clerk"):
        pairs = list(MatchCandidate.objects.values_list("pk", "child_id"))
    assert [child for _pk, child in pairs] == [cast.children["own"].pk]
    assert beat("2026-10-10", django_capture_on_commit_callbacks) == []
    assert beat("2026-10-11", django_capture_on_commit_callbacks) == []
    with acting(cast, "clerk"):
        assert list(MatchCandidate.objects.values_list("pk", "child_id")) == pairs


def test_beat_follows_the_countys_own_day_and_starts_again_for_a_new_list(
    cast: Cast, take: Import, django_capture_on_commit_callbacks: Any
) -> None:
    with system_scope(reason="test", log=False):
        Parameter.objects.create(
            region_id=COUNTY, key="match_day", value=20, valid_from=dt.date(2026, 1, 1), source="test"
        )
    staged_without_match(cast)
    assert beat("2026-10-19", django_capture_on_commit_callbacks) == []
    assert len(beat("2026-10-20", django_capture_on_commit_callbacks)) == 1
    received, _new = upload(cast, data=csv_list(row("新人", MINOR, head="新户主")), name="第二份.csv")
    from cases.matching.intake.imports import stage_received

    with acting(cast, "clerk"):
        stage_received(ListImport.objects.select_related("region", "file").get(pk=received.pk))
    assert len(beat("2026-10-21", django_capture_on_commit_callbacks)) == 1
    assert month_run(cast).counts["rows"] == 3


def test_beat_leaves_a_failed_run_to_a_person(cast: Cast, django_capture_on_commit_callbacks: Any) -> None:
    staged_without_match(cast)
    with acting(cast, "clerk"):
        run = MatchRun.objects.create(region_id=COUNTY, period=OCTOBER)
        job = uploads.start_match(run, at=AT)
        Job.objects.filter(pk=job.pk).update(state="failed", error="x", finished_at=AT)
    assert beat("2026-10-12", django_capture_on_commit_callbacks) == []


def test_the_schedule_has_both_tasks(settings: Any) -> None:
    scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert {"cases.matching.tasks.start_monthly_runs", "staff.jobs.resume_jobs"} <= scheduled
