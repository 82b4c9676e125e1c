"""List files as offices send them → raw rows."""

import csv
import io
import time
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import xlsxwriter
from django.utils import translation

from cases.matching.files import ListFileError
from cases.matching.headers import field_of, map_columns
from cases.matching.read import ListReader, RawRow

DATA = Path(__file__).parent.parent / "data" / "matching"
FLAT = {
    "name": "name", "id_number": "id_number", "relation": "relation", "head_name": "head_name",
    "head_id": "head_id", "amount": "amount", "village": "village_name", "start_month": "start_ym",
}  # fmt: skip


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with translation.override("en"):
        yield


def read(source: Path | bytes, name: str = "list") -> tuple[list[RawRow], ListReader]:
    reader = ListReader(source, name=name, list_type="dibao")
    return list(reader.rows()), reader


def text(*lines: str, encoding: str = "utf-8") -> bytes:
    return "\r\n".join(lines).encode(encoding)


def workbook(*sheets: Sequence[Sequence[object]], options: dict[str, str] | None = None) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        for grid in sheets:
            sheet = book.add_worksheet()
            for y, row in enumerate(grid):
                for x, value in enumerate(row):
                    sheet.write(y, x, value)
    return out.getvalue()


@pytest.mark.parametrize(
    "name", ["500152001_tekun.csv", "500152002_tekun.csv", "500152003_tekun.xlsx", "500152_death.xlsx"]
)
def test_an_office_file_gives_the_rows_a_careful_reader_would_see(name: str) -> None:
    with (DATA / "list_all.csv").open(encoding="utf-8") as stream:
        expected = [r for r in csv.DictReader(stream) if r["file"] == name]
    rows, reader = read(DATA / name, name)
    assert len(rows) == len(expected) > 0
    for row, flat in zip(rows, expected, strict=True):
        assert {f: row.cells[f] for f in FLAT if f in row.cells} == {
            f: flat[h] for f, h in FLAT.items() if f in row.cells
        }
    if rows[0].household is not None:
        numbers = dict(zip((r["hh_no"] for r in expected), (r.household for r in rows), strict=True))
        assert len(set(numbers.values())) == len(numbers) == len({r.household for r in rows})
    assert {d.why for d in reader.sheets[0].dropped} <= {"total", "signature"}
    assert "花名册" in reader.sheets[0].title


def test_the_flat_list_keeps_its_own_row_numbers_and_types() -> None:
    rows, _reader = read(DATA / "list_all.csv", "list_all.csv")
    assert len(rows) == 5000
    assert [r.own_id for r in rows[:3]] == ["1", "2", "3"]
    assert {r.list_type for r in rows} == {"dibao", "tekun", "canlian", "death", "prison"}


def test_a_row_without_its_own_number_is_named_by_file_sheet_and_line() -> None:
    rows, _reader = read(workbook([["姓名", "身份证号"], ["张三", "1"]]), "a.xlsx")
    assert rows[0].own_id == "a.xlsx:Sheet1:2"


def test_merged_household_cells_reach_every_member() -> None:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet("桂林")
        sheet.merge_range(0, 0, 0, 4, "2026年10月农村低保花名册")
        sheet.write_row(1, 0, ["序号", "户主姓名", "成员姓名", "公民身份号码", "村（居）"])
        sheet.merge_range(2, 0, 4, 0, 1)
        sheet.merge_range(2, 1, 4, 1, "李四")
        sheet.merge_range(2, 4, 5, 4, "莲花村")
        for y, name in enumerate(["李四", "李小四", "李小五"], 2):
            sheet.write_row(y, 2, [name, "500152201503011013"])
        sheet.write_row(5, 0, [2, "王五", "王五", "50015219500101101X"])
    rows, reader = read(out.getvalue())
    assert [(r.cells["name"], r.cells["head_name"], r.cells["village"], r.household) for r in rows] == [
        ("李四", "李四", "莲花村", 1),
        ("李小四", "李四", "莲花村", 1),
        ("李小五", "李四", "莲花村", 1),
        ("王五", "王五", "莲花村", 2),
    ]
    assert reader.sheets[0].header_line == 2


def test_blank_household_cells_of_a_csv_are_carried_down_but_not_into_the_next_household() -> None:
    rows, _reader = read(
        text("序号,户主姓名,姓名,身份证号,开户行", "1,李四,李四,a,农行", ",,李小四,b,", "2,王五,王五,c,")
    )
    assert [
        (r.cells["head_name"], r.cells["开户行"] if "开户行" in r.cells else r.cells["bank"]) for r in rows
    ] == [
        ("李四", "农行"),
        ("李四", "农行"),
        ("王五", ""),
    ]
    assert rows[1].carried == {"sequence", "head_name", "bank"}


def test_an_identity_number_typed_as_a_number_is_marked_and_not_guessed() -> None:
    rows, _reader = read(
        workbook([["姓名", "身份证号"], ["张三", 500152201503011013.0], ["李四", "500152201503011013"]])
    )
    assert rows[0].cells["id_number"] == "500152201503011000"
    assert rows[0].rounded == {"id_number"}
    assert rows[1].rounded == frozenset()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_encodings_and_separators(encoding: str, delimiter: str) -> None:
    lines = [delimiter.join(c) for c in (("姓名", "身份证号", "住址"), ("赵㛃", "x", "莲花村"))]
    rows, _reader = read(text(*lines, encoding=encoding))
    assert (rows[0].cells["name"], rows[0].cells["village"]) == ("赵㛃", "莲花村")


def test_totals_signatures_repeated_headers_and_blank_lines_are_reported_not_read() -> None:
    rows, reader = read(
        text(
            "某镇低保花名册,,", "填报单位：某镇,,", "姓名,身份证号,保障金额", "张三,500152201503011013,300",
            ",,", "小 计,,300", "姓名,身份证号,保障金额", "李四,500152195001011010,400", ",,55",
            "合计,2人,700",
            "制表人：王,,",
        )
    )  # fmt: skip
    assert [r.cells["name"] for r in rows] == ["张三", "李四"]
    assert [(d.line, d.why) for d in reader.sheets[0].dropped] == [
        (6, "total"), (7, "header"), (9, "nobody"), (10, "total"), (11, "signature"),
    ]  # fmt: skip


def test_a_second_block_may_have_its_columns_in_another_order() -> None:
    rows, _reader = read(
        text(
            "姓名,身份证号,住址",
            "张三,500152201503011013,甲村",
            "身份证号,姓名,住址",
            "500152195001011010,李四,乙村",
        )
    )
    assert [(r.cells["name"], r.cells["id_number"]) for r in rows] == [
        ("张三", "500152201503011013"),
        ("李四", "500152195001011010"),
    ]


def test_every_sheet_with_a_list_is_read_and_others_are_passed_over() -> None:
    rows, reader = read(
        workbook(
            [["说明"]],
            [["姓名", "身份证号"], ["张三", "1"]],
            [],
            [["编号", "姓名", "证件号码"], [1, "李四", "2"]],
        )
    )
    assert [(r.sheet, r.cells["name"]) for r in rows] == [("Sheet2", "张三"), ("Sheet4", "李四")]
    assert [s.name for s in reader.sheets] == ["Sheet2", "Sheet4"]


def test_a_header_of_two_storeys_is_read_as_one() -> None:
    rows, _reader = read(
        text(
            "户主,,家庭成员,,备注",
            "姓名,身份证号,姓名,身份证号,",
            "李四,500152195001011010,李小四,500152201503011013,",
        )
    )
    assert rows[0].cells["head_name"] == "李四"
    assert rows[0].cells["head_id"] == "500152195001011010"
    assert rows[0].cells["name"] == "李小四"
    assert rows[0].cells["id_number"] == "500152201503011013"


def test_an_unspecific_number_column_belongs_to_the_name_before_it() -> None:
    mapped = map_columns(["序号", "户主姓名", "身份证号", "成员姓名", "身份证号", "监护人姓名", "身份证号"])
    assert mapped == {
        0: "sequence",
        1: "head_name",
        2: "head_id",
        3: "name",
        4: "id_number",
        5: "guardian_name",
        6: "guardian_id",
    }


def test_a_list_of_households_gives_their_heads() -> None:
    assert map_columns(["户主姓名", "身份证号", "低保证号", "领取金额"]) == {
        0: "name", 1: "id_number", 2: "household_no", 3: "amount",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("header", "field"),
    [
        (" 姓 名 ", "name"),
        ("公民身份号码（必填）", "id_number"),
        ("*身份证号码", "id_number"),
        ("与户主\n关系", "relation"),
        ("月保障金额（元）", "amount"),
        ("村（居）", "village"),
        ("所属街道(镇)", "township"),
        ("残疾人证号", "certificate"),
        ("出生年月日", "birth_date"),
        ("心情", None),
    ],
)
def test_headers_are_known_by_their_words(header: str, field: str | None) -> None:
    assert field_of(header) == field


def encrypted_zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("xl/workbook.xml", "<x/>")
    data = bytearray(out.getvalue())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<x/>")
        archive.writestr("xl/worksheets/sheet1.xml", b" " * (80 * 2**20))
    return out.getvalue()


def sprawling(reference: tuple[int, int]) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["姓名", "身份证号"])
        sheet.write(*reference, "x")
    return out.getvalue()


OLE = bytes.fromhex("d0cf11e0a1b11ae1") + b"\x00" * 600


@pytest.mark.parametrize(
    ("source", "remedy"),
    [
        (b"", "The file is empty"),
        (OLE, "save it as .xlsx"),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "remove the password"),
        (encrypted_zip(), "remove the password"),
        (bomb(), "Copy the list into a new workbook"),
        (sprawling((3, 16000)), "Delete the columns beside the list"),
        (sprawling((1_000_000, 1)), "Delete the rows under the list"),
        (b"<html><table><tr><td>", "Open it in Excel or WPS"),
        (b"PK\x03\x04 broken", "save it again as .xlsx"),
        (workbook([["姓名", "身份证号"], ["张三", "1"]])[:2000], "save it again as .xlsx"),
        (b"\x00\x01\x02binary", "Save the list as .xlsx or .csv"),
        (b"\x81\xff\xff\xfe", "no known encoding"),
        (b"\xff\xfe\xfd\x80\x81", "no known encoding"),
        (text("甲,乙", "1,2"), "No header row was found"),
        (text("姓名,身份证号"), "no persons below it"),
        (workbook([]), "No header row was found"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_its_remedy(source: bytes, remedy: str) -> None:
    with pytest.raises(ListFileError, match=remedy):
        read(source)


def test_a_docx_is_no_spreadsheet() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("word/document.xml", "<x/>")
    with pytest.raises(ListFileError, match="not a spreadsheet"):
        read(out.getvalue())


def test_sixty_thousand_rows_take_seconds() -> None:
    line = "{},李四,李小{},500152201503011013,子,男,农村低保,850,莲花村"
    source = text(
        "序号,户主姓名,姓名,身份证号,与户主关系,性别,救助类别,保障金额,家庭住址",
        *(line.format(i, i) for i in range(60_000)),
    )
    started = time.perf_counter()
    assert sum(1 for _row in ListReader(source, name="x").rows()) == 60_000
    assert time.perf_counter() - started < 10


def test_rows_with_a_household_number_of_their_own_inherit_nothing() -> None:
    rows, _reader = read(text("hh_no,head_name,name,id_number", "1,李四,李四,a", "2,,王五,b"))
    assert [(r.cells["head_name"], r.household) for r in rows] == [("李四", 1), ("", 2)]
