"""How alike two texts and two pictures are, and the keys by which like ones are found without comparing all. Pure.

Texts: the sets of their two-character pieces; likeness is what they share of what both have (Jaccard). The keys are
MinHash bands (Broder 1997): two texts that share the part s of their pieces share a key with the probability
1 − (1 − s⁴)⁸, which is 0.98 at 0.8 and 0.06 at 0.3. Pictures: the four 16-bit bands of the fingerprint, of which two
pictures that differ in at most three bits share one, and the exact bytes.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable
from functools import cache

PIECE = 2  # characters
BANDS, ROWS = 8, 4
LONGEST = 2000  # characters of a text that are compared
SHORTEST_PHRASE = 6  # characters
PRIME = (1 << 61) - 1
PICTURE_BANDS, BAND_BITS = 4, 16
MOST_BITS = PICTURE_BANDS - 1  # that two pictures may differ in and surely share a band


def bare(text: str) -> str:
    """The letters, digits and characters of a text alone: no spaces, no punctuation, one width, one case."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text[:LONGEST]).casefold()))


def phrases(sentences: Iterable[str]) -> tuple[str, ...]:
    """Sentences that nobody writes as their own, bare and longest first, for :func:`own_words`."""
    found = {bare(sentence) for sentence in sentences}
    return tuple(
        sorted((one for one in found if len(one) >= SHORTEST_PHRASE), key=lambda one: (-len(one), one))
    )


def own_words(text: str, name: str, known: Iterable[str]) -> str:
    """A bare text without the known phrases and without the child's name."""
    words = bare(text)
    for part in (*known, bare(name)):
        if part:
            words = words.replace(part, "")
    return words


def likeness(one: str, other: str) -> float:
    """0 (nothing in common) to 1 (the same) of two bare texts."""
    mine, theirs = _pieces(one), _pieces(other)
    return len(mine & theirs) / len(mine | theirs) if mine or theirs else 0.0


def _pieces(text: str) -> frozenset[str]:
    return frozenset(text[at : at + PIECE] for at in range(max(len(text) - PIECE + 1, 0)))


def text_keys(text: str) -> list[int]:
    """Keys (signed 64 bits) of a bare text, one a band; none when it is shorter than a piece."""
    pieces = [_number(piece) % PRIME for piece in _pieces(text)]
    if not pieces:
        return []
    least = [min((a * piece + b) % PRIME for piece in pieces) for a, b in _permutations()]
    return [
        _number(f"text {band} {least[band * ROWS : (band + 1) * ROWS]}", signed=True) for band in range(BANDS)
    ]


@cache
def _permutations() -> tuple[tuple[int, int], ...]:
    """Fixed for ever: the keys are kept."""
    return tuple(
        (_number(f"a {row}") % (PRIME - 1) + 1, _number(f"b {row}") % PRIME) for row in range(BANDS * ROWS)
    )


def picture_keys(sha256: str, fingerprint: int | None) -> list[int]:
    """Keys of a picture: of its exact bytes, and of each band of what it shows."""
    keys = [_number(f"bytes {sha256}", signed=True)] if sha256 else []
    if fingerprint is not None:
        bits = fingerprint % (1 << 64)
        for band in range(PICTURE_BANDS):
            part = bits >> (band * BAND_BITS) & (1 << BAND_BITS) - 1
            keys.append(_number(f"picture {band} {part}", signed=True))
    return keys


def bits_apart(one: int, other: int) -> int:
    """In how many of the 64 bits two fingerprints differ."""
    return ((one ^ other) % (1 << 64)).bit_count()


def _number(text: str, *, signed: bool = False) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big", signed=signed)
