"""Codes of visits (走访) and cases (个案). Values are stored codes; labels are translated."""

from __future__ import annotations

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cases.enums import RiskLevel


class VisitKind(models.TextChoices):
    """走访方式."""

    DOOR = "door", _("Home visit")
    PHONE = "phone", _("Phone visit")
    WECHAT = "wechat", _("WeChat video visit")
    SPECIAL = "special", _("Special visit")


# The same in one word, for the buttons of the phone form.
VISIT_KIND_SHORT: dict[VisitKind, Promise] = {
    VisitKind.DOOR: _("At home"),
    VisitKind.PHONE: _("By phone"),
    VisitKind.WECHAT: _("WeChat video"),
    VisitKind.SPECIAL: _("Special"),
}
# Kinds in which the visitor stood before the child, so that "the child was seen" can be expected.
FACE_TO_FACE: frozenset[VisitKind] = frozenset({VisitKind.DOOR, VisitKind.SPECIAL})


class VisitState(models.TextChoices):
    """草稿 → 待审核 → 已通过, 已退回 or 已上报."""

    DRAFT = "draft", _("Draft")
    SUBMITTED = "submitted", _("Awaiting review")
    RETURNED = "returned", _("Returned")
    APPROVED = "approved", _("Approved")
    ESCALATED = "escalated", _("Escalated")


class PersonMet(models.TextChoices):
    """见到了谁."""

    CHILD = "child", _("The child")
    GRANDMOTHER = "grandmother", _("Paternal grandmother")
    GRANDFATHER = "grandfather", _("Paternal grandfather")
    MATERNAL_GRANDMOTHER = "maternal_grandmother", _("Maternal grandmother")
    MATERNAL_GRANDFATHER = "maternal_grandfather", _("Maternal grandfather")
    FATHER = "father", _("Father")
    MOTHER = "mother", _("Mother")
    OTHER_RELATIVE = "other_relative", _("Other relative")
    NEIGHBOUR = "neighbour", _("Neighbour")
    TEACHER = "teacher", _("Teacher")
    STAFF = "staff", _("Institution or village staff")
    NOBODY = "nobody", _("Nobody was there")


# A visit was made, but no child seen: it covers nobody, and the next one stays as due as it was.
MET_NOBODY: list[str] = [PersonMet.NOBODY.value]


class FocusQuestion(models.TextChoices):
    """重点问题: each is answered 有 or 没有 (O-28). Which of them a visit asks, its form says (cases/questions)."""

    GUARDIAN = "guardian", _("Has the guardian lately been away, ill or unable to look after the child?")
    LIVING = "living", _("Is there any hardship with food, clothing or housing?")
    SCHOOL = "school", _("Has the child missed classes, dropped out or refused to go to school?")
    HARM = "harm", _("Is there any injury on the child, or fear of someone?")
    ILLNESS = "illness", _("Is anyone ill, infected or in need of isolation?")
    SUPPLIES = "supplies", _("Are food, medicine or other supplies running short?")


class ProblemDomain(models.TextChoices):
    """问题领域."""

    GUARDIANSHIP = "guardianship", _("Guardianship")
    LIVING = "living", _("Living")
    SCHOOLING = "schooling", _("Schooling")
    HEALTH = "health", _("Health")
    PSYCHOLOGY = "psychology", _("Psychology")
    SAFETY = "safety", _("Safety")


class Problem(models.TextChoices):
    """发现的问题. Sexual abuse has no code here on purpose: it belongs to a restricted report of concern."""

    GUARDIAN_ILL = "guardian_ill", _("Guardian is ill")
    ENTRUSTMENT_UNSIGNED = "entrustment_unsigned", _("Entrusted care not signed")
    GUARDIAN_LOST = "guardian_lost", _("Guardian out of contact")
    LIVING_ALONE = "living_alone", _("Child lives alone")
    GUARDIAN_NEGLECTS = "guardian_neglects", _("Guardian does not do the duty")
    CARER_UNSUITABLE = "carer_unsuitable", _("Entrusted carer unsuitable")

    SUBSIDY_NOT_RECEIVED = "subsidy_not_received", _("Subsidy not received")
    ENTITLED_NOT_COVERED = "entitled_not_covered", _("Entitled but not covered")
    COVERED_NOT_FULLY = "covered_not_fully", _("Covered but not in full")
    HOUSE_LEAKS = "house_leaks", _("House leaks")
    LACKS_CLOTHING = "lacks_clothing", _("Short of clothes or bedding")
    LACKS_FOOD = "lacks_food", _("Short of food")
    NO_REGISTRATION = "no_registration", _("No household registration")

    ABSENT = "absent", _("Missing classes")
    DROPPED_OUT = "dropped_out", _("Dropped out of school")
    NEVER_ENROLLED = "never_enrolled", _("Not enrolled at school age")
    LACKS_STATIONERY = "lacks_stationery", _("Short of stationery")

    NEEDS_TREATMENT = "needs_treatment", _("Needs medical treatment")
    NEEDS_REHABILITATION = "needs_rehabilitation", _("Needs rehabilitation")
    NOT_INSURED = "not_insured", _("Medical insurance not paid")
    NEEDS_ISOLATION = "needs_isolation", _("Infected or to be isolated")

    LOW_MOOD = "low_mood", _("Low in spirits")
    WITHDRAWN = "withdrawn", _("Will not talk to people")
    SELF_HARM = "self_harm", _("Hurts or speaks of hurting itself")

    SUSPECTED_HARM = "suspected_harm", _("Suspected violence or harm")
    BULLIED = "bullied", _("Bullied")
    RUN_AWAY = "run_away", _("Missing, run away or on the street")
    UNSAFE_HOME = "unsafe_home", _("Unsafe home (water, fire, electricity)")


PROBLEMS: dict[ProblemDomain, tuple[Problem, ...]] = {
    ProblemDomain.GUARDIANSHIP: (
        Problem.GUARDIAN_ILL,
        Problem.ENTRUSTMENT_UNSIGNED,
        Problem.GUARDIAN_LOST,
        Problem.LIVING_ALONE,
        Problem.GUARDIAN_NEGLECTS,
        Problem.CARER_UNSUITABLE,
    ),
    ProblemDomain.LIVING: (
        Problem.SUBSIDY_NOT_RECEIVED,
        Problem.ENTITLED_NOT_COVERED,
        Problem.COVERED_NOT_FULLY,
        Problem.HOUSE_LEAKS,
        Problem.LACKS_CLOTHING,
        Problem.LACKS_FOOD,
        Problem.NO_REGISTRATION,
    ),
    ProblemDomain.SCHOOLING: (
        Problem.ABSENT,
        Problem.DROPPED_OUT,
        Problem.NEVER_ENROLLED,
        Problem.LACKS_STATIONERY,
    ),
    ProblemDomain.HEALTH: (
        Problem.NEEDS_TREATMENT,
        Problem.NEEDS_REHABILITATION,
        Problem.NOT_INSURED,
        Problem.NEEDS_ISOLATION,
    ),
    ProblemDomain.PSYCHOLOGY: (Problem.LOW_MOOD, Problem.WITHDRAWN, Problem.SELF_HARM),
    ProblemDomain.SAFETY: (
        Problem.SUSPECTED_HARM,
        Problem.BULLIED,
        Problem.RUN_AWAY,
        Problem.UNSAFE_HOME,
    ),
}


def domain_of(problem: Problem) -> ProblemDomain:
    """The domain a problem is listed under."""
    return next(domain for domain, problems in PROBLEMS.items() if problem in problems)


class ReturnReason(models.TextChoices):
    """退回原因: a code and, beside it, the supervisor's own words."""

    INCOMPLETE = "incomplete", _("Content incomplete")
    CHILD_NOT_SEEN = "child_not_seen", _("Child not seen face to face")
    UNCLEAR = "unclear", _("Text unclear")
    PHOTO_MISSING = "photo_missing", _("Photo missing")
    PHOTO_UNFIT = "photo_unfit", _("Photo not as required")
    RISK_UNFOUNDED = "risk_unfounded", _("Risk not supported by the facts")
    DATE_WRONG = "date_wrong", _("Visit time wrong")
    DUPLICATE = "duplicate", _("Submitted twice")
    OTHER = "other", _("Other reason")


class OverdueLevel(models.TextChoices):
    """Who has to act on a late visit (超期提级)."""

    NONE = "none", _("Not overdue")
    DIRECTOR = "director", _("Overdue: director")
    SUPERVISOR = "supervisor", _("Overdue: supervisor")
    COUNTY = "county", _("Overdue: county")


# A case has a level of its own: the three colours that call for action.
CASE_LEVELS: tuple[RiskLevel, ...] = (RiskLevel.RED, RiskLevel.YELLOW, RiskLevel.BLUE)


class CaseState(models.TextChoices):
    """个案状态."""

    OPEN = "open", _("Case opened")
    PLANNED = "planned", _("Help in progress")
    ESCALATED = "escalated", _("Escalated to county")
    CLOSED = "closed", _("Case closed")


class CaseOutcome(models.TextChoices):
    """结案结果."""

    RESOLVED = "resolved", _("Problem solved")
    IMPROVED = "improved", _("Improved, back to regular visits")
    COVERED = "covered", _("Brought into a subsidy or aid scheme")
    HANDED_OVER = "handed_over", _("Handed over to another department")
    MOVED_AWAY = "moved_away", _("Child moved away")
    GROWN_UP = "grown_up", _("Child turned 18")
    DIED = "died", _("Child died")
    UNFOUNDED = "unfounded", _("Not confirmed on checking")
    DECLINED = "declined", _("Help declined")
    OTHER = "other", _("Other outcome")
