"""How a case ends, and how it is opened again. The colour stays with the child: it changes by an assessment alone."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.casework.services import CaseRefused, lock_case
from cases.field.enums import EntryKind, FollowUp, GoalState
from cases.models import Case, CaseAction, CaseGoal
from cases.plans.entries import write_entry
from cases.visits import services as visits
from cases.visits.enums import CaseOutcome, CaseState
from staff import parameters
from staff.workflow import Actor, perform


def close_case(
    *,
    actor: Actor,
    at: dt.datetime,
    case: Case,
    outcome: str,
    reason: str,
    follow_up: str,
    visit_date: dt.date | None = None,
) -> Case:
    """Close with an outcome, its words and what follows; ``visit_date`` asks for a visit (回访) by that day.

    CaseRefused until every goal is judged and every action is reported. The words of a restricted case stay in the
    case itself, never in the record of transitions, which more people read.
    """
    with transaction.atomic():
        case = lock_case(case)
        if outcome not in CaseOutcome.values:
            raise CaseRefused(_("Choose an outcome."))
        if follow_up not in FollowUp.values:
            raise CaseRefused(_("Say what follows."))
        if visit_date is not None and visit_date <= timezone.localdate(at):
            raise CaseRefused(_("Choose a day that is still to come."))
        if CaseGoal.objects.filter(case=case, state=GoalState.OPEN).exists():
            raise CaseRefused(_("Judge every goal of the plan first, with what came of it."))
        if CaseAction.objects.filter(case=case, done_at=None).exists():
            raise CaseRefused(_("Report every action of the plan as done first, with what came of it."))
        said = _("Written in the case itself.") if case.restricted and reason.strip() else reason
        fields = {
            "outcome": outcome,
            "outcome_text": reason.strip(),
            "follow_up": follow_up,
            "review_date": None,
        }
        closed: Case = perform(case, "close", at=at, actor=actor, reason=said, fields=fields)
        if visit_date is not None and closed.child.left_date is None:
            words = _("Visit after the case was closed")
            visits.add_task(actor=actor, at=at, child=closed.child, due_date=visit_date, reason=words)
    return closed


def reopen_case(*, actor: Actor, at: dt.datetime, case: Case, reason: str) -> Case:
    """Open a closed case again, in words, within the county's ``case_reopen_days``; the former outcome is kept."""
    with transaction.atomic():
        case = lock_case(case)
        if not may_reopen(case, timezone.localdate(at)):
            raise CaseRefused(_("It was closed too long ago, or the child has left. Open a new case."))
        former = f"{case.get_outcome_display()}: {case.outcome_text}"
        said = _("Written in the case itself.") if case.restricted and reason.strip() else reason
        days = parameters.value(case.region_id, "case_review_days", timezone.localdate(at))
        fields = {
            "outcome": "",
            "outcome_text": "",
            "follow_up": "",
            "closed_by_id": None,
            "closed_at": None,
            "review_date": timezone.localdate(at) + dt.timedelta(days=days[case.level]),
        }
        opened: Case = perform(case, "reopen", at=at, actor=actor, reason=said, fields=fields)
        text = _("%(reason)s (Closed before: %(former)s)") % {"reason": reason.strip(), "former": former}
        write_entry(actor=actor, at=at, case=opened, kind=EntryKind.REOPENED, text=text)
    return opened


def may_reopen(case: Case, today: dt.date) -> bool:
    """Whether a closed case is recent enough, and its child still on the register."""
    if case.state != CaseState.CLOSED or case.closed_at is None or case.child.left_date is not None:
        return False
    days = parameters.value(case.region_id, "case_reopen_days", today)
    return (today - timezone.localdate(case.closed_at)).days <= int(days)
