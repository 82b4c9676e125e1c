"""Checks over several cells of a row, and over the rows before it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from cases import ages, identity
from cases.children import family
from cases.enums import DETAILS, PrimaryCategory
from cases.importing.known import Match
from cases.importing.verdicts import Verdict
from cases.matching.engine.normalise import split_number_from_name
from staff.scope import current

if TYPE_CHECKING:
    from cases.importing.resources import ChildResource

OLDEST = 25  # years; 孤儿 who study may stay on the register past 18


class Consistency:
    """Remembers the rows of one file, so that the same child twice is noticed."""

    def __init__(self, resource: ChildResource) -> None:
        self._resource = resource
        self._seen: dict[tuple[str, Any], int] = {}
        self._numbered: dict[int, bool] = {}

    def check(self, instance: Any, row: Any, verdict: Verdict, match: Match, place: int) -> None:
        """Fill what follows from other cells into ``instance.incoming``; problems go into the verdict."""
        incoming = instance.incoming
        if match.error:
            verdict.add(*match.error)
        self._person(instance, verdict)
        self._village(instance, row, verdict)
        self._category(instance, verdict)
        payee = [bool(getattr(incoming, name, None)) for name in ("payee_name", "bank", "account")]
        if any(payee[1:]) and not all(payee) and not any(p.field == "account" for p in verdict.problems):
            missing = ("payee_name", "bank", "account")[payee.index(False)]
            verdict.add(missing, "payee_incomplete")
        account = getattr(incoming, "account", None) or ""
        if (
            account.startswith("62")
            and len(account) in family.CARD_LENGTHS
            and not family.passes_luhn(account)
        ):
            verdict.add("account", "account_check")
        self._twins(instance, verdict, place)

    def _person(self, instance: Any, verdict: Verdict) -> None:
        incoming, known = instance.incoming, instance.pk is not None
        bad = {problem.field for problem in verdict.problems}
        if (
            getattr(incoming, "name", None)
            and not getattr(incoming, "id_number", None)
            and "id_number" not in bad
        ):
            rest, number = split_number_from_name(incoming.name)
            if number and identity.is_valid(number.upper()):
                incoming.name, incoming.id_number = rest, number.upper()
        if getattr(incoming, "name", None):
            incoming.name = "".join(incoming.name.split()) if not incoming.name.isascii() else incoming.name
        if not getattr(incoming, "name", None) and not known and "name" not in bad:
            verdict.add("name", "name_missing")
        if (
            not getattr(incoming, "id_number", None)
            and "id_number" not in bad
            and getattr(incoming, "certificate", None)
        ):
            incoming.id_number = incoming.certificate
        number = getattr(incoming, "id_number", None) or ""
        valid = identity.is_valid(number)
        if number and not valid:
            verdict.add("id_number", "number_kept")
        self._birth(instance, number if valid else "", verdict, bad)
        sex = getattr(incoming, "sex", None)
        if valid and sex and sex != identity.sex_of(number).value and not self._resource.lenient:
            verdict.add("sex", "sex_differs")
        if valid and not sex:
            incoming.sex = identity.sex_of(number).value
        elif not sex and not known and "sex" not in bad:
            verdict.add("sex", "sex_missing")

    def _birth(self, instance: Any, number: str, verdict: Verdict, bad: set[str]) -> None:
        incoming = instance.incoming
        born = identity.birth_date_of(number) if number else None
        only_month = any(p.code == "birth_month_only" for p in verdict.problems)
        if only_month and born:
            verdict.problems = [p for p in verdict.problems if p.code != "birth_month_only"]
        birth = getattr(incoming, "birth_date", None)
        if birth and born and birth != born and not self._resource.lenient:
            verdict.add("birth_date", "birth_differs")
        if birth is None and born and ("birth_date" not in bad or only_month):
            birth = incoming.birth_date = born
        if birth is None and instance.pk is None and "birth_date" not in bad:
            verdict.add("birth_date", "birth_missing")
        if birth and birth > self._resource.today:
            verdict.add("birth_date", "date_future")
        elif birth and not self._resource.lenient and ages.age_on(birth, self._resource.today) >= OLDEST:
            verdict.add("birth_date", "birth_old")
        for column in ("category_since", "father_since", "mother_since"):
            if (getattr(incoming, column, None) or dt.date.min) > self._resource.today:
                verdict.add(column, "date_future")

    def _village(self, instance: Any, row: Any, verdict: Verdict) -> None:
        column = "village_code" if row.get("village_code") else "village"
        keys = self._resource.keys
        if keys.misplaced:
            if not any(p.field == column for p in verdict.problems):
                verdict.add(column, keys.misplaced)
            return
        village = keys.village
        verdict.village = village or instance.region_id
        if village is None and instance.pk is None and not any(p.field == column for p in verdict.problems):
            verdict.add(column, "village_missing")
        if village is not None and instance.pk is not None and village != instance.region_id:
            verdict.add(column, "village_other")
            verdict.village = instance.region_id
        elif village is not None and not current().covers(village):
            verdict.add(column, "village_outside")

    def _category(self, instance: Any, verdict: Verdict) -> None:
        incoming = instance.incoming
        named = list(getattr(incoming, "category", None) or ())
        if named:
            order = list(PrimaryCategory.values)
            named.sort(key=order.index)
            incoming.category = named[0]
            extra = list(getattr(incoming, "attributes", None) or ())
            incoming.attributes = list(dict.fromkeys([*named[1:], *extra]))
        elif instance.pk is None and not any(p.field == "category" for p in verdict.problems):
            if "category" in self._resource.columns:
                verdict.add("category", "category_missing")
            incoming.category = PrimaryCategory.OTHER_DIFFICULTY.value
        detail = getattr(incoming, "category_detail", None)
        category = getattr(incoming, "category", None) or instance.primary_category
        if detail and category and detail not in DETAILS.get(PrimaryCategory(category), ()):
            verdict.add("category_detail", "detail_other")

    def _twins(self, instance: Any, verdict: Verdict, place: int) -> None:
        """Rows of one file that are the same child: by number or identity for certain, by name and birth date perhaps."""
        incoming = instance.incoming
        name, birth = getattr(incoming, "name", None), getattr(incoming, "birth_date", None)
        number, identity_number = getattr(incoming, "child_id", None), getattr(incoming, "id_number", None)
        certain = [("child_id", number), ("id_number", identity_number)]
        if instance.pk is not None:
            certain.append(("id_number" if identity_number else "name", f"child {instance.pk}"))
        for column, value in certain:
            first = self._seen.setdefault((column, value), place) if value else place
            if first != place:
                verdict.add(column, "twice", self._line(first))
        if name and birth and instance.pk is None:
            first = self._seen.setdefault(("person", (name, birth)), place)
            if first != place and not (identity_number and self._numbered[first]):
                verdict.add("name", "twice_name", self._line(first))
            if first == place:
                self._numbered[place] = bool(identity_number)

    def _line(self, place: int) -> int:
        return int(self._resource.lines.get(place, place + 1))
