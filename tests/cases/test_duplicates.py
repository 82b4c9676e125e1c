"""Pairs of files that may be one child's, what a person decided about them, and the pages."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.urls import reverse
from django.utils import timezone

from cases import identity
from cases.duplicates import merging
from cases.duplicates import services as duplicates
from cases.duplicates.twins import Facts, Why, twins_of
from cases.models import Child, ChildMerge, Guardian, NotSameChild
from cases.refusals import RegisterRefused
from staff.scope import open_scope, system_scope
from tests.cast import FAR_VILLAGE, OTHER_VILLAGE, VILLAGE, Cast, make_child

AT = dt.datetime(2026, 10, 20, 2, 0, tzinfo=dt.UTC)
DAY = dt.date(2026, 10, 20)
PAGE_COST = 15 + 4
BORN = dt.date(2016, 3, 4)


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: AT)


def number(serial: int, born: dt.date = BORN) -> str:
    body = f"500152{born:%Y%m%d}{serial:03d}"
    return body + identity.check_character(body)


def child(name: str, region: int = VILLAGE, **fields: object) -> Child:
    return make_child(region, name, **{"birth_date": BORN} | fields)


def found(cast: Cast, member: str, kind: Why | None = None) -> set[tuple[str, str, str]]:
    with open_scope(cast.scope(member)):
        return {(p.first.name, p.second.name, p.why.value) for p in duplicates.find_pairs(kind=kind).pairs}


def test_what_makes_a_pair(cast: Cast) -> None:
    with system_scope(reason="test", log=False):
        gone = {"left_date": DAY, "left_reason": "07"}
        child("甲一", id_number=number(1), **gone)
        child("甲二", id_number=number(1))  # the same number, one has left
        child("曾子涵", birth_date=dt.date(2016, 5, 5))
        child(
            "曾子涵", OTHER_VILLAGE, birth_date=dt.date(2016, 5, 5), id_number=number(2, dt.date(2016, 5, 5))
        )
        child("李晓雨", birth_date=dt.date(2016, 6, 6))
        child("李小雨", birth_date=dt.date(2016, 6, 6))
        one, other = (
            child("乙一", birth_date=dt.date(2016, 7, 7)),
            child("乙二", birth_date=dt.date(2016, 7, 7)),
        )
        Guardian.objects.filter(child__in=(one, other)).update(id_digest=b"g" * 32)
        # No pairs: other birth dates, both left, both numbers and another character, twins with numbers.
        child("曾子涵", birth_date=dt.date(2016, 5, 6))
        child("丙", birth_date=dt.date(2016, 8, 8), **gone)
        child("丙", birth_date=dt.date(2016, 8, 8), **gone)
        born = dt.date(2016, 9, 9)
        child("王伟", birth_date=born, id_number=number(3, born))
        child("王维", birth_date=born, id_number=number(4, born))
        born = dt.date(2016, 10, 10)
        twins = [child(n, birth_date=born, id_number=number(i, born)) for i, n in ((5, "丁一"), (6, "丁二"))]
        Guardian.objects.filter(child__in=twins).update(id_digest=b"h" * 32)
    assert found(cast, "clerk") == {
        ("甲一", "甲二", "identity"),
        ("曾子涵", "曾子涵", "name"),
        ("李晓雨", "李小雨", "sound"),
        ("乙一", "乙二", "guardian"),
    }
    assert found(cast, "clerk", Why.SOUND) == {("李晓雨", "李小雨", "sound")}
    # The director's village holds but one of the namesakes; and has not this duty anyway.
    assert ("曾子涵", "曾子涵", "name") not in found(cast, "director")


def test_a_pair_over_two_townships_is_the_countys(cast: Cast) -> None:
    with system_scope(reason="test", log=False):
        child("曾子涵")
        child("曾子涵", FAR_VILLAGE)
    assert found(cast, "supervisor") == found(cast, "other_supervisor") == set()
    assert found(cast, "clerk") == {("曾子涵", "曾子涵", "name")}
    assert found(cast, "stranger") == set()


def test_the_strongest_reason_alone_is_told(cast: Cast) -> None:
    with system_scope(reason="test", log=False):
        for left in (DAY, None):
            child("曾子涵", id_number=number(1), left_date=left, left_reason="07" if left else "")
    assert found(cast, "clerk") == {("曾子涵", "曾子涵", "identity")}


def test_merged_and_parted_pairs_are_not_proposed(cast: Cast) -> None:
    with system_scope(reason="test", log=False):
        one, other = child("曾子涵"), child("曾子涵")
    with open_scope(cast.scope("clerk")):
        parting = duplicates.part_children(other, one, reason="双胞胎", at=AT)
        assert (parting.first_id, parting.second_id, parting.reason) == (one.pk, other.pk, "双胞胎")
        assert duplicates.part_children(one, other, at=AT) == parting
    assert found(cast, "clerk") == set()
    with open_scope(cast.scope("clerk")):
        facts = Facts(one.name, one.birth_date, "", VILLAGE)
        assert not twins_of(facts, but=one.pk)
        duplicates.take_back_parting(parting, at=AT)
        assert [t.child for t in twins_of(facts, but=one.pk).found] == [other]
    assert len(found(cast, "clerk")) == 1
    with open_scope(cast.scope("clerk")):
        merging.merge_children(one, other, {}, reason="x", at=AT)
        with pytest.raises(RegisterRefused):
            duplicates.part_children(one, Child.objects.get(pk=other.pk), at=AT)
    assert found(cast, "clerk") == set()


@pytest.mark.parametrize("member", ["director", "approver", "leader"])
def test_only_the_desk_decides(cast: Cast, member: str) -> None:
    with system_scope(reason="test", log=False):
        one, other = child("曾子涵"), child("曾子涵")
    with open_scope(cast.scope(member)), pytest.raises(RegisterRefused):
        duplicates.part_children(one, other, at=AT)


def test_pages_by_key_show_every_pair_once(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "PAGE", 3)
    with system_scope(reason="test", log=False):
        for place in range(4):
            for _time in range(2):
                child("曾子涵", birth_date=BORN + dt.timedelta(days=place))
        for _time in range(3):
            child("李小雨", birth_date=dt.date(2015, 1, 1), id_number="")
    with open_scope(cast.scope("clerk")):
        whole = duplicates.find_pairs()
        assert (whole.count, len(whole.pairs)) == (7, 3)
        seen, key = [], ""
        while True:
            page = duplicates.find_pairs(duplicates.Key.read(key))
            seen += [(p.first.pk, p.second.pk) for p in page.pairs]
            key = page.later
            if not key:
                break
        assert len(seen) == len(set(seen)) == 7
        assert duplicates.Key.read("x~1") == duplicates.BEGINNING


# --- Pages -----------------------------------------------------------------------------------------------


@pytest.fixture
def pair(cast: Cast) -> tuple[Child, Child]:
    with system_scope(reason="test", log=False):
        return child("曾子涵", address="3 组"), child("曾子涵", phone="13812345678", id_number=number(1))


def test_the_list_costs_the_same_for_many(
    cast: Cast, page_budget: Callable[[int], AbstractContextManager[None]]
) -> None:
    with system_scope(reason="test", log=False):
        for place in range(35):
            for _time in range(2):
                child(f"童{place}", birth_date=BORN + dt.timedelta(days=place))
    client = cast.client("clerk")
    with page_budget(PAGE_COST):
        page = client.get("/duplicates/").content.decode()
    assert page.count('class="cw-item cw-pair"') == duplicates.PAGE
    later = re.search(r'href="(\?after=[^"]+)"', page)
    assert later is not None
    assert client.get(f"/duplicates/{later.group(1)}").content.decode().count('class="cw-item cw-pair"') == 5


def test_the_merge_page_within_budget(
    cast: Cast, pair: tuple[Child, Child], page_budget: Callable[[int], AbstractContextManager[None]]
) -> None:
    one, other = pair
    client = cast.client("clerk")
    with page_budget(PAGE_COST):
        page = client.get(reverse("cases:merge", args=[one.pk, other.pk])).content.decode()
    # The fuller value is proposed; numbers are masked, with an eye.
    assert re.search(r'name="choose-id_number" value="merged"[^>]*checked', page)
    assert re.search(r'name="choose-address" value="kept"[^>]*checked', page)
    assert other.id_number not in page
    assert identity.mask(other.id_number)[-4:] in page
    assert reverse("staff:reveal", args=["child-identity", other.pk]) in page
    assert "13812345678" not in page


def test_merging_and_undoing_by_hand(cast: Cast, pair: tuple[Child, Child]) -> None:
    one, other = pair
    client = cast.client("clerk")
    address = reverse("cases:merge", args=[one.pk, other.pk])
    choices = {
        "choose-id_number": "merged",
        "choose-address": "kept",
        "choose-phone": "merged",
        "choose-household": "kept",
    }
    refused = client.post(address, choices)
    assert refused.status_code == 200  # no reason
    assert not ChildMerge._base_manager.exists()
    done = client.post(address, choices | {"reason": "同一儿童"}, follow=True)
    assert done.redirect_chain[-1][0] == reverse("cases:child", args=[one.pk])
    assert other.number in done.content.decode()
    with open_scope(cast.scope("clerk")):
        merge = ChildMerge.objects.get()
        one.refresh_from_db()
        assert (one.id_number, one.phone, one.address) == (other.id_number, "13812345678", "3 组")
    # Opening the merged file leads to the kept one; nothing of it is written any more.
    led = client.get(reverse("cases:child", args=[other.pk]), follow=True)
    assert led.redirect_chain[-1][0] == reverse("cases:child", args=[one.pk])
    section = client.get(reverse("cases:child_section", args=[other.pk, "visits"]))
    assert section.headers["Location"] == reverse("cases:child_section", args=[one.pk, "visits"])
    assert client.get(reverse("cases:child_edit", args=[other.pk])).status_code == 404
    timeline = client.get(reverse("cases:child_section", args=[one.pk, "timeline"])).content.decode()
    undo = reverse("cases:merge_undo", args=[merge.pk])
    assert undo in timeline
    assert timeline.count(other.number) >= 2  # its registration and the merge
    assert undo in client.get("/duplicates/?show=merged").content.decode()
    assert client.post(undo, {}).status_code == 200
    assert client.post(undo, {"reason": "合错了"}).headers["Location"] == reverse(
        "cases:child", args=[other.pk]
    )
    assert client.get(undo).status_code == 404
    assert client.get(reverse("cases:child", args=[other.pk])).status_code == 200


def test_parting_by_hand(cast: Cast, pair: tuple[Child, Child]) -> None:
    one, other = pair
    client = cast.client("supervisor")
    client.post(reverse("cases:not_same", args=[one.pk, other.pk]), {"reason": "双胞胎"})
    with open_scope(cast.scope("clerk")):
        parting = NotSameChild.objects.get()
        assert parting.user == cast.users["supervisor"]
    assert 'class="cw-item cw-pair"' not in client.get("/duplicates/").content.decode()
    shown = client.get("/duplicates/?show=parted").content.decode()
    assert "双胞胎" in shown
    assert cast.users["supervisor"].name in shown
    client.post(reverse("cases:not_same_undo", args=[parting.pk]))
    assert 'class="cw-item cw-pair"' in client.get("/duplicates/").content.decode()


def test_a_file_in_another_township_is_not_there(cast: Cast, pair: tuple[Child, Child]) -> None:
    one, _other = pair
    with system_scope(reason="test", log=False):
        far = child("曾子涵", FAR_VILLAGE)
    client = cast.client("supervisor")
    for name in ("cases:merge", "cases:not_same"):
        for pks in ((one.pk, far.pk), (far.pk, one.pk)):
            assert client.post(reverse(name, args=pks), {"reason": "x"}).status_code == 404
    assert client.get(reverse("cases:merge", args=[one.pk, one.pk])).status_code == 404
    assert cast.client("clerk").get(reverse("cases:merge", args=[one.pk, far.pk])).status_code == 200


def test_what_stands_against_it_is_told_before(cast: Cast, pair: tuple[Child, Child]) -> None:
    one, other = pair
    with open_scope(cast.scope("clerk")):
        duplicates.part_children(one, other, at=AT)
    page = cast.client("clerk").get(reverse("cases:merge", args=[one.pk, other.pk])).content.decode()
    assert re.search(r'type="submit"\s+disabled', page)
