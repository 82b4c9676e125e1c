"""Phones: who gets the key of what they keep, the password for use without a signal, wiping on command."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from cases.field.devices import label_of
from cases.models import FieldDevice, FieldSecret
from staff.idle import SIGNED_IN_AT
from staff.models import AccessLog, Assignment
from staff.scope import open_scope, system_scope
from staff.sign_in import MOST_FAILURES
from tests.cast import PASSWORD, Cast

ANDROID = "Mozilla/5.0 (Linux; Android 12; M2007J3SC) AppleWebKit/537.36 Chrome/98.0 Mobile Safari/537.36"


def signed_in(cast: Cast, member: str, at: dt.datetime | None = None) -> Client:
    """A browser whose session began at ``at``, now if nothing is said."""
    client = cast.client(member, headers={"User-Agent": ANDROID})
    session = client.session
    session[SIGNED_IN_AT] = (at or timezone.now()).timestamp()
    session.save()
    return client


def post(client: Client, url: str, values: Any, **headers: str) -> Any:
    return client.post(url, json.dumps(values), content_type="application/json", headers=headers)


def key(client: Client, *known: str) -> dict[str, Any]:
    answer = post(client, "/field/key/", {"devices": known})
    assert answer.status_code == 200, answer.content
    return answer.json()


def device(uuid: str) -> FieldDevice:
    with system_scope(reason="test", log=False):
        return FieldDevice._base_manager.get(uuid=uuid)


def test_a_phone_gets_the_same_key_again_and_each_phone_its_own(cast: Cast) -> None:
    client = signed_in(cast, "director")
    first = key(client)
    again = key(client, first["device"])
    assert (again["key"], again["device"]) == (first["key"], first["device"])
    other = key(client)
    assert other["key"] != first["key"]
    assert other["device"] != first["device"]
    assert first["user"] == cast.users["director"].pk
    assert first["days"] == {"roster": 14, "drafts": 60}
    assert device(first["device"]).label == "Android · Chrome"


def test_the_key_is_never_cached(cast: Cast) -> None:
    answer = post(signed_in(cast, "director"), "/field/key/", {})
    assert "no-store" in answer["Cache-Control"]


def test_two_accounts_on_one_phone_have_keys_of_their_own(cast: Cast) -> None:
    """The browser names the phones of all accounts that it knows; an account gets no other's key."""
    theirs = key(signed_in(cast, "director"))
    own = key(signed_in(cast, "other_director"), theirs["device"])
    assert own["key"] != theirs["key"]
    assert own["device"] != theirs["device"]
    assert key(signed_in(cast, "director"), own["device"], theirs["device"])["key"] == theirs["key"]


@pytest.mark.parametrize("member", ["supervisor", "sysadmin", "clerk", "other_director"])
def test_no_other_scope_sees_the_half_that_makes_the_key(cast: Cast, member: str) -> None:
    """A supervisor and an administrator see the phone, to have it wiped; what opens it does not exist for them."""
    key(signed_in(cast, "director"))
    with open_scope(cast.scope("director")):
        assert FieldSecret.objects.count() == 1
    with open_scope(cast.scope(member)):
        assert FieldSecret.objects.count() == 0
        seen = FieldDevice._base_manager.filter(user=cast.users["director"]).exists()
    assert seen == (member in {"supervisor", "sysadmin", "clerk"})


NUMBER = str(uuid.UUID(int=7))


@pytest.mark.parametrize(
    "given",
    [
        b"", b"[]", b"\xff", b"[" * 100_000, b'{"a":' * 100_000, b'{"devices": 7}', b'{"devices": true}',
        b'{"devices": {"0": "x"}}', json.dumps({"devices": NUMBER}).encode(),
        *(json.dumps({"devices": [one]}).encode() for one in ("x", 7, None, {}, [NUMBER], "\ud800", "7" * 5000)),
    ],
    ids=lambda given: given[:24].decode(errors="replace"),
)  # fmt: skip
def test_what_is_no_request_is_refused(cast: Cast, given: bytes) -> None:
    client = signed_in(cast, "director")
    for address in ("/field/key/", "/field/offline/"):
        assert client.post(address, given, content_type="application/json").status_code == 400


def test_of_thousands_of_phones_that_a_browser_names_the_first_are_looked_at(
    cast: Cast, page_budget: Any
) -> None:
    client = signed_in(cast, "director")
    own = key(client)["device"]
    strange = [str(uuid.uuid4()) for _ in range(5000)]
    with page_budget(15):
        assert key(client, own, *strange)["device"] == own
    assert key(client, *strange, own)["device"] != own
    assert Client().post("/field/word/", {"device": [own, *strange[:4000]]}).json() == {"wipe": []}
    for wrong in ({"device": "x"}, {"device": [own, "7" * 5000]}, {"device": strange + strange}):
        assert Client().post("/field/word/", wrong).status_code == 400


@pytest.mark.parametrize("named", ["x", "7" * 5000, "\u0000", f"{NUMBER} {NUMBER}", NUMBER])
def test_a_phone_that_is_none_of_the_accounts_gets_nothing(cast: Cast, named: str) -> None:
    client = signed_in(cast, "director")
    headers = {"X-Field-Device": named}
    assert client.get("/field/roster/", headers=headers).status_code == 409
    assert post(client, "/field/offline/", {"password": PASSWORD}, **headers).status_code == 409


@pytest.mark.parametrize(
    "password", [None, 7, [PASSWORD], {"a": PASSWORD}, "\ud800", "x\u0000", "x" * 500_000]
)
def test_a_password_that_nobody_could_type_opens_nothing(cast: Cast, password: Any) -> None:
    client = signed_in(cast, "director")
    headers = {"X-Field-Device": key(client)["device"]}
    answer = post(client, "/field/offline/", {"password": password}, **headers)
    assert answer.status_code == (422 if isinstance(password, str) else 400)
    assert b'"key"' not in answer.content


@pytest.mark.parametrize("role", ["", "leader"])
def test_whoever_visited_still_opens_what_they_wrote_and_sees_no_list(cast: Cast, role: str) -> None:
    """The post has ended: the same key as before, the outbox, and nothing new about any child."""
    before = key(signed_in(cast, "director"))
    assert before["visits"] is True
    yesterday = timezone.localdate() - dt.timedelta(days=1)
    with system_scope(reason="test", log=False):
        Assignment.objects.filter(pk=cast.assignments["director"].pk).update(end_date=yesterday)
        if role:
            post_of_today = cast.assignments[role].post
            Assignment.objects.create(user=cast.users["director"], post=post_of_today, start_date=yesterday)
    client = signed_in(cast, "director")
    after = key(client, before["device"])
    assert (after["key"], after["visits"]) == (before["key"], False)
    for address in ("/outbox/", "/field/"):
        assert client.get(address).status_code == 200
    assert b"js/field/pages" in client.get("/outbox/").content
    assert client.get("/field/roster/", headers={"X-Field-Device": before["device"]}).status_code == 403


@pytest.mark.parametrize("member", ["clerk", "leader", "sysadmin", "nobody"])
def test_who_never_visited_gets_no_key(cast: Cast, member: str) -> None:
    client = signed_in(cast, member)
    assert post(client, "/field/key/", {}).status_code == 403
    assert client.get("/field/").status_code == client.get("/outbox/").status_code == 403


def test_a_phone_on_which_visits_wait_is_known_however_long_it_was_silent(cast: Cast) -> None:
    waits, empty = (key(signed_in(cast, "director")) for _phone in range(2))
    silent = timezone.now() - dt.timedelta(days=200)
    with system_scope(reason="test", log=False):
        FieldDevice._base_manager.filter(user=cast.users["director"]).update(seen_at=silent)
        FieldDevice._base_manager.filter(uuid=waits["device"]).update(unsent=1)
    assert key(signed_in(cast, "director"))["device"] not in {waits["device"], empty["device"]}
    assert key(signed_in(cast, "director"), waits["device"])["key"] == waits["key"]
    assert key(signed_in(cast, "director"), empty["device"])["device"] != empty["device"]


# --- Without a signal -------------------------------------------------------------------------------------


@pytest.fixture
def director(cast: Cast) -> Client:
    user = cast.users["director"]
    user.set_password(PASSWORD)
    user.save()
    return signed_in(cast, "director")


def test_the_password_is_asked_before_the_key_may_be_wrapped_with_it(director: Client) -> None:
    given = key(director)
    headers = {"X-Field-Device": given["device"]}
    wrong = post(director, "/field/offline/", {"password": "Falsch-2026"}, **headers)
    assert wrong.status_code == 422
    assert wrong.json()["message"]
    assert not device(given["device"]).offline
    right = post(director, "/field/offline/", {"password": PASSWORD}, **headers)
    assert right.json()["key"] == given["key"]
    assert "no-store" in right["Cache-Control"]
    assert key(director, given["device"])["offline"] is True


def test_guessing_is_counted_with_sign_ins(director: Client) -> None:
    headers = {"X-Field-Device": key(director)["device"]}
    for _attempt in range(MOST_FAILURES):
        post(director, "/field/offline/", {"password": "Falsch-2026"}, **headers)
    assert post(director, "/field/offline/", {"password": PASSWORD}, **headers).status_code == 422
    page = Client().post("/sign-in/", {"username": "director", "password": PASSWORD})
    assert page.status_code == 200, "the account is locked for the sign-in page too"


def test_a_new_password_is_told_to_the_phone(cast: Cast, director: Client) -> None:
    """What was wrapped with the old one is made ready again: the stamp differs."""
    before = key(director)
    user = cast.users["director"]
    user.set_password("Neues-2026")
    user.save()
    after = key(signed_in(cast, "director"), before["device"])
    assert after["stamp"] != before["stamp"]
    assert after["key"] == before["key"]


def test_another_accounts_phone_is_not_prepared(cast: Cast, director: Client) -> None:
    theirs = key(signed_in(cast, "other_director"))["device"]
    answer = post(director, "/field/offline/", {"password": PASSWORD}, **{"X-Field-Device": theirs})
    assert answer.status_code == 409
    assert director.get("/field/roster/", headers={"X-Field-Device": theirs}).status_code == 409
    unknown = {"X-Field-Device": str(uuid.uuid4())}
    assert director.get("/field/roster/", headers=unknown).status_code == 409
    assert director.get("/field/roster/").status_code == 400


# --- Wiping -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["director", "supervisor", "sysadmin"])
def test_wiping_takes_the_key_at_once_and_the_rest_at_the_next_word(cast: Cast, who: str) -> None:
    client = signed_in(cast, "director", timezone.now() - dt.timedelta(minutes=5))
    given = key(client)
    pk = device(given["device"]).pk
    keeper = client if who == "director" else signed_in(cast, who)
    assert keeper.post(f"/field/devices/{pk}/wipe/").status_code == 302
    gone = device(given["device"])
    assert gone.half == ""
    assert gone.wipe_asked_by == cast.users[who]
    assert gone.wiped_at is None
    # Whoever holds the phone hears it, and is signed out.
    told = post(client, "/field/key/", {"devices": [given["device"]]})
    assert (told.status_code, told.json()) == (410, {"user": cast.users["director"].pk})
    assert device(given["device"]).wiped_at is not None
    assert client.get("/field/").status_code == 302
    with system_scope(reason="test", log=False):
        line = AccessLog._base_manager.get(subject="cases.fielddevice", kind="account")
    assert line.user == cast.users[who]
    assert line.detail["wiped"] == "Android · Chrome"


def test_a_session_from_before_the_wiping_gets_no_new_key(cast: Cast) -> None:
    """A thief who empties the browser's store still has the session."""
    client = signed_in(cast, "director", timezone.now() - dt.timedelta(minutes=5))
    given = key(client)
    signed_in(cast, "supervisor").post(f"/field/devices/{device(given['device']).pk}/wipe/")
    assert post(client, "/field/key/", {}).status_code == 401
    anew = key(signed_in(cast, "director", timezone.now() + dt.timedelta(seconds=1)))
    assert anew["key"] != given["key"]


def test_the_list_of_children_tells_of_the_wiping_too(cast: Cast) -> None:
    client = signed_in(cast, "director")
    given = key(client)
    client.post(f"/field/devices/{device(given['device']).pk}/wipe/")
    assert client.get("/field/roster/", headers={"X-Field-Device": given["device"]}).status_code == 410


def test_a_lost_phone_hears_it_though_nobody_is_signed_in(cast: Cast) -> None:
    client = signed_in(cast, "director")
    given, kept = key(client), key(client)
    client.post(f"/field/devices/{device(given['device']).pk}/wipe/")
    asked = {"device": [given["device"], kept["device"], str(uuid.uuid4())]}
    assert Client().post("/field/word/", asked).json() == {"wipe": [given["device"]]}
    assert device(given["device"]).wiped_at is not None
    assert device(kept["device"]).wiped_at is None


def test_asking_twice_changes_nothing(cast: Cast) -> None:
    client = signed_in(cast, "director")
    pk = device(key(client)["device"]).pk
    client.post(f"/field/devices/{pk}/wipe/")
    with system_scope(reason="test", log=False):
        first = FieldDevice._base_manager.get(pk=pk).wipe_asked_at
    signed_in(cast, "sysadmin").post(f"/field/devices/{pk}/wipe/")
    with system_scope(reason="test", log=False):
        assert FieldDevice._base_manager.get(pk=pk).wipe_asked_at == first


def test_the_database_keeps_no_key_of_a_phone_to_be_wiped(cast: Cast) -> None:
    client = signed_in(cast, "director")
    pk = device(key(client)["device"]).pk
    with (
        open_scope(cast.scope("director")),
        pytest.raises(IntegrityError, match="device_wipe_takes_the_key"),
        transaction.atomic(),
    ):
        FieldDevice._base_manager.filter(pk=pk).update(wipe_asked_at=timezone.now())


# --- The page ---------------------------------------------------------------------------------------------


def test_the_page_shows_ones_own_and_those_one_may_have_wiped(cast: Cast, page_budget: Any) -> None:
    for member in ("director", "other_director", "supervisor", "other_supervisor"):
        key(signed_in(cast, member))
    names = {member: cast.users[member].name for member in ("director", "other_director", "supervisor")}

    def seen(member: str, query: str = "") -> set[str]:
        client = signed_in(cast, member)
        with page_budget(15):
            text = client.get(f"/field/devices/{query}").content.decode()
        return {who for who, name in names.items() if f"{name} · Android" in text}

    assert seen("director") == set()
    # Of the township: its directors, never another supervisor.
    assert seen("supervisor") == {"director", "other_director"}
    assert seen("other_supervisor") == set()
    assert seen("sysadmin") == set(names)
    assert seen("sysadmin", "?q=other_director") == {"other_director"}


def test_the_page_says_what_waits_on_a_phone(cast: Cast) -> None:
    client = signed_in(cast, "director")
    headers = {"X-Field-Device": key(client)["device"], "X-Field-Unsent": "3"}
    assert client.get("/field/roster/", headers=headers).status_code == 200
    assert device(headers["X-Field-Device"]).unsent == 3
    text = signed_in(cast, "sysadmin").get("/field/devices/").content.decode()
    assert "3 " in text.partition("cw-list")[2]
    # What is no number that a phone could mean changes nothing.
    for absurd in ("", "x", "-1", "1.5", "²", "9" * 7, "9" * 100_000, "0x10", "3, 4"):
        answer = client.get("/field/roster/", headers=headers | {"X-Field-Unsent": absurd})
        assert (answer.status_code, device(headers["X-Field-Device"]).unsent) == (200, 3), absurd
    client.get("/field/roster/", headers=headers | {"X-Field-Unsent": "999999"})
    assert device(headers["X-Field-Device"]).unsent == 32767


@pytest.mark.parametrize(
    ("agent", "label"),
    [
        (ANDROID, "Android · Chrome"),
        ("Mozilla/5.0 (Linux; Android 10) Chrome/86 MicroMessenger/8.0", "Android · WeChat"),
        ("Mozilla/5.0 (Phone; OpenHarmony 4.0) HuaweiBrowser/5.0 Safari", "OpenHarmony · Huawei"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 16_0) Version/16.0 Safari/604.1", "iPhone · Safari"),
        ("curl/8.0", "未知浏览器"),
    ],
)
def test_a_phone_is_called_by_machine_and_program(agent: str, label: str) -> None:
    assert label_of(agent) in {label, "Unknown browser"}
