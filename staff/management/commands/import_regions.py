from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from staff.commands import JsonCommand
from staff.regions import RegionFileError, import_regions


class Command(JsonCommand):
    help = "Load official divisions from a CSV file: code,name,level,parent."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def run(self, **options: Any) -> dict[str, Any]:
        try:
            return import_regions(options["file"])
        except RegionFileError as error:
            raise CommandError(str(error)) from error
