"""The cast with one thing waiting in every source of the supervisor's queue, and of the county's."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from django.http import QueryDict
from django.utils import timezone

from cases.field.submission import Submission
from cases.models import (
    Case,
    CaseAction,
    Defect,
    Discrepancy,
    GuardianshipAssessment,
    KeptVisit,
    MatchRun,
    PotentialChild,
    SpotCheck,
    Transfer,
    Visit,
    VisitMark,
)
from cases.visits.sendings import Sending
from referrals.models import Provider, Referral
from staff.enums import Role
from staff.models import Assignment, Post
from staff.scope import system_scope
from subsidies.models import Application, Scheme
from tests.cases.visiting import NOW, TODAY, submitted
from tests.cast import COUNTY, FAR_VILLAGE, OTHER_VILLAGE, START, VILLAGE, Cast, make_child

SENT = Submission(
    sending=Sending(UUID(int=1), None, None, ()),
    child=0,
    child_name="迁来者",
    basis="",
    fields=QueryDict("kind=door&text=祖母在家&visited_at=2026-10-17T09:40"),
)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@dataclass
class Desk:
    """``pk``: source code → the key of its one item."""

    cast: Cast
    pk: dict[str, int] = field(default_factory=dict)
    rows: dict[str, Any] = field(default_factory=dict)


def days_ago(days: float) -> dt.datetime:
    return NOW - dt.timedelta(days=days)


def make_desk(cast: Cast) -> Desk:
    """One item of every source for 李守安, the supervisor of the first township."""
    desk = Desk(cast)
    own, director = cast.children["own"], cast.users["director"]
    rows: dict[str, Any] = {"visits": submitted(cast, at=days_ago(1))}
    with system_scope(reason="one of everything", log=False):
        late = make_child(VILLAGE, "江惊蛰", risk="red", next_visit_date=TODAY - dt.timedelta(days=9))
        rows["overdue"] = late
        base = {"child": own, "region_id": VILLAGE}
        rows["downgrades"] = GuardianshipAssessment.objects.create(
            **base, instrument="weighted-66", definition={}, answers={}, parts={}, score=88, grade="insufficient",
            assessed_date=TODAY - dt.timedelta(days=8), assessed_by=director, state="proposed", risk_before="yellow",
            risk_floor="blue", risk_after="yellow", created_at=days_ago(8),
        )  # fmt: skip
        rows["cases"] = Case.objects.create(
            **base,
            title="缺课多日",
            level="yellow",
            opened_by=director,
            opened_at=days_ago(4),
            due_at=days_ago(1),
        )
        planned = Case.objects.create(
            **base, title="祖母住院", level="red", opened_by=director, opened_at=days_ago(9), state="planned",
            owner=cast.users["supervisor"],
        )  # fmt: skip
        rows["actions"] = CaseAction.objects.create(
            **base, case=planned, title="联系学校", owner=director, due_date=TODAY - dt.timedelta(days=2)
        )
        run = MatchRun.objects.create(region_id=COUNTY, period=dt.date(2026, 10, 1), state="review")
        rows["discrepancies"] = Discrepancy.objects.create(
            **base, run=run, kind="gone", list_kind="dibao", due_date=TODAY + dt.timedelta(days=3)
        )
        rows["leads"] = PotentialChild.objects.create(
            region_id=VILLAGE, county=COUNTY, subject="l".ljust(64, "0"), name="陆寻", clue="祖父母带着",
            why=[{"code": "absent", "list_kind": "door", "relation": ""}], entered_by=director, state="found",
            due_date=TODAY + dt.timedelta(days=1), created_at=days_ago(3),
        )  # fmt: skip
        away = make_child(FAR_VILLAGE, "迁来者")
        rows["transfers"] = Transfer.objects.create(
            child=away, region_id=FAR_VILLAGE, to_region_id=OTHER_VILLAGE, reason_code="family_moved",
            effective_date=TODAY, summary={"name": "迁来者", "risk": "blue"},
            proposed_by=cast.users["other_supervisor"], proposed_at=days_ago(2),
        )  # fmt: skip
        rows["defects"] = Defect.objects.create(
            **base, kind="no_registration", state="solved", opened_date=START, due_date=TODAY, owner=director,
            solved_by=director, solved_at=days_ago(1), solved_date=TODAY, source="visit",
        )  # fmt: skip
        seat = Post.objects.create(region_id=VILLAGE, role=Role.DIRECTOR, title="旧岗位")
        left = cast.users["nobody"]
        rows["handovers"] = Assignment.objects.create(
            user=left, post=seat, start_date=START, end_date=TODAY - dt.timedelta(days=5)
        )
        held = {"kind": "out_of_school", "opened_date": START, "due_date": TODAY + dt.timedelta(days=30)}
        rows["held"] = Defect.objects.create(**base, **held, owner=left, state="open", source="register")
        rows["kept"] = KeptVisit.objects.create(
            uuid="8d1f0a52-5a1e-4c6c-9e35-0a4a5b8c1d2e", region_id=VILLAGE, child_number=away.pk, child_name="迁来者",
            author=director, visited_at=days_ago(3), payload=SENT.written(), reason="moved", received_at=days_ago(2),
        )  # fmt: skip
        visit = Visit.objects.create(
            **base, kind="door", visited_at=days_ago(12), risk_before="yellow", risk="yellow", state="approved",
            conducted_by=director, submitted_at=days_ago(12), reviewed_by=cast.users["supervisor"],
            reviewed_at=days_ago(11), text="祖母在家。", answers={}, people_met=["child"],
        )  # fmt: skip
        rows["calls"] = SpotCheck.objects.create(
            **base,
            visit=visit,
            visited_by=director,
            drawn_at=days_ago(10),
            due_date=TODAY + dt.timedelta(days=2),
        )
        rows["marks"] = VisitMark.objects.create(
            **base, visit=visit, code="at_night", detail={"time": "22:40"}, created_at=days_ago(5)
        )
        provider = Provider.objects.create(
            name="彩虹桥", kind="organisation", region_id=COUNTY, post=cast.assignments["provider"].post
        )
        other = Post.objects.create(region_id=COUNTY, role=Role.PROVIDER, title="另一家")
        rows["next_provider"] = Provider.objects.create(
            name="向日葵", kind="organisation", region_id=COUNTY, post=other
        )
        rows["referrals"] = Referral.objects.create(
            **base, case=planned, provider=provider, provider_post=provider.post, need="心理辅导", summary="情绪低落",
            state="declined", sent_by=cast.users["supervisor"], sent_at=days_ago(6), answered_at=days_ago(5),
            answered_by=cast.users["provider"], feedback="人手不足",
        )  # fmt: skip
        scheme = Scheme.objects.get_or_create(code="difficulty_living", defaults={"clause": "x"})[0]
        rows["applications"] = Application.objects.create(
            **base, scheme=scheme, statement="父母均已失联", applied_by=director, applied_at=days_ago(1)
        )
    desk.rows = rows
    desk.pk = {code: row.pk for code, row in rows.items()}
    return desk


@pytest.fixture
def desk(cast: Cast) -> Desk:
    return make_desk(cast)


@pytest.fixture
def desk_maker(cast: Cast) -> Callable[[], AbstractContextManager[Desk]]:
    """A desk for each example of a property test, gone after it."""

    @contextmanager
    def made() -> Iterator[Desk]:
        with transaction.atomic():
            yield make_desk(cast)
            transaction.set_rollback(True)

    return made
