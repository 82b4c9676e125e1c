"""The ledger: entries of signed postings that add up to nothing, per source and budget year. Nothing is ever changed."""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from staff.policies import RowScope
from staff.scope import ScopedManager
from subsidies.ledger.enums import Account, EntryKind, Source
from subsidies.models.payment import BankResult, PaymentBatch
from subsidies.models.recovery import RecoveryPart
from subsidies.models.scheme import Scheme

# All postings of an entry are written by one statement; it is refused unless it adds up to nothing, and so is a second
# one for the same entry. The rows are those of the statement itself, so that nobody's row scope has a say in it.
BALANCED = pgtrigger.Trigger(
    name="entry_balanced",
    level=pgtrigger.Statement,
    when=pgtrigger.After,
    operation=pgtrigger.Insert,
    referencing=pgtrigger.Referencing(new="new_values"),
    func="""
        IF EXISTS (SELECT FROM new_values GROUP BY entry_id, source, year HAVING sum(amount) <> 0) THEN
            RAISE EXCEPTION 'an entry is not balanced'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_balanced';
        END IF;
        IF EXISTS (SELECT FROM subsidies_posting p WHERE p.entry_id IN (SELECT entry_id FROM new_values)
                   AND p.id NOT IN (SELECT id FROM new_values)) THEN
            RAISE EXCEPTION 'an entry is written once'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_written_once';
        END IF;
        RETURN NULL;
    """,
)


class JournalEntry(models.Model):
    """凭证."""

    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    kind = models.CharField(_("kind"), max_length=14, choices=EntryKind.choices)
    day = models.DateField(_("date"))
    scheme = models.ForeignKey(Scheme, models.PROTECT, null=True, related_name="+", verbose_name=_("scheme"))
    batch = models.ForeignKey(PaymentBatch, models.PROTECT, null=True, related_name="entries")
    result = models.ForeignKey(BankResult, models.PROTECT, null=True, related_name="entries")
    recovery_part = models.ForeignKey(RecoveryPart, models.PROTECT, null=True, related_name="entries")
    document = models.CharField(_("number of the document"), max_length=120, blank=True)
    text = models.CharField(_("note"), max_length=200, blank=True)
    # The entry that was wrong: its correction moves the same money back, once.
    corrects = models.OneToOneField("self", models.PROTECT, null=True, related_name="corrected_by")
    # Made by the form: the same form sent twice is one entry.
    client_id = models.UUIDField(null=True, unique=True, editable=False)
    user = models.ForeignKey("staff.User", models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    objects = ScopedManager["JournalEntry"]()

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name = _("entry")
        verbose_name_plural = _("entries")
        indexes = [models.Index(fields=["region", "-at"])]
        constraints = [
            RowScope(
                name="subsidies_journalentry_scope",
                lenses=["money"],
                append_only=True,
                write_lenses=["money"],
            ),
            # The same batch, bank file or instalment is never posted twice.
            models.UniqueConstraint(
                fields=["batch", "kind"],
                condition=Q(kind__in=["commitment", "release", "cancellation"]),
                name="entry_of_batch_once",
            ),
            models.UniqueConstraint(
                fields=["result", "kind"], condition=Q(result__isnull=False), name="entry_of_result_once"
            ),
            models.UniqueConstraint(
                fields=["recovery_part"],
                condition=Q(recovery_part__isnull=False),
                name="entry_of_recovery_once",
            ),
            models.CheckConstraint(
                name="entry_adjustment_corrects",
                condition=Q(kind="adjustment", corrects__isnull=False)
                | (~Q(kind="adjustment") & Q(corrects__isnull=True)),
            ),
            models.CheckConstraint(
                name="entry_appropriation_has_document",
                condition=~Q(kind__in=["appropriation", "adjustment"]) | ~Q(document=""),
                violation_error_message=_("Write the number of the document."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.day}"


class Posting(models.Model):
    """分录: yuan that an account gains (positive) or gives (negative), of one source and budget year."""

    entry = models.ForeignKey(JournalEntry, models.PROTECT, related_name="postings")
    region = models.ForeignKey("staff.Region", models.PROTECT, db_column="region_code", related_name="+")
    account = models.CharField(_("account"), max_length=12, choices=Account.choices)
    source = models.CharField(_("source of funds"), max_length=12, choices=Source.choices)
    year = models.PositiveSmallIntegerField(_("budget year"))
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2)

    objects = ScopedManager["Posting"]()

    class Meta:
        ordering = ["entry_id", "pk"]
        verbose_name = _("posting")
        verbose_name_plural = _("postings")
        indexes = [models.Index(fields=["region", "year", "source", "account"])]
        constraints = [
            RowScope(
                name="subsidies_posting_scope", lenses=["money"], append_only=True, write_lenses=["money"]
            ),
            models.CheckConstraint(name="posting_is_something", condition=~Q(amount=0)),
        ]
        triggers = [BALANCED]
