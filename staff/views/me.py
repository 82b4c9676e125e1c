"""One's own page: posts, password, API tokens, what one looked at lately."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from staff import accounts, api_tokens, posts
from staff.access import ActingRequest, roles, signed_in
from staff.enums import Role
from staff.forms import PasswordForm, TokenForm
from staff.models import AccessLog, ApiToken

RECENT = 20


@roles(*Role)
@require_GET
def me(request: ActingRequest) -> HttpResponse:
    return _page(request, TokenForm())


@signed_in
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def password(request: ActingRequest) -> HttpResponse:
    """Change one's password; other sessions of the account end, this one goes on."""
    form = PasswordForm(request.POST or None)
    if form.is_valid():
        try:
            accounts.change_password(request.user, old=form.cleaned_data["old"], new=form.cleaned_data["new"])
        except ValidationError as error:
            form.add_error(None, error)
        else:
            request.user.refresh_from_db()
            update_session_auth_hash(request, request.user)
            messages.success(request, _("The new password holds from now on."))
            return redirect("/")
    return render(request, "staff/password.html", {"form": form, "must": request.user.must_change_password})


@roles(*Role)
@never_cache
@require_POST
def token_add(request: ActingRequest) -> HttpResponse:
    """Make a token for the active assignment; its secret is on this answer alone."""
    form = TokenForm(request.POST)
    if form.is_valid():
        try:
            _token, secret = api_tokens.make_token(request.assignment, **form.cleaned_data, at=timezone.now())
        except api_tokens.TokenRefused as refused:
            form.add_error(None, str(refused))
        else:
            return _page(request, TokenForm(), secret=secret)
    return _page(request, form, status=422)


@roles(*Role)
@require_POST
def token_revoke(request: ActingRequest, pk: int) -> HttpResponse:
    api_tokens.revoke_token(get_object_or_404(ApiToken, pk=pk, user=request.user), at=timezone.now())
    return redirect("staff:me")


def _page(request: ActingRequest, form: TokenForm, *, secret: str = "", status: int = 200) -> HttpResponse:
    now = timezone.now()
    recent = AccessLog._base_manager.filter(user=request.user).order_by("-at", "-id")[:RECENT]
    tokens = api_tokens.valid_tokens(request.user.pk, now).select_related("assignment__post__region")
    takes_over = request.assignment.post.role in posts.HANDOVER_READERS
    return render(
        request,
        "staff/me.html",
        {
            "handovers": posts.handovers(request.user.pk, timezone.localdate(now)) if takes_over else [],
            "form": form,
            "secret": secret,
            "tokens": list(tokens),
            "recent": list(recent),
            "held": request.assignments,
        },
        status=status,
    )
