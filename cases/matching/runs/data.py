"""What a run has before it: the rows of its month's lists as columns, and which of them have found somebody."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import polars as pl
from django.db import connection
from django.utils.translation import gettext as _

from cases.matching.intake import stage
from cases.matching.reading.files import ListFileError
from cases.matching.runs.copying import copied
from cases.matching.runs.rows import keep_rows
from cases.models import ListImport, ListRow, MatchRun
from cases.models.matching import MatchRole
from staff.enums import RegionLevel

# Beside the columns of a staged list: `list` (ListImport), `place` (its row there), `house` (its household there) and
# `people` (rows of the household on the list, 1 without one). `row` and `household` are unique over all lists.
ROWS_SCHEMA = pl.Schema(
    {**stage.STAGED_SCHEMA, "place": pl.UInt32, "list": pl.Int64, "house": pl.UInt32, "people": pl.UInt32}  # type: ignore[arg-type]
)
WIDE: Final = frozenset({RegionLevel.PROVINCE, RegionLevel.PREFECTURE})


class UnreadableList(ListFileError):
    """A list of the month can no longer be read; the message names it and what to do."""


def is_wide(run: MatchRun) -> bool:
    """Whether a run is carried out by counties."""
    return run.region.level in WIDE


def lists_of(run: MatchRun) -> list[ListImport]:
    """The staged lists that a run matches, in a fixed order: of its region and month. A county has its parts of wider
    lists among them; a wider run has the whole lists."""
    staged = ListImport.objects.filter(
        region__gte=run.region.lo,
        region__lte=run.region.hi,
        period=run.period,
        state=ListImport.State.STAGED,
    )
    if is_wide(run):
        staged = staged.filter(part_of=None)
    return list(staged.select_related("region", "frame", "file").order_by("pk"))


@dataclass
class RunData:
    """The lists of a run. `rows`: ROWS_SCHEMA, one row a person of a list, loaded when they are first asked for."""

    run: MatchRun
    lists: list[ListImport]

    @classmethod
    def of(cls, run: MatchRun, lists: Sequence[ListImport] | None = None) -> RunData:
        """The data of a run, of the month's lists unless others are given (a repetition)."""
        return cls(run, lists_of(run) if lists is None else list(lists))

    @cached_property
    def rows(self) -> pl.DataFrame:
        """All rows of the lists. Raises `UnreadableList`."""
        found, households = [], 0
        for each in self.lists:
            frame = _columns_of(each)
            counted = pl.when(pl.col("household").is_not_null()).then(pl.len().over("household")).otherwise(1)
            found.append(
                frame.with_columns(
                    place="row",
                    list=pl.lit(each.pk, dtype=pl.Int64),
                    house="household",
                    household=pl.col("household") + households,
                    people=counted.cast(pl.UInt32),
                )
            )
            households += int(frame["household"].max() or 0) + 1  # type: ignore[arg-type]
        if not found:
            return pl.DataFrame(schema=ROWS_SCHEMA)
        rows = pl.concat(found, rechunk=True).drop("row").with_row_index("row")
        return rows.select(pl.col(name).cast(kind) for name, kind in ROWS_SCHEMA.items())

    def unmatched(self, kinds: Iterable[str]) -> pl.DataFrame:
        """Rows of these kinds of list that are no child of the register, nor wait to be decided (ROWS_SCHEMA)."""
        rows = self.rows.filter(pl.col("list_type").is_in(list(kinds)))
        return rows.join(self._matched, on=["list", "place"], how="anti")

    @property
    def _matched(self) -> pl.DataFrame:
        """`list`, `place` of the rows with a pair that nobody has rejected, as the database has them now."""
        select = (
            "SELECT DISTINCT r.list_import_id, r.row FROM cases_matchcandidate c "  # noqa: S608 - a number
            "JOIN cases_listrow r ON r.id = c.list_row_id "
            f"WHERE c.run_id = {int(self.run.pk)} AND c.role = '{MatchRole.CHILD.value}' AND c.state <> 'rejected' "
            f"AND c.region_code BETWEEN {self.run.region.lo} AND {self.run.region.hi} AND r.row IS NOT NULL"
        )
        with connection.cursor() as cursor:
            return copied(cursor, select, {"list": pl.Int64, "place": pl.UInt32})

    def list_rows(self, rows: Iterable[int]) -> dict[int, ListRow]:
        """The `ListRow` of each of these `row` numbers, written now where it is not yet in the database."""
        wanted = self.rows.filter(pl.col("row").is_in(list(rows)))
        if wanted.is_empty():
            return {}
        with connection.cursor() as cursor:
            kept = keep_rows(cursor, wanted)
        found = ListRow.objects.in_bulk(kept["list_row"].to_list())
        return {row: found[pk] for row, pk in kept.iter_rows()}


def _columns_of(each: ListImport) -> pl.DataFrame:
    try:
        return stage.frame_of(each)
    except ListFileError as error:
        raise UnreadableList(
            _(
                "The list %(name)s can no longer be read: %(why)s Take it out of the month on its page, upload it again "
                "as a file that can be read, and match the month again."
            )
            % {"name": each.name, "why": error}
        ) from error
