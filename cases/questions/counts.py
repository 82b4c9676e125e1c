"""How often each problem was found, by code."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import connection
from django.utils import timezone

from cases.models import QuestionSet, Visit
from cases.questions.choice import as_definition
from cases.visits.enums import Problem, ProblemDomain, VisitState, domain_of
from staff.models.region import county_of

# States in which a visit was handed in.
HANDED_IN = (VisitState.SUBMITTED, VisitState.APPROVED, VisitState.ESCALATED, VisitState.RETURNED)
PROBLEMS_FOUND = """
WITH visit AS ({visits})
SELECT problem.code, count(*), count(DISTINCT visit.child_id)
FROM visit
CROSS JOIN LATERAL jsonb_each(visit.problems) AS domain(name, codes)
CROSS JOIN LATERAL jsonb_array_elements_text(domain.codes) AS problem(code)
GROUP BY problem.code
ORDER BY count(*) DESC, problem.code
"""


@dataclass(frozen=True)
class Found:
    """A problem, and in how many visits and of how many children it was found."""

    code: str
    domain: str
    label: str
    visits: int
    children: int


def problem_counts(region_id: int, start: dt.date, end: dt.date) -> list[Found]:
    """Problems of the visits in the reader's area between two days (both included), most frequent first.

    Drafts do not count. Codes of the county of ``region_id`` are told in its words. Two queries.
    """
    zone = timezone.get_current_timezone()
    first = dt.datetime.combine(start, dt.time(), zone)
    after = dt.datetime.combine(end + dt.timedelta(days=1), dt.time(), zone)
    visits = Visit.objects.filter(state__in=HANDED_IN, visited_at__gte=first, visited_at__lt=after).order_by()
    sql, parameters = visits.values("child_id", "problems").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(PROBLEMS_FOUND.format(visits=sql), parameters)
        rows = cursor.fetchall()
    own = _own_words(region_id) if any(code not in Problem.values for code, _v, _c in rows) else {}
    found = []
    for code, number, children in rows:
        if code in Problem.values:
            problem = Problem(code)
            domain, label = str(domain_of(problem).label), str(problem.label)
        else:
            domain, label = own.get(code, ("", code))
        found.append(Found(code, domain, label, number, children))
    return found


def _own_words(region_id: int) -> dict[str, tuple[str, str]]:
    """Code → (group, words) of every problem that the county's sets ever listed, in their latest words."""
    words: dict[str, tuple[str, str]] = {}
    for row in QuestionSet.objects.filter(region_id=county_of(region_id)).order_by("code", "version"):
        for domain in as_definition(row).domains:
            name = (
                str(ProblemDomain(domain.code).label)
                if domain.code in ProblemDomain.values
                else str(domain.name)
            )
            words |= {one.code: (name, str(one.text)) for one in domain.options}
    return words
