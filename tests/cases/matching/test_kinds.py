"""Kinds of lists are declarations: read strictly, with a template each, and a new one needs no code."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from cases.matching import kinds
from cases.matching.discrepancies.finding_columns import nobodys_rows
from cases.matching.discrepancies.finding_register import FACTS
from cases.matching.discrepancies.services import Deadlines
from cases.matching.engine.frames import LIST_SCHEMA
from cases.matching.kinds import KINDS, KindError
from cases.matching.kinds.certificates import told_by_certificate
from cases.matching.kinds.conditions import Condition, ConditionError, disability_of, of_school_age
from cases.matching.kinds.template import table_of, workbook
from cases.matching.reading import headers
from cases.matching.reading.lists import read_list
from cases.models import Discrepancy
from tests.cases.matching.conftest import ADULT, MINOR, OWN, Import, acting, csv_list, number, row
from tests.cast import COUNTY, Cast

MONTH = dt.date(2026, 10, 1)
CODES = ["dibao", "tekun", "canlian", "death", "prison", "police", "school", "insurance"]


def cells(**given: str) -> Any:
    empty = dict.fromkeys(
        ("name", "id_number", "birth_date", "category", "level", "relation", "event_date"), ""
    )
    return SimpleNamespace(**(empty | given))


# --- What is packaged -----------------------------------------------------------------------------------


def test_the_eight_kinds_in_their_order() -> None:
    assert list(KINDS) == CODES


@pytest.mark.parametrize("code", CODES)
def test_every_finding_is_a_kind_of_discrepancy_and_every_fact_is_one_that_the_register_knows(
    code: str,
) -> None:
    for rule in KINDS[code].rules:
        assert rule.kind in Discrepancy.Kind.values
        assert {rule.known, rule.unknown} - {""} <= set(FACTS)


def test_every_kind_of_discrepancy_but_those_of_money_follows_from_some_list() -> None:
    found = {rule.kind for kind in KINDS.values() for rule in kind.rules}
    assert set(Discrepancy.Kind.values) - found == {Discrepancy.Kind.PAID_IN_FULL}


@pytest.mark.parametrize("code", CODES)
def test_a_filled_template_is_read_back_with_every_column_it_needs(code: str) -> None:
    kind = KINDS[code]
    read = read_list(workbook(kind), name="模板.xlsx", kind=code)
    assert set(kind.required) <= {c.field for sheet in read.sheets for c in sheet.columns}
    known = headers.fields_for(code)
    assert [header for header in table_of(kind)[0] if known(header) is None] == []
    assert read.frame.height == len(table_of(kind)) - 1


@pytest.mark.parametrize("code", CODES)
def test_names_in_both_languages(code: str) -> None:
    with override("zh-hans"):
        chinese = kinds.name_of(code)
    with override("en"):
        assert kinds.name_of(code) != chinese


def test_a_kind_that_is_declared_no_more_shows_its_code() -> None:
    assert (kinds.name_of("gone"), kinds.short_name("gone")) == ("gone", "gone")


def test_kinds_touch_no_models() -> None:
    """They are read while models are made."""
    code = (
        "import django.conf; django.conf.settings.configure(LIST_KINDS_DIR='', USE_I18N=True);"
        "import cases.matching.kinds, cases.matching.kinds.template, sys;"
        "sys.exit(any(name.startswith(('cases.models', 'staff.models')) for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"level": "village"}, "none of member, household"),
        ({"roles": ["uncle"]}, "none of child"),
        ({"findings": [{"kind": "gone", "on": "full moon"}]}, "none of row"),
        ({"findings": [{"kind": "gone", "on": "gone", "role": "parent"}]}, "does not match"),
        ({"findings": [{"kind": "dropout", "on": "absent", "among": "everybody"}]}, "complete list"),
        ({"findings": [{"kind": "amount", "on": "changed"}]}, "needs its column"),
        ({"findings": [{"kind": "gone", "on": "row", "whenn": {}}]}, "nobody knows: whenn"),
        ({"findings": [{"kind": "gone", "on": "row", "when": {"is": ["tall"]}}]}, "no test 'tall'"),
        ({"findings": [{"kind": "gone", "on": "row", "when": {"phone": ["1"]}}]}, "cannot look at 'phone'"),
        ({"columns": {"shoe": {"headers": ["鞋码"]}}}, "'shoe' is none of"),
        ({"code": "other"}, "name the file after it"),
        ({"name": None}, ""),
    ],
)
def test_a_wrong_declaration_is_refused_with_its_file_and_the_reason(
    tmp_path: Path, change: dict[str, Any], told: str
) -> None:
    data = json.loads((kinds.FOLDER / "dibao.json").read_text()) | {"roles": ["child"], "findings": []}
    (tmp_path / "dibao.json").write_text(json.dumps(data | change))
    (tmp_path / "dibao.csv").write_text("姓名,身份证号\n")
    with pytest.raises(KindError, match=r"^dibao\.json: ") as refused:
        kinds.load(tmp_path)
    assert told in str(refused.value)


def test_a_kind_without_its_template_is_refused(tmp_path: Path) -> None:
    (tmp_path / "dibao.json").write_text((kinds.FOLDER / "dibao.json").read_text())
    with pytest.raises(KindError, match=r"template dibao\.csv is missing"):
        kinds.load(tmp_path)


# --- Conditions -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "severe"),
    [
        ({"category": "肢体残疾", "level": "一级"}, True),
        ({"category": "肢体", "level": "2"}, True),
        ({"category": "肢体", "level": "三级"}, False),
        ({"category": "精神", "level": "四级"}, True),
        ({"category": "智力残疾", "level": "叁级"}, True),
        ({"category": "", "level": "贰级"}, True),
        ({"category": "视力", "level": ""}, False),
        ({"category": "肢体四级", "level": ""}, False),
    ],
)
def test_severe_is_level_one_or_two_or_mental_and_intellectual_three_or_four(
    told: dict[str, str], severe: bool
) -> None:
    assert Condition.read({"is": ["severe"]}).holds(cells(**told), MONTH) is severe


@pytest.mark.parametrize(
    ("told", "released"),
    [
        ({"category": "刑满释放"}, True),
        ({"category": "解除强制戒毒"}, True),
        ({"category": "服刑", "event_date": "2026-10-31"}, True),
        ({"category": "服刑", "event_date": "2026.11.1"}, False),
        ({"category": "服刑"}, False),
    ],
)
def test_released_by_its_state_or_by_the_day(told: dict[str, str], released: bool) -> None:
    assert Condition.read({"is": ["released"]}).holds(cells(**told), MONTH) is released
    assert Condition.read({"not": {"is": ["released"]}}).holds(cells(**told), MONTH) is not released


def test_words_hold_however_they_are_written() -> None:
    condition = Condition.read({"category": ["迁出"]})
    assert condition.holds(cells(category=" 户籍迁 出"), MONTH)
    assert not condition.holds(cells(category="迁入"), MONTH)
    with pytest.raises(ConditionError):
        Condition.read({"category": ["迁出"], "is": ["nothing"]})


def test_kind_and_level_from_a_card_number_or_words() -> None:
    assert disability_of("", "", f"{OWN}43") == ("4", 3)
    assert disability_of("", "", f"{OWN}62B1") == ("6", 2)
    assert disability_of("多重（肢体、智力）", "一级") == ("7", 1)
    assert disability_of("听力", "") is None
    assert disability_of("听力或言语", "一级") is None


@pytest.mark.parametrize(
    ("born", "due"),
    [
        ("2020-08-31", True),  # six on 31 August of this school year
        ("2020-09-01", False),
        ("2010-10-02", True),
        ("2010-10-01", False),  # sixteen
    ],
)
def test_who_is_of_school_age_in_october_2026(born: str, due: bool) -> None:
    assert of_school_age(dt.date.fromisoformat(born), MONTH) is due


# --- Columns --------------------------------------------------------------------------------------------


def frame(*rows: dict[str, Any]) -> pl.DataFrame:
    texts = {name: "" for name, kind in LIST_SCHEMA.items() if kind == pl.String}
    return pl.DataFrame(
        [
            {"row": at, "list_type": "dibao"} | {**texts, "list_type": "dibao"} | each
            for at, each in enumerate(rows)
        ],
        schema=LIST_SCHEMA,
    )


def test_minors_are_found_by_number_birth_date_or_a_number_in_the_name() -> None:
    rows = frame(
        {"name": "罗小暑", "id_number": MINOR},
        {"name": "罗大暑", "id_number": ADULT},
        {"name": "罗立秋", "birth_date": "2013年8月7日"},
        {"name": f"罗白露{MINOR}"},
        {"name": "无名"},
        {"name": "来年生", "birth_date": "2027-01-01"},
        {"name": "罗小暑", "id_number": f" {MINOR.lower()}"},
    )
    found = nobodys_rows(rows, Condition.read({"is": ["minor"]}), MONTH)
    assert found["row"].to_list() == [0, 2, 3]
    assert found["born"].to_list() == ["2012-09-08", "2013-08-07", "2012-09-08"]
    again = nobodys_rows(rows.reverse(), Condition.read({"is": ["minor"]}), dt.date(2026, 11, 1))
    assert set(again["subject"]) == set(found["subject"]), "a person is the same from month to month"


def test_whoever_turned_eighteen_is_no_minor() -> None:
    born = number("50015220081001321")
    rows = frame({"name": "甲", "id_number": born})
    minor = Condition.read({"is": ["minor"]})
    assert nobodys_rows(rows, minor, dt.date(2026, 9, 1)).height == 1
    assert nobodys_rows(rows, minor, dt.date(2026, 10, 1)).height == 0


def test_no_rows_are_no_rows() -> None:
    assert nobodys_rows(frame(), Condition.read({"is": ["minor"]}), MONTH).height == 0


def test_a_card_number_tells_kind_and_level_where_the_list_has_no_columns() -> None:
    rows = told_by_certificate(
        frame(
            {"certificate": f"{OWN}52"},
            {"certificate": f"{OWN}52B1", "category": "智力残疾", "level": "叁级"},
            {"certificate": OWN},
        )
    )
    assert rows.select("category", "level").rows() == [("智力", "二级"), ("智力残疾", "叁级"), ("", "")]


# --- A ninth kind ---------------------------------------------------------------------------------------

ADOPTION = {
    "code": "adoption",
    "place": 90,
    "name": {"zh": "收养登记名单", "en": "adoptions"},
    "short": {"zh": "收养", "en": "adoptions"},
    "partner": {"zh": "婚姻收养登记处", "en": "registry of adoptions"},
    "note": {"zh": "一人一行。", "en": "One row a child."},
    "cadence": "quarterly",
    "level": "member",
    "from": "county",
    "roles": ["child"],
    "required": ["name", "id_number"],
    "columns": {"name": {"headers": ["被收养人"]}, "event_date": {"headers": ["登记日"]}},
    "findings": [{"kind": "moved", "on": "row", "days": 2}],
}


def test_a_ninth_kind_is_one_file_and_a_template(
    cast: Cast, take: Import, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Upload, match and finding know it from the two files alone."""
    (tmp_path / "adoption.json").write_text(json.dumps(ADOPTION))
    (tmp_path / "adoption.csv").write_text("被收养人,身份证号,登记日\n示例,,2026-01-01\n")
    for code, kind in kinds.load(tmp_path).items():
        monkeypatch.setitem(KINDS, code, kind)
    headers.fields_for.cache_clear()
    client = cast.client("clerk")
    assert "收养登记名单" in client.get(reverse("cases:list_upload")).content.decode()
    assert client.get(reverse("cases:list_template", args=["adoption"])).status_code == 200
    lines = ["被收养人,身份证号,登记日", f"林小满,{OWN},2026-10-08"]
    take("\n".join(lines).encode("gb18030"), kind="adoption", name="收养.csv")
    with acting(cast, "clerk"):
        (raised,) = Discrepancy.objects.all()
        due = Deadlines(COUNTY, timezone.localdate()).after(2)
    assert (raised.kind, raised.list_kind, raised.child_id) == ("moved", "adoption", cast.children["own"].pk)
    assert (raised.detail["event"], raised.due_date) == ("2026-10-08", due)
    page = client.get(reverse("cases:discrepancy", args=[raised.pk])).content.decode()
    assert "收养登记名单" in page
    headers.fields_for.cache_clear()


# --- Pages ----------------------------------------------------------------------------------------------


def test_the_page_of_kinds_and_a_template(cast: Cast, page_budget: Any) -> None:
    client = cast.client("clerk")
    with page_budget(15):
        text = client.get(reverse("cases:list_kinds")).content.decode()
    assert all(kind.name.zh in text for kind in KINDS.values())
    answer = client.get(reverse("cases:list_template", args=["canlian"]))
    assert answer.content[:2] == b"PK"
    assert client.get(reverse("cases:list_template", args=["nothing"])).status_code == 404


def test_the_months_lists_show_each_kind(cast: Cast, take: Import) -> None:
    take(csv_list(row("林小满", OWN, sex="女")), kind="insurance", name="医保.csv")
    assert (
        "居民医保参保名单"
        in cast.client("clerk").get(reverse("cases:lists") + "?month=2026-10").content.decode()
    )
