"""Bank layouts as data: the exact headings, widths in bytes, encodings, faults named, and the bank's answer read back."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from cases.matching.reading.files import open_grids
from subsidies.bank import results as bank_results
from subsidies.bank import writing as bank_writing
from subsidies.bank.layouts import Layout, LayoutRefused, choices_of, layouts_of, parse
from subsidies.bank.packaged import PACKAGED
from subsidies.bank.reading import read_rows
from subsidies.bank.writing import About, Line
from subsidies.models import BankLayout, Payment
from tests.cast import COUNTY
from tests.subsidies.conftest import Office, moment

LINE = Line(
    "PB-202610-01-00001", 1, "桂林街道", "林小满", "5001**********1023", dt.date(2026, 9, 1), None,
    Decimal("1550.00"), "林桂芳", "6217001234567801", "重庆农村商业银行", dt.date(2026, 9, 1), True,
)  # fmt: skip
MADE_AT = moment(10, 21).replace(tzinfo=None)
ABOUT = About("PB-202610-01", dt.date(2026, 10, 21), 1, Decimal("1550.00"))
# 民政部全国儿童福利信息系统，发放列表: domain/rules.md section 5.
NATIONAL = [
    *("序号", "地区", "儿童姓名", "身份证号", "起领年月", "末领年月", "发放时间", "本次发放金额（元）"),
    *("领取方式", "领取人", "银行账号", "开户人", "开户银行", "补发时间", "补发放金额（元）"),
]


def packaged(code: str, **changes: Any) -> Layout:
    name, _used, data = PACKAGED[code]
    return parse(code, name, {**data, **changes})


def written(layout: Layout, folder: Path, *lines: Line) -> bytes:
    path = folder / "file"
    bank_writing.write(layout, ABOUT, lines or (LINE,), path, made_at=MADE_AT)
    return path.read_bytes()


def test_the_national_list_has_exactly_its_headings(tmp_path: Path) -> None:
    (grid,) = open_grids(written(packaged("nat-xlsx"), tmp_path))
    rows = [cells for _row, cells, _rounded in grid.rows]
    assert rows[0] == NATIONAL
    assert rows[1] == [
        *("1", "桂林街道", "林小满", "5001**********1023", "2026-09", "", "2026-10-21", "1550"),
        *("2", "林桂芳", "6217001234567801", "林桂芳", "重庆农村商业银行", "2026-09", "1550"),
    ]


def test_delimited_text_is_gb18030_with_our_number_first(tmp_path: Path) -> None:
    head, line, end = written(packaged("csv"), tmp_path).decode("gb18030").split("\r\n")
    assert head.split(",") == ["业务编号", *NATIONAL]
    assert line.startswith("PB-202610-01-00001,1,桂林街道,林小满,")
    assert end == ""


def test_fixed_width_counts_bytes_of_the_encoding(tmp_path: Path) -> None:
    """A Chinese character takes two or four bytes of GB18030; numbers stand right, in fen, filled with zeros."""
    head, line, end = written(packaged("fixed"), tmp_path, LINE._replace(payee="林𠮷")).split(b"\r\n")
    assert head == b"PB-202610-01".ljust(24) + b"00000001" + b"0000000000155000" + b"20261021"
    assert len(line) == 30 + 32 + 60 + 12 + 80 + 6
    assert line[62:122] == "林𠮷".encode("gb18030").ljust(60)
    assert len("林𠮷".encode("gb18030")) == 6
    assert line[122:134] == b"000000155000"
    assert line[-6:] == b"202609"
    assert end == b""


def test_a_text_wider_than_its_column_is_named(tmp_path: Path) -> None:
    with pytest.raises(LayoutRefused, match=r"Line 1, 林小满.*62 bytes.*60"):
        written(packaged("fixed"), tmp_path, LINE._replace(payee="长" * 31))


def test_a_character_that_the_encoding_lacks_is_refused_or_replaced_by_name(tmp_path: Path) -> None:
    line = LINE._replace(payee="林𠮷")
    with pytest.raises(LayoutRefused, match="Line 1, 林小满: GBK has no 𠮷"):
        written(packaged("csv", encoding="gbk"), tmp_path, line)
    layout = packaged("csv", encoding="gbk", replacement="?")
    path = tmp_path / "file"
    found = bank_writing.write(layout, ABOUT, [line], path, made_at=MADE_AT)
    assert "林?" in path.read_text(encoding="gbk")
    assert len(found.replaced) == 2  # payee and account holder
    assert "Line 1, 林小满: 𠮷 was replaced" in found.replaced[0]


FAULTS = [
    ({"format": "pdf"}, "Choose a format"),
    ({"encoding": "big5"}, "Choose an encoding"),
    ({"delimiter": "#"}, "Choose a separator"),
    ({"replacement": "??"}, "one character"),
    ({"columns": []}, "The lines lack: Account number、Amount、Payee"),
    ({"columns": [{"record": "line", "field": "colour", "title": "x"}]}, "Column 1: choose what it shows"),
    ({"columns": [{"record": "line", "field": "total", "title": "x"}]}, "belongs to the first or last line"),
    ({"columns": [{"record": "foot", "field": "payee", "title": "x"}]}, "belongs to a line, not to the file"),
    ({"columns": [{"record": "line", "field": "amount"}]}, "Every column needs a title"),
    ({"paid": ["x"], "failed": ["x"]}, "“x” means paid and failed at once"),
]


@pytest.mark.parametrize(("changes", "words"), FAULTS, ids=[words[:20] for _changes, words in FAULTS])
def test_a_layout_that_cannot_work_is_refused_in_words(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(LayoutRefused, match=words):
        packaged("csv", **changes)


def test_fixed_width_needs_widths_and_an_answer_that_can_be_told_apart() -> None:
    columns = [row for row in PACKAGED["fixed"][2]["columns"] if row["field"] != "account"]
    with pytest.raises(LayoutRefused) as caught:
        packaged("fixed", columns=[{**row, "width": 0} for row in columns])
    text = " ".join(caught.value.problems)
    assert "write its width in bytes" in text
    assert "The bank's answer lacks: Account number" in text


def test_every_packaged_layout_is_sound() -> None:
    assert [packaged(code).code for code in PACKAGED] == ["nat-xlsx", "csv", "fixed"]


def test_a_county_uses_two_layouts_unless_it_says_otherwise(office: Office) -> None:
    with office.as_("clerk"):
        assert [layout.code for layout in layouts_of(COUNTY)] == ["nat-xlsx", "csv"]
        BankLayout.objects.create(region_id=COUNTY, code="csv", name="x", is_active=False, at=moment(10, 1))
        BankLayout.objects.create(region_id=COUNTY, code="fixed", name="农商行", at=moment(10, 1))
        assert [layout.code for layout in layouts_of(COUNTY)] == ["nat-xlsx", "fixed"]
        BankLayout.objects.update(is_active=False)
        BankLayout.objects.create(
            region_id=COUNTY, code="nat-xlsx", name="x", is_active=False, at=moment(10, 1)
        )
        with pytest.raises(LayoutRefused, match="No bank layout is in use"):
            layouts_of(COUNTY)


def fixed_answer(*rows: tuple[str, str, str, str, str]) -> bytes:
    """Reference, account, amount in fen, result, reason, as the packaged fixed layout has them."""
    lines = [b"RESULT OF THE BANK"]
    for reference, account, fen, result, reason in rows:
        lines.append(
            reference.encode().ljust(30)
            + account.encode().ljust(32)
            + fen.encode().rjust(12, b"0")
            + result.encode()
            + reason.encode("gb18030").ljust(60)
            + b"20261022"
        )
    return b"\r\n".join([*lines, b"TOTAL 2", b""])


def test_the_answer_in_fixed_width_is_read_by_the_layout(office: Office) -> None:
    office.entitle(office.child("own"))
    office.entitle(office.child("neighbour"))
    batch = office.pay()
    data = fixed_answer(
        ("PB-202610-01-00001", "6217001234567801", "155000", "00", ""),
        ("PB-202610-01-00002", "****7802", "155000", "01", "户名不符"),
    )
    with office.as_("clerk") as clerk:
        found = bank_results.import_result(
            actor=clerk, at=moment(10, 23), batch=batch, name="回盘.txt", data=data
        )
        assert (found.paid, found.failed) == (1, 1)
        failed = Payment.objects.get(state="failed")
        assert (failed.fail_reason, failed.bank_message) == ("name_differs", "户名不符")
        assert Payment.objects.get(state="paid").paid_date == dt.date(2026, 10, 22)


def test_a_line_of_another_width_in_the_middle_is_a_problem_of_its_own() -> None:
    data = fixed_answer(("PB-1-00001", "7801", "1", "00", ""), ("PB-1-00002", "7802", "1", "00", ""))
    lines = data.split(b"\r\n")
    broken = b"\r\n".join([lines[0], lines[1], b"cut", lines[2], *lines[3:]])
    rows = list(read_rows(broken, [packaged("fixed")]))
    assert [(row.row, row.line) for row in rows] == [(2, 1), (3, None), (4, 2)]


def test_titles_of_a_layout_are_read(office: Office) -> None:
    columns = [
        *PACKAGED["csv"][2]["columns"],
        {"record": "result", "field": "result", "title": "银行回单状态"},
        {"record": "result", "field": "reference", "title": "我方流水"},
    ]
    layout = packaged("csv", columns=columns, paid=["ok"], failed=["ng"])
    data = "我方流水,金额,银行账号,银行回单状态\nPB-1-00001,1,7801,OK\n".encode()
    (row,) = read_rows(data, [layout])
    assert (row.number, row.line, row.result) == ("PB-1", 1, "OK")


# --- pages ------------------------------------------------------------------------------------------------


def form_of(office: Office, code: str, **changes: str) -> dict[str, str]:
    """What the page of a layout would send back."""
    client = office.cast.client("clerk")
    response = client.get(reverse("subsidies:layout", args=[code]))
    form, columns = response.context["form"], response.context["columns"]
    data: dict[str, str] = {
        field.html_name: str(field.value()) for field in form if field.value() not in (None, False, "")
    }
    for field in (*columns.management_form, *(field for row in columns for field in row)):
        if field.value() not in (None, ""):
            data[field.html_name] = str(field.value())
    return {name: value for name, value in {**data, **changes}.items() if value}


def test_the_clerk_makes_a_layout_and_sees_a_sample(office: Office) -> None:
    client = office.cast.client("clerk")
    headers = {"Accept-Language": "en"}
    add = reverse("subsidies:layout_add")
    refused = client.post(add, {"code": "Nong Shang", "name": "农商行", "like": "fixed"}, headers=headers)
    assert "Only small letters" in refused.content.decode()
    made = client.post(add, {"code": "nongshang", "name": "农商行", "like": "fixed"})
    address = reverse("subsidies:layout", args=["nongshang"])
    assert made["Location"] == address
    text = client.get(address, headers=headers).content.decode()
    assert "PB-202610-01-00001" in text
    assert "000000155000" in text
    # The sample of a change that is not saved, and of one that cannot work.
    sample = reverse("subsidies:layout_sample", args=["nongshang"])
    changed = form_of(office, "nongshang", **{"c-7-pad": " "})
    assert "      155000" in client.post(sample, changed, headers=headers).content.decode()
    broken = form_of(office, "nongshang", **{"c-7-field": ""})
    assert "The lines lack: Amount" in client.post(sample, broken, headers=headers).content.decode()
    assert "The lines lack: Amount" in client.post(address, broken, headers=headers).content.decode()
    assert client.post(address, form_of(office, "nongshang", used="on")).status_code == 302
    with office.as_("clerk"):
        assert [layout.code for layout in layouts_of(COUNTY)] == ["nat-xlsx", "csv", "nongshang"]
        found = {choice.code: choice for choice in choices_of(COUNTY)}["nongshang"]
        assert found.layout.columns == packaged("fixed").columns
    assert "nongshang" in client.get(reverse("subsidies:layouts")).content.decode()


def test_the_releaser_looks_and_changes_nothing(office: Office) -> None:
    client = office.cast.client("releaser")
    address = reverse("subsidies:layout", args=["csv"])
    assert client.get(address).status_code == 200
    assert client.post(address, form_of(office, "csv", name="改名")).status_code == 403
    with office.as_("clerk"):
        assert not BankLayout.objects.exists()


def test_a_released_batch_has_the_files_of_the_layouts_in_use(office: Office) -> None:
    with office.as_("clerk"):
        BankLayout.objects.create(
            region_id=COUNTY, code="fixed", name="农商行", layout=PACKAGED["fixed"][2], at=moment(10, 1)
        )
    office.entitle(office.child("own"))
    batch = office.pay()
    text = office.cast.client("releaser").get(reverse("subsidies:batch", args=[batch.pk])).content.decode()
    for code, ending in (("nat-xlsx", "xlsx"), ("csv", "csv"), ("fixed", "txt")):
        assert f"PB-202610-01-{code}.{ending}" in text
