"""What the page of review shows: the queues of a run, one row with its candidates, and what was decided."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Final

from django.db.models import F, Max, QuerySet, Value
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.matching.review import comparison, decisions, history, reasons, sentences, standing
from cases.matching.review.second import SECONDS, needing_second
from cases.matching.review.services import DECIDERS, RELATED, pending_pairs, spot_checks
from cases.matching.runs.people import Person, people_of
from cases.models import MatchCandidate, MatchRun
from staff.workflow import Actor

State = MatchCandidate.State
NEXT_ROWS: Final = 8
LIKELY, POSSIBLE = Decimal("0.9"), Decimal("0.5")
# The queues by the name in the address, each with the state of its pairs.
QUEUES: Final = {"": State.PENDING, "unsure": State.UNSURE, "spot": State.ACCEPTED, "second": State.PROPOSED}
DECIDED: Final = "decided"
LISTS: Final = ("accepted", "rejected", "remembered", "auto")


@dataclass(frozen=True)
class Queues:
    """The rows of each queue, the likeliest first; ``decided``: how many rows a person has decided."""

    rows: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    decided: int = 0

    @property
    def waiting(self) -> int:
        """Rows that hold up the run."""
        return len({row for name, rows in self.rows.items() if name != "spot" for row in rows})

    @property
    def first(self) -> str:
        """The first queue that is not empty, '' if all are."""
        return next((name for name in QUEUES if self.rows[name]), "")


def queues_of(run: MatchRun) -> Queues:
    """All queues of a run, and how many rows a person has decided. One query."""
    states = {str(state): name for name, state in QUEUES.items()}
    settled = MatchCandidate.objects.filter(
        run=run, tier=MatchCandidate.Tier.REVIEW, decided_by__isnull=False
    )
    parts = [
        pairs.order_by().annotate(part=part).values_list("list_row", "part").annotate(best=Max("score"))
        for pairs, part in (
            (pending_pairs(run), F("state")),
            (spot_checks(run), F("state")),
            (settled, Value(DECIDED)),
        )
    ]
    found, decided = Queues(), set()
    for row, part, _best in sorted(
        parts[0].union(*parts[1:], all=True), key=lambda line: (-line[2], line[0])
    ):
        if part == DECIDED:
            decided.add(row)
        else:
            found.rows[states[part]].append(row)
    return replace(found, decided=len(decided))


def tabs(run: MatchRun, shown: str, queues: Queues) -> list[dict[str, Any]]:
    """The queues that have rows, and the lists of what is settled."""
    here = reverse("cases:candidates", args=[run.pk])
    labels = {
        "": _("To be decided"),
        "unsure": _("Unsure"),
        "spot": _("Spot checks"),
        "second": _("Second person"),
        "accepted": _("Same person"),
        "rejected": _("Not the same"),
        "remembered": _("Remembered"),
        "auto": _("Certain"),
    }
    entries = []
    for name, label in labels.items():
        number = len(queues.rows[name]) if name in QUEUES else None
        if number or name in ("", shown) or name in LISTS:
            url = f"{here}?state={name}" if name else here
            entries.append({"label": label, "url": url, "current": name == shown, "count": number})
    return entries


def decided(run: MatchRun, state: str) -> QuerySet[MatchCandidate]:
    """What is settled: ``state`` one of LISTS."""
    pairs = MatchCandidate.objects.filter(run=run).select_related(
        *RELATED, "list_row__list_import", "decided_by"
    )
    if state == "remembered":
        pairs = pairs.filter(remembered=True)
    elif state == "auto":
        pairs = pairs.filter(tier=MatchCandidate.Tier.AUTO, state=State.ACCEPTED)
    else:
        pairs = pairs.filter(state=state).exclude(
            tier=MatchCandidate.Tier.AUTO, decided_by=None, remembered=False
        )
    return pairs.order_by("-decided_at", "list_row_id", "-score", "pk")


@dataclass(frozen=True)
class Told:
    """A pair in words: ``lead`` how likely, ``clauses`` with whether each is a doubt, ``score`` of 100, ``rule`` and
    ``codes`` as the machine names them."""

    lead: str
    clauses: list[tuple[str, bool]]
    score: str
    rule: str
    codes: list[str]

    @property
    def sentence(self) -> str:
        return sentences.pgettext("between clauses", ", ").join(text for text, _doubt in self.clauses)


def tell(pair: MatchCandidate, person: Person | None) -> Told:
    """The sentence of a pair, made from its values as they are now."""
    gone = [(_("the person is no longer on the register"), True)]
    return Told(
        _lead(pair.score),
        gone if person is None else sentences.clauses(_facts(pair, person)),
        f"{pair.score * 100:.1f}".removesuffix(".0"),
        str(reasons.RULES.get(pair.rule, pair.rule)),
        [pair.rule, *pair.reasons],
    )


def _facts(pair: MatchCandidate, person: Person) -> list[sentences.Fact]:
    home = pair.child.household
    return sentences.told(pair.list_row, person, pair.reasons, home.head_name if home else "")


def _lead(score: Decimal) -> str:
    if score >= LIKELY:
        return _("Very likely the same person")
    return _("Probably the same person") if score >= POSSIBLE else _("Perhaps the same person")


def page(run: MatchRun, name: str, *, row: int, pair: int, actor: Actor) -> dict[str, Any]:
    """What the page shows of a queue: the row asked for, else its first; the rows around it; what may be done."""
    queues = queues_of(run)
    name = name if name in QUEUES else ""
    queue = queues.rows[name] or (queues.rows[queues.first] if not row else [])
    name = name if queues.rows[name] or row else queues.first
    row = row or (queue[0] if queue else 0)
    place = queue.index(row) if row in queue else 0
    window = queue[max(0, place - 2) : place + NEXT_ROWS]
    pairs = list(
        MatchCandidate.objects.filter(run=run, list_row_id__in={row, *window})
        .select_related(*RELATED, "list_row__list_import", "proposed_by", "decided_by")
        .order_by("-score", "pk")
    )
    of_row = [each for each in pairs if each.list_row_id == row]
    context: dict[str, Any] = {
        "run": run,
        "queue": name,
        "queues": queues,
        "tabs": tabs(run, name, queues),
        "decided": {"done": queues.decided, "total": queues.decided + queues.waiting},
        "waiting": queues.waiting,
    }
    if not of_row:
        return context
    people = people_of(pairs)
    fits = [each for each in of_row if each.state == QUEUES[name]] or of_row
    chosen = next((each for each in of_row if each.pk == pair), fits[0])
    after = queue[place + 1 : place + 2] if row in queue else queue[:1]
    return context | {
        "pair": chosen,
        "person": people.get(chosen.pk),
        "told": tell(chosen, people.get(chosen.pk)),
        "lines": _lines(chosen, people.get(chosen.pk)),
        "others": [(each, people[each.pk], tell(each, people[each.pk])) for each in of_row
                   if each.pk != chosen.pk and each.pk in people],
        "upcoming": _upcoming(run, name, window, row, pairs, people),
        "next": after[0] if after else 0,
        "history": history.told(chosen),
        "spot": name == "spot" or (chosen.sampled and chosen.decided_by_id is None),
        **_stand(chosen, actor),
    }  # fmt: skip


def _lines(pair: MatchCandidate, person: Person | None) -> list[comparison.Line]:
    return comparison.compare(pair, person, _facts(pair, person)) if person is not None else []


def _upcoming(
    run: MatchRun,
    name: str,
    window: list[int],
    row: int,
    pairs: list[MatchCandidate],
    people: dict[int, Person],
) -> list[dict[str, Any]]:
    best: dict[int, MatchCandidate] = {}
    for each in pairs:
        best.setdefault(each.list_row_id, each)
    here = reverse("cases:candidates", args=[run.pk])
    shown = [(best[each], tell(best[each], people.get(best[each].pk))) for each in window if each in best]
    return [
        {
            "name": pair.list_row.name,
            "reason": next((text for text, doubt in told.clauses if doubt), told.sentence),
            "score": told.score,
            "url": f"{here}?state={name}&row={pair.list_row_id}",
            "current": pair.list_row_id == row,
        }
        for pair, told in shown
    ]


def _stand(pair: MatchCandidate, actor: Actor) -> dict[str, Any]:
    """Where the pair stands: what was decided by whom, whether a second person is needed, and the buttons."""
    settled = pair.state in (State.ACCEPTED, State.REJECTED) and not (pair.sampled and not pair.decided_by_id)
    remembered = decisions.about([pair]).get(pair.pk) if settled and pair.remembered else None
    waits = pair.state in (State.PENDING, State.UNSURE)
    second = waits and bool(needing_second([pair], pair.run.region_id, timezone.localdate()))
    return {
        "settled": settled,
        "remembered": remembered,
        "needs_second": second,
        "buttons": _buttons(
            pair, settled, actor, standing.seconds_of([pair], {pair.pk: remembered} if remembered else {})
        ),
        "none": waits and actor.role in DECIDERS,
        "may_undo": actor.role in SECONDS,
    }


def _buttons(
    pair: MatchCandidate, settled: bool, actor: Actor, seconds: Mapping[int, int]
) -> list[dict[str, str]]:
    """What the actor may do about the pair: action, label, icon, key; the first is the main one. ``seconds``: who was
    its second person, if two people decided; then others can propose the opposite, and not undo it alone."""
    same = {"action": "same", "label": _("Same person"), "icon": "check", "key": "Y"}
    other = {"action": "other", "label": _("Not the same"), "icon": "x", "key": "N"}
    unsure = {"action": "unsure", "label": _("Unsure"), "icon": "info-circle", "key": "U"}
    if pair.state == State.PROPOSED:
        if actor.role not in SECONDS:
            return []
        if actor.user_id == pair.proposed_by_id:
            return [_undo_button()]
        return [
            {"action": "agree", "label": _("Agree"), "icon": "check", "key": "Y"},
            {"action": "disagree", "label": _("Do not agree"), "icon": "x", "key": "N"},
        ]
    if actor.role not in DECIDERS:
        own = actor.user_id in (pair.decided_by_id, seconds.get(pair.pk))
        return [_undo_button()] if actor.role in SECONDS and own else []
    if not settled:
        return [same, other, unsure]
    opposite = {**(other if pair.state == State.ACCEPTED else same), "key": ""}
    if not pair.decided_by_id and not pair.remembered:
        return [opposite]
    if seconds.get(pair.pk, actor.user_id) != actor.user_id:
        return [opposite]
    certain = pair.tier == MatchCandidate.Tier.AUTO and pair.state == State.REJECTED
    return [_undo_button(), opposite] if certain else [_undo_button()]


def _undo_button() -> dict[str, str]:
    return {"action": "undo", "label": _("Undo the decision"), "icon": "arrow-back-up", "key": "Z"}
