"""Pages of bulk actions: what is asked for, what will change child by child, and what came of it."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.bulk import services as bulk
from cases.bulk.acts import ACTS
from cases.children import listing as child_list
from cases.children.filters import Filters
from cases.children.list_views import filter_form
from cases.children.views import DECIDERS, show_errors
from staff.access import roles
from staff.models import Job

TOLD = 20  # refused children named on the result of a small action


@roles(*DECIDERS)
def bulk_change(request: HttpRequest) -> HttpResponse:
    """Choose, preview, confirm: three sendings of one form. Only POST carries a selection.

    ``query`` is the list that was shown, ``all`` takes all of it, else ``child``. ``seal-<id>`` repeats what the
    preview showed; with ``confirm`` it is done.
    """
    at = timezone.now()
    today = timezone.localdate(at)
    query = QueryDict(request.POST.get("query", ""))
    filters: Filters = filter_form(query, today).filters()
    back = reverse("cases:children") + filters.address()
    act = ACTS.get(request.POST.get("act", ""))
    everything = "all" in request.POST
    ids = [int(pk) for pk in request.POST.getlist("child") if pk.isdecimal()]
    try:
        children = bulk.chosen(ids, filters if everything and not ids else None, today)
    except ValidationError as error:
        messages.warning(request, " ".join(error.messages))
        return redirect(back)
    if act is None or not children:
        messages.warning(request, _("Select at least one child."))
        return redirect(back)
    asked = "step" in request.POST
    form = act.form(request.POST if asked else None, initial={"day": today})
    lines = []
    if asked and form.is_valid():
        data = form.cleaned_data
        lines = bulk.preview(act, children, data, today)
        # What was asked for after the preview is shown before it is done.
        if "confirm" in request.POST and request.POST.get("asked") == bulk.asked(act, data):
            seen = {c.pk: request.POST[f"seal-{c.pk}"] for c in children if f"seal-{c.pk}" in request.POST}
            try:
                if len(seen) > bulk.AT_ONCE:
                    job = bulk.start(act, data, seen, at=at)
                    job.done_url = reverse("cases:bulk_done", args=[job.pk])
                    job.save(update_fields=["done_url"])
                    return redirect("staff:job", job.pk)
                outcome = bulk.perform(act, data, seen, at=at)
            except ValidationError as error:
                show_errors({"": form}, error)
            else:
                _tell(request, outcome)
                return redirect(back)
    child_list.name_places(children)
    context = {
        "act": act,
        "form": form,
        "children": children,
        "lines": [line_and_seal for line_and_seal in lines if not line_and_seal[0].refused],
        "refused": [line for line, _seal in lines if line.refused],
        "shown": bool(lines),
        "asked": bulk.asked(act, form.cleaned_data) if lines else "",
        "query": filters.address().removeprefix("?"),
        "back": back,
    }
    return render(request, "cases/bulk.html", context)


def _tell(request: HttpRequest, outcome: bulk.Outcome) -> None:
    if outcome.done:
        messages.success(request, _("%(count)d children were changed.") % {"count": outcome.done})
    if outcome.refused:
        named = "；".join(f"{name}（{why}）" if name else why for name, why in outcome.named()[:TOLD])
        messages.warning(
            request,
            _("%(count)d were left as they are: %(named)s") % {"count": len(outcome.refused), "named": named},
        )


@roles(*DECIDERS)
def bulk_done(request: HttpRequest, job: uuid.UUID) -> HttpResponse:
    """What came of a large action: how many were changed, and who was not, with the reason."""
    found = get_object_or_404(Job.objects.filter(kind=bulk.KIND, state=Job.State.DONE), pk=job)
    act = ACTS[found.arguments["act"]]
    outcome = bulk.Outcome(found.result["done"], [(pk, why) for pk, why in found.result["refused"]])
    return render(
        request,
        "cases/bulk_done.html",
        {"act": act, "done": outcome.done, "refused": outcome.named(), "job": found},
    )
