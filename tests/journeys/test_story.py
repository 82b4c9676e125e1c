"""One story on the demo county: a visit in a village becomes help, money paid and a monthly report.

Every step says what a person sees, and what the database holds for that person.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.journeys.conftest import DESK, PHONE, Person
from tests.journeys.county import decide_discrepancies, match_a_list, report_a_month
from tests.journeys.money import apply_for_a_child, decide_application, pay_a_month
from tests.journeys.village import (
    answer_referral,
    calm_child,
    help_with_a_case,
    record_worrying_visit,
    review_visits,
)

pytestmark = [pytest.mark.journey, pytest.mark.slow]


def test_story(people: Callable[..., Person]) -> None:
    director, supervisor = people("wangnianci", PHONE), people("lishouan")
    director.open("/sign-in/")
    director.picture("00-sign-in", PHONE, DESK)
    director.sign_in()
    supervisor.sign_in()
    child = calm_child(director)
    record_worrying_visit(director, child)
    case = review_visits(supervisor, director, child)
    help_with_a_case(supervisor, case)
    answer_referral(supervisor, people("caihongqiao").sign_in(), case, child)
    clerk, approver = people("zhaoqinghe").sign_in(), people("qianzhixing").sign_in()
    decide_application(supervisor, clerk, approver, *apply_for_a_child(director))
    pay_a_month(clerk, approver, people("sunmingyuan").sign_in())
    match_a_list(clerk)
    decide_discrepancies(clerk, director)
    report_a_month(clerk, approver)
