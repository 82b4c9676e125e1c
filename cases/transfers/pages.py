"""What the pages of transfers show: rows, facts, words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.apps import apps
from django.urls import reverse
from django.utils.translation import gettext as _

from cases import ages
from cases.circumstances.enums import TransferState
from cases.enums import PrimaryCategory, Relation, Sex
from cases.models import Child, Transfer
from cases.transfers.rules import Distance, distance
from cases.transfers.selectors import COUNTED, OURS, PAST, TO_DECIDE, count_of
from staff.models import Region
from staff.templatetags.look import day, moment
from staff.workflow import Transition

# What is worth telling of what went along, in this order.
TOLD = (
    *("cases.guardian", "cases.visit", "cases.case", "referrals.referral", "staff.storedfile"),
    *("subsidies.application", "subsidies.entitlement"),
)


def whole_place(region: Region, *, above_county: bool) -> str:
    """A village with its township, and county and province where the other end lies in another county."""
    names: list[str] = []
    place: Region | None = region
    while place is not None and (above_county or len(names) < 2):
        names.append(place.short_name)
        place = place.parent
    return " ".join(reversed(names))


def ends_of(transfer: Transfer) -> tuple[str, str]:
    """From and to, as far up as they differ."""
    far = distance(transfer.region_id, transfer.to_region_id) == Distance.BEYOND
    return whole_place(transfer.region, above_county=far), whole_place(transfer.to_region, above_county=far)


def row_of(transfer: Transfer) -> dict[str, Any]:
    """One line of the list."""
    old, new = ends_of(transfer)
    return {
        "transfer": transfer,
        "name": transfer.summary.get("name", ""),
        "risk": transfer.summary.get("risk", ""),
        "old": old,
        "new": new,
        "when": transfer.decided_at or transfer.proposed_at,
        "who": transfer.decided_by or transfer.proposed_by,
        "url": reverse("cases:transfer", args=[transfer.pk]),
    }


def segments(view: str) -> list[dict[str, Any]]:
    """The three lists; those that wait with their counts."""
    labels = {TO_DECIDE: _("Waiting for us"), OURS: _("Proposed by us"), PAST: _("Past")}
    return [
        {
            "label": label,
            "url": f"?show={key}",
            "current": key == view,
            "count": _count(key) if key != PAST else None,
        }
        for key, label in labels.items()
    ]


def _count(view: str) -> int | str:
    found = count_of(view)
    return f"{COUNTED}+" if found >= COUNTED else found


def transfer_context(transfer: Transfer, actions: Sequence[Transition]) -> dict[str, Any]:
    """The page of one transfer. Whether the child's file opens is the reader's scope."""
    old, new = ends_of(transfer)
    told = transfer.summary
    sees = Child.objects.filter(pk=transfer.child_id).exists()
    relation = f"（{Relation(told['relation']).label}）" if told.get("relation") else ""
    born = dt.date.fromisoformat(told["birth_date"]) if told.get("birth_date") else None
    age = ages.age_on(born, transfer.effective_date) if born else ""
    child = [
        {
            "label": _("Sex and age"),
            "value": _("%(sex)s, aged %(age)s") % {"sex": Sex(told["sex"]).label, "age": age}
            if told.get("sex")
            else "",
        },
        {"label": _("Date of birth"), "value": day(born), "number": True},
        {
            "label": _("Category"),
            "value": PrimaryCategory(told["category"]).label if told.get("category") else "",
        },
        {"label": _("Guardian"), "value": f"{told.get('guardian', '')}{relation}" or "—"},
        {"label": _("School"), "value": told.get("school") or "—"},
    ]
    facts = [
        {"label": _("From the village"), "value": old},
        {"label": _("To the village"), "value": new},
        {"label": _("Reason"), "value": transfer.get_reason_code_display()},
        {"label": _("From the day"), "value": day(transfer.effective_date), "number": True},
        {"label": _("Proposed"), "value": f"{moment(transfer.proposed_at)} {transfer.proposed_by or ''}"},
    ]
    if transfer.reason:
        facts.append({"label": _("In words"), "value": transfer.reason, "wide": True})
    if transfer.decided_at:
        facts.append(
            {"label": _("Decided"), "value": f"{moment(transfer.decided_at)} {transfer.decided_by or ''}"}
        )
    if words := transfer.counts.get("words"):
        facts.append({"label": _("What was said"), "value": words, "wide": True})
    waits = transfer.state == TransferState.PROPOSED
    return {
        "transfer": transfer,
        "name": told.get("name", ""),
        "risk": told.get("risk", ""),
        "child_facts": child,
        "facts": facts,
        "actions": actions,
        "waits": waits,
        "waiting_note": _("Another person of the receiving side decides.") if waits and not actions else "",
        "child_url": reverse("cases:child", args=[transfer.child_id]) if sees else "",
        "went": went_along(transfer),
        "far": distance(transfer.region_id, transfer.to_region_id) == Distance.BEYOND,
    }


def went_along(transfer: Transfer) -> list[dict[str, Any]]:
    """What travelled with the file, and what became of the money, without amounts."""
    counts = transfer.counts
    moved = counts.get("moved", {})
    rows = [
        {
            "label": str(apps.get_model(label)._meta.verbose_name).capitalize()
            if label != "staff.storedfile"
            else _("Photos"),
            "value": str(moved[label]),
            "number": True,
        }
        for label in TOLD
        if moved.get(label)
    ]
    if counts.get("entitled_until"):
        rows.append(
            {
                "label": _("Allowance of the sending county ends with"),
                "value": counts["entitled_until"],
                "number": True,
            }
        )
    if counts.get("paid_until"):
        rows.append({"label": _("Paid there until"), "value": counts["paid_until"], "number": True})
    return rows


def said(transfer: Transfer) -> str:
    """The message after a decision."""
    name = transfer.summary.get("name", "")
    words = {
        TransferState.ACCEPTED: _("%(name)s is on your register now. A first visit is due."),
        TransferState.REFUSED: _("The transfer of %(name)s is refused."),
        TransferState.WITHDRAWN: _("The transfer of %(name)s is withdrawn."),
    }
    return words[TransferState(transfer.state)] % {"name": name}


def proposing_rules() -> list[str]:
    """Who proposes and decides, for the head of the form."""
    return [
        _("Within the township: the director or the supervisor, to the director there or the supervisor."),
        _("To another township: the supervisor or the county clerk, to those of the receiving side."),
        _(
            "To another county: the county clerk, to the clerk there. The allowance here ends; it is applied for anew."
        ),
    ]
