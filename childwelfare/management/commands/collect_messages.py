from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from childwelfare import messages


class Command(BaseCommand):
    help = "Bring the catalogues up to date with the sources; prints the messages that still lack Chinese."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--from", dest="files", nargs="*", type=Path, default=[], help="JSON files {English: Chinese}"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        given: dict[str, str] = {}
        for path in options["files"]:
            given |= json.loads(path.read_text(encoding="utf-8"))
        missing = messages.update("zh_Hans", given)
        messages.update("en")
        for message in missing:
            self.stdout.write(message)
        self.stderr.write(f"{len(missing)} without Chinese")
