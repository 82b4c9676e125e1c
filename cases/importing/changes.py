"""What a row would change of a child and those around it. Empty cells change nothing."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Final

from cases import identity
from cases.enums import DETAILS, PrimaryCategory
from cases.matching.engine.normalise import clean_name
from cases.models import Child, ChildAttribute, Guardian, Payee

# Column of the file → field of the child.
PLAIN: Final = {
    "name": "name",
    "id_number": "id_number",
    "birth_date": "birth_date",
    "sex": "sex",
    "ethnicity": "ethnicity",
    "category": "primary_category",
    "category_detail": "category_detail",
    "category_since": "category_since",
    "placement": "placement",
    "registration": "registration",
    "address": "address",
    "phone": "phone",
    "school_stage": "school_stage",
    "school_name": "school_name",
    "health_status": "health_status",
    "health_note": "health_note",
    "insurance": "insurance",
}


def digest_of(number: str) -> bytes | None:
    """The digest of a valid number, None of any other text."""
    return identity.digest_identity(number) if identity.is_valid(number) else None


@dataclass(slots=True)
class GuardianRow:
    """A guardian as a row names them; '' where the row says nothing."""

    column: str
    name: str
    relation: str
    id_number: str
    phone: str


@dataclass(slots=True)
class Plan:
    """All changes of one row. ``fields``: field of the child → (old, new)."""

    fields: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    household: tuple[str, str] | None = None
    guardians: list[GuardianRow] = field(default_factory=list)
    guardian_changes: list[tuple[str, Guardian, dict[str, tuple[str, str]]]] = field(default_factory=list)
    payee: SimpleNamespace | None = None
    former_payee: Payee | None = None
    situations: list[tuple[str, str, str, dt.date | None]] = field(default_factory=list)
    attributes: list[str] = field(default_factory=list)
    attributes_ended: list[ChildAttribute] = field(default_factory=list)
    former_head: str = ""

    @property
    def empty(self) -> bool:
        return not (
            self.fields
            or self.household
            or self.guardians
            or self.guardian_changes
            or self.payee
            or self.situations
            or self.attributes
            or self.attributes_ended
        )

    def shown(self) -> list[list[str]]:
        """[column, old, new] as text, for the preview."""
        columns = {name: column for column, name in PLAIN.items()}
        lines = [
            [columns[name], _text(old), _text(new)]
            for name, (old, new) in self.fields.items()
            if name in columns
        ]
        if self.household:
            lines.append(["head_name", self.former_head, self.household[0]])
        for column, guardian, changed in self.guardian_changes:
            lines += [
                [f"{column}_{_END[n]}", _text(old), _text(new)]
                for n, (old, new) in changed.items()
                if n in _END
            ]
            del guardian
        lines += [[f"{row.column}_name", "", row.name] for row in self.guardians]
        if self.payee:
            former = self.former_payee
            lines.append(["payee_name", former.name if former else "", self.payee.name])
            lines.append(["account", former.account if former else "", self.payee.account])
        lines += [[f"{parent}_situation", "", kind] for parent, _name, kind, _since in self.situations]
        lines += [["attributes", "", kind] for kind in self.attributes]
        lines += [["attributes", each.kind, ""] for each in self.attributes_ended]
        return lines


_END: Final = {"relation": "relation", "id_number": "id", "phone": "phone"}


def _text(value: Any) -> str:
    return "" if value is None else value.isoformat() if isinstance(value, dt.date) else str(value)


def plan_for(child: Child | None, incoming: SimpleNamespace, today: dt.date) -> Plan:
    """The changes of a row to a child (with its open family prefetched), or everything of a new one."""
    plan = Plan()
    for column, name in PLAIN.items():
        new = getattr(incoming, column, None)
        old = getattr(child, name) if child is not None else None
        if new is not None and new != old:
            plan.fields[name] = (old, new)
    if child is not None and "primary_category" in plan.fields:
        _recount(plan, child, today)
    _plan_household(plan, child, incoming)
    _plan_guardians(plan, child, incoming)
    _plan_payee(plan, child, incoming)
    known = {(s.parent, s.kind) for s in child.open_situations} if child is not None else set()  # type: ignore[attr-defined]
    for parent in ("father", "mother"):
        kind = getattr(incoming, f"{parent}_situation", None)
        if kind and (parent, kind) not in known:
            name = getattr(incoming, f"{parent}_name", None) or ""
            plan.situations.append((parent, name, kind, getattr(incoming, f"{parent}_since", None)))
    held = {a.kind for a in child.open_attributes} if child is not None else set()  # type: ignore[attr-defined]
    wanted = list(getattr(incoming, "attributes", None) or ())
    if "primary_category" in plan.fields:
        wanted.insert(0, plan.fields["primary_category"][1])
    plan.attributes = [kind for kind in dict.fromkeys(wanted) if kind not in held]
    return plan


def _recount(plan: Plan, child: Child, today: dt.date) -> None:
    """Another category begins on the day the file says, else today; the former ends as an attribute."""
    new = PrimaryCategory(plan.fields["primary_category"][1])
    plan.fields.setdefault("category_since", (child.category_since, today))
    if "category_detail" not in plan.fields and child.category_detail not in (*DETAILS.get(new, ()), ""):
        plan.fields["category_detail"] = (child.category_detail, "")
    former = child.primary_category
    plan.attributes_ended = [a for a in child.open_attributes if a.kind == former]  # type: ignore[attr-defined]


def _plan_household(plan: Plan, child: Child | None, incoming: SimpleNamespace) -> None:
    name = getattr(incoming, "head_name", None)
    number = getattr(incoming, "head_id", None) or ""
    if not name:
        return
    present = child.household if child is not None else None
    if present is not None and present.head_name == name and (not number or present.head_id_number == number):
        return
    plan.household = (name, number)
    plan.former_head = present.head_name if present is not None else ""


def _plan_guardians(plan: Plan, child: Child | None, incoming: SimpleNamespace) -> None:
    present = list(child.open_guardians) if child is not None else []  # type: ignore[attr-defined]
    for column in ("guardian", "guardian2"):
        name = getattr(incoming, f"{column}_name", None)
        if not name:
            continue
        row = GuardianRow(
            column,
            name,
            *(getattr(incoming, f"{column}_{part}", None) or "" for part in ("relation", "id", "phone")),
        )
        digest = digest_of(row.id_number)
        same = next(
            (
                g
                for g in present
                if clean_name(g.name) == clean_name(name)
                or (digest and g.id_digest and bytes(g.id_digest) == digest)
            ),
            None,
        )
        if same is None:
            plan.guardians.append(row)
            continue
        values = {"relation": row.relation, "id_number": row.id_number, "phone": row.phone}
        changed = {n: (getattr(same, n), v) for n, v in values.items() if v and v != getattr(same, n)}
        if changed:
            plan.guardian_changes.append((column, same, changed))


def _plan_payee(plan: Plan, child: Child | None, incoming: SimpleNamespace) -> None:
    name, account = getattr(incoming, "payee_name", None), getattr(incoming, "account", None)
    if not name or not account:
        return
    present = child.open_payees[0] if child is not None and child.open_payees else None  # type: ignore[attr-defined]
    bank = getattr(incoming, "bank", None) or ""
    if (
        present is not None
        and present.account == account
        and present.name == name
        and (not bank or present.bank_name == bank)
    ):
        return
    plan.former_payee = present
    relation = getattr(incoming, "payee_relation", None) or ""
    plan.payee = SimpleNamespace(name=name, account=account, bank=bank, relation=relation)
