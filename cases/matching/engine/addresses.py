"""Addresses as offices write them → bare names of townships and villages. Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_TOWNSHIP = re.compile(r"(?<=.)(街道办事处|街道|地区|镇|民族乡|乡)$")
_TOWNSHIP_IN = re.compile(r"(?:^|.*?[省市州县区旗])([^省市州县区旗]{1,10}?(?:街道|镇|乡))")


def short_township(text: str) -> str:
    """The bare name of a township: 桂林街道办事处 and 桂林街道 are 桂林."""
    name = re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).removesuffix("人民政府")
    return _TOWNSHIP.sub("", name)


def township_in(address: str) -> str:
    """The township an address names before its village, '' where it names none."""
    found = _TOWNSHIP_IN.match(re.sub(r"\s", "", unicodedata.normalize("NFKC", address)))
    return found[1] if found else ""


_VILLAGE_BODY = re.compile(r"(村民委员会|社区居民委员会|社区居委会|居民委员会|居委会|村委会|村委|居委)$")
_VILLAGE_KIND = re.compile(r"(村|社区)$")
BELOW_VILLAGE: Final = r"([0-9一二三四五六七八九十]+(组|社|队|号|栋|屯|湾)).*$"
_BELOW_VILLAGE = re.compile(BELOW_VILLAGE)
_ABOVE_VILLAGE = re.compile(r"^.*?(省|自治区)?.*?(市|州)?.*?(县|区|旗).*?(街道办事处|街道|镇|乡)(?=.)")


def short_village(text: str) -> str:
    """The bare name of a village or community: 莲花社区居民委员会, 莲花社区 and 莲花 are all 莲花."""
    name = re.sub(r"\s", "", unicodedata.normalize("NFKC", text))
    name = _BELOW_VILLAGE.sub("", name) or name
    body = _VILLAGE_BODY.sub("", name)
    body = _VILLAGE_KIND.sub("", body) if len(body) > 2 else body
    return body or name


def village_keys(text: str) -> tuple[str, ...]:
    """Bare village names an address may mean, the likeliest first: the cell itself, then what follows
    its township."""
    name = re.sub(r"\s", "", unicodedata.normalize("NFKC", text))
    first = short_village(name)
    after = _ABOVE_VILLAGE.sub("", name)
    if after == name:
        after = re.sub(r"^.*?(街道|镇|乡)(?=..)", "", name)
    second = short_village(after)
    return (first,) if second == first else (first, second)
