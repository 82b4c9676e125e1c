"""What if a standard changed: the cost by township and source, reckoned in bulk, and nothing written."""

from __future__ import annotations

import datetime as dt
import io
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.urls import reverse
from openpyxl import load_workbook

from staff.models import AccessLog
from staff.scope import open_scope, system_scope
from subsidies.models import Rate, Scheme, SchemeRule
from subsidies.reckoning.standards import Standards
from subsidies.terms import simulation_sheet
from subsidies.terms.simulation import Simulation, Supposition, simulate
from tests.cast import COUNTY, FAR_VILLAGE, OTHER_TOWNSHIP, TOWNSHIP, Cast
from tests.subsidies.conftest import DECEMBER, NOVEMBER, OCTOBER, Office

JANUARY = dt.date(2027, 1, 1)


def suppose(office: Office, amount: str = "1650.00", **fields: Any) -> Simulation:
    values = {
        "scheme": office.scheme,
        "placement": "scattered",
        "category": "",
        "grade": "",
        "first": OCTOBER,
        "last": DECEMBER,
    }
    with office.as_("clerk"):
        return simulate(Supposition(**(values | {"amount": Decimal(amount)} | fields)), office.region())


@pytest.fixture
def children(office: Office) -> Office:
    """Three children with kin (one on 低保, one until November), one in an institution, in two townships."""
    office.entitle(office.child("own"), OCTOBER, category="de_facto_unattended", placement="scattered")
    with_benefit = office.entitle(
        office.child("neighbour"), OCTOBER, category="de_facto_unattended", placement="scattered"
    )
    office.offset(with_benefit, "320.00", NOVEMBER)
    office.entitle(
        office.another_child("有期限", region_id=FAR_VILLAGE), OCTOBER, category="orphan", placement="scattered",
        end_month=NOVEMBER,
    )  # fmt: skip
    office.entitle(
        office.another_child("在机构", region_id=FAR_VILLAGE),
        OCTOBER,
        category="orphan",
        placement="institution",
    )
    return office


def test_the_cost_by_township_and_altogether(children: Office) -> None:
    found = suppose(children)
    near, far = found.townships[TOWNSHIP], found.townships[OTHER_TOWNSHIP]
    # Twice three months, less 320 in two of them.
    assert (near.before, near.after) == (Decimal("8660.00"), Decimal("9260.00"))
    assert (near.payments, near.children) == (6, 2)
    # Two months with kin; three in the institution, whose standard stays.
    assert (far.before, far.after, far.payments) == (Decimal("9100.00"), Decimal("9300.00"), 5)
    assert (found.total.difference, found.total.payments, found.total.children) == (800, 11, 4)
    assert found.without_standard == 0


def test_the_cost_by_source_of_funds_adds_up(children: Office) -> None:
    SchemeRule.objects.create(
        scheme=children.scheme, region_id=COUNTY, valid_from=OCTOBER, document="x",
        changes={"funding": [
            {"source": "central", "kind": "fixed", "value": "270"},
            {"source": "provincial", "kind": "percent", "value": "50"},
            {"source": "county", "kind": "rest"},
        ]},
    )  # fmt: skip
    found = suppose(children)
    assert found.sources["central"].before == found.sources["central"].after == 11 * 270
    assert found.sources["provincial"].difference == found.sources["county"].difference == 400
    for part in ("before", "after", "difference"):
        assert sum(getattr(cost, part) for cost in found.sources.values()) == getattr(found.total, part)
        assert sum(getattr(cost, part) for cost in found.townships.values()) == getattr(found.total, part)


def test_it_agrees_with_the_batch_that_is_prepared_after_the_rate_is_recorded(children: Office) -> None:
    found = suppose(children, last=OCTOBER)
    Rate.objects.create(
        scheme=children.scheme, region_id=COUNTY, placement="scattered", amount=Decimal("1650.00"),
        valid_from=OCTOBER, source="x",
    )  # fmt: skip
    lines = children.lines(children.prepare(OCTOBER))
    assert sum(line.amount for line in lines) == found.total.after
    assert len(lines) == found.total.payments


def test_a_later_standard_on_record_does_not_end_the_supposition(children: Office) -> None:
    Rate.objects.create(
        scheme=children.scheme, region_id=COUNTY, placement="scattered", amount=Decimal("1600.00"),
        valid_from=NOVEMBER, source="x",
    )  # fmt: skip
    found = suppose(children, first=OCTOBER, last=NOVEMBER)
    assert found.total.difference == 3 * 100 + 3 * 50


def test_a_category_alone_may_get_more(children: Office) -> None:
    assert suppose(children, category="de_facto_unattended", last=OCTOBER).total.difference == 200
    # Unattended children have the orphans' standard unless they have their own.
    assert suppose(children, category="orphan", last=OCTOBER).total.difference == 300


def test_standards_of_other_schemes_that_rest_on_it_rise_with_it(children: Office) -> None:
    other = Scheme.objects.create(code="difficulty_living", clause="x")
    SchemeRule.objects.create(
        scheme=other, region_id=COUNTY, valid_from=dt.date(2026, 1, 1), document="x",
        changes={"formulas": [{"of": {"scheme": "basic_living"}, "percent": "60"}]},
    )  # fmt: skip
    child = children.another_child("困境")
    with system_scope(reason="test", log=False):
        from subsidies.models import Entitlement

        Entitlement.objects.create(
            child=child, scheme=other, region_id=child.region_id, category="dibao", placement="scattered",
            start_month=OCTOBER, confirmed_at=dt.datetime(2026, 9, 20, tzinfo=dt.UTC),
        )  # fmt: skip
    found = suppose(children, last=OCTOBER)
    assert found.schemes["difficulty_living"].difference == 60
    assert found.total.difference == 300 + 60


def test_an_entitlement_without_end_stops_with_the_18th_birthday(office: Office) -> None:
    child = office.another_child("将成年", birth_date=dt.date(2008, 11, 20))
    office.entitle(child, OCTOBER, category="orphan", placement="scattered")
    assert suppose(office, last=JANUARY).total.payments == 2


def test_payments_without_a_standard_are_said(children: Office) -> None:
    Rate.objects.filter(placement="institution").delete()
    assert suppose(children, last=OCTOBER).without_standard == 1


def test_only_children_of_the_reader_are_counted(children: Office) -> None:
    cast = children.cast
    with open_scope(cast.scope("stranger")):
        found = simulate(
            Supposition(children.scheme, "scattered", "", "", Decimal("1650.00"), OCTOBER, DECEMBER),
            children.region(),
        )
    assert found.total.payments == 0


def test_nothing_is_written_and_it_runs_where_nothing_can_be(children: Office, page_budget: Any) -> None:
    def rows() -> dict[str, int]:
        with system_scope(reason="test", log=False):
            return {
                model._meta.label: model._default_manager.count()
                for model in apps.get_app_config("subsidies").get_models()
            }

    before = rows()
    with children.as_("clerk"):
        standards = Standards.load(children.scheme, COUNTY)
        digests = [standards.digest(month) for month in (OCTOBER, NOVEMBER)]
        with connection.cursor() as cursor:
            cursor.execute("SAVEPOINT simulated")
            cursor.execute("SET TRANSACTION READ ONLY")
        with page_budget(12):
            found = simulate(
                Supposition(children.scheme, "scattered", "", "", Decimal("1650.00"), OCTOBER, DECEMBER),
                children.region(),
            )
        with connection.cursor() as cursor:
            cursor.execute("SHOW transaction_read_only")
            assert cursor.fetchone() == ("on",)
            cursor.execute("ROLLBACK TO SAVEPOINT simulated")
        standards = Standards.load(children.scheme, COUNTY)
        assert [standards.digest(month) for month in (OCTOBER, NOVEMBER)] == digests
    assert found.total.difference == 800
    assert rows() == before


def test_more_children_cost_no_more_queries(children: Office, django_assert_max_num_queries: Any) -> None:
    for number in range(30):
        office_child = children.another_child(f"孩子{number}")
        children.entitle(office_child, OCTOBER, category="orphan", placement="scattered")
    with children.as_("clerk"):
        region = children.region()
        with django_assert_max_num_queries(8):
            found = simulate(
                Supposition(children.scheme, "scattered", "", "", Decimal("1650.00"), OCTOBER, DECEMBER),
                region,
            )
    assert found.total.payments == 11 + 90


ADDRESS = "/schemes/simulate/"


def test_the_page_asks_and_answers(children: Office, page_budget: Any) -> None:
    client = children.cast.client("leader")
    assert client.get(ADDRESS).status_code == 200
    asked = {
        "scheme": children.scheme.pk, "placement": "scattered", "category": "", "grade": "", "amount": "1650",
        "from_month": "2026-10", "until_month": "2026-12",
    }  # fmt: skip
    client.get(ADDRESS, asked)
    with page_budget(20):
        page = client.get(ADDRESS, asked)
    text = page.content.decode()
    assert "+800.00" in text
    assert "17,760.00" in text
    assert page.context["found"].total.children == 4


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"amount": "0"}, "amount"),
        ({"until_month": "2026-09"}, "until_month"),
        ({"category": "dibao"}, "category"),
    ],
)
def test_a_supposition_that_makes_no_sense_is_refused(
    office: Office, fields: dict[str, str], field: str
) -> None:
    asked = {
        "scheme": office.scheme.pk, "placement": "scattered", "amount": "1650", "from_month": "2026-10",
        "until_month": "2026-12",
    }  # fmt: skip
    page = office.cast.client("clerk").get(ADDRESS, asked | fields)
    assert field in page.context["form"].errors
    assert page.context["found"] is None


@pytest.mark.parametrize("member", ["director", "supervisor", "releaser", "auditor", "viewer"])
def test_who_may_not_suppose(cast: Cast, member: str) -> None:
    assert cast.client(member).get(ADDRESS).status_code == 403


def test_the_sheet_tells_each_township_by_source(children: Office) -> None:
    found = suppose(children)
    head, *lines = simulation_sheet.header(found), *simulation_sheet.rows(found)
    *townships, total = lines
    assert [line[0] for line in townships] == [cost.name for cost in found.townships.values()]
    assert all(len(line) == len(head) for line in lines)
    for column in range(1, len(head)):
        assert sum(line[column] for line in townships) == total[column], head[column]
    for line in lines:  # three columns of the whole, then three of each source
        for step in range(3):
            assert sum(line[6 + step :: 3]) == line[3 + step]
        assert line[4] - line[3] == line[5]


def test_the_sheet_is_exported_with_the_same_question_and_logged(children: Office) -> None:
    clerk = children.cast.client("clerk")
    asked = {
        "scheme": children.scheme.pk,
        "placement": "scattered",
        "amount": "1650",
        "from_month": "2026-10",
        "until_month": "2026-12",
    }
    page = clerk.get(reverse("subsidies:simulate"), asked)
    address = reverse("subsidies:simulate_export")
    assert page.context["found"] is not None, page.context["form"].errors
    assert address in page.content.decode()
    sheet = load_workbook(io.BytesIO(clerk.get(address, asked).content)).active
    assert sheet.cell(sheet.max_row, 6).value == 800
    with system_scope(reason="test", log=False):
        assert AccessLog.objects.filter(kind="export", subject="subsidies.simulation").count() == 1
    assert clerk.get(address).status_code == 404
