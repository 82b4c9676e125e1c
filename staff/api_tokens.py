"""Tokens for scripts: bound to one assignment, shown once, and how the API recognises them.

:func:`staff.sessions.identify` has already read the header ``Authorization: Token …`` when the scope opened;
the class here only tells the REST framework about it.
"""

from __future__ import annotations

import datetime as dt
import secrets
from typing import Any

from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from staff.audit import log_access
from staff.models import AccessLog, ApiToken, Assignment, User
from staff.sessions import token_digest
from staff.workflow import TransitionRefused

KEYWORD = "Token"
MOST_TOKENS = 5
LONGEST_DAYS = 365


class TokenRefused(TransitionRefused):
    """The token cannot be made; the message says why."""


class TokenAuthentication(BaseAuthentication):
    """The REST framework's view of a token; 401 when a token was sent and is not valid, or its assignment has
    ended.
    """

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        header = request.headers.get("Authorization", "")
        if not header.startswith(f"{KEYWORD} "):
            return None
        inner: Any = request._request
        token: ApiToken | None = getattr(inner, "api_token", None)
        if token is None or inner.assignment is None:
            raise AuthenticationFailed(_("The token is not valid."))
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return KEYWORD


def make_token(assignment: Assignment, *, name: str, days: int, at: dt.datetime) -> tuple[ApiToken, str]:
    """A token for the assignment, valid ``days`` days, and its secret, which is shown once and kept nowhere.

    Raises TokenRefused when the person already has MOST_TOKENS valid ones or asks for more than LONGEST_DAYS.
    """
    if not 1 <= days <= LONGEST_DAYS:
        raise TokenRefused(_("A token is valid for one to %(days)s days.") % {"days": LONGEST_DAYS})
    User.objects.select_for_update().get(pk=assignment.user_id)
    if valid_tokens(assignment.user_id, at).count() >= MOST_TOKENS:
        raise TokenRefused(_("You have %(count)s valid tokens. Revoke one first.") % {"count": MOST_TOKENS})
    secret = secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        user_id=assignment.user_id,
        assignment=assignment,
        name=name,
        digest=token_digest(secret),
        created_at=at,
        expires_at=at + dt.timedelta(days=days),
    )
    _log(token, "made")
    return token, secret


def revoke_token(token: ApiToken, *, at: dt.datetime) -> None:
    """The token stops working at once. Safe to repeat."""
    if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=at):
        _log(token, "revoked")


def valid_tokens(user_id: int, at: dt.datetime) -> Any:
    """The person's tokens that still work, newest first."""
    return ApiToken.objects.filter(user_id=user_id, revoked_at=None, expires_at__gt=at)


def _log(token: ApiToken, what: str) -> None:
    log_access(
        kind=AccessLog.Kind.TOKEN, subject="staff.apitoken", subject_id=token.pk, detail={"what": what}
    )
