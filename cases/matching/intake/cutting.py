"""A list of several counties → a list of each county with its rows.

Whoever matches, finishes or reviews a county needs nothing that lies above it: the row policies hide a province's list
from the county's people. A part has columns and no file; it follows the list that it was cut from.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable
from typing import Any, Final

import polars as pl
from django.db.models import Q

from cases.matching.intake.stage import content_sha256, frame_of, keep_frame, packed
from cases.models import ListImport, MatchRun
from staff.models.region import county_of

COUNTY: Final = 1_000_000
_REGION: Final = pl.col("region")


def cut_lists(
    run: MatchRun, lists: Iterable[ListImport], counties: Iterable[int], *, at: dt.datetime
) -> set[int]:
    """Make the counties' parts agree with the staged lists of a wider run; returns the counties with a part that
    came, changed or went.

    `counties`: those that rows without a county go to. Each gets a part of a list only if it has a row on it.
    """
    counties = set(counties)
    changed: set[int] = set()
    current: set[int] = set()
    for each in lists:
        if county_of(each.region_id) % (100 * COUNTY) == 0:
            for county, rows in _by_county(frame_of(each), counties).items():
                part, new = _keep_part(each, county, rows, at=at)
                current.add(part.pk)
                if new:
                    changed.add(county)
    over = ListImport.objects.filter(
        Q(part_of__region__gte=run.region.lo, part_of__region__lte=run.region.hi),
        region__gte=run.region.lo,
        region__lte=run.region.hi,
        period=run.period,
        state=ListImport.State.STAGED,
    ).exclude(pk__in=current)
    changed |= set(over.order_by().values_list("region_id", flat=True))
    over.update(state=ListImport.State.REPLACED)
    return changed


def _by_county(frame: pl.DataFrame, counties: set[int]) -> dict[int, pl.DataFrame]:
    """The rows of each county, with those of no county, which are then the county's (STAGED_SCHEMA)."""
    county = _REGION // COUNTY * COUNTY
    nowhere = county % (100 * COUNTY) == 0
    named = set(frame.filter(~nowhere).select(county)["region"].unique())
    parts = {}
    for code in sorted(named | counties):
        of_all = pl.when(nowhere).then(pl.lit(code, dtype=pl.Int64)).otherwise(_REGION)
        rows = frame.filter(nowhere | (county == code)).with_columns(region=of_all)
        if rows.height:
            parts[code] = rows
    return parts


def _keep_part(
    whole: ListImport, county: int, rows: pl.DataFrame, *, at: dt.datetime
) -> tuple[ListImport, bool]:
    """The county's part of a list with these rows, and whether it was not there so."""
    data = packed(rows)
    sha256 = hashlib.sha256(f"part of {whole.pk}\n".encode() + data).hexdigest()
    part = ListImport.objects.filter(part_of=whole, region_id=county).first()
    if part is not None and (part.state, part.sha256) == (ListImport.State.STAGED, sha256):
        return part, False
    here: dict[str, Any] = {
        "kind": whole.kind,
        "period": whole.period,
        "name": whole.name,
        "sha256": sha256,
        "content_sha256": content_sha256(rows),
        "senders": [code for code in whole.senders if code.isdigit() and county_of(int(code)) == county],
        "row_count": rows.height,
        "rows_in_file": rows.height,
        "state": ListImport.State.STAGED,
    }
    if part is None:
        part = ListImport(part_of=whole, region_id=county, created_at=at)
    for name, value in here.items():
        setattr(part, name, value)
    part.save()
    part.frame = keep_frame(part, data)
    part.save(update_fields=["frame"])
    return part, True
