"""Lists as offices send them → the columns of their persons, every row of the file accounted for."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterator
from decimal import Decimal

import pytest
import xlsxwriter
from django.utils import translation

from cases.matching.engine.frames import LIST_SCHEMA
from cases.matching.reading.headers import field_of, map_columns
from cases.matching.reading.signature import Layout, signature_of
from tests.cases.matching.reading import (
    CHILD,
    DATA,
    HEAD,
    OTHER,
    cells,
    packed,
    passed,
    problems,
    read,
    text,
    workbook,
)

FLAT = {
    "name": "name", "id_number": "id_number", "relation": "relation", "head_name": "head_name",
    "head_id": "head_id", "village": "village_name", "start_month": "start_ym",
}  # fmt: skip


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.mark.parametrize(
    "name", ["500152001_tekun.csv", "500152002_tekun.csv", "500152003_tekun.xlsx", "500152_death.xlsx"]
)
def test_an_office_file_gives_the_rows_a_careful_reader_would_see(name: str) -> None:
    with (DATA / "list_all.csv").open(encoding="utf-8") as stream:
        expected = [r for r in csv.DictReader(stream) if r["file"] == name]
    found = read(DATA / name, name)
    named = {c.field for c in found.sheets[0].columns} & set(FLAT)
    assert found.frame.height == len(expected) > 0
    for field in named:
        assert found.frame[field].to_list() == [flat[FLAT[field]] for flat in expected], field
    assert found.frame.schema == LIST_SCHEMA
    houses = found.frame["household"].to_list()
    if houses[0] is not None:
        pairs = set(zip((r["hh_no"] for r in expected), houses, strict=True))
        assert len(pairs) == len(set(houses)) == len({r["hh_no"] for r in expected})
    assert {p.why for p in found.sheets[0].passed} <= {"title", "filing", "header", "total", "signature"}
    assert "花名册" in found.sheets[0].title
    assert found.sheets[0].certain


def test_the_flat_list_keeps_its_own_row_numbers_and_types() -> None:
    found = read(DATA / "list_all.csv", "list_all.csv")
    assert found.frame.height == 5000
    assert found.frame["own_id"].head(3).to_list() == ["1", "2", "3"]
    assert set(found.frame["list_type"]) == {"dibao", "tekun", "canlian", "death", "prison"}
    assert found.frame["row"].to_list() == list(range(5000))


def test_a_row_without_its_own_number_is_named_by_file_sheet_and_line() -> None:
    found = read(workbook([["姓名", "身份证号"], ["张三", "1"]]), "a.xlsx")
    assert found.frame["own_id"].to_list() == ["a.xlsx:Sheet1:2"]


def test_an_old_workbook_is_read_like_a_new_one() -> None:
    found = read(DATA / "township.xls", "township.xls")
    assert cells(
        found, "name", "id_number", "id_rounded", "birth_date", "head_name", "household", "amount"
    ) == [
        ("李四", "500152195001011010", False, "1950-01-01", "李四", 1, Decimal("520.50")),
        ("李小四", "500152201503011000", True, "2015-03-01", "李四", 1, None),
        ("王五", "50015219500101101X", False, "", "王五", 2, Decimal("400.00")),
    ]
    assert found.sheets[0].declared == 3
    assert passed(found) == [(1, "title"), (2, "header"), (6, "total")]


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
            sheet.write_row(y, 2, [name, CHILD])
        sheet.write_row(5, 0, [2, "王五", "王五", OTHER])
    found = read(out.getvalue())
    assert cells(found, "name", "head_name", "village", "household") == [
        ("李四", "李四", "莲花村", 1),
        ("李小四", "李四", "莲花村", 1),
        ("李小五", "李四", "莲花村", 1),
        ("王五", "王五", "莲花村", 2),
    ]
    assert found.sheets[0].header_line == 2


def test_blank_household_cells_are_carried_down_but_not_into_the_next_household() -> None:
    found = read(
        text("序号,户主姓名,姓名,身份证号,家庭住址", "1,李四,李四,a,莲花村", ",,李小四,b,", "2,王五,王五,c,")
    )
    assert cells(found, "head_name", "village", "household") == [
        ("李四", "莲花村", 1),
        ("李四", "莲花村", 1),
        ("王五", "", 2),
    ]


def test_members_that_are_numbered_one_by_one_are_still_one_household() -> None:
    lines = [f"{i},{'李四' if i == 1 else ''},李{i},{CHILD}" for i in range(1, 5)]
    found = read(text("序号,户主姓名,姓名,身份证号", *lines, f"5,王五,王五,{OTHER}", f"6,,王六,{CHILD}"))
    assert found.frame["household"].to_list() == [1, 1, 1, 1, 2, 2]
    assert found.frame["head_name"].to_list() == ["李四"] * 4 + ["王五"] * 2


def test_without_a_head_column_the_head_is_the_one_whose_relation_says_so() -> None:
    found = read(
        text(
            "姓名,身份证号,与户主关系",
            f"李四,{HEAD},户主",
            f"李小四,{CHILD},孙子",
            f"王五,{OTHER},本人",
            f"王六,{CHILD},子",
        )
    )
    assert cells(found, "head_name", "head_id", "household") == [
        ("李四", HEAD, 1), ("李四", HEAD, 1), ("王五", OTHER, 2), ("王五", OTHER, 2),
    ]  # fmt: skip


def test_rows_with_a_household_number_of_their_own_inherit_nothing() -> None:
    found = read(text("hh_no,head_name,name,id_number", "1,李四,李四,a", "2,,王五,b", "1,,李六,c"))
    assert cells(found, "head_name", "household") == [("李四", 1), ("", 2), ("", 1)]


def test_a_household_line_without_a_person_gives_its_head_to_the_members_below() -> None:
    found = read(text("户主姓名,姓名,身份证号,保障金额", "李四,,,800", f",李四,{HEAD},", f",李小四,{CHILD},"))
    assert cells(found, "name", "head_name", "amount") == [
        ("李四", "李四", Decimal("800.00")), ("李小四", "李四", Decimal("800.00")),
    ]  # fmt: skip
    assert (2, "household") in passed(found)


def test_an_identity_number_typed_as_a_number_is_marked_and_not_guessed() -> None:
    found = read(workbook([["姓名", "身份证号"], ["张三", 500152201503011013.0], ["李四", CHILD]]))
    assert cells(found, "id_number", "id_rounded") == [("500152201503011000", True), (CHILD, False)]
    assert problems(found) == [(2, "number_cut")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_encodings_and_separators(encoding: str, delimiter: str) -> None:
    lines = [delimiter.join(c) for c in (("姓名", "身份证号", "住址"), ("赵㛃", "x", "莲花村"))]
    assert cells(read(text(*lines, encoding=encoding)), "name", "village") == [("赵㛃", "莲花村")]


def test_quoted_cells_may_hold_separators_and_line_ends() -> None:
    found = read(text("姓名,身份证号,住址", '"张""三",x,"甲村,\n一组"', "李四,y,乙村"))
    assert cells(found, "name", "village") == [('张"三', "甲村,\n一组"), ("李四", "乙村")]


def test_rows_longer_and_shorter_than_the_header_are_read() -> None:
    found = read(text("姓名,身份证号,住址", "张三,x", "李四,y,乙村,多,余", "", "王五"))
    assert cells(found, "name", "id_number", "village") == [
        ("张三", "x", ""),
        ("李四", "y", "乙村"),
        ("王五", "", ""),
    ]
    assert found.sheets[0].other["blank"] == 1


def test_totals_signatures_repeated_headers_and_blank_lines_are_counted_not_read() -> None:
    found = read(
        text(
            "某镇低保花名册,,", "填报单位：某镇,,", "姓名,身份证号,保障金额", f"张三,{CHILD},300",
            ",,", "小 计,,300", "姓名,身份证号,保障金额", f"李四,{HEAD},400", ",,55",
            "合计,2人,700",
            "制表人：王,,",
        )
    )  # fmt: skip
    assert found.frame["name"].to_list() == ["张三", "李四"]
    assert passed(found) == [
        (1, "title"), (2, "filing"), (3, "header"), (6, "total"), (7, "header"), (10, "total"), (11, "signature"),
    ]  # fmt: skip
    assert problems(found) == [(9, "nobody")]
    assert (found.rows_in_file, found.rows_accepted, found.rows_rejected, found.rows_other) == (11, 2, 1, 8)
    assert found.sheets[0].declared == 2


def test_numbered_lines_left_empty_are_blank() -> None:
    found = read(text("序号,姓名,身份证号,备注", f"1,张三,{CHILD},", "2,,,", "3,,,", "4,,,见附件"))
    assert (found.sheets[0].other["blank"], problems(found)) == (2, [(5, "nobody")])


def test_a_heading_names_the_village_of_the_rows_below_it() -> None:
    found = read(
        text("姓名,身份证号,金额", "莲花村,,", f"张三,{CHILD},1", "一、石桥社区,,", f"李四,{HEAD},1")
    )
    assert cells(found, "name", "village") == [("张三", "莲花村"), ("李四", "一、石桥社区")]


def test_a_second_block_may_have_its_columns_in_another_order() -> None:
    found = read(text("姓名,身份证号,住址", f"张三,{CHILD},甲村", "身份证号,姓名,住址", f"{HEAD},李四,乙村"))
    assert cells(found, "name", "id_number") == [("张三", CHILD), ("李四", HEAD)]


def test_every_sheet_with_a_list_is_read_and_others_are_accounted_for() -> None:
    found = read(
        workbook(
            [["说明"], ["本表由各村填报"]],
            [["姓名", "身份证号"], ["张三", "1"]],
            [],
            [["编号", "姓名", "证件号码"], [1, "李四", "2"]],
            [["姓名", "身份证号"], ["上月", CHILD]],
            hidden=[4],
        )
    )
    assert cells(found, "sheet", "name") == [("Sheet2", "张三"), ("Sheet4", "李四")]
    assert [(s.name, s.rows, s.hidden) for s in found.sheets] == [
        ("Sheet1", 2, False), ("Sheet2", 2, False), ("Sheet3", 0, False), ("Sheet4", 2, False), ("Sheet5", 2, True),
    ]  # fmt: skip
    assert found.sheets[0].other == {"no_list": 2}
    assert found.sheets[4].other == {"hidden_sheet": 2}


def test_a_sheet_for_each_township_says_who_sent_its_rows() -> None:
    class Townships:
        def sender(self, *texts: str) -> str:
            known = {"桂林街道": "500152001000", "上和镇": "500152101000"}
            return next((code for t in texts for name, code in known.items() if name in t), "")

    rows = [["姓名", "身份证号"], ["张三", CHILD]]
    found = read(workbook(rows, rows, names=["桂林街道", "上和镇"]), divisions=Townships())
    assert cells(found, "sheet", "sender_code") == [("桂林街道", "500152001000"), ("上和镇", "500152101000")]
    assert found.senders == ["500152001000", "500152101000"]
    cell = read(text("姓名,身份证号,乡镇", f"张三,{CHILD},上和镇"), "桂林街道.csv", divisions=Townships())
    assert cell.frame["sender_code"].to_list() == ["500152101000"]


def test_rows_hidden_by_a_filter_are_read_and_named() -> None:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet("低保 & 特困")
        for y, row in enumerate([["姓名", "身份证号"], ["张三", CHILD], ["李四", HEAD], ["王五", OTHER]]):
            sheet.write_row(y, 0, row)
        sheet.set_row(2, None, None, {"hidden": True})
    found = read(out.getvalue())
    assert found.frame["name"].to_list() == ["张三", "李四", "王五"]
    assert (found.sheets[0].hidden_rows, problems(found)) == (1, [(3, "row_hidden")])


def test_a_header_of_two_storeys_is_read_as_one() -> None:
    found = read(text("户主,,家庭成员,,备注", "姓名,身份证号,姓名,身份证号,", f"李四,{HEAD},李小四,{CHILD},"))
    assert cells(found, "head_name", "head_id", "name", "id_number") == [("李四", HEAD, "李小四", CHILD)]
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet()
        sheet.merge_range(0, 0, 1, 0, "序号")
        sheet.merge_range(0, 1, 0, 2, "户主")
        sheet.merge_range(0, 3, 0, 4, "家庭成员")
        sheet.write_row(1, 1, ["姓名", "身份证号", "姓名", "身份证号"])
        sheet.write_row(2, 0, [1, "李四", HEAD, "李小四", CHILD])
    merged = read(out.getvalue())
    assert cells(merged, "head_name", "head_id", "name", "id_number") == [("李四", HEAD, "李小四", CHILD)]


def test_a_formula_gives_the_value_it_had_when_it_was_saved() -> None:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["姓名", "身份证号", "保障金额"])
        sheet.write_row(1, 0, ["张三", CHILD])
        sheet.write_formula(1, 2, "=400+450", None, 850)
    assert read(out.getvalue()).frame["amount"].to_list() == [Decimal("850.00")]


@pytest.mark.parametrize(
    ("typed", "yuan"),
    [
        ("850", "850"),
        ("850.5", "850.5"),
        (" 1,050.00 ", "1050"),
        ("￥850元", "850"),
        ("0.085万", "850"),
        ("０850", "850"),
        ("", None),
        ("八百", None),
        ("9" * 40, None),
    ],
)
def test_amounts_are_read_in_yuan(typed: str, yuan: str | None) -> None:
    found = read(text("姓名;身份证号;金额", f"张三;{CHILD};{typed}"))
    assert found.frame["amount"].to_list() == [None if yuan is None else Decimal(yuan)]
    assert problems(found) == ([(2, "amount_unreadable")] if yuan is None and typed else [])


@pytest.mark.parametrize(
    "lines",
    [
        ("姓名,身份证号,金额（万元）",),
        ("特困花名册,,单位：万元", "姓名,身份证号,金额"),
        ("特困花名册（万元）,,", "姓名,身份证号,金额"),
    ],
)
def test_amounts_in_ten_thousands_are_known_by_header_or_filing_line(lines: tuple[str, ...]) -> None:
    found = read(text(*lines, f"张三,{CHILD},0.085"))
    assert found.frame["amount"].to_list() == [Decimal("850.00")]
    assert found.sheets[0].ten_thousands


@pytest.mark.parametrize(
    "typed", ["2015-03-01", "2015.3.1", "2015/3/1", "2015年3月1日", "20150301", "42064", "2015-3-1"]
)
def test_birth_dates_of_every_habit_agree_with_the_number(typed: str) -> None:
    found = read(
        text(
            "姓名,身份证号,出生日期",
            f"张三,{CHILD},{typed}",
            f"李四,{CHILD},2016-03-01",
            f"王五,{CHILD},不详",
        )
    )
    assert problems(found) == [(3, "birth_differs"), (4, "birth_unreadable")]


def test_a_date_cell_is_read_as_a_date() -> None:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["姓名", "身份证号", "出生日期"])
        sheet.write_row(1, 0, ["张三", CHILD])
        sheet.write_datetime(1, 2, dt.date(2015, 3, 1), book.add_format({"num_format": "yyyy/m/d"}))
    assert read(out.getvalue()).frame["birth_date"].to_list() == ["2015-03-01"]


def test_a_list_of_households_is_told_apart_and_gives_their_heads() -> None:
    found = read(
        text("户主姓名,身份证号,低保证号,保障人数,领取金额", f"李四,{HEAD},5,3,900", f"王五,{OTHER},6,2,600")
    )
    assert found.sheets[0].households_only
    assert cells(found, "name", "id_number", "head_name", "head_id", "household") == [
        ("李四", HEAD, "李四", HEAD, 1), ("王五", OTHER, "王五", OTHER, 2),
    ]  # fmt: skip
    members = read(text("户主姓名,姓名,身份证号,关系", f"李四,李四,{HEAD},户主", f"李四,李小四,{CHILD},孙"))
    assert not members.sheets[0].households_only


def test_the_doubts_about_numbers_and_names_are_named_by_row() -> None:
    wrong = CHILD[:10] + ("1" if CHILD[10] != "1" else "2") + CHILD[11:]
    rows = [
        ("张三", CHILD.lower(), ""), ("张三", "", "number_missing"), ("张三", wrong, "number_wrong"),
        ("张三", CHILD[:17], "number_length"), ("张三", CHILD[:15] + "000", "number_cut"),
        ("张三", "5.00152E+17", "number_scientific"), ("张三", CHILD[:6] + "********" + CHILD[14:], "number_masked"),
        ("张三", "500152500101101", "number_fifteen"), ("（已故）", CHILD, "name_missing"),
        (f"张三{CHILD}", "", "number_in_name"), ("张 三", f" {CHILD[:6]} {CHILD[6:]}", ""),
        ("张三", "".join(chr(ord(c) + 0xFEE0) for c in CHILD), ""), ("张三", "1234567890", "number_unreadable"),
    ]  # fmt: skip
    found = read(text("姓名,身份证号", *(f"{n},{i}" for n, i, _code in rows)))
    assert problems(found) == [(line, code) for line, (_n, _i, code) in enumerate(rows, 2) if code]
    assert found.frame["id_number"][9] == CHILD
    assert found.frame["name"][9] == "张三"


def test_a_name_and_a_number_that_have_changed_places_change_back() -> None:
    found = read(text("姓名,身份证号", f"{CHILD},张三", f"李四,{HEAD}"))
    assert cells(found, "name", "id_number") == [("张三", CHILD), ("李四", HEAD)]


def test_the_certificate_stands_in_for_a_missing_number() -> None:
    found = read(text("姓名,残疾人证号", f"张三,{CHILD}44"), kind="canlian")
    assert cells(found, "id_number", "certificate") == [("", f"{CHILD}44")]
    assert problems(found) == []


def test_an_unspecific_number_column_belongs_to_the_name_before_it() -> None:
    mapped = map_columns(["序号", "户主姓名", "身份证号", "成员姓名", "身份证号", "监护人姓名", "身份证号"])
    assert mapped == {
        0: "sequence", 1: "head_name", 2: "head_id", 3: "name", 4: "id_number", 5: "guardian_name", 6: "guardian_id",
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


def test_columns_with_unknown_headers_are_known_by_their_values() -> None:
    numbers = [CHILD, HEAD, OTHER] * 2
    rows = [
        f"A{i},张三{c},{number},女,莲花村{i}组,2015-03-0{i}"
        for i, (c, number) in enumerate(zip("甲乙丙丁戊己", numbers, strict=True), 1)
    ]
    found = read(text("编码,称呼,代码,甲,乙,丙", *rows))
    assert {c.header: (c.field, c.by) for c in found.sheets[0].columns} == {
        "编码": ("", ""), "称呼": ("name", "values"), "代码": ("id_number", "values"), "甲": ("sex", "values"),
        "乙": ("village", "values"), "丙": ("birth_date", "values"),
    }  # fmt: skip
    assert found.frame["id_number"].to_list() == numbers
    assert (found.sheets[0].header_line, found.certain) == (1, False)
    assert found.sheets[0].columns[2].samples[0] == "500152********" + CHILD[-4:]


def test_a_number_column_without_a_number_gives_way_to_one_that_is_full_of_them() -> None:
    found = read(text("姓名,身份证号,证件", f"张三,女,{CHILD}", f"李四,男,{HEAD}"))
    assert found.frame["id_number"].to_list() == [CHILD, HEAD]
    assert not found.certain


def test_a_list_without_header_is_read_by_its_values_and_waits_for_a_word() -> None:
    found = read(text(f"张三丰,{CHILD},女", f"李四光,{HEAD},男", f"王五一,{OTHER},男"))
    assert cells(found, "name", "id_number", "sex") == [
        ("张三丰", CHILD, "女"),
        ("李四光", HEAD, "男"),
        ("王五一", OTHER, "男"),
    ]
    assert not found.certain
    assert found.sheets[0].header_line == 0


def test_what_a_clerk_has_said_of_a_header_decides() -> None:
    source = text("甲,乙,丙,丁", f"张三,{HEAD},{CHILD},0.09", f"李四,{HEAD},{OTHER},0.08")
    assert not read(source).certain
    said = {
        ("", signature_of(["甲", "乙", "丙", "丁"])): Layout(
            ("name", "", "id_number", "amount"), ten_thousands=True
        )
    }
    found = read(source, layout=said)
    assert cells(found, "name", "id_number", "amount") == [
        ("张三", CHILD, Decimal(900)),
        ("李四", OTHER, Decimal(800)),
    ]
    assert [c.by for c in found.sheets[0].columns] == ["clerk", "", "clerk", "clerk"]
    assert found.certain


def test_a_zip_gives_its_files_one_after_the_other() -> None:
    first = text("姓名,身份证号", f"张三,{CHILD}", encoding="gb18030")
    second = workbook([["姓名", "身份证号"], ["李四", HEAD]])
    found = read(
        packed({"低保/桂林/甲.csv": first, "低保/乙.xlsx": second, "低保/~$乙.xlsx": b"x"}), "all.zip"
    )
    assert cells(found, "name", "own_id") == [("张三", "甲.csv::2"), ("李四", "乙.xlsx:Sheet1:2")]
    assert [s.file for s in found.sheets] == ["甲.csv", "乙.xlsx"]


def test_a_row_where_the_file_stops_is_named() -> None:
    found = read(text("姓名,身份证号,住址,备注", f"张三,{CHILD},甲村,无", f"李四,{HEAD},乙村,无", "王五"))
    assert (4, "row_broken_off") in problems(found)


def test_reports_keep_no_cell_of_a_person() -> None:
    found = read(text("姓名,身份证号,住址", f"张三,{CHILD},甲村", f"李四,{HEAD},乙村", ",,乙村"))
    kept = str(found.as_mapping())
    assert "张三" not in kept
    assert CHILD not in kept
    assert "甲村" not in kept
