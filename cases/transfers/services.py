"""转移: every write. The sending side proposes, another person of the receiving side accepts; then all goes at once.

The register number stays: it is the child's own for life, unique by the county that first gave it, and papers carry it.
Shares that were given before end where their holder has the child in the own area now, and all of them when the file
leaves the county. Who is named on a restricted case stays named; where none of them covers the new village, whoever
accepts the file is named on it as well, so that somebody there can go on.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.casework import services as case_services
from cases.children import sharing
from cases.circumstances.enums import TransferReason, TransferState
from cases.enums import RiskLevel
from cases.models import Case, CaseAction, Child, Defect, Guardian, Transfer
from cases.refusals import RegisterRefused
from cases.transfers.rules import PROPOSERS, Distance, distance, places_after
from cases.visits import rules as visit_rules
from cases.visits import services as visits
from staff import moving, parameters
from staff.enums import RegionLevel, Role
from staff.models import Region, User
from staff.region_changes import on_region_change
from staff.scope import current, open_scope, system_scope
from staff.workflow import Actor, perform

Blocker = Callable[[Child, Distance, dt.date], Iterable[str]]
Handler = Callable[[Transfer, Child, Actor, dt.datetime], dict[str, Any]]
_BLOCKERS: list[Blocker] = []
_HANDLERS: list[Handler] = []


def blocks_transfer(check: Blocker) -> Blocker:
    """Register another app's reasons why a child cannot go now: sentences that say what to do first."""
    _BLOCKERS.append(check)
    return check


def on_transfer(handler: Handler) -> Handler:
    """Register what another app does when a transfer is accepted, before the rows move. Same transaction.

    What it returns is kept in ``Transfer.counts``: text and numbers that the receiving side may read.
    """
    _HANDLERS.append(handler)
    return handler


# --- Proposing ------------------------------------------------------------------------------------------


def obstacles(child: Child, to: Distance, day: dt.date) -> list[str]:
    """Why the child cannot be transferred from ``day``, as sentences that name the remedy; [] when it can."""
    if child.merged_into_id is not None:
        return [_("This file was merged into another one. Transfer that one.")]
    if child.left_date is not None:
        return [_("The child has left the register. Its file stays where it is.")]
    return [text for check in _BLOCKERS for text in check(child, to, day)]


def propose_transfer(
    child: Child,
    *,
    to_region_id: int,
    reason_code: str,
    effective_date: dt.date,
    reason: str = "",
    at: dt.datetime,
    actor: Actor | None = None,
) -> Transfer:
    """Offer a child's file to another village. ValidationError by field, RegisterRefused with what to do first."""
    actor = actor or Actor.current()
    to = Region.objects.filter(pk=to_region_id).in_force(timezone.localdate(at)).first()
    if to is None or to.level != RegionLevel.VILLAGE:
        raise ValidationError({"to_region": _("Choose the village.")})
    if to_region_id == child.region_id:
        raise ValidationError({"to_region": _("The file is in this village already.")})
    code = TransferReason(reason_code)
    if code == TransferReason.OTHER and not reason.strip():
        raise ValidationError({"reason": _("Write the reason in words.")})
    if effective_date > timezone.localdate(at):
        raise ValidationError({"effective_date": _("This day is still to come.")})
    if effective_date < child.registered_date:
        raise ValidationError({"effective_date": _("The child was registered later than this day.")})
    if not current().covers(child.region_id):
        raise RegisterRefused(_("Only the side that keeps the file can send it."))
    check_proposer(actor, distance(child.region_id, to_region_id))
    with transaction.atomic():
        locked = Child.objects.select_for_update(of=("self",)).get(pk=child.pk)
        if found := obstacles(locked, distance(locked.region_id, to_region_id), effective_date):
            raise RegisterRefused(" ".join(found))
        try:
            with transaction.atomic():
                return Transfer.objects.create(
                    child=locked,
                    region_id=locked.region_id,
                    to_region=to,
                    reason_code=code,
                    reason=reason.strip(),
                    effective_date=effective_date,
                    summary=summary_of(locked),
                    proposed_by_id=actor.user_id or None,
                    proposed_at=at,
                )
        except IntegrityError as error:
            if "transfer_open_once" in str(error):
                raise RegisterRefused(
                    _("A transfer of this child is already proposed. Withdraw it first.")
                ) from error
            raise


def check_proposer(actor: Actor, to: Distance) -> None:
    """RegisterRefused, naming who may, when the actor's post does not send files that far."""
    if actor.role in PROPOSERS[to]:
        return
    raise RegisterRefused(
        {
            Distance.TOWNSHIP: _("Within a township the director or the supervisor proposes a transfer."),
            Distance.COUNTY: _("To another township the supervisor or the county clerk proposes. Ask them."),
            Distance.BEYOND: _("To another county the county clerk proposes. Ask the clerk."),
        }[to]
    )


def summary_of(child: Child) -> dict[str, str]:
    """What the receiving side may read before it accepts: codes and names, no numbers, no address."""
    guardian = (
        Guardian.objects.filter(child=child, end_date__isnull=True)
        .order_by("-start_date", "pk")
        .values_list("name", "relation")
        .first()
    )
    name, relation = guardian or ("", "")
    return {
        "name": child.name,
        "sex": child.sex,
        "birth_date": child.birth_date.isoformat(),
        "category": child.primary_category,
        "risk": child.risk,
        "guardian": name,
        "relation": relation,
        "school": child.school_name,
    }


# --- Deciding -------------------------------------------------------------------------------------------


def refuse_transfer(
    transfer: Transfer, *, reason: str, at: dt.datetime, actor: Actor | None = None
) -> Transfer:
    """The receiving side does not take the child, in words. TransitionRefused when it is not theirs to decide."""
    return _close(transfer, "refuse", reason, at, actor)


def withdraw_transfer(
    transfer: Transfer, *, reason: str, at: dt.datetime, actor: Actor | None = None
) -> Transfer:
    """The sending side takes its proposal back, in words."""
    return _close(transfer, "withdraw", reason, at, actor)


def _close(transfer: Transfer, name: str, reason: str, at: dt.datetime, actor: Actor | None) -> Transfer:
    # The words stand on the row too, which both sides read; the record of the step stays with the sending side.
    counts = transfer.counts | {"words": reason.strip()}
    done: Transfer = perform(transfer, name, at=at, actor=actor, reason=reason, fields={"counts": counts})
    return done


def accept_transfer(transfer: Transfer, *, at: dt.datetime, actor: Actor | None = None) -> Transfer:
    """Take the child: file, history, open work and search go to the new village in this one transaction.

    TransitionRefused when somebody decided meanwhile or it is not theirs; RegisterRefused when something stands in
    the way by now. Nothing has moved then.
    """
    actor = actor or Actor.current()
    with transaction.atomic():
        locked: Transfer = perform(transfer, "accept", at=at, actor=actor)
        old, new = locked.region_id, locked.to_region_id
        words = _("Transfer: %(reason)s") % {"reason": locked.get_reason_code_display()}
        both = replace(
            current(),
            ranges=(*current().ranges, (old, old)),
            shared=current().shared | {locked.child_id},
            reason=f"{words} {locked.reason}".strip(),
        )
        with open_scope(both):
            child = (
                Child.objects.select_for_update(of=("self",))
                .select_related("household")
                .filter(pk=locked.child_id, region_id=old)
                .first()
            )
            if child is None:
                raise RegisterRefused(_("The file is no longer in the village that sent it."))
            if found := obstacles(child, distance(old, new), locked.effective_date):
                raise RegisterRefused(" ".join(found))
            told: dict[str, Any] = {"distance": distance(old, new).value}
            for handler in _HANDLERS:
                told |= handler(locked, child, actor, at)
            told["moved"] = moving.move_child(child, new)
            if cases := Case.objects.filter(child=child, restricted=False).count():
                told["moved"]["cases.case"] = cases
            _settle_in(locked, child, old, actor, at)
            told["shares_ended"] = _end_shares(child, distance(old, new), actor, at)
            Transfer.objects.filter(pk=locked.pk).update(counts=told)
        locked.counts = told
    transfer.__dict__.update({k: v for k, v in locked.__dict__.items() if not k.startswith("_")})
    return locked


def _settle_in(transfer: Transfer, child: Child, old: int, actor: Actor, at: dt.datetime) -> None:
    """Places, the next visit by the receiving county's interval, the first visit, and who owns the open work."""
    today = timezone.localdate(at)
    changed = places_after(
        transfer.reason_code,
        old=old,
        new=child.region_id,
        household=child.household_region_id,
        residence=child.residence_region_id,
    )
    for name, place in changed.items():
        setattr(child, name, place)
    if "residence_region_id" in changed:
        child.residence_since = transfer.effective_date
    intervals = visit_rules.intervals_from(parameters.value(child.region_id, "visit_interval_days", today))
    due = visit_rules.next_due(today, RiskLevel(child.risk), intervals)
    child.next_visit_date = min(child.next_visit_date or due, due)
    child.save(
        update_fields=[
            *("household_region", "residence_region", "residence_since"),
            *("next_visit_date", "updated_at"),
        ]
    )
    visits.add_task(actor=actor, at=at, child=child, due_date=due, reason=_("First visit after the transfer"))
    if actor.user_id:
        receiver = User.objects.get(pk=actor.user_id)
        case_services.name_where_nobody_is(
            child, receiver, lambda users: covering(users, child.region_id, today)
        )
    open_cases = Case.objects.filter(child=child, restricted=False).exclude(state="closed")
    open_actions = CaseAction.objects.filter(child=child, restricted=False, done_at__isnull=True)
    open_defects = Defect.objects.filter(child=child, state__in=("open", "followed"))
    owners: set[int] = set()
    for rows in (open_cases, open_actions, open_defects):
        owners |= {pk for pk in rows.values_list("owner_id", flat=True) if pk}
    gone = owners - covering(owners, child.region_id, today)
    for rows in (open_cases, open_actions, open_defects):
        rows.filter(owner_id__in=gone).update(owner_id=actor.user_id or None)


def covering(users: Iterable[int], region_id: int, on: dt.date) -> set[int]:
    """Which of these people hold a post over a village on a day. Posts only are read past the scope, no child."""
    wanted = set(users)
    if not wanted:
        return set()
    with system_scope(reason="who covers the village a file goes to", lenses=("staff",), log=False):
        held = list(sharing.holders(on, roles=frozenset(Role)).filter(user_id__in=wanted))
        return {
            one.user_id for one in held if any(low <= region_id <= high for low, high in one.post.ranges())
        }


def _end_shares(child: Child, went: Distance, actor: Actor, at: dt.datetime) -> int:
    shared = sharing.shared_with(child)
    here = covering({user.pk for user in shared}, child.region_id, timezone.localdate(at))
    ending = [user for user in shared if went == Distance.BEYOND or user.pk in here]
    for user in ending:
        sharing.end_share(child, user, reason=_("The file was transferred."))
    return len(ending)


@on_region_change
def transfers_follow(old: int, new: int, actor: Actor, at: dt.datetime) -> dict[str, int]:
    """Transfers name the village that took over. A proposal between two villages that become one is off."""
    pending = Transfer.objects.filter(state=TransferState.PROPOSED)
    off = {
        "state": TransferState.WITHDRAWN,
        "decided_by_id": actor.user_id or None,
        "decided_at": at,
        "counts": {"words": _("Both villages are one now.")},
    }
    withdrawn = pending.filter(region_id=old, to_region_id=new).update(**off)
    withdrawn += pending.filter(region_id=new, to_region_id=old).update(**off)
    moved = Transfer.objects.filter(region_id=old).exclude(to_region_id=new).update(region_id=new)
    moved += Transfer.objects.filter(to_region_id=old).exclude(region_id=new).update(to_region_id=new)
    return {key: count for key, count in (("cases.transfer", moved), ("withdrawn", withdrawn)) if count}
