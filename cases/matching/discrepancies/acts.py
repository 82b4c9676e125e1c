"""Discrepancies (疑点): verified by the township, decided by the county, carried out by a remedy, closed with feedback.

Nothing here stops a payment: a remedy calls the same services as a person would by hand, in the transaction of the
decision.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Func, JSONField, Value
from django.utils import timezone
from django.utils.translation import gettext as _

from cases import documents
from cases.documents import Document
from cases.matching.discrepancies.closing import close_if_settled
from cases.matching.discrepancies.remedies import REMEDIES, Remedy, remedies_for
from cases.matching.discrepancies.services import due_date
from cases.matching.enums import Found, Method
from cases.matching.review import services as review
from cases.matching.review import standing
from cases.models import Discrepancy, MatchCandidate, Visit
from cases.visits import services as visits
from staff import files
from staff.enums import Role
from staff.models import StoredFile
from staff.workflow import Actor, TransitionRefused, perform, perform_many

State = Discrepancy.State
DECIDED: Final = (State.TRUE, State.UNTRUE, State.UNCHECKABLE)
ANOTHER_PERSON: Final = "another_person"  # of an untrue one: the row of the list is somebody else
MOST_AT_ONCE: Final = 200  # decided with a remedy in one request
VISIT_IN_DAYS: Final = 7


class DiscrepancyRefused(TransitionRefused):
    """The step cannot be taken; the message says why. Nothing was changed."""


# --- The township ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Verification:
    """What the township found (a `Found` code) and how (a `Method`), in words; ``visit`` is one of the child's visits,
    ``document`` a paper that was seen."""

    found: str
    text: str
    method: str
    visit: Visit | None = None
    document: Document | None = None


def report_finding(
    *, discrepancy: Discrepancy, verification: Verification, actor: Actor, at: dt.datetime
) -> Discrepancy:
    """The township supervisor reports what was found; the county still decides. DiscrepancyRefused without the visit
    or the paper that the method speaks of.
    """
    said = verification
    if said.method not in Method.values:
        raise DiscrepancyRefused(_("Say how it was checked."))
    if said.method == Method.VISIT and discrepancy.child_id and said.visit is None:
        raise DiscrepancyRefused(
            _(
                "Choose the visit at which it was checked. If nobody has visited yet, ask the director for a visit."
            )
        )
    if said.visit is not None and said.visit.child_id != discrepancy.child_id:
        raise DiscrepancyRefused(_("This visit was to another child."))
    if said.method == Method.DOCUMENT and said.document is None:
        raise DiscrepancyRefused(_("Add a photo or scan of the paper."))
    with transaction.atomic():
        document = _keep(discrepancy, said.document, at) if said.document else None
        done: Discrepancy = perform(
            discrepancy,
            "find",
            at=at,
            actor=actor,
            reason_code=said.found,
            reason=said.text,
            fields={
                "outcome": said.text.strip(),
                "found": said.found,
                "method": said.method,
                "visit": said.visit,
                "document": document,
            },
        )
    return done


def _keep(discrepancy: Discrepancy, document: Document, at: dt.datetime) -> StoredFile:
    if discrepancy.child is not None:
        return documents.keep(document, child=discrepancy.child, at=at)
    return files.store(
        document.data,
        kind=StoredFile.Kind.EVIDENCE,
        name=document.name,
        content_type=document.content_type,
        region_id=discrepancy.region_id,
        at=at,
    )


def ask_for_visit(*, discrepancy: Discrepancy, actor: Actor, at: dt.datetime) -> dt.date:
    """The supervisor asks the village to visit because of a discrepancy; returns by when: the discrepancy's own day,
    or a week from now when that is nearer."""
    if actor.role not in (Role.SUPERVISOR, Role.CLERK):
        raise DiscrepancyRefused(_("Your post does not have this duty."))
    if discrepancy.child is None:
        raise DiscrepancyRefused(_("The discrepancy is about nobody on the register."))
    if discrepancy.state != State.TO_CHECK:
        raise DiscrepancyRefused(_("It has been checked already."))
    today = timezone.localdate(at)
    due = max(today, min(discrepancy.due_date, today + dt.timedelta(days=VISIT_IN_DAYS)))
    text = _("Discrepancy to be checked: %(kind)s (%(list)s)") % {
        "kind": discrepancy.get_kind_display(),
        "list": discrepancy.get_list_kind_display(),
    }
    visits.add_task(actor=actor, at=at, child=discrepancy.child, due_date=due, reason=text[:200])
    return due


# --- The county -----------------------------------------------------------------------------------------


def decide(
    *,
    discrepancy: Discrepancy,
    state: str,
    reason: str,
    actor: Actor,
    at: dt.datetime,
    remedy: str = "",
    data: dict[str, Any] | None = None,
) -> Discrepancy:
    """The county clerk decides: ``state`` true, untrue or uncheckable, with a reason; a true one with its
    remedy, an untrue one with ANOTHER_PERSON where the pair was wrong, which is then remembered.

    The remedy is carried out in the same transaction, with the clerk's own rights and ``data`` from its
    form. Raises TransitionRefused (also of the remedy's own services, and when the pair from which it followed holds
    no longer); nothing is written then.
    """
    if state not in DECIDED:
        raise DiscrepancyRefused(_("Choose what was found."))
    with transaction.atomic():
        # The pair first, as whoever decides about pairs does.
        pair = list(standing.pair_of(discrepancy).select_for_update(of=("self",)))
        chosen = _remedy(discrepancy, remedy) if state == State.TRUE else None
        decided: Discrepancy = perform(
            discrepancy,
            state,
            at=at,
            actor=actor,
            reason_code=chosen.code if chosen else "",
            reason=reason,
            fields={"remedy": chosen.code if chosen else "", "reason": reason.strip()},
        )
        if decided.child_id and decided.list_row_id:
            fallen = _why_fallen(state, pair[0].state if pair else None)
            if fallen:
                raise DiscrepancyRefused(fallen)
        done = ""
        if state == State.UNTRUE and remedy == ANOTHER_PERSON:
            review.overturn(discrepancy=decided, actor=actor, at=at)
        if chosen is not None:
            try:
                done = chosen.act(decided, actor, at, data or {}, reason.strip())
            except ValidationError as error:
                raise DiscrepancyRefused(" ".join(error.messages)) from error
        decided.detail = {**decided.detail, "decided": state, **({"done": done} if done else {})}
        decided.save(update_fields=["detail"])
        if state == State.UNTRUE and remedy == ANOTHER_PERSON:
            close_if_settled(decided.run, at=at)
    return decided


def _why_fallen(state: str, pair: str | None) -> str:
    """Why a discrepancy cannot be decided although it waits: it holds as long as its pair does (``pair``: the pair's
    state, None when it is gone). Of one whose pair was rejected it can only be said that it is untrue."""
    if pair in MatchCandidate.WAITING:
        return _("The pair of this discrepancy is being decided. Decide the pair first.")
    if pair != MatchCandidate.State.ACCEPTED and state != State.UNTRUE:
        return _(
            "The list row is not this person, so nothing follows from it. Decide that it is untrue, or the pair anew."
        )
    return ""


def send_back(*, discrepancy: Discrepancy, reason: str, actor: Actor, at: dt.datetime) -> Discrepancy:
    """The county is not satisfied with the check: the township checks again, with a new day to do it by."""
    due = due_date(discrepancy.region_id, timezone.localdate(at))
    return perform(
        discrepancy, "return", at=at, actor=actor, reason=reason, fields={"due_date": due, "found": ""}
    )


def reopen(*, discrepancy: Discrepancy, reason: str, actor: Actor, at: dt.datetime) -> Discrepancy:
    """Take back a decision that it is untrue or could not be checked; a pair that was rejected by it is decided anew
    with it. Raises TransitionRefused when another decided discrepancy stands on that."""
    with transaction.atomic():
        opened: Discrepancy = perform(
            discrepancy, "reopen", at=at, actor=actor, reason=reason, fields={"reason": "", "remedy": ""}
        )
        review.uphold(discrepancy=opened, actor=actor, at=at)
        close_if_settled(opened.run, at=at)
    return opened


def close(*, discrepancy: Discrepancy, feedback: str, actor: Actor, at: dt.datetime) -> Discrepancy:
    """The county tells township and partner what came of it, and the matter is closed."""
    return perform(
        discrepancy, "close", at=at, actor=actor, reason=feedback, fields={"feedback": feedback.strip()}
    )


def _remedy(discrepancy: Discrepancy, code: str) -> Remedy:
    if code not in REMEDIES:
        raise DiscrepancyRefused(_("Choose what is to be done."))
    if all(each.code != code for each in remedies_for(discrepancy)):
        raise DiscrepancyRefused(_("This remedy does not fit the discrepancy."))
    return REMEDIES[code]


# --- Many at once ---------------------------------------------------------------------------------------


@dataclass
class Outcome:
    """What came of a step with many: how many took it, and why others did not, by who they are about."""

    done: int = 0
    refused: dict[str, str] = field(default_factory=dict)


def report_many(*, ids: Iterable[int], verification: Verification, actor: Actor, at: dt.datetime) -> int:
    """One finding for many identical discrepancies, from a list or an inquiry at an office; returns how many. A visit
    is of one child, so it is reported one by one.
    """
    if verification.method not in (Method.PHONE, Method.OFFICE):
        raise DiscrepancyRefused(_("A visit or a document belongs to one child: report these one by one."))
    if verification.found not in Found.values:
        raise DiscrepancyRefused(_("Choose what was found."))
    fields = {
        "outcome": verification.text.strip(),
        "found": verification.found,
        "method": verification.method,
        "visit": None,
        "document": None,
    }
    return len(
        perform_many(
            Discrepancy, ids, "find", at=at, actor=actor, reason_code=verification.found,
            reason=verification.text, fields=fields,
        )
    )  # fmt: skip


def ask_for_visits(*, ids: Iterable[int], actor: Actor, at: dt.datetime) -> Outcome:
    """Ask for a visit to each child that discrepancies are about."""
    outcome = Outcome()
    for each in Discrepancy.objects.filter(pk__in=list(ids)).select_related("child").order_by("pk"):
        try:
            ask_for_visit(discrepancy=each, actor=actor, at=at)
        except TransitionRefused as error:
            outcome.refused[who_of(each)] = str(error)
        else:
            outcome.done += 1
    return outcome


def decide_many(
    *, ids: Iterable[int], state: str, reason: str, actor: Actor, at: dt.datetime, remedy: str = ""
) -> Outcome:
    """One decision for many discrepancies. Untrue and uncheckable ones take the step together; a remedy is carried out
    one by one with what its form proposes, and one that is refused leaves the others alone.
    """
    if state not in DECIDED:
        raise DiscrepancyRefused(_("Choose what was found."))
    if state != State.TRUE:
        detail = Merged(F("detail"), Value({"decided": state}, JSONField()), output_field=JSONField())
        fields = {"remedy": "", "reason": reason.strip(), "detail": detail}
        wanted = Discrepancy.objects.filter(pk__in=list(ids))
        states = dict(standing.with_pair(wanted).values_list("pk", "pair_state"))  # type: ignore[misc]
        refused = {
            each: text
            for each in wanted.filter(pk__in=states).select_related("child")
            if (text := _why_fallen(state, states[each.pk]))
        }
        going = wanted.exclude(pk__in=[each.pk for each in refused]).values_list("pk", flat=True)
        done = perform_many(Discrepancy, going, state, at=at, actor=actor, reason=reason, fields=fields)
        return Outcome(len(done), {who_of(each): text for each, text in refused.items()})
    outcome = Outcome()
    rows = Discrepancy.objects.filter(pk__in=list(ids)[:MOST_AT_ONCE]).select_related("child__region")
    for each in rows.order_by("pk"):
        try:
            chosen = _remedy(each, remedy)
            decide(
                discrepancy=each,
                state=state,
                remedy=remedy,
                data=chosen.proposed(each),
                reason=reason,
                actor=actor,
                at=at,
            )
        except TransitionRefused as error:
            outcome.refused[who_of(each)] = str(error)
        else:
            outcome.done += 1
    return outcome


def close_many(*, ids: Iterable[int], feedback: str, actor: Actor, at: dt.datetime) -> int:
    """Close many decided ones with the same feedback; returns how many."""
    return len(
        perform_many(
            Discrepancy,
            ids,
            "close",
            at=at,
            actor=actor,
            reason=feedback,
            fields={"feedback": feedback.strip()},
        )
    )


def who_of(found: Discrepancy) -> str:
    """The name of whom a discrepancy is about."""
    return found.child.name if found.child else str(found.detail.get("row", {}).get("name", ""))


class Merged(Func):
    """``detail || {…}``: keys of the second replace those of the first."""

    template = "(%(expressions)s)"
    arg_joiner = " || "
