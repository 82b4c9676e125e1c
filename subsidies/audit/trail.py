"""Who did what for one payment, from the application to the money's way back: read from what was written then."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from subsidies.ledger.enums import Source
from subsidies.models import Application, BankFile, BankResult, Entitlement, Payment, Posting, Recovery

# What :func:`trail` reads of the payment itself, in the payment's own query.
JOINED = (
    "scheme", "entitlement__application__applied_by", "entitlement__application__verified_by",
    "entitlement__application__checked_by", "entitlement__application__decided_by", "entitlement__confirmed_by",
    "batch__prepared_by", "batch__approved_by", "batch__released_by", "batch__reconciled_by",
)  # fmt: skip


def application_of(entitlement: Entitlement) -> Application | None:
    """The application behind a right, also when the right continues an earlier one under other terms."""
    if entitlement.application is not None or entitlement.continues_id is None:
        return entitlement.application
    earlier = (
        Entitlement.objects.filter(
            child_id=entitlement.child_id, scheme_id=entitlement.scheme_id, application__isnull=False,
            start_month__lt=entitlement.start_month,
        )
        .select_related(*(f"application__{step}" for step in ("applied_by", "verified_by", "checked_by", "decided_by")))
        .order_by("-start_month", "-pk")
        .first()
    )  # fmt: skip
    return earlier.application if earlier else None


def trail(payment: Payment, siblings: list[Payment]) -> dict[str, Any]:
    """``people``, ``bank``, ``ledger``, ``others`` (other lines of the month), ``recoveries``. At most six queries.

    ``siblings``: the child's other lines under the scheme. The payment was read with JOINED.
    """
    return {
        "people": _people(payment),
        "bank": _bank(payment),
        "ledger": _ledger(payment),
        "others": [_other(payment, line) for line in siblings if _belongs(payment, line)],
        "recoveries": _recoveries(payment),
    }


def _people(payment: Payment) -> list[dict[str, Any]]:
    """Every step that somebody took, in the order of time: {title, text, at}."""
    batch, right = payment.batch, payment.entitlement
    steps: list[tuple[Any, Any, Any]] = []
    if application := application_of(right):
        steps += [
            (_("Applied"), application.applied_by, application.applied_at),
            (_("Verified"), application.verified_by, application.verified_at),
            (_("Checked"), application.checked_by, application.checked_at),
            (_("Confirmed"), application.decided_by, application.decided_at),
        ]
    else:
        steps.append(
            (_("Taken over from an earlier system, or confirmed"), right.confirmed_by, right.confirmed_at)
        )
    steps += [
        (_("Batch prepared"), batch.prepared_by, batch.prepared_at),
        (_("Batch approved"), batch.approved_by, batch.approved_at),
        (_("Batch released"), batch.released_by, batch.released_at),
        (_("Reconciled with the bank"), batch.reconciled_by, batch.reconciled_at),
    ]
    return [
        {"title": title, "text": who.name if who else "—", "at": at}
        for title, who, at in steps
        if who is not None or at is not None
    ]


def _bank(payment: Payment) -> list[dict[str, Any]]:
    sent = BankFile.objects.filter(batch_id=payment.batch_id).select_related("file").order_by("pk")
    answered = (
        BankResult.objects.filter(batch_id=payment.batch_id).select_related("file").order_by("at", "pk")
    )
    rows = [
        {
            "title": _("File sent to the bank"),
            "name": file.file.name,
            "sha256": file.file.sha256,
            "at": file.made_at,
        }
        for file in sent
    ]
    rows += [
        {"title": _("The bank's answer"), "name": result.file.name, "sha256": result.sha256, "at": result.at}
        for result in answered
    ]
    return rows


def _ledger(payment: Payment) -> list[dict[str, Any]]:
    """Entries of the batch with what moved, by source of funds."""
    gained = (
        Posting.objects.filter(entry__batch_id=payment.batch_id, amount__gt=0)
        .select_related("entry__user")
        .order_by("entry__at", "entry_id", "source")
    )
    entries: dict[int, dict[str, Any]] = {}
    for posting in gained:
        entry = entries.setdefault(posting.entry_id, {"entry": posting.entry, "total": 0, "sources": []})
        entry["total"] += posting.amount
        entry["sources"].append({"name": Source(posting.source).label, "yuan": posting.amount})
    return list(entries.values())


def _belongs(payment: Payment, line: Payment) -> bool:
    return line.pk != payment.pk and (
        line.month == payment.month or line.pk == payment.repays_id or line.repays_id == payment.pk
    )


def _other(payment: Payment, line: Payment) -> dict[str, Any]:
    if line.repays_id == payment.pk:
        title = _("Paid again by this line")
    elif payment.repays_id == line.pk:
        title = _("Pays again this failed line")
    else:
        title = str(line.get_kind_display())
    return {"title": title, "line": line}


def _recoveries(payment: Payment) -> list[Recovery]:
    """What is or was asked back of the same month, with what came back."""
    return list(
        Recovery.objects.filter(child_id=payment.child_id, scheme_id=payment.scheme_id, month=payment.month)
        .select_related("decided_by")
        .prefetch_related("parts__user")
        .order_by("pk")
    )
