"""Accounts: who keeps them, one-time passwords, closing."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from staff import accounts
from staff.models import Assignment, Post, User
from staff.scope import open_scope, system_scope
from tests.cast import COUNTY, OTHER_COUNTY, PASSWORD, START, Cast

NEW = "Liuhe-2026-x"


def test_an_account_is_made_with_a_one_time_password_that_must_be_replaced(cast: Cast) -> None:
    page = (
        cast.client("sysadmin")
        .post("/accounts/add/", {"name": "新来者", "username": "xinlai"})
        .content.decode()
    )
    password = re.search(r"data-password>([^<]+)<", page).group(1)  # type: ignore[union-attr]
    user = User.objects.get(username="xinlai")
    assert user.home_region_id == COUNTY
    assert password not in user.password

    client = Client()
    signed = client.post("/sign-in/", {"username": "xinlai", "password": password})
    assert signed.headers["Location"] == "/me/password/"
    assert client.get("/me/").headers["Location"] == "/me/password/"
    again = client.post("/me/password/", {"old": password, "new": password, "again": password})
    assert again.status_code == 200
    weak = client.post("/me/password/", {"old": password, "new": "aaaaaaaa", "again": "aaaaaaaa"})
    assert weak.status_code == 200
    assert client.post("/me/password/", {"old": password, "new": NEW, "again": NEW}).status_code == 302
    # The session goes on; without a post there is still nothing to see.
    assert client.get("/me/").status_code == 403
    user.refresh_from_db()
    assert user.check_password(NEW)
    assert not user.must_change_password


def test_one_time_passwords_pass_the_rules_and_differ(db: None) -> None:
    from django.contrib.auth.password_validation import validate_password

    made = {accounts.one_time_password() for _ in range(50)}
    assert len(made) == 50
    for password in made:
        validate_password(password)


def test_while_a_password_must_be_replaced_nothing_is_in_scope(cast: Cast) -> None:
    user = cast.users["clerk"]
    User.objects.filter(pk=user.pk).update(must_change_password=True)
    client = cast.client("clerk")
    assert client.get("/me/").headers["Location"] == "/me/password/"
    # The API opens no scope either.
    answer = client.get("/api/v1/children/")
    assert answer.status_code == 403 or answer.json()["results"] == []


def test_a_reset_signs_the_person_out_and_opens_the_lock(cast: Cast) -> None:
    user = cast.users["director"]
    user.set_password(PASSWORD)
    user.save()
    theirs = Client()
    theirs.post("/sign-in/", {"username": "director", "password": PASSWORD})
    assert theirs.get("/me/").status_code == 200
    for _ in range(5):
        Client().post("/sign-in/", {"username": "director", "password": "wrong"})
    page = cast.client("sysadmin").post(f"/accounts/{user.pk}/change/", {"action": "reset"}).content.decode()
    password = re.search(r"data-password>([^<]+)<", page).group(1)  # type: ignore[union-attr]
    assert theirs.get("/me/").status_code == 302
    assert Client().post("/sign-in/", {"username": "director", "password": password}).status_code == 302


def test_closing_and_opening(cast: Cast) -> None:
    user, client = cast.users["director"], cast.client("sysadmin")
    assert client.post(f"/accounts/{user.pk}/change/", {"action": "close"}).status_code == 302
    user.refresh_from_db()
    assert not user.is_active
    assert client.post(f"/accounts/{user.pk}/change/", {"action": "open"}).status_code == 302
    user.refresh_from_db()
    assert user.is_active
    own = client.post(f"/accounts/{cast.users['sysadmin'].pk}/change/", {"action": "close"})
    assert own.status_code == 409


def test_the_list_shows_the_administrators_own_region(cast: Cast) -> None:
    with open_scope(cast.scope("sysadmin")):
        names = set(accounts.accounts_in_scope().values_list("username", flat=True))
    assert {"director", "clerk", "provider"} <= names
    assert not {"stranger", "nobody"} & names


def test_a_post_here_gives_no_power_over_an_account_of_another_county(cast: Cast) -> None:
    """Else a county could take a colleague in, reset the password, and open the other county with it."""
    stranger = cast.users["stranger"]
    with system_scope(reason="a viewer's post here", log=False):
        post = Post.objects.create(region_id=COUNTY, role="viewer", title="x")
        Assignment.objects.create(user=stranger, post=post, start_date=START)
    client = cast.client("sysadmin")
    assert client.get(f"/accounts/{stranger.pk}/").status_code == 200
    assert client.post(f"/accounts/{stranger.pk}/change/", {"action": "reset"}).status_code == 409
    User.objects.filter(pk=stranger.pk).update(home_region_id=OTHER_COUNTY)
    assert client.post(f"/accounts/{stranger.pk}/change/", {"action": "close"}).status_code == 409
    stranger.refresh_from_db()
    assert stranger.is_active


def test_an_account_is_made_only_for_ones_own_region(cast: Cast) -> None:
    with open_scope(cast.scope("sysadmin")), pytest.raises(accounts.AccountRefused):
        accounts.create_account(username="x", name="x", region_id=OTHER_COUNTY, at=timezone.now())


def test_a_name_is_given_once(cast: Cast) -> None:
    with open_scope(cast.scope("sysadmin")), pytest.raises(ValidationError):
        accounts.create_account(username="stranger", name="x", region_id=COUNTY, at=timezone.now())


def test_own_password_needs_the_present_one(cast: Cast) -> None:
    user = cast.users["director"]
    user.set_password(PASSWORD)
    user.save()
    with pytest.raises(ValidationError) as caught:
        accounts.change_password(user, old="wrong", new=NEW)
    assert set(caught.value.message_dict) == {"old"}


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("q=王念慈", {"director"}),
        ("role=clerk", {"clerk"}),
        ("state=closed", {"leader"}),
        ("state=locked", {"releaser"}),
    ],
)
def test_the_filter(cast: Cast, query: str, names: set[str]) -> None:
    User.objects.filter(username="leader").update(is_active=False)
    User.objects.filter(username="releaser").update(locked_until=timezone.now() + dt.timedelta(minutes=5))
    page = cast.client("sysadmin").get(f"/accounts/?{query}")
    assert {user.username for user, _ in page.context["rows"]} == names
