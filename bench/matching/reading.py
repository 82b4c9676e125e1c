"""Office files read by the product, and by the bare parsers of the same formats."""

from __future__ import annotations

import codecs
import csv
import io
import os
import zipfile
from itertools import groupby
from pathlib import Path
from typing import Any

import django
import python_calamine

from bench.matching.product import Clock


def read_files(folder: Path) -> dict[str, Any]:
    """All office files through the product's reader as the upload page reads them: seconds by kind of file, rows, and
    problems found; `archive`, the seconds of the same files packed as one .zip; `alone`, of each file by itself, as it
    is read when it is imported."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    from cases.matching.reading.archives import Part
    from cases.matching.reading.lists import read_list, read_lists
    from cases.matching.reading.report import ListRead

    files = sorted((folder / "files").iterdir(), key=_sort)
    clock = Clock()
    rows = problems = 0
    for (suffix, kind), paths in groupby(files, key=_sort):
        for read in read_lists((Part(path.name, path.read_bytes()) for path in paths), kind=kind):
            assert isinstance(read, ListRead), str(read)
            rows += read.frame.height
            problems += read.problems.height
        clock.tick(suffix)
    found = {**clock.result(), "rows": rows, "files": len(files), "problems": problems}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for path in files:
            archive.write(path, path.name)
    clock = Clock()
    read_list(packed.getvalue(), name="month.zip", kind="dibao")
    clock.tick("archive")
    for path in files:
        read_list(path, name=path.name, kind=_sort(path)[1])
    clock.tick("alone")
    return {**found, **clock.steps}


def _sort(path: Path) -> tuple[str, str]:
    """What kind of file it is, and of list."""
    return path.suffix[1:], path.stem.split("_")[1]


def parse_files(folder: Path) -> dict[str, Any]:
    """The same files through the bare parsers, cells thrown away: what no reader can do without."""
    clock = Clock()
    files = sorted((folder / "files").iterdir())
    for path in files:
        if path.suffix == ".xlsx":
            book = python_calamine.load_workbook(path)
            for name in book.sheet_names:
                book.get_sheet_by_name(name).to_python()
        else:
            data = path.read_bytes()
            text = _decoded(data)
            for _line in csv.reader(io.StringIO(text), delimiter="," if path.suffix == ".csv" else "\t"):
                pass
        clock.tick(path.suffix[1:])
    return {**clock.result(), "files": len(files)}


def _decoded(data: bytes) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16")
    return data.decode("utf-8-sig" if data.startswith(codecs.BOM_UTF8) else "gb18030")
