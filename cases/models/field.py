"""Work without a signal: phones that keep drafts, and visits that came for a child who is no longer there."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cases.field.enums import KeptReason, KeptState
from cases.models.visit import Visit
from cases.workflows import KEPT_VISIT
from staff.audit import tracked
from staff.crypto import EncryptedField
from staff.policies import RowScope
from staff.scope import ScopedManager


class FieldSecret(models.Model):
    """The account's half of the keys of its phones: no scope but the account's own ever sees it."""

    user = models.OneToOneField("staff.User", models.CASCADE, related_name="+")
    secret = EncryptedField(editable=False)

    class Meta:
        constraints = [RowScope(name="cases_fieldsecret_scope", numbers=[("user_id", "user")])]


class FieldDevice(models.Model):
    """One account on one phone. ``half`` and the account's FieldSecret make the key of what the phone keeps; the phone
    alone does not hold it.

    ``wipe_asked_at`` makes the phone forget everything at its next word with the office. The half is gone at once, and
    with it the key: whoever may see the row can destroy the key, and nobody but the account can make it.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey("staff.User", models.CASCADE, related_name="+")
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    label = models.CharField(_("phone"), max_length=80)
    half = EncryptedField(editable=False)
    offline = models.BooleanField(_("opens without a signal"), default=False)
    created_at = models.DateTimeField()
    seen_at = models.DateTimeField(_("last word"))
    roster_at = models.DateTimeField(_("list of children fetched"), null=True)
    unsent = models.PositiveSmallIntegerField(_("visits not yet sent, as it last said"), default=0)
    wipe_asked_at = models.DateTimeField(_("wiping asked for"), null=True)
    wipe_asked_by = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    wiped_at = models.DateTimeField(_("wiped"), null=True)

    objects = ScopedManager["FieldDevice"]()
    follows_region = True

    class Meta:
        ordering = ["-seen_at", "-pk"]
        verbose_name = _("phone")
        verbose_name_plural = _("phones")
        indexes = [models.Index(fields=["user", "-seen_at"], name="device_user")]
        constraints = [
            # Administrators, and the supervisors of those who visit, have a lost phone wiped.
            RowScope(
                name="cases_fielddevice_scope", lenses=["staff", "cases"], numbers=[("user_id", "user")]
            ),
            models.CheckConstraint(
                name="device_wipe_takes_the_key", condition=Q(wipe_asked_at__isnull=True) | Q(half="")
            ),
        ]

    def __str__(self) -> str:
        return self.label


@tracked("cases", exclude=("payload", "offered_to"))
class KeptVisit(models.Model):
    """A visit that a phone sent for a child who has moved or left meanwhile: nothing of it is lost.

    It lies where its author works. ``child_number`` is the id the phone named; the child need not be visible from here.
    ``payload`` is the sending as JSON. ``offered_to`` is the county that is asked to place it and sees it so long, or has
    placed it (:mod:`cases.field.offering`).
    """

    uuid = models.UUIDField(unique=True)
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    child_number = models.BigIntegerField()
    child_name = models.CharField(_("child"), max_length=60)
    author = models.ForeignKey("staff.User", models.PROTECT, related_name="+", verbose_name=_("visited by"))
    visited_at = models.DateTimeField(_("time of visit"), null=True)
    payload = EncryptedField(editable=False)
    photos_awaited = models.JSONField(default=list)
    reason = models.CharField(_("why"), max_length=12, choices=KeptReason.choices)
    state = models.CharField(max_length=10, choices=KeptState.choices, default=KeptState.KEPT)
    offered_to = models.ForeignKey("staff.Region", models.PROTECT, null=True, related_name="+")
    received_at = models.DateTimeField(_("received"))
    placed = models.ForeignKey(Visit, models.PROTECT, null=True, related_name="+")
    decided_by = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    words = models.CharField(_("words"), max_length=200, blank=True)

    objects = ScopedManager["KeptVisit"]()
    workflow = KEPT_VISIT
    scope_fields = ("region", "offered_to")
    follows_region = True

    class Meta:
        ordering = ["received_at", "pk"]
        verbose_name = _("kept visit")
        verbose_name_plural = _("kept visits")
        constraints = [
            RowScope(
                name="cases_keptvisit_scope",
                lenses=["cases"],
                further=[("offered_to_id", "cases")],
                numbers=[("author_id", "user")],
            ),
            models.CheckConstraint(
                name="kept_decided_by_somebody",
                condition=Q(state__in=("kept", "offered")) | Q(decided_by__isnull=False),
            ),
            models.CheckConstraint(
                name="kept_offered_while_asked",
                condition=Q(state="offered", offered_to__isnull=False)
                | Q(state="placed")
                | Q(state__in=("kept", "dismissed"), offered_to__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return self.child_name


class KeptPhoto(models.Model):
    """A photo of a kept visit, until the visit is placed."""

    kept = models.ForeignKey(KeptVisit, models.CASCADE, related_name="photos")
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    author = models.ForeignKey("staff.User", models.PROTECT, related_name="+")
    uuid = models.UUIDField(unique=True)
    file = models.ForeignKey("staff.StoredFile", models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField(default=0)

    objects = ScopedManager["KeptPhoto"]()
    follows_region = True

    class Meta:
        ordering = ["kept_id", "position", "pk"]
        constraints = [
            RowScope(name="cases_keptphoto_scope", lenses=["cases"], numbers=[("author_id", "user")]),
        ]
