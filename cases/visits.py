"""Visits (走访): every write. A visit is drafted, submitted, reviewed; what it changes on the child is
written here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cases import case_services, defects
from cases.assessments import not_below_floor
from cases.enums import RiskLevel
from cases.models import Child, Visit, VisitPhoto, VisitTask
from cases.photos import MOST, Photo
from cases.visit_enums import PROBLEMS, Problem, VisitKind, VisitState
from cases.visit_rules import effective_risk, next_due
from cases.visit_selectors import intervals_for
from cases.workflows import FIELD
from staff import files
from staff.models import StoredFile
from staff.workflow import Actor, TransitionRefused, perform

UUID_TAKEN = "cases_visit_uuid_key"
EDITABLE = (VisitState.DRAFT, VisitState.RETURNED)
# States in which a visit speaks for the child's present situation.
COUNTS = (VisitState.SUBMITTED, VisitState.APPROVED, VisitState.ESCALATED)


class VisitRefused(TransitionRefused):
    """The visit cannot be recorded; the message says why, in the user's language."""


@dataclass(frozen=True)
class VisitData:
    """What a visitor reports. ``problems`` is a flat sequence of codes; ``answers`` holds True where the
    answer was 有.
    """

    kind: str
    visited_at: dt.datetime
    risk: str
    people_met: Sequence[str] = ()
    answers: dict[str, bool] = field(default_factory=dict)
    problems: Sequence[str] = ()
    text: str = ""
    next_visit_date: dt.date | None = None

    def fields(self) -> dict[str, object]:
        """Model fields of Visit."""
        chosen = {Problem(code) for code in self.problems}
        by_domain = {
            domain.value: [problem.value for problem in listed if problem in chosen]
            for domain, listed in PROBLEMS.items()
        }
        return {
            "kind": VisitKind(self.kind).value,
            "visited_at": self.visited_at,
            "risk": RiskLevel(self.risk).value,
            "people_met": list(self.people_met),
            "answers": dict(self.answers),
            "problems": {domain: codes for domain, codes in by_domain.items() if codes},
            "text": self.text,
            "next_visit_date": self.next_visit_date,
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
) -> tuple[Visit, bool]:
    """Record and submit a visit; returns it and whether this call did so.

    The client makes ``uuid``. Sending the same again, also at the same moment, returns the visit that is
    there and changes nothing. A draft or returned visit is changed and submitted when ``basis`` names its
    present version. ``drop`` are ids of VisitPhoto to remove. VisitRefused when the uuid belongs to another
    visit, the child has left, or the actor's post does not visit.
    """
    return _write(actor, at, uuid, child, data, photos, basis, drop, submit=True)


def submit_visit(*, actor: Actor, at: dt.datetime, visit: Visit) -> Visit:
    """Hand a draft or a returned visit to the supervisor. A worse risk colour takes effect at once
    (rules.md 4.1).
    """
    with transaction.atomic():
        child = _lock(visit.child_id)
        visit = perform(
            visit, "submit", at=at, actor=actor, fields={"submitted_at": at, "risk_before": child.risk}
        )
        defects.open_from_visit(visit, at=at)
        if _is_latest(visit) and RiskLevel(visit.risk).is_worse_than(RiskLevel(child.risk)):
            due = _next_due(visit, RiskLevel(visit.risk), at)
            child.next_visit_date = min(child.next_visit_date or due, due)
            _set_risk(child, visit.risk, visit)
            child.save(update_fields=["risk", "risk_since", "next_visit_date", "updated_at"])
    return visit


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
    once. Approving is what lets a better risk colour take effect. TransitionRefused when the visit is one's
    own or no longer waits.
    """
    if decision not in ("approve", "return", "escalate"):
        raise VisitRefused(_("Choose what to do with the visit."))
    with transaction.atomic():
        child = _lock(visit.child_id)
        visit = perform(visit, decision, at=at, actor=actor, reason_code=reason_code, reason=reason)
        if decision == "return":
            return visit
        _count_for_child(child, visit, at, approved=decision == "approve")
        _close_tasks(visit, at)
        if decision == "escalate":
            case = case_services.open_case(
                actor=actor, at=at, child=child, title=title, level=level, summary=reason, visit=visit
            )
            if to_county:
                case_services.change_case(actor=actor, at=at, case=case, name="escalate", reason=reason)
    return visit


def approve_many(
    *, actor: Actor, at: dt.datetime, visits: Iterable[Visit]
) -> tuple[list[Visit], list[tuple[Visit, str]]]:
    """Approve quiet visits; returns the approved, and the others with the reason each was left out."""
    approved: list[Visit] = []
    refused: list[tuple[Visit, str]] = []
    for visit in visits:
        if not is_quiet(visit):
            refused.append((visit, _("Something was found: review it by itself.")))
            continue
        try:
            approved.append(review_visit(actor=actor, at=at, visit=visit, decision="approve"))
        except TransitionRefused as why:
            refused.append((visit, str(why)))
    return approved, refused


def is_quiet(visit: Visit) -> bool:
    """Green before and after, nothing found, every question answered 没有: may be approved with others."""
    return (
        visit.risk == visit.risk_before == RiskLevel.GREEN
        and not visit.problems
        and not any(visit.answers.values())
    )


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
) -> tuple[Visit, bool]:
    if actor.role not in FIELD:
        raise VisitRefused(_("Your post does not have this duty."))
    child = _standing(child)
    if child.left_date is not None:
        raise VisitRefused(_("This child has left the register."))
    visit = _existing(uuid, child, actor)
    if visit is None:
        try:
            with transaction.atomic():
                visit = Visit.objects.create(
                    uuid=uuid,
                    child=child,
                    region_id=child.region_id,
                    conducted_by_id=actor.user_id,
                    risk_before=child.risk,
                    **data.fields(),
                )
                _add_photos(visit, photos, at)
                return (submit_visit(actor=actor, at=at, visit=visit) if submit else visit), True
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
        _lock(child.pk)  # the child before the visit, as a review does
        visit = Visit.objects.select_for_update(of=("self",)).get(pk=visit.pk)
        if visit.state not in EDITABLE or basis_of(visit) != basis:
            return visit, False
        for name, value in data.fields().items():
            setattr(visit, name, value)
        visit.save(update_fields=list(data.fields()))
        VisitPhoto.objects.filter(visit=visit, pk__in=list(drop)).delete()
        _add_photos(visit, photos, at)
        return (submit_visit(actor=actor, at=at, visit=visit) if submit else visit), True


def _existing(uuid: UUID, child: Child, actor: Actor) -> Visit | None:
    visit = Visit.objects.filter(uuid=uuid).first()
    if visit is not None and (visit.child_id != child.pk or visit.conducted_by_id != actor.user_id):
        raise VisitRefused(_("This visit cannot be recorded under this number. Start a new one."))
    return visit


def _add_photos(visit: Visit, photos: Sequence[Photo], at: dt.datetime) -> None:
    if not photos:
        return
    positions = list(VisitPhoto.objects.filter(visit=visit).values_list("position", flat=True))
    if len(positions) + len(photos) > MOST:
        raise VisitRefused(_("A visit has at most %(most)d photos.") % {"most": MOST})
    for position, photo in enumerate(photos, max(positions, default=-1) + 1):
        file = files.store(
            photo.data,
            kind=StoredFile.Kind.PHOTO,
            name=photo.name,
            content_type="image/jpeg",
            region_id=visit.region_id,
            child_id=visit.child_id,
            at=at,
        )
        VisitPhoto.objects.create(
            visit=visit, child_id=visit.child_id, region_id=visit.region_id, file=file, position=position
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
        raise VisitRefused(_("The record is no longer in your area."))
    return child


def _is_latest(visit: Visit) -> bool:
    """Whether no later visit of the child speaks for its present situation."""
    return not Visit.objects.filter(
        child_id=visit.child_id, state__in=COUNTS, visited_at__gt=visit.visited_at
    ).exists()


def _day(visit: Visit) -> dt.date:
    return timezone.localdate(visit.visited_at)


def _next_due(visit: Visit, risk: RiskLevel, at: dt.datetime) -> dt.date:
    intervals = intervals_for(visit.region_id, timezone.localdate(at))
    return next_due(_day(visit), risk, intervals, visit.next_visit_date)


def _set_risk(child: Child, risk: str, visit: Visit) -> None:
    if child.risk != risk:
        child.risk, child.risk_since = risk, _day(visit)


def _count_for_child(child: Child, visit: Visit, at: dt.datetime, *, approved: bool) -> None:
    """Last visit, colour and next visit, as a reviewed visit leaves them. An older visit changes only what
    is older.
    """
    day = _day(visit)
    child.last_visit_date = max(child.last_visit_date or day, day)
    if _is_latest(visit):
        # A visit that became a case never lowers the colour: the case will. Nor below what a recent assessment allows.
        risk = effective_risk(RiskLevel(child.risk), RiskLevel(visit.risk), approved=approved)
        if RiskLevel(child.risk).is_worse_than(risk):
            risk = not_below_floor(child, risk, timezone.localdate(at))
        _set_risk(child, risk, visit)
        child.next_visit_date = _next_due(visit, RiskLevel(child.risk), at)
    child.save(update_fields=["last_visit_date", "risk", "risk_since", "next_visit_date", "updated_at"])


def _close_tasks(visit: Visit, at: dt.datetime) -> None:
    """A task is done by the first reviewed visit made after it was asked for."""
    VisitTask.objects.filter(child_id=visit.child_id, done_at=None, asked_at__lte=visit.visited_at).update(
        visit=visit, done_at=at
    )
