"""What an image is built with."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from childwelfare import installation


class Command(BaseCommand):
    help = "Compile the translations and collect the static files; needs neither database nor Redis."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        installation.build_assets(self.stderr.write)
