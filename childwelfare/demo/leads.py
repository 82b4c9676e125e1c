"""Potential children in the demo county: a list that speaks of them, clues of a round, and how far each has come."""

from __future__ import annotations

import datetime as dt
import random
from typing import Final

from cases.ages import add_months
from cases.enums import PrimaryCategory
from cases.matching.discrepancies import services as discrepancies
from cases.matching.enums import LeadState
from cases.matching.intake import imports
from cases.matching.intake import services as intake
from cases.matching.leads import services as leads
from cases.matching.leads.services import Clue
from cases.matching.runs.match import run_match
from cases.models import PotentialChild
from cases.register import ChildData, add_child
from childwelfare.demo import names
from childwelfare.demo.acting import Office
from staff.models import Region

CLERK: Final = "zhaoqinghe"
HEADER: Final = (
    "序号,户主姓名,户主身份证号,姓名,身份证号,与户主关系,性别,出生日期,家庭住址,供养金额,享受起始年月"
)
HOUSEHOLDS: Final = 26
CLUES: Final = (
    ("邻居反映孩子随外婆生活，父母两年未归，电话打不通", "absent"),
    ("村小老师说父亲去年因病去世，母亲改嫁后没有联系", "dead"),
    ("父亲在外地服刑，孩子由伯父代管", "custody"),
)
FINDINGS: Final = (
    (
        "随祖母生活，父亲去世，母亲失去联系八个月，祖母有慢性病",
        "无人有能力照料",
        "帮助申请保障，落实定期走访",
    ),
    ("父母长期在外务工，每月寄钱，祖父母照料较好", "父母不在身边", "按留守儿童关爱，每月联系"),
    ("父亲重度残疾卧床，母亲离家，家中欠债", "生活困难，辍学风险", "帮助申请保障，联系学校减免"),
    ("父亲半年前已返乡务农，孩子由父母照料", "", ""),
)
# What each finding makes of the child; a child left behind is in scope without money.
CATEGORIES: Final = (
    PrimaryCategory.DE_FACTO_UNATTENDED, PrimaryCategory.LEFT_BEHIND, PrimaryCategory.TEKUN, None,
)  # fmt: skip


def load_leads(office: Office, *, today: dt.date, own_village: int) -> None:
    """Whom last month's matching found and what became of them, and three clues of the demo director's village."""
    _match(office, today, own_village)
    _enter(office, today, own_village)
    found = list(PotentialChild.objects.filter(state=LeadState.FOUND).order_by("pk"))
    # What was found stays open in the demo director's village; elsewhere most of it has come further.
    near = [lead for lead in found if lead.region_id == own_village]
    far = [lead for lead in found if lead.region_id != own_village and lead.region_id % 1000]
    for place, lead in enumerate([*near[1:3], *far[: len(far) * 3 // 4]]):
        _go_on(office, lead, place, today)


def _match(office: Office, today: dt.date, own_village: int) -> None:
    """A list of people in extreme poverty, with grandchildren who are on no register, matched with its month."""
    rng = random.Random(18)
    month = add_months(today.replace(day=1), -1)
    villages = list(
        Region.objects.below(Region.objects.get(pk=own_village // 1_000_000 * 1_000_000), "village")
    )
    here = [village for village in villages if village.pk == own_village]
    lines = [HEADER]
    for place in range(1, HOUSEHOLDS + 1):
        village = here[0] if place <= 3 else rng.choice(villages)
        surname = rng.choice(names.SURNAMES)
        head, born = names.adult_name(rng, surname), dt.date(rng.randrange(1948, 1962), 3, 8)
        number = names.identity_number(rng, born, "female")
        lines.append(f"{place},{head},{number},{head},{number},户主,女,{born},{village.name},1300,202601")
        sex = rng.choice(("male", "female"))
        birth = dt.date(
            rng.randrange(today.year - 15, today.year - 3), rng.randrange(1, 13), rng.randrange(1, 28)
        )
        kin = "孙子" if sex == "male" else "孙女"
        child = surname + rng.choice(names.CHILD_GIVEN)
        lines.append(
            f",,,{child},{names.identity_number(rng, birth, sex)},{kin},{'男' if sex == 'male' else '女'},{birth},,,"
        )
    at = office.at(month.replace(day=11), 9)
    with office.acting(CLERK) as clerk:
        received, _new = intake.take_list(
            actor=office.actor(), at=at, data="\n".join([*lines, ""]).encode("gb18030"), name=f"特困-{month:%Y-%m}.csv",
            kind="tekun", period=month, region_id=clerk.post.region_id,
        )  # fmt: skip
        imports.stage_received(received)
        run = imports.open_run(region_id=clerk.post.region_id, period=month)
        run_match(run.pk)
        run.refresh_from_db()
        discrepancies.finish_run(run, at=at)


def _enter(office: Office, today: dt.date, own_village: int) -> None:
    rng = random.Random(19)
    with office.director_of(own_village):
        for days, (text, why) in zip((9, 4, 1), CLUES, strict=True):
            clue = Clue(
                region_id=own_village,
                name=names.child_name(rng),
                why=(why,),
                clue=text,
                birth_date=today - dt.timedelta(days=rng.randrange(1_500, 5_000)),
                sex=rng.choice(("male", "female")),
                head_name=names.adult_name(rng),
            )
            leads.enter_clue(clue, at=office.at(today - dt.timedelta(days=days), 16))


def _go_on(office: Office, lead: PotentialChild, place: int, today: dt.date) -> None:
    """Assigned; of five four visited; of these some brought in, some not qualifying."""
    started = today - dt.timedelta(days=16 - place % 9)
    with office.supervisor_of(lead.region_id):
        lead = leads.assign(lead, lead.region_id, at=office.at(started, 9))
    if place % 5 == 0:
        return
    finding, problem, solution = FINDINGS[place % len(FINDINGS)]
    day = started + dt.timedelta(days=3)
    with office.director_of(lead.region_id):
        lead = leads.record_visit(
            lead, day=day, finding=finding, problem=problem, solution=solution, at=office.at(day, 15)
        )
    if place % 5 == 1:
        return
    after = office.at(day + dt.timedelta(days=2), 10)
    category = CATEGORIES[place % len(FINDINGS)]
    if category is None:
        with office.supervisor_of(lead.region_id):
            leads.decide(lead, "drop", reason="父母能够履行监护责任", at=after)
        return
    assert lead.birth_date is not None
    with office.director_of(lead.region_id):
        data = ChildData(
            name=lead.name, id_number=lead.id_number, birth_date=lead.birth_date, sex=lead.sex,
            primary_category=category, registration="local",
        )  # fmt: skip
        child = add_child(data, region_id=lead.region_id, at=after, confirmed=True)
        leads.take_in(lead, child, at=after)
