"""Pairs of files that may be one child's, found in one statement over the whole area, and what a person decided."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import NamedTuple

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from cases.children.listing import name_places
from cases.duplicates.twins import Why
from cases.models import Child, ChildMerge, NotSameChild
from cases.refusals import REVIEWERS, RegisterRefused, check_duty
from staff.scope import current, merge
from staff.workflow import Actor

PAGE = 30
COUNTED = 1000
KINDS = (Why.IDENTITY, Why.NAME, Why.SOUND, Why.GUARDIAN)

# Both in the area and at least one on the register. Names that only sound the same, and children of one guardian (who
# may be twins), count only where not both have an identity number: two valid numbers that differ are two people.
# A number mistyped by one slip cannot stand on the register, whose numbers all fit their check character.
# Each kind starts from the few files that can have a partner, found by one pass over an index or the table, and reads the
# partners by an index (child_digest, child_namesakes, guardian_digest): nothing that is unique is sorted or kept aside.
FIND_PAIRS = """
WITH shared AS MATERIALIZED (
    SELECT birth_date, name_pinyin FROM cases_child WHERE merged_into_id IS NULL AND ({inside})
    GROUP BY birth_date, name_pinyin HAVING count(*) > 1
), named AS (
    SELECT array_agg(one.id ORDER BY one.id) AS ids, array_agg(one.name ORDER BY one.id) AS names,
           array_agg(one.left_date IS NULL ORDER BY one.id) AS heres,
           array_agg(one.id_digest IS NOT NULL ORDER BY one.id) AS numbereds
    FROM shared JOIN cases_child one ON one.birth_date = shared.birth_date AND one.name_pinyin = shared.name_pinyin
    WHERE one.merged_into_id IS NULL AND ({inside_one}) GROUP BY one.birth_date, one.name_pinyin
), found AS (
    -- Two files on the register never bear one number (child_identity_once): one of the two has left.
    SELECT 0 AS rank, least(one.id, other.id) AS first, greatest(one.id, other.id) AS second
    FROM cases_child one JOIN cases_child other ON other.id_digest = one.id_digest
    WHERE one.id_digest IS NOT NULL AND one.left_date IS NOT NULL AND one.merged_into_id IS NULL AND ({inside_one})
      AND other.left_date IS NULL AND other.merged_into_id IS NULL AND ({inside_other})
    UNION ALL
    SELECT CASE WHEN names[i] = names[j] THEN 1 ELSE 2 END, ids[i], ids[j]
    FROM named, generate_subscripts(ids, 1) i, generate_series(i + 1, cardinality(ids)) j
    WHERE (heres[i] OR heres[j]) AND (names[i] = names[j] OR NOT (numbereds[i] AND numbereds[j]))
    UNION ALL
    SELECT 3, least(one.id, other.id), greatest(one.id, other.id)
    FROM cases_child one
    JOIN cases_guardian mine ON mine.child_id = one.id AND mine.id_digest IS NOT NULL
    JOIN cases_guardian theirs ON theirs.id_digest = mine.id_digest AND theirs.child_id <> one.id
    JOIN cases_child other ON other.id = theirs.child_id AND other.birth_date = one.birth_date
    WHERE one.id_digest IS NULL AND one.merged_into_id IS NULL AND ({inside_one})
      AND other.merged_into_id IS NULL AND ({inside_other}) AND (one.left_date IS NULL OR other.left_date IS NULL)
), pair AS (
    SELECT min(rank) AS rank, first, second FROM found GROUP BY first, second
)
SELECT rank, first, second FROM pair p
WHERE (%(kind)s IS NULL OR rank = %(kind)s) AND (rank, first, second) > (%(rank)s, %(first)s, %(second)s)
  AND NOT EXISTS (SELECT FROM cases_notsamechild n WHERE n.first_id = p.first AND n.second_id = p.second)
ORDER BY rank, first, second LIMIT %(most)s
"""


class Key(NamedTuple):
    """Where a page begins: after this pair."""

    rank: int = -1
    first: int = 0
    second: int = 0

    def __str__(self) -> str:
        return f"{self.rank}~{self.first}~{self.second}"

    @classmethod
    def read(cls, text: str) -> Key:
        """The key in an address; the beginning when it cannot be read."""
        parts = text.split("~")
        return cls(*map(int, parts)) if len(parts) == 3 and all(map(str.isdecimal, parts)) else cls()


BEGINNING = Key()


@dataclass(frozen=True)
class Pair:
    """Two files, the one that was opened first before the other, and why they may be one child's."""

    first: Child
    second: Child
    why: Why


@dataclass(frozen=True)
class PairPage:
    """``later`` is the key of the next page, empty on the last; ``count`` stops at COUNTED + 1 and counts from here on."""

    pairs: list[Pair]
    later: str
    count: int


def _inside(table: str) -> str:
    """The open scope's area for a table. Our own numbers stand in the text, so that named parameters serve for the rest."""
    ranges = merge(current().ranges)
    return " OR ".join(f"{table}region_code BETWEEN {low} AND {high}" for low, high in ranges) or "false"


def find_pairs(key: Key = BEGINNING, kind: Why | None = None) -> PairPage:
    """One page of pairs in the open scope, the most certain first. Three queries, however large the register is."""
    with connection.cursor() as cursor:
        cursor.execute(
            FIND_PAIRS.format(inside=_inside(""), inside_one=_inside("one."), inside_other=_inside("other.")),
            {
                "kind": KINDS.index(kind) if kind in KINDS else None,
                "rank": key.rank,
                "first": key.first,
                "second": key.second,
                "most": COUNTED + 1,
            },
        )
        found = cursor.fetchall()
    shown = found[:PAGE]
    ids = {pk for _rank, first, second in shown for pk in (first, second)}
    children = {c.pk: c for c in Child.objects.filter(pk__in=ids).defer("health_note", "phone")}
    name_places(list(children.values()))
    pairs = [Pair(children[a], children[b], KINDS[rank]) for rank, a, b in shown]
    later = str(Key(*shown[-1])) if len(found) > PAGE else ""
    return PairPage(pairs, later, len(found))


# --- What a person decided -----------------------------------------------------------------------------------


def part_children(
    one: Child, other: Child, *, reason: str = "", at: dt.datetime, actor: Actor | None = None
) -> NotSameChild:
    """Remember that two files are two children: they are not proposed again. The same decision twice is one."""
    actor = actor or Actor.current()
    check_duty(actor, REVIEWERS)
    if one.pk == other.pk or one.merged_into_id or other.merged_into_id:
        raise RegisterRefused(_("These are the same child already. Undo the merge first."))
    first, second = sorted((one, other), key=lambda child: child.pk)
    try:
        with transaction.atomic():
            return NotSameChild.objects.create(
                first=first,
                second=second,
                region_id=first.region_id,
                reason=reason.strip()[:200],
                user_id=actor.user_id or None,
                at=at,
            )
    except IntegrityError as error:
        if "not_same_once" not in str(error):
            raise
    return NotSameChild.objects.get(first=first, second=second)


def take_back_parting(parting: NotSameChild, *, at: dt.datetime, actor: Actor | None = None) -> None:
    """The two may be proposed again. The decision stays in the history."""
    check_duty(actor or Actor.current(), REVIEWERS)
    parting.delete()


def partings(before: int | None = None) -> list[NotSameChild]:
    """Decisions of the area, newest first, up to PAGE + 1 of them, older than the key ``before``."""
    rows = NotSameChild.objects.select_related("first", "second", "user").order_by("-pk")
    return list((rows.filter(pk__lt=before) if before else rows)[: PAGE + 1])


def merges(before: int | None = None) -> list[ChildMerge]:
    """Merges of the area that are in force, newest first, up to PAGE + 1 of them, older than the key ``before``."""
    rows = (
        ChildMerge.objects.filter(undone_at__isnull=True)
        .defer("before")
        .select_related("kept", "merged", "user")
    )
    rows = rows.order_by("-pk")
    return list((rows.filter(pk__lt=before) if before else rows)[: PAGE + 1])
