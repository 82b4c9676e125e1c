"""The monthly report as a workbook. The same figures give the same bytes: no clock, no locale, fixed properties."""

from __future__ import annotations

import datetime as dt
import io
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import xlsxwriter

from cases.enums import LeaveReason, PrimaryCategory, RiskLevel
from cases.models import Discrepancy
from subsidies.enums import EndReason, SchemeCode

CREATED = dt.datetime(2000, 1, 1)  # noqa: DTZ001 - xlsx properties have no zone
COUNTS = (("opening", "期初"), ("new", "新增"), ("left", "退出"), ("closing", "期末"))
MONEY = (
    ("due_people", "应发人数"),
    ("due_times", "应发人次"),
    ("due", "应发（元）"),
    ("people", "实发人数"),
    ("times", "实发人次"),
    ("paid", "实发（元）"),
    ("arrears", "其中补发（元）"),
    ("failed", "失败笔数"),
)
FUNDS = (
    ("central", "中央资金（元）"), ("provincial", "省级资金（元）"), ("prefecture", "市（州）资金（元）"),
    ("county", "县级资金（元）"), ("lottery", "福彩公益金（元）"),
)  # fmt: skip
BACK = (
    ("recoveries", "asked", "追缴月数", "scheme__code"), ("recoveries", "asked_yuan", "追缴认定（元）", "scheme__code"),
    ("recovered", "back", "已追回（元）", "recovery__scheme__code"),
    ("recovered", "waived", "已豁免（元）", "recovery__scheme__code"),
)  # fmt: skip
OTHERS = (
    ("register", "tekun", "特困未成年人"), ("register", "dibao_urban", "城市低保未成年人"),
    ("register", "dibao_rural", "农村低保未成年人"), ("relief", "person_times", "临时救助人次"),
    ("relief", "yuan", "临时救助（元）"),
)  # fmt: skip
YUAN = {"yuan", "due", "paid", "arrears", "asked_yuan", "back", "waived", *(code for code, _label in FUNDS)}
# The allowances that the tables of townships are about.
LIVING = ("basic_living", "difficulty_living")
SCHEME = {
    "basic_living": "基本生活费", "difficulty_living": "困境儿童生活补贴", "care": "照护服务补贴", "study_orphan": "福彩圆梦助学金",
    "study": "事实无人抚养儿童助学金", "dibao": "低保（仅测算）",
}  # fmt: skip
PAID_AS = "entitlement__category"
CATEGORY = {
    "orphan": "孤儿", "protected": "受保护类别", "de_facto_unattended": "事实无人抚养儿童", "guardianship_lacking": "监护缺失",
    "guardianship_improper": "监护不当（无力监护）", "severe_illness": "重病", "severe_disability": "重残", "tekun": "特困",
    "dibao": "低保家庭", "low_income": "低收入家庭", "registered_poor": "建档立卡户",
    "street_child": "流浪儿童", "left_behind": "农村留守儿童", "migrant": "流动儿童", "other_difficulty": "其他困境",
}  # fmt: skip
LEVEL = {"red": "红·高", "yellow": "黄·中", "blue": "蓝·低", "green": "绿·平稳"}
DIFFERENCE = {
    "paid_full": "在名单且全额发放",
    "not_registered": "在名单未在册",
    "gone": "已不在名单",
    "different": "信息不一致",
    "new": "新进名单", "amount": "金额变化", "moved": "户籍迁移", "child_dead": "儿童死亡", "parent_dead": "父母死亡",
    "guardian_dead": "监护人死亡", "custody": "父母服刑在押", "released": "父母释放", "disabled": "新办残疾人证",
    "parent_disabled": "父母重残", "dropout": "不在学籍名单", "uninsured": "未参保",
}  # fmt: skip
LEFT = {
    "01": "省内收养", "02": "跨省收养", "03": "涉外涉港澳台送养", "04": "找回生父母", "05": "独立生活", "06": "死亡", "07": "户籍迁出",
    "08": "录入错误", "09": "儿童超龄", "99": "其他",
}  # fmt: skip
ENDED = {
    "death": "死亡", "turned_18": "满18周岁", "adopted": "被依法收养", "moved_away": "户籍迁出", "parent_released": "父母刑满释放",
    "parent_recovered": "父母戒毒期满", "parent_found": "找回失联父母", "parent_able": "父母一方能履行监护", "other_scheme": "纳入其他保障",
    "entered_in_error": "录入错误", "left_school": "不再就学", "terms_changed": "保障条件变更", "other": "其他",
}  # fmt: skip


def missing_words() -> set[str]:
    """Codes without a word here; a test keeps it empty."""
    return (
        (set(PrimaryCategory.values) - set(CATEGORY)) | (set(LeaveReason.values) - set(LEFT)) | (set(EndReason.values) - set(ENDED))
        | (set(SchemeCode.values) - set(SCHEME)) | (set(RiskLevel.values) - set(LEVEL)) | (set(Discrepancy.Kind.values) - set(DIFFERENCE))
    )  # fmt: skip


class _Sheet:
    """A table that is written row by row, with the office's title, unit and period on top."""

    def __init__(
        self,
        book: xlsxwriter.Workbook,
        name: str,
        figures: dict[str, Any],
        columns: list[str],
        formats: dict[str, Any],
    ) -> None:
        self.sheet, self.formats, self.line = book.add_worksheet(name), formats, 3
        year, month = figures["month"].split("-")
        self.sheet.merge_range(
            0, 0, 0, max(len(columns) - 1, 1), f"{figures['name']}儿童福利月报表 · {name}", formats["title"]
        )
        self.sheet.write_string(1, 0, f"填报单位：{figures['name']}民政局")
        self.sheet.write_string(
            1,
            max(len(columns) - 1, 1),
            f"报告期：{int(year)}年{int(month)}月　单位：人、元",
            formats["right"],
        )
        for column, heading in enumerate(columns):
            self.sheet.write_string(2, column, heading, formats["head"])
            self.sheet.set_column(column, column, 18 if column == 0 else 13)
        self.sheet.freeze_panes(3, 1)
        self.sheet.set_landscape()
        self.sheet.set_paper(9)
        self.sheet.fit_to_pages(1, 0)
        self.sheet.repeat_rows(2)

    def row(self, cells: list[Any], style: str = "cell") -> None:
        for column, value in enumerate(cells):
            if isinstance(value, Decimal):
                self.sheet.write_number(self.line, column, float(value), self.formats[f"{style}_money"])
            elif isinstance(value, int):
                self.sheet.write_number(self.line, column, value, self.formats[style])
            else:
                self.sheet.write_string(self.line, column, str(value), self.formats[style])
        self.line += 1


@dataclass
class Leaf:
    """One table of the report: rows are (cells, style), style "cell" or "sum"."""

    name: str
    columns: list[str]
    rows: list[tuple[list[Any], str]] = field(default_factory=list)

    def row(self, cells: list[Any], style: str = "cell") -> None:
        self.rows.append((cells, style))


def leaves(figures: dict[str, Any]) -> list[Leaf]:
    """The tables of the report in order, for the workbook and for paper."""
    return [
        _townships(figures),
        *([_schemes(figures)] if figures["version"] > 1 else []),
        _counts(figures, "在册儿童", "register", "primary_category", CATEGORY),
        _counts(figures, "基本生活保障", "entitled", "category", CATEGORY),
        _money(figures),
        _reasons(figures),
        _work(figures),
        *([_others(figures)] if figures["version"] > 1 else []),
    ]


def render(figures: dict[str, Any]) -> bytes:
    """The workbook's bytes."""
    return render_leaves(figures, leaves(figures))


def render_leaves(figures: dict[str, Any], shown: list[Leaf]) -> bytes:
    """A workbook of these tables under the office's title."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    book.set_properties({"created": CREATED, "title": f"{figures['name']}儿童福利月报 {figures['month']}"})
    border = {"border": 1, "border_color": "#7f8e92", "font_name": "SimSun", "font_size": 10}
    formats = {
        "title": book.add_format({"bold": True, "font_size": 16, "align": "center", "font_name": "SimSun"}),
        "right": book.add_format({"align": "right", "font_name": "SimSun", "font_size": 10}),
        "head": book.add_format(
            border | {"bold": True, "bg_color": "#e8f2f3", "align": "center", "text_wrap": True}
        ),
        "cell": book.add_format(border),
        "cell_money": book.add_format(border | {"num_format": "#,##0.00"}),
        "sum": book.add_format(border | {"bold": True}),
        "sum_money": book.add_format(border | {"bold": True, "num_format": "#,##0.00"}),
    }
    for leaf in shown:
        sheet = _Sheet(book, leaf.name, figures, leaf.columns, formats)
        for cells, style in leaf.rows:
            sheet.row(cells, style)
    book.close()
    return buffer.getvalue()


def _pick(figures: dict[str, Any], family: str, measure: str, **chosen: Any) -> Any:
    values = [
        row.get(measure, 0)
        for row in figures.get(family, ())
        if all(row.get(k, v) == v or (isinstance(v, tuple) and row.get(k) in v) for k, v in chosen.items())
    ]
    if measure in YUAN:
        return sum(map(Decimal, values), Decimal("0.00"))
    return sum(values)


def _townships(figures: dict[str, Any]) -> Leaf:
    columns = ["镇（街道）", *(f"在保{label}" for _code, label in COUNTS), *(label for _code, label in MONEY)]
    sheet = Leaf("各镇汇总", columns)

    def cells(**where: Any) -> list[Any]:
        where["scheme__code"] = LIVING
        return [
            *(_pick(figures, "entitled", m, **where) for m, _l in COUNTS),
            *(_pick(figures, "money", m, **where) for m, _l in MONEY),
        ]

    for code, name in figures["townships"]:
        sheet.row([name, *cells(township=code)])
    sheet.row(["合计", *cells()], "sum")
    return sheet


def _schemes(figures: dict[str, Any]) -> Leaf:
    """By scheme: what was due and paid, from which funds, and what was asked back. Schemes without any are left out."""
    heads = [label for _code, label in (*MONEY, *FUNDS)] + [label for _f, _m, label, _s in BACK]
    sheet = Leaf("分项目与资金来源", ["项目", *heads])

    def cells(scheme: str | None) -> list[Any]:
        own = {} if scheme is None else {"scheme__code": scheme}
        return [
            *(_pick(figures, "money", measure, **own) for measure, _label in (*MONEY, *FUNDS)),
            *(
                _pick(figures, family, measure, **({} if scheme is None else {split: scheme}))
                for family, measure, _label, split in BACK
            ),
        ]

    for code, word in SCHEME.items():
        if any(row := cells(code)):
            sheet.row([word, *row])
    sheet.row(["合计", *cells(None)], "sum")
    return sheet


def _counts(figures: dict[str, Any], title: str, family: str, split: str, words: dict[str, str]) -> Leaf:
    sheet = Leaf(title, ["镇（街道）", "类别", *(label for _c, label in COUNTS)])
    for code, name in figures["townships"]:
        present = sorted(
            {row[split] for row in figures[family] if row["township"] == code}, key=list(words).index
        )
        for value in present:
            sheet.row(
                [
                    name,
                    words[value],
                    *(_pick(figures, family, m, township=code, **{split: value}) for m, _l in COUNTS),
                ]
            )
    for value, word in words.items():
        cells = [_pick(figures, family, m, **{split: value}) for m, _l in COUNTS]
        if any(cells):
            sheet.row(["合计", word, *cells], "sum")
    sheet.row(["合计", "全部", *(_pick(figures, family, m) for m, _l in COUNTS)], "sum")
    return sheet


def _money(figures: dict[str, Any]) -> Leaf:
    sheet = Leaf("发放", ["镇（街道）", "类别", *(label for _c, label in MONEY)])
    for code, name in figures["townships"]:
        present = sorted(
            {row[PAID_AS] for row in figures["money"] if row["township"] == code}, key=list(CATEGORY).index
        )
        for value in present:
            sheet.row(
                [
                    name,
                    CATEGORY[value],
                    *(_pick(figures, "money", m, township=code, **{PAID_AS: value}) for m, _l in MONEY),
                ]
            )
    sheet.row(["合计", "全部", *(_pick(figures, "money", m) for m, _l in MONEY)], "sum")
    return sheet


def _others(figures: dict[str, Any]) -> Leaf:
    """Minors inside other schemes, by township."""
    sheet = Leaf("其他保障", ["镇（街道）", *(label for _family, _measure, label in OTHERS)])
    for code, name in figures["townships"]:
        sheet.row([name, *(_pick(figures, f, m, township=code) for f, m, _label in OTHERS)])
    sheet.row(["合计", *(_pick(figures, f, m) for f, m, _label in OTHERS)], "sum")
    return sheet


def _reasons(figures: dict[str, Any]) -> Leaf:
    sheet = Leaf("退出原因", ["口径", "原因", "人数"])
    for title, family, split, words in (
        ("在册儿童", "register", "left_reason", LEFT),
        ("基本生活保障", "entitled", "end_reason", ENDED),
    ):
        for value, word in words.items():
            if count := _pick(figures, family, "left", **{split: value}):
                sheet.row([title, word, count])
        sheet.row([title, "合计", _pick(figures, family, "left")], "sum")
    return sheet


def _work(figures: dict[str, Any]) -> Leaf:
    columns = [
        "镇（街道）",
        "应访次数",
        "已访次数",
        "已访儿童",
        "在册期末",
        "覆盖率",
        *(f"在办个案{LEVEL[k]}" for k in ("red", "yellow", "blue")),
        *DIFFERENCE.values(),
    ]
    sheet = Leaf("走访、个案与疑点", columns)

    def cells(**where: Any) -> list[Any]:
        children, covered = (
            _pick(figures, "register", "closing", **where),
            _pick(figures, "visits", "covered", **where),
        )
        return [
            _pick(figures, "register", "visits_due", **where), _pick(figures, "visits", "done", **where), covered, children,
            f"{Decimal(100 * covered) / children:.1f}%" if children else "—",
            *(_pick(figures, "cases", "open", level=level, **where) for level in ("red", "yellow", "blue")),
            *(_pick(figures, "discrepancies", "found", kind=kind, **where) for kind in DIFFERENCE),
        ]  # fmt: skip

    for code, name in figures["townships"]:
        sheet.row([name, *cells(township=code)])
    sheet.row(["合计", *cells()], "sum")
    return sheet
