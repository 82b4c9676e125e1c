"""From a request to an acting person: session or token → account → active assignment → scope."""

from __future__ import annotations

import datetime as dt
import hashlib

from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch
from django.http import HttpRequest
from django.utils import timezone

from staff.idle import end_if_idle
from staff.models import ApiToken, Assignment, Region, User
from staff.models.people import AssignmentQuerySet
from staff.scope import NOBODY, Scope, assume, current, narrow, open_scope, scope_of, system_scope

SESSION_KEY = "assignment_id"


def account_of(request: HttpRequest) -> int:
    """The id of the account that the session names, 0 for a token or for nobody signed in."""
    if "Authorization" in request.headers:
        return 0
    return request.user.pk or 0 if request.user.is_authenticated else 0


def identify(request: HttpRequest) -> None:
    """Set ``request.user`` (for tokens), ``request.assignment``, ``request.assignments`` and narrow the open scope to them."""
    request.assignment = None  # type: ignore[attr-defined]
    request.assignments = []  # type: ignore[attr-defined]
    wanted: int | None = None
    header = request.headers.get("Authorization", "")
    if header.startswith("Token "):
        token = _token(header.removeprefix("Token ").strip())
        if token is None:
            return
        request.user = token.user
        request.api_token = token  # type: ignore[attr-defined]
        wanted = token.assignment_id
    elif request.user.is_authenticated:
        end_if_idle(request)
        wanted = request.session.get(SESSION_KEY)
    if not request.user.is_authenticated:
        return
    if current().user_id != request.user.pk:
        narrow(user_id=request.user.pk, token="")
    if request.user.must_change_password:
        return
    held = assignments_of(request.user)
    chosen = next((a for a in held if a.pk == wanted), None)
    if chosen is None and not header:
        chosen = held[0] if held else None
    request.assignments = held  # type: ignore[attr-defined]
    request.assignment = chosen  # type: ignore[attr-defined]
    if chosen is not None:
        assume(scope_of(chosen))


def assignments_of(user: User, on: dt.date | None = None) -> list[Assignment]:
    """The assignments a person holds on a day, with post, region and further regions. Two queries."""
    return list(
        AssignmentQuerySet(Assignment)
        .filter(user=user)
        .on(on or timezone.localdate())
        .select_related("post__region")
        .prefetch_related(Prefetch("post__further_regions", Region.objects.all()))
        .order_by("start_date", "pk")
    )


def scope_for_assignment(assignment_id: int) -> Scope:
    """The scope of an assignment in force; PermissionDenied when it has ended or its account is closed."""
    with open_scope(NOBODY):
        # The policy shows a person their own assignments, so the account is named first.
        owner = _owner(assignment_id)
        narrow(user_id=owner.pk)
        held = next((a for a in assignments_of(owner) if a.pk == assignment_id), None)
        if held is None or not owner.is_active:
            raise PermissionDenied("The assignment that asked for this has ended.")
        return scope_of(held)


def _owner(assignment_id: int) -> User:
    with system_scope(reason="resume work of an assignment", lenses=("staff",), log=False):
        return Assignment._base_manager.select_related("user").get(pk=assignment_id).user


def token_digest(secret: str) -> str:
    """Hex sha256 of a token's secret; the secret itself has 256 random bits, so no salt is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _token(secret: str) -> ApiToken | None:
    digest = token_digest(secret)
    narrow(token=digest)
    now = timezone.now()
    token = (
        ApiToken.objects.select_related("user")
        .filter(digest=digest, revoked_at=None, expires_at__gt=now)
        .first()
    )
    if token is None or not token.user.is_active:
        narrow(token="")
        return None
    if token.last_used_at is None or now - token.last_used_at > dt.timedelta(minutes=5):
        narrow(user_id=token.user_id)
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
    return token
