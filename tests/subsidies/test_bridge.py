"""The equation from last month to this one adds up, whatever the lines are: the database's sums are those of a plain
comparison, person by person, that is written here.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cases.models import Child
from staff.scope import system_scope
from subsidies.batches import comparison
from subsidies.batches.bridge import ZERO, Change, Line, Sums
from subsidies.models import Entitlement, Payment, PaymentBatch
from tests.cast import COUNTY, FAR_VILLAGE, OTHER_VILLAGE, VILLAGE, make_child
from tests.subsidies.conftest import NOVEMBER, OCTOBER, Office, moment

PEOPLE = 5
AMOUNTS = st.sampled_from(
    [Decimal(0), Decimal("0.01"), Decimal("320.00"), Decimal("1230.00"), Decimal("1550.00")]
)
VILLAGES = st.sampled_from([VILLAGE, OTHER_VILLAGE, FAR_VILLAGE])
# Person, village, amount, held back.
LINE = st.tuples(st.integers(0, PEOPLE - 1), VILLAGES, AMOUNTS, st.booleans())
REGULAR = st.lists(LINE, unique_by=lambda line: line[0], max_size=PEOPLE)
ARREARS = st.lists(LINE, max_size=4)
Row = tuple[int, int, Decimal, bool]


# --- a plain comparison -----------------------------------------------------------------------------------


def plain(before: list[Row], after: list[Row], arrears: list[Row]) -> Sums:
    sums = Sums()
    old = {who: yuan for who, _place, yuan, _held in before if yuan}
    new = {who: yuan for who, _place, yuan, _held in after if yuan}
    sums.people_before, sums.people_now, sums.before = len(old), len(new), sum(old.values(), ZERO)
    for who in {*old, *new}:
        was, now = old.get(who), new.get(who)
        if was is None and now is not None:
            sums.joined, sums.added = sums.joined + 1, sums.added + now
        elif now is None and was is not None:
            sums.left, sums.removed = sums.left + 1, sums.removed + was
        elif was is not None and now is not None and was != now:
            sums.changed_people, sums.changed = sums.changed_people + 1, sums.changed + now - was
    late = [yuan for _who, _place, yuan, _held in arrears if yuan]
    sums.arrears, sums.arrears_lines = sum(late, ZERO), len(late)
    held = [yuan for _who, _place, yuan, is_held in (*after, *arrears) if is_held and yuan]
    sums.held, sums.held_lines = sum(held, ZERO), len(held)
    sums.now = sum((yuan for _who, _place, yuan, is_held in (*after, *arrears) if not is_held), ZERO)
    return sums


# --- the same in the database -----------------------------------------------------------------------------


class Months:
    """Two batches with any lines, of five children."""

    def __init__(self, office: Office) -> None:
        self.office = office
        with system_scope(reason="test", log=False):
            self.children: list[Child] = [make_child(VILLAGE, f"林{n}") for n in range(PEOPLE)]
        self.rights: list[Entitlement] = [office.entitle(child) for child in self.children]
        with system_scope(reason="test", log=False):
            self.before, self.after = (
                PaymentBatch.objects.create(
                    region_id=COUNTY, scheme=office.scheme, month=month, number=f"B{month.month}",
                    prepared_by=office.cast.users["clerk"], prepared_at=moment(month.month, 19),
                )
                for month in (OCTOBER, NOVEMBER)
            )  # fmt: skip

    def fill(self, batch: PaymentBatch, rows: list[Row], *, arrears: bool = False) -> None:
        start = Payment._base_manager.filter(batch=batch).count()
        for number, (who, place, yuan, held) in enumerate(rows, start=1):
            Payment.objects.create(
                batch=batch, entitlement=self.rights[who], child=self.children[who], region_id=place,
                scheme=self.office.scheme, line=start + number, standard=yuan, amount=yuan, from_county=yuan,
                month=dt.date(2026, 1, 1) if arrears else batch.month, kind="arrears" if arrears else "regular",
                sequence=number if arrears else 0, child_name="x", category="orphan", placement="scattered",
                payee_name="x", payee_relation="other", bank_name="x",
                state="nothing" if not yuan else "held" if held else "prepared",
                hold_reason="other" if held else "",
            )  # fmt: skip


@pytest.fixture
def months(office: Office) -> Months:
    return Months(office)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(before=REGULAR, after=REGULAR, arrears=ARREARS)
def test_the_bridge_adds_up(months: Months, before: list[Row], after: list[Row], arrears: list[Row]) -> None:
    with transaction.atomic(), system_scope(reason="test", log=False):
        months.fill(months.before, before)
        months.fill(months.after, after)
        months.fill(months.after, arrears, arrears=True)
        found = comparison.compare(months.before.pk, months.after.pk)
        count = comparison.count_differences(found.total)
        differences = comparison.differences(months.before.pk, months.after.pk, limit=100, offset=0)
        page = comparison.differences(months.before.pk, months.after.pk, limit=2, offset=1)
        transaction.set_rollback(True)
    assert found.total == plain(before, after, arrears)
    assert found.total.adds_up
    by_place: dict[int, tuple[list[Row], list[Row], list[Row]]] = defaultdict(lambda: ([], [], []))
    for position, rows in enumerate((before, after, arrears)):
        for row in rows:
            if row[2]:
                by_place[row[1] // 1000 * 1000][position].append(row)
    assert found.townships == {place: plain(*rows) for place, rows in by_place.items()}
    assert all(sums.adds_up for sums in found.townships.values())
    assert len(differences) == count
    assert page == differences[1:3]
    total = found.total
    assert sum((d.amount for d in differences), ZERO) == total.now + total.held - total.before


def test_the_first_month_of_all_is_new(months: Months) -> None:
    with system_scope(reason="test", log=False):
        months.fill(months.after, [(0, VILLAGE, Decimal("1550.00"), False)])
        found = comparison.compare(None, months.after.pk)
        (one,) = comparison.differences(None, months.after.pk, limit=10, offset=0)
    assert (found.total.joined, found.total.before, found.total.now) == (1, ZERO, Decimal("1550.00"))
    assert (one.kind, one.before, one.amount) == (Change.NEW, None, Decimal("1550.00"))


def test_each_kind_of_difference(months: Months) -> None:
    with system_scope(reason="test", log=False):
        months.fill(
            months.before,
            [(n, VILLAGE, Decimal(yuan), False) for n, yuan in enumerate(("1550", "1550", "1230", "1550"))],
        )
        months.fill(
            months.after,
            [
                (0, VILLAGE, Decimal("1550"), False),
                (2, VILLAGE, Decimal("1550"), False),
                (4, VILLAGE, Decimal("1230"), True),
            ],
        )
        months.fill(months.after, [(2, VILLAGE, Decimal("320"), False)], arrears=True)
        found = comparison.differences(months.before.pk, months.after.pk, limit=10, offset=0)
    assert [(d.kind, d.amount) for d in found] == [
        (Change.NEW, Decimal("1230.00")),
        (Change.LEFT, Decimal("-1550.00")),
        (Change.LEFT, Decimal("-1550.00")),
        (Change.CHANGED, Decimal("320.00")),
        (Change.ARREARS, Decimal("320.00")),
    ]
    assert isinstance(found[0].after, Line)
    assert found[0].after.is_held
