"""What a phone asks the office for: its key, the key to keep wrapped, the list of children. Nothing of it is cached."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from uuid import UUID

from django.core.exceptions import BadRequest
from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_GET, require_POST

from cases.field import devices
from cases.field.roster import roster
from cases.field.sending import home_of
from cases.field.visitors import mind_own_phone, visitor, visitors
from cases.workflows import FIELD
from staff import sign_in as signing
from staff.access import ActingRequest, open_to_all, roles
from staff.idle import SIGNED_IN_AT

MOST_ACCOUNTS = 50  # on one phone
MOST_DIGITS = 6


@require_POST
@visitors
@never_cache
@sensitive_variables("handed")
def field_key(request: ActingRequest) -> HttpResponse:
    """The key of the account's store on this phone. ``devices``: the phones that the browser remembers.

    200 {user, name, device, key, stamp, offline, days, visits, at}, ``visits``: whether a post of theirs still does; 401
    when the session is older than a command to wipe; 410 {user} when the phone is to forget the account, whose session
    here ends.
    """
    now = timezone.now()
    actor = visitor(request)
    region_id = home_of(actor)
    mind_own_phone()
    try:
        handed = devices.hand_key(
            actor=actor,
            at=now,
            region_id=region_id,
            known=_known(_body(request).get("devices")),
            label=devices.label_of(request.headers.get("User-Agent", "")),
            signed_in_at=float(request.session.get(SIGNED_IN_AT, 0)),
        )
    except devices.WipeAsked:
        return _wiped(request)
    except devices.SignInAgain:
        return JsonResponse({}, status=401)
    return JsonResponse(
        {
            "user": request.user.pk,
            "name": request.user.name,
            "device": handed.device.uuid,
            "key": handed.key,
            "stamp": handed.stamp,
            "offline": handed.device.offline,
            "days": devices.days_for(region_id, timezone.localdate(now)),
            "visits": any(held.post.role in FIELD for held in request.assignments),
            "at": now,
        }
    )


@open_to_all
@require_POST
@never_cache
def field_word(request: HttpRequest) -> HttpResponse:
    """Nobody is signed in: which of the phones ``device`` (a form's field) are to forget their account. 200 {wipe: [device]}."""
    asked = devices.told_to_wipe(_known(request.POST.getlist("device")), timezone.now())
    return JsonResponse({"wipe": asked})


@require_POST
@visitors
@never_cache
@sensitive_variables("handed", "password")
def field_offline(request: ActingRequest) -> HttpResponse:
    """The password once more, counted together with sign-ins; then the key, for the phone to keep wrapped with it.

    200 {key, stamp}; 409 {message} for a phone of another account; 422 {message} for a wrong password or after too many.
    """
    now = timezone.now()
    password = _body(request).get("password")
    try:
        device = devices.speaking(request)
        if device is None or not isinstance(password, str):
            raise BadRequest
        signing.prove(request, password=password, at=now)
        mind_own_phone()
        devices.hear(device, at=now, region_id=home_of(visitor(request)))
        handed = devices.allow_offline(device)
    except devices.OthersPhone as refused:
        return JsonResponse({"message": str(refused)}, status=409)
    except devices.WipeAsked:
        return _wiped(request)
    except signing.SignInRefused as refused:
        return JsonResponse({"message": str(refused)}, status=422)
    return JsonResponse({"key": handed.key, "stamp": handed.stamp})


@require_GET
@roles(*FIELD)
@gzip_page
def field_roster(request: ActingRequest) -> HttpResponse:
    """The children of the account, for the phone that ``X-Field-Device`` names; ``X-Field-Unsent`` says how many visits
    wait there.

    304 while nothing has changed since the ETag that the phone has: then nobody has read anything. 409, 410 as above.
    """
    now = timezone.now()
    region_id = request.assignment.post.region_id
    try:
        device = devices.speaking(request)
        if device is None:
            raise BadRequest
        devices.hear(
            device, at=now, region_id=region_id, unsent=_count(request.headers.get("X-Field-Unsent", ""))
        )
    except devices.OthersPhone as refused:
        return JsonResponse({"message": str(refused)}, status=409)
    except devices.WipeAsked:
        return _wiped(request)
    found = roster(user_id=request.user.pk, region_id=region_id, on=timezone.localdate(now))
    text = json.dumps(
        found | {"days": devices.days_for(region_id, timezone.localdate(now))}, cls=DjangoJSONEncoder
    )
    etag = f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'
    if request.headers.get("If-None-Match", "").removeprefix("W/") == etag:
        response = HttpResponse(status=304)
    else:
        response = HttpResponse(text, content_type="application/json")
        devices.fetched(device, at=now, children=len(found["children"]))
    response["ETag"] = etag
    response["X-Field-At"] = now.isoformat()
    patch_cache_control(response, private=True, no_store=True)
    return response


def _wiped(request: ActingRequest) -> JsonResponse:
    """The phone is to forget the account; whoever holds it is signed out."""
    user = request.user.pk
    signing.sign_out(request)
    return JsonResponse({"user": user}, status=410)


def _body(request: ActingRequest) -> dict[str, Any]:
    try:
        given = json.loads(request.body)
    except (ValueError, RecursionError) as error:  # the latter: nested without end
        raise BadRequest from error
    if not isinstance(given, dict):
        raise BadRequest
    return given


def _count(given: str) -> int | None:
    """A number of things; None when it is no number that a phone could mean."""
    return int(given) if given.isdecimal() and len(given) <= MOST_DIGITS else None


def _known(given: Any) -> list[UUID]:
    if not isinstance(given, list | None):
        raise BadRequest
    try:
        return [UUID(one) for one in (given or ())[:MOST_ACCOUNTS]]
    except (TypeError, ValueError, AttributeError) as error:
        raise BadRequest from error
