"""Pairs as a run leaves them, made without one: rows, candidates, discrepancies."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Any

from cases.models import Child, ListImport, ListRow, MatchCandidate, MatchRun
from staff.scope import open_scope
from tests.cases.matching.conftest import AT, OCTOBER
from tests.cast import COUNTY, Cast


def make_run(cast: Cast, period: dt.date = OCTOBER, **fields: Any) -> MatchRun:
    """A run of the county that waits for review."""
    with open_scope(cast.scope("clerk")):
        return MatchRun.objects.create(
            region_id=COUNTY, period=period, **{"state": "review", "started_at": AT, **fields}
        )


def make_row(run: MatchRun, name: str, id_number: str = "", *, kind: str = "dibao", **fields: Any) -> ListRow:
    """A row of the run's list of a kind. Call it inside a scope over the county."""
    sent, _new = ListImport.objects.get_or_create(
        region_id=COUNTY,
        kind=kind,
        period=run.period,
        sha256=f"{kind:0<64}",
        defaults={"name": f"{kind}.csv", "created_at": AT},
    )
    line = ListRow.objects.filter(list_import=sent).count() + 1
    return ListRow.objects.create(
        list_import=sent,
        row=line,
        line=line,
        region_id=COUNTY,
        kind=kind,
        own_id="",
        name=name,
        id_number=id_number,
        **{"head_id": "", **fields},
    )


def pair_of(run: MatchRun, row: ListRow, child: Child, **fields: Any) -> MatchCandidate:
    """A pair of the run. Call it inside a scope over the county."""
    values: dict[str, Any] = {
        "tier": "review",
        "state": "pending",
        "score": "0.6000",
        "rule": "same_number_other_name",
        "reasons": ["number_same", "name_other", "same_village"],
    } | fields
    said = " ".join((values["rule"], *values["reasons"]))
    values.setdefault("alike", hashlib.sha256(said.encode()).hexdigest()[:32])
    return MatchCandidate.objects.create(
        run=run, list_row=row, child=child, region_id=child.region_id, **values
    )


def make_pair(
    cast: Cast,
    run: MatchRun,
    child: Child,
    name: str,
    id_number: str = "",
    *,
    row: dict[str, Any] | None = None,
    **fields: Any,
) -> MatchCandidate:
    """A row of one candidate."""
    with open_scope(cast.scope("clerk")):
        return pair_of(run, make_row(run, name, id_number, **(row or {})), child, **fields)


def fresh(cast: Cast, pair: MatchCandidate) -> MatchCandidate:
    """The pair as it stands now."""
    with open_scope(cast.scope("clerk")):
        return MatchCandidate.objects.select_related("list_row", "child", "run").get(pk=pair.pk)
