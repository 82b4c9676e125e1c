"""Small numbers in published tables (小单元格): hidden so that nobody can reckon them from the rest. Pure.

A table with its totals is a grid in which every row and every column adds up (with signs) to nothing: the last column is
the sum of its row, the last row the sum of its column. Take rows and columns as points and hidden cells as lines between
them: a hidden cell can be reckoned from the others exactly when its line is a bridge, the only way between two parts. So
cells are hidden until no line is a bridge; and only cells that count somebody are taken, so that each hidden number could
as well be one more or one less.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

Cell = tuple[int, int]
Point = tuple[str, int]
Grid = Sequence[Sequence[int]]


def with_totals(cells: Grid) -> list[list[int]]:
    """The grid with a last column and a last row of sums. ``cells``: R rows of C numbers ≥ 0."""
    rows = [[*row, sum(row)] for row in cells]
    width = len(cells[0]) if cells else 0
    return [*rows, [sum(row[column] for row in rows) for column in range(width + 1)]]


def hidden(grid: Grid, least: int, also: Iterable[Cell] = ()) -> set[Cell]:
    """Which cells (row, column) of a grid with totals to hide: every number from 1 to ``least`` − 1, and what guards them.

    ``grid``: R rows of C numbers ≥ 0, whose rows and columns add up with signs. ``also``: cells that another table hides.
    ValueError for a grid of less than two rows or columns, in which nothing can be hidden.
    """
    if len(grid) < 2 or len(grid[0]) < 2:
        raise ValueError("a grid with totals has at least two rows and two columns")
    found = {
        (row, column)
        for row, cells in enumerate(grid)
        for column, value in enumerate(cells)
        if 0 < value < least
    } | set(also)
    while bridge := _first_bridge(found):
        found.add(_guard(grid, found, bridge))
    return found


def _guard(grid: Grid, found: set[Cell], bridge: Cell) -> Cell:
    """One more cell to hide: best one that closes a ring through the bridge, else one beside it."""
    near, far = _reach(found, _row(bridge), bridge), _reach(found, _column(bridge), bridge)
    free = {
        (row, column) for row in range(len(grid)) for column in range(len(grid[0])) if grid[row][column]
    } - found
    row, column = bridge
    closing = {
        cell
        for cell in free
        if (_row(cell) in near and _column(cell) in far) or (_row(cell) in far and _column(cell) in near)
    }
    beside = {cell for cell in free if cell[0] == row} if _alone(found, row, 0) else set()
    beside = beside or ({cell for cell in free if cell[1] == column} if _alone(found, column, 1) else set())
    anywhere = free or {(r, c) for r in range(len(grid)) for c in range(len(grid[0]))} - found
    return min(closing or beside or anywhere, key=lambda cell: _cost(grid, cell))


def _cost(grid: Grid, cell: Cell) -> tuple[bool, int, Cell]:
    """Totals are hidden last, and of the others the smallest first."""
    row, column = cell
    return row == len(grid) - 1 or column == len(grid[0]) - 1, grid[row][column], cell


def _alone(found: set[Cell], place: int, axis: int) -> bool:
    return sum(cell[axis] == place for cell in found) == 1


def _row(cell: Cell) -> Point:
    return "row", cell[0]


def _column(cell: Cell) -> Point:
    return "column", cell[1]


def _reach(found: set[Cell], start: Point, without: Cell) -> set[Point]:
    """The points that hidden cells, all but one, join to ``start``."""
    beside: dict[Point, list[Point]] = defaultdict(list)
    for cell in found - {without}:
        beside[_row(cell)].append(_column(cell))
        beside[_column(cell)].append(_row(cell))
    reached, waiting = {start}, [start]
    while waiting:
        for point in beside[waiting.pop()]:
            if point not in reached:
                reached.add(point)
                waiting.append(point)
    return reached


def _first_bridge(found: set[Cell]) -> Cell | None:
    """The first hidden cell that follows from the cells that are shown; None when none does."""
    for cell in sorted(found):
        if _column(cell) not in _reach(found, _row(cell), cell):
            return cell
    return None


def hidden_rows(cells: Grid, least: int, also: Iterable[int] = ()) -> set[int]:
    """Which rows of a table to hide as a whole, so that no number of theirs can be reckoned from the others.

    ``cells``: R rows of C numbers ≥ 0 without totals; the row R in the answer is the total. ``also``: rows that are hidden
    anyway. Where one column gives away another (people and the money paid to them), a single hidden cell is not enough.
    """
    grid = with_totals(cells)
    rows = set(also)
    while True:
        whole = {(row, column) for row in rows for column in range(len(grid[0]))}
        grown = {row for row, _column in hidden(grid, least, whole)}
        if grown == rows:
            return rows
        rows = grown
