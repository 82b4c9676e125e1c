"""Other help in the demo county: care allowance, study, services, insurance, disability subsidies, relief, pay."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from cases.ages import add_months
from cases.models import Child, DisabilityCard
from childwelfare.demo.acting import Office
from childwelfare.demo.money import COUNTY
from staff.models import Region
from subsidies.aid import disability_subsidies, following, insurance, relief, staff_pay, welfare_services
from subsidies.aid.insurance import Cohort, CoverData
from subsidies.aid.relief import ReliefData
from subsidies.aid.study_rules import school_year_of
from subsidies.aid.welfare_services import ServiceData
from subsidies.enums import EntitlementState
from subsidies.models import DisabilitySubsidy, Entitlement, SchoolProof

PREMIUM = Decimal("400.00")


def load_aid(office: Office, *, today: dt.date, own_village: int) -> None:
    """A little of everything, made by the same services as in life."""
    month = today.replace(day=1)
    _care(office, month)
    _students(office, today)
    _insurance(office, today)
    _services(office, today)
    _disability(office, month)
    _relief(office, today, own_village)
    _pay(office, add_months(month, -1), own_village)


def _care(office: Office, month: dt.date) -> None:
    """Last month's proposals are confirmed; the newest ones wait for the approver."""
    day = add_months(month, -1).replace(day=9)
    (follower,) = following.followers(COUNTY, day)
    with office.acting("zhaoqinghe"):
        following.propose(actor=office.actor(), at=office.at(day, 9), follower=follower)
    with office.acting("qianzhixing"):
        waiting = list(following.waiting(follower).values_list("pk", flat=True))
        following.confirm(
            actor=office.actor(), at=office.at(day, 15), follower=follower, ids=waiting[: len(waiting) - 6]
        )


def _students(office: Office, today: dt.date) -> None:
    """Two orphans who grew up and study: one has brought the proof of the year."""
    orphans = Child.objects.filter(primary_category="orphan", left_date__isnull=True).order_by(
        "birth_date", "pk"
    )
    for number, child in enumerate(orphans[:2]):
        Child.objects.filter(pk=child.pk).update(
            birth_date=today.replace(year=today.year - 19, day=1), category_since=today.replace(year=today.year - 9, day=1),
            school_stage="higher", school_name="重庆某职业学院",
        )  # fmt: skip
        if number == 0:
            SchoolProof.objects.create(
                child=child, region_id=child.region_id, school_year=school_year_of(today), term=1, school="重庆某职业学院",
                stage="higher", seen="学籍系统查询", user=office.user("zhaoqinghe"), at=office.at(today, 9),
            )  # fmt: skip


def _insurance(office: Office, today: dt.date) -> None:
    """Nine of ten are insured at the county's cost; some without proof."""
    with office.acting("zhaoqinghe"):
        cohort = Cohort.load("medical", today.year, today)
        children = list(cohort.due().only("pk", "region_id", "insurance"))
        covers = {
            child: CoverData(
                "government", PREMIUM, "county", "" if number % 17 == 0 else f"YB{today.year}-{number:04d}"
            )
            for number, child in enumerate(children)
            if number % 10
        }
        insurance.write_covers(
            actor=office.actor(), at=office.at(today, 9), year=today.year, kind="medical", covers=covers
        )


def _services(office: Office, today: dt.date) -> None:
    orphans = Child.objects.filter(primary_category="orphan", left_date__isnull=True).order_by(
        "-birth_date", "pk"
    )
    with office.acting("zhaoqinghe"):
        for number, child in enumerate(orphans[:9]):
            checkup = number % 3 != 2
            data = ServiceData(
                programme="tomorrow",
                kind="checkup" if checkup else "rehabilitation",
                date=today - dt.timedelta(days=20 + number),
                provider="区人民医院" if checkup else "市儿童康复中心",
                cost=Decimal("260.00") if checkup else Decimal("5800.00"),
                insurance_paid=Decimal("0.00") if checkup else Decimal("3400.00"),
                programme_paid=Decimal("260.00") if checkup else Decimal("2400.00"),
            )
            welfare_services.add_service(actor=office.actor(), at=office.at(today, 9), child=child, data=data)


def _disability(office: Office, month: dt.date) -> None:
    """One orphan with the living subsidy, three to be set off, some with the nursing subsidy alone, as it may be."""
    entitled = Entitlement.objects.filter(scheme__code="basic_living").exclude(state=EntitlementState.ENDED)
    unattended = entitled.filter(category="de_facto_unattended").order_by("pk").values("child")[4:7]
    living = list(
        Child.objects.filter(pk__in=list(unattended.values_list("child", flat=True))).order_by("pk")
    )
    living += list(
        Child.objects.filter(pk__in=entitled.filter(category="orphan").values("child")).order_by("pk")[:1]
    )
    carded = DisabilityCard.objects.filter(child__left_date__isnull=True).order_by("pk").values("child")
    nursing = Child.objects.filter(pk__in=carded).order_by("pk")[:4]
    with office.acting("zhaoqinghe"):
        for kind, children, amount in (("living", living, "90.00"), ("nursing", list(nursing), "100.00")):
            for child in children:
                disability_subsidies.add_subsidy(
                    actor=office.actor(), at=office.at(month, 9), child=child, kind=kind, amount=Decimal(amount),
                    start_month=month, known_from="残联两项补贴名单（演示）",
                )  # fmt: skip
        first = DisabilitySubsidy.objects.filter(kind="living").order_by("pk").first()
        if first is not None:
            disability_subsidies.set_off(actor=office.actor(), at=office.at(month, 10), subsidy=first)


def _relief(office: Office, today: dt.date, own_village: int) -> None:
    """A mother and a baby registered elsewhere (泰州's case, invented people), and a child of the director's village."""
    day = today - dt.timedelta(days=6)
    elsewhere = ReliefData(
        child_name="范小宝", people=2, registered_elsewhere=True, registered_place="河南省信阳市（演示）", form="goods",
        situation="母亲独自带六个月婴儿租住，无收入，奶粉每月约2000元。", route="street_goods", what="奶粉八罐", amount=Decimal("1600.00"),
    )  # fmt: skip
    with office.supervisor_of(own_village):
        asked = relief.ask(actor=office.actor(), at=office.at(day, 9), data=elsewhere)
    with office.acting("zhaoqinghe"):
        relief.grant(actor=office.actor(), at=office.at(day, 15), relief=asked, reason="情况属实")
    with office.supervisor_of(own_village):
        relief.give(
            actor=office.actor(), at=office.at(today, 8), relief=asked, day=today - dt.timedelta(days=5)
        )
    child = Child.objects.filter(region_id=own_village, left_date__isnull=True).order_by("pk")[2]
    burnt = ReliefData(
        child_name=child.name, people=3, form="money", route="county", amount=Decimal("3000.00"),
        situation="厨房失火，家中被褥和冬衣烧毁。",
    )  # fmt: skip
    with office.director_of(own_village):
        relief.ask(
            actor=office.actor(), at=office.at(today - dt.timedelta(days=1), 9), data=burnt, child=child
        )


def _pay(office: Office, month: dt.date, own_village: int) -> None:
    """Last month of one township is appraised as counted and waits for the county."""
    place = Region.objects.get(pk=own_village // 1000 * 1000)
    day = add_months(month, 1).replace(day=2)
    with office.supervisor_of(own_village):
        counted = staff_pay.month_table(place, month, day)
        given = {line.user.pk: (line.score, "") for line in counted if line.user.pk != office.actor().user_id}
        staff_pay.appraise(actor=office.actor(), at=office.at(day, 9), place=place, month=month, given=given)
