"""Waking phones: which browsers asked for it, and what is sent: that there is something new, never what or about whom."""

from __future__ import annotations

import datetime as dt
import http.client
import json
import logging
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from cases.models import PushSubscription
from cases.notes import web_push
from cases.notes.push_service import PushAddressRefused, check_address, origin_of, post
from cases.notes.selectors import unread_count
from staff import crypto
from staff.scope import Scope, current, open_scope, system_scope
from staff.workflow import Actor

MOST = 5  # browsers of one account
LASTING = 24 * 3600  # seconds that a push service keeps a message for a phone that is off
SIGNED = 12 * 3600  # seconds that a token is good for; the RFC allows a day
GONE = (404, 410)
LATER = (408, 425, 429)  # and every 5xx
log = logging.getLogger(__name__)


def is_on() -> bool:
    """Whether this installation sends pushes at all: it has a key. A closed network has none."""
    return bool(settings.PUSH_KEY)


def public_key() -> str:
    """What a browser needs to subscribe; empty when pushes are off."""
    return web_push.public_key_of(settings.PUSH_KEY) if is_on() else ""


def digest_of(endpoint: str) -> str:
    return crypto.digest(endpoint, "push endpoint").hex()


def subscribe(
    *, actor: Actor, at: dt.datetime, endpoint: str, public_key: str, secret: str
) -> PushSubscription:
    """Remember where a browser of the acting person is woken; once per browser, whoever used it before.

    PushAddressRefused for an address nothing may be sent to, or keys that are none.
    """
    check_address(endpoint)
    if not is_on() or not web_push.is_browser_key(public_key, secret):
        raise PushAddressRefused(_("This browser cannot be woken from here."))
    digest = digest_of(endpoint)
    region = current().ranges[0][0]
    with transaction.atomic():
        # Another account's row is out of sight. Its keys are those of this browser, or it is not this browser.
        with system_scope(reason="a browser changes hands", lenses=("staff",), log=False):
            PushSubscription.objects.filter(digest=digest, public_key=public_key).delete()
            if PushSubscription.objects.filter(digest=digest).exists():
                raise PushAddressRefused(_("This browser cannot be woken from here."))
        mine = PushSubscription._base_manager.filter(user_id=actor.user_id)
        oldest = mine.order_by("-created_at", "-pk").values_list("pk", flat=True)[MOST - 1 :]
        PushSubscription._base_manager.filter(pk__in=list(oldest)).delete()
        return PushSubscription.objects.create(
            user_id=actor.user_id,
            region_id=region,
            endpoint=endpoint,
            digest=digest,
            public_key=public_key,
            secret=secret,
            created_at=at,
        )


def unsubscribe(*, actor: Actor, endpoint: str) -> bool:
    """Forget a browser of the acting person; returns whether it was known."""
    mine = PushSubscription._base_manager.filter(user_id=actor.user_id, digest=digest_of(endpoint))
    return bool(mine.delete()[0])


def message_for(unread: int) -> bytes:
    """All that a push says: how many, and where to read. No name, no number of a child or a visit."""
    with override("zh-hans"):
        words = ngettext("You have %(n)d new note", "You have %(n)d new notes", unread) % {"n": unread}
    return json.dumps({"text": words, "url": reverse("cases:notes")}, ensure_ascii=False).encode()


def wake(user_id: int, *, at: dt.datetime, only: Iterable[int] | None = None) -> list[int]:
    """Wake the browsers of a person (``only``: ids of those left over). Returns the ids of those to try again later.

    A browser that the push service no longer knows is forgotten. Network calls are made outside any transaction.
    """
    with system_scope(reason="wake a phone", lenses=("cases", "staff"), log=False):
        rows = PushSubscription.objects.filter(user_id=user_id)
        found = list(rows if only is None else rows.filter(pk__in=list(only)))
        unread = _unread(user_id, found)
    if not unread:
        return []
    outcome = {one.pk: _send(one, message_for(unread), at) for one in found}
    with system_scope(reason="phones that were woken", lenses=("cases", "staff"), log=False):
        told = [pk for pk, what in outcome.items() if what == "told"]
        PushSubscription.objects.filter(pk__in=told).update(used_at=at)
        PushSubscription.objects.filter(
            pk__in=[pk for pk, what in outcome.items() if what == "gone"]
        ).delete()
    return [pk for pk, what in outcome.items() if what == "later"]


def _unread(user_id: int, found: list[PushSubscription]) -> int:
    """A note with a sender is shown to its two people alone, so it is counted as its recipient."""
    if not found:
        return 0
    with open_scope(Scope(user_id=user_id)):
        return unread_count(user_id)


def _send(one: PushSubscription, message: bytes, at: dt.datetime) -> str:
    """``told``, ``gone``, ``later`` or ``refused``. The log names the service, never the address: it is a secret."""
    service = origin_of(one.endpoint)
    headers: dict[str, Any] = {
        "Authorization": web_push.authorization(
            audience=service,
            contact=settings.PUSH_CONTACT,
            expires=int(at.timestamp()) + SIGNED,
            key=settings.PUSH_KEY,
        ),
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(LASTING),
        "Urgency": "normal",
        "Topic": "notes",  # a newer one replaces one that still waits
    }
    try:
        body = web_push.encrypt(message, public_key=one.public_key, secret=one.secret)
        status = post(one.endpoint, body=body, headers=headers)
    except PushAddressRefused:
        log.warning("Push to %s refused: not a public https address", service)
        return "gone"
    except (OSError, http.client.HTTPException) as error:
        log.warning("Push to %s failed: %s", service, type(error).__name__)
        return "later"
    if 200 <= status < 300:
        return "told"
    if status in GONE:
        return "gone"
    log.warning("Push to %s answered %d", service, status)
    return "later" if status in LATER or status >= 500 else "refused"
