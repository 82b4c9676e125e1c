"""Accounts: made, given a new password, opened and closed by the system administrator of their region."""

from __future__ import annotations

import datetime as dt
import secrets

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db.models import Prefetch, Q, QuerySet
from django.utils.translation import gettext as _

from staff import scope, sign_in
from staff.audit import log_access
from staff.models import AccessLog, Assignment, User
from staff.scope import system_scope
from staff.workflow import TransitionRefused

# Without letters and digits that are read wrongly from a slip of paper.
LETTERS = "abcdefghjkmnpqrstuvwxyz"
CAPITALS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
DIGITS = "23456789"


class AccountRefused(TransitionRefused):
    """The account cannot be changed by this person; the message says why."""


def accounts_in_scope() -> QuerySet[User]:
    """The accounts that the open scope's administrator sees: kept in the region, or holding a post in it.

    Each has ``held``: its assignments inside the scope, newest first.
    """
    kept = Q(pk__in=[])
    for low, high in scope.current().ranges:
        kept |= Q(home_region__gte=low, home_region__lte=high)
    held = Assignment.objects.select_related("post__region").order_by("-start_date", "-pk")
    return (
        User.objects.filter(kept | Q(pk__in=Assignment.objects.values("user_id")))
        .prefetch_related(Prefetch("assignments", held, to_attr="held"))
        .order_by("username", "pk")
    )


def may_manage(user: User) -> bool:
    """Whether the open scope's administrator keeps this account.

    The region that made it decides; an account without one belongs to whoever covers every post it ever had.
    Holding a post here is not enough: a new password for a colleague of two counties would open the other
    county as well.
    """
    active = scope.current()
    if user.home_region_id is not None:
        return active.covers(user.home_region_id)
    with system_scope(reason="find who keeps an account", lenses=("staff",), log=False):
        regions = list(Assignment._base_manager.filter(user=user).values_list("region_id", flat=True))
    return bool(regions) and all(active.covers(region) for region in regions)


def create_account(*, username: str, name: str, region_id: int, at: dt.datetime) -> tuple[User, str]:
    """A new account kept by ``region_id`` and its one-time password, shown once. Raises ValidationError."""
    if not scope.current().covers(region_id):
        raise AccountRefused(_("This region is not yours to administer."))
    user = User(username=username, name=name, home_region_id=region_id, must_change_password=True)
    password = one_time_password()
    user.set_password(password)
    user.full_clean()
    user.save(force_insert=True)
    _log(user, "created")
    return user, password


def reset_password(user: User, *, at: dt.datetime) -> str:
    """Give a new one-time password, close open sessions and open a lock; returns the password, which is kept
    nowhere.
    """
    user = _locked(user)
    password = one_time_password()
    user.set_password(password)
    user.must_change_password = True
    user.save(update_fields=["password", "must_change_password"])
    sign_in.forgive(user)
    _log(user, "password reset")
    return password


def unlock(user: User, *, at: dt.datetime) -> None:
    """Open the lock that failed sign-ins closed."""
    user = _locked(user)
    sign_in.forgive(user)
    _log(user, "unlocked")


def set_active(user: User, active: bool, *, at: dt.datetime) -> None:
    """Close or open an account. A closed one is signed out at its next request; posts stay and can be ended
    apart.
    """
    user = _locked(user)
    if user.pk == scope.current().user_id and not active:
        raise AccountRefused(_("You cannot close your own account."))
    user.is_active = active
    user.save(update_fields=["is_active"])
    _log(user, "opened" if active else "closed")


def change_password(user: User, *, old: str, new: str) -> None:
    """The person's own change. Raises ValidationError naming the field ``old`` or ``new``."""
    user = User.objects.select_for_update().get(pk=user.pk)
    if not user.check_password(old):
        raise ValidationError({"old": _("The present password is wrong.")})
    if old == new:
        raise ValidationError({"new": _("Choose a password that differs from the present one.")})
    try:
        validate_password(new, user)
    except ValidationError as error:
        raise ValidationError({"new": error.messages}) from error
    user.set_password(new)
    user.must_change_password = False
    user.save(update_fields=["password", "must_change_password"])
    _log(user, "password changed")


def one_time_password() -> str:
    """12 random characters in three groups, about 55 bits, of three classes."""
    groups = [
        "".join(secrets.choice(LETTERS) for _unused in range(4)),
        "".join(secrets.choice(DIGITS) for _unused in range(4)),
        "".join(secrets.choice(CAPITALS) for _unused in range(4)),
    ]
    return "-".join(groups)


def _locked(user: User) -> User:
    if not may_manage(user):
        raise AccountRefused(_("This account is kept by another region's administrator."))
    return User.objects.select_for_update().get(pk=user.pk)


def _log(user: User, what: str) -> None:
    log_access(
        kind=AccessLog.Kind.ACCOUNT,
        region_id=user.home_region_id,
        subject="staff.user",
        subject_id=user.pk,
        detail={"what": what},
    )
