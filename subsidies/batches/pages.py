"""What the page of one batch shows (mock-up 07): steps, bridge, differences with reasons, exceptions, townships, funds,
the ledger, and what went to the bank and came back.

Works without the cases lens: the releaser sees money and the names frozen with it, no child's file. Nothing here loads
the lines of a batch: sums are the database's, tables come by the page.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from decimal import Decimal
from typing import Any

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery, Sum
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from staff import workflow
from staff.enums import Role
from staff.models import Job
from staff.templatetags.look import day, grouped, moment, money
from staff.workflow import Actor, Transition
from subsidies.bank import files as bank_files
from subsidies.batches import issues as batch_issues
from subsidies.batches.differences import (
    bridge_terms,
    comparison,
    funding_before,
    page_of_differences,
    township_rows,
)
from subsidies.batches.forms import OverBudgetForm
from subsidies.batches.since import what_changed
from subsidies.budgets import services as budgets
from subsidies.duties import disabled, holders
from subsidies.enums import BatchKind, BatchState, HoldReason
from subsidies.ledger import pages as ledger_pages
from subsidies.ledger.enums import EntryKind, Source
from subsidies.models import BankFile, BankResult, JournalEntry, PaymentBatch, Posting, Recovery

ANSWERS = (EntryKind.PAYMENT, EntryKind.RETURN, EntryKind.LATE_RETURN, EntryKind.LATE_PAYMENT)
SENT = (BatchState.RELEASED, BatchState.RECONCILED)
TAKES_LIST = (Role.CLERK, Role.APPROVER, Role.LEADER)


def steps(batch: PaymentBatch, names: dict[str, str], actor: Actor) -> list[dict[str, Any]]:
    """Calculated, approved, released, reconciled: who and when, or whose turn it is."""

    def who(person: Any, at: dt.datetime | None) -> str:
        return f"{person} {day(at)}" if person else ""

    def waiting(role: Role) -> str:
        if actor.role == role:
            return _("waits for you")
        return str(names.get(role) or role.label)

    state = batch.state
    returned = state == BatchState.RETURNED
    return [
        {"label": _("Calculation"), "note": who(batch.prepared_by, batch.prepared_at), "state": "done"},
        {
            "label": _("Approval"),
            "note": who(batch.approved_by, batch.approved_at)
            or (_("returned") if returned else waiting(Role.APPROVER)),
            "state": "done" if batch.approved_by_id else "now" if state == BatchState.PREPARED else "later",
        },
        {
            "label": _("Release"),
            "note": who(batch.released_by, batch.released_at) or ("" if returned else waiting(Role.RELEASER)),
            "state": "done" if batch.released_by_id else "now" if state == BatchState.APPROVED else "later",
        },
        {
            "label": _("Reconciliation"),
            "note": who(batch.reconciled_by, batch.reconciled_at) or _("after the bank's result"),
            "state": "done" if batch.reconciled_at else "now" if state == BatchState.RELEASED else "later",
        },
    ]


def buttons(
    batch: PaymentBatch, actor: Actor, names: dict[str, str], lacking: dict[str, Decimal]
) -> list[Any]:
    """The actor's steps with the amount in words, and the next step of somebody else, disabled with the
    name. The release has a page of its own, which asks for the password.
    """
    found: list[Any] = []
    for transition in batch.workflow.transitions:
        if transition.automatic or transition.name == "release" or batch.state not in transition.sources:
            continue
        why_not = workflow.refusal(batch, transition, actor)
        if why_not is None:
            found.append(_button(transition, batch, lacking))
        elif transition.name == "approve":
            label = _button(transition, batch, {})["label"]
            found.append(disabled(transition, actor, why_not, names) | {"label": label})
    if batch.state == BatchState.PREPARED and actor.role == Role.APPROVER:
        # The duty that comes after one's own is shown, with whose it is.
        found.append(disabled(batch.workflow.by_name["release"], actor, "", names))
    return found


def release_link(batch: PaymentBatch, actor: Actor) -> dict[str, str] | None:
    """The way to the page of the release, for whoever may release the batch now."""
    if workflow.refusal(batch, batch.workflow.by_name["release"], actor) is not None:
        return None
    return {
        "label": _("Release %(n)s children, %(amount)s yuan") % _amount(batch),
        "url": reverse("subsidies:batch_release", args=[batch.pk]),
    }


def _amount(batch: PaymentBatch) -> dict[str, str]:
    return {"n": grouped(batch.child_count), "amount": money(batch.total)}


def _button(transition: Transition, batch: PaymentBatch, lacking: dict[str, Decimal]) -> dict[str, Any]:
    approve = transition.name == "approve"
    short = approve and bool(lacking)
    prompt = _("What must be corrected?") if transition.needs_text else ""
    if short:
        prompt = _("Funds do not suffice. Why is the batch approved nevertheless?")
    return {
        "name": transition.name,
        "label": _("Approve %(n)s children, %(amount)s yuan") % _amount(batch)
        if approve
        else transition.label,
        "icon": transition.icon,
        "needs_text": transition.needs_text,
        "primary": approve,
        "fields": OverBudgetForm() if short else None,
        "prompt": prompt,
    }


def rule_of_three(batch: PaymentBatch, actor: Actor, names: dict[str, str]) -> str:
    """The sentence below the steps."""
    text = _("Calculation, approval and release are done by three people.")
    releaser = names.get(Role.RELEASER, "")
    if actor.role == Role.APPROVER and batch.state == BatchState.PREPARED:
        more = _("Whoever approves cannot release; this batch is released by %(who)s.") % {
            "who": releaser or Role.RELEASER.label
        }
        return f"{text} {more}"
    return text


def with_answers(batches: list[PaymentBatch]) -> list[tuple[PaymentBatch, dict[str, Any]]]:
    """Batches of a list, each with what the bank paid and returned of it, in yuan, by the ledger. One query."""
    moved: dict[int, dict[str, Decimal]] = defaultdict(dict)
    rows = (
        Posting.objects.filter(entry__batch__in=batches, entry__kind__in=ANSWERS, amount__gt=0)
        .order_by()
        .values_list("entry__batch", "entry__kind")
        .annotate(yuan=Sum("amount"))
    )
    for batch_id, kind, yuan in rows:
        moved[batch_id][kind] = yuan
    nothing = Decimal("0.00")
    return [
        (
            batch,
            {
                "paid": found.get(EntryKind.PAYMENT, nothing) - late,
                "failed": found.get(EntryKind.RETURN, nothing) + late,
            },
        )
        for batch in batches
        for found in [moved[batch.pk]]
        for late in [found.get(EntryKind.LATE_RETURN, nothing) - found.get(EntryKind.LATE_PAYMENT, nothing)]
    ]


def with_recoveries(batches: QuerySet[PaymentBatch]) -> QuerySet[PaymentBatch]:
    """Annotates ``asked_months`` and ``asked_back``: months and yuan that a batch asks back, None when nothing."""
    asked = Recovery.objects.filter(batch=OuterRef("pk")).order_by().values("batch")
    return batches.annotate(
        asked_months=Subquery(asked.annotate(n=Count("pk")).values("n")),
        asked_back=Subquery(asked.annotate(yuan=Sum("amount")).values("yuan")),
    )


def funding_rows(batch: PaymentBatch, lacking: dict[str, Decimal]) -> list[dict[str, Any]]:
    """What goes to the bank by source of funds beside the month before, and what each source lacks."""
    now, before, nothing = budgets.needs(batch), funding_before(batch), Decimal("0.00")
    rows = []
    for source in Source:
        if source in now or source in before:
            amount, earlier = now.get(source, nothing), before.get(source, nothing)
            rows.append(
                {
                    "label": source.label,
                    "before": earlier,
                    "amount": amount,
                    "difference": amount - earlier,
                    "lacking": lacking.get(source),
                }
            )
    return rows


def list_url(batch: PaymentBatch, actor: Actor) -> str:
    """Where the list of the batch's payments is taken out with the national headings; "" when it has none to give."""
    if actor.role not in TAKES_LIST or batch.state == BatchState.RETURNED or not batch.line_count:
        return ""
    return f"{reverse('subsidies:payment_list_export')}?batch={batch.pk}"


def ledger_rows(batch: PaymentBatch) -> list[dict[str, Any]]:
    """The entries of the batch in the ledger, the oldest first, with what each moved. One query."""
    entries = (
        JournalEntry.objects.filter(batch=batch)
        .annotate(yuan=Sum("postings__amount", filter=Q(postings__amount__gt=0)))
        .order_by("at", "pk")
    )
    return [
        {
            "entry": entry,
            "flow": ledger_pages.flow_text(entry.kind),
            "yuan": entry.yuan,
            "url": reverse("subsidies:ledger_entry", args=[entry.pk]),
        }
        for entry in entries
    ]


def bank_values(batch: PaymentBatch, actor: Actor, posted: set[str]) -> dict[str, Any]:
    """What went to the bank and came back. Two queries. ``posted``: kinds of entries that the batch has."""
    files = list(BankFile.objects.filter(batch=batch).select_related("file"))
    answered = bool(posted & set(ANSWERS))
    job = None if files or not batch.line_count else bank_files.latest_job(batch)
    results = BankResult.objects.filter(batch=batch).select_related("user", "file") if answered else ()
    return {
        "files": files,
        "results": list(results),
        "file_job": job,
        "may_write": actor.role == Role.RELEASER
        and not files
        and bool(batch.line_count)
        and (job is None or job.state != Job.State.QUEUED),
        "has_failed": bool(posted & {EntryKind.RETURN, EntryKind.LATE_RETURN}),
        "may_download": actor.role == Role.RELEASER,
        "may_import": actor.role in (Role.RELEASER, Role.CLERK),
    }


def values(batch: PaymentBatch, actor: Actor, query: QueryDict) -> dict[str, Any]:
    """Everything the page shows; ``query`` holds page, kind of exceptions and their page."""
    names: dict[str, str] = {}
    if batch.state in (BatchState.PREPARED, BatchState.APPROVED):
        names = holders((Role.APPROVER, Role.RELEASER), batch.region_id, timezone.localdate())
    waiting = batch.state == BatchState.PREPARED
    lacking = budgets.shortfall(batch) if waiting else {}
    found = comparison(batch)
    places = found.names
    funding = funding_rows(batch, lacking)
    kinds = batch_issues.kinds_of(batch)
    kind = query.get("kind", "")
    total = sum(row["count"] for row in kinds if not kind or row["kind"] == kind)
    issue_page = batch_issues.page_of(batch, kind, query.get("issues"), total=total)
    entries = [] if waiting else ledger_rows(batch)
    open_issues = sum(row["open"] for row in kinds)
    sent = batch.state in SENT
    return {
        "batch": batch,
        "repair": batch.kind == BatchKind.REPAIR,
        "note": _("Batch %(number)s · calculated by %(who)s %(when)s · standards and names are frozen")
        % {"number": batch.number, "who": batch.prepared_by, "when": moment(batch.prepared_at)},
        "steps": steps(batch, names, actor),
        "rule": rule_of_three(batch, actor, names),
        "buttons": buttons(batch, actor, names, lacking),
        "release_link": release_link(batch, actor),
        "lacking": budgets.shortfall_text(lacking),
        "changed": what_changed(batch, timezone.localdate()),
        "terms": bridge_terms(found.total, batch),
        "adds_up": found.total.adds_up
        and (found.total.now == batch.total or batch.state == BatchState.RETURNED),
        "sums": found.total,
        "differences": page_of_differences(batch, found.total, query.get("page"), places),
        "difference_total": found.total.now + found.total.held - found.total.before,
        "townships": township_rows(found, batch),
        "funding": funding,
        "funding_before": sum((row["before"] for row in funding), Decimal("0.00")),
        "funding_difference": sum((row["difference"] for row in funding), Decimal("0.00")),
        "list_url": list_url(batch, actor),
        "entries": entries,
        "issue_kinds": kinds,
        "issue_kind": kind,
        "issue_count": sum(row["count"] for row in kinds),
        "issue_page": issue_page,
        "issues": batch_issues.rows_of(issue_page, batch, actor),
        "may_note": waiting and actor.role == Role.CLERK,
        "issue_note": _("all have a note or are held back")
        if not open_issues
        else ngettext("%(n)d waits for the clerk", "%(n)d wait for the clerk", open_issues)
        % {"n": open_issues},
        "hold_reasons": HoldReason.choices,
        "sent": sent,
        **(bank_values(batch, actor, {row["entry"].kind for row in entries}) if sent else {}),
    }
