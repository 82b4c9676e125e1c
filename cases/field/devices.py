"""Phones that keep something of an account: the key of what they keep, words with the office, wiping on command.

The key of a phone's store is made of two halves: the account's own secret, which no other scope sees, and the phone's,
which is destroyed when the phone is to be wiped. Neither is ever shown; the key goes to the phone of the account alone,
over a session of the account (:mod:`cases.field.device_views`).
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from cases.models import FieldDevice, FieldSecret
from staff import parameters
from staff.audit import log_access
from staff.enums import RegionLevel, Role
from staff.models import AccessLog, User
from staff.scope import system_scope
from staff.workflow import Actor, TransitionRefused

HALF_BYTES = 32
DAYS = {"roster": "field_roster_days", "drafts": "field_draft_days"}
# What a User-Agent calls the machine and the program, most special first.
MACHINES = ("HarmonyOS", "OpenHarmony", "Android", "iPhone", "iPad", "Windows", "Macintosh", "Linux")
PROGRAMS = (
    *(("MicroMessenger", "WeChat"), ("HuaweiBrowser", "Huawei"), ("MiuiBrowser", "Mi"), ("UCBrowser", "UC")),
    *(("MQQBrowser", "QQ"), ("EdgA", "Edge"), ("Edg", "Edge"), ("Firefox", "Firefox"), ("Chrome", "Chrome")),
    ("Safari", "Safari"),
)


class WipeAsked(Exception):
    """The phone is to forget the account before anything else."""


class SignInAgain(Exception):
    """The session is older than the last command to wipe a phone of the account: it may be the thief's."""


class OthersPhone(TransitionRefused):
    """The phone speaks for another account than the one that is signed in."""


@dataclass(frozen=True)
class Handed:
    """What a phone gets: ``key`` is 32 bytes in base64, ``stamp`` changes with the account's password."""

    device: FieldDevice
    key: str
    stamp: str


def hand_key(
    *, actor: Actor, at: dt.datetime, region_id: int, known: Collection[UUID], label: str, signed_in_at: float
) -> Handed:
    """The key for the phone that the account speaks from; a phone not met before is enrolled.

    ``known``: the phones that the browser remembers, of whatever accounts. ``signed_in_at``: when the session began,
    seconds since 1970. Raises WipeAsked and SignInAgain.
    """
    own = FieldDevice._base_manager.filter(user_id=actor.user_id)
    device = own.filter(uuid__in=known).order_by("-seen_at", "-pk").first()
    if device is None:
        device = _enrol(own, actor=actor, at=at, region_id=region_id, label=label, signed_in_at=signed_in_at)
    else:
        hear(device, at=at, region_id=region_id)
    return Handed(device, _key_of(device), stamp_of(User.objects.get(pk=actor.user_id)))


def _enrol(
    own: QuerySet[FieldDevice],
    *,
    actor: Actor,
    at: dt.datetime,
    region_id: int,
    label: str,
    signed_in_at: float,
) -> FieldDevice:
    last_wipe = own.exclude(wipe_asked_at=None).order_by("-wipe_asked_at", "-pk").first()
    if last_wipe and last_wipe.wipe_asked_at and last_wipe.wipe_asked_at.timestamp() >= signed_in_at:
        raise SignInAgain
    # What a phone kept has had its time by then; visits that wait there do not go before somebody was warned on it.
    since = at - dt.timedelta(days=2 * days_for(region_id, at.date())["drafts"])
    own.filter(seen_at__lt=since, unsent=0).delete()
    FieldSecret.objects.get_or_create(user_id=actor.user_id, defaults={"secret": _random()})
    return FieldDevice.objects.create(
        user_id=actor.user_id, region_id=region_id, label=label, half=_random(), created_at=at, seen_at=at
    )


def hear(device: FieldDevice, *, at: dt.datetime, region_id: int, unsent: int | None = None) -> None:
    """A word of the phone. Raises WipeAsked when it is to be wiped; that it has heard so is noted."""
    if device.wipe_asked_at:
        if device.wiped_at is None:
            FieldDevice._base_manager.filter(pk=device.pk).update(wiped_at=at, seen_at=at)
        raise WipeAsked
    device.seen_at, device.region_id = at, region_id
    if unsent is not None:
        device.unsent = min(unsent, 32767)
    FieldDevice._base_manager.filter(pk=device.pk).update(
        seen_at=at, region_id=region_id, unsent=device.unsent
    )


def told_to_wipe(known: Collection[UUID], at: dt.datetime) -> list[UUID]:
    """Which of these phones are to forget their account. For a browser that nobody is signed in with: a lost phone hears it
    too. A phone's number has 122 random bits, so that nobody asks for another's.
    """
    with system_scope(reason="word of a phone that nobody is signed in on", lenses=("staff",), log=False):
        asked = FieldDevice._base_manager.filter(uuid__in=known, wipe_asked_at__isnull=False)
        found = list(asked.order_by("pk").values_list("uuid", flat=True))
        asked.filter(wiped_at=None).update(wiped_at=at, seen_at=at)
    return found


def speaking(request: HttpRequest) -> FieldDevice | None:
    """The phone that a request names in ``X-Field-Device``; None when it names none (an ordinary page).

    Raises OthersPhone when it is not one of the signed-in account's: another account's vault is open on the phone.
    """
    named = request.headers.get("X-Field-Device", "")
    if not named:
        return None
    try:
        device = FieldDevice._base_manager.filter(user_id=request.user.pk or 0, uuid=UUID(named)).first()
    except ValueError:
        device = None
    if device is None:
        raise OthersPhone(
            _("Somebody else is signed in on this phone. Sign in with the account that wrote this.")
        )
    return device


def allow_offline(device: FieldDevice) -> Handed:
    """The key once more, for the phone to keep wrapped with the password that was just proved."""
    FieldDevice._base_manager.filter(pk=device.pk).update(offline=True)
    return Handed(device, _key_of(device), stamp_of(device.user))


def fetched(device: FieldDevice, *, at: dt.datetime, children: int) -> None:
    """The phone has read the list of children: logged, because from now on it holds them."""
    FieldDevice._base_manager.filter(pk=device.pk).update(roster_at=at)
    log_access(
        kind=AccessLog.Kind.DOWNLOAD,
        subject="cases.fielddevice",
        subject_id=device.pk,
        detail={"phone": device.label, "children": children},
    )


def ask_wipe(*, actor: Actor, at: dt.datetime, device: FieldDevice) -> None:
    """Destroy the key of a phone; at its next word the phone forgets everything. Repeating it changes nothing."""
    asked = FieldDevice._base_manager.filter(pk=device.pk, wipe_asked_at=None).update(
        half="", offline=False, wipe_asked_at=at, wipe_asked_by_id=actor.user_id
    )
    if asked:
        log_access(
            kind=AccessLog.Kind.ACCOUNT,
            region_id=device.region_id,
            subject="cases.fielddevice",
            subject_id=device.pk,
            detail={"wiped": device.label, "unsent": device.unsent},
        )


def devices_of(user_id: int) -> QuerySet[FieldDevice]:
    """One's own phones, the latest word first."""
    return _shown(FieldDevice._base_manager.filter(user_id=user_id))


def devices_kept_by(actor: Actor, query: str = "") -> QuerySet[FieldDevice]:
    """Phones of others that somebody may have wiped: an administrator of all in the area, a supervisor of directors.

    ``query`` narrows by name or account; nothing for other posts.
    """
    others = FieldDevice.objects.exclude(user_id=actor.user_id)
    if actor.role == Role.SUPERVISOR:
        others = others.filter(region__level=RegionLevel.VILLAGE)
    elif actor.role != Role.SYSADMIN:
        others = others.none()
    if query:
        others = others.filter(Q(user__name__icontains=query) | Q(user__username__icontains=query))
    return _shown(others)


def _shown(rows: QuerySet[FieldDevice]) -> QuerySet[FieldDevice]:
    return rows.defer("half").select_related("user", "region", "wipe_asked_by").order_by("-seen_at", "-pk")


def days_for(region_id: int, on: dt.date) -> dict[str, int]:
    """Days that a phone keeps the list of children and what was not sent, by ``roster`` and ``drafts``. One query."""
    found = parameters.values(region_id, DAYS.values(), on)
    return {name: int(found[key]) for name, key in DAYS.items()}


def label_of(user_agent: str) -> str:
    """What a phone is called in lists: ``Android · WeChat``. Nobody asks people to name their phones."""
    machine = next((name for name in MACHINES if name in user_agent), "")
    program = next((name for mark, name in PROGRAMS if mark in user_agent), "")
    return " · ".join(filter(None, (machine, program))) or _("Unknown browser")


def stamp_of(user: User) -> str:
    """Changes when the password does, so that a phone knows when its wrapped key belongs to an old one."""
    return salted_hmac("cases.field.stamp", user.password).hexdigest()[:16]


def _random() -> str:
    return base64.b64encode(secrets.token_bytes(HALF_BYTES)).decode()


def _key_of(device: FieldDevice) -> str:
    """Only where the account itself acts: to any other scope its secret does not exist."""
    secret = FieldSecret.objects.get(user_id=device.user_id).secret
    made = hmac.digest(base64.b64decode(secret), base64.b64decode(device.half), hashlib.sha256)
    return base64.b64encode(made).decode()
