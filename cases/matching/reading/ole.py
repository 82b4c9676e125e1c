"""Old workbooks (.xls, .et) looked through before they are opened: a damaged one must not lead the reader astray.

The container ([MS-CFB]) is a file system of sectors in chains: a chain that bites its tail never ends. The workbook
in it ([MS-XLS]) is a sequence of records; a cell that stands far outside makes a reader hold the whole rectangle.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from django.utils.translation import gettext as _

from cases.matching.reading.sniff import ListFileError, damaged_old

MAX_CELLS: Final = 5_000_000
_LAST_SECTOR: Final = 0xFFFFFFFA  # greater numbers are marks: end of a chain, free
_ENTRY: Final = 128
_STREAM, _ROOT = 2, 5
_NAMES: Final = ("Workbook", "Book", "WORKBOOK", "BOOK")
# BLANK, NUMBER, LABEL, BOOLERR, FORMULA, RK, LABELSST, RSTRING; MULRK and MULBLANK hold a run of cells.
_CELLS: Final = frozenset({0x0201, 0x0203, 0x0204, 0x0205, 0x0006, 0x0206, 0x027E, 0x00FD, 0x00D6})
_RUNS: Final = frozenset({0x00BD, 0x00BE})
_BOF: Final = frozenset({0x0809, 0x0409, 0x0209, 0x0009})
_SHARED_STRINGS: Final = 0x00FC


class _Container:
    """The sectors of a container and their chains."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        shift, mini_shift = struct.unpack_from("<HH", data, 30)
        if shift not in (9, 12) or mini_shift != 6:
            raise ValueError("sector size")
        self.size = 1 << shift
        self.count = len(data) // self.size + 1
        counts = struct.unpack_from("<5I", data, 40)
        directories, fats, minis, difats = counts[0], counts[1], *struct.unpack_from("<I4xI", data, 64)
        if max(directories, fats, minis, difats) > self.count:
            raise ValueError("more sectors than the file holds")
        self.fat = self._fat(fats)
        self.cutoff: int = struct.unpack_from("<I", data, 56)[0]
        first_directory, first_mini = (
            struct.unpack_from("<I", data, 48)[0],
            struct.unpack_from("<I", data, 60)[0],
        )
        self.directory = self._read(first_directory)
        mini = self._read(first_mini) if first_mini < _LAST_SECTOR else b""
        self.mini_fat = struct.unpack(f"<{len(mini) // 4}I", mini[: len(mini) // 4 * 4])

    def _fat(self, fats: int) -> list[int]:
        places = list(struct.unpack_from("<109I", self.data, 76))
        following: int = struct.unpack_from("<I", self.data, 68)[0]
        seen: set[int] = set()
        while following < _LAST_SECTOR:
            if following in seen:
                raise ValueError("the chain of tables does not end")
            seen.add(following)
            numbers = self._numbers(following)
            places += numbers[:-1]
            following = numbers[-1]
        fat: list[int] = []
        for place in [p for p in places if p < _LAST_SECTOR][:fats]:
            fat += self._numbers(place)
        return fat

    def _sector(self, number: int) -> bytes:
        start = (number + 1) * self.size
        if start >= len(self.data):
            raise ValueError("a sector outside the file")
        return self.data[start : start + self.size]

    def _numbers(self, sector: int) -> list[int]:
        content = self._sector(sector)
        return list(struct.unpack(f"<{self.size // 4}I", content.ljust(self.size, b"\xff")))

    def _chain(self, table: list[int] | tuple[int, ...], first: int) -> Iterator[int]:
        number, seen = first, 0
        while number < _LAST_SECTOR:
            if number >= len(table) or seen > len(table):
                raise ValueError("a chain that does not end")
            yield number
            number, seen = table[number], seen + 1

    def _read(self, first: int) -> bytes:
        return b"".join(self._sector(n) for n in self._chain(self.fat, first))

    def workbook(self) -> bytes:
        """The stream of the workbook; every chain in the directory is walked to its end."""
        found = small = b""
        for at in range(0, len(self.directory) - _ENTRY + 1, _ENTRY):
            entry = self.directory[at : at + _ENTRY]
            length, kind = struct.unpack_from("<HB", entry, 64)
            first, size = struct.unpack_from("<II", entry, 116)
            if kind not in (_STREAM, _ROOT) or first >= _LAST_SECTOR:
                continue
            if size > len(self.data):
                raise ValueError("a stream longer than the file")
            name = entry[: max(length - 2, 0)].decode("utf-16-le", errors="replace")
            if kind == _ROOT:
                small = self._read(first)
                continue
            if size < self.cutoff:
                pieces = [small[n * 64 : n * 64 + 64] for n in self._chain(self.mini_fat, first)]
                content = b"".join(pieces)[:size]
            else:
                content = self._read(first)[:size]
            if name in _NAMES and not found:
                found = content
        return found


def look_through(data: bytes) -> None:
    """Raise `ListFileError` for an old workbook that its reader could not end reading, or only with all memory."""
    try:
        stream = _Container(data).workbook()
    except (ValueError, IndexError, struct.error) as error:
        raise ListFileError(damaged_old()) from error
    if not stream:
        raise ListFileError(damaged_old())
    _refuse_sprawl(stream)


def _refuse_sprawl(stream: bytes) -> None:
    """Refuse sheets whose used cells span far more than a list."""
    at = 0
    rows: list[int] = []
    columns: list[int] = []
    while at + 4 <= len(stream):
        code, length = struct.unpack_from("<HH", stream, at)
        if code in _BOF:
            _check_span(rows, columns)
            rows, columns = [], []
        elif code in _CELLS and length >= 4:
            row, column = struct.unpack_from("<HH", stream, at + 4) if at + 8 <= len(stream) else (0, 0)
            rows.append(row)
            columns.append(column)
        elif code in _RUNS and length >= 6 and at + 4 + length <= len(stream):
            row, column = struct.unpack_from("<HH", stream, at + 4)
            rows += [row, row]
            columns += [column, struct.unpack_from("<H", stream, at + 4 + length - 2)[0]]
        elif code == _SHARED_STRINGS and length >= 8 and at + 12 <= len(stream):
            if max(struct.unpack_from("<II", stream, at + 4)) > 50 * len(stream):
                raise ListFileError(damaged_old())
            if struct.unpack_from("<I", stream, at + 8)[0] > len(stream):
                raise ListFileError(damaged_old())
        at += 4 + length
    _check_span(rows, columns)


def _check_span(rows: list[int], columns: list[int]) -> None:
    if not rows:
        return
    if max(columns) > 255 or (max(rows) - min(rows) + 1) * (max(columns) - min(columns) + 1) > MAX_CELLS:
        raise ListFileError(
            _("A cell far outside the list is filled. Delete the rows and columns around the list.")
        )
