"""Needs and help under 养治教康 (O-26), and the ledger of help (O-30)."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cases.circumstances.enums import HelpArea, HelpForm, NeedState
from cases.models.child import SHARED_CHILD, Child
from staff.audit import tracked
from staff.policies import RowScope
from staff.scope import ScopedManager


@tracked("cases", ids=SHARED_CHILD)
class Need(models.Model):
    """需求: what a child needs."""

    child = models.ForeignKey(Child, models.CASCADE, related_name="needs")
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    area = models.CharField(_("area"), max_length=16, choices=HelpArea.choices)
    text = models.CharField(_("need"), max_length=200)
    state = models.CharField(_("state"), max_length=8, choices=NeedState.choices, default=NeedState.OPEN)
    noted_date = models.DateField(_("noted on"))
    settled_date = models.DateField(_("settled on"), null=True, blank=True)
    user = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()

    objects = ScopedManager["Need"]()

    class Meta:
        ordering = ["child_id", "area", "noted_date", "pk"]
        verbose_name = _("need")
        constraints = [RowScope(name="cases_need_scope", lenses=["cases"], ids=SHARED_CHILD)]

    def __str__(self) -> str:
        return self.text


@tracked("cases", ids=SHARED_CHILD)
class Help(models.Model):
    """帮扶: one line of the ledger: who gave what when. Money in yuan; subsidies paid by the office are not repeated here."""

    child = models.ForeignKey(Child, models.CASCADE, related_name="helps")
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    need = models.ForeignKey(
        Need, models.PROTECT, null=True, blank=True, related_name="helps", verbose_name=_("need")
    )
    area = models.CharField(_("area"), max_length=16, choices=HelpArea.choices)
    form = models.CharField(_("form"), max_length=8, choices=HelpForm.choices)
    date = models.DateField(_("date"))
    giver = models.CharField(_("given by"), max_length=80)
    what = models.CharField(_("what was given"), max_length=200)
    amount = models.DecimalField(
        _("amount or value (yuan)"), max_digits=10, decimal_places=2, null=True, blank=True
    )
    user = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()

    objects = ScopedManager["Help"]()

    class Meta:
        ordering = ["child_id", "-date", "-pk"]
        verbose_name = _("help")
        indexes = [
            models.Index(fields=["-date", "-id", "region"], name="help_by_day"),
            models.Index(fields=["child", "area", "date"], name="help_of_child"),
        ]
        constraints = [
            RowScope(name="cases_help_scope", lenses=["cases"], ids=SHARED_CHILD),
            models.CheckConstraint(
                name="help_amount_positive",
                condition=Q(amount__isnull=True) | Q(amount__gt=0),
                violation_error_message=_("The amount must be above zero."),
            ),
            models.CheckConstraint(
                name="help_money_has_amount",
                condition=~Q(form="money") | Q(amount__isnull=False),
                violation_error_message=_("Write how much money was given."),
            ),
        ]
