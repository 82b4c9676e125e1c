"""The colour in force: it becomes worse at once, and better only on a ground (rules.md 4.1; docs/visits.md).

The ground is an assessment of the guardian whose grade allows the better colour and that another person than the
assessor decided on: on the assessment itself, or by approving a visit that proposes the better colour. An assessment
counts when it judged the colour that is in force now, on or after the day that colour began, is recent
(``assessment_months``) and was not decided on before. A county whose parameter ``downgrade_needs_assessment`` is false
rests on the approved visit alone, though never below what a recent assessment allows. Undoing a merge gives a file
back its own colour. Whatever writes a better colour names its ground, or the database refuses it
(:mod:`cases.models.risk_triggers`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from cases import ages
from cases.circumstances.enums import AssessmentState
from cases.enums import RiskLevel
from cases.field.enums import NoteKind, TaskKind
from cases.models import Child, GuardianshipAssessment, Visit, VisitTask
from cases.models.risk_triggers import SETTING
from cases.notes.services import send_note
from cases.visits.enums import VisitState
from cases.visits.rules import effective_risk
from cases.visits.selectors import intervals_for
from staff import parameters
from staff.workflow import Actor, perform

RULE = "downgrade_needs_assessment"


@contextmanager
def resting_on(ground: str) -> Iterator[None]:
    """Everything inside may write the better colour that ``ground`` allows: ``assessment:<id>``, ``visit:<id>``,
    ``merge:<id>``; empty for none."""
    if not ground:
        yield
        return
    _name(ground)
    yield
    _name("")  # not after an error: the transaction is gone then, and the name with it


def _name(ground: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config(%s, %s, true)", [SETTING, ground])


def ground_of(found: GuardianshipAssessment) -> str:
    """The ground that an assessment is."""
    return f"assessment:{found.pk}"


# --- What an assessment allows ----------------------------------------------------------------------------------


def recent_since(region_id: int, on: dt.date) -> dt.date:
    """An assessment after this day is recent (parameter ``assessment_months``). One query."""
    return ages.add_months(on, -int(parameters.value(region_id, "assessment_months", on)))


def floor_of(child: Child, on: dt.date) -> RiskLevel | None:
    """The best colour that the child's last assessment allows, while it is recent; None without one. Two queries."""
    since = recent_since(child.region_id, on)
    last = (
        GuardianshipAssessment.objects.filter(child=child, assessed_date__gt=since, assessed_date__lte=on)
        .order_by("-assessed_date", "-pk")
        .only("risk_floor")
        .first()
    )
    return RiskLevel(last.risk_floor) if last and last.risk_floor else None


def judges_present(assessment: GuardianshipAssessment, child: Child) -> bool:
    """Whether the assessment judged the colour that is in force now, and not one before it."""
    began = child.risk_since is None or assessment.assessed_date >= child.risk_since
    return assessment.risk_before == child.risk and began


def counts(assessment: GuardianshipAssessment, child: Child, since: dt.date) -> bool:
    """Whether a better colour may rest on the assessment; ``since`` as ``recent_since`` gives it."""
    waiting = assessment.state == AssessmentState.PROPOSED
    return waiting and assessment.assessed_date > since and judges_present(assessment, child)


def visit_carries(visit: Visit, child: Child, on: dt.date) -> bool:
    """Whether a better colour may rest on the approval of a visit on a day: the colour became no worse since it was handed
    in, and had begun by then. That no later visit speaks for the child, the caller has seen."""
    worse_since = RiskLevel(child.risk).is_worse_than(RiskLevel(visit.risk_before))
    return not worse_since and (child.risk_since is None or on >= child.risk_since)


# --- What a reviewed visit does -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outlook:
    """What approving a visit that proposes a better colour would do. ``assessment`` is what it would rest on; where the
    ``rule`` asks for none, whether the visit itself ``carries`` it."""

    rule: bool
    carries: bool
    assessment: GuardianshipAssessment | None = None
    own: bool = False

    @property
    def words(self) -> str:
        """For the reviewer."""
        if not self.rule and not self.carries:
            return _("The colour became worse after this visit was handed in: approving leaves it.")
        if not self.rule:
            return _("A better colour takes effect with the supervisor's approval only.")
        if self.assessment is None:
            return _(
                "There is no assessment of the guardian since the present colour began: approving leaves the colour, and "
                "asks the director for one."
            )
        if self.own:
            return _(
                "You made the assessment yourself: approving leaves the colour. The county decides on it."
            )
        return _("The assessment of %(day)s allows %(floor)s: approving lowers the colour.") % {
            "day": self.assessment.assessed_date.isoformat(),
            "floor": self.assessment.get_risk_floor_display(),
        }


def outlook_of(visits: Iterable[Visit], *, actor: Actor, on: dt.date) -> dict[int, Outlook]:
    """Visit → what approving it would do, of those that await review and propose a better colour than the one in force.

    The visits have their child loaded. Three queries however many visits; none when none proposes better.
    """
    better = [
        visit
        for visit in visits
        if visit.state == VisitState.SUBMITTED
        and RiskLevel(visit.child.risk).is_worse_than(RiskLevel(visit.risk))
    ]
    if not better:
        return {}
    region = better[0].region_id
    rule = bool(parameters.value(region, RULE, on))
    proposals = _proposals({visit.child_id: visit.child for visit in better}, recent_since(region, on))
    return {
        visit.pk: Outlook(
            rule, visit_carries(visit, visit.child, on), found, found is not None and _own(found, actor)
        )
        for visit in better
        for found in [proposals.get(visit.child_id)]
    }


def _proposals(children: dict[int, Child], since: dt.date) -> dict[int, GuardianshipAssessment]:
    waiting = GuardianshipAssessment.objects.filter(
        child_id__in=list(children), state=AssessmentState.PROPOSED
    ).defer("definition", "answers", "parts")
    return {one.child_id: one for one in waiting if counts(one, children[one.child_id], since)}


def _own(assessment: GuardianshipAssessment, actor: Actor) -> bool:
    return assessment.assessed_by_id == (actor.user_id or None)


def after_review(
    child: Child, visit: Visit, *, at: dt.datetime, actor: Actor, approved: bool
) -> tuple[RiskLevel, str]:
    """The colour that a reviewed visit leaves, and the ground it rests on (empty unless it becomes better).

    An assessment that allows a better colour is decided on with it. Without one the colour stays, and the director is
    asked for an assessment. ``child`` is locked.
    """
    on = timezone.localdate(at)
    present, proposed = RiskLevel(child.risk), RiskLevel(visit.risk)
    if not (approved and present.is_worse_than(proposed)):
        return effective_risk(present, proposed), ""
    if not parameters.value(child.region_id, RULE, on):
        if not visit_carries(visit, child, on):
            return present, ""
        risk = effective_risk(present, proposed, floor_of(child, on) or RiskLevel.GREEN)
        return risk, f"visit:{visit.pk}" if present.is_worse_than(risk) else ""
    found = _proposals({child.pk: child}, recent_since(child.region_id, on)).get(child.pk)
    if found is None:
        ask_for_assessment(child, visit, at=at, actor=actor)
        return present, ""
    if _own(found, actor):
        return present, ""
    risk = effective_risk(present, proposed, RiskLevel(found.risk_floor))
    words = _("With the visit of %(day)s") % {"day": timezone.localdate(visit.visited_at).isoformat()}
    perform(found, "lower", at=at, actor=actor, reason=words, fields={"risk_after": risk.value})
    return risk, ground_of(found)


def ask_for_assessment(child: Child, visit: Visit, *, at: dt.datetime, actor: Actor) -> None:
    """A task in the child's village, once, and a note to whoever made the visit."""
    day = timezone.localdate(at)
    if not VisitTask.objects.filter(child=child, kind=TaskKind.ASSESS, done_at=None).exists():
        VisitTask.objects.create(
            child=child,
            region_id=child.region_id,
            kind=TaskKind.ASSESS,
            due_date=day + dt.timedelta(days=intervals_for(child.region_id, day)[RiskLevel(child.risk)]),
            reason=_("Assess the guardian: a visit proposes %(colour)s")
            % {"colour": visit.get_risk_display()},
            asked_by_id=actor.user_id or None,
            asked_at=at,
        )
    send_note(
        actor=actor,
        at=at,
        recipient=visit.conducted_by_id,
        kind=NoteKind.REMINDER,
        subject=f"assess-{visit.pk}",
        child=child,
        visit=visit,
        text=_("The visit is approved, the colour stays %(colour)s: a better one needs an assessment of the guardian.")
        % {"colour": child.get_risk_display()},
    )  # fmt: skip
