"""Sources of work about visits that ask for a second look: kept aside, drawn for a call, marked."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import Q, QuerySet
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.checks.forms import CallForm
from cases.checks.pages import call_facts, sentence
from cases.checks.selectors import named_visits
from cases.checks.services import decide_check, look_at_mark
from cases.desk import evidence, noting
from cases.desk.sources import (
    Done,
    Incomplete,
    Panel,
    Reader,
    Sent,
    WorkSource,
    act,
    after,
    bound,
    end_of,
    register,
)
from cases.field import deciding, kept_pages, placing
from cases.field.enums import KeptReason, MarkCode, MarkVerdict, SpotCheckState
from cases.models import KeptVisit, SpotCheck, VisitMark
from cases.questions.shown import findings
from cases.visits.enums import VisitKind
from cases.workflows import COUNTY, REVIEW
from staff.templatetags.look import moment
from staff.workflow import available

DESK = frozenset(REVIEW | COUNTY)

# --- Kept visits ----------------------------------------------------------------------------------------------


def _kept(pk: int) -> KeptVisit:
    found = KeptVisit.objects.select_related("author", "region", "decided_by").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def kept_panel(pk: int, reader: Reader, sent: Sent | None) -> Panel:
    """What was sent for a child who is no longer there: put into the file, or left out with words."""
    found = _kept(pk)
    values = kept_pages.kept_context(found, reader.actor)
    keys = {"place": "A", "offer": "O", "dismiss": "R", "decline": "R", "take_back": "B"}
    return Panel(
        about=found,
        heading=_("%(child)s · kept visit") % {"child": found.child_name or "—"},
        blocks=[{"facts": values["facts"]}, {"title": _("What was written"), "facts": values["written"]}],
        acts=[act(one, keys[one.name]) for one in values["actions"]],
        url=reverse("cases:kept_visit", args=[pk]),
        link=_("With its photos"),
        note=values["elsewhere"],
    )


def kept_decide(pk: int, sent: Sent, reader: Reader) -> Done:
    found = _kept(pk)
    return Done(deciding.decide(found, sent.action, sent.text("reason"), actor=reader.actor, at=reader.at))


register(
    WorkSource(
        code="kept",
        label=gettext_lazy("Kept visits"),
        icon="archive",
        roles=DESK,
        waiting=lambda reader: placing.waiting(),
        promised=lambda reader: after("received_at", reader.days("kept")),
        line=lambda about: str(KeptReason(about["reason"]).label),
        panel=kept_panel,
        decide=kept_decide,
        who="child_name",
        person="author_id",
        about={"reason": "reason"},
    )
)

# --- Calls ----------------------------------------------------------------------------------------------------


def calls(reader: Reader) -> QuerySet[SpotCheck]:
    """Drawn visits of others whose family is to be called; one whom nobody reached is tried again the next day."""
    again = Q(state=SpotCheckState.UNREACHED, checked_at__lt=reader.at - dt.timedelta(hours=20))
    found = SpotCheck.objects.filter(Q(state=SpotCheckState.DRAWN) | again)
    return found.exclude(visited_by_id=reader.actor.user_id)


def _check(pk: int) -> SpotCheck:
    found = (
        SpotCheck.objects.select_related("visit__conducted_by", "child", "visited_by").filter(pk=pk).first()
    )
    if found is None:
        raise Http404
    return found


def call_panel(pk: int, reader: Reader, sent: Sent | None) -> Panel:
    """What the visit says, whom to call, and the three answers."""
    found = _check(pk)
    visit = found.visit
    keys = {"confirm": "A", "contradict": "X", "unreached": "U"}
    acts = []
    for one in available(found, reader.actor):
        if one.name == "unreached":
            acts.append(act(one, keys[one.name]))
        else:
            asked = {"decision": one.name}
            form = CallForm(auto_id=f"{one.name}_%s", initial=asked, **bound(sent, one.name))
            acts.append(act(one, keys[one.name], fields=form, needs_text=False))
    return Panel(
        about=found,
        heading=_("%(child)s · call the family") % {"child": found.child.name},
        blocks=[
            {"facts": call_facts(found)},
            {"title": _("What the visit says"), "lines": [findings(visit)], "quote": visit.text},
        ],
        acts=acts,
        url=reverse("cases:visit", args=[visit.pk]),
        link=_("The visit"),
        status=("", ""),
        note=found.get_state_display(),
    )


def call_decide(pk: int, sent: Sent, reader: Reader) -> Done:
    found = _check(pk)
    said: dict[str, Any] = {}
    if sent.action in ("confirm", "contradict"):
        form = CallForm(**bound(sent, sent.action))
        if not form.is_valid() or form.cleaned_data["decision"] != sent.action:
            raise Incomplete
        given = form.cleaned_data
        said = {"spoke_with": given["spoke_with"], "words": given["words"], "answers": form.answers()}
    done = decide_check(actor=reader.actor, at=reader.at, check=found, decision=sent.action, **said)
    return Done(f"{found.child} · {done.get_state_display()}")


register(
    WorkSource(
        code="calls",
        label=gettext_lazy("Calls to families"),
        icon="phone-call",
        roles=frozenset(REVIEW),
        waiting=calls,
        promised=lambda reader: end_of("due_date"),
        line=lambda about: str(SpotCheckState(about["state"]).label),
        panel=call_panel,
        decide=call_decide,
        level="child__risk",
        person="visited_by_id",
        about={"state": "state"},
    )
)

# --- Marks ----------------------------------------------------------------------------------------------------


def marks(reader: Reader) -> QuerySet[VisitMark]:
    """Marks on visits of others at which nobody has looked."""
    return VisitMark.objects.filter(looked_at=None).exclude(visit__conducted_by_id=reader.actor.user_id)


def _mark(pk: int) -> VisitMark:
    found = (
        VisitMark.objects.select_related("visit__conducted_by", "child", "looked_by").filter(pk=pk).first()
    )
    if found is None:
        raise Http404
    return found


def mark_panel(pk: int, reader: Reader, sent: Sent | None) -> Panel:
    """What looks copied, the visit's words, and the one that it resembles where there is one."""
    found = _mark(pk)
    visit = found.visit
    looked = found.looked_at is not None
    verdicts = {
        MarkVerdict.FINE: ("A", "check", False),
        MarkVerdict.EXPLAINED: ("E", "pencil", True),
        MarkVerdict.WRONG: ("X", "x", True),
    }
    acts = [
        act({"name": code.value, "label": code.label, "icon": icon, "needs_text": words}, key)
        for code, (key, icon, words) in verdicts.items()
    ]
    facts = [
        {"label": _("Visited by"), "value": visit.conducted_by},
        {"label": _("Time of the visit"), "value": moment(visit.visited_at), "number": True},
        {"label": _("Kind"), "value": VisitKind(visit.kind).label},
    ]
    blocks: list[dict[str, Any]] = [
        {
            "strip": sentence(found, named_visits([found])),
            "kind": "warn",
        },
        {"facts": facts},
        {"title": _("What the visit says"), "quote": visit.text},
    ]
    blocks += [{"title": _("The other visit"), **one} for one in evidence.resembled(found)]
    return Panel(
        about=found,
        heading=f"{found.child.name} · {found.get_code_display()}",
        blocks=blocks,
        acts=[]
        if looked or visit.conducted_by_id == reader.actor.user_id
        else acts + noting.note_act(found.region_id, reader, sent, visit.conducted_by_id),
        url=reverse("cases:visit", args=[visit.pk]),
        link=_("The visit"),
        note=f"{found.get_verdict_display()} · {found.looked_by}" if looked else "",
    )


def mark_decide(pk: int, sent: Sent, reader: Reader) -> Done:
    found = _mark(pk)
    if sent.action == noting.NOTE:
        return noting.note_sent(sent, reader, found.region_id, child=found.child, visit=found.visit)
    done = look_at_mark(
        actor=reader.actor, at=reader.at, mark=found, verdict=sent.action, words=sent.text("reason")[:300]
    )
    return Done(f"{found.child} · {done.get_code_display()} · {done.get_verdict_display()}")


register(
    WorkSource(
        code="marks",
        label=gettext_lazy("Marked visits"),
        icon="alert-triangle",
        roles=frozenset(REVIEW),
        waiting=marks,
        promised=lambda reader: after("created_at", reader.days("marks")),
        line=lambda about: str(MarkCode(about["code"]).label),
        panel=mark_panel,
        decide=mark_decide,
        level="visit__risk",
        person="visit__conducted_by_id",
        about={"code": "code"},
    )
)
