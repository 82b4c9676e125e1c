"""Quiet visits, approved together: which they are, what approving does, and doing it in a bounded number of statements."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import Exists, Max, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.checks.draws import draw_checks
from cases.desk.sources import Reader
from cases.enums import RiskLevel
from cases.field.enums import SpotCheckState
from cases.models import Child, SpotCheck, Visit, VisitMark, VisitTask
from cases.questions.concern import concern_of_visit
from cases.visits.enums import MET_NOBODY, PersonMet, VisitState
from cases.visits.pages import place
from cases.visits.requests import close_tasks
from cases.visits.rules import next_due
from cases.visits.selectors import intervals_for
from cases.visits.services import COUNTS, is_written_by
from staff.templatetags.look import moment
from staff.workflow import Actor, perform_many

MOST = 200
CALLED = (SpotCheckState.DRAWN, SpotCheckState.UNREACHED)


def _marked() -> Exists:
    """Whether a visit bears a mark that nobody has looked at."""
    return Exists(VisitMark.objects.filter(visit=OuterRef("pk"), looked_at=None))


def _drawn() -> Exists:
    """Whether a call about a visit is still to be made."""
    return Exists(SpotCheck.objects.filter(visit=OuterRef("pk"), state__in=CALLED))


def quiet_visits(user_id: int) -> QuerySet[Visit]:
    """Submitted visits of others that met somebody, found nothing, and about which nothing is open, oldest first."""
    found = Visit.objects.filter(
        ~_marked(),
        ~_drawn(),
        state=VisitState.SUBMITTED,
        risk=RiskLevel.GREEN,
        risk_before=RiskLevel.GREEN,
        child__risk=RiskLevel.GREEN,
        child__left_date=None,
        concern="",
        problems={},
        photos_awaited=[],
    )
    return found.exclude(
        Q(people_met=MET_NOBODY)
        | Q(conducted_by_id=user_id)
        | Q(entered_by_id=user_id, entered_by__isnull=False)
    ).order_by("submitted_at", "pk")


def any_quiet(reader: Reader) -> bool:
    """Whether there may be one: asked of columns alone. One query."""
    return quiet_visits(reader.actor.user_id).exists()


def why_not(visit: Visit, actor: Actor) -> str:
    """Why a visit annotated with ``marked`` and ``drawn`` is not approved with others; empty when it is."""
    if visit.state != VisitState.SUBMITTED:
        return _("It no longer waits for review: %(state)s.") % {"state": visit.get_state_display()}
    if is_written_by(visit, actor):
        return _("Another person reviews what you wrote yourself.")
    if visit.child.left_date is not None:
        return _("This child has left the register.")
    if not visit.risk == visit.risk_before == visit.child.risk == RiskLevel.GREEN:
        return _("The colour is not green before and after: review it by itself.")
    # Asked of the answers themselves: the concern of a visit from before there was one is empty.
    if visit.concern or visit.problems or concern_of_visit(visit):
        return _("Something was found: review it by itself.")
    if visit.people_met == MET_NOBODY:
        return _("Nobody was met: review it by itself.")
    if visit.photos_awaited:
        return _("Photos are still on their way.")
    if visit.marked:  # type: ignore[attr-defined]
        return _("It bears a mark: look at it by itself.")
    if visit.drawn:  # type: ignore[attr-defined]
        return _("It was drawn for a call, which comes first.")
    return ""


# --- The preview ----------------------------------------------------------------------------------------------


def preview(reader: Reader) -> dict[str, Any]:
    """At most MOST quiet visits as rows, each with what approving it will do. Five queries."""
    found = quiet_visits(reader.actor.user_id).select_related("child", "region__parent", "conducted_by")
    waiting = list(found.prefetch_related("photos")[: MOST + 1])
    # Of visits from before there was a concern the answers say it.
    listed = [visit for visit in waiting[:MOST] if not concern_of_visit(visit)]
    latest = _latest(visit.child_id for visit in listed)
    asked = VisitTask.objects.filter(child_id__in=latest, done_at=None, kind="visit")
    tasks = {child for child, since in asked.values_list("child_id", "asked_at")}
    rows = []
    for visit in listed:
        effects = []
        if visit.visited_at >= latest[visit.child_id]:
            due = next_due(
                timezone.localdate(visit.visited_at), RiskLevel.GREEN, reader.intervals, visit.next_visit_date
            )
            effects.append(_("next visit %(day)s") % {"day": due.isoformat()})
        else:
            effects.append(_("a later visit decides when the next one is due"))
        if visit.child_id in tasks:
            effects.append(_("the visit that was asked for is made"))
        rows.append(
            {
                "pk": visit.pk,
                "name": visit.child.name,
                "url": reverse("cases:work_item", args=["visits", visit.pk]),
                "place": place(visit),
                "when": moment(visit.visited_at),
                "kind": visit.get_kind_display(),
                "met": _(", ").join(str(PersonMet(code).label) for code in visit.people_met),
                "person": str(visit.conducted_by),
                "text": visit.text,
                "photos": len(visit.photos.all()),
                "effect": _(", ").join(effects),
            }
        )
    return {"rows": rows, "more": len(waiting) > MOST, "most": MOST}


def _latest(children: Iterable[int]) -> dict[int, dt.datetime]:
    """Child → the time of the last visit that speaks for its present situation. One query."""
    rows = Visit.objects.filter(child_id__in=set(children), state__in=COUNTS).exclude(people_met=MET_NOBODY)
    return dict(rows.order_by().values_list("child_id").annotate(Max("visited_at")))


# --- Approving ------------------------------------------------------------------------------------------------


@dataclass
class Outcome:
    """What became of the chosen ones: approved, or left out with the reason."""

    approved: list[Visit] = field(default_factory=list)
    left_out: list[tuple[Visit, str]] = field(default_factory=list)


def approve_together(ids: Iterable[int], *, actor: Actor, at: dt.datetime) -> Outcome:
    """Approve the quiet ones of these visits. A bounded number of statements, however many (at most MOST).

    Children are locked before visits, as every other step of a visit does, so that nothing is decided between looking
    and approving; whatever somebody else decided first is left out and named. TransitionRefused without the duty.
    """
    wanted = sorted(set(ids))[:MOST]
    outcome = Outcome()
    with transaction.atomic():
        children = {
            child.pk: child
            for child in Child.objects.select_for_update(of=("self",))
            .filter(pk__in=Visit.objects.filter(pk__in=wanted).values("child_id"))
            .order_by("pk")
        }
        found = Visit.objects.filter(pk__in=wanted, child_id__in=children)
        found = found.annotate(marked=_marked(), drawn=_drawn())
        visits = list(found.select_related("conducted_by").order_by("visited_at", "pk"))
        for visit in visits:
            visit.child = children[visit.child_id]
        reasons = {visit.pk: why_not(visit, actor) for visit in visits}
        approved = set(
            perform_many(Visit, [pk for pk, why in reasons.items() if not why], "approve", at=at, actor=actor)
        )
        for visit in visits:
            if visit.pk in approved:
                outcome.approved.append(visit)
            else:
                why = reasons[visit.pk] or _("It no longer waits for review.")
                outcome.left_out.append((visit, why))
        if outcome.approved:
            draw_checks(outcome.approved, at=at)
            _settle(outcome.approved, children, at)
    return outcome


def _settle(visits: list[Visit], children: Mapping[int, Child], at: dt.datetime) -> None:
    """Last and next visit of the children, and the visits that had been asked for. The colour stays green."""
    intervals = intervals_for(visits[0].region_id, timezone.localdate(at))
    latest = _latest(visit.child_id for visit in visits)
    for visit in visits:
        child, day = children[visit.child_id], timezone.localdate(visit.visited_at)
        child.last_visit_date = max(child.last_visit_date or day, day)
        if visit.visited_at >= latest[visit.child_id]:
            child.next_visit_date = next_due(day, RiskLevel.GREEN, intervals, visit.next_visit_date)
        child.updated_at = at
    touched = {visit.child_id: children[visit.child_id] for visit in visits}
    Child.objects.bulk_update(touched.values(), ["last_visit_date", "next_visit_date", "updated_at"])
    asked = VisitTask.objects.filter(child_id__in=touched, done_at=None).values_list("child_id", flat=True)
    with_tasks = set(asked)
    for visit in visits:
        if visit.child_id in with_tasks:
            close_tasks(visit, at)
