"""The supervisor's day: something of every kind waits in the queue of the demo township, away from the director's own village."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db.models import F
from django.http import QueryDict

from cases.casework import services as case_services
from cases.checks.draws import draw_checks
from cases.defects import services as defects
from cases.field.keeping import keep_visit
from cases.field.submission import Submission
from cases.models import Case, Child, Visit
from cases.transfers import services as transfers
from cases.visits import services as visit_services
from cases.visits.sendings import Sending
from childwelfare.demo.acting import Office
from childwelfare.demo.applications import STATEMENT
from childwelfare.demo.children import INTERVAL
from referrals.models import Provider
from referrals.services import change_referral, send_referral
from staff.enums import Role
from staff.models import Assignment, Post, User
from staff.workflow import TransitionRefused
from subsidies.applications.applying import Applicant, apply
from subsidies.applications.forms import open_schemes

QUIET = ("孩子在家写作业，精神好。", "与祖母面谈，近期生活正常。", "下午在院里玩，衣着整洁。")
TIMES = ("visited_at", "submitted_at", "reviewed_at")


def load_desk(office: Office, *, today: dt.date, own_village: int) -> None:
    """One row at least of every source for 李守安, and some quiet visits to approve together."""
    low = own_village // 1000 * 1000
    busy = Visit.objects.filter(state="submitted").values("child_id")
    free = (
        Child.objects.on_register()
        .filter(region_id__gt=low + 1, region_id__lte=low + 999)
        .exclude(pk__in=busy)
    )
    children = list(free.exclude(region_id=own_village).filter(cases=None, defects=None).order_by("pk"))
    green = [child for child in children if child.risk == "green"]
    _quiet_visits(office, green[:3], today)
    _late(green[3:5], today)
    _cases(office, green[5], green[6], today)
    _defect(office, green[7], today)
    _kept(office, green[8], today)
    _transfer(office, green[0], today)
    _left(office, green[9], today)
    _application(office, children, today)
    _call(office, low, today)


def _quiet_visits(office: Office, children: list[Child], today: dt.date) -> None:
    for child, text in zip(children, QUIET, strict=True):
        at = office.at(today - dt.timedelta(days=1), 10)
        data = visit_services.VisitData(
            kind="door", visited_at=at, risk="green", people_met=["child", "grandmother"], text=text,
            answers={"guardian": False, "living": False, "school": False, "harm": False},
        )  # fmt: skip
        with office.director_of(child.region_id):
            visit_services.create_visit(
                actor=office.actor(), at=at + dt.timedelta(hours=1), child=child, data=data,
                uuid=uuid.uuid5(uuid.NAMESPACE_OID, f"quiet {child.number}"),
            )  # fmt: skip


def _late(children: list[Child], today: dt.date) -> None:
    """The last visits were as many days earlier as nobody has been there."""
    for number, child in enumerate(children):
        due = today - dt.timedelta(days=33 + 2 * number)
        last = due - dt.timedelta(days=INTERVAL[child.risk])
        earlier = {
            name: F(name) - (child.last_visit_date - last)  # type: ignore[operator]  # all of them were visited
            for name in TIMES
        }
        Visit.objects.filter(child=child).update(**earlier)
        Child.objects.filter(pk=child.pk).update(last_visit_date=last, next_visit_date=due)


def _cases(office: Office, new: Child, referred: Child, today: dt.date) -> None:
    """A case that nobody has begun, and one whose provider declined."""
    at = office.at(today - dt.timedelta(days=4), 9)
    with office.supervisor_of(new.region_id):
        by: dict[str, Any] = {"actor": office.actor(), "at": at}
        case_services.open_case(
            **by, child=new, title="多日未到校", level="yellow", summary="班主任来电，已三天未到校。"
        )
        case = case_services.open_case(
            **by, child=referred, title="情绪低落", level="blue", summary="父亲外出务工后少言寡语。"
        )
        referral = send_referral(
            actor=office.actor(), at=at, case=case, provider=Provider.objects.get(), need="心理辅导",
            summary="情绪低落，希望每周一次辅导。",
        )  # fmt: skip
    with office.acting("caihongqiao"):
        change_referral(
            referral, "decline", actor=office.actor(), at=office.at(today - dt.timedelta(days=2), 16),
            reason_code="no_capacity", reason="本月辅导名额已满。",
        )  # fmt: skip


def _defect(office: Office, child: Child, today: dt.date) -> None:
    with office.director_of(child.region_id):
        at = office.at(today - dt.timedelta(days=6), 15)
        found = defects.open_by_hand(child, "no_guardian", note="祖母住院，暂由邻居照看。", at=at)
        later = office.at(today - dt.timedelta(days=1), 15)
        defects.add_step(found, "姑母已回家照料。", at=later)
        defects.decide(found, "solve", reason="姑母回家照料，祖母出院。", at=later)


def _kept(office: Office, child: Child, today: dt.date) -> None:
    """A visit that a phone sent after the file had gone."""
    at = office.at(today - dt.timedelta(days=1), 18)
    fields = QueryDict(mutable=True)
    fields.update(
        {
            "kind": "door", "visited_at": f"{today - dt.timedelta(days=2)}T16:10", "risk": child.risk, "people_met": "child",
            "text": "孩子随母亲搬到镇上，住处整洁。",
        }
    )  # fmt: skip
    given = Submission(
        Sending(uuid.uuid5(uuid.NAMESPACE_OID, "kept")), child.pk, fields, child_name=child.name
    )
    with office.director_of(child.region_id):
        keep_visit(
            actor=office.actor(), at=at, uuid=uuid.uuid5(uuid.NAMESPACE_OID, "kept visit"), given=given, reason="moved",
            region_id=child.region_id,
        )  # fmt: skip


def _transfer(office: Office, to: Child, today: dt.date) -> None:
    """A file offered by another township to a village of this one."""
    town = to.region_id // 1000
    elsewhere = Child.objects.on_register().filter(risk="green", cases=None).order_by("pk")
    for child in elsewhere.exclude(region_id__gte=town * 1000, region_id__lte=town * 1000 + 999)[:20]:
        try:
            with office.supervisor_of(child.region_id):
                transfers.propose_transfer(
                    child, to_region_id=to.region_id, reason_code="family_moved",
                    effective_date=today - dt.timedelta(days=2), at=office.at(today - dt.timedelta(days=2), 11),
                )  # fmt: skip
        except TransitionRefused:
            continue
        return


def _left(office: Office, child: Child, today: dt.date) -> None:
    """A director who left, with a case in their name."""
    seat = Post.objects.create(region_id=child.region_id, role=Role.DIRECTOR, title="儿童主任（前任）")
    person = User.objects.create(
        username=f"left{child.region_id}", name="石望春", password=make_password(None)
    )
    Assignment.objects.create(
        user=person, post=seat, start_date=dt.date(2025, 1, 1), end_date=today - dt.timedelta(days=5)
    )
    with office.supervisor_of(child.region_id):
        case = case_services.open_case(
            actor=office.actor(), at=office.at(today - dt.timedelta(days=20), 9), child=child, title="冬季取暖",
            level="blue", summary="屋内取暖不足，已报修。",
        )  # fmt: skip
        Case.objects.filter(pk=case.pk).update(owner=person)


def _application(office: Office, children: list[Child], today: dt.date) -> None:
    """The first child of the township whom a scheme lets apply."""
    schemes = open_schemes()
    for child in children:
        for scheme in schemes:
            try:
                with office.director_of(child.region_id):
                    apply(
                        actor=office.actor(), at=office.at(today - dt.timedelta(days=1), 9), child=child, scheme=scheme,
                        statement=STATEMENT, applicant=Applicant(), intake=None, evidence=[],
                    )  # fmt: skip
            except TransitionRefused:
                continue
            return


def _call(office: Office, low: int, today: dt.date) -> None:
    """A door visit drawn for a call to the family."""
    visits = Visit.objects.filter(
        kind="door", state="approved", spot_check=None, region_id__gt=low + 1, region_id__lte=low + 999
    )
    found = visits.order_by("-visited_at", "-pk").first()
    if found is not None:
        with office.supervisor_of(found.region_id):
            draw_checks([found], at=office.at(today - dt.timedelta(days=3), 9), random=lambda: 0.0)
