"""Finding a child by what somebody remembers: part of a name, pinyin, initials, the end of a number.

Row policies allow only leakproof operators on an index, and ``LIKE`` is none. So every fragment that can be
asked for is kept as a keyed 64-bit hash beside the child (:class:`~cases.models.ChildToken`), and a search is
equality of integers.

What costs is not finding the tokens but fetching every child that has one in order to sort by name: 4 µs a
child, and one in ten has a common character in its own or its guardian's name. So fragments of names carry the
child's place in the order of names, and a page of results is read from their index (``in_order``).
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from django.db import connection
from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Coalesce, Replace

from cases import identity, pinyin
from cases.models import Child, ChildToken, Guardian
from staff import crypto
from staff.enums import RegionLevel
from staff.models import Region
from staff.scope import EVERYWHERE, current, merge

CHUNK = 4_000  # children indexed at a time: about 100,000 rows of tokens
LONGEST_PREFIX = 6  # letters of pinyin; what is typed beyond is compared with the name itself
INITIALS = 4
TAILS = (4, 6)  # how much of the end of a number people read out
PHONE = 7  # digits from which a number may be a telephone number
IN_ORDER = frozenset("npi#")  # kinds of fragments that keep the order of names: not the ends of numbers
WORDS = 4  # of a query; what comes after is not looked at
NAMED = 300  # children whose name says a place's too, up to which they are listed one by one

_DIGITS = re.compile(r"[\dX]+", re.ASCII)
_LATIN = re.compile(r"[A-Z]+", re.ASCII)
_WORD = re.compile(r"[A-Z0-9][A-Z0-9\-/]*", re.ASCII)


class Terms(NamedTuple):
    """A query taken apart: one fragment of every group must be there, and the remainder must hold."""

    groups: tuple[tuple[str, ...], ...]
    remainder: Q | None = None


@lru_cache(maxsize=200_000)
def token(fragment: str) -> int:
    """The signed 64-bit keyed hash of a fragment such as ``n:小满``."""
    return int.from_bytes(crypto.digest(fragment, "search")[:8], "big", signed=True)


def _grams(name: str) -> Iterator[str]:
    letters = [c for c in name.upper() if c.isalnum()]
    for i, letter in enumerate(letters):
        yield f"n:{letter}"
        if i:
            yield f"n:{letters[i - 1]}{letter}"


def _sounds(name: str) -> Iterator[str]:
    syllables = pinyin.syllables(name)
    for start in range(min(2, len(syllables))):  # the whole name, and the name without its first syllable
        run = "".join(syllables[start:])
        yield from (f"p:{run[:n]}" for n in range(2, LONGEST_PREFIX + 1) if len(run) >= n)
        letters = "".join(s[0] for s in syllables[start:] if s)[:INITIALS]
        yield from (f"i:{letters[: n + 1]}" for n in range(len(letters)))


def _tails(number: str) -> Iterator[str]:
    for length in TAILS:
        if len(number) >= length:
            yield f"d:{number[-length:]}"


def fragments(child: Child, guardians: Iterable[Guardian]) -> set[str]:
    """Everything the child can be found by, in clear. About thirty short texts."""
    number = child.number.upper()
    found = {*_grams(child.name), *_sounds(child.name), f"#:{number}", *_tails(number)}
    found |= {*_tails(child.id_number), *_phones(child.phone)}
    for guardian in guardians:
        found |= {*_grams(guardian.name), *_phones(guardian.phone)}
    return found


def _phones(number: str) -> Iterator[str]:
    digits = "".join(c for c in identity.canonical(number) if c.isdigit())
    yield from _tails(digits[-4:])
    if len(digits) >= PHONE:
        yield f"t:{digits}"


def _keeps_order(fragment: str) -> bool:
    return fragment[0] in IN_ORDER


def tokens_for(child: Child, guardians: Iterable[Guardian]) -> set[int]:
    """The tokens of a child: of its name, pinyin, initials, register number, the last 4 and 6 of its identity
    number, its guardians' names, and telephone numbers whole and by their last 4."""
    return {token(fragment) for fragment in fragments(child, guardians)}


def index_children(ids: Iterable[int] | None = None) -> int:
    """Write the tokens of children anew, inside the open scope; returns how many tokens there are.

    ``None`` means every child in scope. Set-based: a few statements for 4,000 children, through COPY into a
    temporary table, because COPY is refused on a table with policies.
    """
    everyone = Child.objects.order_by("pk").values_list("pk", flat=True)
    wanted = list(everyone) if ids is None else sorted(set(ids))
    written = 0
    for start in range(0, len(wanted), CHUNK):
        written += _index(wanted[start : start + CHUNK])
    return written


def _index(ids: list[int]) -> int:
    children = Child._base_manager.filter(pk__in=ids).only(
        "name", "name_pinyin", "number", "id_number", "phone", "region_id"
    )
    guardians: dict[int, list[Guardian]] = {}
    for guardian in Guardian._base_manager.filter(child_id__in=ids).only("name", "phone", "child_id"):
        guardians.setdefault(guardian.child_id, []).append(guardian)
    # A merged file is found as the one that was kept, by everything that was written in either.
    merged: dict[int, list[Child]] = {}
    for file in Child._base_manager.filter(merged_into_id__in=ids).only(
        "name", "number", "id_number", "phone", "merged_into_id"
    ):
        merged.setdefault(file.merged_into_id or 0, []).append(file)
    rows = io.StringIO()
    for child in children.filter(merged_into__isnull=True).order_by("pk"):
        place = child.name_pinyin.replace("\\", "")
        found = fragments(child, guardians.get(child.pk, ()))
        for fragment in found.union(*(fragments(file, ()) for file in merged.get(child.pk, ()))):
            key = place if _keeps_order(fragment) else "\\N"
            rows.write(f"{token(fragment)}\t{child.region_id}\t{child.pk}\t{key}\n")
    rows.seek(0)
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE IF NOT EXISTS new_token "
            "(token bigint, region_code bigint, child_id bigint, name_pinyin text) ON COMMIT DROP"
        )
        cursor.execute("DELETE FROM new_token")
        cursor.copy_expert("COPY new_token FROM STDIN", rows)
        cursor.execute("DELETE FROM cases_childtoken WHERE child_id = ANY (%s)", [ids])
        cursor.execute(
            "INSERT INTO cases_childtoken (token, region_code, child_id, name_pinyin) "
            "SELECT token, region_code, child_id, name_pinyin FROM new_token"
        )
        return cursor.rowcount


def words_of(query: str) -> list[str]:
    """The words of a query, cleaned; letters and digits that stand apart are one: Zeng Zi Han, 137 1234 5520."""
    words: list[str] = []
    joined = False
    for part in query.split():
        text = identity.canonical(part)
        plain = text.isascii()
        if plain and joined:
            words[-1] += text
        elif text:
            words.append(text)
        joined = plain and bool(words)
    return words[:WORDS]


def parse(text: str) -> Terms:
    """Take a cleaned word apart by what it is written in; no groups when nothing in it can be searched for."""
    chinese = [c for c in text if c.isalnum() and not c.isascii()]
    if chinese:
        if len(chinese) == 1:
            return Terms(((f"n:{chinese[0]}",),))
        return Terms(tuple((f"n:{a}{b}",) for a, b in pairwise(chinese)))
    if _DIGITS.fullmatch(text) and any(c.isdigit() for c in text):
        return _number(text)
    if _LATIN.fullmatch(text):
        run = text.lower()
        sounds = [f"p:{run[:LONGEST_PREFIX]}"] + ([f"i:{run}"] if len(run) <= INITIALS else [])
        if len(run) <= LONGEST_PREFIX:
            return Terms(((*sounds, f"#:{text}"),))
        return Terms(((*sounds, f"#:{text}"),), Q(sound__contains=run) | Q(number__iexact=text))
    if _WORD.fullmatch(text):
        return Terms(((f"#:{text}",),))
    return Terms(())


def _number(text: str) -> Terms:
    """Digits: a whole identity, telephone or register number, or the end of one."""
    if identity.problem_of(text) is None:
        digest = identity.digest_identity(text)
        # Looked up now: as a condition beside an order by name it would be tried on one child after the other.
        holders = Child.objects.filter(id_digest=digest).order_by()
        standing = holders.values_list(Coalesce("merged_into", "pk"), flat=True)
        return Terms((), Q(pk__in=list(standing)))
    tail = max((length for length in TAILS if length <= len(text)), default=0)
    whole = f"#:{text}"
    if not tail:
        return Terms(((whole,),))
    if len(text) == tail:
        return Terms(((whole, f"d:{text}"),))
    if len(text) == 11 and text.startswith("1") and text.isdigit():
        return Terms(((whole, f"t:{text}"),))
    phone = [f"t:{text}"] if len(text) >= PHONE else []
    return Terms(((whole, *phone, f"d:{text[-tail:]}"),))


def find(query: str) -> QuerySet[Child]:
    """Children of the open scope that the query may mean, those who left included; none when it says nothing.

    Chinese is part of a child's or guardian's name, or begins the name of a village or township; letters are
    pinyin or initials; digits a register or telephone number, or the end of a number. Several words must all
    hold. An intersection of index look-ups; order and slice it as you like. One query for each Chinese word of
    two characters or more, which asks for places, and one more where there are such.
    """
    found: QuerySet[Child] = Child.objects.all()
    said = False
    for word in words_of(query):
        groups, remainder = parse(word)
        if not groups and remainder is None:
            continue
        said = True
        places = _places(word)
        if places:
            named = Child.objects.filter(_intersection(groups)).order_by()
            some = list(named.values_list("pk", flat=True)[: NAMED + 1])
            if len(some) <= NAMED:
                # With the children named, the place is a range that any index can be read beside.
                found = found.filter(Q(pk__in=some) | places if some else places)
            else:
                found = found.filter(
                    pk__in=named.values("pk").union(Child.objects.filter(places).values("pk"))
                )
        elif groups:
            found = found.filter(_intersection(groups))
        if remainder is not None:
            found = found.annotate(sound=Replace(F("name_pinyin"), Value(" "), Value(""))).filter(remainder)
    return found if said else found.none()


def _intersection(groups: Iterable[tuple[str, ...]]) -> Q:
    condition = Q()
    for group in groups:
        condition &= Q(pk__in=_hits(group).values("child_id"))
    return condition


def _hits(group: Iterable[str]) -> QuerySet[ChildToken]:
    return ChildToken.objects.filter(_region_range(), token__in=[token(fragment) for fragment in group])


def in_order(query: str) -> list[QuerySet[ChildToken]]:
    """For a query of one fragment of a name: its tokens, to be read by (``name_pinyin``, ``child_id``) from an index.

    One query set for each way to understand the fragment; together they are what ``find`` finds. Empty when the
    query is longer, or the end of a number: then few children fit, and sorting them costs little; or a place.
    """
    words = words_of(query)
    if len(words) != 1:
        return []
    groups, remainder = parse(words[0])
    if len(groups) != 1 or remainder is not None or not all(map(_keeps_order, groups[0])):
        return []
    if _places(words[0]):
        return []
    return [_hits([fragment]).filter(name_pinyin__isnull=False) for fragment in groups[0]]


def _places(word: str) -> Q | None:
    """Children of the villages and townships of the scope whose names begin so; None for other words."""
    if len(word) < 2 or word.isascii():
        return None
    levels = (RegionLevel.TOWNSHIP, RegionLevel.VILLAGE)
    inside = Q()
    for low, high in merge(current().ranges):
        inside |= Q(pk__range=(low, high))
    condition = Q()
    for region in Region.objects.filter(inside, name__startswith=word, level__in=levels):
        condition |= Q(region_id__gte=region.lo, region_id__lte=region.hi)
    return condition or None


def _region_range() -> Q:
    """The explicit range beside the policy, as in ScopedManager, and the children shared from elsewhere."""
    scope = current()
    ranges = merge(scope.ranges)
    if not ranges or ranges == [EVERYWHERE]:
        return Q()
    condition = Q()
    for low, high in ranges:
        condition |= Q(region_code__gte=low, region_code__lte=high)
    seen = scope.shared
    return condition | Q(child_id__in=sorted(seen)) if seen else condition
