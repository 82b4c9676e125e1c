"""A bank layout of the county's own."""

from __future__ import annotations

import datetime as dt
from typing import Any

from cases.models import Child
from subsidies.bank.packaged import PACKAGED
from subsidies.models import BankLayout
from tests.cast import COUNTY, Cast

AT = dt.datetime(2026, 10, 20, 9, 40, tzinfo=dt.UTC)


def make(cast: Cast, own: Child) -> dict[str, Any]:
    layout = BankLayout.objects.create(
        region_id=COUNTY, code="own-bank", name="本区农商行", layout=PACKAGED["fixed"][2], at=AT
    )
    return {"own_layout": layout.code, "packaged_layout": "csv"}
