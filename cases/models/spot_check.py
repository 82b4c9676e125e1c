"""Whether visits were made as written: calls drawn at random, and marks on visits that look copied."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cases.field.enums import MarkCode, MarkVerdict, SpotCheckState
from cases.models.child import SHARED_CHILD, Child
from cases.models.visit import Visit
from cases.workflows import SPOT_CHECK
from staff.audit import tracked
from staff.policies import RowScope, envelope
from staff.scope import ScopedManager

# Who checks visits reads totals too; a director, whose visits are checked, does not. What is still open is for them alone.
CHECKERS = envelope("totals")
DECIDED = f"(state IN ('confirmed', 'contradicted') OR {CHECKERS})"
LOOKED = f"(looked_at IS NOT NULL OR {CHECKERS})"


@tracked(when=((DECIDED, "cases"),))
class SpotCheck(models.Model):
    """电话抽查: a door visit drawn at random, to be confirmed with the family by phone.

    The database shows it to directors once it is decided, so that nobody can ring the family first.
    """

    visit = models.OneToOneField(Visit, models.CASCADE, related_name="spot_check")
    child = models.ForeignKey(Child, models.PROTECT, related_name="+")
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    visited_by = models.ForeignKey("staff.User", models.PROTECT, related_name="+")
    state = models.CharField(max_length=12, choices=SpotCheckState.choices, default=SpotCheckState.DRAWN)
    drawn_at = models.DateTimeField()
    due_date = models.DateField(_("due"))
    spoke_with = models.CharField(_("spoke with"), max_length=60, blank=True)
    answers = models.JSONField(default=dict)
    words = models.CharField(_("what they said"), max_length=300, blank=True)
    checked_by = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    checked_at = models.DateTimeField(null=True)

    objects = ScopedManager["SpotCheck"]()
    workflow = SPOT_CHECK
    working_day_fields = ("due_date",)
    follows_child = "always"

    class Meta:
        ordering = ["due_date", "pk"]
        verbose_name = _("spot check")
        verbose_name_plural = _("spot checks")
        indexes = [models.Index(fields=["state", "region", "due_date"], name="spot_check_queue")]
        constraints = [
            RowScope(name="cases_spotcheck_scope", when=[(DECIDED, "cases")]),
            models.CheckConstraint(
                name="spot_check_by_another",
                condition=Q(checked_by__isnull=True) | ~Q(checked_by=F("visited_by")),
                violation_error_message=_("Another person than the visitor calls."),
            ),
        ]


@tracked(when=((LOOKED, "cases"),))
class VisitMark(models.Model):
    """Something about a visit that asks for a look. ``detail`` are plain values for its sentence, such as the other visit's id.

    Directors see it once somebody has looked.
    """

    visit = models.ForeignKey(Visit, models.CASCADE, related_name="marks")
    child = models.ForeignKey(Child, models.PROTECT, related_name="+")
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    code = models.CharField(max_length=12, choices=MarkCode.choices)
    detail = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    verdict = models.CharField(max_length=10, choices=MarkVerdict.choices, blank=True)
    words = models.CharField(max_length=300, blank=True)
    looked_by = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    looked_at = models.DateTimeField(null=True)

    objects = ScopedManager["VisitMark"]()
    follows_child = "always"

    class Meta:
        ordering = ["visit_id", "code"]
        indexes = [models.Index(fields=["region"], name="visit_mark_open", condition=Q(looked_at=None))]
        constraints = [
            RowScope(name="cases_visitmark_scope", when=[(LOOKED, "cases")]),
            models.UniqueConstraint(fields=["visit", "code"], name="visitmark_once"),
            models.CheckConstraint(
                name="visitmark_looked_has_verdict", condition=Q(looked_at__isnull=True) | ~Q(verdict="")
            ),
        ]


class VisitTrace(models.Model):
    """What a visit is found again by: keys of 64 bits, made of its words and pictures in bands (cases/checks/likeness.py).

    Visits that share one are compared; the key says nothing by itself. Replaced whenever the visit is handed in.
    """

    visit = models.ForeignKey(Visit, models.CASCADE, related_name="+")
    photo = models.ForeignKey("cases.VisitPhoto", models.CASCADE, null=True, related_name="+")
    child = models.ForeignKey(Child, models.PROTECT, related_name="+")
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    key = models.BigIntegerField()

    objects = ScopedManager["VisitTrace"]()

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["key", "region"], name="visit_trace_key")]
        constraints = [RowScope(name="cases_visittrace_scope", lenses=["cases"], ids=SHARED_CHILD)]
