"""走访 and 问题清单 in the columns of the Taizhou system (rules.md section 5): by place and month, made in a job."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils import timezone
from django.utils.translation import gettext_lazy as _lazy

from cases import identity
from cases.enums import RiskLevel
from cases.ledger_exports import ledger
from cases.models import Guardian, Visit
from cases.questions.choice import definition_of
from cases.questions.shown import answer_in_words, findings, problem_text
from cases.visits.enums import MET_NOBODY, Problem, ProblemDomain, VisitKind, VisitState
from cases.visits.listing import VisitFilters
from cases.visits.selectors import intervals_for
from staff.models.region import county_of

VISITS, PROBLEMS = "visits_export", "visit_problems_export"
CHUNK = 1000
# The Taizhou system's own headings: formats, not words of this interface.
VISIT_HEADER = [
    *("走访对象姓名", "身份证号码", "所属街道(镇)", "所属村居(社区)", "家庭住址", "保障类别", "联系电话"),
    *("走访人姓名", "走访内容", "发现问题", "走访类型", "走访时间", "走访图片"),
]
PROBLEM_HEADER = [
    *("序号", "所属街道(镇)", "所属村居(社区)", "儿童姓名", "身份证号码", "走访时间"),
    *("生活保障", "医疗保障", "教育资助", "康复救助", "监护保护", "四色管理", "服务方案"),
]
REGULAR, EVERYDAY, SPECIAL, BY_PHONE = "定期回访", "日常走访", "特殊走访", "电话走访"
# Column of 问题清单 → the question that asks for it.
QUESTIONS = {
    "生活保障": "living_cover",
    "医疗保障": "medical_cover",
    "教育资助": "education_aid",
    "康复救助": "rehabilitation",
    "监护保护": "guardianship_state",
}
# Where the problems of a domain stand; those of a county's own domains stand with living, whose list has 其他.
COLUMN_OF = {
    ProblemDomain.HEALTH: "医疗保障",
    ProblemDomain.SCHOOLING: "教育资助",
    ProblemDomain.GUARDIANSHIP: "监护保护",
    ProblemDomain.PSYCHOLOGY: "监护保护",
    ProblemDomain.SAFETY: "监护保护",
}
COLOURS = {RiskLevel.RED: "红", RiskLevel.YELLOW: "黄", RiskLevel.BLUE: "蓝", RiskLevel.GREEN: "绿"}


def _around(found: QuerySet[Visit]) -> QuerySet[Visit]:
    """Visits by village and day, with what the columns read: the guardian's phone, the visit before."""
    guardian = Guardian.objects.filter(child=OuterRef("child_id"), end_date__isnull=True).exclude(phone="")
    earlier = Visit.objects.filter(child=OuterRef("child_id"), visited_at__lt=OuterRef("visited_at")).exclude(
        Q(state__in=(VisitState.DRAFT, VisitState.RETURNED)) | Q(people_met=MET_NOBODY)
    )
    return (
        found.select_related("child", "region__parent", "conducted_by")
        .prefetch_related("photos__file")
        .annotate(
            guardian_id=Subquery(guardian.order_by("-start_date", "pk").values("pk")[:1]),
            before=Subquery(earlier.order_by("-visited_at", "-pk").values("visited_at")[:1]),
        )
        .order_by("region_id", "visited_at", "pk")
    )


def type_of(visit: Visit, intervals: Mapping[RiskLevel, int]) -> str:
    """走访类型: by phone or video, special, and at the door 定期回访 when it returns to a child whose interval was running out
    (half of the county's days of then or more had passed), else 日常走访: the first visit, and one in between."""
    if visit.kind in (VisitKind.PHONE, VisitKind.WECHAT):
        return BY_PHONE
    if visit.kind == VisitKind.SPECIAL:
        return SPECIAL
    before: dt.datetime | None = visit.before  # type: ignore[attr-defined]
    if before is None:
        return EVERYDAY
    days = (timezone.localdate(visit.visited_at) - timezone.localdate(before)).days
    return REGULAR if 2 * days >= intervals[RiskLevel(visit.risk_before)] else EVERYDAY


def _count(arguments: dict[str, Any], day: dt.date) -> int:
    return VisitFilters(**arguments).visits().order_by().count()


@ledger(VISITS, _lazy("List of visits"), count=_count, has_numbers=True)
def visit_lines(arguments: dict[str, Any], day: dt.date, full: bool) -> Iterator[list[Any]]:
    """The header, then a line for each visit of the month, by village and day."""
    yield VISIT_HEADER
    found = _around(VisitFilters(**arguments).visits())
    intervals = cache(intervals_for)
    for visits in _chunks(found):
        phones = _phones(visits)
        for visit in visits:
            child = visit.child
            yield [
                child.name,
                _shown(child.id_number, identity.mask, full),
                visit.region.parent.name if visit.region.parent else "",
                visit.region.name,
                _shown(child.address, identity.mask_address, full),
                child.get_primary_category_display(),
                _shown(phones.get(visit.guardian_id, ""), identity.mask_phone, full),  # type: ignore[attr-defined]
                visit.conducted_by.name,
                visit.text,
                findings(visit),
                type_of(visit, intervals(county_of(visit.region_id), timezone.localdate(visit.visited_at))),
                _moment(visit.visited_at),
                "、".join(photo.file.name for photo in visit.photos.all()),
            ]


def _problem_visits(arguments: dict[str, Any]) -> QuerySet[Visit]:
    """The visits of a problem list: something was found, or help is planned."""
    found = VisitFilters(**arguments).visits()
    return found.filter(~Q(problems={}) | ~Q(concern="") | Q(answers__has_key="service"))


def _count_problems(arguments: dict[str, Any], day: dt.date) -> int:
    return _problem_visits(arguments).order_by().count()


@ledger(PROBLEMS, _lazy("List of problems"), count=_count_problems, has_numbers=True)
def problem_lines(arguments: dict[str, Any], day: dt.date, full: bool) -> Iterator[list[Any]]:
    """The header, then a line for each visit that found something, by village and day."""
    yield PROBLEM_HEADER
    number = 0
    for visits in _chunks(_around(_problem_visits(arguments))):
        for visit in visits:
            number += 1
            yield [
                number,
                visit.region.parent.name if visit.region.parent else "",
                visit.region.name,
                visit.child.name,
                _shown(visit.child.id_number, identity.mask, full),
                _moment(visit.visited_at),
                *_found(visit),
                COLOURS[RiskLevel(visit.risk)],
                answer_in_words(visit, "service"),
            ]


def _found(visit: Visit) -> list[str]:
    """The columns of QUESTIONS: the answer that was given, and the problems that the answer does not name."""
    form = definition_of(visit)
    cells: dict[str, list[str]] = {}
    named = set(form.implied(visit.answers))
    for column, question in QUESTIONS.items():
        cells[column] = [answer_in_words(visit, question)]
    for domain, codes in visit.problems.items():
        for code in codes:
            if code not in named:
                column = (
                    "康复救助" if code == Problem.NEEDS_REHABILITATION else COLUMN_OF.get(domain, "生活保障")
                )
                cells[column].append(problem_text(form, code))
    return ["；".join(filter(None, words)) for words in cells.values()]


def _chunks(found: QuerySet[Visit]) -> Iterator[list[Visit]]:
    part: list[Visit] = []
    for visit in found.iterator(CHUNK):
        part.append(visit)
        if len(part) == CHUNK:
            yield part
            part = []
    yield part


def _phones(visits: Sequence[Visit]) -> dict[int | None, str]:
    wanted = {visit.guardian_id for visit in visits}  # type: ignore[attr-defined]
    return {one.pk: one.phone for one in Guardian.objects.filter(pk__in=wanted - {None}).only("phone")}


def _shown(text: str, mask: Callable[[str], str], full: bool) -> str:
    return text if full or not text else mask(text)


def _moment(at: dt.datetime) -> str:
    return timezone.localtime(at).strftime("%Y-%m-%d %H:%M")
