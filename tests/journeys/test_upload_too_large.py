"""An upload above the limit, through the real server: the person reads what to do, and nothing of it is kept."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.conf import settings
from playwright.sync_api import expect

from cases.models import ListImport
from staff.models import StoredFile
from tests.journeys.conftest import Person

# A file of so many bytes, chosen as a person would; Playwright itself carries no file of this size to the browser.
CHOOSE = """(input, bytes) => {
  const chosen = new DataTransfer();
  chosen.items.add(new File([new Uint8Array(bytes)], "低保名单.csv"));
  input.files = chosen.files;
}"""

pytestmark = [pytest.mark.journey, pytest.mark.slow]


def test_a_list_above_the_limit_is_refused_in_words(people: Callable[..., Person]) -> None:
    clerk = people("zhaoqinghe").sign_in()

    def kept() -> tuple[int, int]:
        return ListImport.objects.count(), StoredFile.objects.count()

    before = clerk.seen_by(kept)
    clerk.open("/lists/upload/?kind=dibao")
    clerk.page.locator("input[type=file]").evaluate(CHOOSE, settings.UPLOAD_MOST_BYTES + 2**20)
    with clerk.page.expect_response(lambda answer: answer.request.method == "POST") as answered:
        clerk.page.locator("form[enctype] button[type=submit]").click()
    assert answered.value.status == 413
    expect(clerk.page.locator("main")).to_contain_text("100 MB")
    assert clerk.seen_by(kept) == before
    clerk.open("/lists/upload/?kind=dibao")
    expect(clerk.page.locator("input[type=file]")).to_be_visible()
    clerk.problems = [each for each in clerk.problems if "413" not in each]
