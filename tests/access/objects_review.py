"""Two pairs alike, one of them proposed by the clerk."""

from __future__ import annotations

import datetime as dt
from typing import Any

from cases.models import Child, ListImport, ListRow, MatchCandidate, MatchRun
from tests.cast import COUNTY, Cast

AT = dt.datetime(2026, 10, 20, 9, 40, tzinfo=dt.UTC)
ALIKE = "a" * 32


def make(cast: Cast, own: Child) -> dict[str, Any]:
    run = MatchRun.objects.get(region_id=COUNTY)
    sent = ListImport.objects.filter(region_id=COUNTY, kind="dibao").order_by("pk")[0]
    for line, state in ((11, "pending"), (12, "pending"), (13, "proposed")):
        row = ListRow.objects.create(
            list_import=sent, region_id=own.region_id, kind="dibao", own_id=f"r{line}", line=line, name=own.name,
            id_number="", head_id="",
        )  # fmt: skip
        proposed = {"proposed_same": True, "proposed_by": cast.users["clerk"], "proposed_at": AT}
        MatchCandidate.objects.create(
            run=run, list_row=row, child=own, region_id=own.region_id, tier="review", score="0.8000", state=state,
            rule="same_number_other_name", alike=ALIKE, **(proposed if state == "proposed" else {}),
        )  # fmt: skip
    return {"pairs_alike": ALIKE, "role_of_pairs": "child", "rule_of_pairs": "repaired_number_and_name"}
