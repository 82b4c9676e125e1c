"""The clerk finds children, keeps a list, changes several at once and takes the list out as a file."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from playwright.sync_api import expect
from python_calamine import CalamineWorkbook

from cases.models import Child
from tests.journeys.conftest import PHONE, Person

pytestmark = [pytest.mark.journey, pytest.mark.slow]

Arrive = Callable[..., Person]
BOX = "main input[type=search]"


def somebody(person: Person) -> Child:
    return person.seen_by(
        lambda: Child.objects.on_register().exclude(id_digest=None).order_by("-birth_date", "pk")[3]
    )


def initials(child: Child) -> str:
    return "".join(syllable[0] for syllable in child.name_pinyin.split())


def test_typing_finds_a_child_by_initials_and_by_the_end_of_a_number(people: Arrive) -> None:
    clerk = people("zhaoqinghe").sign_in()
    child = somebody(clerk)
    for typed in (initials(child), child.id_number[-6:]):
        clerk.open("/children/")
        clerk.page.locator(BOX).press_sequentially(typed)
        found = clerk.page.locator(f"#found a[href='/children/{child.pk}/']")
        expect(found).to_contain_text(child.name)
    found.click()
    expect(clerk.page.locator("h1")).to_contain_text(child.name)


def test_a_director_searches_on_the_phone(people: Arrive) -> None:
    director = people("wangnianci", PHONE).sign_in()
    child = somebody(director)
    page = director.open("/children/")
    expect(page.locator("main form")).to_have_count(1)
    page.locator(BOX).fill(child.id_number[-4:])
    page.locator(BOX).press("Enter")
    expect(page.locator(f"main ul.cw-only-phone a[href='/children/{child.pk}/']")).to_be_visible()


def test_filter_save_change_several_and_export(people: Arrive) -> None:
    clerk = people("zhaoqinghe").sign_in()
    page = clerk.open("/children/")
    page.locator(".cw-filter-more > summary").click()
    page.locator("select[name=category]").select_option("orphan")
    page.locator("select[name=sex]").select_option("female")
    page.locator(".cw-filter-form button[type=submit]").click()
    page.wait_for_url("**/children/?category=orphan&sex=female")
    # Kept under a name, and opened by it from the whole list.
    page.locator("details[data-menu] summary", has=page.locator("use[href='#i-bookmark']")).click()
    page.locator("main input[name=name]").fill("女孤儿")
    clerk.send(page.locator("form[action='/children/views/save/'] button[type=submit]"))
    clerk.open("/children/")
    page.get_by_role("link", name="女孤儿").click()
    page.wait_for_url("**/children/?category=orphan&sex=female")
    wanted = clerk.seen_by(
        lambda: list(
            Child.objects.on_register()
            .filter(primary_category="orphan", sex="female")
            .order_by("next_visit_date", "pk")
        )
    )
    assert 2 <= len(wanted) <= 50
    # Two of them are changed, after what will change was shown; nobody of the county is insured by the family.
    for child in wanted[:2]:
        page.locator(f"main input[name=child][value='{child.pk}']").check()
    page.locator("select[name=act]").select_option("insurance")
    page.locator("form[action='/children/bulk/'] button[type=submit]:not([name])").click()
    page.locator("select[name=insurance]").select_option("own")
    page.locator("main input[name=reason]").fill("医保核对")
    page.locator("main form button[type=submit]:not([name])").click()
    for child in wanted[:2]:
        clerk.sees(child.name)
    expect(page.locator("main table tbody tr")).to_have_count(2)
    page.locator("button[name=confirm]").click()
    page.wait_for_url("**/children/?category=orphan&sex=female")
    insured = clerk.seen_by(lambda: set(Child.objects.filter(insurance="own").values_list("pk", flat=True)))
    assert insured == {child.pk for child in wanted[:2]}
    # The file holds what the list shows.
    page.locator(".cw-pagehead a[href^='/children/export/']").click()
    page.locator("main input[name=reason]").fill("季度核对")
    page.locator("main form button[type=submit]").click()
    link = page.locator("a[href^='/files/']")
    expect(link).to_be_visible(timeout=30_000)
    with page.expect_download() as coming:
        link.click()
    data = coming.value.path().read_bytes()
    rows = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python()
    assert "季度核对" in rows[0][0]
    assert [row[0] for row in rows[2:]] == [child.name for child in wanted]
