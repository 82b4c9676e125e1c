"""Discrepancies (疑点) stored from what was found. Finding again changes nothing that a person has touched."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from cases.ages import add_months
from cases.matching.discrepancies.finding_data import Finding, Pairs
from cases.matching.discrepancies.findings import findings_of
from cases.matching.leads.run import find_leads
from cases.matching.review.services import pending_rows
from cases.matching.runs.province import gather_above
from cases.models import Discrepancy, ListRow, MatchRun
from staff import parameters
from staff.calendar import add_working_days
from staff.holidays import overrides

State = Discrepancy.State
Identity = tuple[str, str, int | None, str, int, int | None]
REMEMBERED_MONTHS: Final = 12


def find_discrepancies(run: MatchRun, *, at: dt.datetime) -> dict[str, int]:
    """Make the stored discrepancies of a run agree with what its pairs say now; returns counts by kind of
    what is there.

    Runs inside a scope that covers the region, in one transaction. New ones get their due date and fall to the
    township of their region; those nobody has touched are brought up to date or, when no longer found, removed. Not
    raised again: what an earlier month still has open, and for a year, with the very same facts, what was found
    untrue and what was decided and is still being carried out.
    """
    with transaction.atomic():
        locked = MatchRun.objects.select_for_update(of=("self",)).select_related("region").get(pk=run.pk)
        pairs = Pairs.load(locked)
        there = {_identity_of(d): d for d in Discrepancy.objects.filter(run=locked)}
        touched = {d.detail.get("subject", "") for d in there.values() if not _untouched(d)}
        known = _known_before(locked)
        due = Deadlines(locked.region_id, timezone.localdate(at))
        names = {each.pk: each.name for each in pairs.lists}
        wanted: dict[Identity, Finding] = {}
        for found in findings_of(pairs):
            key = _place_of(found)
            if key not in there and ({found.subject_key, found.key} & known or found.subject_key in touched):
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
                        role=found.role,
                        person_id=found.person_id,
                        list_row=found.row,
                        detail=detail,
                        due_date=due.after(found.days),
                    )
                )
            elif _untouched(old) and (
                old.detail != detail or old.list_row_id != (found.row and found.row.pk)
            ):
                old.detail, old.list_row = detail, found.row
                old.save(update_fields=["detail", "list_row"])
        over = [d.pk for key, d in there.items() if key not in wanted and _untouched(d)]
        Discrepancy.objects.filter(pk__in=over).delete()
        Discrepancy.objects.bulk_create(new, batch_size=1_000)
        find_leads(locked, pairs.data, at=at)
        return count_by_kind(Discrepancy.objects.filter(run=locked).values_list("kind", flat=True))


def finish_run(run: MatchRun, *, at: dt.datetime) -> dict[str, int]:
    """Find the discrepancies and say whether the run is done, or rows wait for a person."""
    counts = find_discrepancies(run, at=at)
    run.state = MatchRun.State.REVIEW if pending_rows(run).exists() else MatchRun.State.DONE
    run.finished_at = at
    run.save(update_fields=["state", "finished_at"])
    return counts


def close_run(run: MatchRun, *, at: dt.datetime) -> dict[str, int]:
    """:func:`finish_run` as a person asks for it; a run over a wider area of which this one is a part is added up again."""
    counts = finish_run(run, at=at)
    gather_above(run, at=at)
    return counts


def count_by_kind(kinds: Iterable[str]) -> dict[str, int]:
    counts = dict.fromkeys(Discrepancy.Kind.values, 0)
    for kind in kinds:
        counts[kind] += 1
    return counts


class Deadlines:
    """The days by which discrepancies of a county are to be checked, counted from one day."""

    def __init__(self, region_id: int, start: dt.date) -> None:
        self.start = start
        self.usual = int(parameters.value(region_id, "discrepancy_working_days", start))
        self.overrides = overrides()

    def after(self, days: int | None = None) -> dt.date:
        """So many working days on; never later than the county's parameter allows."""
        return add_working_days(
            self.start, self.usual if days is None else min(days, self.usual), self.overrides
        )


def due_date(region_id: int, start: dt.date) -> dt.date:
    """The day by which a discrepancy is to be checked: the county's parameter, in working days."""
    return Deadlines(region_id, start).after()


def _place_of(found: Finding) -> Identity:
    row = None if found.child_id or found.row is None else found.row.pk
    return found.kind, found.list_kind, found.child_id, found.role, found.person_id, row


def _identity_of(d: Discrepancy) -> Identity:
    return d.kind, d.list_kind, d.child_id, d.role, d.person_id, None if d.child_id else d.list_row_id


def _untouched(d: Discrepancy) -> bool:
    return d.state == State.TO_CHECK and not d.outcome


def _known_before(run: MatchRun) -> set[str]:
    """Keys that need not be raised again: subjects open since an earlier month; findings with the same facts that
    were untrue, needed no change, or are decided and not closed yet."""
    earlier = Discrepancy.objects.filter(
        region__gte=run.region.lo, region__lte=run.region.hi, run__period__lt=run.period
    ).filter(run__period__gte=add_months(run.period, -REMEMBERED_MONTHS))
    known: set[str] = set()
    for state, remedy, detail in earlier.values_list("state", "remedy", "detail"):
        if state in Discrepancy.OPEN:
            known.add(detail.get("subject", ""))
        elif (
            state in (State.UNTRUE, State.TRUE)
            or detail.get("decided") == State.UNTRUE
            or remedy == "nothing"
        ):
            known.add(detail.get("key", ""))
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
    """What a list row says, for those who may not see the list itself. Its number stays in the row."""
    return {
        "list": list_name,
        "sheet": row.sheet,
        "line": row.line,
        "name": row.name,
        "birth": row.birth_date,
        "sex": row.sex,
        "relation": row.relation,
        "head": row.head_name,
        "village": row.village_name,
        "category": row.category,
        "level": row.level,
        "event": row.event_date,
        "amount": None if row.amount is None else str(row.amount),
        "people": people,
        "start": row.start_month,
    }
