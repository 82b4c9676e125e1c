"""Requests to other departments in the demo county, one in each state that somebody must act upon."""

from __future__ import annotations

import datetime as dt
from typing import Final

from cases.ages import add_months
from cases.matching.exchanges import services as exchanges
from cases.matching.exchanges.selectors import span_of
from cases.matching.exchanges.services import Wish
from cases.matching.kinds import KINDS
from cases.models import DataRequest
from childwelfare.demo.acting import Office
from staff.models import Job

CLERK, APPROVER = "zhaoqinghe", "qianzhixing"
REASON: Final = "本季度已向该部门查询，无须重复"


def load_exchanges(office: Office, *, today: dt.date) -> None:
    """Asked of the disability federation, approved for the police, handed over late to justice, refused for insurance."""
    quarter = span_of("quarterly", today)
    assert quarter is not None
    last = add_months(quarter.start, -3)
    _ask(office, "canlian", quarter.start, today - dt.timedelta(days=1))
    police = _ask(office, "police", quarter.start, today - dt.timedelta(days=5))
    _decide(office, police, "approve", today - dt.timedelta(days=4))
    prison = _ask(office, "prison", last, today - dt.timedelta(days=40))
    _decide(office, prison, "approve", today - dt.timedelta(days=38))
    _hand_over(office, prison, today - dt.timedelta(days=37))
    insurance = _ask(office, "insurance", quarter.start, today - dt.timedelta(days=12))
    _decide(office, insurance, "refuse", today - dt.timedelta(days=11), REASON)


def _ask(office: Office, kind: str, period: dt.date, day: dt.date) -> DataRequest:
    ask = KINDS[kind].asked
    assert ask is not None
    wish = Wish(kind, period, KINDS[kind].partner.zh, ask.purpose.zh, ask.basis, ask.roles, ask.columns)
    with office.acting(CLERK) as clerk:
        return exchanges.open_request(wish, region_id=clerk.post.region_id, at=office.at(day, 9))


def _decide(office: Office, request: DataRequest, name: str, day: dt.date, reason: str = "") -> None:
    with office.acting(APPROVER):
        exchanges.act(request, name, reason=reason, at=office.at(day, 14))


def _hand_over(office: Office, request: DataRequest, day: dt.date) -> None:
    with office.acting(CLERK) as clerk:
        # The work of a job, done at once: nobody waits for a worker while the demo is loaded.
        job = Job(kind=exchanges.LIST_JOB, region_id=clerk.post.region_id, arguments={"request": request.pk})
        exchanges.make_list(job)
        exchanges.act(DataRequest.objects.get(pk=request.pk), "send", reason="", at=office.at(day, 16))
