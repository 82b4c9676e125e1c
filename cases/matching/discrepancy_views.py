"""Pages of discrepancies: the list, one with its facts and remedies, and panels for other pages."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from cases.discrepancy_enums import Found
from cases.enums import Sex
from cases.matching import discrepancies as service
from cases.matching import selectors
from cases.matching.forms import DiscrepancyFilter, FoundForm, ReasonForm
from cases.matching.remedies import FIELD_LABELS, REMEDIES, remedies_for, remedy_label
from cases.models import Child, Discrepancy
from staff.access import roles
from staff.enums import Role
from staff.models import Region
from staff.workflow import Actor, TransitionRefused, available, history

READERS = (Role.DIRECTOR, Role.SUPERVISOR, Role.CLERK, Role.APPROVER, Role.LEADER)
PAGE = 30
State = Discrepancy.State


@require_GET
@roles(*READERS)
def discrepancies(request: HttpRequest) -> HttpResponse:
    """What is to be checked in the reader's area, what is due first on top."""
    region: Region = request.assignment.post.region  # type: ignore[attr-defined]
    state = request.GET.get("state", "")
    state = state if state in (*State.values, "all") else State.TO_CHECK
    form = DiscrepancyFilter(request.GET, townships=selectors.townships_of(region))
    wanted = form.cleaned_data if form.is_valid() else {}
    found = selectors.discrepancies(
        state=state,
        kind=wanted.get("kind", ""),
        list_kind=wanted.get("list_kind", ""),
        township=wanted.get("township"),
    )
    counts = selectors.discrepancy_counts()
    others = {k: v for k, v in request.GET.items() if k in ("kind", "list_kind", "township") and v}
    segments = [
        {
            "label": label,
            "url": "?" + urlencode({"state": value, **others}),
            "current": state == value,
            "count": counts.get(value) if value == State.TO_CHECK else None,
        }
        for value, label in [*State.choices, ("all", _("All"))]
    ]
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    rows = [{"it": d, "headline": selectors.headline(d.kind, d.list_kind), "who": _who(d)} for d in page]
    context = {
        "page": page,
        "rows": rows,
        "segments": segments,
        "form": form,
        "state": state,
        "counts": counts,
    }
    return render(request, "cases/discrepancies.html", context)


def _who(found: Discrepancy) -> str:
    return found.child.name if found.child else str(found.detail.get("row", {}).get("name", ""))


def _discrepancy(pk: int) -> Discrepancy:
    # The run belongs to the county: joining it would hide the row from the township.
    found: Discrepancy = get_object_or_404(
        Discrepancy.objects.select_related("child__region", "region__parent", "decided_by"), pk=pk
    )
    return found


@require_GET
@roles(*READERS)
def discrepancy(request: HttpRequest, pk: int) -> HttpResponse:
    """One discrepancy: its facts, what the township found, what the county decided or may decide."""
    return _page(request, _discrepancy(pk))


def _page(
    request: HttpRequest,
    found: Discrepancy,
    *,
    found_form: FoundForm | None = None,
    opened: str = "",
    remedy_form: Any = None,
    reason_form: ReasonForm | None = None,
    refused: str = "",
) -> HttpResponse:
    names = {t.name for t in available(found)}
    context = {
        "discrepancy": found,
        "headline": selectors.headline(found.kind, found.list_kind),
        "who": _who(found),
        "facts": facts_of(found),
        "row": row_of(found),
        "differences": differences_of(found),
        "timeline": timeline_of(found),
        "remedy": remedy_label(found.remedy) if found.remedy else "",
        "may_find": "find" in names,
        "may_decide": State.TRUE in names,
        "may_reopen": "reopen" in names,
        "found_form": found_form or FoundForm(),
        "choices": _choices(found, opened, remedy_form, reason_form) if State.TRUE in names else [],
        "refused": refused,
        "role": request.assignment.post.role,  # type: ignore[attr-defined]
    }
    return render(request, "cases/discrepancy.html", context, status=422 if refused or opened else 200)


def _choices(
    found: Discrepancy, opened: str, remedy_form: Any, reason_form: ReasonForm | None
) -> list[dict[str, Any]]:
    """What the clerk may decide: a remedy each for a true one, then untrue and cannot be checked."""
    choices: list[dict[str, Any]] = []
    for index, remedy in enumerate(remedies_for(found)):
        code = f"true:{remedy.code}"
        form = remedy.form(discrepancy=found, prefix=remedy.code) if remedy.form else None
        choices.append(
            {
                "code": code,
                "label": _("True: %(remedy)s") % {"remedy": remedy.label},
                "icon": remedy.icon,
                "note": remedy.note,
                "form": remedy_form if opened == code and remedy_form else form,
                "primary": index == 0,
            }
        )
    choices += [
        {
            "code": "untrue",
            "label": _("Untrue"),
            "icon": "x",
            "note": _("It is not raised again while the list says the same."),
            "key": "N",
        },
        {
            "code": "uncheckable",
            "label": _("Cannot be checked"),
            "icon": "circle-off",
            "note": _("It is raised again with the next list."),
            "key": "",
        },
    ]
    for choice in choices:
        choice["open"] = choice["code"] == opened
        choice["reason"] = (
            reason_form
            if choice["open"] and reason_form
            else ReasonForm(prefix=choice["code"].replace(":", "-"))
        )
    return choices


@require_POST
@roles(Role.SUPERVISOR)
def discrepancy_found(request: HttpRequest, pk: int) -> HttpResponse:
    """The township reports what it found."""
    found = _discrepancy(pk)
    form = FoundForm(request.POST)
    if form.is_valid():
        try:
            service.report_finding(
                discrepancy=found, actor=Actor.current(), at=timezone.now(), **form.cleaned_data
            )
        except TransitionRefused as error:
            return _page(request, found, found_form=form, refused=str(error))
        messages.success(request, _("Reported to the county."))
        return redirect("cases:discrepancy", pk)
    return _page(request, found, found_form=form, refused=_("Say what was found, and how."))


@require_POST
@roles(Role.CLERK)
def discrepancy_decide(request: HttpRequest, pk: int) -> HttpResponse:
    """The county decides; a true one with its remedy, in one transaction. ``action`` is true:<remedy>,
    untrue, …
    """
    found = _discrepancy(pk)
    action = request.POST.get("action", "")
    if action == "reopen":
        return _reopen(request, found)
    state, _colon, code = action.partition(":")
    if state not in (State.TRUE, State.UNTRUE, State.UNCHECKABLE):
        return _page(request, found, refused=_("Choose what was found."))
    reason = ReasonForm(request.POST, prefix=action.replace(":", "-"))
    remedy = REMEDIES.get(code)
    form = remedy.form(request.POST, discrepancy=found, prefix=code) if remedy and remedy.form else None
    if not reason.is_valid() or (form is not None and not form.is_valid()):
        return _page(request, found, opened=action, remedy_form=form, reason_form=reason)
    try:
        service.decide(
            discrepancy=found,
            state=state,
            remedy=code,
            data=form.cleaned_data if form else {},
            reason=reason.cleaned_data["reason"],
            actor=Actor.current(),
            at=timezone.now(),
        )
    except TransitionRefused as error:
        return _page(
            request, _discrepancy(pk), opened=action, remedy_form=form, reason_form=reason, refused=str(error)
        )
    messages.success(request, _("Decided."))
    return redirect("cases:discrepancy", pk)


def _reopen(request: HttpRequest, found: Discrepancy) -> HttpResponse:
    try:
        service.reopen(
            discrepancy=found, reason=request.POST.get("reason", ""), actor=Actor.current(), at=timezone.now()
        )
    except TransitionRefused as error:
        return _page(request, found, refused=str(error))
    return redirect("cases:discrepancy", found.pk)


# --- Panels ---------------------------------------------------------------------------------------------


@require_GET
@roles(*READERS)
def child_discrepancies(request: HttpRequest, pk: int) -> HttpResponse:
    """Fragment for the child's page."""
    child = get_object_or_404(Child.objects, pk=pk)
    found = Discrepancy.objects.filter(child=child).order_by("-due_date", "-pk")[:20]
    rows = [{"it": d, "headline": selectors.headline(d.kind, d.list_kind)} for d in found]
    return render(request, "cases/_discrepancies_child.html", {"rows": rows, "child": child})


# --- What the page shows --------------------------------------------------------------------------------


def facts_of(found: Discrepancy) -> list[dict[str, Any]]:
    """The figures of a discrepancy as labelled values."""
    detail = found.detail
    facts: list[dict[str, Any]] = [
        {"label": _("List"), "value": f"{found.get_list_kind_display()} {detail.get('period', '')}"},
        {"label": _("Place"), "value": _place(found.region)},
        {"label": _("Check by"), "value": found.due_date.isoformat(), "number": True},
    ]
    if detail.get("amount"):
        facts.append(
            {"label": _("Household's benefit, yuan a month"), "value": detail["amount"], "number": True}
        )
        facts.append(
            {"label": _("Persons of the household on the list"), "value": detail["people"], "number": True}
        )
        facts.append(
            {"label": _("The child's share, yuan a month"), "value": detail["share"], "number": True}
        )
    if "offset" in detail:
        facts.append(
            {
                "label": _("Set off at present, yuan a month"),
                "value": detail["offset"] or _("nothing"),
                "number": True,
            }
        )
    if detail.get("offset_since"):
        facts.append({"label": _("Set off since"), "value": detail["offset_since"], "number": True})
    if "last_month" in detail:
        facts.append(
            {"label": _("On last month's list"), "value": _("Yes") if detail["last_month"] else _("No")}
        )
    if detail.get("born"):
        facts.append({"label": _("Born"), "value": detail["born"], "number": True})
    return facts


def _place(region: Region) -> str:
    parent = region.parent.name if region.parent and region.level == "village" else ""
    return f"{parent} {region.short_name}".strip()


def row_of(found: Discrepancy) -> list[dict[str, Any]]:
    """The list row as sent, numbers masked; empty when the discrepancy is about an absence."""
    row = found.detail.get("row")
    if not row:
        return []
    place = " ".join(filter(None, [row["list"], row["sheet"], _("row %(line)s") % {"line": row["line"]}]))
    shown = [
        (_("Name"), row["name"]),
        (_("Identity number"), row["id"]),
        (_("Date of birth"), row["birth"]),
        (_("Sex"), row["sex"]),
        (_("Relation to head"), row["relation"]),
        (_("Head of household"), row["head"]),
        (_("Village"), row["village"]),
        (_("Category"), row["category"]),
        (_("Amount, yuan"), row["amount"]),
        (_("Since"), row["start"]),
        (_("File"), place),
    ]
    return [{"label": label, "value": value} for label, value in shown if value]


def differences_of(found: Discrepancy) -> list[dict[str, str]]:
    """Lines of the comparison of list and register."""
    lines = []
    for each in found.detail.get("differences", []):
        left, right = each["list"], each["register"]
        if each["field"] == "sex":
            left, right = (str(Sex(v).label) if v in Sex.values else v for v in (left, right))
        lines.append({"label": str(FIELD_LABELS[each["field"]]), "left": left, "right": right})
    return lines


def timeline_of(found: Discrepancy) -> list[dict[str, Any]]:
    """What was reported and decided, newest first."""
    events = []
    for record in history(found):
        label = str(found.workflow.by_name[record.name].label)
        if record.name == "find" and record.reason_code in Found.values:
            label = str(Found(record.reason_code).label)
        elif record.reason_code in REMEDIES:
            label = f"{label} · {REMEDIES[record.reason_code].label}"
        who = record.user.name if record.user else ""
        events.append(
            {
                "icon": found.workflow.by_name[record.name].icon or "check",
                "title": f"{label} · {who}" if who else label,
                "date": record.at,
                "text": record.reason,
                "hot": record.name != "find",
            }
        )
    return events[::-1]
