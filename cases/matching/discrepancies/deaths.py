"""Whether a death list names somebody: asked before a person is entrusted with a child.

Whoever is on a file when a list is matched has a row in the database; of everybody else a list keeps its columns only.
"""

from __future__ import annotations

import polars as pl

from cases import identity
from cases.matching.intake.stage import frame_of
from cases.models import ListImport, ListRow

KIND = "death"


def is_recorded_dead(number: str, *, lo: int, hi: int) -> bool:
    """Whether a death list of the regions lo … hi has a row with this identity number (canonical, valid).

    Runs inside a scope over these regions. The lists are opened in memory, the latest first.
    """
    digest = identity.digest_identity(number)
    if ListRow.objects.filter(id_digest=digest, kind=KIND, region__gte=lo, region__lte=hi).exists():
        return True
    staged = ListImport.objects.filter(
        kind=KIND, state=ListImport.State.STAGED, frame__isnull=False, region__gte=lo, region__lte=hi
    )
    return any(
        _names(frame_of(each), number)
        for each in staged.select_related("frame", "region").order_by("-period", "-pk")
    )


def _names(frame: pl.DataFrame, number: str) -> bool:
    """Whether a list has the number, as offices type it: spaces and a small x aside."""
    typed = pl.col("id_number").str.to_uppercase().str.replace_all(r"[\s'`]", "")
    return bool(frame.select((typed == number).any()).item())
