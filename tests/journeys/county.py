"""Steps of the bureau: a list matched, discrepancies decided, a month reported and locked."""

from __future__ import annotations

import datetime as dt
import io
import re
from decimal import Decimal

from django.utils import timezone
from openpyxl import load_workbook
from playwright.sync_api import expect

from cases.models import (
    Child,
    Discrepancy,
    ListImport,
    MatchCandidate,
    VisitTask,
)
from childwelfare.demo.lists import dibao_list
from staff.scope import current
from subsidies.models import (
    MonthlyReport,
    Offset,
)
from tests.journeys.conftest import DESK, PHONE, Person
from tests.journeys.money import next_month


def match_a_list(clerk: Person, approver: Person) -> None:
    """A low-income list is understood, imported, matched with progress, and the doubtful row decided side by side; the
    child is paid, so another person decides after the clerk."""
    page, today = clerk.page, timezone.localdate()
    month = today.replace(day=1)

    def listed() -> tuple[list[Child], Child, bytes]:
        paid = Child.objects.on_register().filter(
            entitlements__state="active",
            entitlements__start_month__lte=month,
            entitlements__offsets__isnull=True,
        )
        here = paid.exclude(id_number="").filter(risk="green").select_related("region").order_by("pk")
        township = here[0].region_id // 1000
        found = [child for child in here if child.region_id // 1000 == township][:4]
        *certain, near = found
        name = here[0].region.parent.name
        return (
            certain,
            near,
            dibao_list(certain, near=near, unregistered="夏知秋", month=month, township=name),
        )

    certain, near, data = clerk.seen_by(listed)
    clerk.open(f"/lists/upload/?kind=dibao&month={month:%Y-%m}")
    file = {"name": "双江镇低保名单.xlsx", "mimeType": "application/octet-stream", "buffer": data}
    page.locator("input[type=file]").set_input_files([file])  # type: ignore[list-item]
    page.locator("form[enctype] button[type=submit]").click()
    page.wait_for_url(re.compile(r"/lists/\d+/$"))
    # The title is no person, merged cells belong to everybody of the household, the mistyped number is named.
    clerk.sees("双江镇低保名单.xlsx", "户月保障金额", certain[0].name, "小计")
    clerk.picture("15-list-preview")
    number = int(page.url.rstrip("/").rsplit("/", 1)[1])
    rows = clerk.seen_by(lambda: ListImport.objects.get(pk=number).row_count)
    assert rows == 2 * len(certain) + 2 + 2 + 12
    problems = clerk.seen_by(lambda: ListImport.objects.get(pk=number).problems)
    assert [problem["code"] for problem in problems] == ["number_missing", "number_wrong"]
    page.locator("form[action$='/confirm/'] button").click()
    page.wait_for_url(re.compile(r"/lists/runs/\d+/$"))
    expect(page.locator("main a.btn-primary[href$='/review/']")).to_be_visible(timeout=60_000)
    run = int(page.url.rstrip("/").rsplit("/", 1)[1])

    def pairs() -> tuple[set[int], set[int]]:
        found = MatchCandidate.objects.filter(run_id=run)
        sure = found.filter(tier="auto", state="accepted").values_list("child_id", flat=True)
        return set(sure), set(found.filter(state="pending").values_list("child_id", flat=True))

    assert clerk.seen_by(pairs) == ({child.pk for child in certain}, {near.pk})
    clerk.picture("16-match-run")
    clerk.open(f"/lists/runs/{run}/review/")
    clerk.sees(near.name, f"{near.name[:-1]}亮")
    clerk.picture("17-match-review")
    page.keyboard.press("y")
    expect(page.locator("#review .cw-messages")).to_be_visible()
    assert clerk.seen_by(pairs) == ({child.pk for child in certain}, set())

    def decided() -> str:
        return MatchCandidate.objects.get(run_id=run, child=near, list_row__name=f"{near.name[:-1]}亮").state

    assert clerk.seen_by(decided) == "proposed"
    approver.open("/lists/second/")
    approver.sees(near.name, f"{near.name[:-1]}亮")
    approver.picture("17-match-second")
    approver.page.locator(f"form[action$='/{run}/second/'] button").click()
    expect(approver.page.locator(".cw-messages")).to_be_visible()
    assert clerk.seen_by(decided) == "accepted"
    clerk.open("/discrepancies/?list_kind=dibao")
    clerk.sees("夏知秋", certain[0].name, near.name)
    clerk.picture("18-discrepancies")


def decide_discrepancies(clerk: Person, director: Person) -> None:
    """One child is paid beside the list: the share is set off. Another is to be visited first."""
    village = director.seen_by(lambda: current().ranges[0][0])

    def paid_in_full() -> list[Discrepancy]:
        found = Discrepancy.objects.filter(kind="paid_full", state="to_check").select_related("child")
        return sorted(found, key=lambda each: (each.region_id != village, each.pk))

    to_visit, to_set_off = clerk.seen_by(paid_in_full)[:2]
    assert to_visit.region_id == village
    page = clerk.page
    clerk.open(f"/discrepancies/{to_set_off.pk}/")
    form = page.locator("details").filter(has=page.locator("input[value='true:top_up']"))
    form.locator("summary").click()
    form.locator("textarea").fill("名单与低保系统一致，按差额发放。")
    share = form.locator("input[name$=amount]").input_value()
    clerk.picture("19-discrepancy")
    form.get_by_role("button").first.click()
    clerk.sees("属实", "名单与低保系统一致，按差额发放。")

    def offset() -> tuple[str, Decimal, dt.date]:
        found = Offset.objects.get(discrepancy_id=to_set_off.pk)
        return found.kind, found.amount, found.start_month

    assert clerk.seen_by(offset) == ("dibao", Decimal(share), next_month(timezone.localdate()))

    clerk.open(f"/discrepancies/{to_visit.pk}/")
    form = page.locator("details").filter(has=page.locator("input[value='true:visit']"))
    form.locator("summary").click()
    form.locator("textarea").fill("入户核实家庭人口。")
    form.get_by_role("button").first.click()
    clerk.sees("属实", "入户核实家庭人口。")
    assert clerk.seen_by(lambda: VisitTask.objects.filter(child=to_visit.child, done_at=None).count()) == 1
    director.open("/")
    director.sees("入户核实家庭人口。")


def report_a_month(clerk: Person, approver: Person) -> None:
    """Every figure leads to its rows; a locked month gives the same bytes again."""
    month = (timezone.localdate().replace(day=1) - dt.timedelta(days=1)).replace(day=1)
    address = f"/reports/monthly/?month={month:%Y-%m}"
    page = clerk.page
    clerk.open(address)
    clerk.sees("双江镇")
    clerk.picture("20-monthly-report", PHONE, DESK)
    link = page.locator("table a.drill").filter(has_text=re.compile(r"^[1-9][0-9]*$")).first
    count = int(link.inner_text())
    link.click()
    expect(page.locator("main tbody tr")).to_have_count(min(count, 50))
    clerk.picture("21-report-rows")
    clerk.open(address)
    clerk.send(page.locator("form[action*='lock'] button[type=submit]"))
    clerk.sees("已锁定")

    def locked() -> bool:
        return MonthlyReport.objects.filter(month=month, locked_at__isnull=False).exists()

    assert clerk.seen_by(locked)
    files = []
    for reader in (clerk, approver):
        reader.open(address)
        with reader.page.expect_download() as coming:
            reader.page.locator("a[href*='export']").first.click()
        files.append(coming.value.path().read_bytes())
    assert files[0] == files[1]
    sheet = load_workbook(io.BytesIO(files[0])).worksheets[0]
    assert any("双江镇" in str(cell) for row in sheet.iter_rows(values_only=True) for cell in row)
