"""Maintained settings: the holiday calendar and the dated parameters of counties. Public data, no policy."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Holiday(models.Model):
    """A day that differs from the calendar library: a holiday on a weekday, or a working day at a week's end."""

    date = models.DateField(_("date"), unique=True)
    is_working = models.BooleanField(_("is a working day"))
    name = models.CharField(_("name"), max_length=40)
    source = models.CharField(
        _("document"), max_length=120, blank=True, help_text=_("The notice that says so.")
    )

    class Meta:
        ordering = ["date"]
        verbose_name = _("calendar exception")
        verbose_name_plural = _("calendar exceptions")

    def __str__(self) -> str:
        return f"{self.date} {self.name}"


class Parameter(models.Model):
    """A dated parameter of a county, prefecture or province. Keys and defaults: :mod:`staff.parameters`."""

    region = models.ForeignKey(
        "staff.Region", models.PROTECT, db_column="region_code", related_name="+", verbose_name=_("region")
    )
    key = models.CharField(_("parameter"), max_length=40)
    value = models.JSONField(_("value"))
    valid_from = models.DateField(_("valid from"))
    valid_to = models.DateField(_("valid to"), null=True, blank=True)
    source = models.CharField(_("source"), max_length=120, help_text=_("Document and clause that sets it."))

    class Meta:
        ordering = ["region_id", "key", "valid_from"]
        verbose_name = _("parameter")
        verbose_name_plural = _("parameters")
        constraints = [
            models.UniqueConstraint(fields=["region", "key", "valid_from"], name="parameter_once_a_day"),
            models.CheckConstraint(
                name="parameter_ends_after_start",
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=models.F("valid_from")),
                violation_error_message=_("The last day lies before the first day."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key} = {self.value}"
