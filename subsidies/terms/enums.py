"""Codes of the terms of a scheme (see :mod:`subsidies.terms.in_force`). Values are stored in rules; labels are translated."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Starts(models.TextChoices):
    """First month that is paid."""

    NEXT_MONTH = "next_month", _("The month after confirmation")
    APPLICATION_MONTH = "application_month", _("The month of the application")


class Recheck(models.TextChoices):
    """How often the township looks whether the grounds still stand."""

    NONE = "none", _("No fixed cycle")
    MONTHLY = "monthly", _("Every month")
    QUARTERLY = "quarterly", _("Every quarter")
    HALF_YEARLY = "half_yearly", _("January and July")
    TERM = "term", _("Every school term")


class Rounding(models.TextChoices):
    """How a reckoned standard is rounded. "At least" is kept only by rounding up."""

    FEN_UP = "fen_up", _("up to the fen")
    FEN = "fen", _("to the nearest fen")
    YUAN_UP = "yuan_up", _("up to the whole yuan")
    YUAN = "yuan", _("to the nearest whole yuan")
    YUAN_DOWN = "yuan_down", _("down to the whole yuan")


class ShareKind(models.TextChoices):
    """How a source of funds takes part."""

    FIXED = "fixed", _("fixed sum")
    PERCENT = "percent", _("percent of what fixed sums leave")
    REST = "rest", _("the rest")


class PublicityKind(models.TextChoices):
    """公示."""

    NONE = "none", _("Not posted")
    DAYS = "days", _("Posted for days")
    WORKING_DAYS = "working_days", _("Posted for working days")


class PublicityPlace(models.TextChoices):
    VILLAGE = "village", _("in the village or community")
    TOWNSHIP = "township", _("at the township office")


class EvidenceWhen(models.TextChoices):
    """In which case a document is asked for."""

    ALWAYS = "always", _("always")
    ORPHAN = "orphan", _("for orphans")
    DE_FACTO_UNATTENDED = "de_facto_unattended", _("for de facto unattended children")
    PROTECTED = "protected", _("for the protected category")
    DISABILITY = "disability", _("where a disability is the ground")
    ILLNESS = "illness", _("where an illness is the ground")
    POVERTY = "poverty", _("where poverty is the ground")
    INSTITUTION = "institution", _("for children in an institution")
    AUTHORISED = "authorised", _("where somebody applies by authority")
    OVER_AGE = "over_age", _("past the 18th birthday")
