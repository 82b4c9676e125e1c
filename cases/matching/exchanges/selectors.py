"""Shaped reads of exchanges: the requests, what is late, and which partner is due in this month, quarter or term."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from cases.ages import add_months
from cases.matching.enums import RequestState
from cases.matching.kinds import KINDS, ListKind
from cases.models import DataRequest, ListImport

SHOWS = ("", "late", "all")
# First months of a school term: September, and March after the winter holidays.
TERMS = (3, 9)


@dataclass(frozen=True)
class Span:
    """The months for which a list of a kind is due once: ``start`` included, ``end`` not."""

    start: dt.date
    end: dt.date


def span_of(cadence: str, today: dt.date) -> Span | None:
    """The month, quarter or term of a day by a kind's cadence; None for lists that come only when asked for."""
    month = today.replace(day=1)
    if cadence == "monthly":
        return Span(month, add_months(month, 1))
    if cadence == "quarterly":
        start = month.replace(month=(month.month - 1) // 3 * 3 + 1)
        return Span(start, add_months(start, 3))
    if cadence == "term":
        start = add_months(month, -((month.month - TERMS[0]) % 6))
        return Span(start, add_months(start, 6))
    return None


@dataclass(frozen=True)
class Due:
    """A partner whose list is due in ``span``: the latest request for it, and whether its list has come.

    ``state``: ``due`` (nothing asked, nothing come), ``arrived``, or the state of the request."""

    kind: ListKind
    span: Span
    request: DataRequest | None
    arrived: ListImport | None

    @property
    def state(self) -> str:
        if self.request is not None:
            return str(self.request.state)
        return "arrived" if self.arrived is not None else "due"

    @property
    def is_waiting(self) -> bool:
        """Somebody must do something before the span is over."""
        return self.state not in ("arrived", RequestState.SENT, RequestState.ANSWERED, RequestState.CLOSED)


def due_partners(today: dt.date) -> list[Due]:
    """Each kind of list that comes regularly, in the order of the kinds. Two queries."""
    spans = {code: span for code, kind in KINDS.items() if (span := span_of(kind.cadence, today))}
    if not spans:
        return []
    first, last = min(span.start for span in spans.values()), max(span.end for span in spans.values())
    asked: dict[str, DataRequest] = {}
    requests = DataRequest.objects.filter(kind__in=spans, period__gte=first, period__lt=last)
    for request in requests.exclude(state=RequestState.REFUSED).order_by("pk"):
        span = spans[request.kind]
        if span.start <= request.period < span.end:
            asked[request.kind] = request
    came: dict[str, ListImport] = {}
    lists = ListImport.objects.filter(kind__in=spans, period__gte=first, period__lt=last)
    for each in lists.defer("problems", "mapping").order_by("pk"):
        span = spans[each.kind]
        if span.start <= each.period < span.end:
            came[each.kind] = each
    return [Due(KINDS[code], span, asked.get(code), came.get(code)) for code, span in spans.items()]


def requests(show: str, today: dt.date) -> QuerySet[DataRequest]:
    """Requests that are not closed, those whose answer is late, or all; the latest first."""
    found = DataRequest.objects.select_related("requested_by")
    if show == "late":
        return found.filter(state=RequestState.SENT, due_date__lt=today).order_by("due_date", "pk")
    if show != "all":
        found = found.exclude(state__in=[RequestState.CLOSED, RequestState.REFUSED])
    return found.order_by("-period", "-pk")


def segments(show: str, today: dt.date) -> list[dict[str, Any]]:
    """Ways of looking at the requests. One query."""
    late = requests("late", today).count()
    return [
        {"label": _("Under way"), "url": "?", "current": not show},
        {"label": _("Answer late"), "url": "?show=late", "current": show == "late", "count": late},
        {"label": _("All"), "url": "?show=all", "current": show == "all"},
    ]


def unlinked(request: DataRequest) -> list[ListImport]:
    """Lists of the request's kind that came in since and answer nothing yet: one of them may be the answer. One query."""
    since = ListImport.objects.filter(kind=request.kind, region_id=request.region_id, request=None)
    return list(
        since.filter(period__gte=request.period)
        .defer("problems", "mapping")
        .order_by("-created_at", "pk")[:20]
    )
