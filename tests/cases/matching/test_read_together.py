"""Many files read together come out as if each had been read alone; and text with quotation marks as the csv module has it."""

from __future__ import annotations

import csv
import io

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from cases.matching.reading import lists
from cases.matching.reading.archives import Part
from cases.matching.reading.files import ListFileError
from cases.matching.reading.lists import read_list, read_lists
from cases.matching.reading.report import ListRead
from cases.matching.reading.sniff import delimiter_of
from cases.matching.reading.tables import MAX_COLUMNS, open_tables
from tests.cases.matching.reading import number

HEADERS = ("姓名,身份证号,与户主关系", "序号,户主姓名,姓名,身份证号", "姓名,出生日期,身份证号,家庭住址")
ROWS = {
    HEADERS[0]: ["张三,{n},户主", "李四,,子", "合计,2人,", "王五,{n},女"],
    HEADERS[1]: ["1,张三,张三,{n}", ",,李四,{n}", "2,王五,王五,", "制表人：赵六,,,", ",,,"],
    HEADERS[2]: ["张三,2015-03-01,{n},莲花村", "莲花村,,,", "李四,三月,{n},"],
}
FILES = st.lists(
    st.tuples(st.sampled_from(HEADERS), st.lists(st.integers(0, 4), max_size=6), st.booleans()),
    min_size=1,
    max_size=6,
)


def file_of(header: str, rows: list[int], *, broken: bool) -> bytes:
    if broken:
        return b"%PDF-1.7 no list"
    lines = [header]
    for place, row in enumerate(rows):
        choice = ROWS[header][row % len(ROWS[header])]
        lines.append(choice.format(n=number(f"50015219800101{place:03d}")))
    return "\n".join(lines).encode()


def alone(part: Part) -> ListRead | str:
    try:
        return read_list(part.data, name=part.name, kind="dibao")
    except ListFileError as error:
        return str(error)


@given(FILES, st.sampled_from([1, 4, 100_000]))
def test_files_read_together_are_as_read_alone(files: list[tuple[str, list[int], bool]], batch: int) -> None:
    parts = [
        Part(f"{place}.csv", file_of(header, rows, broken=broken))
        for place, (header, rows, broken) in enumerate(files)
    ]
    expected = [alone(part) for part in parts]
    usual, lists.BATCH_ROWS = lists.BATCH_ROWS, batch
    try:
        together = list(read_lists(parts, kind="dibao"))
    finally:
        lists.BATCH_ROWS = usual
    assert len(together) == len(expected)
    for found, told in zip(together, expected, strict=True):
        if isinstance(told, str):
            assert isinstance(found, ListFileError)
            assert str(found) == told
            continue
        assert isinstance(found, ListRead)
        assert found.frame.equals(told.frame)
        assert found.problems.equals(told.problems)
        assert found.sheets == told.sheets


def test_files_are_taken_up_as_they_are_read() -> None:
    """What waits to be read is never the whole upload."""
    held: list[int] = []

    def parts():  # type: ignore[no-untyped-def]
        for place in range(50):
            held.append(place)
            yield Part(f"{place}.csv", file_of(HEADERS[0], [0, 3], broken=False))

    usual, lists.BATCH_ROWS = lists.BATCH_ROWS, 6
    try:
        next(read_lists(parts(), kind="dibao"))
    finally:
        lists.BATCH_ROWS = usual
    assert len(held) == 2


CELLS = st.text(alphabet='ab张 ",;\n\r1', max_size=6)
QUOTED_ROWS = st.lists(st.lists(CELLS, min_size=1, max_size=5), min_size=1, max_size=8)


@given(QUOTED_ROWS, st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]))
def test_text_with_quotation_marks_reads_as_the_csv_module_reads_it(
    rows: list[list[str]], quoting: int
) -> None:
    out = io.StringIO()
    writer = csv.writer(out, quoting=quoting, lineterminator="\n")  # type: ignore[arg-type]
    writer.writerow(["姓名", '说明 "甲"', "甲乙", "丙"])
    writer.writerows(rows)
    delimiter = delimiter_of(out.getvalue())
    expected = list(csv.reader(io.StringIO(out.getvalue(), newline=""), delimiter=delimiter))
    width = max(map(len, expected))
    (table,) = open_tables(out.getvalue().encode())
    assert [list(row) for row in table.frame.rows()] == [
        [*row, *[""] * (width - len(row))] for row in expected
    ]


def test_a_quoted_row_that_is_too_wide_is_refused() -> None:
    data = "姓名,身份证号\n" + '"张三"' + "," * MAX_COLUMNS + "\n"
    with pytest.raises(ListFileError), translation.override("en"):
        list(open_tables(data.encode()))
