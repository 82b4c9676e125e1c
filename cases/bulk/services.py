"""Bulk actions: a preview of what will change, then all of it in one transaction.

Between preview and confirmation the register may change. Each line of the preview carries a seal of what was
shown; a child whose line would read differently now is left alone, and told.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import override

from cases.bulk.acts import ACTS, Act, Line
from cases.children.filters import Filters
from cases.models import Child
from cases.refusals import REVIEWERS, RegisterRefused, check_duty
from staff import crypto, jobs
from staff.enums import Role
from staff.models import Job
from staff.scope import current, open_scope
from staff.workflow import Actor

MOST = 500  # children at once
AT_ONCE = 100  # more are done by a job
KIND = "children_bulk"


@dataclass(frozen=True)
class Outcome:
    """How many children were changed, and (primary key, why) of those that were not; key 0 for those out of sight."""

    done: int
    refused: list[tuple[int, str]]

    def named(self) -> list[tuple[str, str]]:
        """The refused by name as far as the open scope shows them. One query."""
        names = dict(Child.objects.filter(pk__in=[pk for pk, _why in self.refused]).values_list("pk", "name"))
        return [(names.get(pk, ""), why) for pk, why in self.refused]


def acts_of(role: str) -> list[Act]:
    """What somebody of this role may do for many children at once."""
    return list(ACTS.values()) if Role(role) in REVIEWERS else []


def chosen(ids: Iterable[int], filters: Filters | None, today: dt.date) -> list[Child]:
    """The children with these ids, or all that the list shows, at most MOST, in the order of the list.

    ValidationError when the list shows more.
    """
    selected = Child.objects.filter(pk__in=list(ids)[: MOST + 1]).order_by("name_pinyin", "pk")
    found = selected if filters is None else filters.children(today)
    children = list(found.defer("health_note", "phone", "id_number")[: MOST + 1])
    if len(children) > MOST:
        raise ValidationError(
            _("At most %(most)d children can be changed at once. Narrow the list.") % {"most": MOST}
        )
    return children


def seal(act: Act, line: Line) -> str:
    """What the preview showed of a child, in 16 hexadecimal digits. The same in every language."""
    said = f"{act.key}|{line.child.pk}|{line.old}|{line.new}|{line.refused}"
    return crypto.digest(said, "bulk")[:8].hex()


def asked(act: Act, data: dict[str, Any]) -> str:
    """What was asked for, in 16 hexadecimal digits."""
    said = "|".join(f"{name}={data[name]}" for name in sorted(data))
    return crypto.digest(f"{act.key}|{said}", "bulk")[:8].hex()


def preview(act: Act, children: list[Child], data: dict[str, Any], today: dt.date) -> list[tuple[Line, str]]:
    """The lines with their seals."""
    with override("en"):
        seals = [seal(act, line) for line in act.lines(children, data, today)]
    return list(zip(act.lines(children, data, today), seals, strict=True))


def perform(
    act: Act, data: dict[str, Any], seen: Mapping[int, str], *, at: dt.datetime, job: Job | None = None
) -> Outcome:
    """Do it for the children in ``seen`` (id → seal) whose lines still read as they were shown; one transaction.

    ValidationError about what was asked for stops everything; a child that a service refuses is told in the
    outcome, as are those that changed meanwhile or are no longer in sight.
    """
    check_duty(Actor.current(), REVIEWERS)
    today = timezone.localdate(at)
    refused: list[tuple[int, str]] = []
    done = 0
    with transaction.atomic(), open_scope(replace(current(), reason=data["reason"])):
        found = Child.objects.select_for_update(of=("self",)).filter(pk__in=seen).order_by("pk")
        children = list(found.defer("health_note", "phone", "id_number"))
        lines = preview(act, children, data, today)
        for number, (line, now) in enumerate(lines):
            if job is not None and number % 20 == 0:
                jobs.progress(job, number, len(lines))
            if seen[line.child.pk] != now:
                refused.append(
                    (
                        line.child.pk,
                        _("Changed meanwhile: now %(old)s.") % {"old": line.refused or line.old or "—"},
                    )
                )
            elif line.refused:
                refused.append((line.child.pk, line.refused))
            else:
                try:
                    with transaction.atomic():
                        act.apply(line.child, data, at)
                    done += 1
                except (RegisterRefused, ValidationError) as refusal:
                    told = (
                        " ".join(refusal.messages) if isinstance(refusal, ValidationError) else str(refusal)
                    )
                    refused.append((line.child.pk, told))
        missing = len(seen) - len(lines)
        if missing:
            gone = _("%(count)d children are no longer in your area.") % {"count": missing}
            refused.append((0, gone))
    return Outcome(done, refused)


def start(act: Act, data: dict[str, Any], seen: Mapping[int, str], *, at: dt.datetime) -> Job:
    """Queue ``perform`` for many children; the job's result is the outcome."""
    check_duty(Actor.current(), REVIEWERS)
    arguments = {
        "act": act.key,
        "data": {name: str(value) for name, value in data.items()},
        "seen": {str(pk): value for pk, value in seen.items()},
        "at": at.isoformat(),
    }
    return jobs.start(KIND, region_id=current().ranges[0][0], arguments=arguments, at=at)


@jobs.handler(KIND, _lazy("Change of several children"))
def change_children(job: Job) -> dict[str, Any]:
    """Do what was confirmed. Result: done, refused (pairs of primary key and reason: a job keeps no names)."""
    act = ACTS[job.arguments["act"]]
    form = act.form(job.arguments["data"])
    if not form.is_valid():
        raise jobs.JobError(" ".join(str(text) for texts in form.errors.values() for text in texts))
    seen = {int(pk): value for pk, value in job.arguments["seen"].items()}
    try:
        outcome = perform(
            act, form.cleaned_data, seen, at=dt.datetime.fromisoformat(job.arguments["at"]), job=job
        )
    except ValidationError as error:
        raise jobs.JobError(" ".join(error.messages)) from error
    return {"done": outcome.done, "refused": [list(pair) for pair in outcome.refused]}
