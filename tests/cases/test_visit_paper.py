"""Visits on paper and as lists: what stands on them, what does not, and that whoever takes them is written down."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import openpyxl
import pytest
from django.test import TestCase
from django.utils import timezone
from django.utils.translation import gettext, ngettext, override
from PIL import Image

from cases.casework.services import restrict_case
from cases.enums import RiskLevel
from cases.models import Case, Visit, VisitPhoto
from cases.questions.definition import FormRef
from cases.visits.enums import PersonMet
from cases.visits.exports import PROBLEM_HEADER, VISIT_HEADER
from cases.visits.services import review_visit
from staff import files
from staff.models import AccessLog, StoredFile
from staff.paper.pictures import MOST_BYTES, picture_for_paper
from staff.scope import system_scope
from tests.cases.visiting import NOW, VISITED, acting, submitted
from tests.cast import OWN_ID, Cast
from tests.papers import all_text, page_texts, words

MASKED = f"{OWN_ID[:6]}********{OWN_ID[-4:]}"
LATER = NOW + dt.timedelta(hours=5)
DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: LATER)


def noisy(size: tuple[int, int] = (1600, 1200)) -> bytes:
    """A JPEG as heavy as a phone's: noise cannot be packed."""
    target = io.BytesIO()
    Image.effect_noise(size, 90).convert("RGB").save(target, "JPEG", quality=82)
    return target.getvalue()


def with_photos(visit: Visit, pictures: Sequence[bytes]) -> None:
    with system_scope(reason="test", log=False):
        for position, data in enumerate(pictures):
            file = files.store(
                data,
                kind=StoredFile.Kind.PHOTO,
                name=f"院子{position + 1}.jpg",
                content_type="image/jpeg",
                region_id=visit.region_id,
                child_id=visit.child_id,
                at=NOW,
            )
            VisitPhoto.objects.create(
                visit=visit, child_id=visit.child_id, region_id=visit.region_id, file=file, position=position
            )


def made_by_job(cast: Cast, member: str, address: str, **given: Any) -> tuple[dict[str, Any], bytes]:
    """The job that makes the file, and the file (empty when the job failed)."""
    client = cast.client(member)
    with TestCase.captureOnCommitCallbacks(execute=True):
        response = client.post(address, {"reason": "季度核查"} | given)
    assert response.status_code == 302, response.content.decode()
    job = client.get(response.headers["Location"], headers={"Accept": "application/json"}).json()
    return job, client.get(f"/files/{job['result']['file']}/").content if job["state"] == "done" else b""


def sheet_of(data: bytes) -> list[tuple[Any, ...]]:
    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True)
    return [tuple("" if cell is None else cell for cell in row) for row in book.worksheets[0].values]


# --- One visit ------------------------------------------------------------------------------------------


def test_the_record_says_what_was_seen_answered_and_decided(cast: Cast) -> None:
    visit = submitted(
        cast,
        answers={"guardian": True, "living": False, "school": False, "harm": False},
        problems=["guardian_ill"],
        risk="red",
    )
    with acting(cast, "supervisor") as actor:
        review_visit(
            actor=actor,
            at=LATER,
            visit=visit,
            decision="return",
            reason_code="unclear",
            reason="写清谁在照看",
        )
    response = cast.client("supervisor").post(f"/visits/{visit.pk}/pdf/", {"reason": "存入一人一档"})
    assert response["Content-Type"] == "application/pdf"
    pages = page_texts(response.content)
    text = "".join(pages)
    with override("zh-hans"):
        met = [str(PersonMet.CHILD.label), str(PersonMet.GRANDMOTHER.label)]
    for word in (
        *met,
        *("林小满", MASKED, "王念慈", "2026-10-2009:40"),
        *("监护人离开、生病或无法照看有", "吃穿、住房困难没有", "监护人生病"),
        *(
            "祖母行动不便，邻居送饭。",
            f"{RiskLevel.YELLOW.label}→{RiskLevel.RED.label}",
            "李守安",
            "写清谁在照看",
            "常规走访表",
        ),
    ):
        assert words(word) in text, word
    assert OWN_ID not in text
    assert all(page.count("存入一人一档") >= 2 for page in pages)
    with system_scope(reason="test", log=False):
        entry = AccessLog.objects.get(kind="export")
    assert (entry.child_id, entry.subject_id, entry.reason) == (visit.child_id, str(visit.pk), "存入一人一档")


def test_six_heavy_photos_stay_below_two_megabytes_and_a_lost_one_is_said(cast: Cast) -> None:
    visit = submitted(cast)
    with_photos(visit, [noisy() for _number in range(5)] + [b"\xff\xd8\xff\xe0" + b"\x00" * 16])
    data = cast.client("director").post(f"/visits/{visit.pk}/pdf/", {"reason": "复印"}).content
    assert 5 * MOST_BYTES // 3 < len(data) < 2_000_000
    text = all_text(data)
    with override("zh-hans"):
        unread = gettext("%(photo)s: the file cannot be read") % {
            "photo": gettext("Photo %(n)d of the visit") % {"n": 6}
        }
        shown = [gettext("Photo %(n)d of the visit") % {"n": number} for number in range(1, 6)]
    assert words(unread) in text
    assert [one for one in shown if words(one) not in text] == []
    small = picture_for_paper(noisy((300, 200)), "院子")
    assert (small.width, small.height) == (300, 200)


def test_nobody_prints_what_they_may_not_read_and_a_draft_is_nobodys_record(cast: Cast) -> None:
    visit = submitted(cast)
    for member, status in (("other_supervisor", 404), ("stranger", 404), ("auditor", 403)):
        assert cast.client(member).post(f"/visits/{visit.pk}/pdf/", {"reason": "x"}).status_code == status
    assert (
        "%PDF" not in cast.client("clerk").post(f"/visits/{visit.pk}/pdf/", {"reason": ""}).content.decode()
    )
    with system_scope(reason="test", log=False):
        Visit.objects.filter(pk=visit.pk).update(state="draft", submitted_at=None)
        assert not AccessLog.objects.filter(kind="export").exists()
    assert cast.client("director").get(f"/visits/{visit.pk}/pdf/").status_code == 404


def test_why_a_restricted_case_was_opened_is_on_nobodys_paper_but_the_named_peoples(cast: Cast) -> None:
    visit = submitted(cast, risk="red")
    with acting(cast, "supervisor") as actor:
        review_visit(
            actor=actor, at=LATER, visit=visit, decision="escalate",
            reason="不可外传的原因", level="red", title="个案",
        )  # fmt: skip
    address = f"/visits/{visit.pk}/pdf/"
    assert "不可外传的原因" in all_text(cast.client("clerk").post(address, {"reason": "x"}).content)
    with acting(cast, "supervisor") as actor:
        case = Case.objects.get(visit=visit)
        restrict_case(actor=actor, at=LATER, case=case, people=[cast.users["supervisor"]])
    text = all_text(cast.client("clerk").post(address, {"reason": "x"}).content)
    assert "不可外传的原因" not in text
    assert "祖母行动不便" in text
    for member, told in (("clerk", False), ("director", False), ("supervisor", True)):
        shown = cast.client(member).get(f"/visits/{visit.pk}/").content.decode()
        assert ("不可外传的原因" in shown) is told, member
    assert "不可外传的原因" in all_text(cast.client("supervisor").post(address, {"reason": "x"}).content)


# --- Several --------------------------------------------------------------------------------------------


def test_a_months_visits_are_one_paper_each_on_its_own_page(cast: Cast) -> None:
    submitted(cast)
    submitted(cast, cast.children["neighbour"], by="other_director", text="秦家一切照旧。")
    submitted(cast, visited_at=VISITED - 40 * DAY, text="九月的走访。")
    _job, data = made_by_job(cast, "supervisor", "/visits/pdf/?month=2026-10", photos="on")
    pages = page_texts(data)
    text = "".join(pages)
    assert "祖母行动不便" in text
    assert "秦家一切照旧" in text
    assert "九月的走访" not in text
    assert ["林小满·" in page for page in pages].index(True) != ["秦白露·" in page for page in pages].index(
        True
    )
    with system_scope(reason="test", log=False):
        logged = set(AccessLog.objects.filter(kind="export").values_list("child_id", flat=True))
    assert logged == {cast.children["own"].pk, cast.children["neighbour"].pk}


def test_a_childs_visits_are_one_paper_and_another_place_sees_none(cast: Cast) -> None:
    own = cast.children["own"].pk
    submitted(cast)
    submitted(cast, visited_at=VISITED - 40 * DAY, text="九月的走访。")
    _job, data = made_by_job(cast, "director", f"/visits/pdf/?child={own}")
    assert "祖母行动不便" in all_text(data)
    assert "九月的走访" in all_text(data)
    assert cast.client("other_director").get(f"/visits/pdf/?child={own}").status_code == 404
    refused = cast.client("other_director").post("/visits/pdf/?month=2026-10", {"reason": "x"})
    assert refused.status_code == 422


# --- Lists ----------------------------------------------------------------------------------------------


def test_the_list_of_visits_has_the_headings_of_the_taizhou_system(cast: Cast) -> None:
    first = submitted(cast, visited_at=VISITED - 30 * DAY)
    with_photos(first, [noisy((60, 40))] * 2)
    submitted(cast, problems=["guardian_ill"])
    submitted(cast, kind="phone", visited_at=VISITED + DAY / 24)
    submitted(cast, cast.children["township"], by="other_supervisor", kind="special", answers={"harm": False})
    _job, data = made_by_job(cast, "clerk", "/visits/export/?month=2026-10", form="xlsx")
    header, *lines = sheet_of(data)
    assert list(header) == VISIT_HEADER
    assert header[-1] == "走访图片"
    assert [(line[0], line[10]) for line in lines] == [
        ("林小满", "定期回访"),
        ("林小满", "电话走访"),
        ("田立夏", "特殊走访"),
    ]
    assert lines[0][1:4] == (MASKED, "桂林街道", "莲花社区居民委员会")
    assert lines[0][6] == "137****5520"
    assert lines[0][9] == "监护人生病"
    assert lines[0][11] == "2026-10-20 09:40"
    _job, data = made_by_job(cast, "clerk", "/visits/export/?month=2026-09", form="xlsx", full="on")
    line = sheet_of(data)[1]
    assert (line[1], line[10], line[12]) == (OWN_ID, "日常走访", "院子1.jpg、院子2.jpg")
    _job, data = made_by_job(cast, "supervisor", "/visits/export/?month=2026-09", form="xlsx", full="on")
    assert sheet_of(data)[1][1] == MASKED


def test_the_list_of_problems_stands_by_area_of_help(cast: Cast) -> None:
    submitted(cast, text="没有发现问题")
    submitted(
        cast,
        visited_at=VISITED - DAY,
        form=FormRef("regular", 2),
        answers={
            "guardian": False,
            "living": False,
            "school": False,
            "harm": False,
            "living_cover": "not_fully",
            "guardianship_state": ["father_reported", "not_entrusted"],
            "service": ["seek_cover", "volunteers"],
        },
        problems=["house_leaks", "needs_treatment", "low_mood"],
    )
    submitted(
        cast, visited_at=VISITED - 2 * DAY, problems=["dropped_out", "needs_rehabilitation"], risk="red"
    )
    _job, data = made_by_job(cast, "supervisor", "/visits/problems/export/?month=2026-10", form="xlsx")
    header, *lines = sheet_of(data)
    assert list(header) == PROBLEM_HEADER
    assert [line[5] for line in lines] == ["2026-10-18 09:40", "2026-10-19 09:40"]
    assert lines[0][6:] == ("", "", "辍学", "需康复", "", "红", "")
    assert lines[1][6:] == (
        "已纳入保障但未足额；住房漏雨",
        "需就医",
        "",
        "",
        "父亲不履行监护职责（已报案）、未按规定委托监护人；情绪低落",
        "黄",
        "协助争取保障、志愿者定期探访",
    )


def test_the_page_of_lists_counts_the_month_and_costs_little(
    cast: Cast, page_budget: Callable[[int], AbstractContextManager[None]]
) -> None:
    submitted(cast)
    client = cast.client("supervisor")
    client.get("/visits/lists/")
    with page_budget(15 + 4):
        page = client.get("/visits/lists/?month=2026-10").content.decode()
    with override("zh-hans"):
        assert ngettext("%(n)d visit", "%(n)d visits", 1) % {"n": 1} in page
    assert "/visits/problems/export/?month=2026-10" in page
    assert client.get("/visits/lists/?month=nonsense&region=7").status_code == 200
