"""What the page of a discrepancy shows: its facts, the row of the list, what may be decided, what happened."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases.enums import Sex
from cases.matching import kinds
from cases.matching.discrepancies import shown
from cases.matching.discrepancies.acts import ANOTHER_PERSON
from cases.matching.discrepancies.forms import ReasonForm
from cases.matching.discrepancies.remedies import FIELD_LABELS, REMEDIES, remedies_for
from cases.matching.enums import Found
from cases.matching.review import standing
from cases.models import Discrepancy, MatchCandidate, ParentSituation
from cases.models.matching import MatchRole
from staff.models import Region
from staff.workflow import history


def choices_of(
    found: Discrepancy, opened: str, remedy_form: Any, reason_form: ReasonForm | None
) -> list[dict[str, Any]]:
    """What the clerk may decide: a remedy each for a true one, then untrue and cannot be checked. Of one whose pair was
    rejected, only that it is untrue."""
    choices: list[dict[str, Any]] = []
    of_pair = bool(found.child_id and found.list_row_id)
    pair = standing.pair_of(found).first() if of_pair else None
    fallen = of_pair and (pair is None or pair.state == MatchCandidate.State.REJECTED)
    for index, remedy in enumerate(() if fallen else remedies_for(found)):
        code = f"true:{remedy.code}"
        form = remedy.form(discrepancy=found, prefix=remedy.code) if remedy.form else None
        choices.append(
            {
                "code": code,
                "label": _("True: %(remedy)s") % {"remedy": remedy.label},
                "icon": remedy.icon,
                "note": remedy.note,
                "form": remedy_form if opened == code and remedy_form else form,
                "primary": index == 0,
            }
        )
    if of_pair and not fallen:
        choices.append(
            {
                "code": f"untrue:{ANOTHER_PERSON}",
                "label": _("Untrue: another person"),
                "icon": "users",
                "note": _(
                    "The row of the list is somebody else: the pair is rejected, and that is remembered."
                ),
                "key": "",
            }
        )
    choices += [
        {
            "code": "untrue",
            "label": _("Untrue"),
            "icon": "x",
            "note": _("It is not raised again while the list says the same."),
            "key": "N",
        },
    ]
    if not fallen:
        choices.append(
            {
                "code": "uncheckable",
                "label": _("Cannot be checked"),
                "icon": "circle-off",
                "note": _("It is raised again with the next list."),
                "key": "",
            }
        )
    for choice in choices:
        choice["open"] = choice["code"] == opened
        choice["reason"] = (
            reason_form
            if choice["open"] and reason_form
            else ReasonForm(prefix=choice["code"].replace(":", "-"))
        )
    return choices


def steps_of(found: Discrepancy, names: set[str]) -> list[dict[str, Any]]:
    """What the county may do beside deciding: send back, open again, close with feedback; each asks for words."""
    prompts = {
        "return": _("What is still to be found out?"),
        "reopen": _("Why is it opened again?"),
        "close": _("Feedback to the township and the sender of the list"),
    }
    table = found.workflow.by_name
    return [
        {"name": name, "label": table[name].label, "icon": table[name].icon, "prompt": prompt}
        for name, prompt in prompts.items()
        if name in names
    ]


def facts_of(found: Discrepancy) -> list[dict[str, Any]]:
    """The figures of a discrepancy as labelled values."""
    detail = found.detail
    facts: list[dict[str, Any]] = [
        {"label": _("List"), "value": f"{found.get_list_kind_display()} {detail.get('period', '')}"},
        *_person(found),
        {"label": _("Place"), "value": _place(found.region)},
        {"label": _("Check by"), "value": found.due_date.isoformat(), "number": True},
    ]
    kind = kinds.KINDS.get(found.list_kind)
    for key, name, label in TOLD:
        if detail.get(key):
            told = kind.column_label(name, str(label)) if kind and name else label
            facts.append({"label": told, "value": detail[key], "number": key in ("event", "since")})
    if detail.get("amount"):
        facts.append(
            {"label": _("Household's benefit, yuan a month"), "value": detail["amount"], "number": True}
        )
        facts.append(
            {"label": _("Persons of the household on the list"), "value": detail["people"], "number": True}
        )
        facts.append(
            {"label": _("The child's share, yuan a month"), "value": detail["share"], "number": True}
        )
    if "offset" in detail:
        facts.append(
            {
                "label": _("Set off at present, yuan a month"),
                "value": detail["offset"] or _("nothing"),
                "number": True,
            }
        )
    if detail.get("offset_since"):
        facts.append({"label": _("Set off since"), "value": detail["offset_since"], "number": True})
    if "last_month" in detail:
        facts.append(
            {"label": _("On the list before"), "value": _("Yes") if detail["last_month"] else _("No")}
        )
    if detail.get("absent"):
        facts.append({"label": _("On this list"), "value": _("No, though it is to be complete")})
    if detail.get("born"):
        facts.append({"label": _("Born"), "value": detail["born"], "number": True})
    return facts


TOLD = (
    ("before", "", gettext_lazy("Before")),
    ("now", "", gettext_lazy("Now")),
    ("status", "category", gettext_lazy("Category")),
    ("level", "level", gettext_lazy("Level")),
    ("since", "start_month", gettext_lazy("Since")),
    ("event", "event_date", gettext_lazy("Day of the event")),
)


def _person(found: Discrepancy) -> list[dict[str, Any]]:
    """Whom of the child's file the row is, when it is not the child."""
    parent = found.detail.get("parent")
    if parent:
        who = str(ParentSituation.Parent(parent).label)
    elif found.role != MatchRole.CHILD:
        who = str(MatchRole(found.role).label)
    else:
        return []
    name = found.detail.get("person") or found.detail.get("row", {}).get("name", "")
    return [{"label": _("About"), "value": f"{who} {name}".strip()}]


def _place(region: Region) -> str:
    parent = region.parent.name if region.parent and region.level == "village" else ""
    return f"{parent} {region.short_name}".strip()


def row_of(found: Discrepancy) -> list[dict[str, Any]]:
    """The list row as sent, numbers masked; empty when the discrepancy is about an absence."""
    row = found.detail.get("row")
    if not row:
        return []
    kind = kinds.KINDS.get(found.list_kind)
    place = " ".join(filter(None, [row["list"], row["sheet"], _("row %(line)s") % {"line": row["line"]}]))
    cells = [
        (_("Name"), row["name"]),
        (_("Identity number"), shown.row_number(found)),
        (_("Date of birth"), row["birth"]),
        (_("Sex"), row["sex"]),
        (_("Relation to head"), row["relation"]),
        (_("Head of household"), row["head"]),
        (_("Village"), row["village"]),
        (_label(kind, "category", _("Category")), row["category"]),
        (_label(kind, "level", _("Level")), row.get("level")),
        (_label(kind, "event_date", _("Day of the event")), row.get("event")),
        (_("Amount, yuan"), row["amount"]),
        (_label(kind, "start_month", _("Since")), row["start"]),
        (_("File"), place),
    ]
    return [{"label": label, "value": value} for label, value in cells if value]


def _label(kind: kinds.ListKind | None, name: str, otherwise: str) -> str:
    return kind.column_label(name, otherwise) if kind else otherwise


def differences_of(found: Discrepancy) -> list[dict[str, str]]:
    """Lines of the comparison of list and register."""
    lines = []
    for each in shown.differences(found):
        left, right = each["list"], each["register"]
        if each["field"] == "sex":
            left, right = (str(Sex(v).label) if v in Sex.values else v for v in (left, right))
        lines.append({"label": str(FIELD_LABELS[each["field"]]), "left": left, "right": right})
    return lines


def timeline_of(found: Discrepancy) -> list[dict[str, Any]]:
    """What was reported and decided, newest first."""
    events = []
    for record in history(found):
        label = str(found.workflow.by_name[record.name].label)
        if record.name == "find" and record.reason_code in Found.values:
            label = str(Found(record.reason_code).label)
        elif record.reason_code in REMEDIES:
            label = f"{label} · {REMEDIES[record.reason_code].label}"
        who = record.user.name if record.user else ""
        events.append(
            {
                "icon": found.workflow.by_name[record.name].icon or "check",
                "title": f"{label} · {who}" if who else label,
                "date": record.at,
                "text": record.reason,
                "hot": record.name not in ("find", "close"),
            }
        )
    return events[::-1]
