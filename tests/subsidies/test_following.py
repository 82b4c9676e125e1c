"""照护服务补贴 follows the living allowance: proposed, confirmed, paid to the guardian, ended together (O-8)."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from cases.children import family
from cases.children.family import PayeeData
from cases.models import Child, Payee
from staff.models import TransitionRecord
from staff.scope import system_scope
from staff.workflow import TransitionRefused
from subsidies.aid import following
from subsidies.aid.following import Follower
from subsidies.batches import services as batches
from subsidies.entitlements import services as entitlements
from subsidies.models import Application, BatchIssue, Entitlement, Payment, PaymentBatch, Rate, Scheme
from tests.cast import COUNTY, FAR_VILLAGE
from tests.subsidies.conftest import NOVEMBER, OCTOBER, Office, card, moment

SEPTEMBER = dt.date(2026, 9, 1)
AT = moment(9, 22)


@pytest.fixture
def care(office: Office) -> Scheme:
    scheme, _made = Scheme.objects.get_or_create(code="care", defaults={"clause": "潼南区照护服务补贴"})
    Rate.objects.create(
        scheme=scheme,
        region_id=COUNTY,
        placement="scattered",
        amount=Decimal("200.00"),
        valid_from=dt.date(2025, 1, 1),
        source="x",
    )
    return scheme


def follower(office: Office) -> Follower:
    (found,) = following.followers(COUNTY, AT.date())
    return found


def propose(office: Office, who: str = "clerk") -> int:
    with office.as_(who) as actor:
        return following.propose(actor=actor, at=AT, follower=follower(office))


def confirm(office: Office, who: str = "approver") -> int:
    with office.as_(who) as actor:
        return following.confirm(actor=actor, at=AT, follower=follower(office))


def rights(office: Office, scheme: Scheme) -> dict[str, Entitlement]:
    with office.as_("clerk"):
        return {
            row.child.name: row for row in Entitlement.objects.filter(scheme=scheme).select_related("child")
        }


def test_everybody_with_a_living_allowance_who_lives_with_kin_and_nobody_else(
    office: Office, care: Scheme
) -> None:
    """O-8: a monthly care allowance for the guardian of each 散居孤儿 and 事实无人抚养儿童."""
    orphan = office.another_child("齐小雪", primary_category="orphan")
    inside = office.another_child("向小葵", primary_category="orphan", placement="institution")
    for child in (office.child("own"), orphan, inside, office.child("strange")):
        office.entitle(child, SEPTEMBER)
    office.entitle(
        office.child("neighbour"), SEPTEMBER, state="ended", end_month=SEPTEMBER, end_reason="adopted"
    )
    with office.as_("clerk"):
        assert {row.child.name for row in following.missing(follower(office))} == {"林小满", "齐小雪"}
    assert propose(office) == 2
    assert propose(office) == 0
    assert confirm(office) == 2
    found = rights(office, care)
    assert set(found) == {"林小满", "齐小雪"}
    own = found["林小满"]
    assert (own.start_month, own.end_month, own.category) == (OCTOBER, None, "de_facto_unattended")


def test_it_begins_no_earlier_than_what_it_follows(office: Office, care: Scheme) -> None:
    office.entitle(office.child("own"), dt.date(2026, 12, 1))
    propose(office)
    confirm(office)
    assert rights(office, care)["林小满"].start_month == dt.date(2026, 12, 1)


def test_four_eyes(office: Office, care: Scheme) -> None:
    office.entitle(office.child("own"), SEPTEMBER)
    for who in ("approver", "supervisor", "director"):
        with pytest.raises(TransitionRefused, match="does not have this duty"):
            propose(office, who)
    propose(office)
    with pytest.raises(TransitionRefused, match="does not have this duty"):
        confirm(office, "clerk")
    with system_scope(reason="test", log=False):
        Application.objects.update(applied_by=office.cast.users["approver"])
    with pytest.raises(TransitionRefused, match="another person"):
        confirm(office)
    with system_scope(reason="test", log=False):
        assert Application.objects.get().state == "to_confirm"
        assert not Entitlement.objects.filter(scheme=care).exists()


def test_who_lost_the_leading_right_meanwhile_is_not_confirmed(office: Office, care: Scheme) -> None:
    right = office.entitle(office.child("own"), SEPTEMBER)
    propose(office)
    with system_scope(reason="test", log=False):
        Entitlement.objects.filter(pk=right.pk).update(
            state="ended", end_month=SEPTEMBER, end_reason="adopted"
        )
    assert confirm(office) == 0
    assert rights(office, care) == {}


def test_it_ends_together_with_the_same_month_and_reason(office: Office, care: Scheme) -> None:
    right = office.entitle(office.child("own"), SEPTEMBER)
    propose(office)
    confirm(office)
    with office.as_("clerk") as clerk:
        entitlements.propose_end(
            actor=clerk,
            at=moment(11, 3),
            entitlement=right,
            reason_code="parent_found",
            reason="x",
            last_month=NOVEMBER,
        )
    assert rights(office, care)["林小满"].state == "active"
    with office.as_("approver") as approver:
        entitlements.end(
            actor=approver,
            at=moment(11, 4),
            entitlement=right,
            reason_code="parent_found",
            reason="x",
            last_month=NOVEMBER,
        )
    ended = rights(office, care)["林小满"]
    assert (ended.state, ended.end_month, ended.end_reason) == ("ended", NOVEMBER, "parent_found")
    with system_scope(reason="test", log=False):
        assert (
            TransitionRecord.objects.filter(subject_id=str(ended.pk), name="end", role="approver").count()
            == 1
        )


def test_what_follows_nothing_any_more_is_listed_and_ended_by_the_approver(
    office: Office, care: Scheme
) -> None:
    """The child moved into an institution: another row of the living allowance goes on, which is not followed."""
    right = office.entitle(office.child("own"), SEPTEMBER)
    propose(office)
    confirm(office)
    with system_scope(reason="test", log=False):
        Entitlement.objects.filter(pk=right.pk).update(state="ended", end_month=OCTOBER, end_reason="other")
    office.entitle(office.child("own"), NOVEMBER, placement="institution")
    with office.as_("clerk") as clerk:
        assert following.left_over(follower(office)).count() == 1
        with pytest.raises(TransitionRefused):
            following.end_left_over(actor=clerk, at=moment(11, 4), follower=follower(office))
    with office.as_("approver") as approver:
        assert following.end_left_over(actor=approver, at=moment(11, 4), follower=follower(office)) == 1
    assert rights(office, care)["林小满"].end_month == OCTOBER


def test_many_are_proposed_and_confirmed_by_a_few_statements(
    office: Office, care: Scheme, page_budget: object
) -> None:
    for number in range(30):
        office.entitle(office.another_child(f"童{number}", region_id=FAR_VILLAGE), SEPTEMBER)
    chosen = follower(office)
    with office.as_("clerk") as clerk, page_budget(8):  # type: ignore[operator]
        assert following.propose(actor=clerk, at=AT, follower=chosen) == 30
    with office.as_("approver") as approver, page_budget(10):  # type: ignore[operator]
        assert following.confirm(actor=approver, at=AT, follower=chosen) == 30


# --- the same batches ------------------------------------------------------------------------------------


def prepared(office: Office, care: Scheme) -> PaymentBatch:
    with office.as_("clerk") as clerk:
        return batches.prepare_batch(
            actor=clerk, at=moment(10, 19), region=office.region(), scheme=care, month=OCTOBER
        )


def account(
    office: Office, child: Child, name: str, relation: str, ending: str, purpose: str = "care"
) -> Payee:
    with office.as_("clerk"):
        data = PayeeData(name, relation, "重庆农村商业银行", card(ending), dt.date(2026, 9, 1), purpose)
        return family.set_payee(child, data, at=AT, confirmed=True)


def line_of(office: Office, care: Scheme) -> tuple[Payment, set[str]]:
    office.entitle(office.child("own"), SEPTEMBER)
    propose(office)
    confirm(office)
    batch = prepared(office, care)
    with office.as_("clerk"):
        (line,) = Payment.objects.filter(batch=batch)
        return line, set(BatchIssue.objects.filter(batch=batch).values_list("kind", flat=True))


def test_it_is_paid_to_the_guardians_own_account_through_the_same_batches(
    office: Office, care: Scheme
) -> None:
    account(office, office.child("own"), "林桂芳", "grandmother", "9911")
    line, issues = line_of(office, care)
    assert (line.amount, line.payee_name, line.account[-4:]) == (Decimal("200.00"), "林桂芳", "9911")
    assert "payee_kind" not in issues
    with office.as_("clerk"):
        batch = PaymentBatch.objects.get(pk=line.batch_id)
    released = office.release(office.approve(batch))
    assert (released.state, released.total) == ("released", Decimal("200.00"))
    with office.as_("clerk"):
        # The living allowance keeps its own account.
        assert Payee.objects.filter(child=office.child("own"), end_date__isnull=True).count() == 2


def test_without_an_account_for_it_the_childs_payee_is_paid(office: Office, care: Scheme) -> None:
    line, issues = line_of(office, care)
    assert (line.payee_name, line.account[-4:]) == ("林桂芳", "7801")
    assert "payee_kind" not in issues


@pytest.mark.parametrize(("name", "relation"), [("林小满", "child"), ("县儿童福利院", "institution")])
def test_an_account_of_the_child_or_an_institution_is_an_exception(
    office: Office, care: Scheme, name: str, relation: str
) -> None:
    account(office, office.child("own"), name, relation, "9912")
    _line, issues = line_of(office, care)
    assert "payee_kind" in issues
