"""A change of the administrative divisions, as it was announced and as it was carried out."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from staff.audit import tracked
from staff.policies import RowScope
from staff.scope import ScopedManager


@tracked("cases", "staff", "totals")
class RegionChange(models.Model):
    """区划变更. ``merge``: the village is joined to another; ``rename``: its name alone; ``move``: it goes to another
    township and so gets a new code. ``region`` is the county, so that every office of it can read what happened."""

    class Kind(models.TextChoices):
        MERGE = "merge", _("Merged into another village")
        RENAME = "rename", _("Renamed")
        MOVE = "move", _("Moved to another township")

    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    source = models.ForeignKey(
        "staff.Region", models.PROTECT, related_name="changes", verbose_name=_("division")
    )
    target_code = models.BigIntegerField(_("new code"))
    old_name = models.CharField(_("former name"), max_length=60)
    new_name = models.CharField(_("new name"), max_length=60)
    effective_date = models.DateField(_("from the day"))
    document = models.CharField(_("number of the document"), max_length=120)
    counts = models.JSONField(default=dict)
    user = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    applied_at = models.DateTimeField()

    objects = ScopedManager["RegionChange"]()

    class Meta:
        ordering = ["-applied_at", "-pk"]
        verbose_name = _("change of divisions")
        constraints = [
            RowScope(name="staff_regionchange_scope", lenses=["cases", "staff", "totals", "trail"]),
        ]
