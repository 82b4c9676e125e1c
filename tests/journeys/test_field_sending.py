"""The network cut at every step of a visit: each time exactly one visit with all its photos, and an outbox that says so.

What the answers mean in detail is in test_outbox.py; here the office, its database and the browser are the real ones.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db.models import Exists, OuterRef
from django.utils import timezone
from playwright.sync_api import Route, expect

from cases.models import Child, KeptVisit, Transfer, Visit, VisitPhoto
from cases.transfers import services as transfers
from cases.visits.services import review_visit
from staff.models import Region
from staff.workflow import Actor
from tests.journeys.conftest import PHONE, Person, keeps
from tests.journeys.test_field_vault import open_app, prepare, unlock
from tests.journeys.village import photograph

pytestmark = [pytest.mark.journey, pytest.mark.slow]

DIRECTOR, SUPERVISOR = "wangnianci", "lishouan"
VISITS = "**/api/v1/field/visits/*/"
PHOTOS = "**/api/v1/field/visits/*/photos/*/"
# Every question of the child's form, whatever it asks, answered no or with its first choice.
NOTHING_FOUND = """() => {
  const asked = [...document.querySelectorAll("#visit [name^=answer_][type=radio]:not(:disabled)")];
  new Set(asked.map(({ name }) => name)).forEach((wanted) => {
    const all = asked.filter(({ name }) => name === wanted);
    (all.find(({ value }) => value === "no") || all[0]).click();
  });
}"""


def quiet_children(director: Person, number: int) -> list[Child]:
    """Children of whom nothing waits, the least urgent first: other journeys begin at the other end."""
    unfinished = Visit.objects.filter(child=OuterRef("pk")).exclude(state="approved")
    quiet = (
        Child.objects.on_register()
        .filter(~Exists(unfinished), cases__isnull=True)
        .order_by("-next_visit_date", "-pk")
    )

    def approve(missing: int) -> None:
        """The supervisor approves what phones sent before, so that as many children are quiet again."""
        waiting = Visit.objects.filter(state="submitted", source="phone", child__cases__isnull=True)
        waiting = waiting.exclude(conducted_by__username=SUPERVISOR).order_by("pk")
        for visit in waiting[:missing]:
            review_visit(actor=Actor.current(), at=timezone.now(), visit=visit, decision="approve")

    found = director.seen_by(quiet.count)
    if found < number:
        director.office.seen_by(SUPERVISOR, lambda: approve(number - found))
    children = director.seen_by(lambda: list(quiet[:number]))
    assert len(children) == number
    return children


def fill(director: Person, child: Child, words: str, photos: int = 2, address: str = "") -> None:
    """Everything a visit asks for, on the ordinary page."""
    page = director.page
    director.open(address or f"/visits/add/?child={child.pk}")
    expect(page.locator("#visit[data-outbox-ready]")).to_be_attached()
    answer(director, child.risk, words, photos)


def answer(director: Person, risk: str, words: str, photos: int) -> None:
    page = director.page
    page.get_by_label("入户", exact=True).check()
    page.get_by_label("儿童本人", exact=True).check()
    page.evaluate(NOTHING_FOUND)
    page.locator(f"[name=risk][value={risk}]").check()
    page.locator("textarea[name=text]").fill(words)
    if photos:
        shots = [
            {"name": f"{n}.jpg", "mimeType": "image/jpeg", "buffer": photograph()} for n in range(photos)
        ]
        page.locator("input[type=file]").set_input_files(shots)  # type: ignore[arg-type]
        expect(page.locator(".cw-photo canvas")).to_have_count(photos)
    expect(page.locator("[data-saved-state]")).to_have_text("已存在本机")


def stored(director: Person, child: Child) -> list[tuple[str, str, int, int]]:
    """Visits of the child that nobody has approved yet, however they came: state, words, photos, photos still awaited."""

    def look() -> list[tuple[str, str, int, int]]:
        return [
            (one.state, one.text, VisitPhoto.objects.filter(visit=one).count(), len(one.photos_awaited))
            for one in Visit.objects.filter(child=child).exclude(state="approved")
        ]

    return director.seen_by(look)


def outbox(director: Person, child: Child) -> Any:
    """The child's line in the outbox."""
    director.open("/outbox/")
    return director.page.locator("[data-outbox-items] > li", has_text=child.name)


def says_waiting(director: Person) -> None:
    expect(director.page.locator("[data-saved-state]")).to_have_text("待发送")


def sent_home(director: Person) -> None:
    expect(director.page.locator("main h1")).to_contain_text("王念慈")


def only_expected(director: Person, *texts: str) -> None:
    """Forget complaints that the step provoked on purpose; any other still fails the journey."""
    director.problems[:] = [one for one in director.problems if not any(text in one for text in texts)]


# --- The story, with the network cut --------------------------------------------------------------------


def test_cut_before_it_is_opened(people: Callable[..., Person]) -> None:
    director = people(DIRECTOR, PHONE).sign_in()
    [child] = quiet_children(director, 1)
    page = open_app(director)
    prepare(director)
    director.context.set_offline(True)
    director.open(f"/visits/add/?child={child.pk}")
    unlock(page)
    expect(page.locator("#visit[data-outbox-ready]")).to_be_attached()
    answer(director, child.risk, "出门前就没有信号。", 2)
    page.locator("[type=submit][form=visit]").click()
    line = page.locator("[data-outbox-items] > li", has_text=child.name)
    expect(line).to_have_attribute("data-state", "waiting")
    expect(page.get_by_text("都已发出")).to_be_hidden()
    director.picture("11-outbox-waiting")
    assert stored(director, child) == []
    director.context.set_offline(False)
    expect(line).to_have_attribute("data-state", "sent")
    expect(page.get_by_text("都已发出")).to_be_visible()
    assert stored(director, child) == [("submitted", "出门前就没有信号。", 2, 0)]


def test_cut_while_filling_and_between_photo_and_submitting(people: Callable[..., Person]) -> None:
    director = people(DIRECTOR, PHONE).sign_in()
    page, context = director.page, director.context
    one, two = quiet_children(director, 2)

    # While filling: what is typed without a signal is there again after the page was lost.
    fill(director, one, "有信号时写的。", photos=1)
    keeps(page)
    context.set_offline(True)
    kept = page.locator("#visit").get_attribute("data-outbox-kept") or ""
    page.locator("textarea[name=text]").fill("没有信号时写的。")
    expect(page.locator("#visit")).not_to_have_attribute("data-outbox-kept", kept)
    context.set_offline(False)
    director.open(f"/visits/add/?child={one.pk}")
    expect(page.locator("textarea[name=text]")).to_have_value("没有信号时写的。")
    expect(page.locator(".cw-photo canvas")).to_have_count(1)
    director.press("提交走访")
    sent_home(director)
    assert stored(director, one) == [("submitted", "没有信号时写的。", 1, 0)]

    # Between the photo and submitting.
    fill(director, two, "拍完照断网。")
    context.set_offline(True)
    director.press("提交走访")
    says_waiting(director)
    assert stored(director, two) == []
    context.set_offline(False)
    sent_home(director)
    assert stored(director, two) == [("submitted", "拍完照断网。", 2, 0)]
    expect(outbox(director, two)).to_have_attribute("data-state", "sent")
    director.sees("都已发出")


def test_cut_during_sending_and_after_it_was_stored(people: Callable[..., Person]) -> None:
    director = people(DIRECTOR, PHONE).sign_in()
    context = director.context
    children = quiet_children(director, 4)
    # What waits is not due by itself, however long the steps take.
    director.page.clock.set_fixed_time(timezone.now())

    def lost(route: Route) -> None:
        route.abort("connectionreset")

    def unanswered(route: Route) -> None:
        route.fetch()  # the office has it, and its answer is lost
        route.abort("connectionreset")

    def after(spare: int, cut: Callable[[Route], None]) -> Callable[[Route], None]:
        """Let so many requests through, cut the next, let the others through."""
        seen: list[Route] = []

        def once(route: Route) -> None:
            seen.append(route)
            cut(route) if len(seen) == spare + 1 else route.continue_()

        return once

    steps = [(VISITS, lost, 0), (VISITS, unanswered, 0), (PHOTOS, lost, 1), (PHOTOS, unanswered, 1)]
    for child, (address, cut, spare) in zip(children, steps, strict=True):
        words = f"发送时断网：{child.name}。"
        context.route(address, after(spare, cut))
        fill(director, child, words)
        director.press("提交走访")
        says_waiting(director)
        expected = {VISITS: 0 if cut is lost else 1, PHOTOS: 1}[address]
        assert len(stored(director, child)) == expected
        context.unroute(address)
        line = outbox(director, child)
        # Opened anew it still waits its turn, and says where it stands.
        expect(line).to_have_attribute("data-state", "waiting")
        expect(director.page.get_by_text("都已发出")).to_be_hidden()
        if address == PHOTOS:
            expect(line).to_contain_text("1/2")
        director.page.locator("[data-outbox-send]").click()
        expect(line).to_have_attribute("data-state", "sent")
        assert stored(director, child) == [("submitted", words, 2, 0)]
    director.sees("都已发出")


def test_an_ended_session_keeps_everything_until_sign_in(people: Callable[..., Person]) -> None:
    director = people(DIRECTOR, PHONE).sign_in()
    [child] = quiet_children(director, 1)
    fill(director, child, "登录过期前写的。")
    director.context.clear_cookies()
    director.press("提交走访")
    says_waiting(director)
    assert stored(director, child) == []
    director.open("/outbox/")
    director.sees("登录")
    director.sign_in(anew=True)
    director.open("/outbox/")
    line = director.page.locator("[data-outbox-items] > li", has_text=child.name)
    expect(line).to_have_attribute("data-state", "sent")
    assert stored(director, child) == [("submitted", "登录过期前写的。", 2, 0)]
    director.sees("都已发出")
    only_expected(director, "401 PUT")


# --- What happened meanwhile ----------------------------------------------------------------------------


def hand_over(director: Person, supervisor: str, child: Child) -> None:
    """The child's file goes to another village of the township, by the services of both sides."""
    at = timezone.now()

    def propose() -> Transfer:
        here = child.region_id
        to = Region.objects.filter(parent=here // 1000 * 1000).exclude(pk=here).order_by("pk")[0]
        return transfers.propose_transfer(
            child,
            to_region_id=to.pk,
            reason_code="family_moved",
            effective_date=timezone.localdate(at),
            at=at,
        )

    proposed = director.seen_by(propose)
    director.office.seen_by(supervisor, lambda: transfers.accept_transfer(proposed, at=at))


def test_a_child_who_moved_meanwhile_is_kept_explained_and_placed(people: Callable[..., Person]) -> None:
    director = people(DIRECTOR, PHONE).sign_in()
    [child] = quiet_children(director, 1)
    fill(director, child, "孩子搬走前去看过。")
    director.context.set_offline(True)
    director.press("提交走访")
    says_waiting(director)
    hand_over(director, SUPERVISOR, child)
    director.context.set_offline(False)
    sent_home(director)
    line = outbox(director, child)
    expect(line).to_have_attribute("data-state", "sent")
    expect(line.locator("[data-said]")).to_be_visible()
    assert stored(director, child) == []

    supervisor = people(SUPERVISOR, PHONE).sign_in()
    supervisor.open("/kept/")
    supervisor.page.get_by_role("link").filter(has_text=child.name).click()
    supervisor.sees("孩子搬走前去看过。", child.name)
    expect(supervisor.page.locator("main img")).to_have_count(2)
    supervisor.picture("12-kept-visit")
    supervisor.send(supervisor.page.locator("form:has(input[value=place]) [type=submit]"))
    supervisor.sees(child.name)
    assert stored(supervisor, child) == [("submitted", "孩子搬走前去看过。", 2, 0)]
    assert supervisor.seen_by(lambda: KeptVisit.objects.get(child_number=child.pk).state) == "placed"
    assert stored(director, child) == []  # it lies where the director does not look


def returned(director: Person, visit: Visit) -> None:
    """The supervisor gives the visit back once more."""
    director.office.seen_by(
        SUPERVISOR,
        lambda: review_visit(
            actor=Actor.current(),
            at=timezone.now(),
            visit=visit,
            decision="return",
            reason_code="unclear",
            reason="请补充。",
        ),
    )


def test_two_phones_with_one_visit_are_decided_field_by_field(people: Callable[..., Person]) -> None:
    first = people(DIRECTOR, PHONE).sign_in()
    [child] = quiet_children(first, 1)
    fill(first, child, "最初的记录。", photos=0)
    first.press("提交走访")
    sent_home(first)
    visit = first.seen_by(lambda: Visit.objects.get(child=child, state="submitted"))
    returned(first, visit)
    second = people(DIRECTOR, PHONE).sign_in()
    for person, words in ((first, "第一部手机的补充。"), (second, "第二部手机的补充。")):
        person.open(f"/visits/{visit.pk}/edit/")
        expect(person.page.locator("#visit[data-outbox-ready]")).to_be_attached()
        person.page.locator("textarea[name=text]").fill(words)
        if person is second:
            person.page.get_by_label("祖母", exact=True).check()
        keeps(person.page)
    second.press("提交走访")
    sent_home(second)
    returned(second, visit)

    first.press("提交走访")
    first.page.wait_for_url("**/outbox/")
    line = first.page.locator("[data-outbox-items] > li", has_text=child.name)
    expect(line).to_have_attribute("data-state", "needs_you")
    expect(line).to_contain_text("第二部手机的补充。")
    assert first.seen_by(lambda: Visit.objects.get(pk=visit.pk).text) == "第二部手机的补充。"
    first.picture("13-conflict")
    only_expected(first, "409 PUT")
    line.locator("fieldset", has_text="第二部手机的补充。").locator("[value=mine]").check()
    line.locator("fieldset", has_text="儿童本人").locator("[value=theirs]").check()
    line.locator("[data-conflict-decide]").click()
    expect(line).to_have_attribute("data-state", "sent")
    assert stored(first, child) == [("submitted", "第一部手机的补充。", 0, 0)]
    assert first.seen_by(lambda: Visit.objects.get(pk=visit.pk).people_met) == ["child", "grandmother"]


def test_two_visitors_of_one_day_are_told_of_each_other(people: Callable[..., Person]) -> None:
    supervisor = people(SUPERVISOR, PHONE).sign_in()
    director = people(DIRECTOR, PHONE).sign_in()
    [child] = quiet_children(director, 1)
    for person, words in ((supervisor, "督导员同日走访。"), (director, "儿童主任同日走访。")):
        fill(person, child, words, photos=0)
        person.press("提交走访")
        expect(person.page.locator("#visit")).to_have_count(0)
    expect(outbox(director, child)).to_contain_text("李守安")
    assert sorted(words for _state, words, *_rest in stored(director, child)) == sorted(
        ["督导员同日走访。", "儿童主任同日走访。"]
    )
    both = director.seen_by(lambda: list(Visit.objects.filter(child=child, state="submitted")))
    names = {director.username: "李守安", supervisor.username: "王念慈"}
    # The one who was first learns of it without opening anything.
    supervisor.open("/notes/")
    supervisor.sees("王念慈", child.name)
    for visit in both:
        director.open(f"/visits/{visit.pk}/")
        other = director.seen_by(lambda visit=visit: names[visit.conducted_by.username])
        expect(director.page.locator(".cw-strip-warn", has_text=other)).to_be_visible()
