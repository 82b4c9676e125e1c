"""An application on two phones and two desks: documents photographed, asked for once, verified, refused in writing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from subsidies.models import Application, ApplicationCheck, ApplicationEvidence
from tests.journeys.conftest import PHONE, Person
from tests.journeys.money import apply_for_a_child, look_into
from tests.journeys.village import photograph
from tests.papers import all_text

pytestmark = [pytest.mark.journey, pytest.mark.slow]


def act(person: Person, name: str, **fields: str) -> None:
    """Open the panel of a step where it has one, fill it in and send it."""
    form = person.page.locator(f"form:has(> input[name=action][value={name}])")
    expect(form).to_be_attached()
    panel = form.locator("xpath=ancestor::details[1]/summary")
    if panel.count():
        panel.click()
    for field, value in fields.items():
        form.locator(f"[name={field}]").first.fill(value)
    person.send(form.locator("button[type=submit]"))


def test_application(people: Callable[..., Person]) -> None:
    director, supervisor = people("wangnianci", PHONE).sign_in(), people("lishouan", PHONE).sign_in()
    child, number = apply_for_a_child(director)
    address = f"/applications/{number}/"

    def handed_in() -> list[tuple[str, str]]:
        rows = ApplicationEvidence.objects.filter(application_id=number).order_by("item")
        return [(row.item, row.source) for row in rows]

    assert director.seen_by(handed_in) == [
        ("application_form", "on_file"),
        ("child_identity", "uploaded"),
        ("guardian_identity", "on_file"),
        ("payee_account", "on_file"),
    ]
    supervisor.open(address)
    file = supervisor.page.locator("#documents a[href^='/files/']").first
    answer = supervisor.context.request.get(str(file.get_attribute("href")))
    assert answer.headers["content-type"] == "image/jpeg"
    assert "sandbox" in answer.headers["content-security-policy"]
    act(supervisor, "accept")
    supervisor.sees("查验中")
    act(supervisor, "ask_supplement", reason="请补监护人身份证复印件。")
    supervisor.sees("请补监护人身份证复印件。")
    director.open(address)
    director.sees("请补监护人身份证复印件。")
    director.picture("15-application-documents", PHONE)
    add = director.page.locator(f"form[action='{address}evidence/']")
    add.locator("xpath=ancestor::details[1]/summary").click()
    add.locator("select[name=item]").select_option("guardian_identity")
    shot = {"name": "IMG_0003.jpg", "mimeType": "image/jpeg", "buffer": photograph()}
    add.locator("input[type=file]").set_input_files([shot])  # type: ignore[list-item]
    add.locator("button[type=submit]").click()
    director.sees("IMG_0003.jpg")
    act(director, "resume", reason="已补。")
    supervisor.open(address)
    supervisor.sees("查验中")
    look_into(supervisor, number)
    act(supervisor, "verify", reason="部门数据比对一致。")
    assert supervisor.seen_by(lambda: ApplicationCheck.objects.filter(application_id=number).count()) == 1
    clerk, approver = people("zhaoqinghe").sign_in(), people("qianzhixing").sign_in()
    clerk.open(address)
    act(clerk, "check")
    approver.open(address)
    form = approver.page.locator("form:has(> input[name=action][value=refuse])")
    form.locator("xpath=ancestor::details[1]/summary").click()
    form.locator("[name=reason_code]").first.check()
    form.locator("[name=reason]").fill("父亲已返乡，有能力抚养。")
    approver.send(form.locator("button[type=submit]"))
    approver.sees("不予确认")
    letter = director.context.request.get(f"{address}letter/").body()
    text = all_text(letter)
    for expected in (child.name, "父亲已返乡，有能力抚养。", "行政复议"):
        assert expected in text, expected
    assert approver.seen_by(lambda: Application.objects.get(pk=number).state) == "refused"
