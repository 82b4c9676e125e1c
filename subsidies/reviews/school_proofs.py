"""Proofs of schooling (在读证明), one a term; who has not brought this term's."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from cases import documents
from cases.documents import Document
from cases.enums import SchoolStage
from cases.models import Child
from staff.enums import Role
from staff.workflow import Actor, TransitionRefused
from subsidies.ledger.enums import ReviewKind, ReviewOutcome
from subsidies.models import EntitlementReview, SchoolProof
from subsidies.reckoning.months import month_of
from subsidies.reviews.cycles import Term, term_of

MAY_ADD = frozenset({Role.DIRECTOR, Role.SUPERVISOR, Role.CLERK})


class ProofRefused(TransitionRefused):
    """The proof cannot be recorded; the message says why."""


def add_proof(
    *,
    actor: Actor,
    at: dt.datetime,
    child: Child,
    term: Term,
    school: str,
    stage: str,
    full_time: bool = True,
    until: dt.date | None = None,
    file: Document | None = None,
    seen: str = "",
) -> SchoolProof:
    """Record that a child or student is at school in a term, by the certificate or by where it was seen.

    The reminder of the term is done with it, for full-time schooling. Raises ProofRefused.
    """
    today = timezone.localdate(at)
    if actor.role not in MAY_ADD:
        raise ProofRefused(_("Your post does not have this duty."))
    if term > term_of(today):
        raise ProofRefused(_("This term has not begun."))
    if not school.strip() or stage not in SchoolStage.values:
        raise ProofRefused(_("Write the school and its stage."))
    if file is None and not seen.strip():
        raise ProofRefused(_("Add the certificate, or write where enrolment was seen."))
    if until is not None and until < term.start:
        raise ProofRefused(_("Schooling ended before this term. It is no proof for it."))
    with transaction.atomic():
        if SchoolProof.objects.filter(child=child, school_year=term.school_year, term=term.number).exists():
            raise ProofRefused(_("The proof for this term is on record already."))
        proof = SchoolProof.objects.create(
            child=child,
            region_id=child.region_id,
            school_year=term.school_year,
            term=term.number,
            school=school.strip(),
            stage=stage,
            full_time=full_time,
            until=until,
            file=documents.keep(file, child=child, at=at) if file else None,
            seen=seen.strip(),
            user_id=actor.user_id,
            at=at,
        )
        if full_time:
            EntitlementReview.objects.filter(
                child=child, kind=ReviewKind.SCHOOL, cycle=term.start, outcome=ReviewOutcome.OPEN
            ).update(outcome=ReviewOutcome.UNCHANGED, changes=[], done_by=actor.user_id, done_at=at)
    return proof


def last_month_by(proof: SchoolProof) -> dt.date:
    """Until when a proof of schooling carries a right: the end of its term, or of schooling itself."""
    by_term = Term(proof.school_year, proof.term).last_month
    return min(by_term, month_of(proof.until)) if proof.until else by_term


def latest(child: Child, stages: Collection[str] = ()) -> SchoolProof | None:
    """The latest proof of full-time schooling, at one of these stages where any are named. One query."""
    found = SchoolProof.objects.filter(child=child, full_time=True)
    if stages:
        found = found.filter(stage__in=stages)
    return found.order_by("-school_year", "-term", "-pk").first()


def of_child(child_id: int) -> list[SchoolProof]:
    """Every proof of a child, latest first. One query."""
    return list(SchoolProof.objects.filter(child_id=child_id).select_related("user", "file"))


def without_proof(children: QuerySet[Child], term: Term) -> QuerySet[Child]:
    """Those of ``children`` who have brought no proof of full-time schooling for a term."""
    proofs = SchoolProof.objects.filter(
        child_id=OuterRef("pk"), school_year=term.school_year, term=term.number, full_time=True
    )
    return children.exclude(Exists(proofs))
