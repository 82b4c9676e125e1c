"""What the finders look at: the month's pairs that hold, those of the list before, and what the register knows."""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from django.db.models import Exists, OuterRef

from cases.ages import add_months
from cases.matching.kinds import KINDS
from cases.matching.runs.data import RunData
from cases.models import Child, Discrepancy, ListImport, ListRow, MatchCandidate, MatchRun
from cases.models.matching import MatchRole
from staff.crypto import digest

Kind = Discrepancy.Kind
State = MatchCandidate.State
UNDECIDED: Final = (State.PENDING, State.UNSURE, State.PROPOSED)
LONGEST: Final = 12  # months back that a list before may lie
# What is true of a person whichever list says it: one discrepancy, not one a list.
OF_A_PERSON: Final = frozenset(
    {Kind.CHILD_DEAD, Kind.PARENT_DEAD, Kind.GUARDIAN_DEAD, Kind.CUSTODY, Kind.RELEASED}
)

Who = tuple[str, int, int]
"""(role, child, person): whom of a child's file a row is; the person is 0 for the child."""


def of_child(child_id: int) -> Who:
    return MatchRole.CHILD.value, child_id, 0


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference, not stored yet. ``facts`` are plain JSON without identity numbers; equal facts mean
    nothing new.

    ``subject`` stands for the person from month to month; for the child itself it is empty. ``days``: working days to
    check it, None for the county's parameter.
    """

    kind: str
    list_kind: str
    region_id: int
    child_id: int | None = None
    row: ListRow | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    subject: str = ""
    role: str = MatchRole.CHILD.value
    person_id: int = 0
    days: int | None = None

    @property
    def subject_key(self) -> str:
        """Whom and what the finding is about, whatever its facts."""
        list_kind = "" if self.kind in OF_A_PERSON else self.list_kind
        return key_of(self.kind, list_kind, *filter(None, (self.child_id, self.subject)))

    @property
    def key(self) -> str:
        """The finding with its facts: equal keys in two months are the same thing found twice."""
        return key_of(self.subject_key, json.dumps(self.facts, sort_keys=True, default=str))


def key_of(*parts: object) -> str:
    """32 hexadecimal digits, equal for equal parts and keyed: what went in cannot be tried out."""
    return digest("\x1f".join(map(str, parts)), "discrepancy").hex()[:32]


@dataclass
class Pairs:
    """The month's pairs that count: certain or accepted by a person. Loaded once for all finders.

    ``accepted`` and ``before`` are the rows by kind of list and by whom they are; ``before`` those of the list of that
    kind that came last, not longer ago than its cadence. ``open``: pairs that wait for a person.
    """

    run: MatchRun
    data: RunData
    accepted: dict[str, dict[Who, ListRow]] = field(default_factory=lambda: defaultdict(dict))
    before: dict[str, dict[Who, ListRow]] = field(default_factory=lambda: defaultdict(dict))
    open: set[tuple[str, Who]] = field(default_factory=set)
    children: dict[int, Child] = field(default_factory=dict)
    senders: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    senders_before: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    @property
    def lists(self) -> list[ListImport]:
        return self.data.lists

    @classmethod
    def load(cls, run: MatchRun) -> Pairs:
        """Read the pairs of a run and of the lists before; about eight queries whatever the size."""
        pairs = cls(run, RunData.of(run))
        found = MatchCandidate.objects.filter(run=run, state=State.ACCEPTED)
        for candidate in found.select_related("list_row").order_by("-score", "pk"):
            # Somebody on two rows of one kind is compared with the surer one.
            pairs.accepted[candidate.list_row.kind].setdefault(who_of(candidate), candidate.list_row)
        undecided = MatchCandidate.objects.filter(run=run, state__in=UNDECIDED).exclude(
            row_has(run, State.ACCEPTED)
        )
        for kind, role, child, person in undecided.values_list(
            "list_row__kind", "role", "child_id", "person_id"
        ):
            pairs.open.add((kind, (role, child, person)))
        pairs._load_before()
        wanted = {who[1] for side in (pairs.accepted, pairs.before) for rows in side.values() for who in rows}
        on_register = Child.objects.filter(pk__in=wanted, left_date__isnull=True).select_related("region")
        pairs.children = {child.pk: child for child in on_register}
        rows = ListRow.objects.filter(list_import__in=[each.pk for each in pairs.lists]).order_by()
        for each in pairs.lists:
            pairs.senders[each.kind].update(each.senders or [""])
        for kind, sender in rows.values_list("kind", "sender_code").distinct():
            pairs.senders[kind].add(sender)
        return pairs

    def _load_before(self) -> None:
        """The pairs of the last list of each kind before this month, within its cadence."""
        run = self.run
        lists = ListImport.objects.filter(
            region__gte=run.region.lo,
            region__lte=run.region.hi,
            state=ListImport.State.STAGED,
            period__lt=run.period,
            period__gte=add_months(run.period, -LONGEST),
        )
        came: dict[str, dt.date] = {}
        for kind, period, senders in lists.order_by("-period", "pk").values_list("kind", "period", "senders"):
            if kind not in KINDS or period < add_months(run.period, -KINDS[kind].months):
                continue
            if came.setdefault(kind, period) == period:
                self.senders_before[kind].update(senders or [""])
        month_before = add_months(run.period, -1)
        found = MatchCandidate.objects.filter(
            run__region_id=run.region_id, run__period__in={month_before, *came.values()}, state=State.ACCEPTED
        )
        for candidate in found.select_related("list_row", "run").order_by("-score", "pk"):
            kind = candidate.list_row.kind
            if came.get(kind, month_before) == candidate.run.period:
                self.before[kind].setdefault(who_of(candidate), candidate.list_row)

    def people_in_household(self, row: ListRow) -> int:
        """How many persons the list has for the household of a row; 1 where it does not say."""
        return row.people

    def children_on(self, kind: str) -> dict[int, ListRow]:
        """The children on a kind of list, with their rows."""
        return {who[1]: row for who, row in self.accepted.get(kind, {}).items() if who[0] == MatchRole.CHILD}

    def covers(self, kind: str, region_id: int) -> bool:
        """Whether a list of this kind has come from the township of the region, or from the whole county."""
        return _covers(self.senders.get(kind, ()), region_id)

    def covered_before(self, kind: str, region_id: int) -> bool:
        """The same of the list before."""
        return _covers(self.senders_before.get(kind, ()), region_id)

    def may_be_on(self, kind: str, who: Who, region_id: int) -> bool:
        """Whether somebody is on a list of the kind, may be (a pair waits for a decision), or no list has come
        that would say.
        """
        return (
            who in self.accepted.get(kind, {}) or (kind, who) in self.open or not self.covers(kind, region_id)
        )

    @cached_property
    def everybody(self) -> dict[int, Child]:
        """The children on the register of the run's region: for lists that say something of those who are not on
        them."""
        found = Child.objects.filter(
            region__gte=self.run.region.lo, region__lte=self.run.region.hi, left_date__isnull=True
        )
        return {child.pk: child for child in found.select_related("region").order_by("pk")}


def who_of(candidate: MatchCandidate) -> Who:
    return candidate.role, candidate.child_id, candidate.person_id


def row_has(run: MatchRun, *states: str) -> Exists:
    return Exists(MatchCandidate.objects.filter(run=run, list_row=OuterRef("list_row"), state__in=states))


def _covers(senders: Iterable[str], region_id: int) -> bool:
    township = f"{region_id:012d}"[:9]
    return any(not s or s[6:9] in ("", "000") or s[:9] == township for s in senders)
