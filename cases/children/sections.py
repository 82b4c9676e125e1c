"""What the tabs of a child's file show."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import F, Q
from django.utils.translation import gettext as _

from cases import ages
from cases.care import tabs as care_tabs
from cases.children import selectors
from cases.children.payee_purposes import purpose_label
from cases.children.reveals import KEEPERS, address_shown
from cases.children.timeline import address, timeline_of
from cases.circumstances.pages import category_history, tab_context
from cases.defects.pages import child_panel
from cases.enums import Relation, RiskLevel
from cases.help import tabs as help_tabs
from cases.leaving.pages import leaving_context
from cases.models import Case, Child, Guardian, ParentSituation, Payee, Visit, VisitPhoto
from cases.refusals import FIELD, REVIEWERS
from cases.visits import rules as visit_rules
from staff import parameters
from staff.scope import current

# Section → its label. The first is the page itself.
SECTIONS = (
    "visits",
    "circumstances",
    "guardianship",
    "needs",
    "cases",
    "subsidies",
    "referrals",
    "materials",
    "timeline",
)
PANELS = {"subsidies": "subsidies:child_panel", "referrals": "referrals:child_panel"}


def tabs_of(child: Child, here: str) -> list[dict[str, Any]]:
    """The tabs, with counts where this app has them."""
    labels = {
        "": (_("Overview"), None),
        "visits": (_("Visits"), child.visit_count),  # type: ignore[attr-defined]
        "circumstances": (_("Circumstances"), None),
        "guardianship": (_("Guardianship"), None),
        "needs": (_("Needs and help"), None),
        "cases": (_("Cases"), child.case_count),  # type: ignore[attr-defined]
        "subsidies": (_("Subsidies"), None),
        "referrals": (_("Referrals"), None),
        "materials": (_("Materials"), child.photo_count),  # type: ignore[attr-defined]
        "timeline": (_("Timeline"), None),
    }
    return [
        {
            "label": label,
            "count": count,
            "current": key == here,
            "url": address("cases:child_section", child.pk, key) if key else address("cases:child", child.pk),
        }
        for key, (label, count) in labels.items()
    ]


def head_context(child: Child, today: dt.date, here: str) -> dict[str, Any]:
    """What stands above every tab: who the child is, what comes next, what may be done."""
    role = current().role
    relation = child.guardian_relation  # type: ignore[attr-defined]
    guardian = f"{child.guardian_name}（{Relation(relation).label}）" if relation else ""  # type: ignore[attr-defined]
    home, registered = (
        selectors.place_name(place) for place in (child.residence_region, child.household_region)
    )
    facts = [
        {
            "label": _("Identity number"),
            "masked": child.masked_identity or None,
            "value": _("None"),
            "reveal": reveal("child-identity", child.pk),
            "person": child.name,
        },
        {"label": _("Guardian"), "value": guardian},
        {"label": _("Place of household registration"), "value": registered},
        {
            "label": _("Place of residence"),
            "value": _("same as registration") if home == registered else home,
        },
        {
            "label": _("Sex and age"),
            "value": _("%(sex)s, aged %(age)s")
            % {"sex": child.get_sex_display(), "age": ages.age_on(child.birth_date, today)},
        },
    ]
    return {
        "child": child,
        "today": today,
        "facts": facts,
        "here": here,
        "interval": None,
        "sections": tabs_of(child, here),
        "place": selectors.place_name(child.region),
        "may_edit": role in FIELD and child.left_date is None,
        "may_decide": role in REVIEWERS and child.left_date is None,
        "visit_url": f"{address('cases:visit_add')}?child={child.pk}"
        if role in {"director", "supervisor"}
        else "",
    }


def reveal(what: str, pk: int) -> str:
    """Address of the dialog that shows a masked value after a reason, if the role may."""
    return address("staff:reveal", what, pk) if current().role in KEEPERS else ""


def address_fact(child: Child) -> dict[str, Any]:
    """The address as the reader sees it: whole for who goes there, else without the door, and with the dialog for the rest."""
    shown = address_shown(child.address)
    if shown == child.address:
        return {"value": shown}
    return {"masked": shown, "reveal": reveal("child-address", child.pk)}


def file_context(child: Child, today: dt.date) -> dict[str, Any]:
    """The first tab: eligibility, guardians, payee, school and health, addresses of other apps' panels."""
    rules = parameters.values(child.region_id, ("visit_interval_days", "eligibility"), today)
    guardians = list(
        Guardian.objects.filter(child=child).order_by(F("end_date").asc(nulls_first=True), "start_date", "pk")
    )
    for guardian in guardians:
        guardian.reveal = reveal("guardian-phone", guardian.pk)  # type: ignore[attr-defined]
    situations = list(
        ParentSituation.objects.filter(child=child).order_by("parent", "-end_date", "start_date", "pk")
    )
    decision = selectors.eligibility_of(child, today, situations, rules["eligibility"])
    payees = list(Payee.objects.filter(child=child, end_date__isnull=True).order_by("purpose", "pk"))
    for payee in payees:
        payee.reveal = reveal("payee-account", payee.pk)  # type: ignore[attr-defined]
        payee.used_for = purpose_label(payee.purpose)  # type: ignore[attr-defined]
    more = [
        {"label": _("Register number"), "value": child.number, "number": True},
        {"label": _("Registered on"), "value": child.registered_date.isoformat(), "number": True},
        {"label": _("Household registration"), "value": child.get_registration_display()},
        {"label": _("Head of household"), "value": child.household.head_name if child.household else ""},
        {"label": _("Address"), "wide": True, "person": child.name, **address_fact(child)},
        {
            "label": _("Phone of the child"),
            "masked": "****" if child.phone else None,
            "value": "",
            "reveal": reveal("child-phone", child.pk),
            "person": child.name,
        },
        {
            "label": _("School"),
            "value": " ".join(filter(None, (child.get_school_stage_display(), child.school_name))),
        },
        {"label": _("Enrolment proven until"), "value": child.enrolled_until or "", "number": True},
        {"label": _("Living there since"), "value": child.residence_since or "", "number": True},
        {"label": _("Health insurance"), "value": child.get_insurance_display()},
        {"label": _("State of health"), "value": child.get_health_status_display()},
        {
            "label": _("About health"),
            "masked": "******" if child.health_note else None,
            "value": "",
            "reveal": reveal("child-health", child.pk),
            "person": child.name,
        },
    ]
    return head_context(child, today, "") | {
        "interval": visit_rules.intervals_from(rules["visit_interval_days"])[RiskLevel(child.risk)],
        "guardians": guardians,
        "situations": situations,
        "decision": decision,
        "payees": payees,
        "more": more,
        "differs": bool(decision.category and decision.category != child.primary_category),
        "panels": [
            (title, address(name, child.pk), address("cases:child_section", child.pk, key))
            for key, title, name in (
                ("subsidies", _("Subsidies"), PANELS["subsidies"]),
                ("referrals", _("Referrals"), PANELS["referrals"]),
            )
        ]
        + [
            (_("Discrepancies"), found, found)
            for found in (address("cases:child_discrepancies", child.pk),)
            if found
        ],
        "timeline_url": address("cases:child_section", child.pk, "timeline"),
        **leaving_context(child),
        "category_history": category_history(child),
        **child_panel(child, today),
    }


def section_context(child: Child, section: str, today: dt.date) -> dict[str, Any]:
    """One of SECTIONS; its template part is ``cases/_child_<section>.html``."""
    context = head_context(child, today, section) | {"section": f"cases/_child_{section}.html"}
    match section:
        case "visits":
            context["visits"] = (
                Visit.objects.filter(child=child).exclude(state="draft").select_related("conducted_by")[:200]
            )
        case "circumstances":
            context |= tab_context(child, today)
        case "guardianship":
            context |= care_tabs.guardianship(child, today)
        case "needs":
            context |= help_tabs.needs(child, today)
        case "cases":
            # What is restricted to named people stays with the file it was opened on, also when that was merged.
            opened = Case.objects.filter(Q(child=child) | Q(child__merged_into=child))
            context["cases"] = opened.select_related("owner")[:200]
        case "materials":
            context["photos"] = [
                {
                    "url": address("cases:visit_photo", photo.visit_id, photo.pk),
                    "alt": str(photo.visit),
                    "thumb": address("cases:visit_photo", photo.visit_id, photo.pk),
                    "state": "",
                }
                for photo in VisitPhoto.objects.filter(child=child)
                .select_related("visit")
                .order_by("-visit__visited_at", "position")[:100]
            ]
        case "timeline":
            context["events"] = [event.as_row() for event in timeline_of(child)]
        case _:
            context["panel_url"] = address(PANELS[section], child.pk)
    return context
