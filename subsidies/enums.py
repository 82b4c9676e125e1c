"""Codes of schemes, applications, entitlements and payments. Values are stored; labels are translated."""

from __future__ import annotations

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class SchemeCode(models.TextChoices):
    """补贴项目."""

    BASIC_LIVING = "basic_living", _("Basic living allowance")
    DIFFICULTY_LIVING = "difficulty_living", _("Living allowance for children in difficulty")
    CARE = "care", _("Care allowance")
    STUDY_ORPHAN = "study_orphan", _("Study grant for orphans (Fucai Yuanmeng)")
    STUDY = "study", _("Study grant for de facto unattended children")
    DIBAO = "dibao", _("Dibao standard (for reckoning only)")


class OffsetKind(models.TextChoices):
    """已享受的保障金, which the allowance only tops up (补差)."""

    DIBAO = "dibao", _("Dibao benefit, the child's share")
    TEKUN = "tekun", _("Tekun support benefit")
    DISABILITY_LIVING = "disability_living", _("Living subsidy for disabled persons in difficulty")


class TekunMode(models.TextChoices):
    """County switch: tekun money is deducted, or whoever has it gets no allowance at all."""

    OFFSET = "offset", _("Deduct tekun money")
    EXCLUDE = "exclude", _("Tekun excludes the allowance")


class ConflictMode(models.TextChoices):
    """County switch: what to do about a benefit that an orphan may not hold beside the allowance."""

    CANCEL_OTHER = "cancel_other", _("Pay in full and report the other benefit for cancelling")
    OFFSET = "offset", _("Deduct until the other benefit is cancelled")


class LastMonthRule(models.TextChoices):
    """Which month is the last to be paid when a child turns 18."""

    BIRTHDAY_MONTH = "birthday_month", _("The month of the 18th birthday is the last one paid")
    MONTH_BEFORE = "month_before", _("The month before the 18th birthday is the last one paid")


class StopRule(models.TextChoices):
    """County switch: the month from which payment stops after an event other than the 18th birthday."""

    NEXT_MONTH = "next_month", _("Stops from the month after the event")
    SAME_MONTH = "same_month", _("Stops from the month of the event")


class PaymentKind(models.TextChoices):
    """发放类型: one regular line a month, and arrears lines that name the month they repair."""

    REGULAR = "regular", _("Regular payment")
    ARREARS = "arrears", _("Arrears payment")


class BatchKind(models.TextChoices):
    """A month's batch, or one that pays corrected lines again."""

    REGULAR = "regular", _("Month's batch")
    REPAIR = "repair", _("Failed lines paid again")


class PayeeMethod(models.TextChoices):
    """领取方式. The values are the national system's own numbers."""

    CASH = "1", _("Cash")
    BANK = "2", _("Bank transfer")


class ApplicationState(models.TextChoices):
    """草稿 → 待受理 → (待补正) → 查验中 → 审核中 → 待确认 → 已确认 or 不予确认; 撤回 before that."""

    DRAFT = "draft", _("Draft")
    SUBMITTED = "submitted", _("Awaiting acceptance")
    SUPPLEMENT = "supplement", _("Documents needed")
    VERIFYING = "verifying", _("Verifying")
    CHECKING = "checking", _("County check")
    TO_CONFIRM = "to_confirm", _("Awaiting confirmation")
    CONFIRMED = "confirmed", _("Confirmed")
    REFUSED = "refused", _("Not confirmed")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class RefusalReason(models.TextChoices):
    """不予确认的理由: a code, and the written reasons that the applicant receives."""

    PARENT_ABLE = "parent_able", _("A parent is able to raise the child")
    EVIDENCE_LACKING = "evidence_lacking", _("Evidence not sufficient")
    OVER_AGE = "over_age", _("Child is over age")
    NOT_REGISTERED_HERE = "not_registered_here", _("Not registered in this county")
    OTHER_SCHEME = "other_scheme", _("Covered by another scheme")
    FALSE_STATEMENT = "false_statement", _("Facts not as stated")
    OTHER = "other", _("Other reason")


class EntitlementState(models.TextChoices):
    """在保状态."""

    ACTIVE = "active", _("Entitled")
    RECHECKING = "rechecking", _("Re-checking")
    ENDING = "ending", _("To be ended")
    CHANGING = "changing", _("Change proposed")
    ENDED = "ended", _("Ended")


class EndReason(models.TextChoices):
    """终止原因 (定州 2020, 重庆 and the national system's exits)."""

    DEATH = "death", _("Death of the child")
    TURNED_18 = "turned_18", _("Turned 18")
    ADOPTED = "adopted", _("Lawfully adopted")
    MOVED_AWAY = "moved_away", _("Household registration moved away")
    PARENT_RELEASED = "parent_released", _("Parent released from custody")
    PARENT_RECOVERED = "parent_recovered", _("Parent finished drug rehabilitation")
    PARENT_FOUND = "parent_found", _("Parent found")
    PARENT_ABLE = "parent_able", _("A parent is able to raise the child")
    OTHER_SCHEME = "other_scheme", _("Covered by another scheme")
    ENTERED_IN_ERROR = "entered_in_error", _("Entered in error")
    LEFT_SCHOOL = "left_school", _("No longer in full-time schooling")
    TERMS_CHANGED = "terms_changed", _("Continues on other terms")
    OTHER = "other", _("Other reason")


class BatchState(models.TextChoices):
    """批次状态: 待审批 → 待发放 → 已发放 → 已对账; 已退回 to the clerk."""

    PREPARED = "prepared", _("Awaiting approval")
    APPROVED = "approved", _("Awaiting release")
    RELEASED = "released", _("Released")
    RECONCILED = "reconciled", _("Reconciled")
    RETURNED = "returned", _("Returned")


class PaymentState(models.TextChoices):
    """一笔发放的状态."""

    PREPARED = "prepared", _("Calculated")
    HELD = "held", _("Held back")
    NOTHING = "nothing", _("Nothing to pay")
    SENT = "sent", _("Sent to bank")
    PAID = "paid", _("Paid")
    FAILED = "failed", _("Payment failed")


class FailReason(models.TextChoices):
    """Why the bank did not pay (银行退回原因)."""

    ACCOUNT_WRONG = "account_wrong", _("Account number wrong")
    NAME_DIFFERS = "name_differs", _("Account name differs")
    ACCOUNT_CLOSED = "account_closed", _("Account closed")
    ACCOUNT_FROZEN = "account_frozen", _("Account frozen or lost")
    ACCOUNT_DORMANT = "account_dormant", _("Account dormant or limited")
    BANK_CODE_WRONG = "bank_code_wrong", _("Bank or branch wrong")
    BANK_SYSTEM = "bank_system", _("Bank system failure")
    OTHER = "other", _("Other reason")


class HoldReason(models.TextChoices):
    """Why a calculated line is not sent (缓发原因)."""

    PAYEE_DEAD = "payee_dead", _("Payee registered as dead")
    ACCOUNT_MISSING = "account_missing", _("Payee has no account")
    ACCOUNT_CHANGING = "account_changing", _("Account being changed")
    UNDER_CHECK = "under_check", _("Discrepancy being checked")
    OTHER = "other", _("Other reason")


class IssueKind(models.TextChoices):
    """批次异常: found while calculating; each needs the clerk's note, or its line is held back.

    A note on ``arrears`` confirms what is paid later, one on ``overpaid`` confirms that it is asked back.
    """

    PAYEE_MISSING = "payee_missing", _("No payee or no account")
    SHARED_ACCOUNT = "shared_account", _("One account for children of different households")
    HOLDER_NOT_PAYEE = "holder_not_payee", _("Account holder is neither the child nor a recorded guardian")
    CHILD_LEFT = "child_left", _("Child has left the register")
    OPEN_DISCREPANCY = "open_discrepancy", _("Discrepancy being checked")
    ARREARS = "arrears", _("Too little was paid in earlier months")
    OVERPAID = "overpaid", _("Paid too much in earlier months")
    PAYEE_KIND = "payee_kind", _("The scheme is paid to somebody else")
    PAYEE_DEAD = "payee_dead", _("Payee registered as dead")
    AMOUNT_RANGE = "amount_range", _("Amount out of range")
    NOT_VISITED = "not_visited", _("Not visited for a long time")
    NO_STANDARD = "no_standard", _("No standard, or two: nothing is paid")
    ACCOUNT_CHECKSUM = "account_checksum", _("Account number fails its check digit")
    NO_PROOF = "no_proof", _("No proof of schooling for this term")
    ACCOUNT_REFUSED = "account_refused", _("Bank refused this account before, and it has not changed")
    CONFLICT = "conflict", _("A benefit that may not be held beside the allowance")
    HELD_BY_CLERK = "held_by_clerk", _("Held back by the clerk")


# What a person confirms or declines, line or no line.
CORRECTIONS = frozenset({IssueKind.ARREARS, IssueKind.OVERPAID})


class AmountLine(models.TextChoices):
    """One step of an amount. Stored in the payment, so a code may never change its meaning."""

    FORMULA = "formula", _("Reckoned from another standard")
    TABLE = "table", _("Standard in the table of rates")
    OTHER_CATEGORY = "other_category", _("Standard of another category that applies as well")
    STANDARD = "standard", _("Standard")
    OFFSET_DIBAO = "offset_dibao", _("Less: dibao benefit")
    OFFSET_TEKUN = "offset_tekun", _("Less: tekun support benefit")
    OFFSET_DISABILITY = "offset_disability_living", _("Less: living subsidy for disabled persons")
    NOT_OFFSET = "not_offset", _("Not deducted: to be cancelled instead")
    BESIDE = "beside", _("Held beside the allowance, not deducted")
    EXCLUDED = "excluded", _("Excluded by tekun support")
    FLOOR = "floor", _("Benefits exceed the standard: nothing to top up")
    DELIVERED = "delivered", _("Less: already paid for this month")
    TOTAL = "total", _("Payable this month")


class Clause(models.TextChoices):
    """The rule behind a line (依据). Codes are stored with each payment; wording and source are shown."""

    STANDARD = "standard", _("The dated standard for region, category and placement.")
    TOP_UP = "top_up", _("Already receives less than the standard: the difference is paid.")
    TOP_UP_NONE = "top_up_none", _("Already receives at least the standard: nothing is paid.")
    FULL = "full", _("No other benefit: paid in full.")
    TEKUN_EXCLUDES = "tekun_excludes", _("This county does not pay the allowance beside tekun support.")
    ORPHAN_NO_DOUBLE = (
        "orphan_no_double",
        _("An orphan does not hold dibao or tekun beside the allowance: the other benefit is cancelled."),
    )
    ORPHAN_OFFSET = "orphan_offset", _("Deducted until the orphan's dibao or tekun is cancelled.")
    DISABILITY_NO_DOUBLE = (
        "disability_no_double",
        _("An orphan does not hold the living subsidy for disabled persons: it is cancelled."),
    )
    ARREARS = "arrears", _("What was due for the month and has not been paid is paid later, in whole months.")
    FORMULA = "formula", _("The standard is reckoned from another standard.")
    AT_LEAST = (
        "at_least",
        _("The rule sets the least; the standard in the table is at least as high and counts."),
    )
    HIGHER_OF = "higher_of", _("Several categories apply: the highest standard counts, one only.")
    NOT_DEDUCTED = "not_deducted", _("This benefit is not set off against this scheme.")


# Where each rule is written. Document numbers are proper names and are not translated.
_COUNTY_RULE = _("Rule of this county")
CLAUSE_SOURCES: dict[Clause, str | Promise] = {
    Clause.STANDARD: "国办发〔2010〕54号；民发〔2019〕62号",
    Clause.TOP_UP: "民发〔2019〕62号",
    Clause.TOP_UP_NONE: "民发〔2019〕62号",
    Clause.FULL: "民发〔2019〕62号",
    Clause.TEKUN_EXCLUDES: _COUNTY_RULE,
    Clause.ORPHAN_NO_DOUBLE: _COUNTY_RULE,
    Clause.ORPHAN_OFFSET: _COUNTY_RULE,
    Clause.DISABILITY_NO_DOUBLE: "国发〔2015〕52号",
    Clause.ARREARS: _COUNTY_RULE,
    Clause.FORMULA: _COUNTY_RULE,
    Clause.AT_LEAST: _COUNTY_RULE,
    Clause.HIGHER_OF: _COUNTY_RULE,
    Clause.NOT_DEDUCTED: _COUNTY_RULE,
}


def line_label(code: str) -> Promise | str:
    """Translated label of a stored line code; a code of a later version shows itself."""
    return AmountLine(code).label if code in AmountLine.values else code


def clause_text(code: str) -> Promise | str:
    """Translated wording of a stored clause code; a code of a later version shows itself."""
    return Clause(code).label if code in Clause.values else code


def clause_source(code: str) -> Promise | str:
    """Regulation number of a stored clause code, or that it is the county's own rule; "" if unknown."""
    return CLAUSE_SOURCES[Clause(code)] if code in Clause.values else ""
