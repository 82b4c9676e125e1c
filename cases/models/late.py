"""What those above the director did about a late visit."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cases.field.enums import LateAct
from cases.models.child import SHARED_CHILD, Child
from cases.models.visit import VisitTask
from cases.visits.enums import OverdueLevel
from staff.audit import tracked
from staff.policies import RowScope
from staff.scope import ScopedManager


@tracked("cases", ids=SHARED_CHILD)
class LateStep(models.Model):
    """超期处理: one act about the visit that was due on ``due_date``. Kept with its words; the visit stays late until it is made."""

    child = models.ForeignKey(Child, models.CASCADE, related_name="late_steps")
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    due_date = models.DateField(_("due"))
    level = models.CharField(_("level"), max_length=10, choices=OverdueLevel.choices)
    act = models.CharField(_("what was done"), max_length=8, choices=LateAct.choices)
    words = models.CharField(_("words"), max_length=300)
    visitor = models.ForeignKey(
        "staff.User", models.PROTECT, null=True, related_name="+", verbose_name=_("who visits")
    )
    task = models.ForeignKey(VisitTask, models.PROTECT, null=True, related_name="late_steps")
    shared = models.BooleanField(default=False, editable=False)
    taken_by = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    taken_at = models.DateTimeField()

    objects = ScopedManager["LateStep"]()

    class Meta:
        ordering = ["-taken_at", "-pk"]
        verbose_name = _("step about a late visit")
        indexes = [models.Index(fields=["child", "due_date"], name="latestep_visit")]
        constraints = [
            RowScope(name="cases_latestep_scope", lenses=["cases"], ids=SHARED_CHILD),
            models.CheckConstraint(
                name="latestep_visit_has_visitor",
                condition=Q(act="explain") | Q(visitor__isnull=False),
            ),
        ]
