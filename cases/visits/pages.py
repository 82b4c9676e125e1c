"""What the pages of visits show: plain values for the components, made from visits and forms."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from cases.enums import RISK_HINTS, RiskLevel
from cases.field.enums import TaskKind
from cases.models import Child, Visit, VisitPhoto, VisitTask
from cases.questions.choice import definition_of
from cases.questions.concern import suggestion_of_visit
from cases.questions.definition import YES, Question, QuestionType
from cases.questions.fields import answer_name
from cases.questions.shown import answers_shown, findings, problems_shown
from cases.visits.enums import FocusQuestion, PersonMet, VisitKind, VisitState
from cases.visits.forms import BlankVisitForm, VisitForm
from cases.visits.pictures import MOST
from cases.visits.selectors import Home, LeftOpen
from staff.models import TransitionRecord
from staff.templatetags.look import moment, short_date


def form_values(form: VisitForm, child: Child, visit: Visit | None) -> dict[str, Any]:
    """Everything the visit form's template needs beside the form: options, chosen values, errors, limits."""
    kept = [] if visit is None else list(visit.photos.all())
    today = timezone.localdate(form.at)
    common = fields_values(form)
    dropped = {str(one) for one in common["values"]["drop_photos"] or ()}
    guardian = next(iter(child.guardians.all()), None)
    age = age_on(child.birth_date, today)
    return common | {
        "child": child,
        "visit": visit,
        "faults": sum(1 for fault in common["errors"].values() if fault),
        "slots": {
            "id": child.pk,
            "name": child.name,
            "age": ngettext("%(n)d year old", "%(n)d years old", age) % {"n": age},
            "category": child.get_primary_category_display(),
            "guardian": f"· {guardian.get_relation_display()} {guardian.name}" if guardian else "",
            "risk": child.risk,
        },
        "kept_photos": [
            {**_shot(photo), "id": photo.pk, "dropped": str(photo.pk) in dropped} for photo in kept
        ],
    }


def fields_values(form: VisitForm | BlankVisitForm) -> dict[str, Any]:
    """What ``cases/_visit_fields.html`` needs of a form, with a child or blank: nothing of it is about a person."""
    asked = form.definition
    errors = {name: str((form.errors.get(name) or [""])[0]) for name in form.fields}
    values = {name: form[name].value() for name in form.fields if name != "photos"}
    return {
        "form": form,
        "form_name": asked.name,
        "values": values,
        "errors": errors,
        "kinds": form.fields["kind"].choices,  # type: ignore[attr-defined]
        "people": PersonMet.choices,
        "sections": [
            {
                "title": section.title,
                "hint": section.hint,
                "questions": [_asked(form, errors, one) for one in section.questions],
                "required": all(one.required for one in section.questions),
            }
            for section in asked.sections
        ],
        "domains": [
            (domain.name, [(one.code, one.text) for one in domain.options]) for domain in asked.domains
        ],
        "risks": [(level.value, RISK_HINTS[level], level.value) for level in RiskLevel],
        "photo_most": MOST,
        "intervals_json": json.dumps({level.value: days for level, days in form.intervals.items()}),
        "proposals": [
            (level.value, level.label, ngettext("%(n)d day", "%(n)d days", days) % {"n": days})
            for level, days in form.intervals.items()
        ],
        "slots": {},
        "kept_photos": [],
    }


def _asked(form: VisitForm | BlankVisitForm, errors: dict[str, str], question: Question) -> dict[str, Any]:
    name = answer_name(question.code)
    worrying = [one.code for one in question.options if one.concern or one.problem]
    if question.code in FocusQuestion.values:
        worrying = [YES]
    return {
        "name": name,
        "type": question.type.value,
        "question": question.text,
        "value": form[name].value() or "",
        "hint": question.hint or "",
        "error": errors[name],
        "required": question.required,
        "many": question.type == QuestionType.MANY,
        "need": _("required")
        if question.required
        else _("several possible")
        if question.type == QuestionType.MANY
        else "",
        "only_kind": question.only_kind,
        "options": [(one.code, one.text) for one in question.options] + _left_out(question),
        "alarm": " ".join(worrying),
        "field": form[name],
    }


def _left_out(question: Question) -> list[tuple[str, str]]:
    """The way back from an answer that need not be given."""
    once = question.type in (QuestionType.YES_NO, QuestionType.ONE)
    return [("", pgettext("answer", "Not stated"))] if once and not question.required else []


def special_form_url(form: VisitForm) -> str:
    """Where the child's form for special visits is filled in; empty when there is no other than this one."""
    ref = form.choice.of(form.child, VisitKind.SPECIAL) if form.choice else form.definition.ref
    if ref == form.definition.ref:
        return ""
    return f"{reverse('cases:visit_add')}?{urlencode({'child': form.child.pk, 'kind': VisitKind.SPECIAL})}"


def age_on(birth: dt.date, day: dt.date) -> int:
    """Completed years."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def _shot(photo: VisitPhoto) -> dict[str, Any]:
    return {
        "url": reverse("cases:visit_photo", args=[photo.visit_id, photo.pk]),
        "alt": _("Photo %(n)d of the visit") % {"n": photo.position + 1},
    }


# --- Words ----------------------------------------------------------------------------------------------


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
    suggested = suggestion_of_visit(visit)
    return {
        "visit": visit,
        "child": visit.child,
        "heading": _("%(child)s · %(kind)s") % {"child": visit.child.name, "kind": visit.get_kind_display()},
        "facts": [
            {"label": _("Visited by"), "value": visit.conducted_by},
            {"label": _("Time of the visit"), "value": moment(visit.visited_at), "number": True},
            {"label": _("Submitted"), "value": moment(visit.submitted_at), "number": True},
            {
                "label": _("Who was met"),
                "value": _(", ").join(str(PersonMet(code).label) for code in visit.people_met),
            },
            {
                "label": _("Next visit"),
                "value": visit.next_visit_date or _("by the interval"),
                "number": True,
            },
            *(
                [{"label": _("Copied from paper by"), "value": visit.entered_by}]
                if visit.entered_by_id
                else []
            ),
        ],
        "form_name": definition_of(visit).name,
        "answers": answers_shown(visit),
        "problems": problems_shown(visit),
        "shots": [_shot(photo) for photo in visit.photos.all()],
        "downgrade": RiskLevel(visit.risk_before).is_worse_than(RiskLevel(visit.risk)),
        "upgrade": RiskLevel(visit.risk).is_worse_than(RiskLevel(visit.risk_before)),
        "outlook": None,  # what approving would do: the reviewer's page
        "suggested": suggested,
        "suggested_reasons": _(", ").join(str(one.reason.label) for one in suggested.triggers)
        if suggested
        else "",
    }


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
        "url": reverse("cases:assessment_add", args=[task.child_id])
        if task.kind == TaskKind.ASSESS
        else f"{reverse('cases:visit_add')}?child={task.child_id}",
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
