"""Whether a child qualifies under a scheme, question by question, with the answer in words.

An application may be made whatever the answers are (a refusal is in writing, by the county); nobody is entitled while
one of them is no. Of several categories the one with the highest standard counts (就高不就低).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from cases.ages import age_on
from cases.eligibility.table import Answer
from cases.enums import PrimaryCategory
from cases.models import Child
from subsidies.aid import study
from subsidies.aid.study_rules import Lack
from subsidies.entitlements.on_record import OnRecord, on_record
from subsidies.enums import SchemeCode
from subsidies.models import Scheme, SchoolProof
from subsidies.reviews.cycles import term_of
from subsidies.terms.in_force import Rulebook
from subsidies.terms.types import Terms


@dataclass(frozen=True)
class Question:
    """One condition: what is asked, whether it is met, and why (not)."""

    code: str
    question: str
    met: bool
    answer: str


@dataclass(frozen=True)
class Qualification:
    """The answers about one child and scheme on a day. ``categories``: those of the child that the scheme pays."""

    terms: Terms
    categories: tuple[PrimaryCategory, ...]
    questions: tuple[Question, ...]

    @property
    def unmet(self) -> tuple[Question, ...]:
        return tuple(question for question in self.questions if not question.met)


def qualify(
    child: Child,
    scheme: Scheme,
    decision: dict[str, Any],
    on: dt.date,
    *,
    book: Rulebook | None = None,
    known: OnRecord | None = None,
) -> Qualification:
    """Ask everything that the scheme's terms ask, of the file as it is; ``decision``: see ``decision_for``. ``book``
    and ``known`` where they have been read already.
    """
    terms = (book or Rulebook.load(child.region_id)).terms(scheme.code, on)
    known = known or on_record(child.pk)
    held = categories_of(child, decision, on, known)
    paid = tuple(category for category in held if category in terms.categories)
    questions = [_category(terms, paid), _placement(terms, child), _age(terms, child, on)]
    if terms.school_proof or _is_grown(terms, child, on):
        questions.append(_schooling(terms, child, on))
    if study.is_study(scheme):
        questions.append(_recognised(child, scheme, terms, on))
    questions.append(_beside(terms, known))
    return Qualification(terms, paid, tuple(questions))


def categories_of(
    child: Child, decision: dict[str, Any], on: dt.date, known: OnRecord
) -> tuple[PrimaryCategory, ...]:
    """Every category of a child, most protected first: the file's, its attributes', the table's."""
    codes = known.kinds(on) | {child.primary_category}
    if decision.get("answer") == Answer.ELIGIBLE:
        codes.add(decision["category"])
    return tuple(category for category in PrimaryCategory if category.value in codes)


def _category(terms: Terms, paid: tuple[PrimaryCategory, ...]) -> Question:
    listed = "、".join(str(category.label) for category in terms.categories)
    answer = (
        "、".join(str(category.label) for category in paid)
        if paid
        else _("None of the child's categories is paid under this scheme (%(listed)s).") % {"listed": listed}
    )
    return Question("category", _("Is the child of a category that is paid?"), bool(paid), answer)


def _placement(terms: Terms, child: Child) -> Question:
    label = str(child.get_placement_display())
    met = child.placement in terms.placements
    answer = label if met else _("%(placement)s: this scheme does not pay for it.") % {"placement": label}
    return Question("placement", _("Does the scheme pay for this kind of placement?"), met, answer)


def _age(terms: Terms, child: Child, on: dt.date) -> Question:
    age = age_on(child.birth_date, on)
    met = terms.age_least <= age and (age < terms.age_most or child.school_stage in terms.extension_stages)
    words = {"age": age, "least": terms.age_least, "most": terms.age_most}
    answer = (
        _("%(age)s years old")
        if met
        else _("%(age)s years old; the scheme is for those from %(least)s to under %(most)s.")
    )
    return Question("age", _("Is the child of the right age?"), met, answer % words)


def _is_grown(terms: Terms, child: Child, on: dt.date) -> bool:
    """Past the age of the scheme, so that only schooling keeps the right."""
    return age_on(child.birth_date, on) >= terms.age_most


def _schooling(terms: Terms, child: Child, on: dt.date) -> Question:
    term = term_of(on)
    proof = (
        SchoolProof.objects.filter(child=child, school_year=term.school_year).order_by("-term", "-pk").first()
    )
    stage = proof.stage if proof else child.school_stage
    if proof is None:
        answer = _("There is no proof of schooling for %(year)s–%(next)s. Add the school's certificate.")
        answer %= {"year": term.school_year, "next": term.school_year + 1}
    elif not proof.full_time or (terms.extension_stages and stage not in terms.extension_stages):
        answer = _("%(school)s: not a full-time school of a stage that this scheme pays for.")
        answer %= {"school": proof.school}
    else:
        return Question(
            "schooling", _("Is the schooling proven?"), True, f"{proof.school} · {proof.get_stage_display()}"
        )
    return Question("schooling", _("Is the schooling proven?"), False, answer)


def _recognised(child: Child, scheme: Scheme, terms: Terms, on: dt.date) -> Question:
    """民办发〔2019〕24号: recognised before 18, and not adopted unless disabled."""
    asked = {Lack.NOT_RECOGNISED, Lack.ADOPTED, Lack.GONE}
    found = [lack for lack in study.lacks_of(child, scheme, on, terms) if lack in asked]
    question = _("Was the student recognised before turning 18, and is still a ward of this county?")
    return Question(
        "recognised",
        question,
        not found,
        "；".join(str(lack.label) for lack in found) or _("Recognised in time"),
    )


def _beside(terms: Terms, known: OnRecord) -> Question:
    question = _("Is the child free of allowances that cannot be held beside it?")
    held = next((code for code in known.schemes if code in terms.excludes), None)
    if held is None:
        return Question("beside", question, True, _("Nothing of the kind is held"))
    answer = _("The child is entitled to “%(other)s”. End that first; the higher one is paid, never both.")
    return Question("beside", question, False, answer % {"other": SchemeCode(held).label})
