"""The matcher: rows of lists against people of a register, in memory, without a database.

    candidates = match(lists, persons, relatives, places, settings)

Reads no clock, no file and no setting but what it is given; the same input gives the same candidates.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import polars as pl

from cases.matching.engine import evidence, keys, pairs, verdicts
from cases.matching.engine.frames import CANDIDATE_SCHEMA, KEY_SCHEMA
from cases.matching.engine.places import Places
from cases.matching.engine.settings import Settings

SLICE: Final = 250_000  # rows
STEPS: Final = ("register", "lists", "pairs", "evidence", "candidates")


@dataclass(frozen=True, slots=True)
class Reading:
    """Lists that were read once, to be matched with several groups of the same people."""

    rows: pl.DataFrame
    vocabulary: keys.Vocabulary

    def only(self, rows: pl.Series) -> Reading:
        """The same, of some rows alone."""
        return Reading(self.rows.filter(pl.col("row").is_in(rows.implode())), self.vocabulary)


def read(lists: pl.DataFrame, people: pl.DataFrame, places: Places) -> Reading:
    """Read lists (LIST_SCHEMA) for matching with any of these people, who hold all that will be looked for and
    all their relatives (PERSON_SCHEMA, or prepared)."""
    vocabulary = keys.Vocabulary.of(prepared(people))
    # In slices, so that what reading needs besides does not grow with the lists.
    slices = lists.iter_slices(SLICE) if lists.height else [lists]
    return Reading(pl.concat([keys.list_keys(each, vocabulary, places) for each in slices]), vocabulary)


def match(
    lists: pl.DataFrame | Reading,
    persons: pl.DataFrame,
    relatives: pl.DataFrame,
    places: Places,
    settings: Settings | None = None,
    *,
    tick: Callable[[str], None] = lambda step: None,
) -> pl.DataFrame:
    """Candidates (CANDIDATE_SCHEMA) for rows of `lists` (LIST_SCHEMA, `row` and `household` unique over all of
    them) among `persons`.

    `persons` are those looked for, `relatives` the other people of the same children (column `child`): both of
    PERSON_SCHEMA, or prepared by `keys.person_keys`. Lists that are matched with several groups of people are
    better `read` once. `tick(step)` is called after each of STEPS and may raise to stop.
    """
    settings = settings or Settings()
    persons, relatives = prepared(persons), prepared(relatives)
    tick("register")
    if not isinstance(lists, Reading):
        lists = read(lists, pl.concat([persons, relatives]), places)
    tick("lists")
    if lists.rows.is_empty() or persons.is_empty():
        return pl.DataFrame(schema=CANDIDATE_SCHEMA)
    sides = pairs.Sides.of(lists.rows, persons, relatives, lists.vocabulary)
    proposed = pairs.propose(sides)
    tick("pairs")
    known = evidence.gather(
        proposed, sides, near_slips=settings.near_slips, legible_tail=settings.legible_tail
    )
    tick("evidence")
    candidates = verdicts.decide(known, settings)
    tick("candidates")
    return candidates


def prepared(people: pl.DataFrame) -> pl.DataFrame:
    """People made ready to be compared, now unless they were before."""
    made = people if "sound" in people.columns else keys.person_keys(people)
    return made.select(KEY_SCHEMA.names())
