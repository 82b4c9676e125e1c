"""One story on the demo county: a visit in a village becomes help, money paid and a monthly report.

Every step says what a person sees, and what the database holds for that person.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.journeys.conftest import DESK, PHONE, Office, Person, serving
from tests.journeys.county import decide_discrepancies, match_a_list, report_a_month
from tests.journeys.money import apply_for_a_child, decide_application, pay_a_month
from tests.journeys.paid_again import follow_the_money, pay_again
from tests.journeys.village import (
    answer_referral,
    calm_child,
    help_with_a_case,
    record_worrying_visit,
    review_visits,
)

pytestmark = [pytest.mark.journey, pytest.mark.slow]


@pytest.fixture(scope="module")
def office(django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """One of its own: the story begins with the demo county as it is made, and its pictures stand in the guides."""
    with serving(Office(tmp_path_factory.mktemp("story") / "home", "story"), django_db_blocker) as running:
        yield running


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
    releaser = people("sunmingyuan").sign_in()
    number = pay_a_month(clerk, approver, releaser)
    line = pay_again(clerk, approver, releaser, number)
    follow_the_money(people("wuqiubai").sign_in(), line)
    match_a_list(clerk, approver)
    decide_discrepancies(clerk, director)
    report_a_month(clerk, approver)
