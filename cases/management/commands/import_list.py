"""Receive and stage a list of another office."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from cases.matching.intake.imports import receive_list, stage_received
from cases.matching.kinds import KINDS
from cases.matching.reading.files import ListFileError
from staff.commands import JsonCommand, parse_period, parse_region
from staff.scope import system_scope


class Command(JsonCommand):
    help = "Stage a list (xlsx, or CSV in UTF-8 or GB18030) for a month. The same file twice changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--kind", required=True, choices=list(KINDS))
        parser.add_argument("--period", required=True, help="month, YYYY-MM")
        parser.add_argument(
            "--region", required=True, help="division code of the county or township that sent it"
        )

    def run(self, **options: Any) -> dict[str, Any]:
        path: Path = options["file"]
        period = parse_period(options["period"])
        region = parse_region(options["region"])
        try:
            data = path.read_bytes()
            with system_scope(reason="import_list", ranges=[(region.lo, region.hi)]):
                received, new = receive_list(
                    data=data,
                    name=path.name,
                    kind=options["kind"],
                    period=period,
                    region_id=region.code,
                    at=timezone.now(),
                )
                staged = stage_received(
                    received, progress=lambda done, _total, _text: self.progress(f"{done} rows")
                )
        except (OSError, ListFileError) as error:
            raise CommandError(str(error)) from error
        return {
            "import": received.pk,
            "new": new,
            "sha256": received.sha256,
            "rows": staged.rows,
            "dropped": staged.dropped,
            "problems": staged.problems,
        }
