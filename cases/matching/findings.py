"""What a finished comparison says about children: the pairs that hold, and the differences that follow from
them.

A finder is a function over :class:`Pairs` that yields :class:`Finding`; the two of this module read lists
and register.
What the money side knows comes from finders that an app registers with :func:`finder`: this package imports
no app.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from django.db.models import Count, Exists, OuterRef

from cases import identity
from cases.ages import add_months, is_adult
from cases.matching.match import lists_of
from cases.matching.normalise import (
    Distinct,
    IdKind,
    NameLikeness,
    clean_date,
    clean_id,
    clean_name,
    clean_sex,
    compare_names,
    split_number_from_name,
)
from cases.models import Child, Discrepancy, ListImport, ListRow, MatchCandidate, MatchRun
from cases.models.matching import ListKind
from staff.models import Region

Kind = Discrepancy.Kind
BENEFIT_LISTS: Final = (ListKind.DIBAO, ListKind.TEKUN)  # those that say who receives relief


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference, not stored yet. ``facts`` are plain JSON without identity numbers; equal facts mean
    nothing new.

    Without a child ``subject`` stands for the person of the row from month to month; with one it may be
    empty.
    """

    kind: str
    list_kind: str
    region_id: int
    child_id: int | None = None
    row: ListRow | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    subject: str = ""

    @property
    def subject_key(self) -> str:
        """Whom and what the finding is about, whatever its facts."""
        return _key(self.kind, self.list_kind, self.child_id or self.subject)

    @property
    def key(self) -> str:
        """The finding with its facts: equal keys in two months are the same thing found twice."""
        return _key(self.subject_key, json.dumps(self.facts, sort_keys=True, default=str))


def _key(*parts: object) -> str:
    return hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()[:32]


@dataclass
class Pairs:
    """The month's pairs that count: certain or accepted by a person. Loaded once for all finders."""

    run: MatchRun
    lists: list[ListImport]
    accepted: dict[str, dict[int, ListRow]] = field(default_factory=lambda: defaultdict(dict))
    open: set[tuple[str, int]] = field(default_factory=set)
    earlier: set[tuple[str, int]] = field(default_factory=set)
    children: dict[int, Child] = field(default_factory=dict)
    members: dict[tuple[int, str], int] = field(default_factory=dict)
    senders: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    @classmethod
    def load(cls, run: MatchRun) -> Pairs:
        """Read the pairs of a run and of the month before; about eight queries whatever the size."""
        pairs = cls(run, lists_of(run))
        found = MatchCandidate.objects.filter(run=run, state=MatchCandidate.State.ACCEPTED)
        for candidate in found.select_related("list_row").order_by("-score", "pk"):
            # A child on two rows of one kind is compared with the surer one.
            pairs.accepted[candidate.list_row.kind].setdefault(candidate.child_id, candidate.list_row)
        undecided = MatchCandidate.objects.filter(run=run, state=MatchCandidate.State.PENDING).exclude(
            _row_has(run, MatchCandidate.State.ACCEPTED)
        )
        pairs.open = set(undecided.values_list("list_row__kind", "child_id"))
        before = MatchCandidate.objects.filter(
            run__region_id=run.region_id,
            run__period=add_months(run.period, -1),
            state=MatchCandidate.State.ACCEPTED,
        )
        pairs.earlier = set(before.values_list("list_row__kind", "child_id"))
        wanted = {child for rows in pairs.accepted.values() for child in rows} | {
            c for _k, c in pairs.earlier
        }
        on_register = Child.objects.filter(pk__in=wanted, left_date__isnull=True).select_related("region")
        pairs.children = {child.pk: child for child in on_register}
        rows = ListRow.objects.filter(list_import__in=[each.pk for each in pairs.lists]).order_by()
        for kind, sender in rows.values_list("kind", "sender_code").distinct():
            pairs.senders[kind].add(sender)
        households = {
            (row.list_import_id, row.household)
            for of_kind in pairs.accepted.values()
            for row in of_kind.values()
            if row.household
        }
        counted = (
            rows.filter(
                list_import__in={i for i, _h in households}, household__in={h for _i, h in households}
            )
            .values_list("list_import_id", "household")
            .annotate(people=Count("pk"))
        )
        pairs.members = {(list_id, household): people for list_id, household, people in counted}
        return pairs

    def people_in_household(self, row: ListRow) -> int:
        """How many rows the list has for the household of a row; 1 where it does not say."""
        return self.members.get((row.list_import_id, row.household), 1)

    def covers(self, kind: str, region_id: int) -> bool:
        """Whether a list of this kind has come from the township of the region, or from the whole county."""
        township = f"{region_id:012d}"[:9]
        return any(not s or s[6:9] in ("", "000") or s[:9] == township for s in self.senders.get(kind, ()))


def _row_has(run: MatchRun, *states: str) -> Exists:
    return Exists(MatchCandidate.objects.filter(run=run, list_row=OuterRef("list_row"), state__in=states))


Finder = Callable[[Pairs], Iterable[Finding]]
_FINDERS: list[Finder] = []


def finder(function: Finder) -> Finder:
    """Register a source of findings. Several may report one child and kind: the first registered with facts
    of money wins.
    """
    _FINDERS.append(function)
    return function


def findings_of(pairs: Pairs) -> Iterator[Finding]:
    """Everything that is found, other apps' finders first."""
    for each in _FINDERS:
        yield from each(pairs)
    yield from gone(pairs)
    yield from different(pairs)
    yield from not_registered(pairs)


# --- Lists and register ---------------------------------------------------------------------------------


def not_registered(pairs: Pairs) -> Iterator[Finding]:
    """Minors on a relief list whom no child of the register matches, one finding a person and list.

    A row that still waits for a decision is left out: it may be a child of the register.
    """
    run = pairs.run
    paired = MatchCandidate.objects.filter(run=run, list_row=OuterRef("pk")).exclude(
        state=MatchCandidate.State.REJECTED
    )
    rows = ListRow.objects.filter(list_import__in=[each.pk for each in pairs.lists], kind__in=BENEFIT_LISTS)
    ids, dates = Distinct(clean_id), Distinct(clean_date)
    seen: set[tuple[str, str]] = set()
    for row in rows.exclude(Exists(paired)).order_by("pk").iterator(chunk_size=5_000):
        number = ids[row.id_number]
        name, inside = split_number_from_name(row.name)
        if number.kind == IdKind.MISSING and inside:
            number = ids[inside]
        born = birth_of(number.birth, dates[row.birth_date])
        if born is None or born > run.period or is_adult(born, run.period):
            continue
        person = (row.kind, _key(clean_name(name), number.text or born.isoformat()))
        if person in seen:
            continue
        seen.add(person)
        yield Finding(
            Kind.NOT_REGISTERED,
            row.kind,
            row.region_id,
            row=row,
            facts={"born": born.isoformat()},
            subject=person[1],
        )


def birth_of(inside: int, column: int) -> dt.date | None:
    """The birth date a row gives, in its number or its column (yyyymmdd, days 00 allowed), the number first;
    None without.
    """
    value = inside or column
    return dt.date(value // 10000, value // 100 % 100, value % 100 or 1) if value else None


def different(pairs: Pairs) -> Iterator[Finding]:
    """Pairs whose name, birth date, sex, number or village the list gives otherwise than the register."""
    villages = dict(Region.objects.below(pairs.run.region).values_list("code", "name"))
    for kind in BENEFIT_LISTS:
        for child_id, row in sorted(pairs.accepted.get(kind, {}).items()):
            child = pairs.children.get(child_id)
            if child is None:
                continue
            found = differences(row, child, villages)
            if found:
                yield Finding(Kind.DIFFERENT, kind, child.region_id, child_id, row, {"differences": found})


def differences(row: ListRow, child: Child, villages: dict[int, str]) -> list[dict[str, str]]:
    """What differs, as ``{"field", "list", "register", "value"}``; ``value`` is what a correction would
    write.

    Identity numbers are masked, and have no value here: a correction reads the row itself.
    """
    found: list[dict[str, str]] = []

    def add(name: str, listed: str, registered: str, value: str = "") -> None:
        found.append({"field": name, "list": listed, "register": registered, "value": value})

    name, inside = split_number_from_name(row.name)
    if clean_name(name) and compare_names(clean_name(name), clean_name(child.name)) != NameLikeness.SAME:
        add("name", name, child.name, clean_name(name))
    number = clean_id(row.id_number or inside)
    if number.kind == IdKind.VALID and number.text != child.id_number:
        add("id_number", identity.mask(number.text), identity.mask(child.id_number))
    written = clean_date(row.birth_date)
    in_number = number.birth if number.kind == IdKind.VALID else 0
    born = birth_of(0, written if written % 100 else 0) or birth_of(in_number, 0)
    if born is not None and born != child.birth_date:
        add("birth_date", born.isoformat(), child.birth_date.isoformat(), born.isoformat())
    sex = clean_sex(row.sex)
    if sex and sex != child.sex:
        add("sex", sex, child.sex, sex)
    homes = {child.region_id, child.household_region_id, child.residence_region_id}
    # Only a village says where somebody lives; a row placed by its sender alone does not.
    if row.region_id % 1000 and row.region_id not in homes:
        there = villages.get(row.region_id, row.village_name)
        add("village", there, villages.get(child.region_id, child.region.name), str(row.region_id))
    return found


def gone(pairs: Pairs) -> Iterator[Finding]:
    """Children who were on last month's list and are on none of that kind now, where their township has sent
    one.
    """
    for kind, child_id in sorted(pairs.earlier):
        child = pairs.children.get(child_id)
        if child is None or kind not in BENEFIT_LISTS or is_on_list(pairs, kind, child_id, child.region_id):
            continue
        yield Finding(Kind.GONE, kind, child.region_id, child_id, None, {"last_month": True})


def is_on_list(pairs: Pairs, kind: str, child_id: int, region_id: int) -> bool:
    """Whether a child is on a list of the kind, may be (a pair waits for a decision), or no list has come
    that would say.
    """
    return (
        child_id in pairs.accepted.get(kind, {})
        or (kind, child_id) in pairs.open
        or not pairs.covers(kind, region_id)
    )
