"""A clerk throws a messy spreadsheet in, takes the good rows, sees the children, and takes it all back."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from cases.identity import check_character
from cases.models import Child, RegisterImport
from staff.models import Region
from tests.journeys.conftest import DESK, PHONE, Person

pytestmark = [pytest.mark.journey, pytest.mark.slow]

Arrive = Callable[..., Person]
NAMES = ("欧阳初试", "欧阳再试", "欧阳三试")
NUMBER = "50015220160308901" + check_character("50015220160308901")
WORK = 30_000  # ms until a job has ended


def messy(village: str) -> bytes:
    """Three children under a title, headers nobody else writes, a wrong number, a total; GB18030 as Excel saves it."""
    lines = [
        "潼南区儿童花名册,,,,,",
        "孩子大名,身份证号码,出生日期,性别,所属村居,保障类别",
        f"{NAMES[0]},{NUMBER},2016.3.8,男,{village},孤儿",
        f"{NAMES[1]},,2015年6月1日,男,{village},低保家庭",
        f"{NAMES[2]},{NUMBER[:17]},,女,{village},孤儿",
        "合计,3,,,,",
    ]
    return "\r\n".join(lines).encode("gb18030")


def wait_for_job(page: Page) -> None:
    """The progress page leads back to the import when the work has ended."""
    expect(page).to_have_url(re.compile(r"/imports/\d+/$"), timeout=WORK)


def test_a_messy_file_comes_in_and_goes_out_again(people: Arrive) -> None:
    clerk = people("zhaoqinghe", DESK).sign_in()
    village = clerk.seen_by(
        lambda: Region.objects.select_related("parent").get(
            pk=Child.objects.on_register().order_by("pk")[0].region_id
        )
    )
    place = f"{village.parent.name}{village.short_name}" if village.parent else village.name
    page = clerk.open("/imports/")
    page.locator("a[href='/imports/upload/']").first.click()
    page.set_input_files(
        "input[type=file]", {"name": "花名册.csv", "mimeType": "text/csv", "buffer": messy(place)}
    )
    page.locator("form[enctype] button[type=submit]").click()
    expect(page).to_have_url(re.compile(r"/imports/\d+/$"))
    # The header of the names is unknown, so the clerk says what it is.
    first = page.locator("select").first
    expect(first).to_have_value("")
    expect(page.locator("main")).not_to_contain_text(NUMBER)
    first.select_option("name")
    clerk.send(page.locator("form[action$='/check/'] button.btn-primary"))
    wait_for_job(page)
    expect(page.locator("table")).to_contain_text(NAMES[2])
    expect(page.locator("table")).not_to_contain_text(NAMES[0])
    clerk.picture("30-import-check", PHONE, DESK)
    clerk.send(page.locator("button[form=apply]"))
    wait_for_job(page)
    expect(page.locator("button[form=apply]")).to_have_count(0)
    for name in NAMES[:2]:
        clerk.open(f"/children/?q={name}")
        expect(page.locator("main")).to_contain_text(name)
    found = clerk.seen_by(lambda: RegisterImport.objects.order_by("-pk")[0])
    assert (found.state, found.counts["written"]) == ("applied", 2)
    clerk.open(f"/imports/{found.pk}/")
    page.locator("form[action$='/undo/'] textarea").fill("发错了文件")
    clerk.send(page.locator("form[action$='/undo/'] button"))
    wait_for_job(page)
    expect(page.locator("main")).to_contain_text("发错了文件")
    assert clerk.seen_by(lambda: Child.objects.filter(name__in=NAMES).count()) == 0
