"""Codes of discrepancies (疑点): what a township may report after checking one."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Found(models.TextChoices):
    """What the township found; the county decides afterwards."""

    TRUE = "true", _("Found to be so")
    UNTRUE = "untrue", _("Found not to be so")
    UNCHECKABLE = "uncheckable", _("Could not be found out")
