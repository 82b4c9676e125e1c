"""How a pair stands, written at once with what stands on it: the word of two people, and the discrepancies that
followed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Final

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from cases.models import Discrepancy, MatchCandidate, MatchDecision, MatchRun
from staff.workflow import Actor

State = MatchCandidate.State
SETTLED: Final = frozenset({State.ACCEPTED, State.REJECTED})


def seconds_of(pairs: Sequence[MatchCandidate], kept: Mapping[int, MatchDecision]) -> dict[int, int]:
    """Who was the second person, by the pair's key, of pairs that two people decided: in their run, or before, as
    ``kept`` says (:func:`cases.matching.review.decisions.holding`)."""
    found: dict[int, int] = {}
    for pair in pairs:
        if pair.state in SETTLED and pair.decided_by_id:
            second = pair.decided_by_id if pair.proposed_by_id else None
        else:
            second = kept[pair.pk].second_id if pair.pk in kept else None
        if second is not None:
            found[pair.pk] = second
    return found


def pair_of(discrepancy: Discrepancy) -> QuerySet[MatchCandidate]:
    """The pair from which a discrepancy about somebody of the register followed: one, or none any more."""
    return MatchCandidate.objects.filter(
        run_id=discrepancy.run_id,
        list_row_id=discrepancy.list_row_id,
        child_id=discrepancy.child_id or 0,
        role=discrepancy.role,
        person_id=discrepancy.person_id,
    )


def with_pair(found: QuerySet[Discrepancy]) -> QuerySet[Discrepancy]:
    """Discrepancies that followed from a pair, with its state as ``pair_state``, None when it is there no more."""
    same = {name: OuterRef(name) for name in ("run", "list_row", "child", "role", "person_id")}
    state = MatchCandidate.objects.filter(**same).values("state")[:1]
    return found.filter(child__isnull=False, list_row__isnull=False).annotate(pair_state=Subquery(state))


def follow(pairs: Sequence[MatchCandidate]) -> None:
    """After pairs of one run have changed: discrepancies of their rows that nobody has touched and from whose pair
    nothing follows any more are gone, and a run that was done is to be finished again. While a second person is still
    to say so they stay, and cannot be decided (`discrepancies.acts`): a proposal alone ends nothing."""
    if not pairs:
        return
    run, rows = pairs[0].run_id, {pair.list_row_id for pair in pairs}
    untouched = Discrepancy.objects.filter(
        run=run, list_row__in=rows, state=Discrepancy.State.TO_CHECK, outcome=""
    )
    stands = (State.ACCEPTED, State.PROPOSED, State.UNSURE)
    fallen = with_pair(untouched).filter(~Q(pair_state__in=stands) | Q(pair_state=None))
    somebody = MatchCandidate.objects.filter(run=run, list_row=OuterRef("list_row")).exclude(
        state=State.REJECTED
    )
    nobodys = untouched.filter(Exists(somebody), child__isnull=True)
    over = {*fallen.values_list("pk", flat=True), *nobodys.values_list("pk", flat=True)}
    Discrepancy.objects.filter(pk__in=over).delete()
    MatchRun.objects.filter(pk=run, state=MatchRun.State.DONE).update(state=MatchRun.State.REVIEW)


# --- How a pair stands ---

_WRITTEN: Final = (
    "state", "remembered", "note", "proposed_same", "proposed_by", "proposed_at", "decided_by", "decided_at",
)  # fmt: skip


def waits(pair: MatchCandidate) -> bool:
    return pair.state in MatchCandidate.WAITING


def clear(pair: MatchCandidate, state: str) -> None:
    pair.state, pair.remembered = state, False
    pair.proposed_same = pair.proposed_by_id = pair.proposed_at = None
    pair.decided_by_id = pair.decided_at = None


def touched(pair: MatchCandidate) -> bool:
    return bool(pair.decided_by_id or pair.proposed_by_id or pair.remembered)


def set_aside(pair: MatchCandidate, actor: Actor, at: dt.datetime) -> None:
    clear(pair, State.UNSURE)
    pair.proposed_by_id, pair.proposed_at = actor.user_id, at


def recall(pair: MatchCandidate, same: bool) -> None:
    """The pair is as two people decided before."""
    clear(pair, State.ACCEPTED if same else State.REJECTED)
    pair.remembered = True


def save(pairs: Sequence[MatchCandidate]) -> None:
    """Write the pairs; where another one counts than before, what followed from them goes with them."""
    keys = [pair.pk for pair in pairs]
    before = dict(MatchCandidate.objects.filter(pk__in=keys).values_list("pk", "state"))
    MatchCandidate.objects.bulk_update(pairs, _WRITTEN, batch_size=500)
    counted = {pk for pk, state in before.items() if state == State.ACCEPTED}
    settled = any(
        before.get(pair.pk) in MatchCandidate.WAITING and pair.state == State.REJECTED for pair in pairs
    )
    if settled or counted != {pair.pk for pair in pairs if pair.state == State.ACCEPTED}:
        follow(pairs)
