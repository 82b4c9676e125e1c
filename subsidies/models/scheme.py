"""Subsidy schemes and their dated rates. Public data: everybody reads it, a county writes its own."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cases.enums import Placement, PrimaryCategory
from subsidies.enums import SchemeCode
from subsidies.models.signing import written_by


class Scheme(models.Model):
    """补贴项目."""

    code = models.CharField(_("code"), max_length=20, choices=SchemeCode.choices, unique=True)
    clause = models.CharField(_("legal basis"), max_length=200)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        ordering = ["code"]
        verbose_name = _("scheme")
        verbose_name_plural = _("schemes")

    def __str__(self) -> str:
        return self.get_code_display()


class SchemeRule(models.Model):
    """What a province, prefecture or county rules differently, from a day and by a document.

    ``changes`` holds only the terms that differ (keys and checks: :mod:`subsidies.terms.in_force`); everything else is inherited
    from the wider region and at last from the packaged national terms of the scheme.
    """

    scheme = models.ForeignKey(Scheme, models.PROTECT, related_name="rules", verbose_name=_("scheme"))
    region = models.ForeignKey(
        "staff.Region", models.PROTECT, db_column="region_code", related_name="+", verbose_name=_("region")
    )
    valid_from = models.DateField(_("from month"))
    valid_to = models.DateField(_("to month"), null=True, blank=True)
    document = models.CharField(_("number of the document"), max_length=120)
    changes = models.JSONField(_("what is ruled"), default=dict)
    user = models.ForeignKey("staff.User", models.PROTECT, null=True, editable=False, related_name="+")

    class Meta:
        ordering = ["scheme_id", "region_id", "valid_from", "pk"]
        verbose_name = _("rule of a scheme")
        verbose_name_plural = _("rules of schemes")
        constraints = [
            models.UniqueConstraint(fields=["scheme", "region", "valid_from"], name="scheme_rule_once_a_day"),
            models.CheckConstraint(
                name="scheme_rule_ends_after_start",
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=models.F("valid_from")),
                violation_error_message=_("The last day lies before the first day."),
            ),
            models.CheckConstraint(
                name="scheme_rule_has_document",
                condition=~Q(document=""),
                violation_error_message=_("Write the number of the document."),
            ),
        ]
        triggers = [written_by("scheme_rule_written", "clerk", "approver")]

    def __str__(self) -> str:
        return f"{self.scheme} {self.document}"


class Rate(models.Model):
    """标准: yuan a period, from the first day of a month, for a region, a placement and, if set, one category or grade.

    ``grade`` is a code of the scheme's own grades (档次), such as a stage of schooling or 义乌's three groups.
    """

    scheme = models.ForeignKey(Scheme, models.PROTECT, related_name="rates", verbose_name=_("scheme"))
    region = models.ForeignKey(
        "staff.Region", models.PROTECT, db_column="region_code", related_name="+", verbose_name=_("region")
    )
    placement = models.CharField(_("placement"), max_length=12, choices=Placement.choices)
    category = models.CharField(_("category"), max_length=30, choices=PrimaryCategory.choices, blank=True)
    grade = models.CharField(_("grade"), max_length=30, blank=True)
    amount = models.DecimalField(_("yuan a period"), max_digits=10, decimal_places=2)
    valid_from = models.DateField(_("from month"))
    valid_to = models.DateField(_("to month"), null=True, blank=True)
    source = models.CharField(_("source"), max_length=120)

    class Meta:
        ordering = ["scheme_id", "region_id", "placement", "category", "valid_from", "pk"]
        verbose_name = _("rate")
        verbose_name_plural = _("rates")
        constraints = [
            models.UniqueConstraint(
                fields=["scheme", "region", "placement", "category", "grade", "valid_from"],
                name="rate_once_a_month",
            ),
            models.CheckConstraint(name="rate_positive", condition=Q(amount__gt=0)),
        ]
        triggers = [written_by("rate_written", "clerk", "approver")]

    def __str__(self) -> str:
        return f"{self.scheme} {self.get_placement_display()} {self.amount}"
