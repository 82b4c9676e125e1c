"""Compile the translations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from childwelfare.catalogues import compile_catalogues
from childwelfare.environment import SetupError


class Command(BaseCommand):
    help = "Compile the translation catalogues (.po to .mo) that have changed."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            written = compile_catalogues([Path(folder) for folder in settings.LOCALE_PATHS])
        except SetupError as error:
            raise CommandError(str(error)) from error
        for file in written:
            self.stderr.write(f"compiled {file}")
