"""What the bank could not pay is corrected and paid again in a batch of its own; the auditor follows the money."""

from __future__ import annotations

import re

from cases.children import family
from childwelfare.demo.money import bank_answer
from subsidies.models import Payment, PaymentBatch, Posting
from tests.journeys.conftest import PASSWORD, Person

ENDING = "7803"


def pay_again(clerk: Person, approver: Person, releaser: Person, number: int) -> Payment:
    """The failed line of batch ``number``: another account, a linked line, approved and released by two others, paid."""
    page = clerk.page
    clerk.open(f"/batches/{number}/")
    page.locator(f"main a[href='/batches/{number}/repair/']").click()
    clerk.sees("银行未能发放", "户名不符")
    page.locator("main").get_by_role("link", name="更正领款人").first.click()
    page.wait_for_url(re.compile(r"/children/\d+/"))
    child = int(re.findall(r"/children/(\d+)/", page.url)[0])
    account = next(digits for n in range(10) if family.passes_luhn(digits := f"62170012345{n}{ENDING}"))
    clerk.open(f"/children/{child}/payee/")
    name = clerk.seen_by(lambda: Payment.objects.get(batch_id=number, state="failed").payee_name)
    page.locator("[name=name]").fill(name)
    page.locator("[name=relation]").select_option("grandmother")
    page.locator("[name=bank_name]").fill("重庆农村商业银行")
    page.locator("[name=account]").fill(account)
    clerk.press("保存")
    clerk.sees("领款人已变更。")

    clerk.open(f"/batches/{number}/repair/")
    clerk.sees(f"…{ENDING}")
    page.locator("[name=note]").fill("户名已更正，换本人社保卡。")
    clerk.press("重发已更正的笔")
    page.wait_for_url(re.compile(r"/batches/\d+/$"))
    clerk.sees("待审批")
    again = int(page.url.rstrip("/").rsplit("/", 1)[1])
    assert again != number
    clerk.picture("15-batch-paid-again")
    approver.open(f"/batches/{again}/")
    approver.send(approver.page.get_by_role("button", name=re.compile(r"^批准 1 人")))
    approver.sees("待发放")
    releaser.open(f"/batches/{again}/release/")
    releaser.page.locator("input[name=password]").fill(PASSWORD)
    releaser.page.get_by_role("button", name=re.compile("^发放")).click()
    releaser.page.wait_for_url(re.compile(rf"/batches/{again}/$"))
    releaser.sees("已发放", "SHA-256")
    answer = clerk.seen_by(lambda: bank_answer(PaymentBatch.objects.get(pk=again)))
    clerk.open(f"/batches/{again}/")
    shot = {"name": "重发回盘.csv", "mimeType": "text/csv", "buffer": answer}
    page.locator("input[type=file][name=file]").set_input_files([shot])  # type: ignore[list-item]
    clerk.press("导入回盘")
    clerk.sees("1 笔已发放")

    def linked() -> tuple[Payment, Payment]:
        line = Payment.objects.get(batch_id=again)
        return line, Payment.objects.get(pk=line.repays_id)

    line, failed = clerk.seen_by(linked)
    assert (line.state, failed.state, failed.batch_id) == ("paid", "failed", number)
    assert (line.amount, line.month, line.account[-4:]) == (failed.amount, failed.month, ENDING)
    return line


def follow_the_money(auditor: Person, line: Payment) -> None:
    """From a total to the line, its steps and its evidence in three clicks; nowhere a form that writes."""
    page = auditor.page

    def seen() -> None:
        auditor.sees(line.child_name)
        assert page.locator("main form[method=post]").count() == 0

    auditor.open("/audit/")
    auditor.picture("16-audit")
    auditor.page.locator("main table a.drill").first.click()
    page.wait_for_url(re.compile("/audit/lines/"))
    assert page.locator("main form[method=post]").count() == 0
    page.locator("main tbody a").first.click()
    page.wait_for_url(re.compile(r"/payments/\d+/"))
    auditor.sees("标准", "sha256")
    auditor.picture("17-audit-payment")
    page.locator("main").get_by_role("link", name="依据材料").click()
    page.wait_for_url(re.compile(r"/payments/\d+/evidence/"))
    assert page.locator("main form[method=post]").count() == 0
    # The line that was paid again tells of the one that failed.
    auditor.open(f"/payments/{line.pk}/")
    seen()
    paid = auditor.seen_by(
        lambda: sum(
            posting.amount
            for posting in Posting.objects.filter(entry__batch_id=line.batch_id, account="paid")
        )
    )
    assert paid == line.amount
