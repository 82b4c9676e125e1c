"""A case and its conferences on paper: the plan, the closing summary (结案表), the minutes (会商纪要)."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import override, pgettext

from cases.children import selectors
from cases.children.paper import joined, names
from cases.models import Case, CaseAction, CaseConference, CaseEntry, CaseGoal, ConferenceParticipant
from cases.plans.selectors import Plan, read_plan
from staff.audit import log_access
from staff.models import AccessLog
from staff.paper import Facts, Section, Table, Text, maker, paper_pdf

Block = Facts | Section | Table | Text
TO_SIGN = "　\n　"  # room for a signature


def make_case_paper(case: Case, *, reason: str, at: dt.datetime) -> bytes:
    """The PDF of a case: situation, goals with their actions, conferences, changes, outcome; room to sign.

    The export is logged. Restricted cases are reached by those named on them alone. Raises PaperTooLong.
    """
    with override("zh-hans"):
        child = case.child
        blocks: list[Block] = [
            Facts([(_("Child"), child.name), (_("Place"), selectors.place_name(child.region))]),
            Facts([(_("What it is about"), case.title)]),
            *case_blocks(case, read_plan(case)),
            _signatures(_("Owner of the case"), _("Supervisor"), _("Guardian")),
        ]
        title = _("Summary of a closed case") if case.closed_at else _("Case and plan of help")
        return _pressed(case, title, blocks, reason, at, "case_pdf")


def case_blocks(case: Case, plan: Plan) -> list[Block]:
    """A case as its own paper and the child's file show it."""
    facts = [
        (*names(Case, "level"), case.get_level_display()),
        (*names(Case, "state"), case.get_state_display()),
        (_("Opened"), joined(case.opened_by, f"{case.opened_at:%Y-%m-%d}")),
        (*names(Case, "owner"), case.owner),
    ]
    if case.closed_at:
        facts += [
            (pgettext("case", "Closed"), case.closed_at),
            (*names(Case, "outcome"), case.get_outcome_display()),
            (*names(Case, "outcome_text"), case.outcome_text),
            (*names(Case, "follow_up"), case.get_follow_up_display()),
        ]
    elif case.review_date:
        facts.append((*names(Case, "review_date"), case.review_date))
    blocks: list[Block] = [Facts([*facts, (*names(Case, "summary"), case.summary)])]
    blocks += [_goal(goal, plan.steps.get(goal.pk, [])) for goal in plan.goals]
    if loose := plan.steps.get(None):
        blocks.append(
            Section(_("Actions without a goal") if plan.goals else _("Plan of help"), [_steps(loose)])
        )
    if plan.conferences:
        heads = names(CaseConference, "held_at", "place", "chair", "decisions")
        rows = [(one.held_at, one.place, one.chair, one.decisions) for one in plan.conferences]
        blocks.append(Section(_("Case conferences"), [Table(heads, rows)]))
    if written := [entry for entry in plan.entries if entry.conference_id is None]:
        heads = [_("When"), _("What"), _("Words"), _("Written by")]
        told = [
            (one.written_at, joined(one.get_kind_display(), about(one)), one.text, one.written_by)
            for one in written
        ]
        blocks.append(Section(_("Changes and reviews"), [Table(heads, told)]))
    return blocks


def about(entry: CaseEntry) -> str:
    """What an entry is about: the goal or action, and the days before and after."""
    of = entry.goal.text if entry.goal else entry.action.title if entry.action else ""
    days = " → ".join(day.isoformat() for day in (entry.former_date, entry.new_date) if day)
    return joined(of, days)


def _goal(goal: CaseGoal, steps: list[CaseAction]) -> Section:
    facts = [
        (*names(CaseGoal, "measure"), goal.measure),
        (*names(CaseGoal, "due_date"), goal.due_date),
        (*names(CaseGoal, "state"), goal.get_state_display()),
        (*names(CaseGoal, "outcome"), goal.outcome),
    ]
    return Section(
        _("Goal: %(text)s") % {"text": goal.text}, [Facts(facts), *([_steps(steps)] if steps else [])]
    )


def _steps(steps: list[CaseAction]) -> Table:
    heads = names(CaseAction, "title", "owner", "due_date", "done_at", "note")
    return Table(heads, [(one.title, one.owner, one.due_date, one.done_at, one.note) for one in steps])


def make_conference_paper(conference: CaseConference, *, reason: str, at: dt.datetime) -> bytes:
    """The PDF of a conference: who came, minutes, decisions, words added later, a line for each to sign."""
    with override("zh-hans"):
        case = conference.case
        people = list(conference.participants.all())
        heads = [*names(ConferenceParticipant, "role", "organisation", "name", "attended"), _("Signature")]
        rows = [
            (one.get_role_display(), one.organisation, one.name, _came(one), "　　　　　　") for one in people
        ]
        later = conference.entries.select_related("written_by")
        blocks: list[Block] = [
            Facts(
                [
                    (_("Child"), conference.child.name),
                    (_("Place"), selectors.place_name(conference.child.region)),
                    (_("What it is about"), case.title),
                    (*names(Case, "level"), case.get_level_display()),
                    (_("Held"), conference.held_at),
                    (*names(CaseConference, "place"), conference.place),
                    (*names(CaseConference, "chair"), conference.chair),
                    (_("Minutes by"), conference.minuted_by),
                ]
            ),
            Section(_("Participants"), [Table(heads, rows)]),
            Section(pgettext("conference", "Minutes"), [Text(conference.minutes or "　\n" * 12)]),
            Section(_("What was decided"), [Text(conference.decisions or "　\n" * 4)]),
        ]
        if added := [(one.written_at, one.text, one.written_by) for one in later]:
            heads = [_("When"), _("Words"), _("Written by")]
            blocks.append(Section(_("Added later"), [Table(heads, added)]))
        blocks.append(_signatures(_("Chaired by"), _("Minutes by")))
        return _pressed(case, _("Minutes of a case conference"), blocks, reason, at, "conference_pdf")


def _came(one: ConferenceParticipant) -> str:
    return {True: _("came"), False: _("did not come"), None: ""}[one.attended]


def _signatures(*who: str) -> Section:
    return Section(_("Signatures"), [Facts([(one, TO_SIGN) for one in who])])


def _pressed(case: Case, title: str, blocks: list[Block], reason: str, at: dt.datetime, what: str) -> bytes:
    note = _("Restricted: for the people named on it alone") if case.restricted else ""
    data = paper_pdf(
        title,
        blocks,
        who=maker(),
        why=reason,
        at=at,
        subtitle=joined(case.child.name, case.child.number, note),
    )
    detail: dict[str, Any] = {"what": what, "sha256": hashlib.sha256(data).hexdigest()}
    log_access(
        kind=AccessLog.Kind.EXPORT,
        child_id=case.child_id,
        region_id=case.region_id,
        subject="cases.case",
        subject_id=case.pk,
        reason=reason,
        detail=detail,
    )
    return data
