"""Signing in, the lock after failures, the end of idle sessions, changing and losing a post."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from staff.models import AccessLog, Assignment, Post, User
from staff.posts import assign, end_assignment
from staff.scope import open_scope, system_scope
from staff.sign_in import LOCK_MINUTES, MOST_FAILURES
from tests.cast import OTHER_VILLAGE, PASSWORD, START, VILLAGE, Cast

URL = "/sign-in/"


@pytest.fixture
def director(cast: Cast) -> User:
    user = cast.users["director"]
    user.set_password(PASSWORD)
    user.save()
    return user


def attempt(client: Client, username: str = "director", password: str = PASSWORD, **more: str) -> Any:
    return client.post(URL, {"username": username, "password": password, **more})


def log(kind: str) -> list[AccessLog]:
    with system_scope(reason="look at the log", log=False):
        return list(AccessLog._base_manager.filter(kind=kind).order_by("at"))


def test_signs_in_with_a_new_session_and_a_line_in_the_log(client: Client, director: User) -> None:
    client.get(URL)
    before = client.session.session_key
    response = attempt(client)
    assert (response.status_code, response.headers["Location"]) == (302, "/")
    assert client.session.session_key != before
    assert [(line.user_id, line.region_id) for line in log("sign_in")] == [(director.pk, VILLAGE)]


def test_goes_back_to_the_page_asked_for_and_to_no_other_site(client: Client, director: User) -> None:
    asked = client.get("/me/")
    assert asked.headers["Location"] == "/sign-in/?next=%2Fme%2F"
    assert attempt(client, next="/me/").headers["Location"] == "/me/"
    for foreign in ("https://evil.example/", "//evil.example", "javascript:alert(1)", "/\\evil.example"):
        assert attempt(Client(), next=foreign).headers["Location"] == "/"


def test_htmx_is_told_to_load_the_sign_in_page(client: Client, db: None) -> None:
    response = client.get(
        "/jobs/00000000-0000-0000-0000-000000000000/",
        headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/lists/?page=2"},
    )
    assert response.headers["HX-Redirect"] == "/sign-in/?next=%2Flists%2F%3Fpage%3D2"


@pytest.mark.parametrize("username", ["director", "nobody-has-this-name"])
def test_five_failures_lock_for_half_an_hour_whether_the_account_exists_or_not(
    client: Client, director: User, username: str
) -> None:
    answers = [attempt(client, username, "wrong").content.decode() for _ in range(MOST_FAILURES)]
    wrong, locked = answers[0], answers[-1]
    assert all("账号或密码" in answer or "account or the password" in answer for answer in answers[:-1])
    assert str(LOCK_MINUTES) in locked
    assert "30" in attempt(client, username).content.decode()
    assert attempt(client, username).status_code == 200
    assert client.get("/me/").status_code == 302
    assert wrong != locked
    lines = log("sign_in_fail")
    assert len(lines) == MOST_FAILURES + 2
    assert [line.detail["locked"] for line in lines[:MOST_FAILURES]] == [False] * (MOST_FAILURES - 1) + [True]
    assert {line.subject_id for line in lines} == ({str(director.pk)} if username == "director" else {""})
    # What was typed where no account is may be a password.
    assert username == "director" or "nobody-has-this-name" not in str([line.detail for line in lines])


def test_answers_for_an_unknown_and_a_known_account_are_the_same(director: User) -> None:
    def page(username: str) -> str:
        text = attempt(Client(), username, "wrong").content.decode()
        lines = "".join(line for line in text.splitlines() if "csrf" not in line.lower())
        return lines.replace(f'value="{username}"', 'value="X"')

    assert page("director") == page("unknown")


def test_the_lock_ends_after_its_time(client: Client, director: User) -> None:
    for _ in range(MOST_FAILURES):
        attempt(client, password="wrong")
    director.refresh_from_db()
    assert director.locked_until is not None
    assert director.locked_until > timezone.now() + dt.timedelta(minutes=LOCK_MINUTES - 1)
    cache.clear()
    assert attempt(client).status_code == 302
    director.refresh_from_db()
    assert director.locked_until is None


def test_a_success_forgives_earlier_failures(client: Client, director: User) -> None:
    for _ in range(2):
        for _ in range(MOST_FAILURES - 1):
            attempt(client, password="wrong")
        assert attempt(client).status_code == 302
        client.logout()


def test_a_closed_account_cannot_sign_in_and_is_out_at_once(client: Client, director: User) -> None:
    attempt(client)
    assert client.get("/me/").status_code == 200
    User.objects.filter(pk=director.pk).update(is_active=False)
    assert client.get("/me/").status_code == 302
    assert attempt(Client()).status_code == 200


def test_signing_out_needs_a_post_and_ends_the_session(client: Client, director: User) -> None:
    attempt(client)
    assert client.get("/sign-out/").status_code == 405
    assert client.post("/sign-out/").headers["Location"] == URL
    assert client.get("/me/").status_code == 302
    assert len(log("sign_out")) == 1


def test_an_idle_session_ends(client: Client, director: User, settings: Any) -> None:
    attempt(client)
    key = f"seen:{client.session.session_key}"
    half = settings.SESSION_IDLE_MINUTES * 60 / 2
    cache.set(key, timezone.now().timestamp() - half)
    assert client.get("/me/").status_code == 200
    assert cache.get(key) > timezone.now().timestamp() - 60
    cache.set(key, timezone.now().timestamp() - 2 * half - 1)
    assert client.get("/me/").status_code == 302


def test_an_idle_session_ends_also_when_the_cache_was_emptied(
    client: Client, director: User, settings: Any
) -> None:
    attempt(client)
    session = client.session
    session["signed_in_at"] = timezone.now().timestamp() - settings.SESSION_IDLE_MINUTES * 60 - 1
    session.save()
    cache.clear()
    assert client.get("/me/").status_code == 302


def test_an_assignment_that_ends_takes_access_away_at_the_next_request(cast: Cast) -> None:
    client = cast.client("director")
    child = reverse("staff:reveal", args=["child-identity", cast.children["own"].pk])
    assert client.get(child).status_code == 200
    with open_scope(cast.scope("sysadmin")):
        end_assignment(
            cast.assignments["director"], last_day=timezone.localdate(), now=True, at=timezone.now()
        )
    response = client.get(child)
    assert response.status_code == 403
    assert client.get("/me/").status_code == 403
    assert "form" in response.content.decode(), "the page offers to sign out"


def test_the_successor_sees_the_same_children(cast: Cast) -> None:
    at = timezone.now()
    with open_scope(cast.scope("sysadmin")):
        end_assignment(cast.assignments["director"], last_day=timezone.localdate(), now=True, at=at)
        post = Post.objects.get(pk=cast.assignments["director"].post_id)
        cast.assignments["nobody"] = assign(cast.users["nobody"], post, start=timezone.localdate(), at=at)
    address = reverse("staff:reveal", args=["child-identity", cast.children["own"].pk])
    assert cast.client("nobody").get(address).status_code == 200
    handover = reverse("staff:handover", args=[cast.assignments["director"].pk])
    for member in ("nobody", "supervisor", "sysadmin"):
        assert handover in cast.client(member).get("/me/").content.decode()
    assert handover not in cast.client("other_director").get("/me/").content.decode()
    assert (
        cast.client("nobody")
        .get(reverse("staff:handover", args=[cast.assignments["director"].pk]))
        .status_code
        == 200
    )


def test_one_person_with_two_posts_works_in_one_at_a_time(cast: Cast) -> None:
    with system_scope(reason="a second village", log=False):
        post = Post.objects.create(region_id=OTHER_VILLAGE, role="director", title="二村儿童主任")
        second = Assignment.objects.create(user=cast.users["director"], post=post, start_date=START)
    client = cast.client("director")
    own = reverse("staff:reveal", args=["child-identity", cast.children["own"].pk])
    neighbour = reverse("staff:reveal", args=["child-identity", cast.children["neighbour"].pk])
    assert [client.get(own).status_code, client.get(neighbour).status_code] == [200, 404]
    page = client.get("/me/").content.decode()
    assert f'name="assignment" value="{second.pk}"' in page
    assert client.post("/switch/", {"assignment": second.pk}).status_code == 302
    assert [client.get(own).status_code, client.get(neighbour).status_code] == [404, 200]
    assert [line.subject_id for line in log("switch")] == [str(second.pk)]


def test_nobody_switches_to_a_post_of_somebody_else(cast: Cast) -> None:
    client = cast.client("director")
    assert client.post("/switch/", {"assignment": cast.assignments["clerk"].pk}).status_code == 403
    neighbour = reverse("staff:reveal", args=["child-identity", cast.children["neighbour"].pk])
    assert client.get(neighbour).status_code == 404


def test_the_sign_in_page_names_demo_accounts_only_in_a_demonstration(
    client: Client, db: None, settings: Any
) -> None:
    settings.DEMO_ACCOUNTS = "tests.staff.test_sign_in.two_accounts"
    assert "demo-director" in client.get(URL).content.decode()
    settings.DEMO_ACCOUNTS = ""
    assert "demo-director" not in client.get(URL).content.decode()
    assert client.get("/components/").status_code == 404


def two_accounts() -> list[dict[str, str]]:
    return [{"username": "demo-director", "password": "x", "role": "director", "name": "x", "place": "y"}]
