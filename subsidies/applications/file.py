"""What the page of one application shows: plain values for the components, and the queries behind them."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch, prefetch_related_objects
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.eligibility.table import Answer, Gap, Parent, Row
from cases.enums import Evidence, ParentSituationKind, PrimaryCategory
from cases.identity import mask_phone
from cases.models import Child, Payee
from staff import reveal
from staff.enums import Role
from staff.models import TransitionRecord
from staff.templatetags.look import day, moment
from staff.workflow import Actor
from subsidies.aid.enums import Channel
from subsidies.applications.clocks import Clock, Desk
from subsidies.applications.evidence import ADDED_BY, Item, items_of
from subsidies.applications.forms import CheckForm, EvidenceAddForm, GradeForm, SupplementForm
from subsidies.applications.pages import DECIDED, chip, clock_values, township_name, words_left
from subsidies.applications.qualification import Qualification, qualify
from subsidies.applications.services import TELLERS, may_tell
from subsidies.duties import entries
from subsidies.entitlements.on_record import on_record
from subsidies.enums import ApplicationState, RefusalReason
from subsidies.models import Application, ApplicationCheck
from subsidies.terms.in_force import Rulebook

STEPS = ("accept", "verify", "check", "confirm", "resubmit", "resume")


def values(application: Application, actor: Actor, names: dict[str, str]) -> dict[str, Any]:
    """Everything the page of one application shows."""
    # Also what decides whether the township may conclude reads them.
    prefetch_related_objects(
        [application], Prefetch("checks", ApplicationCheck.objects.select_related("user"))
    )
    child = application.child if application.child.birth_date else None
    book, today = Rulebook.load((child or application).region_id), timezone.localdate()
    known = on_record(application.child_id)
    at = Desk.warning(today, int(book.parameter("clock_warning_days", today)))
    clock = at.clock(application)
    decision = decision_values(application.decision)
    items = items_of(application, child, book=book, known=known) if child else []
    undecided = application.state not in DECIDED
    found = (
        qualify(child, application.scheme, application.decision, today, book=book, known=known)
        if child and undecided
        else None
    )
    return {
        "application": application,
        "chip": chip(application, clock),
        "clock": clock_values(clock),
        "steps": steps(application, clock, names),
        "facts": facts(application, at, known.payee),
        "decision": decision,
        "questions": question_values(found) if found else [],
        "items": [item_values(item) for item in items],
        "missing": [item for item in items if item.is_missing] if undecided else [],
        "asked": asked_values(application, items),
        "checks": application.checks.all(),
        "evidence_form": evidence_form(application, actor, items, at),
        "check_form": check_form(application, actor, at),
        "actions": acts(application, actor, names, items, found),
        "letters": letters_of(application),
        "refusal": {
            "code": RefusalReason(application.refusal_code).label if application.refusal_code else "",
            "text": application.refusal_text,
        },
    }


def question_values(found: Qualification) -> list[dict[str, Any]]:
    """The answers as the component ``checks`` shows them."""
    return [{"label": one.question, "ok": one.met, "note": one.answer} for one in found.questions]


def acts(
    application: Application,
    actor: Actor,
    names: dict[str, str],
    items: list[Item],
    found: Qualification | None,
) -> list[Any]:
    """What can be done now, with the forms that some steps need."""
    other = "resume" if application.clock_left is None else "resubmit"
    shown: list[Any] = []
    found_now = entries(application, actor, [name for name in STEPS if name != other], names)
    # What leads on stands first.
    for entry in sorted(found_now, key=lambda one: isinstance(one, dict) or one.name not in STEPS):
        name = entry["name"] if isinstance(entry, dict) else entry.name
        form: Any = None
        if isinstance(entry, dict):
            shown.append(entry)
            continue
        if name == "ask_supplement":
            wanted = [item.asked.code for item in items if item.is_missing]
            form = SupplementForm(
                items=[item.asked for item in items], initial={"items": wanted}, auto_id="ask_%s"
            )
        elif name == "check" and found and found.terms.grades:
            grades = [(grade.code, str(grade.name)) for grade in found.terms.grades]
            form = GradeForm(
                grades=grades, initial={"grade": application.child.school_stage}, auto_id="grade_%s"
            )
        if form is None:
            shown.append(entry)
        else:
            shown.append({"name": name, "label": entry.label, "icon": entry.icon, "fields": form})
    if may_tell(application) and actor.role in TELLERS:
        shown.append(
            {
                "name": "tell",
                "label": _("Told the office that took it in"),
                "icon": "send",
                "needs_text": True,
                "prompt": _("How it was told, and to whom"),
            }
        )
    return shown


def evidence_form(
    application: Application, actor: Actor, items: list[Item], at: Desk
) -> EvidenceAddForm | None:
    """The form that adds a document, where the reader may add one now."""
    if application.state not in ADDED_BY.get(Role(actor.role), ()) or not items:
        return None
    missing = [item.asked.code for item in items if item.is_missing]
    return EvidenceAddForm(
        items=[item.asked for item in items], child=application.child, on=at.today, role=actor.role,
        initial={"item": missing[0] if missing else ""}, auto_id="evidence_%s",
    )  # fmt: skip


def check_form(application: Application, actor: Actor, at: Desk) -> CheckForm | None:
    """The form that records a check, for the supervisor who verifies."""
    verifies = application.state == ApplicationState.VERIFYING and actor.role == Role.SUPERVISOR
    if not verifies or actor.user_id == application.applied_by_id:
        return None
    return CheckForm(initial={"date": at.today}, auto_id="check_%s")


def item_values(item: Item) -> dict[str, Any]:
    """One document of the list: its name, and how each piece of it came in."""
    return {
        "name": str(item.asked.name),
        "required": item.asked.required,
        "missing": item.is_missing,
        "rows": [
            {
                "source": row.get_source_display(),
                "note": row.note,
                "url": reverse("staff:file", args=[row.file_id]) if row.file_id else "",
                "file": row.file.name if row.file else "",
                "by": f"{row.added_by} {day(timezone.localdate(row.added_at))}",
                "supplement": row.supplement,
            }
            for row in item.rows
        ],
    }


def asked_values(application: Application, items: list[Item]) -> dict[str, Any]:
    """What was asked for in writing; {} when nothing was."""
    if application.supplement_asked_at is None:
        return {}
    names = {item.asked.code: str(item.asked.name) for item in items}
    return {
        "on": day(timezone.localdate(application.supplement_asked_at)),
        "items": [names.get(code, code) for code in application.supplement_items],
        "text": application.supplement_text,
        "came": day(timezone.localdate(application.supplemented_at)) if application.supplemented_at else "",
    }


def letters_of(application: Application) -> list[dict[str, str]]:
    """The letters that there are: label and address."""
    found = []
    if application.supplement_asked_at is not None:
        address = reverse("subsidies:supplement_notice", args=[application.pk])
        found.append({"label": _("Request for documents (PDF)"), "url": address})
    if application.state in (ApplicationState.CONFIRMED, ApplicationState.REFUSED):
        address = reverse("subsidies:application_letter", args=[application.pk])
        refused = application.state == ApplicationState.REFUSED
        found.append(
            {
                "label": _("Written refusal (PDF)") if refused else _("Notice of confirmation (PDF)"),
                "url": address,
            }
        )
    return found


def facts(application: Application, at: Desk, payee: Payee | None) -> list[dict[str, Any]]:
    """Child, applicant, payee, and where it was taken in."""
    child: Child = application.child
    known = child.birth_date is not None
    found: list[dict[str, Any]] = [
        {
            "label": _("Child"),
            "value": child.name,
            "url": reverse("cases:child", args=[child.pk]) if known else "",
        },
        {"label": _("Identity number"), "value": "", "masked": child.masked_identity or "—"},
        {"label": _("Date of birth"), "value": day(child.birth_date) if known else "—", "number": True},
        {"label": _("Category in the file"), "value": child.get_primary_category_display() or "—"},
        {"label": _("Placement"), "value": child.get_placement_display()},
        {"label": _("Household registration"), "value": child.get_registration_display() or "—"},
        {"label": _("Township"), "value": f"{township_name(application)} {application.region.short_name}"},
        {
            "label": _("Payee"),
            "value": f"{payee.name}（{payee.get_relation_display()}）{payee.bank_name} {payee.masked_account}"
            if payee
            else _("not recorded yet; without one nothing can be paid"),
        },
        {"label": _("Applicant"), "value": applicant_of(application)},
    ]
    if application.applicant_phone:
        found.append(
            {
                "label": _("Applicant's phone"),
                "value": "",
                "masked": mask_phone(application.applicant_phone),
                "reveal": reveal.address("applicant-phone", application.pk),
                "person": application.applicant_name,
            }
        )
    if application.channel == Channel.ELSEWHERE:
        found += _intake(application, at)
    return found


def applicant_of(application: Application) -> str:
    """Name and relation; who entered it where nobody is named."""
    if not application.applicant_name:
        return str(_("the village, for the child"))
    return f"{application.applicant_name}（{application.get_applicant_relation_display()}）"


def _intake(application: Application, at: Desk) -> list[dict[str, Any]]:
    entered: Clock | None = at.entered(application)
    words = ""
    if entered is not None:
        words = words_left(entered) if entered.late else _("entered in time")
    told = moment(application.told_at) if application.told_at else "—"
    return [
        {"label": _("Taken in by"), "value": application.intake_office},
        {
            "label": _("Papers complete there on"),
            "value": " · ".join(filter(None, (day(application.intake_date), words))),
        },
        {"label": _("Told there"), "value": told, "number": True},
    ]


def steps(application: Application, clock: Clock | None, names: dict[str, str]) -> list[dict[str, Any]]:
    """Applied, verified, checked, decided: who and when, or whose turn it is."""
    state = application.state
    order = {
        ApplicationState.SUBMITTED: 1, ApplicationState.SUPPLEMENT: 1, ApplicationState.VERIFYING: 1,
        ApplicationState.CHECKING: 2, ApplicationState.TO_CONFIRM: 3,
    }  # fmt: skip
    now = order.get(ApplicationState(state), 4)
    due = _("by %(day)s") % {"day": day(clock.due)} if clock and clock.due else ""
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
    labels = {t.name: t.label for t in application.workflow.transitions} | {
        "apply": _("Applied"),
        "tell": _("Told the office that took it in"),
    }
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
