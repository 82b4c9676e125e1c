"""Pages of late visits: the list by level, and one with what can be done about it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from cases.children.forms import DayField, optional
from cases.children.views import READERS, posted, show_errors
from cases.field.enums import LateAct
from cases.free_text import FreeText
from cases.late import selectors, services
from cases.late.selectors import ABOVE, Lateness
from cases.models import Child, LateStep
from cases.refusals import RegisterRefused
from cases.visits.enums import OverdueLevel
from cases.visits.pages import last_visit, place
from cases.visits.selectors import intervals_for
from staff.access import roles
from staff.audit import log_access
from staff.enums import Role
from staff.models import AccessLog
from staff.scope import current
from staff.templatetags.look import day, moment

PAGE = 50


class LateForm(forms.Form):
    """What is done about a late visit; ``visitors`` are pairs of account id and name."""

    act = forms.ChoiceField(
        label=gettext_lazy("What to do"),
        choices=LateAct.choices,
        widget=forms.RadioSelect(attrs={"class": "cw-choices cw-choices-1"}),
    )
    visitor = forms.TypedChoiceField(
        label=gettext_lazy("Who visits"),
        coerce=int,
        empty_value=None,
        required=False,
        help_text=gettext_lazy("Somebody from another village sees the file until the visit is reviewed."),
    )
    day = DayField(label=gettext_lazy("By when"), required=False)
    words = FreeText(
        label=gettext_lazy("Reason, in words"), max_length=300, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: Any, visitors: list[tuple[int, str]], goes: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["visitor"].choices = optional([(str(pk), name) for pk, name in visitors], _("Choose"))  # type: ignore[attr-defined]
        if not goes:
            chosen = [(code, label) for code, label in LateAct.choices if code != LateAct.SELF]
            self.fields["act"].choices = chosen  # type: ignore[attr-defined]


def who_acts(stands: Lateness) -> str:
    """ "Supervisor since 10-21": whose turn it is, and since when."""
    who = {
        OverdueLevel.DIRECTOR: _("Director"),
        OverdueLevel.SUPERVISOR: _("Supervisor"),
        OverdueLevel.COUNTY: _("County"),
    }.get(stands.level, "")
    words = _("%(who)s, since %(day)s") % {"who": who, "day": day(stands.since)}
    return words + (" · " + _("no director") if stands.vacant else "")


def step_words(step: LateStep) -> str:
    """What was done, in one line."""
    done = (
        f"{step.get_act_display()} · {step.visitor}" if step.act == LateAct.ASSIGN else step.get_act_display()
    )
    return f"{moment(step.taken_at)} {step.taken_by or ''} · {done}: {step.words}"


def _default(role: str) -> OverdueLevel:
    if role in (Role.CLERK, Role.APPROVER, Role.LEADER):
        return OverdueLevel.COUNTY
    return OverdueLevel.SUPERVISOR if role == Role.SUPERVISOR else OverdueLevel.DIRECTOR


@require_GET
@roles(*READERS)
def late(request: HttpRequest) -> HttpResponse:
    """Late visits by who must act, worst colour and longest wait first, with what was done."""
    today = timezone.localdate()
    intervals = intervals_for(current().ranges[0][0], today)
    asked = request.GET.get("level", "")
    chosen = OverdueLevel(asked) if asked in ABOVE else _default(current().role)
    counts = {level: selectors.late_at(today, intervals, level).order_by().count() for level in ABOVE}
    page = Paginator(selectors.late_at(today, intervals, chosen), PAGE).get_page(request.GET.get("page"))
    children = list(page)
    steps = selectors.steps_of(children)
    return render(
        request,
        "cases/late.html",
        {
            "page": page,
            "rows": [_row(child, today, intervals, steps.get(child.pk, [])) for child in children],
            "segments": [
                {
                    "label": level.label,
                    "url": f"?level={level.value}",
                    "current": level == chosen,
                    "count": counts[level],
                }
                for level in ABOVE
            ],
        },
    )


def _row(child: Child, today: dt.date, intervals: Any, steps: list[LateStep]) -> dict[str, Any]:
    stands = selectors.lateness_of(child, today, intervals, vacant=child.vacant)  # type: ignore[attr-defined]
    assert stands is not None  # the list holds none without a due day
    return {
        "title": child.name,
        "url": reverse("cases:late_child", args=[child.pk]),
        "level": child.risk,
        "lines": [
            f"{who_acts(stands)} · {place(child)}",
            step_words(steps[0]) if steps else last_visit(child),
        ],
        "date": child.next_visit_date,
    }


@require_http_methods(["GET", "POST"])
@roles(*READERS)
def late_child(request: HttpRequest, pk: int) -> HttpResponse:
    """One late visit: the ladder, what was done, and what the reader can do."""
    at = timezone.now()
    today = timezone.localdate(at)
    if not Child.objects.filter(pk=pk).exists():
        raise Http404
    found = selectors.find_late(pk, today)
    if found is None:
        messages.info(request, _("This child's visit is not late any more."))
        return redirect("cases:child", pk)
    child, stands = found
    role = current().role
    form = None
    if role in services.ACTORS.get(stands.level, ()):
        seats = selectors.visitors_for(child, today)
        visitors = [
            (one.user_id, f"{one.user.name} · {one.post.region.short_name} {one.post.get_role_display()}")
            for one in seats
            if one.user_id != request.user.pk
        ]
        form = LateForm(
            posted(request), visitors=visitors, goes=role in services.GOES, initial={"day": today}
        )
    if request.method == "POST":
        if form is None:
            message = _("It is not your turn: nothing was written.")
            messages.error(request, message)
            return redirect("cases:late_child", pk)
        if form.is_valid():
            data = form.cleaned_data
            try:
                services.act_on_late(
                    pk, services.LateData(data["act"], data["words"], data["visitor"], data["day"]), at=at
                )
                messages.success(request, _("Written down."))
                return redirect("cases:late_child", pk)
            except (ValidationError, RegisterRefused) as error:
                show_errors({"": form}, error)
    else:
        log_access(
            kind=AccessLog.Kind.READ,
            child_id=pk,
            region_id=child.region_id,
            subject="cases.child",
            subject_id=pk,
        )
    steps = selectors.steps_of([child]).get(pk, [])
    return render(
        request,
        "cases/late_child.html",
        {
            "child": child,
            "facts": [
                {"label": _("Must act"), "value": who_acts(stands)},
                {"label": _("Visit was due"), "value": day(stands.due), "number": True},
                {"label": _("Interval"), "value": last_visit(child, intervals_for(child.region_id, today)[child.risk])},  # type: ignore[index]
                {"label": _("Place"), "value": place(child)},
            ],
            "steps": [
                {"icon": "clock", "title": f"{one.get_act_display()} · {one.taken_by or ''}", "date": one.taken_at,
                 "text": f"{one.visitor}: {one.words}" if one.act == LateAct.ASSIGN else one.words}
                for one in steps
            ],
            "form": form,
            "may_visit": role in (Role.DIRECTOR, Role.SUPERVISOR),
        },
        status=422 if form is not None and form.errors else 200,
    )  # fmt: skip
