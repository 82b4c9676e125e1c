"""Two batches compared by the database: pages without a gap, a move within the county. Its sums: test_bridge."""

from __future__ import annotations

from staff.scope import system_scope
from subsidies.batches import comparison
from subsidies.batches import services as batches
from subsidies.models import Payment, PaymentBatch
from tests.cast import FAR_VILLAGE
from tests.subsidies.conftest import NOVEMBER, OCTOBER, Office, moment
from tests.subsidies.test_pages import two_months


def whole(office: Office, before: PaymentBatch | None, after: PaymentBatch) -> None:
    with office.as_("clerk"):
        key = before.pk if before else None
        found = comparison.compare(key, after.pk)
        assert found.total.adds_up
        assert all(sums.adds_up for sums in found.townships.values())
        total = comparison.count_differences(found.total)
        every = comparison.differences(key, after.pk, limit=total + 1, offset=0)
        assert len(every) == total
        assert sum(d.amount for d in every) == found.total.difference + found.total.held
        # Pages follow one another without a gap.
        paged = [
            d for start in range(total) for d in comparison.differences(key, after.pk, limit=1, offset=start)
        ]
        assert paged == every


def test_new_gone_changed_arrears_and_held(office: Office) -> None:
    november = two_months(office)
    with office.as_("clerk") as clerk:
        october = PaymentBatch.objects.get(month=OCTOBER)
        line = Payment.objects.filter(batch=november, kind="regular", amount__gt=0).order_by("-line")[0]
        batches.hold(
            actor=clerk, at=moment(11, 19), payment=line, reason_code="account_changing", note="等新卡"
        )
    whole(office, october, november)
    whole(office, None, october)


def test_a_child_that_moved_within_the_county_left_one_township_and_joined_another(office: Office) -> None:
    right = office.entitle(office.child("own"))
    october = office.pay(OCTOBER)
    with system_scope(reason="test", log=False):
        type(right)._base_manager.filter(pk=right.pk).update(region_id=FAR_VILLAGE)
    november = office.prepare(NOVEMBER)
    whole(office, october, november)
    with office.as_("clerk"):
        found = comparison.compare(october.pk, november.pk)
        assert comparison.count_differences(found.total) == 0
        assert [(sums.joined, sums.left) for sums in found.townships.values()] == [(0, 1), (1, 0)]
