"""Codes of the ledger, of funding and of money that is asked back. Values are stored; labels are translated."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Source(models.TextChoices):
    """资金来源. Payments and batches hold one column for each, named like the value."""

    CENTRAL = "central", _("Central funds")
    PROVINCIAL = "provincial", _("Provincial funds")
    PREFECTURE = "prefecture", _("Prefecture funds")
    COUNTY = "county", _("County funds")
    LOTTERY = "lottery", _("Welfare lottery fund")


class Account(models.TextChoices):
    """科目. Every entry moves money from one to another, within one source and one budget year."""

    APPROPRIATED = "appropriated", _("Appropriated (contra)")
    AVAILABLE = "available", _("Available")
    COMMITTED = "committed", _("Committed")
    IN_TRANSIT = "in_transit", _("At the bank")
    PAID = "paid", _("Paid out")
    RECOVERED = "recovered", _("Recovered (contra)")


class EntryKind(models.TextChoices):
    """凭证: from → to."""

    APPROPRIATION = "appropriation", _("Appropriation received")  # appropriated → available
    COMMITMENT = "commitment", _("Batch approved")  # available → committed
    CANCELLATION = "cancellation", _("Approved batch returned")  # committed → available
    RELEASE = "release", _("Batch released")  # committed → in transit
    PAYMENT = "payment", _("Paid by the bank")  # in transit → paid
    RETURN = "return", _("Returned by the bank")  # in transit → available
    LATE_RETURN = "late_return", _("Returned after it was paid")  # paid → available
    LATE_PAYMENT = "late_payment", _("Paid after it was returned")  # available → paid
    RECOVERY = "recovery", _("Money recovered")  # recovered → available
    ADJUSTMENT = "adjustment", _("Correction of an entry")  # the other way round


class RecoveryState(models.TextChoices):
    """追缴: proposed by a batch, confirmed by people, then paid back, waived, or found not to be owed."""

    PROPOSED = "proposed", _("Proposed")
    OPEN = "open", _("To be paid back")
    SETTLED = "settled", _("Settled")
    DROPPED = "dropped", _("Not owed after all")


class RecoveryPartKind(models.TextChoices):
    PAID_BACK = "paid_back", _("Paid back")
    WAIVED = "waived", _("Waived")


class ReviewKind(models.TextChoices):
    """复核: whether an entitlement still stands, or whether a student still studies."""

    RECHECK = "recheck", _("Re-check")
    SCHOOL = "school", _("Proof of schooling")


class ReviewOutcome(models.TextChoices):
    OPEN = "", _("To do")
    UNCHANGED = "unchanged", _("Nothing has changed")
    CHANGED = "changed", _("Something has changed")
    MISSING = "missing", _("Could not be checked")
