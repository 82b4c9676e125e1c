"""Signing in and out, with a lock after repeated failures.

Five failures within half an hour lock a user name for half an hour (GB/T 22239—2019, 8.1.4.1: failed sign-ins
are handled). Names that belong to nobody are counted and locked in the same way, so that an answer never
tells whether an account exists.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass

from django.contrib.auth import authenticate, login, logout
from django.core.cache import cache
from django.http import HttpRequest
from django.utils.translation import gettext as _

from staff.audit import log_access
from staff.idle import SIGNED_IN_AT
from staff.models import AccessLog, User
from staff.scope import Scope, narrow, open_scope
from staff.sessions import SESSION_KEY, assignments_of, identify

MOST_FAILURES = 5
LOCK_MINUTES = 30


class SignInRefused(Exception):
    """Wrong name or password, or locked; the message is for the person."""


class WrongPassword(SignInRefused):
    """One more attempt was counted; ``locked`` when it was one too many."""

    def __init__(self, message: str, *, locked: bool) -> None:
        super().__init__(message)
        self.locked = locked


@dataclass(frozen=True, slots=True)
class Proof:
    """How and when somebody proved again who they are, for an act that a session alone does not allow."""

    user_id: int
    how: str
    at: dt.datetime


def sign_in(request: HttpRequest, *, username: str, password: str, at: dt.datetime) -> User:
    """Check name and password, open a new session and the person's scope. Raises SignInRefused."""
    username = User.normalize_username(username.strip())
    try:
        user = _checked(request, username, password, at)
    except WrongPassword as wrong:
        _log_failure(request, username, locked=wrong.locked)
        raise
    login(request, user)
    request.session[SIGNED_IN_AT] = at.timestamp()
    identify(request)
    log_access(kind=AccessLog.Kind.SIGN_IN, detail=_origin(request))
    return user


def prove(request: HttpRequest, *, password: str, at: dt.datetime) -> Proof:
    """The person who is signed in types their password again. Raises WrongPassword (a SignInRefused).

    Counted together with sign-ins, so that a session left open is no way to guess the password, and logged
    under the post that the person acts in.
    """
    assert isinstance(request.user, User)
    try:
        user = _checked(request, request.user.username, password, at)
    except WrongPassword as wrong:
        detail = _origin(request) | {"locked": wrong.locked, "proof": True}
        log_access(
            kind=AccessLog.Kind.SIGN_IN_FAILED,
            subject="staff.user",
            subject_id=request.user.pk,
            detail=detail,
        )
        raise WrongPassword(
            str(wrong) if wrong.locked else _("The password is wrong."), locked=wrong.locked
        ) from wrong
    return Proof(user.pk, "password", at)


def _checked(request: HttpRequest, username: str, password: str, at: dt.datetime) -> User:
    """The account, when the password is its own; forgives what was counted before. Raises WrongPassword.

    The attempt is counted before the password is looked at, so that many attempts at once do not slip
    through.
    """
    key = _key(username)
    cache.add(key, 0, LOCK_MINUTES * 60)
    attempts = cache.incr(key)
    if attempts > MOST_FAILURES:
        raise WrongPassword(_locked(), locked=True)
    user = authenticate(request, username=username, password=password)
    if user is None:
        locked = attempts == MOST_FAILURES
        if locked:
            cache.touch(key, LOCK_MINUTES * 60)
            User.objects.filter(username=username).update(
                failed_sign_ins=attempts, locked_until=at + dt.timedelta(minutes=LOCK_MINUTES)
            )
        message = _locked() if locked else _("The account or the password is wrong.")
        raise WrongPassword(message, locked=locked)
    assert isinstance(user, User)
    forgive(user)
    return user


def sign_out(request: HttpRequest) -> None:
    """End the session. Harmless for someone who is not signed in."""
    if request.user.is_authenticated:
        log_access(kind=AccessLog.Kind.SIGN_OUT, detail=_origin(request))
    logout(request)


def switch(request: HttpRequest, assignment_id: int) -> bool:
    """Act under another of one's assignments in force from the next request on; False when it is not one of
    them.
    """
    chosen = next((a for a in request.assignments if a.pk == assignment_id), None)  # type: ignore[attr-defined]
    if chosen is None:
        return False
    request.session[SESSION_KEY] = chosen.pk
    log_access(
        kind=AccessLog.Kind.SWITCH,
        region_id=chosen.region_id,
        subject="staff.assignment",
        subject_id=chosen.pk,
    )
    return True


def forgive(user: User) -> None:
    """Forget the failures counted for an account and open its lock."""
    cache.delete(_key(user.username))
    if user.failed_sign_ins or user.locked_until:
        user.failed_sign_ins, user.locked_until = 0, None
        user.save(update_fields=["failed_sign_ins", "locked_until"])


def _key(username: str) -> str:
    return "failures:" + hashlib.sha256(username.encode()).hexdigest()


def _locked() -> str:
    return _("Too many wrong attempts. Try again in %(minutes)s minutes, or ask your administrator.") % {
        "minutes": LOCK_MINUTES
    }


def _origin(request: HttpRequest) -> dict[str, str]:
    return {"address": request.META.get("REMOTE_ADDR", "")}


def _log_failure(request: HttpRequest, username: str, *, locked: bool) -> None:
    """The line names an existing account and lies in its region. What was typed for no account may be a
    password: not kept.
    """
    user = User.objects.filter(username=username).first()
    region_id = user.home_region_id if user else None
    if user and region_id is None:
        with open_scope(Scope(user_id=user.pk)):
            region_id = next((a.region_id for a in assignments_of(user)), None)
    narrow(user_id=0)
    log_access(
        kind=AccessLog.Kind.SIGN_IN_FAILED,
        region_id=region_id,
        subject="staff.user" if user else "",
        subject_id=user.pk if user else "",
        detail=_origin(request) | {"locked": locked},
    )
