"""Who comes in to what lies on a phone: whoever visits, or ever did."""

from __future__ import annotations

from dataclasses import replace
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from cases.field import sending
from staff.access import View, signed_in
from staff.enums import Role
from staff.scope import assume, current
from staff.workflow import Actor


def visitors(view: View) -> View:
    """View decorator: the account holds, or ever held, a post that visits, whatever its post is by now.

    What they wrote then is still theirs to read and to send. The view gains ``allowed_roles`` = every role. Nobody
    signed in: to the sign-in page; others: 403.
    """

    @signed_in
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.must_change_password:  # type: ignore[union-attr]
            return redirect("staff:password")
        if not sending.has_visited(visitor(request)):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    guarded.allowed_roles = frozenset(Role)  # type: ignore[attr-defined]
    return guarded


def visitor(request: HttpRequest) -> Actor:
    """Who asks, with the post they act under, if they hold one."""
    active = Actor.current()
    return active if active.user_id else Actor(request.user.pk or 0, None, "")


def mind_own_phone() -> None:
    """For the rest of the request: a post that only reads still keeps its holder's own phone. A view asks for it that writes
    nothing else.
    """
    assume(replace(current(), readonly=False))
