"""The audit trail: three lists, filters, pages, export."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import pytest
from django.db import connection
from django.test import TestCase
from django.utils import timezone
from python_calamine import CalamineWorkbook

from cases.models import Case, Child
from staff import trail
from staff.audit import log_access
from staff.models import AccessLog
from staff.scope import open_scope, system_scope
from staff.tables import to_csv
from staff.workflow import perform
from tests.cast import COUNTY, OTHER_COUNTY, VILLAGE, Cast
from tests.papers import page_texts

TODAY = timezone.localdate()


def asked(**more: Any) -> trail.Asked:
    today = timezone.localdate()
    return trail.Asked(**({"since": today - dt.timedelta(days=1), "until": today} | more))


@pytest.fixture
def busy(cast: Cast) -> Cast:
    """Two accesses by the director, one in another county, one without a place; a change; a decision."""
    own = cast.children["own"]
    with open_scope(cast.scope("director")):
        log_access(kind="read", child_id=own.pk, region_id=VILLAGE)
        log_access(kind="reveal", child_id=own.pk, region_id=VILLAGE, reason="verify")
        Child.objects.filter(pk=own.pk).update(address="新址")
    with open_scope(cast.scope("stranger")):
        log_access(kind="read", child_id=cast.children["strange"].pk, region_id=OTHER_COUNTY)
    with system_scope(reason="nightly work", log=False):
        log_access(kind="system", reason="nightly work")
    return cast


def test_accesses_of_ones_own_region_and_those_without_a_place(busy: Cast) -> None:
    with open_scope(busy.scope("auditor")):
        found = trail.accesses(asked())
        assert [line.what for line in found] == ["system", "reveal", "read"]
        assert [line.what for line in trail.accesses(asked(kind="reveal"))] == ["reveal"]
        assert len(trail.accesses(asked(person_id=busy.users["director"].pk))) == 2
        assert trail.accesses(asked(person_id=busy.users["stranger"].pk)) == []
        assert len(trail.accesses(asked(child_id=busy.children["own"].pk))) == 2
        assert (
            trail.accesses(asked(since=TODAY - dt.timedelta(days=9), until=TODAY - dt.timedelta(days=8)))
            == []
        )


def test_changes_show_that_a_row_changed_and_not_to_what(busy: Cast) -> None:
    with open_scope(busy.scope("auditor")):
        found = trail.changes(asked(person_id=busy.users["director"].pk))
        assert [(line.what, line.subject, line.child_id) for line in found] == [
            ("update", "cases.child", busy.children["own"].pk)
        ]
        regions = {line.region_id for line in trail.changes(asked(), size=1000)}
        assert regions
        assert all(region // 10**6 == COUNTY // 10**6 for region in regions)
    page = busy.client("auditor").get("/trail/?list=changes").content.decode()
    assert "新址" not in page


def test_decisions_carry_their_reason(busy: Cast) -> None:
    own = busy.children["own"]
    with open_scope(busy.scope("supervisor")):
        case = Case.objects.create(
            child=own,
            region_id=VILLAGE,
            title="x",
            level="yellow",
            opened_by=busy.users["supervisor"],
            opened_at=timezone.now(),
        )
        perform(case, "escalate", at=timezone.now(), reason="需要县里协调")
    with open_scope(busy.scope("auditor")):
        assert [(line.subject, line.what) for line in trail.decisions(asked())] == [
            ("cases.case", "escalate")
        ]
    assert "需要县里协调" in busy.client("auditor").get("/trail/?list=decisions").content.decode()


@pytest.mark.parametrize("which", ["accesses", "changes"])
def test_pages_follow_one_another_without_gap_or_repeat(busy: Cast, which: str) -> None:
    """Also where many lines have the same moment, as all lines of one transaction do."""
    moment = timezone.now()
    with system_scope(reason="fill", log=False):
        AccessLog._base_manager.bulk_create(
            [
                AccessLog(kind="read", at=moment, region_id=VILLAGE, user=busy.users["director"])
                for _ in range(7)
            ]
        )
        Child._base_manager.filter(region_id=VILLAGE).update(address="x")
    with open_scope(busy.scope("auditor")):
        whole = [(line.at, line.key) for line in trail.LISTS[which][1](asked(), 1000)]
        paged = [(line.at, line.key) for lines in trail.every_line(which, asked(), size=3) for line in lines]
    assert paged == whole
    assert len(set(whole)) == len(whole)


def test_only_the_auditor_reads_it(busy: Cast) -> None:
    for member in ("director", "clerk", "leader", "sysadmin", "viewer", "stranger"):
        with open_scope(busy.scope(member)):
            assert trail.changes(asked()) == []
            others = [line for line in trail.accesses(asked()) if line.user_id != busy.users[member].pk]
            assert others == []


def test_the_lists_do_not_take_the_place_of_the_tab_bar(cast: Cast) -> None:
    page = cast.client("auditor").get("/trail/")
    tabs = [tab["name"] for tab in page.context["phone_tabs"]]
    assert tabs[0] == "subsidies:audit"
    assert "staff:trail" in tabs


def test_bad_filters_are_told_and_never_an_error(busy: Cast) -> None:
    client = busy.client("auditor")
    assert client.get("/trail/?person=ghost").context["form"].errors
    assert client.get("/trail/?since=2026-10-02&until=2026-10-01").context["form"].errors
    assert client.get("/trail/?list=everything").status_code == 404
    for after in ("x", "2026-10-01", "2026-13-45T00:00:00Z~x", "2026-10-01T00:00:00Z~"):
        assert client.get("/trail/", {"after": after}).status_code == 404
    assert client.get("/trail/", {"after": "2026-10-01T00:00:00Z~not-a-uuid"}).status_code == 404


@pytest.mark.parametrize("file_format", ["csv", "xlsx", "pdf"])
def test_export_is_a_file_of_its_maker_alone_and_is_logged(busy: Cast, file_format: str) -> None:
    client = busy.client("auditor")
    with TestCase.captureOnCommitCallbacks(execute=True):
        response = client.post("/trail/export/", {"list": "accesses", "format": file_format})
    job = client.get(response.headers["Location"], headers={"Accept": "application/json"}).json()
    assert (job["state"], job["result"]["rows"]) == ("done", 3)
    page = client.get(response.headers["Location"]).content.decode()
    assert job["result"]["file"] in page
    download = client.get(f"/files/{job['result']['file']}/")
    if file_format == "csv":
        assert download.content.decode("utf-8-sig").count("\r\n") == 4
    elif file_format == "pdf":
        assert all(text.count("吴秋白") >= 3 for text in page_texts(download.content))
    else:
        rows = CalamineWorkbook.from_filelike(io.BytesIO(download.content)).get_sheet_by_index(0).to_python()
        assert len(rows) == 4
    assert download.headers["Content-Disposition"].startswith("attachment")
    for member in ("clerk", "sysadmin", "leader"):
        assert busy.client(member).get(f"/files/{job['result']['file']}/").status_code == 404
    with system_scope(reason="look", log=False):
        line = AccessLog._base_manager.get(kind="export")
    assert line.detail["rows"] == 3
    assert line.user_id == busy.users["auditor"].pk


def test_a_cell_is_never_a_formula() -> None:
    assert to_csv(["a"], [["=1+1"], ["+7"], ["@x"], ["普通"], [-3]]).decode("utf-8-sig").split("\r\n")[
        1:-1
    ] == [
        "'=1+1",
        "'+7",
        "'@x",
        "普通",
        "-3",
    ]


def test_newest_lines_are_found_by_index(busy: Cast) -> None:
    """At a million lines a page must not sort them all: the plan walks the index of the newest ones."""
    with connection.cursor() as cursor, open_scope(busy.scope("auditor")):
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        cursor.execute("EXPLAIN SELECT * FROM staff_accesslog ORDER BY at DESC, id DESC LIMIT 50")
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "access_latest" in plan
    assert "Sort" not in plan


def test_what_is_noted_is_read_in_words(busy: Cast) -> None:
    with open_scope(busy.scope("director")):
        log_access(
            kind="export", region_id=VILLAGE, detail={"rows": 3, "locked": True, "sha256": "ab", "new_key": 1}
        )
    page = busy.client("auditor", headers={"Accept-Language": "en"}).get("/trail/").content.decode()
    assert "locked: yes, new_key: 1, Rows: 3, SHA-256: ab" in page
