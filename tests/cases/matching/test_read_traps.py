"""Rows and columns that look like something else: what offices write, and what must never be taken for it."""

from __future__ import annotations

import io
from decimal import Decimal

import pytest
import xlsxwriter

from cases.matching.reading import headers
from cases.matching.reading.signature import Layout, signature_of
from tests.cases.matching.reading import CHILD, HEAD, OTHER, passed, problems, read, text

TITLE = "序号,姓名,与户主关系,身份证号,类别,保障金额"


def test_a_person_without_a_number_whose_cells_are_header_words_is_a_person() -> None:
    found = read(
        text(
            TITLE,
            f"1,张大山,户主,{HEAD},低保,450",
            "2,李二,户主,,其他,450",
            f"3,张小明,之子,{CHILD},低保,450",
        )
    )
    assert found.frame["name"].to_list() == ["张大山", "李二", "张小明"]
    assert found.frame["id_number"].to_list() == [HEAD, "", CHILD]
    assert [(line, code) for line, code in problems(found) if line == 3] == [(3, "number_missing")]


def test_a_second_header_of_another_layout_is_still_a_header() -> None:
    found = read(
        text(
            TITLE,
            f"1,张大山,户主,{HEAD},低保,450",
            "姓名,身份证号,住址,保障金额,,",
            f"张小明,{CHILD},莲花村,300,,",
        )
    )
    assert found.frame["name"].to_list() == ["张大山", "张小明"]
    assert found.frame["amount"].to_list() == [Decimal(450), Decimal(300)]


def test_two_tables_on_one_sheet_lose_nobody() -> None:
    found = read(
        text(
            "双江镇低保名单", "序号,姓名,身份证号,保障金额", f"1,张大山,{HEAD},450", f"2,张小明,{CHILD},450",
            "双江镇特困名单", "序号,姓名,与户主关系,身份证号,类别,住址,供养金额",
            f"1,陈老汉,户主,{OTHER},分散,莲花村,900",
        )
    )  # fmt: skip
    assert found.frame["name"].to_list() == ["张大山", "张小明", "陈老汉"]
    assert found.frame["amount"].to_list() == [Decimal(450), Decimal(450), Decimal(900)]


@pytest.mark.parametrize(
    "header",
    ["低保金（元/月）", "10月保障金额", "2026年10月发放金额（元）", "本月发放金额", "月低保金", "补贴金额"],
)
def test_the_age_is_never_the_money(header: str) -> None:
    found = read(text(f"姓名,年龄,身份证号,{header}", f"张大山,31,{HEAD},450", f"张小明,11,{CHILD},300"))
    assert found.frame["amount"].to_list() == [Decimal(450), Decimal(300)]
    assert found.sheets[0].certain


def test_money_under_a_header_that_nobody_knows_is_asked_about() -> None:
    found = read(text("姓名,身份证号,核定数", f"张大山,{HEAD},450", f"张小明,{CHILD},300"))
    assert found.frame["amount"].to_list() == [Decimal(450), Decimal(300)]
    assert not found.sheets[0].certain


def test_the_month_in_a_header_makes_no_new_layout() -> None:
    july, august = (signature_of(["姓名", "身份证号", f"{month}月核定数"]) for month in (7, 8))
    assert july == august
    assert signature_of(["姓名", "身份证号", "7月"]) == signature_of(["姓名", "身份证号", "2026年8月份"])
    assert signature_of(["姓名", "", ""]) == signature_of(["姓名"])
    told = {("", july): Layout(("name", "id_number", "amount"))}
    found = read(text("姓名,身份证号,8月核定数", f"张小明,{CHILD},300"), layout=told)
    assert found.sheets[0].certain


@pytest.mark.parametrize(
    ("filing", "header", "yuan"),
    [
        ("单位：万元", "月保障金额（元）", "450"),
        ("单位：万元", "月保障金额", "4500000"),
        ("单位：元", "月保障金额（万元）", "4500000"),
    ],
)
def test_the_header_knows_its_unit_better_than_the_filing_line(filing: str, header: str, yuan: str) -> None:
    found = read(text(filing, f"姓名,身份证号,{header}", f"张小明,{CHILD},450"))
    assert found.frame["amount"].to_list() == [Decimal(yuan)]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("莲花村合计,,,", "total"), (",本村小计,,900", "total"), ("莲花镇低保总人数2人,,,", "total"),
        ("镇长签字：,,,", "signature"), ("联系人：王五 电话13800000000,,,", "signature"),
        ("民政办主任：李四,经办人：王五,,", "signature"),
    ],
)  # fmt: skip
def test_totals_and_signatures_are_nobody(line: str, why: str) -> None:
    found = read(text("姓名,身份证号,关系,保障金额", f"张小明,{CHILD},之子,450", line))
    assert found.frame["name"].to_list() == ["张小明"]
    assert (3, why) in passed(found)


def test_a_person_called_like_a_total_is_a_person() -> None:
    found = read(text("姓名,身份证号,关系,保障金额", f"张小明,{CHILD},之子,450", "王小计,,之女,450"))
    assert found.frame["name"].to_list() == ["张小明", "王小计"]


def test_a_second_person_in_the_row_is_asked_about() -> None:
    found = read(
        text("姓名,身份证号,保障金额,姓名,身份证号,保障金额", f"张大山,{HEAD},450,张小明,{CHILD},300"),
    )
    assert not found.sheets[0].certain


@pytest.mark.parametrize("typed", ["450元/月", "450/月", "￥450元每月"])
def test_amounts_by_the_month(typed: str) -> None:
    found = read(text("姓名,身份证号,保障金额", f"张小明,{CHILD},{typed}"))
    assert found.frame["amount"].to_list() == [Decimal(450)]


def test_header_words_of_a_person_are_told_from_a_header() -> None:
    before = ["序号", "姓名", "与户主关系", "身份证号"]
    assert not headers.names_again(["2", "李二", "户主", ""], before)
    assert headers.names_again(["序号", "姓名", "与户主关系", "身份证号"], before)
    assert headers.names_again(["姓名", "性别", "身份证号", "住址"], before)


def test_a_formula_that_failed_is_no_blank_cell() -> None:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet()
        sheet.write_row(1, 1, ["姓名", "身份证号", "保障金额"])
        sheet.write_row(2, 1, ["张大山", HEAD])
        sheet.write_formula(2, 3, "=450/0", None, "#DIV/0!")
        sheet.write(3, 1, "张小明")
        sheet.write_formula(3, 2, "=VLOOKUP(B4,Sheet2!A:B,2,FALSE)", None, "#N/A")
        sheet.write(3, 3, 300)
        sheet.write_formula(4, 1, "=#REF!", None, "#REF!")
        sheet.write_row(4, 2, [OTHER, 300])
    found = read(out.getvalue(), "list.xlsx")
    assert found.frame["amount"].to_list() == [None, Decimal(300), Decimal(300)]
    assert problems(found) == [(3, "amount_unreadable"), (4, "number_missing"), (5, "name_missing")]


def test_blank_lines_above_the_list_move_nothing() -> None:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet()
        sheet.write_row(3, 1, ["户号", "姓名", "身份证号", "保障金额"])
        sheet.merge_range(4, 1, 5, 1, "0001")
        sheet.write_row(4, 2, ["张大山", HEAD, 450])
        sheet.write_row(5, 2, ["张小明", CHILD, "三百"])
        sheet.write_row(6, 1, ["0002", "陈老汉", "", 900])
        sheet.set_row(6, options={"hidden": True})
    found = read(out.getvalue(), "list.xlsx")
    assert found.frame["line"].to_list() == [5, 6, 7]
    assert found.frame["household"].n_unique() == 2
    assert (7, "number_missing") in problems(found)
    assert [line for line, code in problems(found) if code == "row_hidden"] == [7]
