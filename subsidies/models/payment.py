"""Payment batches, payments with frozen context, bank files and bank results."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cases import identity
from staff.audit import tracked
from staff.crypto import EncryptedField
from staff.policies import Duty, RowScope
from staff.scope import ScopedManager
from subsidies.enums import (
    BatchKind,
    BatchState,
    FailReason,
    HoldReason,
    IssueKind,
    PaymentKind,
    PaymentState,
)
from subsidies.models.entitlement import Entitlement
from subsidies.models.payment_triggers import (
    ADDED_LINES,
    BATCH_STEPS,
    FROZEN_LINE,
    KEPT_LINE,
    PAYMENT_MARKS,
    RELEASER,
    SCHOOL_YEAR,
)
from subsidies.models.scheme import Scheme
from subsidies.models.signing import signed_by_themselves
from subsidies.workflows import BATCH

# Who works out a month, and who changes what becomes of it; everybody else reads what the row scope shows.
PREPARERS = ("clerk",)
HANDLERS = ("clerk", "approver", "releaser")


@tracked("money")
class PaymentBatch(models.Model):
    """发放批次: one month of one scheme in one county. Prepared, approved and released by three people."""

    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    scheme = models.ForeignKey(Scheme, models.PROTECT, related_name="+")
    month = models.DateField(_("month"))
    number = models.CharField(_("batch number"), max_length=30)
    kind = models.CharField(_("kind"), max_length=8, choices=BatchKind.choices, default=BatchKind.REGULAR)
    state = models.CharField(
        _("state"), max_length=12, choices=BatchState.choices, default=BatchState.PREPARED
    )
    # What goes to the bank: lines held back and lines of nothing are not counted.
    line_count = models.PositiveIntegerField(default=0)
    child_count = models.PositiveIntegerField(default=0)
    total = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    # The total by source of funds, yuan as text: {"central": "1550.00", …}.
    funding = models.JSONField(default=dict)
    # Month → digest of the standards and rules it was reckoned with: a later batch sees what has changed since.
    rule_digests = models.JSONField(default=dict)
    over_budget_note = models.CharField(
        max_length=200, blank=True, help_text=_("Why it was approved although funds do not suffice.")
    )
    release_proof = models.CharField(
        max_length=20, blank=True, help_text=_("How the releaser proved who they are.")
    )
    prepared_by = models.ForeignKey("staff.User", models.PROTECT, related_name="+")
    prepared_at = models.DateTimeField()
    approved_by = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(null=True)
    released_by = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    released_at = models.DateTimeField(null=True)
    reconciled_at = models.DateTimeField(null=True)
    reconciled_by = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")

    objects = ScopedManager["PaymentBatch"]()
    workflow = BATCH

    class Meta:
        ordering = ["-month", "-pk"]
        verbose_name = _("payment batch")
        verbose_name_plural = _("payment batches")
        constraints = [
            RowScope(name="subsidies_paymentbatch_scope", lenses=["money"]),
            Duty(name="subsidies_paymentbatch_add", act="INSERT", roles=PREPARERS),
            Duty(name="subsidies_paymentbatch_change", act="UPDATE", roles=HANDLERS),
            Duty(name="subsidies_paymentbatch_remove", act="DELETE", roles=PREPARERS),
            models.UniqueConstraint(fields=["region", "number"], name="batch_number_once"),
            models.UniqueConstraint(
                fields=["region", "scheme", "month"],
                condition=~Q(state="returned") & Q(kind="regular"),
                name="batch_once_a_month",
            ),
            models.CheckConstraint(
                name="batch_approver_is_another",
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("prepared_by")),
                violation_error_message=_(
                    "A batch is approved by another person than the one who prepared it."
                ),
            ),
            models.CheckConstraint(
                name="batch_releaser_is_another",
                condition=Q(released_by__isnull=True)
                | (
                    ~Q(released_by=F("prepared_by"))
                    & ~Q(released_by=F("approved_by"))
                    & Q(approved_by__isnull=False)
                ),
                violation_error_message=_("A batch is released by a third person, after approval."),
            ),
            models.CheckConstraint(name="batch_month", condition=Q(month__day=1)),
            models.CheckConstraint(
                name="batch_is_signed",
                condition=Q(state__in=["prepared", "returned"])
                | Q(state="approved", approved_by__isnull=False)
                | Q(approved_by__isnull=False, released_by__isnull=False),
            ),
            models.CheckConstraint(
                name="batch_release_is_proved", condition=Q(released_by__isnull=True) | ~Q(release_proof="")
            ),
        ]
        triggers = [
            BATCH_STEPS,
            RELEASER,
            signed_by_themselves("batch_signed", "approved_by_id", "released_by_id"),
        ]

    def __str__(self) -> str:
        return self.number


@tracked("money", inserts=False)
class Payment(models.Model):
    """一笔: one payee, one month. Everything that explains it is frozen here when the batch is prepared."""

    # Each of these is the first column of an index below, or of no use in one: every index is paid for by every line.
    batch = models.ForeignKey(PaymentBatch, models.PROTECT, related_name="payments", db_index=False)
    entitlement = models.ForeignKey(Entitlement, models.PROTECT, related_name="payments")
    child = models.ForeignKey("cases.Child", models.PROTECT, related_name="payments", db_index=False)
    region = models.ForeignKey(
        "staff.Region", models.PROTECT, db_column="region_code", related_name="+", db_index=False
    )
    scheme = models.ForeignKey(Scheme, models.PROTECT, related_name="+", db_index=False)
    line = models.PositiveIntegerField(_("line"))
    month = models.DateField(_("month"))
    kind = models.CharField(
        _("kind"), max_length=10, choices=PaymentKind.choices, default=PaymentKind.REGULAR
    )
    sequence = models.PositiveSmallIntegerField(
        default=0, help_text=_("0 for the regular line, 1, 2, … for arrears of the same month.")
    )
    standard = models.DecimalField(_("standard"), max_digits=10, decimal_places=2)
    amount = models.DecimalField(_("amount"), max_digits=10, decimal_places=2)
    # Yuan from each source of funds (subsidies.ledger.enums.Source); together the amount.
    from_central = models.DecimalField(max_digits=10, decimal_places=2, default=0)
    from_provincial = models.DecimalField(max_digits=10, decimal_places=2, default=0)
    from_prefecture = models.DecimalField(max_digits=10, decimal_places=2, default=0)
    from_county = models.DecimalField(max_digits=10, decimal_places=2, default=0)
    from_lottery = models.DecimalField(max_digits=10, decimal_places=2, default=0)
    # The failed line that this one pays again.
    repays = models.ForeignKey("self", models.PROTECT, null=True, related_name="repaid_by", db_index=False)
    explanation = models.JSONField(default=dict)
    child_name = models.CharField(max_length=60)
    identity_number = EncryptedField()
    category = models.CharField(max_length=30)
    placement = models.CharField(max_length=12)
    grade = models.CharField(max_length=30, blank=True)
    payee_name = models.CharField(max_length=60)
    payee_relation = models.CharField(max_length=20)
    bank_name = models.CharField(max_length=80)
    account = EncryptedField()
    account_digest = models.BinaryField(max_length=32, null=True)
    state = models.CharField(
        _("state"), max_length=10, choices=PaymentState.choices, default=PaymentState.PREPARED
    )
    hold_reason = models.CharField(max_length=20, choices=HoldReason.choices, blank=True)
    fail_reason = models.CharField(max_length=20, choices=FailReason.choices, blank=True)
    bank_message = models.CharField(max_length=120, blank=True)
    paid_date = models.DateField(null=True)
    cancelled = models.BooleanField(
        default=False, help_text=_("Belonged to a batch that was returned before release.")
    )

    objects = ScopedManager["Payment"]()
    # What was paid stays with who paid (staff.moving).
    follows_child = "never"

    class Meta:
        ordering = ["batch_id", "line"]
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        indexes = [models.Index(fields=["child", "month"]), models.Index(fields=["region", "month"])]
        constraints = [
            # Who sees children sees what they were paid; only who works with money writes it.
            RowScope(name="subsidies_payment_scope", lenses=["cases", "money"], write_lenses=["money"]),
            Duty(name="subsidies_payment_add", act="INSERT", roles=PREPARERS),
            Duty(name="subsidies_payment_change", act="UPDATE", roles=HANDLERS),
            Duty(name="subsidies_payment_remove", act="DELETE", roles=PREPARERS),
            models.UniqueConstraint(
                fields=["entitlement", "month"],
                condition=Q(kind="regular", cancelled=False),
                name="payment_regular_once_a_month",
                violation_error_message=_("This month is already paid for this entitlement."),
            ),
            models.UniqueConstraint(
                fields=["child", "scheme", "month"],
                condition=Q(kind="regular", cancelled=False),
                name="payment_child_once_a_month",
                violation_error_message=_("This month is already paid for this child."),
            ),
            # Two people who work out the same arrears at once reach the same sequence: one of them is refused.
            models.UniqueConstraint(
                fields=["child", "scheme", "month", "sequence"],
                condition=Q(kind="arrears", cancelled=False),
                name="payment_arrears_once",
                violation_error_message=_("These arrears are already being paid."),
            ),
            models.CheckConstraint(
                name="payment_sequence",
                condition=Q(kind="regular", sequence=0) | Q(kind="arrears", sequence__gt=0),
            ),
            models.UniqueConstraint(fields=["batch", "line"], name="payment_line_once"),
            models.CheckConstraint(
                name="payment_nothing_is_zero",
                condition=Q(amount__gt=0) & ~Q(state="nothing") | Q(amount=0, state="nothing"),
            ),
            models.CheckConstraint(
                name="payment_held_has_reason", condition=~Q(state="held") | ~Q(hold_reason="")
            ),
            models.CheckConstraint(name="payment_not_negative", condition=Q(amount__gte=0)),
            models.CheckConstraint(
                name="payment_sources_make_amount",
                condition=Q(
                    amount=F("from_central")
                    + F("from_provincial")
                    + F("from_prefecture")
                    + F("from_county")
                    + F("from_lottery")
                )
                & Q(from_central__gte=0)
                & Q(from_provincial__gte=0)
                & Q(from_prefecture__gte=0)
                & Q(from_county__gte=0)
                & Q(from_lottery__gte=0),
            ),
            models.UniqueConstraint(
                fields=["repays"],
                condition=Q(repays__isnull=False, cancelled=False),
                name="payment_repaid_once",
                violation_error_message=_("This line is being paid again already."),
            ),
            models.CheckConstraint(name="payment_month", condition=Q(month__day=1)),
            models.CheckConstraint(
                name="payment_failed_has_reason", condition=~Q(state="failed") | ~Q(fail_reason="")
            ),
            models.CheckConstraint(
                name="payment_paid_has_date", condition=~Q(state="paid") | Q(paid_date__isnull=False)
            ),
        ]
        triggers = [ADDED_LINES, FROZEN_LINE, KEPT_LINE, SCHOOL_YEAR, *PAYMENT_MARKS]

    @property
    def identity_mask(self) -> str:
        """The child's identity number as it was, as screens and papers show it; empty when there was none."""
        return identity.mask(self.identity_number) if self.identity_number else ""


@tracked("money")
class BatchIssue(models.Model):
    """异常: what an approver must know about a line. The clerk explains it in a note, or the line is held back."""

    batch = models.ForeignKey(PaymentBatch, models.PROTECT, related_name="issues")
    payment = models.ForeignKey(Payment, models.PROTECT, null=True, related_name="issues")
    entitlement = models.ForeignKey(Entitlement, models.PROTECT, related_name="+")
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    kind = models.CharField(_("exception"), max_length=20, choices=IssueKind.choices)
    child_name = models.CharField(max_length=60)
    detail = models.JSONField(default=dict)
    note = models.CharField(_("clerk's note"), max_length=200, blank=True)
    noted_by = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    noted_at = models.DateTimeField(null=True)

    objects = ScopedManager["BatchIssue"]()

    class Meta:
        ordering = ["batch_id", "kind", "pk"]
        verbose_name = _("exception")
        verbose_name_plural = _("exceptions")
        constraints = [
            RowScope(name="subsidies_batchissue_scope", lenses=["money"]),
            models.UniqueConstraint(fields=["batch", "entitlement", "kind"], name="batch_issue_once"),
        ]


class BankFile(models.Model):
    """A file sent to the bank: exact bytes archived with their sha256; every line is a Payment."""

    batch = models.ForeignKey(PaymentBatch, models.PROTECT, related_name="bank_files")
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    format = models.CharField(max_length=5)
    layout_code = models.CharField(max_length=30, default="")
    layout_name = models.CharField(max_length=60, default="")
    file = models.ForeignKey("staff.StoredFile", models.PROTECT, related_name="+")
    line_count = models.PositiveIntegerField()
    total = models.DecimalField(max_digits=14, decimal_places=2)
    made_at = models.DateTimeField()

    objects = ScopedManager["BankFile"]()

    class Meta:
        ordering = ["batch_id", "layout_code"]
        constraints = [
            RowScope(name="subsidies_bankfile_scope", lenses=["money"], append_only=True),
            models.UniqueConstraint(fields=["batch", "layout_code"], name="bank_file_once"),
        ]


class BankResult(models.Model):
    """A result file of the bank. The same file twice changes nothing."""

    batch = models.ForeignKey(PaymentBatch, models.PROTECT, related_name="results")
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    file = models.ForeignKey("staff.StoredFile", models.PROTECT, related_name="+")
    sha256 = models.CharField(max_length=64)
    paid_count = models.PositiveIntegerField()
    failed_count = models.PositiveIntegerField()
    user = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    objects = ScopedManager["BankResult"]()

    class Meta:
        ordering = ["batch_id", "at", "pk"]
        constraints = [
            RowScope(name="subsidies_bankresult_scope", lenses=["money"], append_only=True),
            models.UniqueConstraint(fields=["batch", "sha256"], name="bank_result_once"),
        ]
