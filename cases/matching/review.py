"""A person decides about pairs the matcher is not sure of. Decisions are remembered for the person a row
names.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

from django.db import transaction
from django.db.models import Exists, Max, OuterRef, QuerySet
from django.utils.translation import gettext as _

from cases.matching.match import row_digest
from cases.models import ListRow, MatchCandidate, MatchDecision, MatchRun
from staff.enums import Role
from staff.workflow import Actor, TransitionRefused

State = MatchCandidate.State
DECIDERS: Final = frozenset({Role.CLERK})


class ReviewRefused(TransitionRefused):
    """The pair cannot be decided; the message says why."""


def _row_has(run: MatchRun, state: str) -> Exists:
    return Exists(MatchCandidate.objects.filter(run=run, list_row=OuterRef("list_row"), state=state))


def pending_pairs(run: MatchRun) -> QuerySet[MatchCandidate]:
    """Pairs that wait for a person: a row that has its child already has no more of them."""
    pending = MatchCandidate.objects.filter(run=run, state=State.PENDING)
    return pending.exclude(_row_has(run, State.ACCEPTED))


def pending_rows(run: MatchRun) -> Any:
    """The rows that wait, the likeliest pair first: dictionaries of ``list_row`` and ``best``."""
    return pending_pairs(run).values("list_row").annotate(best=Max("score")).order_by("-best", "list_row")


def choose(*, candidate: MatchCandidate, actor: Actor, at: dt.datetime) -> MatchCandidate:
    """The row is this child: the row's other candidates are rejected, and all of it is remembered."""
    with transaction.atomic():
        locked = _lock(candidate, actor)
        for each in locked:
            same = each.pk == candidate.pk
            _settle(each, State.ACCEPTED if same else State.REJECTED, actor, at)
        _remember(locked, actor, at)
    return next(each for each in locked if each.pk == candidate.pk)


def reject(*, candidate: MatchCandidate, actor: Actor, at: dt.datetime) -> MatchCandidate:
    """The row is not this child. The row's other candidates are left as they are."""
    with transaction.atomic():
        locked = next(each for each in _lock(candidate, actor) if each.pk == candidate.pk)
        _settle(locked, State.REJECTED, actor, at)
        _remember([locked], actor, at)
    return locked


def reject_all(*, candidate: MatchCandidate, actor: Actor, at: dt.datetime) -> list[MatchCandidate]:
    """The row is none of its candidates: nobody on the register."""
    with transaction.atomic():
        locked = _lock(candidate, actor)
        for each in locked:
            _settle(each, State.REJECTED, actor, at)
        _remember(locked, actor, at)
    return locked


def undo(*, candidate: MatchCandidate, actor: Actor, at: dt.datetime) -> MatchCandidate:
    """Forget what was decided about the pair's row, also in earlier months; its candidates are as the
    matcher left them.
    """
    with transaction.atomic():
        locked = _lock(candidate, actor)
        digest = _digest(locked[0].list_row)
        MatchDecision.objects.filter(
            child_id__in=[each.child_id for each in locked], row_digest=digest
        ).delete()
        for each in locked:
            each.state = State.ACCEPTED if each.tier == MatchCandidate.Tier.AUTO else State.PENDING
            each.remembered, each.decided_by, each.decided_at = False, None, None
            each.save(update_fields=["state", "remembered", "decided_by", "decided_at"])
    return next(each for each in locked if each.pk == candidate.pk)


ACTS: Final = {"same": choose, "other": reject, "none": reject_all, "undo": undo}


def _lock(candidate: MatchCandidate, actor: Actor) -> list[MatchCandidate]:
    """All candidates of the row, locked, so that two people who decide one row follow one another."""
    if actor.role not in DECIDERS:
        raise ReviewRefused(_("Your post does not have this duty."))
    found = (
        MatchCandidate.objects.select_for_update(of=("self",))
        .filter(run_id=candidate.run_id, list_row_id=candidate.list_row_id)
        .select_related("list_row")
        .order_by("pk")
    )
    locked = list(found)
    if all(each.pk != candidate.pk for each in locked):
        raise ReviewRefused(_("This pair is no longer there. Reload the page."))
    return locked


def _settle(candidate: MatchCandidate, state: str, actor: Actor, at: dt.datetime) -> None:
    candidate.state, candidate.remembered = state, False
    candidate.decided_by_id, candidate.decided_at = actor.user_id, at
    candidate.save(update_fields=["state", "remembered", "decided_by", "decided_at"])


def _remember(candidates: list[MatchCandidate], actor: Actor, at: dt.datetime) -> None:
    for each in candidates:
        MatchDecision.objects.update_or_create(
            child_id=each.child_id,
            row_digest=_digest(each.list_row),
            defaults={
                "region_id": each.region_id,
                "kind": each.list_row.kind,
                "same": each.state == State.ACCEPTED,
                "user_id": actor.user_id,
                "at": at,
            },
        )


def _digest(row: ListRow) -> bytes:
    return row_digest(row.kind, row.name, row.id_number)
