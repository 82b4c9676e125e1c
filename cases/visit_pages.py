"""What the pages of visits show: plain values for the components, made from visits and forms."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cases import visit_rules
from cases.enums import RISK_HINTS, RiskLevel
from cases.models import Child, Visit, VisitPhoto, VisitTask
from cases.photos import MOST
from cases.visit_enums import (
    ALWAYS_ASKED,
    FOCUS_SHORT,
    PROBLEMS,
    FocusQuestion,
    PersonMet,
    Problem,
    VisitKind,
    VisitState,
    questions_for,
)
from cases.visit_forms import VisitForm, answer_name
from cases.visit_selectors import Home, LeftOpen
from staff.models import TransitionRecord
from staff.templatetags.look import moment, short_date

QUESTION_HINTS: dict[FocusQuestion, Promise] = {
    FocusQuestion.GUARDIAN: gettext_lazy("If yes, write below who looks after the child, and for how long."),
    FocusQuestion.LIVING: gettext_lazy("If yes, write below what is lacking, and since when."),
    FocusQuestion.SCHOOL: gettext_lazy("If yes, write below how many days, and why."),
    FocusQuestion.HARM: gettext_lazy("If yes, call the police first, then write what you saw and heard."),
    FocusQuestion.ILLNESS: gettext_lazy("If yes, write below who is ill, and whether a doctor was seen."),
    FocusQuestion.SUPPLIES: gettext_lazy("If yes, write below what is needed, and how long it lasts."),
}


def form_values(form: VisitForm, child: Child, visit: Visit | None) -> dict[str, Any]:
    """Everything the visit form's template needs beside the form: options, chosen values, errors, limits."""
    errors = {name: str((form.errors.get(name) or [""])[0]) for name in form.fields}
    values = {name: form[name].value() for name in form.fields if name != "photos"}
    kept = [] if visit is None else list(visit.photos.all())
    dropped = {str(one) for one in values["drop_photos"] or ()}
    today = timezone.localdate(form.at)
    return {
        "form": form,
        "child": child,
        "visit": visit,
        "values": values,
        "errors": errors,
        "faults": sum(1 for fault in errors.values() if fault),
        "kinds": form.fields["kind"].choices,  # type: ignore[attr-defined]
        "people": PersonMet.choices,
        "asked": [_asked(form, errors, question) for question in ALWAYS_ASKED],
        "asked_special": [
            _asked(form, errors, one) for one in questions_for(VisitKind.SPECIAL) if one not in ALWAYS_ASKED
        ],
        "domains": [
            (domain.label, [(one.value, one.label) for one in listed]) for domain, listed in PROBLEMS.items()
        ],
        "risks": [(level.value, RISK_HINTS[level], level.value) for level in RiskLevel],
        "risk_word": RiskLevel(child.risk).label,
        "photo_most": MOST,
        "kept_photos": [
            {**_shot(photo), "id": photo.pk, "dropped": str(photo.pk) in dropped} for photo in kept
        ],
        "intervals": {level.value: days for level, days in form.intervals.items()},
        "proposals": [
            (level.label, (today + dt.timedelta(days=days)).isoformat())
            for level, days in form.intervals.items()
        ],
        "age": age_on(child.birth_date, today),
    }


def age_on(birth: dt.date, day: dt.date) -> int:
    """Completed years."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def _asked(form: VisitForm, errors: dict[str, str], question: FocusQuestion) -> dict[str, Any]:
    name = answer_name(question)
    number = list(FocusQuestion).index(question) + 1
    return {
        "name": name,
        "question": f"{number}. {question.label}",
        "value": form[name].value(),
        "hint": QUESTION_HINTS[question],
        "error": errors[name],
    }


def _shot(photo: VisitPhoto) -> dict[str, Any]:
    return {
        "url": reverse("cases:visit_photo", args=[photo.visit_id, photo.pk]),
        "alt": _("Photo %(n)d of the visit") % {"n": photo.position + 1},
    }


# --- Words ----------------------------------------------------------------------------------------------


def findings(visit: Visit) -> str:
    """What a visit found, in one line: problems by name, or that there were none."""
    words = [str(Problem(code).label) for code in codes_of(visit)]
    if not words:
        words = [str(FOCUS_SHORT[FocusQuestion(code)]) for code, answer in visit.answers.items() if answer]
    return _(", ").join(words) or _("Nothing found")


def risk_change(visit: Visit) -> str:
    """ "Suggested: yellow" when the visit would change the colour, else nothing."""
    if visit.risk == visit.risk_before:
        return ""
    if RiskLevel(visit.risk).is_worse_than(RiskLevel(visit.risk_before)):
        return _("raised to %(level)s") % {"level": visit.get_risk_display()}
    return _("suggested: %(level)s") % {"level": visit.get_risk_display()}


def place(visit_or_child: Any) -> str:
    """Township and village of a row whose region (and its parent, if wanted) is loaded."""
    region = visit_or_child.region
    names = [region.parent.name] if "parent" in region._state.fields_cache and region.parent else []
    return " ".join([*names, region.short_name])


def late_item(child: Child) -> dict[str, Any]:
    """A row for a child whose visit is late."""
    return {
        "title": child.name,
        "url": reverse("cases:child", args=[child.pk]),
        "level": child.risk,
        "lines": [last_visit(child), place(child)],
        "date": child.next_visit_date,
    }


def last_visit(child: Child, interval: int | None = None) -> str:
    """ "Every 7 days · last 10-11" of a child."""
    parts = []
    if interval is not None:
        parts.append(ngettext("every %(n)d day", "every %(n)d days", interval) % {"n": interval})
    if child.last_visit_date:
        parts.append(
            _("last visit %(date)s") % {"date": short_date(child.last_visit_date, timezone.localdate())}
        )
    else:
        parts.append(_("never visited"))
    return " · ".join(parts)


def case_item(case: Any, today: dt.date) -> dict[str, Any]:
    """A row for a case: child and level, what it is about, who owns it, its clock while nobody has begun."""
    return {
        "title": case.child.name,
        "url": reverse("cases:case", args=[case.pk]),
        "level": case.level,
        "state": case.state,
        "word": case.get_state_display(),
        "lines": [case.title, " · ".join(filter(None, [place(case), str(case.owner or "")]))],
        "date": timezone.localdate(case.due_at)
        if case.due_at and case.state in ("open", "escalated")
        else None,
    }


# --- One visit ------------------------------------------------------------------------------------------


def visit_facts(visit: Visit) -> dict[str, Any]:
    """Everything a page shows of one visit, without its actions. One query for its photos."""
    asked = [FocusQuestion(code) for code in FocusQuestion.values if code in visit.answers]
    suggested = visit_rules.escalation(visit.answers, codes_of(visit), visit.risk)
    return {
        "visit": visit,
        "child": visit.child,
        "heading": _("%(child)s · %(kind)s") % {"child": visit.child.name, "kind": visit.get_kind_display()},
        "facts": [
            {"label": _("Visited by"), "value": visit.conducted_by},
            {"label": _("Time of the visit"), "value": moment(visit.visited_at), "number": True},
            {"label": _("Submitted"), "value": moment(visit.submitted_at), "number": True},
            {
                "label": _("Met"),
                "value": _(", ").join(str(PersonMet(code).label) for code in visit.people_met),
            },
            {
                "label": _("Next visit"),
                "value": visit.next_visit_date or _("by the interval"),
                "number": True,
            },
        ],
        "answers": [
            {
                "question": FOCUS_SHORT[one],
                "answer": _("Yes, there is") if visit.answers[one] else _("No, none"),
                "yes": visit.answers[one],
            }
            for one in asked
        ],
        "problems": [str(Problem(code).label) for code in codes_of(visit)],
        "shots": [_shot(photo) for photo in visit.photos.all()],
        "downgrade": RiskLevel(visit.risk_before).is_worse_than(RiskLevel(visit.risk)),
        "upgrade": RiskLevel(visit.risk).is_worse_than(RiskLevel(visit.risk_before)),
        "suggested": suggested,
        "suggested_reasons": _(", ").join(str(one.reason.label) for one in suggested.triggers)
        if suggested
        else "",
    }


def codes_of(visit: Visit) -> list[str]:
    """The problems of a visit, in the order of the form (JSON keeps none)."""
    return [
        problem.value
        for domain, listed in PROBLEMS.items()
        for problem in listed
        if problem in visit.problems.get(domain, ())
    ]


def events_of(records: Sequence[TransitionRecord], obj: Any) -> list[dict[str, Any]]:
    """Transition records as entries of the timeline, newest first."""
    entries = []
    for record in reversed(records):
        transition = obj.workflow.by_name.get(record.name)
        entries.append(
            {
                "icon": (transition.icon if transition else "") or "send",
                "title": f"{transition.label if transition else record.name} · {record.user or ''}",
                "date": record.at,
                "text": record.reason,
            }
        )
    return entries


# --- Lists ----------------------------------------------------------------------------------------------


def home_rows(home: Home) -> dict[str, Any]:
    """The groups of the director's home as rows: overdue, returned, drafts, asked for, soon."""
    return {
        "overdue": [_due_item(child) for child in home.overdue],
        "soon": [_due_item(child) for child in home.soon],
        "returned": [
            {
                **_visit_head(visit),
                "url": reverse("cases:visit_edit" if own else "cases:visit", args=[visit.pk]),
                "lines": [
                    " · ".join([_moment_and_kind(visit), *([] if own else [str(visit.conducted_by)])]),
                    _("Supervisor: %(words)s") % {"words": visit.said} if visit.said else "",  # type: ignore[attr-defined]
                ],
                "state": visit.state,
            }
            for visit in home.returned
            for own in [visit.conducted_by_id == home.user_id]
        ],
        "drafts": [
            {
                **_visit_head(visit),
                "url": reverse("cases:visit_edit", args=[visit.pk]),
                "lines": [_moment_and_kind(visit)],
                "state": visit.state,
            }
            for visit in home.drafts
        ],
        "tasks": [_task_item(task) for task in home.tasks],
    }


def _visit_head(visit: Visit) -> dict[str, Any]:
    return {"title": visit.child.name, "level": visit.child.risk}


def _moment_and_kind(visit: Visit) -> str:
    return f"{timezone.localtime(visit.visited_at):%m-%d} {visit.get_kind_display()}"


def _due_item(child: Child) -> dict[str, Any]:
    return {
        "title": child.name,
        "url": f"{reverse('cases:visit_add')}?child={child.pk}",
        "level": child.risk,
        "lines": [last_visit(child, child.interval)],  # type: ignore[attr-defined]
        "date": child.next_visit_date,
    }


def _task_item(task: VisitTask) -> dict[str, Any]:
    return {
        "title": task.child.name,
        "url": f"{reverse('cases:visit_add')}?child={task.child_id}",
        "level": task.child.risk,
        "lines": [task.reason, str(task.asked_by or "")],
        "date": task.due_date,
    }


def child_rows(children: Sequence[Child]) -> list[dict[str, Any]]:
    """Children to choose from when recording a visit."""
    return [
        {
            "title": child.name,
            "url": f"{reverse('cases:visit_add')}?child={child.pk}",
            "level": child.risk,
            "lines": [last_visit(child)],
            "date": child.next_visit_date,
        }
        for child in children
    ]


def visit_item(visit: Visit) -> dict[str, Any]:
    """A row of the list of visits."""
    return {
        "title": visit.child.name,
        "url": reverse("cases:visit", args=[visit.pk]),
        "level": visit.risk,
        "state": visit.state,
        "word": visit.get_state_display(),
        "lines": [f"{_moment_and_kind(visit)} · {findings(visit)}", f"{place(visit)} · {visit.conducted_by}"],
        "note": "",
    }


def state_segments(current: str) -> list[dict[str, Any]]:
    """Filters of the list of visits."""
    here = reverse("cases:visits")
    choices = [("", _("All")), *((state.value, state.label) for state in VisitState)]
    return [
        {"label": label, "url": f"{here}?state={code}" if code else here, "current": code == current}
        for code, label in choices
    ]


def handover_groups(left: LeftOpen, today: dt.date) -> dict[str, Any]:
    """What a post leaves open, as titled groups of rows; empty groups are absent."""

    def visits(found: Sequence[Visit]) -> list[dict[str, Any]]:
        return [
            {**visit_item(one), "lines": [f"{_moment_and_kind(one)} · {one.conducted_by}"]} for one in found
        ]

    groups = [
        (_("Overdue"), [{**late_item(child), "lines": [last_visit(child)]} for child in left.overdue]),
        (_("Returned, to be changed"), visits(left.returned)),
        (_("Drafts"), visits(left.drafts)),
        (_("Awaiting review"), visits(left.waiting)),
        (_("Open cases"), [case_item(case, today) for case in left.cases]),
    ]
    return {"groups": [(title, rows) for title, rows in groups if rows]}
