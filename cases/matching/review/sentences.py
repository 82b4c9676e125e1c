"""Facts about a pair → one sentence a clerk reads. Made when it is shown, and free of identity numbers."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from cases.matching.review.facts import Fact, facts_of
from cases.matching.runs.people import Person
from cases.models import ListRow

# Subjects on which both sides agree: they are named together in one clause.
SUBJECTS: Final[dict[str, Promise]] = {
    "number": pgettext_lazy("agree", "identity number"),
    "name": pgettext_lazy("agree", "name"),
    "birth": pgettext_lazy("agree", "date of birth"),
    "birth_month": pgettext_lazy("agree", "month of birth"),
    "head": pgettext_lazy("agree", "head of household"),
}
PHRASES: Final[dict[str, Promise]] = {
    "number_missing": pgettext_lazy("pair", "no identity number on the list"),
    "number_scientific": pgettext_lazy(
        "pair", "the spreadsheet has turned the identity number into a power of ten"
    ),
    "number_unregistered": pgettext_lazy("pair", "no identity number on the register"),
    "number_kin": pgettext_lazy("pair", "the list has the identity number of the %(who)s %(name)s"),
    "number_kin_slip": pgettext_lazy(
        "pair", "the list has the identity number of the %(who)s %(name)s, mistyped"
    ),
    "number_cut": pgettext_lazy(
        "pair", "the spreadsheet has cut off the last three digits of the identity number"
    ),
    "number_cut_other": pgettext_lazy("pair", "the identity number is cut off, and what is left differs"),
    "number_masked": pgettext_lazy("pair", "the identity number is masked, and what can be read agrees"),
    "number_masked_other": pgettext_lazy(
        "pair", "the identity number is masked, and what can be read differs"
    ),
    "number_fifteen": pgettext_lazy("pair", "the list has the old 15-digit form of the same identity number"),
    "number_place": pgettext_lazy("pair", "place %(place)d of the identity number is mistyped"),
    "number_month_day": pgettext_lazy(
        "pair", "month and day of birth are turned round in the identity number"
    ),
    "number_swapped": pgettext_lazy(
        "pair", "places %(first)d and %(second)d of the identity number are swapped"
    ),
    "number_two_places": pgettext_lazy(
        "pair", "places %(first)d and %(second)d of the identity number are mistyped"
    ),
    "number_lost": pgettext_lazy("pair", "place %(place)d of the identity number is left out"),
    "number_extra": pgettext_lazy("pair", "the identity number has a digit too many at place %(place)d"),
    "number_other_valid": pgettext_lazy("pair", "two valid and different identity numbers"),
    "number_other": pgettext_lazy("pair", "the identity number differs in several places"),
    "name_form": pgettext_lazy("pair", "the name is written in another form (%(pairs)s)"),
    "name_sound": pgettext_lazy("pair", "the name sounds the same (%(pairs)s)"),
    "name_alike": pgettext_lazy("pair", "the name sounds the same"),
    "name_lost": pgettext_lazy("pair", "a character of the name is lost, the others agree"),
    "name_character": pgettext_lazy("pair", "one character of the name differs (%(pairs)s)"),
    "name_swapped": pgettext_lazy("pair", "two characters of the name are swapped (%(pairs)s)"),
    "name_missing": pgettext_lazy("pair", "the name lacks a character (%(character)s)"),
    "name_extra": pgettext_lazy("pair", "the name has a character too many (%(character)s)"),
    "name_former": pgettext_lazy("pair", "the list gives the registered name as another name (%(name)s)"),
    "name_kin": pgettext_lazy("pair", "the name is that of the %(who)s"),
    "name_surname": pgettext_lazy("pair", "only the surname agrees"),
    "name_other": pgettext_lazy("pair", "another name"),
    "birth_turned": pgettext_lazy("pair", "month and day of birth are turned round"),
    "birth_lunar": pgettext_lazy("pair", "the birth date may be that of the lunar calendar"),
    "birth_slip": pgettext_lazy("pair", "the birth date differs in the %(part)s only"),
    "birth_other": pgettext_lazy("pair", "another birth date"),
    "sex": pgettext_lazy("pair", "another sex"),
    "head_kin": pgettext_lazy("pair", "the head of household is the %(who)s"),
    "head_other": pgettext_lazy("pair", "the head of household is no relative on the register"),
    # What only the matcher knows, who saw the rows beside this one.
    "household_number": pgettext_lazy("pair", "a relative's identity number stands in the same household"),
    "same_village": pgettext_lazy("pair", "same village"),
    "same_township": pgettext_lazy("pair", "same township"),
    "other_township": pgettext_lazy("pair", "another township"),
    "named_twice": pgettext_lazy(
        "pair", "another row of the household or with this number bears the very name"
    ),
    "named_as_another": pgettext_lazy("pair", "somebody else on the register bears the row's name"),
    "two_candidates": pgettext_lazy("pair", "two people of the register fit"),
}
SAID_BY_THE_MATCHER: Final = (
    "household_number", "same_village", "same_township", "other_township", "named_twice", "named_as_another",
    "two_candidates",
)  # fmt: skip
PARTS: Final = {
    "year": gettext_lazy("year"),
    "month": gettext_lazy("month"),
    "day": gettext_lazy("day"),
}
# Facts that speak for the pair or say nothing; whatever else differs is a doubt.
_SLIPS: Final = frozenset(
    {
        "number_place", "number_month_day", "number_swapped", "number_lost", "number_extra", "number_cut",
        "number_masked", "number_fifteen", "number_missing", "number_scientific", "number_unregistered",
        "name_form", "name_sound", "name_alike", "name_lost", "name_former", "birth_turned", "birth_lunar", "head_kin",
        "household_number", "same_village", "same_township",
    }
)  # fmt: skip


def told(row: ListRow, person: Person, reasons: Collection[str], head_name: str) -> list[Fact]:
    """The facts of a pair in reading order: those of its values, then those that only the matcher knows. Whose head of
    household is known needs no other relative to be told."""
    found = list(facts_of(row, person, head_name))
    at_home = any(fact.code in ("head", "head_kin") for fact in found)
    said = set(reasons) - ({"household_number"} if at_home else set())
    return [*found, *(Fact(code) for code in SAID_BY_THE_MATCHER if code in said)]


def clauses(facts: Iterable[Fact]) -> list[tuple[str, bool]]:
    """The clauses of the sentence, each with whether it is a doubt: what differs, what agrees, where, what warns."""
    facts = list(facts)
    differ = [fact for fact in facts if not fact.agrees]
    late = [fact for fact in differ if fact.code in SAID_BY_THE_MATCHER or fact.code.startswith("head")]
    agree = [str(SUBJECTS[fact.code]) for fact in facts if fact.agrees]
    first = [(_say(fact), is_doubt(fact)) for fact in differ if fact not in late]
    both = [(_("%(what)s agree") % {"what": _listed(agree)}, False)] if len(agree) > 1 else []
    one = [(_("same %(what)s") % {"what": agree[0]}, False)] if len(agree) == 1 else []
    return [*first, *both, *one, *((_say(fact), is_doubt(fact)) for fact in late)]


def sentence(facts: Iterable[Fact]) -> str:
    """The facts as one sentence without a full stop."""
    return pgettext("between clauses", ", ").join(text for text, _doubt in clauses(facts))


def is_doubt(fact: Fact) -> bool:
    """Whether the fact speaks against the pair."""
    return not fact.agrees and fact.code not in _SLIPS


def _say(fact: Fact) -> str:
    values = dict(fact.values)
    if "pairs" in values:
        values["pairs"] = pgettext("between words", ", ").join(f"{a}/{b}" for a, b in values["pairs"])  # type: ignore[attr-defined]
    if "part" in values:
        values["part"] = PARTS[str(values["part"])]
    return str(PHRASES[fact.code]) % values


def _listed(words: list[str]) -> str:
    """a, b and c."""
    *most, last = words
    return _("%(most)s and %(last)s") % {"most": pgettext("between words", ", ").join(most), "last": last}
