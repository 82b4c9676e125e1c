"""Identity numbers of a discrepancy, masked when it is shown: its stored detail holds none."""

from __future__ import annotations

from cases import identity
from cases.models import Discrepancy, ListRow


def row_number(found: Discrepancy) -> str:
    """The number on the list row, masked; '' when there is none, or the row is gone or out of scope."""
    row = ListRow.objects.filter(pk=found.list_row_id or 0).only("id_number").first()
    return identity.mask(identity.canonical(row.id_number)) if row is not None else ""


def differences(found: Discrepancy) -> list[dict[str, str]]:
    """The lines of list beside register, with both numbers masked."""
    lines: list[dict[str, str]] = found.detail.get("differences", [])
    return [each | _numbers(found) if each["field"] == "id_number" else each for each in lines]


def _numbers(found: Discrepancy) -> dict[str, str]:
    number = found.child.id_number if found.child else ""
    return {"list": row_number(found), "register": identity.mask(number)}
