"""A referral shows the provider one child's limited view, and takes it back when it is over."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from cases.casework.services import restrict_case
from cases.models import Case, Child, Guardian
from referrals.models import Provider, Referral
from referrals.services import change_referral, send_referral
from staff.models import TransitionRecord
from staff.scope import open_scope, scope_of, system_scope
from staff.workflow import Actor, TransitionRefused
from tests.cast import COUNTY, Cast

AT = dt.datetime(2026, 10, 20, 10, tzinfo=dt.UTC)


@pytest.fixture
def provider(cast: Cast) -> Provider:
    with system_scope(reason="test", log=False):
        post = cast.assignments["provider"].post
        return Provider.objects.create(name="彩虹桥关爱室", kind="organisation", region_id=COUNTY, post=post)


@pytest.fixture
def case(cast: Cast) -> Case:
    child = cast.children["own"]
    with open_scope(cast.scope("supervisor")):
        return Case.objects.create(
            child=child, region_id=child.region_id, title="临时照料安排", level="yellow",
            opened_by=cast.users["supervisor"], opened_at=AT, owner=cast.users["supervisor"],
        )  # fmt: skip


@pytest.fixture
def referral(cast: Cast, case: Case, provider: Provider) -> Referral:
    with open_scope(cast.scope("supervisor")):
        return send_referral(
            actor=Actor.current(),
            at=AT,
            case=case,
            provider=provider,
            need="心理辅导",
            summary="需要每周一次的心理辅导",
        )


def provider_sees(cast: Cast) -> set[str]:
    with system_scope(reason="test", log=False):
        scope = scope_of(cast.assignments["provider"])
    with open_scope(scope):
        return set(Child.objects.values_list("name", flat=True))


def act(cast: Cast, member: str, referral: Referral, name: str, **reason: str) -> Referral:
    with system_scope(reason="test", log=False):
        scope = scope_of(cast.assignments[member])
    with open_scope(scope):
        return change_referral(
            Referral.objects.get(pk=referral.pk), name, actor=Actor.current(), at=timezone.now(), **reason
        )


def test_the_whole_story(cast: Cast, referral: Referral) -> None:
    assert provider_sees(cast) == {"林小满"}
    assert act(cast, "provider", referral, "accept").state == "accepted"
    assert (
        act(cast, "provider", referral, "finish", reason="已做四次辅导，情绪好转").feedback
        == "已做四次辅导，情绪好转"
    )
    assert provider_sees(cast) == set()


def test_the_referral_of_a_restricted_case_is_for_its_named_people_and_the_provider(
    cast: Cast, case: Case, referral: Referral
) -> None:
    assert act(cast, "provider", referral, "accept").state == "accepted"
    with open_scope(cast.scope("supervisor")):
        restrict_case(actor=Actor.current(), at=AT, case=case, people=())
    act(cast, "provider", referral, "finish", reason="已做四次辅导")
    for member, seen in (("supervisor", True), ("provider", True), ("clerk", False), ("director", False)):
        with open_scope(cast.scope(member)):
            assert Referral.objects.filter(pk=referral.pk).exists() is seen, member
            told = TransitionRecord.objects.filter(subject="referrals.referral", name="finish")
            assert told.exists() is (member == "supervisor"), member
    panel = reverse("referrals:child_panel", args=[case.child_id])
    assert "心理辅导" in cast.client("supervisor").get(panel).content.decode()
    assert "心理辅导" not in cast.client("clerk").get(panel).content.decode()


def test_declining_needs_code_and_words_and_ends_the_view(cast: Cast, referral: Referral) -> None:
    with pytest.raises(TransitionRefused):
        act(cast, "provider", referral, "decline", reason="没有人手")
    with pytest.raises(TransitionRefused):
        act(cast, "provider", referral, "decline", reason_code="no_capacity")
    assert (
        act(cast, "provider", referral, "decline", reason_code="no_capacity", reason="本月没有人手").state
        == "declined"
    )
    assert provider_sees(cast) == set()


def test_the_sender_cannot_answer_for_the_provider(cast: Cast, referral: Referral) -> None:
    with pytest.raises(TransitionRefused):
        act(cast, "supervisor", referral, "accept")


def test_the_provider_sees_no_family_and_no_case(cast: Cast, referral: Referral) -> None:
    with system_scope(reason="test", log=False):
        scope = scope_of(cast.assignments["provider"])
    with open_scope(scope):
        assert not Guardian.objects.exists()
        assert not Case.objects.exists()
        assert Referral.objects.count() == 1


def test_the_same_case_is_not_referred_twice_to_one_provider(
    cast: Cast, case: Case, referral: Referral, provider: Provider
) -> None:
    with open_scope(cast.scope("supervisor")), pytest.raises(TransitionRefused):
        send_referral(
            actor=Actor.current(), at=AT, case=case, provider=provider, need="心理辅导", summary="再次"
        )


def test_a_director_cannot_refer(cast: Cast, case: Case, provider: Provider) -> None:
    with open_scope(cast.scope("director")), pytest.raises(TransitionRefused):
        send_referral(
            actor=Actor.current(), at=AT, case=case, provider=provider, need="心理辅导", summary="…"
        )


def test_the_provider_page_shows_the_limited_view_only(cast: Cast, referral: Referral) -> None:
    page = cast.client("provider").get(reverse("referrals:referral", args=[referral.pk]))
    text = page.content.decode()
    assert "林小满" in text
    assert "需要每周一次的心理辅导" in text
    assert "临时照料安排" not in text
    assert "林桂芳" not in text
    assert "莲花" not in text


def test_sending_through_the_page(
    cast: Cast, case: Case, provider: Provider, django_assert_max_num_queries: object
) -> None:
    browser = cast.client("supervisor")
    answer = browser.post(
        reverse("referrals:referral_add", args=[case.pk]),
        {"provider": provider.pk, "need": "心理辅导", "summary": "需要辅导"},
    )
    assert answer.status_code == 302
    bad = browser.post(reverse("referrals:referral_add", args=[case.pk]), {"provider": provider.pk})
    assert bad.status_code == 200
    assert "cw-error" in bad.content.decode()


def test_out_of_scope_is_not_found(cast: Cast, referral: Referral) -> None:
    for member in ("stranger", "other_director", "other_supervisor"):
        assert cast.client(member).get(reverse("referrals:referral", args=[referral.pk])).status_code == 404


def test_pages_keep_the_query_budget(cast: Cast, referral: Referral, django_assert_max_num_queries) -> None:  # type: ignore[no-untyped-def]
    for member in ("supervisor", "provider"):
        browser = cast.client(member)
        for address in (reverse("referrals:referrals"), reverse("referrals:referral", args=[referral.pk])):
            with django_assert_max_num_queries(15):
                assert browser.get(address).status_code == 200
