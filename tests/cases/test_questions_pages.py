"""Pages of visit forms: the county makes a form its own, publishes and withdraws it; the blank form names nobody."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from cases.models import QuestionSet, QuestionSetDraft, Visit
from cases.questions.choice import definition, packaged
from cases.questions.definition import FormRef
from cases.questions.drafts import keep_draft
from cases.questions.editing import fields_of
from cases.questions.publishing import publish_set
from cases.refusals import RegisterRefused
from tests.cases.visiting import NOW, TODAY, acting, form_values, submitted
from tests.cast import COUNTY, Cast

EDIT = "/visit-forms/regular/2/edit/"
TOMORROW = (TODAY + dt.timedelta(days=1)).isoformat()
PUBLISH = {"do": "publish", "valid_from": TOMORROW, "document": "潼民发〔2026〕12号"}
Page = dict[str, list[str]]


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def clerk(cast: Cast) -> Client:
    return cast.client("clerk", headers={"Accept-Language": "en"})


def names(text: str) -> set[str]:
    """The names of the fields of a visit form in a page."""
    form = text[text.index("data-visit-fields") :]
    return set(re.findall(r'<(?:input|textarea)[^>]*?\sname="([^"]+)"', form)) - {"drop_photos"}


def whole(code: str = "regular", version: int = 2) -> Page:
    """What the page that changes a set posts."""
    posted: Page = {}
    for path, text in fields_of(definition(code, version).source):
        posted.setdefault(path, []).append(text)
    return posted


def test_a_form_is_made_the_countys_own_without_touching_json(cast: Cast, clerk: Client) -> None:
    text = clerk.get("/visit-forms/").content.decode()
    assert f'href="{EDIT}"' in text
    assert 'name="sections.0.questions.0.text.zh"' in clerk.get(EDIT).content.decode()
    added = clerk.post(EDIT, whole() | {"do": "add@sections.2.questions"})
    assert added.status_code == 200
    path = "sections.2.questions.1"
    assert f'name="{path}.code" value="own_1"' in added.content.decode()
    own: Page = {
        **whole(),
        f"{path}.code": ["own_1"],
        f"{path}.type": ["yes_no"],
        f"{path}.text.zh": ["家里有取暖设备吗？"],
        f"{path}.text.en": ["Can the home be heated?"],
    }
    lacking = clerk.post(EDIT, {**own, f"{path}.text.zh": [""], f"{path}.text.en": [""], **PUBLISH})
    assert (lacking.status_code, "own_1: write the Chinese words" in lacking.content.decode()) == (422, True)
    assert "潼民发〔2026〕12号" in lacking.content.decode()
    undated = clerk.post(EDIT, {**own, **PUBLISH, "document": ""})
    assert undated.status_code == 422
    moved = clerk.post(EDIT, {**own, "do": f"up@{path}"}).content.decode()
    assert moved.index('value="own_1"') < moved.index('value="service"')
    assert (
        "Can the home be heated?"
        in clerk.post(EDIT, {**own, "do": "look"}).content.decode().split("<h2>As the blank form")[1]
    )
    done = clerk.post(EDIT, {**own, **PUBLISH})
    assert (done.status_code, done["Location"]) == (302, "/visit-forms/500152-regular/1/")
    with acting(cast, "clerk"):
        row = QuestionSet.objects.get()
        assert (row.valid_from.isoformat(), row.document, row.published_by.username) == (
            TOMORROW,
            "潼民发〔2026〕12号",
            "clerk",
        )
    page = clerk.get(done["Location"]).content.decode()
    assert "Can the home be heated?" in page
    assert "500152-regular · 1" in clerk.get("/visit-forms/").content.decode()  # for later


def drafts(cast: Cast) -> list[tuple[str, int, str, int]]:
    with acting(cast, "clerk"):
        rows = QuestionSetDraft.objects.select_related("written_by")
        return [(one.code, one.version, one.written_by.username, one.revision) for one in rows]


def revision(page: str) -> str:
    return re.findall(r'name="revision" value="(\d+)"', page)[0]


def test_what_is_half_written_is_there_again_until_it_is_published_or_discarded(
    cast: Cast, clerk: Client
) -> None:
    question = "sections.0.questions.0.text.zh"
    clerk.post(EDIT, whole() | {"do": "look"})
    assert drafts(cast) == []  # nothing was written
    half = whole() | {question: ["屋里暖和吗"], "document": ["征求意见稿"]}
    kept = clerk.post(EDIT, half | {"do": "keep", "revision": "0"}, headers={"HX-Request": "true"})
    fragment = kept.content.decode()
    assert (revision(fragment), "Draft, kept by" in fragment, "<html" in fragment) == ("1", True, False)
    assert drafts(cast) == [("regular", 2, "clerk", 1)]
    page = clerk.get(EDIT).content.decode()
    for shown in (f'name="{question}" value="屋里暖和吗"', "征求意见稿", "Discard the draft"):
        assert shown in page, shown
    listed = clerk.get("/visit-forms/").content.decode()
    assert "Being written" in listed
    assert (
        "Being written"
        not in cast.client("leader", headers={"Accept-Language": "en"}).get("/visit-forms/").content.decode()
    )
    with acting(cast, "stranger"):
        assert QuestionSetDraft.objects.count() == 0
    clerk.post(EDIT, half | {"do": "add@sections", "revision": "1"})  # every button keeps
    assert drafts(cast) == [("regular", 2, "clerk", 2)]
    gone = clerk.post(EDIT, half | {"do": "discard", "revision": "2"})
    assert (gone.status_code, gone["Location"], drafts(cast)) == (302, EDIT, [])
    assert "屋里暖和吗" not in clerk.get(EDIT).content.decode()
    clerk.post(EDIT, half | {"do": "keep"})
    assert clerk.post(EDIT, half | PUBLISH | {"revision": "1"}).status_code == 302
    assert drafts(cast) == []
    assert "Being written" not in clerk.get("/visit-forms/").content.decode()


def test_nobody_writes_over_a_colleagues_draft_unseen(cast: Cast, clerk: Client) -> None:
    mine, theirs = ({"name.zh": [name]} for name in ("我的表", "同事的表"))
    clerk.post(EDIT, whole() | mine | {"do": "keep"})
    seen = revision(clerk.get(EDIT).content.decode())
    with acting(cast, "clerk"):  # the colleague has the page open too
        QuestionSetDraft.objects.update(
            written_by=cast.users["supervisor"], revision=7, tree={"name": {"zh": "同事的表"}}
        )
    sent = whole() | mine | {"revision": seen}
    in_passing = clerk.post(EDIT, sent | {"do": "keep"}, headers={"HX-Request": "true"}).content.decode()
    assert revision(in_passing) == seen  # and the next one in passing does no harm either
    for act in ("keep", "discard", "publish"):
        refused = clerk.post(EDIT, sent | PUBLISH | {"do": act})
        page = refused.content.decode()
        assert (refused.status_code, "Theirs stands" in page, "我的表" in page) == (422, True, True), act
    assert [one[2:] for one in drafts(cast)] == [("supervisor", 7)]
    assert "同事的表" in clerk.get(EDIT).content.decode()
    clerk.post(EDIT, whole() | mine | {"do": "keep", "revision": revision(page)})
    assert [one[2:] for one in drafts(cast)] == [("clerk", 8)]
    with acting(cast, "supervisor") as actor, pytest.raises(RegisterRefused):
        keep_draft(
            actor=actor, at=NOW, region_id=COUNTY, ref=FormRef("regular", 2), tree=theirs, seen=8
        )  # fmt: skip


def test_readers_read_and_a_set_goes_out_and_in_as_a_file(cast: Cast, clerk: Client) -> None:
    leader = cast.client("leader", headers={"Accept-Language": "en"})
    text = leader.get("/visit-forms/regular/2/").content.decode()
    assert "Living cover" in text
    assert "/edit/" not in text + leader.get("/visit-forms/").content.decode()
    data = json.loads(leader.get("/visit-forms/left_behind/1/file/").content)
    assert data == dict(definition("left_behind", 1).source)
    data["name"] = {"zh": "我县留守儿童走访表", "en": "Ours"}
    file = SimpleUploadedFile("表.json", json.dumps(data).encode(), "application/json")
    brought = clerk.post(EDIT, {"do": "upload", "file": file}).content.decode()
    assert 'name="code" value="500152-left_behind"' in brought
    assert "我县留守儿童走访表" in brought
    kept = json.loads(clerk.post(EDIT, whole() | {"do": "download"}).content)
    assert kept["sections"] == definition("regular", 2).source["sections"]
    for content in (b"\xff\xfe", b"[1]", b"{", b"[" * 100_000):
        wrong = clerk.post(EDIT, {"do": "upload", "file": SimpleUploadedFile("x.json", content)})
        assert (wrong.status_code, "no JSON file" in wrong.content.decode()) == (422, True)


def published(cast: Cast, **changes: Any) -> QuestionSet:
    data = {**definition("regular", 2).source, "code": "500152-regular", **changes}
    with acting(cast, "clerk") as actor:
        return publish_set(
            actor=actor, at=NOW, region_id=COUNTY, data=data, valid_from=TODAY, document="潼民发〔2026〕9号"
        )


def test_a_withdrawn_form_is_used_no_longer_and_its_visits_stay_readable(cast: Cast, clerk: Client) -> None:
    published(cast)
    director = cast.client("director", headers={"Accept-Language": "en"})
    child = cast.children["own"]
    text = director.get("/visits/add/", {"child": child.pk}).content.decode()
    assert 'name="form_code" value="500152-regular"' in text
    values = form_values(
        child, form_code="500152-regular", form_version="1", answer_living_cover="not_covered"
    )
    assert director.post("/visits/add/", values).status_code == 302
    address = "/visit-forms/500152-regular/1/"
    assert "Use it no longer" in clerk.get(address).content.decode()
    gone = clerk.post(
        f"{address}withdraw/", {"valid_from": TODAY.isoformat(), "document": "潼民发〔2026〕10号"}
    )
    assert gone.status_code == 302
    text = director.get("/visits/add/", {"child": child.pk}).content.decode()
    assert 'name="form_code" value="regular"' in text
    with acting(cast, "director"):
        visit = Visit.objects.get()
    assert (visit.form_code, visit.concern, visit.problems) == (
        "500152-regular",
        "blue",
        {"living": ["entitled_not_covered"]},
    )
    page = director.get(f"/visits/{visit.pk}/").content.decode()
    assert "Entitled but not covered" in page
    assert "Use it no longer" not in clerk.get(address).content.decode()
    again = clerk.post(f"{address}withdraw/", {"valid_from": TODAY.isoformat(), "document": "x"}, follow=True)
    assert "not in use" in again.content.decode()


def test_the_blank_form_names_nobody_and_asks_the_same(cast: Cast) -> None:
    published(cast, risks=["red"])
    child, client = cast.children["own"], cast.client("director")
    filled = client.get("/visits/add/", {"child": child.pk}).content.decode()
    response = client.get("/field/forms/regular/2/")
    blank = response.content.decode()
    assert names(blank) == names(filled)
    assert {"answer_guardian", "answer_living_cover", "problems", "risk", "form_code", "visited_at"} <= names(
        blank
    )
    for secret in (
        child.name,
        str(child.pk),
        child.number,
        "csrfmiddlewaretoken",
        cast.users["director"].name,
    ):
        assert f'"{secret}"' not in blank
        assert f">{secret}<" not in blank
    slots = set(re.findall(r'data-child="(\w+)"', blank))
    assert (
        slots
        == set(re.findall(r'data-child="(\w+)"', filled))
        == {"name", "age", "category", "guardian", "risk"}
    )
    assert json.loads(re.search(r'data-intervals="([^"]+)"', blank)[1].replace("&quot;", '"'))["red"] == 7  # type: ignore[index]
    assert "max-age" in response["Cache-Control"]
    assert "private" in response["Cache-Control"]
    # Nothing in it depends on whom it is for: another director of the county gets the same.
    assert cast.client("other_director").get("/field/forms/regular/2/").content == response.content
    assert client.get("/field/forms/500152-regular/1/").status_code == 200
    assert client.get("/field/forms/500152-regular/2/").status_code == 404
    for ref in packaged():
        assert client.get(f"/field/forms/{ref.code}/{ref.version}/").status_code == 200


def test_a_special_visit_has_a_form_of_its_own(cast: Cast) -> None:
    client, child = cast.client("director", headers={"Accept-Language": "en"}), cast.children["own"]
    text = client.get("/visits/add/", {"child": child.pk}).content.decode()
    assert f"?child={child.pk}&amp;kind=special" in text
    special = client.get("/visits/add/", {"child": child.pk, "kind": "special"}).content.decode()
    assert 'name="form_code" value="special"' in special
    assert "Use the form for it" in text
    assert "Use the form for it" not in special
    assert "answer_days_left" in names(special)


def test_pages_cost_the_same_with_forms_of_the_countys_own(
    cast: Cast, page_budget: Callable[[int], AbstractContextManager[None]]
) -> None:
    published(cast)
    for number in range(6):
        submitted(cast, form=FormRef("500152-regular", 1), answers={"harm": bool(number % 2)})
    client, clerk = cast.client("director"), cast.client("clerk")
    for one, address in (
        (client, f"/visits/add/?child={cast.children['own'].pk}"),
        (client, "/visits/"),
        (client, "/field/forms/500152-regular/1/"),
        (clerk, "/visit-forms/"),
        (clerk, "/visit-forms/500152-regular/1/"),
        (clerk, "/visit-forms/problems/"),
        (clerk, "/visit-forms/500152-regular/1/edit/"),
    ):
        with page_budget(15):
            assert one.get(address).status_code == 200, address


def test_how_often_each_problem_was_found(cast: Cast, clerk: Client) -> None:
    submitted(cast, problems=["low_mood"])
    text = clerk.get("/visit-forms/problems/").content.decode()
    assert "Low in spirits" in text
    empty = clerk.get("/visit-forms/problems/", {"start": "2025-01-01", "end": "2025-02-01"}).content.decode()
    assert "Low in spirits" not in empty
