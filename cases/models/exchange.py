"""Exchanges with other departments: what was asked for, for which purpose, who approved it, what came back."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cases.matching.enums import RequestState
from cases.workflows import DATA_REQUEST
from staff.audit import tracked
from staff.policies import RowScope
from staff.scope import ScopedManager


@tracked("cases")
class DataRequest(models.Model):
    """A list given to another department for its answer (quarterly: O-5): only the columns that it needs, watermarked.

    Records of giving personal data away are kept three years and more (网络数据安全管理条例 art 12).
    """

    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    kind = models.CharField(_("list"), max_length=20)
    period = models.DateField(_("month"))
    purpose = models.CharField(_("purpose"), max_length=200)
    basis = models.CharField(_("legal basis"), max_length=200)
    recipient = models.CharField(_("recipient"), max_length=100)
    roles = models.JSONField(default=list, help_text=_("Whom of the files: child, guardian, parent."))
    columns = models.JSONField(default=list)
    state = models.CharField(max_length=10, choices=RequestState.choices, default=RequestState.DRAFT)
    requested_by = models.ForeignKey("staff.User", models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    approved_by = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(null=True)
    reason = models.TextField(blank=True)
    file = models.ForeignKey("staff.StoredFile", models.PROTECT, null=True, related_name="+")
    row_count = models.PositiveIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    due_date = models.DateField(_("answer due"), null=True)
    feedback = models.ForeignKey("staff.StoredFile", models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True)

    objects = ScopedManager["DataRequest"]()
    workflow = DATA_REQUEST
    working_day_fields = ("due_date",)

    class Meta:
        ordering = ["-period", "-pk"]
        verbose_name = _("data request")
        verbose_name_plural = _("data requests")
        constraints = [
            RowScope(name="cases_datarequest_scope", lenses=["cases"]),
            models.CheckConstraint(
                name="request_approver_is_another",
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("requested_by")),
                violation_error_message=_("Another person approves the request."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.recipient} {self.period:%Y-%m}"
