"""What every row of a case's plan carries, and the entries beside it that nobody changes."""

from __future__ import annotations

import datetime as dt
from typing import Any

from cases.field.enums import EntryKind
from cases.models import Case, CaseAction, CaseConference, CaseEntry, CaseGoal, ConferenceParticipant
from staff.workflow import Actor

# Every kind of row that repeats the case's flag.
ROWS = (CaseGoal, CaseAction, CaseConference, ConferenceParticipant, CaseEntry)


def belonging(case: Case) -> dict[str, Any]:
    """The columns by which a row belongs to a case and its child, and is seen by the same people."""
    return {
        "case": case,
        "child_id": case.child_id,
        "region_id": case.region_id,
        "restricted": case.restricted,
    }


def write_entry(
    *, actor: Actor, at: dt.datetime, case: Case, kind: EntryKind, text: str, **about: Any
) -> CaseEntry:
    """Write one entry; ``about`` names the goal, action or conference and the days before and after."""
    return CaseEntry.objects.create(
        **belonging(case), kind=kind, text=text.strip(), written_by_id=actor.user_id, written_at=at, **about
    )
