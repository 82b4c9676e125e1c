"""An honest county: directors who go from home to home, write in their own stock phrases and take their own pictures.

No rule may mark more than one visit in a hundred of them, or the marks would be noise; the dishonest ones among them are found.
"""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter, defaultdict

import pytest

from cases.checks import likeness
from cases.checks.mark_rules import Facts, Home, Made, in_use, marks_of
from cases.field.enums import MarkCode
from staff.parameters import DEFAULTS

RULES = in_use(DEFAULTS["visit_marks"][0], {})
FIRST = dt.datetime(2026, 9, 1)  # noqa: DTZ001 - local time is all a rule knows
# What a director writes is put together of such pieces: the same person comes back to the same ones.
OPENINGS = (
    "到家时{who}正在{doing}", "{who}来开的门，{child}在{doing}", "在院子里见到{who}", "和{who}坐着说了会儿话",
    "{child}放学刚到家，{who}在{doing}", "约好{time}上门，{who}在家等着",
)  # fmt: skip
STATES = (
    "孩子精神{how}，说{subject}{well}", "问了{subject}，{well}", "{who}说这个月{thing}{enough}", "家里{place}收拾得{how}",
    "孩子{well}，{subject}最近{change}", "班主任说{subject}{change}", "{who}{body}，上周去过卫生院", "父亲{days}天前来过电话，{thing}寄到了",
)  # fmt: skip
WORDS = {
    "who": ("奶奶", "爷爷", "外婆", "姑姑", "大伯", "外公"),
    "child": ("孩子", "小姑娘", "小家伙", "老大"),
    "doing": ("写作业", "做饭", "喂鸡", "看书", "择菜", "晒谷子", "扫院子"),
    "time": ("四点", "五点半", "午饭后", "傍晚", "九点"),
    "how": ("不错", "还好", "一般", "比上次好", "挺好"),
    "subject": ("数学", "语文", "英语", "画画", "跑步", "住校的事"),
    "well": ("跟得上", "有点吃力", "没有问题", "很愿意讲", "不太想说", "比上学期好"),
    "thing": ("生活费", "米面", "棉衣", "药", "电费", "奶粉"),
    "enough": ("够用", "还差一点", "刚领到", "下周去领", "够到月底"),
    "place": ("厨房", "堂屋", "孩子的床铺", "院子", "灶台"),
    "change": ("进步了", "没有变化", "退步了一点", "换了老师", "得了奖状"),
    "body": ("腿脚还是疼", "咳嗽好了", "血压稳定", "眼睛花得厉害", "刚拔了牙"),
    "days": ("两", "三", "五", "十"),
}


def written(rng: random.Random) -> str:
    parts = [rng.choice(OPENINGS), *rng.sample(STATES, rng.randrange(2, 5))]
    return "。".join(
        part.format(**{name: rng.choice(words) for name, words in WORDS.items()}) for part in parts
    )


class Village:
    """One director with their homes, some with siblings, who are visited in rounds."""

    def __init__(self, number: int, rng: random.Random) -> None:
        self.number, self.rng = number, rng
        self.homes = [
            (
                Home(number * 100 + home, number, f"{home}号" if rng.random() < 0.7 else ""),
                rng.choice((1, 1, 1, 2, 3)),
            )
            for home in range(rng.randrange(6, 22))
        ]

    def rounds(self, dishonest: bool) -> list[tuple[Made, str, int, dt.timedelta, dt.timedelta]]:
        """Visits of three months: when, what was written, the picture, how long it took, how late it was written."""
        made = []
        copied, picture = written(self.rng), self.rng.getrandbits(64)
        for month in range(3):
            at = FIRST + dt.timedelta(
                days=30 * month + self.rng.randrange(5), hours=self.rng.randrange(8, 11)
            )
            for home, children in self.homes:
                text, shown = written(self.rng), self.rng.getrandbits(64)
                for child in range(children):
                    who = Made(0, home.household * 10 + child, self.number, at, home)  # type: ignore[operator]
                    took = dt.timedelta(seconds=self.rng.randrange(60, 900))
                    late = dt.timedelta(hours=self.rng.choice((0, 0, 1, 5, 24, 72)))
                    # Siblings share words and picture, as far as honest people go.
                    made.append(
                        (who, copied if dishonest else text, picture if dishonest else shown, took, late)
                    )
                at += dt.timedelta(minutes=self.rng.randrange(20, 80))
                if at.hour >= 18:
                    at = at.replace(hour=8) + dt.timedelta(days=1)
        return made


def marked(villages: list[tuple[Village, bool]]) -> tuple[Counter[str], int, Counter[str], int]:
    """Marks by rule and number of visits, of the honest and of the others. The keys find the candidates, as in life."""
    keys: dict[int, list[int]] = defaultdict(list)
    seen: list[tuple[Made, str, int]] = []
    past: dict[int, list[Made]] = defaultdict(list)
    counts: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    numbers: Counter[bool] = Counter()
    for village, dishonest in villages:
        for who, text, picture, took, late in village.rounds(dishonest):
            made = Made(len(seen), who.child, who.visitor, who.at, who.home)
            words = likeness.bare(text)
            signed = picture - 2**64 if picture >= 2**63 else picture
            own = [*likeness.text_keys(words), *likeness.picture_keys("", signed)]
            near = {number for key in own for number in keys[key]}
            days = Counter(other.at.date() for other in past[who.visitor])
            facts = Facts(
                made=made,
                face_to_face=True,
                begun=who.at + late,
                written=who.at + late + took,
                near=tuple(
                    other for other in past[who.visitor] if abs(other.at - who.at) < dt.timedelta(days=1)
                ),
                usual=sum(days.values()) / len(days) if days else None,
                like_texts=tuple((seen[n][0], likeness.likeness(words, seen[n][1])) for n in near),
                like_pictures=tuple((seen[n][0], likeness.bits_apart(signed, seen[n][2])) for n in near),
            )
            numbers[dishonest] += 1
            counts[dishonest].update(str(code) for code in marks_of(facts, RULES))
            for key in own:
                keys[key].append(made.pk)
            seen.append((made, words, signed))
            past[who.visitor].append(made)
    return counts[False], numbers[False], counts[True], numbers[True]


@pytest.fixture(scope="module")
def county() -> tuple[Counter[str], int, Counter[str], int]:
    rng = random.Random(2026)
    return marked([(Village(number, rng), number % 10 == 9) for number in range(1, 31)])


def test_of_honest_visits_hardly_any_is_marked(county: tuple[Counter[str], int, Counter[str], int]) -> None:
    honest, visits, _dishonest, _others = county
    assert visits > 1000
    for code in MarkCode:
        assert honest[code] <= visits / 100, (code, honest)


def test_the_copied_ones_among_them_are_found(county: tuple[Counter[str], int, Counter[str], int]) -> None:
    _honest, _visits, dishonest, visits = county
    assert dishonest[MarkCode.SAME_TEXT] > 0.8 * visits
    assert dishonest[MarkCode.SAME_PHOTO] > 0.8 * visits
