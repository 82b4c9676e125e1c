"""One payment: how its amount came about, from what was frozen with it. A page, and the drawer beside a
batch.
"""

from __future__ import annotations

from typing import Any

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
from subsidies.audit import trail as payment_trail
from subsidies.enums import PaymentKind
from subsidies.models import Payment
from subsidies.reckoning.reasons import category_label, clause_of, lines_of, rate_text

READERS = (
    Role.DIRECTOR, Role.SUPERVISOR, Role.CLERK, Role.APPROVER, Role.RELEASER, Role.LEADER, Role.AUDITOR,
)  # fmt: skip
SEES_BATCH = frozenset({Role.CLERK, Role.APPROVER, Role.RELEASER, Role.LEADER})
SEES_RIGHT = frozenset(READERS) - {Role.RELEASER, Role.AUDITOR}
SEES_TRAIL = frozenset({Role.CLERK, Role.APPROVER, Role.LEADER, Role.AUDITOR})
# Who tells the family (subsidies.reports.notices).
TELLERS = frozenset({Role.DIRECTOR, Role.SUPERVISOR, Role.CLERK})
LINES_READ = 60  # five years of months


@require_GET
@roles(*READERS)
def payment(request: HttpRequest, pk: int) -> HttpResponse:
    """The drawer of mock-up 07; with htmx only the drawer."""
    # The batch is the county's: joined, it would hide the payment from the village and the township.
    joined = payment_trail.JOINED if current().role in SEES_BATCH | SEES_TRAIL else ("scheme", "entitlement")
    found = get_object_or_404(Payment.objects.select_related(*joined), pk=pk)
    log_access(
        kind="read",
        child_id=found.child_id,
        region_id=found.region_id,
        subject="subsidies.payment",
        subject_id=pk,
    )
    siblings = list(
        Payment.objects.filter(child_id=found.child_id, scheme_id=found.scheme_id, cancelled=False)
        .defer("account", "explanation")
        .order_by("-month", "sequence")[:LINES_READ]
    )
    context = values(found, siblings)
    fragment = bool(request.headers.get("HX-Request"))
    if current().role in SEES_TRAIL and not fragment:
        context["trail"] = payment_trail.trail(found, siblings)
        context["evidence_url"] = reverse("subsidies:payment_evidence", args=[pk])
    if current().role in TELLERS and found.paid_date:
        context["notice_url"] = reverse("subsidies:payment_notice", args=[pk])
    return render(request, "subsidies/_payment.html" if fragment else "subsidies/payment.html", context)


def values(found: Payment, siblings: list[Payment]) -> dict[str, Any]:
    """The explanation for the component. One query, for places. ``siblings``: the child's lines, the latest month first."""
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
    earlier = next(
        (
            line
            for line in siblings
            if line.kind == PaymentKind.REGULAR
            and line.entitlement_id == found.entitlement_id
            and line.month < found.month
        ),
        None,
    )
    if earlier:
        rows.append(
            {
                "label": _("Month before"),
                "value": f"{month(earlier.month)} {money(earlier.amount)}",
                "number": True,
            }
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
        "audit_url": f"{reverse('subsidies:audit_lines')}?month={month(found.batch.month)}&scheme={found.scheme_id}"
        if role == Role.AUDITOR
        else "",
        "entitlement_url": reverse("subsidies:entitlement", args=[found.entitlement_id])
        if role in SEES_RIGHT
        else "",
    }
