"""Letters to applicants as PDF: documents asked for (补正告知书), confirmed (确认通知书), not confirmed (不予确认告知书).

They are official papers of a Chinese office and are written in Chinese whatever the language of the page.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from cases.enums import Placement
from staff import paper, parameters
from staff.audit import log_access
from staff.models import AccessLog, Region
from staff.models.region import county_of, township_of
from staff.paper import Facts, Section, Text
from staff.paper.making import office_of
from subsidies.applications.refusals import ApplicationRefused
from subsidies.enums import ApplicationState, RefusalReason
from subsidies.models import Application, Entitlement
from subsidies.terms.in_force import terms_of

SUPPLEMENT, CONFIRMED, REFUSED = "补正", "确", "不确"
TITLES = {SUPPLEMENT: "补正材料告知书", CONFIRMED: "儿童福利保障确认通知书", REFUSED: "不予确认告知书"}


@dataclass(frozen=True)
class Letter:
    """A letter of an application: its number, its day, and the PDF."""

    kind: str
    number: str
    day: dt.date
    data: bytes

    @property
    def name(self) -> str:
        return f"{TITLES[self.kind]}-{self.number}.pdf"


def number_of(application: Application, kind: str, day: dt.date) -> str:
    """The number of a letter: office, kind, year, and the application's own number; the same for ever."""
    return f"{county_of(application.region_id) // 1_000_000}-{kind}〔{day.year}〕{application.pk}号"


def decision_letter(application: Application, *, at: dt.datetime) -> Letter:
    """The notice of confirmation or refusal. Raises ApplicationRefused while nothing is decided."""
    if application.state == ApplicationState.REFUSED:
        return _letter(application, REFUSED, application.decided_at, _refusal(application), at)
    if application.state == ApplicationState.CONFIRMED:
        return _letter(application, CONFIRMED, application.decided_at, _confirmation(application), at)
    raise ApplicationRefused(_("There is a letter once the application is decided."))


def supplement_notice(application: Application, *, at: dt.datetime) -> Letter:
    """What was asked for, all together and once. Raises ApplicationRefused when nothing was."""
    if application.supplement_asked_at is None:
        raise ApplicationRefused(_("No documents were asked for."))
    return _letter(application, SUPPLEMENT, application.supplement_asked_at, _supplement(application), at)


def _letter(
    application: Application,
    kind: str,
    decided: dt.datetime | None,
    blocks: list[Section | Text],
    at: dt.datetime,
) -> Letter:
    if decided is None:
        raise ValueError("a letter has a day")
    day = timezone.localdate(decided)
    number = number_of(application, kind, day)
    office = _office(application, kind)
    head = Facts(
        [
            ("文号", number),
            ("申请人", application.applicant_name or "（村、社区代为申请）"),
            ("儿童", application.child.name),
            ("申请项目", _scheme(application)),
            ("申请日期", timezone.localdate(application.applied_at)),
            ("告知日期", day),
        ]
    )
    receipt = Section("送达", [Facts([("签收人", ""), ("签收日期", ""), ("送达方式", ""), ("送达人", "")])])
    who = paper.maker()
    made = paper.paper_pdf(
        TITLES[kind],
        [head, *blocks, Text(f"{office}\n{_written(day)}"), receipt],
        who=paper.Maker(who.name, who.post, office),
        why="送达申请人",
        at=at,
        subtitle=number,
    )
    log_access(
        kind=AccessLog.Kind.EXPORT,
        child_id=application.child_id,
        region_id=application.region_id,
        subject="subsidies.application",
        subject_id=application.pk,
        reason=TITLES[kind],
        detail={"what": "letter", "number": number, "sha256": hashlib.sha256(made).hexdigest()},
    )
    return Letter(kind, number, day, made)


def _supplement(application: Application) -> list[Section | Text]:
    on = timezone.localdate(application.applied_at)
    terms = terms_of(application.scheme, application.region_id, on)
    names = {item.code: item.name.zh for item in terms.evidence}
    listed = "\n".join(
        f"{number}. {names.get(code, code)}"
        for number, code in enumerate(application.supplement_items, start=1)
    )
    left = application.clock_left
    stands = (
        f"自告知之日起停止计算查验期限，材料补齐之日起继续计算，剩余{left}个工作日。"
        if left is not None
        else "查验期限自材料齐全、受理之日起计算。"
    )
    return [
        Text("您提出的申请，经核对尚缺以下材料。依法一次告知，请一并补齐："),
        Section("需要补充的材料", [Text("\n".join(filter(None, (listed, application.supplement_text))))]),
        Text(f"通过部门数据比对能够核实的，不再要求提供。{stands}"),
    ]


def _confirmation(application: Application) -> list[Section | Text]:
    right = Entitlement.objects.filter(application=application).first()
    facts = []
    if right is not None:
        with override("zh-hans"):
            facts = [
                ("保障方式", str(Placement(right.placement).label)),
                ("起始月份", f"{right.start_month:%Y-%m}"),
                ("终止月份", f"{right.end_month:%Y-%m}" if right.end_month else "按规定"),
                ("依据", application.scheme.clause),
            ]
    return [
        Text("您提出的申请，经乡镇（街道）查验、县（区）民政局审查，现予确认。"),
        Section("确认内容", [Facts(facts)]),
        Text(
            "儿童或者监护情况发生变化（如父母恢复监护、被收养、户籍迁移、就学变化）的，请在发生之日起及时告知村（社区）"
            "儿童主任。多领的补贴应当退回。"
        ),
    ]


def _refusal(application: Application) -> list[Section | Text]:
    day = timezone.localdate(application.decided_at) if application.decided_at else timezone.localdate()
    remedy = parameters.values(application.region_id, ("reconsideration_days", "lawsuit_months"), day)
    with override("zh-hans"):
        code = str(RefusalReason(application.refusal_code).label)
    terms = terms_of(application.scheme, application.region_id, day)
    documents = {source.document for key, source in terms.sources.items() if key == "categories"}
    basis = "；".join(
        dict.fromkeys(
            filter(
                None, (application.scheme.clause, *sorted(documents), application.decision.get("clause", ""))
            )
        )
    )
    return [
        Text("您提出的申请，经乡镇（街道）查验、县（区）民政局审查，决定不予确认。"),
        Section("理由", [Text(f"{code}\n{application.refusal_text}")]),
        Section("依据", [Text(basis)]),
        Section(
            "救济途径",
            [
                Text(
                    f"对本决定不服的，可以自收到本告知书之日起{remedy['reconsideration_days']}日内依法申请行政复议，"
                    f"或者自收到之日起{remedy['lawsuit_months']}个月内依法向人民法院提起行政诉讼。"
                    "情况变化或者有新的材料的，可以重新申请。"
                )
            ],
        ),
    ]


def _office(application: Application, kind: str) -> str:
    """Whose letter it is: the township asks for documents, the county's bureau decides."""
    if kind == SUPPLEMENT:
        return Region.objects.get(pk=township_of(application.region_id)).name
    with override("zh-hans"):
        return office_of(Region.objects.get(pk=county_of(application.region_id)))


def _scheme(application: Application) -> str:
    with override("zh-hans"):
        return str(application.scheme)


def _written(day: dt.date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
