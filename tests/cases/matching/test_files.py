"""Files that are no lists, or not the right ones in form: each is refused with a sentence that says the remedy."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import xlsxwriter
from django.utils import translation

from cases.matching.reading import archives as files_archive
from cases.matching.reading import sniff as files_sniff
from cases.matching.reading.archives import parts_of
from cases.matching.reading.files import ListFileError, open_grids
from cases.matching.reading.tables import open_tables
from tests.cases.matching.reading import CHILD, DATA, packed, read, text, workbook

LIST = text("姓名,身份证号", f"张三,{CHILD}")
OLE = files_sniff.OLE + b"\x00" * 600


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with translation.override("en"):
        yield


def encrypted(name: str = "xl/workbook.xml") -> bytes:
    """An archive whose one file has a password, by its flags."""
    data = bytearray(packed({name: b"<x/>"}))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def bomb(name: str = "xl/worksheets/sheet1.xml") -> bytes:
    return packed(
        {"xl/workbook.xml" if name.startswith("xl/") else "a.csv": b"<x/>", name: b" " * (80 * 2**20)}
    )


def lying(data: bytes) -> bytes:
    """A workbook whose first sheet says it is shorter than it is."""
    raw = bytearray(data)
    at = raw.index(b"xl/worksheets/sheet1.xml", raw.index(b"PK\x01\x02")) - 46
    raw[at + 24 : at + 28] = (64).to_bytes(4, "little")
    return bytes(raw)


def with_part(name: str, content: bytes = b"x") -> bytes:
    """A workbook with one part more."""
    out = io.BytesIO(workbook([["姓名", "身份证号"], ["张三", CHILD]]))
    with zipfile.ZipFile(out, "a") as archive:
        archive.writestr(name, content)
    return out.getvalue()


def sprawling(reference: tuple[int, int]) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["姓名", "身份证号"])
        sheet.write(*reference, "x")
    return out.getvalue()


@pytest.mark.parametrize(
    ("source", "remedy"),
    [
        (b"", "The file is empty"),
        (OLE, r"save it as \.xlsx"),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "remove the password"),
        (OLE + "WordDocument".encode("utf-16-le"), "Word or PowerPoint"),
        (OLE + "_VBA_PROJECT".encode("utf-16-le"), "holds macros"),
        (with_part("xl/vbaProject.bin"), "holds macros"),
        (encrypted(), "remove the password"),
        (bomb(), "Copy the list into a new workbook"),
        (lying(workbook([["姓名", "身份证号"], ["张三", CHILD]])), "The workbook is damaged"),
        (sprawling((3, 16000)), "Delete the columns beside the list"),
        (sprawling((1_000_000, 1)), "Delete the rows under the list"),
        (b"<html><table><tr><td>", "Open it in Excel or WPS"),
        (b"\xef\xbb\xbf\n<!DOCTYPE html>", "a web page"),
        (b"MIME-Version: 1.0\nX-Document-Type: Workbook\n", "a web page"),
        (b"Rar!\x1a\x07\x00", "packed archive"),
        (b"%PDF-1.7", "picture or a PDF"),
        (b"PK\x03\x04 broken", r"save it again as \.xlsx"),
        (workbook([["姓名", "身份证号"], ["张三", "1"]])[:2000], r"save it again as \.xlsx"),
        ((DATA / "township.xls").read_bytes()[:3000], r"save it as \.xlsx"),
        (b"\x00\x01\x02binary", r"Save the list as \.xlsx or \.csv"),
        (b"\x81\xff\xff\xfe", "no known encoding"),
        (b"\xff\xfe\xfd\x80\x81", "no known encoding"),
        (
            text("姓名,身份证号", *[f"张三,{CHILD}"] * 500)[:-1] + "李".encode()[:2],
            "in the middle of a character",
        ),
        (text("姓名,身份证号", '"张三,1') + b"x" * 200_000, "a quotation mark is not closed"),
        (text("甲,乙", "1,2"), "No header row was found"),
        (text("姓名,身份证号"), "no persons below it"),
        (text("姓名,身份证号", "," * 300), "more than 256 columns"),
        (workbook([]), "No header row was found"),
        (packed({"word/document.xml": b"<x/>", "[Content_Types].xml": b"<x/>"}), "not a spreadsheet"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_its_remedy(source: bytes, remedy: str) -> None:
    with pytest.raises(ListFileError, match=remedy):
        read(source)


@pytest.mark.parametrize(
    ("source", "remedy"),
    [
        (encrypted("a.csv"), "protected by a password"),
        (bomb("b.csv"), "unpacks to far more"),
        (packed({"inner.zip": packed({"a.csv": LIST})}), "holds another archive"),
        (packed({}), "damaged|empty"),
        (packed({"folder/": b"", "Thumbs.db": b"x"}), "The archive is empty"),
        (packed({"a.csv": LIST})[:60], "damaged"),
    ],
)
def test_an_archive_that_cannot_be_unpacked_is_refused(source: bytes, remedy: str) -> None:
    with pytest.raises(ListFileError, match=remedy):
        read(source, "x.zip")


def test_an_archive_of_very_many_files_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files_archive, "MAX_PARTS", 2)
    with pytest.raises(ListFileError, match="several archives"):
        read(packed({f"{i}.csv": LIST for i in range(3)}))


def test_the_files_of_every_township_of_a_city_come_in_one_archive() -> None:
    files = {f"{i}.csv": text(f"姓名\n{i}") for i in range(663)}
    assert [part.name for part in parts_of(packed(files), name="city.zip")] == list(files)


def test_a_file_of_two_gigabytes_is_refused_without_being_read(tmp_path: Path) -> None:
    path = tmp_path / "big.csv"
    with path.open("wb") as stream:
        stream.truncate(2 * 2**30 + 1)
    with pytest.raises(ListFileError, match="Split the list by township"):
        read(path)


def test_chinese_names_of_an_archive_are_read_as_windows_wrote_them() -> None:
    name = "低保/桂林街道.csv".encode("gb18030")
    windows = packed({"a" * len(name): LIST}).replace(b"a" * len(name), name)
    assert [p.name for p in parts_of(windows, name="x.zip")] == ["桂林街道.csv"]
    assert [p.name for p in parts_of(packed({"特困/上和镇.csv": LIST}), name="x.zip")] == ["上和镇.csv"]


@pytest.mark.parametrize(
    "source",
    [
        workbook(
            [["姓名", "身份证号"], ["张三", 500152201503011013.0], [None, 5], ["", True], ["李四", 0.5]]
        ),
        text("姓名,身份证号", "张三,1", "", "李四", '"a,b",2', "王,3,4"),
        text("姓名\t身份证号", "张三\t1", encoding="gb18030"),
        (DATA / "township.xls").read_bytes(),
        (DATA / "500152003_tekun.xlsx").read_bytes(),
        (DATA / "500152001_tekun.csv").read_bytes(),
    ],
)
def test_columns_and_rows_of_a_file_are_the_same_cells(source: bytes) -> None:
    """`open_tables` and `open_grids` agree, but for blank cells that fill a short row up."""
    for table, grid in zip(open_tables(source), open_grids(source), strict=True):
        rows = list(grid.rows)
        width = table.frame.width
        assert table.lines(0, table.frame.height) == [
            (line, cells + [""] * (width - len(cells)), rounded) for line, cells, rounded in rows
        ]
