"""Pages of the review: pair by pair, many alike at once, what waits for a second person, and how the rules fare."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST
from django.views.decorators.vary import vary_on_headers

from cases.matching.discrepancies.closing import close_if_settled
from cases.matching.review import bulk as bulk_review
from cases.matching.review import learned, learned_page
from cases.matching.review import queue as review_queue
from cases.matching.review import services as review
from cases.matching.review.forms import AlikeForm, ProposalForm, RuleForm
from cases.matching.runs.people import people_of
from cases.models import MatchCandidate, MatchRun
from cases.models.matching import MatchRole
from staff.access import roles
from staff.enums import Role
from staff.workflow import Actor, TransitionRefused

READERS = (Role.CLERK, Role.APPROVER, Role.LEADER)
SECONDS = (Role.CLERK, Role.APPROVER)
PAGE = 30
TICKABLE = 200


def _run(pk: int) -> MatchRun:
    found: MatchRun = get_object_or_404(MatchRun.objects.select_related("region"), pk=pk)
    return found


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def _told(pairs: list[MatchCandidate]) -> list[dict[str, Any]]:
    people = people_of(pairs)
    return [
        {"pair": pair, "person": people.get(pair.pk), "told": review_queue.tell(pair, people.get(pair.pk))}
        for pair in pairs
    ]


# --- Pair by pair -----------------------------------------------------------------------------------------


@require_GET
@roles(*READERS)
@vary_on_headers("HX-Request")
def candidates(request: HttpRequest, pk: int) -> HttpResponse:
    """Side by side: one row of a list and the person it may be. ``?state=`` chooses the queue, or lists what was
    decided."""
    found, state = _run(pk), request.GET.get("state", "")
    if state in review_queue.LISTS:
        decided = Paginator(review_queue.decided(found, state), PAGE).get_page(request.GET.get("page"))
        queues = review_queue.queues_of(found)
        context = {
            "run": found,
            "tabs": review_queue.tabs(found, state, queues),
            "page": decided,
            "lines": _told(list(decided.object_list)),
            "actor": Actor.current(),
            "may_write": Actor.current().role in review.DECIDERS,
        }
        return render(request, "cases/match_decided.html", context)
    row, pair = _number(request.GET.get("row", "")), _number(request.GET.get("candidate", ""))
    return _review(request, found, state, row=row, pair=pair)


def _review(request: HttpRequest, run: MatchRun, name: str, *, row: int = 0, pair: int = 0) -> HttpResponse:
    context = review_queue.page(run, name, row=row, pair=pair, actor=Actor.current())
    template = "cases/_match_review.html" if request.htmx else "cases/match_review.html"  # type: ignore[attr-defined]
    return render(request, template, context)


@require_POST
@roles(*SECONDS)
def candidate_decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Decide a pair (``action``: one of review.ACTS) and go on to the next row that waits. Asked by htmx, the answer is
    the next pair itself."""
    pair = get_object_or_404(MatchCandidate.objects.select_related("run__region"), pk=pk)
    action, name = request.POST.get("action", ""), request.POST.get("queue", "")
    at = timezone.now()
    if action not in review.ACTS:
        messages.error(request, _("Choose what is to be done."))
        return _go(request, pair.run, name, row=pair.list_row_id)
    try:
        decided = review.act(
            action, candidate=pair, actor=Actor.current(), at=at, seen=request.POST.get("seen", "")
        )
    except TransitionRefused as error:
        messages.error(request, str(error))
        return _go(request, pair.run, name, row=pair.list_row_id)
    if action == "undo":
        close_if_settled(pair.run, at=at)
        return _go(request, pair.run, name, row=pair.list_row_id)
    if decided.state == MatchCandidate.State.PROPOSED:
        messages.info(request, _("Proposed. Another person decides, because money follows."))
    return _after(request, pair.run, name, pair.list_row_id, _number(request.POST.get("next", "")))


def _after(request: HttpRequest, run: MatchRun, name: str, row: int, following: int) -> HttpResponse:
    """The same row while it waits, else the one after it; with the last one a worker closes the run."""
    queues = review_queue.queues_of(run)
    queue = queues.rows[name]
    if not queues.waiting and close_if_settled(run, at=timezone.now()):
        messages.success(
            request, _("Every pair is decided. The month is being closed: discrepancies are looked for.")
        )
    if queue:
        return _go(
            request, run, name, row=next((each for each in (row, following) if each in queue), queue[0])
        )
    if Actor.current().role not in review.DECIDERS:
        return _leave(request, reverse("cases:second_review"))
    if queues.first in ("", "second") and not queues.rows[""]:
        return _leave(request, reverse("cases:run", args=[run.pk]))
    return _go(request, run, queues.first)


def _go(request: HttpRequest, run: MatchRun, name: str, *, row: int = 0) -> HttpResponse:
    address = f"{reverse('cases:candidates', args=[run.pk])}?state={name}"
    address += f"&row={row}" if row else ""
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect(address)
    answer = _review(request, _run(run.pk), name, row=row)
    answer["HX-Replace-Url"] = address
    return answer


def _leave(request: HttpRequest, address: str) -> HttpResponse:
    """Nothing waits for this person here any more."""
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect(address)
    return HttpResponse(status=204, headers={"HX-Redirect": address})


@require_POST
@roles(*SECONDS)
def review_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back one's own last act in the run, a pair or a whole bulk, and show it again."""
    found = _run(pk)
    try:
        pairs = review.undo_last(run=found, actor=Actor.current())
    except TransitionRefused as error:
        messages.error(request, str(error))
        return _go(request, found, request.POST.get("queue", ""))
    if not pairs:
        messages.info(request, _("There is nothing of yours to take back."))
        return _go(request, found, request.POST.get("queue", ""))
    close_if_settled(found, at=timezone.now())
    rows = len({pair.list_row_id for pair in pairs})
    text = ngettext("%(n)d row is open again.", "%(n)d rows are open again.", rows)
    messages.info(request, text % {"n": rows})
    name = next((name for name, state in review_queue.QUEUES.items() if state == pairs[0].state), "")
    return _go(request, found, name, row=pairs[0].list_row_id)


# --- Many at once -----------------------------------------------------------------------------------------


@require_GET
@roles(*READERS)
def alike(request: HttpRequest, pk: int) -> HttpResponse:
    """The groups of pairs with the same rule and reasons."""
    found = _run(pk)
    groups = bulk_review.groups(found)
    told = {line["pair"].pk: line for line in _told([pair for group in groups for pair in group.pairs])}
    context = {
        "run": found,
        "groups": [
            {
                "group": group,
                "role": MatchRole(group.role).label,
                "rule": told[group.pairs[0].pk]["told"].rule,
                "lines": [told[pair.pk] for pair in group.pairs],
            }
            for group in groups
        ],
    }
    return render(request, "cases/match_alike.html", context)


@roles(*READERS)
def alike_group(request: HttpRequest, pk: int, role: str, group: str) -> HttpResponse:
    """The pairs of one group: decide all, or the ticked ones, for one reason."""
    found, actor = _run(pk), Actor.current()
    may_write = actor.role in review.DECIDERS
    if request.method == "POST" and not may_write:
        raise PermissionDenied
    pairs = bulk_review.pairs_alike(found, group, role)
    form = AlikeForm(request.POST or None, pairs=[pair.pk for pair in pairs])
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            outcome = bulk_review.decide_alike(
                run=found,
                alike=group,
                role=role,
                same=data["same"],
                reason=data["reason"],
                shown=data["shown"],
                ticked=data["ticked"] if data["which"] == "ticked" else None,
                actor=actor,
                at=timezone.now(),
            )
        except TransitionRefused as error:
            messages.error(request, str(error))
            return redirect("cases:alike_group", pk, role, group)
        _say_outcome(request, outcome)
        close_if_settled(found, at=timezone.now())
        return redirect("cases:alike", pk)
    context = {
        "run": found,
        "lines": _told(pairs[:TICKABLE]),
        "number": len(pairs),
        "hidden": max(0, len(pairs) - TICKABLE),
        "seal": bulk_review.seal(pairs),
        "form": form,
        "may_write": may_write,
    }
    return render(request, "cases/match_alike_group.html", context)


def _say_outcome(request: HttpRequest, outcome: bulk_review.Outcome) -> None:
    if outcome.settled:
        text = ngettext("%(n)d pair is decided.", "%(n)d pairs are decided.", outcome.settled)
        messages.success(request, text % {"n": outcome.settled})
    if outcome.proposed:
        text = ngettext(
            "%(n)d pair waits for a second person.", "%(n)d pairs wait for a second person.", outcome.proposed
        )
        messages.info(request, text % {"n": outcome.proposed})


# --- A second person --------------------------------------------------------------------------------------


@require_GET
@roles(*READERS)
def second_review(request: HttpRequest) -> HttpResponse:
    """What waits for a second person in the county, by who proposed it and when."""
    region, actor = request.assignment.post.region, Actor.current()  # type: ignore[attr-defined]
    proposed = bulk_review.proposals(region.lo, region.hi)
    told = {line["pair"].pk: line for line in _told([pair for each in proposed for pair in each.pairs])}
    entries = [
        {
            "proposal": each,
            "lines": [told[pair.pk] for pair in each.pairs],
            "own": each.by == actor.user_id,
            "rest": each.number - len(each.pairs),
        }
        for each in proposed
    ]
    context = {"entries": entries, "may_second": actor.role in review.SECONDS}
    return render(request, "cases/match_second.html", context)


@require_POST
@roles(*SECONDS)
def second_agree(request: HttpRequest, pk: int) -> HttpResponse:
    """Agree with all that one person proposed in one go."""
    found = _run(pk)
    form = ProposalForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose what is to be done."))
        return redirect("cases:second_review")
    at = timezone.now()
    try:
        number = bulk_review.second_proposal(
            run=found,
            by=form.cleaned_data["by"],
            proposed_at=form.cleaned_data["at"],
            shown=form.cleaned_data["shown"],
            actor=Actor.current(),
            at=at,
        )
    except TransitionRefused as error:
        messages.error(request, str(error))
    else:
        _say_outcome(request, bulk_review.Outcome(number, 0))
        close_if_settled(found, at=at)
    return redirect("cases:second_review")


# --- Rules ------------------------------------------------------------------------------------------------


@require_GET
@roles(*READERS)
def match_rules(request: HttpRequest) -> HttpResponse:
    """How often each rule was right in the county, and which rules a person decides because of it."""
    region, actor = request.assignment.post.region, Actor.current()  # type: ignore[attr-defined]
    context = learned_page.page(region, timezone.localdate())
    context |= {"may_write": actor.role in review.SECONDS, "form": RuleForm()}
    return render(request, "cases/match_rules.html", context)


@require_POST
@roles(*SECONDS)
def match_rule(request: HttpRequest, rule: str) -> HttpResponse:
    """A person's word on whether a rule goes without a person."""
    form = RuleForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Write the reason in words."))
        return redirect("cases:match_rules")
    try:
        learned.decide_rule(
            rule=rule,
            automatic=form.cleaned_data["automatic"],
            reason=form.cleaned_data["reason"],
            region=request.assignment.post.region,  # type: ignore[attr-defined]
            actor=Actor.current(),
            at=timezone.now(),
        )
    except TransitionRefused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Noted. It holds from the next run on."))
    return redirect("cases:match_rules")
