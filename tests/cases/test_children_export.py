"""The exported list is the list that is shown: rows, order, columns; numbers in full for a reason alone."""

from __future__ import annotations

import csv
import datetime as dt
import io
from typing import Any

import pytest
from django.utils import timezone
from python_calamine import CalamineWorkbook

from cases import search
from cases.children import export as exports
from cases.children.columns import COLUMNS
from cases.children.filters import Filters
from cases.models import Child
from staff import files
from staff.models import AccessLog, Job, StoredFile
from staff.scope import open_scope, system_scope
from tests.cast import OTHER_VILLAGE, OWN_ID, Cast, make_child

AT = dt.datetime(2026, 10, 20, 2, 0, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: AT)


@pytest.fixture
def varied(cast: Cast) -> Cast:
    with system_scope(reason="test", log=False):
        Child.objects.filter(name="秦白露").update(risk="red", birth_date=dt.date(2012, 1, 1))
        make_child(OTHER_VILLAGE, "=1+1", birth_date=dt.date(2020, 1, 1))
        search.index_children()
    return cast


def export(
    cast: Cast, member: str, query: str, callbacks: Any, **asked: str
) -> tuple[list[list[str]], Job, StoredFile]:
    client = cast.client(member)
    with callbacks(execute=True):
        answer = client.post(f"/children/export/?{query}", {"reason": "季度汇报", "form": "xlsx"} | asked)
    assert answer.status_code == 302, answer.content.decode()
    with open_scope(cast.scope(member)):
        job = Job.objects.latest("created_at", "pk")
        assert job.state == "done", job.error
        file = StoredFile.objects.get(pk=job.result["file"])
        data = files.read(file)
    if file.name.endswith("csv"):
        return list(csv.reader(io.StringIO(data.decode("utf-8-sig")))), job, file
    return CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python(), job, file


def test_rows_order_and_columns_are_those_of_the_list(
    varied: Cast, django_capture_on_commit_callbacks: Any
) -> None:
    query = "risk=yellow&sort=-birth&cols=name.age.village.phone"
    rows, job, _file = export(varied, "clerk", query, django_capture_on_commit_callbacks)
    title, head, *lines = rows
    # The last two were born on one day: the later key first, as the order is turned round.
    assert [line[:3] for line in lines] == [
        ["=1+1", "6", "井田社区"],
        ["田立夏", "9", "外南街社区"],
        ["林小满", "9", "莲花社区"],
    ]
    assert {line[3] for line in lines} == {"137****5520"}
    assert len(head) == 4
    for told in ("赵清和", "季度汇报", "2026-10-20 10:00"):
        assert told in title[0]
    assert job.arguments["said"] in title[0]
    assert job.arguments["said"]
    assert job.result["rows"] == 3


@pytest.mark.parametrize("form", ["xlsx", "csv"])
def test_every_column_in_both_kinds_of_file(
    varied: Cast, form: str, django_capture_on_commit_callbacks: Any
) -> None:
    query = f"cols={'.'.join(COLUMNS)}&sort=name"
    rows, _job, file = export(varied, "clerk", query, django_capture_on_commit_callbacks, form=form)
    assert file.name.endswith(form)
    head, *lines = rows[1:]
    assert len(head) == len(COLUMNS)
    keys = list(COLUMNS)
    own = next(line for line in lines if "林小满" in line)
    assert own[keys.index("identity")] == f"{OWN_ID[:6]}********{OWN_ID[-4:]}"
    assert own[keys.index("township")] == "桂林街道"
    cells = {str(cell) for row in rows for cell in row}
    assert OWN_ID not in cells
    assert "13712345520" not in cells
    # Excel takes a text that begins so for a formula; in the text file it is made harmless.
    assert ("'=1+1" if form == "csv" else "=1+1") in cells


def test_numbers_in_full_for_those_who_may_and_it_is_logged(
    varied: Cast, django_capture_on_commit_callbacks: Any
) -> None:
    rows, _job, _file = export(
        varied, "approver", "cols=name.identity.phone", django_capture_on_commit_callbacks, full="on"
    )
    cells = {str(cell) for row in rows for cell in row}
    assert OWN_ID in cells
    assert "13712345520" in cells
    with open_scope(varied.scope("auditor")):
        log = AccessLog.objects.get(kind="export")
    assert (log.reason, log.detail["rows"]) == ("季度汇报", 4)
    assert log.detail["columns"] == ["name", "identity", "phone"]
    assert log.detail["full"] == ["identity", "phone"]


@pytest.mark.parametrize("member", ["director", "supervisor", "leader"])
def test_others_get_them_masked_even_when_they_ask(
    varied: Cast, member: str, django_capture_on_commit_callbacks: Any
) -> None:
    assert 'name="full"' not in varied.client(member).get("/children/export/").content.decode()
    rows, _job, _file = export(
        varied, member, "cols=name.identity.phone", django_capture_on_commit_callbacks, full="on"
    )
    cells = {str(cell) for row in rows for cell in row}
    assert OWN_ID not in cells
    assert "13712345520" not in cells
    with open_scope(varied.scope(member)), pytest.raises(Exception, match="full"):
        exports.start_export(Filters(), reason="x", at=AT, full=True)
    with open_scope(varied.scope("auditor")):
        assert AccessLog.objects.get(kind="export").detail["full"] == []


def test_a_job_that_says_full_is_still_masked_for_another_role(varied: Cast) -> None:
    """The handler asks the role again: what stands in the job is no permission."""
    arguments = {"filters": {"cols": "identity"}, "day": "2026-10-20", "full": True}
    for member, expected in {"leader": False, "clerk": True}.items():
        with open_scope(varied.scope(member)):
            shown = exports.listing(arguments, varied.assignments[member].post.role)
            assert any(OWN_ID in row for row in shown.rows()) == expected


def test_a_purpose_is_needed(varied: Cast) -> None:
    answer = varied.client("clerk").post("/children/export/?risk=red", {"reason": "", "form": "xlsx"})
    assert "id_reason_error" in answer.content.decode()
    with open_scope(varied.scope("clerk")):
        assert not Job.objects.exists()
    assert varied.client("auditor").get("/children/export/").status_code == 403


def test_a_search_is_exported_as_it_is_shown(varied: Cast, django_capture_on_commit_callbacks: Any) -> None:
    rows, _job, _file = export(varied, "supervisor", "q=qbl&cols=name", django_capture_on_commit_callbacks)
    assert [row[0] for row in rows[2:]] == ["秦白露"]
    with system_scope(reason="test", log=False):
        detail = AccessLog.objects.filter(kind="export").latest("at").detail
    assert detail["filters"]["q"] == "******"  # it may be a name or a number, and auditors read the record


def test_a_number_that_was_searched_for_is_masked_above_the_list(
    varied: Cast, django_capture_on_commit_callbacks: Any
) -> None:
    rows, _job, _file = export(varied, "clerk", f"q={OWN_ID}&cols=name", django_capture_on_commit_callbacks)
    assert [row[0] for row in rows[2:]] == ["林小满"]
    assert OWN_ID not in rows[0][0]
    assert OWN_ID[-4:] in rows[0][0]
