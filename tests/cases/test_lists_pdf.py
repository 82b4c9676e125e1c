"""Lists of the register on paper: the same rows and columns as the spreadsheet, with the maker on every page."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import TestCase
from django.utils import timezone

from cases.models import Help
from staff.models import AccessLog
from staff.paper import making
from staff.scope import system_scope
from tests.cast import OTHER_VILLAGE, OWN_ID, VILLAGE, Cast, make_child
from tests.papers import all_text, page_texts

AT = dt.datetime(2026, 10, 20, 2, 0, tzinfo=dt.UTC)
MASKED = f"{OWN_ID[:6]}********{OWN_ID[-4:]}"


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: AT)


def export(cast: Cast, member: str, address: str, **given: Any) -> tuple[dict[str, Any], bytes]:
    """The job that makes the file, and the file (empty when the job failed)."""
    client = cast.client(member)
    with TestCase.captureOnCommitCallbacks(execute=True):
        response = client.post(address, {"reason": "季度核查", "form": "pdf"} | given)
    job = client.get(response.headers["Location"], headers={"Accept": "application/json"}).json()
    if job["state"] != "done":
        return job, b""
    download = client.get(f"/files/{job['result']['file']}/")
    assert download.headers["Content-Type"] == "application/pdf"
    return job, download.content


def test_the_childrens_list_on_paper(cast: Cast) -> None:
    with system_scope(reason="test", log=False):
        for number in range(60):
            make_child(OTHER_VILLAGE, f"童{number:02d}")
    _job, data = export(cast, "supervisor", "/children/export/?cols=name.identity.village")
    pages = page_texts(data)
    assert len(pages) > 1
    text = "".join(pages)
    assert [
        name for name in ("林小满", "秦白露", *(f"童{n:02d}" for n in range(60))) if name not in text
    ] == []
    assert "田立夏" not in text  # another township
    assert MASKED in text
    assert OWN_ID not in text
    assert all(page.count("季度核查") == 3 and page.count("李守安") >= 3 for page in pages)
    with system_scope(reason="test", log=False):
        entry = AccessLog.objects.get(kind="export")
    assert (entry.reason, entry.detail["rows"]) == ("季度核查", 62)


def test_numbers_in_full_follow_the_lists_own_rule(cast: Cast) -> None:
    _job, data = export(cast, "clerk", "/children/export/?cols=name.identity", full="on")
    assert OWN_ID in all_text(data)
    _job, data = export(cast, "supervisor", "/children/export/?cols=name.identity", full="on")
    assert OWN_ID not in all_text(data)


def test_a_list_too_long_for_paper_fails_with_the_remedy(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "MOST_CELLS", 5)
    job, _data = export(cast, "clerk", "/children/export/")
    assert job["state"] == "failed"
    assert "3" in job["error"]
    with system_scope(reason="test", log=False):
        assert not AccessLog.objects.filter(kind="export").exists()


def test_the_help_ledger_on_paper(cast: Cast) -> None:
    with system_scope(reason="test", log=False):
        Help.objects.create(
            child=cast.children["own"], region_id=VILLAGE, area="schooling", form="service", date=AT.date(),
            giver="县慈善总会", what="课后辅导", created_at=AT,
        )  # fmt: skip
    _job, data = export(cast, "supervisor", "/help/export/")
    text = all_text(data)
    assert "县慈善总会" in text
    assert "课后辅导" in text
