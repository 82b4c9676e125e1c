"""Assessments of guardianship: keeping one, and what it does to the child's colour.

A worse colour follows at once; a better one is proposed and decided by the supervisor or the county (rules.md 4.1).
No colour becomes better without one: :mod:`cases.colours` says which assessment counts.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _

from cases import register
from cases.assessments.instruments import Instrument, InstrumentError, instrument_of
from cases.assessments.rules import assess
from cases.circumstances.enums import AssessmentState, Grade
from cases.colours import counts, ground_of, recent_since
from cases.enums import PrimaryCategory, RiskLevel
from cases.field.enums import TaskKind
from cases.models import Child, GuardianshipAssessment, VisitTask
from cases.refusals import FIELD, RegisterRefused, check_duty
from staff.workflow import Actor, perform

# Whose guardian must have been assessed lately, beside every child that is red or yellow.
ASSESSED = (PrimaryCategory.GUARDIANSHIP_LACKING, PrimaryCategory.GUARDIANSHIP_IMPROPER)
ALARMING = (RiskLevel.RED, RiskLevel.YELLOW)


def instrument_for(region_id: int, on: dt.date) -> Instrument:
    """The county's instrument; RegisterRefused with the remedy when its parameter cannot be used."""
    try:
        return instrument_of(region_id, on)
    except InstrumentError as error:
        raise RegisterRefused(
            _(
                "The county's instrument cannot be used: %(why)s Ask the administrator to correct the parameter."
            )
            % {"why": f"{error} "}
        ) from error


def add_assessment(
    child: Child,
    answers: Mapping[str, str],
    *,
    at: dt.datetime,
    assessed_date: dt.date | None = None,
    note: str = "",
    actor: Actor | None = None,
) -> GuardianshipAssessment:
    """Keep an assessment with its definition, and let its grade act on the colour.

    AnswersRefused names items; ValidationError by field; RegisterRefused without the duty, after a later assessment,
    or for a child who has left.
    """
    actor = actor or Actor.current()
    check_duty(actor, FIELD)
    today = timezone.localdate(at)
    day = assessed_date or today
    if day > today:
        raise ValidationError({"assessed_date": _("This day is still to come.")})
    if day < child.birth_date:
        raise ValidationError({"assessed_date": _("This day lies before the child's birth.")})
    instrument = instrument_for(child.region_id, day)
    result = assess(instrument, answers)
    with transaction.atomic():
        locked = Child.objects.select_for_update(of=("self",)).filter(pk=child.pk).first()
        if locked is None or locked.left_date is not None:
            raise RegisterRefused(_("The child has left the register."))
        if GuardianshipAssessment.objects.filter(child=locked, assessed_date__gt=day).exists():
            raise ValidationError({"assessed_date": _("There is a later assessment already.")})
        for former in GuardianshipAssessment.objects.filter(child=locked, state=AssessmentState.PROPOSED):
            perform(former, "supersede", at=at, actor=actor)
        floor, before = instrument.step(result.grade).risk, RiskLevel(locked.risk)
        # One made before the present colour began judged another one.
        began = locked.risk_since is None or day >= locked.risk_since
        proposes = began and before.is_worse_than(floor)
        made = GuardianshipAssessment.objects.create(
            child=locked,
            region_id=locked.region_id,
            instrument=instrument.code,
            definition=dict(instrument.source),
            answers=dict(answers),
            parts=result.as_json(),
            score=result.score,
            grade=result.grade,
            note=note.strip(),
            assessed_date=day,
            assessed_by_id=actor.user_id or None,
            state=AssessmentState.PROPOSED if proposes else AssessmentState.KEPT,
            risk_before=before,
            risk_floor=floor,
            risk_after=floor if floor.is_worse_than(before) else before,
            created_at=at,
        )
        if floor.is_worse_than(before):
            reason = _("Assessment of %(day)s: %(grade)s, %(score)s points") % {
                "day": day.isoformat(),
                "grade": Grade(result.grade).label,
                "score": result.score,
            }
            register.set_risk(locked, floor, at=at, actor=actor, reason=reason)
        VisitTask.objects.filter(child=locked, kind=TaskKind.ASSESS, done_at=None).update(done_at=at)
    return made


def decide(
    assessment: GuardianshipAssessment,
    decision: str,
    *,
    at: dt.datetime,
    risk: str = "",
    reason: str,
    actor: Actor | None = None,
) -> GuardianshipAssessment:
    """Decide on a proposed better colour: ``lower`` to ``risk`` (empty: as far as the grade allows), or ``hold``.

    TransitionRefused for one's own assessment, without words, or when the colour has changed since.
    """
    actor = actor or Actor.current()
    if decision not in ("lower", "hold"):
        raise RegisterRefused(_("Choose what to do."))
    with transaction.atomic():
        child = Child.objects.select_for_update(of=("self",)).filter(pk=assessment.child_id).first()
        if child is None or child.left_date is not None:
            raise RegisterRefused(_("The child has left the register."))
        if decision == "hold":
            return perform(assessment, "hold", at=at, actor=actor, reason=reason)
        floor, before = RiskLevel(assessment.risk_floor), RiskLevel(assessment.risk_before)
        chosen = RiskLevel(risk or floor)
        if child.risk != before:
            raise RegisterRefused(_("The colour has changed since this assessment. Assess again."))
        if assessment.state == AssessmentState.PROPOSED and not counts(
            assessment, child, recent_since(child.region_id, timezone.localdate(at))
        ):
            raise RegisterRefused(
                _("This assessment is too old, or was made before the present colour began. Assess again.")
            )
        if floor.is_worse_than(chosen) or not before.is_worse_than(chosen):
            raise ValidationError(
                {"risk": _("This colour is not between the present one and what the grade allows.")}
            )
        decided = perform(
            assessment, "lower", at=at, actor=actor, reason=reason, fields={"risk_after": chosen.value}
        )
        register.set_risk(child, chosen, at=at, actor=actor, reason=reason, ground=ground_of(decided))
    return decided


def children_due(region_id: int, on: dt.date) -> QuerySet[Child]:
    """Children on the register whose guardian must be assessed and was not lately; ``assessed`` is the last day. One query."""
    made = GuardianshipAssessment.objects.filter(child=OuterRef("pk"))
    return (
        Child.objects.filter(Q(risk__in=ALARMING) | Q(primary_category__in=ASSESSED), left_date__isnull=True)
        .filter(~Exists(made.filter(assessed_date__gt=recent_since(region_id, on))))
        .annotate(assessed=Subquery(made.order_by("-assessed_date", "-pk").values("assessed_date")[:1]))
    )


def is_due(child: Child, last: dt.date | None, on: dt.date) -> bool:
    """Whether ``children_due`` would list the child. One query."""
    asked = child.risk in ALARMING or child.primary_category in ASSESSED
    return asked and child.left_date is None and (last is None or last <= recent_since(child.region_id, on))
