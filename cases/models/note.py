"""Notes that reach somebody on the phone, and the addresses through which a browser is woken."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from cases.field.enums import NoteKind
from cases.models.child import Child
from cases.models.visit import Visit
from staff.crypto import EncryptedField
from staff.policies import RowScope
from staff.scope import ScopedManager


class Note(models.Model):
    """提醒: from a supervisor to a director, or from the system (no sender). Read by its two people alone.

    The page behind it may name the child; what is pushed to a phone never does.
    """

    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    recipient = models.ForeignKey("staff.User", models.PROTECT, related_name="+")
    sent_by = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    kind = models.CharField(max_length=10, choices=NoteKind.choices, default=NoteKind.NOTE)
    text = models.CharField(_("note"), max_length=300)
    subject = models.CharField(
        max_length=60, blank=True, help_text=_("What it is once only: a reminder's day.")
    )
    child = models.ForeignKey(Child, models.PROTECT, null=True, related_name="+")
    visit = models.ForeignKey(Visit, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(_("read"), null=True)

    objects = ScopedManager["Note"]()
    follows_child = "never"
    follows_region = True

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = _("note")
        verbose_name_plural = _("notes")
        indexes = [models.Index(fields=["recipient", "read_at", "-created_at"], name="note_inbox")]
        constraints = [
            RowScope(
                name="cases_note_scope",
                numbers=[("recipient_id", "user"), ("sent_by_id", "user")],
                when=[("sent_by_id IS NULL", "cases")],
            ),
            models.UniqueConstraint(
                fields=["recipient", "kind", "subject"], condition=~models.Q(subject=""), name="note_once"
            ),
        ]

    def __str__(self) -> str:
        return self.text


class PushSubscription(models.Model):
    """Where a browser can be woken (Web Push, RFC 8030). The address is as secret as a password."""

    user = models.ForeignKey("staff.User", models.CASCADE, related_name="+")
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    endpoint = EncryptedField()
    digest = models.CharField(max_length=64, unique=True)
    public_key = models.CharField(max_length=100)
    secret = EncryptedField()
    created_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    objects = ScopedManager["PushSubscription"]()
    follows_region = True

    class Meta:
        ordering = ["pk"]
        constraints = [
            RowScope(
                name="cases_pushsubscription_scope",
                lenses=["staff"],
                numbers=[("user_id", "user")],
                readers_write=True,
            ),
        ]
