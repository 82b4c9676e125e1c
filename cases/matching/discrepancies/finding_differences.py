"""In what a list row differs from the child of the register that it is."""

from __future__ import annotations

import datetime as dt

from cases.matching.discrepancies.finding_data import key_of
from cases.matching.engine.normalise import (
    IdKind,
    NameLikeness,
    clean_date,
    clean_id,
    clean_name,
    clean_sex,
    compare_names,
    split_number_from_name,
)
from cases.models import Child, ListRow


def birth_of(inside: int, column: int) -> dt.date | None:
    """The birth date a row gives, in its number or its column (yyyymmdd, days 00 allowed), the number first;
    None without.
    """
    value = inside or column
    return dt.date(value // 10000, value // 100 % 100, value % 100 or 1) if value else None


def differences(row: ListRow, child: Child, villages: dict[int, str]) -> list[dict[str, str]]:
    """What differs, as ``{"field", "list", "register", "value"}``; ``value`` is what a correction would
    write.

    Identity numbers are not here, not even masked: beside the birth date a mask is the whole number. Pages and
    corrections read the row itself; ``value`` only tells one pair of numbers from another.
    """
    found: list[dict[str, str]] = []

    def add(name: str, listed: str, registered: str, value: str = "") -> None:
        found.append({"field": name, "list": listed, "register": registered, "value": value})

    name, inside = split_number_from_name(row.name)
    if clean_name(name) and compare_names(clean_name(name), clean_name(child.name)) != NameLikeness.SAME:
        add("name", name, child.name, clean_name(name))
    number = clean_id(row.id_number or inside)
    if number.kind == IdKind.VALID and number.text != child.id_number:
        add("id_number", "", "", key_of(number.text, child.id_number))
    written = clean_date(row.birth_date)
    in_number = number.birth if number.kind == IdKind.VALID else 0
    born = birth_of(0, written if written % 100 else 0) or birth_of(in_number, 0)
    if born is not None and born != child.birth_date:
        add("birth_date", born.isoformat(), child.birth_date.isoformat(), born.isoformat())
    sex = clean_sex(row.sex)
    if sex and sex != child.sex:
        add("sex", sex, child.sex, sex)
    homes = {child.region_id, child.household_region_id, child.residence_region_id}
    # Only a village says where somebody lives; a row placed by its sender alone does not.
    if row.region_id % 1000 and row.region_id not in homes:
        there = villages.get(row.region_id, row.village_name)
        add("village", there, villages.get(child.region_id, child.region.name), str(row.region_id))
    return found
