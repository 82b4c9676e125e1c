"""What a case's plan wants to reach, and the conferences (会商) about it. ``restricted`` repeats the case's flag."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cases.field.enums import EntryKind, GoalState, ParticipantRole
from cases.models.case import Case
from cases.models.child import SHARED_CHILD, Child
from staff.audit import tracked
from staff.policies import RestrictedRows, RowScope
from staff.scope import ScopedManager


@tracked("cases", ids=SHARED_CHILD, exclude=("text", "measure", "outcome"), named="case_id")
class CaseGoal(models.Model):
    """目标: what shall be so, by when, and how one will know. Judged before the case is closed."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="goals")
    child = models.ForeignKey(Child, models.PROTECT, related_name="+")
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    restricted = models.BooleanField(default=False, editable=False)
    text = models.CharField(_("goal"), max_length=200)
    measure = models.CharField(_("how one will know"), max_length=200, blank=True)
    due_date = models.DateField(_("by when"))
    conference = models.ForeignKey(
        "cases.CaseConference",
        models.PROTECT,
        null=True,
        related_name="goals",
        verbose_name=_("case conference"),
    )
    state = models.CharField(_("state"), max_length=8, choices=GoalState.choices, default=GoalState.OPEN)
    outcome = models.CharField(_("what came of it"), max_length=300, blank=True)
    judged_by = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    judged_at = models.DateTimeField(null=True)

    objects = ScopedManager["CaseGoal"]()

    class Meta:
        ordering = ["case_id", "due_date", "pk"]
        verbose_name = _("goal")
        verbose_name_plural = _("goals")
        constraints = [
            RowScope(name="cases_casegoal_scope", lenses=["cases"], ids=SHARED_CHILD),
            RestrictedRows(name="cases_casegoal_named", flag="restricted", column="case_id", setting="named"),
            models.CheckConstraint(
                name="goal_judged_has_words",
                condition=Q(state="open") | (Q(judged_at__isnull=False) & ~Q(outcome="")),
                violation_error_message=_("Say what came of the goal."),
            ),
        ]

    def __str__(self) -> str:
        return self.text


@tracked("cases", ids=SHARED_CHILD, exclude=("place", "chair", "minutes", "decisions"), named="case_id")
class CaseConference(models.Model):
    """个案会商: who met, what was said and decided. Minutes are written once; later words are added below them."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="conferences")
    child = models.ForeignKey(Child, models.PROTECT, related_name="+")
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    restricted = models.BooleanField(default=False, editable=False)
    held_at = models.DateTimeField(_("when"))
    place = models.CharField(_("place"), max_length=100, blank=True)
    chair = models.CharField(_("chaired by"), max_length=60)
    minutes = models.TextField(_("minutes"), blank=True)
    decisions = models.TextField(_("what was decided"), blank=True)
    called_by = models.ForeignKey("staff.User", models.PROTECT, related_name="+")
    called_at = models.DateTimeField()
    minuted_by = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    minuted_at = models.DateTimeField(_("minutes written"), null=True)

    objects = ScopedManager["CaseConference"]()

    class Meta:
        ordering = ["case_id", "-held_at", "pk"]
        verbose_name = _("case conference")
        verbose_name_plural = _("case conferences")
        constraints = [
            RowScope(name="cases_caseconference_scope", lenses=["cases"], ids=SHARED_CHILD),
            RestrictedRows(
                name="cases_caseconference_named", flag="restricted", column="case_id", setting="named"
            ),
            models.CheckConstraint(
                name="conference_minuted_has_minutes",
                condition=Q(minuted_at__isnull=True, minutes="")
                | (Q(minuted_at__isnull=False) & ~Q(minutes="")),
            ),
        ]


@tracked("cases", ids=SHARED_CHILD, exclude=("name", "organisation"), named="case_id")
class ConferenceParticipant(models.Model):
    """Who was asked to a conference and came, or did not. ``user`` when it is somebody of the system."""

    conference = models.ForeignKey(CaseConference, models.CASCADE, related_name="participants")
    case = models.ForeignKey(Case, models.CASCADE, related_name="+")
    child = models.ForeignKey(Child, models.PROTECT, related_name="+")
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    restricted = models.BooleanField(default=False, editable=False)
    role = models.CharField(_("comes from"), max_length=14, choices=ParticipantRole.choices)
    name = models.CharField(_("name"), max_length=60)
    organisation = models.CharField(_("organisation"), max_length=80, blank=True)
    user = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    # None until the minutes say it.
    attended = models.BooleanField(_("came"), null=True)

    objects = ScopedManager["ConferenceParticipant"]()

    class Meta:
        ordering = ["conference_id", "pk"]
        verbose_name = _("participant")
        verbose_name_plural = _("participants")
        constraints = [
            RowScope(name="cases_conferenceparticipant_scope", lenses=["cases"], ids=SHARED_CHILD),
            RestrictedRows(
                name="cases_conferenceparticipant_named", flag="restricted", column="case_id", setting="named"
            ),
        ]


@tracked("cases", ids=SHARED_CHILD, exclude=("text",), named="case_id", inserts=False)
class CaseEntry(models.Model):
    """What is written down beside a plan and never changed: a new day, a review, words added to minutes, a reopening.

    The words of a restricted case's steps stand here, where only those named on it read them.
    """

    case = models.ForeignKey(Case, models.CASCADE, related_name="entries")
    child = models.ForeignKey(Child, models.PROTECT, related_name="+")
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    restricted = models.BooleanField(default=False, editable=False)
    kind = models.CharField(max_length=10, choices=EntryKind.choices)
    goal = models.ForeignKey(CaseGoal, models.CASCADE, null=True, related_name="entries")
    action = models.ForeignKey("cases.CaseAction", models.CASCADE, null=True, related_name="entries")
    conference = models.ForeignKey(CaseConference, models.CASCADE, null=True, related_name="entries")
    former_date = models.DateField(null=True)
    new_date = models.DateField(null=True)
    text = models.TextField(_("words"))
    written_by = models.ForeignKey("staff.User", models.PROTECT, related_name="+")
    written_at = models.DateTimeField()

    objects = ScopedManager["CaseEntry"]()

    class Meta:
        ordering = ["case_id", "written_at", "pk"]
        verbose_name = _("entry of a case")
        verbose_name_plural = _("entries of a case")
        constraints = [
            RowScope(name="cases_caseentry_scope", lenses=["cases"], ids=SHARED_CHILD),
            RestrictedRows(
                name="cases_caseentry_named", flag="restricted", column="case_id", setting="named"
            ),
        ]
