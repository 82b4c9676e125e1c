"""Accounts, posts, and who holds which post when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import Func, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from staff.audit import tracked
from staff.constraints import CopiedColumns
from staff.enums import INCOMPATIBLE_CLIQUES, RegionLevel, Role
from staff.policies import RowScope
from staff.scope import Range, ScopedManager, ScopedQuerySet

INCOMPATIBLE_POST = _("This person holds a post in that period whose duty must be another person's.")


class AccountManager(BaseUserManager["User"]):
    def create_user(self, username: str, password: str | None = None, **fields: Any) -> User:
        """A new account; without a password it cannot sign in until one is set."""
        user = self.model(username=self.model.normalize_username(username), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, username: str, password: str | None = None, **fields: Any) -> User:
        """For ``createsuperuser``: may enter the administration site; what it sees there still follows its assignment."""
        return self.create_user(username, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """An account: only what signing in and naming an actor need. Everyone signed in may see who acted, so there is no policy."""

    username = models.CharField(
        _("user name"), max_length=60, unique=True, validators=[UnicodeUsernameValidator()]
    )
    name = models.CharField(_("name"), max_length=40)
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(_("may enter the administration site"), default=False)
    is_demo = models.BooleanField(_("demo account"), default=False, editable=False)
    failed_sign_ins = models.PositiveSmallIntegerField(default=0, editable=False)
    locked_until = models.DateTimeField(null=True, editable=False)
    must_change_password = models.BooleanField(_("must change the password"), default=False, editable=False)
    home_region = models.ForeignKey(
        "staff.Region",
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("region whose administrator keeps the account"),
    )
    date_joined = models.DateTimeField(auto_now_add=True)

    objects = AccountManager()
    USERNAME_FIELD = "username"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        ordering = ["username"]
        verbose_name = _("account")
        verbose_name_plural = _("accounts")

    def __str__(self) -> str:
        return self.name or self.username

    def get_full_name(self) -> str:
        return self.name


@tracked("staff")
class Post(models.Model):
    """岗位: a seat in an office with one role. It covers its region's subtree and any further regions."""

    region = models.ForeignKey(
        "staff.Region",
        models.PROTECT,
        db_column="region_code",
        related_name="posts",
        verbose_name=_("region"),
    )
    role = models.CharField(_("role"), max_length=12, choices=Role.choices)
    title = models.CharField(_("title"), max_length=60)
    unit = models.CharField(_("unit"), max_length=60, blank=True)
    further_regions = models.ManyToManyField(
        "staff.Region",
        through="staff.PostRegion",
        blank=True,
        related_name="+",
        verbose_name=_("further regions"),
    )

    objects = ScopedManager["Post"]()

    class Meta:
        ordering = ["region_id", "role", "pk"]
        verbose_name = _("post")
        verbose_name_plural = _("posts")
        constraints = [
            # A seat names nobody; whoever signs in reads their own posts before their scope is known.
            RowScope(name="staff_post_scope", everyone=True, write_lenses=["staff"]),
            # What assignments copy: role and region of a post never change while anyone holds or held it.
            models.UniqueConstraint(fields=["id", "role", "region"], name="post_with_role_and_region"),
        ]

    def __str__(self) -> str:
        return self.title

    def ranges(self) -> list[Range]:
        """Region ranges of the post; one query for the further regions unless prefetched."""
        return [(r.lo, r.hi) for r in (self.region, *self.further_regions.all())]


class PostRegion(models.Model):
    """A further region that a post covers. The policy keeps administrators from reaching beyond their own."""

    post = models.ForeignKey(Post, models.CASCADE, related_name="+")
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")

    class Meta:
        constraints = [
            RowScope(name="staff_postregion_scope", everyone=True, write_lenses=["staff"]),
            models.UniqueConstraint(fields=["post", "region"], name="post_region_once"),
        ]


class AssignmentQuerySet(ScopedQuerySet["Assignment"]):
    def on(self, day: dt.date) -> AssignmentQuerySet:
        """Assignments in force on a day. The last day is included, unless access was withdrawn on it."""
        return (
            self.filter(start_date__lte=day)
            .filter(Q(end_date__isnull=True) | Q(end_date__gte=day))
            .filter(Q(withdrawn_at__isnull=True) | Q(withdrawn_at__date__gt=day))
        )


class _Span(Func):
    function = "daterange"
    output_field = DateRangeField()


def _never_together(name: str, among: Iterable[Role], message: Any) -> ExclusionConstraint:
    """One person never holds two different roles of ``among`` on the same day, wherever the posts are."""
    return ExclusionConstraint(
        name=name,
        expressions=[
            ("user", RangeOperators.EQUAL),
            ("role", RangeOperators.NOT_EQUAL),
            (_Span("start_date", "end_date", models.Value("[]")), RangeOperators.OVERLAPS),
        ],
        condition=Q(role__in=sorted(among)),
        violation_error_message=message,
    )


@tracked("staff")
class Assignment(models.Model):
    """任职: a person in a post, dated. Ending it ends the access at once."""

    user = models.ForeignKey(User, models.PROTECT, related_name="assignments", verbose_name=_("person"))
    post = models.ForeignKey(Post, models.PROTECT, related_name="assignments", verbose_name=_("post"))
    region = models.ForeignKey(
        "staff.Region", models.PROTECT, db_column="region_code", related_name="+", editable=False
    )
    role = models.CharField(_("role"), max_length=12, choices=Role.choices, editable=False)
    start_date = models.DateField(_("start date"))
    end_date = models.DateField(_("end date"), null=True, blank=True)
    withdrawn_at = models.DateTimeField(_("access withdrawn"), null=True, blank=True, editable=False)
    phone = models.CharField(_("work phone"), max_length=20, blank=True)

    objects = ScopedManager["Assignment"](AssignmentQuerySet)

    class Meta:
        ordering = ["post__region_id", "start_date", "pk"]
        verbose_name = _("assignment")
        verbose_name_plural = _("assignments")
        constraints = [
            RowScope(
                name="staff_assignment_scope",
                lenses=["staff", "cases"],
                numbers=[("user_id", "user")],
                write_lenses=["staff"],
            ),
            CopiedColumns(
                name="assignment_copies_post",
                columns=["post_id", "role", "region_code"],
                to_table="staff_post",
                to_columns=["id", "role", "region_code"],
            ),
            models.CheckConstraint(
                name="assignment_ends_after_start",
                condition=Q(end_date__isnull=True) | Q(end_date__gte=models.F("start_date")),
                violation_error_message=_("The end date lies before the start date."),
            ),
            ExclusionConstraint(
                name="assignment_once_at_a_time",
                expressions=[
                    ("user", RangeOperators.EQUAL),
                    ("post", RangeOperators.EQUAL),
                    (_Span("start_date", "end_date", models.Value("[]")), RangeOperators.OVERLAPS),
                ],
                violation_error_message=_("This person already holds this post in that period."),
            ),
            # staff.enums.INCOMPATIBLE as three cliques; a test compares them. Exclusion constraints see rows that
            # policies hide, so a post in another county counts too.
            *(
                _never_together(f"assignment_duties_apart_{number}", clique, INCOMPATIBLE_POST)
                for number, clique in enumerate(INCOMPATIBLE_CLIQUES, start=1)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.post}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.region_id, self.role = self.post.region_id, self.post.role
        super().save(*args, **kwargs)

    def in_force(self, day: dt.date) -> bool:
        """The same as ``AssignmentQuerySet.on``, for a row at hand."""
        withdrawn = self.withdrawn_at is not None and timezone.localdate(self.withdrawn_at) <= day
        return self.start_date <= day and (self.end_date is None or self.end_date >= day) and not withdrawn

    @property
    def level(self) -> str:
        return RegionLevel(self.post.region.level)


class ApiToken(models.Model):
    """A token for scripts, bound to one assignment; only its digest is kept."""

    user = models.ForeignKey(User, models.CASCADE, related_name="api_tokens")
    assignment = models.ForeignKey(Assignment, models.CASCADE, related_name="api_tokens")
    name = models.CharField(_("name"), max_length=60)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(_("created"))
    expires_at = models.DateTimeField(_("expires"))
    last_used_at = models.DateTimeField(_("last used"), null=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True)

    class Meta:
        ordering = ["-created_at", "pk"]
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        constraints = [
            RowScope(name="staff_apitoken_scope", numbers=[("user_id", "user")], texts=[("digest", "token")]),
        ]
