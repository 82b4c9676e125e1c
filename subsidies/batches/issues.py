"""The exceptions of a batch on its page: counts by kind, a page of them, what exactly was found, and whose note."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Case, Count, Q, QuerySet, Value, When
from django.urls import reverse
from django.utils.translation import gettext as _

from cases.enums import Placement, PrimaryCategory, Relation
from staff.enums import Role
from staff.templatetags.look import day, money
from staff.workflow import Actor
from subsidies.aid.enums import PayeeKind
from subsidies.enums import CORRECTIONS, BatchState, FailReason, IssueKind, OffsetKind, PaymentState
from subsidies.models import BatchIssue, PaymentBatch
from subsidies.reckoning.reasons import correction_reason

SHOWN = 50
# As approval sees it: a correction is confirmed or declined even when its line is held (subsidies.workflows).
OPEN = Q(note="") & (Q(payment__isnull=True) | ~Q(payment__state=PaymentState.HELD) | Q(kind__in=CORRECTIONS))


def kinds_of(batch: PaymentBatch) -> list[dict[str, Any]]:
    """Kinds of exceptions found, each with how many there are and how many wait for a note. One query."""
    rows = (
        BatchIssue.objects.filter(batch=batch)
        .order_by("kind")
        .values("kind")
        .annotate(count=Count("pk"), open=Count("pk", filter=OPEN))
    )
    return [{**row, "label": IssueKind(row["kind"]).label} for row in rows]


def page_of(batch: PaymentBatch, kind: str, number: str | None, *, total: int) -> Any:
    """A page of the exceptions, those that wait first; ``total`` is known from :func:`kinds_of`. One query."""
    issues: QuerySet[BatchIssue] = BatchIssue.objects.filter(batch=batch)
    if kind in IssueKind.values:
        issues = issues.filter(kind=kind)
    issues = (
        issues.select_related("payment", "noted_by")
        .defer("payment__account", "payment__identity_number", "payment__explanation")
        .order_by(Case(When(OPEN, then=Value(0)), default=Value(1)), "kind", "pk")
    )
    paginator = Paginator(issues, SHOWN)
    # Counted by kind already; a cached property of the paginator.
    paginator.count = total
    return paginator.get_page(number)


def rows_of(issues: Any, batch: PaymentBatch, actor: Actor) -> list[dict[str, Any]]:
    """Exceptions with the clerk's note and what was done. No query."""
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
                "text": text_of(issue),
                "note": issue.note,
                "by": f"{issue.noted_by} {day(issue.noted_at)}" if issue.noted_by else "",
                "held": held,
                "open": not issue.note and (not held or issue.kind in CORRECTIONS),
                "correction": issue.kind in CORRECTIONS,
                "discrepancies": issue.detail.get("discrepancies", []),
                "payment_url": reverse("subsidies:payment", args=[payment.pk]) if payment else "",
                "url": reverse("subsidies:batch_issue", args=[batch.pk, issue.pk]),
                "may_note": may_note,
                "may_hold": may_note and payment is not None and payment.state == PaymentState.PREPARED,
                "may_unhold": may_note and held and payment is not None and bool(payment.account_digest),
            }
        )
    return rows


def text_of(issue: BatchIssue) -> str:
    """What exactly was found."""
    detail = issue.detail
    words = _WORDS.get(IssueKind(issue.kind))
    return words(detail) if words else ""


def _shared(detail: dict[str, Any]) -> str:
    return _("%(n)s children: %(names)s") % {"n": detail["count"], "names": "、".join(detail["children"])}


def _holder(detail: dict[str, Any]) -> str:
    return _("holder %(holder)s") % {"holder": detail["holder"]}


def _payee_kind(detail: dict[str, Any]) -> str:
    return _("holder %(holder)s (%(relation)s); the scheme is paid to: %(payee)s") % {
        "holder": detail["holder"],
        "relation": Relation(detail["relation"]).label if detail["relation"] else "—",
        "payee": PayeeKind(detail["payee"]).label,
    }


def _dead(detail: dict[str, Any]) -> str:
    return _("%(holder)s, since %(day)s") % {"holder": detail["holder"], "day": detail["since"]}


def _range(detail: dict[str, Any]) -> str:
    return _("%(amount)s yuan; the scheme pays %(least)s to %(most)s") % {
        "amount": money(Decimal(detail["amount"])),
        "least": money(Decimal(detail["least"] or 0)),
        "most": money(Decimal(detail["most"])) if detail["most"] else "—",
    }


def _not_visited(detail: dict[str, Any]) -> str:
    return _("last visited on %(day)s, %(n)s days ago") % {"day": detail["since"], "n": detail["days"]}


def _overpaid(detail: dict[str, Any]) -> str:
    return _corrected(_("%(months)s: %(amount)s yuan too much"), detail)


def _arrears(detail: dict[str, Any]) -> str:
    return _corrected(_("%(months)s: %(amount)s yuan too little"), detail)


def _corrected(text: str, detail: dict[str, Any]) -> str:
    months, amount = "、".join(detail["months"]), money(Decimal(detail["amount"]))
    reason = correction_reason(detail.get("reason", ""), detail.get("was"), detail.get("now"))
    return "；".join(filter(None, (text % {"months": months, "amount": amount}, reason)))


def _left(detail: dict[str, Any]) -> str:
    return _("left on %(day)s") % {"day": detail["date"]}


def _missing(detail: dict[str, Any]) -> str:
    if not Decimal(detail.get("owed") or 0):
        return ""
    return _("also owed from earlier months: %(amount)s") % {"amount": money(Decimal(detail["owed"]))}


def _no_proof(detail: dict[str, Any]) -> str:
    return "、".join(detail.get("months", ()))


def _no_standard(detail: dict[str, Any]) -> str:
    words = {
        "category": PrimaryCategory(detail["category"]).label,
        "placement": Placement(detail["placement"]).label,
        "months": "、".join(detail["months"]),
    }
    if detail["why"] == "ambiguous":
        return (
            _(
                "%(category)s, %(placement)s, %(months)s: two standards apply. Have the table of standards corrected; "
                "the next batch pays what is owed."
            )
            % words
        )
    return (
        _(
            "%(category)s, %(placement)s, %(months)s: no standard is in force. Enter it; the next batch pays what is owed."
        )
        % words
    )


def _refused(detail: dict[str, Any]) -> str:
    return _("%(month)s: %(reason)s") % {
        "month": detail["month"],
        "reason": FailReason(detail["reason"]).label,
    }


def _conflict(detail: dict[str, Any]) -> str:
    benefits = "、".join(str(OffsetKind(kind).label) for kind in detail["benefits"])
    return _("%(benefits)s: not deducted, to be cancelled") % {"benefits": benefits}


_WORDS = {
    IssueKind.CONFLICT: _conflict,
    IssueKind.SHARED_ACCOUNT: _shared,
    IssueKind.HOLDER_NOT_PAYEE: _holder,
    IssueKind.ACCOUNT_CHECKSUM: _holder,
    IssueKind.PAYEE_KIND: _payee_kind,
    IssueKind.PAYEE_DEAD: _dead,
    IssueKind.AMOUNT_RANGE: _range,
    IssueKind.NOT_VISITED: _not_visited,
    IssueKind.OVERPAID: _overpaid,
    IssueKind.ARREARS: _arrears,
    IssueKind.CHILD_LEFT: _left,
    IssueKind.PAYEE_MISSING: _missing,
    IssueKind.NO_STANDARD: _no_standard,
    IssueKind.ACCOUNT_REFUSED: _refused,
    IssueKind.NO_PROOF: _no_proof,
}
