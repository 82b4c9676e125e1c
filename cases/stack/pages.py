"""What the pages of paper days show: plain values for the components."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cases.casework.selectors import people_for
from cases.children import selectors as register
from cases.models import Child, VisitStack
from cases.questions.choice import definition, stem
from cases.questions.definition import FIRST_FORM, Definition, FormRef
from cases.stack.forms import DayOnPaperForm, SheetForm
from cases.stack.selectors import Progress, due_by
from cases.visits.pages import last_visit
from cases.visits.pictures import MOST
from cases.workflows import REVIEW
from staff.workflow import Actor


def stack_item(stack: VisitStack) -> dict[str, Any]:
    """A row of the list of stacks."""
    entered: int = stack.entered  # type: ignore[attr-defined]
    return {
        "title": _("No. %(number)s · %(place)s") % {"number": stack.pk, "place": stack.region.short_name},
        "url": reverse("cases:stack", args=[stack.pk]),
        "lines": [
            f"{stack.day.isoformat()} · {form_name(stack)} · {stack.conducted_by}",
            _("%(done)d of %(total)d sheets are in")
            % {"done": entered, "total": max(len(stack.children), entered)},
        ],
        "note": _("Stack closed") if stack.closed_at else "",
    }


def list_actions() -> list[dict[str, Any]]:
    """What can be begun from the list of stacks."""
    return [
        {"label": _("Open a stack"), "url": reverse("cases:stack_add"), "icon": "keyboard"},
        {
            "label": _("Print blank forms"),
            "url": reverse("cases:blank_forms"),
            "icon": "printer",
            "primary": True,
        },
    ]


def form_name(stack: VisitStack) -> str:
    """The form of a stack by its name."""
    return str(definition(stack.form_code, stack.form_version).name)


def usual_form(sets: Sequence[Definition], fit: FormRef | None) -> str:
    """The form that is chosen at first: the child's own, else the ordinary one of the county."""
    ref = fit or next((one.ref for one in sets if FIRST_FORM.code in (one.code, stem(one.code))), sets[0].ref)
    return f"{ref.code}:{ref.version}"


def usual_visitor(visitors: Mapping[int, str], user_id: int) -> int | None:
    """Who is chosen at first: the only one besides oneself, else oneself."""
    others = [pk for pk in visitors if pk != user_id]
    return others[0] if len(others) == 1 and user_id in visitors and len(visitors) == 2 else user_id


def day_values(form: DayOnPaperForm, children: Sequence[Child], today: dt.date) -> dict[str, Any]:
    """The children as boxes to tick, with when they are due."""
    chosen = {str(pk) for pk in form["children"].value() or ()}
    return {
        "form": form,
        "boxes": [
            {
                "pk": child.pk,
                "name": child.name,
                "risk": child.risk,
                "note": last_visit(child),
                "date": child.next_visit_date,
                "chosen": str(child.pk) in chosen,
            }
            for child in children
        ],
        "due": len(due_by(list(children), today)),
    }


def stack_values(
    stack: VisitStack, progress: Progress, words: str, chosen: Sequence[Child], actor: Actor
) -> dict[str, Any]:
    """The page of a stack: how far, what is left by number and name, what is in."""
    done, total = len(progress.done), progress.total
    left = [
        {
            "number": number,
            "name": child.name,
            "url": reverse("cases:stack_sheet", args=[stack.pk, child.pk]),
        }
        for number, child in progress.left
    ]
    last = progress.done[0][1] if progress.done else None
    mine = last is not None and last.entered_by_id == actor.user_id and last.pk == stack.slip.get("visit")
    return {
        "stack": stack,
        "heading": _("Stack %(number)s · %(place)s")
        % {"number": stack.pk, "place": register.place_name(stack.region)},
        "note": f"{stack.day.isoformat()} · {form_name(stack)} · {stack.conducted_by}",
        "done": done,
        "total": total,
        "summary": _("%(done)d of %(total)d sheets are in") % {"done": done, "total": total},
        "left": left,
        "left_words": ngettext("%(n)d left", "%(n)d left", len(left)) % {"n": len(left)},
        "gone": progress.gone,
        "words": words,
        "found": [
            {
                "title": child.name,
                "url": reverse("cases:stack_sheet", args=[stack.pk, child.pk]),
                "level": child.risk,
                "lines": [last_visit(child)],
            }
            for child in chosen
        ],
        "next": next_number(progress),
        "entered": [
            {
                "title": f"{number} {visit.child.name}" if number else visit.child.name,
                "url": reverse("cases:visit", args=[visit.pk]),
                "level": visit.risk,
                "state": visit.state,
                "word": visit.get_state_display(),
            }
            for number, visit in progress.done
        ],
        "undo": last.child.name if mine and last is not None and not stack.closed_at else "",
        "nobody_reviews": not stack.closed_at and not other_reviewers(stack, actor),
    }


def next_number(progress: Progress) -> str:
    """The sheet that comes next: the first left after the one typed in last, or the first left."""
    last = progress.done[0][0] if progress.done else 0
    numbers = [number for number, _child in progress.left]
    after = [number for number in numbers if number > last]
    return str(next(iter(after or numbers), ""))


def other_reviewers(stack: VisitStack, actor: Actor) -> bool:
    """Whether somebody else than the one who types and the one who visited may review: they may not."""
    apart = {actor.user_id, stack.conducted_by_id}
    return any(
        one.role in REVIEW and one.user_id not in apart for one in people_for(stack.region_id, stack.day)
    )


def sheet_values(stack: VisitStack, child: Child, form: SheetForm) -> dict[str, Any]:
    """One sheet: its rows, where the cursor stands, and what is wrong."""
    numbers = {pk: number for number, pk in enumerate(stack.children, 1)}
    at_fault = form.first_fault()
    return {
        "stack": stack,
        "child": child,
        "form": form,
        "number": numbers.get(child.pk, ""),
        "note": f"{stack.day.isoformat()} · {form_name(stack)} · {stack.conducted_by}",
        "cursor": at_fault.name if at_fault else form.rows[0].name,
        "photo_most": MOST,
    }
