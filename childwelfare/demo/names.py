"""Invented names, identity numbers and accounts."""

from __future__ import annotations

import datetime as dt
import random

from cases.identity import check_character

SURNAMES = (
    "林秦苏田罗贺温陶江白唐梁柳邓陆严范何袁彭曾卢丁韩谭邹石孟崔康毛邱史顾侯邵龙万段雷钱汤尹黎易常武乔贾赖龚文"
)
CHILD_GIVEN = (
    "小满", "白露", "谷雨", "立夏", "小寒", "秋分", "芒种", "小暑", "惊蛰", "立春", "处暑", "霜降", "小雪", "大寒",
    "清和", "大暑", "冬至", "春分", "清明", "立秋", "寒露", "立冬", "雨水", "夏至", "梓涵", "雨桐", "浩宇", "思源",
    "佳怡", "子墨", "欣然", "博文", "若溪", "明轩", "诗语", "嘉树", "安然", "星辰", "书瑶", "景行", "知微", "乐遥",
    "一诺", "承安", "语嫣", "沐阳", "云舒", "望舒", "南乔", "怀瑾",
)  # fmt: skip
ADULT_GIVEN = (
    "桂芳", "秀莲", "福顺", "永贵", "国华", "素琴", "德明", "光碧", "正芳", "天秀", "世平", "大英", "朝富", "金凤",
    "家荣", "绍华", "明秀", "顺英", "开明", "登高", "友芬", "兴贵",
)  # fmt: skip


def child_name(rng: random.Random) -> str:
    return rng.choice(SURNAMES) + rng.choice(CHILD_GIVEN)


def adult_name(rng: random.Random, surname: str = "") -> str:
    return (surname or rng.choice(SURNAMES)) + rng.choice(ADULT_GIVEN)


def identity_number(rng: random.Random, birth: dt.date, sex: str, area: str = "500152") -> str:
    """A number with a right check character. The sequence is even for a girl, odd for a boy."""
    sequence = rng.randrange(10, 499) * 2 + (1 if sex == "male" else 0)
    first17 = f"{area}{birth:%Y%m%d}{sequence:03d}"
    return first17 + check_character(first17)


def account_number(rng: random.Random) -> str:
    """Nineteen digits with a right Luhn digit, in no bank's range that is known to us."""
    digits = [6, 2, 1, 7, *(rng.randrange(10) for _ in range(14))]
    total = sum(d if i % 2 else (d * 2 - 9 if d > 4 else d * 2) for i, d in enumerate(reversed(digits)))
    return "".join(map(str, digits)) + str(-total % 10)
