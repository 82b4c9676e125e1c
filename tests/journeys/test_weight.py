"""What a cold phone loads on the way to a visit's form over the ordinary pages, sign-in included."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from cases.models import Child
from tests.journeys.conftest import PASSWORD, PHONE, Person
from tests.journeys.test_field_vault import MOST_BYTES

pytestmark = pytest.mark.journey


def test_sign_in_and_the_form_of_a_visit_weigh_little(people: Callable[..., Person]) -> None:
    # Without the worker, which fetches the shell of field work beside: that is weighed by itself.
    director = people("wangnianci", PHONE, service_workers="block")
    child = director.seen_by(lambda: Child.objects.on_register().order_by("pk").first())
    assert child
    loaded: list[int] = []
    network = director.context.new_cdp_session(director.page)
    network.send("Network.enable")
    network.on("Network.loadingFinished", lambda event: loaded.append(event["encodedDataLength"]))
    page = director.open(f"/sign-in/?next=/visits/add/?child={child.pk}")
    page.locator("input[name=username]").fill(director.username)
    page.locator("input[name=password]").fill(PASSWORD)
    director.press("登录")
    expect(page.locator("#visit[data-outbox-ready]")).to_be_attached()
    page.wait_for_load_state("networkidle")
    assert len(loaded) > 10
    assert 20_000 < sum(loaded) <= MOST_BYTES, sorted(loaded)
    director.problems.clear()  # of the worker that is forbidden
