"""Visits (走访): every write. A visit is drafted, submitted, reviewed; what it changes on the child is
written here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cases import colours
from cases.casework import services as case_services
from cases.casework.selectors import people_for
from cases.checks import marks
from cases.checks.draws import draw_checks
from cases.defects import services as defects
from cases.enums import RiskLevel
from cases.field.enums import VisitSource
from cases.field.same_day import same_day_visits
from cases.models import Child, Visit, VisitPhoto, VisitStack, VisitTask
from cases.notes.services import tell_returned, tell_same_day
from cases.questions.choice import definition
from cases.questions.concern import concern_of_visit
from cases.questions.definition import FIRST_FORM, FormRef
from cases.visits.enums import MET_NOBODY, VisitKind, VisitState
from cases.visits.photos import add_photos
from cases.visits.pictures import Photo
from cases.visits.refusals import FileGone, HasLeft, VisitRefused
from cases.visits.requests import close_tasks
from cases.visits.rules import next_due
from cases.visits.selectors import intervals_for
from cases.visits.sendings import Sending
from cases.workflows import FIELD
from staff.models import User
from staff.workflow import Actor, perform

UUID_TAKEN = "cases_visit_uuid_key"
EDITABLE = (VisitState.DRAFT, VisitState.RETURNED)
# States in which a visit speaks for the child's present situation.
COUNTS = (VisitState.SUBMITTED, VisitState.APPROVED, VisitState.ESCALATED)


@dataclass(frozen=True)
class VisitData:
    """What a visitor reports on the form ``form``. ``problems`` is a flat sequence of codes; ``answers`` holds what
    each question was answered: true or false, a code, codes, a number, words, a day (2026-10-31).
    """

    kind: str
    visited_at: dt.datetime
    risk: str
    people_met: Sequence[str] = ()
    answers: dict[str, Any] = field(default_factory=dict)
    problems: Sequence[str] = ()
    text: str = ""
    next_visit_date: dt.date | None = None
    form: FormRef = FIRST_FORM

    def fields(self) -> dict[str, object]:
        """Model fields of Visit. ValueError for a code that neither the form nor the register knows."""
        asked = definition(self.form.code, self.form.version)
        return {
            "kind": VisitKind(self.kind).value,
            "visited_at": self.visited_at,
            "risk": RiskLevel(self.risk).value,
            "people_met": list(self.people_met),
            "answers": dict(self.answers),
            "problems": asked.grouped(self.problems, self.answers),
            "text": self.text,
            "next_visit_date": self.next_visit_date,
            "form_code": self.form.code,
            "form_version": self.form.version,
        }


def basis_of(visit: Visit | None) -> str:
    """Names the version that an edit starts from, so that a late repetition of an older edit changes nothing.

    Empty for a new visit; otherwise the time of the last submission, or ``draft``.
    """
    if visit is None:
        return ""
    return visit.submitted_at.isoformat() if visit.submitted_at else "draft"


def save_draft(
    *,
    actor: Actor,
    at: dt.datetime,
    uuid: UUID,
    child: Child,
    data: VisitData,
    photos: Sequence[Photo] = (),
    basis: str = "",
    drop: Iterable[int] = (),
) -> Visit:
    """Keep an unfinished visit on the server: a draft of one's own, or the changes to a returned one.

    VisitRefused when the visit is another person's or has been submitted meanwhile.
    """
    visit, changed = _write(actor, at, uuid, child, data, photos, basis or "draft", drop, submit=False)
    if not changed:
        raise VisitRefused(_("This visit has been submitted already."))
    return visit


def create_visit(
    *,
    actor: Actor,
    at: dt.datetime,
    uuid: UUID,
    child: Child,
    data: VisitData,
    photos: Sequence[Photo] = (),
    basis: str = "",
    drop: Iterable[int] = (),
    source: str = VisitSource.PAGE,
    conducted_by: User | None = None,
    stack: VisitStack | None = None,
    sending: Sending | None = None,
) -> tuple[Visit, bool]:
    """Record and submit a visit; returns it and whether this call did so.

    The client makes ``uuid``. Sending the same again, also at the same moment, returns the visit that is
    there and changes nothing. A draft or returned visit is changed and submitted when ``basis`` names its
    present version. ``drop`` are ids of VisitPhoto to remove. A visit copied from paper (``source``, ``stack``) may
    have been made by another person (``conducted_by``); whoever copies it stands in ``entered_by``. VisitRefused when
    the uuid belongs to another visit, the child had left before the visit, or the actor's or the visitor's post does
    not visit there. A ``sending`` that was taken in before changes nothing.
    """
    origin = {"source": source, "stack": stack, "conducted_by_id": actor.user_id}
    if source == VisitSource.PAPER:
        visitor = _visitor(actor, conducted_by, child, timezone.localdate(data.visited_at))
        origin |= {"conducted_by_id": visitor, "entered_by_id": actor.user_id}
    return _write(
        actor, at, uuid, child, data, photos, basis, drop, submit=True, origin=origin, sending=sending
    )


def submit_visit(*, actor: Actor, at: dt.datetime, visit: Visit) -> Visit:
    """Hand a draft or a returned visit to the supervisor. A worse risk colour takes effect at once
    (rules.md 4.1).
    """
    with transaction.atomic():
        return _submit(actor, at, visit, _lock(visit.child_id))


def review_visit(
    *,
    actor: Actor,
    at: dt.datetime,
    visit: Visit,
    decision: str,
    reason_code: str = "",
    reason: str = "",
    level: str = "",
    title: str = "",
    to_county: bool = False,
) -> Visit:
    """The supervisor's decision: ``approve``, ``return`` (coded reason and words) or ``escalate``.

    ``escalate`` opens a case of ``level`` with ``reason`` as its situation; ``to_county`` hands it up at
    once. Approving is what lets a better risk colour take effect. A visit that met nobody leaves the child's next visit,
    colour and open requests as they are. TransitionRefused when the visit is one's
    own or no longer waits.
    """
    if decision not in ("approve", "return", "escalate"):
        raise VisitRefused(_("Choose what to do with the visit."))
    with transaction.atomic():
        child = _lock(visit.child_id)
        visit = perform(visit, decision, at=at, actor=actor, reason_code=reason_code, reason=reason)
        if decision == "return":
            tell_returned(visit, actor=actor, at=at, reason=reason)
            return visit
        draw_checks([visit], at=at)
        if visit.people_met != MET_NOBODY:
            if child.left_date is None:
                _count_for_child(child, visit, at, actor, approved=decision == "approve")
            close_tasks(visit, at)
        if decision == "escalate":
            case = case_services.open_case(
                actor=actor, at=at, child=child, title=title, level=level, summary=reason, visit=visit
            )
            if to_county:
                case_services.change_case(actor=actor, at=at, case=case, name="escalate", reason=reason)
    return visit


def is_written_by(visit: Visit, actor: Actor) -> bool:
    """Whether the actor made the visit or copied it from paper: the ones who may change it, and not review it."""
    return actor.user_id in (visit.conducted_by_id, visit.entered_by_id)


def add_task(*, actor: Actor, at: dt.datetime, child: Child, due_date: dt.date, reason: str) -> VisitTask:
    """Ask for a visit beside the regular interval. The child's next visit moves forward to ``due_date``,
    never back.
    """
    with transaction.atomic():
        child = _lock(child.pk)
        task = VisitTask.objects.create(
            child=child,
            region_id=child.region_id,
            due_date=due_date,
            reason=reason,
            asked_by_id=actor.user_id or None,
            asked_at=at,
        )
        if child.next_visit_date is None or due_date < child.next_visit_date:
            child.next_visit_date = due_date
            child.save(update_fields=["next_visit_date", "updated_at"])
    return task


# --- Steps ----------------------------------------------------------------------------------------------


def _submit(actor: Actor, at: dt.datetime, visit: Visit, child: Child) -> Visit:
    """Within the transaction that has locked the child."""
    found = {"submitted_at": at, "risk_before": child.risk, "concern": concern_of_visit(visit)}
    visit = perform(visit, "submit", at=at, actor=actor, fields=found)
    visit.child = child
    marks.look_at(visit, at=at)
    tell_same_day(visit, same_day_visits(visit), at=at)
    if child.left_date is not None:  # written down after the child left: it says how things were
        return visit
    defects.open_from_visit(visit, at=at)
    if RiskLevel(visit.risk).is_worse_than(RiskLevel(child.risk)) and _is_latest(visit):
        due = _next_due(visit, RiskLevel(visit.risk), at)
        child.next_visit_date = min(child.next_visit_date or due, due)
        child.risk, child.risk_since = visit.risk, _day(visit)
        child.save(update_fields=["risk", "risk_since", "next_visit_date", "updated_at"])
    return visit


def _write(
    actor: Actor,
    at: dt.datetime,
    uuid: UUID,
    child: Child,
    data: VisitData,
    photos: Sequence[Photo],
    basis: str,
    drop: Iterable[int],
    *,
    submit: bool,
    origin: Mapping[str, object] | None = None,
    sending: Sending | None = None,
) -> tuple[Visit, bool]:
    if actor.role not in FIELD:
        raise VisitRefused(_("Your post does not have this duty."))
    child = _standing(child)
    if child.left_date is not None and timezone.localdate(data.visited_at) > child.left_date:
        raise HasLeft(_("This child has left the register."))
    visit = _existing(uuid, child, actor)
    if visit is None:
        try:
            with transaction.atomic():
                visit = Visit.objects.create(
                    uuid=uuid,
                    child=child,
                    region_id=child.region_id,
                    risk_before=child.risk,
                    **{"conducted_by_id": actor.user_id}
                    | dict(origin or {})
                    | data.fields()
                    | (sending.fields(Visit()) if sending else {}),
                )
                add_photos(visit, photos, at)
                return (_submit(actor, at, visit, child) if submit else visit), True
        except IntegrityError as error:
            if UUID_TAKEN not in str(error):
                raise
            # The same submission arrived twice at one moment: the other one has been committed meanwhile.
            visit = _existing(uuid, child, actor)
            if visit is None:
                raise VisitRefused(
                    _("This visit cannot be recorded under this number. Start a new one.")
                ) from error
    with transaction.atomic():
        child = _lock(child.pk)  # the child before the visit, as a review does
        visit = Visit.objects.select_for_update(of=("self",)).get(pk=visit.pk)
        if visit.state not in EDITABLE or basis_of(visit) != basis:
            return visit, False
        VisitPhoto.objects.filter(visit=visit, pk__in=list(drop)).delete()
        changes = data.fields() | (sending.fields(visit) if sending else {})
        for name, value in changes.items():
            setattr(visit, name, value)
        visit.save(update_fields=list(changes))
        add_photos(visit, photos, at)
        return (_submit(actor, at, visit, child) if submit else visit), True


def _existing(uuid: UUID, child: Child, actor: Actor) -> Visit | None:
    visit = Visit.objects.filter(uuid=uuid).first()
    if visit is not None and (visit.child_id != child.pk or not is_written_by(visit, actor)):
        raise VisitRefused(_("This visit cannot be recorded under this number. Start a new one."))
    return visit


def _visitor(actor: Actor, person: User | None, child: Child, day: dt.date) -> int:
    """Who made a visit that another person copies from paper: somebody whose post visited the child's village that day."""
    if person is None or person.pk == actor.user_id:
        return actor.user_id
    if any(one.user_id == person.pk and one.role in FIELD for one in people_for(child.region_id, day)):
        return person.pk
    raise VisitRefused(
        _("%(person)s held no post that visits this village on that day.") % {"person": person.name}
    )


def _standing(child: Child) -> Child:
    """The child as it is now, locked: whoever merges the file has finished, or waits for this visit. A visit that was
    written for a file merged meanwhile belongs to the kept one."""
    found = _lock(child.pk)
    while found.merged_into_id is not None:
        found = _lock(found.merged_into_id)
    return found


def _lock(child_id: int) -> Child:
    child = Child.objects.select_for_update(of=("self",)).filter(pk=child_id).first()
    if child is None:
        raise FileGone(_("The record is no longer in your area."))
    return child


def _is_latest(visit: Visit) -> bool:
    """Whether no later visit of the child speaks for its present situation."""
    later = Visit.objects.filter(child_id=visit.child_id, state__in=COUNTS, visited_at__gt=visit.visited_at)
    return not later.exclude(people_met=MET_NOBODY).exists()


def _day(visit: Visit) -> dt.date:
    return timezone.localdate(visit.visited_at)


def _next_due(visit: Visit, risk: RiskLevel, at: dt.datetime) -> dt.date:
    intervals = intervals_for(visit.region_id, timezone.localdate(at))
    return next_due(_day(visit), risk, intervals, visit.next_visit_date)


def _count_for_child(child: Child, visit: Visit, at: dt.datetime, actor: Actor, *, approved: bool) -> None:
    """Last visit, colour and next visit, as a reviewed visit leaves them. An older visit changes only what
    is older.
    """
    day, ground = _day(visit), ""
    child.last_visit_date = max(child.last_visit_date or day, day)
    if _is_latest(visit):
        # A visit that became a case never lowers the colour: the case will.
        risk, ground = colours.after_review(child, visit, at=at, actor=actor, approved=approved)
        if child.risk != risk:
            # A worse colour since the visit, a better one since it was approved.
            child.risk, child.risk_since = risk, timezone.localdate(at) if ground else day
        child.next_visit_date = _next_due(visit, risk, at)
    with colours.resting_on(ground):
        child.save(update_fields=["last_visit_date", "risk", "risk_since", "next_visit_date", "updated_at"])
