"""Pages about two files of one child: the warning while typing, the list of pairs, merging field by field, undoing."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from cases import identity
from cases.children import selectors
from cases.children.sections import reveal
from cases.children.views import DECIDERS, EDITORS, posted, show_errors, to_kept_file, twins_context
from cases.duplicates import merging
from cases.duplicates import services as duplicates
from cases.duplicates.forms import MergeForm, PartForm, UndoForm
from cases.duplicates.pages import decision_rows, merge_context, pair_rows, segments_of, undo_context
from cases.duplicates.twins import Facts, Why, twins_of
from cases.models import Child, ChildMerge, NotSameChild
from cases.refusals import RegisterRefused
from staff.access import roles


@require_POST
@roles(*EDITORS)
def child_twins(request: HttpRequest) -> HttpResponse:
    """The fragment under a half-filled form of a child: who this may be. Sent by POST, so that no address holds a
    number. ``child`` is the file being changed, if one is."""
    asked = request.POST
    changed = (
        get_object_or_404(Child.objects, pk=asked["child"]) if asked.get("child", "").isdecimal() else None
    )
    # The village may be chosen last; any place of the county will do, so that of one's post stands in.
    place = changed.region_id if changed else asked.get("region") or request.assignment.post.region_id  # type: ignore[attr-defined]
    facts = Facts(
        asked.get("name", "")[:60],
        _birth_date(asked.get("birth_date", ""), asked.get("id_number", "")),
        asked.get("id_number", "")[:24],
        int(place) if str(place).isdecimal() else None,
    )
    found = twins_of(facts, but=changed.pk if changed else 0)
    return render(request, "cases/_child_twins.html", twins_context(found))


def _birth_date(text: str, number: str) -> dt.date | None:
    """The date as typed, else the one in a valid identity number."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None if identity.problem_of(number) else identity.parse(number).birth_date


# --- The list --------------------------------------------------------------------------------------------


@require_GET
@roles(*DECIDERS)
def duplicate_list(request: HttpRequest) -> HttpResponse:
    """Pairs that may be one child, by kind; or what was decided: ``show=parted`` and ``show=merged``."""
    show, kind = request.GET.get("show", ""), request.GET.get("kind", "")
    context: dict[str, Any] = {
        "segments": segments_of(show, kind),
        "show": show,
        "counted": duplicates.COUNTED,
    }
    before = request.GET.get("before", "")
    older = int(before) if before.isdecimal() else None
    if show == "parted":
        context |= decision_rows(duplicates.partings(older), show)
    elif show == "merged":
        context |= decision_rows(duplicates.merges(older), show)
    else:
        chosen = Why(kind) if kind in Why.values else None
        page = duplicates.find_pairs(duplicates.Key.read(request.GET.get("after", "")), chosen)
        context |= {"rows": pair_rows(page.pairs), "count": page.count, "first": "after" not in request.GET}
        if page.later:
            context["later"] = f"?kind={kind}&after={page.later}" if kind else f"?after={page.later}"
    return render(request, "cases/duplicates.html", context)


@require_POST
@roles(*DECIDERS)
def part(request: HttpRequest, a: int, b: int) -> HttpResponse:
    """These two are not the same child."""
    one, other = (get_object_or_404(Child.objects, pk=pk) for pk in (a, b))
    form = PartForm(request.POST)
    try:
        reason = form.cleaned_data["reason"] if form.is_valid() else ""
        duplicates.part_children(one, other, reason=reason, at=timezone.now())
        messages.success(
            request,
            _("%(one)s and %(other)s are two children; they are not proposed again.")
            % {"one": f"{one.name} {one.number}", "other": f"{other.name} {other.number}"},
        )
    except RegisterRefused as refusal:
        messages.error(request, str(refusal))
    return redirect("cases:duplicates")


@require_POST
@roles(*DECIDERS)
def part_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """They may be the same child after all."""
    duplicates.take_back_parting(get_object_or_404(NotSameChild.objects, pk=pk), at=timezone.now())
    messages.success(request, _("The two files may be proposed again."))
    return redirect(f"{reverse('cases:duplicates')}?show=parted")


# --- Merging ---------------------------------------------------------------------------------------------


@roles(*DECIDERS)
def merge(request: HttpRequest, a: int, b: int) -> HttpResponse:
    """File ``b`` becomes part of file ``a``: field by field, with what moves and what stands against it."""
    kept, merged = (get_object_or_404(selectors.child_file(), pk=pk) for pk in (a, b))
    if selectors.is_limited(kept) or selectors.is_limited(merged) or a == b:
        raise Http404
    if gone := next((child for child in (kept, merged) if child.merged_into_id), None):
        return to_kept_file(request, gone)
    form = MergeForm(posted(request), kept=kept, merged=merged)
    if request.method == "POST" and form.is_valid():
        try:
            merging.merge_children(
                kept, merged, form.choices(), reason=form.cleaned_data["reason"], at=timezone.now()
            )
            messages.success(
                request,
                _(
                    "File %(number)s is now part of this one. The merge can be undone: Possible duplicates, Merged."
                )
                % {"number": merged.number},
            )
            return redirect("cases:child", kept.pk)
        except (ValidationError, RegisterRefused) as error:
            show_errors({"": form}, error)
    else:
        for child in (kept, merged):
            selectors.note_reading(child)
    return render(request, "cases/merge.html", merge_context(form, kept, merged, reveal))


@roles(*DECIDERS)
def merge_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Two files again."""
    done = get_object_or_404(
        ChildMerge.objects.select_related("kept__region", "merged", "user"), pk=pk, undone_at__isnull=True
    )
    form = UndoForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            undone = merging.undo_merge(done, reason=form.cleaned_data["reason"], at=timezone.now())
            messages.success(request, _("The two files are apart again."))
            if undone.edited:
                messages.warning(
                    request,
                    _("Changed since the merge and therefore left as it is: %(what)s.")
                    % {"what": ", ".join(undone.edited)},
                )
            return redirect("cases:child", done.merged_id)
        except (ValidationError, RegisterRefused) as error:
            show_errors({"": form}, error)
    return render(request, "cases/merge_undo.html", undo_context(form, done))
