"""Traditional and variant characters → the simplified ones a register is kept in.

The single-character table is OpenCC's (TSCharacters, Apache-2.0, from opencc-python-reimplemented);
added are old and Japanese forms met in names, which OpenCC leaves alone.
"""

from functools import cache
from pathlib import Path
from typing import Final

import opencc

# Old, Japanese and handwriting forms: not traditional characters, so OpenCC does not touch them.
_OTHER_FORMS: Final = dict(
    zip(
        "呉曽靑眞戸戶內彥顏淩峯羣髙珎咲徳恵栄桜沢浜斉齊黒郞録縁暁寛広覚国黄歩収薫",
        "吴曾青真户户内彦颜凌峰群高珍笑德惠荣樱泽滨齐齐黑郎录缘晓宽广觉国黄步收薰",
        strict=True,
    )
)
# Pairs that households and police stations exchange in names: written one way here, another there.
_EXCHANGED: Final = {"喆": "哲", "堃": "坤", "昇": "升", "甯": "宁", "犇": "奔", "淼": "淼", "祎": "祎"}


@cache
def simplified() -> dict[int, str]:
    """Code point → simplified character, for `str.translate`."""
    table = Path(opencc.__file__).parent / "dictionary" / "TSCharacters.txt"
    result: dict[int, str] = {}
    for line in table.read_text(encoding="utf-8").splitlines():
        traditional, _tab, targets = line.partition("\t")
        if len(traditional) == 1 and targets:
            result[ord(traditional)] = targets.split(" ")[0]
    for form, usual in _OTHER_FORMS.items():
        result[ord(form)] = usual
    return result


@cache
def exchanged() -> dict[int, str]:
    """Code point → the character it is exchanged with; used to compare, never to store a name."""
    return {ord(form): usual for form, usual in _EXCHANGED.items() if form != usual}


@cache
def private() -> dict[int, str]:
    """Code points of the private use area that GBK gave to characters Unicode had not yet → those characters."""
    codes = [trail for trail in range(0x50, 0xA1) if trail != 0x7F]
    meant = (bytes((0xFE, trail)).decode("gb18030") for trail in codes)
    return {0xE815 + place: character for place, character in enumerate(meant)}
