"""Money on paper: the part of a child's file, and the lines of a batch."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.child_paper import Dossier, joined, names, paper_part
from cases.enums import Placement, PrimaryCategory
from staff.paper import Section, Table
from subsidies.models import Application, Entitlement, Payment

PAYMENTS_SHOWN = 60  # five years of months


@paper_part("subsidies", gettext_lazy("Subsidies"), order=140)
def subsidies(dossier: Dossier) -> list[Section]:
    """Applications, entitlements, and the payments of five years with their accounts masked."""
    pk, blocks = dossier.child.pk, []
    rights = [
        (
            row.scheme,
            PrimaryCategory(row.category).label,
            Placement(row.placement).label,
            f"{row.start_month:%Y-%m}",
            f"{row.end_month:%Y-%m}" if row.end_month else "",
            joined(row.get_state_display(), row.get_end_reason_display()),
            joined(row.confirmed_by, f"{row.confirmed_at:%Y-%m-%d}"),
        )
        for row in Entitlement.objects.filter(child_id=pk)
        .select_related("scheme", "confirmed_by")
        .order_by("-start_month", "-pk")
    ]
    if rights:
        heads = names(Entitlement, "category", "placement", "start_month", "end_month", "state")
        blocks.append(Table([_("Scheme"), *heads, _("Confirmed")], rights))
    asked = [
        (row.scheme, row.applied_at, row.get_state_display(), row.decided_at)
        for row in Application.objects.filter(child_id=pk)
        .select_related("scheme")
        .order_by("-applied_at", "-pk")
    ]
    if asked:
        blocks.append(Table(names(Application, "scheme", "applied_at", "state", "decided_at"), asked))
    paid = [
        (
            f"{row.month:%Y-%m}",
            row.get_kind_display(),
            row.amount,
            row.payee_name,
            row.bank_name,
            row.get_state_display(),
            row.paid_date,
        )
        for row in Payment.objects.filter(child_id=pk, cancelled=False).order_by("-month", "-pk")[
            :PAYMENTS_SHOWN
        ]
    ]
    if paid:
        heads = [*names(Payment, "month", "kind", "amount"), _("Payee"), _("Bank"), *names(Payment, "state")]
        blocks.append(Table([*heads, _("Paid on")], paid))
    return [Section(_("Subsidies"), blocks)]
