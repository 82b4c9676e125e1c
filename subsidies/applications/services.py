"""The acts on an application: taken up and verified by the township, checked and confirmed by the county, each by
another person.

民发〔2019〕62号: the township verifies within 15 working days of acceptance, the county confirms within
15 of receiving the conclusion, a refusal is in writing with its reasons, and who is confirmed is paid
from the next month.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.matching.leads import services as leads
from cases.models import Child
from staff import parameters
from staff.calendar import add_working_days
from staff.enums import Role
from staff.holidays import overrides
from staff.models import TransitionRecord
from staff.workflow import Actor, perform
from subsidies.aid.enums import Channel
from subsidies.applications import clocks, evidence
from subsidies.applications.decisions import decision_for
from subsidies.applications.refusals import ApplicationRefused
from subsidies.entitlements.entitling import entitle
from subsidies.enums import ApplicationState
from subsidies.models import Application
from subsidies.terms.in_force import terms_of
from subsidies.terms.types import Terms

S = ApplicationState
DECIDED = (S.CONFIRMED, S.REFUSED, S.WITHDRAWN)
TELLERS = (Role.SUPERVISOR, Role.CLERK)


def accept(
    *, actor: Actor, at: dt.datetime, application: Application, reason_code: str = "", reason: str = ""
) -> Application:
    """The township accepts; its clock for the verification starts."""
    return _perform(
        "accept", actor, at, application, reason, accepted_at=at, verify_due_date=_due(application, at)
    )


def ask_supplement(
    *,
    actor: Actor,
    at: dt.datetime,
    application: Application,
    reason_code: str = "",
    reason: str = "",
    items: Sequence[str] = (),
) -> Application:
    """Ask for what is missing, once, all together and in writing; the clock stops. ``items``: codes of the list."""
    listed = {item.code for item in _terms(application).evidence}
    if unknown := set(items) - listed:
        raise ApplicationRefused(
            _("%(code)s is not on the list of the scheme.") % {"code": sorted(unknown)[0]}
        )
    return _perform(
        "ask_supplement",
        actor,
        at,
        application,
        reason,
        supplement_asked_at=at,
        supplement_items=list(items),
        supplement_text=reason.strip(),
        **clocks.stop(application, at),
    )


def resubmit(
    *, actor: Actor, at: dt.datetime, application: Application, reason_code: str = "", reason: str = ""
) -> Application:
    """The applicant has added what was asked for: the eligibility table is asked again, and a clock that had started
    runs on with the working days that were left.
    """
    name = "resubmit" if application.clock_left is None else "resume"
    return _perform(
        name,
        actor,
        at,
        application,
        reason,
        supplemented_at=at,
        decision=_decide(application, at),
        **clocks.resume(application, at),
    )


def verify(
    *, actor: Actor, at: dt.datetime, application: Application, reason_code: str = "", reason: str = ""
) -> Application:
    """The township's conclusion in words; the county's clock starts. The table is asked again on what is
    now on record. Every required document is on record, or was asked for and did not come.
    """
    missing = [item for item in evidence.items_of(application, _child(application)) if item.is_missing]
    if missing and application.supplement_asked_at is None:
        raise ApplicationRefused(
            _("Still missing: %(names)s. Note where it was seen, or ask the applicant for it.")
            % {"names": "、".join(str(item.asked.name) for item in missing)}
        )
    due = add_working_days(timezone.localdate(at), _terms(application, at).confirm_working_days, overrides())
    return _perform(
        "verify",
        actor,
        at,
        application,
        reason,
        verification=reason.strip(),
        confirm_due_date=due,
        decision=_decide(application, at),
    )


def send_back(
    *, actor: Actor, at: dt.datetime, application: Application, reason_code: str = "", reason: str = ""
) -> Application:
    """The county clerk returns the application; the township verifies again, with a clock that starts
    anew, unless it had run out before the township verified: late stays late. The checks made so far stay on record.
    """
    due, verified = application.verify_due_date, application.verified_at
    late = due is not None and verified is not None and timezone.localdate(verified) > due
    clock: dict[str, Any] = (
        {} if late else {"accepted_at": at, "clock_left": None, "verify_due_date": _due(application, at)}
    )
    return _perform(
        "return",
        actor,
        at,
        application,
        reason,
        verified_by_id=None,
        verified_at=None,
        confirm_due_date=None,
        **clock,
    )


def check(
    *,
    actor: Actor,
    at: dt.datetime,
    application: Application,
    reason_code: str = "",
    reason: str = "",
    grade: str = "",
) -> Application:
    """The county clerk has checked the file and submits it for confirmation, with the grade of a scheme that has some."""
    if grade and grade not in {found.code for found in _terms(application, at).grades}:
        raise ApplicationRefused(_("The scheme has no such grade. Choose one of the list."))
    return _perform("check", actor, at, application, reason, decision=application.decision | {"grade": grade})


def confirm(
    *, actor: Actor, at: dt.datetime, application: Application, reason_code: str = "", reason: str = ""
) -> Application:
    """Confirm, and entitle the child by the scheme's terms (subsidies.entitlements.entitling)."""
    with transaction.atomic():
        confirmed = _perform("confirm", actor, at, application, reason, **_tell(application, at))
        entitle(confirmed, actor, at)
        leads.follow([confirmed.child_id], at=at, actor=actor)
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
        **_tell(application, at),
    )


def withdraw(
    *, actor: Actor, at: dt.datetime, application: Application, reason_code: str = "", reason: str = ""
) -> Application:
    """The applicant's side takes the application back before it is decided."""
    return _perform("withdraw", actor, at, application, reason)


def tell(
    *, actor: Actor, at: dt.datetime, application: Application, reason_code: str = "", reason: str = ""
) -> Application:
    """The result has been told to the office elsewhere that took the application in; ``reason``: how and to whom."""
    if actor.role not in TELLERS:
        raise ApplicationRefused(_("Your post does not have this duty."))
    if not reason.strip():
        raise ApplicationRefused(_("Write how it was told, and to whom."))
    with transaction.atomic():
        locked = Application.objects.select_for_update(of=("self",)).get(pk=application.pk)
        if not may_tell(locked):
            raise ApplicationRefused(
                _("There is no result to tell an office elsewhere, or it has been told.")
            )
        locked.told_at = application.told_at = at
        locked.save(update_fields=["told_at"])
        TransitionRecord.objects.create(
            subject=locked._meta.label_lower,
            subject_id=str(locked.pk),
            region_id=locked.region_id,
            child_id=locked.child_id,
            name="tell",
            source=locked.state,
            target=locked.state,
            user_id=actor.user_id or None,
            assignment_id=actor.assignment_id,
            role=actor.role,
            at=at,
            reason=reason.strip(),
        )
    return locked


def may_tell(application: Application) -> bool:
    """Whether an office elsewhere waits for the result."""
    return (
        application.channel == Channel.ELSEWHERE
        and application.state in (S.CONFIRMED, S.REFUSED)
        and application.told_at is None
    )


Act = Callable[..., Application]
ACTS: dict[str, Act] = {
    "accept": accept,
    "ask_supplement": ask_supplement,
    "resubmit": resubmit,
    "resume": resubmit,
    "verify": verify,
    "return": send_back,
    "check": check,
    "confirm": confirm,
    "refuse": refuse,
    "withdraw": withdraw,
    "tell": tell,
}


def act(
    name: str,
    *,
    actor: Actor,
    at: dt.datetime,
    application: Application,
    reason_code: str = "",
    reason: str = "",
    **more: Any,
) -> Application:
    """Perform the act that a button names. Raises TransitionRefused, also for a name that does not exist.

    ``more``: ``items`` of ask_supplement, ``grade`` of check.
    """
    if name not in ACTS:
        raise ApplicationRefused(_("This act does not exist."))
    return ACTS[name](
        actor=actor, at=at, application=application, reason_code=reason_code, reason=reason, **more
    )


def is_decided(application: Application) -> bool:
    """Whether nothing more is decided about the application."""
    return application.state in DECIDED


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


def _terms(application: Application, at: dt.datetime | None = None) -> Terms:
    day = timezone.localdate(at or application.applied_at)
    return terms_of(application.scheme, application.region_id, day)


def _due(application: Application, at: dt.datetime) -> dt.date:
    days = _terms(application, at).verify_working_days
    return add_working_days(timezone.localdate(at), days, overrides())


def _tell(application: Application, at: dt.datetime) -> dict[str, Any]:
    """Fields of the last clock: an office elsewhere is told within three working days of the result."""
    if application.channel != Channel.ELSEWHERE:
        return {}
    day = timezone.localdate(at)
    days = int(parameters.value(application.region_id, "tell_working_days", day))
    return {"tell_due_date": add_working_days(day, days, overrides())}


def _child(application: Application) -> Child:
    child = Child.objects.filter(pk=application.child_id).first()
    if child is None:
        raise ApplicationRefused(_("The record is no longer in your area."))
    return child


def _decide(application: Application, at: dt.datetime) -> dict[str, Any]:
    return decision_for(_child(application), timezone.localdate(at))
