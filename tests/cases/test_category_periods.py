"""Periods of the primary category: kept by the database, whoever writes and however; never two on one day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cases import register
from cases.categories import changes as category_changes
from cases.enums import DETAILS, CategoryDetail, PrimaryCategory
from cases.models import CategoryPeriod, Child, ChildAttribute
from cases.refusals import RegisterRefused
from staff.scope import narrow, open_scope, system_scope
from tests.cast import OTHER_VILLAGE, START, VILLAGE, Cast, make_child

D = dt.date
AT = dt.datetime(2026, 10, 20, 2, 0, tzinfo=dt.UTC)
TODAY = D(2026, 10, 20)


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: AT)


@pytest.fixture
def office(cast: Cast) -> Iterator[Cast]:
    """The supervisor's desk is open."""
    with open_scope(cast.scope("supervisor")):
        yield cast


def periods(child: Child) -> list[tuple[str, str, dt.date, dt.date | None]]:
    found = CategoryPeriod.objects.filter(child=child).order_by("start_date")
    return [(p.category, p.detail, p.start_date, p.end_date) for p in found]


def change(child: Child, category: str, since: dt.date, **more: str) -> None:
    category_changes.set_category(
        child, category, since=since, at=AT, reason=more.pop("reason", "核实"), **more
    )


def test_a_new_child_opens_a_period_with_who_and_why(office: Cast) -> None:
    narrow(reason="入户摸排")
    child = make_child(VILLAGE, "甲", primary_category="orphan", category_detail="both_dead")
    (period,) = CategoryPeriod.objects.filter(child=child)
    assert periods(child) == [("orphan", "both_dead", START, None)]
    assert (period.reason, period.user_id, period.region_id) == (
        "入户摸排",
        office.users["supervisor"].pk,
        VILLAGE,
    )


def test_the_first_period_covers_the_day_of_registration(office: Cast) -> None:
    late = make_child(VILLAGE, "乙", category_since=D(2026, 3, 1))
    early = make_child(VILLAGE, "丙", category_since=D(2024, 3, 1))
    assert [periods(child)[0][2] for child in (late, early)] == [START, D(2024, 3, 1)]


def test_bulk_insert(office: Cast) -> None:
    model = office.children["own"]
    made = Child.objects.bulk_create(
        Child(
            number=f"B{n}", name=f"批{n}", birth_date=D(2018, 1, 1), sex="male", region_id=VILLAGE,
            primary_category=category, registered_date=D(2026, 2, n + 1), risk="green", household=model.household,
        )
        for n, category in enumerate(("dibao", "orphan", "street_child"))
    )  # fmt: skip
    assert [periods(child) for child in made] == [
        [("dibao", "", D(2026, 2, 1), None)],
        [("orphan", "", D(2026, 2, 2), None)],
        [("street_child", "", D(2026, 2, 3), None)],
    ]


def test_a_change_ends_one_period_and_opens_the_next(office: Cast) -> None:
    child = office.children["own"]
    change(child, "orphan", D(2026, 6, 1), detail="both_dead", reason="母亲病故")
    assert periods(child) == [
        ("de_facto_unattended", "", START, D(2026, 5, 31)),
        ("orphan", "both_dead", D(2026, 6, 1), None),
    ]
    last = CategoryPeriod.objects.get(child=child, end_date__isnull=True)
    assert (last.reason, last.user_id) == ("母亲病故", office.users["supervisor"].pk)


def test_a_back_dated_change_replaces_what_was_recorded_since(office: Cast) -> None:
    child = office.children["own"]
    change(child, "dibao", D(2026, 4, 1))
    change(child, "orphan", D(2026, 8, 1))
    change(child, "severe_illness", D(2026, 3, 1))
    assert periods(child) == [
        ("de_facto_unattended", "", START, D(2026, 2, 28)),
        ("severe_illness", "", D(2026, 3, 1), None),
    ]


def test_a_change_from_before_the_registration_leaves_one_period(office: Cast) -> None:
    child = office.children["own"]
    change(child, "orphan", D(2025, 5, 1))
    assert periods(child) == [("orphan", "", D(2025, 5, 1), None)]


def test_two_changes_on_one_day_the_later_stands(office: Cast) -> None:
    child = office.children["own"]
    change(child, "dibao", D(2026, 6, 1))
    change(child, "orphan", D(2026, 6, 1))
    assert periods(child) == [
        ("de_facto_unattended", "", START, D(2026, 5, 31)),
        ("orphan", "", D(2026, 6, 1), None),
    ]
    change(child, "tekun", START)
    assert periods(child) == [("tekun", "", START, None)]


def test_only_the_sub_type(office: Cast) -> None:
    child = office.children["own"]
    change(child, "de_facto_unattended", D(2026, 6, 1), detail="both_unable")
    assert periods(child) == [
        ("de_facto_unattended", "", START, D(2026, 5, 31)),
        ("de_facto_unattended", "both_unable", D(2026, 6, 1), None),
    ]
    # The attribute goes on: only the sub-type has changed.
    assert not ChildAttribute.objects.filter(child=child, end_date__isnull=False).exists()
    with pytest.raises(RegisterRefused):
        change(child, "de_facto_unattended", D(2026, 7, 1), detail="both_unable")


def test_a_sub_type_belongs_to_its_category(office: Cast) -> None:
    child = office.children["own"]
    for category in PrimaryCategory:
        for detail in CategoryDetail:
            if detail in DETAILS.get(category, ()):
                continue
            with pytest.raises(ValidationError) as refused:
                category_changes.check_detail(category, detail)
            assert "detail" in refused.value.message_dict
    with pytest.raises(ValidationError):
        change(child, "orphan", TODAY, detail="both_unable")
    assert len(periods(child)) == 1


def test_other_changes_write_no_period(office: Cast) -> None:
    child = office.children["own"]
    before = list(CategoryPeriod.objects.filter(child=child).values())
    Child.objects.filter(pk=child.pk).update(risk="red", next_visit_date=TODAY)
    register.change_child(child, {"address": "新地址"}, at=AT)
    assert list(CategoryPeriod.objects.filter(child=child).values()) == before


def test_raw_sql_and_bulk_update_are_kept_too(office: Cast) -> None:
    own, neighbour = office.children["own"], office.children["neighbour"]
    narrow(reason="批量更正")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE cases_child SET primary_category = 'dibao', category_since = '2026-09-01' WHERE region_code / 1000 = %s",
            [VILLAGE // 1000],
        )
    for child in (own, neighbour):
        assert periods(child) == [
            ("de_facto_unattended", "", START, D(2026, 8, 31)),
            ("dibao", "", D(2026, 9, 1), None),
        ]
    assert set(CategoryPeriod.objects.filter(category="dibao").values_list("reason", flat=True)) == {
        "批量更正"
    }
    Child.objects.filter(pk__in=[own.pk, neighbour.pk]).update(
        primary_category="orphan", category_since=D(2026, 10, 1)
    )
    assert [len(periods(child)) for child in (own, neighbour)] == [3, 3]


def test_an_earlier_registration_stretches_the_first_period(office: Cast) -> None:
    child = office.children["own"]
    change(child, "orphan", D(2026, 6, 1))
    Child.objects.filter(pk=child.pk).update(registered_date=D(2025, 9, 1))
    assert periods(child)[0] == ("de_facto_unattended", "", D(2025, 9, 1), D(2026, 5, 31))
    assert len(periods(child)) == 2


def test_two_periods_on_one_day_are_impossible(office: Cast) -> None:
    child = office.children["own"]
    for start, end in ((TODAY, None), (D(2025, 1, 1), START), (START, START)):
        with pytest.raises(IntegrityError), transaction.atomic():
            CategoryPeriod.objects.create(
                child=child,
                region_id=VILLAGE,
                category="dibao",
                start_date=start,
                end_date=end,
                decided_at=AT,
            )
    CategoryPeriod.objects.create(
        child=child, region_id=VILLAGE, category="dibao", start_date=D(2025, 1, 1),
        end_date=START - dt.timedelta(days=1), decided_at=AT,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("member", "seen"),
    [
        ("director", {"own"}),
        ("supervisor", {"own", "neighbour"}),
        ("clerk", {"own", "neighbour", "township"}),
        ("stranger", {"strange"}),
        ("viewer", set()),
        ("auditor", set()),
        ("nobody", set()),
    ],
)
def test_periods_follow_the_row_scope(cast: Cast, member: str, seen: set[str]) -> None:
    with open_scope(cast.scope(member)), connection.cursor() as cursor:
        # Raw SQL: the policy of the table, not the manager's filter.
        cursor.execute("SELECT child_id FROM cases_categoryperiod")
        assert {row[0] for row in cursor.fetchall()} == {cast.children[name].pk for name in seen}


def test_another_county_changes_nothing_here(cast: Cast) -> None:
    child = cast.children["own"]
    with open_scope(cast.scope("stranger")), connection.cursor() as cursor:
        cursor.execute("UPDATE cases_child SET primary_category = 'orphan' WHERE id = %s", [child.pk])
        assert cursor.rowcount == 0
        cursor.execute("DELETE FROM cases_categoryperiod WHERE child_id = %s", [child.pk])
        assert cursor.rowcount == 0
    with system_scope(reason="test", log=False):
        assert len(periods(child)) == 1


def test_adding_a_child_with_a_sub_type(office: Cast) -> None:
    data = register.ChildData(
        name="钱多多",
        birth_date=D(2019, 3, 3),
        sex="male",
        primary_category="tekun",
        category_detail="supported_at_home",
    )
    child = register.add_child(data, region_id=OTHER_VILLAGE, at=AT)
    assert periods(child) == [("tekun", "supported_at_home", TODAY, None)]


MOVES = st.lists(
    st.tuples(
        st.sampled_from(PrimaryCategory),
        st.dates(D(2025, 6, 1), TODAY),
        st.booleans(),
    ),
    max_size=7,
)


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(MOVES)
def test_every_day_has_exactly_one_category_whatever_happened(
    office: Cast, moves: list[tuple[PrimaryCategory, dt.date, bool]]
) -> None:
    with transaction.atomic():
        child = make_child(VILLAGE, "历", category_since=moves[0][1] if moves else None)
        model = dict.fromkeys(_days(), child.primary_category)
        for category, since, detailed in moves:
            detail = next(iter(DETAILS.get(category, ())), "") if detailed else ""
            Child.objects.filter(pk=child.pk).update(
                primary_category=category, category_detail=detail, category_since=since
            )
            model |= dict.fromkeys((day for day in _days() if day >= since), category.value)
        rows = periods(child)
        for day in _days():
            on = [row[0] for row in rows if row[2] <= day and (row[3] is None or day <= row[3])]
            if day >= START:
                assert on == [model[day]], (day, rows)
            assert len(on) <= 1
        transaction.set_rollback(True)


def _days() -> list[dt.date]:
    return [D(2025, 6, 1) + dt.timedelta(days=n) for n in range(0, (TODAY - D(2025, 6, 1)).days + 1, 3)]
