"""What the pages of assessments show: plain values for templates and components."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from cases.assessments.instruments import (
    NOT_APPLICABLE,
    Heading,
    Instrument,
    InstrumentError,
    Item,
    read_instrument,
)
from cases.assessments.rules import changes, so_far
from cases.children.timeline import address
from cases.circumstances.enums import AssessmentState, Grade
from cases.enums import RiskLevel
from cases.models import Child, GuardianshipAssessment

FIELD_PREFIX = "item_"


def answers_in(data: Mapping[str, str], instrument: Instrument) -> dict[str, str]:
    """The answers that a sent form holds, by item code; what was left open is absent."""
    given = {code: str(data.get(f"{FIELD_PREFIX}{code}", "")) for code in instrument.items()}
    return {code: answer for code, answer in given.items() if answer}


def form_sections(
    instrument: Instrument, answers: Mapping[str, str], wrong: frozenset[str]
) -> list[dict[str, Any]]:
    """The form: one section a group, its indicators, their items with options; ``wrong`` items are marked."""
    sections: list[dict[str, Any]] = []
    for area in instrument.areas:
        for group in area.below:
            assert isinstance(group, Heading)
            sections.append(
                {
                    "number": len(sections) + 1,
                    "area": area.name,
                    "title": group.name,
                    "indicators": [
                        {
                            "name": indicator.name,
                            "items": [_field(item, answers, wrong) for item in indicator.items()],
                        }
                        for indicator in group.below
                        if isinstance(indicator, Heading)
                    ],
                }
            )
    return sections


def _field(item: Item, answers: Mapping[str, str], wrong: frozenset[str]) -> dict[str, Any]:
    options = [(one.code, str(one.text)) for one in item.options]
    if item.optional:
        options.append((NOT_APPLICABLE, _("Not applicable")))
    return {
        "name": f"{FIELD_PREFIX}{item.code}",
        "text": str(item.text),
        "options": options,
        "chosen": answers.get(item.code, ""),
        "error": _("Answer this item.") if item.code in wrong else "",
    }


def running(instrument: Instrument, answers: Mapping[str, str]) -> dict[str, Any]:
    """How far the form is, and the score of what is answered."""
    done, total, result = so_far(instrument, answers)
    return {
        "done": done,
        "total": total,
        "score": result.score if result else None,
        "grade": Grade(result.grade).label if result else "",
    }


def context_of(
    assessment: GuardianshipAssessment, previous: GuardianshipAssessment | None, today: dt.date
) -> dict[str, Any]:
    """Everything one assessment's page shows, read by the definition it was made with."""
    instrument = _definition(assessment)
    items = instrument.items() if instrument else {}
    parts = assessment.parts
    scores: dict[str, Any] = {}
    if previous is not None:
        _collect(previous.parts.get("areas", ()), scores)
    return {
        "assessment": assessment,
        "child": assessment.child,
        "today": today,
        "title": Grade(assessment.grade).label,
        "effect": effect_of(assessment),
        "facts": [
            {"label": _("Score"), "value": f"{assessment.score} / 100", "number": True},
            {"label": _("Assessed on"), "value": assessment.assessed_date.isoformat(), "number": True},
            {"label": _("Assessed by"), "value": assessment.assessed_by or ""},
            {
                "label": _("Instrument"),
                "value": str(instrument.name) if instrument else assessment.instrument,
            },
            {"label": _("Note"), "value": assessment.note, "wide": True},
        ],
        "rows": list(_rows(parts.get("areas", ()), scores, instrument)),
        "drivers": [
            {
                "text": items[one["item"]].text if one["item"] in items else one["item"],
                "answer": _option_text(items.get(one["item"]), one["answer"]),
                "lost": one["lost"],
            }
            for one in parts.get("drivers", ())
        ],
        "knocked": [str(items[code].text) if code in items else code for code in parts.get("knocked", ())],
        "by_score": Grade(parts["by_score"]).label if parts.get("by_score") in Grade.values else "",
        "previous": previous,
        "changed": _changed(assessment, previous, instrument),
        "sections": form_sections(instrument, assessment.answers, frozenset()) if instrument else [],
        "answered": [
            {
                "question": item.text,
                "answer": _option_text(item, assessment.answers[code]),
                "yes": (found := item.option(assessment.answers[code])) is not None and found.points == 0,
            }
            for code, item in items.items()
            if code in assessment.answers
        ],
        "pdf_url": address("cases:assessment_pdf", assessment.pk),
        "colours": colours_of(assessment),
    }


def effect_of(assessment: GuardianshipAssessment) -> str:
    """What the assessment did to the colour, in words."""
    words = {
        "before": _level(assessment.risk_before),
        "floor": _level(assessment.risk_floor),
        "after": _level(assessment.risk_after),
    }
    match assessment.state:
        case AssessmentState.PROPOSED:
            text = _("The colour is %(before)s. This grade would allow %(floor)s: the supervisor decides.")
        case AssessmentState.LOWERED:
            text = _("The supervisor lowered the colour from %(before)s to %(after)s.")
        case AssessmentState.HELD:
            text = _("The supervisor left the colour %(before)s, though this grade would allow %(floor)s.")
        case AssessmentState.SUPERSEDED:
            text = _("A later assessment was made before the colour was decided on.")
        case _ if assessment.risk_after != assessment.risk_before:
            text = _("The colour was raised from %(before)s to %(after)s at once.")
        case _:
            text = _("The colour stayed %(before)s.")
    return text % words if assessment.risk_before else ""


def colours_of(assessment: GuardianshipAssessment) -> list[tuple[str, str, str]]:
    """The colours that may be chosen when lowering: better than the present one, as far as the grade allows."""
    if assessment.state != AssessmentState.PROPOSED:
        return []
    floor, before = RiskLevel(assessment.risk_floor), RiskLevel(assessment.risk_before)
    return [
        (level.value, "", level.value)
        for level in reversed(RiskLevel)
        if before.is_worse_than(level) and not floor.is_worse_than(level)
    ]


def row_of(assessment: GuardianshipAssessment) -> dict[str, Any]:
    """An assessment in the child's tab, newest first."""
    return {
        "url": reverse("cases:assessment", args=[assessment.pk]),
        "title": assessment.get_grade_display(),
        "score": assessment.score,
        "date": assessment.assessed_date,
        "who": assessment.assessed_by,
        "level": assessment.risk_floor,
        "effect": effect_of(assessment),
    }


def due_row(child: Child) -> dict[str, Any]:
    """A child whose guardian is to be assessed."""
    last = child.assessed  # type: ignore[attr-defined]
    return {
        "title": child.name,
        "url": reverse("cases:child_section", args=[child.pk, "guardianship"]),
        "level": child.risk,
        "lines": [
            child.get_primary_category_display(),
            f"{child.township} {child.village}".strip(),  # type: ignore[attr-defined]
            _("Last assessed %(day)s") % {"day": last.isoformat()} if last else _("Never assessed"),
        ],
    }


def proposed_row(assessment: GuardianshipAssessment) -> dict[str, Any]:
    """A proposal that waits for a decision."""
    return {
        "title": assessment.child.name,
        "url": reverse("cases:assessment", args=[assessment.pk]),
        "level": assessment.risk_before,
        "lines": [
            f"{assessment.get_grade_display()} · {assessment.score} · {assessment.assessed_date.isoformat()}",
            effect_of(assessment),
        ],
    }


def _level(code: str) -> str:
    return str(RiskLevel(code).label) if code else ""


def _definition(assessment: GuardianshipAssessment) -> Instrument | None:
    """The definition as it was kept; None when a later program no longer reads it."""
    try:
        return read_instrument(assessment.definition)
    except InstrumentError:
        return None


def _option_text(item: Item | None, code: str) -> str:
    if code == NOT_APPLICABLE:
        return _("Not applicable")
    found = item.option(code) if item else None
    return str(found.text) if found else code


def _collect(parts: Any, into: dict[str, Any]) -> None:
    for one in parts:
        into[one["code"]] = one["score"]
        _collect(one.get("below", ()), into)


def _rows(parts: Any, before: Mapping[str, Any], instrument: Instrument | None, depth: int = 0) -> Any:
    names = _names(instrument)
    for one in parts:
        yield {
            "depth": depth,
            "name": names.get(one["code"], one["name"]),
            "weight": one["weight"],
            "score": one["score"],
            "before": before.get(one["code"]),
        }
        if depth < 1:
            yield from _rows(one.get("below", ()), before, instrument, depth + 1)


def _names(instrument: Instrument | None) -> dict[str, str]:
    if instrument is None:
        return {}
    found: dict[str, str] = {}
    heads = list(instrument.areas)
    while heads:
        head = heads.pop()
        found[head.code] = str(head.name)
        heads += [one for one in head.below if isinstance(one, Heading)]
    return found


def _changed(
    assessment: GuardianshipAssessment,
    previous: GuardianshipAssessment | None,
    instrument: Instrument | None,
) -> list[dict[str, Any]]:
    if previous is None or instrument is None:
        return []
    return [
        {
            "text": item.text,
            "before": _option_text(item, before),
            "now": _option_text(item, now),
            "difference": difference,
        }
        for item, before, now, difference in changes(assessment.answers, previous.answers, instrument)
    ]
