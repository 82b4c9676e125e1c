"""公开表: totals of townships without a name, for the office's board and web site. Small numbers are hidden.

A township in which one figure is small is hidden as a whole: with known standards, its sum of money alone would tell how
many children it has. What the neighbours, the sum or last month's table tell is guarded as well (subsidies.reports.suppression).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.ages import add_months
from staff import parameters
from staff.models import Region
from subsidies.enums import SchemeCode
from subsidies.models import Scheme
from subsidies.reports.suppression import hidden_rows

ZERO = Decimal("0.00")
HIDDEN = "＊"
LIVING = (SchemeCode.BASIC_LIVING, SchemeCode.DIFFICULTY_LIVING)
# Children whom the bank's answers of a month and of the month before say were paid, by township.
PAID_BY_TOWNSHIP = """
    WITH paid AS (
        SELECT b.month, p.child_id, max(p.region_code) / 1000 * 1000 AS township, bool_or(p.category = 'orphan') AS orphan,
               sum(p.amount) AS yuan, max(p.standard) FILTER (WHERE p.kind = 'regular') AS standard,
               max(p.category || p.placement || p.grade) FILTER (WHERE p.kind = 'regular') AS terms
        FROM subsidies_payment p JOIN subsidies_paymentbatch b ON b.id = p.batch_id
        WHERE b.region_code = %(county)s AND b.month IN (%(month)s, %(before)s) AND b.scheme_id = ANY(%(schemes)s)
          AND p.state = 'paid'
        GROUP BY b.month, p.child_id
    )
    SELECT coalesce(now.township, before.township),
           count(*) FILTER (WHERE now.orphan), coalesce(sum(now.yuan) FILTER (WHERE now.orphan), 0),
           count(*) FILTER (WHERE NOT now.orphan), coalesce(sum(now.yuan) FILTER (WHERE NOT now.orphan), 0),
           count(*) FILTER (WHERE before.orphan), count(*) FILTER (WHERE NOT before.orphan),
           count(*) FILTER (WHERE before.child_id IS NULL), count(*) FILTER (WHERE now.child_id IS NULL),
           count(*) FILTER (WHERE now.standard > before.standard AND now.terms <> before.terms)
    FROM (SELECT * FROM paid WHERE month = %(month)s) now
    FULL JOIN (SELECT * FROM paid WHERE month = %(before)s) before USING (child_id)
    GROUP BY 1
"""


@dataclass(frozen=True)
class Line:
    """One township's figures; ``was_…``: those of the month before. ``is_hidden``: none of the counts is published."""

    name: str
    orphans: int = 0
    orphan_yuan: Decimal = ZERO
    others: int = 0
    other_yuan: Decimal = ZERO
    was_orphans: int = 0
    was_others: int = 0
    new: int = 0
    left: int = 0
    raised: int = 0
    is_hidden: bool = False
    remark_hidden: bool = False

    @property
    def people(self) -> int:
        return self.orphans + self.others

    @property
    def yuan(self) -> Decimal:
        return self.orphan_yuan + self.other_yuan

    @property
    def remark(self) -> str:
        """备注 of 义乌: only what happened; empty when nothing did."""
        if self.remark_hidden:
            return HIDDEN
        parts = (("新增", self.new), ("核减", self.left), ("升级", self.raised))
        return ",".join(f"{word}{count}人" for word, count in parts if count)


Cell = Callable[[Line], Any]


@dataclass(frozen=True)
class Layout:
    """A county's way to publish: headings as they stand there, and what stands below each."""

    title: Any
    headings: tuple[str, ...]
    cells: tuple[Cell, ...]


def _people(line: Line) -> Any:
    return line.people


LAYOUTS: dict[str, Layout] = {
    "yongjia": Layout(
        gettext_lazy("As Yongjia publishes"),
        ("乡镇", "孤儿补助人数", "金额", "困境儿童补助人数", "金额", "共计"),
        (
            lambda line: line.orphans,
            lambda line: line.orphan_yuan,
            lambda line: line.others,
            lambda line: line.other_yuan,
            lambda line: line.yuan,
        ),
    ),
    "minhou": Layout(
        gettext_lazy("As Minhou publishes"),
        ("乡镇名称", "人数", "总合计金额", "备注"),
        (_people, lambda line: line.yuan, lambda line: ""),
    ),
    "yiwu": Layout(
        gettext_lazy("As Yiwu publishes"),
        ("乡镇名称", "人数", "总合计金额", "备注"),
        (_people, lambda line: line.yuan, lambda line: line.remark),
    ),
}


@dataclass(frozen=True)
class PublicTable:
    """``rows`` are what is published: texts, whole numbers and yuan, HIDDEN where a number is not shown."""

    region: Region
    month: dt.date
    layout: str
    rows: list[list[Any]]
    least: int

    @property
    def headings(self) -> tuple[str, ...]:
        return LAYOUTS[self.layout].headings

    @property
    def note(self) -> str:
        """What the reader of the table is told about hidden numbers."""
        return f"“{HIDDEN}”表示人数较少（少于{self.least}人）或由此可以推算的数字，为保护儿童隐私不公布。"

    @property
    def title(self) -> str:
        return f"{self.region.name}{self.month.year}年{self.month.month}月儿童福利保障资金发放情况公开表"


def public_table(region: Region, month: dt.date, layout: str) -> PublicTable:
    """What may be published of a county's month. KeyError for an unknown layout. Four queries, whatever the county's size."""
    cells = LAYOUTS[layout].cells
    least = int(parameters.value(region.pk, "small_cell", month))
    lines = guarded(_read(region, month), least)
    rows = [[line.name, *(_shown(cell(line), line) for cell in cells)] for line in lines]
    return PublicTable(region, month, layout, rows, least)


def _shown(value: Any, line: Line) -> Any:
    """The value of a cell; numbers of a hidden line are not shown, its remark says itself what it hides."""
    return HIDDEN if line.is_hidden and not isinstance(value, str) else value


def guarded(lines: Sequence[Line], least: int) -> list[Line]:
    """The lines and their sum, with what must not be published marked. Pure."""
    if not lines:
        return []
    now = hidden_rows([[line.orphans, line.others] for line in lines], least)
    before = hidden_rows([[line.was_orphans, line.was_others] for line in lines], least)
    # The movement between two months tells a number that either month hides.
    moved = hidden_rows([[line.new, line.left, line.raised] for line in lines], least, also=now | before)
    whole = {name: sum((getattr(line, name) for line in lines), NOTHING[name]) for name in NOTHING}
    return [
        replace(line, is_hidden=place in now, remark_hidden=place in moved)
        for place, line in enumerate([*lines, Line("合计", **whole)])
    ]


NOTHING: dict[str, Any] = {
    field.name: field.default
    for field in fields(Line)
    if field.name not in ("name", "is_hidden", "remark_hidden")
}


def _read(region: Region, month: dt.date) -> list[Line]:
    """Every township of the county, with nothing where nobody was paid. Three queries."""
    schemes = list(Scheme.objects.filter(code__in=LIVING).values_list("pk", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(
            PAID_BY_TOWNSHIP,
            {"county": region.pk, "month": month, "before": add_months(month, -1), "schemes": schemes},
        )
        found = {row[0]: row[1:] for row in cursor.fetchall()}
    places = list(Region.objects.below(region, "township").order_by("code").values_list("pk", "name"))
    lines = [Line(name, *found.pop(code)) if code in found else Line(name) for code, name in places]
    return [*lines, *(Line(_("County office"), *row) for row in found.values())]
