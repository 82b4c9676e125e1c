"""An import of the county with one row, and one of the township."""

from __future__ import annotations

import datetime as dt
from typing import Any

from cases.models import Child, RegisterImport, RegisterImportRow
from tests.cast import COUNTY, TOWNSHIP, Cast

AT = dt.datetime(2026, 10, 20, 9, 40, tzinfo=dt.UTC)


def make(cast: Cast, own: Child) -> dict[str, Any]:
    counts = {"rows": 1, "new": 0, "update": 0, "same": 0, "error": 0, "duplicate": 1}
    found = [
        RegisterImport.objects.create(
            region_id=region, user=cast.users["clerk"], name="a.csv", sha256="0" * 64, state="checked",
            mapping={"columns": [{"key": "姓名", "title": "姓名", "field": "name"}], "sheets": []},
            counts=counts, created_at=AT,
        )
        for region in (COUNTY, TOWNSHIP)
    ]  # fmt: skip
    row = RegisterImportRow.objects.create(
        register_import=found[0], region_id=own.region_id, line=2, outcome="duplicate", child_id=own.pk,
        cells='{"name": "林小满"}', problems=[{"field": "name", "code": "same_name_and_birth"}],
    )  # fmt: skip
    return {"register_import": found[0].pk, "township_import": found[1].pk, "register_import_row": row.pk}
