"""The plan of a case: every write. Goals and their actions, other words and days with reasons, the review of the whole."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.casework.selectors import named_people
from cases.casework.services import OPENERS, CaseRefused, check_opener, check_worker, lock_case
from cases.field.enums import EntryKind, GoalState, NoteKind
from cases.models import Case, CaseAction, CaseConference, CaseEntry, CaseGoal
from cases.notes.services import send_note
from cases.plans.entries import belonging, write_entry
from cases.visits.enums import CaseState
from staff import parameters
from staff.models import User
from staff.workflow import Actor, perform


def add_goal(
    *,
    actor: Actor,
    at: dt.datetime,
    case: Case,
    text: str,
    due_date: dt.date,
    measure: str = "",
    conference: CaseConference | None = None,
) -> CaseGoal:
    """Set a goal of the plan, by a day; the first goal or action begins the help (帮扶中).

    CaseRefused for another duty, without words, for a day that has passed, when the case is closed.
    """
    check_opener(actor)
    _check_words(text)
    _check_day(due_date, at)
    with transaction.atomic():
        case = _open_case(case)
        goal = CaseGoal.objects.create(
            **belonging(case),
            text=text.strip(),
            measure=measure.strip(),
            due_date=due_date,
            conference=conference,
        )
        _begin(case, actor, at)
    return goal


def add_action(
    *,
    actor: Actor,
    at: dt.datetime,
    case: Case,
    title: str,
    due_date: dt.date,
    owner: User | None = None,
    goal: CaseGoal | None = None,
    conference: CaseConference | None = None,
) -> CaseAction:
    """Add an action to the plan, under a goal or by itself; the responsible person is told.

    CaseRefused when the case is closed, the goal is judged or another case's, or the person is not named on a
    restricted case.
    """
    check_worker(actor)
    _check_words(title)
    with transaction.atomic():
        case = _open_case(case)
        check_named(case, [owner] if owner else [])
        if goal is not None and (goal.case_id != case.pk or goal.state != GoalState.OPEN):
            raise CaseRefused(_("Choose a goal of this case that is still being worked on."))
        action = CaseAction.objects.create(
            **belonging(case), title=title.strip(), owner_id=owner.pk if owner else actor.user_id, due_date=due_date,
            goal=goal, conference=conference,
        )  # fmt: skip
        _begin(case, actor, at)
        _tell_owner(actor, at, case, action)
    return action


def finish_action(*, actor: Actor, at: dt.datetime, action: CaseAction, note: str) -> CaseAction:
    """Report an action as done, with what came of it. CaseRefused when it is done already or nothing is said."""
    check_worker(actor)
    if not note.strip():
        raise CaseRefused(_("Write what came of it."))
    with transaction.atomic():
        locked = _lock_action(action)
        locked.done_at, locked.note = at, note.strip()
        locked.save(update_fields=["done_at", "note"])
    return locked


def judge_goal(*, actor: Actor, at: dt.datetime, goal: CaseGoal, state: str, outcome: str) -> CaseGoal:
    """Judge a goal once: reached, partly, missed or dropped, with what came of it."""
    check_opener(actor)
    if state not in GoalState.values or state == GoalState.OPEN:
        raise CaseRefused(_("Say whether the goal was reached."))
    if not outcome.strip():
        raise CaseRefused(_("Say what came of the goal."))
    with transaction.atomic():
        locked = _lock_goal(goal)
        locked.state, locked.outcome = GoalState(state), outcome.strip()
        locked.judged_by_id, locked.judged_at = actor.user_id, at
        locked.save(update_fields=["state", "outcome", "judged_by", "judged_at"])
    return locked


# --- Other words and days, and the review ----------------------------------------------------------------


def reword_goal(
    *, actor: Actor, at: dt.datetime, goal: CaseGoal, text: str, reason: str, measure: str = ""
) -> CaseGoal:
    """Say a goal in other words while it is worked on; what it said and the reason are kept. CaseRefused."""
    check_opener(actor)
    _check_words(text)
    with transaction.atomic():
        locked = _lock_goal(goal)
        _reword(actor, at, locked, reason, text=text.strip(), measure=measure.strip())
    return locked


def reword_action(
    *, actor: Actor, at: dt.datetime, action: CaseAction, title: str, reason: str
) -> CaseAction:
    """Say an action in other words until it is reported; what it said and the reason are kept. CaseRefused.

    Whoever is responsible may reword their own; everybody else's is the supervisor's or the county's.
    """
    check_worker(actor)
    _check_words(title)
    with transaction.atomic():
        locked = _lock_action(action)
        _check_own(actor, locked)
        _reword(actor, at, locked, reason, title=title.strip())
    return locked


def _reword(actor: Actor, at: dt.datetime, row: CaseGoal | CaseAction, reason: str, **words: str) -> None:
    """Put other words into a row of the plan. The entry keeps the former ones: the history leaves them out."""
    _check_words(reason)
    former = {name: getattr(row, name) for name, new in words.items() if getattr(row, name) != new}
    if not former:
        raise CaseRefused(_("These are the words it has already."))
    said = _("It said: %(words)s.") % {"words": " · ".join(old or "—" for old in former.values())}
    about = {"goal": row} if isinstance(row, CaseGoal) else {"action": row}
    text = f"{said} {reason.strip()}"
    write_entry(actor=actor, at=at, case=row.case, kind=EntryKind.WORDS, text=text, **about)
    for name in former:
        setattr(row, name, words[name])
    row.save(update_fields=list(former))


def change_goal_date(
    *, actor: Actor, at: dt.datetime, goal: CaseGoal, due_date: dt.date, reason: str
) -> CaseGoal:
    """Give a goal another day; the former one and the reason are kept."""
    check_opener(actor)
    _check_words(reason)
    _check_day(due_date, at)
    with transaction.atomic():
        locked = _lock_goal(goal)
        if locked.due_date == due_date:
            raise CaseRefused(_("This is the day it has already."))
        days = {"former_date": locked.due_date, "new_date": due_date}
        write_entry(
            actor=actor, at=at, case=locked.case, kind=EntryKind.DAY, text=reason, goal=locked, **days
        )
        locked.due_date = due_date
        locked.save(update_fields=["due_date"])
    return locked


def change_action(
    *,
    actor: Actor,
    at: dt.datetime,
    action: CaseAction,
    due_date: dt.date,
    reason: str,
    owner: User | None = None,
) -> CaseAction:
    """Give an action another day, another responsible person, or both; what was before and the reason are kept.

    Those responsible may move their own; everybody else's is the supervisor's or the county's. CaseRefused
    otherwise, and when nothing changes.
    """
    check_worker(actor)
    _check_words(reason)
    _check_day(due_date, at)
    with transaction.atomic():
        locked = _lock_action(action)
        _check_own(actor, locked)
        moved, given = due_date != locked.due_date, owner is not None and owner.pk != locked.owner_id
        if not moved and not given:
            raise CaseRefused(_("This is the day it has already."))
        text, days = reason.strip(), {}
        if moved:
            days = {"former_date": locked.due_date, "new_date": due_date}
            locked.due_date = due_date
        if owner is not None and given:
            check_named(locked.case, [owner])
            names = {"former": locked.owner or "—", "new": owner}
            text = _("Responsible: %(former)s → %(new)s.") % names + " " + text
            locked.owner = owner
        write_entry(
            actor=actor, at=at, case=locked.case, kind=EntryKind.DAY, text=text, action=locked, **days
        )
        locked.save(update_fields=["due_date", "owner"])
        if given:
            _tell_owner(actor, at, locked.case, locked)
    return locked


def review_plan(*, actor: Actor, at: dt.datetime, case: Case, text: str, next_date: dt.date) -> CaseEntry:
    """Look at the whole plan again: what was found, and by when it is looked at next."""
    check_opener(actor)
    _check_words(text)
    if next_date <= timezone.localdate(at):
        raise CaseRefused(_("Choose a day that is still to come."))
    with transaction.atomic():
        case = _open_case(case)
        days = {"former_date": case.review_date, "new_date": next_date}
        entry = write_entry(actor=actor, at=at, case=case, kind=EntryKind.REVIEW, text=text, **days)
        case.review_date = next_date
        case.save(update_fields=["review_date"])
    return entry


# --- Checks ---------------------------------------------------------------------------------------------


def check_named(case: Case, people: list[User]) -> None:
    """CaseRefused when somebody of these has no part in a restricted case."""
    if case.restricted and not {one.pk for one in people} <= {one.pk for one in named_people(case)}:
        raise CaseRefused(_("An action of a restricted case goes to a person named on it."))


def _begin(case: Case, actor: Actor, at: dt.datetime) -> None:
    """The first goal or action sets the plan, and the day of its first review by the county's rule."""
    fields = {}
    if case.review_date is None:
        today = timezone.localdate(at)
        days = parameters.value(case.region_id, "case_review_days", today)
        fields["review_date"] = today + dt.timedelta(days=days[case.level])
    if case.state == CaseState.OPEN:
        perform(case, "plan", at=at, actor=actor, fields=fields)
    elif fields:
        Case.objects.filter(pk=case.pk).update(**fields)


def _tell_owner(actor: Actor, at: dt.datetime, case: Case, action: CaseAction) -> None:
    if action.owner_id is None:
        return
    # A note is read beside the file: a restricted case's words and child are not for it.
    words = {"action": action.title, "day": action.due_date.isoformat()}
    text = _("You are responsible in a case: %(action)s, by %(day)s.") % words
    if case.restricted:
        text = _("You are responsible for an action of a restricted case. Open your cases.")
    send_note(
        actor=actor, at=at, recipient=action.owner_id, text=text, child=None if case.restricted else case.child,
        kind=NoteKind.REMINDER, subject=f"action {action.pk} {action.owner_id}",
    )  # fmt: skip


def _open_case(case: Case) -> Case:
    case = lock_case(case)
    if case.state == CaseState.CLOSED:
        raise CaseRefused(_("The case is closed."))
    return case


def _lock_action(action: CaseAction) -> CaseAction:
    rows = CaseAction.objects.select_for_update(of=("self",)).select_related("case", "owner")
    locked = rows.filter(pk=action.pk).first()
    if locked is None:
        raise CaseRefused(_("The record is no longer in your area."))
    if locked.done_at is not None or locked.case.state == CaseState.CLOSED:
        raise CaseRefused(_("This action has been reported as done already."))
    return locked


def _lock_goal(goal: CaseGoal) -> CaseGoal:
    rows = CaseGoal.objects.select_for_update(of=("self",)).select_related("case")
    locked = rows.filter(pk=goal.pk).first()
    if locked is None:
        raise CaseRefused(_("The record is no longer in your area."))
    if locked.state != GoalState.OPEN or locked.case.state == CaseState.CLOSED:
        raise CaseRefused(_("This goal has been judged already."))
    return locked


def _check_own(actor: Actor, action: CaseAction) -> None:
    if actor.role not in OPENERS and action.owner_id != actor.user_id:
        raise CaseRefused(_("Whoever is responsible changes it, or the supervisor."))


def _check_words(text: str) -> None:
    if not text.strip():
        raise CaseRefused(_("Say it in words."))


def _check_day(day: dt.date, at: dt.datetime) -> None:
    if day < timezone.localdate(at):
        raise CaseRefused(_("This day has passed."))
