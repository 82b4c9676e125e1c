"""Discrepancies (疑点): stored from what was found, told by the township, decided by the county, carried out
by a remedy.

Finding again changes nothing that a person has touched. Nothing here stops a payment: a remedy calls the
same services
as a person would by hand, in the transaction of the decision.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cases import identity
from cases.ages import add_months
from cases.matching.findings import Finding, Pairs, findings_of
from cases.matching.remedies import REMEDIES, Remedy, remedies_for
from cases.matching.review import pending_rows
from cases.models import Discrepancy, ListRow, MatchRun
from staff import parameters
from staff.calendar import add_working_days
from staff.models import Holiday
from staff.workflow import Actor, TransitionRefused, perform

State = Discrepancy.State
Identity = tuple[str, str, int | None, int | None]
REMEMBERED_MONTHS: Final = 12


class DiscrepancyRefused(TransitionRefused):
    """The decision cannot be carried out; the message says why. Nothing was changed."""


# --- Finding --------------------------------------------------------------------------------------------


def find_discrepancies(run: MatchRun, *, at: dt.datetime) -> dict[str, int]:
    """Make the stored discrepancies of a run agree with what its pairs say now; returns counts by kind of
    what is there.

    Runs inside a scope that covers the region, in one transaction. New ones get their due date; those nobody
    has touched
    are brought up to date or, when no longer found, removed. Not raised again: what an earlier month still
    has open, and
    what was found untrue within a year with the very same facts.
    """
    with transaction.atomic():
        locked = MatchRun.objects.select_for_update(of=("self",)).select_related("region").get(pk=run.pk)
        pairs = Pairs.load(locked)
        there = {_identity_of(d): d for d in Discrepancy.objects.filter(run=locked)}
        known = _known_before(locked)
        due = due_date(locked.region_id, timezone.localdate(at))
        names = {each.pk: each.name for each in pairs.lists}
        wanted: dict[Identity, Finding] = {}
        for found in findings_of(pairs):
            key = (
                found.kind,
                found.list_kind,
                found.child_id,
                None if found.child_id or found.row is None else found.row.pk,
            )
            if key not in there and (found.subject_key in known or found.key in known):
                continue
            wanted.setdefault(key, found)
        new = []
        for key, found in wanted.items():
            detail = _detail(locked, found, pairs, names)
            old = there.get(key)
            if old is None:
                new.append(
                    Discrepancy(
                        run=locked,
                        region_id=found.region_id,
                        kind=found.kind,
                        list_kind=found.list_kind,
                        child_id=found.child_id,
                        list_row=found.row,
                        detail=detail,
                        due_date=due,
                    )
                )
            elif _untouched(old) and (
                old.detail != detail or old.list_row_id != (found.row and found.row.pk)
            ):
                old.detail, old.list_row = detail, found.row
                old.save(update_fields=["detail", "list_row"])
        Discrepancy.objects.bulk_create(new, batch_size=1_000)
        over = [d.pk for key, d in there.items() if key not in wanted and _untouched(d)]
        Discrepancy.objects.filter(pk__in=over).delete()
        return count_by_kind(Discrepancy.objects.filter(run=locked).values_list("kind", flat=True))


def finish_run(run: MatchRun, *, at: dt.datetime) -> dict[str, int]:
    """Find the discrepancies and say whether the run is done, or rows wait for a person."""
    counts = find_discrepancies(run, at=at)
    run.state = MatchRun.State.REVIEW if pending_rows(run).exists() else MatchRun.State.DONE
    run.finished_at = at
    run.save(update_fields=["state", "finished_at"])
    return counts


def count_by_kind(kinds: Iterable[str]) -> dict[str, int]:
    counts = dict.fromkeys(Discrepancy.Kind.values, 0)
    for kind in kinds:
        counts[kind] += 1
    return counts


def due_date(region_id: int, start: dt.date) -> dt.date:
    """The day by which a discrepancy is to be checked: the county's parameter, in working days."""
    days = int(parameters.value(region_id, "discrepancy_working_days", start))
    overrides = dict(Holiday.objects.filter(date__gte=start).values_list("date", "is_working"))
    return add_working_days(start, days, overrides)


def _identity_of(d: Discrepancy) -> Identity:
    return d.kind, d.list_kind, d.child_id, None if d.child_id else d.list_row_id


def _untouched(d: Discrepancy) -> bool:
    return d.state == State.TO_CHECK and not d.outcome


def _known_before(run: MatchRun) -> set[str]:
    """Keys that need not be raised again: subjects open since an earlier month, findings that were untrue."""
    earlier = Discrepancy.objects.filter(
        region__gte=run.region.lo, region__lte=run.region.hi, run__period__lt=run.period
    ).filter(run__period__gte=add_months(run.period, -REMEMBERED_MONTHS))
    known: set[str] = set()
    for state, detail in earlier.filter(state__in=[State.TO_CHECK, State.UNTRUE]).values_list(
        "state", "detail"
    ):
        known.add(detail.get("subject" if state == State.TO_CHECK else "key", ""))
    return known


def _detail(run: MatchRun, found: Finding, pairs: Pairs, names: dict[int, str]) -> dict[str, Any]:
    detail: dict[str, Any] = {
        "period": f"{run.period:%Y-%m}",
        "subject": found.subject_key,
        "key": found.key,
        **found.facts,
    }
    if found.row is not None:
        row = found.row
        detail["row"] = row_facts(row, names.get(row.list_import_id, ""), pairs.people_in_household(row))
    return detail


def row_facts(row: ListRow, list_name: str, people: int) -> dict[str, Any]:
    """What a list row says, for those who may not see the list itself. Numbers are masked."""
    return {
        "list": list_name,
        "sheet": row.sheet,
        "line": row.line,
        "name": row.name,
        "id": identity.mask(identity.canonical(row.id_number)),
        "birth": row.birth_date,
        "sex": row.sex,
        "relation": row.relation,
        "head": row.head_name,
        "village": row.village_name,
        "category": row.category,
        "amount": None if row.amount is None else str(row.amount),
        "people": people,
        "start": row.start_month,
    }


# --- Deciding -------------------------------------------------------------------------------------------


def report_finding(
    *, discrepancy: Discrepancy, found: str, text: str, actor: Actor, at: dt.datetime
) -> Discrepancy:
    """The township supervisor reports what was found (a `Found` code and words); the county still decides."""
    return perform(
        discrepancy,
        "find",
        at=at,
        actor=actor,
        reason_code=found,
        reason=text,
        fields={"outcome": text.strip()},
    )


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
    remedy.

    The remedy is carried out in the same transaction, with the clerk's own rights and ``data`` from its
    form. Raises
    TransitionRefused (also of the remedy's own services); nothing is written then.
    """
    if state not in (State.TRUE, State.UNTRUE, State.UNCHECKABLE):
        raise DiscrepancyRefused(_("Choose what was found."))
    with transaction.atomic():
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
        if chosen is not None:
            try:
                done = chosen.act(decided, actor, at, data or {}, reason.strip())
            except ValidationError as error:
                raise DiscrepancyRefused(" ".join(error.messages)) from error
            decided.detail = {**decided.detail, "done": done}
            decided.save(update_fields=["detail"])
    return decided


def reopen(*, discrepancy: Discrepancy, reason: str, actor: Actor, at: dt.datetime) -> Discrepancy:
    """Take back a decision that changed nothing else: untrue or could not be checked."""
    return perform(
        discrepancy, "reopen", at=at, actor=actor, reason=reason, fields={"reason": "", "remedy": ""}
    )


def _remedy(discrepancy: Discrepancy, code: str) -> Remedy:
    if code not in REMEDIES:
        raise DiscrepancyRefused(_("Choose what is to be done."))
    if all(each.code != code for each in remedies_for(discrepancy)):
        raise DiscrepancyRefused(_("This remedy does not fit the discrepancy."))
    return REMEDIES[code]
