"""One county: its register, the rows of its lists, and the truth about them."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Final, NamedTuple

from bench.lists import noise
from bench.lists.names import surname
from bench.lists.people import Household, People, Person, age
from bench.lists.places import County, Village, as_written, change_some

CATEGORIES: Final = {"dibao": "农村低保", "tekun": "特困供养", "canlian": "", "death": "", "prison": ""}
# Lists of persons, and their shares of all rows.
PERSON_LISTS: Final = {"canlian": 0.080, "death": 0.024, "prison": 0.006}
LISTED: Final = 0.6  # of the households with registered children
OLD: Final = dt.date(1985, 1, 1)
REGISTER_HEADER: Final = (
    "child_id", "name", "id_number", "birth_date", "sex", "village_code", "guardian_name", "guardian_id",
    "guardian_relation", "head_name", "head_id",
)  # fmt: skip
LIST_HEADER: Final = (
    "list_row_id", "list_type", "file", "sender_code", "hh_no", "name", "id_number", "relation", "sex",
    "birth_date", "head_name", "head_id", "village_name", "category", "amount", "start_ym",
)  # fmt: skip
TRUTH_HEADER: Final = ("list_row_id", "child_id", "kind", "tags", "guardian_of")


class Seat(NamedTuple):
    """A person on a list."""

    list_type: str
    village: Village
    household: Household
    person: Person
    relation: str
    tags: tuple[str, ...]


@dataclass(slots=True)
class Sender:
    """One file of one office, with its habits."""

    file: str
    code: str
    slop: noise.Sloppiness
    has_head_id: bool
    has_birth: bool
    has_sex: bool
    date_style: int
    village_style: int
    shifting: int = 0
    last_number: str = ""


class Maker:
    """Makes the register and the lists of one county. Child and row numbers go on over counties."""

    def __init__(
        self, county: County, *, seed: int, scale: float, taken: set[int], children: int, rows: int
    ) -> None:
        self.county, self.seed, self.scale = county, seed, scale
        self.children, self.rows = children, rows
        self.draw = random.Random(f"{seed} {county.code}")
        self.people = People(self.draw, county.code, taken, dotted=0.03)
        change_some(county, self.draw, 0.03 * min(scale, 2))
        self.villages = county.villages
        for village in self.villages:
            village.clans = "".join(surname(self.draw) for _each in range(3))
        self.weights = list(accumulate(self.draw.lognormvariate(0, 0.7) for _each in self.villages))
        self.senders: dict[tuple[str, str], Sender] = {}

    def village(self) -> Village:
        return self.draw.choices(self.villages, cum_weights=self.weights)[0]

    def households(self, first_child: int) -> tuple[list[Household], list[Person]]:
        """Households with registered children, and these children in the order of their numbers."""
        draw, made, registered = self.draw, [], []
        while len(registered) < self.children:
            household = self.people.household(self.village(), registered=True)
            made.append(household)
            kids = household.kids
            for place, kid in enumerate(kids):
                if len(registered) < self.children and (place == 0 or draw.random() < 0.7):
                    kid.child_id = f"B{first_child + len(registered):07d}"
                    registered.append(kid)
                    household.guardian.wards.append(kid.child_id)
        return made, registered

    def seats(self, households: list[Household], registered: list[Person]) -> list[Seat]:
        """Who stands on which list: exactly as many as there are to be rows."""
        draw = self.draw
        doubled = int(self.rows * 0.008 * min(self.scale, 2))
        singles = {kind: int(self.rows * share) for kind, share in PERSON_LISTS.items()}
        wanted = self.rows - doubled - sum(singles.values())
        seats: list[Seat] = []
        everybody: list[tuple[Household, Person]] = []
        for household in households:
            everybody += [(household, person) for person, _relation in household.members]
            if draw.random() < LISTED:
                seats += self.members(household)
        homonyms = 0.004 * min(self.scale, 2) * len(registered) / max(1, (wanted - len(seats)) * 0.4)
        while len(seats) < wanted:
            household = self.people.household(self.village(), registered=False)
            for kid in household.kids:
                if not kid.tag and draw.random() < homonyms:
                    self.people.homonym(draw.choice(registered), kid)
            everybody += [(household, person) for person, _relation in household.members]
            seats += self.members(household)
        del seats[wanted:]
        for kind, count in singles.items():
            seats += self.singles(kind, everybody, count)
        for seat in draw.sample(seats, self.rows - len(seats)):
            elsewhere = self.village() if draw.random() < 0.4 else seat.village
            seats.append(
                seat._replace(village=elsewhere, tags=(*_moved(seat.tags, seat.village, elsewhere), "dup"))
            )
        order = {id(village): place for place, village in enumerate(self.villages)}
        kinds = list(CATEGORIES)
        seats.sort(key=lambda s: (kinds.index(s.list_type), order[id(s.village)]))
        return seats

    def members(self, household: Household) -> list[Seat]:
        """The members of a household that its 低保 or 特困 list names."""
        draw = self.draw
        alone = len(household.members) == 1
        list_type = "tekun" if alone and draw.random() < 0.35 else "dibao"
        moved = draw.random() < 0.03 * min(self.scale, 2)
        village = self.village() if moved else household.village
        tags = _moved((), household.village, village)
        return [
            Seat(list_type, village, household, person, relation, tags)
            for person, relation in household.members
            if draw.random() < (0.97 if relation == "户主" else 0.93 if person.kid else 0.85)
        ]

    def singles(self, kind: str, everybody: list[tuple[Household, Person]], count: int) -> list[Seat]:
        """Persons of a county-wide list; nobody stands on one twice."""
        draw, found, seen = self.draw, [], set()
        while len(found) < count:
            place = draw.randrange(len(everybody))
            household, person = everybody[place]
            years = age(person)
            likely = {
                "canlian": 1.0,
                "death": 1.0 if years > 60 else 0.15,
                "prison": float(19 < years < 60),
            }
            if place not in seen and draw.random() < likely[kind]:
                seen.add(place)
                found.append(Seat(kind, household.village, household, person, "", ()))
        return found

    def register_row(self, household: Household, kid: Person) -> tuple[tuple[str, ...], str]:
        """A child as registered, and the tag of the register's own mistake or ''."""
        draw, number, name, tag = self.draw, kid.number, kid.name, ""
        dice = draw.random() / self.scale
        if dice < 0.004:
            number, tag = "", "reg_id"
        elif dice < 0.006:
            number, tag = noise.one_wrong(number, draw), "reg_id"
        elif dice < 0.009:
            name = noise.homophone(name, draw)
            tag = "reg_name" if name != kid.name else ""
        guardian, head = household.guardian, household.head
        dice = draw.random() / self.scale
        guardian_number = "" if dice < 0.005 else guardian.number
        if 0.005 <= dice < 0.007:
            guardian_number = noise.one_wrong(guardian.number, draw)
        row = (
            kid.child_id, name, number, kid.birth.isoformat(), "男" if kid.male else "女",
            household.village.code, guardian.name, guardian_number, household.guardian_relation, head.name,
            head.number,
        )  # fmt: skip
        return row, tag

    def sender(self, list_type: str, village: Village) -> Sender:
        """The file a row stands in: of the township for 低保 and 特困, else of the county."""
        code = village.code[:9] if list_type in ("dibao", "tekun") else village.code[:6]
        known = self.senders.get((list_type, code))
        if known:
            return known
        draw = random.Random(f"{self.seed} {list_type} {code}")
        ending = ("xlsx", "csv", "txt")[draw.randrange(3)]
        sender = Sender(
            file=f"{code}_{list_type}.{ending}",
            code=code,
            slop=noise.Sloppiness(self.scale * draw.lognormvariate(-0.18, 0.6)),
            has_head_id=list_type in ("dibao", "tekun") and draw.random() < 0.6,
            has_birth=draw.random() < 0.5,
            has_sex=draw.random() < 0.8,
            date_style=draw.randrange(len(noise.DATE_STYLES)),
            village_style=draw.randrange(5),
        )
        self.senders[list_type, code] = sender
        return sender

    def lines(
        self, seats: list[Seat], mistakes: dict[str, str], first_row: int
    ) -> Iterator[tuple[tuple[object, ...], tuple[object, ...]]]:
        """Each list row and the truth about it."""
        draw = self.draw
        household_number, last = 0, (None, None)
        head_cells: tuple[str, str] = ("", "")
        for number, seat in enumerate(seats, first_row):
            sender, person, household = self.sender(seat.list_type, seat.village), seat.person, seat.household
            by_household = seat.list_type in ("dibao", "tekun")
            if (here := (sender.file, id(household))) != last or not by_household:
                household_number, last = household_number + 1, here
                head_cells = self.head(household, sender) if by_household else ("", "")
                amount = f"{draw.randrange(18, 95) * 10}" if by_household else ""
                start = f"{draw.randrange(2017, 2026)}{draw.randrange(1, 13):02d}" if by_household else ""
                group = draw.randrange(1, 9)
            typed, kinds = self.number_cell(seat, sender)
            name, kind = sender.slop.name(person.name, draw)
            kinds += [kind] if kind else []
            if typed and draw.random() < sender.slop.share(noise.ID_IN_NAME):
                name, typed, kinds = name + typed, "", [*kinds, "id_in_name"]
            birth_text = ""
            if sender.has_birth:
                birth, kind = sender.slop.birth(person.birth, draw)
                birth_text = noise.DATE_STYLES[sender.date_style](birth) if birth else ""
                kinds += [kind] if kind else []
            male = person.male if draw.random() > sender.slop.share(0.003) else not person.male
            tags = [*seat.tags, person.tag, seat.village.changed, mistakes.get(person.child_id, "")]
            yield (
                (
                    number, seat.list_type, sender.file, sender.code, household_number, name, typed,
                    seat.relation, ("男" if male else "女") if sender.has_sex else "", birth_text,
                    *head_cells, as_written(seat.village, sender.village_style, group),
                    CATEGORIES[seat.list_type], amount, start,
                ),
                (
                    number, person.child_id, "+".join(kinds) or "clean",
                    "+".join(tag for tag in tags if tag), ";".join(person.wards),
                ),
            )  # fmt: skip

    def head(self, household: Household, sender: Sender) -> tuple[str, str]:
        """Name and number of the household's head as this office types them, the same for all members."""
        draw, head = self.draw, household.head
        if len(household.members) > 1 and draw.random() < 0.04 and not household.members[1][0].kid:
            head = household.members[1][0]
        name, _kind = sender.slop.name(head.name, draw)
        number = ""
        if sender.has_head_id:
            number, _kind = sender.slop.number(head.number, draw, old=head.birth < OLD, disabled=False)
        return name, number

    def number_cell(self, seat: Seat, sender: Sender) -> tuple[str, list[str]]:
        """The number cell of a row, and what is wrong with it."""
        draw, slop, person, household = self.draw, sender.slop, seat.person, seat.household
        whose, kinds = person.number, []
        dice = draw.random()
        kids = household.kids
        if sender.shifting:
            sender.shifting -= 1
            if sender.last_number and sender.last_number != whose:
                whose, kinds = sender.last_number, ["id_shift"]
        elif person.kid:
            others = [kid for kid in kids if kid is not person]
            if dice < slop.share(noise.WRONG_GUARDIAN):
                whose, kinds = household.guardian.number, ["wrong_guardian"]
            elif others and dice < slop.share(noise.WRONG_GUARDIAN + noise.WRONG_SIBLING):
                whose, kinds = draw.choice(others).number, ["wrong_sibling"]
            elif dice > 1 - slop.share(noise.OTHER_VALID):
                whose, kinds = self.people.number(person.birth, person.male, whose[:6]), ["id_other_valid"]
        elif kids and dice < slop.share(noise.ADULT_HAS_CHILD_ID):
            whose, kinds = kids[0].number, ["adult_has_child_id"]
        if draw.random() < slop.share(noise.SHIFT) / 10:
            sender.shifting = draw.randrange(6, 15)
        sender.last_number = person.number
        typed, kind = slop.number(whose, draw, old=whose[6:10] < "1985", disabled=seat.list_type == "canlian")
        return typed, [*kinds, kind] if kind else kinds


def _moved(tags: tuple[str, ...], registered: Village, listed: Village) -> tuple[str, ...]:
    """The tags, with `moved` when the list has the person in another township."""
    return (*tags, "moved") if registered.code[:9] != listed.code[:9] else tags
