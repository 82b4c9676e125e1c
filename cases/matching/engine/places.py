"""Where a list row lives: township and village of an address as an office writes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from cases.matching.engine.addresses import short_township, township_in, village_keys

Region = int  # a 12-digit division code
# Not known and not unique are told apart while building: a name that means two places means neither.
_AMBIGUOUS: Final = 0


@dataclass(slots=True)
class Places:
    """Villages and townships by bare name: within their township (9 digits), within the county (6) where
    unique. Villages that were renamed or merged mean their successor."""

    by_township: dict[tuple[str, str], Region] = field(default_factory=dict)
    by_county: dict[tuple[str, str], Region] = field(default_factory=dict)
    townships: dict[tuple[str, str], Region] = field(default_factory=dict)
    successors: Mapping[Region, Region] = field(default_factory=dict)
    _found: dict[tuple[str, str, str], Region | None] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(
        cls, regions: Iterable[tuple[Region, str]], successors: Mapping[Region, Region] | None = None
    ) -> Places:
        """Build from (12-digit code, name) pairs of villages and, where lists name them, townships.

        `successors`: code that was abolished → code in force. An abolished village may be given under its
        old name with its old code (then `successors` leads on) or with its successor's.
        """
        places = cls(successors=dict(successors or {}))
        for code, name in regions:
            now = places.current(code)
            if code % 1000 == 0:
                places._add(places.townships, f"{code:012d}"[:6], short_township(name), now)
                continue
            for key in village_keys(name)[:1]:
                for text in {f"{code:012d}", f"{now:012d}"}:
                    places._add(places.by_township, text[:9], key, now)
                    places._add(places.by_county, text[:6], key, now)
        return places

    @staticmethod
    def _add(table: dict[tuple[str, str], Region], prefix: str, name: str, code: Region) -> None:
        known = table.setdefault((prefix, name), code)
        if known != code:
            table[prefix, name] = _AMBIGUOUS

    def current(self, code: Region) -> Region:
        """The code in force for a code that may have been abolished."""
        seen = set()
        while code in self.successors and code not in seen:
            seen.add(code)
            code = self.successors[code]
        return code

    def township(self, sender: str, text: str) -> Region | None:
        """The township a cell or its sender names, as a 12-digit code, or None."""
        if text:
            found = self.townships.get((sender[:6], short_township(text)))
            if found:
                return found
        if len(sender) >= 9 and sender[6:9] != "000" and sender.isdigit():
            return self.current(int(sender[:9]) * 1000)
        return None

    def find(self, sender: str, text: str, township: str = "") -> Region | None:
        """The village an address means on a list sent by this office, or None. Each address is looked for once."""
        address = (sender, text, township)
        if address not in self._found:
            self._found[address] = self._find(sender, text, township)
        return self._found[address]

    def _find(self, sender: str, text: str, township: str) -> Region | None:
        if not text.strip():
            return None
        within = self.township(sender, township or township_in(text))
        for key in village_keys(text):
            found = self.by_township.get((f"{within:012d}"[:9], key)) if within else None
            found = found or self.by_county.get((sender[:6], key))
            if found:
                return found
        return None
