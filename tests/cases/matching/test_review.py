"""A person decides pairs: one child a row, remembered for the months to come, undoable, by the clerk
alone.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.urls import reverse

from cases.matching import comparison, review
from cases.matching.normalise import clean_id
from cases.models import MatchCandidate, MatchDecision, MatchRun
from staff.models import AccessLog
from staff.scope import system_scope
from staff.workflow import TransitionRefused
from tests.cases.matching.conftest import (
    AT,
    OWN,
    SECOND,
    Import,
    acting,
    another_child,
    csv_list,
    month_run,
    number,
    row,
)
from tests.cast import Cast

NOVEMBER = dt.date(2026, 11, 1)
# The number of the child under another name: certain for nobody.
DOUBTFUL = csv_list(row("林小曼儿", OWN, head="林桂芳", sex="女"))


def pairs(cast: Cast, **condition: Any) -> list[MatchCandidate]:
    with acting(cast, "clerk"):
        return list(
            MatchCandidate.objects.filter(**condition)
            .select_related("list_row", "child", "run")
            .order_by("pk")
        )


def decide(cast: Cast, action: str, candidate: MatchCandidate, member: str = "clerk") -> None:
    with acting(cast, member) as actor:
        review.ACTS[action](candidate=candidate, actor=actor, at=AT)


@pytest.fixture
def doubtful(cast: Cast, take: Import) -> MatchCandidate:
    take(DOUBTFUL)
    (pair,) = pairs(cast)
    assert (pair.tier, pair.state) == ("review", "pending")
    assert month_run(cast).state == "review"
    return pair


@pytest.fixture
def two(cast: Cast, take: Import) -> list[MatchCandidate]:
    """One row, two children: same name and birth date in one village, no number."""
    another_child(cast, "林小满", "", birth_date=dt.date(2017, 5, 20))
    take(csv_list(row("林小满", "", birth="2017-05-20", head="林桂芳")))
    found = pairs(cast)
    assert [p.state for p in found] == ["pending", "pending"]
    return found


def test_accepting_is_remembered_and_applied_next_month(
    cast: Cast, doubtful: MatchCandidate, take: Import
) -> None:
    decide(cast, "same", doubtful)
    assert [p.state for p in pairs(cast)] == ["accepted"]
    take(DOUBTFUL, period=NOVEMBER)
    (next_month,) = pairs(cast, run__period=NOVEMBER)
    assert (next_month.state, next_month.remembered, next_month.decided_by_id) == ("accepted", True, None)
    assert month_run(cast, NOVEMBER).state == "done"


def test_rejecting_is_remembered_too(cast: Cast, doubtful: MatchCandidate, take: Import) -> None:
    decide(cast, "other", doubtful)
    take(DOUBTFUL, period=NOVEMBER)
    (next_month,) = pairs(cast, run__period=NOVEMBER)
    assert (next_month.state, next_month.remembered) == ("rejected", True)


def test_another_person_on_the_list_is_not_remembered(
    cast: Cast, doubtful: MatchCandidate, take: Import
) -> None:
    decide(cast, "same", doubtful)
    take(csv_list(row("林小麦儿", OWN, head="林桂芳")), period=NOVEMBER)
    (next_month,) = pairs(cast, run__period=NOVEMBER)
    assert (next_month.state, next_month.remembered) == ("pending", False)


def test_a_remembered_decision_can_be_undone(cast: Cast, doubtful: MatchCandidate, take: Import) -> None:
    decide(cast, "same", doubtful)
    take(DOUBTFUL, period=NOVEMBER)
    (next_month,) = pairs(cast, run__period=NOVEMBER)
    page = cast.client("clerk").post(
        reverse("cases:candidate_decide", args=[next_month.pk]), {"action": "undo"}
    )
    assert page.status_code == 302
    (next_month,) = pairs(cast, run__period=NOVEMBER)
    assert (next_month.state, next_month.remembered) == ("pending", False)
    assert month_run(cast, NOVEMBER).state == "review"
    with acting(cast, "clerk"):
        assert not MatchDecision.objects.exists()
    take(DOUBTFUL, period=dt.date(2026, 12, 1))
    assert pairs(cast, run__period=dt.date(2026, 12, 1))[0].state == "pending"


def test_choosing_one_rejects_the_others(cast: Cast, two: list[MatchCandidate]) -> None:
    decide(cast, "same", two[1])
    assert [p.state for p in pairs(cast)] == ["rejected", "accepted"]
    with acting(cast, "clerk"):
        assert sorted(MatchDecision.objects.values_list("child_id", "same")) == sorted(
            [(two[0].child_id, False), (two[1].child_id, True)]
        )
    decide(cast, "same", two[0])
    assert [p.state for p in pairs(cast)] == ["accepted", "rejected"]


def test_rejecting_one_leaves_the_other_and_none_rejects_both(cast: Cast, two: list[MatchCandidate]) -> None:
    decide(cast, "other", two[0])
    assert [p.state for p in pairs(cast)] == ["rejected", "pending"]
    decide(cast, "none", two[1])
    assert [p.state for p in pairs(cast)] == ["rejected", "rejected"]
    decide(cast, "undo", two[1])
    assert [p.state for p in pairs(cast)] == ["pending", "pending"]


def test_matching_again_keeps_what_was_decided(
    cast: Cast, doubtful: MatchCandidate, django_capture_on_commit_callbacks: Any
) -> None:
    decide(cast, "other", doubtful)
    with django_capture_on_commit_callbacks(execute=True):
        cast.client("clerk").post(reverse("cases:run_start", args=[doubtful.run_id]))
    (pair,) = pairs(cast)
    assert (pair.pk, pair.state, pair.decided_by_id) == (doubtful.pk, "rejected", cast.users["clerk"].pk)


@pytest.mark.parametrize("member", ["approver", "leader", "supervisor"])
def test_only_the_clerk_decides(cast: Cast, doubtful: MatchCandidate, member: str) -> None:
    with pytest.raises(TransitionRefused):
        decide(cast, "same", doubtful, member)
    answer = cast.client(member).post(
        reverse("cases:candidate_decide", args=[doubtful.pk]), {"action": "same"}
    )
    assert answer.status_code in (403, 404)
    assert pairs(cast)[0].state == "pending"


def test_the_last_decision_finishes_the_run(cast: Cast, doubtful: MatchCandidate) -> None:
    answer = cast.client("clerk").post(
        reverse("cases:candidate_decide", args=[doubtful.pk]), {"action": "same"}
    )
    assert answer.url == reverse("cases:run", args=[doubtful.run_id])
    with acting(cast, "clerk"):
        assert MatchRun.objects.get().state == "done"
        assert MatchRun.objects.get().discrepancies.filter(kind="different").count() == 1


def test_the_page_compares_marks_and_masks(cast: Cast, take: Import) -> None:
    another_child(cast)
    wrong = SECOND[:-2] + SECOND[-1] + SECOND[-2]
    take(csv_list(row("苏谷宇涵", wrong, head="林桂芳", birth="2016-04-20", sex="女")))
    run = month_run(cast)
    page = cast.client("clerk").get(reverse("cases:candidates", args=[run.pk]))
    text = page.content.decode()
    assert page.status_code == 200
    assert 'class="cw-ch"' in text
    assert wrong not in text
    assert SECOND not in text
    for letter in ("Y", "N"):
        assert f'data-key="{letter}"' in text
    assert "data-keys" in text


def test_the_full_number_needs_a_reason_and_is_logged(cast: Cast, doubtful: MatchCandidate) -> None:
    address = reverse("staff:reveal", args=["list-row-identity", doubtful.list_row_id])
    client = cast.client("clerk")
    assert OWN not in client.get(address).content.decode()
    assert OWN not in client.post(address, {"reason": ""}).content.decode()
    assert OWN in client.post(address, {"reason_code": "verify"}).content.decode()
    with system_scope(reason="test", log=False):
        line = AccessLog.objects.get(kind="reveal")
    assert (line.subject, line.subject_id) == ("list-row-identity", str(doubtful.list_row_id))
    assert cast.client("stranger").get(address).status_code == 404


@pytest.mark.parametrize(
    ("listed", "words"),
    [
        ("", "not given on the list"),
        (OWN[:-2] + OWN[-1] + OWN[-2], "places 17 and 18 swapped"),
        (OWN[:10] + "9" + OWN[11:], "place 11 differs"),
        (OWN[:17], "17 characters on the list"),
        (OWN[:15] + "000", "last three digits lost in the spreadsheet"),
        ("500152********" + OWN[-4:], "masked on the list"),
        ("5.00152E+17", "lost in the spreadsheet"),
        (number("50015219850908321"), "8 places differ"),
    ],
)
def test_the_verdict_on_a_number_says_what_is_wrong_and_no_digit(listed: str, words: str) -> None:
    from django.utils import translation

    with translation.override("en"):
        said, same = comparison.number_verdict(clean_id(listed), OWN)
    assert not same
    if words == "8 places differ":
        assert said.endswith("places differ")
    else:
        assert said == words


def test_the_same_number_is_the_same() -> None:
    assert comparison.number_verdict(clean_id(f" {OWN} "), OWN) == ("", True)
