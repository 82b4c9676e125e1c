"""A potential child on the form of a new file: what is known of them stands in it already."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.utils.translation import gettext as _

from cases.matching.enums import LeadState
from cases.models import PotentialChild
from staff.audit import log_access
from staff.models import AccessLog


def opened(text: str) -> PotentialChild | None:
    """The potential child that a form's address names; None without one. Http404 out of sight, or not visited yet."""
    if not text:
        return None
    found = None
    if text.isdecimal() and len(text) < 19:
        found = PotentialChild.objects.filter(pk=int(text), state=LeadState.VISITED).first()
    if found is None:
        raise Http404
    return found


def told(lead: PotentialChild) -> dict[str, Any]:
    """What is known, by the fields of the form. The whole number stands in it, so this is a reveal and logged as one."""
    if lead.id_number:
        log_access(
            kind=AccessLog.Kind.REVEAL,
            region_id=lead.region_id,
            subject="lead-identity",
            subject_id=lead.pk,
            reason=str(_("Take into the register")),
        )
    known = {"name": lead.name, "id_number": lead.id_number, "birth_date": lead.birth_date, "sex": lead.sex}
    return known | {"region": lead.region_id, "address": lead.address, "head_name": lead.head_name}
