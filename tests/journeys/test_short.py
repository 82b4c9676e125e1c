"""Short journeys: what the long story passes by."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from cases.models import Child, Visit
from staff.models import User
from tests.journeys.conftest import DESK, PHONE, Person

pytestmark = [pytest.mark.journey, pytest.mark.slow]

Arrive = Callable[..., Person]


def test_five_wrong_passwords_lock_the_account(people: Arrive) -> None:
    person = people("zhoubingwen", PHONE)
    person.open("/sign-in/")
    for _attempt in range(5):
        person.page.locator("input[name=username]").fill("zhoubingwen")
        person.page.locator("input[name=password]").fill("Falsch-1234")
        with person.page.expect_navigation():
            person.press("登录")
    expect(person.page.get_by_role("alert")).to_contain_text("输错次数过多")
    person.page.locator("input[name=username]").fill("zhoubingwen")
    person.page.locator("input[name=password]").fill("Tongfu-2026")
    person.press("登录")
    expect(person.page.get_by_role("alert")).to_contain_text("输错次数过多")
    sysadmin = people("zhengyiming").sign_in()
    account = sysadmin.seen_by(lambda: User.objects.get(username="zhoubingwen"))
    assert account.locked_until is not None
    sysadmin.open(f"/accounts/{account.pk}/")
    sysadmin.sees("周秉文", "锁定")
    person.problems.clear()  # the browser logs each refusal


def test_a_person_with_two_posts_changes_between_them(people: Arrive) -> None:
    person = people("duyuehua", DESK).sign_in(anew=True)  # the session remembers the post
    own = person.page.locator(".cw-side-foot").inner_text()
    children = person.page.locator("main").inner_text()
    person.page.locator(".cw-top details summary").click()
    person.page.locator(".cw-top .cw-menu-row:not([aria-current])[name=assignment]").click()
    expect(person.page.locator(".cw-side-foot")).not_to_have_text(own)
    expect(person.page.locator("main")).not_to_have_text(children)


def test_a_child_out_of_scope_is_as_absent_as_one_that_is_not(people: Arrive) -> None:
    director = people("duyuehua", PHONE).sign_in()
    clerk = people("zhaoqinghe")
    seen = set(director.seen_by(lambda: list(Child.objects.values_list("pk", flat=True))))
    elsewhere = clerk.seen_by(lambda: Child.objects.exclude(pk__in=seen).order_by("pk").first())
    assert elsewhere is not None
    texts = []
    for number in (elsewhere.pk, 99_999_999):
        answer = director.page.goto(f"/children/{number}/")
        assert answer is not None
        assert answer.status == 404
        texts.append(director.page.locator("body").inner_text())
    assert texts[0] == texts[1]
    assert "找不到这个页面" in texts[0]
    director.problems.clear()  # the two answers that were asked for


def test_the_pages_in_english(people: Arrive) -> None:
    person = people("lishouan").sign_in()
    person.page.locator(".cw-top details summary").click()
    person.press("English", within=person.page.locator(".cw-top"))
    expect(person.page.locator("html")).to_have_attribute("lang", "en")
    for address, text in (
        ("/queue/", "Review queue"),
        ("/children/", "Children"),
        ("/cases/", "Cases"),
        ("/applications/", "Applications"),
        ("/reports/monthly/", "Monthly report"),
    ):
        person.open(address)
        person.sees(text)


def test_the_report_prints_as_a_form(people: Arrive, tmp_path: Path) -> None:
    clerk = people("zhaoqinghe").sign_in()
    clerk.open("/reports/monthly/")
    clerk.page.emulate_media(media="print")
    for hidden in (".cw-side", ".cw-top", ".cw-noprint"):
        for element in clerk.page.locator(hidden).all():
            expect(element).to_be_hidden()
    expect(clerk.page.locator("main")).to_contain_text("双江镇")
    form = clerk.page.pdf(path=tmp_path / "report.pdf", prefer_css_page_size=True)
    assert form.startswith(b"%PDF")
    boxes = {tuple(float(n) for n in box.split()) for box in re.findall(rb"/MediaBox\s*\[([^\]]+)\]", form)}
    assert boxes
    assert all(width > height for _x, _y, width, height in boxes), boxes  # A4 landscape


def test_a_visit_without_scripts(people: Arrive) -> None:
    person = people("duyuehua", PHONE, java_script_enabled=False).sign_in()
    child = person.seen_by(
        lambda: (
            Child.objects.on_register()
            .exclude(pk__in=Visit.objects.exclude(state="approved").values("child"))
            .order_by("pk")[0]
        )
    )
    page = person.open(f"/visits/add/?child={child.pk}")
    person.press("提交走访")
    expect(page.locator("main")).to_contain_text("必填")  # refused, with what is missing beside the fields
    expect(page.locator(".cw-error").first).to_be_visible()
    page.get_by_label("儿童本人", exact=True).check()
    for number in range(4):
        page.locator(".cw-ask").nth(number).get_by_label("没有", exact=True).check()
    page.get_by_label("绿·平稳").check()
    page.locator("textarea[name=text]").fill("孩子在家写作业，精神好。")
    person.press("提交走访")
    person.sees(f"{child.name}的走访已提交")
    assert (
        person.seen_by(lambda: Visit.objects.get(child=child, state="submitted").text)
        == "孩子在家写作业，精神好。"
    )
