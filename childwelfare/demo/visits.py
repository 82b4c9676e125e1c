"""Visits, cases and referrals of the demo county."""

from __future__ import annotations

import datetime as dt
import random
import uuid

from cases.casework import services as case_services
from cases.models import Case, Child, Visit
from cases.plans import services as plans
from cases.visits import services as visit_services
from childwelfare.demo.acting import Office
from referrals.models import Provider
from referrals.services import change_referral, send_referral

QUIET = (
    "孩子在家，精神好，作业按时完成。奶奶身体尚可，家里米面够吃。",
    "电话联系了爷爷，孩子近期上学正常，周末在家。",
    "到家时孩子在写作业，家中整洁，新学期书本齐全。",
    "与孩子单独聊了学校的事，情绪平稳，愿意说话。",
)
ELSEWHERE = (
    "爷爷这几天咳嗽，已在村卫生室拿药。孩子由姑姑接送，晚上住爷爷家。",
    "一家人正在吃晚饭，两菜一汤。孩子说喜欢新来的班主任。",
    "书桌搬到了窗边，台灯也换了。爷爷说低保金按月到账。",
    "孩子刚从学校回来，问了同学关系，没有受欺负的情况。",
)
WORRYING = "祖母上周摔伤左腿，住院三天已回家，行动不便。这几天由邻居送饭。孩子情绪不高，话少，作业能按时交。"


def load_visits(office: Office, *, today: dt.date, own_village: int) -> None:
    """Approved visits of the past weeks everywhere; a full queue in the demo township."""
    rng = random.Random(7)
    children = list(Child.objects.on_register().select_related("region"))
    rows = []
    for child in children:
        if child.last_visit_date is None:
            continue
        director = office.field[child.region_id, "director"].user_id
        supervisor = office.field[child.region_id // 1000 * 1000, "supervisor"].user_id
        for back in (0, 31, 62):
            day = child.last_visit_date - dt.timedelta(days=back)
            if day < child.registered_date:
                continue
            at = office.at(day, rng.randrange(8, 18))
            rows.append(
                Visit(
                    child=child, region_id=child.region_id, kind=rng.choice(("door", "door", "phone", "wechat")), visited_at=at,
                    people_met=["child", "grandmother"], answers=dict.fromkeys(("guardian", "living", "school", "harm"), False),
                    text=rng.choice(QUIET), risk_before=child.risk, risk=child.risk, state="approved", conducted_by_id=director,
                    submitted_at=at + dt.timedelta(hours=2), reviewed_by_id=supervisor, reviewed_at=at + dt.timedelta(days=1),
                )
            )  # fmt: skip
    Visit.objects.bulk_create(rows)
    township = [child for child in children if child.region_id // 1000 == own_village // 1000]
    _queue(
        office, [child for child in township if child.region_id == own_village], today, (WORRYING, *QUIET[1:])
    )
    _queue(office, [child for child in township if child.region_id != own_village][:6], today, ELSEWHERE)


def _queue(office: Office, children: list[Child], today: dt.date, texts: tuple[str, ...]) -> None:
    """Fresh visits: a worrying one, quiet ones, and one that comes back."""
    for number, child in enumerate(children[:4]):
        # Not on the minute of the visits of the past weeks, which are made by the hour.
        at = office.at(today - dt.timedelta(days=1 + number % 3), 9 + number) + dt.timedelta(minutes=25)
        worrying = number == 0
        data = visit_services.VisitData(
            kind="door", visited_at=at, risk="red" if worrying else child.risk, people_met=["child", "grandmother"],
            answers={"guardian": worrying, "living": False, "school": False, "harm": False},
            problems=["guardian_ill", "low_mood"] if worrying else [], text=texts[number],
        )  # fmt: skip
        with office.director_of(child.region_id):
            visit, _created = visit_services.create_visit(
                actor=office.actor(), at=at + dt.timedelta(hours=1), uuid=uuid.uuid5(uuid.NAMESPACE_OID, f"demo {child.number}"),
                child=child, data=data,
            )  # fmt: skip
        if number == 3:
            with office.supervisor_of(child.region_id):
                visit_services.review_visit(
                    actor=office.actor(), at=at + dt.timedelta(hours=5), visit=visit, decision="return", reason_code="unclear",
                    reason="请补写奶奶的用药情况。",
                )  # fmt: skip


def load_cases(office: Office, *, today: dt.date, own_village: int) -> None:
    """Cases with plans in the demo township, one with the county, and a referral that the provider has accepted."""
    low = own_village // 1000 * 1000
    township = Child.objects.on_register().filter(region_id__gte=low, region_id__lte=low + 999)
    children = list(township.order_by("pk")[4:8])
    titles = ("临时照料安排", "复学劝返", "房屋漏雨修缮", "监护人失联核查")
    opened: list[Case] = []
    for number, (child, title) in enumerate(zip(children, titles, strict=False)):
        at = office.at(today - dt.timedelta(days=9 - number), 14)
        with office.supervisor_of(child.region_id):
            case = case_services.open_case(
                actor=office.actor(),
                at=at,
                child=child,
                title=title,
                level=("red", "yellow", "blue", "yellow")[number],
                summary=QUIET[number],
            )
            for days, action in (
                (3, "联系近亲属，落实临时照料人"),
                (10, "与学校沟通，安排老师关注"),
                (20, "回访，评估是否结案"),
            ):
                plans.add_action(
                    actor=office.actor(),
                    at=at,
                    case=case,
                    title=action,
                    due_date=today + dt.timedelta(days=days - 5),
                )
            first = case.actions.order_by("due_date").first()
            if first is not None and number < 2:
                plans.finish_action(
                    actor=office.actor(),
                    at=at + dt.timedelta(days=2),
                    action=first,
                    note="姑母同意照料，已签委托照护书。",
                )
        opened.append(case)
    with office.supervisor_of(opened[3].region_id):
        case_services.change_case(
            actor=office.actor(), at=office.at(today - dt.timedelta(days=2), 15), case=opened[3], name="escalate",
            reason="父亲失联满六个月，需公安协查。",
        )  # fmt: skip
    provider = Provider.objects.get()
    with office.supervisor_of(opened[0].region_id):
        referral = send_referral(
            actor=office.actor(), at=office.at(today - dt.timedelta(days=6), 10), case=Case.objects.get(pk=opened[0].pk), provider=provider,
            need="心理辅导", summary="近期家庭变故，情绪低落，希望每周一次辅导。",
        )  # fmt: skip
    with office.acting("caihongqiao"):
        change_referral(
            referral, "accept", actor=office.actor(), at=office.at(today - dt.timedelta(days=5), 10)
        )
