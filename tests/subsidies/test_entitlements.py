"""Re-checks, ends and offsets."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from staff.workflow import TransitionRefused
from subsidies.entitlements import services
from subsidies.models import Entitlement, Offset
from tests.subsidies.conftest import DECEMBER, NOVEMBER, OCTOBER, Office, moment

AT = moment(10, 12)
SEPTEMBER = dt.date(2026, 9, 1)


def test_recheck_and_keep(office: Office) -> None:
    right = office.entitle(office.child("own"))
    with office.as_("supervisor") as actor:
        services.recheck(actor=actor, at=AT, entitlement=right, reason="父亲即将刑满")
        with pytest.raises(TransitionRefused, match="duty"):
            services.keep(actor=actor, at=AT, entitlement=right, reason="x")
    with office.as_("clerk") as actor:
        services.keep(actor=actor, at=AT, entitlement=right, reason="未获释")
    assert right.state == "active"


def test_a_proposal_stops_nothing_and_the_approver_ends(office: Office) -> None:
    right = office.entitle(office.child("own"))
    with office.as_("clerk") as actor:
        with pytest.raises(TransitionRefused, match="Choose a reason"):
            services.propose_end(actor=actor, at=AT, entitlement=right, reason_code="whim", reason="x")
        services.propose_end(
            actor=actor,
            at=AT,
            entitlement=right,
            reason_code="parent_released",
            reason="10-08 刑满",
            last_month=OCTOBER,
        )
    assert (right.state, right.proposed_end_month, right.end_month) == ("ending", OCTOBER, None)
    assert len(office.lines(office.prepare(NOVEMBER))) == 1
    with office.as_("clerk") as actor, pytest.raises(TransitionRefused, match="duty"):
        services.end(actor=actor, at=AT, entitlement=right, reason_code="parent_released", reason="x")
    with office.as_("approver") as actor:
        services.end(actor=actor, at=AT, entitlement=right, reason_code="parent_released", reason="属实")
    assert (right.state, right.end_month, right.end_reason) == ("ended", OCTOBER, "parent_released")


def test_entered_in_error_was_never_due(office: Office) -> None:
    right = office.entitle(office.child("own"), OCTOBER)
    with office.as_("clerk") as actor:
        services.propose_end(
            actor=actor,
            at=AT,
            entitlement=right,
            reason_code="entered_in_error",
            reason="x",
            last_month=dt.date(2020, 1, 1),
        )
    with office.as_("approver") as actor:
        services.end(actor=actor, at=AT, entitlement=right, reason_code="entered_in_error", reason="x")
    assert right.end_month == SEPTEMBER
    assert office.lines(office.prepare(OCTOBER)) == []


def add(
    office: Office, right: Entitlement, amount: str, start: dt.date, who: str = "clerk", **fields: object
) -> Offset:
    with office.as_(who) as actor:
        return services.add_offset(
            actor=actor, at=AT, entitlement=right, start_month=start, amount=Decimal(amount),
            **({"kind": "dibao", "source": "低保名单 2026-10 第 12 行"} | fields),
        )  # fmt: skip


def months(office: Office, right: Entitlement) -> list[tuple[str, dt.date, dt.date | None]]:
    with office.as_("clerk"):
        return [
            (str(o.amount), o.start_month, o.end_month)
            for o in Offset.objects.filter(entitlement=right).order_by("start_month")
        ]


def test_a_changed_amount_ends_the_former_offset(office: Office) -> None:
    right = office.entitle(office.child("own"))
    first = add(office, right, "300.00", SEPTEMBER)
    assert add(office, right, "300.00", SEPTEMBER).pk == first.pk
    add(office, right, "320.00", OCTOBER)
    assert months(office, right) == [("300.00", SEPTEMBER, SEPTEMBER), ("320.00", OCTOBER, None)]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"amount": "0.00"}, "more than 0"), ({"amount": "1.001"}, "decimals"), ({"source": " "}, "known from"), ({"kind": "x"}, "benefit"),
        ({"end_month": SEPTEMBER}, "before the first"), ({"who": "releaser"}, "duty"), ({"who": "director"}, "duty"),
    ],
)  # fmt: skip
def test_what_is_no_offset(office: Office, fields: dict[str, object], words: str) -> None:
    right = office.entitle(office.child("own"))
    values = {"amount": "320.00", "start": OCTOBER} | fields
    with pytest.raises(TransitionRefused, match=words):
        add(office, right, **values)  # type: ignore[arg-type]


def test_offsets_of_a_kind_never_overlap(office: Office) -> None:
    right = office.entitle(office.child("own"))
    add(office, right, "300.00", OCTOBER)
    with pytest.raises(TransitionRefused, match="already set off from 2026-10"):
        add(office, right, "310.00", SEPTEMBER)
    with (  # noqa: PT012
        office.as_("clerk"),
        pytest.raises(IntegrityError, match="offset_once_a_month"),
        transaction.atomic(),
    ):
        twin = Offset.objects.get()
        twin.pk, twin.end_month, twin.start_month = None, DECEMBER, NOVEMBER
        twin.save(force_insert=True)


def test_ending_an_offset(office: Office) -> None:
    right = office.entitle(office.child("own"))
    offset = add(office, right, "300.00", OCTOBER)
    with office.as_("clerk") as actor:
        services.end_offset(actor=actor, at=AT, offset=offset, last_month=NOVEMBER, source="已停保")
    assert months(office, right) == [("300.00", OCTOBER, NOVEMBER)]
    with office.as_("clerk") as actor:
        services.end_offset(actor=actor, at=AT, offset=offset, last_month=SEPTEMBER, source="从未享受")
    assert months(office, right) == []


def test_an_ended_right_takes_no_offset_after_its_end(office: Office) -> None:
    right = office.entitle(office.child("own"), state="ended", end_month=OCTOBER, end_reason="adopted")
    with pytest.raises(TransitionRefused, match="from 2026-10 to 2026-10"):
        add(office, right, "300.00", NOVEMBER)


def test_finding_the_right_of_a_month(office: Office) -> None:
    old = office.entitle(
        office.child("own"), SEPTEMBER, state="ended", end_month=SEPTEMBER, end_reason="adopted"
    )
    new = office.entitle(office.child("own"), OCTOBER)
    with office.as_("clerk"):
        child = office.child("own").pk
        assert services.entitlement_of(child) == new
        assert services.entitlement_of(child, month=SEPTEMBER) == old
        assert services.entitlement_of(child, month=dt.date(2026, 8, 1)) is None
