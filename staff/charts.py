"""Geometry of the small charts that are drawn as SVG on the server: no script, prints like text."""

from collections.abc import Sequence
from typing import NamedTuple

WIDTH, HEIGHT = 360, 165
LEFT, RIGHT, TOP, BOTTOM = 40, 344, 22, 128
LABEL_Y = 156
MOST_LABELS = 6


class Dot(NamedTuple):
    """A point in the drawing: place, its label, its number, and whether the label is written."""

    x: float
    y: float
    label: str
    number: int
    labelled: bool


class LineChart(NamedTuple):
    """What the template draws: `line` for a polyline, `grid` of (y, text), the dots, the last one named."""

    width: int
    height: int
    left: int
    right: int
    label_y: int
    line: str
    grid: list[tuple[float, str]]
    dots: list[Dot]
    last: Dot | None


def line_chart_of(points: Sequence[tuple[str, int]]) -> LineChart:
    """Lay out (label, number) points, oldest first, between round grid lines. Zero and one point are drawn
    too.
    """
    numbers = [number for _, number in points]
    low, step = _scale(min(numbers, default=0), max(numbers, default=0))
    high = low + 2 * step

    def y_of(number: int) -> float:
        return round(BOTTOM - (number - low) / (high - low) * (BOTTOM - TOP), 1)

    gap = (RIGHT - LEFT - 8) / max(len(points) - 1, 1)
    every = max(1, -(-len(points) // MOST_LABELS))
    final = len(points) - 1
    dots = [
        Dot(
            round(LEFT + 4 + gap * place, 1),
            y_of(number),
            label,
            number,
            place == final or (place % every == 0 and final - place >= every),
        )
        for place, (label, number) in enumerate(points)
    ]
    return LineChart(
        WIDTH,
        HEIGHT,
        LEFT,
        RIGHT,
        LABEL_Y,
        " ".join(f"{dot.x},{dot.y}" for dot in dots),
        [(y_of(value), f"{value:,}") for value in (low, low + step, high)],
        dots,
        dots[-1] if dots else None,
    )


def _scale(lowest: int, highest: int) -> tuple[int, int]:
    """A round start and step so that three grid lines enclose the numbers: 388 to 411 gives 380, 20."""
    step, factor = 1, 0
    while True:
        for multiple in (1, 2, 5):
            step = multiple * 10**factor
            low = lowest // step * step
            if low + 2 * step >= highest and step * 2 > 0:
                return low, step
        factor += 1
