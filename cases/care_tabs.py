"""The tab "guardianship" of a child's file: who is entrusted with the child, and how well the guardian can care."""

from __future__ import annotations

import datetime as dt
from typing import Any

from cases import care
from cases.models import Child, EntrustedCare
from staff import parameters


def guardianship(child: Child, today: dt.date) -> dict[str, Any]:
    """Context of ``_child_guardianship.html``. At most five queries."""
    cares = list(EntrustedCare.objects.filter(child=child).order_by("-start_date", "-pk")[:50])
    for one in cares:
        one.child = child
    present = next((one for one in cares if one.end_date is None), None)
    findings: list[Any] = []
    if present is not None:
        settings = parameters.values(child.region_id, care.PARAMETERS, today)
        findings = care.findings_of([present], today, settings)[present.pk]
    return {"cares": cares, "present": present, "findings": findings}
