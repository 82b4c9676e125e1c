"""Pages of the care allowance (it follows the living allowance) and of study grants by school year."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from cases import key_pages
from cases.enums import PrimaryCategory
from staff.access import roles
from staff.enums import Role
from staff.scope import current
from staff.templatetags.look import month
from staff.workflow import Actor, TransitionRefused
from subsidies.aid import following, study
from subsidies.aid.following import Follower
from subsidies.aid.pages import (
    EVERYONE,
    READERS,
    UNREAD,
    child_cell,
    column,
    counted,
    how_many,
    page_by_key,
    place_of,
    role,
    segment,
    show_list,
)
from subsidies.aid.study_rules import school_year_of
from subsidies.models import Scheme
from subsidies.terms.in_force import terms_of

SHOWS = ("missing", "waiting", "force", "left")


def _follower(request: HttpRequest) -> Follower | None:
    """The scheme that the address names, or the first that follows another in this county."""
    found = following.followers(current().ranges[0][0], timezone.localdate())
    wanted = request.POST.get("scheme") or request.GET.get("scheme", "")
    return next((one for one in found if one.scheme.code == wanted), next(iter(found), None))


@require_GET
@roles(*READERS)
def care_list(request: HttpRequest) -> HttpResponse:
    """Who lacks the allowance, who is proposed, who has it, and whose has nothing to follow any more."""
    follower = _follower(request)
    title = str(follower.scheme) if follower else _("Care allowance to guardians")
    if follower is None:
        text = _("This county has no scheme that follows another one. Switch one on among the schemes.")
        return show_list(request, title, empty_text=text)
    show = request.GET.get("show", "")
    show = show if show in SHOWS else "missing"
    lists: dict[str, QuerySet[Any]] = {
        "missing": following.missing(follower),
        "waiting": following.waiting(follower),
        "force": following.in_force(follower),
        "left": following.left_over(follower),
    }
    counts = {code: counted(found) for code, found in lists.items()}
    words = {
        "missing": _("Not proposed yet"),
        "waiting": _("To confirm"),
        "force": _("In force"),
        "left": _("To be ended"),
    }
    found = lists[show].select_related("child").defer(*(f"child__{name}" for name in UNREAD))
    after, address = request.GET.get("after", ""), f"?show={show}"
    rows, later = page_by_key(found, after, address)
    key_pages.name_places(rows)
    return show_list(
        request,
        title,
        note=_("Follows the %(scheme)s: proposed by the clerk, confirmed by the approver, ended together.")
        % {"scheme": following.follower_of(follower)},
        segments=[segment(word, code, show, counts[code]) for code, word in words.items()],
        columns=[
            column(_("Child"), "name"),
            column(_("Category")),
            column(_("Place")),
            column(_("First month")),
        ],
        rows=[{"cells": _cells(row, show)} for row in rows],
        later=later,
        first=address if after else "",
        summary=how_many(counts[show]),
        buttons=_buttons(counts, show),
        empty_text=_("Nobody is in this list."),
    )


def _cells(row: Any, show: str) -> list[Any]:
    if show == "waiting":
        name = (row.child.name, reverse("subsidies:application", args=[row.pk]))
        return [name, row.child.get_primary_category_display(), place_of(row), "—"]
    name = (row.child.name, reverse("subsidies:entitlement", args=[row.pk]))
    return [name, PrimaryCategory(row.category).label, place_of(row), month(row.start_month)]


def _buttons(counts: dict[str, int], show: str) -> list[dict[str, Any]]:
    """The step that the reader's post can take with what the list shows."""
    steps = {
        ("missing", Role.CLERK): ("propose", "send", _("Propose all"), _("The approver confirms them.")),
        ("waiting", Role.APPROVER): ("confirm", "check", _("Confirm all"), _("Paid from the next month.")),
        ("left", Role.APPROVER): ("end", "x", _("End all"), _("Nothing is left that they follow.")),
    }
    step = steps.get((show, Role(role())))
    if step is None or not counts[show]:
        return []
    name, icon, label, note = step
    return [{"name": name, "icon": icon, "label": label, "note": note, "url": reverse("subsidies:care_act")}]


@require_POST
@roles(Role.CLERK, Role.APPROVER)
def care_act(request: HttpRequest) -> HttpResponse:
    """Propose, confirm or end everybody of the list."""
    follower, actor, at = _follower(request), Actor.current(), timezone.now()
    acts = {
        "propose": (following.propose, "waiting"),
        "confirm": (following.confirm, "force"),
        "end": (following.end_left_over, "left"),
    }
    name = request.POST.get("action", "")
    if follower is None or name not in acts:
        return redirect("subsidies:care_list")
    act, show = acts[name]
    try:
        number = act(actor=actor, at=at, follower=follower)
        text = ngettext("%(number)s child", "%(number)s children", number) % {"number": number}
        messages.success(request, text)
    except TransitionRefused as why:
        messages.error(request, str(why))
    return redirect(reverse("subsidies:care_list") + f"?show={show}")


@require_GET
@roles(*EVERYONE)
def study_list(request: HttpRequest) -> HttpResponse:
    """政策找人: who could apply for a study grant this school year, and what still stands in the way."""
    today = timezone.localdate()
    schemes = [scheme for scheme in Scheme.objects.filter(is_active=True) if study.is_study(scheme)]
    wanted = request.GET.get("show", "")
    scheme = next((one for one in schemes if one.code == wanted), next(iter(schemes), None))
    year = school_year_of(today)
    title = _("Study grants")
    note = _("School year %(year)s–%(next)s") % {"year": year, "next": year + 1}
    if scheme is None:
        text = _("This county has no study grant in use. Switch one on among the schemes.")
        return show_list(request, title, note=note, empty_text=text)
    terms = terms_of(scheme, current().ranges[0][0], today)
    found = study.candidates(scheme, terms, today)
    after, address = request.GET.get("after", ""), f"?show={scheme.code}"
    children, later = page_by_key(found.defer(*UNREAD), after, address)
    key_pages.name_places(children)
    return show_list(
        request,
        title,
        note=note,
        segments=[segment(str(one), one.code, scheme.code) for one in schemes],
        columns=[
            *(column(_("Student"), "name"), column(_("Date of birth"), "date"), column(_("Place"))),
            *(
                column(_("School")),
                column(_("Own account")),
                column(_("Still lacking")),
                column(_("Next step")),
            ),
        ],
        rows=[{"cells": _student(one, scheme)} for one in study.judged(children, scheme, terms, today)],
        later=later,
        first=address if after else "",
        summary=how_many(counted(found)),
        empty_text=_("Nobody who could have the grant lacks it."),
    )


def _student(one: study.Candidate, scheme: Scheme) -> list[Any]:
    child = one.child
    account = reverse("cases:child_payee", args=[child.pk]) + f"?purpose={scheme.code}&relation=child"
    apply = reverse("subsidies:application_add") + f"?child={child.pk}&scheme={scheme.pk}"
    may_apply = not one.lacks and role() in (Role.DIRECTOR, Role.SUPERVISOR)
    return [
        *(child_cell(child), child.birth_date, place_of(child)),
        one.proof.school if one.proof else child.school_name or child.get_school_stage_display(),
        _("on record") if one.has_account else (_("to be added"), account),
        "；".join(str(lack.label) for lack in one.lacks) or "—",
        (_("Apply"), apply) if may_apply else "—",
    ]
