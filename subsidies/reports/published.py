"""The monthly report as readers of totals see it: small numbers are hidden, and with them what would give them away."""

from __future__ import annotations

import datetime as dt
from typing import Any

from staff import parameters
from staff.models import Region
from subsidies.models import MonthlyReport
from subsidies.reports import services as reports
from subsidies.reports.public_tables import HIDDEN
from subsidies.reports.suppression import hidden_rows
from subsidies.reports.xlsx import CATEGORY, COUNTS, Leaf, render_leaves

PEOPLE = ("due_people", "people")
YUAN = ("due", "paid", "arrears")
HEADS = {
    "due_people": "应发人数",
    "people": "实发人数",
    "due": "应发（元）",
    "paid": "实发（元）",
    "arrears": "其中补发（元）",
}
SHOWN_CATEGORIES = (("orphan", "孤儿"), ("de_facto_unattended", "事实无人抚养儿童"))
MOVES = ("new", "left")


def least_of(figures: dict[str, Any]) -> int:
    """The smallest number that the county's published tables show."""
    month = reports.first_day(figures)
    return int(parameters.value(figures["region"], "small_cell", month))


def leaves(figures: dict[str, Any], least: int) -> list[Leaf]:
    """Townships, and the register by category; numbers that are not shown are HIDDEN. Pure."""
    return [_townships(figures, least), _register(figures, least)]


def _townships(figures: dict[str, Any], least: int) -> Leaf:
    def entitled(measure: str, **where: Any) -> int:
        return int(reports.total(figures, "entitled", measure, scheme__code=reports.LIVING, **where))

    def money(measure: str, **where: Any) -> Any:
        return reports.total(figures, "money", measure, scheme__code=reports.LIVING, **where)

    rows: list[tuple[Any, ...]] = []
    for where in ({"township": code} for code, _name in figures["townships"]):
        by_category = [entitled("closing", category=code, **where) for code, _word in SHOWN_CATEGORIES]
        counts = {measure: entitled(measure, **where) for measure in reports.COUNTS}
        rest = counts["closing"] - sum(by_category)
        rows.append((counts, by_category, rest, {name: money(name, **where) for name in (*PEOPLE, *YUAN)}))
    whole = hidden_rows(
        [
            [counts["opening"], *by_category, rest, *(int(paid[name]) for name in PEOPLE)]
            for counts, by_category, rest, paid in rows
        ],
        least,
    )
    # Last month's report tells the opening count, so what came and what went are hidden together.
    moved = hidden_rows([[counts[m] for m in MOVES] for counts, _c, _r, _p in rows], least, also=whole)
    names = [name for _code, name in figures["townships"]] + ["合计"]
    leaf = Leaf(
        "各镇汇总",
        [
            "镇（街道）", *(f"在保{label}" for _code, label in COUNTS), *(word for _code, word in SHOWN_CATEGORIES),
            *(HEADS[name] for name in (*PEOPLE, *YUAN)),
        ],
    )  # fmt: skip
    whole_county: tuple[Any, ...] = (
        {measure: entitled(measure) for measure in reports.COUNTS},
        [entitled("closing", category=code) for code, _word in SHOWN_CATEGORIES],
        0,
        {name: money(name) for name in (*PEOPLE, *YUAN)},
    )
    for place, (name, (counts, by_category, _rest, paid)) in enumerate(
        zip(names, [*rows, whole_county], strict=True)
    ):
        cells = [HIDDEN if m in MOVES and place in moved else counts[m] for m in reports.COUNTS]
        values = [*cells, *by_category, *paid.values()]
        leaf.row(
            [name, *([HIDDEN] * len(values) if place in whole else values)],
            "sum" if name == "合计" else "cell",
        )
    return leaf


def _register(figures: dict[str, Any], least: int) -> Leaf:
    """Children on the register by category, of the county as a whole."""
    counted = {
        code: [int(reports.total(figures, "register", m, primary_category=code)) for m in reports.COUNTS]
        for code in CATEGORY
    }
    present = [code for code, counts in counted.items() if any(counts)]
    ends, moves = (0, 3), (1, 2)
    whole = hidden_rows([[counted[code][n] for n in ends] for code in present], least) if present else set()
    moved = (
        hidden_rows([[counted[code][n] for n in moves] for code in present], least, whole)
        if present
        else set()
    )
    leaf = Leaf("在册儿童", ["类别", *(label for _code, label in COUNTS)])
    total = [int(reports.total(figures, "register", m)) for m in reports.COUNTS]
    for place, (name, counts) in enumerate([*((CATEGORY[c], counted[c]) for c in present), ("合计", total)]):
        shown = [
            HIDDEN if place in whole or (n in moves and place in moved) else value
            for n, value in enumerate(counts)
        ]
        leaf.row([name, *shown], "sum" if name == "合计" else "cell")
    return leaf


def locked_leaves(region: Region, month: dt.date) -> tuple[dict[str, Any], list[Leaf]]:
    """Figures and tables of a locked month. Raises MonthlyReport.DoesNotExist."""
    figures = MonthlyReport.objects.get(region=region, month=month, locked_at__isnull=False).figures
    return figures, leaves(figures, least_of(figures))


def export(region: Region, month: dt.date) -> tuple[bytes, str]:
    """The workbook of a locked month and its name, with the export logged."""
    figures, shown = locked_leaves(region, month)
    reports.log_export(region, month, locked=True)
    return render_leaves(figures, shown), reports.file_name(figures)
