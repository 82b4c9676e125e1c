"""Entrusted care (委托照护): what the law asks of it, as a pure function over recorded facts.

未成年人保护法 (2024) art 21: a child under 8, or one who needs special care, is not left unattended nor with somebody
infectious; under 16 it does not live alone. Art 22: the person entrusted has full capacity for civil acts and none of
four disqualifications; the child who can say what it wishes is heard. Art 23: school and village are told in writing,
and the parents are in touch at least once a week. What makes the entrustment unlawful blocks it; what can still be made
good is a gap, with who must mend it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cases.ages import ADULT, LEFT_BEHIND_LIMIT, age_on

UNATTENDED_LIMIT = 8  # years; art 21
OWN_INCOME_AGE = 16  # 民法典 art 18: from here on, whoever lives on own work has full capacity
CONTACT_DAYS = 7  # art 23
ART_21, ART_22, ART_23 = "未成年人保护法第二十一条", "未成年人保护法第二十二条", "未成年人保护法第二十三条"
ART_18 = "民法典第十八条"


class Disqualified(models.TextChoices):
    """The four cases of art 22 in which nobody may be entrusted with a child."""

    VIOLENCE = "violence", _("Has committed sexual abuse, abuse, abandonment, trafficking or violence")
    HABITS = "habits", _("Takes drugs, drinks or gambles habitually")
    NEGLECT = "neglect", _("Has refused a duty of guardianship or care, or long neglected it")
    UNFIT = "unfit", _("Is unfit for another reason")


class Mender(models.TextChoices):
    """Who must put a gap right."""

    PARENTS = "parents", _("The parents or guardian")
    DIRECTOR = "director", _("The children's director")
    SUPERVISOR = "supervisor", _("The children's supervisor")


class CareFault(models.TextChoices):
    """What can be wrong with an entrustment."""

    UNATTENDED = "unattended", _("Left unattended")
    INFECTIOUS = "infectious", _("Carer infectious")
    ALONE = "alone", _("Child lives alone")
    DEAD = "dead", _("Carer dead")
    UNDERAGE = "underage", _("Carer under age")
    INCAPABLE = "incapable", _("Carer without full capacity")
    VIOLENCE = "violence", _("Carer violent or an offender")
    HABITS = "habits", _("Carer's habits")
    NEGLECT = "neglect", _("Carer neglected a child before")
    UNFIT = "unfit", _("Carer unfit")
    YOUNG_CARER = "young_carer", _("Carer 16 or 17")
    NO_NUMBER = "no_number", _("Carer's identity number missing")
    UNWRITTEN = "unwritten", _("No written agreement")
    UNHEARD = "unheard", _("Child not heard")
    SCHOOL_UNTOLD = "school_untold", _("School not told")
    VILLAGE_UNTOLD = "village_untold", _("Village not told")
    NO_CONTACT = "no_contact", _("Contact overdue")
    MANY_CHILDREN = "many_children", _("Carer has many children")
    GROWN_UP = "grown_up", _("Child is 18")


@dataclass(frozen=True)
class CareFacts:
    """What is known of an entrustment. Dates None are unknown or not yet; booleans are what was answered.

    ``children_of_carer`` counts the children now entrusted to the same person, this one included.
    """

    birth_date: dt.date
    start_date: dt.date
    carer_birth_date: dt.date | None = None
    carer_dead: bool = False
    capacity: bool = True
    infectious: bool = False
    lives_with: bool = True
    watched: bool = True
    special_care: bool = False
    can_speak: bool = True
    in_school: bool = False
    disqualified: frozenset[Disqualified] = frozenset()
    agreed_date: dt.date | None = None
    heard_date: dt.date | None = None
    school_told_date: dt.date | None = None
    village_told_date: dt.date | None = None
    last_contact_date: dt.date | None = None
    contact_days: int = CONTACT_DAYS
    children_of_carer: int = 1
    children_most: int = 3


@dataclass(frozen=True)
class Finding:
    """One fault: the article it rests on (empty: this system's own caution), and how and by whom it is mended."""

    article: str
    code: CareFault
    sentence: Promise
    blocks: bool
    remedy: Promise
    who: Mender = Mender.PARENTS


_OTHER = _("Another person must be entrusted.")
_BLOCKS: dict[CareFault, tuple[str, Promise, Promise]] = {
    CareFault.UNATTENDED: (
        ART_21,
        _("A child under 8, or one who needs special care, must not be left unattended."),
        _("Arrange with the parents that somebody is with the child at all hours, or entrust somebody else."),
    ),
    CareFault.INFECTIOUS: (
        ART_21,
        _(
            "A child under 8, or one who needs special care, must not be left with somebody seriously infectious."
        ),
        _OTHER,
    ),
    CareFault.ALONE: (
        ART_21,
        _("A child under 16 must not live alone, away from its guardians."),
        _("The person entrusted must live with the child. Report a child who lives alone to the police."),
    ),
    CareFault.DEAD: (
        ART_22,
        _("The death register names the person entrusted."),
        _("Check the identity number; if it is right, another person must be entrusted."),
    ),
    CareFault.UNDERAGE: (
        ART_22,
        _("By the identity number the person entrusted is under 16 and cannot have full capacity."),
        _OTHER,
    ),
    CareFault.INCAPABLE: (
        ART_22,
        _("The person entrusted must have full capacity for civil acts and be able to care."),
        _OTHER,
    ),
    CareFault.VIOLENCE: (
        ART_22,
        _(
            "Whoever has committed sexual abuse, abuse, abandonment, trafficking or violence may not be entrusted."
        ),
        _OTHER,
    ),
    CareFault.HABITS: (
        ART_22,
        _("Whoever takes drugs, drinks or gambles habitually may not be entrusted."),
        _OTHER,
    ),
    CareFault.NEGLECT: (
        ART_22,
        _("Whoever has refused a duty of guardianship or care, or long neglected it, may not be entrusted."),
        _OTHER,
    ),
    CareFault.UNFIT: (ART_22, _("Whoever is unfit for another reason may not be entrusted."), _OTHER),
}
_GAPS: dict[CareFault, tuple[str, Promise, Promise, Mender]] = {
    CareFault.YOUNG_CARER: (
        ART_18,
        _("The person entrusted is 16 or 17: capable only if living on the income of own work."),
        _("Keep proof of that income with the agreement, or entrust an adult."),
        Mender.DIRECTOR,
    ),
    CareFault.NO_NUMBER: (
        ART_22,
        _("Without an identity number nobody can check the carer's age and record."),
        _("Copy the number from the carer's identity card."),
        Mender.DIRECTOR,
    ),
    CareFault.UNWRITTEN: (
        ART_22,
        _("There is no written agreement of entrustment."),
        _("Have parents and carer sign the confirmation of entrusted care."),
        Mender.PARENTS,
    ),
    CareFault.UNHEARD: (
        ART_22,
        _("The child can say what it wishes, and was not heard."),
        _("Hear the child, and write down the day."),
        Mender.PARENTS,
    ),
    CareFault.SCHOOL_UNTOLD: (
        ART_23,
        _("The school or kindergarten has not been told in writing."),
        _("Write to the school, and write down the day."),
        Mender.PARENTS,
    ),
    CareFault.VILLAGE_UNTOLD: (
        ART_23,
        _("The village or residents' committee has not been told in writing."),
        _("Write to the committee where the child lives, and write down the day."),
        Mender.PARENTS,
    ),
    CareFault.NO_CONTACT: (
        ART_23,
        _("The parents must be in touch with child and carer at least once a week."),
        _("Ask the parents to call, and record the contact."),
        Mender.DIRECTOR,
    ),
    CareFault.MANY_CHILDREN: (
        "",
        _("The same person is entrusted with unusually many children."),
        _("Visit, and judge whether one person can care for them all."),
        Mender.SUPERVISOR,
    ),
    CareFault.GROWN_UP: (
        "",
        _("The child is 18; an entrustment is for minors."),
        _("End the entrusted care."),
        Mender.DIRECTOR,
    ),
}


def check_care(facts: CareFacts, on: dt.date) -> list[Finding]:
    """What the law finds wrong with an entrustment on a day; those that block come first, in the order of articles."""
    found = [*_unlawful(facts, on), *_open(facts, on)]
    return [_finding(code) for code in CareFault if code in found]


def contact_due(last_contact: dt.date | None, start: dt.date, days: int = CONTACT_DAYS) -> dt.date:
    """The last day on which the next contact is in time. The clock starts with the entrustment."""
    return (last_contact or start) + dt.timedelta(days=days)


def _unlawful(facts: CareFacts, on: dt.date) -> set[CareFault]:
    age = age_on(facts.birth_date, on)
    guarded = age < UNATTENDED_LIMIT or facts.special_care
    carer_age = None if facts.carer_birth_date is None else age_on(facts.carer_birth_date, on)
    cases = {
        CareFault.UNATTENDED: guarded and not facts.watched,
        CareFault.INFECTIOUS: guarded and facts.infectious,
        CareFault.ALONE: age < LEFT_BEHIND_LIMIT and not facts.lives_with,
        CareFault.DEAD: facts.carer_dead,
        CareFault.UNDERAGE: carer_age is not None and carer_age < OWN_INCOME_AGE,
        CareFault.INCAPABLE: not facts.capacity,
    }
    return {code for code, wrong in cases.items() if wrong} | {
        CareFault(code.value) for code in facts.disqualified
    }


def _open(facts: CareFacts, on: dt.date) -> set[CareFault]:
    carer_age = None if facts.carer_birth_date is None else age_on(facts.carer_birth_date, on)
    cases = {
        CareFault.YOUNG_CARER: carer_age is not None and OWN_INCOME_AGE <= carer_age < ADULT,
        CareFault.NO_NUMBER: carer_age is None,
        CareFault.UNWRITTEN: facts.agreed_date is None,
        CareFault.UNHEARD: facts.can_speak and facts.heard_date is None,
        CareFault.SCHOOL_UNTOLD: facts.in_school and facts.school_told_date is None,
        CareFault.VILLAGE_UNTOLD: facts.village_told_date is None,
        CareFault.NO_CONTACT: on > contact_due(facts.last_contact_date, facts.start_date, facts.contact_days),
        CareFault.MANY_CHILDREN: facts.children_of_carer > facts.children_most,
        CareFault.GROWN_UP: age_on(facts.birth_date, on) >= ADULT,
    }
    return {code for code, wrong in cases.items() if wrong}


def _finding(code: CareFault) -> Finding:
    if code in _BLOCKS:
        article, sentence, remedy = _BLOCKS[code]
        return Finding(article, code, sentence, True, remedy)
    article, sentence, remedy, who = _GAPS[code]
    return Finding(article, code, sentence, False, remedy, who)
