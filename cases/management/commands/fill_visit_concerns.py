"""Work out what visits from before gave cause for."""

from __future__ import annotations

from typing import Any

from cases.questions.filling import fill_concerns
from staff.commands import JsonCommand
from staff.scope import system_scope


class Command(JsonCommand):
    help = (
        "Fill in the concern of visits that were handed in before it was kept. Repeating it changes nothing."
    )

    def run(self, **options: Any) -> dict[str, Any]:
        with system_scope(reason="fill_visit_concerns"):
            looked, filled = fill_concerns()
        return {"looked_at": looked, "filled": filled}
