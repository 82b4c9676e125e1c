"""What a child's file says that bears on a right, read at once: categories, guardians, payee, allowances held."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import CharField, F, QuerySet, Value

from cases.models import ChildAttribute, Guardian, Payee
from staff.crypto import EncryptedField
from subsidies.enums import EntitlementState
from subsidies.models import Entitlement

COLUMNS = ("what", "is_called", "since", "until", "is_relation", "at_bank", "has_account", "key")
NOTHING = Value("", output_field=CharField())


@dataclass(frozen=True)
class OnRecord:
    """``attributes``: (kind, first day, last day or None); ``guardians``: names of those of today; ``payee``: not for
    saving; ``schemes``: codes of the allowances that the child is entitled to, the oldest first.
    """

    attributes: tuple[tuple[str, dt.date, dt.date | None], ...] = ()
    guardians: frozenset[str] = frozenset()
    payee: Payee | None = None
    schemes: tuple[str, ...] = ()

    def kinds(self, on: dt.date) -> set[str]:
        """Attributes in force on a day."""
        return {kind for kind, first, last in self.attributes if first <= on and (last is None or last >= on)}


def on_record(child_id: int) -> OnRecord:
    """What is on record of a child, as far as the reader may see it. One query."""
    of_child: dict[str, Any] = {"child_id": child_id}
    # The first of a union says how the columns are read: the account is deciphered.
    payees = _rows(
        Payee.objects.filter(**of_child, end_date__isnull=True),
        "payee", "name", "start_date", "end_date",
        is_relation=F("relation"), at_bank=F("bank_name"), has_account=F("account"),
    )  # fmt: skip
    guardians = Guardian.objects.filter(**of_child, end_date__isnull=True)
    rights = Entitlement.objects.filter(**of_child).exclude(state=EntitlementState.ENDED)
    rows = payees.union(
        _rows(guardians, "guardian", "name", "start_date", "end_date"),
        _rows(ChildAttribute.objects.filter(**of_child), "attribute", "kind", "start_date", "end_date"),
        _rows(rights, "right", "scheme__code", "start_month", "end_month"),
        all=True,
    )
    found: dict[str, list[Any]] = {"payee": [], "guardian": [], "attribute": [], "right": []}
    for what, *row in rows:
        found[what].append(row)
    paid = sorted(found["payee"], key=lambda row: (-row[1].toordinal(), row[-1]))
    return OnRecord(
        attributes=tuple((kind, first, last) for kind, first, last, *_more in found["attribute"]),
        guardians=frozenset(row[0] for row in found["guardian"]),
        payee=next((_payee(row) for row in paid), None),
        schemes=tuple(row[0] for row in sorted(found["right"], key=lambda row: row[-1])),
    )


def _rows(
    of: QuerySet[Any],
    what: str,
    name: str,
    first: str,
    last: str,
    is_relation: Any = NOTHING,
    at_bank: Any = NOTHING,
    has_account: Any = None,
) -> QuerySet[Any]:
    return (
        of.order_by()
        .annotate(
            what=Value(what, output_field=CharField()),
            is_called=F(name),
            since=F(first),
            until=F(last),
            is_relation=is_relation,
            at_bank=at_bank,
            has_account=has_account or Value(None, output_field=EncryptedField()),
            key=F("pk"),
        )
        .values_list(*COLUMNS)
    )


def _payee(row: list[Any]) -> Payee:
    name, since, _until, relation, bank, account, key = row
    return Payee(pk=key, name=name, relation=relation, bank_name=bank, account=account, start_date=since)
