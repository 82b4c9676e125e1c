"""The equation from last month to this one adds up, whatever the lines are."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from subsidies.bridge import ZERO, Change, Line, compare

AMOUNTS = (
    st.integers(0, 200_000)
    .map(lambda cents: Decimal(cents) / 100)
    .map(lambda yuan: yuan.quantize(Decimal("0.01")))
)
VILLAGES = st.sampled_from([500152001001, 500152001002, 500152002001])
PEOPLE = st.integers(1, 12)


@st.composite
def regular(draw: st.DrawFn, start: int) -> list[Line]:
    people = draw(st.lists(PEOPLE, unique=True))
    return [
        Line(start + number, person, draw(VILLAGES), draw(AMOUNTS), False, draw(st.booleans()))
        for number, person in enumerate(people)
    ]


@st.composite
def batch(draw: st.DrawFn) -> list[Line]:
    lines = draw(regular(100))
    extra = draw(st.lists(st.tuples(PEOPLE, VILLAGES, AMOUNTS, st.booleans()), max_size=6))
    return lines + [
        Line(200 + n, person, place, amount, True, held)
        for n, (person, place, amount, held) in enumerate(extra)
    ]


@given(regular(0), batch())
def test_the_bridge_adds_up(before: list[Line], after: list[Line]) -> None:
    found = compare(before, after)
    sent = sum((line.amount for line in after if not line.is_held), ZERO)
    assert found.total.adds_up
    assert found.total.now == sent
    assert found.total.before == sum((line.amount for line in before), ZERO)
    assert sum((d.amount for d in found.differences), ZERO) == sent + found.total.held - found.total.before
    for sums in found.townships.values():
        assert sums.adds_up
    for name in ("people_before", "people_now", "before", "now", "arrears", "held"):
        assert sum((getattr(s, name) for s in found.townships.values()), ZERO) == getattr(found.total, name)


@given(regular(0))
def test_the_same_month_again_has_no_difference(lines: list[Line]) -> None:
    found = compare(lines, lines)
    assert found.differences == []
    assert found.total.difference == -found.total.held


def test_each_kind_of_difference() -> None:
    def line(pk: int, who: int, amount: str, **flags: bool) -> Line:
        return Line(pk, who, 500152001001, Decimal(amount), **flags)

    before = [line(1, 1, "1550.00"), line(2, 2, "1550.00"), line(3, 3, "1230.00"), line(4, 4, "1550.00")]
    after = [
        line(5, 1, "1550.00"), line(6, 3, "1550.00"), line(7, 4, "0.00"), line(8, 5, "1230.00", is_held=True),
        line(9, 3, "320.00", is_arrears=True),
    ]  # fmt: skip
    found = compare(before, after)
    assert [(d.kind, d.amount) for d in found.differences] == [
        (Change.NEW, Decimal("1230.00")),
        (Change.LEFT, Decimal("-1550.00")),
        (Change.LEFT, Decimal("-1550.00")),
        (Change.CHANGED, Decimal("320.00")),
        (Change.ARREARS, Decimal("320.00")),
    ]
    total = found.total
    assert (total.people_before, total.joined, total.left, total.people_now) == (4, 1, 2, 3)
    assert (
        total.before,
        total.added,
        total.removed,
        total.changed,
        total.arrears,
        total.held,
        total.now,
    ) == tuple(map(Decimal, ("5880.00", "1230.00", "3100.00", "320.00", "320.00", "1230.00", "3420.00")))
