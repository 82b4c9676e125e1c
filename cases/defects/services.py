"""Defects (缺项): every write. Opening, settling what the register now says, steps, checking, exemptions (O-44).

What the register says decides: a defect is solved when the fact itself is on record, and opened anew when it is gone.
``follow_register`` is called by whoever changes the register, for one child or for thousands: the number of
statements is the same. The nightly look at whole counties is in :mod:`cases.defects.scan`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.circumstances.enums import DefectKind, DefectSource, DefectState
from cases.defects import rules
from cases.defects.facts import Duty, Known, days_allowed, due_date, facts_of
from cases.models import Child, Defect, DefectStep, Visit
from cases.refusals import FIELD, REVIEWERS, RegisterRefused, check_duty
from staff.models import User
from staff.workflow import Actor, perform, perform_many

OPEN = (DefectState.OPEN, DefectState.FOLLOWED)  # something is still to be done
LIVE = (*OPEN, DefectState.SOLVED)  # at most one of these for a child and kind
EVERY_KIND = frozenset(DefectKind)

INSERT = """
    INSERT INTO cases_defect
        (child_id, region_code, kind, state, source, note, owner_id, opened_date, due_date)
    SELECT found.child, found.region, found.kind, 'open', %s, %s, found.owner, %s, found.due
    FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::bigint[], %s::date[]) AS found (child, region, kind, owner, due)
    ON CONFLICT DO NOTHING
    RETURNING id
"""

Wanted = Sequence[tuple[int, int, DefectKind]]  # child, village, kind


@dataclass
class Plan:
    """What the facts ask for: children and kinds to open, keys of defects to settle, to take up again, to drop."""

    to_open: list[tuple[int, int, DefectKind]] = field(default_factory=list)
    solved: list[int] = field(default_factory=list)
    again: list[int] = field(default_factory=list)
    past: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Followed:
    """How many defects were opened, settled, taken up again and dropped."""

    opened: int = 0
    solved: int = 0
    again: int = 0
    past: int = 0


# --- What the register says --------------------------------------------------------------------------------


def plan_for(known: dict[int, Known], on: dt.date, touched: Iterable[DefectKind] = ()) -> Plan:
    """Compare facts with the defects on record. One query.

    What a visit or a person reported against the register is settled only for the kinds ``touched``: those whose
    fact has just been recorded.
    """
    rows = Defect.objects.filter(state__in=(*LIVE, DefectState.VOID))
    if len(known) < 10_000:
        rows = rows.filter(child_id__in=list(known))
    live: dict[tuple[int, str], tuple[int, str, str]] = {}
    exempt: set[tuple[int, str]] = set()
    for pk, child, kind, state, source, until in rows.order_by().values_list(
        "pk", "child_id", "kind", "state", "source", "exempt_until"
    ):
        if state != DefectState.VOID:
            live[child, kind] = (pk, state, source)
        elif until is not None and until >= on:
            exempt.add((child, kind))
    just = frozenset(touched)
    plan = Plan()
    for child, one in known.items():
        lacks = rules.missing(one.facts, on)
        for kind in DefectKind:
            pk, state, source = live.get((child, kind), (0, "", ""))
            if kind in lacks:
                if not pk and (child, kind) not in exempt:
                    plan.to_open.append((child, one.region_id, kind))
                elif state == DefectState.SOLVED:
                    plan.again.append(pk)
            elif state in OPEN:
                if rules.is_past(kind, one.facts, on):
                    plan.past.append(pk)
                elif rules.is_there(kind, one.facts, on) and (
                    source == DefectSource.REGISTER or kind in just
                ):
                    plan.solved.append(pk)
    return plan


def follow_register(
    child_ids: Iterable[int] | None,
    *,
    at: dt.datetime,
    actor: Actor | None = None,
    touched: Iterable[DefectKind] = (),
) -> Followed:
    """Open what is missing and settle what is there, for these children or (None) everybody in scope.

    Called in the transaction that changed the register, by whoever was allowed to change it; repeating it changes
    nothing. ``touched`` as in :func:`plan_for`; an import passes EVERY_KIND.
    """
    on = timezone.localdate(at)
    known = facts_of(child_ids, on)
    if not known:
        return Followed()
    actor = actor or Actor.current()
    plan = plan_for(known, on, touched)
    with transaction.atomic():
        return Followed(
            opened=_insert(plan.to_open, on),
            solved=settle(plan.solved, at=at, actor=actor, reason=_("The fact is on record now.")),
            again=len(_take_up(plan.again, at=at, actor=actor, reason=_("The fact is missing again."))),
            past=drop(plan.past, at=at, actor=actor, reason=_("The child has grown out of the question.")),
        )


def open_defects(child_ids: Iterable[int] | None, on: dt.date) -> int:
    """Open what these children (None: everybody in scope) lack on a day; returns how many were opened. Set-based."""
    return _insert(plan_for(facts_of(child_ids, on), on).to_open, on)


def _insert(wanted: Wanted, on: dt.date, source: str = DefectSource.REGISTER, note: str = "") -> int:
    """Open defects with owner and due date; one that is open already is left alone."""
    if not wanted:
        return 0
    regions = {region for _child, region, _kind in wanted}
    days, duty = days_allowed(regions, on), Duty(regions, on)
    owners = {region: duty.owner(region) for region in regions}
    with connection.cursor() as cursor:
        cursor.execute(
            INSERT,
            [
                *(source, note[:200], on),
                [child for child, _region, _kind in wanted],
                [region for _child, region, _kind in wanted],
                [kind.value for _child, _region, kind in wanted],
                [owners[region] for _child, region, _kind in wanted],
                [due_date(kind, region, on, days) for _child, region, kind in wanted],
            ],
        )
        return int(cursor.rowcount)


def settle(ids: Iterable[int], *, at: dt.datetime, actor: Actor, reason: str) -> int:
    """These defects are solved and wait to be checked by another person. Set-based; returns how many.

    The caller has seen that the facts are on record.
    """
    fields = {"solved_date": timezone.localdate(at)}
    return len(
        perform_many(Defect, ids, "solve", at=at, actor=actor, reason=reason, fields=fields, follows=True)
    )


def _take_up(ids: Iterable[int], *, at: dt.datetime, actor: Actor, reason: str) -> list[int]:
    return perform_many(
        Defect, ids, "reopen", at=at, actor=actor, reason=reason, fields=dict(NOT_SOLVED), follows=True
    )


NOT_SOLVED = {"solved_date": None, "solved_by": None, "solved_at": None, "exempt_until": None}


def drop(ids: Iterable[int], *, at: dt.datetime, actor: Actor, reason: str, code: str = "") -> int:
    """These defects need not be followed any longer, whatever is on record: no exemption for later. Set-based."""
    dropped = perform_many(
        Defect, ids, "void", at=at, actor=actor, reason_code=code, reason=reason, follows=True
    )
    return len(dropped)


# --- What people do ------------------------------------------------------------------------------------------


def open_by_hand(
    child: Child, kind: str, *, note: str, at: dt.datetime, actor: Actor | None = None
) -> Defect:
    """Open a defect that the register does not show. ValidationError by field; RegisterRefused when it is open already."""
    check_duty(actor or Actor.current(), FIELD)
    chosen, on = DefectKind(kind), timezone.localdate(at)
    if not note.strip():
        raise ValidationError({"note": _("Write how it showed.")})
    if child.left_date is not None:
        raise RegisterRefused(_("The child has left the register."))
    facts = _facts(child.pk, on)
    if facts is not None and rules.is_past(chosen, facts, on):
        raise ValidationError({"kind": _("The child has grown out of this question.")})
    if not _insert([(child.pk, child.region_id, chosen)], on, DefectSource.PERSON, note.strip()):
        raise RegisterRefused(_("This defect is already being followed."))
    return Defect.objects.get(child=child, kind=chosen, state__in=LIVE)


def open_from_visit(visit: Visit, *, at: dt.datetime) -> int:
    """Open what a submitted visit reports, unless it is being followed; returns how many. No query when it reports nothing."""
    codes = [code for listed in visit.problems.values() for code in listed]
    kinds = rules.reported(codes)
    if not kinds:
        return 0
    note = _("Visit of %(day)s") % {"day": timezone.localdate(visit.visited_at).isoformat()}
    wanted = [(visit.child_id, visit.region_id, kind) for kind in kinds]
    return _insert(wanted, timezone.localdate(at), DefectSource.VISIT, note)


def add_step(
    defect: Defect, text: str, *, at: dt.datetime, day: dt.date | None = None, actor: Actor | None = None
) -> DefectStep:
    """Write down what was done; the first step takes the defect up. ValidationError by field."""
    actor = actor or Actor.current()
    check_duty(actor, FIELD)
    day = day or timezone.localdate(at)
    if not text.strip():
        raise ValidationError({"text": _("Write what was done.")})
    if not defect.opened_date <= day <= timezone.localdate(at):
        raise ValidationError({"date": _("Choose a day between the opening and today.")})
    with transaction.atomic():
        locked = _lock(defect)
        if locked.state not in LIVE:
            raise RegisterRefused(_("This defect is not followed any more. Open it again first."))
        if locked.state == DefectState.OPEN:
            perform(locked, "follow", at=at, actor=actor)
        step = DefectStep.objects.create(
            defect=locked,
            child_id=locked.child_id,
            region_id=locked.region_id,
            date=day,
            text=text.strip(),
            user_id=actor.user_id or None,
            created_at=at,
        )
    defect.state = locked.state
    return step


def change_owner(defect: Defect, user: User, *, at: dt.datetime, actor: Actor | None = None) -> Defect:
    """Give the defect to another person whose post covers the village; the change stands among the steps."""
    actor = actor or Actor.current()
    check_duty(actor, REVIEWERS)
    on = timezone.localdate(at)
    if user.pk not in Duty([defect.region_id], on).people(defect.region_id):
        raise RegisterRefused(_("Only people whose post covers the child's village can be responsible."))
    with transaction.atomic():
        locked = _lock(defect)
        if locked.state not in LIVE:
            raise RegisterRefused(_("This defect is not followed any more. Open it again first."))
        if locked.owner_id != user.pk:
            locked.owner = user
            locked.save(update_fields=["owner"])
            DefectStep.objects.create(
                defect=locked,
                child_id=locked.child_id,
                region_id=locked.region_id,
                date=on,
                text=_("%(name)s is responsible from now on.") % {"name": user.name},
                user_id=actor.user_id or None,
                created_at=at,
            )
    return locked


def decide(
    defect: Defect, name: str, *, reason: str = "", at: dt.datetime, actor: Actor | None = None
) -> Defect:
    """``solve``, ``close``, ``reopen`` or ``void`` (none, or exempt). RegisterRefused says what is missing.

    Solving and closing need the fact on record; an exemption needs words, and is asked again when it ends.
    """
    actor = actor or Actor.current()
    on = timezone.localdate(at)
    kind = DefectKind(defect.kind)
    with transaction.atomic():
        locked = _lock(defect)
        fields: dict[str, object] = {}
        match name:
            case "solve" | "close":
                facts = _facts(locked.child_id, on)
                if facts is not None and not rules.is_there(kind, facts, on):
                    raise RegisterRefused(MISSING[kind]())
                if name == "solve":
                    fields = {"solved_date": on}
            case "void":
                fields = {"exempt_until": rules.exempt_until(kind, on)}
            case "reopen":
                others = Defect.objects.filter(child_id=locked.child_id, kind=kind, state__in=LIVE)
                if others.exclude(pk=locked.pk).exists():
                    raise RegisterRefused(_("This defect is already being followed."))
                days = days_allowed([locked.region_id], on)
                fields = NOT_SOLVED | {
                    "due_date": due_date(kind, locked.region_id, on, days),
                    "checked_by": None,
                    "checked_at": None,
                }
            case _:
                raise RegisterRefused(
                    _("This is not possible in the present state. Reload the page to see what has changed.")
                )
        return perform(locked, name, at=at, actor=actor, reason=reason, fields=fields)


def close_many(ids: Iterable[int], *, at: dt.datetime, actor: Actor | None = None) -> int:
    """Check and close those of the solved defects whose fact is on record and that another person solved. Set-based."""
    actor, on = actor or Actor.current(), timezone.localdate(at)
    rows = list(
        Defect.objects.filter(pk__in=list(ids), state=DefectState.SOLVED).values_list(
            "pk", "child_id", "kind"
        )
    )
    known = facts_of({child for _pk, child, _kind in rows}, on)
    fine = [
        pk
        for pk, child, kind in rows
        if child not in known or rules.is_there(DefectKind(kind), known[child].facts, on)
    ]
    return len(perform_many(Defect, fine, "close", at=at, actor=actor))


MISSING = {
    DefectKind.NO_IDENTITY: lambda: _(
        "The identity number is not on record yet. Enter it in the child's file."
    ),
    DefectKind.NO_REGISTRATION: lambda: _(
        "The household registration is not on record yet. Enter it in the child's file."
    ),
    DefectKind.OUT_OF_SCHOOL: lambda: _(
        "No school is on record for a child of this age. Enter the stage of schooling in the child's file."
    ),
    DefectKind.NO_GUARDIAN: lambda: _("No guardian is on record. Add one to the child's file."),
}


# --- Leaving and coming back -----------------------------------------------------------------------------------

LEFT = "left"  # reason code of what was dropped because the child left


def drop_for_leaving(child: Child, *, at: dt.datetime, actor: Actor) -> int:
    """The child has left the register: nothing of it is followed any more."""
    ids = Defect.objects.filter(child=child, state__in=OPEN).values_list("pk", flat=True)
    return drop(list(ids), at=at, actor=actor, reason=_("The child has left the register."), code=LEFT)


# --- Steps -------------------------------------------------------------------------------------------------------


def _lock(defect: Defect) -> Defect:
    locked = Defect.objects.select_for_update(of=("self",)).filter(pk=defect.pk).first()
    if locked is None:
        raise RegisterRefused(_("The record is no longer in your area."))
    return locked


def _facts(child_id: int, on: dt.date) -> rules.Facts | None:
    """The facts of one child; None when it has left the register."""
    known = facts_of([child_id], on).get(child_id)
    return known.facts if known else None
