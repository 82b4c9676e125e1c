"""Whether somebody is on the register already: asked while a file is typed, when it is saved, and for a whole list.

What makes two entries look like one child, strongest first: the same identity number; a mistyped number of which
one slip makes a number that is known; the same name and date of birth; a name that sounds the same and the same
date of birth. Two valid numbers are never one slip apart (the check character sees to that), so only a number that
is wrong has neighbours to look for.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from django.db import connection, models
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases import identity, pinyin
from cases.matching.engine.normalise import clean_name
from cases.models import Child, NotSameChild
from staff.audit import log_access
from staff.models import AccessLog
from staff.models.region import county_of
from staff.scope import system_scope


class Why(models.TextChoices):
    """Why two entries may be one child, strongest first."""

    IDENTITY = "identity", gettext_lazy("The same identity number")
    SLIP = "slip", gettext_lazy("An identity number one slip away")
    NAME = "name", gettext_lazy("The same name and date of birth")
    SOUND = "sound", gettext_lazy("A name that sounds the same, the same date of birth")
    GUARDIAN = "guardian", gettext_lazy("The same guardian and date of birth")


RANK = {why.value: place for place, why in enumerate(Why)}


class Facts(NamedTuple):
    """What is known of somebody, as typed. ``region_id`` is any place of the county; None leaves the name out."""

    name: str = ""
    birth_date: dt.date | None = None
    id_number: str = ""
    region_id: int | None = None


@dataclass(frozen=True)
class Twin:
    """A file in sight that may be the same child's."""

    child: Child
    why: Why

    @property
    def sentence(self) -> str:
        """What somebody who adds a child must read before going on."""
        if self.child.left_date is not None:
            return _("%(why)s: %(name)s, number %(number)s, left the register on %(date)s.") % {
                "why": self.why.label,
                "name": self.child.name,
                "number": self.child.number,
                "date": self.child.left_date.isoformat(),
            }
        return _("%(why)s: %(name)s is on the register with number %(number)s.") % {
            "why": self.why.label,
            "name": self.child.name,
            "number": self.child.number,
        }


@dataclass(frozen=True)
class Twins:
    """Files in sight, strongest first, and whether the identity number is known where one cannot look.

    ``elsewhere`` is told in one neutral sentence: not who, not where, not even whether that child has left.
    ``taken`` says that it has not, so that the number cannot be used; a page does not show it.
    """

    found: tuple[Twin, ...] = ()
    elsewhere: bool = False
    taken: bool = False

    def __bool__(self) -> bool:
        return bool(self.found) or self.elsewhere

    def warnings(self) -> list[tuple[str, str]]:
        """(field, sentence) pairs as NeedsConfirmation takes them."""
        told = [
            ("id_number" if twin.why in (Why.IDENTITY, Why.SLIP) else "name", twin.sentence)
            for twin in self.found
        ]
        return told + ([("id_number", neutral_sentence())] if self.elsewhere else [])


def neutral_sentence() -> str:
    """What is told of a child out of sight: no name, no place."""
    return _(
        "This identity number is known to a register elsewhere. Ask the county bureau before you open a file."
    )


# One look-up an index: of the number's digest anywhere in scope, of birth date and sound within the county.
FIND_TWINS = """
WITH number (key, digest, why) AS (SELECT * FROM unnest(%(number_keys)s::int[], %(digests)s::bytea[], %(whys)s::text[])),
     person (key, birth, sound, county) AS (
         SELECT * FROM unnest(%(person_keys)s::int[], %(births)s::date[], %(sounds)s::text[], %(counties)s::bigint[]))
SELECT n.key, coalesce(c.merged_into_id, c.id), n.why FROM number n JOIN cases_child c ON c.id_digest = n.digest
UNION
SELECT p.key, coalesce(c.merged_into_id, c.id), 'sound' FROM person p
JOIN cases_child c ON c.birth_date = p.birth AND c.name_pinyin = p.sound
    AND c.region_code BETWEEN p.county AND p.county + 999999
"""


@dataclass
class _Question:
    """The arrays of FIND_TWINS."""

    numbers: list[tuple[int, bytes, str]] = field(default_factory=list)
    people: list[tuple[int, dt.date, str, int]] = field(default_factory=list)

    def add(self, key: int, facts: Facts) -> None:
        number = identity.canonical(facts.id_number)
        problem = identity.problem_of(number)
        if problem is None:
            self.numbers.append((key, identity.digest_identity(number), Why.IDENTITY))
        elif problem in (identity.IdentityProblem.CHECK, identity.IdentityProblem.LENGTH):
            likely = identity.repair_candidates(number)
            self.numbers += [(key, identity.digest_identity(n), Why.SLIP) for n in sorted(likely)]
        name = facts.name.strip()
        if name and facts.birth_date and facts.region_id:
            sound = pinyin.sort_key(name)
            self.people.append((key, facts.birth_date, sound, county_of(facts.region_id)))

    def ask(self) -> list[tuple[int, int, str]]:
        number_keys, digests, whys = zip(*self.numbers, strict=True) if self.numbers else ((), (), ())
        keys, births, sounds, counties = zip(*self.people, strict=True) if self.people else ((), (), (), ())
        with connection.cursor() as cursor:
            cursor.execute(
                FIND_TWINS,
                {
                    "number_keys": list(number_keys),
                    "digests": list(digests),
                    "whys": list(map(str, whys)),
                    "person_keys": list(keys),
                    "births": list(births),
                    "sounds": list(sounds),
                    "counties": list(counties),
                },
            )
            return list(cursor.fetchall())


def twins_of(facts: Facts, *, but: int = 0) -> Twins:
    """Who may be the same child. ``but`` is the file being changed: it is left out, and those a person has
    decided are not the same child. Three queries at most, and one more where the number is not in sight."""
    found = twins_among({0: facts})[0]
    if not but:
        return found
    parted = Q(first_id=but) | Q(second_id=but)
    others = {
        first if second == but else second
        for first, second in NotSameChild.objects.filter(parted).values_list("first_id", "second_id")
    }
    return Twins(
        tuple(twin for twin in found.found if twin.child.pk != but and twin.child.pk not in others),
        found.elsewhere,
        found.taken,
    )


def twins_among(asked: Mapping[int, Facts]) -> dict[int, Twins]:
    """The same for many at once, by the caller's own keys; every key has an answer. Set-based: as many queries
    for 20,000 rows as for one.

    Files of the open scope are named; of others it is told only that the number is known.
    """
    question = _Question()
    for key, facts in asked.items():
        question.add(key, facts)
    best: dict[tuple[int, int], str] = {}
    for key, pk, why in question.ask() if question.numbers or question.people else ():
        if RANK[why] < RANK.get(best.get((key, pk), ""), len(RANK)):
            best[key, pk] = why
    children = {
        child.pk: child
        for child in Child.objects.filter(pk__in={pk for _key, pk in best}).defer("health_note", "phone")
    }
    found: dict[int, list[Twin]] = {key: [] for key in asked}
    for (key, pk), why in best.items():
        if pk in children and (reason := _reason(asked[key], children[pk], why)):
            found[key].append(Twin(children[pk], reason))
    hidden = _elsewhere(question.numbers, found)
    return {
        key: Twins(
            tuple(sorted(twins, key=lambda t: (RANK[t.why], t.child.left_date is not None, t.child.pk))),
            key in hidden,
            hidden.get(key, False),
        )
        for key, twins in found.items()
    }


def _reason(facts: Facts, child: Child, why: str) -> Why | None:
    """What the look-up means once the two are laid side by side; None where they are two children.

    A name that only sounds the same is nothing when both have a number and the numbers differ.
    """
    if why != Why.SOUND:
        return Why(why)
    if clean_name(facts.name) == clean_name(child.name):
        return Why.NAME
    number = identity.canonical(facts.id_number)
    differs = child.id_number and identity.problem_of(number) is None and number != child.id_number
    return None if differs else Why.SOUND


def _elsewhere(numbers: Iterable[tuple[int, bytes, str]], found: Mapping[int, list[Twin]]) -> dict[int, bool]:
    """Keys whose whole number is known out of sight → whether that child is on a register now.

    Each such answer leaves a line in the access log, so that asking for numbers one after another is seen.
    """
    seen = {key for key, twins in found.items() if any(twin.why == Why.IDENTITY for twin in twins)}
    wanted = {key: digest for key, digest, why in numbers if why == Why.IDENTITY and key not in seen}
    if not wanted:
        return {}
    with system_scope(reason="is this identity number on a register", lenses=("cases",), log=False):
        rows = Child.objects.filter(id_digest__in=set(wanted.values()))
        known: dict[bytes, bool] = {}
        for digest, left in rows.values_list("id_digest", "left_date"):
            key = bytes(digest or b"")
            known[key] = known.get(key, False) or left is None
    hidden = {key: known[digest] for key, digest in wanted.items() if digest in known}
    if hidden:
        log_access(
            kind=AccessLog.Kind.SYSTEM,
            reason="asked for identity numbers that are known elsewhere",
            detail={"count": len(hidden)},
        )
    return hidden
