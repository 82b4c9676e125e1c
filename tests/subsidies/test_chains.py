"""What becomes known about months before the last change of terms, and about a right that has ended."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from staff.models import TransitionRecord
from staff.scope import system_scope
from staff.workflow import TransitionRefused
from subsidies.aid import following
from subsidies.entitlements import chains, changes, services
from subsidies.entitlements.last_months import last_month_of
from subsidies.models import Entitlement, Offset, Rate, Recovery, Scheme
from subsidies.reports.measures import ENTITLED, period_of
from tests.cast import COUNTY
from tests.subsidies.conftest import NOVEMBER, OCTOBER, Office, moment

JUNE, JULY, AUGUST, SEPTEMBER = (dt.date(2026, number, 1) for number in (6, 7, 8, 9))
AT = moment(11, 2)


def moved(office: Office, right: Entitlement, month: dt.date, placement: str = "institution") -> Entitlement:
    with office.as_("clerk") as actor:
        changes.propose_terms(
            actor=actor, at=AT, entitlement=right, from_month=month, placement=placement, reason="入住"
        )
    with office.as_("approver") as actor:
        return changes.change_terms(actor=actor, at=AT, entitlement=right, reason="属实")


def ended(office: Office, right: Entitlement, last: dt.date | None, reason: str = "death") -> None:
    with office.as_("clerk") as actor:
        services.propose_end(
            actor=actor, at=AT, entitlement=right, reason_code=reason, reason="x", last_month=last
        )
    with office.as_("approver") as actor:
        services.end(actor=actor, at=AT, entitlement=right, reason_code=reason, reason="属实")


def set_off(
    office: Office, right: Entitlement, start: dt.date, amount: str = "300.00", **fields: Any
) -> Offset:
    with office.as_("clerk") as actor:
        return services.add_offset(
            actor=actor, at=AT, entitlement=right, kind="dibao", amount=Decimal(amount), start_month=start,
            source="低保名单", **fields,
        )  # fmt: skip


def stop(office: Office, offset: Offset, last: dt.date) -> None:
    with office.as_("clerk") as actor:
        services.end_offset(actor=actor, at=AT, offset=offset, last_month=last, source="已停保")


def rights(office: Office) -> list[tuple[dt.date, dt.date | None, str]]:
    with office.as_("clerk"):
        return [
            (row.start_month, row.end_month, row.end_reason)
            for row in Entitlement.objects.filter(scheme=office.scheme).order_by("start_month", "pk")
        ]


def benefits(office: Office) -> list[tuple[dt.date, dt.date, dt.date | None, str]]:
    """(first month of the right, from, to, amount)."""
    with office.as_("clerk"):
        rows = Offset.objects.select_related("entitlement").order_by(
            "entitlement__start_month", "start_month"
        )
        return [(o.entitlement.start_month, o.start_month, o.end_month, str(o.amount)) for o in rows]


def asked_back(office: Office) -> dict[dt.date, str]:
    with system_scope(reason="test", log=False):
        return {row.month: str(row.amount) for row in Recovery._base_manager.order_by("month")}


@pytest.fixture
def twice(office: Office) -> Entitlement:
    """Paid from July; other terms from August and again from September; paid to October. The right of today."""
    right = office.confirmed(office.child("own"), JULY)
    for month in (JULY, AUGUST, SEPTEMBER):
        office.pay(month)
    last = moved(office, moved(office, right, AUGUST), SEPTEMBER, "scattered")
    office.pay(OCTOBER)
    with office.as_("clerk"):
        assert Entitlement.objects.count() == 3
    return last


# --- Ends -------------------------------------------------------------------------------------------------------------


def test_a_death_before_the_last_changes_asks_back_every_month_after_it(
    office: Office, twice: Entitlement
) -> None:
    ended(office, twice, JULY)
    assert rights(office) == [(start, JULY, "death") for start in (JULY, AUGUST, SEPTEMBER)]
    assert office.lines(office.prepare(NOVEMBER)) == []
    assert asked_back(office) == {AUGUST: "2000.00", SEPTEMBER: "1550.00", OCTOBER: "1550.00"}
    with office.as_("clerk"):
        written = TransitionRecord.objects.filter(name="shorten").values_list("reason", flat=True)
        assert set(written) == {
            "2026-08–2026-08 → 2026-07 · 属实", "2026-07–2026-07 → 2026-07 · 属实",
        }  # fmt: skip


def test_an_end_after_the_last_change_leaves_the_rights_before_alone(
    office: Office, twice: Entitlement
) -> None:
    ended(office, twice, SEPTEMBER, "adopted")
    assert rights(office) == [
        (JULY, JULY, "terms_changed"), (AUGUST, AUGUST, "terms_changed"), (SEPTEMBER, SEPTEMBER, "adopted"),
    ]  # fmt: skip
    office.prepare(NOVEMBER)
    assert asked_back(office) == {OCTOBER: "1550.00"}


def test_entered_in_error_was_never_due_on_any_terms(office: Office, twice: Entitlement) -> None:
    with office.as_("clerk"):
        assert last_month_of(twice, twice.child, "entered_in_error", AT.date())[0] == JUNE
    ended(office, twice, None, "entered_in_error")
    assert {end for _start, end, _reason in rights(office)} == {JUNE}
    office.prepare(NOVEMBER)
    assert list(asked_back(office)) == [JULY, AUGUST, SEPTEMBER, OCTOBER]


def test_what_follows_ends_with_the_true_month(office: Office, twice: Entitlement) -> None:
    care, _made = Scheme.objects.get_or_create(code="care", defaults={"clause": "潼南"})
    Rate.objects.create(
        scheme=care, region_id=COUNTY, placement="scattered", amount=Decimal("200.00"), valid_from=dt.date(2025, 1, 1), source="x"
    )  # fmt: skip
    (follower,) = following.followers(COUNTY, dt.date(2026, 9, 22))
    with office.as_("clerk") as actor:
        following.propose(actor=actor, at=moment(5, 22), follower=follower)
    with office.as_("approver") as actor:
        following.confirm(actor=actor, at=moment(5, 22), follower=follower)
    with system_scope(reason="test", log=False):
        Entitlement._base_manager.filter(scheme=care).update(start_month=JULY)
    ended(office, twice, JULY)
    with office.as_("clerk"):
        found = Entitlement.objects.get(scheme=care)
        assert (found.end_month, found.end_reason) == (JULY, "death")


@pytest.mark.parametrize("last", [JUNE, JULY, AUGUST, SEPTEMBER])
def test_the_report_counts_one_who_left_whatever_the_terms(
    office: Office, twice: Entitlement, last: dt.date
) -> None:
    ended(office, twice, last, "entered_in_error" if last == JUNE else "death")
    closing = 0
    for number in range(7, 12):
        with office.as_("clerk"):
            place = office.region()
            period = period_of(place.lo, place.hi, dt.date(2026, number, 1))
            rows = ENTITLED.base(period)
            found = {
                measure.code: rows.filter(measure.condition(period)).count() for measure in ENTITLED.measures
            }
        assert found["opening"] == closing
        assert found["opening"] + found["new"] - found["left"] == found["closing"]
        closing = found["closing"]
    assert closing == 0


# --- Benefits -----------------------------------------------------------------------------------------------------------


def test_a_benefit_before_the_changes_of_terms_is_set_off_in_every_month(
    office: Office, twice: Entitlement
) -> None:
    set_off(office, twice, JULY)
    assert benefits(office) == [
        (JULY, JULY, JULY, "300.00"), (AUGUST, AUGUST, AUGUST, "300.00"), (SEPTEMBER, SEPTEMBER, None, "300.00"),
    ]  # fmt: skip
    november = office.prepare(NOVEMBER)
    assert asked_back(office) == dict.fromkeys((JULY, AUGUST, SEPTEMBER, OCTOBER), "300.00")
    assert [str(line.amount) for line in office.lines(november)] == ["1250.00"]


def test_the_same_again_changes_nothing_and_another_amount_goes_on_from_its_month(
    office: Office, twice: Entitlement
) -> None:
    first = set_off(office, twice, JULY)
    assert set_off(office, twice, JULY).pk == first.pk
    set_off(office, twice, AUGUST, "350.00")
    assert benefits(office) == [
        (JULY, JULY, JULY, "300.00"), (AUGUST, AUGUST, AUGUST, "350.00"), (SEPTEMBER, SEPTEMBER, None, "350.00"),
    ]  # fmt: skip
    with pytest.raises(TransitionRefused, match="already set off from 2026-07"):
        set_off(office, twice, JULY, "310.00")


@pytest.mark.parametrize(
    ("last", "left"),
    [
        (JULY, [(JULY, JULY, JULY)]), (JUNE, []), (AUGUST, [(JULY, JULY, JULY), (AUGUST, AUGUST, AUGUST)]),
        (OCTOBER, [(JULY, JULY, JULY), (AUGUST, AUGUST, AUGUST), (SEPTEMBER, SEPTEMBER, OCTOBER)]),
    ],
)  # fmt: skip
def test_a_benefit_that_ended_before_the_changes_of_terms(
    office: Office, twice: Entitlement, last: dt.date, left: list[tuple[dt.date, ...]]
) -> None:
    set_off(office, twice, JULY)
    with office.as_("clerk"):
        now = Offset.objects.get(entitlement=twice)
    stop(office, now, last)
    assert [row[:3] for row in benefits(office)] == left


def test_a_benefit_that_was_handed_over_ends_as_one(office: Office) -> None:
    right = office.confirmed(office.child("own"), JULY)
    set_off(office, right, JULY)
    successor = moved(office, right, SEPTEMBER)
    with office.as_("clerk"):
        now = Offset.objects.get(entitlement=successor)
    stop(office, now, JULY)
    assert benefits(office) == [(JULY, JULY, JULY, "300.00")]


def test_a_benefit_of_a_right_that_has_ended_is_set_off_up_to_its_last_month(office: Office) -> None:
    right = office.confirmed(office.child("own"), SEPTEMBER)
    office.pay(SEPTEMBER)
    office.pay(OCTOBER)
    ended(office, right, OCTOBER, "adopted")
    set_off(office, right, SEPTEMBER)
    assert benefits(office) == [(SEPTEMBER, SEPTEMBER, OCTOBER, "300.00")]
    office.prepare(NOVEMBER)
    assert asked_back(office) == {SEPTEMBER: "300.00", OCTOBER: "300.00"}
    # It was less from October on; and none at all.
    set_off(office, right, OCTOBER, "200.00")
    assert [row[1:] for row in benefits(office)] == [
        (SEPTEMBER, SEPTEMBER, "300.00"),
        (OCTOBER, OCTOBER, "200.00"),
    ]
    with office.as_("clerk"):
        rows = list(Offset.objects.order_by("start_month"))
    for row in rows:
        stop(office, row, AUGUST)
    assert benefits(office) == []
    with pytest.raises(
        TransitionRefused, match="outside this entitlement, which runs from 2026-09 to 2026-10"
    ):
        set_off(office, right, NOVEMBER)


def test_an_earlier_right_that_ended_and_one_that_began_anew(office: Office) -> None:
    child = office.child("own")
    old = office.entitle(child, JULY, state="ended", end_month=JULY, end_reason="adopted")
    new = office.entitle(child, SEPTEMBER)
    office.offset(old, "100.00", JULY)
    # The one of the old right ended with it: nothing of it is in the way.
    set_off(office, new, OCTOBER)
    assert benefits(office) == [(JULY, JULY, None, "100.00"), (SEPTEMBER, OCTOBER, None, "300.00")]
    with pytest.raises(TransitionRefused, match="outside"):
        set_off(office, new, AUGUST, end_month=AUGUST)


def test_the_pages_of_a_right_that_has_ended(office: Office, twice: Entitlement) -> None:
    ended(office, twice, OCTOBER, "adopted")
    client = office.cast.client("clerk", headers={"accept-language": "en"})
    url = reverse("subsidies:offset_add", args=[twice.pk])
    assert url in client.get(reverse("subsidies:entitlement", args=[twice.pk])).content.decode()
    answer = client.post(
        url,
        {"kind": "dibao", "amount": "300.00", "start_month": "2026-08", "end_month": "", "source": "名单"},
    )
    assert answer.status_code == 302, answer.content.decode()
    assert benefits(office) == [
        (AUGUST, AUGUST, AUGUST, "300.00"), (SEPTEMBER, SEPTEMBER, OCTOBER, "300.00"),
    ]  # fmt: skip
    with office.as_("clerk"):
        last = Offset.objects.get(entitlement=twice)
    shown = client.get(reverse("subsidies:entitlement", args=[twice.pk])).content.decode()
    assert reverse("subsidies:offset_end", args=[last.pk]) in shown
    # Under other terms since: it is done on the page of the right of today.
    earlier = client.get(reverse("subsidies:entitlement", args=[twice.continues_id])).content.decode()
    assert reverse("subsidies:offset_add", args=[twice.continues_id]) not in earlier


# --- Property ---------------------------------------------------------------------------------------------------------

MONTHS = st.integers(1, 9).map(lambda number: dt.date(2026, number, 1))
ACTS = st.one_of(
    st.tuples(st.just("move"), MONTHS),
    st.tuples(st.just("add"), MONTHS, st.sampled_from([100, 200, 300])),
    st.tuples(st.just("stop"), MONTHS, st.integers(0, 9)),
    st.tuples(st.just("end"), MONTHS),
)


def by_month(right: Entitlement) -> dict[dt.date, Decimal]:
    """What is set off in each month that the child is entitled to."""
    found: dict[dt.date, Decimal] = {}
    for row in Entitlement.objects.filter(child_id=right.child_id):
        offsets = list(row.offsets.all())
        for number in range(1, 13):
            month = dt.date(2026, number, 1)
            if row.start_month <= month and (row.end_month is None or month <= row.end_month):
                held = [
                    o.amount
                    for o in offsets
                    if o.start_month <= month and (o.end_month is None or month <= o.end_month)
                ]
                assert len(held) <= 1
                assert month not in found
                found[month] = sum(held, Decimal(0))
    return found


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(ACTS, min_size=3, max_size=9))
def test_a_benefit_is_set_off_in_its_months_on_whatever_terms(
    office: Office, acts: list[tuple[Any, ...]]
) -> None:
    with transaction.atomic():
        right = office.entitle(office.child("own"), dt.date(2026, 2, 1))
        for name, month, *given_ in acts:
            with office.as_("clerk"):
                before = by_month(right)
                right.refresh_from_db()
            expected = dict(before)
            try:
                if name == "move":
                    right = moved(
                        office, right, month, "institution" if right.placement == "scattered" else "scattered"
                    )
                elif name == "add":
                    set_off(office, right, month, f"{given_[0]}.00")
                    expected |= {of: Decimal(given_[0]) for of in before if of >= month}
                elif name == "stop":
                    with office.as_("clerk"):
                        rows = list(Offset.objects.filter(entitlement__child=right.child_id).order_by("pk"))
                        rights_ = chains.lock_all(right)
                    if not rows:
                        continue
                    row = rows[given_[0] % len(rows)]
                    with office.as_("clerk"):
                        (span,) = [
                            s for s in chains.spans(rights_, "dibao") if row.pk in {o.pk for o in s.rows}
                        ]
                    if span.last is not None and month > span.last:
                        continue  # nothing is made longer
                    stop(office, row, month)
                    expected |= {
                        of: Decimal(0) for of in before
                        if of > month and of >= span.start and (span.last is None or of <= span.last)
                    }  # fmt: skip
                else:
                    ended(office, right, month)
                    expected = {of: yuan for of, yuan in before.items() if of <= month}
            except TransitionRefused:
                continue
            with office.as_("clerk"):
                assert by_month(right) == expected, (name, month)
        transaction.set_rollback(True)
