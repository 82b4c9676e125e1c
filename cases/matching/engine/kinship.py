"""What a list's column 与户主关系 says: where somebody stands in the household, seen from its head. Pure."""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum
from typing import Final

from cases.matching.engine.relations import is_head


class Kin(StrEnum):
    """Somebody's place in the household of its head."""

    HEAD = "head"
    SPOUSE = "spouse"
    CHILD = "child"
    CHILD_IN_LAW = "child_in_law"
    GRANDCHILD = "grandchild"
    SIBLING = "sibling"
    PARENT = "parent"
    OTHER = "other"
    UNKNOWN = "unknown"


# The first that fits decides. 妻子 and 孙女婿 end like words for a child, so whoever marries in comes first.
_RULES: Final = (
    (Kin.SPOUSE, re.compile(r"^(?:之)?(?:配偶|夫妻|妻|夫|妻子|丈夫|爱人|老婆|老公)$")),
    (
        Kin.OTHER,
        re.compile(r"孙媳|孙女?婿|[曾玄重]孙|祖|岳|公公|婆婆|[伯叔舅姑姨]|侄|甥|[弟兄]媳|嫂|[姐妹]夫"),
    ),
    (Kin.CHILD_IN_LAW, re.compile(r"儿媳|媳妇|女婿|^婿$|^媳$")),
    (Kin.GRANDCHILD, re.compile(r"孙")),
    (Kin.SIBLING, re.compile(r"^[胞堂表大小二三]?(?:弟弟?|妹妹?|兄弟|姐妹|哥哥?|姐姐?|兄)$")),
    (Kin.PARENT, re.compile(r"^(?:之)?[亲生养继]?[父母]亲?$|^(?:爸爸|妈妈|父母)$")),
    (
        Kin.CHILD,
        re.compile(r"^(?:之)?[长次三四五六七八九二大小幺独生养继亲婚非]*(?:子女?|女儿?|儿子?|孩子?)$"),
    ),
)


def kin_of(text: str) -> Kin:
    """The place that a relation as typed means; UNKNOWN for an empty cell, OTHER for what is none of them."""
    folded = re.sub(r"[\s　（）()·.、]", "", unicodedata.normalize("NFKC", text))
    if not folded:
        return Kin.UNKNOWN
    if is_head(folded):
        return Kin.HEAD
    return next((kin for kin, words in _RULES if words.search(folded)), Kin.OTHER)


# Who may be the parent of a minor, by the minor's own place: the members' places.
PARENTS: Final[dict[Kin, frozenset[Kin]]] = {
    Kin.CHILD: frozenset({Kin.HEAD, Kin.SPOUSE}),
    Kin.GRANDCHILD: frozenset({Kin.CHILD, Kin.CHILD_IN_LAW}),
    Kin.HEAD: frozenset({Kin.PARENT}),
    Kin.SIBLING: frozenset({Kin.PARENT}),
}
