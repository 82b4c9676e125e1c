"""What a child's file shows of money: rights with what is set off, payments, what is asked back, proofs of schooling."""

from __future__ import annotations

from django.db.models import Prefetch, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from cases.models import Child
from staff.access import roles
from staff.enums import Role
from staff.workflow import Actor
from subsidies.entitlements.departed import paid_elsewhere
from subsidies.enums import EntitlementState, PaymentKind, PaymentState
from subsidies.ledger.enums import RecoveryState
from subsidies.models import Application, Entitlement, Offset, Payment, Recovery
from subsidies.reckoning.months import month_of
from subsidies.reviews import school_proofs
from subsidies.reviews.cycles import Term
from subsidies.reviews.forms import term_name
from subsidies.reviews.school_views import ADDERS

READERS = (Role.DIRECTOR, Role.SUPERVISOR, Role.CLERK, Role.APPROVER, Role.LEADER)
PAYMENTS, RECOVERIES, PROOFS = 6, 12, 4


@require_GET
@roles(*READERS)
def child_panel(request: HttpRequest, pk: int) -> HttpResponse:
    """The panel, alone for htmx or as a page. What hangs on a file that was merged into this one is found through its
    entitlement."""
    child = get_object_or_404(Child.objects.only("pk", "region_id", "name", "left_date"), pk=pk)
    month = month_of(timezone.localdate())
    offsets = Offset.objects.filter(Q(end_month__isnull=True) | Q(end_month__gte=month))
    rights = list(
        Entitlement.objects.filter(child_id=pk)
        .select_related("scheme")
        .prefetch_related(Prefetch("offsets", offsets.order_by("start_month", "pk"), to_attr="set_off"))
        .order_by("-start_month", "-pk")
    )
    of_child = Q(child_id=pk) | Q(entitlement__child_id=pk)
    payments = list(
        Payment.objects.filter(of_child, cancelled=False)
        .select_related("scheme")
        .order_by("-month", "-pk")[:PAYMENTS]
    )
    recoveries = list(
        Recovery.objects.filter(of_child)
        .exclude(state=RecoveryState.DROPPED)
        .select_related("scheme")
        .order_by("-month", "-pk")[:RECOVERIES]
    )
    asked = list(
        Application.objects.filter(child_id=pk).select_related("scheme").order_by("-applied_at", "-pk")[:5]
    )
    role = Actor.current().role
    proofs = school_proofs.of_child(pk)[:PROOFS]
    may_apply = (
        role in (Role.DIRECTOR, Role.SUPERVISOR)
        and child.left_date is None
        and not any(right.state != EntitlementState.ENDED for right in rights)
        and not any(row.state not in ("confirmed", "refused", "withdrawn") for row in asked)
    )
    context = {
        "child": child,
        "entitlements": rights,
        "payments": payments,
        "applications": asked,
        "recoveries": recoveries,
        "proofs": [
            {"proof": proof, "term": term_name(Term(proof.school_year, proof.term))} for proof in proofs
        ],
        "may_apply": may_apply,
        "may_add_proof": role in ADDERS and (bool(rights) or bool(proofs)),
        "failed": [p for p in payments if p.state == PaymentState.FAILED],
        "arrears": PaymentKind.ARREARS,
        "elsewhere": paid_elsewhere(pk),
    }
    fragment = bool(request.headers.get("HX-Request"))
    return render(
        request, "subsidies/_child_panel.html" if fragment else "subsidies/child_panel.html", context
    )
