"""A defect from the visit that reports it to the number in the county's counts (O-44)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from cases.defects.rules import AT_SCHOOL
from cases.models import Child, Defect, Visit
from tests.journeys.conftest import PHONE, Person

pytestmark = [pytest.mark.journey, pytest.mark.slow]

Arrive = Callable[..., Person]


def schoolchild(director: Person) -> Child:
    """A child of the director's village who is at school, with no visit under way and nothing missing."""
    today = timezone.localdate()
    return director.seen_by(
        lambda: (
            Child.objects.on_register()
            .filter(school_stage__in=AT_SCHOOL, cases__isnull=True, defects__isnull=True)
            .filter(
                birth_date__range=(today - dt.timedelta(days=14 * 365), today - dt.timedelta(days=8 * 365))
            )
            .exclude(pk__in=Visit.objects.exclude(state="approved").values("child"))
            .order_by("-pk")[0]
        )
    )


def report_at_a_visit(director: Person, child: Child) -> None:
    page = director.open(f"/visits/add/?child={child.pk}")
    expect(page.locator("#visit[data-outbox-ready]")).to_be_attached()
    page.get_by_label("入户", exact=True).check()
    page.get_by_label("儿童本人", exact=True).check()
    for number in range(4):
        page.locator(".cw-ask").nth(number).get_by_label("没有", exact=True).check()
    page.get_by_label("绿·平稳").check()
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    page.locator("input[name=answer_education_aid][value=dropped]").check(force=True)
    page.locator("textarea[name=text]").fill("孩子已两周没有到校，说不想读了。")
    director.press("提交走访")
    expect(page.locator("main h1")).to_contain_text("王念慈")  # sent, and back at home


def enter_stage(director: Person, stage: str) -> None:
    """On the form that the defect's page led to."""
    expect(director.page).to_have_url(re.compile(r"/children/\d+/edit/"))
    director.page.locator("select[name=school_stage]").select_option(stage)
    director.page.locator(".cw-save button[type=submit], button[form][type=submit]").first.click()
    expect(director.page).to_have_url(re.compile(r"/children/\d+/(#|$)"))


def test_followed_to_its_end_and_counted(people: Arrive) -> None:
    director = people("wangnianci", PHONE).sign_in()
    child = schoolchild(director)
    stage = child.school_stage
    report_at_a_visit(director, child)
    found = director.seen_by(lambda: Defect.objects.get(child=child))
    assert (found.kind, found.source, found.state) == ("out_of_school", "visit", "open")

    # From the home page to the defect, in three presses.
    page = director.open("/")
    page.locator("main a[href^='/defects/']").first.click()
    page.locator(f"main ul a[href='/defects/{found.pk}/']").click()
    director.sees(child.name, found.note)
    director.picture("40-defect", PHONE)
    page.locator("form[action$='/step/'] textarea[name=text]").fill("与班主任、家长面谈，家长同意下周返校。")
    page.locator("form[action$='/step/'] button[type=submit]").click()
    director.sees("与班主任、家长面谈")
    # The register still says that the child is at school: first it is put right, then it is solved.
    director.open(f"/children/{child.pk}/edit/")
    enter_stage(director, "not_in_school")
    director.open(f"/defects/{found.pk}/")
    page.locator(f"a[href='/children/{child.pk}/edit/#id_school_stage']").click()
    enter_stage(director, stage)

    def state() -> tuple[str, str]:
        one = Defect.objects.select_related("solved_by").get(pk=found.pk)
        return one.state, one.solved_by.username if one.solved_by else ""

    assert director.seen_by(state) == ("solved", "wangnianci")

    supervisor = people("lishouan").sign_in()
    desk = supervisor.open("/queue/")
    desk.locator("main a[href='/queue/?source=defects']").first.click()
    desk.wait_for_url("**/queue/?source=defects")
    with desk.expect_response(lambda answer: f"/queue/defects/{found.pk}/" in answer.url):
        desk.locator(f"a[href^='/queue/defects/{found.pk}/']").first.click()
    desk.locator(f"#review a[href='/defects/{found.pk}/']").click()
    supervisor.sees("与班主任、家长面谈")
    supervisor.picture("41-defect-check")
    desk.locator("form:has(input[value=close]) button[type=submit]").click()
    expect(desk.locator("form:has(input[value=close])")).to_have_count(0)
    assert supervisor.seen_by(lambda: Defect.objects.get(pk=found.pk).checked_by.username) == "lishouan"  # type: ignore[union-attr]

    clerk = people("zhaoqinghe").sign_in()
    counted = clerk.open("/defects/counts/")
    clerk.picture("42-defect-counts")
    figure = counted.locator("a.drill[href*='measure=solved'][href*='kind=out_of_school']").first
    number = int(figure.inner_text())
    figure.click()
    expect(counted.locator(f"td a[href='/defects/{found.pk}/']")).to_be_visible()
    expect(counted.locator("td.k > a[href^='/defects/']")).to_have_count(number)
