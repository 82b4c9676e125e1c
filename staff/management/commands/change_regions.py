from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from staff import region_changes
from staff.commands import JsonCommand
from staff.scope import system_scope


class Command(JsonCommand):
    help = "Merge, rename or move divisions from a CSV file: kind,code,target_code,new_name,day,document. Shows only, without --apply."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--apply", action="store_true", help="Carry the changes out, all or none.")

    def run(self, **options: Any) -> dict[str, Any]:
        path: Path = options["file"]
        try:
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(
                _("The file cannot be read as UTF-8 text: %(error)s") % {"error": error}
            ) from error
        act = region_changes.apply if options["apply"] else region_changes.preview
        with system_scope(reason=f"change of divisions: {path.name}"):
            try:
                done = act(region_changes.read_lines(text), at=timezone.now())
            except region_changes.RegionChangeRefused as refused:
                raise CommandError(str(refused)) from refused
        if not options["apply"]:
            self.progress(_("Nothing was changed. Add --apply to carry it out."))
        return {"applied": options["apply"], "changes": [region_changes.told(one) for one in done]}
