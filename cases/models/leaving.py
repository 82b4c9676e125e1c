"""How a child left the register, with the paper that says so."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cases.enums import LeaveReason
from cases.models.child import SHARED_CHILD, Child
from staff.audit import tracked
from staff.crypto import EncryptedField
from staff.policies import RowScope
from staff.scope import ScopedManager


@tracked("cases", ids=SHARED_CHILD)
class Leaving(models.Model):
    """减员: one leaving of the register. What was entered in error is taken back and stays to be read."""

    child = models.ForeignKey(Child, models.CASCADE, related_name="leavings")
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    day = models.DateField(_("left on"))
    reason_code = models.CharField(_("reason"), max_length=2, choices=LeaveReason.choices)
    document = models.CharField(_("number of the document"), max_length=120, blank=True)
    # 死亡原因, 处理方式 (NAT); the cause may tell of the child's health.
    cause = EncryptedField(verbose_name=_("cause of death"))
    handling = models.CharField(_("how it was handled"), max_length=200, blank=True)
    destination = models.CharField(_("where to"), max_length=120, blank=True)
    text = models.CharField(_("details"), max_length=300, blank=True)
    last_pay_month = models.DateField(_("last month of pay"), null=True, blank=True)
    next_visit_date = models.DateField(null=True, editable=False)
    left_by = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    left_at = models.DateTimeField()
    reversed_by = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    reversed_at = models.DateTimeField(null=True)
    reversed_reason = models.CharField(_("why it was taken back"), max_length=300, blank=True)

    objects = ScopedManager["Leaving"]()

    class Meta:
        ordering = ["child_id", "-left_at", "-pk"]
        verbose_name = _("leaving of the register")
        constraints = [
            RowScope(name="cases_leaving_scope", lenses=["cases"], ids=SHARED_CHILD),
            models.UniqueConstraint(
                fields=["child"], condition=Q(reversed_at__isnull=True), name="left_once"
            ),
            models.CheckConstraint(
                name="leaving_reversed_with_reason",
                condition=Q(reversed_at__isnull=True) | ~Q(reversed_reason=""),
            ),
        ]

    def __str__(self) -> str:
        return self.get_reason_code_display()
