"""Whatever the layout, the persons that are written into a list are the persons that are read from it."""

from __future__ import annotations

import csv
import datetime as dt
import io

import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.matching.reading.tables import _plain, _split
from tests.cases.matching.reading import number, read

SURNAMES, GIVEN = "王李张刘陈杨赵黄周吴", "子涵梓轩浩宇欣怡思雨晨曦佳嘉文博"
HEADERS = {
    "name": ["姓名", "家庭成员姓名", "保障对象姓名", "姓 名"],
    "id_number": ["身份证号", "公民身份号码", "*身份证号码", "证件号码（必填）"],
    "relation": ["与户主关系", "家庭关系"],
    "birth_date": ["出生日期", "出生年月日"],
    "village": ["家庭住址", "村（居）"],
}
FIELDS = tuple(HEADERS)
DATES = ("%Y-%m-%d", "%Y.%m.%d", "%Y/%m/%d", "%Y%m%d", "%Y年%m月%d日")
# A household of one to five: names, days and sequence numbers; the first is the head.
PERSON = st.tuples(
    st.sampled_from(SURNAMES),
    st.text(GIVEN, min_size=1, max_size=2),
    st.dates(dt.date(1930, 1, 1), dt.date(2026, 9, 30)),
    st.integers(0, 999),
)
HOUSES = st.lists(st.lists(PERSON, min_size=1, max_size=5), min_size=1, max_size=8)


@st.composite
def layouts(draw: st.DrawFn) -> dict[str, object]:
    """Format, order and words of the columns, what stands around the rows, and how households are shown."""
    return {
        "format": draw(st.sampled_from(["gb18030", "utf-8", "utf-8-sig", "utf-16", "xlsx"])),
        "order": draw(st.permutations([*FIELDS, "head_name", "sequence"])),
        "words": {field: draw(st.sampled_from(words)) for field, words in HEADERS.items()},
        "delimiter": draw(st.sampled_from([",", "\t"])),
        "title": draw(st.booleans()),
        "filing": draw(st.booleans()),
        "total": draw(st.booleans()),
        "signature": draw(st.booleans()),
        "blank_every": draw(st.sampled_from([0, 3])),
        "repeat_header": draw(st.booleans()),
        "show": draw(st.sampled_from(["every", "first", "merged"])),
        "numbered": draw(st.sampled_from(["household", "member"])),
        "date": draw(st.sampled_from(DATES)),
    }


def written(
    houses: list[list[tuple[str, str, dt.date, int]]], layout: dict[str, object]
) -> tuple[bytes, list[dict[str, object]]]:
    """The file, and its persons."""
    order: list[str] = layout["order"]  # type: ignore[assignment]
    words = {**layout["words"], "head_name": "户主姓名", "sequence": "序号"}  # type: ignore[dict-item]
    header = [words[field] for field in order]
    width = len(header)
    grid: list[list[str]] = []
    spans: list[tuple[int, int]] = []
    if layout["title"]:
        grid.append(["某镇2026年10月农村低保花名册"] + [""] * (width - 1))
    if layout["filing"]:
        grid.append(["填报单位：某镇民政办", "", "单位：元"] + [""] * (width - 3))
    grid.append(header)
    persons: list[dict[str, object]] = []
    for place, house in enumerate(houses, 1):
        if layout["repeat_header"] and place == 3:
            grid.append(header)
        if layout["blank_every"] and place % 3 == 0:
            grid.append([""] * width)
        head = house[0][0] + house[0][1]
        spans.append((len(grid), len(grid) + len(house) - 1))
        for member, (surname, forename, born, sequence) in enumerate(house):
            row: dict[str, object] = {
                "name": surname + forename,
                "id_number": number(f"500152{born:%Y%m%d}{sequence:03d}"),
                "relation": "户主" if member == 0 else "其他",
                "birth_date": born.strftime(str(layout["date"])),
                "village": f"莲花村{place}组",
            }
            persons.append({**row, "head_name": head, "household": place})
            shown = member == 0 or layout["show"] == "every"
            count = place if layout["numbered"] == "household" else len(persons)
            by_house = {
                "head_name": head if shown else "",
                "sequence": str(count) if shown or layout["numbered"] == "member" else "",
            }
            grid.append([str({**row, **by_house}[field]) for field in order])
    if layout["total"]:
        grid.append(["合计", "", f"{len(houses)}户{len(persons)}人"] + [""] * (width - 3))
    if layout["signature"]:
        grid.append(["制表人：", "", "审核人："] + [""] * (width - 3))
    return _as_file(grid, spans, layout, order), persons


def _as_file(
    grid: list[list[str]], spans: list[tuple[int, int]], layout: dict[str, object], order: list[str]
) -> bytes:
    if layout["format"] != "xlsx":
        text = io.StringIO()
        csv.writer(text, delimiter=str(layout["delimiter"])).writerows(grid)
        return text.getvalue().encode(str(layout["format"]))
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet("某镇")
        for y, row in enumerate(grid):
            for x, cell in enumerate(row):
                if cell:
                    sheet.write_string(y, x, cell)
        if layout["show"] == "merged":
            at = order.index("head_name")
            for first, last in spans:
                if last > first:
                    sheet.merge_range(first, at, last, at, grid[first][at])
    return out.getvalue()


@settings(max_examples=40, deadline=None)
@given(HOUSES, layouts())
def test_the_persons_written_are_the_persons_read(
    houses: list[list[tuple[str, str, dt.date, int]]], layout: dict[str, object]
) -> None:
    source, persons = written(houses, layout)
    found = read(source, "某镇.csv")
    names = [*FIELDS, "head_name"]
    assert [tuple(p[n] for n in names) for p in persons] == found.frame.select(names).rows()
    assert found.rows_rejected == 0
    # Households that follow each other with one head's name and no number of their own cannot be told apart.
    heads = [h[0][0] + h[0][1] for h in houses]
    if layout["numbered"] == "household" or len(set(heads)) == len(heads):
        pairs = set(zip((p["household"] for p in persons), found.frame["household"], strict=True))
        assert len(pairs) == len(houses)


CELLS = st.lists(
    st.lists(st.text("a1甲 '\u3000", max_size=3), min_size=1, max_size=4), min_size=2, max_size=6
)


@settings(max_examples=100, deadline=None)
@given(CELLS)
def test_text_is_read_by_columns_as_the_csv_module_reads_it(rows: list[list[str]]) -> None:
    text = "\n".join(",".join(row) for row in rows)
    width = max(max(len(row) for row in rows), 1)
    expected = [
        (*row, *[""] * (width - len(row))) for row in csv.reader(io.StringIO(text + "\n", newline=""))
    ]
    for reader in (_plain, _split):
        found = reader(text + "\n" if reader is _plain else text, ",")
        assert [row + ("",) * (width - len(row)) for row in found.rows()] == [
            (*row, *[""] * (width - len(row))) for row in rows
        ]
        if len(expected) == found.height:
            assert found.rows() == expected
