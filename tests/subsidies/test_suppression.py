"""Published tables: no hidden number follows from what is shown (linear algebra over exact fractions), and each could be another."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from subsidies.reports.suppression import Cell, hidden, with_totals

LEAST = 3
TABLES = st.integers(1, 4).flatmap(
    lambda width: st.lists(
        st.lists(st.sampled_from([0, 0, 1, 2, 3, 4, 9, 40]), min_size=width, max_size=width),
        min_size=1,
        max_size=6,
    )
)


def reckoned(grid: list[list[int]], found: set[Cell]) -> set[Cell]:
    """The hidden cells that the shown ones determine: Gauss–Jordan over the equations of rows and columns."""
    height, width = len(grid), len(grid[0])
    cells = sorted(found)
    equations = []
    for row in range(height):
        equations.append({cell: (1 if cell[1] < width - 1 else -1) for cell in cells if cell[0] == row})
    for column in range(width):
        equations.append({cell: (1 if cell[0] < height - 1 else -1) for cell in cells if cell[1] == column})
    matrix = [[Fraction(equation.get(cell, 0)) for cell in cells] for equation in equations]
    rank = 0
    for column in range(len(cells)):
        pivot = next((r for r in range(rank, len(matrix)) if matrix[r][column]), None)
        if pivot is None:
            continue
        matrix[rank], matrix[pivot] = matrix[pivot], matrix[rank]
        matrix[rank] = [value / matrix[rank][column] for value in matrix[rank]]
        for other in range(len(matrix)):
            if other != rank and matrix[other][column]:
                factor = matrix[other][column]
                matrix[other] = [a - factor * b for a, b in zip(matrix[other], matrix[rank], strict=True)]
        rank += 1
    return {
        cells[next(c for c, value in enumerate(row) if value)]
        for row in matrix
        if sum(bool(value) for value in row) == 1
    }


@settings(max_examples=300, deadline=None)
@given(TABLES)
def test_no_hidden_number_can_be_reckoned_from_the_rest(cells: list[list[int]]) -> None:
    grid = with_totals(cells)
    found = hidden(grid, LEAST)
    assert reckoned(grid, found) == set()


@settings(max_examples=300, deadline=None)
@given(TABLES)
def test_every_small_number_is_hidden_and_nothing_without_need(cells: list[list[int]]) -> None:
    grid = with_totals(cells)
    found = hidden(grid, LEAST)
    small = {(r, c) for r, row in enumerate(grid) for c, value in enumerate(row) if 0 < value < LEAST}
    assert small <= found
    assert bool(found) == bool(small)
    # Noughts say nothing of anybody and stay; a hidden number can always be one less or one more.
    assert all(grid[row][column] for row, column in found)


@settings(max_examples=100, deadline=None)
@given(TABLES)
def test_the_check_itself_finds_what_can_be_reckoned(cells: list[list[int]]) -> None:
    """A lone hidden cell always follows from its row; the check would say so."""
    grid = with_totals(cells)
    assert reckoned(grid, {(0, 0)}) == {(0, 0)}


def test_one_small_cell_takes_three_others_with_it() -> None:
    grid = with_totals([[1, 30], [20, 10], [50, 60]])
    assert hidden(grid, LEAST) == {(0, 0), (0, 1), (1, 0), (1, 1)}


def test_cells_that_another_table_hides_are_guarded_as_well() -> None:
    grid = with_totals([[7, 30], [20, 10], [50, 60]])
    found = hidden(grid, LEAST, also={(2, 0)})
    assert (2, 0) in found
    assert reckoned(grid, found) == set()


def test_a_single_township_hides_its_total_as_well() -> None:
    grid = with_totals([[2]])
    assert hidden(grid, LEAST) == {(0, 0), (0, 1), (1, 0), (1, 1)}
    with pytest.raises(ValueError, match="two rows"):
        hidden([[1]], LEAST)
