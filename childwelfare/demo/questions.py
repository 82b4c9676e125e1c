"""The demo county's own visit form: the regular one with questions about winter, in force for three weeks. Invented."""

from __future__ import annotations

import copy
import datetime as dt
import uuid

from cases.models import Child
from cases.questions.choice import definition
from cases.questions.filling import fill_concerns
from cases.questions.publishing import publish_set
from cases.visits.services import VisitData, create_visit
from childwelfare.demo.acting import Office
from childwelfare.demo.money import COUNTY

CODE = "500152-regular"
WINTER = {
    "title": {"zh": "过冬", "en": "Winter"},
    "questions": [
        {
            "code": "heating",
            "type": "yes_no",
            "text": {"zh": "家里能安全取暖吗？", "en": "Can the home be heated safely?"},
            "short": {"zh": "安全取暖", "en": "Safe heating"},
            "hint": {"zh": "烧炭的要看有没有通风。", "en": "With charcoal, look whether there is a draught."},
            "options": [
                {"code": "yes", "text": {"zh": "能", "en": "Yes"}},
                {"code": "no", "text": {"zh": "不能", "en": "No"}, "concern": "yellow"},
            ],
        },
        {
            "code": "winter_things",
            "type": "many",
            "text": {"zh": "过冬缺什么？", "en": "What is lacking for the winter?"},
            "short": {"zh": "过冬缺", "en": "Lacking for winter"},
            "options": [
                {"code": "nothing", "text": {"zh": "不缺", "en": "Nothing"}, "alone": True},
                {"code": "quilt", "text": {"zh": "棉被", "en": "Quilts"}, "concern": "blue"},
                {"code": "coat", "text": {"zh": "棉衣", "en": "Coats"}, "concern": "blue"},
                {"code": "shoes", "text": {"zh": "棉鞋", "en": "Shoes"}},
            ],
        },
        {
            "code": "hours_alone",
            "type": "number",
            "text": {
                "zh": "放学后孩子独自在家几小时？",
                "en": "For how many hours after school is the child alone?",
            },
            "short": {"zh": "独自在家小时数", "en": "Hours alone"},
            "least": 0,
            "most": 24,
        },
    ],
}
ANSWERS = {"guardian": False, "living": False, "school": False, "harm": False, "living_cover": "full"}
VISITS = (
    ({"heating": True, "winter_things": ["nothing"], "hours_alone": 1}, "堂屋有电暖器，孩子棉衣棉鞋都有。"),
    (
        {"heating": False, "winter_things": ["quilt"], "hours_alone": 3},
        "屋里烧炭盆取暖，门窗不通风，已提醒。还缺一床棉被。",
    ),
)


def load_questions(office: Office, *, today: dt.date, own_village: int) -> None:
    """The county's own form, and two visits on it beside the older ones."""
    data = copy.deepcopy(dict(definition("regular", 2).source))
    data |= {"code": CODE, "name": {"zh": "潼南区走访表（冬季）", "en": "Tongnan visit form (winter)"}}
    data["sections"].insert(1, WINTER)
    day = today - dt.timedelta(days=21)
    with office.acting("zhaoqinghe"):
        row = publish_set(
            actor=office.actor(), at=office.at(day, 9), region_id=COUNTY, data=data, valid_from=day,
            document="潼民发〔2026〕88号（演示）",
        )  # fmt: skip
    form = definition(row.code, row.version).ref
    township = own_village // 1000 * 1000
    nearby = Child.objects.on_register().filter(region_id__gt=township, region_id__lt=township + 1000)
    children = nearby.exclude(region_id=own_village).filter(risk="green").order_by("pk")[:2]
    for number, (child, (answers, text)) in enumerate(zip(children, VISITS, strict=False)):
        at = office.at(today - dt.timedelta(days=2), 14 + number)
        visit = VisitData(
            kind="door", visited_at=at, risk=child.risk, people_met=["child", "grandmother"], answers=ANSWERS | answers,
            text=text, form=form,
        )  # fmt: skip
        with office.director_of(child.region_id):
            create_visit(
                actor=office.actor(), at=at + dt.timedelta(hours=1), child=child, data=visit,
                uuid=uuid.uuid5(uuid.NAMESPACE_OID, f"demo winter {child.number}"),
            )  # fmt: skip
    fill_concerns()
