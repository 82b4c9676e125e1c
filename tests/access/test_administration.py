"""The administration site: system administrators alone, their region alone, no model that names a child."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from staff.models import AccessLog, Holiday, Parameter
from staff.scope import system_scope
from tests.access.matrix import ANYONE
from tests.cast import COUNTY, OTHER_COUNTY, Cast

ADDRESSES = [
    "admin:index",
    "admin:staff_parameter_changelist",
    "admin:staff_parameter_add",
    "admin:staff_holiday_changelist",
    "admin:staff_region_changelist",
]


def test_only_these_tables_are_maintained_here() -> None:
    registered = {model._meta.label for model in admin.site._registry}
    assert registered <= {
        "staff.Region",
        "staff.Holiday",
        "staff.Parameter",
        "subsidies.Scheme",
        "subsidies.Rate",
    }
    assert {"staff.Region", "staff.Holiday", "staff.Parameter"} <= registered


def test_no_table_here_names_a_child() -> None:
    for model in admin.site._registry:
        columns = {field.name for field in model._meta.get_fields()}
        assert not columns & {"child", "child_id", "id_number", "account"}


@pytest.mark.parametrize("address", ADDRESSES)
def test_who_enters(cast: Cast, address: str) -> None:
    got = {member: cast.client(member).get(reverse(address)).status_code for member in sorted(ANYONE)}
    assert got == {member: 200 if member == "sysadmin" else 403 for member in ANYONE}
    assert Client().get(reverse(address)).headers["Location"].startswith("/sign-in/")


def test_every_address_of_the_site_is_closed_to_others(cast: Cast) -> None:
    """Each one that needs no argument, so also those nobody thinks of: log-out, password change,
    autocomplete.
    """
    from django.urls import NoReverseMatch

    from tests.access.test_matrix import addresses

    tried = 0
    for name, _pattern in addresses():
        if not name.startswith("admin:") or name in {"admin:jsi18n"}:
            continue
        try:
            address = reverse(name)
        except NoReverseMatch:
            continue
        tried += 1
        for member in ("clerk", "leader", "auditor", "nobody"):
            assert cast.client(member).get(address).status_code in {403, 405}, name
        assert Client().get(address).status_code in {302, 405}, name
    assert tried > 8


def test_the_sites_own_sign_in_is_ours(cast: Cast) -> None:
    """Its own form would have no lock after failures."""
    response = Client().post("/admin/login/", {"username": "sysadmin", "password": "x"})
    assert response.headers["Location"].startswith("/sign-in/")


def test_parameters_are_kept_within_the_region_and_logged(cast: Cast) -> None:
    client = cast.client("sysadmin")
    form = {
        "key": "batch_day",
        "value": "18",
        "valid_from": "2026-10-01",
        "valid_to": "",
        "source": "县民〔2026〕1号",
    }
    assert (
        client.post(reverse("admin:staff_parameter_add"), form | {"region": OTHER_COUNTY}).status_code == 200
    )
    assert not Parameter.objects.exists()
    assert client.post(reverse("admin:staff_parameter_add"), form | {"region": COUNTY}).status_code == 302
    assert Parameter.objects.get().value == 18
    with system_scope(reason="look", log=False):
        assert AccessLog._base_manager.filter(kind="setting", subject="staff.parameter").count() == 1


def test_a_value_of_the_wrong_form_is_refused(cast: Cast) -> None:
    client = cast.client("sysadmin")
    form = {"region": COUNTY, "valid_from": "2026-10-01", "valid_to": "", "source": "x"}
    for key, value in [("batch_day", '"20"'), ("visit_interval_days", '{"red": 7}'), ("no_such", "1")]:
        assert (
            client.post(reverse("admin:staff_parameter_add"), form | {"key": key, "value": value}).status_code
            == 200
        )
    assert not Parameter.objects.exists()


def test_rows_of_other_counties_are_read_only_and_nothing_is_deleted(cast: Cast) -> None:
    foreign = Parameter.objects.create(
        region_id=OTHER_COUNTY, key="batch_day", value=15, valid_from=dt.date(2026, 1, 1), source="x"
    )
    client = cast.client("sysadmin")
    address = reverse("admin:staff_parameter_change", args=[foreign.pk])
    assert client.post(address, {"key": "batch_day", "value": "1"}).status_code == 403
    assert (
        client.post(reverse("admin:staff_parameter_delete", args=[foreign.pk]), {"post": "yes"}).status_code
        == 403
    )
    region = reverse("admin:staff_region_change", args=[OTHER_COUNTY])
    assert client.post(region, {"name": "x", "valid_from": "2026-01-01"}).status_code == 403


def test_the_holiday_calendar(cast: Cast) -> None:
    client = cast.client("sysadmin")
    made = client.post(
        reverse("admin:staff_holiday_add"), {"date": "2026-12-31", "name": "调休", "is_working": "on"}
    )
    assert made.status_code == 302
    assert Holiday.objects.get(date="2026-12-31").is_working
