"""A case: an opened response with a plan."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cases.enums import RiskLevel
from cases.field.enums import FollowUp
from cases.models.child import SHARED_CHILD, Child
from cases.models.visit import Visit
from cases.visits.enums import CaseOutcome, CaseState
from cases.workflows import CASE
from staff.audit import tracked
from staff.policies import RestrictedRows, RowScope
from staff.scope import ScopedManager


@tracked("cases", ids=SHARED_CHILD, exclude=("title", "summary", "outcome_text"), named="pgh_obj_id")
class Case(models.Model):
    """个案. ``restricted`` cases (sexual abuse, HIV, reporter identity) are seen by the people named on them alone."""

    child = models.ForeignKey(Child, models.PROTECT, related_name="cases")
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    title = models.CharField(_("what it is about"), max_length=80)
    level = models.CharField(_("level"), max_length=8, choices=RiskLevel.choices)
    restricted = models.BooleanField(_("restricted to named people"), default=False)
    at_county = models.BooleanField(_("with the county"), default=False)
    summary = models.TextField(_("situation"), blank=True)
    visit = models.ForeignKey(Visit, models.PROTECT, null=True, blank=True, related_name="cases")
    state = models.CharField(_("state"), max_length=10, choices=CaseState.choices, default=CaseState.OPEN)
    opened_by = models.ForeignKey("staff.User", models.PROTECT, related_name="+")
    opened_at = models.DateTimeField(_("opened"))
    owner = models.ForeignKey(
        "staff.User", models.PROTECT, null=True, related_name="owned_cases", verbose_name=_("owner")
    )
    due_at = models.DateTimeField(_("respond by"), null=True)
    review_date = models.DateField(_("plan reviewed by"), null=True)
    closed_by = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(_("closed"), null=True)
    outcome = models.CharField(_("outcome"), max_length=20, choices=CaseOutcome.choices, blank=True)
    outcome_text = models.TextField(_("outcome in words"), blank=True)
    follow_up = models.CharField(_("what follows"), max_length=10, choices=FollowUp.choices, blank=True)

    objects = ScopedManager["Case"]()
    workflow = CASE

    class Meta:
        ordering = ["-opened_at", "-pk"]
        verbose_name = _("case")
        verbose_name_plural = _("cases")
        permissions = [("view_restricted_case", "Named on a restricted case")]
        indexes = [models.Index(fields=["child"]), models.Index(fields=["region", "state"])]
        constraints = [
            RowScope(name="cases_case_scope", lenses=["cases"], ids=SHARED_CHILD),
            RestrictedRows(name="cases_case_named", flag="restricted", column="id", setting="named"),
            models.CheckConstraint(
                name="case_closed_has_outcome",
                condition=~Q(state="closed") | (Q(closed_at__isnull=False) & ~Q(outcome="")),
                violation_error_message=_("Closing a case needs an outcome."),
            ),
        ]

    def __str__(self) -> str:
        return self.title


@tracked("cases", ids=SHARED_CHILD, exclude=("title", "note"), named="case_id")
class CaseAction(models.Model):
    """One action of a case's plan. ``restricted`` repeats the case's flag, so that no policy joins."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="actions")
    child = models.ForeignKey(Child, models.PROTECT, related_name="+")
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    restricted = models.BooleanField(default=False, editable=False)
    goal = models.ForeignKey(
        "cases.CaseGoal", models.PROTECT, null=True, related_name="actions", verbose_name=_("goal")
    )
    conference = models.ForeignKey(
        "cases.CaseConference",
        models.PROTECT,
        null=True,
        related_name="actions",
        verbose_name=_("case conference"),
    )
    title = models.CharField(_("action"), max_length=120)
    owner = models.ForeignKey(
        "staff.User", models.PROTECT, null=True, related_name="+", verbose_name=_("who")
    )
    due_date = models.DateField(_("by when"))
    done_at = models.DateTimeField(_("done"), null=True)
    note = models.CharField(_("result"), max_length=200, blank=True)

    objects = ScopedManager["CaseAction"]()

    class Meta:
        ordering = ["case_id", "due_date", "pk"]
        verbose_name = _("action")
        verbose_name_plural = _("actions")
        indexes = [
            models.Index(fields=["due_date"], condition=Q(done_at__isnull=True), name="action_to_do"),
        ]
        constraints = [
            RowScope(name="cases_caseaction_scope", lenses=["cases"], ids=SHARED_CHILD),
            RestrictedRows(
                name="cases_caseaction_named", flag="restricted", column="case_id", setting="named"
            ),
        ]
