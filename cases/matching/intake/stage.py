"""A list file → its columns, read once and kept as one encrypted file.

The database gets no row of it: rows that matter are written when the month is matched (`cases.matching.runs.rows`).
"""

from __future__ import annotations

import hashlib
import io
import uuid
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl
from django.db import transaction
from django.utils import timezone

from cases.matching.engine.frames import LIST_SCHEMA
from cases.matching.engine.places import Places
from cases.matching.intake import layouts
from cases.matching.kinds.certificates import told_by_certificate
from cases.matching.reading.lists import read_list
from cases.models import ListImport
from staff import files
from staff.enums import RegionLevel
from staff.models import Region, StoredFile
from staff.regions import present_codes

Progress = Callable[[int, int, str], None]
MAX_PROBLEMS: Final = 500
COLUMNS_TYPE: Final = "application/vnd.apache.arrow.file"
# What a staged list knows beyond the reader's columns: the 12-digit code of the village, township or county of each row.
STAGED_SCHEMA: Final = pl.Schema({**LIST_SCHEMA, "region": pl.Int64})  # type: ignore[arg-type]
# Where a row stood says nothing about what it says.
_PLACE_IN_FILE: Final = ("row", "sheet", "line", "own_id", "household", "sender_code")
_NAMESPACE: Final = uuid.UUID("5f3c2b8e-7c1d-4b57-9e5a-0d6f4b1c9a21")


@dataclass(frozen=True, slots=True)
class StageResult:
    """Counts of one staging: rows kept, rows that are no persons or were rejected, rows with a problem by code."""

    rows: int
    dropped: int
    problems: dict[str, int]


def quiet(done: int, total: int, text: str) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True, slots=True)
class Divisions:
    """The townships and villages of a region, to place a row by what its cells, title and file name say."""

    places: Places
    townships: dict[str, str]
    codes: frozenset[int]

    @classmethod
    def below(cls, region: Region) -> Divisions:
        """Load the divisions of a region. Renamed and merged ones mean the division that took over."""
        found = list(Region.objects.below(region).values_list("code", "name", "level"))
        present = present_codes((code for code, _name, _level in found), timezone.localdate())
        named = [(c, n) for c, n, level in found if level in (RegionLevel.VILLAGE, RegionLevel.TOWNSHIP)]
        townships = {n: f"{c:012d}" for c, n, level in found if level == RegionLevel.TOWNSHIP}
        successors = {old: new for old, new in present.items() if old != new}
        return cls(Places.of(named, successors), townships, frozenset(present))

    def sender(self, *texts: str) -> str:
        """The code of the township that one of the texts names, '' for none. The first text that
        names one decides."""
        for text in texts:
            named = [code for name, code in self.townships.items() if name in text]
            if len(named) == 1:
                return named[0]
            for code in self.townships.values():
                if code[:9] in text:
                    return code
        return ""

    def region(self, sender: str, township: str, village: str) -> int | None:
        """Where a row belongs: its village where known, else its township, else its sender."""
        found = self.places.find(sender, village, township) or self.places.township(sender, township)
        if found:
            return found
        code = int(sender) if sender.isdigit() else 0
        return self.places.current(code) if code in self.codes else None


def stage_list(list_import: ListImport, source: Path | bytes, *, progress: Progress = quiet) -> StageResult:
    """Read a list and keep its columns, in one transaction. A list that is staged stays as it is.

    Raises `ListFileError` when the file as a whole cannot be read.
    """
    progress(0, 2, "reading")
    divisions = Divisions.below(list_import.region)
    read = read_list(
        source,
        name=list_import.name,
        kind=list_import.kind,
        layout=layouts.remembered(region_id=list_import.region_id, kind=list_import.kind),
        divisions=divisions,
    )
    progress(1, 2, "reading")
    frame = placed(told_by_certificate(read.frame), divisions, list_import.region)
    with transaction.atomic():
        list_import.frame = keep_frame(list_import, packed(frame))
        list_import.content_sha256 = content_sha256(frame)
        list_import.row_count = frame.height
        list_import.rows_in_file = read.rows_in_file
        list_import.rows_rejected = read.rows_rejected
        list_import.rows_other = read.rows_other
        list_import.senders = read.senders
        list_import.mapping = {**list_import.mapping, **_without_samples(read.as_mapping())}
        list_import.problems = read.kept_problems(MAX_PROBLEMS)
        list_import.save(
            update_fields=[
                *("frame", "content_sha256", "row_count", "rows_in_file", "rows_rejected", "rows_other"),
                *("senders", "mapping", "problems"),
            ]
        )
    return result_of(list_import)


def _without_samples(mapping: dict[str, Any]) -> dict[str, Any]:
    """What was read of a file without the cells that show it: `ListImport.mapping` is not encrypted."""
    for sheet in mapping["sheets"]:
        for column in sheet["columns"]:
            column.pop("samples", None)
    return mapping


def keep_frame(list_import: ListImport, data: bytes) -> StoredFile:
    """The columns as an encrypted file. The same columns of a list are one file, however often they are read."""
    file_id = uuid.uuid5(_NAMESPACE, f"list {list_import.pk} {hashlib.sha256(data).hexdigest()}")
    return StoredFile.objects.filter(pk=file_id).first() or files.store(
        data,
        kind=StoredFile.Kind.STAGED,
        name=f"{list_import.name}.arrow",
        content_type=COLUMNS_TYPE,
        region_id=list_import.region_id,
        at=timezone.now(),
        file_id=file_id,
    )


def result_of(list_import: ListImport) -> StageResult:
    """The counts of a staged list."""
    return StageResult(
        list_import.row_count,
        list_import.rows_rejected + list_import.rows_other,
        list_import.mapping.get("problem_counts", {}),
    )


def placed(frame: pl.DataFrame, divisions: Divisions, region: Region) -> pl.DataFrame:
    """The rows with their sender filled in and their region (STAGED_SCHEMA); each distinct address is looked up once."""
    county = (
        f"{region.code:012d}" if region.level not in (RegionLevel.PROVINCE, RegionLevel.PREFECTURE) else ""
    )
    rows = frame.with_columns(sender_code=pl.col("sender_code").replace("", county))
    addresses = rows.select("sender_code", "township", "village").unique()
    codes = [divisions.region(*address) or region.code for address in addresses.iter_rows()]
    known = addresses.with_columns(pl.Series("region", codes, dtype=pl.Int64))
    return rows.join(known, on=addresses.columns, how="left", maintain_order="left").select(
        STAGED_SCHEMA.names()
    )


def content_sha256(frame: pl.DataFrame) -> str:
    """Equal for the same rows, whatever file, sheets and order they came in."""
    hashes = frame.drop(*_PLACE_IN_FILE, "region").hash_rows(seed=0).sort()
    return hashlib.sha256(array("Q", hashes.to_list()).tobytes()).hexdigest()


def packed(frame: pl.DataFrame) -> bytes:
    """Columns as bytes, compressed; in the clear, so only for `files.store` and `crypto.encrypt_bytes`."""
    buffer = io.BytesIO()
    frame.write_ipc(buffer, compression="zstd")
    return buffer.getvalue()


def unpacked(data: bytes) -> pl.DataFrame:
    """The inverse of `packed`, in memory."""
    return pl.read_ipc(io.BytesIO(data))


def frame_of(list_import: ListImport) -> pl.DataFrame:
    """The columns of a staged list (STAGED_SCHEMA). One staged by an earlier version is read again from its file."""
    if list_import.frame is None:
        assert list_import.file is not None, "a received list has its file"
        stage_list(list_import, files.read(list_import.file))
    assert list_import.frame is not None
    return unpacked(files.read(list_import.frame))
