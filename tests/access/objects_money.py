"""An appropriation of the county."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from cases.models import Child
from subsidies.ledger import entries as ledger
from subsidies.ledger.enums import EntryKind, Source
from tests.cast import COUNTY, Cast

AT = dt.datetime(2026, 10, 20, 9, 40, tzinfo=dt.UTC)


def make(cast: Cast, own: Child) -> dict[str, Any]:
    entry = ledger.post(
        EntryKind.APPROPRIATION,
        {Source.COUNTY: Decimal("31000.00")},
        region_id=COUNTY,
        year=2026,
        at=AT,
        document="潼财社〔2026〕8号",
    )
    if entry is None:
        raise AssertionError("an appropriation of something is an entry")
    return {"appropriation": entry.pk}
