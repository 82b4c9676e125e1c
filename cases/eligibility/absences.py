"""农村留守儿童 and 流动儿童: who is, since when it is certain, and when to ask again. Pure.

国发〔2016〕13号: under 16, both parents away for work, or one away and the other unable to act as guardian. The survey of
2024: away means six months without a break and across counties; short visits home do not break it, and moves
between urban districts of one city do not count. 21部门2024: migrant is who lives across counties away from the
registration for six months. Left-behind children are counted where they are registered, migrant children where
they live. Whoever left only the township is in the wider statistics (统计分析对象).

A parent who is dead, missing or unable to raise the child (sets A and B of 民发〔2019〕62号) cannot act as
guardian. That "both unable" counts as left behind is the national system's own sub-type.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from django.db import models
from django.utils.translation import gettext_lazy as _

from cases.ages import LEFT_BEHIND_LIMIT, add_months, birthday, is_under_16
from cases.eligibility.table import Answer, Parent, Situation
from cases.enums import LOST_FOR_GOOD, UNABLE_TO_RAISE, CategoryDetail

DAY = dt.timedelta(days=1)
MUNICIPALITIES = (11, 12, 31, 50)  # 北京、天津、上海、重庆: every county-level code under xx01 is a district
LEFT_BEHIND_CLAUSE = "国发〔2016〕13号"
MIGRANT_CLAUSE = "21部门2024"


class Ground(models.TextChoices):
    """Why the answer is what it is."""

    OVER_AGE = "over_age", _("The child is 16 or older.")
    NOT_RURAL = "not_rural", _("The household registration is not rural.")
    REGISTRATION_UNKNOWN = (
        "registration_unknown",
        _("The village of the household registration is not known."),
    )
    PARENT_PRESENT = "parent_present", _("A parent is there and able.")
    NOT_RECORDED = "not_recorded", _("Nothing is recorded of a parent.")
    DESTINATION_UNKNOWN = "destination_unknown", _("It is not recorded to which county a parent went.")
    NOT_CROSS_COUNTY = "not_cross_county", _("Not across counties, or between districts of one city.")
    TOO_EARLY = "too_early", _("Not yet away for long enough.")
    BOTH_AWAY = "both_away", _("Both parents work away.")
    ONE_AWAY = "one_away", _("One parent works away, the other cannot act as guardian.")
    NEITHER_ABLE = "neither_able", _("Neither parent can act as guardian.")
    AT_HOME = "at_home", _("The child lives where it is registered.")
    RESIDENCE_UNKNOWN = "residence_unknown", _("Where the child lives, or since when, is not recorded.")
    LIVES_ELSEWHERE = "lives_elsewhere", _("The child lives in another county.")


class When(models.TextChoices):
    """Why to ask again on a day."""

    LONG_ENOUGH = "long_enough", _("Away for long enough")
    BEGINS = "begins", _("A recorded absence or situation begins")
    ENDS = "ends", _("A recorded absence or situation is over")
    SIXTEEN = "sixteen", _("The child is 16")


@dataclass(frozen=True, slots=True)
class Absence:
    """A parent away from ``since`` to ``until`` (last day; None: still). ``destination``: 6 or 12 digits."""

    parent: Parent
    since: dt.date
    until: dt.date | None = None
    destination: int | None = None


@dataclass(frozen=True, slots=True)
class AbsenceConfig:
    """``months``: how long without a break. ``visit_days``: at most so many days at home are a short visit."""

    months: int = 6
    visit_days: int = 15


@dataclass(frozen=True, slots=True)
class Finding:
    """A dated answer: why, which sub-type, where counted, and the days on which to ask again.

    ``statistics``: in the wider statistics although not counted. ``missing``: parents of whom something must be
    recorded first, or empty.
    """

    answer: Answer
    ground: Ground
    clause: str
    detail: CategoryDetail | None = None
    counted_at: int | None = None
    statistics: bool = False
    missing: tuple[Parent, ...] = ()
    dates: tuple[tuple[dt.date, When], ...] = ()

    @property
    def ask_again_on(self) -> dt.date | None:
        """The first of the dates."""
        return self.dates[0][0] if self.dates else None


def twelve(code: int) -> int:
    """A division code of 6 digits as one of 12; 12 digits stay. ValueError for anything else."""
    digits = len(str(code))
    if digits not in (6, 12):
        raise ValueError(f"a division code has 6 or 12 digits: {code}")
    return code * 1_000_000 if digits == 6 else code


def is_rural(code: int) -> bool | None:
    """Whether a village code is a 村委会 (from 200; 居委会 from 001). None when the code is not that of a village."""
    village = twelve(code) % 1_000
    return None if village == 0 else village >= 200


def is_urban_district(code: int, name: str = "") -> bool:
    """市辖区? By the county's name where it is known, else by its code (GB/T 2260): 01–20 are districts, 21–80
    counties, 81–99 cities of county level; under the 01 of the four municipalities all are districts. Divisions
    run directly by a province (xx90) are none, nor 林区 and 特区.
    """
    county = twelve(code) // 1_000_000
    if name:
        return name.endswith("区") and not name.endswith(("林区", "特区", "自治区"))
    province, city, last = county // 10_000, county // 100 % 100, county % 100
    if city == 90:
        return False
    if province in MUNICIPALITIES:
        return city == 1 and last > 0
    return 1 <= last <= 20


def crosses_county(home: int, away: int, name_of: Callable[[int], str] = lambda _code: "") -> bool:
    """Whether a move from one place to another leaves the county; districts of one city are one county here.

    ``name_of`` gives the name of a county by its 12-digit code, empty when unknown.
    """
    here, there = (twelve(code) // 1_000_000 * 1_000_000 for code in (home, away))
    if here == there:
        return False
    same_city = here // 100_000_000 == there // 100_000_000
    return not (same_city and all(is_urban_district(code, name_of(code)) for code in (here, there)))


def leaves_township(home: int, away: int) -> bool:
    """Whether the two places lie in different townships. A destination of 6 digits in the same county: unknown, no."""
    here, there = twelve(home), twelve(away)
    if here // 1_000_000 != there // 1_000_000:
        return True
    return there % 1_000_000 >= 1_000 and here // 1_000 != there // 1_000


@dataclass(frozen=True, slots=True)
class _Away:
    """One continuous stay away: short visits are bridged."""

    since: dt.date
    until: dt.date | None
    destination: int | None


def _stays(absences: Sequence[Absence], config: AbsenceConfig) -> list[_Away]:
    """Absences of one parent in order, joined when no more than a short visit lies between them."""
    found: list[_Away] = []
    for absence in sorted(absences, key=lambda a: (a.since, a.until or dt.date.max, a.destination or 0)):
        last = found[-1] if found else None
        joined = last is not None and (
            last.until is None or absence.since <= last.until + DAY * (config.visit_days + 1)
        )
        if not joined:
            found.append(_Away(absence.since, absence.until, absence.destination))
            continue
        assert last is not None
        longer = last.until is None or (absence.until is not None and absence.until <= last.until)
        found[-1] = _Away(
            last.since,
            last.until if longer else absence.until,
            # Where the parent is now; what was not recorded this time is what it was before.
            last.destination if longer and last.destination else absence.destination or last.destination,
        )
    return found


@dataclass(frozen=True, slots=True)
class _Standing:
    """One parent on the day."""

    away: _Away | None
    unable: bool
    recorded: bool

    def has_lasted(self, on: dt.date, months: int) -> bool:
        return self.away is not None and add_months(self.away.since, months) <= on


def _stand(
    stays: Sequence[_Away], situations: Sequence[Situation], on: dt.date, config: AbsenceConfig
) -> _Standing:
    # Short visits were joined over (_stays); from the day after the last one the parent counts as present.
    away = next((s for s in stays if s.since <= on and (s.until is None or on <= s.until)), None)
    current = [s for s in situations if s.holds_on(on)]
    unable = any(s.kind in LOST_FOR_GOOD | UNABLE_TO_RAISE for s in current)
    return _Standing(away, unable, bool(stays) or bool(current))


def left_behind(
    birth_date: dt.date,
    registered_at: int | None,
    absences: Sequence[Absence],
    father: Sequence[Situation],
    mother: Sequence[Situation],
    on: dt.date,
    config: AbsenceConfig = AbsenceConfig(),
    name_of: Callable[[int], str] = lambda _code: "",
) -> Finding:
    """Whether a child is left behind on a day. ``registered_at``: 12-digit code of the registration's village."""
    stays = {parent: _stays([a for a in absences if a.parent == parent], config) for parent in Parent}
    facts = {Parent.FATHER: father, Parent.MOTHER: mother}

    def ask(day: dt.date) -> Finding:
        standing = {parent: _stand(stays[parent], facts[parent], day, config) for parent in Parent}
        return _left_behind(birth_date, registered_at, standing, day, config, name_of)

    def dates() -> Iterator[tuple[dt.date, When]]:
        yield birthday(birth_date, LEFT_BEHIND_LIMIT), When.SIXTEEN
        for parent in Parent:
            for stay in stays[parent]:
                yield stay.since, When.BEGINS
                yield add_months(stay.since, config.months), When.LONG_ENOUGH
                if stay.until is not None:
                    yield stay.until + DAY, When.ENDS
            for situation in facts[parent]:
                if situation.since is not None:
                    yield situation.since, When.BEGINS
                if situation.ended_on is not None:
                    yield situation.ended_on, When.ENDS

    return _dated(ask, dates(), on)


def _left_behind(
    birth_date: dt.date,
    home: int | None,
    standing: dict[Parent, _Standing],
    on: dt.date,
    config: AbsenceConfig,
    name_of: Callable[[int], str],
) -> Finding:
    def finding(answer: Answer, ground: Ground, **more: object) -> Finding:
        return Finding(answer, ground, LEFT_BEHIND_CLAUSE, counted_at=home, **more)  # type: ignore[arg-type]

    if not is_under_16(birth_date, on):
        return finding(Answer.NOT_ELIGIBLE, Ground.OVER_AGE)
    rural = is_rural(home) if home is not None else None
    if rural is False:
        return finding(Answer.NOT_ELIGIBLE, Ground.NOT_RURAL)
    sides = list(standing.items())
    present = [parent for parent, side in sides if not side.away and not side.unable]
    unrecorded = tuple(parent for parent in present if not standing[parent].recorded)
    if present and (set(present) - set(unrecorded) or len(unrecorded) == len(sides)):
        ground = Ground.NOT_RECORDED if len(unrecorded) == len(sides) else Ground.PARENT_PRESENT
        return finding(Answer.NOT_ELIGIBLE, ground)
    if unrecorded:
        return finding(Answer.UNDECIDED, Ground.NOT_RECORDED, missing=unrecorded)
    if home is None or rural is None:
        return finding(Answer.UNDECIDED, Ground.REGISTRATION_UNKNOWN)
    if all(side.unable for _parent, side in sides):
        return finding(Answer.ELIGIBLE, Ground.NEITHER_ABLE, detail=CategoryDetail.NEITHER_ABLE)
    away = [(parent, side) for parent, side in sides if side.away and not side.unable]
    lasted = all(side.has_lasted(on, config.months) for _parent, side in away)
    unknown = tuple(parent for parent, side in away if side.away and side.away.destination is None)
    if unknown:
        return finding(Answer.UNDECIDED, Ground.DESTINATION_UNKNOWN, missing=unknown)
    places = [side.away.destination for _parent, side in away if side.away and side.away.destination]
    if not all(crosses_county(home, place, name_of) for place in places):
        wider = lasted and all(leaves_township(home, place) for place in places)
        return finding(Answer.NOT_ELIGIBLE, Ground.NOT_CROSS_COUNTY, statistics=wider)
    if not lasted:
        return finding(Answer.NOT_ELIGIBLE, Ground.TOO_EARLY)
    if len(away) == len(sides):
        return finding(Answer.ELIGIBLE, Ground.BOTH_AWAY, detail=CategoryDetail.BOTH_AWAY, statistics=True)
    return finding(
        Answer.ELIGIBLE, Ground.ONE_AWAY, detail=CategoryDetail.ONE_AWAY_ONE_UNABLE, statistics=True
    )


def migrant(
    birth_date: dt.date,
    registered_at: int | None,
    lives_at: int | None,
    lives_there_since: dt.date | None,
    on: dt.date,
    config: AbsenceConfig = AbsenceConfig(),
    name_of: Callable[[int], str] = lambda _code: "",
) -> Finding:
    """Whether a child is a migrant child on a day. Codes have 12 digits; counted where it lives."""

    def finding(answer: Answer, ground: Ground, **more: object) -> Finding:
        return Finding(answer, ground, MIGRANT_CLAUSE, counted_at=lives_at, **more)  # type: ignore[arg-type]

    def ask(day: dt.date) -> Finding:
        if not is_under_16(birth_date, day):
            return finding(Answer.NOT_ELIGIBLE, Ground.OVER_AGE)
        if registered_at is None:
            return finding(Answer.UNDECIDED, Ground.REGISTRATION_UNKNOWN)
        if lives_at is None:
            return finding(Answer.UNDECIDED, Ground.RESIDENCE_UNKNOWN)
        if not leaves_township(registered_at, lives_at):
            return finding(Answer.NOT_ELIGIBLE, Ground.AT_HOME)
        if lives_there_since is None:
            return finding(Answer.UNDECIDED, Ground.RESIDENCE_UNKNOWN)
        lasted = add_months(lives_there_since, config.months) <= day
        if not crosses_county(registered_at, lives_at, name_of):
            detail = CategoryDetail.WITHIN_COUNTY if lasted else None
            return finding(Answer.NOT_ELIGIBLE, Ground.NOT_CROSS_COUNTY, detail=detail, statistics=lasted)
        if not lasted:
            return finding(Answer.NOT_ELIGIBLE, Ground.TOO_EARLY)
        return finding(
            Answer.ELIGIBLE, Ground.LIVES_ELSEWHERE, detail=CategoryDetail.CROSS_COUNTY, statistics=True
        )

    def dates() -> Iterator[tuple[dt.date, When]]:
        yield birthday(birth_date, LEFT_BEHIND_LIMIT), When.SIXTEEN
        if lives_there_since is not None:
            yield add_months(lives_there_since, config.months), When.LONG_ENOUGH

    return _dated(ask, dates(), on)


def _dated(ask: Callable[[dt.date], Finding], dates: Iterator[tuple[dt.date, When]], on: dt.date) -> Finding:
    """The answer of the day with those later days on which it is another than the day before."""
    found = ask(on)
    later = sorted(
        {(day, why) for day, why in dates if day > on and _outcome(ask(day)) != _outcome(ask(day - DAY))}
    )
    return Finding(
        found.answer,
        found.ground,
        found.clause,
        found.detail,
        found.counted_at,
        found.statistics,
        found.missing,
        tuple(later),
    )


def _outcome(finding: Finding) -> tuple[object, ...]:
    return finding.answer, finding.detail, finding.statistics, finding.missing
