"""Codes of discrepancies (疑点), of potential children (政策找人) and of exchanges with other departments."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Found(models.TextChoices):
    """What the township found; the county decides afterwards."""

    TRUE = "true", _("Found to be so")
    UNTRUE = "untrue", _("Found not to be so")
    UNCHECKABLE = "uncheckable", _("Could not be found out")


class Method(models.TextChoices):
    """How the township verified it."""

    VISIT = "visit", _("home visit")
    DOCUMENT = "document", _("document")
    PHONE = "phone", _("telephone")
    OFFICE = "office", _("information from another office")


class LeadState(models.TextChoices):
    """政策找人: from a clue on the lists to a child on the register (O-18)."""

    FOUND = "found", _("found on the lists")
    ASSIGNED = "assigned", _("visit assigned")
    VISITED = "visited", _("visited")
    APPLYING = "applying", _("helped to apply")
    BROUGHT_IN = "brought_in", _("brought into scope")
    DROPPED = "dropped", _("does not qualify")


class LeadWhy(models.TextChoices):
    """What the lists say of a parent in the household of a minor."""

    DEAD = "dead", _("a parent is dead")
    CUSTODY = "custody", _("a parent is in custody")
    DISABLED = "disabled", _("a parent is severely disabled")
    ABSENT = "absent", _("no parent lives in the household")


class RequestState(models.TextChoices):
    """An exchange with another department: asked, approved, sent, answered, told what came of it."""

    DRAFT = "draft", _("draft")
    SUBMITTED = "submitted", _("waits for approval")
    APPROVED = "approved", _("approved")
    SENT = "sent", _("sent")
    ANSWERED = "answered", _("answered")
    CLOSED = "closed", _("feedback returned")
    REFUSED = "refused", _("not approved")
