"""Shaped reads of lists, runs and discrepancies for the pages. Each function is one or a few queries."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.matching.review import pending_pairs
from cases.matching.tasks import STEPS
from cases.models import Discrepancy, ListImport, ListRow, MatchCandidate, MatchRun
from cases.models.matching import ListKind
from staff import jobs
from staff.models import Job, Region

# What the columns of a list hold, by the canonical field of cases.matching.headers.
COLUMNS = {
    "list_row_id": gettext_lazy("Row number of the sender"),
    "list_type": gettext_lazy("Kind of list"),
    "sender_code": gettext_lazy("Division code of the sender"),
    "household_no": gettext_lazy("Household number"),
    "sequence": gettext_lazy("Sequence number"),
    "name": gettext_lazy("Name"),
    "id_number": gettext_lazy("Identity number"),
    "certificate": gettext_lazy("Disability certificate number"),
    "relation": gettext_lazy("Relation to head"),
    "sex": gettext_lazy("Sex"),
    "birth_date": gettext_lazy("Date of birth"),
    "head_name": gettext_lazy("Head of household"),
    "head_id": gettext_lazy("Head's identity number"),
    "guardian_name": gettext_lazy("Guardian"),
    "guardian_id": gettext_lazy("Guardian's identity number"),
    "guardian_relation": gettext_lazy("Guardian's relation to the child"),
    "township": gettext_lazy("Township"),
    "village": gettext_lazy("Village or address"),
    "category": gettext_lazy("Category"),
    "level": gettext_lazy("Level"),
    "amount": gettext_lazy("Amount, yuan"),
    "start_month": gettext_lazy("Since"),
    "event_date": gettext_lazy("Day of the event"),
    "bank": gettext_lazy("Bank"),
    "account": gettext_lazy("Account"),
    "account_holder": gettext_lazy("Account holder"),
    "phone": gettext_lazy("Phone"),
    "people": gettext_lazy("Number of persons"),
    "remark": gettext_lazy("Remark"),
}
UNFINISHED = {Job.State.FAILED: "failed", Job.State.CANCELLED: "cancelled"}


@dataclass
class KindLine:
    """One kind of list in a month, over all its files."""

    kind: str
    label: str
    files: list[ListImport] = field(default_factory=list)
    rows: int = 0
    certain: int = 0
    waiting: int = 0
    discrepancies: int = 0
    state: str = ""


@dataclass
class Month:
    """What has arrived for a month and how far its matching is."""

    period: dt.date
    lines: list[KindLine]
    run: MatchRun | None
    state: str
    waiting: int


def month_of_lists(region_id: int, period: dt.date) -> Month:
    """The month's lists of a county with their counts. Five queries."""
    received = ListImport.objects.filter(region_id=region_id, period=period).select_related("user")
    run = MatchRun.objects.filter(region_id=region_id, period=period).select_related("job").first()
    lines = {kind: KindLine(kind, str(label)) for kind, label in ListKind.choices}
    for each in received.order_by("created_at", "pk"):
        lines[each.kind].files.append(each)
        if each.state == ListImport.State.PREVIEW:
            lines[each.kind].rows += each.row_count
    staged = ListRow.objects.filter(list_import__in=[i for line in lines.values() for i in line.files])
    for kind, rows in staged.order_by().values_list("kind").annotate(Count("pk")):
        lines[kind].rows += rows
    state = shown_state(run)
    if run is not None:
        accepted = MatchCandidate.objects.filter(run=run, state=MatchCandidate.State.ACCEPTED)
        for kind, rows in (
            accepted.order_by().values_list("list_row__kind").annotate(Count("list_row", distinct=True))
        ):
            lines[kind].certain = rows
        waiting = pending_pairs(run).order_by().values_list("list_row__kind")
        for kind, rows in waiting.annotate(Count("list_row", distinct=True)):
            lines[kind].waiting = rows
        counted = (
            Discrepancy.objects.filter(run=run).order_by().values_list("list_kind").annotate(Count("pk"))
        )
        for kind, number in counted:
            lines[kind].discrepancies = number
    for line in lines.values():
        line.state = _state_of(line, state)
    shown = [line for line in lines.values() if line.files or line.rows]
    return Month(period, shown, run, state, sum(line.waiting for line in shown))


def _state_of(line: KindLine, run_state: str) -> str:
    if any(each.state == ListImport.State.PREVIEW for each in line.files):
        return "preview"
    if run_state in ("review", "done"):
        return "review" if line.waiting else "done"
    return run_state or "staged"


def shown_state(run: MatchRun | None) -> str:
    """The run's state as people see it: a waiting one whose job has begun is running, or has failed or been
    cancelled.
    """
    if run is None:
        return ""
    if run.state == MatchRun.State.QUEUED and run.job is not None:
        if run.job.state == Job.State.QUEUED:
            return "running" if jobs.progress_of(run.job) else "queued"
        return UNFINISHED.get(Job.State(run.job.state), run.state)
    return run.state


def sheets_of(found: ListImport) -> list[dict[str, Any]]:
    """How each sheet was read, its columns with the label of the field they were taken for ("" for none)."""
    return [
        sheet | {"columns": [c | {"label": COLUMNS.get(c["field"], c["field"])} for c in sheet["columns"]]}
        for sheet in found.mapping.get("sheets", [])
    ]


def progress_of(run: MatchRun) -> dict[str, Any]:
    """``label``, ``done``, ``total``, ``failed`` of a run's job, in words."""
    found = jobs.progress_of(run.job) if run.job else {}
    step = found.get("text", "")
    return {
        "label": STEPS.get(step, _("Waiting for a worker")),
        "done": found.get("done", 0),
        "total": found.get("total", 0),
        "failed": run.job.error if run.job and run.job.state == Job.State.FAILED else "",
    }


def tiers(run: MatchRun) -> dict[str, int]:
    """How many rows of a run are certain, wait, were decided or remembered; ``none`` are rows with no
    pair.
    """
    found = MatchCandidate.objects.filter(run=run).aggregate(
        auto=Count("list_row", distinct=True, filter=Q(tier="auto", state="accepted")),
        accepted=Count("list_row", distinct=True, filter=Q(tier="review", state="accepted")),
        remembered=Count("list_row", distinct=True, filter=Q(remembered=True)),
        paired=Count("list_row", distinct=True),
    )
    waiting = pending_pairs(run).aggregate(rows=Count("list_row", distinct=True))["rows"]
    rows = int(run.counts.get("rows", 0))
    return {**found, "waiting": waiting, "rows": rows, "none": max(0, rows - found["paired"])}


def townships_of(region: Region) -> list[Region]:
    """The townships of a county, for a filter; none for a smaller region."""
    if region.level != "county":
        return []
    return list(Region.objects.below(region, "township"))


def discrepancies(
    *, state: str = "", kind: str = "", list_kind: str = "", township: int | None = None
) -> QuerySet[Discrepancy]:
    """Discrepancies in scope, what is due first on top; a state of "" means those still to be checked."""
    found = Discrepancy.objects.select_related("child", "region__parent")
    if state != "all":
        found = found.filter(state=state or Discrepancy.State.TO_CHECK)
    if kind:
        found = found.filter(kind=kind)
    if list_kind:
        found = found.filter(list_kind=list_kind)
    if township:
        found = found.filter(region__gte=township, region__lte=township + 999)
    return (
        found.order_by("due_date", "pk") if state in ("", "to_check") else found.order_by("-due_date", "-pk")
    )


def discrepancy_counts() -> dict[str, int]:
    """How many discrepancies in scope by state. One query."""
    counts = dict.fromkeys(Discrepancy.State.values, 0)
    for state, number in Discrepancy.objects.order_by().values_list("state").annotate(Count("pk")):
        counts[state] = number
    return counts


HEADLINES = {
    ("paid_full", "dibao"): gettext_lazy("On the dibao list, standard not topped up"),
    ("paid_full", "tekun"): gettext_lazy("On the tekun list, still paid the living allowance"),
    ("paid_full", "death"): gettext_lazy("Registered as dead, still paid"),
    ("not_registered", "dibao"): gettext_lazy("Minor on the dibao list, not on the register"),
    ("not_registered", "tekun"): gettext_lazy("Minor on the tekun list, not on the register"),
    ("gone", "dibao"): gettext_lazy("No longer on the dibao list"),
    ("gone", "tekun"): gettext_lazy("No longer on the tekun list"),
    ("different", "dibao"): gettext_lazy("Dibao list and register differ"),
    ("different", "tekun"): gettext_lazy("Tekun list and register differ"),
}


def headline(kind: str, list_kind: str) -> str:
    """What a discrepancy is about, in one line of a table."""
    label = HEADLINES.get((kind, list_kind))
    return str(label) if label else f"{Discrepancy.Kind(kind).label} · {ListKind(list_kind).label}"
