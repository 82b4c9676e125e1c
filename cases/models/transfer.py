"""转移: a child's file goes to another village. The sending side proposes, the receiving side accepts."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cases.circumstances.enums import TransferReason, TransferState
from cases.models.child import SHARED_CHILD, Child
from cases.workflows import TRANSFER
from staff.audit import tracked
from staff.policies import RowScope
from staff.scope import ScopedManager


@tracked("cases", ids=SHARED_CHILD)
class Transfer(models.Model):
    """Visible to both sides. ``summary`` is what the receiving side may read before it accepts: no numbers."""

    workflow = TRANSFER

    child = models.ForeignKey(Child, models.PROTECT, related_name="transfers")
    region = models.ForeignKey(
        "staff.Region", models.PROTECT, db_column="region_code", related_name="+", verbose_name=_("from")
    )
    to_region = models.ForeignKey("staff.Region", models.PROTECT, related_name="+", verbose_name=_("to"))
    state = models.CharField(
        _("state"), max_length=10, choices=TransferState.choices, default=TransferState.PROPOSED
    )
    reason_code = models.CharField(_("reason"), max_length=16, choices=TransferReason.choices)
    reason = models.TextField(_("in words"), blank=True)
    effective_date = models.DateField(_("from the day"))
    summary = models.JSONField(default=dict)
    counts = models.JSONField(default=dict)
    proposed_by = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    proposed_at = models.DateTimeField()
    decided_by = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)

    objects = ScopedManager["Transfer"]()

    # Either end of it may lie in the reader's area. The row itself stays where the file came from (staff.moving).
    scope_fields = ("region", "to_region")
    follows_child = "never"

    class Meta:
        ordering = ["-proposed_at", "-pk"]
        verbose_name = _("transfer")
        indexes = [models.Index(fields=["to_region", "state"], name="transfer_receiving")]
        constraints = [
            RowScope(
                name="cases_transfer_scope",
                lenses=["cases"],
                further=[("to_region_id", "cases")],
                ids=SHARED_CHILD,
            ),
            models.UniqueConstraint(
                fields=["child"],
                condition=Q(state="proposed"),
                name="transfer_open_once",
                violation_error_message=_("A transfer of this child is already proposed."),
            ),
            models.CheckConstraint(name="transfer_elsewhere", condition=~Q(region=F("to_region"))),
        ]
