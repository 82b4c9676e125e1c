"""A list whose headers nobody knows, from the upload to the money, by three people; the next one needs no click."""

from __future__ import annotations

import datetime as dt
import io
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from openpyxl import Workbook
from playwright.sync_api import expect

from cases.ages import add_months
from cases.models import Child, Discrepancy, Guardian, ListImport, MatchCandidate
from subsidies.models import Offset, Payment
from tests.journeys.conftest import PHONE, Person
from tests.journeys.village import photograph

pytestmark = [pytest.mark.journey, pytest.mark.slow]

# How this sender heads its columns, and what each of them is.
COLUMNS = {
    "当家人": "head_name", "当家人证号": "head_id", "受益人": "name", "受益人证号": "id_number", "是当家人的": "relation",
    "每户核补": "amount", "坐落": "village", "几时纳保": "start_month",
}  # fmt: skip
HOUSEHOLD = Decimal(640)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def list_of(month: dt.date, township: str, households: list[list[tuple[str, str, str, str]]]) -> bytes:
    """A low-income list in the sender's own words; of each person name, number, relation and village."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append([f"{township}{month.year}年{month.month}月低保名册"])
    sheet.append(list(COLUMNS))
    for people in households:
        (head, number, _relation, _place), *_others = people
        for name, own, relation, place in people:
            sheet.append([head, number, name, own, relation, HOUSEHOLD, place, "202601"])
    sheet.append(["合计", None, sum(map(len, households))])
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def chosen() -> tuple[Child, Child, str, list[list[tuple[str, str, str, str]]]]:
    """Two children of the demo township, of whom one is paid in full and one is not paid; the township and both households."""
    found = Child.objects.on_register().filter(region__parent__name="双江镇", discrepancies__isnull=True)
    found = found.exclude(id_number="").filter(pk__in=Guardian.objects.exclude(id_number="").values("child"))
    found = found.select_related("region").order_by("-pk")
    month = add_months(timezone.localdate().replace(day=1), -1)
    paid = found.filter(
        entitlements__state="active", entitlements__offsets__isnull=True, payments__month=month
    )
    others = found.filter(entitlements__isnull=True)
    sure, near = paid[0], others[0]
    households = []
    for child, name, number in (
        (sure, sure.name, sure.id_number),
        (near, f"{near.name[:-1]}亮", ""),
    ):
        head, place = Guardian.objects.filter(child=child).order_by("pk")[0], child.region.name
        households.append([(head.name, head.id_number, "户主", place), (name, number, "孙女", place)])
    return sure, near, "双江镇", households


def upload(clerk: Person, month: dt.date, name: str, data: bytes) -> int:
    """The clerk uploads a list of the month and comes to its check page; returns the list's number."""
    clerk.open(f"/lists/upload/?kind=dibao&month={month:%Y-%m}")
    file: Any = {"name": name, "mimeType": XLSX, "buffer": data}
    clerk.page.locator("input[type=file]").set_input_files([file])
    clerk.page.locator("form[enctype] button[type=submit]").click()
    clerk.page.wait_for_url(re.compile(r"/lists/\d+/$"))
    return int(clerk.page.url.rstrip("/").rsplit("/", 1)[1])


def name_the_columns(clerk: Person) -> None:
    """Nobody guesses who is meant: the clerk says what the columns hold, and the rows are accounted for."""
    page = clerk.page
    expect(page.locator("form[action$='/confirm/']")).to_have_count(0)
    page.locator("main .cw-decide a[href$='/columns/']").click()
    expect(page.get_by_label("几时纳保", exact=True)).to_have_value("")  # neither header nor cells tell
    for header, field in COLUMNS.items():
        page.get_by_label(header, exact=True).select_option(field)
    clerk.picture("22-list-columns")
    clerk.press("记住并重新读取")
    page.wait_for_url(re.compile(r"/lists/\d+/$"))
    expect(page.locator("form[action$='/confirm/'] button")).to_be_visible()


def accounted(clerk: Person, number: int) -> None:
    def counts() -> tuple[int, int, int, int]:
        found = ListImport.objects.get(pk=number)
        return found.rows_in_file, found.row_count, found.rows_rejected, found.rows_other

    assert clerk.seen_by(counts) == (7, 4, 0, 3)
    row = clerk.page.locator("main table").first.locator("tbody tr").first
    assert [row.locator("td.n").nth(place).inner_text() for place in range(4)] == ["7", "4", "0", "3"]


def match_and_review(clerk: Person, number: int, near: Child) -> None:
    """The list is imported, the month matched, and the doubtful row decided by a key."""
    page = clerk.page
    page.locator("form[action$='/confirm/'] button").click()
    page.wait_for_url(re.compile(r"/lists/runs/\d+/$"))
    run = int(page.url.rstrip("/").rsplit("/", 1)[1])
    expect(page.locator("main a.btn-primary[href$='/review/']")).to_be_visible(timeout=60_000)

    def pair() -> tuple[int, str]:
        found = MatchCandidate.objects.get(
            run_id=run, list_row__list_import_id=number, child=near, role="child"
        )
        return found.list_row_id, found.state

    row, state = clerk.seen_by(pair)
    assert state == "pending"
    clerk.open(f"/lists/runs/{run}/review/?row={row}")
    clerk.sees(near.name, f"{near.name[:-1]}亮")
    with page.expect_response(lambda answer: "/decide/" in answer.url):
        page.keyboard.press("y")
    clerk.open(f"/lists/runs/{run}/review/?row={row}")
    clerk.sees("赵清和")
    assert clerk.seen_by(pair) == (row, "accepted")


def verify_by_paper(supervisor: Person, number: int) -> None:
    """On a phone: what the township found, with a photo of the paper that shows it."""
    page = supervisor.page
    supervisor.open(f"/discrepancies/{number}/")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.locator("input[name=found][value=true]").check()
    page.locator("input[name=method][value=document]").check()
    shot: Any = {"name": "低保证.jpg", "mimeType": "image/jpeg", "buffer": photograph()}
    page.locator("input[type=file][name=document]").set_input_files([shot])
    page.locator("textarea[name=text]").fill("查看低保证，该户本月在保。")
    supervisor.picture("23-discrepancy-found")
    page.locator("form[action$='/found/'] button[type=submit]").click()
    supervisor.sees("查看低保证，该户本月在保。", "低保证.jpg")


def decide_and_close(clerk: Person, number: int, share: Decimal) -> None:
    page = clerk.page
    clerk.open(f"/discrepancies/{number}/")
    clerk.sees("查看低保证，该户本月在保。")
    form = page.locator("details").filter(has=page.locator("input[value='true:top_up']"))
    form.locator("summary").click()
    assert Decimal(form.locator("input[name$=amount]").input_value()) == share
    form.locator("textarea").fill("按差额发放。")
    form.get_by_role("button").first.click()
    clerk.sees("属实", "按差额发放。")
    form = page.locator("details").filter(has=page.locator("input[name=action][value=close]"))
    form.locator("summary").click()
    form.locator("textarea").fill("已告知镇街和低保科。")
    form.get_by_role("button").first.click()
    clerk.sees("已办结", "已告知镇街和低保科。")


def the_next_amount(clerk: Person, approver: Person, child: Child, month: dt.date, due: Decimal) -> None:
    """The month's batch pays the difference; it goes back to the clerk afterwards, so that nothing is left of it."""
    clerk.open("/batches/prepare/")
    clerk.press("计算金额")
    clerk.page.wait_for_url(re.compile(r"/batches/\d+/$"))
    batch = int(clerk.page.url.rstrip("/").rsplit("/", 1)[1])
    line = clerk.seen_by(
        lambda: Payment.objects.get(batch_id=batch, child=child, month=month, kind="regular")
    )
    assert line.amount == due
    clerk.open(f"/payments/{line.pk}/")
    clerk.sees(child.name, f"{due:,.2f}")
    approver.open(f"/batches/{batch}/")
    form = approver.page.locator("details").filter(
        has=approver.page.locator("input[name=action][value=return]")
    )
    form.locator("summary").click()
    form.locator("textarea").fill("低保核对后重新计算。")
    form.locator("button[type=submit]").click()
    approver.sees("本批已退回，所有明细都不发放，需重新计算。")


def test_from_an_unknown_layout_to_the_money(people: Callable[..., Person]) -> None:
    clerk, supervisor = people("zhaoqinghe").sign_in(), people("lishouan", PHONE).sign_in()
    now = timezone.localdate().replace(day=1)
    month = add_months(now, -1)
    sure, near, township, households = clerk.seen_by(chosen)
    number = upload(clerk, month, "民政办名册.xlsx", list_of(month, township, households))
    name_the_columns(clerk)
    accounted(clerk, number)
    match_and_review(clerk, number, near)

    def found() -> tuple[int, str]:
        each = Discrepancy.objects.get(child=sure, kind="paid_full", list_row__list_import_id=number)
        return each.pk, each.state

    discrepancy, state = clerk.seen_by(found)
    assert state == "to_check"
    verify_by_paper(supervisor, discrepancy)
    assert clerk.seen_by(found) == (discrepancy, "verified")
    share = HOUSEHOLD / 2
    decide_and_close(clerk, discrepancy, share)
    assert clerk.seen_by(found) == (discrepancy, "closed")

    def offset() -> tuple[str, Decimal, dt.date]:
        each = Offset.objects.get(discrepancy_id=discrepancy)
        return each.kind, each.amount, each.start_month

    assert clerk.seen_by(offset) == ("dibao", share, now)
    full = clerk.seen_by(lambda: Payment.objects.get(child=sure, month=month, kind="regular").amount)
    the_next_amount(clerk, people("qianzhixing").sign_in(), sure, now, full - share)

    # What the clerk has said of the columns holds for the sender's next list.
    again = upload(clerk, now, "民政办名册（新）.xlsx", list_of(now, township, households))
    accounted(clerk, again)
    expect(clerk.page.locator("form[action$='/confirm/'] button")).to_be_visible()
    read = clerk.seen_by(lambda: ListImport.objects.get(pk=again).mapping["sheets"][0]["columns"])
    assert {column["header"]: column["field"] for column in read} == COLUMNS
    clerk.page.locator("form[action$='/discard/'] button").click()
    clerk.page.wait_for_url(re.compile(r"/lists/\?month="))
