"""The list of children that a phone keeps for work without a signal: only what a visit needs.

No identity number, no account, no health, nothing restricted or protected; the category that stands for a protected fact
has no word here. At most 600 children, those due first.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Prefetch, Q, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _

from cases.ages import age_on
from cases.enums import PrimaryCategory
from cases.field.comparing import as_sent
from cases.field.enums import TaskKind
from cases.models import Child, Guardian, Visit, VisitTask
from cases.notes.selectors import unread_count
from cases.questions.choice import Forms, definition_of
from cases.questions.definition import FormRef
from cases.sweeps.selectors import left_in_sweeps
from cases.visits.enums import VisitKind, VisitState
from cases.visits.forms import written_in
from cases.visits.selectors import intervals_for, return_words
from cases.visits.services import basis_of
from staff.scope import current

MOST = 600
MOST_UNFINISHED = 50


def roster(*, user_id: int, region_id: int, on: dt.date) -> dict[str, Any]:
    """What a phone of the acting person keeps, as JSON. At most ten queries, however many children there are,
    and one for each sweep that is under way.

    ``children``: id, name and pinyin, age, sex and category in words, risk, place, address, guardian with phone, next and
    last visit day, the last visit's risk, whether it awaits review, visits asked for, form (code, version) and, where it
    differs, the form of a special visit. ``unfinished``: returned visits, and drafts that lie at the office, with what
    they say as their form sends it (``fields``: pairs of name and value), to be gone on with without a signal.
    """
    children = _children(on)
    ids = [child.pk for child in children]
    tasks = defaultdict(list)
    asked = VisitTask.objects.filter(
        Q(visitor=None) | Q(visitor_id=user_id), done_at=None, kind=TaskKind.VISIT, child__in=ids
    )
    for task in asked.order_by("due_date", "pk"):
        tasks[task.child_id].append({"due": _day(task.due_date), "reason": task.reason})
    for pk, sweep in left_in_sweeps(current().ranges, on).items():
        reason = _("Not yet visited: %(sweep)s") % {"sweep": sweep.title}
        tasks[pk].append({"due": _day(sweep.end_date), "reason": reason})
    forms = Forms(children, on)
    return {
        "user": user_id,
        "today": _day(on),
        "intervals": {level.value: days for level, days in intervals_for(region_id, on).items()},
        "children": [
            _child(child, on)
            | {"tasks": tasks[child.pk]}
            | _forms(forms.of(child), forms.of(child, VisitKind.SPECIAL))
            for child in children
        ],
        "unfinished": _unfinished(user_id),
        "notes": unread_count(user_id),
        "cut": len(children) == MOST,
    }


def _children(on: dt.date) -> list[Child]:
    now = Q(end_date__isnull=True) | Q(end_date__gte=on)
    last = Visit.objects.filter(child_id=OuterRef("pk")).exclude(state=VisitState.DRAFT)
    return list(
        Child.objects.filter(left_date__isnull=True)
        # Of a child that is shared only in part no visit is made.
        .exclude(pk__in=current().limited)
        .annotate(
            waiting=Exists(last.filter(state=VisitState.SUBMITTED)),
            last_risk=Subquery(last.order_by("-visited_at", "-pk").values("risk")[:1]),
        )
        .select_related("region")
        .defer("id_number", "health_note", "phone")
        .prefetch_related(
            Prefetch(
                "guardians",
                Guardian.objects.filter(now).defer("id_number").order_by("-start_date", "pk"),
                to_attr="present_guardians",
            )
        )
        .order_by(F("next_visit_date").asc(nulls_first=True), "pk")[:MOST]
    )


def _child(child: Any, on: dt.date) -> dict[str, Any]:
    guardian = next(iter(child.present_guardians), None)
    return {
        "id": child.pk,
        "name": child.name,
        "pinyin": child.name_pinyin,
        "age": age_on(child.birth_date, max(on, child.birth_date)),
        "sex": child.get_sex_display(),
        "category": ""
        if child.primary_category == PrimaryCategory.PROTECTED
        else child.get_primary_category_display(),
        "risk": child.risk,
        "place": child.region.short_name,
        "address": child.address,
        "guardian": guardian
        and {
            "name": guardian.name,
            "relation": guardian.get_relation_display(),
            "phone": guardian.phone,
            "masked": guardian.masked_phone,
        },
        "next": _day(child.next_visit_date),
        "last": _day(child.last_visit_date),
        "last_risk": child.last_risk or "",
        "waiting": child.waiting,
    }


def _unfinished(user_id: int) -> list[dict[str, Any]]:
    rows = list(
        Visit.objects.filter(
            conducted_by_id=user_id,
            state__in=(VisitState.RETURNED, VisitState.DRAFT),
            child__left_date__isnull=True,
        )
        .select_related("child")
        .annotate(photos_there=Count("photos"))
        .order_by("-visited_at", "-pk")[:MOST_UNFINISHED]
    )
    said = return_words(visit for visit in rows if visit.state == VisitState.RETURNED)
    return [
        {
            "visit": visit.pk,
            "uuid": str(visit.uuid),
            "child": visit.child_id,
            "name": visit.child.name,
            "risk": visit.child.risk,
            "day": _day(timezone.localdate(visit.visited_at)),
            "kind": visit.get_kind_display(),
            "state": visit.state,
            "said": said.get(visit.pk, ""),
            "basis": basis_of(visit),
            "form": [visit.form_code, visit.form_version],
            "fields": [
                [name, one]
                for name, value in written_in(visit, definition_of(visit)).items()
                for one in as_sent(value)
            ],
            "photos": visit.photos_there,
        }
        for visit in rows
    ]


def _forms(ordinary: FormRef, special: FormRef) -> dict[str, list[Any]]:
    found = {"form": [ordinary.code, ordinary.version]}
    return found if special == ordinary else found | {"special": [special.code, special.version]}


def _day(day: dt.date | None) -> str | None:
    return day.isoformat() if day else None
