"""What agrees and what differs between a list row and a person of the register, as facts. Pure, nothing is judged.

A fact names what is so and the few values a sentence needs: places, characters, who a relative is. No fact holds a
digit of an identity number.
"""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from cases.identity import is_valid, widen
from cases.matching.engine.dates import compare_dates
from cases.matching.engine.normalise import (
    LOST,
    CleanId,
    IdKind,
    NameLikeness,
    clean_date,
    clean_id,
    clean_name,
    clean_sex,
    compare_names,
    masks,
    read_name,
    slips_apart,
    split_number_from_name,
)
from cases.matching.runs.people import Kin, Person
from cases.models import ListRow

Pairs = tuple[tuple[str, str], ...]
MONTH_AND_DAY: Final = slice(10, 14)  # of a number
NEAR_DATE: Final = -1
LUNAR_DAYS: Final = range(17, 53)
OTHERWISE_ALIKE: Final = {
    NameLikeness.SOUND: "name_alike",
    NameLikeness.LOST: "name_lost",
    NameLikeness.SURNAME: "name_surname",
    NameLikeness.OTHER: "name_other",
}


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that is so. ``agrees``: the code is a subject on which both sides agree."""

    code: str
    values: Mapping[str, object] = field(default_factory=dict)
    agrees: bool = False


def facts_of(row: ListRow, person: Person, head_name: str) -> Iterator[Fact]:
    """Everything to be said of the pair: number, name, birth, sex, head of household, in this order.

    ``head_name``: the head of the child's household as registered, '' unknown.
    """
    name, inside = split_number_from_name(row.name)
    number = clean_id(row.id_number or inside)
    yield number_fact(number, person)
    yield from name_facts(name, person)
    yield from birth_facts(clean_date(row.birth_date), number, person)
    listed = clean_sex(row.sex)
    if listed and person.sex and listed != person.sex:
        yield Fact("sex")
    yield from head_facts(row, person, head_name)


# --- Numbers ----------------------------------------------------------------------------------------------


def number_fact(listed: CleanId, person: Person) -> Fact:
    """How the number of the list relates to the person's, and if it is a relative's, whose it is."""
    its = clean_id(person.number).text
    if listed.kind in (IdKind.MISSING, IdKind.SCIENTIFIC):
        return Fact("number_missing" if listed.kind == IdKind.MISSING else "number_scientific")
    if listed.text == its and listed.kind != IdKind.CUT:
        return Fact("number", agrees=True)
    owner = _owner(listed, person.kin)
    if owner is not None:
        return Fact("number_kin", {"who": owner.who, "name": owner.name})
    if not its:
        return Fact("number_unregistered")
    if listed.kind == IdKind.CUT:
        return Fact("number_cut" if listed.text[:15] == its[:15] else "number_cut_other")
    if listed.kind == IdKind.MASKED:
        return Fact("number_masked" if masks(listed.text, its) else "number_masked_other")
    if listed.kind == IdKind.FIFTEEN and its in (widen(listed.text, 19), widen(listed.text, 20)):
        return Fact("number_fifteen")
    slip = slip_of(listed.text, its)
    if slip is not None:
        return slip
    numbers = ((kin, clean_id(kin.number).text) for kin in person.kin)
    near = next((kin for kin, known in numbers if known and slips_apart(listed.text, known) == 1), None)
    if near is not None:
        return Fact("number_kin_slip", {"who": near.who, "name": near.name})
    if is_valid(listed.text) and is_valid(its):
        return Fact("number_other_valid")
    return Fact("number_other")


def _owner(listed: CleanId, kin: tuple[Kin, ...]) -> Kin | None:
    if len(listed.text) != 18 or listed.kind not in (IdKind.VALID, IdKind.WRONG):
        return None
    return next((each for each in kin if clean_id(each.number).text == listed.text), None)


def slip_of(listed: str, its: str) -> Fact | None:
    """One or two slips of the pen between two numbers and where they are, counted from 1; None for more."""
    if len(listed) == len(its):
        places = [place for place, (a, b) in enumerate(zip(listed, its, strict=True), 1) if a != b]
        if not places:
            return None
        if len(places) == 1:
            return Fact("number_place", {"place": places[0]})
        turned = listed[12:14] + listed[10:12]
        if len(its) == 18 and turned == its[MONTH_AND_DAY] and set(places) <= {11, 12, 13, 14}:
            return Fact("number_month_day")
        if len(places) == 2:
            a, b = places
            swapped = listed[a - 1] == its[b - 1] and listed[b - 1] == its[a - 1]
            return Fact("number_swapped" if swapped else "number_two_places", {"first": a, "second": b})
        return None
    long, short = (listed, its) if len(listed) > len(its) else (its, listed)
    if len(long) - len(short) != 1:
        return None
    place = next((i for i in range(len(long)) if long[:i] + long[i + 1 :] == short), None)
    if place is None:
        return None
    return Fact("number_extra" if long == listed else "number_lost", {"place": place + 1})


# --- Names ------------------------------------------------------------------------------------------------


def name_facts(written: str, person: Person) -> Iterator[Fact]:
    """How the name of the list relates to the person's: the differing characters are named."""
    cell, mine = read_name(written), clean_name(person.name)
    likeness = compare_names(cell.name, mine)
    if likeness > NameLikeness.SAME and cell.other and compare_names(cell.other, mine) <= NameLikeness.SOUND:
        yield Fact("name_former", {"name": cell.other})
        return
    bearer = next((kin for kin in person.kin if clean_name(kin.name) == cell.name), None)
    if likeness > NameLikeness.NEAR and bearer is not None:
        yield Fact("name_kin", {"who": bearer.who, "name": bearer.name})
    elif likeness == NameLikeness.SAME:
        forms = _other_forms(written, person.name)
        yield Fact("name_form", {"pairs": forms}) if forms else Fact("name", agrees=True)
    elif likeness == NameLikeness.NEAR:
        yield _name_slip(cell.name, mine)
    elif likeness == NameLikeness.SOUND and differing(cell.name, mine):
        yield Fact("name_sound", {"pairs": differing(cell.name, mine)})
    else:
        yield Fact(OTHERWISE_ALIKE[likeness])


def differing(a: str, b: str) -> Pairs:
    """The characters that differ, pair by pair; empty where the texts are not of one length."""
    return tuple((x, y) for x, y in zip(a, b, strict=True) if x != y) if len(a) == len(b) else ()


def _other_forms(written: str, registered: str) -> Pairs:
    """Characters of one name in another form: traditional, variant."""
    a, b = (unicodedata.normalize("NFKC", text).replace(" ", "") for text in (written, registered))
    pairs = differing(a, b) or differing(clean_name(a), clean_name(b))
    return tuple((x, y) for x, y in pairs if x.isalpha() and y.isalpha())


def _name_slip(listed: str, its: str) -> Fact:
    if LOST in listed or LOST in its:
        return Fact("name_lost")
    if len(listed) == len(its):
        pairs = differing(listed, its)
        if len(pairs) == 2:
            return Fact("name_swapped", {"pairs": pairs[:1]})
        return Fact("name_character", {"pairs": pairs})
    long, short = (listed, its) if len(listed) > len(its) else (its, listed)
    extra = next(long[i] for i in range(len(long)) if long[:i] + long[i + 1 :] == short)
    return Fact("name_extra" if long == listed else "name_missing", {"character": extra})


# --- Dates, households ------------------------------------------------------------------------------------


def birth_facts(listed: int, number: CleanId, person: Person) -> Iterator[Fact]:
    """How the birth date of the list, in its column or else in its number, relates to the person's."""
    born = person.birth
    typed = listed or (number.birth if clean_id(person.number).text != number.text else 0)
    if born is None or not typed:
        return
    its = born.year * 10000 + born.month * 100 + born.day
    if typed == its:
        yield Fact("birth", agrees=True)
    elif typed % 100 == 0 and typed // 100 == its // 100:
        yield Fact("birth_month", agrees=True)
    elif not listed:
        return  # what the number says differs with the number, which is told already
    elif (
        typed // 10000 == its // 10000 and typed % 100 == its // 100 % 100 and typed // 100 % 100 == its % 100
    ):
        yield Fact("birth_turned")
    elif compare_dates(typed, its) != NEAR_DATE:
        yield Fact("birth_other")
    elif typed % 100 and (born - _date(typed)).days in LUNAR_DAYS:
        yield Fact("birth_lunar")
    else:
        yield Fact("birth_slip", {"part": _part(typed, its)})


def _date(day: int) -> dt.date:
    return dt.date(day // 10000, day // 100 % 100, day % 100)


def _part(a: int, b: int) -> str:
    return "year" if a // 10000 != b // 10000 else "month" if a // 100 != b // 100 else "day"


def head_facts(row: ListRow, person: Person, head_name: str) -> Iterator[Fact]:
    """Who heads the household on the list, as the register knows them."""
    listed = clean_name(row.head_name)
    if not listed or listed == clean_name(row.name):
        return
    if listed == clean_name(head_name):
        yield Fact("head", agrees=True)
        return
    near = (NameLikeness.SAME, NameLikeness.SOUND)
    kin = next((each for each in person.kin if compare_names(listed, clean_name(each.name)) in near), None)
    if kin is not None:
        yield Fact("head_kin", {"who": kin.who})
    elif head_name:
        yield Fact("head_other")
