"""Visits, their photos, and tasks to visit."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cases.enums import RiskLevel
from cases.field.enums import TaskKind, VisitSource
from cases.models.child import SHARED_CHILD, Child
from cases.visits.enums import VisitKind, VisitState
from cases.workflows import VISIT
from staff.audit import tracked
from staff.policies import RowScope
from staff.scope import ScopedManager


@tracked("cases", ids=SHARED_CHILD)
class Visit(models.Model):
    """走访: one contact with a child or those who raise it. ``uuid`` is made by the client, so that sending twice is harmless.

    ``form_code`` and ``form_version`` name the question set that was answered (cases/questions); ``concern`` is the level
    of what was found, empty when nothing was. ``sendings`` are the ids of the sendings that were taken in, so that a
    repeated one changes nothing; ``photos_awaited`` those of photos that are still on their way.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    child = models.ForeignKey(Child, models.PROTECT, related_name="visits")
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    kind = models.CharField(_("kind of visit"), max_length=10, choices=VisitKind.choices)
    visited_at = models.DateTimeField(_("time of visit"))
    people_met = models.JSONField(_("who was met"), default=list)
    answers = models.JSONField(_("focus questions"), default=dict)
    problems = models.JSONField(_("problems found"), default=dict)
    text = models.TextField(_("what was found"), blank=True)
    risk_before = models.CharField(max_length=8, choices=RiskLevel.choices)
    risk = models.CharField(_("risk"), max_length=8, choices=RiskLevel.choices)
    next_visit_date = models.DateField(_("next visit"), null=True, blank=True)
    form_code = models.CharField(_("form"), max_length=40, default="regular")
    form_version = models.PositiveSmallIntegerField(default=1)
    concern = models.CharField(_("concern"), max_length=8, choices=RiskLevel.choices, blank=True)
    source = models.CharField(
        _("source"), max_length=5, choices=VisitSource.choices, default=VisitSource.PAGE
    )
    entered_by = models.ForeignKey(
        "staff.User", models.PROTECT, null=True, related_name="+", verbose_name=_("copied from paper by")
    )
    started_at = models.DateTimeField(_("begun writing"), null=True)
    written_at = models.DateTimeField(_("finished writing"), null=True)
    stack = models.ForeignKey(
        "cases.VisitStack",
        models.PROTECT,
        null=True,
        related_name="visits",
        verbose_name=_("stack of sheets"),
    )
    sendings = models.JSONField(default=list)
    photos_awaited = models.JSONField(default=list)
    state = models.CharField(_("state"), max_length=10, choices=VisitState.choices, default=VisitState.DRAFT)
    conducted_by = models.ForeignKey(
        "staff.User", models.PROTECT, related_name="visits", verbose_name=_("visited by")
    )
    submitted_at = models.DateTimeField(_("submitted"), null=True)
    reviewed_by = models.ForeignKey(
        "staff.User", models.PROTECT, null=True, related_name="+", verbose_name=_("reviewed by")
    )
    reviewed_at = models.DateTimeField(_("reviewed"), null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ScopedManager["Visit"]()
    workflow = VISIT

    class Meta:
        ordering = ["-visited_at", "-pk"]
        verbose_name = _("visit")
        verbose_name_plural = _("visits")
        indexes = [
            models.Index(fields=["state", "region"], name="visit_queue", condition=~Q(state="approved")),
            models.Index(fields=["child", "-visited_at"]),
            models.Index(fields=["region", "visited_at"]),
            models.Index(fields=["conducted_by", "state"]),
        ]
        constraints = [
            RowScope(name="cases_visit_scope", lenses=["cases"], ids=SHARED_CHILD),
            models.CheckConstraint(
                name="visit_submitted_has_time",
                condition=Q(state="draft") | Q(submitted_at__isnull=False),
            ),
            models.CheckConstraint(
                name="visit_reviewer_is_another",
                condition=Q(reviewed_by__isnull=True) | ~Q(reviewed_by=models.F("conducted_by")),
                violation_error_message=_("A visit is reviewed by another person."),
            ),
            models.CheckConstraint(
                name="visit_reviewer_did_not_copy_it",
                condition=Q(reviewed_by__isnull=True)
                | Q(entered_by__isnull=True)
                | ~Q(reviewed_by=models.F("entered_by")),
                violation_error_message=_("A visit is reviewed by another person."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.visited_at:%Y-%m-%d}"


class VisitPhoto(models.Model):
    """A photo of a visit; the bytes are a StoredFile.

    ``uuid`` is made by the phone. ``sha256`` is of the bytes as they were sent, ``fingerprint`` of what is seen (64 bits
    as a signed number), so that a picture used twice is found.
    """

    visit = models.ForeignKey(Visit, models.CASCADE, related_name="photos")
    child = models.ForeignKey(Child, models.PROTECT, related_name="+")
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    file = models.ForeignKey("staff.StoredFile", models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField(default=0)
    uuid = models.UUIDField(null=True, unique=True, editable=False)
    sha256 = models.CharField(max_length=64, blank=True)
    fingerprint = models.BigIntegerField(null=True)

    objects = ScopedManager["VisitPhoto"]()

    class Meta:
        ordering = ["visit_id", "position", "pk"]
        indexes = [models.Index(fields=["region", "fingerprint"], name="visitphoto_fingerprint")]
        constraints = [RowScope(name="cases_visitphoto_scope", lenses=["cases"], ids=SHARED_CHILD)]


@tracked("cases", ids=SHARED_CHILD)
class VisitTask(models.Model):
    """A visit, or an assessment, somebody asked for beside the regular interval, e.g. after a list discrepancy.

    ``visitor`` is who is to make it when that is not the village's director.
    """

    child = models.ForeignKey(Child, models.PROTECT, related_name="visit_tasks")
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    kind = models.CharField(
        _("what is asked for"), max_length=8, choices=TaskKind.choices, default=TaskKind.VISIT
    )
    due_date = models.DateField(_("due"))
    reason = models.CharField(_("what for"), max_length=200)
    visitor = models.ForeignKey(
        "staff.User", models.PROTECT, null=True, related_name="+", verbose_name=_("who visits")
    )
    asked_by = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    asked_at = models.DateTimeField()
    visit = models.ForeignKey(Visit, models.PROTECT, null=True, related_name="tasks")
    done_at = models.DateTimeField(null=True)

    objects = ScopedManager["VisitTask"]()

    class Meta:
        ordering = ["due_date", "pk"]
        constraints = [RowScope(name="cases_visittask_scope", lenses=["cases"], ids=SHARED_CHILD)]
