"""What happened: transitions of workflow objects, and accesses."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from staff.policies import RestrictedRows, RowScope, envelope
from staff.scope import ScopedManager

UNDECIDED_CHECK = (
    "(subject = 'cases.spotcheck' AND target NOT IN ('confirmed', 'contradicted')"
    f" AND NOT ({envelope('totals')} OR {envelope('trail')}))"
)


class TransitionRecord(models.Model):
    """One performed transition. Written only by :mod:`staff.workflow`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    subject = models.CharField(max_length=60)
    subject_id = models.CharField(max_length=40)
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    child_id = models.BigIntegerField(null=True)
    restricted_id = models.BigIntegerField(
        null=True, help_text=_("The restricted case whose transition this is.")
    )
    name = models.CharField(max_length=40)
    source = models.CharField(max_length=20)
    target = models.CharField(max_length=20)
    user = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    assignment = models.ForeignKey("staff.Assignment", models.PROTECT, null=True, related_name="+")
    role = models.CharField(max_length=12, blank=True)
    at = models.DateTimeField()
    reason_code = models.CharField(max_length=40, blank=True)
    reason = models.TextField(blank=True)

    objects = ScopedManager["TransitionRecord"]()

    # A transfer stays readable at both ends through its own row; decisions about money as their subjects do.
    follows_child = (
        ("subject NOT LIKE 'subsidies.%' AND subject <> 'cases.transfer'", "always"),
        ("subject LIKE 'subsidies.%'", "county"),
    )

    class Meta:
        ordering = ["at", "pk"]
        indexes = [
            models.Index(fields=["subject", "subject_id"]),
            models.Index(fields=["child_id"]),
            models.Index(fields=["region", "at"]),
            models.Index(fields=["-at", "-id"], name="transition_latest"),
        ]
        constraints = [
            RowScope(
                name="staff_transitionrecord_scope",
                lenses=["cases", "trail"],
                when=[("subject LIKE 'subsidies.%'", "money")],
                ids=[("child_id", "shared")],
                append_only=True,
            ),
            RestrictedRows(
                name="staff_transitionrecord_named", flag="(restricted_id IS NOT NULL)", column="restricted_id", setting="named",
                reading=True,
            ),
            # A call drawn to check a visit, not decided yet: the visitor, who reads no totals, must not know of it.
            RestrictedRows(
                name="staff_transitionrecord_checks", flag=UNDECIDED_CHECK, column="restricted_id", setting="named",
                reading=True,
            ),
        ]  # fmt: skip


class AccessLog(models.Model):
    """访问日志: reads of a child's file, reveals, exports, sign-ins, system scopes. Kept at least three years."""

    class Kind(models.TextChoices):
        READ = "read", _("opened a child's file")
        REVEAL = "reveal", _("revealed a protected value")
        EXPORT = "export", _("exported")
        DOWNLOAD = "download", _("downloaded a file")
        SIGN_IN = "sign_in", _("signed in")
        SIGN_OUT = "sign_out", _("signed out")
        SIGN_IN_FAILED = "sign_in_fail", _("failed to sign in")
        SWITCH = "switch", _("switched post")
        SYSTEM = "system", _("system scope")
        SHARE = "share", _("shared")
        ACCOUNT = "account", _("changed an account")
        SETTING = "setting", _("changed a maintained table")
        TOKEN = "token", _("made or revoked an API token")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    at = models.DateTimeField(default=timezone.now)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    user = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    assignment = models.ForeignKey("staff.Assignment", models.PROTECT, null=True, related_name="+")
    role = models.CharField(max_length=12, blank=True)
    region = models.ForeignKey(
        "staff.Region", models.PROTECT, null=True, db_column="region_code", related_name="+"
    )
    child_id = models.BigIntegerField(null=True)
    subject = models.CharField(max_length=60, blank=True)
    subject_id = models.CharField(max_length=40, blank=True)
    reason = models.TextField(blank=True)
    detail = models.JSONField(default=dict)

    objects = ScopedManager["AccessLog"]()

    # An access stays on record where it happened.
    follows_child = "never"

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name = _("access log")
        indexes = [
            models.Index(fields=["region", "-at"]),
            models.Index(fields=["child_id", "-at"]),
            models.Index(fields=["-at", "-id"], name="access_latest"),
            models.Index(fields=["user", "-at", "-id"], name="access_by_person"),
        ]
        constraints = [
            RowScope(
                name="staff_accesslog_scope",
                lenses=["trail"],
                numbers=[("user_id", "user")],
                append_only=True,
                unplaced="trail",
            ),
        ]
