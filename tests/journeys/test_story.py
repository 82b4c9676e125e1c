"""One story on the demo county: a visit in a village becomes help, money paid and a monthly report.

Every step says what a person sees, and what the database holds for that person.
"""

from __future__ import annotations

import datetime as dt
import io
import re
from collections.abc import Callable

import pytest
from django.utils import timezone
from PIL import Image
from playwright.sync_api import expect

from cases.models import Case, Child, Visit, VisitPhoto
from tests.journeys.conftest import DESK, PHONE, Person

pytestmark = [pytest.mark.journey, pytest.mark.slow]

WORRY = "奶奶前天夜里摔伤住院，孩子由邻居照看，晚上一个人在家。孩子话少，说想奶奶。"


def photograph() -> bytes:
    """A camera's picture: larger than what is kept, and with a place and a time in it."""
    picture = Image.linear_gradient("L").resize((2000, 1500)).convert("RGB")
    exif = Image.Exif()
    exif[0x0132] = "2026:11:20 08:00:00"
    exif.get_ifd(0x8825)[1] = "N"
    written = io.BytesIO()
    picture.save(written, "JPEG", exif=exif)
    return written.getvalue()


def calm_child(director: Person) -> Child:
    """The director's green child whose visit is due next and for whom nothing is open."""
    return director.seen_by(
        lambda: Child.objects.on_register()
        .filter(risk="green", cases__isnull=True)
        .exclude(pk__in=Visit.objects.exclude(state="approved").values("child"))
        .order_by("next_visit_date", "pk")[0]
    )


def record_worrying_visit(director: Person, child: Child) -> None:
    """On the phone, out of signal: the visit waits on the device and is sent when the signal is back."""
    page = director.page
    director.open("/")
    director.sees("王念慈", "今天和七天内")
    director.picture("01-director-home")
    director.open(f"/visits/add/?child={child.pk}")
    director.sees(child.name)
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
    director.picture("03-visit-offline", whole=False)
    assert director.seen_by(lambda: Visit.objects.filter(child=child, state="submitted").count()) == 0
    director.context.set_offline(False)
    expect(page.locator("main")).to_contain_text("王念慈")
    director.open("/outbox/")
    director.sees("都已发出")

    def sent() -> tuple[str, str, str, int]:
        visit = Visit.objects.get(child=child, state="submitted")
        return visit.text, visit.risk, visit.conducted_by.username, VisitPhoto.objects.filter(visit=visit).count()

    assert director.seen_by(sent) == (WORRY, "red", "wangnianci", 1)
    assert director.seen_by(lambda: Child.objects.get(pk=child.pk).risk) == "red"


def test_story(people: Callable[..., Person]) -> None:
    director = people("wangnianci", PHONE).sign_in()
    child = calm_child(director)
    record_worrying_visit(director, child)
