"""A list row beside a child of the register, for the eye: what agrees, what differs, and one sentence why."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cases import identity
from cases.enums import Sex
from cases.matching.findings import birth_of
from cases.matching.normalise import (
    CleanId,
    IdKind,
    NameLikeness,
    clean_date,
    clean_id,
    clean_name,
    clean_sex,
    compare_names,
    split_number_from_name,
)
from cases.matching.reasons import described
from cases.models import Child, Guardian, ListRow, MatchCandidate
from staff.templatetags.look import NOTHING

LIKELY, POSSIBLE = 0.9, 0.5


def compare(row: ListRow, child: Child, guardians: list[Guardian]) -> list[dict[str, Any]]:
    """Lines for ``{% compare_row %}``: label, left (list), right (register), verdict, same, masked,
    reveal.
    """
    name, inside = split_number_from_name(row.name)
    number = clean_id(row.id_number or inside)
    born = birth_of(0, clean_date(row.birth_date)) or birth_of(number.birth, 0)
    sex = clean_sex(row.sex)
    head = child.household.head_name if child.household else ""
    guardian = guardians[0] if guardians else None
    return [
        _line(_("Name"), name, child.name, *_name_verdict(name, child.name)),
        _line(
            _("Identity number"),
            masked(number),
            identity.mask(child.id_number),
            *number_verdict(number, child.id_number),
            masked=True,
            reveal=reverse("staff:reveal", args=["child-identity", child.pk]) if child.id_number else "",
        ),
        _line(
            _("Date of birth"),
            born.isoformat() if born else "",
            child.birth_date.isoformat(),
            "" if born else _("not given on the list"),
        ),
        _line(
            _("Sex"),
            str(Sex(sex).label) if sex else "",
            child.get_sex_display(),
            "" if sex else _("not given on the list"),
        ),
        _line(
            _("Head of household"),
            row.head_name,
            head,
            "" if row.head_name and head else NOTHING,
            bool(head) and clean_name(row.head_name) == clean_name(head),
        ),
        _line(
            _("Relation"),
            row.relation,
            f"{guardian.name} · {guardian.get_relation_display()}" if guardian else "",
            NOTHING,
        ),
        _line(
            _("Village"),
            row.village_name,
            child.region.short_name,
            *_village_verdict(row, child),
        ),
        _line(_("Category"), row.category, child.get_primary_category_display(), NOTHING),
    ]


def _line(
    label: str, left: str, right: str, verdict: str = "", same: bool | None = None, **more: Any
) -> dict[str, Any]:
    equal = (left == right and bool(left)) if same is None else same
    return {
        "label": label,
        "left": left,
        "right": right,
        "verdict": verdict or _("differs"),
        "same": equal,
        **more,
    }


def masked(number: CleanId) -> str:
    """A cleaned number for the screen; a cut one shows that it is cut."""
    if number.kind == IdKind.MASKED:
        return number.text
    shown = identity.mask(number.text)
    return f"{shown[:-3]}???" if number.kind == IdKind.CUT and len(shown) == 18 else shown


def _name_verdict(listed: str, registered: str) -> tuple[str, bool]:
    likeness = compare_names(clean_name(listed), clean_name(registered))
    words = {
        NameLikeness.SOUND: _("same sound, other characters"),
        NameLikeness.LOST: _("same where it is legible"),
        NameLikeness.NEAR: _("one character differs"),
        NameLikeness.SURNAME: _("only the surname agrees"),
        NameLikeness.OTHER: _("another name"),
    }
    return words.get(likeness, ""), likeness == NameLikeness.SAME


def number_verdict(listed: CleanId, registered: str) -> tuple[str, bool]:
    """How a list's number relates to the register's, in words that give no digit away; and whether they are
    the same.
    """
    if listed.kind in (IdKind.MISSING, IdKind.SCIENTIFIC):
        return (
            _("not given on the list") if listed.kind == IdKind.MISSING else _("lost in the spreadsheet")
        ), False
    if not registered:
        return _("not on the register"), False
    if listed.text == registered:
        return "", True
    if listed.kind == IdKind.CUT:
        agrees = listed.text[:15] == registered[:15]
        return (
            _("last three digits lost in the spreadsheet") if agrees else _("cut off, and differs")
        ), False
    if listed.kind == IdKind.MASKED:
        return _("masked on the list"), False
    if len(listed.text) != len(registered):
        return ngettext("%(n)d character on the list", "%(n)d characters on the list", len(listed.text)) % {
            "n": len(listed.text)
        }, False
    places = [i for i, (a, b) in enumerate(zip(listed.text, registered, strict=True), 1) if a != b]
    if len(places) == 2 and places[1] == places[0] + 1 and sorted(listed.text) == sorted(registered):
        return _("places %(a)d and %(b)d swapped") % {"a": places[0], "b": places[1]}, False
    if len(places) == 1:
        return _("place %(a)d differs") % {"a": places[0]}, False
    return ngettext("%(n)d place differs", "%(n)d places differ", len(places)) % {"n": len(places)}, False


def _village_verdict(row: ListRow, child: Child) -> tuple[str, bool | None]:
    if not row.village_name:
        return _("not given on the list"), False
    if row.region_id == child.region_id:
        return "", True
    if row.region_id % 1000 == 0:
        return _("not recognised"), False
    return _("another village"), False


def sentence(candidate: MatchCandidate) -> dict[str, Any]:
    """Why the pair was proposed: ``lead``, ``reasons`` and ``doubts`` (words), ``score`` of 100."""
    told = described(candidate.reasons)
    score = float(candidate.score)
    lead = (
        _("Very likely the same child")
        if score >= LIKELY
        else _("Probably the same child")
        if score >= POSSIBLE
        else _("Perhaps the same child")
    )
    return {
        "lead": lead,
        "reasons": [label for label, against in told if not against],
        "doubts": [label for label, against in told if against],
        "score": round(score * 100),
    }


def short_reason(candidate: MatchCandidate) -> str:
    """The first thing that speaks for or against a pair, for a list."""
    told = described(candidate.reasons)
    doubts = [label for label, against in told if against] or [label for label, _against in told]
    return str(doubts[0]) if doubts else ""
