"""Pinyin of personal names: surname readings, search keys and initials, without tones."""

from functools import cache
from typing import Final

from pypinyin import lazy_pinyin

# Characters read differently as a surname than elsewhere, and two-character surnames among them.
SURNAMES: Final[dict[str, tuple[str, ...]]] = {
    "万俟": ("mo", "qi"),
    "尉迟": ("yu", "chi"),
    "单于": ("chan", "yu"),
    "长孙": ("zhang", "sun"),
    "澹台": ("tan", "tai"),
    "曾": ("zeng",),
    "单": ("shan",),
    "解": ("xie",),
    "仇": ("qiu",),
    "区": ("ou",),
    "查": ("zha",),
    "任": ("ren",),
    "朴": ("piao",),
    "盖": ("ge",),
    "乐": ("yue",),
    "尉": ("wei",),
    "冼": ("xian",),
    "翟": ("zhai",),
    "缪": ("miao",),
    "宓": ("mi",),
    "逄": ("pang",),
    "种": ("chong",),
    "秘": ("bi",),
    "折": ("she",),
    "洗": ("xian",),
    "黑": ("he",),
    "员": ("yun",),
    "召": ("shao",),
    "郇": ("xun",),
    "郗": ("xi",),
    "那": ("na",),
    "华": ("hua",),
    "繁": ("po",),
    "覃": ("qin",),
    "晟": ("cheng",),
    "褚": ("chu",),
    "晁": ("chao",),
    "臧": ("zang",),
    "卜": ("bu",),
    "牟": ("mu",),
    "佴": ("nai",),
    "隗": ("wei",),
    "能": ("nai",),
    "阚": ("kan",),
    "呙": ("guo",),
    "祭": ("zhai",),
    "石": ("shi",),
    "沈": ("shen",),
    "重": ("chong",),
    "於": ("yu",),
    "吕": ("lv",),
}


@cache
def reading(character: str) -> str:
    """The one toneless reading of a character; letters and digits read as themselves, lower case."""
    return str(lazy_pinyin(character)[0]).lower()


def syllables(name: str) -> list[str]:
    """Toneless syllables of a name, the surname read as a surname; spaces and dots are dropped."""
    letters = [c for c in name if c.isalnum()]
    for width in (2, 1):
        surname = SURNAMES.get("".join(letters[:width]))
        if surname is not None and len(letters) > width:
            return [*surname, *map(reading, letters[width:])]
    return [reading(c) for c in letters]


def search_key(name: str) -> str:
    """Syllables run together, for prefix search: 曾子涵 is zengzihan."""
    return "".join(syllables(name))


def initials(name: str) -> str:
    """First letter of each syllable: 曾子涵 is zzh."""
    return "".join(s[0] for s in syllables(name) if s)


def sort_key(name: str) -> str:
    """Syllables parted by spaces, so that 李 sorts before 里安: the embedded server has no ICU collation."""
    return " ".join(syllables(name))
