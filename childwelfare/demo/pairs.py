"""Lists with every kind of slip that offices make, matched, and the review of the pairs half done."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from cases.ages import add_months
from cases.identity import is_valid
from cases.matching.intake import imports
from cases.matching.intake import services as intake
from cases.matching.review import services as review
from cases.matching.review.second import with_money
from cases.matching.runs.match import run_match
from cases.models import Child, Guardian, MatchCandidate, MatchRun
from childwelfare.demo import names
from childwelfare.demo.acting import Office
from staff.enums import RegionLevel
from staff.models import Region

CLERK: Final = "zhaoqinghe"
HEADER: Final = (
    "序号,户主姓名,户主身份证号,姓名,身份证号,与户主关系,性别,出生日期,家庭住址,保障金额,享受起始年月"
)
DEATHS: Final = "姓名,身份证号,性别,死亡日期,家庭住址"
# A character of the same sound for one that the demo's names end in.
ALIKE: Final = {
    "露": "鹿",
    "雨": "羽",
    "夏": "下",
    "分": "芬",
    "种": "仲",
    "满": "曼",
    "寒": "函",
    "涵": "晗",
    "桐": "童",
}


def load_pairs(office: Office, *, today: dt.date) -> None:
    """Upload, match and begin to review a low-income list and a list of deaths of the month before last."""
    month = add_months(today.replace(day=1), -2)
    at = office.at(month.replace(day=12), 9)
    with office.acting(CLERK) as clerk:
        county = Region.objects.get(level=RegionLevel.COUNTY, pk=clerk.post.region_id)
        children = _children(60)
        guardians = {
            g.child_id: g for g in Guardian.objects.filter(child__in=children, end_date=None).order_by("-pk")
        }
        files = {"dibao": _dibao(children, guardians, month), "death": _deaths(children, guardians, month)}
        for kind, data in files.items():
            received, _new = intake.take_list(
                actor=office.actor(), at=at, data=data, name=f"{kind}-{month:%Y-%m}.csv", kind=kind, period=month,
                region_id=county.code,
            )  # fmt: skip
            imports.stage_received(received)
        run = imports.open_run(region_id=county.code, period=month)
        run_match(run.pk)
        run.refresh_from_db()
        run.state, run.started_at = MatchRun.State.REVIEW, at
        run.save(update_fields=["state", "started_at"])
        _review(run, office, at)


def _children(number: int) -> list[Child]:
    """Children with numbers of their own, whose names have no namesake."""
    found = list(
        Child.objects.on_register().exclude(id_number="").select_related("region", "household").order_by("pk")
    )
    often = [child.name for child in found]
    return [child for child in found if often.count(child.name) == 1][:number]


# --- Lists ------------------------------------------------------------------------------------------------

Cells = tuple[str, str, str]  # name, number, date of birth as the list has them


def _born(child: Child) -> str:
    return f"{child.birth_date:%Y%m%d}"


def _slip(number: str, place: int = 14) -> str:
    """One wrong digit, so that the check character fits no longer."""
    for digit in "9876543210":
        wrong = f"{number[: place - 1]}{digit}{number[place:]}"
        if wrong != number and not is_valid(wrong):
            return wrong
    return number


def _same_sound(name: str) -> str:
    return name[:-1] + ALIKE.get(name[-1], "儿")


SLIPS: Final[tuple[Callable[[Child, Guardian], Cells], ...]] = (
    lambda c, g: (c.name, _slip(c.id_number), _born(c)),  # mistyped
    lambda c, g: (c.name, f"{c.id_number[:15]}000", _born(c)),  # cut by a spreadsheet
    lambda c, g: (c.name[0] + "某某", c.id_number, _born(c)),  # another name under the number
    lambda c, g: (c.name[0] + "家宝", _slip(c.id_number), _born(c)),  # mistyped, and another name
    lambda c, g: (c.name, g.id_number, _born(c)),  # the guardian's number in the child's cell
    lambda c, g: (_same_sound(c.name), "", _born(c)),  # no number, a character of the same sound
    lambda c, g: (c.name, "", ""),  # no number, no date
    lambda c, g: (c.name[:-1] + "□", "", _born(c)),  # a lost character
    lambda c, g: (
        c.name,
        names.identity_number(random.Random(c.pk), c.birth_date, c.sex),
        _born(c),
    ),  # another valid number
)


def _dibao(children: Sequence[Child], guardians: dict[int, Guardian], month: dt.date) -> bytes:
    lines = [f"潼南区{month.year}年{month.month}月低保对象花名册" + "," * 10, HEADER]
    certain, others = children[:9], children[9:]
    rows: list[tuple[Child, Cells]] = [
        (child, (child.name, child.id_number, _born(child))) for child in certain
    ]
    rows += [
        (child, SLIPS[place % len(SLIPS)](child, guardians[child.pk]))
        for place, child in enumerate(others[: 4 * len(SLIPS)])
    ]
    for place, (child, (name, number, born)) in enumerate(rows, 1):
        guardian = guardians[child.pk]
        sex = "女" if child.sex == "female" else "男"
        lines.append(
            f"{place},{guardian.name},{guardian.id_number},{guardian.name},{guardian.id_number},户主,,,{child.region.name},,"
        )
        relation = "孙女" if child.sex == "female" else "孙子"
        lines.append(f",,,{name},{number},{relation},{sex},{born},{child.region.name},430,202301")
    return "\n".join(lines).encode("gb18030")


def _deaths(children: Sequence[Child], guardians: dict[int, Guardian], month: dt.date) -> bytes:
    """Guardians under names not quite their own: nobody is dead before a person has looked."""
    lines = [f"潼南区{month.year}年{month.month}月死亡人员名单" + "," * 4, DEATHS]
    for child in children[-3:]:
        guardian = guardians[child.pk]
        name = guardian.name[0] + "某"
        lines.append(f"{name},{guardian.id_number},,{month:%Y-%m}-05,{child.region.name}")
    return "\n".join(lines).encode("gb18030")


# --- Review -----------------------------------------------------------------------------------------------


def _review(run: MatchRun, office: Office, at: dt.datetime) -> None:
    """The clerk has begun: some pairs decided, those with money proposed, one unsure, spot checks looked at."""
    waiting = MatchCandidate.objects.filter(run=run, state="pending").order_by("-score", "pk")
    pairs = list(waiting.select_related(*review.RELATED))
    paid = with_money(pairs)
    with_right = [pair for pair in pairs if pair.pk in paid]
    without = [pair for pair in pairs if pair.pk not in paid]
    _do([*with_right[:2], *without[::3]], ("same", "other", "same", "unsure", "other"), office, at)
    _do(review.spot_checks(run).order_by("pk")[:3], ("same", "same", "same"), office, at)


def _do(pairs: Iterable[MatchCandidate], acts: Sequence[str], office: Office, at: dt.datetime) -> None:
    for minute, (pair, act) in enumerate(zip(pairs, acts, strict=False), 1):
        moment = at + dt.timedelta(minutes=minute)
        review.act(act, candidate=pair, actor=office.actor(), at=moment)
