"""What the page of one batch shows (mock-up 07): steps, bridge, differences with reasons, exceptions,
townships.

Works without the cases lens: the releaser sees money and the names frozen with it, no child's file.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.core.paginator import Paginator
from django.db.models import OuterRef, QuerySet, Subquery
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from staff import workflow
from staff.enums import Role
from staff.models import Region
from staff.models.region import township_of
from staff.templatetags.look import day, grouped, moment, money
from staff.workflow import Actor, Transition
from subsidies.bridge import Change, Comparison, Difference, Line, Sums, compare
from subsidies.duties import disabled, holders
from subsidies.enums import BatchState, HoldReason, IssueKind, PaymentKind, PaymentState
from subsidies.models import BankFile, BankResult, BatchIssue, Entitlement, Payment, PaymentBatch
from subsidies.reasons import why

DIFFERENCES_SHOWN = 50


def kind_label(kind: Change) -> str:
    return {
        Change.NEW: _("Newly paid"),
        Change.LEFT: _("No longer paid"),
        Change.CHANGED: _("Changed"),
        Change.ARREARS: _("Arrears"),
    }[kind]


def with_previous(batches: QuerySet[PaymentBatch]) -> QuerySet[PaymentBatch]:
    """Annotates ``previous_id``: the batch of the same scheme before it that was not returned, None for
    the first.
    """
    earlier = (
        PaymentBatch.objects.filter(
            region_id=OuterRef("region_id"), scheme_id=OuterRef("scheme_id"), month__lt=OuterRef("month")
        )
        .exclude(state=BatchState.RETURNED)
        .order_by("-month", "-pk")
    )
    return batches.annotate(previous_id=Subquery(earlier.values("pk")[:1]))


def comparison(batch: PaymentBatch) -> Comparison:
    """This batch against the previous one; ``batch`` comes from :func:`with_previous`. One query."""
    previous_id: int | None = batch.previous_id  # type: ignore[attr-defined]
    rows = (
        Payment.objects.filter(batch_id__in=filter(None, (batch.pk, previous_id)))
        .order_by("batch_id", "line")
        .values_list("batch_id", "pk", "entitlement_id", "region_id", "amount", "kind", "state")
    )
    before: list[Line] = []
    after: list[Line] = []
    for batch_id, pk, entitlement, region, amount, kind, state in rows:
        line = Line(pk, entitlement, region, amount, kind == PaymentKind.ARREARS, state == PaymentState.HELD)
        (after if batch_id == batch.pk else before).append(line)
    return compare(before, after)


def bridge_terms(sums: Sums, batch: PaymentBatch) -> list[dict[str, Any]]:
    """The equation for the component; each term with how many it stands for."""
    changed_minus = sums.changed < 0
    terms: list[dict[str, Any]] = [
        {"label": _("Last month, %(n)s children") % {"n": grouped(sums.people_before)}, "value": sums.before},
        {"op": "+", "label": _("%(n)s new") % {"n": sums.joined}, "value": sums.added},
        {"op": "−", "label": _("%(n)s left") % {"n": sums.left}, "value": sums.removed},
        {
            "op": "−" if changed_minus else "+",
            "label": _("%(n)s changed") % {"n": sums.changed_people},
            "value": abs(sums.changed),
        },
        {"op": "+", "label": _("%(n)s arrears") % {"n": sums.arrears_lines}, "value": sums.arrears},
    ]
    if sums.held_lines:
        terms.append({"op": "−", "label": _("%(n)s held back") % {"n": sums.held_lines}, "value": sums.held})
    terms.append(
        {
            "op": "=",
            "label": _("This month, %(n)s children, yuan") % {"n": grouped(batch.child_count)},
            "value": sums.now,
            "sum": True,
        }
    )
    return [{"kind": "money"} | term for term in terms]


def difference_rows(differences: Iterable[Difference], names: dict[int, str]) -> list[dict[str, Any]]:
    """Rows of the table of differences with their reasons. One query for any number of rows."""
    shown = list(differences)
    keys = {line.pk for d in shown for line in (d.before, d.after) if line is not None}
    found = Payment.objects.filter(pk__in=keys).select_related("entitlement__application").defer("account")
    payments = {payment.pk: payment for payment in found}
    rows = []
    for difference in shown:
        before = payments.get(difference.before.pk) if difference.before else None
        after = payments.get(difference.after.pk) if difference.after else None
        payment = after or before
        if payment is None:
            continue
        entitlement = payment.entitlement
        decided = entitlement.application.decided_at if entitlement.application else None
        rows.append(
            {
                "kind": kind_label(difference.kind),
                "name": payment.child_name,
                "url": reverse("subsidies:payment", args=[payment.pk]),
                "pk": payment.pk,
                "place": names.get(township_of(payment.region_id), ""),
                "before": before.amount if before else None,
                "after": after.amount if after else None,
                "difference": difference.amount,
                "why": why(
                    difference.kind,
                    before,
                    after,
                    _ended(entitlement, before),
                    timezone.localdate(decided) if decided else None,
                ),
            }
        )
    return rows


def _ended(entitlement: Entitlement, before: Payment | None) -> dict[str, Any]:
    """Why there is no line any more; ``nothing`` when the entitlement goes on and only the amount fell to
    nothing.
    """
    last = entitlement.end_month
    goes_on = before is not None and (last is None or last > before.month)
    return {"end_month": last, "end_reason": entitlement.end_reason, "nothing": goes_on}


def township_rows(found: Comparison, names: dict[int, str], batch: PaymentBatch) -> list[dict[str, Any]]:
    """Totals per township, those with a difference first."""
    address = reverse("subsidies:batch_lines", args=[batch.pk])
    rows = [
        {
            "name": names.get(code, str(code)),
            "url": f"{address}?township={code}",
            "sums": sums,
        }
        for code, sums in found.townships.items()
    ]
    return sorted(rows, key=lambda row: row["sums"].difference == 0)


def place_names(codes: Iterable[int]) -> dict[int, str]:
    return dict(Region.objects.filter(pk__in=set(codes)).values_list("pk", "name"))


# --- exceptions ------------------------------------------------------------------------------------------


def issue_text(issue: BatchIssue) -> str:
    """What exactly was found."""
    detail = issue.detail
    if issue.kind == IssueKind.SHARED_ACCOUNT:
        return _("account ending %(tail)s: %(names)s") % {
            "tail": detail["tail"],
            "names": "、".join(detail["children"]),
        }
    if issue.kind == IssueKind.HOLDER_NOT_PAYEE:
        return _("holder %(holder)s") % {"holder": detail["holder"]}
    if issue.kind == IssueKind.OVERPAID:
        return _("%(months)s: %(amount)s yuan too much") % {
            "months": "、".join(detail["months"]),
            "amount": money(detail["amount"]),
        }
    if issue.kind == IssueKind.CHILD_LEFT:
        return _("left on %(day)s") % {"day": detail["date"]}
    if issue.kind == IssueKind.PAYEE_MISSING and detail.get("owed") not in (None, "0.00", "0"):
        return _("also owed from earlier months: %(amount)s") % {"amount": money(detail["owed"])}
    if issue.kind == IssueKind.ACCOUNT_REFUSED:
        return _("account ending %(tail)s") % {"tail": detail["tail"]}
    return ""


def issue_rows(batch: PaymentBatch, actor: Actor) -> list[dict[str, Any]]:
    """Exceptions with the clerk's note and what was done. One query."""
    issues = (
        BatchIssue.objects.filter(batch=batch).select_related("payment", "noted_by").order_by("kind", "pk")
    )
    may_note = actor.role == Role.CLERK and batch.state == BatchState.PREPARED
    rows = []
    for issue in issues:
        payment = issue.payment
        held = payment is not None and payment.state == PaymentState.HELD
        rows.append(
            {
                "issue": issue,
                "kind": issue.get_kind_display(),
                "name": issue.child_name,
                "text": issue_text(issue),
                "note": issue.note,
                "by": f"{issue.noted_by} {day(issue.noted_at)}" if issue.noted_by else "",
                "held": held,
                "open": not issue.note and not held,
                "discrepancies": issue.detail.get("discrepancies", []),
                "payment_url": reverse("subsidies:payment", args=[payment.pk]) if payment else "",
                "url": reverse("subsidies:batch_issue", args=[batch.pk, issue.pk]),
                "may_note": may_note,
                "may_hold": may_note and payment is not None and payment.state == PaymentState.PREPARED,
                "may_unhold": may_note and held and payment is not None and bool(payment.account_digest),
            }
        )
    return sorted(rows, key=lambda row: not row["open"])


# --- the page --------------------------------------------------------------------------------------------


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


def buttons(batch: PaymentBatch, actor: Actor, names: dict[str, str]) -> list[Any]:
    """The actor's steps with the amount in words, and the next step of somebody else, disabled with the
    name.
    """
    found: list[Any] = []
    for transition in batch.workflow.transitions:
        if transition.automatic or batch.state not in transition.sources:
            continue
        why_not = workflow.refusal(batch, transition, actor)
        if why_not is None:
            found.append(_button(transition, batch))
        elif transition.name in ("approve", "release") and (
            actor.role not in transition.roles or transition.name == "approve"
        ):
            found.append(
                disabled(transition, actor, why_not, names) | {"label": _button(transition, batch)["label"]}
            )
    if batch.state == BatchState.PREPARED and actor.role == Role.APPROVER:
        # The duty that comes after one's own is shown, with whose it is.
        found.append(disabled(batch.workflow.by_name["release"], actor, "", names))
    return found


def _button(transition: Transition, batch: PaymentBatch) -> dict[str, Any]:
    label = transition.label
    amount = {"n": grouped(batch.child_count), "amount": money(batch.total)}
    if transition.name == "approve":
        label = _("Approve %(n)s children, %(amount)s yuan") % amount
    elif transition.name == "release":
        label = _("Release %(n)s children, %(amount)s yuan") % amount
    return {
        "name": transition.name,
        "label": label,
        "icon": transition.icon,
        "needs_text": transition.needs_text,
        "primary": transition.name in ("approve", "release"),
        "prompt": _("What must be corrected?") if transition.needs_text else "",
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


def values(batch: PaymentBatch, actor: Actor, page_number: str | None) -> dict[str, Any]:
    """Everything the page shows."""
    names: dict[str, str] = {}
    if batch.state in (BatchState.PREPARED, BatchState.APPROVED):
        names = holders((Role.APPROVER, Role.RELEASER), batch.region_id, timezone.localdate())
    found = comparison(batch)
    places = place_names(found.townships)
    page = Paginator(found.differences, DIFFERENCES_SHOWN).get_page(page_number)
    issues = issue_rows(batch, actor)
    open_issues = sum(row["open"] for row in issues)
    sent = batch.state in (BatchState.RELEASED, BatchState.RECONCILED)
    return {
        "batch": batch,
        "note": _("Batch %(number)s · calculated by %(who)s %(when)s · standards and names are frozen")
        % {"number": batch.number, "who": batch.prepared_by, "when": moment(batch.prepared_at)},
        "steps": steps(batch, names, actor),
        "rule": rule_of_three(batch, actor, names),
        "buttons": buttons(batch, actor, names),
        "terms": bridge_terms(found.total, batch),
        "adds_up": found.total.adds_up
        and (found.total.now == batch.total or batch.state == BatchState.RETURNED),
        "sums": found.total,
        "difference_page": page,
        "differences": difference_rows(page, places),
        "difference_total": found.total.now + found.total.held - found.total.before,
        "townships": township_rows(found, places, batch),
        "issues": issues,
        "issue_note": _("all have a note or are held back")
        if not open_issues
        else ngettext("%(n)d waits for the clerk", "%(n)d wait for the clerk", open_issues)
        % {"n": open_issues},
        "hold_reasons": HoldReason.choices,
        "files": list(BankFile.objects.filter(batch=batch).select_related("file")) if sent else [],
        "results": list(BankResult.objects.filter(batch=batch).select_related("user", "file"))
        if sent
        else [],
        "may_download": actor.role == Role.RELEASER,
        "may_import": actor.role in (Role.RELEASER, Role.CLERK) and sent,
    }
