"""What the pages of checks and marks show: plain values for the components, and the sentence of each mark."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.checks import selectors
from cases.checks.services import CHECKERS
from cases.children.reveals import KEEPERS
from cases.field.enums import MarkCode, SpotCheckState
from cases.identity import mask_phone
from cases.models import Child, SpotCheck, Visit, VisitMark
from cases.visits.enums import VisitState
from cases.visits.pages import place
from staff.scope import current
from staff.templatetags.look import day, moment

SENTENCES: dict[MarkCode, Promise] = {
    MarkCode.SAME_TEXT: gettext_lazy("%(percent)d%% of the words are those of %(other)s."),
    MarkCode.SAME_PHOTO: gettext_lazy("A picture shows the same as one of %(other)s."),
    MarkCode.TOO_CLOSE: gettext_lazy(
        "Only %(minutes)d minutes lie between this and %(other)s, at another home."
    ),
    MarkCode.AT_NIGHT: gettext_lazy("The home was visited at %(time)s."),
    MarkCode.TOO_MANY: gettext_lazy("%(homes)d homes were visited on this day; usually it is %(usual)s."),
    MarkCode.TOO_QUICK: gettext_lazy("The form was filled in within %(seconds)d seconds."),
    MarkCode.SENT_LATE: gettext_lazy("It was written down %(days)d days after the visit."),
}
SAME_FILE = gettext_lazy("The very same picture file was sent with %(other)s.")
STATES = {
    SpotCheckState.CONFIRMED: gettext_lazy("The family confirmed this visit by phone."),
    SpotCheckState.CONTRADICTED: gettext_lazy("The family says that this visit was not made so."),
}


def sentence(mark: VisitMark, others: Mapping[int, Visit]) -> str:
    """What a mark says, with its facts. ``others``: :func:`selectors.named_visits`; one out of sight is not named."""
    detail = dict(mark.detail)
    if "visit" in detail:
        other = others.get(detail["visit"])
        words = {"day": detail["day"]}
        if other is None:
            detail["other"] = _("a visit of %(day)s elsewhere in the county") % words
        else:
            words |= {"child": other.child.name, "person": str(other.conducted_by)}
            detail["other"] = _("the visit of %(person)s to %(child)s on %(day)s") % words
    pattern = (
        SAME_FILE
        if mark.code == MarkCode.SAME_PHOTO and detail.get("exact")
        else SENTENCES[MarkCode(mark.code)]
    )
    return str(pattern) % detail


def mark_rows(marks: Iterable[VisitMark]) -> list[dict[str, Any]]:
    """Marks as rows of their list."""
    listed = list(marks)
    others = selectors.named_visits(listed)
    return [
        {
            "title": mark.child.name,
            "url": reverse("cases:mark", args=[mark.pk]),
            "lines": [
                f"{mark.get_code_display()} · {sentence(mark, others)}",
                f"{place(mark)} · {mark.visit.conducted_by} · {moment(mark.visit.visited_at)}",
            ],
        }
        for mark in listed
    ]


def check_rows(checks: Iterable[SpotCheck]) -> list[dict[str, Any]]:
    """Drawn visits as rows of their list."""
    return [
        {
            "title": check.child.name,
            "url": reverse("cases:check", args=[check.pk]),
            "state": f"spotcheck.{check.state}",
            "word": check.get_state_display(),
            "lines": [f"{place(check)} · {check.visited_by} · {moment(check.visit.visited_at)}"],
            "date": check.due_date if check.state in selectors.OPEN else None,
        }
        for check in checks
    ]


def call_facts(check: SpotCheck) -> list[dict[str, Any]]:
    """Whom to call, masked, and by when."""
    child: Child = check.child
    facts: list[dict[str, Any]] = [
        {"label": _("Visited by"), "value": check.visited_by},
        {"label": _("Time of the visit"), "value": moment(check.visit.visited_at), "number": True},
        {"label": _("Call by"), "value": day(check.due_date), "number": True},
    ]
    may = current().role in KEEPERS
    for guardian in child.guardians.filter(end_date=None).order_by("pk"):
        facts.append(
            {
                "label": f"{guardian.get_relation_display()} {guardian.name}",
                "masked": mask_phone(guardian.phone) if guardian.phone else None,
                "value": _("No phone number on file"),
                "reveal": reverse("staff:reveal", args=["guardian-phone", guardian.pk]) if may else "",
                "person": guardian.name,
            }
        )
    return facts


def decided_facts(check: SpotCheck, questions: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What a call has shown, for whoever checks."""
    if check.checked_at is None:
        return []
    said = [
        {"label": label, "value": check.answers[name]}
        for name, label in questions.items()
        if check.answers.get(name)
    ]
    return [
        {"label": _("Called by"), "value": f"{check.checked_by} · {moment(check.checked_at)}"},
        {"label": _("Spoke with"), "value": check.spoke_with or "—"},
        *said,
        {"label": _("In their words"), "value": check.words or "—", "wide": True},
    ]


def visit_context(visit: Visit) -> dict[str, Any]:
    """What is known of a visit from calls and looks, for its page: the database shows directors what is decided.

    Whoever made the visit sees the outcome, not the family's words. Two or three queries; none for a draft.
    """
    if visit.state == VisitState.DRAFT:
        return {"check": None, "marks": []}
    check = SpotCheck.objects.filter(visit=visit).first()
    marks = list(VisitMark.objects.filter(visit=visit))
    others = selectors.named_visits(marks)
    checks = current().role in CHECKERS
    return {
        "check": {
            "text": STATES.get(SpotCheckState(check.state)) or _("Drawn for a call to the family."),
            "words": check.words if checks else "",
            "bad": check.state == SpotCheckState.CONTRADICTED,
            "url": reverse("cases:check", args=[check.pk]) if checks else "",
        }
        if check
        else None,
        "marks": [
            {
                "text": sentence(mark, others),
                "said": mark.get_verdict_display(),
                "words": mark.words,
                "open": mark.looked_at is None,
                "url": reverse("cases:mark", args=[mark.pk]) if checks else "",
            }
            for mark in marks
        ],
    }


def person_rows(totals: Iterable[selectors.PersonTotals]) -> list[dict[str, Any]]:
    """Cells of the table of visitors: a share only where enough is decided."""
    return [
        {
            "cells": [
                one.name,
                one.drawn,
                one.confirmed,
                one.contradicted,
                one.unreached,
                _("too few to say") if one.share is None else f"{one.share}%",
            ]
        }
        for one in totals
    ]


def rule_rows(totals: Iterable[selectors.RuleTotals], used: Iterable[MarkCode]) -> list[dict[str, Any]]:
    """Cells of the table of rules: how often a look found all in order."""
    on = set(used)
    return [
        {
            "cells": [
                str(one.code.label)
                if one.code in on
                else _("%(rule)s (switched off)") % {"rule": one.code.label},
                one.marked,
                one.looked,
                one.fine,
                one.wrong,
                _("too few to say") if one.false_alarms is None else f"{one.false_alarms}%",
            ]
        }
        for one in totals
    ]
