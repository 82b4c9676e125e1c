"""What makes a visit worth a look: one rule a mark, in a table. Pure; a mark judges nothing.

A rule gets the facts about one visit and its settings (the parameter ``visit_marks``), and returns the plain values of
its sentence, or None. Every rule that compares two visits says the same of them in either order.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cases.field.enums import MarkCode

Settings = Mapping[str, Any]
Detail = dict[str, Any]


@dataclass(frozen=True)
class Home:
    """Where a door visit goes: the child's household, the village it lives in, the address as written."""

    household: int | None
    village: int
    address: str = ""

    def is_same(self, other: Home) -> bool | None:
        """True or False; None when nobody can tell (one village, an address missing)."""
        if self.household is not None and self.household == other.household:
            return True
        if self.village != other.village:
            return False
        if not self.address or not other.address:
            return None
        return self.address == other.address

    @property
    def key(self) -> tuple[object, ...]:
        """Children of one home have one key."""
        return (self.household,) if self.household is not None else (self.village, self.address)


@dataclass(frozen=True)
class Made:
    """A visit as far as others are compared with it. ``at`` is local time."""

    pk: int
    child: int
    visitor: int
    at: dt.datetime
    home: Home

    def together_with(self, other: Made) -> bool:
        """Whether both were one walk to one home: siblings, or two visitors at the same child."""
        return self.at.date() == other.at.date() and self.home.is_same(other.home) is True


@dataclass(frozen=True)
class Facts:
    """All that the rules look at. Times are local.

    ``same_day``: the visitor's other visits face to face within a day; ``usual``: homes a day on which they visited,
    None without a past. ``like_texts`` and ``like_pictures``: candidates with their likeness (0–1) and the bits they
    differ in.
    """

    made: Made
    face_to_face: bool
    copied_from_paper: bool = False
    first: bool = True
    begun: dt.datetime | None = None
    written: dt.datetime | None = None
    sent: dt.datetime | None = None
    near: tuple[Made, ...] = ()
    usual: float | None = None
    like_texts: tuple[tuple[Made, float], ...] = field(default=())
    like_pictures: tuple[tuple[Made, int], ...] = field(default=())


Rule = Callable[[Facts, Settings], Detail | None]


def _named(other: Made, **more: Any) -> Detail:
    """The other visit as kept with a mark: its id and day; a name is looked up by whoever may see it."""
    return {"visit": other.pk, "day": other.at.date().isoformat(), **more}


def same_text(facts: Facts, settings: Settings) -> Detail | None:
    """Nearly the same words as at another child, or as the same visitor wrote before; not of one walk to one home."""
    found = [
        (share, other)
        for other, share in facts.like_texts
        if share >= settings["likeness"]
        and (other.child != facts.made.child or other.visitor == facts.made.visitor)
        and not facts.made.together_with(other)
    ]
    if not found:
        return None
    share, other = max(found, key=lambda pair: (pair[0], -pair[1].pk))
    return _named(other, percent=int(share * 100), others=len(found))


def same_picture(facts: Facts, settings: Settings) -> Detail | None:
    """A picture that was sent with another visit, unless both were one walk to one home."""
    found = [
        (bits, other)
        for other, bits in facts.like_pictures
        if bits <= settings["bits"] and not facts.made.together_with(other)
    ]
    if not found:
        return None
    bits, other = min(found, key=lambda pair: (pair[0], pair[1].pk))
    return _named(other, exact=bits == 0, others=len(found))


def too_close(facts: Facts, settings: Settings) -> Detail | None:
    """Two homes by one person within fewer minutes than the way takes."""
    if not facts.face_to_face:
        return None
    found = []
    for other in facts.near:
        if facts.made.home.is_same(other.home) is not False:
            continue
        there = facts.made.home.village == other.home.village
        minutes = abs(facts.made.at - other.at) / dt.timedelta(minutes=1)
        if minutes < settings["home_minutes" if there else "village_minutes"]:
            found.append((minutes, other.pk, other))
    if not found:
        return None
    minutes, _pk, other = min(found)
    return _named(other, minutes=int(minutes))


def at_night(facts: Facts, settings: Settings) -> Detail | None:
    """A home visited when people sleep: from the hour ``from`` until the hour ``to``."""
    hour = facts.made.at.hour
    asleep = hour >= settings["from"] or hour < settings["to"]
    return {"time": f"{facts.made.at:%H:%M}"} if facts.face_to_face and asleep else None


def too_many(facts: Facts, settings: Settings) -> Detail | None:
    """Far more homes in a day than this person usually visits on a day with visits."""
    if not facts.face_to_face:
        return None
    day = facts.made.at.date()
    homes = {other.home.key for other in facts.near if other.at.date() == day} | {facts.made.home.key}
    usual = facts.usual or 0.0
    if len(homes) <= max(settings["least"], settings["times"] * usual):
        return None
    return {"homes": len(homes), "usual": round(usual, 1)}


def too_quick(facts: Facts, settings: Settings) -> Detail | None:
    """The form was filled in within moments; changes to a returned visit may be quick."""
    if facts.copied_from_paper or not facts.first or facts.begun is None or facts.written is None:
        return None
    seconds = (facts.written - facts.begun).total_seconds()
    return {"seconds": int(seconds)} if 0 <= seconds < settings["seconds"] else None


def sent_late(facts: Facts, settings: Settings) -> Detail | None:
    """Written days after the visit. Written in time and sent when there was a signal is not late."""
    written = facts.written or facts.sent
    if facts.copied_from_paper or not facts.first or written is None:
        return None
    days = (written.date() - facts.made.at.date()).days
    return {"days": days} if days > settings["days"] else None


RULES: dict[MarkCode, Rule] = {
    MarkCode.SAME_TEXT: same_text,
    MarkCode.SAME_PHOTO: same_picture,
    MarkCode.TOO_CLOSE: too_close,
    MarkCode.AT_NIGHT: at_night,
    MarkCode.TOO_MANY: too_many,
    MarkCode.TOO_QUICK: too_quick,
    MarkCode.SENT_LATE: sent_late,
}


def in_use(national: Mapping[str, Any], own: Mapping[str, Any]) -> dict[MarkCode, Settings]:
    """The rules that a county uses, with their settings: the national ones, with what its own value changes.

    A rule set to null or false is off; a part of its settings changes that part alone.
    """
    found: dict[MarkCode, Settings] = {}
    for code in MarkCode:
        given = own.get(code, {})
        if given is None or given is False:
            continue
        found[code] = {**national[code], **(given if isinstance(given, Mapping) else {})}
    return found


def marks_of(facts: Facts, rules: Mapping[MarkCode, Settings]) -> dict[MarkCode, Detail]:
    """The marks that a visit gets, with the values of their sentences."""
    found = {code: RULES[code](facts, settings) for code, settings in rules.items()}
    return {code: detail for code, detail in found.items() if detail is not None}
