"""What the check finds in the cells of a register file, and how files and headers are read."""

from __future__ import annotations

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cases.importing import columns, corrections, services, words
from cases.importing.problems import ASKED, PROBLEMS
from cases.importing.resources import ChildResource
from cases.matching.reading.files import ListFileError, open_grids
from cases.models import Child, RegisterImport, RegisterImportRow
from staff.models import Region
from staff.scope import open_scope, system_scope
from tests.cases.importing import (
    AT,
    HEADER,
    TODAY,
    applied,
    checked,
    number,
    problems,
    receive,
    row,
    rows_of,
    text,
    workbook,
)
from tests.cast import COUNTY, FAR_VILLAGE, OTHER_VILLAGE, OWN_ID, TOWNSHIP, VILLAGE, Cast

pytestmark = pytest.mark.django_db

GOOD = number("20150301")
# What stands in the row → the column and the problem it must be told under.
WRONG = {
    "no name": (row(""), "name", "name_missing"),
    "long name": (row("赵" * 61), "name", "text_long"),
    "mistyped number": (
        row(id_number=GOOD[:17] + ("1" if GOOD[17] != "1" else "2")),
        "id_number",
        "number_wrong",
    ),
    "a digit lost": (row(id_number=GOOD[:17]), "id_number", "number_length"),
    "Excel's number": (row(id_number="5.00152201503011E+17"), "id_number", "number_cut"),
    "masked number": (row(id_number=GOOD[:6] + "********" + GOOD[14:]), "id_number", "number_masked"),
    "15 digits": (row(id_number="500152150301101"), "id_number", "number_fifteen"),
    "words": (row(id_number="1234567"), "id_number", "number_unreadable"),
    "unreadable date": (row(birth="去年"), "birth_date", "date_unreadable"),
    "other date": (row(birth="2015-03-02"), "birth_date", "birth_differs"),
    "month only": (row(id_number="", birth="2015年3月"), "birth_date", "birth_month_only"),
    "no date": (row(id_number="", birth=""), "birth_date", "birth_missing"),
    "future": (row(id_number="", birth="2027-01-01"), "birth_date", "date_future"),
    "grown up": (row(id_number="", birth="1990-01-01"), "birth_date", "birth_old"),
    "no sex": (row(id_number="", sex=""), "sex", "sex_missing"),
    "unreadable sex": (row(sex="不详"), "sex", "sex_unreadable"),
    "other sex": (row(sex="女"), "sex", "sex_differs"),
    "unknown village": (row(village="无此村"), "village", "village_unknown"),
    "no village": (row(township="", village=""), "village", "village_missing"),
    "unknown category": (row(category="某类"), "category", "word_unknown"),
    "no category": (row(category=""), "category", "category_missing"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_cell_is_told_with_row_and_column(cast: Cast, case: str) -> None:
    wrong, field, code = WRONG[case]
    found = checked(
        cast, text(row("钱好好", number("20160401", 203)).replace("2015-03-01", "2016-04-01"), wrong)
    )
    assert problems(cast, found) == [(3, field, code)]
    assert [r.outcome for r in rows_of(cast, found)] == ["new", "error"]
    message, remedy = PROBLEMS[code]
    assert str(message)
    assert str(remedy)


FURTHER = {
    "phone": ("监护人姓名,监护人电话", "赵大,12", "guardian_phone", "phone_wrong"),
    "guardian's number": (
        "监护人姓名,监护人身份证号",
        "赵大,500152197003011012",
        "guardian_id",
        "number_wrong",
    ),
    "relation": ("监护人姓名,与儿童关系", "赵大,师傅", "guardian_relation", "word_unknown"),
    "short account": ("领款人,开户银行,银行账号", "赵大,农商行,123", "account", "account_wrong"),
    "cut account": ("领款人,开户银行,银行账号", "赵大,农商行,6.21700123456E+18", "account", "account_cut"),
    "no bank": ("领款人,开户银行,银行账号", "赵大,,6217001234567890", "bank", "payee_incomplete"),
    "code": ("村代码", "50015200", "village_code", "code_wrong"),
    "outside": ("村代码", "341222100001", "village_code", "village_outside"),
    "sub-type": ("细类", "农村", "category_detail", "detail_other"),
    "attribute": ("其他属性", "重残、某某", "attributes", "word_unknown"),
    "since": ("认定时间", "2030-01-01", "category_since", "date_future"),
    "father": ("父亲情形", "云游", "father_situation", "word_unknown"),
    "register number": ("残疾证号", GOOD[:16] + "5521", "certificate", "number_wrong"),
}


@pytest.mark.parametrize("case", FURTHER)
def test_a_wrong_cell_in_a_further_column(cast: Cast, case: str) -> None:
    headers, cells, field, code = FURTHER[case]
    found = checked(cast, text(f"{row()},{cells}", header=f"{HEADER},{headers}"))
    assert (2, field, code) in problems(cast, found)
    assert rows_of(cast, found)[0].outcome == "error"


def test_every_problem_is_met_in_a_test_or_follows_from_the_register() -> None:
    met = {code for _row, _field, code in WRONG.values()} | {code for *_rest, code in FURTHER.values()}
    elsewhere = {
        *(
            "number_kept",
            "number_held",
            "held_elsewhere",
            "village_ambiguous",
            "village_other",
            "account_check",
        ),
        *("payee_today", "twice", "left", "number_other_child", "kept", "changed_again", "changed_since"),
        "protected_condition",
    }
    assert met | elsewhere | ASKED == set(PROBLEMS)
    assert not met & elsewhere


def test_the_number_of_a_spreadsheet_cell_that_excel_has_rounded(cast: Cast) -> None:
    header = HEADER.split(",")
    rows: list[list[object]] = [
        ["潼南区花名册"],
        [*header],
        ["赵小一", 500152201503011013, "2015-03-01", "男", "桂林街道", "莲花社区", "孤儿"],
    ]
    found = checked(cast, workbook(rows), name="a.xlsx")
    assert problems(cast, found) == [(3, "id_number", "number_cut")]


def test_an_office_s_workbook_with_titles_totals_and_two_storeys(cast: Cast) -> None:
    rows: list[list[object]] = [
        ["桂林街道儿童花名册"],
        ["单位：桂林街道", "", "", "", "", "", "2026年10月"],
        ["序号", "儿童姓名", "身份证号码", "村（居）", "保障类别", "父亲", "", "监护人姓名", "联系电话"],
        ["", "", "", "", "", "姓名", "情形", "", ""],
        [1, "赵小一", GOOD, "莲花社区居委会", "孤儿（散居）", "", "", "赵大", "13712345678"],
        [
            2,
            "钱小二",
            number("20160401", 204),
            "莲花",
            "事实无人抚养、重残",
            "钱父",
            "服刑在押",
            "钱奶奶",
            "",
        ],
        ["合计", 2],
        ["制表人：李守安", "", "审核："],
    ]
    found = checked(cast, workbook(rows), who="supervisor", name="a.xlsx")
    assert problems(cast, found, "supervisor") == []
    fields = {c["title"]: c["field"] for c in found.mapping["columns"]}
    assert (fields["儿童姓名"], fields["联系电话"], fields["父亲姓名"], fields["父亲情形"]) == (
        "name",
        "guardian_phone",
        "father_name",
        "father_situation",
    )
    assert found.counts["rows"] == 2
    assert found.counts["dropped"] >= 2


def test_gb18030_text_with_dates_of_all_kinds_and_an_address_for_a_village(cast: Cast) -> None:
    header = "姓名,身份证号,出生年月日,性别,家庭住址,类别,民族"
    lines = (
        f"赵小一,{GOOD.lower()},2015.3.1,男,桂林街道莲花社区3组8号,孤儿,汉族",
        "钱小二,,20160401,女,桂林街道井田社区,低保,土家族",
        "孙 小三,无,2017年5月6日,女,井田,困境儿童,",
    )
    found = applied(cast, text(*lines, header=header, encoding="gb18030"))
    assert problems(cast, found) == []
    with open_scope(cast.scope("clerk")):
        made = {c.name: c for c in Child.objects.filter(name__in=["赵小一", "钱小二", "孙小三"])}
    assert {n: c.region_id for n, c in made.items()} == {
        "赵小一": VILLAGE,
        "钱小二": OTHER_VILLAGE,
        "孙小三": OTHER_VILLAGE,
    }
    assert (made["赵小一"].id_number, made["钱小二"].birth_date.isoformat(), made["钱小二"].ethnicity) == (
        GOOD,
        "2016-04-01",
        "土家族",
    )
    assert made["孙小三"].id_number == ""


def test_villages_by_former_names_and_ambiguous_ones(cast: Cast) -> None:
    with system_scope(reason="test", log=False):
        Region.objects.create(
            code=500152002003, name="莲花村民委员会", level="village", parent_id=500152002000
        )
        gone = Region.objects.create(
            code=500152001009,
            name="老街村民委员会",
            level="village",
            parent_id=TOWNSHIP,
            valid_to="2020-01-01",
        )
        Region.objects.filter(pk=gone.pk).update(successor_id=OTHER_VILLAGE)
    lines = (
        row("甲小一", "", township=""),
        row("乙小二", "", village="老街村"),
        row("丙小三", "", township="梓潼街道办事处", village="莲花村委会"),
        row("丁小四", "", township="梓潼", village="外南街"),
    )
    found = checked(cast, text(*lines))
    assert problems(cast, found) == [(2, "village", "village_ambiguous")]
    assert [r.region_id for r in rows_of(cast, found)][1:] == [OTHER_VILLAGE, 500152002003, FAR_VILLAGE]


def test_the_same_child_twice_in_one_file(cast: Cast) -> None:
    lines = (
        row(),
        row("赵小一"),
        row("钱小二", "", birth="2016-04-01"),
        row("钱小二", "", birth="2016-04-01"),
    )
    found = checked(cast, text(*lines))
    assert problems(cast, found) == [(3, "id_number", "twice"), (5, "name", "twice_name")]
    assert [r.outcome for r in rows_of(cast, found)] == ["new", "error", "new", "duplicate"]
    assert rows_of(cast, found)[1].problems[0]["line"] == 2


def test_headers_are_proposed_by_words_owners_and_values() -> None:
    assert columns.propose(
        [
            "姓名",
            "身份证号",
            "监护人",
            "身份证号",
            "联系电话",
            "关系",
            "户主",
            "户主身份证号",
            "父亲姓名",
            "电话",
        ],
        [[]] * 10,
    ) == [
        "name",
        "id_number",
        "guardian_name",
        "guardian_id",
        "guardian_phone",
        "guardian_relation",
        "head_name",
        "head_id",
        "father_name",
        "",
    ]
    samples = [
        ["赵小一"],
        [GOOD, number("20160401")],
        ["男", "女"],
        ["13712345678"],
        ["500152001001"],
        ["孤儿", "低保"],
        ["2015.3.1"],
        ["随便"],
    ]
    names = ["姓名", "证号", "一", "二", "三", "四", "五", "六"]
    assert columns.propose(names, samples) == [
        "name",
        "id_number",
        "sex",
        "guardian_phone",
        "village_code",
        "category",
        "birth_date",
        "",
    ]


def test_a_file_with_unknown_headers_is_read_and_its_columns_can_be_named(cast: Cast) -> None:
    data = text(f"赵小一,{GOOD},莲花社区,孤儿", header="孩子,证号码,哪里,哪类")
    found = receive(cast, data)
    assert {c["title"]: c["field"] for c in found.mapping["columns"]} == {
        "孩子": "",
        "证号码": "id_number",
        "哪里": "",
        "哪类": "category",
    }
    with open_scope(cast.scope("clerk")):
        chosen = {"孩子": "name", "证号码": "id_number", "哪里": "village", "哪类": "category"}
        job = services.name_columns(found, chosen, at=AT)
    assert job.kind == services.CHECK
    again = receive(cast, data)
    assert {c["title"]: c["field"] for c in again.mapping["columns"]} == chosen
    assert again.mapping["remembered"]
    elsewhere = receive(cast, data, "stranger")
    assert not elsewhere.mapping["remembered"]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "empty"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, ".xls"),
        (b"<html><table></table></html>", "web page"),
        (b"PK\x03\x04broken", "damaged"),
        ("只有,一行,文字".encode(), "header"),
        (text(), "below"),
    ],
)
def test_what_is_no_register_is_refused_and_not_kept(cast: Cast, data: bytes, sentence: str) -> None:
    from django.utils import translation

    with (
        open_scope(cast.scope("clerk")),
        translation.override("en"),
        pytest.raises(ListFileError, match=sentence),
    ):
        services.receive(data=data, name="a.xlsx", region_id=COUNTY, at=AT)
    with system_scope(reason="test", log=False):
        assert RegisterImport.objects.count() == 0


def test_every_offered_word_has_its_code_and_the_template_is_read_back(cast: Cast) -> None:
    for table in words.WORDS:
        assert [words.code_of(table, word) for word in words.offered(table)] == [
            str(code) for code in words.WORDS[table]
        ]
    grids = list(open_grids(corrections.template()))
    assert grids[0].name == "花名册"
    header = next(iter(grids[0].rows))[1]
    assert columns.propose(header, [[]] * len(header)) == [column.field for column in columns.COLUMNS]


def test_the_rows_to_correct_come_back_with_their_reasons(cast: Cast) -> None:
    found = checked(
        cast, text(row(), row("钱小二", number("20160401", 203), birth="2016-04-01", village="无此村"))
    )
    wrong = rows_of(cast, found)[1:]
    fields = [c["field"] for c in found.mapping["columns"]]
    whole = [
        cells
        for _line, cells, _r in next(iter(open_grids(corrections.sheet_of(wrong, fields, whole=True)))).rows
    ]
    assert whole[0] == [*HEADER.split(","), corrections.REASON]
    assert whole[1][:2] == ["钱小二", number("20160401", 203)]
    assert "3" in whole[1][-1]
    masked = [
        cells
        for _line, cells, _r in next(iter(open_grids(corrections.sheet_of(wrong, fields, whole=False)))).rows
    ]
    assert number("20160401", 203) not in masked[1]
    again = checked(cast, corrections.sheet_of(wrong, fields, whole=True), name="again.xlsx")
    assert problems(cast, again) == [(2, "village", "village_unknown")]


def test_the_protected_condition_is_refused_and_no_character_of_an_illness_is_shown(cast: Cast) -> None:
    found = checked(cast, text(f"{row()},艾滋病病毒感染", header=f"{HEADER},健康说明"))
    assert problems(cast, found) == [(2, "health_note", "protected_condition")]
    page = cast.client("clerk").get(reverse("cases:import_file", args=[found.pk])).content.decode()
    assert "******" in page
    assert "艾" not in page
    masked = applied(cast, text(f"{row()},******", header=f"{HEADER},健康说明"))
    assert problems(cast, masked) == []
    with open_scope(cast.scope("clerk")):
        assert Child.objects.get(name="赵小一").health_note == ""


def test_nothing_of_the_cells_is_stored_in_the_clear(cast: Cast) -> None:
    found = applied(cast, text(f"{row()},白血病", header=f"{HEADER},健康说明"))
    again = checked(cast, text(f"{row()},痊愈", header=f"{HEADER},健康说明"))
    assert json.loads(rows_of(cast, again)[0].before)["shown"] == [["health_note", "白血病", "痊愈"]]
    with connection.cursor() as cursor, open_scope(cast.scope("clerk")):
        cursor.execute(
            "SELECT string_agg(encode(cells, 'escape') || encode(before, 'escape') || problems::text, '') FROM cases_registerimportrow"
        )
        stored = cursor.fetchone()[0]
        cursor.execute("SELECT string_agg(mapping::text || counts::text, '') FROM cases_registerimport")
        stored += cursor.fetchone()[0]
    assert not [secret for secret in (GOOD, "赵小一", "白血病") if secret in stored]
    assert found.counts["written"] == 1


def test_the_check_costs_the_same_queries_for_one_row_and_for_many(cast: Cast) -> None:
    def cost(count: int) -> int:
        lines = [row(f"赵{i:03d}号", number("20150301", i * 2 + 1)) for i in range(count)]
        with CaptureQueriesContext(connection) as captured:
            applied(cast, text(*lines))
        return len(captured)

    # Later rows are known to the second file; both kinds of row are in it.
    few, many = cost(4), cost(150)
    assert many <= few + 12, (few, many)
    with open_scope(cast.scope("clerk")):
        assert RegisterImportRow.objects.count() == 154


def test_the_resource_is_import_export_s_own(cast: Cast) -> None:
    """The row results and totals of the library say the same as ours."""
    from cases.importing.rows import FileRows

    found = FileRows(["name", "id_number", "village_code", "category"])
    found.cells = [
        {"name": "赵小一", "id_number": GOOD, "village_code": str(VILLAGE), "category": "孤儿"},
        {"name": "钱小二"},
        {"id_number": OWN_ID, "name": "林小满"},
    ]
    found.places = [("", 2), ("", 3), ("", 4)]
    with open_scope(cast.scope("clerk")):
        resource = ChildResource(today=TODAY, trial=True, decide=lambda place, code: "skip")
        result = resource.import_data(found.sheet(), dry_run=True, use_transactions=True)
        assert Child.objects.filter(name="赵小一").count() == 0
    assert (result.totals["new"], result.totals["invalid"], result.totals["skip"]) == (1, 1, 1)
    assert [v.outcome for v in resource.verdicts] == ["new", "error", "same"]
    assert {f.removeprefix("incoming__") for row in result.invalid_rows for f in row.error_dict} >= {
        "birth_date"
    }
