"""The page of review: side by side, by keyboard in one request, for every role, and what became of a decision."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from cases.matching.review import services as review
from cases.models import Discrepancy, Guardian, MatchCandidate, MatchDecision, MatchRun
from staff.models import AccessLog
from staff.scope import system_scope
from staff.workflow import TransitionRefused
from tests.cases.matching.conftest import AT, OWN, SECOND, acting, another_child, number
from tests.cases.matching.pairs import fresh, make_pair, make_row, make_run, pair_of
from tests.cast import Cast

HTMX = {"HX-Request": "true"}
GRANDMOTHER = number("50015219500101302")
WRONG = OWN[:9] + ("8" if OWN[9] != "8" else "9") + OWN[10:]


@pytest.fixture
def run(cast: Cast) -> MatchRun:
    return make_run(cast, counts={"review_rows": 5})


@pytest.fixture
def pairs(cast: Cast, run: MatchRun) -> list[MatchCandidate]:
    """Five rows that wait, the likeliest first."""
    own = cast.children["own"]
    return [
        make_pair(cast, run, own, f"林小{c}", WRONG, score=f"0.{9 - n}0") for n, c in enumerate("曼麦禾谷雨")
    ]


def page_of(run: MatchRun, query: str = "") -> str:
    return reverse("cases:candidates", args=[run.pk]) + query


def press(client: Client, pair: MatchCandidate, action: str, **data: object) -> Any:
    """What the button of a key sends."""
    address = reverse("cases:candidate_decide", args=[pair.pk])
    return client.post(address, {"action": action, **data}, headers=HTMX)


# --- Looking ----------------------------------------------------------------------------------------------


def test_the_page_shows_sentence_marks_and_keys_and_no_number(
    cast: Cast, run: MatchRun, pairs: list[MatchCandidate], page_budget: Any
) -> None:
    client = cast.client("clerk")
    with page_budget(15):
        text = client.get(page_of(run)).content.decode()
    assert f'{OWN[:6]}***<mark class="cw-ch">*</mark>****{OWN[-4:]}' in text
    assert '林小<mark class="cw-ch">曼</mark>' in text
    assert OWN not in text
    assert WRONG not in text
    for letter in "YNUSZ0?":
        assert f'data-key="{letter}"' in text
    assert "data-keys" in text
    assert "same_number_other_name" in text  # the machine's own reasons stand in the help


def test_the_page_costs_the_same_with_many_rows(
    cast: Cast, run: MatchRun, pairs: list[MatchCandidate], page_budget: Any
) -> None:
    own = cast.children["own"]
    for n in range(60):
        make_pair(cast, run, another_child(cast, f"秦{chr(0x4E00 + n)}", "") if n % 9 == 0 else own, "秦小雨")
    client = cast.client("clerk")
    with page_budget(15):
        client.get(page_of(run))
    with page_budget(15):
        client.get(page_of(run, "?state=rejected"))


def test_a_guardian_is_compared_as_the_guardian(cast: Cast, run: MatchRun, page_budget: Any) -> None:
    own = cast.children["own"]
    with acting(cast, "clerk"):
        guardian = Guardian.objects.get(child=own)
        Guardian.objects.filter(pk=guardian.pk).update(id_number=GRANDMOTHER)
    pair = make_pair(
        cast, run, own, "林桂方", GRANDMOTHER, row={"kind": "death"}, role="guardian", person_id=guardian.pk
    )
    client = cast.client("clerk")
    with page_budget(15):
        text = client.get(page_of(run)).content.decode()
    assert '林桂<mark class="cw-ch">芳</mark>' in text
    assert GRANDMOTHER not in text
    reveal = reverse("staff:reveal", args=["pair-identity", pair.pk])
    assert reveal in text
    assert GRANDMOTHER not in client.post(reveal, {"reason": ""}).content.decode()
    assert GRANDMOTHER in client.post(reveal, {"reason_code": "verify"}).content.decode()
    with system_scope(reason="test", log=False):
        assert AccessLog.objects.get(kind="reveal").subject == "pair-identity"
    assert cast.client("stranger").get(reveal).status_code == 404


# --- Deciding ---------------------------------------------------------------------------------------------


def test_a_key_decides_and_brings_the_next_pair_in_one_request(
    cast: Cast, run: MatchRun, pairs: list[MatchCandidate]
) -> None:
    client = cast.client("clerk")
    shown = client.get(page_of(run)).context
    assert (shown["pair"].pk, shown["next"]) == (pairs[0].pk, pairs[1].list_row_id)
    answer = press(client, pairs[0], "same", next=shown["next"], seen="pending")
    assert answer.status_code == 200
    assert "<html" not in answer.content.decode()
    assert answer.context["pair"].pk == pairs[1].pk
    assert answer["HX-Replace-Url"].endswith(f"row={pairs[1].list_row_id}")
    assert fresh(cast, pairs[0]).state == "accepted"


def test_without_scripts_the_same_button_leads_to_the_next_pair(
    cast: Cast, run: MatchRun, pairs: list[MatchCandidate]
) -> None:
    client = cast.client("clerk")
    address = reverse("cases:candidate_decide", args=[pairs[0].pk])
    answer = client.post(address, {"action": "other", "next": pairs[1].list_row_id}, follow=True)
    assert answer.redirect_chain[0][1] == 302
    assert answer.context["pair"].pk == pairs[1].pk


def test_what_somebody_else_decided_meanwhile_is_not_decided_over(
    cast: Cast, run: MatchRun, pairs: list[MatchCandidate]
) -> None:
    press(cast.client("clerk"), pairs[0], "other")
    answer = press(cast.client("clerk"), pairs[0], "same", seen="pending")
    assert fresh(cast, pairs[0]).state == "rejected"
    assert answer.context["pair"].pk == pairs[0].pk
    assert [str(m.level_tag) for m in answer.context["messages"]] == ["error"]


def test_skip_goes_on_and_changes_nothing(cast: Cast, run: MatchRun, pairs: list[MatchCandidate]) -> None:
    client = cast.client("clerk")
    shown = client.get(page_of(run)).context
    answer = client.get(page_of(run, f"?state=&row={shown['next']}"), headers=HTMX)
    assert answer.context["pair"].pk == pairs[1].pk
    assert {fresh(cast, pair).state for pair in pairs} == {"pending"}


def test_unsure_is_put_back_into_a_queue_of_its_own(
    cast: Cast, run: MatchRun, pairs: list[MatchCandidate]
) -> None:
    client = cast.client("clerk")
    press(client, pairs[0], "unsure")
    put_back = fresh(cast, pairs[0])
    assert (put_back.state, put_back.proposed_by_id) == ("unsure", cast.users["clerk"].pk)
    with acting(cast, "clerk"):
        assert not MatchDecision.objects.exists()
        assert review.pending_pairs(run).count() == 5
    assert client.get(page_of(run)).context["pair"].pk == pairs[1].pk
    assert client.get(page_of(run, "?state=unsure")).context["pair"].pk == pairs[0].pk
    press(client, pairs[0], "same", queue="unsure")
    assert fresh(cast, pairs[0]).state == "accepted"


def test_z_takes_back_ones_own_last_decision(cast: Cast, run: MatchRun, pairs: list[MatchCandidate]) -> None:
    client = cast.client("clerk")
    press(client, pairs[0], "same")
    press(client, pairs[1], "other")
    address = reverse("cases:review_undo", args=[run.pk])
    assert client.post(address, headers=HTMX).context["pair"].pk == pairs[1].pk
    assert [fresh(cast, pair).state for pair in pairs[:2]] == ["accepted", "pending"]
    client.post(address, headers=HTMX)
    assert fresh(cast, pairs[0]).state == "pending"
    assert client.post(address, headers=HTMX).status_code == 200
    assert cast.client("approver").post(address).status_code == 302
    with acting(cast, "clerk"):
        assert not MatchDecision.objects.exists()


def test_what_followed_and_is_decided_closes_the_pair(
    cast: Cast, run: MatchRun, pairs: list[MatchCandidate]
) -> None:
    own = cast.children["own"]
    press(cast.client("clerk"), pairs[0], "same")
    with acting(cast, "clerk") as actor:
        followed: dict[str, Any] = {
            "run": run, "region_id": own.region_id, "kind": "different", "list_kind": "dibao", "child": own,
            "list_row_id": pairs[0].list_row_id, "due_date": dt.date(2026, 11, 1),
        }  # fmt: skip
        Discrepancy.objects.create(**followed)
        review.act("undo", candidate=pairs[0], actor=actor, at=AT)
        assert not Discrepancy.objects.exists(), "nobody has touched it"
        review.act("same", candidate=pairs[0], actor=actor, at=AT)
        Discrepancy.objects.create(
            **followed, state="untrue", reason="x", decided_by_id=actor.user_id, decided_at=AT
        )
        for action in ("undo", "other", "unsure", "none"):
            with pytest.raises(TransitionRefused):
                review.act(action, candidate=pairs[0], actor=actor, at=AT)
    assert fresh(cast, pairs[0]).state == "accepted"


def test_the_last_one_finishes_the_run_and_leads_there(
    cast: Cast, run: MatchRun, django_capture_on_commit_callbacks: Any
) -> None:
    pair = make_pair(cast, run, cast.children["own"], "林小曼", WRONG)
    with django_capture_on_commit_callbacks(execute=True):
        answer = press(cast.client("clerk"), pair, "same")
    assert (answer.status_code, answer["HX-Redirect"]) == (204, reverse("cases:run", args=[run.pk]))
    with acting(cast, "clerk"):
        assert MatchRun.objects.get(pk=run.pk).state == "done"


def test_a_remembered_decision_says_when_and_by_whom(cast: Cast, run: MatchRun) -> None:
    own = cast.children["own"]
    press(cast.client("clerk"), make_pair(cast, run, own, "林小曼", WRONG), "other")
    next_month = make_run(cast, dt.date(2026, 11, 1))
    again = make_pair(cast, next_month, own, "林小曼", WRONG, state="rejected", remembered=True)
    page = cast.client("clerk").get(page_of(next_month, f"?row={again.list_row_id}"))
    assert page.context["remembered"].user_id == cast.users["clerk"].pk
    assert cast.users["clerk"].name in page.content.decode()


# --- Spot checks ------------------------------------------------------------------------------------------


def test_spot_checks_come_after_what_waits_and_hold_nothing_up(
    cast: Cast, run: MatchRun, django_capture_on_commit_callbacks: Any
) -> None:
    own = cast.children["own"]
    sure = make_pair(cast, run, own, "林小满", OWN, tier="auto", state="accepted", sampled=True)
    make_pair(cast, run, own, "林小满", OWN, tier="auto", state="accepted")
    waits = make_pair(cast, run, own, "林小曼", WRONG)
    client = cast.client("clerk")
    page = client.get(page_of(run))
    assert page.context["pair"].pk == waits.pk
    with django_capture_on_commit_callbacks(execute=True):
        answer = press(client, waits, "other")
    assert (answer.context["pair"].pk, answer.context["spot"]) == (sure.pk, True)
    with acting(cast, "clerk"):
        assert MatchRun.objects.get(pk=run.pk).state == "done"
    press(client, sure, "other", queue="spot")
    assert (fresh(cast, sure).state, fresh(cast, sure).decided_by_id) == ("rejected", cast.users["clerk"].pk)
    with acting(cast, "clerk"):
        assert not review.spot_checks(run).exists()


# --- Who --------------------------------------------------------------------------------------------------


def test_a_reader_sees_no_buttons_and_the_approver_only_the_second_s(
    cast: Cast, run: MatchRun, pairs: list[MatchCandidate]
) -> None:
    text = cast.client("leader").get(page_of(run)).content.decode()
    assert 'name="action"' not in text
    assert cast.client("approver").get(page_of(run)).context["buttons"] == []
    with acting(cast, "clerk"):
        MatchCandidate.objects.filter(pk=pairs[0].pk).update(
            state="proposed", proposed_same=True, proposed_by=cast.users["clerk"], proposed_at=AT
        )
    page = cast.client("approver").get(page_of(run, "?state=second"))
    assert [button["action"] for button in page.context["buttons"]] == ["agree", "disagree"]
    answer = press(cast.client("approver"), pairs[0], "agree", queue="second")
    assert answer["HX-Redirect"] == reverse("cases:second_review")
    assert fresh(cast, pairs[0]).state == "accepted"


def test_the_lists_of_what_is_settled_tell_why(
    cast: Cast, run: MatchRun, pairs: list[MatchCandidate]
) -> None:
    client = cast.client("clerk")
    press(client, pairs[0], "same")
    press(client, pairs[1], "other")
    for state, pair in (("accepted", pairs[0]), ("rejected", pairs[1])):
        page = client.get(page_of(run, f"?state={state}"))
        assert [line["pair"].pk for line in page.context["lines"]] == [pair.pk]
        assert page.context["lines"][0]["told"].sentence in page.content.decode()


def test_others_who_are_near_are_shown_with_their_own_sentence(cast: Cast, run: MatchRun) -> None:
    other = another_child(cast)
    with acting(cast, "clerk"):
        row = make_row(run, "苏谷羽", SECOND)
        first = pair_of(run, row, other, score="0.9")
        second = pair_of(run, row, cast.children["own"], score="0.2")
    page = cast.client("clerk").get(page_of(run))
    assert page.context["pair"].pk == first.pk
    ((near, person, told),) = page.context["others"]
    assert (near.pk, person.name) == (second.pk, "林小满")
    assert told.sentence != page.context["told"].sentence
    page = cast.client("clerk").get(page_of(run, f"?row={row.pk}&candidate={second.pk}"))
    assert page.context["pair"].pk == second.pk
