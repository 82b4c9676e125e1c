"""Instruments for assessing guardianship (监护能力评估): areas, groups, indicators and scoring items, as data.

An instrument is a JSON object, packaged in ``cases/instruments`` or a county's own in the parameter
``guardianship_assessment``::

    {"code", "name": {"zh", "en"}, "document", "least_answered",
     "scales": {"met": [{"code": "yes", "points": 100, "text"}, …]},
     "areas": [{"code", "weight", "name", "groups": [{…, "indicators": [{…, "items": [
         {"code", "weight", "text", "scale", "na"}]}]}]}],
     "knockouts": [{"item", "answer", "grade"}], "grades": [{"grade", "from", "risk"}]}

The weights of what stands under one heading add up to 100. ``grades`` are the four of 湖北's standard, best first, each
from a score on; ``risk`` is the best colour that a child with this grade may have. A knock-out holds the grade at or
below one, whatever the score. ``least_answered`` is the share (percent of all weight) that must not be "not applicable".
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from cases.categories.schemes import Words
from cases.circumstances.enums import Grade
from cases.enums import RiskLevel
from staff import parameters

PARAMETER = "guardianship_assessment"
FOLDER = Path(__file__).parents[1] / "instruments"
LEVELS = ("areas", "groups", "indicators", "items")
NOT_APPLICABLE = "na"
WHOLE = 100

_KEYS = {
    "instrument": {"code", "name", "document", "least_answered", "scales", "areas", "knockouts", "grades"},
    "heading": {"code", "weight", "name"},
    "items": {"code", "weight", "text", "scale", "na"},
    "option": {"code", "points", "text"},
    "knockout": {"item", "answer", "grade"},
    "grade": {"grade", "from", "risk"},
}


class InstrumentError(ValueError):
    """The data are no instrument; the message names the place and the remedy."""


@dataclass(frozen=True, slots=True)
class Option:
    """An answer and what it is worth, 0 to 100 points."""

    code: str
    points: int
    text: Words


@dataclass(frozen=True, slots=True)
class Item:
    """A scoring item; ``optional`` ones may be answered "not applicable". Options best first."""

    code: str
    weight: int
    text: Words
    options: tuple[Option, ...]
    optional: bool

    def option(self, code: str) -> Option | None:
        """The option with this code, or None."""
        return next((one for one in self.options if one.code == code), None)


@dataclass(frozen=True, slots=True)
class Heading:
    """An area, a group or an indicator: a weight and what stands under it."""

    code: str
    weight: int
    name: Words
    below: tuple[Heading | Item, ...]

    def items(self) -> Iterator[Item]:
        """Every item under it, in order."""
        for one in self.below:
            if isinstance(one, Item):
                yield one
            else:
                yield from one.items()


@dataclass(frozen=True, slots=True)
class Knockout:
    """This answer holds the grade at ``grade`` or worse."""

    item: str
    answer: str
    grade: Grade


@dataclass(frozen=True, slots=True)
class Step:
    """A grade from a score on, and the best colour it allows."""

    grade: Grade
    start: int
    risk: RiskLevel


@dataclass(frozen=True, slots=True)
class Instrument:
    """A checked instrument; ``source`` is the JSON object it was read from."""

    code: str
    name: Words
    document: str
    least_answered: int
    areas: tuple[Heading, ...]
    knockouts: tuple[Knockout, ...]
    grades: tuple[Step, ...]
    source: Mapping[str, Any]

    def items(self) -> dict[str, Item]:
        """Every item by its code, in order."""
        return {item.code: item for area in self.areas for item in area.items()}

    def step(self, grade: str) -> Step:
        """The step of a grade."""
        return next(one for one in self.grades if one.grade == grade)


def read_instrument(data: Mapping[str, Any]) -> Instrument:
    """An instrument from its JSON object, checked. InstrumentError names what is wrong and what would be right."""
    try:
        _known(data, _KEYS["instrument"], _("the instrument"))
        scales = {
            str(name): tuple(_option(row, str(name)) for row in rows) for name, rows in data["scales"].items()
        }
        found = Instrument(
            code=str(data["code"]),
            name=_words(data["name"]),
            document=str(data["document"]),
            least_answered=_whole(data["least_answered"], "least_answered"),
            areas=tuple(_headings(data["areas"], scales, 0)),
            knockouts=tuple(_knockout(row) for row in data["knockouts"]),
            grades=tuple(_step(row) for row in data["grades"]),
            source=data,
        )
    except KeyError as error:
        raise InstrumentError(_("The instrument lacks the key %(key)s.") % {"key": error}) from error
    except InstrumentError:
        raise
    except (TypeError, ValueError, AttributeError) as error:
        raise InstrumentError(_("The instrument cannot be read: %(error)s") % {"error": error}) from error
    _check(found, scales)
    return found


def _known(row: Mapping[str, Any], keys: Collection[str], where: str) -> None:
    if unknown := sorted(set(row) - set(keys)):
        raise InstrumentError(
            _("%(key)s is no key of %(where)s. Use: %(known)s.")
            % {"key": unknown[0], "where": where, "known": ", ".join(sorted(keys))}
        )


def _words(value: Any) -> Words:
    return Words(value, value) if isinstance(value, str) else Words(str(value["zh"]), str(value["en"]))


def _whole(value: Any, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= WHOLE:
        raise InstrumentError(
            _("%(where)s: write a whole number from 0 to 100, not %(value)s.")
            % {"where": where, "value": value}
        )
    return value


def _option(row: Mapping[str, Any], scale: str) -> Option:
    _known(row, _KEYS["option"], scale)
    return Option(str(row["code"]), _whole(row["points"], f"{scale}.{row['code']}"), _words(row["text"]))


def _headings(rows: Any, scales: Mapping[str, tuple[Option, ...]], depth: int) -> Iterator[Heading]:
    below = LEVELS[depth + 1]
    for row in rows:
        _known(row, {*_KEYS["heading"], below}, str(row.get("code", LEVELS[depth])))
        code = str(row["code"])
        parts: tuple[Heading | Item, ...] = (
            tuple(_items(row["items"], scales))
            if below == "items"
            else tuple(_headings(row[below], scales, depth + 1))
        )
        yield Heading(code, _whole(row["weight"], code), _words(row["name"]), parts)


def _items(rows: Any, scales: Mapping[str, tuple[Option, ...]]) -> Iterator[Item]:
    for row in rows:
        code = str(row["code"])
        _known(row, _KEYS["items"], code)
        if row["scale"] not in scales:
            raise InstrumentError(
                _("%(item)s: there is no scale %(scale)s. Known: %(known)s.")
                % {"item": code, "scale": row["scale"], "known": ", ".join(scales)}
            )
        yield Item(
            code,
            _whole(row["weight"], code),
            _words(row["text"]),
            scales[row["scale"]],
            bool(row.get("na", False)),
        )


def _knockout(row: Mapping[str, Any]) -> Knockout:
    _known(row, _KEYS["knockout"], _("a knock-out"))
    return Knockout(str(row["item"]), str(row["answer"]), Grade(row["grade"]))


def _step(row: Mapping[str, Any]) -> Step:
    _known(row, _KEYS["grade"], _("a grade"))
    return Step(Grade(row["grade"]), _whole(row["from"], str(row["grade"])), RiskLevel(row["risk"]))


def _check(found: Instrument, scales: Mapping[str, tuple[Option, ...]]) -> None:
    codes = [item.code for area in found.areas for item in area.items()]
    if twice := [code for code in codes if codes.count(code) > 1]:
        raise InstrumentError(_("The item %(code)s stands twice in the instrument.") % {"code": twice[0]})
    for name, options in scales.items():
        points = [one.points for one in options]
        names = [one.code for one in options]
        if (
            len(set(points)) != len(points)
            or points != sorted(points, reverse=True)
            or points[:1] != [WHOLE]
            or points[-1:] != [0]
            or len(set(names)) != len(names)
            or NOT_APPLICABLE in names
        ):
            raise InstrumentError(
                _(
                    "The scale %(scale)s must go down from 100 to 0 points, each answer with its own code and points."
                )
                % {"scale": name}
            )
    _check_weights(found.code, found.areas)
    if [step.grade for step in found.grades] != list(Grade):
        raise InstrumentError(
            _("The grades must be these, best first: %(grades)s.") % {"grades": ", ".join(Grade.values)}
        )
    starts = [step.start for step in found.grades]
    if starts != sorted(set(starts), reverse=True) or starts[-1] != 0:
        raise InstrumentError(
            _("The grades must cover 0 to 100: each begins lower than the one before, the last at 0.")
        )
    ranks = [step.risk.rank for step in found.grades]
    if ranks != sorted(ranks):
        raise InstrumentError(_("A worse grade must not allow a better colour."))
    _check_knockouts(found)


def _check_weights(code: str, parts: Collection[Heading | Item]) -> None:
    total = sum(one.weight for one in parts)
    if total != WHOLE or any(one.weight == 0 for one in parts):
        raise InstrumentError(
            _("The weights under %(code)s add up to %(total)s; they must add up to 100, and none be 0.")
            % {"code": code, "total": total}
        )
    for one in parts:
        if isinstance(one, Heading):
            _check_weights(one.code, one.below)


def _check_knockouts(found: Instrument) -> None:
    items = found.items()
    held: dict[tuple[str, str], Grade] = {}
    for one in found.knockouts:
        item = items.get(one.item)
        if item is None or item.option(one.answer) is None:
            raise InstrumentError(
                _("A knock-out names %(item)s = %(answer)s, which is no item and answer of the instrument.")
                % {"item": one.item, "answer": one.answer}
            )
        held[one.item, one.answer] = one.grade
    order = list(Grade)
    for (code, answer), grade in held.items():
        item = items[code]
        place = [one.code for one in item.options].index(answer)
        for worse in item.options[place + 1 :]:
            if order.index(held.get((code, worse.code), Grade.NORMAL)) < order.index(grade):
                raise InstrumentError(
                    _(
                        "%(item)s: the answer %(worse)s is worse than %(answer)s and must hold the grade as low."
                    )
                    % {"item": code, "worse": worse.code, "answer": answer}
                )


@cache
def packaged() -> dict[str, Instrument]:
    """The instruments that come with the program, by code."""
    read = (json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json")))
    return {found.code: found for found in map(read_instrument, read)}


def instrument_from(value: Any) -> Instrument:
    """A stored parameter as an instrument: the code of a packaged one, or a whole object. InstrumentError otherwise."""
    if isinstance(value, str):
        if value not in packaged():
            raise InstrumentError(
                _("There is no instrument %(code)s. Known: %(known)s.")
                % {"code": value, "known": ", ".join(packaged())}
            )
        return packaged()[value]
    if not isinstance(value, Mapping):
        raise InstrumentError(_("An instrument is the code of a known one, or a whole object."))
    return read_instrument(value)


def instrument_of(region_id: int, on: dt.date) -> Instrument:
    """The instrument by which the county of a region assesses on a day. One query; InstrumentError."""
    return instrument_from(parameters.value(region_id, PARAMETER, on))
