"""What pages show of a list before it is imported, kept once it was read, encrypted as its file is: looking at it again
parses nothing. Only numbers are masked in it; names are not.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import uuid
from typing import Any, Final

from django.utils import timezone

from cases.matching.reading.preview import Peek, RowProblem, peek
from cases.matching.reading.report import ColumnRead, ListRead
from cases.models import ListImport
from staff import files
from staff.models import StoredFile

SHOWN_TYPE: Final = "application/json"
_NAMESPACE: Final = uuid.UUID("0d0b7a3e-52f4-4d5b-9a1c-6b8f7e2c4d35")


@dataclasses.dataclass(frozen=True, slots=True)
class SheetToName:
    """A sheet whose columns a clerk may name: its place among all sheets, and its columns with samples."""

    place: int
    name: str
    file: str
    ten_thousands: bool
    columns: list[ColumnRead]


@dataclasses.dataclass(frozen=True, slots=True)
class Shown:
    """The sheets to be named, of several with one header the first; and some rows of the list."""

    sheets: list[SheetToName]
    peek: Peek

    @classmethod
    def of(cls, read: ListRead) -> Shown:
        """What is shown of a list that was read."""
        first = {
            sheet.signature: place for place, sheet in reversed([*enumerate(read.sheets)]) if sheet.columns
        }
        named = [(place, read.sheets[place]) for place in sorted(first.values())]
        return cls([SheetToName(p, s.name, s.file, s.ten_thousands, s.columns) for p, s in named], peek(read))

    def packed(self) -> bytes:
        """As bytes in the clear, for `files.store`."""
        wrong = [
            row | {"problems": [each.as_json() for each in row["problems"]], "bad": sorted(row["bad"])}
            for row in self.peek.wrong
        ]
        sheets = [dataclasses.asdict(sheet) for sheet in self.sheets]
        told = {"sheets": sheets, "sample": self.peek.sample, "wrong": wrong}
        return json.dumps(told, ensure_ascii=False).encode()

    @classmethod
    def unpacked(cls, data: bytes) -> Shown:
        """The inverse of `packed`."""
        told: dict[str, Any] = json.loads(data)
        sheets = [
            SheetToName(**sheet | {"columns": [ColumnRead(**column) for column in sheet["columns"]]})
            for sheet in told["sheets"]
        ]
        wrong = [
            row
            | {"problems": [RowProblem.from_json(each) for each in row["problems"]], "bad": set(row["bad"])}
            for row in told["wrong"]
        ]
        return cls(sheets, Peek(told["sample"], wrong))


def keep(list_import: ListImport, read: ListRead) -> None:
    """Keep what is shown of a list, as `ListImport.mapping` says that it was read. The same reading is kept once."""
    file_id = _file_id(list_import)
    if not StoredFile.objects.filter(pk=file_id).exists():
        files.store(
            Shown.of(read).packed(),
            kind=StoredFile.Kind.STAGED,
            name=f"{list_import.name}.json",
            content_type=SHOWN_TYPE,
            region_id=list_import.region_id,
            at=timezone.now(),
            file_id=file_id,
        )


def kept(list_import: ListImport) -> Shown | None:
    """What was kept of the list as it is understood now; None for one that an earlier version took in."""
    found = StoredFile.objects.filter(pk=_file_id(list_import)).first()
    return Shown.unpacked(files.read(found)) if found is not None else None


def _file_id(list_import: ListImport) -> uuid.UUID:
    """Of what is shown of a list read in this way: another when a clerk has named its columns otherwise."""
    read_so = json.dumps(list_import.mapping, sort_keys=True, default=str)
    digest = hashlib.sha256(f"{list_import.sha256} {read_so}".encode()).hexdigest()
    return uuid.uuid5(_NAMESPACE, f"shown {list_import.pk} {digest}")
