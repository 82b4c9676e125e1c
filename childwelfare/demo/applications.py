"""Applications of the demo county at every step: with documents and checks, one that waits for documents, one that is
late, one that a township elsewhere took in.
"""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

from PIL import Image, ImageDraw

from cases.documents import Document
from cases.models import Child, Guardian
from childwelfare.demo.acting import Office
from staff.workflow import Actor
from subsidies.applications import evidence
from subsidies.applications import services as applications
from subsidies.applications.applying import Applicant, Intake, apply
from subsidies.applications.evidence import Given
from subsidies.models import Application, Entitlement, Scheme

STATEMENT = "父母均不能抚养，由祖父母照料，家庭无稳定收入。"
VERIFIED = "部门数据比对一致，入户核实属实。"
ASKED = "请补齐监护人身份证复印件，三十日内交村（社区）或直接交街道。"
NOTES = {
    "application_form": "纸质申请表，存镇（街）档案",
    "guardian_identity": "已核对原件",
    "payee_account": "一卡通账户，存折首页已核对",
    "parents_gone": "公安户籍注销数据",
    "placement": "入院登记表，存机构档案",
    "authority": "授权书原件，存镇（街）档案",
    "restricted_proof": "封存材料，由指定人员保管",
    "enrolment": "学籍数据",
}
# Steps taken, three days between them, and what is special about it.
PATHS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("accept",), "late"),
    ((), ""),
    ((), "elsewhere"),
    (("accept", "ask_supplement"), ""),
    (("accept",), "soon"),
    (("accept", "verify"), ""),
    (("accept", "verify"), ""),
    (("accept", "verify", "check"), ""),
    (("accept", "verify", "check", "confirm"), ""),
    (("accept", "verify", "check", "refuse"), ""),
)
AGO = {"late": 38, "soon": 22, "elsewhere": 1}


def load_applications(scheme: Scheme, office: Office, *, today: dt.date, without: list[Child]) -> None:
    """One application for each path of PATHS; the clocks run from the last weeks."""
    entitled = Entitlement.objects.values("child_id")
    waiting = (
        Child.objects.filter(primary_category__in=["orphan", "de_facto_unattended"])
        .exclude(pk__in=entitled)
        .exclude(pk__in=[child.pk for child in without])
        .order_by("pk")
    )
    for number, (child, (path, special)) in enumerate(zip(waiting, PATHS, strict=False)):
        day = today - dt.timedelta(days=AGO.get(special, 26 - 2 * number))
        application = _apply(scheme, office, child, day, elsewhere=special == "elsewhere")
        for step in path:
            day = min(day + dt.timedelta(days=3), today)
            _step(office, application, step, day)


def _apply(scheme: Scheme, office: Office, child: Child, day: dt.date, *, elsewhere: bool) -> Application:
    guardian = Guardian.objects.filter(child=child, end_date__isnull=True).order_by("pk").first()
    applicant = Applicant(guardian.name, guardian.relation) if guardian else Applicant()
    intake = Intake("安徽省太和县城关镇", day - dt.timedelta(days=2)) if elsewhere else None
    with office.director_of(child.region_id):
        return apply(
            actor=Actor.current(),
            at=office.at(day, 9),
            child=child,
            scheme=scheme,
            statement=STATEMENT,
            applicant=applicant,
            intake=intake,
            evidence=[Given("child_identity", "uploaded", document=_register_page())],
        )


def _step(office: Office, application: Application, step: str, day: dt.date) -> None:
    more: dict[str, Any] = {}
    if step == "verify":
        _look_into(office, application, day)
        more["reason"] = VERIFIED
    elif step == "ask_supplement":
        more = {"reason": ASKED, "items": ["guardian_identity"]}
    elif step == "refuse":
        more = {"reason": "经核查，父亲已返乡并有能力抚养。", "reason_code": "parent_able"}
    holder = "confirm" if step == "refuse" else step
    with office.holder(holder, application.child.region_id):
        applications.act(step, actor=Actor.current(), at=office.at(day, 10), application=application, **more)


def _look_into(office: Office, application: Application, day: dt.date) -> None:
    with office.supervisor_of(application.child.region_id):
        same: dict[str, Any] = {"actor": Actor.current(), "at": office.at(day, 9), "application": application}
        evidence.add_check(
            **same, method="data_match", date=day, result="confirms", note="公安、残联、司法数据一致"
        )
        evidence.add_check(
            **same,
            method="home_visit",
            date=day,
            person="照料人及邻居",
            result="confirms",
            note="随祖父母生活属实",
        )
        for item in evidence.items_of(application, application.child):
            if item.is_missing:
                note = NOTES.get(item.asked.code, "已核对")
                evidence.add_evidence(**same, given=Given(item.asked.code, "on_file", note))


def _register_page() -> Document:
    """A drawn page of a household register, as a phone would photograph it."""
    picture = Image.new("RGB", (480, 320), "#f4efe2")
    pen = ImageDraw.Draw(picture)
    for line in range(6):
        pen.line((40, 60 + 40 * line, 440, 60 + 40 * line), fill="#9a8f77", width=2)
    pen.rectangle((20, 20, 460, 300), outline="#7a6f57", width=3)
    written = io.BytesIO()
    picture.save(written, "JPEG", quality=60)
    return Document("户口簿.jpg", written.getvalue(), "image/jpeg")
