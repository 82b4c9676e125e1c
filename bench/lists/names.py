"""What people, places and offices are called in the made-up lists, and how those names get damaged."""

from __future__ import annotations

import random
from collections import defaultdict
from functools import cache
from itertools import accumulate, product
from typing import Final


def words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# Common first, so that a falling weight gives roughly the shares of a county.
SURNAMES: Final = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任"
    "沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
)
GIVEN: Final = (
    "子涵梓轩宇浩然欣怡思雨晨曦俊杰诗琪佳嘉文博静雅婷天佑明泽志强安乐语桐"
    "若馨依诺奕辰沐阳书瑶星可昕婉清铭睿国庆小军秀英桂兰"
)
FIRST: Final = "子梓思雨欣佳嘉文俊宇浩诗梦雅语天志晨沐若一可艺心紫奕书芷明博睿泽国春小海玉金永家启"
LAST: Final = "涵轩怡琪宇杰豪泽萱妍彤瑶婷琳晨然辰阳悦菲雪峰鹏涛博文成坤林霖玲凤兰花燕芳军平华祥龙凯"
FASHION: Final = words(
    "梓涵 子轩 欣怡 浩宇 雨桐 诗涵 一诺 宇轩 俊熙 语嫣 佳怡 思琪 浩然 可馨 沐宸 奕辰 若曦 梦瑶 嘉豪 文博"
)
OLD_MEN: Final = words(
    "建国 志明 德华 国强 永贵 大山 朝荣 绍华 明富 登高 顺才 光明 世平 正国 天才 万全 成林 昌富 兴发 云贵 "
    "自强 先明 中华 长生 仕林 代富 其中 仁贵 宗林 开文 学文 学军 勇 伟 军 平 刚 波 涛 强 斌 洪 涌 林"
)
OLD_WOMEN: Final = words(
    "秀英 桂兰 玉珍 凤英 开芬 朝英 天芬 兴秀 顺英 光琼 应芬 德芳 素华 淑珍 世碧 正芬 大秀 昌琼 先碧 中秀 "
    "代群 小琼 小红 金凤 红梅 春梅 艳 霞 敏 丽 芳 梅 燕 萍 琴 英 群 玲 娟 莉"
)
RARE: Final = "喆堃珺翊玥祎赟翀彧焱淼犇骉㛃䶮昶瑄璟暄钰煊琎𬀩𬭎"
DOTTED_FIRST: Final = words(
    "阿依努尔 买买提 古丽娜 艾尔肯 帕孜力 热依木 扎西 尼玛 达娃 吉克 沙马 曲木 阿米 海来 俄木 吉木"
)
DOTTED_LAST: Final = words(
    "艾买提 吐尔洪 亚森 卡斯木 依明江 买合木提 顿珠 卓嘎 次仁 拉姆 拉日 伍支莫 阿且 木果 子古 日哈"
)
DOTS: Final = "・•.．‧▪●。﹒∙"
TRADITIONAL: Final = str.maketrans(
    "张刘陈杨黄赵吴孙马罗郑谢韩冯邓许苏吕蒋叶肖钟谭陆贾韦邹龙贺顾龚万钱严汤阳诗语轩泽梦国军华杰强乐红丽兰凤书铭辉宝",
    "張劉陳楊黃趙吳孫馬羅鄭謝韓馮鄧許蘇呂蔣葉蕭鍾譚陸賈韋鄒龍賀顧龔萬錢嚴湯陽詩語軒澤夢國軍華傑強樂紅麗蘭鳳書銘輝寶",
)
VARIANTS: Final = str.maketrans(
    "曾吕黄吴峰群升坤哲青真温强彦颜高户宁奔晖", "曽呂黃呉峯羣昇堃喆靑眞溫強彥顏髙戸甯犇暉"
)
NOTES: Final = ("（残疾）", "(已故)", "（孙）", "1", "(女)", "*", "（双胞胎）", "[转学]", "（在校）")
MISSING: Final = ("", "", "", "无", "不详", "/", "-", "未上户", "待补", "0")
# Sounds that a clerk of the south-west confuses.
CONFUSED: Final = (
    ("zh", "z"),
    ("ch", "c"),
    ("sh", "s"),
    ("n", "l"),
    ("h", "f"),
    ("ing", "in"),
    ("eng", "en"),
    ("ang", "an"),
)


def falling(count: int, offset: float) -> list[float]:
    """Cumulative weights 1 / (rank + offset)."""
    return list(accumulate(1 / (rank + offset) for rank in range(count)))


SURNAME_WEIGHTS: Final = falling(len(SURNAMES), 6)
PAIRS: Final = [a + b for a, b in product(FIRST, LAST) if a != b]
PAIR_WEIGHTS: Final = list(
    accumulate(1 / (i + 12) / (j + 12) for i, a in enumerate(FIRST) for j, b in enumerate(LAST) if a != b)
)


@cache
def sounds() -> tuple[dict[str, str], dict[str, str]]:
    """Reading without tone of every character used, and the characters of each reading."""
    from pypinyin import lazy_pinyin

    used = sorted(
        {*SURNAMES, *GIVEN, *FIRST, *LAST, *"".join((*FASHION, *OLD_MEN, *OLD_WOMEN, *RARE))}
        | set("晗紫鑫仪名茗铃领姿籽郡君均俪莉利谊艺益亿遥摇尧诚程城佩沛培维薇威微炫旋慧惠会辉灰")
    )
    reading = {character: lazy_pinyin(character)[0] for character in used}
    groups: dict[str, list[str]] = defaultdict(list)
    for character, sound in reading.items():
        groups[sound].append(character)
    return reading, {sound: "".join(found) for sound, found in groups.items()}


@cache
def near_sounds(sound: str) -> str:
    """Characters whose reading a dialect confuses with this one."""
    _reading, groups = sounds()
    found = ""
    for one, other in CONFUSED:
        for a, b in ((one, other), (other, one)):
            if len(a) > 1 and a[-1] in "ng" and a[0] in "iea":
                changed = sound[: -len(a)] + b if sound.endswith(a) else sound
            else:
                changed = b + sound[len(a) :] if sound.startswith(a) and sound[1:2] not in "h" else sound
            if changed != sound:
                found += groups.get(changed, "")
    return found


def surname(draw: random.Random) -> str:
    return draw.choices(SURNAMES, cum_weights=SURNAME_WEIGHTS)[0]


def child_given(draw: random.Random) -> str:
    """A given name of today."""
    dice = draw.random()
    if dice < 0.62:
        return draw.choices(PAIRS, cum_weights=PAIR_WEIGHTS)[0]
    if dice < 0.90:
        return draw.choice(FASHION)
    if dice < 0.975:
        return draw.choice(LAST)
    return draw.choice(FIRST) + draw.choice(RARE) if dice < 0.993 else draw.choice(RARE)


def adult_given(draw: random.Random, male: bool) -> str:
    return draw.choice(OLD_MEN if male else OLD_WOMEN)
