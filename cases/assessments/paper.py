"""An assessment of guardianship (监护能力评估表) on paper: every item with its answer and points, and how the grade came about."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import override

from cases import identity
from cases.assessments.instruments import NOT_APPLICABLE, Heading, Instrument, Item, read_instrument
from cases.children import selectors
from cases.children.paper import joined
from cases.models import GuardianshipAssessment
from staff.audit import log_access
from staff.models import AccessLog
from staff.paper import Facts, Section, Table, Text, maker, paper_pdf


def make_assessment_paper(assessment: GuardianshipAssessment, *, reason: str, at: dt.datetime) -> bytes:
    """The PDF of one assessment as it was answered, by its own kept definition; the export is logged.

    Raises PaperTooLong.
    """
    instrument = read_instrument(assessment.definition)
    child = assessment.child
    with override("zh-hans"):
        data = paper_pdf(
            str(instrument.name),
            _blocks(assessment, instrument),
            who=maker(),
            why=reason,
            at=at,
            subtitle=joined(child.name, child.number, instrument.document),
        )
    log_access(
        kind=AccessLog.Kind.EXPORT,
        child_id=child.pk,
        region_id=assessment.region_id,
        subject="cases.guardianshipassessment",
        subject_id=assessment.pk,
        reason=reason,
        detail={"what": "assessment_pdf", "sha256": hashlib.sha256(data).hexdigest()},
    )
    return data


def _blocks(assessment: GuardianshipAssessment, instrument: Instrument) -> list[Facts | Section]:
    child, parts = assessment.child, assessment.parts
    scores = dict(_scores(parts.get("areas", [])))
    facts: list[tuple[Any, Any]] = [
        (_("Child"), child.name),
        (_("Identity number"), identity.mask(child.id_number) if child.id_number else _("None")),
        (_("Place"), selectors.place_name(child.region)),
        (_("Assessed on"), assessment.assessed_date),
        (_("Assessed by"), assessment.assessed_by),
        (_("Score"), f"{assessment.score} / 100"),
        (_("Grade"), assessment.get_grade_display()),
        (_("Colour before and after"), _colours(assessment)),
        (_("Standing"), joined(assessment.get_state_display(), assessment.decided_by)),
    ]
    steps = [(step.grade.label, step.start, step.risk.label) for step in instrument.grades]
    blocks: list[Facts | Section] = [
        Facts(facts),
        Section(_("Grades"), [Table([_("Grade"), _("From a score of"), _("Best colour")], steps)]),
    ]
    if knocked := parts.get("knocked"):
        items = instrument.items()
        held = [f"· {items[code].text}" for code in knocked if code in items]
        blocks.append(Section(_("What holds the grade down whatever the score"), [Text("\n".join(held))]))
    for area in instrument.areas:
        heads = [_("Indicator"), _("Item"), _("Weight"), _("Answer"), _("Points")]
        note = _("weight %(weight)s%%") % {"weight": area.weight}
        if scores.get(area.code) is not None:
            note = joined(note, _("score %(score)s") % {"score": scores[area.code]})
        blocks.append(
            Section(str(area.name), [Table(heads, list(_rows(area, assessment.answers)))], note=note)
        )
    if assessment.note:
        blocks.append(Section(_("Note"), [Text(assessment.note)]))
    blocks.append(
        Section(
            _("Signatures"),
            [Facts([(_("Assessor"), "　\n　"), (_("Guardian"), "　\n　"), (_("Checked by"), "　\n　")])],
        )
    )
    return blocks


def _colours(assessment: GuardianshipAssessment) -> str:
    before, after = assessment.get_risk_before_display(), assessment.get_risk_after_display()
    return " → ".join(filter(None, (before, after)))


def _scores(parts: list[dict[str, Any]]) -> Iterator[tuple[str, str | None]]:
    for part in parts:
        yield part["code"], part["score"]
        yield from _scores(part.get("below", []))


def _rows(heading: Heading, answers: Mapping[str, str], path: str = "") -> Iterator[tuple[Any, ...]]:
    """Indicator, item, weight within it, answer, points (empty when it does not apply)."""
    for one in heading.below:
        if isinstance(one, Item):
            answer = answers.get(one.code, "")
            option = one.option(answer)
            said = _("does not apply") if answer == NOT_APPLICABLE else option.text if option else ""
            yield path, one.text, one.weight, said, option.points if option else None
        else:
            yield from _rows(one, answers, joined(path, one.name))
