"""Monthly reports: figures per township and category; a locked one reproduces the same bytes."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from staff.policies import RowScope
from staff.scope import ScopedManager


class MonthlyReport(models.Model):
    """月报 of a county. ``figures`` holds totals only, no person; township totals follow the totals lens."""

    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    month = models.DateField(_("month"))
    figures = models.JSONField(default=dict)
    computed_at = models.DateTimeField()
    locked_at = models.DateTimeField(_("locked"), null=True)
    locked_by = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    sha256 = models.CharField(max_length=64, blank=True)
    file = models.ForeignKey("staff.StoredFile", models.PROTECT, null=True, related_name="+")

    objects = ScopedManager["MonthlyReport"]()

    class Meta:
        ordering = ["-month", "region_id"]
        verbose_name = _("monthly report")
        verbose_name_plural = _("monthly reports")
        constraints = [
            RowScope(name="subsidies_monthlyreport_scope", lenses=["totals"]),
            models.UniqueConstraint(fields=["region", "month"], name="report_once_a_month"),
            models.CheckConstraint(
                name="report_locked_has_file",
                condition=Q(locked_at__isnull=True) | (Q(file__isnull=False) & Q(locked_by__isnull=False)),
            ),
        ]
