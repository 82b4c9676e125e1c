"""Sources of work from the lists of other offices: discrepancies (疑点) and potential children (政策找人)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases import key_pages
from cases.desk.sources import Done, Incomplete, Panel, Reader, Sent, WorkSource, act, bound, end_of, register
from cases.matching import selectors
from cases.matching.discrepancies import acts as discrepancy_acts
from cases.matching.discrepancies import pages as discrepancy_pages
from cases.matching.discrepancies.forms import FoundForm, remedy_form
from cases.matching.discrepancies.remedies import remedies_for
from cases.matching.enums import LeadState
from cases.matching.leads import pages as lead_pages
from cases.matching.leads import selectors as lead_selectors
from cases.matching.leads import services as lead_services
from cases.matching.leads.forms import AssignForm
from cases.models import Discrepancy, PotentialChild
from cases.workflows import DECIDERS, REVIEW
from staff.workflow import Transition, available

# --- Discrepancies --------------------------------------------------------------------------------------------


def discrepancies(reader: Reader) -> QuerySet[Discrepancy]:
    """To be checked by the township; at the county those it has checked."""
    state = Discrepancy.State.VERIFIED if reader.at_county else Discrepancy.State.TO_CHECK
    return Discrepancy.objects.filter(state=state)


def discrepancy_line(about: Mapping[str, Any]) -> str:
    return selectors.headline_of(about["kind"], about["list_kind"], about["role"])


def _discrepancy(pk: int) -> Discrepancy:
    related = ("child__region", "region__parent", "decided_by", "verified_by", "visit", "document")
    found = Discrepancy.objects.select_related(*related).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def discrepancy_panel(pk: int, reader: Reader, sent: Sent | None) -> Panel:
    """What list and register say; the township reports what it found or asks for a visit, the county decides: a true one
    with its remedy, by the service of the discrepancy's own page."""
    found = _discrepancy(pk)
    names = {one.name: one for one in available(found, reader.actor)}
    acts = []
    if "find" in names:
        form = FoundForm(discrepancy=found, auto_id="found_%s", **bound(sent, "find"))
        acts.append(act(names["find"], "A", fields=form, submit=_("Report"), reasons=(), needs_text=False))
        if found.child_id is not None:
            ask = {"name": "ask_visit", "label": _("Ask the director for a visit"), "icon": "map-pin"}
            acts.append(act(ask, "V"))
    if "true" in names:
        acts += _decisions(found, names, sent)
    differences = [
        f"{one['label']}: {found.get_list_kind_display()} {one['left'] or '—'} · {_('Register')} {one['right'] or '—'}"
        for one in discrepancy_pages.differences_of(found)
    ]
    return Panel(
        about=found,
        heading=f"{discrepancy_acts.who_of(found)} · {selectors.headline(found)}",
        blocks=[
            {"facts": discrepancy_pages.facts_of(found)},
            {"title": _("What differs"), "lines": differences} if differences else {},
            {"title": _("What the township found"), "quote": f"{found.get_found_display()} · {found.outcome}"}
            if found.found
            else {},
            {"title": _("The row of the list"), "facts": discrepancy_pages.row_of(found)}
            if "true" in names
            else {},
        ],
        acts=acts,
        url=reverse("cases:discrepancy", args=[pk]),
        link=_("Open this"),
        status=(f"discrepancy.{found.state}", found.get_state_display()),
        note=_("A discrepancy stops no payment by itself."),
    )


def _decisions(
    found: Discrepancy, names: Mapping[str, Transition], sent: Sent | None
) -> list[dict[str, Any]]:
    """What the county may decide: a remedy each for a true one (keys 1, 2, …), untrue, not to be checked, sent back."""
    acts = []
    for number, remedy in enumerate(remedies_for(found)):
        name = f"true:{remedy.code}"
        asked = {
            "name": name,
            "label": _("True: %(remedy)s") % {"remedy": remedy.label},
            "icon": remedy.icon,
            "prompt": remedy.note,
            "primary": number == 0,
        }
        acts.append(act(asked, str(number + 1), fields=remedy_form(remedy, found, **bound(sent, name))))
    acts.append(act(names["untrue"], "U"))
    if found.child_id and found.list_row_id:
        other = {"label": _("Untrue: another person"), "icon": "users", "needs_text": True}
        acts.append(act({"name": f"untrue:{discrepancy_acts.ANOTHER_PERSON}", **other}, "P"))
    return acts + [
        act(names[name], key) for name, key in (("uncheckable", "C"), ("return", "R")) if name in names
    ]


def discrepancy_decide(pk: int, sent: Sent, reader: Reader) -> Done:
    found = _discrepancy(pk)
    who = discrepancy_acts.who_of(found)
    by: dict[str, Any] = {"actor": reader.actor, "at": reader.at}
    match sent.action:
        case "find" if found.state != Discrepancy.State.TO_CHECK:
            raise Incomplete(_("It has been checked already."))
        case "find":
            form = FoundForm(discrepancy=found, **bound(sent, "find"))
            if not form.is_valid():
                raise Incomplete(_("Say what was found, and how."))
            discrepancy_acts.report_finding(discrepancy=found, verification=form.verification(), **by)
            return Done(_("%(who)s: reported to the county.") % {"who": who})
        case "ask_visit":
            due = discrepancy_acts.ask_for_visit(discrepancy=found, **by)
            return Done(_("A visit was asked for by %(day)s.") % {"day": due.isoformat()}, stays=True)
        case "return":
            discrepancy_acts.send_back(discrepancy=found, reason=sent.text("reason"), **by)
        case _:
            state, _colon, remedy = sent.action.partition(":")
            data = _said(found, sent, state, remedy)
            reason = data.pop("reason")
            decided = discrepancy_acts.decide(
                discrepancy=found, state=state, remedy=remedy, data=data, reason=reason, **by
            )
            done = decided.detail.get("done", "")
            return Done(" · ".join(filter(None, (who, decided.get_state_display(), done))))
    return Done(f"{who} · {_discrepancy(pk).get_state_display()}")


def _said(found: Discrepancy, sent: Sent, state: str, code: str) -> dict[str, Any]:
    """What a decision says: its reason, and what its remedy asks for. Incomplete."""
    if state == Discrepancy.State.TRUE:
        remedy = next((one for one in remedies_for(found) if one.code == code), None)
        if remedy is None:
            raise Incomplete(_("Choose what is to be done."))
        form = remedy_form(remedy, found, **bound(sent, sent.action))
        if not form.is_valid():
            raise Incomplete
        return form.cleaned_data
    if state not in discrepancy_acts.DECIDED or code not in ("", discrepancy_acts.ANOTHER_PERSON):
        raise Incomplete(_("Choose what is to be done."))
    return {"reason": sent.text("reason")}


register(
    WorkSource(
        code="discrepancies",
        label=gettext_lazy("Discrepancies"),
        icon="search",
        roles=frozenset(REVIEW | DECIDERS),
        waiting=discrepancies,
        promised=lambda reader: end_of("due_date"),
        line=discrepancy_line,
        panel=discrepancy_panel,
        decide=discrepancy_decide,
        who=Coalesce("child__name", KeyTextTransform("name", KeyTextTransform("row", "detail"))),
        person="verified_by_id",
        about={"kind": "kind", "list_kind": "list_kind", "role": "role"},
    )
)

# --- Potential children ---------------------------------------------------------------------------------------


def leads(reader: Reader) -> QuerySet[PotentialChild]:
    """Whose visit is to be assigned, was assigned and is late, or found something that nobody has followed."""
    return PotentialChild.objects.filter(
        Q(state__in=(LeadState.FOUND, LeadState.VISITED))
        | Q(state=LeadState.ASSIGNED, due_date__lt=reader.today)
    )


def lead_line(about: Mapping[str, Any]) -> str:
    said = "；".join(lead_pages.reasons(about["why"]))
    return f"{LeadState(about['state']).label} · {said}" if said else str(LeadState(about["state"]).label)


def _lead(pk: int) -> PotentialChild:
    related = ("assigned_to", "visited_by", "entered_by", "child")
    found = PotentialChild.objects.select_related(*related).filter(pk=pk).first()
    if found is None:
        raise Http404
    key_pages.name_places([found])
    return found


def _assign_form(found: PotentialChild, reader: Reader, sent: Sent | None) -> AssignForm | None:
    villages = lead_pages.villages_with_directors(
        lead_selectors.villages_near(found, reader.today), reader.today
    )
    if not villages:
        return None
    return AssignForm(
        villages=villages, initial={"village": found.region_id}, auto_id="assign_%s", **bound(sent, "assign")
    )


def lead_panel(pk: int, reader: Reader, sent: Sent | None) -> Panel:
    found = _lead(pk)
    names = {one.name: one for one in available(found, reader.actor)}
    acts = []
    if "assign" in names and (form := _assign_form(found, reader, sent)):
        acts.append(act(names["assign"], "A", fields=form))
    if "drop" in names:
        words = {"prompt": _("Why does the child not qualify?"), "text_label": _("Reason")}
        acts.append(act(names["drop"], "X", primary=False, **words))
    steps = lead_pages.next_steps(found)
    visit = lead_pages.visit_facts(found)
    return Panel(
        about=found,
        heading=f"{found.name} · {found.get_state_display()}",
        blocks=[
            {"title": _("What speaks for it"), "lines": lead_pages.reasons(found.why)},
            {"facts": lead_pages.facts(found)},
            {"title": _("The visit"), "facts": visit} if visit else {},
        ],
        acts=acts,
        url=steps[0]["url"] if steps else reverse("cases:lead", args=[pk]),
        link=steps[0]["label"] if steps else _("Open this"),
        status=(lead_pages.status(found.state), found.get_state_display()),
    )


def lead_decide(pk: int, sent: Sent, reader: Reader) -> Done:
    found = _lead(pk)
    if sent.action == "assign":
        form = _assign_form(found, reader, sent)
        if form is None or not form.is_valid():
            raise Incomplete(_("Choose a village that has a director."))
        done = lead_services.assign(found, form.cleaned_data["village"], at=reader.at, actor=reader.actor)
        name = done.assigned_to.name if done.assigned_to else ""
        return Done(_("%(name)s makes the visit.") % {"name": name})
    if sent.action != "drop":
        raise Incomplete(_("Choose what is to be done."))
    lead_services.decide(found, "drop", reason=sent.text("reason"), at=reader.at, actor=reader.actor)
    return Done(_("%(name)s does not qualify.") % {"name": found.name})


register(
    WorkSource(
        code="leads",
        label=gettext_lazy("Potential children"),
        icon="mood-kid",
        roles=frozenset(REVIEW),
        waiting=leads,
        promised=lambda reader: end_of("due_date"),
        line=lead_line,
        panel=lead_panel,
        decide=lead_decide,
        who="name",
        person="assigned_to_id",
        about={"state": "state", "why": "why"},
    )
)
