"""What the pages of applications show: plain values for the components, and the queries behind them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import Case, Count, DateField, F, Q, QuerySet, When
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from cases.eligibility_table import Answer, Gap, Parent, Row
from cases.enums import Evidence, ParentSituationKind, PrimaryCategory
from cases.models import Payee
from staff.calendar import working_days_between
from staff.enums import Role
from staff.models import TransitionRecord
from staff.templatetags.look import day, moment
from staff.workflow import Actor
from subsidies.applications import overrides
from subsidies.duties import entries
from subsidies.enums import ApplicationState, RefusalReason
from subsidies.models import Application

TOWNSHIP = (ApplicationState.SUBMITTED, ApplicationState.SUPPLEMENT, ApplicationState.VERIFYING)
COUNTY = (ApplicationState.CHECKING, ApplicationState.TO_CONFIRM)
DECIDED = (ApplicationState.CONFIRMED, ApplicationState.REFUSED, ApplicationState.WITHDRAWN)
TURN = {
    Role.DIRECTOR: (ApplicationState.SUPPLEMENT,),
    Role.SUPERVISOR: (ApplicationState.SUBMITTED, ApplicationState.VERIFYING),
    Role.CLERK: (ApplicationState.CHECKING,),
    Role.APPROVER: (ApplicationState.TO_CONFIRM,),
}
STEPS = (
    ("accept", Role.SUPERVISOR), ("verify", Role.SUPERVISOR), ("check", Role.CLERK),
    ("confirm", Role.APPROVER),
    ("resubmit", Role.DIRECTOR),
)  # fmt: skip
Overrides = dict[dt.date, bool]


def segments_of(role: str) -> dict[str, Q]:
    """Segment → condition, in the order shown."""
    found = {"open": ~Q(state__in=DECIDED)}
    if role in TURN:
        found = {"mine": Q(state__in=TURN[Role(role)])} | found
    return found | {"late": _late(timezone.localdate()), "decided": Q(state__in=DECIDED)}


def _late(today: dt.date) -> Q:
    return Q(state__in=TOWNSHIP, verify_due_date__lt=today) | Q(state__in=COUNTY, confirm_due_date__lt=today)


def listed(segment: str, role: str) -> QuerySet[Application]:
    """Applications of a segment: those with the nearest deadline first, decided ones latest first."""
    rows = Application.objects.filter(segments_of(role)[segment]).select_related(
        "child", "scheme", "region__parent"
    )
    if segment == "decided":
        return rows.order_by("-applied_at", "-pk")
    due = Case(
        When(state__in=COUNTY, then=F("confirm_due_date")),
        default=F("verify_due_date"),
        output_field=DateField(),
    )
    return rows.annotate(due=due).order_by(F("due").asc(nulls_last=True), "applied_at", "pk")


def segment_tabs(current: str, role: str) -> list[dict[str, Any]]:
    """Tabs with their counts; one query."""
    labels = {
        "mine": _("Waiting for me"),
        "open": _("Under way"),
        "late": _("Past the limit"),
        "decided": _("Decided"),
    }
    conditions = segments_of(role)
    counts = Application.objects.aggregate(**{name: Count("pk", filter=q) for name, q in conditions.items()})
    here = reverse("subsidies:applications")
    return [
        {
            "label": labels[name],
            "url": f"{here}?show={name}",
            "current": name == current,
            "count": counts[name],
        }
        for name in conditions
    ]


def clock(application: Application, today: dt.date, calendar: Overrides) -> dict[str, Any]:
    """The clock that runs: {used, limit, due, late, word}; empty when none does."""
    state = application.state
    if state in COUNTY and application.verified_at and application.confirm_due_date:
        start, due = timezone.localdate(application.verified_at), application.confirm_due_date
    elif state == ApplicationState.VERIFYING and application.accepted_at and application.verify_due_date:
        start, due = timezone.localdate(application.accepted_at), application.verify_due_date
    else:
        return {"word": _("counts anew once complete")} if state == ApplicationState.SUPPLEMENT else {}
    return {
        "used": working_days_between(start, today, calendar),
        "limit": working_days_between(start, due, calendar),
        "due": due,
        "late": today > due,
    }


def chip(application: Application, ticking: dict[str, Any]) -> dict[str, str]:
    """State chip: {state, word}; a verification or a decision past its limit says so."""
    if ticking.get("late"):
        verifying = application.state == ApplicationState.VERIFYING
        return {
            "state": "overdue",
            "word": pgettext("state", "Verification overdue")
            if verifying
            else pgettext("state", "Decision overdue"),
        }
    return {
        "state": application.state,
        "word": application.get_state_display(),
    }


def row(application: Application, today: dt.date, calendar: Overrides) -> dict[str, Any]:
    """One row of the table of applications (mock-up 06)."""
    ticking = clock(application, today, calendar)
    return {
        "application": application,
        "url": reverse("subsidies:application", args=[application.pk]),
        "child": application.child.name,
        "place": township_name(application),
        "matter": f"{category_of(application)} · {application.scheme}",
        "clock": ticking,
        **chip(application, ticking),
    }


def township_name(application: Application) -> str:
    parent = application.region.parent
    return parent.name if parent is not None else application.region.name


def category_of(application: Application) -> str:
    """The category of the file, or the one that the table gave where the file has none that is paid."""
    code = application.decision.get("category") or application.child.primary_category
    return str(PrimaryCategory(code).label)


def rows(found: Any) -> list[dict[str, Any]]:
    """Rows of a page of applications. One query for the calendar."""
    today, calendar = timezone.localdate(), overrides()
    return [row(application, today, calendar) for application in found]


# --- one application -------------------------------------------------------------------------------------


def values(application: Application, actor: Actor, names: dict[str, str]) -> dict[str, Any]:
    """Everything the page of one application shows. One query for the calendar, one for the payee."""
    today = timezone.localdate()
    ticking = clock(application, today, overrides())
    decision = decision_values(application.decision)
    return {
        "application": application,
        "chip": chip(application, ticking),
        "clock": ticking,
        "steps": steps(application, ticking, names),
        "facts": facts(application),
        "decision": decision,
        "actions": entries(application, actor, [name for name, _role in STEPS], names),
        "refusal": {
            "code": RefusalReason(application.refusal_code).label if application.refusal_code else "",
            "text": application.refusal_text,
        },
        "prompts": bool(decision),
    }


def facts(application: Application) -> list[dict[str, Any]]:
    child = application.child
    payee = (
        Payee.objects.filter(child_id=child.pk, end_date__isnull=True).order_by("-start_date", "pk").first()
    )
    return [
        {"label": _("Child"), "value": child.name, "url": reverse("cases:child", args=[child.pk])},
        {"label": _("Identity number"), "value": "", "masked": child.masked_identity or "—"},
        {"label": _("Date of birth"), "value": day(child.birth_date), "number": True},
        {"label": _("Category in the file"), "value": child.get_primary_category_display()},
        {"label": _("Placement"), "value": child.get_placement_display()},
        {"label": _("Household registration"), "value": child.get_registration_display() or "—"},
        {"label": _("Township"), "value": f"{township_name(application)} {application.region.short_name}"},
        {
            "label": _("Payee"),
            "value": f"{payee.name}（{payee.get_relation_display()}）{payee.bank_name} {payee.masked_account}"
            if payee
            else _("not recorded yet; without one nothing can be paid"),
        },
    ]


def steps(application: Application, ticking: dict[str, Any], names: dict[str, str]) -> list[dict[str, Any]]:
    """Applied, verified, checked, decided: who and when, or whose turn it is."""
    state = application.state
    order = {
        ApplicationState.SUBMITTED: 1, ApplicationState.SUPPLEMENT: 1, ApplicationState.VERIFYING: 1,
        ApplicationState.CHECKING: 2, ApplicationState.TO_CONFIRM: 3,
    }  # fmt: skip
    now = order.get(ApplicationState(state), 4)
    due = _("by %(day)s") % {"day": day(ticking["due"])} if ticking.get("due") else ""
    done = (
        (_("Application"), application.applied_by, application.applied_at, Role.DIRECTOR),
        (_("Township verifies"), application.verified_by, application.verified_at, Role.SUPERVISOR),
        (_("County checks"), application.checked_by, application.checked_at, Role.CLERK),
        (_("Confirmation"), application.decided_by, application.decided_at, Role.APPROVER),
    )
    found = []
    for number, (label, person, at, role) in enumerate(done):
        if person is not None and (number < now or state in DECIDED):
            found.append({"label": label, "note": f"{person} {day(timezone.localdate(at))}", "state": "done"})
        elif number == now:
            who = names.get(role) or Role(role).label
            found.append({"label": label, "note": " ".join(filter(None, (str(who), due))), "state": "now"})
        else:
            note = "" if state in DECIDED else str(names.get(role) or Role(role).label)
            found.append({"label": label, "note": note, "state": "later"})
    return found


def decision_values(decision: dict[str, Any]) -> dict[str, Any]:
    """The stored answer of the eligibility table in words; {} when none is stored."""
    if not decision.get("row"):
        return {}
    return {
        "answer": Answer(decision["answer"]).label,
        "eligible": decision["answer"] == Answer.ELIGIBLE,
        "category": PrimaryCategory(decision["category"]).label if decision.get("category") else "",
        "row": Row(decision["row"]).label,
        "clause": decision.get("clause", ""),
        "on": decision.get("on", ""),
        "ask_again_on": decision.get("ask_again_on", ""),
        "situations": [
            {
                "parent": Parent(fact["parent"]).label,
                "kind": ParentSituationKind(fact["kind"]).label,
                "since": fact["since"],
                "until": fact["ended"] or fact["expected_end"],
                "ended": bool(fact["ended"]),
                "evidence": Evidence(fact["evidence"]).label if fact.get("evidence") else "",
                "document": fact.get("document", ""),
                "verified": " ".join(
                    filter(None, (fact.get("verified_by", ""), fact.get("verified_on", "")))
                ),
            }
            for fact in decision.get("situations", [])
        ],
        "missing": [
            {
                # Of the child itself, such as a proof of enrolment, neither is given.
                "parent": Parent(gap["parent"]).label if gap["parent"] else _("Child"),
                "kind": ParentSituationKind(gap["kind"]).label if gap["kind"] else "",
                "gap": Gap(gap["gap"]).label,
                "accepted": "、".join(str(Evidence(code).label) for code in gap["accepted"]),
            }
            for gap in decision.get("missing", [])
        ],
    }


def events(application: Application, records: list[TransitionRecord]) -> list[dict[str, Any]]:
    """The timeline of an application, oldest first."""
    labels = {t.name: t.label for t in application.workflow.transitions} | {"apply": _("Applied")}
    icons = {t.name: t.icon for t in application.workflow.transitions} | {"apply": "send"}
    found = []
    for record in records:
        code = (
            str(RefusalReason(record.reason_code).label) if record.reason_code in RefusalReason.values else ""
        )
        text = "：".join(filter(None, (code, record.reason)))
        found.append(
            {
                "icon": icons.get(record.name) or "check",
                "title": f"{labels.get(record.name, record.name)} · {record.user or '—'}",
                "date": moment(record.at),
                "text": text,
            }
        )
    return found
