"""A made-up county for measuring the matcher: a register, a month's list full of defects, and the truth.

Deterministic for a seed. Nobody in it exists: names are drawn from common characters, numbers carry the
area code of the county and a right check character. The shares of defects are guesses of the order real
lists show.
"""

from __future__ import annotations

import csv
import datetime as dt
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cases.identity import check_character

SURNAMES: Final = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任"
)
GIVEN: Final = (
    "子涵梓轩宇浩然欣怡思雨晨曦俊杰诗琪佳嘉文博静雅婷天佑明泽志强安乐语桐"
    "若馨依诺奕辰沐阳书瑶星可昕婉清铭睿国庆小军秀英桂兰"
)
OLD: Final = "建国志强德华正明秀英桂兰玉珍凤英国强永贵大山开荣朝英天芬绍华兴贵明富登高顺才光琼应祥世平"
TRADITIONAL: Final = str.maketrans(
    "张刘陈杨黄赵吴孙马罗郑谢韩冯邓许苏吕蒋叶", "張劉陳楊黃趙吳孫馬羅鄭謝韓馮鄧許蘇呂蔣葉"
)
SOUNDS: Final = str.maketrans("涵梓宇欣怡晨辰明", "晗紫雨鑫仪辰晨名")
DAY: Final = dt.date(2026, 10, 31)


@dataclass(slots=True)
class Person:
    """Somebody of the county."""

    name: str
    number: str
    birth: dt.date
    male: bool


@dataclass(slots=True)
class County:
    """Paths of the two files, and which list row is which child (by register number)."""

    register: Path
    list: Path
    truth: dict[str, str] = field(default_factory=dict)
    rows: int = 0


class Maker:
    """Draws people, households and defects from one random sequence."""

    def __init__(self, seed: int, villages: list[tuple[str, str]]) -> None:
        self.random = random.Random(seed)
        self.villages = villages
        self.taken: set[str] = set()

    def person(self, surname: str, low: float, high: float, letters: str) -> Person:
        """A person between two ages in years, with a number of their own."""
        draw = self.random
        birth = DAY - dt.timedelta(days=int(draw.uniform(low, high) * 365.25))
        name = surname + "".join(draw.sample(letters, draw.choice((1, 2, 2, 2))))
        area = draw.choice(("500152",) * 8 + ("510231", "500223"))
        while True:
            sequence = draw.randrange(1000)
            first17 = f"{area}{birth:%Y%m%d}{sequence:03d}"
            if first17 not in self.taken:
                self.taken.add(first17)
                return Person(name, first17 + check_character(first17), birth, sequence % 2 == 1)

    def twin_of(self, one: Person) -> Person:
        """A twin: the same day, a neighbouring number, a name one character apart."""
        sequence = (int(one.number[14:17]) + 2) % 1000
        first17 = f"{one.number[:14]}{sequence:03d}"
        self.taken.add(first17)
        last = self.random.choice([c for c in GIVEN if c not in one.name])
        return Person(one.name[:-1] + last, first17 + check_character(first17), one.birth, sequence % 2 == 1)

    def typed_number(self, number: str) -> str:
        """A number as a clerk might have typed it: mostly right."""
        draw = self.random
        dice = draw.random()
        place = draw.randrange(6, 16)
        defects: list[tuple[float, Callable[[], str]]] = [
            (0.020, lambda: f"{number[:6]} {number[6:14]} {number[14:]}"),
            (0.010, lambda: "'" + number),
            (0.010, lambda: "".join(chr(ord(c) + 0xFEE0) for c in number)),
            (0.012, lambda: number[:15] + "000"),
            (0.002, lambda: f"{float(number[:17] + '0'):.5E}"),
            (
                0.010,
                lambda: (
                    number[:place]
                    + str((int(number[place]) + draw.randrange(1, 10)) % 10)
                    + number[place + 1 :]
                ),
            ),
            (0.004, lambda: number[:place] + number[place + 1] + number[place] + number[place + 2 :]),
            (0.003, lambda: number[:place] + number[place + 1 :]),
            (0.010, lambda: draw.choice(("", "无", "不详", "/"))),
            (0.005, lambda: number[:6] + "********" + number[14:]),
            (0.005, lambda: number + draw.choice("1234567") + draw.choice("1234")),
        ]
        for share, defect in defects:
            dice -= share
            if dice < 0:
                return defect()
        return number.lower() if draw.random() < 0.15 else number

    def typed_name(self, name: str) -> str:
        """A name as a clerk might have typed it."""
        dice = self.random.random()
        if dice < 0.02:
            return f"{name[0]} {name[1:]}"
        if dice < 0.03:
            return name.translate(TRADITIONAL)
        if dice < 0.04:
            return name.translate(SOUNDS)
        if dice < 0.045:
            return name[0] + "".join(self.random.sample(GIVEN, 2))
        return name + "（残疾）" if dice < 0.048 else name


def make_county(folder: Path, *, regions: Path, children: int, rows: int, seed: int) -> County:
    """Write `register.csv` and `list.csv` into a folder; `regions` is a divisions file of this repository."""
    with regions.open(encoding="utf-8-sig", newline="") as stream:
        villages = [(r["code"], r["name"]) for r in csv.DictReader(stream) if r["level"] == "village"]
    county = County(folder / "register.csv", folder / "list.csv")
    maker = Maker(seed, villages)
    with (
        county.register.open("w", encoding="utf-8", newline="") as register_stream,
        county.list.open("w", encoding="utf-8", newline="") as list_stream,
    ):
        register, listed = csv.writer(register_stream), csv.writer(list_stream)
        register.writerow(
            ("child_id", "name", "id_number", "birth_date", "sex", "village_code", "guardian_name",
             "guardian_id", "guardian_relation", "head_name", "head_id")
        )  # fmt: skip
        listed.writerow(
            ("list_row_id", "list_type", "sender_code", "hh_no", "name", "id_number", "relation", "sex",
             "birth_date", "head_name", "head_id", "village_name", "category", "amount", "start_ym")
        )  # fmt: skip
        made = household = 0
        while county.rows < rows:
            household += 1
            # Children are spread evenly over the list, until the register is full.
            registered = made < children and county.rows * children >= made * rows
            code, village = maker.random.choice(villages)
            members = list(_household(maker, registered))
            head = members[0][0]
            numbers: dict[int, str] = {}
            for place, (person, _relation, on_register) in enumerate(members):
                if on_register and made < children:
                    numbers[place] = f"B{made:06d}"
                    made += 1
                    register.writerow(
                        (numbers[place], person.name, person.number, person.birth,
                         "男" if person.male else "女", code,
                         head.name, head.number, "祖父" if head.male else "祖母", head.name, head.number)
                    )  # fmt: skip
            if registered and maker.random.random() < 0.4:
                continue
            for place, (person, relation, _on_register) in enumerate(members):
                if county.rows == rows:
                    break
                county.rows += 1
                if place in numbers:
                    county.truth[str(county.rows)] = numbers[place]
                wrong = relation not in ("户主", "配偶") and maker.random.random() < 0.003
                listed.writerow(
                    (county.rows, "dibao", code[:9], household, maker.typed_name(person.name),
                     maker.typed_number(head.number if wrong else person.number), relation,
                     "男" if person.male else "女", _typed_date(maker, person.birth), head.name, head.number,
                     village, "农村低保", maker.random.randrange(20, 90) * 10, "202401")
                )  # fmt: skip
    return county


def _household(maker: Maker, registered: bool) -> Iterator[tuple[Person, str, bool]]:
    """Members with their relation to the head, and whether they are on the register."""
    draw = maker.random
    surname = draw.choice(SURNAMES)
    yield maker.person(surname, 50, 80, OLD), "户主", False
    if draw.random() < 0.5:
        yield maker.person(draw.choice(SURNAMES), 50, 80, OLD), "配偶", False
    kids = draw.choice((1, 1, 1, 2)) if registered else draw.choice((0, 0, 1, 1, 2))
    for _each in range(kids):
        kid = maker.person(surname, 0.2, 17.9, GIVEN)
        yield kid, "孙子" if kid.male else "孙女", registered
        if draw.random() < 0.03:
            yield maker.twin_of(kid), "孙子", registered and draw.random() < 0.5


def _typed_date(maker: Maker, day: dt.date) -> str:
    """A birth date in one of the ways offices write it, sometimes left out, rarely wrong."""
    dice = maker.random.random()
    if dice < 0.4:
        return ""
    if dice < 0.405:
        day += dt.timedelta(days=maker.random.randrange(1, 400))
    return maker.random.choice((day.isoformat(), f"{day.year}.{day.month}.{day.day}", f"{day:%Y%m%d}"))
