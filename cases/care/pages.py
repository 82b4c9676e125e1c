"""What the pages of entrusted care show: plain values for the components."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cases import identity
from cases.care.forms import QUESTIONS, YES_NO
from cases.care.rules import CareFault, Disqualified, Finding, contact_due
from cases.care.selectors import CareFilters
from cases.care.services import ANSWERS
from cases.children.sections import reveal
from cases.models import CareContact, EntrustedCare

# Answers that trouble when they are "no"; all others trouble when they are "yes".
GOOD_YES = frozenset({"capacity", "lives_with", "watched"})
CONTACT_ICONS = {"phone": "phone-call", "video": "camera", "visit": "users"}


def segments(filters: CareFilters) -> list[dict[str, Any]]:
    """What of the list is shown."""
    words = {
        "": _("Entrusted now"),
        "overdue": _("Contact overdue"),
        "gaps": _("Papers missing"),
        "ended": _("Ended"),
    }
    return [
        {"label": word, "url": filters.address(show=show), "current": filters.show == show}
        for show, word in words.items()
    ]


def row_of(
    care: EntrustedCare, findings: Sequence[Finding], settings: dict[str, Any], show: str
) -> dict[str, Any]:
    """A row of the list. The contact due is empty for care that has ended."""
    carer = f"{care.carer_name}（{care.get_carer_relation_display()}）"
    place = f"{care.township} {care.village}".strip()  # type: ignore[attr-defined]
    faults = [str(one.code.label) for one in findings if one.code != CareFault.NO_CONTACT]
    due = (
        None
        if care.end_date
        else contact_due(care.last_contact_date, care.start_date, settings["care_contact_days"])
    )
    url = reverse("cases:care", args=[care.pk])
    return {
        "care": care,
        "url": f"{url}?from=overdue#contact" if show == "overdue" else url,
        "carer": carer,
        "place": place,
        "due": due,
        "faults": faults,
        "blocked": any(one.blocks for one in findings),
        "lines": [
            carer,
            place,
            ngettext("%(n)d thing to put right", "%(n)d things to put right", len(faults))
            % {"n": len(faults)}
            if faults
            else "",
        ],
    }


def page_of(
    care: EntrustedCare,
    findings: Sequence[Finding],
    contacts: Sequence[CareContact],
    settings: dict[str, Any],
    today: dt.date,
) -> dict[str, Any]:
    """Everything one entrustment's page shows, without what may be done."""
    answers = ANSWERS | care.checks
    missing = _("not yet")
    due = contact_due(care.last_contact_date, care.start_date, settings["care_contact_days"])
    return {
        "care": care,
        "child": care.child,
        "title": _("Entrusted to %(name)s") % {"name": care.carer_name},
        "due": None if care.end_date else due,
        "late": care.end_date is None and due < today,
        "days": settings["care_contact_days"],
        "blocking": [one for one in findings if one.blocks],
        "gaps": [one for one in findings if not one.blocks],
        "today": today,
        "facts": [
            {"label": _("Person entrusted"), "value": care.carer_name},
            {"label": _("Relation to the child"), "value": care.get_carer_relation_display()},
            {
                "label": _("Identity number"),
                "masked": identity.mask(care.carer_id_number) if care.carer_id_number else None,
                "value": _("None"),
                "reveal": reveal("carer-identity", care.pk),
                "person": care.carer_name,
            },
            {
                "label": _("Phone"),
                "masked": identity.mask_phone(care.carer_phone) if care.carer_phone else None,
                "value": "",
                "reveal": reveal("carer-phone", care.pk),
                "person": care.carer_name,
            },
            {"label": _("Entrusted by"), "value": care.get_entrusted_by_display()},
            {"label": _("From"), "value": care.start_date.isoformat(), "number": True},
            {
                "label": _("To"),
                "value": f"{care.end_date.isoformat()} · {care.get_end_reason_display()}"
                if care.end_date
                else _("to this day"),
            },
            {"label": _("State of health"), "value": care.carer_health},
            {"label": _("Anything else about the person"), "value": care.carer_note, "wide": True},
            *(
                {"label": label, "value": day.isoformat() if day else missing, "number": True}
                for label, day in (
                    (_("Written agreement of"), care.agreed_date),
                    (_("The child was heard on"), care.heard_date),
                    (_("School told in writing on"), care.school_told_date),
                    (_("Village told in writing on"), care.village_told_date),
                )
            ),
        ],
        "answers": [
            {
                "question": QUESTIONS[code],
                "answer": dict(YES_NO)["yes" if answers[code] else "no"],
                "yes": (code in GOOD_YES) != answers[code] and code != "can_speak",
            }
            for code in ANSWERS
        ],
        "contacts": [
            {
                "icon": CONTACT_ICONS[one.kind],
                "title": one.get_kind_display(),
                "text": " · ".join(filter(None, [one.note, str(one.user or "")])),
                "date": one.date,
            }
            for one in contacts
        ],
        "kinds": [
            {"code": code, "label": label, "icon": CONTACT_ICONS[code]}
            for code, label in CareContact._meta.get_field("kind").choices or ()
        ],
        "disqualified": Disqualified.values,
    }
