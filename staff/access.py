"""Who may open a page at all: the one decorator of every view.

A record outside the reader's scope is a 404 by ``get_object_or_404``; these decorators decide only whether
the active post has the duty. Nobody signed in: to the sign-in page. No post in force, or one without it: 403.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import resolve, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from staff.enums import Role
from staff.scope import current

if TYPE_CHECKING:
    from staff.models import Assignment, User

View = Callable[..., HttpResponse]


class ActingRequest(HttpRequest):
    """The request that a view behind :func:`roles` gets; staff.sessions.identify fills it. For annotations
    only.
    """

    user: User
    assignment: Assignment
    assignments: list[Assignment]


class NoPostInForce(PermissionDenied):
    """Signed in, but no assignment is in force today."""


def roles(*allowed: Role) -> Callable[[View], View]:
    """View decorator: the active assignment must have one of the roles.

    The view gains the attribute ``allowed_roles`` (frozenset of Role), which the access matrix reads. Raises
    PermissionDenied (403) for another role, NoPostInForce without an assignment in force.
    """
    if not allowed:
        raise ValueError("roles() needs at least one role; signed_in is for everybody")

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return to_sign_in(request)
            if request.user.must_change_password:
                return redirect("staff:password")
            assignment = request.assignment  # type: ignore[attr-defined]
            if assignment is None:
                raise NoPostInForce(_("You hold no post at present."))
            if assignment.post.role not in allowed:
                raise PermissionDenied
            return view(request, *args, **kwargs)

        guarded.allowed_roles = frozenset(allowed)  # type: ignore[attr-defined]
        return guarded

    return decorate


def signed_in(view: View) -> View:
    """View decorator: any account, with or without a post. The view gains ``allowed_roles`` = every role."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return to_sign_in(request)
        return view(request, *args, **kwargs)

    guarded.allowed_roles = frozenset(Role)  # type: ignore[attr-defined]
    return guarded


def open_to_all(view: View) -> View:
    """Marks a view that needs no account (the sign-in page); the matrix refuses unmarked views."""
    view.allowed_roles = None  # type: ignore[attr-defined]
    return view


def may_open(url: str) -> bool:
    """Whether the role of the open scope may open the page at ``url``: what would be refused gets no link."""
    allowed = resolve(urlsplit(url).path).func.allowed_roles  # type: ignore[attr-defined]
    return allowed is None or current().role in allowed


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """Redirect to the sign-in page and back again; htmx is told to load the page as a whole."""
    target = request.get_full_path() if request.method in {"GET", "HEAD"} else ""
    if request.headers.get("HX-Request") or not target:
        target = _page_of(request)
    address = reverse("staff:sign_in")
    if target and target != "/":
        address += "?" + urlencode({"next": target})
    if request.headers.get("HX-Request"):
        return HttpResponseClientRedirect(address)
    return redirect(address)


def _page_of(request: HttpRequest) -> str:
    """Path of the page that the request came from, when it is one of ours."""
    came_from = request.headers.get("HX-Current-URL") or request.headers.get("Referer") or ""
    if not url_has_allowed_host_and_scheme(
        came_from, {request.get_host()}, require_https=request.is_secure()
    ):
        return ""
    parts = urlsplit(came_from)
    return parts.path + (f"?{parts.query}" if parts.query else "")
