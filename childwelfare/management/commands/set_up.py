"""Bring an installation up to date before it serves."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from childwelfare import installation, preparation
from childwelfare.environment import SetupError


class Command(BaseCommand):
    help = "Migrate as owner, compile translations, collect static files, load the demo county if empty."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--no-demo", action="store_true", help="leave an empty database empty")
        parser.add_argument("--prepare", action="store_true", help="first make the database roles")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["prepare"]:
                for line in preparation.start_servers():
                    self.stderr.write(line)
            installation.bring_up_to_date(self.stderr.write, demo=not options["no_demo"])
        except SetupError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(json.dumps({"accounts": installation.demo_accounts()}, ensure_ascii=False))
