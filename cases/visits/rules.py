"""When a child must be visited, who must act on a late visit, and when a visit calls for a case.

Pure. No national frequency of visits was found: the intervals are a county's parameter, and the default
is 红 7, 黄 15, 蓝 30, 绿 30 days (一月一访, four colours: 江苏 16部门 2024). The ladder of lateness and the
escalation table are this system's proposal, written as tables so that a county can read and change them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from cases.enums import RiskLevel
from cases.visits.enums import FocusQuestion, OverdueLevel, Problem

if TYPE_CHECKING:
    from cases.categories.schemes import Words
    from cases.questions.definition import Definition

DEFAULT_INTERVALS: dict[RiskLevel, int] = {
    RiskLevel.RED: 7,
    RiskLevel.YELLOW: 15,
    RiskLevel.BLUE: 30,
    RiskLevel.GREEN: 30,
}
LONGEST_INTERVAL = 90  # days; a green child may be seen quarterly (留守 quarterly: 西昌)


def intervals_from(parameter: Mapping[str, int]) -> dict[RiskLevel, int]:
    """The county's ``visit_interval_days`` as days per colour; a missing colour keeps its default.

    ValueError for an unknown colour, fewer than 1 or more than 90 days, or a worse colour that would be
    visited less often than a better one.
    """
    given = {RiskLevel(code): days for code, days in parameter.items()}
    intervals = {level: given.get(level, DEFAULT_INTERVALS[level]) for level in RiskLevel}
    if any(not 1 <= days <= LONGEST_INTERVAL for days in intervals.values()):
        raise ValueError(f"visit intervals must be 1 to {LONGEST_INTERVAL} days: {dict(parameter)}")
    if list(intervals.values()) != sorted(intervals.values()):
        raise ValueError(f"a worse colour must not be visited less often: {dict(parameter)}")
    return intervals


def next_due(
    last_visit: dt.date,
    risk: RiskLevel,
    intervals: Mapping[RiskLevel, int] | None = None,
    asked_for: dt.date | None = None,
) -> dt.date:
    """Last day on which the next visit is in time.

    ``last_visit`` is the day of the last visit, or of registration for a child never visited. The visitor
    may ask for an earlier day than the interval allows (``asked_for``), never for a later one.
    """
    latest = last_visit + dt.timedelta(days=(intervals or DEFAULT_INTERVALS)[risk])
    return latest if asked_for is None else max(last_visit, min(asked_for, latest))


def overdue_level(due: dt.date, on: dt.date, interval_days: int, *, vacant: bool = False) -> OverdueLevel:
    """Who must act on the day ``on`` for a visit due on ``due``.

    The director from the day after, the township supervisor once a further whole interval has passed,
    the county after two. Where nobody is director (``vacant``) the supervisor from the day after.
    ValueError when the interval is not positive.
    """
    if interval_days < 1:
        raise ValueError(f"visit interval must be at least a day: {interval_days}")
    late = (on - due).days
    if late <= 0:
        return OverdueLevel.NONE
    if late < interval_days and not vacant:
        return OverdueLevel.DIRECTOR
    return OverdueLevel.SUPERVISOR if late < 2 * interval_days else OverdueLevel.COUNTY


def level_starts(due: dt.date, interval_days: int, *, vacant: bool = False) -> dict[OverdueLevel, dt.date]:
    """First day of each level of lateness: the same ladder as ``overdue_level``, for queries by date."""
    return {
        OverdueLevel.DIRECTOR: due + dt.timedelta(days=1),
        OverdueLevel.SUPERVISOR: due + dt.timedelta(days=1 if vacant else interval_days),
        OverdueLevel.COUNTY: due + dt.timedelta(days=2 * interval_days),
    }


def needs_supervisor(current: RiskLevel | None, proposed: RiskLevel) -> bool:
    """True when the proposed colour waits for the supervisor: every downgrade, and nothing else.

    An upgrade, and the first assessment, take effect at once (4.1: upgrade immediate).
    """
    return current is not None and RiskLevel(current).is_worse_than(proposed)


def effective_risk(
    current: RiskLevel | None, proposed: RiskLevel, allowed: RiskLevel | None = None
) -> RiskLevel:
    """The colour that is in force after somebody proposed one.

    ``allowed`` is the best colour that what was approved allows, None as long as nothing was. A worse proposal is in
    force at once; a better one as far as is allowed, and never worse than the present colour.
    """
    if current is None or not needs_supervisor(current, proposed):
        return RiskLevel(proposed)
    reached = max(proposed, allowed or current, key=lambda level: RiskLevel(level).rank)
    return min(RiskLevel(reached), RiskLevel(current), key=lambda level: level.rank)


class EscalationReason(models.TextChoices):
    """Why a case is suggested."""

    RISK_RED = "risk_red", _("Risk judged red")
    HARM = "harm", _("Injured, or afraid of someone")
    SUSPECTED_HARM = "suspected_harm", _("Suspected violence or harm")
    SELF_HARM = "self_harm", _("Hurts or speaks of hurting itself")
    RUN_AWAY = "run_away", _("Missing, run away or on the street")
    LIVING_ALONE = "living_alone", _("Child lives alone")
    GUARDIAN_LOST = "guardian_lost", _("Guardian out of contact")
    GUARDIAN_NEGLECTS = "guardian_neglects", _("Guardian does not do the duty")
    CARER_UNSUITABLE = "carer_unsuitable", _("Entrusted carer unsuitable")
    DROPPED_OUT = "dropped_out", _("Dropped out of school")
    NEVER_ENROLLED = "never_enrolled", _("Not enrolled at school age")
    BULLIED = "bullied", _("Bullied")
    NO_REGISTRATION = "no_registration", _("No household registration")
    LACKS_FOOD = "lacks_food", _("Short of food")
    GUARDIAN = "guardian", _("Guardian away, ill or unable")
    LIVING = "living", _("Hardship with food, clothing or housing")
    ENTITLED_NOT_COVERED = "entitled_not_covered", _("Entitled but not covered")
    NEEDS_TREATMENT = "needs_treatment", _("Needs medical treatment")


@dataclass(frozen=True, slots=True)
class Declared:
    """A reason that a county's own form gives, in its words."""

    label: Words


@dataclass(frozen=True, slots=True)
class Trigger:
    """One row of the escalation table: what was found → level of the case → what it rests on.

    ``found`` is a text for what a form declares itself: ``question:answer``, or the code of a problem.
    """

    found: FocusQuestion | Problem | RiskLevel | str
    level: RiskLevel
    reason: EscalationReason | Declared
    source: str
    police_first: bool = False


_DUTY = "民发〔2019〕34号"  # duty 5 of the 儿童主任: report these to the police
_RED, _YELLOW, _BLUE = RiskLevel.RED, RiskLevel.YELLOW, RiskLevel.BLUE
_Q, _P, _R = FocusQuestion, Problem, EscalationReason
ESCALATIONS: tuple[Trigger, ...] = (
    Trigger(_Q.HARM, _RED, _R.HARM, "未成年人保护法第十一条", police_first=True),
    Trigger(_P.SUSPECTED_HARM, _RED, _R.SUSPECTED_HARM, "未成年人保护法第十一条", police_first=True),
    Trigger(_P.SELF_HARM, _RED, _R.SELF_HARM, "高检发〔2020〕9号"),
    Trigger(_P.RUN_AWAY, _RED, _R.RUN_AWAY, _DUTY, police_first=True),
    Trigger(_P.LIVING_ALONE, _RED, _R.LIVING_ALONE, "未成年人保护法第二十一条", police_first=True),
    Trigger(RiskLevel.RED, _RED, _R.RISK_RED, ""),
    Trigger(_P.GUARDIAN_LOST, _YELLOW, _R.GUARDIAN_LOST, _DUTY, police_first=True),
    Trigger(_P.GUARDIAN_NEGLECTS, _YELLOW, _R.GUARDIAN_NEGLECTS, _DUTY, police_first=True),
    Trigger(_P.CARER_UNSUITABLE, _YELLOW, _R.CARER_UNSUITABLE, "未成年人保护法第二十二条"),
    Trigger(_P.DROPPED_OUT, _YELLOW, _R.DROPPED_OUT, "国发〔2016〕13号"),
    Trigger(_P.NEVER_ENROLLED, _YELLOW, _R.NEVER_ENROLLED, "国发〔2016〕13号"),
    Trigger(_P.BULLIED, _YELLOW, _R.BULLIED, "高检发〔2020〕9号"),
    Trigger(_P.NO_REGISTRATION, _YELLOW, _R.NO_REGISTRATION, "国发〔2016〕36号"),
    Trigger(_P.LACKS_FOOD, _YELLOW, _R.LACKS_FOOD, "国发〔2016〕36号"),
    Trigger(_Q.GUARDIAN, _BLUE, _R.GUARDIAN, "国发〔2016〕36号"),
    Trigger(_Q.LIVING, _BLUE, _R.LIVING, "国发〔2016〕36号"),
    Trigger(_P.ENTITLED_NOT_COVERED, _BLUE, _R.ENTITLED_NOT_COVERED, "国发〔2016〕36号"),
    Trigger(_P.NEEDS_TREATMENT, _BLUE, _R.NEEDS_TREATMENT, "国发〔2016〕36号"),
)


@dataclass(frozen=True, slots=True)
class Escalation:
    """A suggestion to open a case: the supervisor decides. Triggers are listed worst first."""

    level: RiskLevel
    triggers: tuple[Trigger, ...]
    police_first: bool


def escalation(
    answers: Mapping[FocusQuestion, Any] | Mapping[str, Any],
    problems: Collection[str],
    risk: str,
    form: Definition | None = None,
) -> Escalation | None:
    """Level of the case that a visit calls for, with the reasons; None when ordinary visits are enough.

    ``answers``: True where the visitor answered 有; an absent question counts as not asked. ``form`` says what its own
    questions and problems call for; it may raise the level of a known one, never lower it. Stored codes are accepted
    beside enum members; an unknown code is a ValueError, because a finding must not be lost.
    """
    known = FocusQuestion.values
    yes = [
        FocusQuestion(one) for one, given in answers.items() if given is True and (not form or one in known)
    ]
    codes = [Problem(one) for one in problems if not form or one in Problem.values]
    # Two lists may spell a code alike, so the list it comes from is part of what was found.
    found = {(type(one), one) for one in (RiskLevel(risk), *yes, *codes)}
    triggers = [trigger for trigger in ESCALATIONS if (type(trigger.found), trigger.found) in found]
    triggers += _declared(form, answers, problems) if form else ()
    if not triggers:
        return None
    triggers.sort(key=lambda trigger: -trigger.level.rank)
    return Escalation(triggers[0].level, tuple(triggers), any(trigger.police_first for trigger in triggers))


def _declared(form: Definition, answers: Mapping[Any, Any], problems: Collection[str]) -> list[Trigger]:
    return [
        Trigger(code, option.concern, Declared(words), form.document, option.police_first)
        for code, words, option in form.declared(answers, problems)
        if option.concern is not None
    ]
