"""The score of an assessment: answers → parts, score, grade, and what drove it. Pure; the instrument is data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.utils.translation import gettext as _

from cases.assessments.instruments import NOT_APPLICABLE, WHOLE, Heading, Instrument, Item
from cases.circumstances.enums import Grade

PLACES = Decimal("0.1")
DRIVERS = 5  # items named as what cost most


class AnswersRefused(ValueError):
    """The answers cannot be scored; ``items`` are the codes that must be looked at again."""

    def __init__(self, message: str, items: list[str]) -> None:
        self.items = items
        super().__init__(message)


@dataclass(frozen=True)
class Part:
    """A heading with its score (0 to 100, one place; None when nothing under it applies)."""

    code: str
    name: str
    weight: int
    score: Decimal | None
    below: tuple[Part, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "name": self.name,
            "weight": self.weight,
            "score": None if self.score is None else str(self.score),
            "below": [one.as_json() for one in self.below],
        }


@dataclass(frozen=True)
class Driver:
    """An item that cost points: how many of the 100, and what was answered."""

    item: str
    answer: str
    lost: Decimal


@dataclass(frozen=True)
class Result:
    """``by_score`` is the grade that the score alone would give; ``knocked`` are the items that hold it lower."""

    score: Decimal
    grade: Grade
    by_score: Grade
    parts: tuple[Part, ...]
    drivers: tuple[Driver, ...]
    knocked: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """For storage beside the answers."""
        return {
            "areas": [one.as_json() for one in self.parts],
            "by_score": self.by_score.value,
            "drivers": [
                {"item": one.item, "answer": one.answer, "lost": str(one.lost)} for one in self.drivers
            ],
            "knocked": list(self.knocked),
        }


def assess(instrument: Instrument, answers: Mapping[str, str]) -> Result:
    """Score the answers (item code → option code or "na").

    Items that do not apply leave their weight to what stands beside them. AnswersRefused names the items that are
    unanswered, unknown, or "na" where that is no answer, and refuses when too little applies. The grade follows the
    rounded score, so that the number shown is the number judged.
    """
    items = instrument.items()
    _refuse_unknown(items, answers)
    _refuse_missing(items, answers)
    applies = {code for code, answer in answers.items() if answer != NOT_APPLICABLE}
    everything = _shares(instrument.areas, set(items))
    answered = sum((share for item, share in everything if item.code in applies), Fraction())
    if not applies or answered * WHOLE < instrument.least_answered:
        raise AnswersRefused(
            _("Too much is marked as not applicable: at least %(least)s%% of the weight must be answered.")
            % {"least": instrument.least_answered},
            [code for code in items if code not in applies],
        )
    return _result(instrument, {code: answers[code] for code in items if code in applies})


def so_far(instrument: Instrument, answers: Mapping[str, str]) -> tuple[int, int, Result | None]:
    """While the form is being filled in: how many items are answered, of how many, and the result of those alone."""
    items = instrument.items()
    given = {code: answers[code] for code, item in items.items() if _is_answer(item, answers.get(code, ""))}
    scored = {code: answer for code, answer in given.items() if answer != NOT_APPLICABLE}
    return len(given), len(items), _result(instrument, scored) if scored else None


def _result(instrument: Instrument, answers: Mapping[str, str]) -> Result:
    items = instrument.items()
    shares = {item.code: share for item, share in _shares(instrument.areas, set(answers))}
    points = {code: _points(items[code], answer) for code, answer in answers.items()}
    score = rounded(sum((shares[code] * points[code] for code in answers), Fraction()))
    by_score = grade_of(instrument, score)
    knocked = [one for one in instrument.knockouts if answers.get(one.item) == one.answer]
    lost = [
        Driver(code, answer, rounded(shares[code] * (WHOLE - points[code])))
        for code, answer in answers.items()
        if points[code] < WHOLE
    ]
    lost.sort(key=lambda one: -one.lost)
    return Result(
        score=score,
        grade=max([by_score, *(one.grade for one in knocked)], key=list(Grade).index),
        by_score=by_score,
        parts=tuple(_part(area, shares, points) for area in instrument.areas),
        drivers=tuple(lost[:DRIVERS]),
        knocked=tuple(one.item for one in knocked),
    )


def grade_of(instrument: Instrument, score: Decimal) -> Grade:
    """The grade of a score: the best one that begins at or below it."""
    return next(step.grade for step in instrument.grades if score >= step.start)


def rounded(value: Fraction) -> Decimal:
    """One place, halves up."""
    # Whole tenths are compared as fractions, so that a half is a half and not what a division left of it.
    tenths = value * 10
    whole, rest = divmod(tenths.numerator, tenths.denominator)
    return (Decimal(whole + (2 * rest >= tenths.denominator)) / 10).quantize(PLACES)


def changes(
    now: Mapping[str, str], before: Mapping[str, str], instrument: Instrument
) -> list[tuple[Item, str, str, int]]:
    """What was answered otherwise than before: (item, before, now, difference in points), worst first.

    Items that only one of the two knows, or that did not apply in one of them, are told with difference 0.
    """
    found = []
    for code, item in instrument.items().items():
        one, other = before.get(code, ""), now.get(code, "")
        if one and one != other:
            old, new = item.option(one), item.option(other)
            found.append((item, one, other, new.points - old.points if old and new else 0))
    found.sort(key=lambda row: row[3])
    return found


def _refuse_unknown(items: Mapping[str, Item], answers: Mapping[str, str]) -> None:
    wrong = [
        code for code, answer in answers.items() if code not in items or not _is_answer(items[code], answer)
    ]
    if wrong:
        raise AnswersRefused(
            _("These are no answers of the instrument: %(items)s") % {"items": ", ".join(sorted(wrong))},
            wrong,
        )


def _refuse_missing(items: Mapping[str, Item], answers: Mapping[str, str]) -> None:
    missing = [code for code in items if code not in answers]
    if missing:
        named = "; ".join(str(items[code].text) for code in missing[:DRIVERS])
        more = len(missing) - DRIVERS
        message = _("Not answered: %(items)s.") % {"items": named}
        if more > 0:
            message += " " + _("And %(n)d more.") % {"n": more}
        raise AnswersRefused(message, missing)


def _is_answer(item: Item, answer: str) -> bool:
    return item.option(answer) is not None or (answer == NOT_APPLICABLE and item.optional)


def _points(item: Item, answer: str) -> int:
    option = item.option(answer)
    assert option is not None
    return option.points


def _applies(node: Heading | Item, codes: set[str]) -> bool:
    if isinstance(node, Item):
        return node.code in codes
    return any(item.code in codes for item in node.items())


def _shares(
    nodes: tuple[Heading | Item, ...], codes: set[str], whole: Fraction = Fraction(1)
) -> Iterator[tuple[Item, Fraction]]:
    """Each applying item with its share of the whole, weights of what does not apply shared out beside it."""
    present = [node for node in nodes if _applies(node, codes)]
    total = sum(node.weight for node in present)
    for node in present:
        share = whole * Fraction(node.weight, total)
        if isinstance(node, Item):
            yield node, share
        else:
            yield from _shares(node.below, codes, share)


def _part(heading: Heading, shares: Mapping[str, Fraction], points: Mapping[str, int]) -> Part:
    own = [item.code for item in heading.items() if item.code in shares]
    weight = sum((shares[code] for code in own), Fraction())
    score = sum((shares[code] * points[code] for code in own), Fraction()) / weight if weight else None
    below = tuple(_part(one, shares, points) for one in heading.below if isinstance(one, Heading))
    return Part(
        heading.code, str(heading.name), heading.weight, None if score is None else rounded(score), below
    )
