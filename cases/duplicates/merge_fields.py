"""What of two files must be chosen when they become one: groups of fields that only make sense together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from cases import identity
from cases.children.reveals import address_shown
from cases.children.selectors import place_name
from cases.enums import RiskLevel
from cases.models import Child

KEPT, MERGED = "kept", "merged"
Text = Callable[[Child], str]


@dataclass(frozen=True)
class Group:
    """``fields`` are chosen together. ``text`` is how a page shows them; ``masked`` ones have a ``reveal`` key."""

    key: str
    label: Any
    fields: tuple[str, ...]
    text: Text
    reveal: str = ""

    def values(self, child: Child) -> tuple[Any, ...]:
        return tuple(getattr(child, name) for name in self.fields)

    def is_empty(self, child: Child) -> bool:
        return not any(self.values(child))


def _display(name: str) -> Text:
    return lambda child: str(getattr(child, f"get_{name}_display")())


def _plain(name: str) -> Text:
    return lambda child: str(getattr(child, name) or "")


def _category(child: Child) -> str:
    detail = child.get_category_detail_display() if child.category_detail else ""
    return " · ".join(filter(None, (str(child.get_primary_category_display()), str(detail))))


def _school(child: Child) -> str:
    return " ".join(filter(None, (str(child.get_school_stage_display()), child.school_name)))


def _place(name: str) -> Text:
    return lambda child: place_name(getattr(child, name))


GROUPS: tuple[Group, ...] = (
    Group("name", _("Name"), ("name", "name_pinyin"), _plain("name")),
    Group(
        "id_number",
        _("Identity number"),
        ("id_number",),
        lambda child: child.masked_identity,
        "child-identity",
    ),
    Group("birth_date", _("Date of birth"), ("birth_date",), lambda child: child.birth_date.isoformat()),
    Group("sex", _("Sex"), ("sex",), _display("sex")),
    Group("ethnicity", _("Ethnicity"), ("ethnicity",), _plain("ethnicity")),
    Group("category", _("Category"), ("primary_category", "category_detail"), _category),
    Group("risk", _("Risk"), ("risk", "risk_since"), _display("risk")),
    Group("placement", _("Placement"), ("placement",), _display("placement")),
    Group("registration", _("Household registration"), ("registration",), _display("registration")),
    Group(
        "household_region",
        _("Place of household registration"),
        ("household_region_id",),
        _place("household_region"),
    ),
    Group(
        "residence",
        _("Place of residence"),
        ("residence_region_id", "residence_since"),
        _place("residence_region"),
    ),
    Group("address", _("Address"), ("address",), lambda child: address_shown(child.address), "child-address"),
    Group(
        "household",
        _("Head of household"),
        ("household_id",),
        lambda child: child.household.head_name if child.household else "",
    ),
    Group("school", _("School"), ("school_stage", "school_name", "enrolled_until"), _school),
    Group("health_status", _("State of health"), ("health_status",), _display("health_status")),
    Group(
        "health_note",
        _("About health"),
        ("health_note",),
        lambda child: "******" if child.health_note else "",
        "child-health",
    ),
    Group("insurance", _("Health insurance"), ("insurance",), _display("insurance")),
    Group(
        "phone",
        _("Phone of the child"),
        ("phone",),
        lambda child: identity.mask_phone(child.phone) if child.phone else "",
        "child-phone",
    ),
)
BY_KEY = {group.key: group for group in GROUPS}

# Worked out from both files, nobody chooses: the last visit, and the earlier of the next ones.
WORKED_OUT = frozenset({"last_visit_date", "next_visit_date"})
# Each file keeps its own: what was reported of the days before the merge stays true.
OWN = frozenset(
    {
        *("id", "number", "region_id", "registered_date", "category_since", "id_digest"),
        *("left_date", "left_reason", "merged_into_id", "created_at", "updated_at"),
    }
)


def differing(kept: Child, merged: Child) -> list[Group]:
    """Groups whose values are not the same in both files."""
    return [group for group in GROUPS if group.values(kept) != group.values(merged)]


def default_choices(kept: Child, merged: Child) -> dict[str, str]:
    """Group → ``kept`` or ``merged`` for what differs: what is there before what is missing, the worse risk, the
    longer note, the birth date and sex that the identity number states, and else the file changed last."""
    newer = MERGED if merged.updated_at > kept.updated_at else KEPT
    chosen: dict[str, str] = {}
    for group in differing(kept, merged):
        if group.is_empty(kept) != group.is_empty(merged):
            chosen[group.key] = MERGED if group.is_empty(kept) else KEPT
        elif group.key == "risk":
            chosen[group.key] = worse_side(kept, merged)
        elif group.key in ("address", "health_note"):
            longer = len(group.values(merged)[0]) > len(group.values(kept)[0])
            chosen[group.key] = MERGED if longer else KEPT
        elif group.key in ("name", "id_number"):
            chosen[group.key] = KEPT
        else:
            chosen[group.key] = newer
    number = merged.id_number if chosen.get("id_number") == MERGED else kept.id_number
    if number:
        stated = identity.parse(number)
        for key, value in (("birth_date", stated.birth_date), ("sex", stated.sex.value)):
            if key in chosen:
                chosen[key] = MERGED if getattr(merged, key) == value else KEPT
    return chosen


def checked(choices: Mapping[str, str], kept: Child, merged: Child) -> dict[str, str]:
    """The choices about what differs now; what was not chosen stays as the kept file has it, and of two colours the
    worse one always. ValueError for a key or a side that does not exist."""
    if unknown := choices.keys() - BY_KEY.keys():
        raise ValueError(f"not chosen here: {sorted(unknown)}")
    if wrong := set(choices.values()) - {KEPT, MERGED}:
        raise ValueError(f"no such side: {sorted(wrong)}")
    found = {group.key: choices.get(group.key, KEPT) for group in differing(kept, merged)}
    return found | ({"risk": worse_side(kept, merged)} if "risk" in found else {})


def worse_side(kept: Child, merged: Child) -> str:
    """Whose colour a merge keeps: the worse one, since a better one needs an assessment (cases.colours)."""
    return MERGED if RiskLevel(merged.risk).is_worse_than(RiskLevel(kept.risk)) else KEPT
