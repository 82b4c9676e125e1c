"""Waking a phone: to which addresses, what is said, what becomes of browsers that are gone."""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.utils import timezone

from cases.models import PushSubscription
from cases.notes import push_service as addresses
from cases.notes import pushes, tasks
from cases.notes.push_service import PushAddressRefused, check_address, post
from cases.notes.services import read_notes, send_note
from cases.notes.web_push import new_key, public_key_of
from staff.scope import open_scope, system_scope
from staff.workflow import Actor
from tests.cases.notes.browser import Browser, Service, push_service
from tests.cast import Cast


@pytest.fixture
def service(settings: Any) -> Iterator[Service]:
    with push_service() as found:
        settings.PUSH_KEY, settings.PUSH_CONTACT = new_key(), "mailto:office@example.gov.cn"
        settings.PUSH_TRUSTED_ORIGINS = [found.origin]
        yield found


def subscribed(cast: Cast, service: Service, name: str = "director", path: str = "/p/1") -> Browser:
    browser = Browser()
    with open_scope(cast.scope(name)):
        pushes.subscribe(
            actor=Actor.current(),
            at=timezone.now(),
            endpoint=service.origin + path,
            public_key=browser.public_key,
            secret=browser.secret_text,
        )
    return browser


def told(cast: Cast, text: str = "林小满今天请去看看") -> None:
    with open_scope(cast.scope("supervisor")):
        send_note(
            actor=Actor.current(),
            at=timezone.now(),
            recipient=cast.users["director"],
            text=text,
            child=cast.children["own"],
        )


def known(cast: Cast) -> list[PushSubscription]:
    with system_scope(reason="test", log=False):
        return list(PushSubscription.objects.all())


def test_what_arrives_says_how_many_and_where_and_names_nobody(
    cast: Cast, service: Service, django_capture_on_commit_callbacks: Callable[..., Any], monkeypatch: Any
) -> None:
    woken: list[tuple[Any, ...]] = []
    monkeypatch.setattr(tasks.wake, "delay", lambda *args: woken.append(args))
    browser = subscribed(cast, service)
    with django_capture_on_commit_callbacks(execute=True):
        told(cast)
    assert woken == [(cast.users["director"].pk,)]
    told(cast, "再提醒一次")
    assert pushes.wake(cast.users["director"].pk, at=timezone.now()) == []
    ((path, headers, body),) = service.got
    message = browser.read(body).decode()
    said = json.loads(message)
    assert set(said) == {"text", "url"}
    assert said["url"] == "/notes/"
    assert "2" in said["text"]
    everything = message + path + json.dumps(headers)
    for child in cast.children.values():
        assert child.name not in everything
    assert b"\xe6\x9e\x97" not in body  # 林
    assert (headers["Content-Encoding"], headers["TTL"], headers["Topic"]) == ("aes128gcm", "86400", "notes")
    assert headers["Authorization"].startswith("vapid t=")
    (row,) = known(cast)
    assert row.used_at is not None


@pytest.mark.parametrize(
    ("status", "left", "again"),
    [(201, 1, 0), (404, 0, 0), (410, 0, 0), (413, 1, 0), (429, 1, 1), (503, 1, 1), (302, 1, 0)],
)
def test_answers_of_a_push_service(cast: Cast, service: Service, status: int, left: int, again: int) -> None:
    subscribed(cast, service)
    told(cast)
    service.answers = [status]
    later = pushes.wake(cast.users["director"].pk, at=timezone.now())
    assert (len(known(cast)), len(later)) == (left, again)
    assert len(service.got) == 1  # no redirect is followed


def test_a_service_that_is_away_is_tried_again_and_the_others_are_not(
    cast: Cast, service: Service, monkeypatch: Any, caplog: pytest.LogCaptureFixture
) -> None:
    subscribed(cast, service, path="/p/1")
    subscribed(cast, service, path="/p/2")
    told(cast)
    real = addresses.post

    def unreachable(endpoint: str, **values: Any) -> int:
        if endpoint.endswith("/p/2"):
            raise ConnectionRefusedError
        return real(endpoint, **values)

    monkeypatch.setattr(pushes, "post", unreachable)
    with caplog.at_level(logging.INFO):
        left = pushes.wake(cast.users["director"].pk, at=timezone.now())
    assert [path for path, *_ in service.got] == ["/p/1"]
    assert "/p/2" not in caplog.text  # the address is a secret
    monkeypatch.undo()
    assert pushes.wake(cast.users["director"].pk, at=timezone.now(), only=left) == []
    assert [path for path, *_ in service.got] == ["/p/1", "/p/2"]


def test_the_task_tries_again_later_and_not_for_ever(cast: Cast, service: Service, monkeypatch: Any) -> None:
    waits = []

    class Again(Exception):
        pass

    def retry(**values: Any) -> Exception:
        waits.append((values["args"], values["countdown"]))
        return Again()

    subscribed(cast, service)
    told(cast)
    monkeypatch.setattr(tasks.wake, "retry", retry)
    for tries in range(tasks.TRIES + 1):
        service.answers = [503]
        tasks.wake.push_request(retries=tries)
        try:
            if tries < tasks.TRIES:
                with pytest.raises(Again):
                    tasks.wake.run(cast.users["director"].pk)
            else:
                tasks.wake.run(cast.users["director"].pk)
        finally:
            tasks.wake.pop_request()
    assert [countdown for _, countdown in waits] == [30, 60, 120, 240, 480, 960]


def test_nobody_is_woken_for_what_is_read(cast: Cast, service: Service) -> None:
    subscribed(cast, service)
    told(cast)
    with open_scope(cast.scope("director")):
        read_notes(actor=Actor.current(), at=timezone.now())
    pushes.wake(cast.users["director"].pk, at=timezone.now())
    assert service.got == []


# --- Subscribing -----------------------------------------------------------------------------------------


def test_a_browser_is_one_accounts_and_goes_with_its_keys(cast: Cast, service: Service) -> None:
    first = subscribed(cast, service)
    endpoint = service.origin + "/p/1"
    with open_scope(cast.scope("other_director")):
        values = {"actor": Actor.current(), "at": timezone.now(), "endpoint": endpoint}
        stranger = Browser()
        with pytest.raises(PushAddressRefused):  # somebody who knows the address, but is not that browser
            pushes.subscribe(**values, public_key=stranger.public_key, secret=stranger.secret_text)
        assert pushes.unsubscribe(actor=Actor.current(), endpoint=endpoint) is False
        pushes.subscribe(**values, public_key=first.public_key, secret=first.secret_text)
    (row,) = known(cast)
    assert row.user_id == cast.users["other_director"].pk
    assert row.endpoint == endpoint
    with open_scope(cast.scope("other_director")):
        assert pushes.unsubscribe(actor=Actor.current(), endpoint=endpoint) is True
    assert known(cast) == []


def test_the_address_is_not_in_the_database_in_clear(cast: Cast, service: Service) -> None:
    from django.db import connection

    subscribed(cast, service)
    with system_scope(reason="test", log=False), connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(s)::text, endpoint FROM cases_pushsubscription s")
        text, endpoint = cursor.fetchone()
    assert "127.0.0.1" not in text
    assert b"127.0.0.1" not in bytes(endpoint)


def test_a_person_has_at_most_five_browsers_the_oldest_goes(cast: Cast, service: Service) -> None:
    for number in range(pushes.MOST + 2):
        subscribed(cast, service, path=f"/p/{number}")
    assert sorted(row.endpoint[-1] for row in known(cast)) == ["2", "3", "4", "5", "6"]


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://push.example.com/x",
        "https://localhost/x",
        "https://intranet/x",
        "https://127.0.0.1/x",
        "https://10.0.0.8/x",
        "https://169.254.169.254/latest/",
        "https://[::1]/x",
        "https://[::ffff:10.0.0.8]/x",
        "https://224.0.0.1/x",
        "https://push.example.com:6379/x",
        "https://user:word@push.example.com/x",
        "https://push.example.com/a b",
        "https://push.example.com/\r\nHost: x",
        "https:///x",
        "https://[bad/x",
        "https://push.example.com/" + "x" * 1000,
        "file:///etc/passwd",
        "ftp://push.example.com/x",
        "",
    ],
)
def test_addresses_to_which_nothing_is_sent(endpoint: str, settings: Any) -> None:
    settings.PUSH_TRUSTED_ORIGINS = []
    with pytest.raises(PushAddressRefused):
        check_address(endpoint)


@pytest.mark.parametrize(
    "address", ["10.1.2.3", "127.0.0.1", "::1", "169.254.169.254", "fd00::1", "100.64.0.1"]
)
def test_a_public_name_with_a_private_address_is_not_connected_to(
    address: str, settings: Any, monkeypatch: Any
) -> None:
    """Also when only one of its addresses is private."""
    settings.PUSH_TRUSTED_ORIGINS = []
    connected: list[Any] = []
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, 443)) for one in ("93.184.215.14", address)]
    monkeypatch.setattr(addresses.socket, "getaddrinfo", lambda *args, **values: found)
    monkeypatch.setattr(addresses.socket, "create_connection", lambda *args, **values: connected.append(args))
    with pytest.raises(PushAddressRefused):
        post("https://push.example.com/x", body=b"", headers={})
    assert connected == []


def test_the_connection_goes_to_the_address_that_was_looked_at(settings: Any, monkeypatch: Any) -> None:
    settings.PUSH_TRUSTED_ORIGINS = []
    asked: list[Any] = []

    def refuse(address: tuple[str, int], *args: Any) -> socket.socket:
        asked.append(address)
        raise ConnectionRefusedError

    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.215.14", 443))]
    monkeypatch.setattr(addresses.socket, "getaddrinfo", lambda *args, **values: found)
    monkeypatch.setattr(addresses.socket, "create_connection", refuse)
    with pytest.raises(ConnectionRefusedError):
        post("https://push.example.com/x", body=b"", headers={})
    assert asked == [("93.184.215.14", 443)]


def test_without_a_key_nothing_is_offered_taken_or_sent(cast: Cast, settings: Any) -> None:
    assert settings.PUSH_KEY == ""
    assert pushes.public_key() == ""
    browser = Browser()
    client = cast.client("director")
    page = client.get("/notes/")
    assert page.status_code == 200
    assert b"data-push" not in page.content
    sent = {
        "endpoint": "https://push.example.com/x",
        "p256dh": browser.public_key,
        "auth": browser.secret_text,
    }
    assert client.post("/notes/push/", sent).status_code == 422


def test_a_browser_subscribes_and_ends_it_over_the_page(cast: Cast, service: Service, settings: Any) -> None:
    browser = Browser()
    client = cast.client("director")
    assert public_key_of(settings.PUSH_KEY).encode() in client.get("/notes/").content
    sent = {
        "endpoint": f"{service.origin}/p/9",
        "p256dh": browser.public_key,
        "auth": browser.secret_text,
    }
    assert client.post("/notes/push/", sent).status_code == 204
    assert len(known(cast)) == 1
    refused = client.post("/notes/push/", sent | {"endpoint": "https://10.0.0.1/x"})
    assert refused.status_code == 422
    assert refused.json()["detail"]
    assert client.post("/notes/push/end/", sent).status_code == 204
    assert known(cast) == []
