"""A person decides about pairs: the same person, not the same, unsure; a second person where money follows; undone
until the discrepancies that follow are decided. What is decided is remembered (:mod:`cases.matching.review.decisions`).

Decisions are about whole rows: a row is one person, so who is chosen rules out everybody else.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from django.db import transaction
from django.db.models import Exists, Max, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.matching.review import decisions, standing
from cases.matching.review.second import SECONDS, needing_second
from cases.matching.runs.people import Person, people_of
from cases.models import Discrepancy, MatchCandidate, MatchRun
from staff.enums import Role
from staff.workflow import Actor, TransitionRefused

State = MatchCandidate.State
Tier = MatchCandidate.Tier
DECIDERS: Final = frozenset({Role.CLERK})
DECIDED: Final = (
    Discrepancy.State.TRUE, Discrepancy.State.UNTRUE, Discrepancy.State.UNCHECKABLE, Discrepancy.State.CLOSED,
)  # fmt: skip
Verdicts = Mapping[int, bool]
TWO_DECIDE: Final = gettext_lazy(
    "Two people decide about this pair. Choose the opposite of what stands, and another person decides after you."
)


class ReviewRefused(TransitionRefused):
    """The pair cannot be decided; the message says why."""


# --- What waits -------------------------------------------------------------------------------------------


def _row_has(run: MatchRun, state: str) -> Exists:
    return Exists(MatchCandidate.objects.filter(run=run, list_row=OuterRef("list_row"), state=state))


def pending_pairs(run: MatchRun) -> QuerySet[MatchCandidate]:
    """Pairs that are not settled: a row that has its person already has no more of them."""
    waiting = MatchCandidate.objects.filter(run=run, state__in=MatchCandidate.WAITING)
    return waiting.exclude(_row_has(run, State.ACCEPTED))


def pending_rows(run: MatchRun) -> Any:
    """The rows that are not settled, the likeliest pair first: dictionaries of ``list_row`` and ``best``."""
    return pending_pairs(run).values("list_row").annotate(best=Max("score")).order_by("-best", "list_row")


def spot_checks(run: MatchRun) -> QuerySet[MatchCandidate]:
    """Certain pairs that were drawn to be looked at and that nobody has looked at. They hold nothing up."""
    return MatchCandidate.objects.filter(
        run=run, sampled=True, remembered=False, state=State.ACCEPTED, decided_by=None
    )


# --- One row ----------------------------------------------------------------------------------------------


def choose(*, candidate: MatchCandidate, actor: Actor, at: dt.datetime) -> MatchCandidate:
    """The row is this person. Other places of the register that are the same person are accepted with it, everybody
    else of the row's candidates is rejected."""
    with transaction.atomic():
        pairs = _lock(candidate, actor)
        people = people_of(pairs)
        decide_pairs(pairs, _verdicts_for(pairs, people, candidate), actor, at, people=people)
    return _one(pairs, candidate)


def reject(*, candidate: MatchCandidate, actor: Actor, at: dt.datetime) -> MatchCandidate:
    """The row is not this person. The row's other candidates are left as they are."""
    with transaction.atomic():
        pairs = _lock(candidate, actor)
        people = people_of(pairs)
        meant = [pk for pk, same in _verdicts_for(pairs, people, candidate).items() if same]
        decide_pairs(pairs, dict.fromkeys(meant, False), actor, at, people=people)
    return _one(pairs, candidate)


def reject_all(*, candidate: MatchCandidate, actor: Actor, at: dt.datetime) -> MatchCandidate:
    """The row is none of its candidates: nobody on the register."""
    with transaction.atomic():
        pairs = _lock(candidate, actor)
        decide_pairs(pairs, dict.fromkeys([pair.pk for pair in pairs], False), actor, at)
    return _one(pairs, candidate)


def put_back(*, candidate: MatchCandidate, actor: Actor, at: dt.datetime) -> MatchCandidate:
    """Unsure: the row waits for somebody who knows more; a certain pair counts no longer until then, and nothing is
    remembered. ReviewRefused where two people decide."""
    with transaction.atomic():
        pairs = _lock(candidate, actor)
        _refuse_closed(pairs)
        open_pairs = [p for p in pairs if p.state in (State.PENDING, State.UNSURE) or p.pk == candidate.pk]
        asked = [_one(pairs, candidate)]
        if asked[0].state == State.PROPOSED:
            raise ReviewRefused(_("This waits for a second person. Who proposed it can take it back."))
        if asked[0].state in standing.SETTLED:
            kept = decisions.holding(asked, people_of(asked))
            certain = asked if asked[0].tier == Tier.AUTO else []
            if standing.seconds_of(asked, kept) or _need_second(certain):
                raise ReviewRefused(str(TWO_DECIDE))
        decisions.forget(open_pairs)
        for pair in open_pairs:
            standing.set_aside(pair, actor, at)
        standing.save(open_pairs)
    return _one(pairs, candidate)


def undo(*, candidate: MatchCandidate, actor: Actor, at: dt.datetime) -> MatchCandidate:
    """Take back what was decided about the pair's row, also in earlier months. Who only seconded takes back that."""
    with transaction.atomic():
        pairs = _lock(candidate, actor, SECONDS)
        undo_pairs(pairs, actor, asked=candidate.pk)
    return _one(pairs, candidate)


# --- A second person --------------------------------------------------------------------------------------


def agree(*, candidate: MatchCandidate, actor: Actor, at: dt.datetime) -> MatchCandidate:
    """Another person agrees with what was proposed about the row."""
    with transaction.atomic():
        pairs = _proposed(candidate, actor)
        second_pairs(pairs, actor, at)
    return _one(pairs, candidate)


def disagree(*, candidate: MatchCandidate, actor: Actor, at: dt.datetime) -> MatchCandidate:
    """Another person does not agree: the row goes back to be looked at, and what was proposed is off. What two people
    decided before stands again."""
    with transaction.atomic():
        pairs = _proposed(candidate, actor)
        kept = decisions.holding(pairs, people_of(pairs))
        decisions.forget(pairs)
        for pair in pairs:
            if pair.pk in kept:
                standing.recall(pair, kept[pair.pk].same)
            else:
                standing.set_aside(pair, actor, at)
        standing.save(pairs)
    return _one(pairs, candidate)


def second_pairs(pairs: Sequence[MatchCandidate], actor: Actor, at: dt.datetime) -> None:
    """Settle proposed pairs as they were proposed. Raises ReviewRefused for one's own."""
    if any(pair.proposed_by_id == actor.user_id for pair in pairs):
        raise ReviewRefused(_("You proposed this yourself. Another person decides after you."))
    _refuse_closed(pairs)
    for pair in pairs:
        pair.state = State.ACCEPTED if pair.proposed_same else State.REJECTED
        pair.remembered, pair.decided_by_id, pair.decided_at = False, actor.user_id, at
    standing.save(pairs)
    decisions.remember(pairs, people_of(pairs), at)


def _proposed(candidate: MatchCandidate, actor: Actor) -> list[MatchCandidate]:
    found = [pair for pair in _lock(candidate, actor, SECONDS) if pair.state == State.PROPOSED]
    if not found:
        raise ReviewRefused(_("Nothing waits for a second person here any more. Reload the page."))
    return found


ACTS: Final = {
    "same": choose,
    "other": reject,
    "none": reject_all,
    "unsure": put_back,
    "agree": agree,
    "disagree": disagree,
    "undo": undo,
}


def act(
    name: str, *, candidate: MatchCandidate, actor: Actor, at: dt.datetime, seen: str = ""
) -> MatchCandidate:
    """One of ACTS about the pair. ``seen`` is the state in which it was shown: when somebody else has decided it since,
    ReviewRefused is raised and nothing is written."""
    with transaction.atomic():
        if seen:
            found = MatchCandidate.objects.select_for_update().filter(pk=candidate.pk, state=seen)
            if not found.exists():
                raise ReviewRefused(_("Somebody has decided this pair meanwhile. This is how it stands now."))
        return ACTS[name](candidate=candidate, actor=actor, at=at)


# --- Many pairs -------------------------------------------------------------------------------------------


def decide_pairs(
    pairs: Sequence[MatchCandidate],
    verdicts: Verdicts,
    actor: Actor,
    at: dt.datetime,
    *,
    note: str = "",
    people: dict[int, Person] | None = None,
) -> int:
    """Settle locked pairs of one run by key → same person or not; returns how many wait for a second person.

    Where one pair of a row needs a second person, all of the row's do. What two people decided stays as it is when
    one says the same again, and needs two to be changed. Raises ReviewRefused when a discrepancy that followed from
    one of the rows is decided.
    """
    _refuse_closed(pairs)
    chosen = [pair for pair in pairs if pair.pk in verdicts]
    people = people_of(chosen) if people is None else people
    by_two = standing.seconds_of(chosen, decisions.holding(chosen, people))
    changing = [
        pair
        for pair in chosen
        if (pair.state == State.ACCEPTED) is not verdicts[pair.pk] or standing.waits(pair)
    ]
    changed = {pair.pk for pair in changing}
    chosen = [pair for pair in chosen if pair.pk in changed or pair.pk not in by_two]
    needed = _need_second(changing) | (by_two.keys() & changed)
    rows = {pair.list_row_id for pair in changing if pair.pk in needed}
    settled = []
    for pair in chosen:
        if pair.list_row_id in rows:
            standing.clear(pair, State.PROPOSED)
            pair.proposed_same, pair.proposed_by_id, pair.proposed_at = verdicts[pair.pk], actor.user_id, at
        else:
            standing.clear(pair, State.ACCEPTED if verdicts[pair.pk] else State.REJECTED)
            pair.decided_by_id, pair.decided_at = actor.user_id, at
            settled.append(pair)
        pair.note = note
    standing.save(chosen)
    decisions.forget([pair for pair in chosen if pair.list_row_id in rows])
    decisions.remember(settled, people, at)
    return len(chosen) - len(settled)


def undo_pairs(pairs: Sequence[MatchCandidate], actor: Actor, *, asked: int | None = None) -> None:
    """Locked pairs are as they were before anybody alone touched them; those that the actor seconded wait for a second
    person again.

    What two people decided, and a certain pair of money that was rejected, is not undone by another alone: those stay,
    and ReviewRefused is raised when there is nothing else, or when one of them is the ``asked`` one.
    """
    _refuse_closed(pairs)
    kept = decisions.holding(pairs, people_of(pairs))
    seconds = standing.seconds_of([pair for pair in pairs if pair.state in standing.SETTLED], kept)
    seconded = [pair for pair in pairs if seconds.get(pair.pk) == actor.user_id]
    if actor.role not in DECIDERS and not seconded:
        raise ReviewRefused(_("Only who decided, or the clerk, takes this back."))
    certain = [pair for pair in pairs if pair.tier == Tier.AUTO and pair.state == State.REJECTED]
    held = seconds.keys() | _need_second(certain)
    alone = [] if seconded else [pair for pair in pairs if pair.pk not in held]
    if not seconded and (asked in held or (held and not any(standing.touched(pair) for pair in alone))):
        raise ReviewRefused(str(TWO_DECIDE))
    decisions.forget(seconded, seconded=True)
    decisions.forget(alone)
    for pair in seconded:
        if pair.remembered:
            pair.remembered, pair.proposed_same = False, kept[pair.pk].same
            pair.proposed_by_id, pair.proposed_at = kept[pair.pk].user_id, kept[pair.pk].at
        pair.state, pair.decided_by_id, pair.decided_at = State.PROPOSED, None, None
    for pair in alone:
        pair.note = ""
        if pair.pk in kept:
            standing.recall(pair, kept[pair.pk].same)
        else:
            standing.clear(pair, State.ACCEPTED if pair.tier == Tier.AUTO else State.PENDING)
    standing.save(pairs)
    MatchRun.objects.filter(pk__in={pair.run_id for pair in pairs}).update(state=MatchRun.State.REVIEW)


def undo_last(*, run: MatchRun, actor: Actor) -> list[MatchCandidate]:
    """Take back the actor's own last act in a run, one pair or a whole bulk; returns the pairs, none if there is none."""
    with transaction.atomic():
        mine = Q(decided_by=actor.user_id) | Q(decided_by=None, proposed_by=actor.user_id)
        own = MatchCandidate.objects.filter(mine, run=run)
        last = own.aggregate(
            decided=Max("decided_at"), proposed=Max("proposed_at", filter=Q(decided_by=None))
        )
        moments = [moment for moment in last.values() if moment]
        if not moments:
            return []
        at = max(moments)
        acted = own.filter(Q(decided_at=at) | Q(decided_at=None, proposed_at=at))
        pairs = lock_rows(run.pk, acted.values_list("list_row_id", flat=True))
        undo_pairs(pairs, actor)
    return pairs


def overturn(*, discrepancy: Discrepancy, actor: Actor, at: dt.datetime) -> None:
    """The row of a discrepancy turned out to be another person: its pair is rejected and the "no" remembered, also
    against a rule that is certain. For the service that decides the discrepancy, in its transaction. ReviewRefused
    where two people decide about the pair."""
    if discrepancy.child_id is None:
        return
    pairs = _locked(standing.pair_of(discrepancy).filter(state=State.ACCEPTED))
    people = people_of(pairs)
    if _need_second(pairs) or standing.seconds_of(pairs, decisions.holding(pairs, people)):
        raise ReviewRefused(
            _(
                "Two people decide about the pair: say there that it is not the same person. This stays open until then."
            )
        )
    for pair in pairs:
        standing.clear(pair, State.REJECTED)
        pair.decided_by_id, pair.decided_at = actor.user_id, at
        pair.note = discrepancy.reason[:200]
    standing.save(pairs)
    decisions.remember(pairs, people, at)


def uphold(*, discrepancy: Discrepancy, actor: Actor, at: dt.datetime) -> None:
    """A discrepancy by which a pair was overturned is open again, and so the pair: the same person after all, or
    proposed to a second person where money follows. For the service that opens it, in its transaction."""
    if discrepancy.child_id is None or discrepancy.decided_at is None:
        return
    by_it = {"decided_at": discrepancy.decided_at, "decided_by": discrepancy.decided_by_id}
    pairs = _locked(standing.pair_of(discrepancy).filter(state=State.REJECTED, proposed_by=None, **by_it))
    decide_pairs(pairs, dict.fromkeys([pair.pk for pair in pairs], True), actor, at)


# --- Inside -----------------------------------------------------------------------------------------------

RELATED: Final = ("list_row", "child__household", "child__region", "run")


def lock_rows(run_id: int, rows: Iterable[int]) -> list[MatchCandidate]:
    """All candidates of some rows, locked, so that two people who decide one row follow one another."""
    return _locked(MatchCandidate.objects.filter(run_id=run_id, list_row_id__in=rows))


def _locked(found: QuerySet[MatchCandidate]) -> list[MatchCandidate]:
    return list(found.select_for_update(of=("self",)).select_related(*RELATED).order_by("pk"))


def _lock(candidate: MatchCandidate, actor: Actor, roles: frozenset[Role] = DECIDERS) -> list[MatchCandidate]:
    if actor.role not in roles:
        raise ReviewRefused(_("Your post does not have this duty."))
    locked = lock_rows(candidate.run_id, [candidate.list_row_id])
    if all(each.pk != candidate.pk for each in locked):
        raise ReviewRefused(_("This pair is no longer there. Reload the page."))
    return locked


def _verdicts_for(
    pairs: Sequence[MatchCandidate], people: dict[int, Person], chosen: MatchCandidate
) -> dict[int, bool]:
    """Which of a row's pairs mean the chosen one's person: a guardian of two children is one person."""
    human = people[chosen.pk].human if chosen.pk in people else None
    return {
        pair.pk: pair.pk == chosen.pk or (pair.pk in people and people[pair.pk].human == human)
        for pair in pairs
    }


def _refuse_closed(pairs: Sequence[MatchCandidate]) -> None:
    """What followed from a pair has been decided: the pair stays as it is."""
    if not pairs:
        return
    of_kind: dict[str, set[int]] = defaultdict(set)
    for pair in pairs:
        of_kind[pair.list_row.kind].add(pair.child_id)
    follows = Q(list_row__in={pair.list_row_id for pair in pairs})
    for kind, children in of_kind.items():
        follows |= Q(list_kind=kind, child__in=children)
    if Discrepancy.objects.filter(follows, run=pairs[0].run_id, state__in=DECIDED).exists():
        raise ReviewRefused(
            _("A discrepancy that followed from this pair is decided. Open that again first.")
        )


def _need_second(pairs: Sequence[MatchCandidate]) -> set[int]:
    return needing_second(pairs, pairs[0].run.region_id, timezone.localdate()) if pairs else set()


def _one(pairs: Sequence[MatchCandidate], candidate: MatchCandidate) -> MatchCandidate:
    return next(each for each in pairs if each.pk == candidate.pk)
