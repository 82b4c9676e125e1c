"""Many pairs at once: those with the same rule and reasons, and what one person proposed in one go."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from django.db import transaction
from django.db.models import Count, Exists, Min, OuterRef, QuerySet
from django.utils.translation import gettext as _

from cases.matching.review import services as review
from cases.models import MatchCandidate, MatchRun
from staff.workflow import Actor

State = MatchCandidate.State
LEAST: Final = 2


class Outcome(NamedTuple):
    """How many pairs were settled, and how many wait for a second person."""

    settled: int
    proposed: int


@dataclass(frozen=True)
class Group:
    """Waiting pairs with the same rule and reasons. ``pairs`` are the likeliest of them."""

    alike: str
    role: str
    rule: str
    number: int
    pairs: list[MatchCandidate] = field(default_factory=list)


def alone(run: MatchRun) -> QuerySet[MatchCandidate]:
    """Undecided pairs of rows that may be nobody else: only those can be decided without looking at the row."""
    other = MatchCandidate.objects.filter(run=run, list_row=OuterRef("list_row")).exclude(pk=OuterRef("pk"))
    found = MatchCandidate.objects.filter(run=run, state=State.PENDING).exclude(alike="")
    return found.exclude(Exists(other.exclude(state=State.REJECTED)))


def groups(run: MatchRun, sample: int = 3) -> list[Group]:
    """The groups of two pairs or more, the largest first, each with ``sample`` pairs. Two queries."""
    found = alone(run).order_by().values("alike", "role").annotate(n=Count("pk"), rule=Min("rule"))
    counted = list(found.filter(n__gte=LEAST).order_by("-n", "alike", "role"))
    by_key = {(g["alike"], g["role"]): Group(g["alike"], g["role"], g["rule"], g["n"]) for g in counted}
    if by_key:
        pairs = alone(run).filter(alike__in={alike for alike, _role in by_key}).order_by("-score", "pk")
        for pair in pairs.select_related(*review.RELATED):
            group = by_key.get((pair.alike, pair.role))
            if group is not None and len(group.pairs) < sample:
                group.pairs.append(pair)
    return list(by_key.values())


def pairs_alike(run: MatchRun, alike: str, role: str) -> list[MatchCandidate]:
    """All pairs of a group, the likeliest first."""
    found = alone(run).filter(alike=alike, role=role).select_related(*review.RELATED)
    return list(found.order_by("-score", "pk"))


def seal(pairs: Iterable[MatchCandidate]) -> str:
    """What a page was shown: equal while the pairs, their rows, persons and states are the same."""
    state = hashlib.sha256()
    for pair in sorted(pairs, key=lambda each: each.pk):
        shown = (
            pair.pk,
            pair.state,
            pair.score,
            pair.alike,
            pair.list_row_id,
            pair.child_id,
            pair.proposed_same,
        )
        state.update(f"{shown}\n".encode())
    return state.hexdigest()


def decide_alike(
    *,
    run: MatchRun,
    alike: str,
    role: str,
    same: bool,
    reason: str,
    shown: str,
    actor: Actor,
    at: dt.datetime,
    ticked: Collection[int] | None = None,
) -> Outcome:
    """Decide the pairs of a group, or the ticked ones of them, in one way and for one reason.

    ``shown`` is the seal of the group as it was shown: ReviewRefused when it is another now, or without a reason.
    """
    if actor.role not in review.DECIDERS:
        raise review.ReviewRefused(_("Your post does not have this duty."))
    if not reason.strip():
        raise review.ReviewRefused(_("Write the reason in words."))
    with transaction.atomic():
        pairs = _locked_as_shown(pairs_alike(run, alike, role), shown)
        chosen = [pair for pair in pairs if ticked is None or pair.pk in ticked]
        if not chosen:
            raise review.ReviewRefused(_("Tick the pairs that are to be decided."))
        proposed = review.decide_pairs(
            chosen, dict.fromkeys([p.pk for p in chosen], same), actor, at, note=reason.strip()[:200]
        )
    return Outcome(len(chosen) - proposed, proposed)


# --- What waits for a second person -----------------------------------------------------------------------


@dataclass(frozen=True)
class Proposal:
    """What one person proposed about a run in one go: ``number`` pairs, some of them in ``pairs``."""

    run: MatchRun
    by: int
    at: dt.datetime
    note: str
    number: int
    pairs: list[MatchCandidate] = field(default_factory=list)
    seal: str = ""


def proposals(region_lo: int, region_hi: int, sample: int = 3) -> list[Proposal]:
    """What waits for a second person in a region, the oldest first, with its pairs. One query, two with runs."""
    found = MatchCandidate.objects.filter(
        run__region__gte=region_lo, run__region__lte=region_hi, state=State.PROPOSED
    ).select_related(*review.RELATED, "proposed_by")
    together: dict[tuple[int, int, dt.datetime], list[MatchCandidate]] = {}
    for pair in found.order_by("proposed_at", "list_row_id", "-proposed_same", "pk"):
        if pair.proposed_by_id and pair.proposed_at:
            together.setdefault((pair.run_id, pair.proposed_by_id, pair.proposed_at), []).append(pair)
    return [
        Proposal(pairs[0].run, by, at, pairs[0].note, len(pairs), pairs[:sample], seal(pairs))
        for (_run, by, at), pairs in together.items()
    ]


def second_proposal(
    *, run: MatchRun, by: int, proposed_at: dt.datetime, shown: str, actor: Actor, at: dt.datetime
) -> int:
    """Agree with everything that one person proposed in one go; returns how many pairs. ReviewRefused when it is not
    what was shown, or one's own."""
    if actor.role not in review.SECONDS:
        raise review.ReviewRefused(_("Your post does not have this duty."))
    with transaction.atomic():
        found = MatchCandidate.objects.filter(
            run=run, state=State.PROPOSED, proposed_by=by, proposed_at=proposed_at
        )
        pairs = _locked_as_shown(list(found.select_related(*review.RELATED)), shown)
        review.second_pairs(pairs, actor, at)
    return len(pairs)


def _locked_as_shown(pairs: list[MatchCandidate], shown: str) -> list[MatchCandidate]:
    found = MatchCandidate.objects.select_for_update(of=("self",)).filter(pk__in=[pair.pk for pair in pairs])
    locked = list(found.select_related(*review.RELATED).order_by("pk"))
    if not locked or seal(locked) != shown:
        raise review.ReviewRefused(_("The pairs are not the same any more. Look at them again, then decide."))
    return locked
