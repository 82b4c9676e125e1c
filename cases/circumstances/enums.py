"""Codes of defects, entrusted care, needs and help."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class DefectKind(models.TextChoices):
    """What a child lacks until somebody has seen to it (O-44, and the identity number)."""

    NO_IDENTITY = "no_identity", _("No identity number")
    NO_REGISTRATION = "no_registration", _("Not in any household register")
    OUT_OF_SCHOOL = "out_of_school", _("Out of school")
    NO_GUARDIAN = "no_guardian", _("No guardian")


class DefectState(models.TextChoices):
    OPEN = "open", _("Open")
    FOLLOWED = "followed", _("Being followed")
    SOLVED = "solved", _("Solved, to be checked")
    CLOSED = "closed", _("Closed")
    VOID = "void", _("None, or exempt")


class DefectSource(models.TextChoices):
    """How a defect came to light; what the register itself shows settles itself when the register changes."""

    REGISTER = "register", _("Seen in the register")
    VISIT = "visit", _("Reported by a visit")
    PERSON = "person", _("Entered by hand")


class CareEnd(models.TextChoices):
    """Why an entrustment ended."""

    PARENT_BACK = "parent_back", _("A parent is back")
    OTHER_CARER = "other_carer", _("Another person took over")
    UNFIT = "unfit", _("The person turned out to be unfit")
    GROWN_UP = "grown_up", _("The child is 18")
    OTHER = "other", _("Another reason")


class ContactKind(models.TextChoices):
    PHONE = "phone", _("Telephone")
    VIDEO = "video", _("Video call")
    VISIT = "visit", _("In person")


class Grade(models.TextChoices):
    """监护能力四等 (湖北 DB《困境儿童家庭监护能力评估》), best first."""

    NORMAL = "normal", _("Guardianship normal")
    INSUFFICIENT = "insufficient", _("Guardianship insufficient")
    IMPROPER = "improper", _("Guardianship improper")
    LACKING = "lacking", _("Guardianship lacking")


class AssessmentState(models.TextChoices):
    """What an assessment asks about the child's colour: raising is done at once, lowering is decided."""

    KEPT = "kept", _("On file")
    PROPOSED = "proposed", _("Lower colour proposed")
    LOWERED = "lowered", _("Colour lowered")
    HELD = "held", _("Colour stays")
    SUPERSEDED = "superseded", _("A later assessment took its place")


class HelpArea(models.TextChoices):
    """养治教康 (泰州, O-26) and what stands beside it."""

    UPBRINGING = "upbringing", _("Upbringing")
    TREATMENT = "treatment", _("Treatment")
    SCHOOLING = "schooling", _("Schooling")
    REHABILITATION = "rehabilitation", _("Rehabilitation")
    GUARDIANSHIP = "guardianship", _("Guardianship")
    OTHER = "other", _("Other help")


class HelpForm(models.TextChoices):
    """物资类型 (TZ)."""

    MONEY = "money", _("Money")
    GOODS = "goods", _("Goods")
    SERVICE = "service", _("Service")


class NeedState(models.TextChoices):
    OPEN = "open", _("Unmet")
    PARTLY = "partly", _("Partly met")
    MET = "met", pgettext_lazy("need", "Met")
    DROPPED = "dropped", _("No longer needed")


class TransferState(models.TextChoices):
    PROPOSED = "proposed", _("Proposed")
    ACCEPTED = "accepted", _("Accepted")
    REFUSED = "refused", _("Refused")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class TransferReason(models.TextChoices):
    HOUSEHOLD_MOVED = "household_moved", _("Household registration moved")
    FAMILY_MOVED = "family_moved", _("The family lives there now")
    NEW_GUARDIAN = "new_guardian", _("A guardian there takes the child")
    INSTITUTION = "institution", _("Into or out of an institution")
    WRONG_VILLAGE = "wrong_village", _("Was registered in the wrong village")
    OTHER = "other", _("Another reason")


class ImportState(models.TextChoices):
    """A register file: chosen, its columns named, tried out, taken over, taken back."""

    UPLOADED = "uploaded", _("Columns to be named")
    CHECKING = "checking", _("Being checked")
    CHECKED = "checked", _("To be confirmed")
    APPLYING = "applying", _("Being taken over")
    APPLIED = "applied", _("Taken over")
    UNDOING = "undoing", _("Being taken back")
    UNDONE = "undone", _("Taken back")
    DISCARDED = "discarded", _("Discarded")


class RowOutcome(models.TextChoices):
    NEW = "new", _("New")
    UPDATE = "update", _("Changed")
    SAME = "same", _("Unchanged")
    ERROR = "error", _("Error")
    DUPLICATE = "duplicate", _("Possibly known already")
