"""What people decided about pairs, remembered from month to month.

A decision is about a person of a child's file and the person whom a list row names. Both sides are kept as digests:
while neither has changed, the same pair is not asked again, and a "no" also holds against a certain rule.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

import polars as pl

from cases.matching.engine.normalise import clean_date, clean_id, clean_name, split_number_from_name
from cases.matching.runs.people import Person
from cases.models import ListRow, MatchCandidate, MatchDecision
from cases.models.matching import MatchRole
from staff import crypto
from staff.models import Region

# What `remembered` is asked about: a person of a child's file, the row as typed, and the person as registered.
PAIR_SCHEMA: Final = pl.Schema(
    {
        "child": pl.Int64,
        "role": pl.String,
        "person_id": pl.Int64,  # as MatchCandidate.person_id
        "kind": pl.String,
        "row_name": pl.String,
        "row_number": pl.String,
        "row_birth": pl.String,
        "row_head": pl.String,
        "name": pl.String,
        "number": pl.String,
        "birth": pl.Int32,  # yyyymmdd, 0 unknown; counts for children only
    }
)
# What it answers: the same person or not; of a decision that one person took alone, who and when.
ANSWERS: Final = pl.Schema({"same": pl.Boolean, "alone": pl.Int64, "at": pl.Datetime("us", "UTC")})  # type: ignore[arg-type]
Subject = tuple[int, str, int]
Answer = tuple[bool | None, int | None, dt.datetime | None]
_FIELDS: Final = ("kind", "same", "rule", "tier", "note", "person_digest", "user", "second", "at", "region")


def row_digest(kind: str, name: str, number: str, birth: str = "", head: str = "") -> bytes:
    """Stands for the person a list row names (32 bytes). Where the row has no number, birth date and head of
    household tell one namesake from another. Spaces, full width and traditional characters make no difference."""
    bare, inside = split_number_from_name(name)
    who = clean_id(number or inside).text or f"{clean_date(birth)}\x1e{clean_name(head)}"
    return crypto.digest(f"{kind}\x1f{clean_name(bare)}\x1f{who}", "list-row")


def person_digest(role: str, name: str, number: str, birth: int = 0) -> bytes:
    """Stands for what the register says of a person (32 bytes): name, number, and a child's birth date yyyymmdd."""
    day = birth if role == MatchRole.CHILD else 0
    return crypto.digest(f"{clean_name(name)}\x1f{clean_id(number).text}\x1f{day}", "list-person")


def remembered(region: Region, pairs: pl.DataFrame) -> pl.DataFrame:
    """For each of `pairs` (PAIR_SCHEMA) what was decided about it before (ANSWERS): `same` True the same person, False
    not, null nothing that still holds; `alone` the user who decided without a second person, at `at`.

    One query over the region's decisions; digests are made only for pairs of a person about whom something was
    decided, so the cost follows the decisions, not the pairs.
    """
    known = _known(region)
    answers: list[Answer] = [(None, None, None)] * pairs.height
    asked = pairs.with_row_index("place").filter(pl.col("child").is_in({child for child, _r, _p in known}))
    for pair in asked.iter_rows(named=True):
        found = known.get((pair["child"], pair["role"], pair["person_id"]))
        if found is None:
            continue
        row = row_digest(
            pair["kind"], pair["row_name"], pair["row_number"], pair["row_birth"], pair["row_head"]
        )
        if row not in found:
            continue
        person, answer = found[row]
        # Decisions of before the register's side was kept hold as they are.
        if person is None or person == person_digest(
            pair["role"], pair["name"], pair["number"], pair["birth"] or 0
        ):
            answers[pair["place"]] = answer
    return pl.DataFrame(answers, schema=ANSWERS, orient="row")


def _known(region: Region) -> dict[Subject, dict[bytes, tuple[bytes | None, Answer]]]:
    known: dict[Subject, dict[bytes, tuple[bytes | None, Answer]]] = defaultdict(dict)
    decided = MatchDecision.objects.filter(region__gte=region.lo, region__lte=region.hi).order_by()
    fields = (
        "child_id",
        "role",
        "person_id",
        "row_digest",
        "person_digest",
        "same",
        "user_id",
        "second_id",
        "at",
    )
    for child, role, person_id, row, person, same, user, second, at in decided.values_list(
        *fields
    ).iterator():
        alone = user if second is None else None
        known[child, role, person_id][bytes(row)] = (
            None if person is None else bytes(person),
            (same, alone, at),
        )
    return known


def remember(pairs: Sequence[MatchCandidate], people: dict[int, Person], at: dt.datetime) -> None:
    """Keep what the settled pairs say, for the months to come. One statement."""
    kept: dict[tuple[Subject, bytes], MatchDecision] = {}
    for pair in pairs:
        digest = digest_of(pair.list_row)
        person = people.get(pair.pk)
        kept[(pair.child_id, pair.role, pair.person_id), digest] = MatchDecision(
            child_id=pair.child_id,
            role=pair.role,
            person_id=pair.person_id,
            region_id=pair.region_id,
            kind=pair.list_row.kind,
            row_digest=digest,
            person_digest=_digest_of_person(person),
            rule=pair.rule,
            tier=pair.tier,
            same=pair.state == MatchCandidate.State.ACCEPTED,
            note=pair.note,
            user_id=pair.proposed_by_id or pair.decided_by_id,
            second_id=pair.decided_by_id if pair.proposed_by_id else None,
            at=at,
        )
    MatchDecision.objects.bulk_create(
        kept.values(),
        update_conflicts=True,
        unique_fields=["child", "role", "person_id", "row_digest"],
        update_fields=_FIELDS,
        batch_size=1_000,
    )


def forget(pairs: Iterable[MatchCandidate], *, seconded: bool = False) -> None:
    """Nothing is remembered of these pairs any more, whenever it was decided; what two people decided only where it is
    said (``seconded``)."""
    found = about(pairs).values()
    over = {each.pk for each in found if seconded or each.second_id is None}
    MatchDecision.objects.filter(pk__in=over).delete()


def holding(pairs: Sequence[MatchCandidate], people: dict[int, Person]) -> dict[int, MatchDecision]:
    """What is remembered of pairs by two people's decision and still holds for the persons as they are now, by the
    pair's key. One query."""
    return {
        pk: each
        for pk, each in about(pairs).items()
        if each.second_id is not None
        and (each.person_digest is None or bytes(each.person_digest) == _digest_of_person(people.get(pk)))
    }


def about(pairs: Iterable[MatchCandidate]) -> dict[int, MatchDecision]:
    """What is remembered of pairs, by the pair's key, with who decided. Pairs come with ``list_row``. One query."""
    wanted: dict[tuple[int, str, int, bytes], list[int]] = defaultdict(list)
    for pair in pairs:
        wanted[pair.child_id, pair.role, pair.person_id, digest_of(pair.list_row)].append(pair.pk)
    decided = MatchDecision.objects.filter(child__in={child for child, *_rest in wanted})
    found: dict[int, MatchDecision] = {}
    for each in decided.select_related("user", "second").order_by("pk"):
        key = (each.child_id, each.role, each.person_id, bytes(each.row_digest))
        found |= dict.fromkeys(wanted.get(key, ()), each)
    return found


def digest_of(row: ListRow) -> bytes:
    """The digest of a kept row."""
    return row_digest(row.kind, row.name, row.id_number, row.birth_date, row.head_name)


def _digest_of_person(person: Person | None) -> bytes | None:
    if person is None:
        return None
    born = person.birth
    birth = born.year * 10000 + born.month * 100 + born.day if born else 0
    return person_digest(person.role, person.name, person.number, birth)
