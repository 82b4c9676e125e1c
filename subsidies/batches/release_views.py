"""Releasing a batch: what will happen, the releaser's password, and the files for the bank."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from staff import workflow
from staff.access import roles
from staff.enums import Role
from staff.sign_in import SignInRefused, prove
from staff.workflow import Actor, TransitionRefused
from subsidies.bank import files as bank_files
from subsidies.bank.layouts import LayoutRefused, layouts_of
from subsidies.batches import services as batches
from subsidies.batches.forms import PasswordForm
from subsidies.batches.pages import funding_rows
from subsidies.batches.since import what_changed
from subsidies.batches.views import find_batch
from subsidies.models import PaymentBatch


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "POST"])
@roles(Role.RELEASER)
def batch_release(request: HttpRequest, pk: int) -> HttpResponse:
    """Totals by source, lines and files, and the password; then the money is released and the files are written."""
    found, actor, at = find_batch(pk), Actor.current(), timezone.now()
    form = PasswordForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            proof = prove(request, password=form.cleaned_data["password"], at=at)
            batches.release(actor=actor, at=at, batch=found, proof=proof)
        except SignInRefused as why:
            form.add_error("password", str(why))
        except TransitionRefused as why:
            messages.error(request, str(why))
            return redirect("subsidies:batch", pk=pk)
        else:
            job = bank_files.latest_job(found)
            return redirect("staff:job", pk=job.pk) if job else redirect("subsidies:batch", pk=pk)
    funding = [row for row in funding_rows(found, {}) if row["amount"]]
    context = {"batch": found, "form": form, "funding": funding, **_layouts(found)}
    refusal = workflow.refusal(found, found.workflow.by_name["release"], actor)
    context["refusal"] = refusal or what_changed(found, timezone.localdate(at))
    return render(request, "subsidies/batch_release.html", context)


def _layouts(batch: PaymentBatch) -> dict[str, Any]:
    """The files that will be written, or why none can be."""
    try:
        return {"layouts": layouts_of(batch.region_id)}
    except LayoutRefused as why:
        return {"layout_problems": why.problems}


@require_POST
@roles(Role.RELEASER)
def batch_files(request: HttpRequest, pk: int) -> HttpResponse:
    """Write the files again that could not be written, after the layout was corrected."""
    found = find_batch(pk)
    try:
        job = bank_files.write_again(actor=Actor.current(), at=timezone.now(), batch=found)
    except TransitionRefused as why:
        messages.error(request, str(why))
        return redirect(reverse("subsidies:batch", args=[pk]))
    return redirect("staff:job", pk=job.pk)
