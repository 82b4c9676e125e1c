"""Which village a row means: by its code, or by the names offices write, former names included."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from django.db.models import Q

from cases.importing.problems import CellError
from cases.matching.engine.addresses import short_township, short_village, village_keys
from staff.enums import RegionLevel
from staff.models import Region, RegionChange
from staff.models.region import county_of, township_of
from staff.scope import EVERYWHERE, Range, current, merge


def divisions(ranges: Iterable[Range]) -> Q:
    """The divisions of every county that the ranges touch."""
    found = merge(ranges)
    if found == [EVERYWHERE]:
        return Q()
    condition = Q(pk__in=[])
    for low, high in found:
        condition |= Q(code__gte=county_of(low), code__lte=county_of(high) + 999_999)
    return condition


class Places:
    """The villages of the counties in scope. Two queries: the divisions, and names they bore before."""

    def __init__(self) -> None:
        condition = divisions(current().ranges)
        rows = list(
            Region.objects.filter(condition, level__in=(RegionLevel.TOWNSHIP, RegionLevel.VILLAGE))
            .order_by("code")
            .values_list("code", "name", "level", "valid_to", "successor_id")
        )
        self.successors = {code: successor for code, _name, _level, _to, successor in rows if successor}
        self.names = {code: name for code, name, _level, _to, _successor in rows}
        self.villages: set[int] = set()
        self._counties = {county_of(code) for code in self.names}
        self._townships: dict[str, set[int]] = defaultdict(set)
        self._by_township: dict[tuple[int, str], set[int]] = defaultdict(set)
        self._by_name: dict[str, set[int]] = defaultdict(set)
        for code, name, level, _to, _successor in rows:
            self._add(code, name, level)
        former = RegionChange.objects.filter(source__in=self.names).values_list(
            "target_code", "old_name", "source__level"
        )
        for code, name, level in former.order_by("pk"):
            if code in self.names:
                self._add(code, name, level)
        self._found: dict[tuple[int | None, str, str, str], int] = {}

    def _add(self, code: int, name: str, level: str) -> None:
        if level == RegionLevel.TOWNSHIP:
            for key in {name, short_township(name)}:
                self._townships[key].add(code)
            return
        self.villages.add(code)
        key, today = short_village(name), self.today(code)
        self._by_township[township_of(code), key].add(today)
        self._by_township[township_of(today), key].add(today)
        self._by_name[key].add(today)

    def today(self, code: int) -> int:
        """The village that a code stands for now: a merged or moved one's successor."""
        seen = {code}
        while (later := self.successors.get(code)) and later not in seen:
            seen.add(later)
            code = later
        return code

    def find(self, code: int | None, township: str, village: str, address: str) -> int | None:
        """The village of a row, None when the row names none. Raises CellError when it cannot be told."""
        key = (code, township, village, address)
        if key not in self._found:
            self._found[key] = self._find(*key) or 0
        return self._found[key] or None

    def _find(self, code: int | None, township: str, village: str, address: str) -> int | None:
        if code is not None:
            if code in self.villages:
                return self.today(code)
            raise CellError("village_unknown" if county_of(code) in self._counties else "village_outside")
        if village:
            return self._named(township, village)
        if not address:
            return None
        try:
            return self._named(township, address)
        except CellError:
            return None  # an address is no statement about the village

    def _named(self, township: str, village: str) -> int:
        offices = (
            self._townships.get(township.strip()) or self._townships.get(short_township(township)) or set()
        )
        if not township:
            offices = {
                c
                for name, codes in self._townships.items()
                if len(name) > 2 and name in village
                for c in codes
            }
        ambiguous = False
        for key in village_keys(village):
            within = {code for office in offices for code in self._by_township.get((office, key), ())}
            found = within or (self._by_name.get(key, set()) if not township else set())
            if len(found) == 1:
                return next(iter(found))
            ambiguous = ambiguous or len(found) > 1
        raise CellError("village_ambiguous" if ambiguous else "village_unknown")
