"""Leaving the register: what each reason demands, until when is paid, taking back, and the monthly balance."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from cases.defects import services as defects
from cases.enums import LeaveReason
from cases.leaving import services as leaving
from cases.models import Child, Defect, Leaving
from cases.refusals import AlreadyRegistered, RegisterRefused
from staff.models import Parameter
from staff.scope import open_scope, system_scope
from subsidies.models import Entitlement, Scheme, SchemeRule, SchoolProof
from subsidies.reports import measures as report_measures
from tests.cast import COUNTY, OTHER_VILLAGE, OWN_ID, START, VILLAGE, Cast, make_child

AT = dt.datetime(2026, 10, 20, 2, 0, tzinfo=dt.UTC)
TODAY = dt.date(2026, 10, 20)
D = dt.date
# Everything that any reason demands; each test takes one away.
ALL: dict[str, str] = {
    "reason": "说明",
    "document": "（2026）渝潼收字第12号",
    "cause": "溺水",
    "handling": "已火化",
    "destination": "重庆市合川区",
}


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: AT)


def leave(child: Child, code: str, **changes: Any) -> Child:
    values: dict[str, Any] = {"day": TODAY, "reason_code": code, "at": AT} | ALL | changes
    return leaving.leave_register(child, **values)


@pytest.fixture
def entitled(cast: Cast) -> Entitlement:
    with system_scope(reason="test", log=False):
        own = cast.children["own"]
        scheme = Scheme.objects.get_or_create(code="basic_living", defaults={"clause": "x"})[0]
        return Entitlement.objects.create(
            child=own,
            scheme=scheme,
            region_id=own.region_id,
            category=own.primary_category,
            placement=own.placement,
            start_month=D(2026, 2, 1),
            confirmed_at=AT,
        )


# --- What is demanded -------------------------------------------------------------------------------------------


def test_every_reason_of_nat_has_its_demands() -> None:
    assert set(leaving.DEMANDED) == set(LeaveReason)


@pytest.mark.parametrize(
    ("code", "field"),
    [
        ("01", "document"),
        ("02", "document"),
        ("03", "document"),
        ("04", "reason"),
        ("05", "reason"),
        ("06", "document"),
        ("06", "cause"),
        ("06", "handling"),
        ("07", "destination"),
        ("08", "reason"),
        ("99", "reason"),
    ],
)
def test_what_a_reason_demands_is_asked_at_its_field(cast: Cast, code: str, field: str) -> None:
    own = cast.children["own"]
    with open_scope(cast.scope("supervisor")):
        with pytest.raises(ValidationError) as caught:
            leave(own, code, **{field: "  "})
        assert set(caught.value.error_dict) == {field}
        assert Child.objects.get(pk=own.pk).left_date is None
        left = leave(own, code)
        kept = Leaving.objects.get(child=own)
        assert (left.left_date, left.left_reason) == (kept.day, kept.reason_code) == (TODAY, code)
        assert (kept.document, kept.cause, kept.left_by_id) == (
            ALL["document"],
            ALL["cause"],
            cast.users["supervisor"].pk,
        )


@pytest.mark.parametrize(("birth", "fine"), [(D(2010, 10, 20), True), (D(2010, 10, 21), False)])
def test_over_age_begins_at_16(cast: Cast, birth: dt.date, fine: bool) -> None:
    own = cast.children["own"]
    with open_scope(cast.scope("supervisor")):
        Child.objects.filter(pk=own.pk).update(birth_date=birth)
        own.refresh_from_db()
        if fine:
            assert leave(own, "09", **dict.fromkeys(ALL, "")).left_reason == "09"
        else:
            with pytest.raises(ValidationError):
                leave(own, "09")


@pytest.mark.parametrize("day", [TODAY + dt.timedelta(days=1), START - dt.timedelta(days=1)])
def test_the_day_lies_between_registration_and_today(cast: Cast, day: dt.date) -> None:
    with open_scope(cast.scope("supervisor")), pytest.raises(ValidationError) as caught:
        leave(cast.children["own"], "07", day=day)
    assert set(caught.value.error_dict) == {"day"}


def test_the_cause_of_death_is_not_readable_in_the_table(cast: Cast) -> None:
    from django.db import connection

    with open_scope(cast.scope("supervisor")):
        leave(cast.children["own"], "06")
        with connection.cursor() as cursor:
            cursor.execute("SELECT cause FROM cases_leaving")
            assert "溺水".encode() not in bytes(cursor.fetchone()[0])


# --- Until when is paid -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "day", "stop", "month"),
    [
        ("07", D(2026, 10, 20), None, D(2026, 10, 1)),  # national default: stops from the month after (定州)
        ("07", D(2026, 10, 1), None, D(2026, 10, 1)),
        ("04", D(2026, 10, 20), "same_month", D(2026, 9, 1)),  # 重庆: a parent found, from that month on
        ("08", D(2026, 10, 20), None, None),  # entered in error: no month was due
        ("99", D(2026, 1, 31), None, None),  # left before the first month of pay
    ],
)
def test_the_last_month_follows_the_countys_rule(
    cast: Cast, entitled: Entitlement, code: str, day: dt.date, stop: str | None, month: dt.date | None
) -> None:
    own = cast.children["own"]
    if stop:
        with system_scope(reason="test", log=False):
            Parameter.objects.create(
                region_id=COUNTY, key="stop_rule", value=stop, valid_from=START, source="x"
            )
    with open_scope(cast.scope("supervisor")):
        found = leaving.last_pay(own, day, LeaveReason(code))
        assert found is not None
        assert found.month == month
        leave(own, code, day=day)
        assert Leaving.objects.get(child=own).last_pay_month == month


def test_at_18_the_birthday_month_is_the_last(cast: Cast, entitled: Entitlement) -> None:
    own = cast.children["own"]
    with open_scope(cast.scope("supervisor")):
        own.birth_date = D(2008, 10, 5)
        assert leaving.last_pay(own, TODAY, LeaveReason.OVER_AGE).month == D(2026, 10, 1)  # type: ignore[union-attr]
        # Who moves away the month after the birthday is not paid for that month.
        assert leaving.last_pay(own, D(2026, 11, 3), LeaveReason.MOVED_AWAY).month == D(2026, 10, 1)  # type: ignore[union-attr]
        # What the file says of schooling is no proof; the county's rule and a proof of the term extend the right.
        own.enrolled_until = D(2027, 6, 30)
        assert leaving.last_pay(own, D(2026, 11, 3), LeaveReason.MOVED_AWAY).month == D(2026, 10, 1)  # type: ignore[union-attr]
    with system_scope(reason="test", log=False):
        SchemeRule.objects.create(
            scheme=entitled.scheme, region_id=COUNTY, valid_from=START, document="x", changes={"extension_stages": ["senior"]}
        )  # fmt: skip
        SchoolProof.objects.create(
            child=own, region_id=own.region_id, school_year=2026, term=1, school="一中", stage="senior", seen="学籍系统",
            user=cast.users["clerk"], at=AT,
        )  # fmt: skip
    with open_scope(cast.scope("supervisor")):
        assert leaving.last_pay(own, D(2026, 11, 3), LeaveReason.MOVED_AWAY).month == D(2026, 11, 1)  # type: ignore[union-attr]


def test_nothing_is_said_of_pay_when_nothing_is_paid(cast: Cast) -> None:
    with open_scope(cast.scope("supervisor")):
        assert leaving.last_pay(cast.children["own"], TODAY, LeaveReason.MOVED_AWAY) is None


# --- Taking back ------------------------------------------------------------------------------------------------


def test_a_leaving_entered_in_error_is_taken_back(cast: Cast) -> None:
    own = cast.children["own"]
    with open_scope(cast.scope("director")):
        Child.objects.filter(pk=own.pk).update(school_stage="primary", registration="none")
        defects.open_defects([own.pk], TODAY)
    due = own.next_visit_date
    with open_scope(cast.scope("supervisor")):
        leave(own, "07")
        assert list(Defect.objects.filter(child=own).values_list("state", flat=True)) == ["void"]
        with pytest.raises(ValidationError):
            leaving.return_to_register(own, reason=" ", at=AT)
        back = leaving.return_to_register(own, reason="选错了人", at=AT)
        assert (back.left_date, back.left_reason, back.next_visit_date) == (None, "", due)
        kept = Leaving.objects.get(child=own)
        assert (kept.reversed_by_id, kept.reversed_reason) == (cast.users["supervisor"].pk, "选错了人")
        # What it lacked is followed again, though nothing was exempt.
        assert list(Defect.objects.filter(child=own).order_by("pk").values_list("state", flat=True)) == [
            "void",
            "open",
        ]
        with pytest.raises(RegisterRefused):
            leaving.return_to_register(own, reason="再次", at=AT)
        leave(own, "05")
        assert Leaving.objects.filter(child=own).count() == 2


def test_a_number_taken_meanwhile_stays_with_its_child(cast: Cast) -> None:
    own = cast.children["own"]
    with open_scope(cast.scope("supervisor")):
        leave(own, "07")
    with system_scope(reason="test", log=False):
        twin = make_child(OTHER_VILLAGE, "林小满", id_number=OWN_ID)
    with open_scope(cast.scope("supervisor")):
        with pytest.raises(AlreadyRegistered) as caught:
            leaving.return_to_register(own, reason="误录", at=AT)
        assert caught.value.child == twin
    with open_scope(cast.scope("director")), pytest.raises(RegisterRefused):
        leaving.return_to_register(own, reason="误录", at=AT)


def test_a_number_taken_elsewhere_names_nobody(cast: Cast) -> None:
    own = cast.children["own"]
    with open_scope(cast.scope("supervisor")):
        leave(own, "07")
    with system_scope(reason="test", log=False):
        make_child(cast.children["strange"].region_id, "别处人", id_number=OWN_ID)
    with open_scope(cast.scope("supervisor")):
        with pytest.raises(AlreadyRegistered) as caught:
            leaving.return_to_register(own, reason="误录", at=AT)
        assert caught.value.child is None
        assert Child.objects.get(pk=own.pk).left_date == TODAY


# --- The monthly balance ------------------------------------------------------------------------------------------


def balance(month: dt.date) -> tuple[dict[str, int], dict[str, int]]:
    """Figures of the month's register family, and those who left by reason."""
    rows = report_measures.figures(report_measures.period_of(COUNTY, COUNTY + 999_999, month))["register"]
    by_reason: dict[str, int] = {}
    for row in rows:
        if row["left"]:
            by_reason[row["left_reason"]] = by_reason.get(row["left_reason"], 0) + row["left"]
    return {name: sum(row[name] for row in rows) for name in ("opening", "new", "left", "closing")}, by_reason


def test_opening_and_new_without_those_who_left_are_the_closing_count(cast: Cast) -> None:
    with system_scope(reason="test", log=False):
        made = [make_child(VILLAGE, f"童{n}", registered_date=D(2026, 9 + n % 2, 3)) for n in range(8)]
    with open_scope(cast.scope("supervisor")):
        for child, code in zip(made, ("01", "06", "06", "07"), strict=False):
            leave(child, code)
        found, reasons = balance(D(2026, 10, 1))
        # Two of the cast in this township and the four of September; four of October; four left.
        assert found == {"opening": 6, "new": 4, "left": 4, "closing": 6}
        assert reasons == {"01": 1, "06": 2, "07": 1}
        leaving.return_to_register(made[3], reason="误录", at=AT)
        found, reasons = balance(D(2026, 10, 1))
        assert found == {"opening": 6, "new": 4, "left": 3, "closing": 7}
        assert reasons == {"01": 1, "06": 2}
        assert found["opening"] + found["new"] - found["left"] == found["closing"]
        assert balance(D(2026, 11, 1))[0] == {"opening": 7, "new": 0, "left": 0, "closing": 7}


# --- Pages --------------------------------------------------------------------------------------------------------


def test_the_page_asks_what_the_reason_demands_and_tells_the_last_month(
    cast: Cast, entitled: Entitlement
) -> None:
    own, client = cast.children["own"], cast.client("supervisor")
    url = reverse("cases:child_leave", args=[own.pk])
    whole = client.get(url).content.decode()
    assert all(f'name="{name}"' in whole for name in ("document", "cause", "handling", "destination"))
    part = client.get(url, {"reason_code": "07", "day": "2026-10-20"}, headers={"HX-Request": "true"})
    text = part.content.decode()
    assert "<html" not in text
    assert 'name="destination"' in text
    assert 'name="cause"' not in text
    assert "2026-10" in text
    died = client.get(url, {"reason_code": "06"}, headers={"HX-Request": "true"}).content.decode()
    assert 'name="cause"' in died
    assert 'name="destination"' not in died
    assert client.get(url, {"reason_code": "xx", "day": "2026-13-45"}).status_code == 200
    refused = client.post(url, {"day": "2026-10-20", "reason_code": "06", "document": "1"}).content.decode()
    assert 'name="cause"' in refused
    assert 'name="handling"' in refused
    assert refused.count("cw-error") >= 2
    done = client.post(url, {"day": "2026-10-20", "reason_code": "06"} | ALL)
    assert done.status_code == 302
    page = client.get(reverse("cases:child", args=[own.pk])).content.decode()
    assert ALL["document"] in page
    assert "溺水" not in page  # masked until a reason is given
    assert reverse("cases:child_return", args=[own.pk]) in page
    back = client.post(reverse("cases:child_return", args=[own.pk]), {"reason": "误录"})
    assert back.status_code == 302
    with open_scope(cast.scope("supervisor")):
        assert Child.objects.get(pk=own.pk).left_date is None
