"""Two files of one child, and two children that are not one."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cases.models.child import Child
from staff.audit import tracked
from staff.crypto import EncryptedField
from staff.policies import RowScope
from staff.scope import ScopedManager


@tracked("cases")
class ChildMerge(models.Model):
    """合并: two files became one. ``moved`` (model label → ids) and ``before`` are what undoing needs."""

    kept = models.ForeignKey(Child, models.PROTECT, related_name="merges_kept")
    merged = models.ForeignKey(Child, models.PROTECT, related_name="merges_given")
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    choices = models.JSONField(default=dict)
    moved = models.JSONField(default=dict)
    before = EncryptedField(help_text=_("JSON: fields of both files before."))
    reason = models.CharField(_("reason"), max_length=200)
    user = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    undone_by = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    undone_at = models.DateTimeField(null=True)
    undo_reason = models.CharField(max_length=200, blank=True)

    objects = ScopedManager["ChildMerge"]()
    child_column = "kept_id"
    follows_child = "always"

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name = _("merge of two files")
        constraints = [
            RowScope(name="cases_childmerge_scope", lenses=["cases"], ids=(("kept_id", "shared"),)),
            models.UniqueConstraint(
                fields=["merged"], condition=Q(undone_at__isnull=True), name="merged_once"
            ),
            models.CheckConstraint(name="merge_of_two", condition=~Q(kept=F("merged"))),
        ]


@tracked("cases")
class NotSameChild(models.Model):
    """不是同一儿童: a person has decided that two files are two children; they are not proposed again."""

    first = models.ForeignKey(Child, models.CASCADE, related_name="+")
    second = models.ForeignKey(Child, models.CASCADE, related_name="+")
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    user = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    objects = ScopedManager["NotSameChild"]()
    # The decision stays with those who took it; a merged village takes it along.
    follows_region = True

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [
            RowScope(name="cases_notsamechild_scope", lenses=["cases"]),
            models.UniqueConstraint(fields=["first", "second"], name="not_same_once"),
            models.CheckConstraint(name="not_same_in_order", condition=Q(first__lt=F("second"))),
        ]
