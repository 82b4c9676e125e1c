"""Sources of work in cases: those nobody has begun, and actions of plans past their day."""

from __future__ import annotations

import datetime as dt

from django import forms
from django.db.models import QuerySet
from django.db.models.functions import Coalesce
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.casework import services as case_services
from cases.desk import noting
from cases.desk.sources import Done, Incomplete, Panel, Reader, Sent, WorkSource, act, bound, end_of, register
from cases.desk.sources import after as moments_after
from cases.models import Case, CaseAction
from cases.plans.selectors import overdue_actions
from cases.plans.services import add_action, finish_action
from cases.visits.enums import CaseState
from cases.visits.pages import place
from cases.workflows import COUNTY, REVIEW
from staff.templatetags.look import day, moment
from staff.workflow import available

DESK = frozenset(REVIEW | COUNTY)

# --- Cases ----------------------------------------------------------------------------------------------------


def cases(reader: Reader) -> QuerySet[Case]:
    """Cases that nobody has begun; at the county those handed up. Restricted ones only for the people named on them."""
    return Case.objects.filter(state=CaseState.ESCALATED if reader.at_county else CaseState.OPEN)


class BeginForm(forms.Form):
    """The first action of a case's plan."""

    title = forms.CharField(label=gettext_lazy("Action"), max_length=120)
    due_date = forms.DateField(
        label=gettext_lazy("By when"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )


def _case(pk: int) -> Case:
    found = (
        Case.objects.select_related("child", "region__parent", "owner", "opened_by", "visit")
        .filter(pk=pk)
        .first()
    )
    if found is None:
        raise Http404
    return found


def case_panel(pk: int, reader: Reader, sent: Sent | None) -> Panel:
    case = _case(pk)
    acts = []
    if case.state == CaseState.OPEN:
        first = reader.today + dt.timedelta(days=7)
        form = BeginForm(initial={"due_date": first}, auto_id="begin_%s", **bound(sent, "begin"))
        entry = {"name": "begin", "label": _("Begin with an action"), "icon": "check", "fields": form}
        acts.append(act(entry, "A"))
    for one in available(case, reader.actor):
        if key := {"escalate": "E", "take_over": "A"}.get(one.name):
            acts.append(act(one, key))
    facts = [
        {"label": _("Place"), "value": place(case)},
        {"label": _("Opened"), "value": f"{moment(case.opened_at)} {case.opened_by}"},
        {"label": _("Owner"), "value": case.owner or "—"},
        {"label": _("Respond by"), "value": moment(case.due_at), "number": True},
    ]
    return Panel(
        about=case,
        heading=f"{case.child.name} · {case.title}",
        blocks=[
            {"facts": facts},
            {"title": _("Situation"), "quote": case.summary} if case.summary else {},
        ],
        acts=acts,
        url=reverse("cases:case", args=[pk]),
        link=_("The whole case"),
        status=(case.state, case.get_state_display()),
    )


def case_decide(pk: int, sent: Sent, reader: Reader) -> Done:
    case = _case(pk)
    if sent.action == "begin":
        form = BeginForm(**bound(sent, "begin"))
        if not form.is_valid():
            raise Incomplete
        if case.state != CaseState.OPEN:
            raise Incomplete(_("Somebody has begun with this case already."))
        add_action(actor=reader.actor, at=reader.at, case=case, **form.cleaned_data)
        return Done(_("The case of %(child)s has begun.") % {"child": case.child})
    changed = case_services.change_case(
        actor=reader.actor, at=reader.at, case=case, name=sent.action if sent.action in ("escalate", "take_over") else "",
        reason=sent.text("reason"),
    )  # fmt: skip
    return Done(f"{case.child} · {changed.get_state_display()}")


register(
    WorkSource(
        code="cases",
        label=gettext_lazy("Cases to begin"),
        icon="flag",
        roles=DESK,
        waiting=cases,
        # A case from before there were hours of response was promised when it was opened.
        promised=lambda reader: moments_after(Coalesce("due_at", "opened_at")),
        line=lambda about: str(about["title"]),
        panel=case_panel,
        decide=case_decide,
        level="level",
        person="owner_id",
        about={"title": "title"},
    )
)

# --- Actions of plans -----------------------------------------------------------------------------------------


def _action(pk: int) -> CaseAction:
    found = CaseAction.objects.select_related("case", "child", "owner", "goal").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def action_panel(pk: int, reader: Reader, sent: Sent | None) -> Panel:
    found = _action(pk)
    facts = [
        {"label": _("Case"), "value": found.case.title, "url": reverse("cases:case", args=[found.case_id])},
        {"label": _("Goal"), "value": found.goal or "—"},
        {"label": _("Who"), "value": found.owner or _("nobody yet")},
        {"label": _("By when"), "value": day(found.due_date), "number": True},
    ]
    open_now = found.done_at is None and found.case.state != CaseState.CLOSED
    done = {
        "name": "done",
        "label": _("Done"),
        "icon": "check",
        "needs_text": True,
        "text_label": _("What came of it"),
    }
    # A note is read beside the file by people who are not named: a restricted case's matters are not for it.
    note = [] if found.restricted else noting.note_act(found.region_id, reader, sent, found.owner_id)
    return Panel(
        about=found,
        heading=f"{found.child.name} · {found.title}",
        blocks=[{"facts": facts}],
        acts=[act(done, "A"), *note] if open_now else [],
        url=reverse("cases:case", args=[found.case_id]),
        link=_("The whole case"),
        note="" if open_now else _("This action has been reported as done already."),
    )


def action_decide(pk: int, sent: Sent, reader: Reader) -> Done:
    found = _action(pk)
    if sent.action == noting.NOTE and not found.restricted:
        return noting.note_sent(sent, reader, found.region_id, child=found.child)
    if sent.action != "done":
        raise Incomplete(_("Choose what to do."))
    finish_action(actor=reader.actor, at=reader.at, action=found, note=sent.text("reason")[:200])
    return Done(_("%(action)s: done.") % {"action": found.title})


register(
    WorkSource(
        code="actions",
        label=gettext_lazy("Actions overdue"),
        icon="checklist",
        roles=frozenset(REVIEW),
        waiting=lambda reader: overdue_actions(reader.today),
        promised=lambda reader: end_of("due_date"),
        line=lambda about: str(about["title"]),
        panel=action_panel,
        decide=action_decide,
        level="case__level",
        person="owner_id",
        about={"title": "title"},
    )
)
