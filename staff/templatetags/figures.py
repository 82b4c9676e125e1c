"""Blocks of figures: workflow steps, equations, explained amounts, comparisons, progress, charts, checks."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from django import template
from django.utils.safestring import SafeString

from staff.charts import line_chart_of
from staff.differences import mark_differences
from staff.templatetags.look import NOTHING, listed

register = template.Library()

Rows = Iterable[dict[str, Any]]
Values = dict[str, Any]


@register.inclusion_tag("components/steps.html")
def steps(entries: Rows, stacked: bool = False) -> Values:
    """A fixed workflow with who and when on each step: {label, note, state}; state done, now or later."""
    return {"entries": listed(entries), "stacked": stacked}


@register.inclusion_tag("components/bridge.html")
def bridge(terms: Rows, label: str) -> Values:
    """An equation that can be checked by eye: {op, label, value, kind, sum, apart}.

    op is +, −, = or empty; kind money or number; `sum` marks the result, `apart` what stands beside the
    equation.
    """
    return {"terms": listed(terms), "label": label}


@register.inclusion_tag("components/explain_amount.html")
def explain_amount(
    title: str,
    lines: Rows,
    total: Decimal,
    total_label: str,
    clause: str = "",
    cite: str = "",
    rows: Rows = (),
    foot: str = "",
    close: str = "",
) -> Values:
    """How one amount came about: lines {label, note, amount, minus, informs}, the total, the clause, and where each
    came from. A line that informs stands in brackets and is no part of the sum.

    `rows` as in `facts`; `close` is the URL without the drawer.
    """
    return {
        "title": title,
        "lines": listed(lines),
        "total": total,
        "total_label": total_label,
        "clause": clause,
        "cite": cite,
        "rows": rows,
        "foot": foot,
        "close": close,
    }


@register.inclusion_tag("components/compare_row.html")
def compare_row(
    label: str,
    left: str,
    right: str,
    verdict: str = "",
    same: bool | None = None,
    masked: bool = False,
    reveal: str = "",
    person: str = "",
    left_reveal: str = "",
) -> Values:
    """One line of a comparison; only the differing characters are marked. `verdict` is the short judgement.

    A dash as verdict says that the two are not compared, and nothing is marked beside a side that is empty; `same` overrides
    the comparison of the texts, `masked` sets both as numbers, `reveal` adds the eye on the right, `left_reveal` on the left.
    Texts that are safe HTML are marked already.
    """
    equal = (left == right and bool(left)) if same is None else same
    comparable = verdict != NOTHING
    marked = isinstance(left, SafeString) and isinstance(right, SafeString)
    whole = equal or marked or not comparable or {left, right} & {"", NOTHING}
    left_marked, right_marked = (left, right) if whole else mark_differences(left, right)
    return {
        "label": label,
        "left": left_marked,
        "right": right_marked,
        "verdict": verdict,
        "same": equal,
        "differs": comparable and not equal,
        "masked": masked,
        "eyes": {"left": left_reveal, "right": reveal},
        "person": person,
    }


@register.inclusion_tag("components/progress.html")
def progress(
    label: str, done: int, total: int, url: str = "", finished: bool = False, note: str = "", failed: str = ""
) -> Values:
    """How far long work is. With `url` it asks again every second until `finished` or `failed` (a
    sentence).
    """
    return {
        "label": label,
        "done": done,
        "total": total,
        "url": url,
        "waiting": bool(url) and not finished and not failed,
        "state": "done" if finished else "broken" if failed else "running",
        "note": note,
        "failed": failed,
    }


@register.inclusion_tag("components/line_chart.html")
def line_chart(points: Sequence[tuple[str, int]], label: str) -> Values:
    """A line of (label, number) points, drawn as SVG on the server. `label` says in words what it shows."""
    return {"chart": line_chart_of(points), "label": label}


@register.inclusion_tag("components/checks.html")
def checks(entries: Rows) -> Values:
    """Whether figures agree: {label, ok, note}."""
    return {"entries": listed(entries)}
