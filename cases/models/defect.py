"""What a child lacks, followed until it is solved (O-44)."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cases.circumstances.enums import DefectKind, DefectSource, DefectState
from cases.models.child import SHARED_CHILD, Child
from cases.workflows import DEFECT
from staff.audit import tracked
from staff.policies import RowScope
from staff.scope import ScopedManager


@tracked("cases", ids=SHARED_CHILD)
class Defect(models.Model):
    """缺项: no identity number, no household registration, out of school, no guardian. Open at most once a kind."""

    workflow = DEFECT

    child = models.ForeignKey(Child, models.CASCADE, related_name="defects")
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    kind = models.CharField(_("defect"), max_length=16, choices=DefectKind.choices)
    state = models.CharField(_("state"), max_length=10, choices=DefectState.choices, default=DefectState.OPEN)
    source = models.CharField(
        _("came to light"), max_length=10, choices=DefectSource.choices, default=DefectSource.REGISTER
    )
    note = models.CharField(_("how it showed"), max_length=200, blank=True)
    owner = models.ForeignKey(
        "staff.User", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("responsible")
    )
    opened_date = models.DateField(_("opened on"))
    due_date = models.DateField(_("due"))
    solved_date = models.DateField(_("solved on"), null=True, blank=True)
    solved_by = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    solved_at = models.DateTimeField(null=True)
    exempt_until = models.DateField(
        _("not asked again before"),
        null=True,
        blank=True,
        help_text=_("Of a defect that was none or is exempt."),
    )
    checked_by = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    checked_at = models.DateTimeField(null=True)

    objects = ScopedManager["Defect"]()

    class Meta:
        ordering = ["due_date", "pk"]
        verbose_name = _("defect")
        indexes = [
            models.Index(
                fields=["region", "due_date", "id"],
                name="defect_region_due",
                condition=Q(state__in=("open", "followed", "solved")),
            ),
            # The list of a county is read in this order, whatever its size.
            models.Index(
                fields=["due_date", "id"],
                name="defect_due",
                condition=Q(state__in=("open", "followed", "solved")),
            ),
            models.Index(fields=["region", "kind", "state"], name="defect_counts"),
        ]
        constraints = [
            RowScope(name="cases_defect_scope", lenses=["cases"], ids=SHARED_CHILD),
            models.UniqueConstraint(
                fields=["child", "kind"],
                condition=Q(state__in=("open", "followed", "solved")),
                name="defect_open_once",
                violation_error_message=_("This defect is already being followed."),
            ),
            models.CheckConstraint(
                name="defect_solved_has_day",
                condition=~Q(state__in=("solved", "closed")) | Q(solved_date__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.get_kind_display()


@tracked("cases", ids=SHARED_CHILD)
class DefectStep(models.Model):
    """One thing done about a defect."""

    defect = models.ForeignKey(Defect, models.CASCADE, related_name="steps")
    child = models.ForeignKey(Child, models.CASCADE, related_name="+")
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    date = models.DateField(_("date"))
    text = models.TextField(_("what was done"))
    user = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()

    objects = ScopedManager["DefectStep"]()

    class Meta:
        ordering = ["defect_id", "date", "pk"]
        constraints = [RowScope(name="cases_defectstep_scope", lenses=["cases"], ids=SHARED_CHILD)]
