"""The rows of list_all.csv as offices send them: workbooks and text files, each laid out in its own way."""

from __future__ import annotations

import csv
import random
import re
from collections.abc import Iterable
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any, Final, NamedTuple

import xlsxwriter

from bench.lists.places import County

Row = dict[str, str]
NAMES: Final = ("姓名", "成员姓名", "家庭成员姓名", "保障对象姓名")
NUMBERS: Final = ("身份证号", "公民身份号码", "身份证号码", "证件号码")
DATES: Final = ("出生日期", "出生年月", "出生年月日", "出生时间")
RELATIONS: Final = ("与户主关系", "家庭关系", "与户主的关系", "关系")
PLACES: Final = ("家庭住址", "村（居）", "户籍地址", "详细地址")
STARTS: Final = ("享受起始年月", "起始年月", "纳入保障时间", "保障起始时间")
TITLES: Final = {
    "dibao": "农村低保对象", "tekun": "特困供养人员", "canlian": "持证残疾人", "death": "死亡人员", "prison": "服刑人员",
}  # fmt: skip
HOUSEHOLD_COLUMNS: Final = ("head_name", "head_id", "village_name", "category", "amount", "start_ym")
CUT: Final = re.compile(r"[1-9]\d{14}000")
ENCODINGS: Final = {"csv": ("gb18030", "utf-8-sig"), "txt": ("utf-16", "gb18030")}


class Layout(NamedTuple):
    """How one office lays its file out. `columns`: heading and field; '' is the running number."""

    columns: list[tuple[str, str]]
    title: str
    filing: bool
    merged: bool
    subtotals: bool
    signed: bool
    ten_thousands: bool
    two_storeys: bool


def layout(rows: list[Row], place: str, draw: random.Random) -> Layout:
    """The layout of a file, drawn for it. Columns that the office does not fill are left out."""
    list_type, style = rows[0]["list_type"], draw.randrange(4)
    by_household = list_type in ("dibao", "tekun")
    ten_thousands = by_household and draw.random() < 0.15
    unit = "（万元）" if ten_thousands else draw.choice(("", "（元）"))
    amount = draw.choice(("月保障金额", "保障金额", "发放金额")) + unit
    titles = {
        "": "序号",
        "head_name": "户主姓名",
        "head_id": "户主身份证号",
        "name": "死者姓名" if list_type == "death" else NAMES[style if by_household else 0],
        "id_number": NUMBERS[style],
        "relation": RELATIONS[style],
        "sex": "性别",
        "birth_date": DATES[style],
        "category": draw.choice(("救助类别", "救助类型")),
        "amount": amount,
        "village_name": PLACES[style],
        "start_ym": STARTS[style],
    }
    columns = [(title, field) for field, title in titles.items() if not field or any(r[field] for r in rows)]
    return Layout(
        columns,
        f"{place}2026年10月{TITLES[list_type]}花名册",
        filing=draw.random() < 0.7,
        merged=by_household and draw.random() < 0.5,
        subtotals=by_household and draw.random() < 0.3,
        signed=draw.random() < 0.5,
        ten_thousands=ten_thousands,
        two_storeys=by_household and draw.random() < 0.2,
    )


def grid(rows: list[Row], how: Layout, place: str) -> tuple[list[list[str]], list[tuple[int, int]]]:
    """All lines of a sheet, and the first and last line of each merged household."""
    width = len(how.columns)
    lines = [[how.title]]
    if how.filing:
        lines.append([f"填报单位：{place}民政办", "", "", "单位：万元" if how.ten_thousands else "单位：元"])
    if how.two_storeys:
        lines.append(["家庭成员情况" if field == "name" else "" for _title, field in how.columns])
    lines.append([title for title, _field in how.columns])
    spans: list[tuple[int, int]] = []
    number = people = total = 0
    for _household, members in groupby(rows, key=lambda r: r["hh_no"]):
        number += 1
        first = len(lines)
        for place_in_household, row in enumerate(members):
            carried = how.merged and place_in_household
            line = []
            for _title, field in how.columns:
                if carried and (not field or field in HOUSEHOLD_COLUMNS):
                    line.append("")
                elif field == "amount" and row[field] and how.ten_thousands:
                    line.append(str(Decimal(row[field]) / 10_000))
                else:
                    line.append(row[field] if field else str(number))
            lines.append(line)
            people += 1
        total += int(row["amount"] or 0)
        if how.merged and len(lines) - first > 1:
            spans.append((first, len(lines) - 1))
        if how.subtotals and number % 200 == 0:
            lines.append(["小计", "", f"{number}户{people}人"])
    lines.append(["合计", "", f"{number}户{people}人", str(total)])
    if how.signed:
        lines.append(["制表人：", "", "审核人：", "", "负责人："])
    return [line + [""] * (width - len(line)) for line in lines], spans


def write_workbook(path: Path, rows: list[Row], how: Layout, place: str) -> None:
    """A workbook with merged cells; numbers that a spreadsheet cut are real floating-point numbers."""
    lines, spans = grid(rows, how, place)
    numbers = {i for i, (_title, field) in enumerate(how.columns) if field in ("id_number", "head_id")}
    amounts = {i for i, (_title, field) in enumerate(how.columns) if field == "amount"}
    merged = [i for i, (_t, field) in enumerate(how.columns) if not field or field in HOUSEHOLD_COLUMNS]
    book = xlsxwriter.Workbook(str(path), {"strings_to_numbers": False})
    sheet: Any = book.add_worksheet("Sheet1")
    sheet.merge_range(0, 0, 0, len(how.columns) - 1, lines[0][0])
    for y, line in enumerate(lines[1:], 1):
        for x, text in enumerate(line):
            if not text:
                continue
            if (x in numbers and CUT.fullmatch(text)) or (x in amounts and re.fullmatch(r"[\d.]+", text)):
                sheet.write_number(y, x, float(text))
            else:
                sheet.write_string(y, x, text)
    for first, last in spans:
        for x in merged:
            sheet.merge_range(first, x, last, x, lines[first][x])
    book.close()


def write_text(path: Path, lines: Iterable[list[str]], encoding: str) -> None:
    with path.open("w", encoding=encoding, newline="", errors="replace") as stream:
        csv.writer(stream, delimiter="," if path.suffix == ".csv" else "\t").writerows(lines)


def write_files(folder: Path, list_file: Path, counties: list[County], seed: int) -> int:
    """Write each file of list_all.csv into the folder in its own layout; returns how many."""
    folder.mkdir(exist_ok=True)
    places = {county.code: county.name for county in counties}
    for county in counties:
        for code, villages in county.townships.items():
            places[code] = county.name + villages[0].township_name
    count = 0
    with list_file.open(encoding="utf-8", newline="") as stream:
        for name, group in groupby(csv.DictReader(stream), key=lambda row: row["file"]):
            rows = list(group)
            draw = random.Random(f"{seed} {name}")
            place = places[rows[0]["sender_code"]]
            how = layout(rows, place, draw)
            path = folder / name
            if path.suffix == ".xlsx":
                write_workbook(path, rows, how, place)
            else:
                lines, _spans = grid(rows, how, place)
                write_text(path, lines, draw.choice(ENCODINGS[path.suffix[1:]]))
            count += 1
    return count
