"""A third file in the director's village that was merged into a fourth, and a pair that was parted."""

from __future__ import annotations

import datetime as dt
from typing import Any

from cases.duplicates import merging
from cases.duplicates.services import part_children
from cases.models import Child
from tests.cast import Cast, make_child

AT = dt.datetime(2026, 10, 20, 9, 40, tzinfo=dt.UTC)


def make(cast: Cast, own: Child) -> dict[str, Any]:
    kept, merged = (make_child(own.region_id, name) for name in ("陶小雨", "陶晓宇"))
    done = merging.merge_children(kept, merged, {}, reason="x", at=AT)
    parting = part_children(kept, cast.children["neighbour"], at=AT)
    return {"twin_file": kept.pk, "merge": done.pk, "parting": parting.pk}
