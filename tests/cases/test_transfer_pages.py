"""The pages of transfers: choosing a village anywhere, proposing, deciding, and what either side sees afterwards."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from cases.models import Transfer
from cases.transfers.forms import walk
from staff.models import Region
from staff.scope import open_scope, system_scope
from tests.cast import (
    FAR_VILLAGE,
    OTHER_COUNTY,
    OTHER_TOWNSHIP,
    STRANGE_VILLAGE,
    TOWNSHIP,
    VILLAGE,
    Cast,
)

DAY = dt.date(2026, 10, 15)


def post_proposal(cast: Cast, who: str, to: int, **fields: Any) -> Any:
    data = {"to_region": to, "reason_code": "family_moved", "effective_date": timezone.localdate(), **fields}
    address = reverse("cases:transfer_propose", args=[cast.children["own"].pk])
    return cast.client(who).post(address, data)


def test_walking_down_the_divisions(cast: Cast) -> None:
    at_home = walk([], VILLAGE, DAY)
    assert [step.name for step in at_home] == ["at", "at", "at", "at", "to_region"]
    assert [step.chosen for step in at_home] == [500000000000, 500100000000, 500152000000, TOWNSHIP, 0]
    down = walk(["500000000000", "500100000000", "500152000000", str(OTHER_TOWNSHIP)], VILLAGE, DAY)
    assert down[-1].name == "to_region"
    assert [place.code for place in down[-1].options] == [FAR_VILLAGE, FAR_VILLAGE + 1]


def test_another_province_starts_anew_below_it(cast: Cast) -> None:
    """What was chosen under the former province is forgotten; levels with one division choose themselves."""
    steps = walk(["340000000000", "500100000000", "500152000000", str(TOWNSHIP)], VILLAGE, DAY)
    assert [step.chosen for step in steps] == [340000000000, 341200000000, OTHER_COUNTY, 341222100000, 0]
    assert [place.code for place in steps[-1].options] == [STRANGE_VILLAGE]


def test_a_closed_village_is_not_offered(cast: Cast) -> None:
    Region.objects.filter(pk=FAR_VILLAGE).update(valid_to=dt.date(2026, 1, 1))
    steps = walk(["500000000000", "500100000000", "500152000000", str(OTHER_TOWNSHIP)], VILLAGE, DAY)
    assert [place.code for place in steps[-1].options] == [FAR_VILLAGE + 1]
    assert post_proposal(cast, "clerk", FAR_VILLAGE).status_code == 200
    with system_scope(reason="test", log=False):
        assert not Transfer.objects.exists()


def test_the_fragment_of_places(cast: Cast) -> None:
    answer = cast.client("clerk").get(reverse("cases:transfer_places"), {"at": "340000000000"})
    text = answer.content.decode()
    assert f'value="{STRANGE_VILLAGE}"' in text
    assert "<html" not in text


def test_from_the_file_to_the_other_county_and_its_file(cast: Cast) -> None:
    own = cast.children["own"]
    clerk, stranger = cast.client("clerk"), cast.client("stranger")
    assert (
        str(reverse("cases:transfer_propose", args=[own.pk]))
        in clerk.get(reverse("cases:child", args=[own.pk])).content.decode()
    )
    sent = post_proposal(cast, "clerk", STRANGE_VILLAGE)
    with system_scope(reason="test", log=False):
        transfer = Transfer.objects.get()
    page = reverse("cases:transfer", args=[transfer.pk])
    assert sent.status_code == 302
    assert sent.headers["Location"] == page
    # The receiver reads the summary, not the file.
    assert "林小满" in stranger.get(reverse("cases:transfers")).content.decode()
    before = stranger.get(page).content.decode()
    assert 'value="accept"' in before
    assert 'value="withdraw"' not in before
    assert stranger.get(reverse("cases:child", args=[own.pk])).status_code == 404
    # Who proposed may withdraw and cannot accept.
    ours = clerk.get(page).content.decode()
    assert 'value="withdraw"' in ours
    assert 'value="accept"' not in ours
    assert stranger.post(page, {"action": "accept"}).status_code == 302
    assert stranger.get(reverse("cases:child", args=[own.pk])).status_code == 200
    timeline = stranger.get(reverse("cases:child_section", args=[own.pk, "timeline"])).content.decode()
    assert "莲花社区" in timeline
    assert page in timeline
    assert clerk.get(reverse("cases:child", args=[own.pk])).status_code == 404
    after = clerk.get(page).content.decode()
    assert "林小满" in after
    assert reverse("cases:child", args=[own.pk]) not in after
    assert "林小满" in clerk.get(reverse("cases:transfers") + "?show=past").content.decode()
    assert "林小满" not in clerk.get(reverse("cases:children")).content.decode()


def test_a_refusal_needs_words(cast: Cast) -> None:
    post_proposal(cast, "clerk", STRANGE_VILLAGE)
    with system_scope(reason="test", log=False):
        transfer = Transfer.objects.get()
    page, stranger = reverse("cases:transfer", args=[transfer.pk]), cast.client("stranger")
    stranger.post(page, {"action": "refuse"})
    with open_scope(cast.scope("clerk")):
        assert Transfer.objects.get().state == "proposed"
    stranger.post(page, {"action": "refuse", "reason": "查无此户"})
    assert "查无此户" in cast.client("clerk").get(page).content.decode()


def test_a_refused_proposal_keeps_what_was_written(cast: Cast) -> None:
    answer = post_proposal(cast, "director", STRANGE_VILLAGE, reason="全家外出")
    assert answer.status_code == 200
    text = answer.content.decode()
    assert "全家外出" in text
    assert f'value="{STRANGE_VILLAGE}"' in text


def test_without_script_the_divisions_are_shown_by_a_button(cast: Cast) -> None:
    own = cast.children["own"]
    answer = cast.client("clerk").post(
        reverse("cases:transfer_propose", args=[own.pk]),
        {"show": "1", "at": ["340000000000"], "reason": "搬家"},
    )
    text = answer.content.decode()
    assert f'value="{STRANGE_VILLAGE}"' in text
    assert "搬家" in text


@pytest.mark.parametrize("name", ["transfers", "transfer", "transfer_propose"])
def test_query_budget(
    cast: Cast, page_budget: Callable[[int], AbstractContextManager[None]], name: str
) -> None:
    post_proposal(cast, "clerk", STRANGE_VILLAGE)
    with system_scope(reason="test", log=False):
        transfer, own = Transfer.objects.get(), cast.children["own"]
        for _ in range(40):
            Transfer.objects.create(
                child=own, region_id=VILLAGE, to_region_id=FAR_VILLAGE, reason_code="other", effective_date=DAY,
                proposed_at=timezone.now(), state="withdrawn", summary={"name": "x"},
            )  # fmt: skip
    address = {
        "transfers": reverse("cases:transfers") + "?show=past",
        "transfer": reverse("cases:transfer", args=[transfer.pk]),
        "transfer_propose": reverse("cases:transfer_propose", args=[own.pk]),
    }[name]
    client = cast.client("clerk")
    with page_budget(15):
        answer = client.get(address)
    assert answer.status_code == 200
    if name == "transfers":
        assert "before=" in answer.content.decode()


def test_the_child_page_is_asked_by_key(cast: Cast) -> None:
    """The second page of the past goes on from the key of the first."""
    with system_scope(reason="test", log=False):
        for number in range(45):
            Transfer.objects.create(
                child=cast.children["own"], region_id=VILLAGE, to_region_id=FAR_VILLAGE, reason_code="other",
                effective_date=DAY, proposed_at=timezone.now(), state="withdrawn", summary={"name": f"第{number:02d}号"},
            )  # fmt: skip
    client = cast.client("clerk")
    first = client.get(reverse("cases:transfers"), {"show": "past"})
    rows = [row["name"] for row in first.context["rows"]]
    second = client.get(reverse("cases:transfers") + first.context["later"])
    rows += [row["name"] for row in second.context["rows"]]
    assert rows == [f"第{number:02d}号" for number in reversed(range(45))]
