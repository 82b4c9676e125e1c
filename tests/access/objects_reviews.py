"""An open re-check, a proof of schooling and a month asked back of the child ``own``, and ones of every child that carry its mark of money."""

from __future__ import annotations

import datetime as dt
from typing import Any

from cases.models import Child
from subsidies.models import Entitlement, EntitlementReview, Recovery, RecoveryPart, SchoolProof
from tests.cast import Cast

AT = dt.datetime(2026, 10, 20, 9, 40, tzinfo=dt.UTC)
MONTH = dt.date(2026, 9, 1)


def make(cast: Cast, own: Child) -> dict[str, Any]:
    """``review``, ``proof``, ``recovery`` of own; the others carry their child's mark in what is written."""
    from tests.access.world import money_mark

    first = Entitlement.objects.get(child=own)
    found: dict[str, Any] = {}
    for name, child in cast.children.items():
        common = {"child": child, "region_id": child.region_id}
        right = (
            first
            if child == own
            else Entitlement.objects.create(
                **common, scheme=first.scheme, category="orphan", placement="scattered", start_month=MONTH, confirmed_at=AT
            )
        )  # fmt: skip
        review = EntitlementReview.objects.create(
            **common, entitlement=right, kind="recheck", cycle=MONTH, due_date=dt.date(2026, 9, 21), changes=["first"],
            note=money_mark(name),
        )  # fmt: skip
        proof = SchoolProof.objects.create(
            **common, school_year=2026, term=1, school=money_mark(name), stage="senior", seen=money_mark(name),
            user=cast.users["director"], at=AT,
        )  # fmt: skip
        recovery = Recovery.objects.create(
            **common, entitlement=right, scheme=first.scheme, month=MONTH, amount=300, child_name=money_mark(name), state="open",
            explanation={"lines": [], "due": "900.00", "delivered": "1200.00", "reason": "standard"},
        )  # fmt: skip
        part = RecoveryPart.objects.create(
            recovery=recovery, region_id=child.region_id, kind="paid_back", amount=100, date=dt.date(2026, 10, 9),
            document=money_mark(name), at=AT,
        )  # fmt: skip
        found |= {
            f"review_{name}": review.pk,
            f"proof_{name}": proof.pk,
            f"recovery_{name}": recovery.pk,
            f"part_{name}": part.pk,
        }
    return found | {"review": found["review_own"], "recovery": found["recovery_own"]}
