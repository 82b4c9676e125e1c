"""One entrustment, one assessment, one need and one help of every child of the cast, each with the child's mark."""

from __future__ import annotations

import datetime as dt
from typing import Any

from cases.assessments.instruments import packaged
from cases.models import CareContact, Child, EntrustedCare, GuardianshipAssessment, Help, Need
from tests.cast import START, Cast

AT = dt.datetime(2026, 10, 20, 9, 40, tzinfo=dt.UTC)


def make(cast: Cast, own: Child) -> dict[str, Any]:
    """Their keys by name: ``care_own``, ``assessment_own``, ``need_own``, ``help_own`` and those of the others."""
    from tests.access.world import mark

    instrument = packaged()["weighted-66"]
    found: dict[str, Any] = {}
    for name, child in cast.children.items():
        common = {"child": child, "region_id": child.region_id, "created_at": AT}
        care = EntrustedCare.objects.create(
            **common,
            entrusted_by="mother",
            carer_name=mark(name),
            carer_relation="grandmother",
            carer_phone="13700001234",
            start_date=START,
        )
        contact = CareContact.objects.create(**common, care=care, date=START, kind="phone", note=mark(name))
        assessment = GuardianshipAssessment.objects.create(
            **common,
            instrument=instrument.code,
            definition=dict(instrument.source),
            answers={},
            parts={"areas": [], "drivers": [], "knocked": [], "by_score": "insufficient"},
            score="70.0",
            grade="insufficient",
            note=mark(name),
            assessed_date=START,
            assessed_by=cast.users["director"],
            state="proposed",
            risk_before="yellow",
            risk_floor="blue",
            risk_after="yellow",
        )
        need = Need.objects.create(**common, area="treatment", text=mark(name), noted_date=START)
        given = Help.objects.create(
            **common,
            need=need,
            area="treatment",
            form="service",
            date=START,
            giver=mark(name),
            what=mark(name),
        )
        found |= {
            f"care_{name}": care.pk,
            f"contact_{name}": contact.pk,
            f"assessment_{name}": assessment.pk,
            f"need_{name}": need.pk,
            f"help_{name}": given.pk,
        }
    return found
