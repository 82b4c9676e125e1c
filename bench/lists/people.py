"""People and households of a made-up county. Nobody in it exists."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, field
from typing import Final

from bench.lists import names
from bench.lists.places import Village
from cases.identity import check_character

DAY: Final = dt.date(2026, 10, 31)
# Where people were first registered when not here; some of these codes have been abolished since.
ELSEWHERE: Final = (
    "510231", "500223", "510222", "512222", "513030", "330382", "440306", "350582", "320583", "522101", "520321",
    "532128", "430424", "420822", "610124", "370683",
)  # fmt: skip
WITH_CHILDREN: Final = ("grandparents", "nuclear", "single", "three", "kin", "alone")
WITH_CHILDREN_WEIGHTS: Final = (42, 20, 14, 15, 6, 3)
STRANGERS: Final = ("elder", "couple", "nuclear", "three", "grandparents", "single")
STRANGER_WEIGHTS: Final = (30, 10, 30, 15, 8, 7)


@dataclass(slots=True)
class Person:
    """Somebody. `child_id` is the register's number of a registered child; `wards` those of whom this
    person is the guardian; `tag` twin or homonym.
    """

    name: str
    number: str
    birth: dt.date
    male: bool
    kid: bool = False
    child_id: str = ""
    wards: list[str] = field(default_factory=list)
    tag: str = ""


@dataclass(slots=True)
class Household:
    """`members` with their relation to the head, who is the first. `guardian` may live elsewhere."""

    members: list[tuple[Person, str]]
    guardian: Person
    guardian_relation: str
    village: Village
    registered: bool

    @property
    def head(self) -> Person:
        return self.members[0][0]

    @property
    def kids(self) -> list[Person]:
        return [person for person, _relation in self.members if person.kid]


def age(person: Person) -> float:
    """Age in years on the day of the lists."""
    return (DAY - person.birth).days / 365.25


class People:
    """Draws people and households of one county from a random sequence; numbers are never given twice."""

    def __init__(self, draw: random.Random, area: str, taken: set[int], dotted: float) -> None:
        self.draw, self.area, self.taken, self.dotted = draw, area, taken, dotted

    def number(self, birth: dt.date, male: bool, area: str) -> str:
        """A number of one's own: low sequences are given first."""
        stem = int(area) * 10**11 + (birth.year * 10000 + birth.month * 100 + birth.day) * 1000
        while True:
            sequence = int(500 * self.draw.random() ** 2) * 2 + male
            if stem + sequence not in self.taken:
                self.taken.add(stem + sequence)
                first17 = str(stem + sequence)
                return first17 + check_character(first17)

    def person(self, name: str, male: bool, low: float, high: float, *, kid: bool = False) -> Person:
        """Somebody between two ages in years."""
        draw = self.draw
        birth = DAY - dt.timedelta(days=int((low + (high - low) * draw.random()) * 365.25) + 1)
        return Person(name, self.number(birth, male, self.first_area()), birth, male, kid)

    def first_area(self) -> str:
        dice = self.draw.random()
        if dice < 0.85:
            return self.area
        return (
            f"{self.area[:4]}{self.draw.randrange(1, 30):02d}" if dice < 0.93 else self.draw.choice(ELSEWHERE)
        )

    def household(self, village: Village, *, registered: bool) -> Household:
        """A household of some kind. Members of a village often bear one of its few clans' names."""
        draw = self.draw
        kind = (
            draw.choices(WITH_CHILDREN, WITH_CHILDREN_WEIGHTS)[0]
            if registered
            else draw.choices(STRANGERS, STRANGER_WEIGHTS)[0]
        )
        dotted = draw.random() < self.dotted
        clan = draw.choice(village.clans) if draw.random() < 0.4 else names.surname(draw)

        borne: set[str] = set()

        def adult(male: bool, low: float, high: float, *, own: bool) -> Person:
            """Nobody is named as another adult of the household."""
            while True:
                if dotted:
                    name = f"{draw.choice(names.DOTTED_FIRST)}·{draw.choice(names.DOTTED_LAST)}"
                else:
                    name = (clan if own else names.surname(draw)) + names.adult_given(draw, male)
                if name not in borne:
                    borne.add(name)
                    return self.person(name, male, low, high)

        members: list[tuple[Person, str]] = []
        male = draw.random() < 0.66
        guardian: Person | None = None
        relation, eldest, oldest = "", 17.9, 52.0
        if kind in ("grandparents", "three", "elder", "couple"):
            head = adult(male, 50, 82 if kind != "elder" else 92, own=male)
            members.append((head, "户主"))
            guardian, relation, oldest = head, "祖父" if male else "祖母", min(oldest, age(head) - 19)
            if kind == "couple" or (kind != "elder" and draw.random() < 0.6):
                spouse = adult(not male, 48, 80, own=not male)
                members.append((spouse, "配偶"))
                if draw.random() < 0.2:
                    guardian, relation = spouse, "祖母" if male else "祖父"
        if kind in ("nuclear", "single", "three"):
            father, mother = adult(True, 22, oldest, own=True), adult(False, 21, min(oldest, 48), own=False)
            grown = [(father, "父亲"), (mother, "母亲")]
            eldest = min(eldest, age(father) - 18, age(mother) - 18)
            if kind == "single":
                grown = [draw.choice(grown)]
            for place, (person, as_parent) in enumerate(grown):
                if kind == "three":
                    members.append((person, "儿媳" if place else "子"))
                else:
                    members.append((person, "配偶" if members else "户主"))
                if draw.random() < 0.5 or not guardian:
                    guardian, relation = person, as_parent
        if kind == "kin":
            head = adult(male, 28, 60, own=True)
            members.append((head, "户主"))
            guardian, relation = head, "伯父" if male else "姑姑"
        if kind == "alone":
            guardian, relation = adult(male, 35, 62, own=False), "其他"
        if kind not in ("elder", "couple"):
            word = ("孙子", "孙女") if kind in ("grandparents", "three") else ("子", "女")
            word = ("侄子", "侄女") if kind == "kin" else word
            for kid in self.siblings(clan, dotted, eldest, registered=registered):
                members.append((kid, word[0 if kid.male else 1] if members else "户主"))
        if not guardian:
            raise ValueError(kind)
        return Household(members, guardian, relation, village, registered)

    def siblings(self, clan: str, dotted: bool, eldest: float, *, registered: bool) -> list[Person]:
        """One to four children up to an age, who share a surname, often a character, sometimes a birthday."""
        draw = self.draw
        count = draw.choices((1, 2, 3, 4), (60, 30, 8, 2) if registered else (50, 38, 10, 2))[0]
        shared = draw.choice(names.FIRST) if draw.random() < 0.25 else ""
        surname = clan if draw.random() < 0.9 else names.surname(draw)
        kids: list[Person] = []
        while len(kids) < count:
            name = self.child_name(surname, shared, dotted)
            if any(name == kid.name for kid in kids):
                shared = ""
                continue
            male = draw.random() < 0.53
            if kids and not kids[-1].tag and draw.random() < 0.09:
                kids.append(self.twin(kids[-1], name, male))
            else:
                kids.append(self.person(name, male, 0.1, eldest, kid=True))
        return kids

    def child_name(self, surname: str, shared: str, dotted: bool) -> str:
        draw = self.draw
        if dotted:
            return f"{draw.choice(names.DOTTED_FIRST)}·{draw.choice(names.DOTTED_LAST)}"
        return surname + (shared + draw.choice(names.LAST) if shared else names.child_given(draw))

    def twin(self, one: Person, name: str, male: bool) -> Person:
        """Born on the same day, registered in the same hour: numbers lie side by side."""
        male = one.male if self.draw.random() < 0.65 else male
        if len(one.name) == 3 and self.draw.random() < 0.6:
            last = self.draw.choice([c for c in names.LAST if c != one.name[-1]])
            name = one.name[:2] + last
        stem, sequence = int(one.number[:14]) * 1000, int(one.number[14:17])
        for step in (1, 2, 3, 4, 6, 8, 10):
            number = stem + sequence + step
            if sequence + step < 1000 and number % 2 == male and number not in self.taken:
                self.taken.add(number)
                break
        else:
            number = int(self.number(one.birth, male, one.number[:6])[:17])
        one.tag = "twin"
        return Person(name, str(number) + check_character(str(number)), one.birth, male, True, tag="twin")

    def homonym(self, of: Person, replaced: Person) -> None:
        """Turn a stranger's child into another of the same name and birthday."""
        replaced.name, replaced.birth, replaced.male, replaced.tag = of.name, of.birth, of.male, "homonym"
        replaced.number = self.number(of.birth, of.male, of.number[:6])
