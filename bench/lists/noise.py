"""What offices do to numbers, names and dates on the way into a list, and how often.

The shares are guesses of the order that real lists show. Each is multiplied by the profile and by the
sloppiness of the office that sends the file, so that bad rows stand together.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bench.lists import names

PROFILES: Final = {"clean": 0.25, "typical": 1.0, "stress": 4.0}
Damage = Callable[[str, random.Random], str]


@dataclass(frozen=True, slots=True)
class Defect:
    """A way to type a text. Unless `applies`, the text stays as it is."""

    kind: str
    share: float
    damage: Damage
    applies: Callable[[str], bool] = bool


def _spaced(number: str, draw: random.Random) -> str:
    return draw.choice(
        (
            f"{number[:6]} {number[6:14]} {number[14:]}",
            f"{number} ",
            f"\u00a0{number}",
            f"{number}\u200b",
            f"\ufeff{number}",
            f"\t{number}",
            f"{number[:10]}\n{number[10:]}",
            f"{number[:14]}\u3000{number[14:]}",
        )
    )


def one_wrong(number: str, draw: random.Random) -> str:
    place = draw.randrange(17)
    return number[:place] + str((int(number[place]) + draw.randrange(1, 10)) % 10) + number[place + 1 :]


def _two_wrong(number: str, draw: random.Random) -> str:
    for place in draw.sample(range(17), 2):
        number = number[:place] + str((int(number[place]) + draw.randrange(1, 10)) % 10) + number[place + 1 :]
    return number


def _transposed(number: str, draw: random.Random) -> str:
    place = draw.choice([i for i in range(16) if number[i] != number[i + 1]] or [0])
    return number[:place] + number[place + 1] + number[place] + number[place + 2 :]


def _length(number: str, draw: random.Random) -> str:
    place = draw.randrange(17)
    return number[:place] + draw.choice(("", number[place] * 2)) + number[place + 1 :]


def _letters(number: str, draw: random.Random) -> str:
    letter, digit = draw.choice((("O", "0"), ("o", "0"), ("l", "1"), ("I", "1")))
    return number.replace(digit, letter, draw.choice((1, 9)))


def _masked(number: str, draw: random.Random) -> str:
    return draw.choice(
        (
            f"{number[:6]}********{number[14:]}",
            f"{number[:10]}****{number[14:]}",
            f"{number[:4]}**********{number[14:]}",
            f"{number[:14]}****",
            f"{number[:3]}***********{number[14:]}",
            f"{number[:6]}XXXXXXXX{number[14:]}",
            f"{number[:12]}＊＊＊＊{number[16:]}",
        )
    )


def _scientific(number: str, draw: random.Random) -> str:
    return f"{float(number):.{draw.choice((5, 5, 2, 10))}E}"


def certificate(number: str, draw: random.Random) -> str:
    """A disability certificate: the number, the kind and the degree, and which replacement it is."""
    return number + draw.choice("1234567") + draw.choice("1234") + draw.choice(("", "", "", "", "B1"))


def _all_digits(number: str) -> bool:
    return number[-1:] != "X"


# Numbers that end in X suffer besides.
X_DEFECTS: Final = (
    Defect("id_lower_x", 0.15, lambda n, d: n.lower()),
    Defect("id_x_sign", 0.01, lambda n, d: n[:-1] + d.choice("×Ⅹхχ")),
)
ID_DEFECTS: Final = (
    Defect("id_fullwidth", 0.006, lambda n, d: "".join(chr(ord(c) + 0xFEE0) for c in n)),
    Defect("id_space", 0.015, _spaced),
    Defect("id_apostrophe", 0.006, lambda n, d: d.choice("'’‘`＇") + n),
    Defect("id_hyphen", 0.002, lambda n, d: f"{n[:6]}-{n[6:14]}-{n[14:]}"),
    Defect("id_letters", 0.001, _letters),
    Defect("id_trunc", 0.012, lambda n, d: n[:15] + "000", _all_digits),
    Defect("id_sci", 0.002, _scientific, _all_digits),
    Defect("id_typo1", 0.008, one_wrong),
    Defect("id_transpose", 0.004, _transposed),
    Defect("id_len", 0.003, _length),
    Defect("id_typo2", 0.0015, _two_wrong),
    Defect("id_missing", 0.012, lambda n, d: d.choice(names.MISSING)),
    Defect("id_masked", 0.004, _masked),
)
OLD_SHARE: Final = 0.02  # 15 digits, of adults born before 1985
OLD_SHARE_CHILD: Final = 0.0005
CERTIFICATE_SHARE: Final = 0.25  # of the disability list
WRONG_GUARDIAN, WRONG_SIBLING, ADULT_HAS_CHILD_ID, SHIFT, OTHER_VALID = 0.003, 0.001, 0.001, 0.0005, 0.001
ID_IN_NAME: Final = 0.0006


def homophone(name: str, draw: random.Random) -> str:
    reading, groups = names.sounds()
    places = [
        i
        for i, c in enumerate(name)
        if len(groups.get(reading.get(c, ""), "")) > 1 and (i or draw.random() < 0.2)
    ]
    return _changed(name, draw, places, lambda c: groups[reading[c]])


def _near_sound(name: str, draw: random.Random) -> str:
    reading, _groups = names.sounds()
    places = [i for i, c in enumerate(name) if i and names.near_sounds(reading.get(c, "?"))]
    return _changed(name, draw, places, lambda c: names.near_sounds(reading[c]))


def _changed(name: str, draw: random.Random, places: list[int], instead: Callable[[str], str]) -> str:
    if not places:
        return name
    place = draw.choice(places)
    return (
        name[:place]
        + draw.choice(instead(name[place]).replace(name[place], "") or name[place])
        + name[place + 1 :]
    )


def _slip(name: str, draw: random.Random) -> str:
    if len(name) > 2 and draw.random() < 0.3:
        place = draw.randrange(1, len(name))
        return name[:place] + name[place + 1 :]
    place = draw.randrange(1, len(name))
    return name[:place] + draw.choice(names.FIRST + names.LAST) + name[place + 1 :]


def _lost(name: str, draw: random.Random) -> str:
    reading, _groups = names.sounds()
    return "".join(
        draw.choice(("?", "□", "*", "？", "�", reading[c])) if c in names.RARE else c for c in name
    )


def _private(name: str, draw: random.Random) -> str:
    """Characters that old systems kept in the private use area of Unicode."""
    return "".join(chr(0xE000 + ord(c) % 0x18FF) if c in names.RARE else c for c in name)


def _spaced_name(name: str, draw: random.Random) -> str:
    return draw.choice(
        (f"{name} ", f" {name}", f"{name[0]}　{name[1:]}", f"{name[0]} {name[1:]}", f"{name[0]}  {name[1:]}")
    )


def _former(name: str, draw: random.Random) -> str:
    """Another given name, with no character in common: one character apart would be a slip."""
    while True:
        given = names.child_given(draw)
        if not set(given) & set(name):
            return name[0] + given


def _former_note(name: str, draw: random.Random) -> str:
    return draw.choice(("{}（曾用名{}）", "{}(曾用名：{})", "{}（原名{}）")).format(name, _former(name, draw))


def _plain(name: str) -> bool:
    return "·" not in name and len(name) > 1


# Names that hold such characters suffer besides.
SPECIAL_NAMES: Final = (
    Defect(
        "name_dot", 0.40, lambda n, d: n.replace("·", d.choice((*names.DOTS, "", " "))), lambda n: "·" in n
    ),
    Defect("name_rare", 0.25, _lost, lambda n: any(c in names.RARE for c in n)),
    Defect("name_pua", 0.10, _private, lambda n: any(c in names.RARE for c in n)),
    Defect(
        "name_variant",
        0.10,
        lambda n, d: n.translate(names.VARIANTS),
        lambda n: n.translate(names.VARIANTS) != n,
    ),
)
NAME_DEFECTS: Final = (
    Defect("name_space", 0.02, _spaced_name),
    Defect("name_trad", 0.004, lambda n, d: n.translate(names.TRADITIONAL), _plain),
    Defect("name_homophone", 0.010, homophone, _plain),
    Defect("name_near_sound", 0.002, _near_sound, _plain),
    Defect("name_former", 0.004, _former, _plain),
    Defect("name_former_note", 0.002, _former_note, _plain),
    Defect("name_typo", 0.004, _slip, _plain),
    Defect("name_note", 0.003, lambda n, d: n + d.choice(names.NOTES)),
)
BIRTH_DEFECTS: Final[tuple[tuple[str, float, Callable[[dt.date, random.Random], dt.date | None]], ...]] = (
    ("birth_missing", 0.015, lambda b, d: None),
    ("birth_lunar", 0.006, lambda b, d: b - dt.timedelta(days=d.randrange(19, 51))),
    ("birth_digit", 0.005, lambda b, d: _date_digit(b, d)),
    ("birth_swapped", 0.002, lambda b, d: b.replace(month=b.day, day=b.month) if b.day < 13 else b),
    ("birth_wrong", 0.002, lambda b, d: b + dt.timedelta(days=d.randrange(-900, 900))),
    ("birth_default", 0.001, lambda b, d: dt.date(1900, 1, 1)),
)


def _date_digit(birth: dt.date, draw: random.Random) -> dt.date:
    if draw.random() < 0.4:
        return birth.replace(year=birth.year + draw.choice((-10, -1, 1)), day=min(birth.day, 28))
    if draw.random() < 0.5:
        return birth.replace(month=birth.month % 12 + 1, day=min(birth.day, 28))
    return birth.replace(day=draw.choice((max(birth.day - 10, 1), birth.day % 28 + 1)))


DATE_STYLES: Final[tuple[Callable[[dt.date], str], ...]] = (
    lambda b: b.isoformat(),
    lambda b: f"{b:%Y%m%d}",
    lambda b: f"{b.year}.{b.month}.{b.day}",
    lambda b: f"{b.year}/{b.month}/{b.day}",
    lambda b: f"{b.year}年{b.month}月{b.day}日",
    lambda b: str((b - dt.date(1899, 12, 30)).days),
    lambda b: f"{b:%Y-%m-%d} 00:00:00",
    lambda b: f"{b.year}.{b.month:02d}",
)


class Sloppiness:
    """The defects of one sender, ready to be drawn with one random number a cell."""

    def __init__(self, scale: float) -> None:
        self.scale = scale
        self.numbers = self._thresholds(ID_DEFECTS)
        self.names = self._thresholds(NAME_DEFECTS)
        self.x = self._thresholds(X_DEFECTS)

    def share(self, share: float) -> float:
        return min(0.6, share * self.scale)

    def _thresholds(self, defects: tuple[Defect, ...]) -> list[tuple[float, Defect]]:
        result, total = [], 0.0
        for defect in defects:
            total = min(0.95, total + self.share(defect.share))
            result.append((total, defect))
        return result

    def number(self, number: str, draw: random.Random, *, old: bool, disabled: bool) -> tuple[str, str]:
        """A number as typed, and the kind of the defect or ''. `old`: born before 1985."""
        dice = draw.random()
        if dice < self.share(OLD_SHARE if old else OLD_SHARE_CHILD):
            return number[:6] + number[8:17], "id_15"
        if disabled and draw.random() < CERTIFICATE_SHARE:
            return certificate(number, draw), "id_certificate"
        if number[-1] == "X":
            typed, kind = _draw(self.x, number, draw)
            if kind:
                return typed, kind
        return _draw(self.numbers, number, draw)

    def name(self, name: str, draw: random.Random) -> tuple[str, str]:
        """A name as typed, and the kind of the defect or ''."""
        if not name.isalpha() or any(defect.applies(name) for defect in SPECIAL_NAMES):
            for defect in SPECIAL_NAMES:
                if defect.applies(name) and draw.random() < self.share(defect.share):
                    typed = defect.damage(name, draw)
                    return typed, defect.kind if typed != name else ""
        return _draw(self.names, name, draw)

    def birth(self, birth: dt.date, draw: random.Random) -> tuple[dt.date | None, str]:
        """A date as meant, and the kind of the defect or ''."""
        dice = draw.random()
        for kind, share, damage in BIRTH_DEFECTS:
            dice -= self.share(share)
            if dice < 0:
                typed = damage(birth, draw)
                return typed, kind if typed != birth else ""
        return birth, ""


def _draw(thresholds: list[tuple[float, Defect]], text: str, draw: random.Random) -> tuple[str, str]:
    dice = draw.random()
    if dice >= thresholds[-1][0]:
        return text, ""
    for threshold, defect in thresholds:
        if dice < threshold:
            typed = defect.damage(text, draw) if defect.applies(text) else text
            return typed, defect.kind if typed != text else ""
    return text, ""
