"""Planning, changing and closing a sweep, and asking for the visits that are missing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.models import Sweep, SweepCoverage, VisitTask
from cases.refusals import REVIEWERS, RegisterRefused, check_duty
from cases.sweeps.selectors import Reach
from cases.visits.requests import ask_for_visits
from staff.models import Region
from staff.scope import current
from staff.workflow import Actor

LONGEST = 120  # days


@dataclass(frozen=True)
class SweepData:
    """What is planned. ``categories`` and ``risks`` are codes; empty means everyone."""

    title: str
    start_date: dt.date
    end_date: dt.date
    document: str = ""
    categories: tuple[str, ...] = ()
    risks: tuple[str, ...] = ()
    form_code: str = ""
    whom: dict[str, list[str]] = field(init=False)

    def __post_init__(self) -> None:
        chosen = {"categories": list(self.categories), "risks": list(self.risks)}
        object.__setattr__(self, "whom", {name: codes for name, codes in chosen.items() if codes})

    def values(self) -> dict[str, Any]:
        """Model fields of Sweep."""
        names = ("title", "document", "start_date", "end_date", "whom", "form_code")
        return {name: getattr(self, name) for name in names}


def plan_sweep(data: SweepData, *, region: Region, at: dt.datetime, actor: Actor | None = None) -> Sweep:
    """Plan a sweep of a county or township. ValidationError by field; RegisterRefused without the duty, outside one's
    area, or when the same one is planned already."""
    actor = actor or Actor.current()
    check_duty(actor, REVIEWERS)
    if not current().covers(region.pk):
        raise RegisterRefused(_("This place is not in your area."))
    _check(data, timezone.localdate(at))
    same = Sweep.objects.filter(
        region=region, start_date=data.start_date, end_date=data.end_date, whom=data.whom, closed_at=None
    )
    if same.exists():
        raise RegisterRefused(_("A sweep of these days and children is planned already."))
    return Sweep.objects.create(region=region, asked_by_id=actor.user_id, asked_at=at, **data.values())


def _check(data: SweepData, today: dt.date) -> None:
    if data.end_date < data.start_date:
        raise ValidationError({"end_date": _("The last day lies before the first day.")})
    if data.end_date < today:
        raise ValidationError({"end_date": _("These days are over.")})
    if (data.end_date - data.start_date).days >= LONGEST:
        raise ValidationError({"end_date": _("A sweep lasts at most %(days)d days.") % {"days": LONGEST}})


def change_sweep(sweep: Sweep, data: SweepData, *, at: dt.datetime, actor: Actor | None = None) -> Sweep:
    """Change what is not closed yet; the first day only before it has begun. Errors as ``plan_sweep``."""
    check_duty(actor or Actor.current(), REVIEWERS)
    today = timezone.localdate(at)
    with transaction.atomic():
        locked = _open(sweep)
        if locked.start_date <= today and data.start_date != locked.start_date:
            raise ValidationError({"start_date": _("The sweep has begun: its first day stays.")})
        _check(data, today)
        for name, value in data.values().items():
            setattr(locked, name, value)
        locked.save(update_fields=list(data.values()))
    return locked


def withdraw_sweep(sweep: Sweep, *, at: dt.datetime, actor: Actor | None = None) -> None:
    """Take back what has not begun yet."""
    check_duty(actor or Actor.current(), REVIEWERS)
    with transaction.atomic():
        locked = _open(sweep)
        if locked.start_date <= timezone.localdate(at):
            raise RegisterRefused(_("The sweep has begun. Close it when its days are over."))
        locked.delete()


def close_sweep(sweep: Sweep, *, at: dt.datetime, actor: Actor | None = None) -> Sweep:
    """Freeze what the sweep reached in each village; from its last day on. What is handed in later changes nothing."""
    actor = actor or Actor.current()
    check_duty(actor, REVIEWERS)
    today = timezone.localdate(at)
    with transaction.atomic():
        locked = _open(sweep)
        if today < locked.end_date:
            raise RegisterRefused(
                _("The sweep lasts until %(day)s. Close it from then on.")
                % {"day": locked.end_date.isoformat()}
            )
        SweepCoverage.objects.bulk_create(
            SweepCoverage(
                sweep=locked,
                region_id=row.region_id,
                children=row.children,
                visited=row.visited,
                found=row.found,
            )
            for row in Reach(locked, today).by_village()
        )
        locked.closed_by_id, locked.closed_at = actor.user_id or None, at
        locked.save(update_fields=["closed_by", "closed_at"])
    return locked


def ask_for_missing(
    sweep: Sweep, *, day: dt.date, at: dt.datetime, place: Region | None = None, actor: Actor | None = None
) -> int:
    """Ask for a visit to each child who is left, once a sweep; returns to how many. Errors as ``ask_for_visits``."""
    actor = actor or Actor.current()
    check_duty(actor, REVIEWERS)
    if sweep.closed_at is not None:
        raise RegisterRefused(_("The sweep is closed."))
    reason = _("Sweep: %(title)s") % {"title": sweep.title}
    asked = VisitTask.objects.filter(child_id=OuterRef("pk"), reason=reason, done_at=None)
    left: Iterable[int] = (
        Reach(sweep, timezone.localdate(at), place)
        .children("left")
        .filter(~Exists(asked))
        .values_list("pk", flat=True)
    )
    return len(ask_for_visits(left, due_date=day, at=at, actor=actor, reason=reason))


def _open(sweep: Sweep) -> Sweep:
    found = Sweep.objects.select_for_update(of=("self",)).filter(pk=sweep.pk).first()
    if found is None:
        raise RegisterRefused(_("This sweep is planned by another office. Ask them."))
    if found.closed_at is not None:
        raise RegisterRefused(_("The sweep is closed."))
    return found
