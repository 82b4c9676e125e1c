"""The monthly report: figures equal their lists, the equation holds, a locked month stays the same to the byte."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from cases.models import Case, Child, ChildAttribute, Visit
from staff.models import AccessLog, Region
from staff.scope import open_scope, system_scope
from staff.workflow import Actor, TransitionRefused
from subsidies.models import Entitlement, MonthlyReport, Payment, PaymentBatch, Scheme, TemporaryRelief
from subsidies.reports import measures as report_measures
from subsidies.reports import published as report_published
from subsidies.reports import services as reports
from subsidies.reports.public_tables import HIDDEN
from subsidies.reports.xlsx import missing_words, render
from tests.cast import COUNTY, FAR_VILLAGE, OTHER_VILLAGE, TOWNSHIP, VILLAGE, Cast, make_child

MONTH = dt.date(2026, 9, 1)
LOCKED_AT = dt.datetime(2026, 10, 8, 10, tzinfo=dt.UTC)


def moment(day: int, month: int = 9) -> dt.datetime:
    return timezone.make_aware(dt.datetime(2026, month, day, 10))  # noqa: DTZ001


@pytest.fixture
def world(cast: Cast) -> Cast:
    """Besides the cast (registered in January): one child new in September, one who left, entitlements, a batch, visits, a case."""
    with system_scope(reason="test", log=False):
        scheme = Scheme.objects.create(code="basic_living", clause="test")
        new = make_child(VILLAGE, "九月新", registered_date=dt.date(2026, 9, 10), primary_category="orphan")
        gone = make_child(FAR_VILLAGE, "九月走", left_date=dt.date(2026, 9, 20), left_reason="07")
        old = cast.children["own"]
        batch = PaymentBatch.objects.create(
            region_id=COUNTY,
            scheme=scheme,
            month=MONTH,
            number="PB-202609-01",
            prepared_by=cast.users["clerk"],
            prepared_at=moment(19),
        )

        def entitle(child: Child, start: dt.date, end: dt.date | None = None, **more: Any) -> Entitlement:
            return Entitlement.objects.create(
                child=child, scheme=scheme, region_id=child.region_id, category=child.primary_category, placement="scattered",
                start_month=start, end_month=end, confirmed_at=moment(1, 2), **more,
            )  # fmt: skip

        def pay(line: int, entitlement: Entitlement, amount: str, **more: Any) -> None:
            values = {"state": "paid", "paid_date": dt.date(2026, 9, 25), "month": MONTH} | more
            Payment.objects.create(
                batch=batch, entitlement=entitlement, child=entitlement.child, region_id=entitlement.region_id, scheme=scheme, line=line,
                standard=Decimal("1550"), amount=Decimal(amount),
                from_county=Decimal(amount), child_name=entitlement.child.name, category=entitlement.category,
                placement="scattered", payee_name="林桂芳", payee_relation="grandmother", bank_name="农商行", **values,
            )  # fmt: skip

        first = entitle(old, dt.date(2026, 3, 1))
        second = entitle(new, MONTH)
        entitle(gone, dt.date(2026, 2, 1), dt.date(2026, 8, 1), state="ended", end_reason="moved_away")
        pay(1, first, "1230.00")
        pay(2, second, "1550.00", state="failed", fail_reason="name_differs", paid_date=None)
        pay(3, first, "320.00", kind="arrears", sequence=1, month=dt.date(2026, 8, 1))
        for child, day in ((old, 3), (old, 20), (new, 21)):
            Visit.objects.create(
                child=child, region_id=child.region_id, kind="door", visited_at=moment(day), risk_before="yellow", risk="yellow",
                state="approved", conducted_by=cast.users["director"], submitted_at=moment(day),
            )  # fmt: skip
        Case.objects.create(
            child=old,
            region_id=old.region_id,
            title="临时照料",
            level="red",
            opened_by=cast.users["supervisor"],
            opened_at=moment(5),
        )
    return cast


def test_minors_inside_other_schemes_are_counted(world: Cast) -> None:
    """O-46: tekun, dibao in town and country, temporary relief by person-times."""
    with system_scope(reason="test", log=False):
        own, gone = world.children["own"], world.children["township"]
        rural = Region.objects.create(
            code=TOWNSHIP + 200, name="第一村村民委员会", level="village", parent_id=TOWNSHIP
        )
        make_child(rural.code, "村童", primary_category="dibao", registered_date=dt.date(2026, 3, 1))
        make_child(VILLAGE, "特困童", primary_category="tekun", registered_date=dt.date(2026, 3, 1))
        ChildAttribute.objects.create(
            child=own, region_id=own.region_id, kind="dibao", start_date=dt.date(2026, 5, 1)
        )
        ChildAttribute.objects.create(
            child=gone,
            region_id=gone.region_id,
            kind="tekun",
            start_date=dt.date(2026, 2, 1),
            end_date=dt.date(2026, 8, 31),
        )
        TemporaryRelief.objects.create(
            region_id=TOWNSHIP, child_name="过路人", people=3, situation="x", route="county", form="money",
            amount=Decimal("2000.00"), state="given", asked_by=world.users["supervisor"], asked_at=moment(2),
            decided_by=world.users["clerk"], decided_at=moment(3), given_date=dt.date(2026, 9, 5),
        )  # fmt: skip
    figures = computed(world)
    assert [reports.total(figures, "register", m) for m in ("tekun", "dibao_urban", "dibao_rural")] == [
        1,
        1,
        1,
    ]
    assert [reports.total(figures, "relief", m) for m in ("times", "person_times", "yuan")] == [
        1,
        3,
        Decimal("2000.00"),
    ]
    with open_scope(world.scope("clerk")):
        period = report_measures.period_of(COUNTY, COUNTY + 999_999, MONTH)
        for measure, name in (("tekun", "特困童"), ("dibao_urban", "林小满"), ("dibao_rural", "村童")):
            assert [child.name for child in report_measures.rows(period, "register", measure)] == [name]
    page = world.client("clerk").get(
        reverse("subsidies:report_rows") + "?month=2026-09&family=relief&measure=person_times"
    )
    assert "过路人" in page.content.decode()


def county() -> Region:
    return Region.objects.get(code=COUNTY)


def computed(world: Cast) -> dict[str, Any]:
    with open_scope(world.scope("clerk")):
        return reports.compute(county(), MONTH)


def test_the_figures(world: Cast) -> None:
    figures = computed(world)
    assert {m: reports.total(figures, "register", m) for m in reports.COUNTS} == {
        "opening": 4,
        "new": 1,
        "left": 1,
        "closing": 4,
    }
    assert {m: reports.total(figures, "entitled", m) for m in reports.COUNTS} == {
        "opening": 2,
        "new": 1,
        "left": 1,
        "closing": 2,
    }
    money = {
        m: reports.total(figures, "money", m)
        for m in (
            *("due_people", "due_times", "people", "times", "due", "paid", "arrears", "failed"),
            *("county", "central"),
        )
    }
    assert money == {
        "due_people": 2, "due_times": 2, "people": 1, "times": 2, "due": Decimal("2780.00"),
        "paid": Decimal("1550.00"), "arrears": Decimal("320.00"), "failed": 1, "county": Decimal("1550.00"),
        "central": Decimal("0.00"),
    }  # fmt: skip
    assert (reports.total(figures, "visits", "done"), reports.total(figures, "visits", "covered")) == (3, 2)
    # Yellow is visited every 15 days, twice a month: five children were on the register at some time of it.
    assert reports.total(figures, "register", "visits_due") == 10
    assert reports.breakdown(figures, "register", "left", "left_reason") == {"07": 1}
    assert reports.breakdown(figures, "entitled", "left", "end_reason") == {"moved_away": 1}
    assert reports.total(figures, "cases", "open", level="red") == 1


def test_every_check_passes_and_a_wrong_row_fails_it(world: Cast) -> None:
    figures = computed(world)
    assert all(check["ok"] for check in reports.checks(figures, None))
    figures["entitled"][0]["closing"] += 1
    assert {c["code"] for c in reports.checks(figures, None) if not c["ok"]} == {"entitled_adds_up"}


def test_a_township_sees_its_own_part(world: Cast) -> None:
    with open_scope(world.scope("supervisor")):
        figures = reports.compute(Region.objects.get(code=VILLAGE // 1000 * 1000), MONTH)
    assert reports.total(figures, "register", "closing") == 3


def test_every_figure_equals_the_length_of_its_list(world: Cast) -> None:
    figures = computed(world)
    with open_scope(world.scope("clerk")):
        period = report_measures.period_of(COUNTY, COUNTY + 999_999, MONTH)
        for family in report_measures.FAMILIES.values():
            for measure in family.measures:
                for row in figures[family.code]:
                    listed = report_measures.rows(
                        period, family.code, measure.code, **{k: row[k] for k in ("township", *family.split)}
                    )
                    if measure.unit == report_measures.YUAN:
                        yuan = sum((getattr(p, measure.column) for p in listed), Decimal(0))
                        assert yuan == Decimal(row[measure.code]), (family.code, measure.code, row)
                    elif measure.code in {"due_people", "people", "covered"}:
                        assert len({r.child_id for r in listed}) == row[measure.code]
                    elif measure.code not in {"visits_due", "person_times"}:
                        assert listed.count() == row[measure.code], (family.code, measure.code, row)


def test_locking_freezes_figures_and_bytes(world: Cast) -> None:
    with open_scope(world.scope("clerk")):
        report = reports.lock(actor=Actor.current(), at=LOCKED_AT, region=county(), month=MONTH)
        first, _name, locked = reports.workbook(county(), MONTH)
        assert locked
    with system_scope(reason="test", log=False):
        make_child(OTHER_VILLAGE, "补登", registered_date=dt.date(2026, 9, 2))
    with open_scope(world.scope("clerk")):
        again, _name, _locked = reports.workbook(county(), MONTH)
        assert again == first
        assert render(MonthlyReport.objects.get(pk=report.pk).figures) == first
        with pytest.raises(TransitionRefused):
            reports.lock(actor=Actor.current(), at=LOCKED_AT, region=county(), month=MONTH)


def test_a_month_that_is_not_over_is_not_locked(world: Cast) -> None:
    with open_scope(world.scope("clerk")), pytest.raises(TransitionRefused):
        reports.lock(actor=Actor.current(), at=moment(29), region=county(), month=MONTH)


def test_the_workbook_adds_up(world: Cast, tmp_path: Path) -> None:
    path = tmp_path / "月报.xlsx"
    path.write_bytes(render(computed(world)))
    sheet = load_workbook(path)["各镇汇总"]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=4)]
    assert rows[-1][0] == "合计"
    for column in range(1, 5):
        assert sum(row[column] for row in rows[:-1]) == rows[-1][column]
    assert rows[-1][1] + rows[-1][2] - rows[-1][3] == rows[-1][4]


def test_every_code_has_a_word_in_the_workbook() -> None:
    assert missing_words() == set()


def test_the_command_prints_one_object_and_writes_the_file(world: Cast, tmp_path: Path) -> None:
    out, target = StringIO(), tmp_path / "r.xlsx"
    call_command("monthly_report", period="2026-09", region=str(COUNTY), out=target, stdout=out)
    answer = json.loads(out.getvalue())
    assert answer["entitled"] == {"opening": 2, "new": 1, "left": 1, "closing": 2}
    assert target.stat().st_size > 5000
    with pytest.raises(CommandError):
        call_command("monthly_report", period="September", region=str(COUNTY), out=target)
    with pytest.raises(CommandError):
        call_command("monthly_report", period="2026-09", region="999", out=target)


def test_the_viewer_sees_totals_only_once_locked(world: Cast) -> None:
    browser = world.client("viewer")
    address = reverse("subsidies:report") + f"?month=2026-09&region={COUNTY}"
    assert "598" not in browser.get(address).content.decode()
    assert (
        browser.get(reverse("subsidies:report_export") + f"?month=2026-09&region={COUNTY}").status_code == 404
    )
    with open_scope(world.scope("clerk")):
        reports.lock(actor=Actor.current(), at=LOCKED_AT, region=county(), month=MONTH)
    text = browser.get(address).content.decode()
    assert "桂林街道" in text
    # One child was paid: neither the number nor the money that tells it is shown.
    assert "1,550.00" not in text
    assert "1550.00" not in text
    assert HIDDEN in text
    assert "林小满" not in text
    assert "report_rows" not in text
    assert "/rows/" not in text
    assert (
        browser.get(
            reverse("subsidies:report_rows") + "?month=2026-09&family=register&measure=closing"
        ).status_code
        == 403
    )


def test_the_page_drills_down_and_exports_are_logged(world: Cast, page_budget: Any) -> None:
    browser = world.client("clerk")
    # Thirteen, because a request of the site itself asks for its session as well.
    with page_budget(13):
        page = browser.get(reverse("subsidies:report") + "?month=2026-09")
    assert page.status_code == 200
    with page_budget(15):
        rows = browser.get(reverse("subsidies:report_rows") + "?month=2026-09&family=register&measure=new")
    assert "九月新" in rows.content.decode()
    assert browser.get(reverse("subsidies:report_rows") + "?family=nonsense&measure=x").status_code == 404
    assert browser.get(reverse("subsidies:report_export") + "?month=2026-09").status_code == 200
    with system_scope(reason="test", log=False):
        assert AccessLog._base_manager.filter(kind="export", user=world.users["clerk"]).count() == 1


def test_another_county_cannot_be_asked_for(world: Cast) -> None:
    assert (
        world.client("stranger")
        .get(reverse("subsidies:report") + f"?month=2026-09&region={COUNTY}")
        .status_code
        == 404
    )


COUNTS = st.sampled_from([0, 1, 2, 3, 7, 40])


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(COUNTS, COUNTS, COUNTS, COUNTS), min_size=1, max_size=5))
def test_readers_of_totals_see_no_small_number(numbers: list[tuple[int, int, int, int]]) -> None:
    """``numbers``: orphans, unattended children, new ones and those who left, by township."""
    entitled, money = [], []
    for code, (orphans, unattended, new, left) in enumerate(numbers):
        for category, closing in (("orphan", orphans), ("de_facto_unattended", unattended)):
            moved = {"new": new, "left": left} if category == "orphan" else {"new": 0, "left": 0}
            row = {"township": code, "scheme__code": "basic_living", "category": category, "end_reason": ""}
            entitled.append(
                row | moved | {"opening": max(0, closing - moved["new"] + moved["left"]), "closing": closing}
            )
            paid = {
                "due_people": closing,
                "people": closing,
                "due": f"{1550 * closing}.00",
                "paid": f"{1550 * closing}.00",
            }
            money.append(row | paid | {"arrears": "0.00", "entitlement__category": category})
    figures = {
        "townships": [[code, f"{code}"] for code in range(len(numbers))], "entitled": entitled, "money": money,
        "register": [], "version": 2,
    }  # fmt: skip
    leaf = report_published.leaves(figures, 3)[0]
    shown = [(name, *cells) for (name, *cells), _style in leaf.rows]
    for _name, *cells in shown[:-1]:
        assert all(not 0 < cell < 3 for cell in cells if isinstance(cell, int))
    # What is hidden is never a single row: it would follow from the sum.
    for column in range(1, len(leaf.columns)):
        assert sum(row[column] == HIDDEN for row in shown) != 1
