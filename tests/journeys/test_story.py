"""One story on the demo county: a visit in a village becomes help, money paid and a monthly report.

Every step says what a person sees, and what the database holds for that person.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import re
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.utils import timezone
from openpyxl import load_workbook
from PIL import Image, ImageDraw
from playwright.sync_api import expect

from cases.models import (
    Case,
    Child,
    Discrepancy,
    ListImport,
    MatchCandidate,
    Visit,
    VisitPhoto,
    VisitTask,
)
from childwelfare.demo.lists import dibao_list
from childwelfare.demo.money import bank_answer
from referrals.models import Referral
from staff.scope import current
from subsidies.models import (
    Application,
    BatchIssue,
    Entitlement,
    MonthlyReport,
    Offset,
    Payment,
    PaymentBatch,
)
from tests.journeys.conftest import DESK, PHONE, Person

pytestmark = [pytest.mark.journey, pytest.mark.slow]

WORRY = "奶奶前天夜里摔伤住院，孩子由邻居照看，晚上一个人在家。孩子话少，说想奶奶。"


def photograph() -> bytes:
    """A camera's picture: larger than what is kept, and with a place and a time in it."""
    picture = Image.new("RGB", (2000, 1500), "#cfe3ea")
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, 1050, 2000, 1500), fill="#b9cba2")
    pen.rectangle((500, 650, 1500, 1250), fill="#f3e9da")
    pen.polygon(((420, 670), (1000, 250), (1580, 670)), fill="#9a5a41")
    pen.rectangle((880, 850, 1120, 1250), fill="#6f7f86")
    exif = Image.Exif()
    exif[0x0132] = "2026:11:20 08:00:00"
    exif.get_ifd(0x8825)[1] = "N"
    written = io.BytesIO()
    picture.save(written, "JPEG", exif=exif)
    return written.getvalue()


def calm_child(director: Person) -> Child:
    """The director's green child whose visit is due next and for whom nothing is open."""
    return director.seen_by(
        lambda: (
            Child.objects.on_register()
            .filter(risk="green", cases__isnull=True)
            .exclude(pk__in=Visit.objects.exclude(state="approved").values("child"))
            .order_by("next_visit_date", "pk")[0]
        )
    )


def record_worrying_visit(director: Person, child: Child) -> None:
    """On the phone, out of signal: the visit waits on the device and is sent when the signal is back."""
    page = director.page
    director.open("/")
    director.sees("王念慈", "今天和七天内")
    director.picture("01-director-home")
    director.open(f"/visits/add/?child={child.pk}")
    director.sees(child.name)
    director.picture("02-visit-form")
    page.get_by_label("入户", exact=True).check()
    for person in ("儿童本人", "邻居"):
        page.get_by_label(person, exact=True).check()
    for number, answer in enumerate(("有", "没有", "没有", "没有")):
        page.locator(".cw-ask").nth(number).get_by_label(answer, exact=True).check()
    page.get_by_label("监护人生病", exact=True).check()
    page.get_by_label("红·高").check()
    page.locator("textarea[name=text]").fill(WORRY)
    shot = {"name": "IMG_0001.jpg", "mimeType": "image/jpeg", "buffer": photograph()}
    page.locator("input[type=file]").set_input_files([shot])  # type: ignore[list-item]
    expect(page.locator(".cw-photo canvas")).to_have_count(1)
    expect(page.locator("[data-saved-state]")).to_have_text("已存在本机")
    director.context.set_offline(True)
    expect(page.locator("[data-offline]")).to_be_visible()
    director.press("提交走访")
    expect(page.locator("[data-saved-state]")).to_have_text("待发送")
    page.evaluate("window.scrollTo(0, 0)")
    director.picture("03-visit-offline", whole=False)
    assert director.seen_by(lambda: Visit.objects.filter(child=child, state="submitted").count()) == 0
    director.context.set_offline(False)
    expect(page.locator("main")).to_contain_text("王念慈")
    director.open("/outbox/")
    director.sees("都已发出")

    def sent() -> tuple[str, str, str, int]:
        visit = Visit.objects.get(child=child, state="submitted")
        return (
            visit.text,
            visit.risk,
            visit.conducted_by.username,
            VisitPhoto.objects.filter(visit=visit).count(),
        )

    assert director.seen_by(sent) == (WORRY, "red", "wangnianci", 1)
    assert director.seen_by(lambda: Child.objects.get(pk=child.pk).risk) == "red"


def review_visits(supervisor: Person, director: Person, child: Child) -> Case:
    """The supervisor returns one visit, opens a case from the worrying one; the director mends what came back."""
    page = supervisor.page
    supervisor.open("/queue/")
    supervisor.sees("审核队列", child.name)
    panel = page.locator("#review")
    expect(panel.get_by_role("heading", level=2)).to_be_visible()
    supervisor.picture("04-supervisor-queue", PHONE, DESK)
    quiet = supervisor.seen_by(
        lambda: (
            Visit.objects.filter(state="submitted", conducted_by__username="wangnianci", risk="green")
            .select_related("child")
            .latest("pk")
        )
    )
    page.locator(".cw-queue").get_by_role("link", name=quiet.child.name).click()
    expect(panel).to_contain_text(quiet.text)
    panel.locator("summary", has_text="退回").click()
    panel.locator("details[open] [name=reason_code]").first.check()
    panel.locator("textarea[name=reason]").first.fill("请写明孩子最近的作业情况。")
    supervisor.press("退回修改", within=panel)
    supervisor.sees(f"{quiet.child.name}的走访已退回给王念慈")
    assert supervisor.seen_by(lambda: Visit.objects.get(pk=quiet.pk).state) == "returned"

    worrying = supervisor.seen_by(lambda: Visit.objects.get(child=child, state="submitted"))
    supervisor.open("/queue/")
    page.locator(".cw-queue").get_by_role("link", name=child.name).click()
    expect(panel).to_contain_text(WORRY)
    expect(panel).to_contain_text("监护人生病")
    expect(panel.locator("img")).to_have_count(1)
    answer = supervisor.context.request.get(str(panel.locator("img").get_attribute("src")))
    kept = Image.open(io.BytesIO(answer.body()))
    assert (max(kept.size), dict(kept.getexif())) == (1600, {})
    supervisor.picture("05-supervisor-review")
    supervisor.open(f"/visits/{worrying.pk}/review/")
    supervisor.picture("05-supervisor-review", PHONE)
    panel.locator("summary", has_text="开案").click()
    panel.get_by_label("红·高").check()
    panel.get_by_label("个案事由").fill("监护人住院，需临时照料")
    panel.get_by_label("情况和理由").fill("奶奶住院，孩子夜间无人照看，当天落实照料人。")
    panel.locator("details[open]").get_by_role("button", name="开案").click()
    supervisor.sees(f"已为{child.name}开案")

    def opened() -> Case:
        return Case.objects.select_related("owner").get(child=child)

    case = supervisor.seen_by(opened)
    assert (case.level, case.title, case.state) == ("red", "监护人住院，需临时照料", "open")
    assert supervisor.seen_by(lambda: Visit.objects.get(pk=worrying.pk).state) == "escalated"

    director.open("/")
    director.sees("退回，请修改", "请写明孩子最近的作业情况。")
    director.page.get_by_role("link").filter(has_text="请写明孩子最近的作业情况。").click()
    director.sees("请写明孩子最近的作业情况。")
    director.page.locator("textarea[name=text]").fill("到家时孩子在写作业，语文数学都已完成，字迹工整。")
    director.press("提交走访")
    director.sees("王念慈", "走访等待督导员审核")
    mended = director.seen_by(lambda: Visit.objects.get(pk=quiet.pk))
    assert (mended.state, mended.text[:7]) == ("submitted", "到家时孩子在写")
    return case


def help_with_a_case(supervisor: Person, case: Case) -> None:
    """A plan with an action, and a referral to a provider."""
    page = supervisor.page
    supervisor.open(f"/cases/{case.pk}/")
    supervisor.sees("监护人住院，需临时照料")
    supervisor.follow("添加措施")
    page.get_by_label("帮扶措施").fill("联系姑母，落实临时照料")
    page.get_by_label("完成期限").fill((timezone.localdate() + dt.timedelta(days=2)).isoformat())
    supervisor.press("加入计划")
    supervisor.sees("联系姑母，落实临时照料")
    assert supervisor.seen_by(lambda: Case.objects.get(pk=case.pk).state) == "planned"
    supervisor.follow("转介")
    page.locator("select[name=provider]").select_option(label="彩虹桥关爱室")
    page.locator("[name=need]").fill("情绪陪伴")
    page.locator("[name=summary]").fill("孩子近期与奶奶分开，情绪低落，请每周陪伴两次。")
    supervisor.press("发出转介")
    supervisor.sees("情绪陪伴", "已转介给彩虹桥关爱室")


def answer_referral(supervisor: Person, provider: Person, case: Case, child: Child) -> None:
    """A provider outside the office sees nothing but what is shared, accepts and reports done."""
    provider.open("/referrals/")
    provider.page.get_by_role("link").filter(has_text="情绪陪伴").click()
    provider.sees("孩子近期与奶奶分开，情绪低落，请每周陪伴两次。", child.name)
    for hidden in (WORRY, "监护人住院", "双江镇"):
        expect(provider.page.locator("main")).not_to_contain_text(hidden)
    provider.picture("07-referral-provider")
    provider.press("接收")
    provider.page.locator("summary", has_text="报告办结").click()
    provider.page.locator("textarea[name=reason]").fill("已陪伴两次，孩子愿意说话，情绪平稳。")
    provider.page.locator("details[open]").get_by_role("button", name="报告办结").click()
    provider.sees("已完成", "已陪伴两次，孩子愿意说话，情绪平稳。")

    def referral() -> tuple[str, str]:
        found = Referral.objects.get(case=case)
        return found.state, found.feedback

    assert supervisor.seen_by(referral) == ("done", "已陪伴两次，孩子愿意说话，情绪平稳。")
    assert provider.seen_by(lambda: Case.objects.count()) == 0
    supervisor.open(f"/cases/{case.pk}/")
    supervisor.sees("已陪伴两次，孩子愿意说话")
    supervisor.picture("06-case", PHONE, DESK)


def apply_for_a_child(director: Person) -> tuple[Child, int]:
    """The director applies for the basic living allowance of a child who has none."""
    child = director.seen_by(
        lambda: (
            Child.objects.on_register()
            .filter(
                primary_category="de_facto_unattended", entitlements__isnull=True, applications__isnull=True
            )
            .order_by("pk")[0]
        )
    )
    director.open(f"/children/{child.pk}/")
    director.sees(child.name)
    director.picture("08-child-file", PHONE, DESK)
    director.open(f"/applications/add/?child={child.pk}")
    director.sees("按今天的档案，认定表的结果", "符合")
    director.page.locator("textarea[name=statement]").fill("父母均不能履行抚养责任，由祖父母照料。")
    director.press("提出申请")
    director.sees(child.name, "待受理")
    director.picture("09-application")

    def made() -> tuple[int, str]:
        found = Application.objects.get(child=child)
        return found.pk, found.state

    number, state = director.seen_by(made)
    assert state == "submitted"
    return child, number


def decide_application(
    supervisor: Person, clerk: Person, approver: Person, child: Child, number: int
) -> None:
    """Four people, none of whom takes two steps; the entitlement begins next month."""
    address = f"/applications/{number}/"
    supervisor.open("/applications/")
    supervisor.sees(child.name)
    supervisor.open(address)
    supervisor.press("受理")
    supervisor.sees("查验中")
    supervisor.page.locator("summary", has_text="查验属实").click()
    supervisor.page.locator("details[open] textarea[name=reason]").fill("入户核实，部门数据比对一致。")
    supervisor.page.locator("details[open]").get_by_role("button", name="查验属实，报县（区）").click()
    supervisor.sees("入户核实，部门数据比对一致。")
    clerk.open(address)
    clerk.press("审查通过，提请确认")
    clerk.sees("待确认")
    clerk.picture("10-application-checked")
    approver.open("/applications/")
    approver.sees(child.name)
    approver.open(address)
    approver.press("确认")
    approver.sees("已确认")

    def entitled() -> tuple[str, dt.date, str]:
        found = Entitlement.objects.get(application_id=number)
        return found.state, found.start_month, found.child.name

    assert approver.seen_by(entitled) == ("active", next_month(timezone.localdate()), child.name)


def next_month(day: dt.date) -> dt.date:
    return (day.replace(day=1) + dt.timedelta(days=32)).replace(day=1)


def pay_a_month(clerk: Person, approver: Person, releaser: Person) -> int:
    """Calculated, explained, approved and released by three people; the bank answers and one line fails."""
    page = clerk.page
    clerk.open("/month/")
    clerk.sees("本月")
    clerk.picture("11-bureau-month", PHONE, DESK)
    clerk.open("/batches/prepare/")
    clerk.press("计算金额")
    page.wait_for_url(re.compile(r"/batches/\d+/$"))
    clerk.sees("待审批")
    number = int(page.url.rstrip("/").rsplit("/", 1)[1])
    batch = clerk.seen_by(lambda: PaymentBatch.objects.get(pk=number))
    issues = clerk.seen_by(lambda: BatchIssue.objects.filter(batch_id=number, note="").count())
    for _ in range(issues):
        row = (
            page.locator("#exceptions tbody tr")
            .filter(has=page.locator("summary", has_text="说明或缓发"))
            .first
        )
        row.locator("summary").click()
        row.locator("input[name=note]").fill("已向镇街核实。")
        row.get_by_role("button", name="照发").click()
        clerk.sees("已向镇街核实。")
    assert clerk.seen_by(lambda: BatchIssue.objects.filter(batch_id=number, note="").count()) == 0
    clerk.open(f"/batches/{number}/")
    page.locator("table a[hx-get]").first.click()
    expect(page.locator("#drawer .cw-sum, .cw-drawer .cw-sum").first).to_be_visible()
    clerk.picture("12-payment-batch")
    expect(page.get_by_role("button", name=re.compile("^批准")).and_(page.locator(":enabled"))).to_have_count(
        0
    )

    approver.open(f"/batches/{number}/")
    approver.page.get_by_role("button", name=re.compile(rf"^批准 {batch.child_count} 人")).click()
    approver.sees("待发放")
    approver.picture("13-batch-approved")
    releaser.open(f"/batches/{number}/")
    releaser.page.get_by_role("button", name=re.compile(rf"^发放 {batch.child_count} 人")).click()
    releaser.sees("已发放", "SHA-256")

    for ending in ("xlsx", "csv"):
        row = releaser.page.locator("tr").filter(has=releaser.page.get_by_role("link", name=f".{ending}"))
        with releaser.page.expect_download() as coming:
            row.get_by_role("link").click()
        file = coming.value.path().read_bytes()
        shown = row.locator("code").inner_text().rstrip("…")
        assert len(shown) >= 16
        assert hashlib.sha256(file).hexdigest().startswith(shown)

    def kept() -> tuple[str, int, bool]:
        found = PaymentBatch.objects.get(pk=number)
        lines = Payment.objects.filter(batch=found, state="sent")
        return found.state, lines.count(), sum(line.amount for line in lines) == found.total

    assert releaser.seen_by(kept) == ("released", batch.line_count, True)
    answer = clerk.seen_by(lambda: bank_answer(PaymentBatch.objects.get(pk=number), fail=1))
    clerk.open(f"/batches/{number}/")
    shot = {"name": "银行回盘.csv", "mimeType": "text/csv", "buffer": answer}
    page.locator("input[type=file][name=file]").set_input_files([shot])  # type: ignore[list-item]
    clerk.press("导入回盘")
    clerk.sees(f"{batch.line_count - 1} 笔已发放，1 笔失败")
    clerk.picture("14-batch-reconciled")
    page.goto(f"/batches/{number}/lines/?state=failed")
    clerk.sees("发放失败")

    def outcome() -> tuple[str, int, int, str]:
        lines = Payment.objects.filter(batch_id=number)
        failed = lines.get(state="failed")
        state = PaymentBatch.objects.get(pk=number).state
        return (
            state,
            lines.filter(state="paid").count(),
            lines.filter(state="sent").count(),
            failed.bank_message,
        )

    assert clerk.seen_by(outcome) == ("reconciled", batch.line_count - 1, 0, "户名不符")
    return number


def match_a_list(clerk: Person) -> None:
    """A low-income list is understood, imported, matched with progress, and the doubtful row decided side by side."""
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
    page.wait_for_url(re.compile(r"/lists/runs/\d+/$"))
    assert clerk.seen_by(pairs) == ({child.pk for child in certain}, set())
    assert clerk.seen_by(lambda: MatchCandidate.objects.get(run_id=run, child=near).state) == "accepted"
    clerk.open("/discrepancies/")
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
    page.locator("form[action*='lock'] button[type=submit]").click()
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


def test_story(people: Callable[..., Person]) -> None:
    director, supervisor = people("wangnianci", PHONE), people("lishouan")
    director.open("/sign-in/")
    director.picture("00-sign-in", PHONE, DESK)
    director.sign_in()
    supervisor.sign_in()
    child = calm_child(director)
    record_worrying_visit(director, child)
    case = review_visits(supervisor, director, child)
    help_with_a_case(supervisor, case)
    answer_referral(supervisor, people("caihongqiao").sign_in(), case, child)
    clerk, approver = people("zhaoqinghe").sign_in(), people("qianzhixing").sign_in()
    decide_application(supervisor, clerk, approver, *apply_for_a_child(director))
    pay_a_month(clerk, approver, people("sunmingyuan").sign_in())
    match_a_list(clerk)
    decide_discrepancies(clerk, director)
    report_a_month(clerk, approver)
