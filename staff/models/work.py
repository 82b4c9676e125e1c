"""Long work with progress, and files kept encrypted."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from staff.policies import RowScope
from staff.scope import ScopedManager


class Job(models.Model):
    """One piece of long work. Its progress is in Redis, its outcome here, in the transaction of the work itself."""

    class State(models.TextChoices):
        QUEUED = "queued", _("waiting")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    kind = models.CharField(max_length=40)
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    user = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    assignment = models.ForeignKey("staff.Assignment", models.PROTECT, null=True, related_name="+")
    arguments = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    result = models.JSONField(default=dict)
    error = models.TextField(blank=True)
    done_url = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)

    objects = ScopedManager["Job"]()

    class Meta:
        ordering = ["-created_at", "pk"]
        constraints = [
            RowScope(
                name="staff_job_scope", lenses=["cases"], numbers=[("user_id", "user")], readers_write=True
            )
        ]


class StoredFile(models.Model):
    """A file on disk, encrypted with the key ring, named by its id, with the sha256 of its clear bytes.

    A photo belongs to a child and follows the cases lens; bank files and reports belong to a region; evidence for a
    payment is seen by who handles the case and by who handles the money."""

    class Kind(models.TextChoices):
        PHOTO = "photo", _("photo")
        LIST = "list", _("uploaded list")
        STAGED = "staged", _("columns of a list, or pairs of a run")
        BANK = "bank", _("bank file")
        BANK_RESULT = "bank_result", _("bank result file")
        EXPORT = "export", _("export")
        REPORT = "report", _("report")
        EVIDENCE = "evidence", _("evidence for a payment")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    child_id = models.BigIntegerField(null=True)
    user = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    name = models.CharField(max_length=200)
    content_type = models.CharField(max_length=100)
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField()

    objects = ScopedManager["StoredFile"]()

    # Photos belong to the child, evidence to the county that decided, everything else to who made it.
    follows_child = (("kind = 'photo'", "always"), ("kind = 'evidence'", "county"))

    class Meta:
        ordering = ["-created_at", "pk"]
        indexes = [models.Index(fields=["sha256"])]
        constraints = [
            RowScope(
                name="staff_storedfile_scope",
                # An export is its maker's alone.
                when=[
                    ("kind IN ('photo', 'list', 'staged', 'evidence')", "cases"),
                    # Whoever audits the money sees what it rests on, not the child's file.
                    ("kind = 'evidence'", "money"),
                    ("kind IN ('bank', 'bank_result')", "money"),
                    ("kind = 'report'", "totals"),
                ],
                ids=[("child_id", "shared")],
                numbers=[("user_id", "user")],
                append_only=True,
            ),
        ]
