"""助学金 (O-6, O-39): who could apply for a study grant of a school year, and whether an applicant can.

Pure rules in :mod:`subsidies.aid.study_rules`. An application goes the way of every other one; the grant is paid to the
student's own account, once a school year (the database refuses a second line).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import DateField, Exists, Func, OuterRef, Q, QuerySet

from cases.children.payee_purposes import offers_purposes
from cases.models import CategoryPeriod, Child, DisabilityCard, Payee
from subsidies.aid.study_rules import ADOPTIONS, SCHEMES, STILL_OURS, Lack, Student, lacks, school_year_of
from subsidies.enums import ApplicationState, EntitlementState, SchemeCode
from subsidies.models import Application, Entitlement, Scheme, SchoolProof
from subsidies.terms.in_force import Terms

CATEGORIES = {scheme: category for category, scheme in SCHEMES.items()}
OVER = (ApplicationState.CONFIRMED, ApplicationState.REFUSED, ApplicationState.WITHDRAWN)
# Money that goes to an account of its own, besides the child's (rules.md 3).
PURPOSES = (SchemeCode.CARE, SchemeCode.STUDY_ORPHAN, SchemeCode.STUDY)


@offers_purposes
def purposes() -> list[tuple[str, Any]]:
    """Schemes for which the child's file can hold another account."""
    return [(code.value, code.label) for code in PURPOSES]


class _Adult(Func):
    """The day on which somebody born on a day completes 18 years."""

    template = "((%(expressions)s + interval '18 years')::date)"
    output_field = DateField()


@dataclass(frozen=True)
class Candidate:
    """Somebody who was recognised in time, and what still stands in the way. ``has_account``: of the student's own."""

    child: Child
    proof: SchoolProof | None
    lacks: tuple[Lack, ...]
    has_account: bool


def is_study(scheme: Scheme) -> bool:
    """Whether a scheme is a study grant."""
    return scheme.code in CATEGORIES


def recognised(scheme_code: str) -> Exists:
    """Whether the child held the scheme's category before turning 18."""
    category = CATEGORIES[SchemeCode(scheme_code)]
    periods = CategoryPeriod.objects.filter(child=OuterRef("pk"), category=category)
    return Exists(periods.filter(start_date__lt=_Adult(OuterRef("birth_date"))).order_by())


def candidates(scheme: Scheme, terms: Terms, on: dt.date) -> QuerySet[Child]:
    """Former and present wards who could be students, without the grant and without an open application, by key.

    Also those who left the register because of their age: they are still this county's wards (where recognised).
    """
    held = Entitlement.objects.filter(child=OuterRef("pk"), scheme=scheme).exclude(
        state=EntitlementState.ENDED
    )
    asked = Application.objects.filter(child=OuterRef("pk"), scheme=scheme).exclude(state__in=OVER)
    disabled = DisabilityCard.objects.filter(child=OuterRef("pk"))
    oldest, youngest = _years_before(on, terms.age_most + 1), _years_before(on, terms.age_least)
    return (
        Child.objects.filter(
            Q(left_date__isnull=True)
            | Q(left_reason__in=STILL_OURS)
            | Q(Exists(disabled.order_by()), left_reason__in=ADOPTIONS),
            recognised(scheme.code),
            ~Exists(held.order_by()),
            ~Exists(asked.order_by()),
            birth_date__gt=oldest,
            birth_date__lte=youngest,
            merged_into__isnull=True,
        )
        .filter(_may_study(school_year_of(on), terms))
        .order_by("pk")
    )


def _years_before(day: dt.date, years: int) -> dt.date:
    return day.replace(year=day.year - years, day=min(day.day, 28) if day.month == 2 else day.day)


def _may_study(year: int, terms: Terms) -> Q:
    """The file or a proof of the school year names a stage that the scheme pays."""
    proofs = SchoolProof.objects.filter(
        child=OuterRef("pk"), school_year=year, stage__in=terms.extension_stages, full_time=True
    )
    return Q(school_stage__in=terms.extension_stages) | Q(Exists(proofs.order_by()))


def judged(children: Iterable[Child], scheme: Scheme, terms: Terms, on: dt.date) -> list[Candidate]:
    """Candidates with what each lacks. Three queries, however many."""
    rows = list(children)
    year, ids = school_year_of(on), [child.pk for child in rows]
    proofs = {
        proof.child_id: proof
        for proof in SchoolProof.objects.filter(child__in=ids, school_year=year).order_by("term")
    }
    disabled = set(DisabilityCard.objects.filter(child__in=ids).order_by().values_list("child_id", flat=True))
    accounts = set(
        Payee.objects.filter(child__in=ids, purpose=scheme.code, end_date__isnull=True)
        .order_by()
        .values_list("child_id", flat=True)
    )
    found = []
    for child in rows:
        proof = proofs.get(child.pk)
        student = _student(child, proof, recognised=True, disabled=child.pk in disabled)
        lacking = lacks(student, on, age_least=terms.age_least, stages=terms.extension_stages)
        found.append(Candidate(child, proof, lacking, child.pk in accounts))
    return found


def _student(child: Child, proof: SchoolProof | None, *, recognised: bool, disabled: bool) -> Student:
    return Student(
        birth_date=child.birth_date,
        recognised=recognised,
        left_reason=child.left_reason,
        disabled=disabled,
        stage=proof.stage if proof else child.school_stage,
        full_time=proof.full_time if proof else True,
        proven=proof is not None,
    )


def lacks_of(child: Child, scheme: Scheme, on: dt.date, terms: Terms) -> tuple[Lack, ...]:
    """What stands in the way of one applicant, by the terms of that day. Three queries."""
    was = Child.objects.filter(recognised(scheme.code), pk=child.pk).exists()
    year = school_year_of(on)
    proof = SchoolProof.objects.filter(child=child, school_year=year).order_by("-term").first()
    disabled = DisabilityCard.objects.filter(child=child).exists()
    student = _student(child, proof, recognised=was, disabled=disabled)
    return lacks(student, on, age_least=terms.age_least, stages=terms.extension_stages)
