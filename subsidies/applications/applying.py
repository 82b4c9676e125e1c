"""Applying: by a guardian or an authorised relative, entered by the village or the township.

Who applies is recorded apart from who enters it. What a township elsewhere took in (跨省通办) is entered here within
three working days of complete papers.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.enums import Relation
from cases.models import Child, Guardian
from staff import parameters
from staff.calendar import add_working_days
from staff.holidays import overrides
from staff.models import TransitionRecord
from staff.workflow import Actor
from subsidies.aid.enums import Channel
from subsidies.aid.study_rules import FORMER_WARDS
from subsidies.applications.decisions import decision_for
from subsidies.applications.evidence import Given, add_evidence
from subsidies.applications.refusals import ApplicationRefused
from subsidies.enums import EntitlementState, SchemeCode
from subsidies.models import Application, Entitlement, Scheme
from subsidies.terms.in_force import terms_of
from subsidies.workflows import APPLICANTS

# Standards that others are reckoned from; nobody applies for them here.
RECKONED_ONLY = frozenset({SchemeCode.DIBAO})


@dataclass(frozen=True)
class Applicant:
    """Who applies. An empty phone: the one on record for a guardian of this name."""

    name: str = ""
    relation: str = ""
    phone: str = ""


@dataclass(frozen=True)
class Intake:
    """Where and when a township elsewhere had the papers complete."""

    office: str
    date: dt.date


def apply(
    *,
    actor: Actor,
    at: dt.datetime,
    child: Child,
    scheme: Scheme,
    statement: str,
    applicant: Applicant | None = None,
    intake: Intake | None = None,
    evidence: Sequence[Given] = (),
) -> Application:
    """Apply for a child of one's own area, with what evidence there is. Raises ApplicationRefused."""
    applicant = applicant or Applicant()
    today = timezone.localdate(at)
    _check(actor, child, scheme, statement, applicant, intake, today)
    with transaction.atomic():
        try:
            with transaction.atomic():
                application = Application.objects.create(
                    child=child,
                    scheme=scheme,
                    region_id=child.region_id,
                    applicant_name=applicant.name.strip(),
                    applicant_relation=applicant.relation,
                    applicant_phone=applicant.phone.strip() or _phone_on_record(child, applicant.name),
                    statement=statement.strip(),
                    decision=decision_for(child, today),
                    applied_by_id=actor.user_id,
                    applied_at=at,
                    **_intake_fields(intake, child, today),
                )
        except IntegrityError as error:
            if "application_open_once" not in str(error):
                raise
            raise ApplicationRefused(_("An application for this child is already under way.")) from error
        TransitionRecord.objects.create(
            subject=application._meta.label_lower,
            subject_id=str(application.pk),
            region_id=application.region_id,
            child_id=child.pk,
            name="apply",
            source="",
            target=application.state,
            user_id=actor.user_id,
            assignment_id=actor.assignment_id,
            role=actor.role,
            at=at,
            reason=statement.strip(),
        )
        for given in evidence:
            add_evidence(actor=actor, at=at, application=application, given=given)
    return application


def _check(
    actor: Actor,
    child: Child,
    scheme: Scheme,
    statement: str,
    applicant: Applicant,
    intake: Intake | None,
    today: dt.date,
) -> None:
    if actor.role not in APPLICANTS:
        raise ApplicationRefused(_("Your post does not have this duty."))
    if not scheme.is_active or scheme.code in RECKONED_ONLY:
        raise ApplicationRefused(_("This scheme is not open for applications."))
    if not statement.strip():
        raise ApplicationRefused(_("Write the grounds for the application."))
    if child.left_date is not None:
        # Who left by growing up or by adoption may still apply for a study grant; whether they qualify is asked then.
        former = child.left_reason in FORMER_WARDS
        if not former or not terms_of(scheme, child.region_id, today).school_proof:
            raise ApplicationRefused(_("The child has left the register."))
    held = Entitlement.objects.filter(child=child, scheme=scheme).exclude(state=EntitlementState.ENDED)
    if held.exists():
        raise ApplicationRefused(_("This child is already entitled under this scheme."))
    if applicant.name and applicant.relation not in Relation.values:
        raise ApplicationRefused(_("Choose what the applicant is to the child."))
    if intake and (not intake.office.strip() or intake.date > today):
        raise ApplicationRefused(
            _(
                "Write which office took it in, and the day, not later than today, when its papers were complete."
            )
        )


def _intake_fields(intake: Intake | None, child: Child, today: dt.date) -> dict[str, Any]:
    if intake is None:
        return {"channel": Channel.LOCAL}
    days = int(parameters.value(child.region_id, "intake_working_days", today))
    return {
        "channel": Channel.ELSEWHERE,
        "intake_office": intake.office.strip(),
        "intake_date": intake.date,
        "intake_due_date": add_working_days(intake.date, days, overrides()),
    }


def _phone_on_record(child: Child, name: str) -> str:
    """The phone of a guardian of that name; "" without."""
    rows = Guardian.objects.filter(child=child, end_date__isnull=True, name=name.strip()).order_by("pk")
    return next((row.phone for row in rows if row.phone), "")
