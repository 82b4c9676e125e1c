"""What else the files of the demo county hold: parents away, cards, entrusted care, assessments, needs and help, defects."""

from __future__ import annotations

import datetime as dt
import random
from decimal import Decimal

from cases.assessments import services as assessments
from cases.care import services as care
from cases.circumstances import services as circumstances
from cases.circumstances.services import AbsenceData, CardData
from cases.defects import services as defects
from cases.defects.scan import scan_county
from cases.help import services as helping
from cases.help.services import HelpData
from cases.models import Child, Defect, Guardian
from cases.register import ChildData, add_child
from childwelfare.demo.acting import Office
from childwelfare.demo.names import adult_name
from childwelfare.demo.posts import COUNTY

ELSEWHERE = ((440300, "广东省深圳市"), (330100, "浙江省杭州市"), (341222, "安徽省阜阳市太和县"))
NEEDS = (
    ("upbringing", "过冬的棉衣和被褥", "goods", "镇妇联", "棉衣一套、棉被一床", "320.00"),
    ("schooling", "数学作业没人辅导", "service", "彩虹桥关爱室", "每周六志愿者上门辅导", None),
    ("treatment", "近视，需要配眼镜", "money", "县慈善会", "配镜补助", "260.00"),
    ("rehabilitation", "语言康复训练", "service", "区残联康复中心", "每周两次言语训练", None),
    ("guardianship", "奶奶腿脚不便，需要有人搭把手", "service", "村志愿服务队", "每周两次上门帮忙", None),
)


def load_circumstances(office: Office, *, today: dt.date, own_village: int, seed: int = 2027) -> None:
    """Everything of this module, by the people whose work it is."""
    rng = random.Random(seed)
    _parents_away(office, rng, today, own_village)
    _cards(office, rng, today)
    _assessments(office, rng, today, own_village)
    _needs(office, rng, today, own_village)
    _twin(office, today, own_village)
    _defects(office, today)


def _parents_away(office: Office, rng: random.Random, today: dt.date, own_village: int) -> None:
    """Children left behind: both parents away; in the demo director's village somebody is entrusted with them."""
    found = Child.objects.filter(primary_category="left_behind").select_related("household")
    near = list(found.filter(region_id=own_village).order_by("pk")[:3])
    for number, child in enumerate([*near, *found.exclude(region_id=own_village).order_by("pk")[:25]]):
        code, place = rng.choice(ELSEWHERE)
        since = today - dt.timedelta(days=rng.randrange(200, 500))
        with office.supervisor_of(child.region_id):
            at = office.at(today - dt.timedelta(days=9), 10)
            for parent in ("father", "mother"):
                data = AbsenceData(parent=parent, start_date=since, destination_code=code, destination=place)
                circumstances.add_absence(child, data, at=at)
            if number < len(near):
                _entrust(office, rng, child, since, today, number)


def _entrust(
    office: Office, rng: random.Random, child: Child, since: dt.date, today: dt.date, number: int
) -> None:
    guardian = Guardian.objects.filter(child=child, end_date__isnull=True).first()
    told = today - dt.timedelta(days=180)
    made = care.add_care(
        child,
        care.CareData(
            entrusted_by="father",
            carer_name=guardian.name if guardian else adult_name(rng, ""),
            carer_relation=guardian.relation if guardian else "other_relative",
            carer_id_number=guardian.id_number if guardian else "",
            carer_phone=guardian.phone if guardian else "",
            start_date=since,
            agreed_date=since,
            heard_date=since,
            # One of them has not told the school: a gap that its page names.
            school_told_date=told if number else None,
            village_told_date=told,
        ),
        at=office.at(today - dt.timedelta(days=9), 11),
    )
    # The first family has not been in touch for twelve days.
    last = today - dt.timedelta(days=12 if number == 0 else 3)
    care.record_contact(made, kind="video", date=last, at=office.at(today, 9))


def _cards(office: Office, rng: random.Random, today: dt.date) -> None:
    found = Child.objects.filter(primary_category="severe_disability").exclude(id_digest=None)
    for child in found.order_by("pk")[:30]:
        kind, level = rng.choice((("5", 2), ("6", 3), ("4", 1), ("1", 2)))
        issued = max(child.birth_date, today - dt.timedelta(days=rng.randrange(200, 1500)))
        with office.supervisor_of(child.region_id):
            data = CardData(number=f"{child.id_number}{kind}{level}", start_date=issued)
            circumstances.add_card(child, data, at=office.at(today - dt.timedelta(days=20), 15))


def _assessments(office: Office, rng: random.Random, today: dt.date, own_village: int) -> None:
    """Children at red or yellow in the demo director's village are assessed; their colour agrees with it."""
    found = Child.objects.filter(region_id=own_village, risk__in=("red", "yellow")).order_by("pk")[:3]
    for child in found:
        with office.director_of(own_village):
            day = today - dt.timedelta(days=40)
            instrument = assessments.instrument_for(own_village, day)
            answers = {
                code: item.options[0 if rng.random() < 0.6 else min(1, len(item.options) - 1)].code
                for code, item in instrument.items().items()
            }
            assessments.add_assessment(child, answers, at=office.at(day, 16), assessed_date=day)


def _needs(office: Office, rng: random.Random, today: dt.date, own_village: int) -> None:
    near = list(Child.objects.filter(region_id=own_village).order_by("pk")[:8])
    far = list(Child.objects.exclude(region_id=own_village).order_by("pk")[:60:3])
    for child in [*near, *far]:
        area, text, form, giver, what, amount = rng.choice(NEEDS)
        noted = today - dt.timedelta(days=rng.randrange(20, 120))
        with office.supervisor_of(child.region_id):
            need = helping.add_need(child, area=area, text=text, noted_date=noted, at=office.at(today, 9))
            if rng.random() < 0.6:
                given = HelpData(
                    area=area,
                    form=form,
                    giver=giver,
                    what=what,
                    date=noted + dt.timedelta(days=rng.randrange(2, 18)),
                    amount=Decimal(amount) if amount else None,
                    need=need,
                    need_state="met" if form != "service" else "partly",
                )
                helping.add_help(child, given, at=office.at(today, 9))


def _defects(office: Office, today: dt.date) -> None:
    """The look over the register eighteen days ago; a director has begun with what is in the own village."""
    scan_county(COUNTY, at=office.at(today - dt.timedelta(days=18), 2))
    day = today - dt.timedelta(days=6)
    # What was recorded in the last days may have opened one since.
    begun = Defect.objects.filter(source="register", opened_date__lte=day, state="open")
    for defect in list(begun.order_by("pk")[:2]):
        with office.director_of(defect.region_id):
            text = "已陪同监护人到派出所咨询，缺出生医学证明，正在向医院申请补开。"
            defects.add_step(defect, text, day=day, at=office.at(day, 15))


def _twin(office: Office, today: dt.date, own_village: int) -> None:
    """A child of the township registered a second time without its number, for the list of possible duplicates."""
    township = own_village // 1000 * 1000
    inside = Child.objects.filter(region_id__gte=township, region_id__lt=township + 1000)
    first = inside.exclude(region_id=own_village).exclude(id_digest=None).order_by("pk")[3]
    with office.supervisor_of(first.region_id):
        data = ChildData(
            name=first.name,
            birth_date=first.birth_date,
            sex=first.sex,
            primary_category=first.primary_category,
            registration="local",
            school_stage=first.school_stage,
        )
        day = today - dt.timedelta(days=4)
        add_child(data, region_id=first.region_id, at=office.at(day, 17), confirmed=True)
