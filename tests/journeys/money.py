"""Steps of the money: an application decided by four people, a month paid by three and answered by the bank."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from decimal import Decimal

from django.utils import timezone
from playwright.sync_api import expect

from cases.models import (
    Child,
)
from childwelfare.demo.money import bank_answer
from subsidies.budgets import services as budgets
from subsidies.models import (
    Application,
    BatchIssue,
    Entitlement,
    Payment,
    PaymentBatch,
)
from tests.journeys.conftest import DESK, PASSWORD, PHONE, Person
from tests.journeys.village import photograph


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
    hand_in(director)
    director.press("提出申请")
    director.sees(child.name, "待受理")
    director.picture("09-application")

    def made() -> tuple[int, str]:
        found = Application.objects.get(child=child)
        return found.pk, found.state

    number, state = director.seen_by(made)
    assert state == "submitted"
    return child, number


def hand_in(director: Person) -> None:
    """A photo of the household register; the other documents of the list are in the child's file already."""
    page = director.page
    shot = {"name": "IMG_0002.jpg", "mimeType": "image/jpeg", "buffer": photograph()}
    page.locator("input[name=evidence-child_identity-file]").set_input_files([shot])  # type: ignore[list-item]
    for code in ("application_form", "guardian_identity", "payee_account"):
        note = page.locator(f"[name=evidence-{code}-note]")
        note.locator("xpath=ancestor::details[1]/summary").click()
        note.fill("档案第3页，已核对原件")


def look_into(supervisor: Person, number: int) -> None:
    """The township compares departments' data and records it."""
    form = supervisor.page.locator(f"form[action='/applications/{number}/checks/']")
    form.locator("[name=method][value=data_match]").check()
    form.locator("[name=result][value=confirms]").check()
    form.locator("[name=note]").fill("公安、残联数据一致。")
    form.locator("button[type=submit]").click()
    supervisor.sees("公安、残联数据一致。")


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
    look_into(supervisor, number)
    supervisor.page.locator("summary", has_text="查验属实").click()
    supervisor.page.locator("details[open] textarea[name=reason]").fill("入户核实，部门数据比对一致。")
    supervisor.page.locator("details[open]").get_by_role("button", name="查验属实，报县（区）").click()
    supervisor.sees("入户核实，部门数据比对一致。")
    clerk.open(address)
    clerk.send(clerk.page.get_by_role("button", name="审查通过，提请确认", exact=True))
    clerk.sees("待确认")
    clerk.picture("10-application-checked")
    approver.open("/applications/")
    approver.sees(child.name)
    approver.open(address)
    approver.send(approver.page.get_by_role("button", name="确认", exact=True))
    approver.sees("已确认")

    def entitled() -> tuple[str, dt.date, str]:
        found = Entitlement.objects.get(application_id=number)
        return found.state, found.start_month, found.child.name

    assert approver.seen_by(entitled) == ("active", next_month(timezone.localdate()), child.name)


def next_month(day: dt.date) -> dt.date:
    return (day.replace(day=1) + dt.timedelta(days=32)).replace(day=1)


def enter_appropriation(clerk: Person, source: str, yuan: Decimal, year: int) -> None:
    """The clerk enters the letter that gives the county what it lacks, rounded up to a thousand yuan."""
    clerk.open("/budgets/appropriations/add/")
    clerk.page.locator("[name=source]").select_option(source)
    clerk.page.locator("[name=year]").fill(str(year))
    clerk.page.locator("[name=amount]").fill(str((yuan // 1000 + 1) * 1000))
    clerk.page.locator("[name=document]").fill(f"潼财社〔{year}〕96号")
    clerk.press("记入总账")
    clerk.page.wait_for_url(f"**/budgets/?year={year}")
    clerk.sees(f"潼财社〔{year}〕96号")


def explain_exceptions(clerk: Person, number: int) -> None:
    """Where several of a kind wait, one note for all of them; the others one by one."""
    page = clerk.page

    def waiting() -> list[str]:
        found = BatchIssue.objects.filter(batch_id=number, note="").order_by("kind")
        return list(found.values_list("kind", flat=True))

    while kinds := clerk.seen_by(waiting):
        kind = kinds[0]
        clerk.open(f"/batches/{number}/?kind={kind}")
        if kinds.count(kind) > 1:
            page.locator("#id_notes").fill("已向镇街核实。")
            clerk.send(page.get_by_role("button", name="全部确认", exact=True))
        else:
            open_notes = page.locator("summary", has_text="说明或缓发")
            row = page.locator("#exceptions tbody tr").filter(has=open_notes).first
            row.locator("summary").click()
            row.locator("input[name=note]").fill("已向镇街核实。")
            clerk.send(row.get_by_role("button", name="照发"))
        assert len(clerk.seen_by(waiting)) < len(kinds)
    clerk.open(f"/batches/{number}/")
    clerk.sees("已向镇街核实。")


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
    explain_exceptions(clerk, number)
    assert clerk.seen_by(lambda: BatchIssue.objects.filter(batch_id=number, note="").count()) == 0
    clerk.open(f"/batches/{number}/")
    page.locator("table a[hx-get]").first.click()
    expect(page.locator("#drawer .cw-sum, .cw-drawer .cw-sum").first).to_be_visible()
    clerk.picture("12-payment-batch")
    expect(page.get_by_role("button", name=re.compile("^批准")).and_(page.locator(":enabled"))).to_have_count(
        0
    )

    approver.open(f"/batches/{number}/")
    for source, yuan in approver.seen_by(lambda: budgets.shortfall(batch)).items():
        approver.sees("资金不足", f"{yuan:,.2f}")
        enter_appropriation(clerk, source, yuan, batch.month.year)
        approver.open(f"/batches/{number}/")
    expect(approver.page.locator("main")).not_to_contain_text("资金不足")
    approver.send(approver.page.get_by_role("button", name=re.compile(rf"^批准 {batch.child_count} 人")))
    approver.sees("待发放")
    approver.picture("13-batch-approved")
    releaser.open(f"/batches/{number}/")
    releaser.page.get_by_role("link", name=re.compile(rf"^发放 {batch.child_count} 人")).click()
    releaser.page.locator("input[name=password]").fill(PASSWORD)
    releaser.picture("13-release")
    releaser.page.get_by_role("button", name=re.compile("^发放")).click()
    releaser.page.wait_for_url(re.compile(rf"/batches/{number}/$"))
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
