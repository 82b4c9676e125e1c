"""Under which category a child was counted on which day: kept by the database itself."""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _

from cases.enums import CategoryDetail, PrimaryCategory
from cases.models.child import SHARED_CHILD, Child
from staff.policies import RowScope
from staff.scope import ScopedManager


class _DateRange(Func):
    function = "DATERANGE"
    output_field = DateRangeField()


class CategoryPeriod(models.Model):
    """主类别的时段: one row a child and stretch of time, never two on one day, so totals of any day add up.

    Written only by the triggers on :class:`Child`; the reason is that of the scope that made the change.
    """

    child = models.ForeignKey(Child, models.CASCADE, related_name="category_periods")
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    category = models.CharField(_("primary category"), max_length=30, choices=PrimaryCategory.choices)
    detail = models.CharField(_("sub-type"), max_length=24, choices=CategoryDetail.choices, blank=True)
    start_date = models.DateField(_("from"))
    end_date = models.DateField(_("to"), null=True, blank=True)
    reason = models.TextField(_("reason"), blank=True)
    user = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+", db_constraint=False)
    decided_at = models.DateTimeField()

    objects = ScopedManager["CategoryPeriod"]()

    class Meta:
        ordering = ["child_id", "start_date", "pk"]
        constraints = [
            RowScope(name="cases_categoryperiod_scope", lenses=["cases"], ids=SHARED_CHILD),
            ExclusionConstraint(
                name="category_once_a_day",
                expressions=[
                    (F("child"), RangeOperators.EQUAL),
                    (
                        _DateRange("start_date", "end_date", models.Value("[]")),
                        RangeOperators.OVERLAPS,
                    ),
                ],
            ),
            models.CheckConstraint(
                name="category_ends_after_start",
                condition=Q(end_date__isnull=True) | Q(end_date__gte=F("start_date")),
            ),
        ]
