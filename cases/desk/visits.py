"""Source of work: visits that await their review (走访待审)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Q, QuerySet
from django.http import Http404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.desk import evidence, noting
from cases.desk.sources import Done, Incomplete, Panel, Reader, Sent, WorkSource, act, after, bound, register
from cases.enums import RiskLevel
from cases.models import Child, Visit
from cases.questions.concern import suggestion_of_visit
from cases.questions.shown import findings
from cases.visits.enums import ReturnReason, VisitState
from cases.visits.forms import EscalateForm
from cases.visits.pages import risk_change, visit_facts
from cases.visits.services import is_written_by, review_visit
from cases.workflows import REVIEW
from staff.workflow import available

CODE = "visits"
KEYS = {"approve": "A", "return": "R", "escalate": "E"}


def waiting(reader: Reader) -> QuerySet[Visit]:
    """Submitted visits that somebody else wrote."""
    me = reader.actor.user_id
    return Visit.objects.filter(state=VisitState.SUBMITTED).exclude(
        Q(conducted_by_id=me) | Q(entered_by_id=me, entered_by__isnull=False)
    )


def line(about: Mapping[str, Any]) -> str:
    """Kind, change of colour, what was found."""
    visit = Visit(**about)
    return " · ".join(filter(None, [visit.get_kind_display(), risk_change(visit), findings(visit)]))


def _visit(pk: int) -> Visit:
    found = (
        Visit.objects.select_related("child", "region__parent", "conducted_by", "spot_check")
        .prefetch_related("photos", "marks")
        .filter(pk=pk)
        .exclude(state=VisitState.DRAFT)
        .first()
    )
    if found is None:
        raise Http404
    return found


def panel(pk: int, reader: Reader, sent: Sent | None) -> Panel:
    """What the visit says, what speaks for a closer look, the visit before, and the three decisions."""
    visit = _visit(pk)
    values = visit_facts(visit)
    return Panel(
        about=visit,
        heading=values["heading"],
        blocks=[{"template": "cases/desk/_visit.html"}],
        context=values | evidence.of_visit(visit, reader),
        acts=acts(visit, reader, sent),
        url=evidence.child_url(visit.child_id),
        link=_("Open the file"),
        status=(visit.state, visit.get_state_display()),
    )


def acts(visit: Visit, reader: Reader, sent: Sent | None = None) -> list[dict[str, Any]]:
    """The decisions the reader may take on a visit."""
    if is_written_by(visit, reader.actor):
        return []
    entries = []
    for one in available(visit, reader.actor):
        more: dict[str, Any] = {}
        if one.name == "return":
            more = {
                "prompt": _("Return to %(person)s: say why") % {"person": visit.conducted_by},
                "text_label": _("What is missing"),
                "submit": _("Return for changes"),
                "icon": "corner-up-left",
            }
        if one.name == "escalate":
            more = {
                "fields": escalate_form(visit, sent),
                "prompt": _("Open a case for %(child)s") % {"child": visit.child},
            }
        entries.append(act(one, KEYS[one.name], **more))
    return entries + (
        noting.note_act(visit.region_id, reader, sent, visit.conducted_by_id) if entries else []
    )


def escalate_form(visit: Visit, sent: Sent | None) -> EscalateForm:
    """The form that opens a case, filled in from what the visit found."""
    suggested = suggestion_of_visit(visit)
    initial = {
        "level": suggested.level if suggested else RiskLevel.BLUE,
        "title": findings(visit)[:80] if suggested else "",
    }
    return EscalateForm(initial=initial, auto_id="escalate_%s", **bound(sent, "escalate"))


def decide(pk: int, sent: Sent, reader: Reader) -> Done:
    """Approve, return or escalate; or a note to whoever made the visit."""
    visit = _visit(pk)
    values: dict[str, Any] = {"reason": sent.text("reason")[:500], "reason_code": sent.text("reason_code")}
    if sent.action == noting.NOTE:
        return noting.note_sent(sent, reader, visit.region_id, child=visit.child, visit=visit)
    if sent.action not in KEYS:
        raise Incomplete(_("Choose what to do with the visit."))
    if sent.action == "return" and values["reason_code"] not in ReturnReason.values:
        raise Incomplete(_("Choose a reason."))
    if sent.action == "escalate":
        form = escalate_form(visit, sent)
        if not form.is_valid():
            raise Incomplete
        values = form.cleaned_data
    if is_written_by(visit, reader.actor):
        raise Incomplete(_("This step must be taken by another person than an earlier step."))
    review_visit(actor=reader.actor, at=reader.at, visit=visit, decision=sent.action, **values)
    said = {
        "approve": _("Visit to %(child)s approved."),
        "return": _("Visit to %(child)s returned to %(person)s."),
        "escalate": _("Case opened for %(child)s."),
    }
    words = said[sent.action] % {"child": visit.child, "person": visit.conducted_by}
    return Done(words + (_held(visit) if sent.action == "approve" else ""))


def _held(visit: Visit) -> str:
    """What the reviewer is told when the better colour that the visit proposed did not take effect."""
    if visit.risk == visit.risk_before:
        return ""
    now = Child.objects.only("risk").get(pk=visit.child_id)
    if not RiskLevel(now.risk).is_worse_than(RiskLevel(visit.risk)):
        return ""
    held = _("The colour is %(colour)s: a better one needs an assessment of the guardian that allows it.")
    return " " + held % {"colour": RiskLevel(now.risk).label}


VISITS = register(
    WorkSource(
        code=CODE,
        label=gettext_lazy("Visits to review"),
        icon="clipboard-text",
        roles=frozenset(REVIEW),
        waiting=waiting,
        promised=lambda reader: after("submitted_at", reader.days(CODE)),
        line=line,
        panel=panel,
        decide=decide,
        level="risk",
        person="conducted_by_id",
        about={
            name: name
            for name in ("kind", "risk", "risk_before", "answers", "problems", "form_code", "form_version")
        },
    )
)
