"""A day on paper: blank forms printed, the filled stack typed in without touching the mouse."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from cases.models import Visit, VisitStack
from tests.journeys.conftest import DESK, Person
from tests.papers import all_text

pytestmark = [pytest.mark.journey, pytest.mark.slow]

# What is ticked on every sheet; rows that no key stands for stay empty.
TICKED = {"kind": "2", "people_met": "12", "risk": "", "text": "电话里说一切照旧。"}


def test_a_filled_stack_is_typed_in_from_the_keyboard(people: Callable[..., Person]) -> None:
    director = people("wangnianci", DESK).sign_in()
    page = director.page
    director.open("/visits/blank/")
    boxes = page.locator("input[name=children]")
    for box in boxes.all():
        box.set_checked(False)
    last = (boxes.count() - 2, boxes.count() - 1)  # those that no other journey visits
    for place in last:
        boxes.nth(place).set_checked(True)
    names = [page.locator("label.cw-check > span").nth(place).inner_text().split()[0] for place in last]
    form = page.locator("form:has(input[name=children])")
    values = form.evaluate(
        "form => Array.from(new FormData(form)).map(([k, v]) => `${k}=${encodeURIComponent(v)}`).join('&')"
    )
    printed = director.context.request.post(
        page.url,
        data=values,
        headers={"Content-Type": "application/x-www-form-urlencoded", "Referer": page.url},
    )
    assert printed.headers["content-type"] == "application/pdf"
    text = all_text(printed.body())
    stack = director.seen_by(lambda: VisitStack.objects.order_by("-pk").values_list("pk", flat=True)[0])
    assert all(name in text and f"{stack}-{place}" in text for place, name in enumerate(names, 1))

    director.open(f"/visits/stacks/{stack}/")
    keys = page.keyboard
    for _sheet in names:
        keys.press("Enter")  # the next number stands in the field
        page.wait_for_url("**/sheets/*/")
        rows = page.locator(".cw-sheet-row :is(input:not([type=file]), textarea)")
        present = page.locator(".cw-pagehead .cw-risk").get_attribute("class") or ""
        colours = ("red", "yellow", "blue", "green")
        risk = next(str(n) for n, colour in enumerate(colours, 1) if f"cw-risk-{colour}" in present)
        for row in rows.all():
            name = row.get_attribute("name") or ""
            expect(row).to_be_focused()
            answers = row.locator("xpath=following-sibling::ul/li").count()
            asked = name.startswith("answer_") and answers
            if typed := risk if name == "risk" else TICKED.get(name, "1" if asked else ""):
                keys.press("Control+A")
                keys.type(typed)
                if answers:
                    expect(
                        row.locator("xpath=following-sibling::ul/li[contains(@class, 'is-on')]")
                    ).to_have_count(len(typed))
            if name == "text":
                director.picture("25-paper-sheet")
            keys.press("Enter")
        page.wait_for_url(f"**/visits/stacks/{stack}/")
    director.picture("25-paper-stack")
    director.sees(*names)
    expect(page.locator(".cw-stack-left li")).to_have_count(0)

    def entered() -> list[tuple[str, str, str, str]]:
        found = Visit.objects.filter(stack=stack).order_by("pk")
        return list(found.values_list("child__name", "kind", "state", "source"))

    assert director.seen_by(entered) == [(name, "phone", "submitted", "paper") for name in names]
