"""Evidence of an application (申请材料): the scheme's own list, what came in and how, and how the township looked into it.

The township verifies mainly by departments' data; papers are asked for only where data are missing, and a dispute is
settled at the home, among the neighbours or by letter (rules.md 2.1).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.utils import timezone
from django.utils.translation import gettext as _

from cases.ages import age_on
from cases.documents import Document, keep
from cases.enums import Placement, PrimaryCategory, Relation
from cases.models import Child
from staff.enums import Role
from staff.workflow import Actor
from subsidies.aid.enums import CheckMethod, CheckResult, EvidenceSource
from subsidies.applications.qualification import categories_of
from subsidies.applications.refusals import ApplicationRefused
from subsidies.entitlements.on_record import OnRecord, on_record
from subsidies.enums import ApplicationState
from subsidies.models import Application, ApplicationCheck, ApplicationEvidence
from subsidies.terms.enums import EvidenceWhen as When
from subsidies.terms.in_force import Rulebook, terms_of
from subsidies.terms.types import EvidenceItem, Terms

S = ApplicationState
# Sealed papers are kept on paper by named people; here stands only where.
SEALED = frozenset({"restricted_proof"})
ADDED_BY = {
    Role.DIRECTOR: (S.SUBMITTED, S.SUPPLEMENT),
    Role.SUPERVISOR: (S.SUBMITTED, S.SUPPLEMENT, S.VERIFYING),
    Role.CLERK: (S.CHECKING,),
}
# Who sees what departments send; a village does not.
MATCHERS = (Role.SUPERVISOR, Role.CLERK)
CASES: dict[PrimaryCategory, When] = {
    PrimaryCategory.ORPHAN: When.ORPHAN,
    PrimaryCategory.PROTECTED: When.PROTECTED,
    PrimaryCategory.DE_FACTO_UNATTENDED: When.DE_FACTO_UNATTENDED,
    PrimaryCategory.SEVERE_DISABILITY: When.DISABILITY,
    PrimaryCategory.SEVERE_ILLNESS: When.ILLNESS,
    PrimaryCategory.TEKUN: When.POVERTY,
    PrimaryCategory.DIBAO: When.POVERTY,
    PrimaryCategory.LOW_INCOME: When.POVERTY,
    PrimaryCategory.REGISTERED_POOR: When.POVERTY,
}


@dataclass(frozen=True)
class Given:
    """One piece of evidence as it is handed in: a clean document, or a note of where it was seen."""

    item: str
    source: str
    note: str = ""
    document: Document | None = None


@dataclass
class Item:
    """One document of the list with what is on record for it."""

    asked: EvidenceItem
    rows: list[ApplicationEvidence] = field(default_factory=list)

    @property
    def is_missing(self) -> bool:
        return self.asked.required and not self.rows


def evidence_cases(
    child: Child, categories: Iterable[PrimaryCategory], *, authorised: bool, grown: bool
) -> set[str]:
    """The cases of the list (codes of EvidenceWhen) that a child and its applicant are in."""
    found = {CASES[category].value for category in categories if category in CASES}
    if child.placement == Placement.INSTITUTION:
        found.add(When.INSTITUTION.value)
    if authorised:
        found.add(When.AUTHORISED.value)
    if grown:
        found.add(When.OVER_AGE.value)
    return found


def asked_for(
    child: Child,
    terms: Terms,
    categories: Sequence[PrimaryCategory],
    on: dt.date,
    *,
    authorised: bool = False,
) -> tuple[EvidenceItem, ...]:
    """The scheme's list for one child. A child of several categories need prove only the first that is paid."""
    first = [category for category in categories if category in terms.categories][:1]
    grown = age_on(child.birth_date, on) >= terms.age_most
    return terms.evidence_for(*evidence_cases(child, first, authorised=authorised, grown=grown))


def acts_by_authority(known: OnRecord, name: str, relation: str) -> bool:
    """Whether the applicant is neither a guardian on record nor the village or institution."""
    if not name or relation in (Relation.COMMITTEE, Relation.INSTITUTION, Relation.CHILD):
        return False
    return name not in known.guardians


def items_of(
    application: Application, child: Child, *, book: Rulebook | None = None, known: OnRecord | None = None
) -> list[Item]:
    """The list of an application with what came in, and pieces of items that are no longer on it. Three queries, one
    with ``book`` and ``known``, where they have been read already.
    """
    on = timezone.localdate(application.applied_at)
    terms = (book or Rulebook.load(child.region_id)).terms(application.scheme.code, on)
    known = known or on_record(child.pk)
    asked = asked_for(
        child,
        terms,
        categories_of(child, application.decision, on, known),
        on,
        authorised=acts_by_authority(known, application.applicant_name, application.applicant_relation),
    )
    items = {item.code: Item(item) for item in asked}
    listed = {item.code: item for item in terms.evidence}
    rows = ApplicationEvidence.objects.filter(application=application).select_related("file", "added_by")
    for row in rows:
        if row.item in listed:
            items.setdefault(row.item, Item(listed[row.item])).rows.append(row)
    return list(items.values())


def add_evidence(
    *, actor: Actor, at: dt.datetime, application: Application, given: Given
) -> ApplicationEvidence:
    """Put one piece of evidence on record. Raises ApplicationRefused.

    The village adds before the township takes the application up and when documents are asked for, the township until
    it passes it on, the county's clerk while checking. Nothing is ever taken away again.
    """
    if application.state not in ADDED_BY.get(Role(actor.role), ()):
        raise ApplicationRefused(_("Documents cannot be added by your post at this step."))
    terms = terms_of(application.scheme, application.region_id, timezone.localdate(application.applied_at))
    if given.item not in {item.code for item in terms.evidence}:
        raise ApplicationRefused(_("This document is not on the list of the scheme."))
    _check_given(given, actor)
    child = Child.objects.filter(pk=application.child_id).first()
    if child is None:
        raise ApplicationRefused(_("The record is no longer in your area."))
    return ApplicationEvidence.objects.create(
        application=application,
        child=child,
        region_id=application.region_id,
        item=given.item,
        source=given.source,
        file=keep(given.document, child=child, at=at) if given.document else None,
        note=given.note.strip(),
        supplement=application.state == S.SUPPLEMENT,
        added_by_id=actor.user_id,
        added_at=at,
    )


def _check_given(given: Given, actor: Actor) -> None:
    if given.source not in EvidenceSource.values:
        raise ApplicationRefused(_("Say how the document came in."))
    if given.source == EvidenceSource.UPLOADED and given.document is None:
        raise ApplicationRefused(_("Add the file, or write where the document was seen."))
    if given.source != EvidenceSource.UPLOADED and not given.note.strip():
        raise ApplicationRefused(_("Write which data, of which day, or where in the file it is."))
    if given.source == EvidenceSource.DATA_MATCH and actor.role not in MATCHERS:
        raise ApplicationRefused(_("Departments' data are compared by the township or the county."))
    if given.item in SEALED and given.document is not None:
        raise ApplicationRefused(
            _("Sealed papers are not kept here. Write who keeps them, under “Already in the child's file”.")
        )


def add_check(
    *,
    actor: Actor,
    at: dt.datetime,
    application: Application,
    method: str,
    date: dt.date,
    result: str,
    note: str,
    person: str = "",
) -> ApplicationCheck:
    """Record how the township looked into it, whom it asked and what came out. Raises ApplicationRefused."""
    if actor.role != Role.SUPERVISOR:
        raise ApplicationRefused(_("Your post does not have this duty."))
    if actor.user_id and actor.user_id == application.applied_by_id:
        raise ApplicationRefused(_("Who applied does not verify. A colleague records the verification."))
    if application.state != S.VERIFYING:
        raise ApplicationRefused(_("Checks are recorded while the township verifies."))
    if method not in CheckMethod.values or result not in CheckResult.values:
        raise ApplicationRefused(_("Choose how it was verified and what came out."))
    if date > timezone.localdate(at):
        raise ApplicationRefused(_("The day lies in the future."))
    if not note.strip():
        raise ApplicationRefused(_("Write what was found."))
    if method != CheckMethod.DATA_MATCH and not person.strip():
        raise ApplicationRefused(_("Write who was asked."))
    return ApplicationCheck.objects.create(
        application=application,
        child_id=application.child_id,
        region_id=application.region_id,
        method=method,
        date=date,
        person=person.strip(),
        result=result,
        note=note.strip(),
        user_id=actor.user_id,
        at=at,
    )
