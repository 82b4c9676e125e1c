"""A child who is known already: warned while typing, entered all the same, and two files made one and two again."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from cases.models import Child, ChildMerge
from tests.journeys.conftest import DESK, PHONE, Person

pytestmark = [pytest.mark.journey, pytest.mark.slow]

Arrive = Callable[..., Person]


def test_a_form_that_comes_back_puts_the_reader_at_what_is_wrong(people: Arrive) -> None:
    page = people("zhaoqinghe").sign_in().open("/children/add/")
    page.locator("input[name=name]").fill("测")
    page.locator("input[name=id_number]").fill("110")
    page.locator("[form=child][type=submit]").first.click()
    expect(page.locator("main [aria-invalid=true]").first).to_be_focused()


def test_a_second_file_is_warned_of_merged_and_parted_again(people: Arrive) -> None:
    clerk = people("zhaoqinghe").sign_in()
    known = clerk.seen_by(lambda: Child.objects.on_register().exclude(id_digest=None).order_by("pk").first())
    assert known is not None
    first = f"/children/{known.pk}/"

    # Somebody enters the same child again, with nothing but name and date of birth.
    page = clerk.open("/children/add/")
    page.locator("select[name=region]").select_option(str(known.region_id))
    page.locator("select[name=primary_category]").select_option(known.primary_category)
    page.locator("input[name=name]").press_sequentially(known.name, delay=20)
    page.locator("input[name=birth_date]").fill(known.birth_date.isoformat())
    hint = page.locator(f'#twins a[href="{first}"]')
    expect(hint).to_be_visible()
    expect(hint).to_contain_text(known.number)
    clerk.picture("31-twin-hint", PHONE, DESK)
    page.locator(f"input[name=sex][value={known.sex}]").check(force=True)
    page.locator("input[name=address]").fill("新迁地址 3 号")
    page.locator("[form=child][type=submit]").first.click()
    page.locator("input[name=confirmed]").check()
    expect(page.locator(f'#twins a[href="{first}"]')).to_be_visible()
    page.locator("[form=child][type=submit]").first.click()
    expect(page.locator("h1").first).to_contain_text(known.name)
    again = clerk.seen_by(
        lambda: Child.objects.get(name=known.name, birth_date=known.birth_date, id_digest=None)
    )
    second = f"/children/{again.pk}/"
    assert page.url.endswith(second)

    # The pair stands in the list; field by field they become one.
    clerk.open("/duplicates/")
    clerk.picture("32-duplicates", PHONE, DESK)
    page.locator(f'a[href="/children/{known.pk}/merge/{again.pk}/"]').click()
    address = page.locator("input[name=choose-address]")
    if address.count():
        address.nth(1).check()
    expect(page.locator("main")).not_to_contain_text(known.id_number)
    clerk.picture("33-merge", PHONE, DESK)
    page.locator("textarea[name=reason]").fill("核对户口簿，同一儿童重复录入")
    page.locator("#merge button.btn-primary").click()
    page.wait_for_url(f"**{first}")
    assert (
        clerk.seen_by(lambda: Child.objects.get(pk=known.pk).address) == "新迁地址 3 号"
    )  # its screen is masked
    clerk.open(second)
    page.wait_for_url(f"**{first}")
    clerk.sees(again.number)
    clerk.open(f"{first}file/timeline/")
    clerk.sees("核对户口簿，同一儿童重复录入", known.number, again.number)

    # It was wrong after all.
    merge = clerk.seen_by(lambda: ChildMerge.objects.get(kept=known, merged=again))
    page.locator(f'a[href="/merges/{merge.pk}/undo/"]').click()
    page.locator("textarea[name=reason]").fill("是堂兄弟，不是同一人")
    page.locator("[form=undo][type=submit]").first.click()
    page.wait_for_url(f"**{second}")
    clerk.open(first)
    expect(page.locator("main")).not_to_contain_text("新迁地址 3 号")

    # And they are never proposed again.
    clerk.open("/duplicates/")
    page.locator(f'form[action="/duplicates/{known.pk}/{again.pk}/not-same/"] button').click()
    expect(page.locator(f'a[href="/children/{known.pk}/merge/{again.pk}/"]')).to_have_count(0)
    clerk.open("/duplicates/?show=parted")
    expect(page.locator(f'a[href="{second}"]')).to_be_visible()
