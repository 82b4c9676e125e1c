"""The tab "guardianship" of a child's file: who is entrusted with the child, and how well the guardian can care."""

from __future__ import annotations

import datetime as dt
from typing import Any

from cases.assessments import pages as assessment_pages
from cases.assessments import services as assessments
from cases.care import services as care
from cases.models import Child, EntrustedCare, GuardianshipAssessment
from staff import parameters


def guardianship(child: Child, today: dt.date) -> dict[str, Any]:
    """Context of ``_child_guardianship.html``. At most six queries."""
    cares = list(EntrustedCare.objects.filter(child=child).order_by("-start_date", "-pk")[:50])
    for one in cares:
        one.child = child
    present = next((one for one in cares if one.end_date is None), None)
    findings: list[Any] = []
    if present is not None:
        settings = parameters.values(child.region_id, care.PARAMETERS, today)
        findings = care.findings_of([present], today, settings)[present.pk]
    made = (
        GuardianshipAssessment.objects.filter(child=child)
        .select_related("assessed_by")
        .defer("definition", "answers", "parts")
        .order_by("-assessed_date", "-pk")[:50]
    )
    listed = list(made)
    return {
        "cares": cares,
        "present": present,
        "findings": findings,
        "gaps": [one for one in findings if not one.blocks],
        "assessments": [assessment_pages.row_of(one) for one in listed],
        "assessment_due": assessments.is_due(child, listed[0].assessed_date if listed else None, today),
    }
