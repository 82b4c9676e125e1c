"""How a bank wants its file, as data. No person's data."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from staff.policies import RowScope
from staff.scope import ScopedManager


class BankLayout(models.Model):
    """A county's own layout beside the packaged ones (:mod:`subsidies.bank.layouts`, where the keys are explained)."""

    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    code = models.SlugField(_("code"), max_length=30)
    name = models.CharField(_("name"), max_length=60)
    layout = models.JSONField(_("layout"), default=dict)
    is_active = models.BooleanField(_("active"), default=True)
    user = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    objects = ScopedManager["BankLayout"]()

    class Meta:
        ordering = ["region_id", "code"]
        verbose_name = _("bank layout")
        verbose_name_plural = _("bank layouts")
        constraints = [
            RowScope(name="subsidies_banklayout_scope", lenses=["money"]),
            models.UniqueConstraint(fields=["region", "code"], name="bank_layout_once"),
        ]

    def __str__(self) -> str:
        return self.name
