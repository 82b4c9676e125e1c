"""Base of the commands that scripts call: one JSON object on standard output, progress on standard error."""

from __future__ import annotations

import datetime as dt
import json
from abc import ABC, abstractmethod
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _


class JsonCommand(BaseCommand, ABC):
    """``run`` returns the object to print, or raises CommandError; then the exit status is not zero and nothing is printed."""

    @abstractmethod
    def run(self, **options: Any) -> dict[str, Any]: ...

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(json.dumps(self.run(**options), ensure_ascii=False, default=str))

    def progress(self, text: str) -> None:
        self.stderr.write(text)


def parse_period(text: str) -> dt.date:
    """``2026-10`` → 2026-10-01; raises CommandError."""
    try:
        return dt.datetime.strptime(text, "%Y-%m").date()  # noqa: DTZ007 - a month has no zone
    except ValueError:
        raise CommandError(_("--period must be written YYYY-MM, for example 2026-10.")) from None


def parse_region(text: str) -> Any:
    """A 12-digit code (or its unpadded prefix) → Region; raises CommandError."""
    from staff.models import Region

    region = (
        Region.objects.filter(code=int(text.ljust(12, "0"))).first()
        if text.isdecimal() and len(text) <= 12
        else None
    )
    if region is None:
        raise CommandError(
            _("--region: no division has the code %(code)s. Import the divisions first.") % {"code": text}
        )
    return region
