"""A list row beside a person of the register, for the eye: line by line what agrees and what differs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from cases import identity
from cases.enums import Sex
from cases.matching.discrepancies.finding_differences import birth_of
from cases.matching.engine.normalise import (
    CleanId,
    IdKind,
    clean_date,
    clean_id,
    clean_sex,
    split_number_from_name,
)
from cases.matching.review import sentences
from cases.matching.review.facts import Fact
from cases.matching.runs.people import Person
from cases.models import ListRow, MatchCandidate
from cases.models.matching import MatchRole
from staff.differences import mark_differences
from staff.templatetags.look import NOTHING

Line = dict[str, Any]


def compare(pair: MatchCandidate, person: Person, facts: Sequence[Fact]) -> list[Line]:
    """Lines for ``{% compare_row %}``; ``facts`` are those of :func:`cases.matching.review.sentences.told`."""
    row, child = pair.list_row, person.child
    name, inside = split_number_from_name(row.name)
    number = clean_id(row.id_number or inside)
    born = birth_of(0, clean_date(row.birth_date)) or birth_of(number.birth, 0)
    sex = clean_sex(row.sex)
    of_child = person.role == MatchRole.CHILD
    marked = marked_numbers(number, person.number)
    lines = [
        _line(_("Name"), name, person.name, *_said(facts, "name")),
        _line(
            _("Identity number"),
            *marked,
            *_said(facts, "number"),
            masked=True,
            left_reveal=_eye("list-row-identity", row.pk) if row.id_number else "",
            reveal=_eye("pair-identity", pair.pk) if person.number else "",
        ),
        _line(
            _("Date of birth"),
            born.isoformat() if born else "",
            person.birth.isoformat() if person.birth else "",
            *_said(facts, "birth", otherwise="" if born and person.birth else _missing(bool(born))),
        ),
    ]
    if of_child or person.sex:
        label = str(Sex(person.sex).label) if person.sex else ""
        lines.append(
            _line(_("Sex"), str(Sex(sex).label) if sex else "", label, "" if sex else _missing(False))
        )
    head = child.household.head_name if child.household else ""
    lines += [
        _line(
            _("Head of household"),
            row.head_name,
            head,
            *_said(facts, "head", otherwise="" if row.head_name and head else NOTHING),
        ),
        _line(
            _("Relation"),
            row.relation,
            _relatives(person) if of_child else _of_whom(person),
            NOTHING,
        ),
        _line(_("Village"), row.village_name, child.region.short_name, *_place(row, person, pair.reasons)),
    ]
    if of_child:
        lines.append(_line(_("Category"), row.category, child.get_primary_category_display(), NOTHING))
    return lines


def _line(
    label: str, left: str, right: str, verdict: str = "", same: bool | None = None, **more: Any
) -> Line:
    equal = (left == right and bool(left)) if same is None else same
    return {
        "label": label,
        "left": left,
        "right": right,
        "verdict": verdict or _("differs"),
        "same": equal,
        **more,
    }


def _said(facts: Sequence[Fact], subject: str, otherwise: str = "") -> tuple[str, bool | None]:
    """What the sentence says of a subject, for the last column; and whether both sides are the same."""
    of_subject = [fact for fact in facts if fact.code.split("_")[0] == subject]
    if any(fact.code == subject and fact.agrees for fact in of_subject):
        return "", True
    words = [text for text, _doubt in sentences.clauses(of_subject)]
    return (words[0], False) if words else (otherwise, None)


def _missing(on_list: bool) -> str:
    return _("not given on the register") if on_list else _("not given on the list")


def _eye(kind: str, pk: int) -> str:
    return reverse("staff:reveal", args=[kind, pk])


def _relatives(person: Person) -> str:
    return f"{person.kin[-1].name} · {person.kin[-1].who}" if person.kin else ""


def _of_whom(person: Person) -> str:
    return _("%(who)s of %(child)s") % {"who": person.who, "child": person.child.name}


def masked(number: CleanId) -> str:
    """A cleaned number for the screen; a cut one shows that it is cut."""
    if number.kind == IdKind.MASKED:
        return number.text
    shown = identity.mask(number.text)
    return f"{shown[:-3]}???" if number.kind == IdKind.CUT and len(shown) == 18 else shown


def marked_numbers(listed: CleanId, registered: str) -> tuple[str, str]:
    """Both numbers masked, with the places marked at which they differ, also those behind the mask."""
    its = clean_id(registered).text or registered
    shown = masked(listed), identity.mask(its)
    if not all(shown):
        return shown
    text = listed.text
    if listed.kind == IdKind.CUT:
        text = f"{text[:15]}???"
    elif listed.kind == IdKind.MASKED and len(text) == len(its):
        # What the list hides does not differ.
        text = "".join(b if a == "*" else a for a, b in zip(text, its, strict=True))
    elif listed.kind == IdKind.MASKED:
        return shown
    if text == its:
        return shown
    left, right = mark_differences(text, its, shown=shown)
    return SafeString(left), SafeString(right)


def _place(row: ListRow, person: Person, reasons: Collection[str]) -> tuple[str, bool | None]:
    if not row.village_name:
        return _missing(False), False
    if "same_village" in reasons or row.region_id == person.child.region_id:
        return "", True
    if row.region_id % 1000 == 0:
        return _("not recognised"), False
    return _("another village"), False
