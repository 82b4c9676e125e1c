"""Money that is asked back (追缴), and months that must be reckoned again."""

from __future__ import annotations

from decimal import Decimal

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from staff.audit import tracked
from staff.policies import RowScope, duties
from staff.scope import ScopedManager
from subsidies.ledger.enums import RecoveryPartKind, RecoveryState
from subsidies.models.entitlement import Entitlement
from subsidies.models.payment import PaymentBatch
from subsidies.models.scheme import Scheme


class Recalculation(models.Model):
    """重算: from which month on what was paid under a scheme may no longer be what is right.

    Written by triggers when a standard, a rule, an offset, an entitlement or a payment changes; taken by the next
    batch, and given back when that batch is returned.
    """

    child = models.ForeignKey("cases.Child", models.CASCADE, related_name="+")
    scheme = models.ForeignKey(Scheme, models.PROTECT, related_name="+")
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    from_month = models.DateField()
    batch = models.ForeignKey(PaymentBatch, models.PROTECT, null=True, related_name="recalculations")

    objects = ScopedManager["Recalculation"]()
    follows_child = "county"

    class Meta:
        ordering = ["child_id", "scheme_id"]
        constraints = [
            RowScope(name="subsidies_recalculation_scope", lenses=["cases", "money"]),
            models.UniqueConstraint(
                fields=["child", "scheme"], condition=Q(batch__isnull=True), name="recalculation_waits_once"
            ),
            models.UniqueConstraint(
                fields=["batch", "child"], condition=Q(batch__isnull=False), name="recalculation_taken_once"
            ),
            models.CheckConstraint(name="recalculation_month", condition=Q(from_month__day=1)),
        ]


@tracked("cases", "money")
class Recovery(models.Model):
    """追缴: one month of one child that was paid too much. ``recovered`` counts what came back, what was waived, and what
    was still open and turned out to be due after all (:mod:`subsidies.recovery.due_again`).
    """

    entitlement = models.ForeignKey(Entitlement, models.PROTECT, related_name="recoveries")
    child = models.ForeignKey("cases.Child", models.PROTECT, related_name="+")
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    scheme = models.ForeignKey(Scheme, models.PROTECT, related_name="+")
    month = models.DateField(_("month"))
    amount = models.DecimalField(_("paid too much"), max_digits=10, decimal_places=2)
    recovered = models.DecimalField(_("settled"), max_digits=10, decimal_places=2, default=0)
    # Of the amount: what turned out to be due after all, whether it was still open or had been waived.
    due_after_all = models.DecimalField(_("due after all"), max_digits=10, decimal_places=2, default=0)
    child_name = models.CharField(max_length=60)
    explanation = models.JSONField(default=dict)
    # Yuan by source of funds, as they were paid, without what turned out to be due: what comes back goes back there.
    funding = models.JSONField(default=dict)
    # Which batch found what to be due after all, by source of funds (subsidies.recovery.due_again.Use).
    uses = models.JSONField(default=list)
    state = models.CharField(
        _("state"), max_length=10, choices=RecoveryState.choices, default=RecoveryState.PROPOSED
    )
    batch = models.ForeignKey(PaymentBatch, models.PROTECT, null=True, related_name="recoveries")
    instalments = models.PositiveSmallIntegerField(_("instalments"), default=1)
    first_due_date = models.DateField(_("first instalment due"), null=True, blank=True)
    decided_by = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    note = models.CharField(_("note"), max_length=200, blank=True)

    objects = ScopedManager["Recovery"]()
    # What was paid stays with who paid (staff.moving).
    follows_child = "never"

    class Meta:
        ordering = ["-month", "pk"]
        verbose_name = _("recovery")
        verbose_name_plural = _("recoveries")
        indexes = [
            models.Index(fields=["region", "state"]),
            models.Index(fields=["child", "month"]),
            models.Index(fields=["state", "-month", "-id"], name="recovery_state_month"),
        ]
        constraints = [
            RowScope(name="subsidies_recovery_scope", lenses=["cases", "money"]),
            *duties("subsidies_recovery", "clerk", "approver", "releaser"),
            models.CheckConstraint(name="recovery_positive", condition=Q(amount__gt=0)),
            models.CheckConstraint(name="recovery_month", condition=Q(month__day=1)),
            models.CheckConstraint(
                name="recovery_within",
                condition=Q(recovered__gte=0) & Q(recovered__lte=models.F("amount")),
                violation_error_message=_("More than was paid too much."),
            ),
            models.CheckConstraint(
                name="recovery_due_within",
                condition=Q(due_after_all__gte=0) & Q(due_after_all__lte=models.F("amount")),
            ),
            models.CheckConstraint(
                name="recovery_settled_in_full",
                condition=~Q(state="settled") | Q(recovered=models.F("amount")),
            ),
            models.CheckConstraint(
                name="recovery_plan", condition=Q(instalments__gte=1) & Q(instalments__lte=60)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.child_name} {self.month:%Y-%m} {self.amount}"

    @property
    def too_much(self) -> Decimal:
        """Yuan that the month was paid too much, by what is known today."""
        return self.amount - self.due_after_all


class RecoveryPart(models.Model):
    """One instalment that came back, or a part that was waived by a document."""

    recovery = models.ForeignKey(Recovery, models.PROTECT, related_name="parts")
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    kind = models.CharField(_("kind"), max_length=10, choices=RecoveryPartKind.choices)
    amount = models.DecimalField(_("amount"), max_digits=10, decimal_places=2)
    date = models.DateField(_("date"))
    document = models.CharField(_("number of the document"), max_length=120, blank=True)
    file = models.ForeignKey("staff.StoredFile", models.PROTECT, null=True, related_name="+")
    user = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    objects = ScopedManager["RecoveryPart"]()

    class Meta:
        ordering = ["recovery_id", "date", "pk"]
        verbose_name = _("instalment")
        constraints = [
            RowScope(
                name="subsidies_recoverypart_scope",
                lenses=["cases", "money"],
                append_only=True,
                write_lenses=["money"],
            ),
            models.CheckConstraint(name="recovery_part_positive", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="recovery_waiver_has_document",
                condition=~Q(kind="waived") | ~Q(document=""),
                violation_error_message=_("Money is waived by a document. Write its number."),
            ),
        ]
        triggers = [
            # The sum is the database's: two instalments at once cannot exceed the debt (recovery_within).
            pgtrigger.Trigger(
                name="recovery_part_counts",
                level=pgtrigger.Row,
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                func="""
                    UPDATE subsidies_recovery SET recovered = recovered + NEW.amount,
                        state = CASE WHEN recovered + NEW.amount = amount THEN 'settled' ELSE state END
                    WHERE id = NEW.recovery_id AND state = 'open';
                    IF NOT FOUND THEN
                        RAISE EXCEPTION 'recovery % is not open', NEW.recovery_id
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'recovery_is_open';
                    END IF;
                    RETURN NULL;
                """,
            )
        ]
