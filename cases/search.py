"""Finding a child by what somebody remembers: part of a name, pinyin, initials, the end of a number.

Row policies allow only leakproof operators on an index, and ``LIKE`` is none. So every fragment that can be
asked for is kept as a keyed 64-bit hash beside the child (:class:`~cases.models.ChildToken`), and a search is
equality of integers.
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
from django.db.models.functions import Replace

from cases import identity, pinyin
from cases.models import Child, ChildToken, Guardian
from staff import crypto
from staff.scope import EVERYWHERE, current, merge

CHUNK = 4_000  # children indexed at a time: about 100,000 rows of tokens
LONGEST_PREFIX = 6  # letters of pinyin; what is typed beyond is compared with the name itself
INITIALS = 4
TAILS = (4, 6)  # how much of the end of a number people read out

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
    found |= {*_tails(child.id_number), *_tails(child.phone[-4:])}
    for guardian in guardians:
        found |= {*_grams(guardian.name), *_tails(guardian.phone[-4:])}
    return found


def tokens_for(child: Child, guardians: Iterable[Guardian]) -> set[int]:
    """The tokens of a child: of its name, pinyin, initials, register number, the last 4 and 6 of its identity
    number, its guardians' names, and the last 4 of telephone numbers."""
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
        "name", "number", "id_number", "phone", "region_id"
    )
    guardians: dict[int, list[Guardian]] = {}
    for guardian in Guardian._base_manager.filter(child_id__in=ids).only("name", "phone", "child_id"):
        guardians.setdefault(guardian.child_id, []).append(guardian)
    rows = io.StringIO()
    for child in children.order_by("pk"):
        for value in tokens_for(child, guardians.get(child.pk, ())):
            rows.write(f"{value}\t{child.region_id}\t{child.pk}\n")
    rows.seek(0)
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE IF NOT EXISTS new_token "
            "(token bigint, region_code bigint, child_id bigint) ON COMMIT DROP"
        )
        cursor.execute("DELETE FROM new_token")
        cursor.copy_expert("COPY new_token FROM STDIN", rows)
        cursor.execute("DELETE FROM cases_childtoken WHERE child_id = ANY (%s)", [ids])
        cursor.execute(
            "INSERT INTO cases_childtoken (token, region_code, child_id) "
            "SELECT token, region_code, child_id FROM new_token"
        )
        return cursor.rowcount


def parse(query: str) -> Terms:
    """Take a query apart by what it is written in; no groups when nothing in it can be searched for."""
    text = identity.canonical(query)
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
    """Digits: a whole identity number, a register number, or the end of one."""
    if identity.problem_of(text) is None:
        return Terms((), Q(id_digest=identity.digest_identity(text)))
    tail = max((length for length in TAILS if length <= len(text)), default=0)
    whole = f"#:{text}"
    if not tail:
        return Terms(((whole,),))
    if len(text) == tail:
        return Terms(((whole, f"d:{text}"),))
    # Of something longer the end is looked up; of a telephone number only the last four are kept.
    return Terms(((whole, f"d:{text[-tail:]}", *([f"d:{text[-4:]}"] if len(text) == 11 else [])),))


def find(query: str) -> QuerySet[Child]:
    """Children of the open scope that the query may mean, those who left included; none when it says nothing.

    Chinese is part of a child's or guardian's name, letters are pinyin or initials, digits a register number
    or the end of a number. An intersection of index look-ups; order and slice it as you like.
    """
    groups, remainder = parse(query)
    found: QuerySet[Child] = Child.objects.all()
    if not groups and remainder is None:
        return found.none()
    for group in groups:
        hits = ChildToken.objects.filter(_region_range(), token__in=[token(fragment) for fragment in group])
        found = found.filter(pk__in=hits.values("child_id"))
    if remainder is not None:
        found = found.annotate(sound=Replace(F("name_pinyin"), Value(" "), Value(""))).filter(remainder)
    return found


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
