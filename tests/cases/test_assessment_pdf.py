"""The paper of an assessment: every item with its answer, the grade and how it came about."""

from __future__ import annotations

import datetime as dt
import hashlib

import pytest
from django.utils import timezone

from cases.assessments.instruments import packaged
from cases.assessments.rules import assess
from cases.models import GuardianshipAssessment
from staff.models import AccessLog
from staff.scope import system_scope
from tests.cast import OWN_ID, VILLAGE, Cast
from tests.papers import page_texts, words

AT = dt.datetime(2026, 10, 20, 2, 0, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: AT)


@pytest.fixture
def assessed(cast: Cast) -> GuardianshipAssessment:
    """林小满's guardian, assessed with the packaged instrument: the first item at its worst, one "not applicable"."""
    instrument = packaged()["weighted-66"]
    items = instrument.items()
    answers = {code: item.options[0].code for code, item in items.items()}
    first = next(iter(items.values()))
    answers[first.code] = first.options[-1].code
    optional = next(code for code, item in items.items() if item.optional and code != first.code)
    answers[optional] = "na"
    result = assess(instrument, answers)
    with system_scope(reason="test", log=False):
        return GuardianshipAssessment.objects.create(
            child=cast.children["own"], region_id=VILLAGE, instrument=instrument.code, score=result.score,
            definition=dict(instrument.source), answers=answers, parts=result.as_json(), grade=result.grade,
            note="祖母年高，邻里可助", assessed_date=dt.date(2026, 10, 19), assessed_by=cast.users["director"],
            risk_before="yellow", risk_floor="blue", risk_after="yellow", created_at=AT,
        )  # fmt: skip


def test_the_paper_holds_every_item_with_its_answer(cast: Cast, assessed: GuardianshipAssessment) -> None:
    response = cast.client("supervisor").post(f"/assessments/{assessed.pk}/pdf/", {"reason": "存入一人一档"})
    assert response["Content-Type"] == "application/pdf"
    pages = page_texts(response.content)
    text = "".join(pages)
    instrument = packaged()["weighted-66"]
    assert [code for code, item in instrument.items().items() if words(item.text.zh) not in text] == []
    assert [area.code for area in instrument.areas if words(area.name.zh) not in text] == []
    assert f"{assessed.score}/100" in text
    for word in ("祖母年高，邻里可助", "王念慈", "2026-10-19", "林小满"):
        assert word in text
    first = next(iter(instrument.items().values()))
    assert (
        words(f"{first.text.zh} {first.weight} {first.options[-1].text.zh} {first.options[-1].points}")
        in text
    )
    assert OWN_ID not in text
    assert all(page.count("存入一人一档") >= 2 for page in pages)
    with system_scope(reason="test", log=False):
        entry = AccessLog.objects.get(kind="export")
    assert (entry.child_id, entry.reason) == (cast.children["own"].pk, "存入一人一档")
    assert entry.detail["sha256"] == hashlib.sha256(response.content).hexdigest()


def test_it_is_asked_for_with_a_reason_and_only_in_ones_own_area(
    cast: Cast, assessed: GuardianshipAssessment
) -> None:
    address = f"/assessments/{assessed.pk}/pdf/"
    assert cast.client("clerk").get(address)["Content-Type"].startswith("text/html")
    assert cast.client("clerk").post(address, {"reason": ""})["Content-Type"].startswith("text/html")
    for member in ("other_supervisor", "other_director", "stranger"):
        assert cast.client(member).post(address, {"reason": "x"}).status_code == 404
    with system_scope(reason="test", log=False):
        assert not AccessLog.objects.filter(kind="export").exists()
