"""Sources of work around the file: transfers to take, defects to check, and what a person who left leaves open."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django import forms
from django.db.models import Case as SqlCase
from django.db.models import DateTimeField, Exists, F, OuterRef, Q, QuerySet, When
from django.db.models.fields.json import KeyTextTransform
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases import key_pages
from cases.circumstances.enums import DefectKind, DefectState, TransferState
from cases.defects import pages as defect_pages
from cases.defects import rules
from cases.defects import services as defects
from cases.defects.facts import facts_of
from cases.defects.selectors import climbed
from cases.desk import handing_over, noting
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
from cases.models import Case, CaseAction, Defect, PotentialChild, Transfer
from cases.transfers import pages as transfer_pages
from cases.transfers import selectors as transfer_selectors
from cases.transfers import services as transfers
from cases.transfers.rules import ACCEPTERS, Distance
from cases.workflows import DECIDERS, REVIEW
from staff import parameters
from staff.models import Assignment
from staff.models.region import county_of
from staff.posts import HANDOVER_DAYS
from staff.scope import current
from staff.templatetags.look import day
from staff.workflow import available

# --- Transfers ------------------------------------------------------------------------------------------------


def transfers_to_take(reader: Reader) -> QuerySet[Transfer]:
    """Proposals to the reader's area, of the distance that their post decides about, by somebody else."""
    inside = Q(pk__in=[])
    for low, high in current().ranges:
        inside |= Q(to_region__gte=low, to_region__lte=high)
    found = Transfer.objects.filter(inside, state=TransferState.PROPOSED)
    far = {
        Distance.BEYOND: ~Q(county=F("to_county")),
        Distance.COUNTY: Q(county=F("to_county")) & ~Q(township=F("to_township")),
        Distance.TOWNSHIP: Q(township=F("to_township")),
    }
    mine = Q(pk__in=[])
    for way, condition in far.items():
        if reader.actor.role in ACCEPTERS[way]:
            mine |= condition
    places = {
        "county": F("region_id") / 1_000_000,
        "to_county": F("to_region_id") / 1_000_000,
        "township": F("region_id") / 1_000,
        "to_township": F("to_region_id") / 1_000,
    }
    return found.annotate(**places).filter(mine).exclude(proposed_by_id=reader.actor.user_id)


def _transfer(pk: int) -> Transfer:
    found = transfer_selectors.with_places(Transfer.objects.all()).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def transfer_panel(pk: int, reader: Reader, sent: Sent | None) -> Panel:
    found = _transfer(pk)
    steps = [one for one in available(found, reader.actor) if one.name != "withdraw"]
    values = transfer_pages.transfer_context(found, steps)
    return Panel(
        about=found,
        heading=_("%(child)s · transfer to here") % {"child": values["name"]},
        blocks=[
            {"facts": values["facts"]},
            {"title": _("What is known of the child"), "facts": values["child_facts"]},
        ],
        acts=[act(one, "A" if one.name == "accept" else "R") for one in steps],
        url=reverse("cases:transfer", args=[pk]),
        link=_("Open this"),
        status=(f"transfer.{found.state}", found.get_state_display()),
        note=values["waiting_note"],
    )


def transfer_decide(pk: int, sent: Sent, reader: Reader) -> Done:
    found = _transfer(pk)
    if sent.action == "accept":
        done = transfers.accept_transfer(found, at=reader.at, actor=reader.actor)
    elif sent.action == "refuse":
        done = transfers.refuse_transfer(found, reason=sent.text("reason"), at=reader.at, actor=reader.actor)
    else:
        raise Incomplete(_("Choose what to do."))
    return Done(transfer_pages.said(done))


register(
    WorkSource(
        code="transfers",
        label=gettext_lazy("Transfers to take"),
        icon="arrows-left-right",
        roles=frozenset(REVIEW | DECIDERS),
        waiting=transfers_to_take,
        promised=lambda reader: after("proposed_at", reader.days("transfers")),
        line=lambda about: _("from the day %(day)s") % {"day": about["day"]},
        panel=transfer_panel,
        decide=transfer_decide,
        who=KeyTextTransform("name", "summary"),
        level=KeyTextTransform("risk", "summary"),
        region="to_region_id",
        person="proposed_by_id",
        about={"day": "effective_date"},
    )
)

# --- Defects --------------------------------------------------------------------------------------------------


def defects_waiting(reader: Reader) -> QuerySet[Defect]:
    """Solved by somebody else and not yet checked, and those past their day; at the county what has climbed to it."""
    if reader.at_county:
        allowed = parameters.DEFAULTS["defect_due_days"][0] | reader.parameters["defect_due_days"]
        return Defect.objects.filter(climbed(reader.today, {county_of(reader.region_id): allowed}))
    solved = Q(state=DefectState.SOLVED) & ~Q(solved_by_id=reader.actor.user_id, solved_by__isnull=False)
    return Defect.objects.filter(solved | Q(state__in=defects.OPEN, due_date__lt=reader.today))


def defect_promise(reader: Reader) -> SqlCase:
    """Of a solved one the days for checking it, of an open one its own day."""
    checked = after("solved_at", reader.days("defects"))
    return SqlCase(
        When(state=DefectState.SOLVED, then=checked), default=end_of("due_date"), output_field=DateTimeField()
    )


def defect_line(about: Mapping[str, Any]) -> str:
    return f"{DefectKind(about['kind']).label} · {DefectState(about['state']).label}"


def _defect(pk: int) -> Defect:
    related = ("child", "owner", "solved_by", "checked_by")
    found = Defect.objects.select_related(*related).prefetch_related("child__guardians").filter(pk=pk).first()
    if found is None:
        raise Http404
    key_pages.name_places([found])
    return found


def defect_panel(pk: int, reader: Reader, sent: Sent | None) -> Panel:
    found = _defect(pk)
    known = facts_of([found.child_id], reader.today).get(found.child_id)
    there = known is None or rules.is_there(DefectKind(found.kind), known.facts, reader.today)
    keys = {"close": "A", "solve": "A", "reopen": "R", "void": "X"}
    entries = []
    for one in defect_pages.actions(found, there, reader.actor):
        name = one["name"] if isinstance(one, dict) else one.name
        if name in keys:
            entries.append(act(one, keys[name]))
    return Panel(
        about=found,
        heading=f"{found.child.name} · {found.get_kind_display()}",
        blocks=[{"facts": defect_pages.facts(found, reader.today)}],
        acts=entries + noting.note_act(found.region_id, reader, sent, found.owner_id),
        url=reverse("cases:defect", args=[pk]),
        link=_("Open this"),
        status=(f"defect.{found.state}", found.get_state_display()),
    )


def defect_decide(pk: int, sent: Sent, reader: Reader) -> Done:
    found = _defect(pk)
    if sent.action == noting.NOTE:
        return noting.note_sent(sent, reader, found.region_id, child=found.child)
    if sent.action not in ("close", "solve", "reopen", "void"):
        raise Incomplete(_("Choose what to do."))
    done = defects.decide(found, sent.action, reason=sent.text("reason"), at=reader.at, actor=reader.actor)
    return Done(f"{found.child} · {done.get_kind_display()} · {done.get_state_display()}")


register(
    WorkSource(
        code="defects",
        label=gettext_lazy("Defects"),
        icon="alert-triangle",
        roles=frozenset(REVIEW | DECIDERS),
        waiting=defects_waiting,
        promised=defect_promise,
        line=defect_line,
        panel=defect_panel,
        decide=defect_decide,
        level="child__risk",
        person="owner_id",
        about={"kind": "kind", "state": "state"},
    )
)

# --- Handovers ------------------------------------------------------------------------------------------------


def left_posts(reader: Reader) -> QuerySet[Assignment]:
    """Directors who left and in whose name something still stands open. Of restricted cases only for who is named."""
    mine = {"owner_id": OuterRef("user_id"), "region_id": OuterRef("region_id")}
    open_things = (
        Exists(Case.objects.filter(**mine).exclude(state="closed"))
        | Exists(CaseAction.objects.filter(**mine, done_at=None))
        | Exists(Defect.objects.filter(**mine, state__in=defects.OPEN))
        | Exists(
            PotentialChild.objects.filter(
                assigned_to_id=OuterRef("user_id"), region_id=OuterRef("region_id"), state="assigned"
            )
        )
    )
    first = reader.today - dt.timedelta(days=HANDOVER_DAYS)
    ended = Assignment.objects.filter(role="director", end_date__gte=first, end_date__lt=reader.today)
    return ended.exclude(user_id=reader.actor.user_id).filter(open_things)


def handover_line(about: Mapping[str, Any]) -> str:
    return _("left on %(day)s; work still stands in this name") % {"day": about["end"]}


class HandOverForm(forms.Form):
    """Who goes on."""

    person = forms.TypedChoiceField(label=gettext_lazy("Who goes on"), coerce=int)

    def __init__(self, *args: Any, people: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "hand_%s", **kwargs})
        self.fields["person"].choices = people  # type: ignore[attr-defined]


def _left(pk: int, reader: Reader) -> Assignment:
    found = (
        Assignment.objects.select_related("user", "post__region")
        .filter(pk=pk, end_date__lt=reader.today)
        .first()
    )
    if found is None:
        raise Http404
    return found


def handover_panel(pk: int, reader: Reader, sent: Sent | None) -> Panel:
    left = _left(pk, reader)
    held = handing_over.open_in_name_of(left)
    rows = [
        {"title": one.title, "url": one.url, "level": one.level, "lines": [one.what], "date": one.date}
        for one in held
    ]
    people = handing_over.successors(left, reader.actor, reader.today)
    entry = {
        "name": "hand_over",
        "label": _("Hand over"),
        "icon": "users",
        "fields": HandOverForm(people=people, **bound(sent, "hand_over")),
    }
    return Panel(
        about=left,
        heading=_("%(person)s · handover") % {"person": left.user.name},
        blocks=[
            {
                "facts": [
                    {"label": _("Post"), "value": left.post.title},
                    {"label": _("Last day"), "value": day(left.end_date), "number": True},
                ]
            },
            {"title": _("Open in this name"), "rows": rows} if rows else {},
        ],
        acts=[act(entry, "A")] if rows and people else [],
        url=reverse("staff:handover", args=[pk]),
        link=_("Everything the post leaves"),
        note=""
        if people
        else _("Nobody of the area can take it over. Ask the administrator to fill the post."),
    )


def handover_decide(pk: int, sent: Sent, reader: Reader) -> Done:
    left = _left(pk, reader)
    people = handing_over.successors(left, reader.actor, reader.today)
    form = HandOverForm(people=people, **bound(sent, "hand_over"))
    if sent.action != "hand_over" or not form.is_valid():
        raise Incomplete(_("Choose who goes on."))
    to = form.cleaned_data["person"]
    count = handing_over.hand_over(left, to, actor=reader.actor, at=reader.at)
    return Done(_("%(person)s goes on with %(n)d matters.") % {"person": dict(people)[to], "n": count})


register(
    WorkSource(
        code="handovers",
        label=gettext_lazy("Handovers"),
        icon="users",
        roles=frozenset(REVIEW),
        waiting=left_posts,
        promised=lambda reader: end_of("end_date", reader.days("handovers")),
        line=handover_line,
        panel=handover_panel,
        decide=handover_decide,
        who="user__name",
        person="user_id",
        about={"end": "end_date"},
    )
)
