"""Other terms from a month on, longer for schooling, ends by the scheme's terms: proposed by one, decided by another."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from cases.leaving import services as leaving
from cases.models import Child
from staff.models import Parameter
from staff.scope import system_scope
from staff.workflow import TransitionRefused
from subsidies.approvals.proposals import entitlement_rows
from subsidies.entitlements import changes, services
from subsidies.entitlements.last_months import last_month_of
from subsidies.models import Entitlement, Offset, Rate, Scheme, SchemeRule, SchoolProof
from subsidies.reviews import school_proofs
from subsidies.reviews.cycles import Term
from tests.cast import COUNTY
from tests.subsidies.conftest import DECEMBER, NOVEMBER, OCTOBER, Office, moment

AT = moment(10, 12)
AUGUST, SEPTEMBER = dt.date(2026, 8, 1), dt.date(2026, 9, 1)
TERM = Term(2026, 1)


def rows(office: Office, child: Child) -> list[Entitlement]:
    with office.as_("clerk"):
        return list(Entitlement.objects.filter(child=child).order_by("start_month", "pk"))


def moved(office: Office, right: Entitlement, month: dt.date, placement: str = "institution") -> Entitlement:
    """Proposed by the clerk, decided by the approver."""
    with office.as_("clerk") as actor:
        changes.propose_terms(
            actor=actor, at=AT, entitlement=right, from_month=month, placement=placement, reason="入住福利院"
        )
    with office.as_("approver") as actor:
        return changes.change_terms(actor=actor, at=AT, entitlement=right, reason="属实")


def test_other_terms_are_another_row_that_continues(office: Office) -> None:
    right = office.entitle(office.child("own"), AUGUST)
    successor = moved(office, right, SEPTEMBER)
    old, new = rows(office, office.child("own"))
    assert (old.state, old.end_month, old.end_reason) == ("ended", AUGUST, "terms_changed")
    assert (new.state, new.start_month, new.end_month, new.placement) == (
        "active",
        SEPTEMBER,
        None,
        "institution",
    )
    assert (new.pk, new.continues_id) == (successor.pk, old.pk)


def test_a_proposal_changes_nothing_and_the_clerk_does_not_decide(office: Office) -> None:
    right = office.entitle(office.child("own"), AUGUST)
    with office.as_("clerk") as actor:
        changes.propose_terms(
            actor=actor, at=AT, entitlement=right, from_month=SEPTEMBER, placement="institution", reason="x"
        )
        with pytest.raises(TransitionRefused, match="duty"):
            changes.change_terms(actor=actor, at=AT, entitlement=right, reason="x")
    (row,) = rows(office, office.child("own"))
    assert (row.state, row.placement, row.end_month) == ("changing", "scattered", None)
    with office.as_("approver") as actor:
        with pytest.raises(TransitionRefused, match="Something else is proposed"):
            changes.extend(actor=actor, at=AT, entitlement=right, reason="x")
        services.keep(actor=actor, at=AT, entitlement=right, reason="不属实")
    (row,) = rows(office, office.child("own"))
    assert (row.state, row.proposed, row.proposed_by_id) == ("active", {}, None)


def test_who_proposed_does_not_decide_even_in_another_post(office: Office) -> None:
    right = office.entitle(office.child("own"), AUGUST)
    with office.as_("clerk") as actor:
        services.propose_end(actor=actor, at=AT, entitlement=right, reason_code="adopted", reason="x")
    with system_scope(reason="test", log=False):
        Entitlement.objects.filter(pk=right.pk).update(proposed_by=office.cast.users["approver"])
    with office.as_("approver") as actor, pytest.raises(TransitionRefused, match="another person"):
        services.end(actor=actor, at=AT, entitlement=right, reason_code="adopted", reason="x")
    with (
        system_scope(reason="test", log=False),
        pytest.raises(IntegrityError, match="entitlement_decider_is_another"),
        transaction.atomic(),
    ):
        Entitlement.objects.filter(pk=right.pk).update(decided_by=office.cast.users["approver"])


def test_a_past_month_also_from_its_first_leaves_no_month_behind(office: Office) -> None:
    right = office.entitle(office.child("own"), AUGUST)
    moved(office, right, AUGUST)
    old, new = rows(office, office.child("own"))
    assert {(row.start_month, row.end_month) for row in (old, new)} == {
        (AUGUST, dt.date(2026, 7, 1)),
        (AUGUST, None),
    }


def test_what_is_set_off_goes_on_without_a_gap(office: Office) -> None:
    right = office.entitle(office.child("own"), dt.date(2026, 6, 1))
    office.offset(right, "200.00", dt.date(2026, 6, 1), end_month=dt.date(2026, 7, 1), kind="tekun")
    office.offset(right, "320.00", AUGUST)
    office.offset(right, "50.00", OCTOBER, kind="disability_living")
    successor = moved(office, right, SEPTEMBER)
    with office.as_("clerk"):
        found = {
            (row.entitlement_id == successor.pk, row.kind, row.amount, row.start_month, row.end_month)
            for row in Offset.objects.all()
        }
    assert found == {
        (False, "tekun", Decimal("200.00"), dt.date(2026, 6, 1), dt.date(2026, 7, 1)),
        (False, "dibao", Decimal("320.00"), AUGUST, AUGUST),
        (True, "dibao", Decimal("320.00"), SEPTEMBER, None),
        (True, "disability_living", Decimal("50.00"), OCTOBER, None),
    }


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"from_month": dt.date(2026, 7, 1)}, "outside"), ({"placement": "scattered"}, "terms it has"),
        ({"placement": "x"}, "Choose category"), ({"reason": " "}, "in words"),
        ({"from_month": dt.date(2020, 1, 1)}, "outside"),
    ],
)  # fmt: skip
def test_what_is_no_change(office: Office, values: dict[str, Any], words: str) -> None:
    right = office.entitle(office.child("own"), AUGUST)
    asked = {"from_month": SEPTEMBER, "placement": "institution", "reason": "入住福利院"} | values
    with office.as_("clerk") as actor, pytest.raises(TransitionRefused, match=words):
        changes.propose_terms(actor=actor, at=AT, entitlement=right, **asked)
    assert rows(office, office.child("own"))[0].state == "active"


def test_rights_of_one_child_and_scheme_never_overlap_even_past_the_services(office: Office) -> None:
    right = office.entitle(office.child("own"), AUGUST)
    successor = moved(office, right, SEPTEMBER)
    with (
        system_scope(reason="test", log=False),
        pytest.raises(IntegrityError, match="entitlement_never_overlaps"),
        transaction.atomic(),
    ):
        Entitlement.objects.filter(pk=right.pk).update(end_month=successor.start_month)


# --- In-school extension --------------------------------------------------------------------------------------


def proof(
    office: Office, child: Child, term: Term = TERM, stage: str = "senior", **fields: Any
) -> SchoolProof:
    with office.as_("director") as actor:
        return school_proofs.add_proof(
            actor=actor,
            at=AT,
            child=child,
            term=term,
            school="县一中",
            stage=stage,
            seen="教育局学籍",
            **fields,
        )


@pytest.fixture
def grown(office: Office) -> Entitlement:
    """The last month is that of the 18th birthday, October 2026."""
    with system_scope(reason="test", log=False):
        Child.objects.filter(pk=office.child("own").pk).update(birth_date=dt.date(2008, 10, 9))
        SchemeRule.objects.create(
            scheme=office.scheme, region_id=COUNTY, valid_from=dt.date(2020, 1, 1), document="测试〔2020〕1号",
            changes={"extension_stages": ["senior", "vocational"]},
        )  # fmt: skip
        office.child("own").refresh_from_db()
    return office.entitle(office.child("own"), AUGUST, end_month=OCTOBER)


def test_schooling_extends_as_far_as_its_proof_and_the_approver_decides(
    office: Office, grown: Entitlement
) -> None:
    shown = proof(office, office.child("own"))
    with office.as_("clerk") as actor:
        changes.propose_extension(actor=actor, at=AT, entitlement=grown, proof=shown, reason="在读")
        with pytest.raises(TransitionRefused, match="duty"):
            changes.extend(actor=actor, at=AT, entitlement=grown, reason="x")
    assert rows(office, office.child("own"))[0].end_month == OCTOBER
    with office.as_("approver") as actor:
        changes.extend(actor=actor, at=AT, entitlement=grown, reason="属实")
    (row,) = rows(office, office.child("own"))
    # The autumn term ends with February; the next one needs its own proof.
    assert (row.state, row.end_month, row.proposed) == ("active", dt.date(2027, 2, 1), {})


@pytest.mark.parametrize(
    ("given", "until", "words"),
    [
        ({"stage": "higher"}, None, "not extended for"), ({"full_time": False}, None, "full-time"),
        ({}, dt.date(2027, 3, 1), "reaches to 2027-02"), ({}, dt.date(2026, 9, 1), "until 2026-10 already"),
        ({"until": dt.date(2026, 12, 20)}, dt.date(2027, 1, 1), "reaches to 2026-12"),
    ],
)  # fmt: skip
def test_what_does_not_extend(
    office: Office, grown: Entitlement, given: dict[str, Any], until: dt.date | None, words: str
) -> None:
    shown = proof(office, office.child("own"), **given)
    with office.as_("clerk") as actor, pytest.raises(TransitionRefused, match=words):
        changes.propose_extension(
            actor=actor, at=AT, entitlement=grown, proof=shown, reason="在读", until=until
        )


def test_a_proof_of_another_child_extends_nothing(office: Office, grown: Entitlement) -> None:
    shown = proof(office, office.child("own"))
    with system_scope(reason="test", log=False):
        SchoolProof.objects.filter(pk=shown.pk).update(child=office.child("neighbour"))
        shown.refresh_from_db()
    with office.as_("clerk") as actor, pytest.raises(TransitionRefused, match="another child"):
        changes.propose_extension(actor=actor, at=AT, entitlement=grown, proof=shown, reason="在读")


# --- Ends -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "stop", "grace", "last"),
    [
        ("death", "next_month", 0, OCTOBER), ("death", "same_month", 0, SEPTEMBER),
        ("parent_able", "next_month", 2, dt.date(2026, 12, 1)), ("death", "next_month", 2, OCTOBER),
        ("entered_in_error", "next_month", 0, dt.date(2026, 7, 1)),
    ],
)  # fmt: skip
def test_the_last_month_comes_from_the_terms(
    office: Office, reason: str, stop: str, grace: int, last: dt.date
) -> None:
    with system_scope(reason="test", log=False):
        SchemeRule.objects.create(
            scheme=office.scheme, region_id=COUNTY, valid_from=dt.date(2020, 1, 1), document="测试〔2020〕2号",
            changes={"stop_rule": stop, "grace_months": grace, "grace_reasons": ["parent_able"]},
        )  # fmt: skip
    right = office.entitle(office.child("own"), AUGUST)
    with office.as_("clerk") as actor:
        month, _rule = last_month_of(right, office.child("own"), reason, dt.date(2026, 10, 8))
        assert month == last
        services.propose_end(actor=actor, at=AT, entitlement=right, reason_code=reason, reason="x")
    assert right.proposed_end_month == last


def test_leaving_the_register_proposes_the_end_and_stops_nothing(office: Office) -> None:
    with system_scope(reason="test", log=False):
        Parameter.objects.create(
            region_id=COUNTY,
            key="stop_rule",
            value="same_month",
            valid_from=dt.date(2026, 1, 1),
            source="test",
        )
    right = office.entitle(office.child("own"), AUGUST)
    with office.as_("supervisor") as actor:
        leaving.leave_register(
            office.child("own"), day=dt.date(2026, 10, 8), reason_code="06", document="证明1号", cause="疾病",
            handling="火化", at=AT, actor=actor,
        )  # fmt: skip
    (row,) = rows(office, office.child("own"))
    assert (row.state, row.proposed_end_month, row.end_month) == ("ending", SEPTEMBER, None)
    assert row.proposed_by == office.cast.users["supervisor"]
    with office.as_("approver") as actor:
        services.end(actor=actor, at=AT, entitlement=right, reason_code="death", reason="属实")
    assert (right.state, right.end_month) == ("ended", SEPTEMBER)


# --- Pages ----------------------------------------------------------------------------------------------------------


def test_through_the_pages(office: Office) -> None:
    right = office.entitle(office.child("own"), AUGUST)
    clerk, approver = office.cast.client("clerk"), office.cast.client("approver")
    assert "terms" in clerk.get(reverse("subsidies:entitlement", args=[right.pk])).content.decode()
    answer = clerk.post(
        reverse("subsidies:terms_change", args=[right.pk]),
        {"from_month": "2026-09", "category": right.category, "placement": "institution", "reason": "入住"},
    )
    assert answer.status_code == 302
    page = approver.get(reverse("subsidies:entitlement", args=[right.pk])).content.decode()
    assert 'value="change"' in page
    answer = approver.post(
        reverse("subsidies:entitlement_transition", args=[right.pk]), {"action": "change", "reason": "属实"}
    )
    new = rows(office, office.child("own"))[1]
    assert answer.headers["Location"] == reverse("subsidies:entitlement", args=[new.pk])
    assert (new.placement, new.start_month) == ("institution", SEPTEMBER)


def test_the_page_of_ending_leaves_the_month_to_the_terms(office: Office) -> None:
    right = office.entitle(office.child("own"), AUGUST)
    office.cast.client("clerk").post(
        reverse("subsidies:entitlement_transition", args=[right.pk]),
        {
            "action": "propose_end",
            "reason_code": "parent_able",
            "reason": "x",
            "day": "2026-11-03",
            "last_month": "",
        },
    )
    assert rows(office, office.child("own"))[0].proposed_end_month == NOVEMBER


def test_the_highest_of_several_categories_counts_on_other_terms_too(office: Office) -> None:
    """就高不就低: with kin 900 for the disability, in the institution 1,200 for 低保; and so on after the next change."""
    office.scheme = Scheme.objects.get_or_create(
        code="difficulty_living", defaults={"clause": "国发〔2016〕36号"}
    )[0]
    for placement, category, amount in (
        ("scattered", "severe_disability", "900.00"),
        ("scattered", "dibao", "500.00"),
        ("institution", "severe_disability", "900.00"),
        ("institution", "dibao", "1200.00"),
    ):
        Rate.objects.create(
            scheme=office.scheme, region_id=COUNTY, placement=placement, category=category, amount=Decimal(amount),
            valid_from=dt.date(2025, 1, 1), source="x",
        )  # fmt: skip
    right = office.confirmed(office.child("own"), SEPTEMBER, category="severe_disability")
    with system_scope(reason="test", log=False):
        assert right.application is not None
        right.application.decision = {"also": ["dibao"]}
        right.application.save()
    taken_over = office.entitle(office.child("township"), SEPTEMBER, category="severe_disability")
    office.pay(SEPTEMBER)
    with office.as_("clerk") as actor:
        changes.propose_terms(
            actor=actor, at=AT, entitlement=right, from_month=OCTOBER, placement="institution", reason="入住福利院"
        )  # fmt: skip
    with office.as_("approver") as actor:
        (row,) = entitlement_rows([Entitlement.objects.get(pk=right.pk)], actor, AT.date())
        assert (row.before, row.after) == (Decimal("900.00"), Decimal("1200.00"))
        successor = changes.change_terms(actor=actor, at=AT, entitlement=right, reason="属实")
    moved(office, taken_over, OCTOBER)

    def paid(month: dt.date) -> dict[int, str]:
        return {line.child_id: str(line.amount) for line in office.lines(office.pay(month))}

    own, township = office.child("own").pk, office.child("township").pk
    assert paid(OCTOBER) == {own: "1200.00", township: "900.00"}
    page = office.cast.client("clerk").get(reverse("subsidies:entitlement", args=[successor.pk]))
    assert page.context["due"].amount.total == Decimal("1200.00")
    moved(office, successor, NOVEMBER, "scattered")
    moved(office, rows(office, office.child("own"))[-1], DECEMBER)
    assert paid(NOVEMBER)[own] == "900.00"
    assert paid(DECEMBER)[own] == "1200.00"
