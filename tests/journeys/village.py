"""Steps in the village and the township: a visit, its review, a case with its plan and its referral."""

from __future__ import annotations

import datetime as dt
import io

from django.urls import reverse
from django.utils import timezone
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

from cases.models import (
    Case,
    Child,
    Visit,
    VisitPhoto,
)
from referrals.models import Referral
from tests.journeys.conftest import DESK, PHONE, Person

WORRY = "奶奶前天夜里摔伤住院，孩子由邻居照看，晚上一个人在家。孩子话少，说想奶奶。"


def photograph() -> bytes:
    """A camera's picture: larger than what is kept, and with a place and a time in it."""
    picture = Image.new("RGB", (2000, 1500), "#cfe3ea")
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, 1050, 2000, 1500), fill="#b9cba2")
    pen.rectangle((500, 650, 1500, 1250), fill="#f3e9da")
    pen.polygon(((420, 670), (1000, 250), (1580, 670)), fill="#9a5a41")
    pen.rectangle((880, 850, 1120, 1250), fill="#6f7f86")
    exif = Image.Exif()
    exif[0x0132] = "2026:11:20 08:00:00"
    exif.get_ifd(0x8825)[1] = "N"
    written = io.BytesIO()
    picture.save(written, "JPEG", exif=exif)
    return written.getvalue()


def calm_child(director: Person) -> Child:
    """The director's green child with the regular form whose visit is due next and for whom nothing is open."""
    return director.seen_by(
        lambda: (
            Child.objects.on_register()
            .filter(risk="green", cases__isnull=True)
            .exclude(primary_category="left_behind")  # whose form asks otherwise
            .exclude(pk__in=Visit.objects.exclude(state="approved").values("child"))
            .order_by("next_visit_date", "pk")[0]
        )
    )


def record_worrying_visit(director: Person, child: Child) -> None:
    """On the phone, out of signal: the visit waits on the device and is sent when the signal is back."""
    page = director.page
    director.open("/")
    director.sees("王念慈", "今天和七天内")
    director.picture("01-director-home")
    director.open(f"/visits/add/?child={child.pk}")
    director.sees(child.name)
    expect(page.locator("#visit[data-outbox-ready]")).to_be_attached()
    director.picture("02-visit-form")
    page.get_by_label("入户", exact=True).check()
    for person in ("儿童本人", "邻居"):
        page.get_by_label(person, exact=True).check()
    for number, answer in enumerate(("有", "没有", "没有", "没有")):
        page.locator(".cw-ask").nth(number).get_by_label(answer, exact=True).check()
    page.get_by_label("监护人生病", exact=True).check()
    page.get_by_label("红·高").check()
    page.locator("textarea[name=text]").fill(WORRY)
    shot = {"name": "IMG_0001.jpg", "mimeType": "image/jpeg", "buffer": photograph()}
    page.locator("input[type=file]").set_input_files([shot])  # type: ignore[list-item]
    expect(page.locator(".cw-photo canvas")).to_have_count(1)
    expect(page.locator("[data-saved-state]")).to_have_text("已存在本机")
    director.context.set_offline(True)
    expect(page.locator("[data-offline]")).to_be_visible()
    director.press("提交走访")
    expect(page.locator("[data-saved-state]")).to_have_text("待发送")
    page.evaluate("window.scrollTo(0, 0)")
    director.picture("03-visit-offline", whole=False)
    assert director.seen_by(lambda: Visit.objects.filter(child=child, state="submitted").count()) == 0
    director.context.set_offline(False)
    expect(page.locator("main")).to_contain_text("王念慈")
    director.open("/outbox/")
    director.sees("都已发出")

    def sent() -> tuple[str, str, str, int]:
        visit = Visit.objects.get(child=child, state="submitted")
        return (
            visit.text,
            visit.risk,
            visit.conducted_by.username,
            VisitPhoto.objects.filter(visit=visit).count(),
        )

    assert director.seen_by(sent) == (WORRY, "red", "wangnianci", 1)
    assert director.seen_by(lambda: Child.objects.get(pk=child.pk).risk) == "red"


def _open_beside(page: Page, name: str) -> None:
    """Open a row of the queue; its panel may show already what is fetched once more."""
    with page.expect_response(lambda answer: "/queue/visits/" in answer.url):
        page.locator(".cw-queue").get_by_role("link", name=name).click()
    expect(page.locator(".htmx-request, .htmx-swapping, .htmx-settling")).to_have_count(0)


def review_visits(supervisor: Person, director: Person, child: Child) -> Case:
    """The supervisor returns one visit, opens a case from the worrying one; the director mends what came back."""
    page = supervisor.page
    supervisor.open("/queue/?source=visits")
    supervisor.sees("审核队列", child.name)
    panel = page.locator("#review")
    expect(panel.get_by_role("heading", level=2)).to_be_visible()
    supervisor.picture("04-supervisor-queue", PHONE, DESK)
    quiet = supervisor.seen_by(
        lambda: (
            Visit.objects.filter(state="submitted", conducted_by__username="wangnianci", risk="green")
            .select_related("child")
            .latest("pk")
        )
    )
    _open_beside(page, quiet.child.name)
    expect(panel).to_contain_text(quiet.text)
    panel.locator("summary", has_text="退回").click()
    panel.locator("details[open] [name=reason_code]").first.check()
    panel.locator("textarea[name=reason]").first.fill("请写明孩子最近的作业情况。")
    supervisor.press("退回修改", within=panel)
    supervisor.sees(f"{quiet.child.name}的走访已退回给王念慈")
    assert supervisor.seen_by(lambda: Visit.objects.get(pk=quiet.pk).state) == "returned"

    worrying = supervisor.seen_by(lambda: Visit.objects.get(child=child, state="submitted"))
    supervisor.open("/queue/?source=visits")
    _open_beside(page, child.name)
    expect(panel).to_contain_text(WORRY)
    expect(panel).to_contain_text("监护人生病")
    expect(panel.locator("img")).to_have_count(1)
    answer = supervisor.context.request.get(str(panel.locator("img").get_attribute("src")))
    kept = Image.open(io.BytesIO(answer.body()))
    assert (max(kept.size), dict(kept.getexif())) == (1600, {})
    supervisor.picture("05-supervisor-review")
    supervisor.open(f"/visits/{worrying.pk}/review/")
    supervisor.picture("05-supervisor-review", PHONE)
    panel.locator("summary", has_text="开案").click()
    panel.get_by_label("红·高").check()
    panel.get_by_label("个案事由").fill("监护人住院，需临时照料")
    panel.get_by_label("情况和理由").fill("奶奶住院，孩子夜间无人照看，当天落实照料人。")
    panel.locator("details[open]").get_by_role("button", name="开案").click()
    supervisor.sees(f"已为{child.name}开案")

    def opened() -> Case:
        return Case.objects.select_related("owner").get(child=child)

    case = supervisor.seen_by(opened)
    assert (case.level, case.title, case.state) == ("red", "监护人住院，需临时照料", "open")
    assert supervisor.seen_by(lambda: Visit.objects.get(pk=worrying.pk).state) == "escalated"

    director.open("/")
    director.sees("退回，请修改", "请写明孩子最近的作业情况。")
    director.page.get_by_role("link").filter(has_text="请写明孩子最近的作业情况。").click()
    director.sees("请写明孩子最近的作业情况。")
    director.page.locator("textarea[name=text]").fill("到家时孩子在写作业，语文数学都已完成，字迹工整。")
    director.press("提交走访")
    director.sees("王念慈", "走访等待督导员审核")
    mended = director.seen_by(lambda: Visit.objects.get(pk=quiet.pk))
    assert (mended.state, mended.text[:7]) == ("submitted", "到家时孩子在写")
    return case


def help_with_a_case(supervisor: Person, case: Case) -> None:
    """A plan with an action, and a referral to a provider."""
    page = supervisor.page
    supervisor.open(f"/cases/{case.pk}/")
    supervisor.sees("监护人住院，需临时照料")
    supervisor.follow("添加措施")
    page.get_by_label("帮扶措施").fill("联系姑母，落实临时照料")
    page.get_by_label("完成期限").fill((timezone.localdate() + dt.timedelta(days=2)).isoformat())
    supervisor.press("加入计划")
    supervisor.sees("联系姑母，落实临时照料")
    assert supervisor.seen_by(lambda: Case.objects.get(pk=case.pk).state) == "planned"
    # Until its panel has arrived, a link of the same name stands in its place.
    page.locator(f"main a[href='{reverse('referrals:referral_add', args=[case.pk])}']").click()
    page.locator("select[name=provider]").select_option(label="彩虹桥关爱室")
    page.locator("[name=need]").fill("情绪陪伴")
    page.locator("[name=summary]").fill("孩子近期与奶奶分开，情绪低落，请每周陪伴两次。")
    supervisor.press("发出转介")
    supervisor.sees("情绪陪伴", "已转介给彩虹桥关爱室")


def answer_referral(supervisor: Person, provider: Person, case: Case, child: Child) -> None:
    """A provider outside the office sees nothing but what is shared, accepts and reports done."""
    provider.open("/referrals/")
    provider.page.get_by_role("link").filter(has_text="情绪陪伴").click()
    provider.sees("孩子近期与奶奶分开，情绪低落，请每周陪伴两次。", child.name)
    for hidden in (WORRY, "监护人住院", "双江镇"):
        expect(provider.page.locator("main")).not_to_contain_text(hidden)
    provider.picture("07-referral-provider")
    provider.press("接收")
    provider.page.locator("summary", has_text="报告办结").click()
    provider.page.locator("textarea[name=reason]").fill("已陪伴两次，孩子愿意说话，情绪平稳。")
    provider.page.locator("details[open]").get_by_role("button", name="报告办结").click()
    provider.sees("已完成", "已陪伴两次，孩子愿意说话，情绪平稳。")

    def referral() -> tuple[str, str]:
        found = Referral.objects.get(case=case)
        return found.state, found.feedback

    assert supervisor.seen_by(referral) == ("done", "已陪伴两次，孩子愿意说话，情绪平稳。")
    assert provider.seen_by(lambda: Case.objects.count()) == 0
    supervisor.open(f"/cases/{case.pk}/")
    supervisor.sees("已陪伴两次，孩子愿意说话")
    supervisor.picture("06-case", PHONE, DESK)
