from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _

from staff.commands import JsonCommand, parse_period, parse_region
from staff.scope import system_scope
from subsidies.reports import services as reports


class Command(JsonCommand):
    help = "Write the monthly report of a region as a workbook."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--period", required=True, help="YYYY-MM")
        parser.add_argument("--region", required=True, help="division code")
        parser.add_argument("--out", required=True, type=Path, help="FILE.xlsx")

    def run(self, **options: Any) -> dict[str, Any]:
        month, region = parse_period(options["period"]), parse_region(options["region"])
        with system_scope(reason=f"monthly_report {options['period']} {region.code}"):
            data, _name, locked = reports.workbook(region, month)
            stored = reports.report_of(region, month)
            figures = stored.figures if stored and locked else reports.compute(region, month)
            found = reports.checks(figures, reports.previous_figures(reports.last_year(region, month), month))
        try:
            options["out"].write_bytes(data)
        except OSError as error:
            raise CommandError(
                _("--out: the file cannot be written: %(error)s") % {"error": error}
            ) from error
        return {
            "region": region.code,
            "period": options["period"],
            "locked": locked,
            "file": str(options["out"]),
            "sha256": hashlib.sha256(data).hexdigest(),
            "checks": {check["code"]: check["ok"] for check in found},
            "register": {code: reports.total(figures, "register", code) for code in reports.COUNTS},
            "entitled": {code: reports.total(figures, "entitled", code) for code in reports.COUNTS},
            "paid": reports.total(figures, "money", "paid"),
        }
