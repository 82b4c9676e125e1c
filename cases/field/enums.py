"""Codes of work in the field: where a visit came from, what was kept aside, checks, plans, notes. Values are stored."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class VisitSource(models.TextChoices):
    """How a visit reached the office."""

    PAGE = "page", _("Written on the page")
    PHONE = "phone", _("Sent from a phone")
    PAPER = "paper", _("Copied from paper")


class TaskKind(models.TextChoices):
    """What somebody is asked for beside the regular interval."""

    VISIT = "visit", _("A visit")
    ASSESS = "assess", _("An assessment of the guardian")


class LateAct(models.TextChoices):
    """What a supervisor or the county does about a late visit."""

    ASSIGN = "assign", _("Another visitor goes")
    SELF = "self", _("Go oneself")
    EXPLAIN = "explain", _("Explain")


class KeptReason(models.TextChoices):
    """Why a visit that a phone sent could not be put into the child's file."""

    MOVED = "moved", _("The file has gone to another place")
    LEFT = "left", _("The child had left the register before the visit")
    UNKNOWN = "unknown", _("The child is not in the visitor's area")
    POST_ENDED = "post_ended", _("The visitor's post does not visit")


class KeptState(models.TextChoices):
    """待处理 → 已归档 or 不归档; 移请外县处理 in between, when the file is another county's."""

    KEPT = "kept", _("To be placed")
    OFFERED = "offered", _("Offered to the file's county")
    PLACED = "placed", _("Placed in a file")
    DISMISSED = "dismissed", _("Not placed")


class SpotCheckState(models.TextChoices):
    """电话抽查 of a door visit."""

    DRAWN = "drawn", _("To be called")
    CONFIRMED = "confirmed", _("Confirmed by phone")
    CONTRADICTED = "contradicted", _("The family says otherwise")
    UNREACHED = "unreached", _("Nobody could be reached")


class MarkCode(models.TextChoices):
    """What makes a visit look copied. A mark asks for a look; it judges nothing."""

    SAME_TEXT = "same_text", _("Same words as another visit")
    SAME_PHOTO = "same_photo", _("Same picture as another visit")
    TOO_CLOSE = "too_close", _("Visits at different homes too close in time")
    AT_NIGHT = "at_night", _("Made at night")
    TOO_MANY = "too_many", _("Far more visits in a day than usual")
    TOO_QUICK = "too_quick", _("Filled in within moments")
    SENT_LATE = "sent_late", _("Written down long after the visit")


class MarkVerdict(models.TextChoices):
    """What somebody who looked says of a marked visit."""

    FINE = "fine", _("In order")
    EXPLAINED = "explained", _("Explained by the visitor")
    WRONG = "wrong", _("The visit was not made so")


class GoalState(models.TextChoices):
    """A goal of a plan, as it is judged."""

    OPEN = "open", _("Being worked on")
    REACHED = "reached", _("Reached")
    PARTLY = "partly", _("Partly reached")
    MISSED = "missed", _("Not reached")
    DROPPED = "dropped", _("No longer wanted")


class EntryKind(models.TextChoices):
    """What an entry of a case says."""

    DAY = "day", _("Day or person changed")
    WORDS = "words", _("Words changed")
    REVIEW = "review", _("Plan reviewed")
    MINUTES = "minutes", _("Added to the minutes")
    STEP = "step", _("Words of a step")
    REOPENED = "reopened", _("Case opened again")


class FollowUp(models.TextChoices):
    """What follows when a case is closed. The colour itself changes only by an assessment (4.1)."""

    VISITS = "visits", _("Regular visits by colour")
    ASSESS = "assess", _("A new assessment, to lower the colour")
    DEPARTMENT = "department", _("Another department goes on")
    RETURNED = "returned", _("Back to the office that referred it")
    NOTHING = "nothing", _("Nothing")


class ParticipantRole(models.TextChoices):
    """Who sits at a case conference."""

    CIVIL_AFFAIRS = "civil_affairs", _("Civil affairs")
    TOWNSHIP = "township", _("Township")
    VILLAGE = "village", _("Village")
    POLICE = "police", _("Police")
    SCHOOL = "school", _("School and education")
    HEALTH = "health", _("Health service")
    JUSTICE = "justice", _("Procuratorate, court and justice")
    WOMEN = "women", _("Women's federation")
    DISABLED = "disabled", _("Disabled persons' federation")
    ORGANISATION = "organisation", _("Social organisation")
    FAMILY = "family", _("Guardian or relative")
    CHILD = "child", _("The child")
    OTHER = "other", _("Other")


class NoteKind(models.TextChoices):
    """提醒 that reaches somebody on the phone."""

    NOTE = "note", pgettext_lazy("note", "Note")
    REMINDER = "reminder", _("Reminder")
    RETURNED = "returned", _("Visit returned")
    SWEEP = "sweep", _("Sweep")
    PLACED = "placed", _("Kept visit placed")
    SAME_DAY = "same_day", _("Another visit on the day")
