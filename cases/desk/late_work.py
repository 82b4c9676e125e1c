"""Sources of work about children whose time has come: late visits, better colours to decide on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django import forms
from django.db.models import Exists, OuterRef, QuerySet
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.assessments import pages as assessment_pages
from cases.assessments import services as assessments
from cases.circumstances.enums import AssessmentState, Grade
from cases.desk import noting
from cases.desk.evidence import child_url
from cases.desk.sources import Done, Incomplete, Panel, Reader, Sent, WorkSource, act, bound, end_of, register
from cases.desk.sources import after as moments_after
from cases.enums import RiskLevel
from cases.field.enums import LateAct
from cases.free_text import FreeText
from cases.late.selectors import Lateness, find_late, steps_of, visitors_for
from cases.late.services import ACTORS, GOES, LateData, act_on_late
from cases.late.views import step_words
from cases.models import Child, GuardianshipAssessment, LateStep, Note, Visit
from cases.questions.shown import findings
from cases.visits.enums import OverdueLevel, VisitState
from cases.visits.pages import last_visit, place
from cases.visits.selectors import overdue_children
from cases.workflows import COUNTY, REVIEW
from staff.templatetags.look import day, moment
from staff.workflow import available

DESK = frozenset(REVIEW | COUNTY)

# --- Late visits ----------------------------------------------------------------------------------------------


def late_visits(reader: Reader) -> QuerySet[Child]:
    """Children whose lateness has reached the reader's level. One about which somebody here took a step, or wrote,
    comes again after the days of ``desk_days`` if nobody has visited by then."""
    level = OverdueLevel.COUNTY if reader.at_county else OverdueLevel.SUPERVISOR
    since = reader.at - dt.timedelta(days=reader.days("overdue"))
    steps = LateStep.objects.filter(
        child=OuterRef("pk"),
        due_date=OuterRef("next_visit_date"),
        taken_by=reader.actor.user_id,
        taken_at__gt=since,
    )
    notes = Note.objects.filter(child=OuterRef("pk"), sent_by=reader.actor.user_id, created_at__gt=since)
    return overdue_children(reader.today, reader.intervals, level).filter(~Exists(steps), ~Exists(notes))


def late_line(about: Mapping[str, Any]) -> str:
    seen = about["last_visit_date"]
    if not seen:
        return _("never visited")
    return _("last visit %(date)s") % {"date": day(dt.date.fromisoformat(seen))}


class SendForm(forms.Form):
    """Who is sent instead, by when, and why."""

    visitor = forms.TypedChoiceField(
        label=gettext_lazy("Who visits"),
        coerce=int,
        help_text=gettext_lazy("Somebody from another village sees the file until the visit is reviewed."),
    )
    day = forms.DateField(
        label=gettext_lazy("By when"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    reason = FreeText(
        label=gettext_lazy("Reason, in words"), max_length=300, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, visitors: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "send_%s", **kwargs})
        self.fields["visitor"].choices = visitors  # type: ignore[attr-defined]


def _send_form(child: Child, reader: Reader, sent: Sent | None) -> SendForm | None:
    seats = [one for one in visitors_for(child, reader.today) if one.user_id != reader.actor.user_id]
    visitors = [(one.user_id, f"{one.user.name} · {one.post.region.short_name}") for one in seats]
    first = {"day": reader.today + dt.timedelta(days=2)}
    return SendForm(visitors=visitors, initial=first, **bound(sent, LateAct.ASSIGN)) if visitors else None


def _late_acts(child: Child, stands: Lateness, reader: Reader, sent: Sent | None) -> list[dict[str, Any]]:
    if reader.actor.role not in ACTORS.get(stands.level, ()):
        return []
    acts = []
    if form := _send_form(child, reader, sent):
        entry = {"name": LateAct.ASSIGN.value, "label": LateAct.ASSIGN.label, "icon": "users", "fields": form}
        acts.append(act(entry, "A"))
    if reader.actor.role in GOES:
        entry = {
            "name": LateAct.SELF.value,
            "label": LateAct.SELF.label,
            "icon": "map-pin",
            "needs_text": True,
        }
        acts.append(act(entry, "S"))
    entry = {
        "name": LateAct.EXPLAIN.value,
        "label": LateAct.EXPLAIN.label,
        "icon": "pencil",
        "needs_text": True,
    }
    return [*acts, act(entry, "E")]


def late_panel(pk: int, reader: Reader, sent: Sent | None) -> Panel:
    """The child, the last visit, what was done about it so far, and what can be done."""
    child = Child.objects.select_related("region__parent").filter(pk=pk).first()
    if child is None:
        raise Http404
    visit = (
        Visit.objects.filter(child=child)
        .exclude(state=VisitState.DRAFT)
        .select_related("conducted_by")
        .order_by("-visited_at", "-pk")
        .first()
    )
    facts = [
        {"label": _("Place"), "value": place(child)},
        {"label": _("Visit was due"), "value": day(child.next_visit_date), "number": True},
        {"label": _("Interval"), "value": last_visit(child, reader.intervals[RiskLevel(child.risk)])},
    ]
    blocks: list[dict[str, Any]] = [{"facts": facts}]
    if visit is not None:
        words = f"{moment(visit.visited_at)} · {visit.conducted_by} · {findings(visit)}"
        blocks.append({"title": _("The last visit"), "lines": [words], "quote": visit.text})
    if steps := steps_of([child]).get(pk):
        blocks.append({"title": _("Done about it so far"), "lines": [step_words(one) for one in steps]})
    found = find_late(pk, reader.today)
    acts = (
        []
        if found is None
        else _late_acts(*found, reader, sent) + noting.note_act(child.region_id, reader, sent)
    )
    child.child_id = pk  # type: ignore[attr-defined]  # whose file was read, as the access log asks
    return Panel(
        about=child,
        heading=_("%(child)s · visit overdue") % {"child": child.name},
        blocks=blocks,
        acts=acts,
        url=child_url(pk),
        link=_("Open the file"),
        note=_("This child's visit is not late any more.") if found is None else "",
    )


def late_decide(pk: int, sent: Sent, reader: Reader) -> Done:
    """Send somebody, go oneself, explain, or write a note. The visit stays late until it is made, and comes again."""
    child = Child.objects.filter(pk=pk).first()
    if child is None:
        raise Http404
    if sent.action == noting.NOTE:
        return Done(noting.note_sent(sent, reader, child.region_id, child=child).said)
    if sent.action not in LateAct.values:
        raise Incomplete(_("Choose what to do."))
    data = LateData(sent.action, sent.text("reason"))
    if sent.action == LateAct.ASSIGN:
        form = _send_form(child, reader, sent)
        if form is None or not form.is_valid():
            raise Incomplete
        data = LateData(
            sent.action, form.cleaned_data["reason"], form.cleaned_data["visitor"], form.cleaned_data["day"]
        )
    step = act_on_late(pk, data, at=reader.at, actor=reader.actor)
    return Done(f"{child.name} · {step_words(step)}")


register(
    WorkSource(
        code="overdue",
        label=gettext_lazy("Visits overdue"),
        icon="clock",
        roles=DESK,
        waiting=late_visits,
        promised=lambda reader: end_of("next_visit_date"),
        line=late_line,
        panel=late_panel,
        decide=late_decide,
        who="name",
        level="risk",
        about={"last_visit_date": "last_visit_date"},
    )
)

# --- Better colours -------------------------------------------------------------------------------------------


def proposals(reader: Reader) -> QuerySet[GuardianshipAssessment]:
    """Better colours that an assessment allows. The county has those of the supervisor's own, and the rest a promise later."""
    found = GuardianshipAssessment.objects.filter(state=AssessmentState.PROPOSED, child__left_date=None)
    if reader.at_county:
        late_by = reader.at - dt.timedelta(days=reader.days("downgrades"))
        return found.filter(created_at__lt=late_by)
    return found.exclude(assessed_by_id=reader.actor.user_id)


def proposal_line(about: Mapping[str, Any]) -> str:
    return _("%(grade)s: %(before)s may become %(after)s") % {
        "grade": Grade(about["grade"]).label,
        "before": RiskLevel(about["before"]).label,
        "after": RiskLevel(about["floor"]).label,
    }


class ColourForm(forms.Form):
    """As far as the grade allows, or not so far; in words."""

    risk = forms.ChoiceField(
        label=gettext_lazy("New colour"), widget=forms.RadioSelect(attrs={"class": "cw-chips"})
    )
    reason = FreeText(label=gettext_lazy("Reason"), max_length=300, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, colours: list[str], **kwargs: Any) -> None:
        given = {"initial": {"risk": colours[-1] if colours else ""}, "auto_id": "lower_%s"}
        super().__init__(*args, **(given | kwargs))
        self.fields["risk"].choices = [(code, RiskLevel(code).label) for code in colours]  # type: ignore[attr-defined]


def _proposal(pk: int) -> GuardianshipAssessment:
    found = GuardianshipAssessment.objects.select_related("child", "assessed_by").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def _colours(found: GuardianshipAssessment) -> list[str]:
    return [code for code, _text, _level in assessment_pages.colours_of(found)]


def proposal_panel(pk: int, reader: Reader, sent: Sent | None) -> Panel:
    found = _proposal(pk)
    facts = [
        {"label": _("Grade"), "value": found.get_grade_display()},
        {"label": _("Score"), "value": f"{found.score} / 100", "number": True},
        {"label": _("Assessed on"), "value": day(found.assessed_date), "number": True},
        {"label": _("Assessed by"), "value": found.assessed_by or ""},
    ]
    context = assessment_pages.context_of(found, None, reader.today)
    drivers = [_("%(text)s: %(answer)s (−%(lost)s)") % one for one in context["drivers"]]
    acts = []
    for one in available(found, reader.actor):
        if one.name == "lower":
            form = ColourForm(colours=_colours(found), **bound(sent, "lower"))
            acts.append(act(one, "A", fields=form))
        else:
            acts.append(act(one, "H", prompt=_("Why does the colour stay?")))
    return Panel(
        about=found,
        heading=_("%(child)s · a better colour") % {"child": found.child.name},
        blocks=[
            {"strip": assessment_pages.effect_of(found), "kind": "warn"},
            {"facts": facts},
            {"title": _("What cost most points"), "lines": drivers} if drivers else {},
            {"title": _("Note"), "quote": found.note} if found.note else {},
        ],
        acts=acts + noting.note_act(found.region_id, reader, sent, found.assessed_by_id),
        url=reverse("cases:assessment", args=[pk]),
        link=_("The whole assessment"),
        status=(found.state, found.get_state_display()),
    )


def proposal_decide(pk: int, sent: Sent, reader: Reader) -> Done:
    found = _proposal(pk)
    if sent.action == noting.NOTE:
        return noting.note_sent(sent, reader, found.region_id, child=found.child)
    risk, reason = "", sent.text("reason")
    if sent.action == "lower":
        form = ColourForm(colours=_colours(found), **bound(sent, "lower"))
        if _colours(found) and not form.is_valid():
            raise Incomplete
        risk = form.cleaned_data["risk"] if form.is_valid() else ""
    decided = assessments.decide(
        found, sent.action, risk=risk, reason=reason, at=reader.at, actor=reader.actor
    )
    return Done(assessment_pages.effect_of(decided))


register(
    WorkSource(
        code="downgrades",
        label=gettext_lazy("Better colours"),
        icon="arrow-down-right",
        roles=frozenset(REVIEW | {"clerk"}),
        waiting=proposals,
        promised=lambda reader: moments_after("created_at", reader.days("downgrades")),
        line=proposal_line,
        panel=proposal_panel,
        decide=proposal_decide,
        level="risk_before",
        person="assessed_by_id",
        about={"grade": "grade", "before": "risk_before", "floor": "risk_floor"},
    )
)
