"""Tables under the headings of others: the headings to the letter as section 5 of the domain rules has them, the figures as their lists."""

from __future__ import annotations

import csv
import datetime as dt
import io
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import TestCase
from django.urls import reverse
from openpyxl import load_workbook

from staff.models import AccessLog
from staff.scope import system_scope
from subsidies.batches.notes import note_issue
from subsidies.models import Entitlement, Payment
from subsidies.reports import official_exports, official_tables
from tests.cast import COUNTY
from tests.papers import all_text, words
from tests.subsidies.conftest import NOVEMBER, OCTOBER, Office, moment
from tests.subsidies.paying import settle

# Section 5 of the domain rules, as it is written there.
NAT_LIST = (
    "序号, 地区, 儿童姓名, 身份证号, 起领年月, 末领年月, 发放时间, 本次发放金额（元）, "
    "领取方式, 领取人, 银行账号, 开户人, 开户银行"
)
NAT_ARREARS = "补发时间, 补发放金额（元）"
NAT_FUNDS = (
    "合计, 集中供养事实无人抚养, 社会散居事实无人抚养, 孤儿助学金, 社会散居孤儿, "
    "福利机构养育孤弃, 福利机构代养困境, 艾滋感染, 民间机构养育孤弃"
)
BAOSHAN = (
    "县, 实发人数合计, 孤儿数(机构/散居), 事实无人抚养数, 艾滋数, 实发资金合计(万元), "
    "中央和省级补助, 州(市)配套, 县配套, 结余资金, 补助标准"
)


@pytest.fixture(autouse=True)
def _november() -> Any:
    with time_machine.travel(dt.datetime(2026, 11, 28, 2, tzinfo=dt.UTC), tick=False):
        yield


@pytest.fixture
def paid(office: Office) -> Office:
    """Two months: an orphan in an institution, two unattended children, one of them paid for October in November."""
    office.confirmed(office.child("own"))
    office.entitle(office.child("neighbour"), category="orphan", placement="institution")
    settle(office, office.pay(OCTOBER))
    office.confirmed(office.child("township"), OCTOBER)
    batch = office.prepare(NOVEMBER)
    with office.as_("clerk") as clerk:
        for issue in batch.issues.all():
            note_issue(actor=clerk, at=moment(11, 19), issue=issue, note="属实")
    settle(office, office.release(office.approve(batch)))
    return office


def take_out(office: Office, name: str, form: str, query: str, who: str = "clerk", **data: Any) -> bytes:
    client = office.cast.client(who)
    with TestCase.captureOnCommitCallbacks(execute=True):
        response = client.post(
            f"{reverse(f'subsidies:{name}')}?{query}", {"reason": "上报国家系统", "form": form} | data
        )
    job = client.get(response.headers["Location"], headers={"Accept": "application/json"}).json()
    assert job["state"] == "done", job
    return client.get(f"/files/{job['result']['file']}/").content


def sheet(data: bytes) -> list[list[Any]]:
    return [[cell.value for cell in row] for row in load_workbook(io.BytesIO(data)).worksheets[0].iter_rows()]


def test_the_list_of_payments_has_the_national_headings(paid: Office) -> None:
    rows = sheet(take_out(paid, "payment_list_export", "xlsx", "month=2026-11"))
    assert ", ".join(rows[0]) == f"{NAT_LIST}, {NAT_ARREARS}"
    with paid.as_("clerk"):
        lines = list(Payment.objects.filter(batch__month=NOVEMBER, state="paid").order_by("line"))
    assert len(rows) - 1 == len(lines) == 4
    given = [(row[7] or 0) + (row[14] or 0) for row in rows[1:]]
    assert sum(map(Decimal, map(str, given))) == sum(line.amount for line in lines) == Decimal("6650.00")
    # Arrears stand in the last two columns, and in no other.
    (arrears,) = [row for row in rows[1:] if row[14]]
    assert [cell or "" for cell in arrears[6:8] + arrears[13:]] == ["", "", "2026-11-22", 1550]
    assert arrears[2] == "田立夏"
    assert rows[1][8:10] == ["银行转账", "林桂芳"]
    assert "****" in rows[1][10]
    assert rows[1][11:13] == ["林桂芳", "重庆农村商业银行"]


def test_numbers_are_whole_only_for_the_clerk_who_asks(paid: Office) -> None:
    child = paid.child("own")
    masked = sheet(take_out(paid, "payment_list_export", "xlsx", "month=2026-10"))
    assert child.id_number not in {cell for row in masked for cell in row}
    whole = sheet(take_out(paid, "payment_list_export", "xlsx", "month=2026-10", full="on"))
    assert child.id_number in {cell for row in whole for cell in row}
    with paid.as_("clerk"):
        account = Payment.objects.filter(child=child)[0].account
    assert account in {cell for row in whole for cell in row}
    assert account not in {cell for row in masked for cell in row}
    refused = sheet(take_out(paid, "payment_list_export", "xlsx", "month=2026-10", who="leader", full="on"))
    assert child.id_number not in {cell for row in refused for cell in row}
    with system_scope(reason="test", log=False):
        logged = AccessLog.objects.filter(kind="export").order_by("at")
        assert [(one.reason, one.detail["full"]) for one in logged] == [
            ("上报国家系统", False), ("上报国家系统", True), ("上报国家系统", False),
        ]  # fmt: skip
        assert all(len(one.detail["sha256"]) == 64 for one in logged)


def test_a_batchs_list_as_csv_and_as_paper(paid: Office) -> None:
    with paid.as_("clerk"):
        batch = Payment.objects.filter(batch__month=OCTOBER)[0].batch
    text = take_out(paid, "payment_list_export", "csv", f"batch={batch.pk}").decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    assert ", ".join(rows[0]) == f"{NAT_LIST}, {NAT_ARREARS}"
    assert len(rows) == 3
    printed = all_text(take_out(paid, "payment_list_export", "pdf", f"batch={batch.pk}"))
    for heading in rows[0]:
        assert words(heading) in printed, heading
    assert "上报国家系统" in printed


def test_the_statistics_of_funds(paid: Office) -> None:
    rows = sheet(take_out(paid, "funds_export", "xlsx", "month=2026-11"))
    assert ", ".join(cell for cell in rows[0][1:] if cell) == NAT_FUNDS
    assert rows[1][1:] == ["人数", "资金（元）"] * 9
    total = dict(
        zip(
            [cell for cell in rows[0][1:] if cell],
            zip(rows[-1][1::2], rows[-1][2::2], strict=True),
            strict=True,
        )
    )
    assert total == {
        "合计": (3, 6650), "集中供养事实无人抚养": (0, 0), "社会散居事实无人抚养": (2, 4650), "孤儿助学金": (0, 0),
        "社会散居孤儿": (0, 0), "福利机构养育孤弃": (1, 2000), "福利机构代养困境": (0, 0), "艾滋感染": (0, 0),
        "民间机构养育孤弃": (0, 0),
    }  # fmt: skip
    for column in range(1, len(rows[0])):
        assert sum(row[column] for row in rows[2:-1]) == rows[-1][column]


def test_every_figure_of_the_statistics_equals_its_list(paid: Office) -> None:
    with paid.as_("clerk"):
        rows = official_tables.funds_rows(official_exports.own_county(), NOVEMBER)
        for place, (title, which) in enumerate(official_tables.funds_columns(), start=1):
            lines = list(official_tables.paid_in(NOVEMBER, COUNTY, COUNTY + 999_999).filter(which))
            people, yuan = rows[-1][1 + 2 * place], rows[-1][2 + 2 * place]
            assert (people, yuan) == (
                len({line.child_id for line in lines}),
                sum(line.amount for line in lines),
            ), title


def test_baoshans_monthly_table(paid: Office) -> None:
    rows = sheet(take_out(paid, "baoshan_export", "xlsx", "month=2026-11"))
    heads = []
    for title, parts in official_tables.BAOSHAN:
        heads.append(title + (f"({'/'.join(parts)})" if parts else ""))
    assert ", ".join(heads) == BAOSHAN
    assert [cell for cell in rows[0] if cell] == [title for title, _parts in official_tables.BAOSHAN]
    assert rows[1][2:4] == ["机构", "散居"]
    row = rows[2]
    assert row[:6] == ["潼南区", 3, 1, 0, 2, 0]
    # 6,650 yuan are 0.665 万元, all of it from the county here.
    assert row[6:10] == [0.665, 0, 0, 0.665]
    assert row[11] == "机构2000.00/散居1550.00"
    with paid.as_("clerk"):
        left = official_tables.left_at_end(COUNTY, NOVEMBER)
    # No appropriation was entered: what was paid lies below nothing.
    assert row[10] == float(official_tables.wan(left))
    assert left == Decimal("-10200.00")


def test_ten_thousand_yuan_are_exact_to_the_fen() -> None:
    assert official_tables.wan(Decimal("4696300.00")) == Decimal("469.63")
    assert official_tables.wan(Decimal("1234.56")) == Decimal("0.123456")
    assert str(official_tables.wan(Decimal("0.00"))) == "0.00"


def test_the_page_shows_the_same_and_costs_few_queries(paid: Office, page_budget: Any) -> None:
    client = paid.cast.client("clerk")
    with page_budget(15):
        response = client.get(f"{reverse('subsidies:funds_report')}?month=2026-11")
    text = response.content.decode()
    assert "4,650.00" in text
    assert "0.665" in text
    with paid.as_("clerk"):
        assert Entitlement.objects.count() == 3
