"""Failed lines of a batch: correct the payee, then pay them again."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from staff.access import roles
from staff.enums import Role
from staff.models.region import township_of
from staff.workflow import Actor, TransitionRefused
from subsidies.batches import repairs
from subsidies.batches.differences import place_names
from subsidies.batches.forms import RepairForm
from subsidies.batches.views import READERS, find_batch
from subsidies.duties import refuse_page
from subsidies.enums import BatchState
from subsidies.forms import number_or_zero
from subsidies.models import PaymentBatch

SHOWN = 50


@require_http_methods(["GET", "POST"])
@roles(*READERS)
def batch_repair(request: HttpRequest, pk: int) -> HttpResponse:
    """GET lists the failed lines and what was corrected; POST makes the batch that pays them again."""
    found, actor, at = find_batch(pk), Actor.current(), timezone.now()
    form = RepairForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        if actor.role != Role.CLERK:
            back = reverse("subsidies:batch", args=[pk])
            return refuse_page(request, _("Your post does not have this duty."), back)
        confirmed = [key for text in request.POST.getlist("line") if (key := number_or_zero(text))]
        if form.is_valid():
            try:
                note = form.cleaned_data["note"]
                made = repairs.repair(actor=actor, at=at, batch=found, confirmed=confirmed, note=note)
                return redirect("subsidies:batch", pk=made.pk)
            except TransitionRefused as why:
                messages.error(request, str(why))
    return render(request, "subsidies/batch_repair.html", _values(request, found, actor) | {"form": form})


def _values(request: HttpRequest, batch: PaymentBatch, actor: Actor) -> dict[str, Any]:
    page = Paginator(repairs.failed_lines(batch).defer("explanation"), SHOWN).get_page(
        request.GET.get("page")
    )
    lines = repairs.describe(list(page), batch.scheme.code, timezone.localdate())
    names = place_names({township_of(failed.payment.region_id) for failed in lines})
    rows = [
        {
            "failed": failed,
            "payment": failed.payment,
            "place": names.get(township_of(failed.payment.region_id), ""),
            "reason": repairs.reason_of(failed.payment),
            "tail": failed.payment.account[-4:],
            "payment_url": reverse("subsidies:payment", args=[failed.payment.pk]),
        }
        for failed in lines
    ]
    sent = batch.state in (BatchState.RELEASED, BatchState.RECONCILED)
    return {
        "batch": batch,
        "page": page,
        "rows": rows,
        "may_repair": actor.role == Role.CLERK and sent and any(failed.open for failed in lines),
        "sees_children": actor.role != Role.RELEASER,
    }
