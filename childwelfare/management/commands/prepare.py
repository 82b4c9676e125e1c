"""Start what is missing of the servers and make the database roles."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from childwelfare import preparation


class Command(BaseCommand):
    help = "Start the embedded servers unless URLs replace them, and make the database and its two roles."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        for line in preparation.start_servers():
            self.stderr.write(line)
