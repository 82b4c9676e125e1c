"""Which characters the paper's font holds, so that none is ever left out silently.

Names use characters beyond every font (生僻字). What the font lacks is printed as a box with its code point, counted, and
named at the end of the paper.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from fontTools.ttLib import TTFont

FONTS = Path(__file__).parent / "fonts"
FONT = FONTS / "NotoSansCJKsc-Regular.cut.otf"
NEVER_DRAWN = frozenset("\n\u200b")


@lru_cache(maxsize=1)
def held() -> frozenset[int]:
    """Code points that the font draws."""
    with TTFont(FONT, lazy=True) as font:
        return frozenset(font.getBestCmap())


def code_point(character: str) -> str:
    """``U+20BB7``."""
    return f"U+{ord(character):04X}"


class Writer:
    """Splits texts into what the font draws and what it lacks, and remembers the latter in ``missing``."""

    def __init__(self) -> None:
        self.missing: dict[str, int] = {}
        self._held = held()

    def runs(self, text: str) -> str | list[str | dict[str, str]]:
        """The text itself, or a list of texts and ``{"missing": "U+…"}`` where characters are lacking."""
        if all(ord(c) in self._held or c in NEVER_DRAWN for c in text):
            return text
        found: list[str | dict[str, str]] = []
        plain = ""
        for character in text:
            if ord(character) in self._held or character in NEVER_DRAWN:
                plain += character
                continue
            if plain:
                found.append(plain)
                plain = ""
            self.missing[character] = self.missing.get(character, 0) + 1
            found.append({"missing": code_point(character)})
        return [*found, plain] if plain else found
