"""A case through the pages of its plan: goal, action, conference with minutes and decisions, judged, closed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from cases.models import Case, CaseAction, CaseEntry, CaseGoal, Child
from tests.journeys.conftest import DESK, PHONE, Person

pytestmark = [pytest.mark.journey, pytest.mark.slow]

GOAL, REWORDED, ACTION, DECISION = (
    "每天按时上学",
    "每天按时上学并吃早饭",
    "与班主任约定每周通话",
    "联系镇卫生院体检",
)


def test_a_case_from_its_goal_to_its_outcome(people: Callable[..., Person]) -> None:
    supervisor = people("lishouan", DESK).sign_in()
    page = supervisor.page
    main = page.locator("main")
    today = timezone.localdate()
    soon = (today + dt.timedelta(days=7)).isoformat()

    def fill(**values: str) -> None:
        for name, value in values.items():
            page.locator(f"main [name={name}]").fill(value)

    def keep() -> None:
        page.locator(".cw-savebar [type=submit]").click()

    def choose(name: str, value: str) -> None:
        page.locator(f"main [name={name}][value='{value}']").check()

    child = supervisor.seen_by(
        lambda: Child.objects.on_register().filter(cases__isnull=True).order_by("-region_id", "-pk")[0]
    )
    supervisor.open(f"/cases/add/?child={child.pk}")
    choose("level", "yellow")
    fill(title="时常缺课", summary="两周缺课四天。")
    keep()
    supervisor.sees("时常缺课")
    at = page.url

    # A goal with its day and how one will know; said in other words, with the reason.
    main.locator("a[href$='/goals/add/']").click()
    fill(text=GOAL, measure="班主任的考勤", due_date=soon)
    keep()
    supervisor.sees(GOAL, "班主任的考勤")
    main.locator("a[href$='/words/']").click()
    fill(text=REWORDED, reason="班主任说早上常空腹")
    supervisor.picture("61-plan-words", PHONE, DESK)
    keep()
    supervisor.sees(REWORDED, "班主任说早上常空腹")

    # An action under it, with a responsible person and a day.
    main.locator("a[href*='/actions/add/?goal=']").click()
    fill(title=ACTION, due_date=soon)
    keep()
    supervisor.sees(ACTION)

    # A conference that was held: who was asked, who came, minutes, decisions, one of which becomes an action.
    main.locator("a[href$='/conferences/add/']").click()
    held = timezone.localtime() - dt.timedelta(hours=1)
    fill(held_at=held.strftime("%Y-%m-%dT%H:%M"), place="镇会议室", chair="李守安")
    page.locator("select[name=others-0-role]").select_option("school")
    fill(**{"others-0-name": "何老师", "others-0-organisation": "中心小学"})
    keep()
    supervisor.sees("何老师", "镇会议室")
    main.locator("a[href$='/minutes/']").click()
    page.get_by_label("何老师").check()
    fill(minutes="何老师说明了出勤情况。", decisions=DECISION)
    keep()
    supervisor.sees(DECISION)
    choose("lines-0-kind", "action")
    fill(**{"lines-0-due_date": soon})
    keep()
    supervisor.sees(DECISION, ACTION, REWORDED)
    supervisor.picture("60-plan", PHONE, DESK)

    # Closing says what stands in the way; then everything is reported and judged, and the case closes with its outcome.
    main.locator("a[href$='/close/']").first.click()
    supervisor.sees(REWORDED, ACTION, DECISION)
    for _number in range(2):
        page.goto(at)
        main.locator("a[href$='/done/']").first.click()
        fill(note="已办好。")
        keep()
    expect(main.locator("a[href$='/done/']")).to_have_count(0)
    main.locator("a[href$='/judge/']").click()
    choose("state", "reached")
    fill(outcome="四周全勤。")
    keep()
    supervisor.sees("四周全勤。")
    main.locator("a[href$='/close/']").first.click()
    choose("outcome", "improved")
    choose("follow_up", "visits")
    fill(reason="按时上学，早饭有着落。")
    keep()
    supervisor.sees("按时上学，早饭有着落。", "四周全勤。")
    expect(main.locator("a[href$='/words/'], a[href$='/goals/add/']")).to_have_count(0)

    def look() -> tuple[object, ...]:
        case = Case.objects.get(child=child)
        [goal] = CaseGoal.objects.filter(case=case)
        actions = CaseAction.objects.filter(case=case)
        words = CaseEntry.objects.filter(case=case, kind="words", goal=goal).get().text
        return (
            case.state, case.outcome, goal.state, goal.text, sorted(one.title for one in actions),
            all(one.done_at for one in actions), GOAL in words,
        )  # fmt: skip

    assert supervisor.seen_by(look) == (
        "closed", "improved", "reached", REWORDED, sorted([ACTION, DECISION]), True, True
    )  # fmt: skip
