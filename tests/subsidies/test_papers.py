"""Money on paper: the lines of a batch, the monthly report."""

from __future__ import annotations

import datetime as dt
import hashlib

from django.test import TestCase

from staff.models import AccessLog
from staff.scope import system_scope
from tests.papers import all_text, page_texts
from tests.subsidies.conftest import Office


def test_the_lines_of_a_batch_on_paper(office: Office) -> None:
    child = office.child("own")
    office.entitle(child)
    batch = office.prepare()
    client = office.cast.client("clerk")
    address = f"/batches/{batch.pk}/lines/pdf/"
    assert "PDF" in client.get(address).content.decode()
    with TestCase.captureOnCommitCallbacks(execute=True):
        response = client.post(address, {"reason": "公示前核对"})
    job = client.get(response.headers["Location"], headers={"Accept": "application/json"}).json()
    assert (job["state"], job["result"]["rows"]) == ("done", 1)
    data = client.get(f"/files/{job['result']['file']}/").content
    line = office.lines(batch)[0]
    pages = page_texts(data)
    text = "".join(pages)
    for word in (
        batch.number,
        "林小满",
        line.identity_mask,
        f"{line.amount:,.2f}",
        f"********{line.account[-4:]}",
    ):
        assert word in text, word
    assert line.account not in text
    assert all("公示前核对" in page and "赵清和" in page for page in pages)
    with system_scope(reason="test", log=False):
        entry = AccessLog.objects.get(kind="export")
    assert (entry.reason, entry.detail["sha256"]) == ("公示前核对", hashlib.sha256(data).hexdigest())


def test_only_the_chosen_lines_and_only_for_those_who_read_batches(office: Office) -> None:
    office.entitle(office.child("own"))
    batch = office.prepare()
    client = office.cast.client("approver")
    with TestCase.captureOnCommitCallbacks(execute=True):
        response = client.post(f"/batches/{batch.pk}/lines/pdf/?state=paid", {"reason": "x"})
    job = client.get(response.headers["Location"], headers={"Accept": "application/json"}).json()
    assert job["result"]["rows"] == 0
    for member, status in (("director", 403), ("supervisor", 403), ("stranger", 404)):
        response = office.cast.client(member).post(f"/batches/{batch.pk}/lines/pdf/", {"reason": "x"})
        assert response.status_code == status, member


def test_the_monthly_report_on_paper_has_the_figures_of_its_workbook(office: Office) -> None:
    office.entitle(office.child("own"), start=dt.date(2026, 9, 1))
    response = office.cast.client("clerk").get("/reports/monthly/export/?month=2026-09&format=pdf")
    assert response.headers["Content-Type"] == "application/pdf"
    text = all_text(response.content)
    for word in (
        "潼南区儿童福利月报表",
        "2026-09",
        "各镇汇总",
        "在册儿童",
        "基本生活保障",
        "走访、个案与疑点",
        "桂林街道",
        "合计",
    ):
        assert word in text, word
    with system_scope(reason="test", log=False):
        entry = AccessLog.objects.get(kind="export")
    assert entry.detail["sha256"] == hashlib.sha256(response.content).hexdigest()
