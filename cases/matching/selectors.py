"""Shaped reads of lists, runs and discrepancies for the pages. Each function is one or a few queries."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from cases.matching import kinds
from cases.matching.review.services import pending_pairs
from cases.matching.tasks import STEPS
from cases.models import Discrepancy, ListImport, MatchCandidate, MatchRun
from staff import jobs
from staff.models import Job, Region

# What the columns of a list hold, by the canonical field of cases.matching.reading.headers.
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
    "age": gettext_lazy("Age"),
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

    @property
    def unconfirmed(self) -> int:
        """Uploads that wait to be confirmed."""
        return sum(each.state == ListImport.State.PREVIEW for line in self.lines for each in line.files)


def month_of_lists(region_id: int, period: dt.date) -> Month:
    """The month's lists of a county with their counts. Four queries."""
    received = ListImport.objects.filter(region_id=region_id, period=period).select_related("user")
    run = MatchRun.objects.filter(region_id=region_id, period=period).select_related("job").first()
    lines = {kind: KindLine(kind, str(label)) for kind, label in kinds.choices()}
    for each in received.order_by("created_at", "pk"):
        lines[each.kind].files.append(each)
        if each.state != ListImport.State.REPLACED:
            lines[each.kind].rows += each.row_count
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


def progress_of(job: Job | None) -> dict[str, Any]:
    """``label``, ``done``, ``total``, ``failed`` of a job of a run, in words."""
    found = jobs.progress_of(job) if job else {}
    step = found.get("text", "")
    return {
        "label": STEPS.get(step, _("Waiting for a worker")),
        "done": found.get("done", 0),
        "total": found.get("total", 0),
        "failed": job.error if job and job.state == Job.State.FAILED else "",
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


def discrepancies(wanted: Mapping[str, Any], *, state: str = "all") -> QuerySet[Discrepancy]:
    """Discrepancies in scope, what is due first on top. ``wanted``: kind, list_kind, township and overdue as
    :class:`DiscrepancyFilter` cleans them."""
    found = _wanted(wanted).select_related("child", "region__parent")
    if state != "all":
        found = found.filter(state=state)
    return (
        found.order_by("due_date", "pk") if state in Discrepancy.OPEN else found.order_by("-due_date", "-pk")
    )


def _wanted(wanted: Mapping[str, Any]) -> QuerySet[Discrepancy]:
    found = Discrepancy.objects.filter(
        **{name: wanted[name] for name in ("kind", "list_kind") if wanted.get(name)}
    )
    if township := wanted.get("township"):
        found = found.filter(region__gte=township, region__lte=township + 999)
    if wanted.get("overdue"):
        found = found.filter(state=Discrepancy.State.TO_CHECK, due_date__lt=timezone.localdate())
    return found


def discrepancy_counts(wanted: Mapping[str, Any]) -> dict[str, int]:
    """How many of the wanted discrepancies in scope by state. One query."""
    counts = dict.fromkeys(Discrepancy.State.values, 0)
    for state, number in _wanted(wanted).order_by().values_list("state").annotate(Count("pk")):
        counts[state] = number
    return counts


def funnel(run: MatchRun) -> list[dict[str, Any]]:
    """How far a month's discrepancies have come: found, verified by the township, decided, closed; each step with how
    many got there and how many of the step before did not; of those not verified how many are overdue. One query."""
    State = Discrepancy.State
    decided = Q(state__in=(State.TRUE, State.UNTRUE, State.UNCHECKABLE, State.CLOSED))
    numbers = run.discrepancies.aggregate(
        verified=Count("pk", filter=~Q(found="") | decided),
        decided=Count("pk", filter=decided),
        closed=Count("pk", filter=Q(state=State.CLOSED)),
        overdue=Count("pk", filter=Q(state=State.TO_CHECK, due_date__lt=timezone.localdate())),
        # Last: above, the name means the column.
        found=Count("pk"),
    )
    labels = {
        "found": _("found"),
        "verified": _("verified by the township"),
        "decided": _("decided by the county"),
        "closed": pgettext("discrepancy", "closed"),
    }
    steps: list[dict[str, Any]] = []
    before = numbers["found"]
    for name, label in labels.items():
        steps.append({"label": label, "count": numbers[name], "waiting": before - numbers[name]})
        before = numbers[name]
    steps[1]["overdue"] = numbers["overdue"]
    return steps


def headline(found: Discrepancy) -> str:
    """What a discrepancy is about, in one line of a table."""
    return headline_of(found.kind, found.list_kind, found.role)


def headline_of(kind: str, list_kind: str, role: str = "") -> str:
    """The same of a kind of discrepancy on a kind of list; ``role`` tells a guardian from a parent."""
    words = HEADLINES.get((kind, role)) or HEADLINES.get((kind, ""))
    return f"{kinds.short_name(list_kind)} · {words or Discrepancy.Kind(kind).label}"


HEADLINES = {
    ("paid_full", ""): gettext_lazy("on the list, standard not topped up"),
    ("not_registered", ""): gettext_lazy("minor on the list, not on the register"),
    ("gone", ""): gettext_lazy("no longer on the list"),
    ("different", ""): gettext_lazy("list and register differ"),
    ("guardian_dead", "carer"): gettext_lazy("entrusted carer recorded dead"),
    ("custody", "guardian"): gettext_lazy("guardian in custody"),
}
