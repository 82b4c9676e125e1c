"""The words for what speaks for or against a pair, and for the rule that names it."""

from collections.abc import Iterable
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# Codes of `MatchCandidate.reasons`, in the order a person reads them.
REASONS: Final[dict[str, Promise]] = {
    "number_same": _("same identity number"),
    "number_repaired": _("identity number one slip away"),
    "number_cut": _("first 15 digits of the number agree, the rest was lost"),
    "number_masked": _("the legible part of the masked number agrees"),
    "number_near": _("identity number two slips away"),
    "number_kin": _("the number is a relative's"),
    "number_differs": _("another valid identity number"),
    "number_far": _("a different or unreadable number"),
    "number_none": _("no identity number on one side"),
    "name_same": _("same name"),
    "name_sound": _("name sounds the same"),
    "name_legible": _("name agrees where it is legible"),
    "name_slip": _("one character of the name differs"),
    "name_surname": _("only the surname agrees"),
    "name_other": _("different name"),
    "former_name": _("the row also tells a name that agrees"),
    "birth_same": _("same birth date"),
    "birth_slip": _("birth date one slip away"),
    "birth_conflict": _("different birth date"),
    "household_number": _("a household member or the head is a relative of the child"),
    "household_head": _("the head of household has a relative's name"),
    "same_village": _("same village"),
    "same_township": _("same township"),
    "other_township": _("another township"),
    "named_twice": _("another row bears the child's own name, in this household or with this number"),
    "named_as_another": _("the row bears another child's name"),
    "elder": _("the relation on the list is none that a child can have"),
    "two_candidates": _("two children fit"),
}
# Codes that speak against the pair: shown as a warning.
DOUBTS: Final = frozenset(
    {
        "number_kin", "number_differs", "number_far", "name_surname", "name_other", "birth_conflict",
        "named_twice", "named_as_another", "elder", "two_candidates",
    }
)  # fmt: skip
RULES: Final[dict[str, Promise]] = {
    "same_number_and_name": _("Same number and name"),
    "same_number_and_sound": _("Same number, name of the same sound"),
    "same_number_name_slip": _("Same number, one character of the name differs"),
    "same_number_other_name": _("Same number, different name"),
    "repaired_number_and_name": _("Mistyped number, same name"),
    "cut_number_and_name": _("Number cut by a spreadsheet, same name"),
    "masked_number_and_name": _("Masked number, same name"),
    "relative_s_number_and_name": _("A relative's number under the child's name"),
    "near_number_and_name": _("Number with two slips, same name"),
    "name_and_birth_no_number": _("Name, birth date and place, no number"),
    "name_and_household_no_number": _("Name and household, no number"),
    "name_and_head_no_number": _("Name, head of household and place, no number"),
    "repaired_number_other_name": _("Mistyped number, different name"),
    "cut_number_other_name": _("Number cut by a spreadsheet, different name"),
    "masked_number_name_slip": _("Masked number, name not quite the same"),
    "name_and_household_other_number": _("Name and household, but another number"),
    "name_and_birth_other_number": _("Name and birth date, but another number"),
    "name_and_birth_only": _("Name and birth date only"),
    "name_partly_lost_and_household": _("Name partly lost, same household"),
    "name_and_household_far_number": _("Name and household, number unreadable"),
    "name_and_village_no_number": _("Name and village, no number"),
    "name_and_near_valid_number": _("Same name, another valid number two slips away"),
    "relative_s_number_name_slip": _("A relative's number under nearly the child's name"),
    "name_slip_and_household": _("Name not quite the same, same household, no number"),
    "surname_and_household": _("Same surname and household, no number"),
    "birth_and_household": _("Birth date and household, name changed"),
    "birth_name_slip_and_village": _("Birth date and village, name not quite the same"),
}


def described(codes: Iterable[str]) -> list[tuple[Promise, bool]]:
    """The words for a candidate's reasons in reading order, each with whether it speaks against the pair."""
    given = set(codes)
    return [(label, code in DOUBTS) for code, label in REASONS.items() if code in given]
