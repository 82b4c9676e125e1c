"""Insurance, a service, a disability subsidy and relief of every child of the cast, each with the child's mark; one pay."""

from __future__ import annotations

import datetime as dt
from typing import Any

from cases.models import Child
from subsidies.models import DisabilitySubsidy, InsuranceCover, StaffPay, TemporaryRelief, WelfareService
from tests.cast import START, VILLAGE, Cast

AT = dt.datetime(2026, 10, 20, 9, 40, tzinfo=dt.UTC)


def make(cast: Cast, own: Child) -> dict[str, Any]:
    """Their keys by name: ``service_own``, ``disability_own``, ``relief_own`` and those of the others; ``pay``."""
    from tests.access.world import money_mark

    clerk, found = cast.users["clerk"], {}
    for name, child in cast.children.items():
        place = {"child": child, "region_id": child.region_id}
        common = place | {"user": clerk, "at": AT}
        InsuranceCover.objects.create(
            **common,
            year=2026,
            kind="medical",
            payer="government",
            premium=400,
            source="county",
            proof=money_mark(name),
        )
        service = WelfareService.objects.create(
            **common,
            programme="tomorrow",
            kind="checkup",
            date=START,
            provider=money_mark(name),
            cost=200,
            programme_paid=200,
        )
        disability = DisabilitySubsidy.objects.create(
            **common, kind="living", amount=90, start_month=START, known_from=money_mark(name)
        )
        relief = TemporaryRelief.objects.create(
            **place, child_name=money_mark(name), situation=money_mark(name), what=money_mark(name), route="county", form="goods",
            asked_by=cast.users["viewer"], asked_at=AT,
        )  # fmt: skip
        found |= {
            f"service_{name}": service.pk,
            f"disability_{name}": disability.pk,
            f"relief_{name}": relief.pk,
        }
    pay = StaffPay.objects.create(
        region_id=VILLAGE, user=cast.users["director"], month=dt.date(2026, 10, 1), base=1500, performance_most=400,
        performance=400, score=95, note="x", appraised_by=cast.users["supervisor"], appraised_at=AT,
    )  # fmt: skip
    return found | {"pay": pay.pk}
