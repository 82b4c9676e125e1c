"""Signing in, signing out, changing the active post."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from staff import sign_in as signing
from staff.access import open_to_all, signed_in
from staff.enums import Role
from staff.forms import SignInForm


@open_to_all
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """The sign-in page; afterwards back to ``next`` when that is one of our pages."""
    target = safe_next(request)
    if request.method == "GET" and request.user.is_authenticated:
        return redirect(target)
    form = SignInForm(request.POST or None)
    if form.is_valid():
        try:
            user = signing.sign_in(request, **form.cleaned_data, at=timezone.now())
        except signing.SignInRefused as refused:
            form.add_error(None, str(refused))
        else:
            return redirect("staff:password" if user.must_change_password else target)
    return render(
        request,
        "staff/sign_in.html",
        {
            "form": form,
            "next": "" if target == "/" else target,
            "demo_accounts": demo_accounts(),
            "lock_after": signing.MOST_FAILURES,
            "lock_minutes": signing.LOCK_MINUTES,
        },
    )


@open_to_all
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    signing.sign_out(request)
    return redirect("staff:sign_in")


@signed_in
@require_POST
def switch(request: HttpRequest) -> HttpResponse:
    """Act under another of one's posts, starting at its first page."""
    wanted = request.POST.get("assignment", "")
    if not wanted.isdecimal() or not signing.switch(request, int(wanted)):
        return render(
            request, "403.html", {"exception": _("You do not hold this post at present.")}, status=403
        )
    return redirect("/")


def safe_next(request: HttpRequest) -> str:
    """Where to go after signing in: ``next`` when it leads to this site, else the start page."""
    target = request.POST.get("next") or request.GET.get("next") or ""
    allowed = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return target if target and allowed else "/"


def demo_accounts() -> list[dict[str, str]]:
    """What the sign-in page of a demonstration offers; empty elsewhere."""
    if not settings.DEMO_ACCOUNTS:
        return []
    return [
        {**account, "role": str(Role(account["role"]).label)}
        for account in import_string(settings.DEMO_ACCOUNTS)()
    ]
