"""What can be wrong with a cell of a register file: what it is, and what to do about it. Kept without any cell text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cases.eligibility.illness import NOT_HERE

_COMPARE = _("Compare it with the household register.")
_DAY = _("Write it as 2015-03-01.")
_WORD = _("Write one of the words of the list in the template.")

# Code → what is wrong, and the remedy.
PROBLEMS: Final[dict[str, tuple[Promise, Promise]]] = {
    "name_missing": (_("The name is missing."), _("Fill in the name, or delete the row.")),
    "text_long": (_("The text is too long for this column."), _("Shorten it.")),
    "protected_condition": (NOT_HERE, _("Correct and send again")),
    "number_wrong": (
        _("The identity number does not fit its check character."),
        _("Compare it with the household register; one character is probably mistyped."),
    ),
    "number_length": (_("The identity number has a character too many or too few."), _COMPARE),
    "number_cut": (
        _("The identity number was stored as a number, so its last three digits are lost."),
        _("Format the column as text and type the number again."),
    ),
    "number_masked": (
        _("The identity number is masked with asterisks."),
        _("Write it in full, or leave the cell empty."),
    ),
    "number_fifteen": (
        _("The identity number has 15 digits, which no child holds."),
        _("It is probably a parent's: write the child's own number, or leave the cell empty."),
    ),
    "number_unreadable": (_("The identity number cannot be read."), _COMPARE),
    "number_kept": (_("The identity number is not valid."), _("It was kept as written: correct it later.")),
    "number_held": (
        _("Another child of the register holds this identity number."),
        _("Compare both with the household register, and correct the number or the row."),
    ),
    "held_elsewhere": (
        _("A child with this identity number is registered elsewhere."),
        _("Ask the county bureau to arrange a transfer."),
    ),
    "birth_missing": (_("The date of birth is missing."), _DAY),
    "date_unreadable": (_("The date cannot be read."), _DAY),
    "date_future": (_("This day is still to come."), _("Correct the date.")),
    "birth_month_only": (
        _("The day of birth is missing: only the month is given."),
        _("Write the whole date, or the identity number."),
    ),
    "birth_old": (
        _("This person is 25 or older; the register is for children and young people in education."),
        _("Correct the date, or delete the row."),
    ),
    "birth_differs": (_("The date of birth differs from the one in the identity number."), _COMPARE),
    "sex_missing": (_("The sex is missing."), _("Write 男 or 女.")),
    "sex_unreadable": (_("The sex cannot be read."), _("Write 男 or 女.")),
    "sex_differs": (_("The sex differs from the one in the identity number."), _COMPARE),
    "village_missing": (
        _("The village is missing."),
        _("Write the 12-digit division code, or the names of township and village."),
    ),
    "village_unknown": (
        _("No village of the county has this name or code."),
        _("Write the 12-digit division code, or the names of township and village."),
    ),
    "village_ambiguous": (
        _("Several villages of the county have this name."),
        _("Write the township beside it, or the 12-digit division code."),
    ),
    "village_outside": (
        _("The village lies outside your area."),
        _("Delete the row: the office there registers the child."),
    ),
    "village_other": (
        _("The register has this child in another village; it was not moved."),
        _("Propose a transfer from the child's page."),
    ),
    "word_unknown": (_("This word is not known here."), _WORD),
    "category_missing": (_("The category is missing."), _WORD),
    "detail_other": (
        _("This sub-type does not belong to the category."),
        _("Correct one of them, or leave the sub-type empty."),
    ),
    "phone_wrong": (_("This is no telephone number."), _("Write 11 digits, or area code and number.")),
    "account_wrong": (
        _("An account number has 12 to 24 digits."),
        _("Compare it with the card, and type it as text."),
    ),
    "account_cut": (
        _("The account number was stored as a number, so its end is lost."),
        _("Format the column as text and type the number again."),
    ),
    "account_check": (
        _("The last digit of this card number does not fit the others; one of them is mistyped."),
        _("Compare it with the card."),
    ),
    "payee_incomplete": (
        _("A payee needs a name, a bank and an account number."),
        _("Fill in what is missing, or empty all three."),
    ),
    "payee_today": (
        _("The present payee was named today; it was not replaced."),
        _("Name the new payee on the child's page."),
    ),
    "code_wrong": (_("A division code has 12 digits."), _("Write the code of the village.")),
    "twice": (_("The same child stands in the file twice."), _("Keep one of the rows.")),
    "twice_name": (
        _("Another row of the file has the same name and date of birth."),
        _("Say whether it is another child, or keep one of the rows."),
    ),
    "left": (
        _("This child has left the register."),
        _("Delete the row; a child who is back is registered by hand."),
    ),
    "number_other_child": (
        _("The register number belongs to another child than the identity number."),
        _("Correct one of them."),
    ),
    "same_number_other_name": (
        _("A child of the register has this identity number but another name."),
        _("Say whether it is the same child."),
    ),
    "same_own_number_other_name": (
        _("A child of the register has this register number but another name."),
        _("Say whether it is the same child."),
    ),
    "same_name_and_birth": (
        _("A child of the register has the same name and date of birth."),
        _("Say whether it is the same child."),
    ),
    "same_sound_and_birth": (
        _("A child of the register has a name of the same sound and the same date of birth."),
        _("Say whether it is the same child."),
    ),
    "kept": (
        _("Something has happened to this child since; the file was kept."),
        _("If the child should not be on the register, it leaves with a reason."),
    ),
    "changed_again": (
        _("This was changed again since; it was left as it is now."),
        _("Correct it on the child's page."),
    ),
    "changed_since": (
        _("The register has changed since the file was checked; the row was not taken over."),
        _("Send the row again."),
    ),
}
# These are told, but the row is taken over.
NOTICES: Final = frozenset({"village_other", "payee_today", "account_check", "number_kept"})
ASKED: Final = frozenset(
    {
        "same_number_other_name",
        "same_own_number_other_name",
        "same_name_and_birth",
        "same_sound_and_birth",
        "twice_name",
    }
)


class CellError(ValueError):
    """A widget's refusal; the text is a key of PROBLEMS."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing about one cell: its column's field ('' for the row), the code, the line of another row, and the
    models (labels) that have rows since."""

    field: str
    code: str
    line: int = 0
    since: tuple[str, ...] = ()

    @property
    def blocks(self) -> bool:
        """Whether the row cannot be taken over as it is."""
        return self.code not in NOTICES and self.code not in ASKED

    @property
    def message(self) -> Promise:
        return PROBLEMS[self.code][0]

    @property
    def remedy(self) -> Promise:
        return PROBLEMS[self.code][1]

    def as_json(self) -> dict[str, Any]:
        """For storage; ``from_json`` reads it back."""
        told: dict[str, Any] = {"field": self.field, "code": self.code}
        return (
            told
            | ({"line": self.line} if self.line else {})
            | ({"since": list(self.since)} if self.since else {})
        )

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Problem:
        """The inverse of ``as_json``."""
        return cls(data["field"], data["code"], data.get("line", 0), tuple(data.get("since", ())))
