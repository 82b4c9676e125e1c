"""Loading official divisions, and what a code means on a day."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterable
from pathlib import Path

from django.db import transaction
from django.utils.translation import gettext as _

from staff.enums import RegionLevel
from staff.models import Region

HEADER = ["code", "name", "level", "parent"]


class RegionFileError(Exception):
    """The file is not a list of divisions; the message names the line, the field and the remedy."""


def import_regions(path: Path, *, valid_from: dt.date | None = None) -> dict[str, int]:
    """Add or update regions from a CSV file ``code,name,level,parent`` (UTF-8). All or nothing.

    Returns counts: ``added``, ``updated``, ``unchanged``. Raises RegionFileError naming line, field and remedy.
    """
    counts = {"added": 0, "updated": 0, "unchanged": 0}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            header = [cell.strip() for cell in next(reader, [])]
            if header != HEADER:
                raise RegionFileError(
                    _("Line 1: the header must be %(header)s.") % {"header": ",".join(HEADER)}
                )
            rows = [(number, row) for number, row in enumerate(reader, 2) if any(row)]
    except (OSError, UnicodeDecodeError) as error:
        raise RegionFileError(
            _("The file cannot be read as UTF-8 text: %(error)s") % {"error": error}
        ) from error
    with transaction.atomic():
        known = Region.objects.in_bulk()
        for number, row in rows:
            region = _parse(number, row, known)
            old = known.get(region.code)
            if old is None:
                if valid_from:
                    region.valid_from = valid_from
                region.save(force_insert=True)
                counts["added"] += 1
            elif (old.name, old.level, old.parent_id) != (region.name, region.level, region.parent_id):
                old.name, old.level, old.parent_id = region.name, region.level, region.parent_id
                old.save(update_fields=["name", "level", "parent"])
                counts["updated"] += 1
                continue
            else:
                counts["unchanged"] += 1
                continue
            known[region.code] = region
    return counts


def _parse(number: int, row: list[str], known: dict[int, Region]) -> Region:
    def wrong(field: str, remedy: str) -> RegionFileError:
        return RegionFileError(
            _("Line %(line)s, %(field)s: %(remedy)s") % {"line": number, "field": field, "remedy": remedy}
        )

    if len(row) != len(HEADER):
        raise wrong("–", _("four columns are needed."))
    code, name, level, parent = (cell.strip() for cell in row)
    if not (code.isdecimal() and len(code) == 12):
        raise wrong("code", _("write the official code with 12 digits."))
    if not name:
        raise wrong("name", _("write the official name."))
    if level not in RegionLevel.values:
        raise wrong("level", _("use one of %(levels)s.") % {"levels": ", ".join(RegionLevel.values)})
    if parent and (not parent.isdecimal() or int(parent) not in known):
        raise wrong("parent", _("the parent must stand on an earlier line or be known already."))
    return Region(code=int(code), name=name, level=level, parent_id=int(parent) if parent else None)


def present_code(code: int, on: dt.date) -> int:
    """The code that a division has on a day: its own, or that of its successor when it was merged or moved before.

    Unknown codes come back as they are. Files and lists use old codes for years.
    """
    return present_codes([code], on)[code]


def present_codes(codes: Iterable[int], on: dt.date) -> dict[int, int]:
    """``present_code`` of many: two queries, one more for each further change in a row."""
    wanted = set(codes)
    step: dict[int, int] = {}
    open_ends = wanted
    while open_ends:
        closed = Region.objects.filter(pk__in=open_ends, valid_to__lt=on, successor__isnull=False)
        found = {old: new for old, new in closed.values_list("pk", "successor_id") if new is not None}
        step |= found
        open_ends = set(found.values()) - step.keys()
    return {code: _end_of(code, step) for code in wanted}


def _end_of(code: int, step: dict[int, int]) -> int:
    seen = set()
    while code in step and code not in seen:
        seen.add(code)
        code = step[code]
    return code
