"""Match a month's staged lists with the register and write the candidates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.matching.discrepancies.services import finish_run
from cases.matching.intake.imports import open_run
from cases.matching.runs.candidates import prune
from cases.matching.runs.match import export_candidates, lists_of, run_match
from staff.commands import JsonCommand, parse_period, parse_region
from staff.scope import system_scope


class Command(JsonCommand):
    help = (
        "Match the month's lists of a region with its register; writes list_row_id,child_id,tier,score,rule."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--period", required=True, help="month, YYYY-MM")
        parser.add_argument("--region", required=True, help="division code")
        parser.add_argument("--out", required=True, type=Path, help="CSV file to write")

    def run(self, **options: Any) -> dict[str, Any]:
        period = parse_period(options["period"])
        region = parse_region(options["region"])
        out: Path = options["out"]
        with system_scope(reason="match", ranges=[(region.lo, region.hi)]):
            run = open_run(region_id=region.code, period=period)
            if not lists_of(run):
                raise CommandError(_("No list is staged for this month and region. Run import_list first."))
            started = timezone.now()
            counts = run_match(
                run.pk, progress=lambda done, total, text: self.progress(f"{done}/{total} {text}")
            )
            try:
                with out.open("w", encoding="utf-8", newline="") as file:
                    written = export_candidates(run.pk, file)
            except OSError as error:
                raise CommandError(str(error)) from error
            self.progress("discrepancies")
            run.refresh_from_db()
            run.started_at = started
            run.save(update_fields=["started_at"])
            counts["discrepancies"] = finish_run(run, at=timezone.now())
            prune(run)
        return {"run": run.pk, "out": str(out), "candidates": written, **counts}
