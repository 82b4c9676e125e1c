"""Accounts, for the system administrator of their region."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from staff import accounts, holidays
from staff.access import ActingRequest, roles
from staff.enums import Role
from staff.forms import AccountFilter, AccountForm
from staff.models import Assignment

PAGE = 50


@roles(Role.SYSADMIN)
@require_GET
def account_list(request: ActingRequest) -> HttpResponse:
    form = AccountFilter(request.GET)
    found: Any = accounts.accounts_in_scope()
    if form.is_valid():
        found = _filtered(found, form.cleaned_data)
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    today = timezone.localdate()
    rows = [(user, [a for a in user.held if a.in_force(today)]) for user in page.object_list]
    return render(
        request,
        "staff/accounts.html",
        {
            "form": form,
            "page": page,
            "rows": rows,
            "now": timezone.now(),
            "calendar_warning": holidays.warning(today),
        },
    )


def _filtered(found: Any, asked: dict[str, Any]) -> Any:
    today = timezone.localdate()
    if text := asked["q"].strip():
        found = found.filter(Q(name__icontains=text) | Q(username__icontains=text))
    holders = Assignment.objects.on(today)
    if asked["role"]:
        found = found.filter(pk__in=holders.filter(role=asked["role"]).values("user_id"))
    match asked["state"]:
        case "in_post":
            found = found.filter(pk__in=holders.values("user_id"))
        case "without_post":
            found = found.exclude(pk__in=holders.values("user_id"))
        case "locked":
            found = found.filter(locked_until__gt=timezone.now())
        case "closed":
            found = found.filter(is_active=False)
    return found


@roles(Role.SYSADMIN)
@never_cache
@require_http_methods(["GET", "POST"])
def account_add(request: ActingRequest) -> HttpResponse:
    """Make an account; the answer shows its one-time password, once."""
    form = AccountForm(request.POST or None)
    if form.is_valid():
        user, password = accounts.create_account(
            **form.cleaned_data, region_id=request.assignment.region_id, at=timezone.now()
        )
        return render(
            request, "staff/password_slip.html", {"account": user, "password": password, "made": True}
        )
    return render(request, "staff/account_add.html", {"form": form})


@roles(Role.SYSADMIN)
@require_GET
def account(request: ActingRequest, pk: int) -> HttpResponse:
    return _page(request, get_object_or_404(accounts.accounts_in_scope(), pk=pk))


@roles(Role.SYSADMIN)
@never_cache
@require_POST
def account_change(request: ActingRequest, pk: int) -> HttpResponse:
    """``action``: reset, unlock, close or open."""
    user = get_object_or_404(accounts.accounts_in_scope(), pk=pk)
    now = timezone.now()
    try:
        match request.POST.get("action"):
            case "reset":
                password = accounts.reset_password(user, at=now)
                return render(request, "staff/password_slip.html", {"account": user, "password": password})
            case "unlock":
                accounts.unlock(user, at=now)
            case "close" | "open" as action:
                accounts.set_active(user, action == "open", at=now)
            case _:
                return _page(request, user, refused=_("Choose what to do."), status=400)
    except accounts.AccountRefused as refused:
        return _page(request, user, refused=str(refused), status=409)
    return redirect("staff:account", pk)


def _page(request: ActingRequest, user: Any, *, refused: str = "", status: int = 200) -> HttpResponse:
    today = timezone.localdate()
    return render(
        request,
        "staff/account.html",
        {
            "account": user,
            "held": [(a, a.in_force(today)) for a in user.held],
            "kept_here": accounts.may_manage(user),
            "locked": bool(user.locked_until and user.locked_until > timezone.now()),
            "refused": refused,
        },
        status=status,
    )
