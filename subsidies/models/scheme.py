"""Subsidy schemes and their dated rates. Public data, no policy."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cases.enums import Placement, PrimaryCategory
from subsidies.enums import SchemeCode


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


class Rate(models.Model):
    """标准: yuan a month, from the first day of a month, for a region, a placement and, if set, one category."""

    scheme = models.ForeignKey(Scheme, models.PROTECT, related_name="rates", verbose_name=_("scheme"))
    region = models.ForeignKey(
        "staff.Region", models.PROTECT, db_column="region_code", related_name="+", verbose_name=_("region")
    )
    placement = models.CharField(_("placement"), max_length=12, choices=Placement.choices)
    category = models.CharField(_("category"), max_length=30, choices=PrimaryCategory.choices, blank=True)
    amount = models.DecimalField(_("yuan a month"), max_digits=10, decimal_places=2)
    valid_from = models.DateField(_("from month"))
    valid_to = models.DateField(_("to month"), null=True, blank=True)
    source = models.CharField(_("source"), max_length=120)

    class Meta:
        ordering = ["scheme_id", "region_id", "placement", "category", "valid_from", "pk"]
        verbose_name = _("rate")
        verbose_name_plural = _("rates")
        constraints = [
            models.UniqueConstraint(
                fields=["scheme", "region", "placement", "category", "valid_from"], name="rate_once_a_month"
            ),
            models.CheckConstraint(name="rate_positive", condition=Q(amount__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.scheme} {self.get_placement_display()} {self.amount}"
