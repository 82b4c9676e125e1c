"""Take over a register kept elsewhere."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.importing.trusted import import_register
from cases.matching.reading.files import ListFileError
from staff.commands import JsonCommand
from staff.models import User
from staff.scope import Scope, open_scope, scope_of, system_scope
from staff.sessions import assignments_of

SHOWN_PROBLEMS = 100


class Command(JsonCommand):
    help = "Add the children of a CSV or xlsx file to the register, or bring known ones up to date."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--as", dest="username", default="", help="act under this person's assignment")

    def run(self, **options: Any) -> dict[str, Any]:
        path: Path = options["file"]
        try:
            data = path.read_bytes()
            with self._scope(options["username"]):
                result = import_register(
                    data,
                    name=path.name,
                    at=timezone.localtime(),
                    progress=lambda done, total, text: self.progress(f"{done}/{total} {text}"),
                )
        except (OSError, ListFileError) as error:
            raise CommandError(str(error)) from error
        if result.rows and result.skipped == result.rows:
            raise CommandError("; ".join(f"{p.line} {p.field}: {p.message}" for p in result.problems[:5]))
        return {
            "rows": result.rows,
            "added": result.added,
            "updated": result.updated,
            "unchanged": result.unchanged,
            "skipped": result.skipped,
            "problem_count": len(result.problems),
            "problems": [
                {"line": p.line, "field": p.field, "message": p.message}
                for p in result.problems[:SHOWN_PROBLEMS]
            ],
        }

    def _scope(self, username: str) -> AbstractContextManager[Scope]:
        """The scope of the person's assignment that may write children, else the system's own."""
        if not username:
            return system_scope(reason="import_register")
        with system_scope(reason="import_register: whose scope", lenses=("staff",)):
            user = User.objects.filter(username=username, is_active=True).first()
            if user is None:
                raise CommandError(_("There is no active account %(name)s.") % {"name": username})
            scopes = [scope_of(a) for a in assignments_of(user)]
        for each in scopes:
            if "cases" in each.lenses and not each.readonly:
                return open_scope(each)
        raise CommandError(_("%(name)s holds no assignment that may register children.") % {"name": username})
