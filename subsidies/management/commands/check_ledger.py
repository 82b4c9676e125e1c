from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _

from staff.commands import JsonCommand, parse_region
from staff.scope import system_scope
from subsidies.ledger import checks as ledger_checks
from subsidies.ledger import nightly


class Command(JsonCommand):
    help = "Compare the ledger with the batches, payments and instalments, county by county."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--region", help="division code; every county without it")

    def run(self, **options: Any) -> dict[str, Any]:
        problems = []
        with system_scope(reason="check_ledger"):
            counties = nightly.counties()
            if options["region"]:
                chosen = parse_region(options["region"])
                counties = counties.filter(pk__gte=chosen.lo, pk__lte=chosen.hi)
            checked = 0
            for county in counties.order_by("pk"):
                checked += 1
                found = ledger_checks.check(county.pk)
                problems += [
                    {"region": county.pk, "code": problem.code, "text": problem.text} for problem in found
                ]
                self.progress(f"{county.name}: {len(found)}")
        if problems:
            for problem in problems:
                self.progress(f"{problem['region']} {problem['code']} {problem['text']}")
            raise CommandError(_("The ledger does not agree in %(count)d places.") % {"count": len(problems)})
        return {"counties": checked, "problems": 0}
