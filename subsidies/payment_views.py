"""One payment: how its amount came about, from what was frozen with it. A page, and the drawer beside a
batch.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from cases import identity
from cases.enums import Relation
from staff.access import roles
from staff.audit import log_access
from staff.enums import Role
from staff.models import Region
from staff.models.region import township_of
from staff.scope import current
from staff.templatetags.look import day, money, month
from subsidies.enums import PaymentKind
from subsidies.models import Payment
from subsidies.reasons import category_label, clause_of, lines_of, rate_text

READERS = (Role.DIRECTOR, Role.SUPERVISOR, Role.CLERK, Role.APPROVER, Role.RELEASER, Role.LEADER)
SEES_BATCH = frozenset({Role.CLERK, Role.APPROVER, Role.RELEASER, Role.LEADER})


@require_GET
@roles(*READERS)
def payment(request: HttpRequest, pk: int) -> HttpResponse:
    """The drawer of mock-up 07; with htmx only the drawer."""
    found = get_object_or_404(Payment.objects.select_related("scheme"), pk=pk)
    log_access(
        kind="read",
        child_id=found.child_id,
        region_id=found.region_id,
        subject="subsidies.payment",
        subject_id=pk,
    )
    context = values(found)
    fragment = bool(request.headers.get("HX-Request"))
    return render(request, "subsidies/_payment.html" if fragment else "subsidies/payment.html", context)


def values(found: Payment) -> dict[str, Any]:
    """The explanation for the component. Three queries: places, the line before, reveal needs none."""
    role = current().role
    explanation = found.explanation
    rate = explanation.get("rate", {})
    codes = {township_of(found.region_id), found.region_id, rate.get("region") or 0}
    places = dict(Region.objects.filter(pk__in=codes).values_list("pk", "name"))
    clause = clause_of(found)
    rows: list[dict[str, Any]] = [
        {"label": _("Standard used"), "value": rate_text(found, places.get(rate.get("region"), ""))},
    ]
    rows += [
        {"label": _("Where the benefit is known from"), "value": row["source"]}
        for row in explanation.get("offsets", ())
    ]
    earlier = (
        Payment.objects.filter(entitlement_id=found.entitlement_id, kind=PaymentKind.REGULAR, cancelled=False)
        .filter(Q(month__lt=found.month))
        .order_by("-month")
        .values_list("month", "amount")
        .first()
    )
    if earlier:
        rows.append(
            {"label": _("Month before"), "value": f"{month(earlier[0])} {money(earlier[1])}", "number": True}
        )
    relation = Relation(found.payee_relation).label if found.payee_relation else ""
    rows.append(
        {
            "label": _("Payee"),
            "value": f"{found.payee_name}（{relation}）{found.bank_name}" if found.payee_name else "—",
        }
    )
    if found.account_digest:
        rows.append(
            {
                "label": _("Account"),
                "masked": identity.mask_account(found.account),
                "value": "",
                "reveal": reverse("staff:reveal", args=["payment-account", found.pk])
                if role in (Role.CLERK, Role.RELEASER)
                else "",
                "person": found.payee_name,
            }
        )
    if found.paid_date:
        rows.append({"label": _("Paid on"), "value": day(found.paid_date), "number": True})
    if found.fail_reason:
        rows.append(
            {
                "label": _("Why it failed"),
                "value": " · ".join(filter(None, (found.get_fail_reason_display(), found.bank_message))),
            }
        )
    if found.hold_reason:
        rows.append({"label": _("Why it is held back"), "value": found.get_hold_reason_display()})
    if found.kind == PaymentKind.ARREARS:
        title = _("%(name)s · arrears of %(month)s") % {"name": found.child_name, "month": month(found.month)}
    else:
        title = f"{found.child_name} · {month(found.month)}"
    return {
        "payment": found,
        "title": title,
        "place": places.get(township_of(found.region_id), ""),
        "lines": lines_of(found),
        "clause": clause["text"],
        "cite": clause["source"],
        "rows": rows,
        "conflicts": explanation.get("conflicts", []),
        "category": category_label(found),
        "total_label": _("Due this month (yuan)")
        if found.kind == PaymentKind.REGULAR
        else _("Paid later (yuan)"),
        "batch_url": reverse("subsidies:batch", args=[found.batch_id]) if role in SEES_BATCH else "",
        "entitlement_url": reverse("subsidies:entitlement", args=[found.entitlement_id])
        if role != Role.RELEASER
        else "",
    }
