"""The answer of the eligibility table (cases.eligibility.table) about one child, as JSON that an application keeps."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict
from typing import Any

from cases.eligibility.decision import decide_category
from cases.eligibility.table import Schooling, Situation, config_from
from cases.enums import Evidence, ParentSituationKind
from cases.models import Child, ParentSituation
from staff import parameters


def decision_for(child: Child, on: dt.date) -> dict[str, Any]:
    """The eligibility table's answer for a child on a day, as JSON with the situations it was given.

    Keys: answer, category ("" when none), row, clause, on, situations, missing, ask_again_on ("" when not
    by date).
    """
    given: dict[str, list[Situation]] = {"father": [], "mother": []}
    shown = []
    for row in ParentSituation.objects.filter(child=child).order_by("parent", "start_date", "pk"):
        evidence = frozenset({Evidence(row.evidence)}) if row.evidence else frozenset()
        given[row.parent].append(
            Situation(
                ParentSituationKind(row.kind), row.start_date, row.expected_end_date, row.end_date, evidence
            )
        )
        shown.append(
            {
                "parent": row.parent,
                "kind": row.kind,
                "since": row.start_date.isoformat(),
                "expected_end": _iso(row.expected_end_date),
                "ended": _iso(row.end_date),
                "evidence": row.evidence,
                "document": row.document,
                "verified_by": row.verified_by,
                "verified_on": _iso(row.verified_date),
            }
        )
    config = config_from(parameters.value(child.region_id, "eligibility", on))
    schooling = Schooling(child.school_stage, child.enrolled_until)
    answer = decide_category(given["father"], given["mother"], child.birth_date, on, config, schooling)
    return {
        "answer": answer.answer.value,
        "category": answer.category.value if answer.category else "",
        "row": answer.row.value,
        "clause": answer.clause,
        "on": on.isoformat(),
        "situations": shown,
        "missing": [
            {
                key: [v.value for v in value] if isinstance(value, tuple) else value.value if value else ""
                for key, value in asdict(gap).items()
            }
            for gap in answer.missing_evidence
        ],
        "ask_again_on": _iso(answer.ask_again_on),
    }


def _iso(day: dt.date | None) -> str:
    return day.isoformat() if day else ""
