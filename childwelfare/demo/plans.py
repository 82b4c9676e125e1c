"""Two planned cases of the demo township: one with a conference behind it, one whose plan is late."""

from __future__ import annotations

import datetime as dt

from cases.models import Case
from cases.plans import conferences, services
from cases.plans.conferences import Decision, Invited
from childwelfare.demo.acting import Office

MINUTES = """镇民政办通报情况：父亲失联满六个月，母亲再婚在外，祖母年迈，孩子由祖母照料。
派出所：已受理查找，暂无结果。学校：到课正常，成绩下滑，班主任每周家访一次。
卫生院：祖母高血压，按时服药，可以照料日常起居。
会议认为：孩子目前有人照料，风险可控，需尽快落实委托照护并协助申请保障。"""
DECISIONS = """孩子每天有人接送、按时到校
与姑母签订委托照护确认书
协助提出事实无人抚养儿童认定申请"""
OUTSIDE = (
    ("police", "派出所", "周警官"),
    ("school", "镇中心小学", "何老师"),
    ("health", "镇卫生院", "谢医生"),
    ("family", "姑母", "林女士"),
)


GOALS = (
    (
        "孩子身边每天有固定的照料人",
        "走访三次都见到照料人，孩子说得出晚上谁在家",
        "走访核实照料人的实际照料情况",
    ),
    ("孩子回到学校，连续四周到课", "班主任每周报到课天数", "陪同孩子和祖母到学校办理复学"),
)


def load_plans(office: Office, *, today: dt.date, own_village: int) -> None:
    """Goals for the first two open cases of the township; a conference about the first."""
    low = own_village // 1000 * 1000
    cases = list(
        Case.objects.filter(state="planned", region_id__gte=low, region_id__lte=low + 999).order_by("pk")[:2]
    )
    for case, (text, measure, step) in zip(cases, GOALS, strict=False):
        with office.supervisor_of(case.region_id):
            goal = services.add_goal(
                actor=office.actor(), at=office.at(today - dt.timedelta(days=8), 9), case=case, text=text, measure=measure,
                due_date=today + dt.timedelta(days=21),
            )  # fmt: skip
            services.add_action(
                actor=office.actor(), at=office.at(today - dt.timedelta(days=8), 9), case=case, title=step,
                due_date=today - dt.timedelta(days=1), owner=office.field[case.region_id, "director"].user, goal=goal,
            )  # fmt: skip
    if cases:
        _confer(office, cases[0], today)


def _confer(office: Office, case: Case, today: dt.date) -> None:
    held = office.at(today - dt.timedelta(days=4), 9)
    with office.supervisor_of(case.region_id) as held_by:
        director = office.field[case.region_id, "director"].user
        conference = conferences.call_conference(
            actor=office.actor(), at=office.at(today - dt.timedelta(days=7), 16), case=case, held_at=held, place="镇会议室",
            chair=held_by.user.name,
            invited=[
                Invited("village", director.name, "儿童主任", director),
                *(Invited(role, name, office_name) for role, office_name, name in OUTSIDE),
            ],
        )  # fmt: skip
        came = conference.participants.exclude(role="health").values_list("pk", flat=True)
        conferences.write_minutes(
            actor=office.actor(), at=office.at(today - dt.timedelta(days=4), 11), conference=conference, minutes=MINUTES,
            decisions=DECISIONS, came=set(came),
        )  # fmt: skip
        first, second, _third = DECISIONS.splitlines()
        at = office.at(today - dt.timedelta(days=4), 12)
        conferences.take_decisions(
            actor=office.actor(), at=at, conference=conference,
            decisions=[
                Decision("goal", first, today + dt.timedelta(days=30)),
                Decision("action", second, today + dt.timedelta(days=5), director),
            ],
        )  # fmt: skip
        conferences.add_words(
            actor=office.actor(), at=office.at(today - dt.timedelta(days=3), 10), conference=conference,
            text="卫生院会后补充：祖母已纳入家庭医生签约。",
        )  # fmt: skip
