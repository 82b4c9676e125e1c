"""Applications: applied for, verified by the township, checked and confirmed by the county, each by
another person.

民发〔2019〕62号: the township verifies within 15 working days of acceptance, the county confirms within
15 of receiving the conclusion, a refusal is in writing with its reasons, and who is confirmed is paid
from the next month.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.ages import add_months
from cases.eligibility import decide_category
from cases.eligibility_table import Answer, Schooling, Situation, config_from
from cases.enums import Evidence, ParentSituationKind, PrimaryCategory
from cases.models import Child, ParentSituation
from staff import parameters
from staff.models import Holiday, TransitionRecord
from staff.workflow import Actor, TransitionRefused, perform
from subsidies import months, rules
from subsidies.enums import ApplicationState, LastMonthRule
from subsidies.models import Application, Entitlement, Scheme
from subsidies.standards import Standards
from subsidies.workflows import APPLICANTS

PAYABLE = (PrimaryCategory.ORPHAN, PrimaryCategory.PROTECTED, PrimaryCategory.DE_FACTO_UNATTENDED)


class ApplicationRefused(TransitionRefused):
    """The act cannot be done on this application; the message says why."""


def overrides() -> dict[dt.date, bool]:
    """The maintained calendar exceptions as :mod:`staff.calendar` wants them."""
    return dict(Holiday.objects.values_list("date", "is_working"))


def decision_for(child: Child, on: dt.date) -> dict[str, Any]:
    """The eligibility table's answer for a child on a day, as JSON with the situations it was given.

    Keys: answer, category ("" when none), row, clause, on, situations, missing, ask_again_on ("" when not
    by date).
    """
    given: dict[str, list[Situation]] = {"father": [], "mother": []}
    shown = []
    for row in ParentSituation.objects.filter(child=child).order_by("parent", "start_date", "pk"):
        evidence = frozenset({Evidence(row.evidence)}) if row.evidence else frozenset()
        given[row.parent].append(
            Situation(
                ParentSituationKind(row.kind), row.start_date, row.expected_end_date, row.end_date, evidence
            )
        )
        shown.append(
            {
                "parent": row.parent,
                "kind": row.kind,
                "since": row.start_date.isoformat(),
                "expected_end": _iso(row.expected_end_date),
                "ended": _iso(row.end_date),
                "evidence": row.evidence,
                "document": row.document,
                "verified_by": row.verified_by,
                "verified_on": _iso(row.verified_date),
            }
        )
    config = config_from(parameters.value(child.region_id, "eligibility", on))
    schooling = Schooling(child.school_stage, child.enrolled_until)
    answer = decide_category(given["father"], given["mother"], child.birth_date, on, config, schooling)
    return {
        "answer": answer.answer.value,
        "category": answer.category.value if answer.category else "",
        "row": answer.row.value,
        "clause": answer.clause,
        "on": on.isoformat(),
        "situations": shown,
        "missing": [
            {
                key: [v.value for v in value] if isinstance(value, tuple) else value.value if value else ""
                for key, value in asdict(gap).items()
            }
            for gap in answer.missing_evidence
        ],
        "ask_again_on": _iso(answer.ask_again_on),
    }


def _iso(day: dt.date | None) -> str:
    return day.isoformat() if day else ""


def apply(*, actor: Actor, at: dt.datetime, child: Child, scheme: Scheme, statement: str) -> Application:
    """Apply for a child of one's own area. Raises ApplicationRefused."""
    if actor.role not in APPLICANTS:
        raise ApplicationRefused(_("Your post does not have this duty."))
    if not scheme.is_active:
        raise ApplicationRefused(_("This scheme is not open for applications."))
    if not statement.strip():
        raise ApplicationRefused(_("Write the grounds for the application."))
    if child.left_date is not None:
        raise ApplicationRefused(_("The child has left the register."))
    if Entitlement.objects.filter(child=child, scheme=scheme).exclude(state="ended").exists():
        raise ApplicationRefused(_("This child is already entitled under this scheme."))
    with transaction.atomic():
        try:
            with transaction.atomic():
                application = Application.objects.create(
                    child=child,
                    scheme=scheme,
                    region_id=child.region_id,
                    statement=statement.strip(),
                    decision=decision_for(child, timezone.localdate(at)),
                    applied_by_id=actor.user_id,
                    applied_at=at,
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
    return application


def accept(
    *, actor: Actor, at: dt.datetime, application: Application, reason_code: str = "", reason: str = ""
) -> Application:
    """The township accepts; its clock for the verification starts."""
    return _perform(
        "accept", actor, at, application, reason, accepted_at=at, verify_due_date=_verify_due(application, at)
    )


def ask_supplement(
    *, actor: Actor, at: dt.datetime, application: Application, reason_code: str = "", reason: str = ""
) -> Application:
    """Ask for what is missing; the clock stops and starts again when the application is accepted again."""
    return _perform("ask_supplement", actor, at, application, reason, accepted_at=None, verify_due_date=None)


def resubmit(
    *, actor: Actor, at: dt.datetime, application: Application, reason_code: str = "", reason: str = ""
) -> Application:
    """The applicant has added what was asked for; the eligibility table is asked again."""
    return _perform("resubmit", actor, at, application, reason, decision=_decide(application, at))


def verify(
    *, actor: Actor, at: dt.datetime, application: Application, reason_code: str = "", reason: str = ""
) -> Application:
    """The township's conclusion in words; the county's clock starts. The table is asked again on what is
    now on record.
    """
    due = months.confirm_by(
        timezone.localdate(at), _days(application, "confirm_working_days", at), overrides()
    )
    return _perform(
        "verify",
        actor,
        at,
        application,
        reason,
        verification=reason.strip(),
        confirm_due_date=due.day,
        decision=_decide(application, at),
    )


def send_back(
    *, actor: Actor, at: dt.datetime, application: Application, reason_code: str = "", reason: str = ""
) -> Application:
    """The county clerk returns the application; the township verifies again, with a clock that starts
    anew.
    """
    return _perform(
        "return",
        actor,
        at,
        application,
        reason,
        verified_by_id=None,
        verified_at=None,
        confirm_due_date=None,
        verify_due_date=_verify_due(application, at),
    )


def check(
    *, actor: Actor, at: dt.datetime, application: Application, reason_code: str = "", reason: str = ""
) -> Application:
    """The county clerk has checked the file and submits it for confirmation."""
    return _perform("check", actor, at, application, reason)


def confirm(
    *, actor: Actor, at: dt.datetime, application: Application, reason_code: str = "", reason: str = ""
) -> Application:
    """Confirm, and entitle the child from the next month. Category and placement are frozen from the
    child's file.
    """
    with transaction.atomic():
        confirmed = _perform("confirm", actor, at, application, reason)
        _entitle(confirmed, actor, at)
    return confirmed


def refuse(
    *, actor: Actor, at: dt.datetime, application: Application, reason_code: str = "", reason: str = ""
) -> Application:
    """Refuse with a coded reason and the written one that the applicant receives."""
    return _perform(
        "refuse",
        actor,
        at,
        application,
        reason,
        reason_code,
        refusal_code=reason_code,
        refusal_text=reason.strip(),
    )


def withdraw(
    *, actor: Actor, at: dt.datetime, application: Application, reason_code: str = "", reason: str = ""
) -> Application:
    """The applicant's side takes the application back before it is decided."""
    return _perform("withdraw", actor, at, application, reason)


Act = Callable[..., Application]
ACTS: dict[str, Act] = {
    "accept": accept,
    "ask_supplement": ask_supplement,
    "resubmit": resubmit,
    "verify": verify,
    "return": send_back,
    "check": check,
    "confirm": confirm,
    "refuse": refuse,
    "withdraw": withdraw,
}


def act(
    name: str,
    *,
    actor: Actor,
    at: dt.datetime,
    application: Application,
    reason_code: str = "",
    reason: str = "",
) -> Application:
    """Perform the act that a button names. Raises TransitionRefused, also for a name that does not exist."""
    if name not in ACTS:
        raise ApplicationRefused(_("This act does not exist."))
    return ACTS[name](actor=actor, at=at, application=application, reason_code=reason_code, reason=reason)


def _perform(
    name: str,
    actor: Actor,
    at: dt.datetime,
    application: Application,
    reason: str,
    reason_code: str = "",
    **fields: Any,
) -> Application:
    done: Application = perform(
        application, name, at=at, actor=actor, reason_code=reason_code, reason=reason, fields=fields
    )
    return done


def _days(application: Application, key: str, at: dt.datetime) -> int:
    return int(parameters.value(application.region_id, key, timezone.localdate(at)))


def _verify_due(application: Application, at: dt.datetime) -> dt.date:
    days = _days(application, "verify_working_days", at)
    return months.verify_by(timezone.localdate(at), days, overrides()).day


def _decide(application: Application, at: dt.datetime) -> dict[str, Any]:
    child = Child.objects.filter(pk=application.child_id).first()
    if child is None:
        raise ApplicationRefused(_("The record is no longer in your area."))
    return decision_for(child, timezone.localdate(at))


def entitled_category(child: Child, decision: dict[str, Any]) -> str:
    """The category an entitlement is paid under: the file's own when it is a payable one, else the
    table's; "" when neither is.
    """
    if child.primary_category in PAYABLE:
        return str(child.primary_category)
    return str(decision["category"]) if decision.get("answer") == Answer.ELIGIBLE else ""


def _entitle(application: Application, actor: Actor, at: dt.datetime) -> Entitlement:
    child = Child.objects.select_for_update(of=("self",)).get(pk=application.child_id)
    category = entitled_category(child, application.decision)
    if not category:
        raise ApplicationRefused(
            _("The child's category carries no allowance. Correct the category in the child's file first.")
        )
    day = timezone.localdate(at)
    start = months.first_month(day)
    earlier = Entitlement.objects.filter(
        child=child, scheme=application.scheme, end_month__gte=start
    ).order_by("-end_month")
    if found := earlier.first():
        # A month that an ended entitlement still covers is not paid twice.
        start = add_months(found.end_month or start, 1)
    rule = LastMonthRule(parameters.value(child.region_id, "last_month_rule", day))
    last = months.last_month(child.birth_date, rule)
    if last < start:
        raise ApplicationRefused(_("The child comes of age before the first month that could be paid."))
    standards = Standards.load(application.scheme, child.region_id)
    try:
        standards.rate(start, category, child.placement)
    except (rules.NoRateError, rules.AmbiguousRateError) as error:
        raise ApplicationRefused(
            _(
                "No standard is in force for this category and placement. "
                "Enter it on the page of standards first."
            )
        ) from error
    return Entitlement.objects.create(
        child=child,
        scheme=application.scheme,
        region_id=child.region_id,
        application=application,
        category=category,
        placement=child.placement,
        start_month=start,
        end_month=last,
        confirmed_by_id=actor.user_id or None,
        confirmed_at=at,
    )


def is_decided(application: Application) -> bool:
    """Whether nothing more happens to the application."""
    return application.state in (
        ApplicationState.CONFIRMED,
        ApplicationState.REFUSED,
        ApplicationState.WITHDRAWN,
    )
