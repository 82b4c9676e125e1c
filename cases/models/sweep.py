"""Sweeps (排查, 一年两排): everybody of a place is visited within some weeks, and how far it has come."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from staff.policies import RowScope
from staff.scope import ScopedManager


class Sweep(models.Model):
    """A campaign of visits below ``region``. ``whom`` narrows it: ``{"categories": [...], "risks": [...]}``; empty is everyone.

    A visit counts when it was made on one of the days and has been handed in. Names no child.
    """

    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    title = models.CharField(_("title"), max_length=80)
    document = models.CharField(_("document"), max_length=120, blank=True)
    start_date = models.DateField(_("from"))
    end_date = models.DateField(_("to"))
    whom = models.JSONField(default=dict)
    form_code = models.CharField(_("form"), max_length=40, blank=True)
    asked_by = models.ForeignKey("staff.User", models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    closed_by = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(_("closed"), null=True)

    objects = ScopedManager["Sweep"]()

    class Meta:
        ordering = ["-start_date", "-pk"]
        verbose_name = _("sweep")
        verbose_name_plural = _("sweeps")
        constraints = [
            RowScope(name="cases_sweep_scope", everyone=True, write_lenses=["cases"]),
            models.CheckConstraint(
                name="sweep_ends_after_start",
                condition=Q(end_date__gte=F("start_date")),
                violation_error_message=_("The last day lies before the first day."),
            ),
        ]

    def __str__(self) -> str:
        return self.title


class SweepCoverage(models.Model):
    """What a closed sweep had reached in one village; frozen, so that the report stays what was reported."""

    sweep = models.ForeignKey(Sweep, models.PROTECT, related_name="coverage")
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    children = models.PositiveIntegerField()
    visited = models.PositiveIntegerField()
    found = models.PositiveIntegerField(_("with something found"), default=0)

    objects = ScopedManager["SweepCoverage"]()

    class Meta:
        ordering = ["sweep_id", "region_id"]
        constraints = [
            RowScope(
                name="cases_sweepcoverage_scope",
                lenses=["cases", "totals"],
                append_only=True,
                write_lenses=["cases"],
            ),
            models.UniqueConstraint(fields=["sweep", "region"], name="sweepcoverage_once"),
            models.CheckConstraint(
                name="sweepcoverage_visited_of_all", condition=Q(visited__lte=F("children"))
            ),
        ]
