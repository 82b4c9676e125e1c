"""The layouts that come with the system. A county's own row of the same code stands instead of one (BankLayout)."""

from __future__ import annotations

from typing import Any, Final

# Field and title, in the order of the national system's payment list (全国儿童福利信息系统，发放列表).
_NATIONAL: Final = (
    ("line", "序号"), ("place", "地区"), ("child", "儿童姓名"), ("identity", "身份证号"),
    ("start_month", "起领年月"), ("end_month", "末领年月"), ("released", "发放时间"),
    ("amount", "本次发放金额（元）"), ("method", "领取方式"), ("payee", "领取人"), ("account", "银行账号"),
    ("payee", "开户人"), ("bank", "开户银行"), ("arrears_month", "补发时间"),
    ("arrears_amount", "补发放金额（元）"),
)  # fmt: skip


def _lines(columns: tuple[tuple[str, str], ...]) -> list[dict[str, Any]]:
    return [{"record": "line", "field": field, "title": title} for field, title in columns]


def _fixed(record: str, *columns: tuple[Any, ...]) -> list[dict[str, Any]]:
    """Columns as (field, width) or (field, width, unit); amounts and counts stand right, filled with zeros."""
    rows = []
    for field, width, *unit in columns:
        number = field in ("amount", "count", "total")
        rows.append(
            {
                "record": record,
                "field": field,
                "width": width,
                "align": "right" if number else "left",
                "pad": "0" if number else " ",
                "unit": unit[0] if unit else "",
            }
        )
    return rows


# code → (name, used unless the county says otherwise, layout)
PACKAGED: Final[dict[str, tuple[str, bool, dict[str, Any]]]] = {
    "nat-xlsx": (
        "全国系统发放列表（xlsx）",
        True,
        {"format": "xlsx", "titles": True, "columns": _lines(_NATIONAL)},
    ),
    "csv": (
        "代发清单（csv，GB18030）",
        True,
        {
            "format": "csv",
            "encoding": "gb18030",
            "delimiter": ",",
            "titles": True,
            "columns": _lines((("reference", "业务编号"), *_NATIONAL)),
        },
    ),
    "fixed": (
        "代发清单（定长，GB18030）",
        False,
        {
            "format": "txt",
            "encoding": "gb18030",
            "titles": False,
            "paid": ["00"],
            "failed": ["01"],
            "columns": [
                *_fixed("head", ("batch", 24), ("count", 8), ("total", 16, "fen"), ("released", 8, "compact")),
                *_fixed(
                    "line",
                    *(("reference", 30), ("account", 32), ("payee", 60), ("amount", 12, "fen")),
                    *(("bank", 80), ("month", 6, "compact")),
                ),
                *_fixed(
                    "result",
                    *(("reference", 30), ("account", 32), ("amount", 12, "fen"), ("result", 2)),
                    *(("reason", 60), ("date", 8)),
                ),
            ],
        },
    ),
}  # fmt: skip
