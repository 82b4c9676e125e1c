"""Category schemes (困境儿童分类): which categories a county reports, as dated data.

A scheme is a JSON object, packaged in ``cases/schemes`` or a county's own in the parameter ``category_scheme``::

    {"code", "name": {"zh", "en"}, "document", "valid_from", "valid_to",
     "categories": [{"code", "name", "definition", "document", "counts": […], "subtypes": [{"code", "name", "counts"}]}]}

``counts`` names canonical codes: a PrimaryCategory ("dibao") or one of its sub-types ("dibao:rural"). Every
PrimaryCategory falls under exactly one category, so the categories of a scheme always add up to the register.
A sub-type of its own in ``counts`` of a category goes there instead of with its category. The order of the
categories, and of the codes in each, is the precedence when several apply (就高不就低).
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from cases.enums import DETAILS, Attribute, PrimaryCategory
from staff import parameters

PARAMETER = "category_scheme"
FOLDER = Path(__file__).parents[1] / "schemes"
CANONICAL = frozenset(PrimaryCategory.values) | frozenset(
    f"{category}:{detail}" for category, details in DETAILS.items() for detail in details
)


class SchemeError(ValueError):
    """The data are no scheme; the message names the code and the remedy."""


@dataclass(frozen=True, slots=True)
class Words:
    """A name in both languages; printed in the active one."""

    zh: str
    en: str

    def __str__(self) -> str:
        return self.en if (get_language() or "").startswith("en") else self.zh


@dataclass(frozen=True, slots=True)
class Subtype:
    """A line below a category; ``counts`` are canonical codes of that category."""

    code: str
    name: Words
    counts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Category:
    """One category of a scheme; ``counts`` are canonical codes, most protected first."""

    code: str
    name: Words
    definition: Words
    document: str
    counts: tuple[str, ...]
    subtypes: tuple[Subtype, ...] = ()


@dataclass(frozen=True, slots=True)
class Scheme:
    """Ordered categories that together hold every child once. ``valid_to`` None: no end known."""

    code: str
    name: Words
    document: str
    valid_from: dt.date
    valid_to: dt.date | None
    categories: tuple[Category, ...]
    _places: dict[str, Category] = field(default_factory=dict, compare=False, repr=False)

    def in_force(self, on: dt.date) -> bool:
        """Whether the document is in force on a day."""
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)

    def category(self, code: str) -> Category | None:
        """The category with this code, or None."""
        return next((category for category in self.categories if category.code == code), None)


def _day(text: Any) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{text!r}: {error}") from error


def read_scheme(data: Mapping[str, Any]) -> Scheme:
    """A scheme from its JSON object, checked. SchemeError names what is wrong and what would be right."""
    try:
        scheme = Scheme(
            code=str(data["code"]),
            name=_words(data["name"]),
            document=str(data["document"]),
            valid_from=_day(data["valid_from"]),
            valid_to=_day(data["valid_to"]) if data.get("valid_to") else None,
            categories=tuple(
                Category(
                    code=str(row["code"]),
                    name=_words(row["name"]),
                    definition=_words(row.get("definition", row["name"])),
                    document=str(row.get("document", "")),
                    counts=tuple(row["counts"]),
                    subtypes=tuple(
                        Subtype(str(part["code"]), _words(part["name"]), tuple(part["counts"]))
                        for part in row.get("subtypes", ())
                    ),
                )
                for row in data["categories"]
            ),
        )
    except KeyError as error:
        raise SchemeError(_("The scheme lacks the key %(key)s.") % {"key": error}) from error
    except (TypeError, ValueError, AttributeError) as error:
        raise SchemeError(_("The scheme cannot be read: %(error)s") % {"error": error}) from error
    _check(scheme)
    return scheme


def _words(value: Any) -> Words:
    return Words(value, value) if isinstance(value, str) else Words(str(value["zh"]), str(value["en"]))


def _check(scheme: Scheme) -> None:
    parts = [part.code for category in scheme.categories for part in category.subtypes]
    for codes in ([category.code for category in scheme.categories], parts):
        if twice := [code for code in codes if codes.count(code) > 1]:
            raise SchemeError(_("The code %(code)s stands twice in the scheme.") % {"code": twice[0]})
    for category in scheme.categories:
        for code in (*category.counts, *(code for part in category.subtypes for code in part.counts)):
            if code not in CANONICAL:
                raise SchemeError(
                    _("%(code)s is no category and no sub-type of the register. Use one of: %(known)s.")
                    % {"code": code, "known": ", ".join(sorted(CANONICAL))}
                )
        for code in category.counts:
            if code in scheme._places:
                raise SchemeError(
                    _("%(code)s falls under two categories: %(one)s and %(other)s. Keep one.")
                    % {"code": code, "one": scheme._places[code].code, "other": category.code}
                )
            scheme._places[code] = category
    for code in PrimaryCategory.values:
        if code not in scheme._places:
            raise SchemeError(
                _("%(code)s falls under no category. Add it to the counts of one.") % {"code": code}
            )
    for category in scheme.categories:
        named: set[str] = set()
        for part in category.subtypes:
            for code in part.counts:
                if code in named or _place(scheme, code) is not category:
                    raise SchemeError(
                        _("The sub-type %(part)s counts %(code)s, which is counted elsewhere.")
                        % {"part": part.code, "code": code}
                    )
                named.add(code)


def _place(scheme: Scheme, code: str) -> Category:
    return scheme._places.get(code) or scheme._places[code.partition(":")[0]]


@cache
def packaged() -> dict[str, Scheme]:
    """The schemes that come with the program, by code, national first."""
    found = [
        read_scheme(json.loads(path.read_text(encoding="utf-8"))) for path in sorted(FOLDER.glob("*.json"))
    ]
    found.sort(key=lambda scheme: (scheme.code != "national", scheme.code))
    return {scheme.code: scheme for scheme in found}


def scheme_from(value: Any) -> Scheme:
    """A stored parameter as a scheme: the code of a packaged one, or a whole object. SchemeError otherwise."""
    if isinstance(value, str):
        try:
            return packaged()[value]
        except KeyError:
            raise SchemeError(
                _("There is no scheme %(code)s. Known: %(known)s.")
                % {"code": value, "known": ", ".join(packaged())}
            ) from None
    return read_scheme(value)


def scheme_of(region_id: int, on: dt.date) -> Scheme:
    """The scheme by which the county of a region counts on a day. One query."""
    return scheme_from(parameters.value(region_id, PARAMETER, on))


def counted_under(scheme: Scheme, category: str, detail: str = "") -> tuple[Category, Subtype | None]:
    """Where the scheme counts a child of this category and sub-type (codes). ValueError for another category."""
    full = f"{PrimaryCategory(category)}:{detail}"
    place = _place(scheme, full)
    for code in (full, category):
        for part in place.subtypes:
            if code in part.counts:
                return place, part
    return place, None


def canonical_codes(scheme: Scheme, category: Category, part: Subtype | None = None) -> list[tuple[str, str]]:
    """The (category, sub-type) pairs of the register that fall under a category, or one of its sub-types."""
    pairs = [(code.value, "") for code in PrimaryCategory]
    pairs += [(code.value, detail.value) for code, details in DETAILS.items() for detail in details]
    found = []
    for code, detail in pairs:
        place, under = counted_under(scheme, code, detail)
        if place is category and (part is None or under is part):
            found.append((code, detail))
    return found


def suggest_primary(attributes: Collection[str], scheme: Scheme | None = None) -> PrimaryCategory:
    """The category under which a child with these attributes is counted: the first in the scheme's order.

    National order without a scheme. OTHER_DIFFICULTY when none is a category of its own (a disability that is
    not severe). ValueError for a code that is no attribute.
    """
    held = {Attribute(attribute).value for attribute in attributes}
    for category in (scheme or packaged()["national"]).categories:
        for code in category.counts:
            if code in held and code in PrimaryCategory.values:
                return PrimaryCategory(code)
    return PrimaryCategory.OTHER_DIFFICULTY
