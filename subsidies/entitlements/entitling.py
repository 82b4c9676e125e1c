"""What a confirmed application makes: an entitlement with its months and the terms that are frozen in it."""

from __future__ import annotations

import datetime as dt

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.ages import add_months
from cases.enums import PrimaryCategory
from cases.models import Child
from staff.workflow import Actor
from subsidies.applications.qualification import qualify
from subsidies.applications.refusals import ApplicationRefused
from subsidies.models import Application, Entitlement, SchoolProof
from subsidies.reckoning import months, rules
from subsidies.reckoning.standards import Standards
from subsidies.reviews.cycles import Term
from subsidies.reviews.school_proofs import last_month_by, latest
from subsidies.terms.reading import TermsError
from subsidies.terms.types import Terms


def entitle(application: Application, actor: Actor, at: dt.datetime) -> Entitlement:
    """Entitle the child of a confirmed application from the first month of the scheme's rule to the last one that age
    and schooling allow. Category, placement and grade are frozen as they are today. Raises ApplicationRefused.
    """
    child = Child.objects.select_for_update(of=("self",)).get(pk=application.child_id)
    day = timezone.localdate(at)
    found = qualify(child, application.scheme, application.decision, day)
    if found.unmet:
        raise ApplicationRefused(
            _("%(reason)s. Correct the child's file first, or refuse the application.")
            % {"reason": found.unmet[0].answer.rstrip(".。")}
        )
    start, last = _months(application, child, found.terms, day)
    grade = _grade(application, child, found.terms)
    category = _category(application, child, found.categories, start, grade)
    also = [other.value for other in found.categories if other != category]
    try:
        with transaction.atomic():
            if also and found.terms.higher_of:
                # Frozen with the decision: each month the highest of them counts.
                application.decision = application.decision | {"also": also}
                application.save(update_fields=["decision"])
            return Entitlement.objects.create(
                child=child,
                scheme=application.scheme,
                region_id=child.region_id,
                application=application,
                category=category,
                placement=child.placement,
                grade=grade,
                start_month=start,
                end_month=last,
                confirmed_by_id=actor.user_id or None,
                confirmed_at=at,
            )
    except IntegrityError as error:
        if "entitlement_never_overlaps" not in str(error) and "entitlement_open_once" not in str(error):
            raise
        raise ApplicationRefused(
            _("This child is already entitled in some of these months. End the other entitlement first.")
        ) from error


def _months(application: Application, child: Child, terms: Terms, day: dt.date) -> tuple[dt.date, dt.date]:
    applied = timezone.localdate(application.applied_at)
    start, last = months.entitled_months(terms, _facts(child, terms, applied), day, applied)
    earlier = Entitlement.objects.filter(
        child=child, scheme=application.scheme, end_month__gte=start, start_month__lte=last
    ).order_by("-end_month")
    if found := earlier.first():
        # A month that an earlier entitlement still covers is not paid twice.
        start = months.whole_from(add_months(found.end_month or start, 1), terms.cadence)
    if last < start:
        raise ApplicationRefused(
            _("The child comes of age, or the schooling ends, before the first month that could be paid.")
        )
    return start, last


def _facts(child: Child, terms: Terms, applied: dt.date) -> months.Facts:
    """Birth and schooling. Past the age limit a right is paid as far as the latest proof reaches that the terms take; a
    student's right runs as long as schooling is expected to last, by the latest proof, else the file.
    """
    if terms.school_proof:
        return _student(child, terms, applied)
    proof = latest(child, terms.extension_stages) if terms.extension_stages else None
    if proof is None:
        return months.Facts(child.birth_date, child.school_stage)
    return months.Facts(child.birth_date, proof.stage, last_month_by(proof))


def _student(child: Child, terms: Terms, applied: dt.date) -> months.Facts:
    proof = latest(child)
    if proof is None:
        return months.Facts(child.birth_date, child.school_stage, child.enrolled_until)
    term = Term(proof.school_year, proof.term)
    until = proof.until or child.enrolled_until
    if until is not None and until < term.start:
        until = None  # of the school before
    begins = months.start_of(applied, terms.cadence)
    taken = SchoolProof.objects.filter(child=child, full_time=True, stage__in=terms.extension_stages)
    terms_proved = (Term(*row) for row in taken.values_list("school_year", "term"))
    first = min((one.start for one in terms_proved if one.last_month >= begins), default=None)
    return months.Facts(child.birth_date, proof.stage, until, first, term.start)


def _grade(application: Application, child: Child, terms: Terms) -> str:
    """The grade that the clerk chose while checking; "" for a scheme without grades."""
    if not terms.grades:
        return ""
    code = str(application.decision.get("grade", "")) or child.school_stage
    if code not in {grade.code for grade in terms.grades}:
        raise ApplicationRefused(
            _("The scheme pays by grade. Return the application to the clerk, who chooses the grade.")
        )
    return code


def _category(
    application: Application, child: Child, paid: tuple[PrimaryCategory, ...], start: dt.date, grade: str
) -> str:
    """Of the child's categories that the scheme pays, the highest; a standard must be in force for it."""
    standards = Standards.load(application.scheme, child.region_id)
    try:
        if standards.terms(start).higher_of and len(paid) > 1:
            tables = standards.tables(start)
            return str(tables.highest(application.scheme.code, paid, child.placement, grade)[0])
        standards.standard(start, paid[0], child.placement, grade)
    except (rules.NoRateError, rules.AmbiguousRateError, TermsError) as error:
        raise ApplicationRefused(
            _(
                "No standard is in force for this category and placement. "
                "Enter it on the page of standards first."
            )
        ) from error
    return paid[0].value
