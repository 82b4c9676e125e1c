"""Pairs of files that may be one child's, found in one statement over the whole area, and what a person decided."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import NamedTuple

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from cases.child_list import name_places
from cases.models import Child, ChildMerge, NotSameChild
from cases.refusals import REVIEWERS, RegisterRefused, check_duty
from cases.twins import Why
from staff.scope import current, merge
from staff.workflow import Actor

PAGE = 30
COUNTED = 1000
KINDS = (Why.IDENTITY, Why.NAME, Why.SOUND, Why.GUARDIAN)

# Both in the area and at least one on the register. Names that only sound the same, and children of one guardian (who
# may be twins), count only where not both have an identity number: two valid numbers that differ are two people.
# A number mistyped by one slip cannot stand on the register, whose numbers all fit their check character.
# Files are gathered by what they share and paired within each gathering, and a guardian is laid beside its child by
# sorting: nothing is joined, so that no plan compares all with all, also before the tables are analysed.
FIND_PAIRS = """
WITH mine AS MATERIALIZED (
    SELECT id, id_digest, id_digest IS NOT NULL AS numbered, birth_date, name, name_pinyin, left_date IS NULL AS here
    FROM cases_child WHERE merged_into_id IS NULL AND ({inside})
), gathered AS (
    SELECT 0 AS rank, {arrays} FROM mine WHERE numbered GROUP BY id_digest HAVING count(*) > 1
    UNION ALL
    SELECT 1, {arrays} FROM mine GROUP BY birth_date, name_pinyin HAVING count(*) > 1
    UNION ALL
    SELECT 3, {arrays} FROM (
        SELECT DISTINCT guardian, id, birth, name, here, numbered FROM (
            SELECT guardian, id, max(birth_date) OVER own AS birth, max(name) OVER own AS name,
                   bool_or(here) OVER own AS here, bool_or(numbered) OVER own AS numbered
            FROM (
                SELECT NULL::bytea AS guardian, id, birth_date, name, here, numbered FROM mine
                UNION ALL
                SELECT id_digest, child_id, NULL, NULL, NULL, NULL FROM cases_guardian
                WHERE id_digest IS NOT NULL AND ({inside})
            ) both_kinds WINDOW own AS (PARTITION BY id)
        ) told WHERE guardian IS NOT NULL AND birth IS NOT NULL
    ) cared GROUP BY guardian, birth HAVING count(*) > 1
), pair AS (
    SELECT ids[i] AS first, ids[j] AS second, min(CASE WHEN rank = 1 AND names[i] <> names[j] THEN 2 ELSE rank END) AS rank
    FROM gathered, generate_subscripts(ids, 1) i, generate_series(i + 1, cardinality(ids)) j
    WHERE (heres[i] OR heres[j])
      AND (rank = 0 OR rank = 1 AND names[i] = names[j] OR NOT (numbereds[i] AND numbereds[j]))
    GROUP BY 1, 2
)
SELECT rank, first, second FROM pair p
WHERE (%(kind)s IS NULL OR rank = %(kind)s) AND (rank, first, second) > (%(rank)s, %(first)s, %(second)s)
  AND NOT EXISTS (SELECT FROM cases_notsamechild n WHERE n.first_id = p.first AND n.second_id = p.second)
ORDER BY rank, first, second LIMIT %(most)s
"""
ARRAYS = ", ".join(f"array_agg({name} ORDER BY id) AS {name}s" for name in ("id", "here", "numbered", "name"))


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


def find_pairs(key: Key = BEGINNING, kind: Why | None = None) -> PairPage:
    """One page of pairs in the open scope, the most certain first. Three queries, however large the register is."""
    ranges = merge(current().ranges)
    # The ranges are our own numbers and stand in the text, so that named parameters can be used for the rest.
    inside = " OR ".join(f"region_code BETWEEN {low} AND {high}" for low, high in ranges) or "false"
    with connection.cursor() as cursor:
        cursor.execute(
            FIND_PAIRS.format(arrays=ARRAYS, inside=inside),
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
