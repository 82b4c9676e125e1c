"""Addresses without the door: on lists and exports for everybody, on screens for who does not visit; the rest by a reason."""

from __future__ import annotations

import pytest
from django.urls import reverse

from cases import identity
from cases.children.columns import COLUMNS
from cases.models import Child
from staff.models import AccessLog
from staff.scope import system_scope
from tests.cases.visiting import acting
from tests.cast import Cast

WHOLE, MASKED = "桂林街道莲花社区3组12号", "桂林街道莲花社区****"


@pytest.fixture
def child(cast: Cast) -> Child:
    own = cast.children["own"]
    with system_scope(reason="test", log=False):
        Child.objects.filter(pk=own.pk).update(address=WHOLE)
        own.refresh_from_db()
    return own


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (WHOLE, MASKED),
        ("十三里村五组", "十三里村****"),
        ("双江镇长滩村村口", "双江镇长滩村****"),
        ("莲花社区五社３号", "莲花社区****"),
        ("重庆市潼南区桂林街道井田社区居民委员会", "重庆市潼南区桂林街道井田社区居民委员会"),
        ("中山路18号3单元502", "****"),
        ("西山楼B座", "****"),
        ("", ""),
    ],
)
def test_what_leads_to_the_door_is_hidden(text: str, shown: str) -> None:
    assert identity.mask_address(text) == shown
    assert identity.mask_address(shown) in (shown, text)


@pytest.mark.parametrize("member", ["director", "supervisor", "clerk", "approver", "leader"])
def test_on_the_file_whoever_visits_sees_the_house(cast: Cast, child: Child, member: str) -> None:
    page = cast.client(member).get(reverse("cases:child", args=[child.pk])).content.decode()
    visits = member in ("director", "supervisor")
    assert (WHOLE in page, MASKED in page) == (visits, not visits)
    eye = reverse("staff:reveal", args=["child-address", child.pk])
    assert (eye in page) == (member in ("clerk", "approver"))


def test_the_rest_is_shown_for_a_reason_that_is_logged(cast: Cast, child: Child) -> None:
    url = reverse("staff:reveal", args=["child-address", child.pk])
    clerk = cast.client("clerk")
    assert WHOLE not in clerk.post(url, {}).content.decode()
    assert WHOLE in clerk.post(url, {"reason_code": "contact", "reason": ""}).content.decode()
    assert cast.client("leader").post(url, {"reason_code": "contact"}).status_code == 403
    with system_scope(reason="test", log=False):
        assert AccessLog.objects.filter(kind="reveal", subject="child-address").count() == 1


@pytest.mark.parametrize("member", ["director", "clerk"])
def test_lists_and_files_mask_it_for_everybody(cast: Cast, child: Child, member: str) -> None:
    page = cast.client(member).get(f"{reverse('cases:children')}?cols=name.address").content.decode()
    assert (WHOLE in page, MASKED in page) == (False, True)
    column = COLUMNS["address"]
    assert column.full is not None
    assert (column.text(child, None), column.full(child, None)) == (MASKED, WHOLE)  # type: ignore[arg-type]


def test_a_clerk_changes_an_address_without_seeing_it_and_a_supervisor_in_place(
    cast: Cast, child: Child
) -> None:
    url = reverse("cases:child_edit", args=[child.pk])
    assert WHOLE not in cast.client("clerk").get(url).content.decode()
    assert WHOLE in cast.client("supervisor").get(url).content.decode()
    with acting(cast, "clerk"):
        assert Child.objects.get(pk=child.pk).address == WHOLE
