"""Every page and fragment of list matching: it answers within its budget of queries, and shows what it
should.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.urls import reverse

from cases.models import Discrepancy, ListImport
from tests.cases.matching.conftest import (
    ADULT,
    OCTOBER,
    OWN,
    Import,
    acting,
    another_child,
    csv_list,
    month_run,
    number,
    row,
)
from tests.cast import TOWNSHIP, Cast

BUDGET = 15


@pytest.fixture
def month(cast: Cast, take: Import) -> dict[str, Any]:
    """A matched month with rows that are certain, wait, differ and are unknown: several of each, so that a
    page that asks
    once a row goes over its budget.
    """
    for n in range(6):
        another_child(cast, f"苏谷{chr(0x96E8 + n)}", "", birth_date=dt.date(2016, 4, 1 + n))
    rows = [row("林小满儿", OWN, head="林桂芳", sex="女")]
    rows += [
        row(f"苏谷{chr(0x96E8 + n)}", "", birth=f"2016-04-0{1 + n}", head="林桂芳", sex="男")
        for n in range(3)
    ]
    rows += [
        row(f"苏谷{chr(0x96E8 + n)}", "", birth=f"2016-04-0{1 + n}", village="别处") for n in range(3, 6)
    ]
    rows += [row(f"罗小{chr(0x6691 + n)}", number(f"5001522012090830{n}"), head="罗长河") for n in range(4)]
    rows += [row(f"路人{chr(0x4E00 + n)}", ADULT if n == 0 else "", head="路大") for n in range(20)]
    received = take(csv_list(*rows))
    run = month_run(cast)
    with acting(cast, "clerk"):
        first = Discrepancy.objects.filter(child=None).order_by("pk").first()
        of_child = Discrepancy.objects.filter(child__isnull=False).first()
    assert first is not None
    assert of_child is not None
    return {"list": received.pk, "run": run.pk, "discrepancy": of_child.pk, "row_discrepancy": first.pk}


PAGES = [
    ("lists", None, "?month=2026-10"),
    ("lists_panel", None, "?month=2026-10"),
    ("list_upload", None, ""),
    ("list", "list", ""),
    ("run", "run", ""),
    ("candidates", "run", ""),
    ("candidates", "run", "?state=accepted"),
    ("candidates", "run", "?state=auto"),
    ("candidates", "run", "?state=remembered"),
    ("discrepancies", None, ""),
    ("discrepancies", None, f"?state=all&kind=different&township={TOWNSHIP}"),
    ("discrepancy", "discrepancy", ""),
    ("discrepancy", "row_discrepancy", ""),
]


@pytest.mark.parametrize(("name", "what", "query"), PAGES)
def test_a_page_of_the_county_keeps_its_budget(
    cast: Cast,
    month: dict[str, Any],
    name: str,
    what: str | None,
    query: str,
    page_budget: Any,
) -> None:
    client = cast.client("clerk")
    address = reverse(f"cases:{name}", args=[month[what]] if what else None) + query
    with page_budget(BUDGET):
        page = client.get(address)
    assert page.status_code == 200


@pytest.mark.parametrize("name", ["discrepancies", "discrepancy", "child_discrepancies"])
def test_a_page_of_the_township_keeps_its_budget(
    cast: Cast, month: dict[str, Any], name: str, page_budget: Any
) -> None:
    args = {
        "discrepancies": None,
        "discrepancy": [month["discrepancy"]],
        "child_discrepancies": [cast.children["own"].pk],
    }
    client = cast.client("supervisor")
    with page_budget(BUDGET):
        page = client.get(reverse(f"cases:{name}", args=args[name]))
    assert page.status_code == 200


def test_what_lists_said_of_a_child_opens_as_a_page_of_its_own(cast: Cast, month: dict[str, Any]) -> None:
    child = cast.children["own"].pk
    client, address = cast.client("supervisor"), reverse("cases:child_discrepancies", args=[child])
    page = client.get(address).content.decode()
    assert "<main" in page
    assert reverse("cases:child", args=[child]) in page
    assert "<main" not in client.get(address, headers={"HX-Request": "true"}).content.decode()


def test_the_months_page_counts_what_has_arrived(cast: Cast, month: dict[str, Any]) -> None:
    page = cast.client("clerk").get(reverse("cases:lists") + "?month=2026-10")
    (line,) = page.context["month"].lines
    run = month_run(cast)
    assert (line.kind, line.rows, line.certain) == ("dibao", 31, run.counts["auto_rows"])
    assert line.waiting > 0
    assert line.state == "review"
    with acting(cast, "clerk"):
        assert line.discrepancies == Discrepancy.objects.count()
    assert not cast.client("clerk").get(reverse("cases:lists") + "?month=2026-09").context["month"].lines


def test_a_reader_is_shown_no_buttons(cast: Cast, month: dict[str, Any]) -> None:
    client = cast.client("leader")
    text = client.get(reverse("cases:run", args=[month["run"]])).content.decode()
    assert reverse("cases:run_start", args=[month["run"]]) not in text
    text = client.get(reverse("cases:candidates", args=[month["run"]])).content.decode()
    assert 'name="action"' not in text


def test_filters_of_the_discrepancies(cast: Cast, month: dict[str, Any]) -> None:
    client = cast.client("clerk")
    address = reverse("cases:discrepancies")

    def shown(query: str) -> list[str]:
        return [line["it"].kind for line in client.get(address + query).context["rows"]]

    everything = shown("?state=all")
    assert set(everything) == {"not_registered", "different"}
    assert set(shown("?kind=different")) == {"different"}
    assert shown("?list_kind=tekun") == []
    assert shown("?township=500152002000") == []
    assert sorted(shown(f"?township={TOWNSHIP}")) == sorted(everything)
    assert shown("?state=true") == []
    assert sorted(shown("?kind=nonsense")) == sorted(everything)


def test_the_upload_form_is_for_the_clerk(cast: Cast) -> None:
    assert cast.client("clerk").get(reverse("cases:lists")).context["may_write"]
    assert cast.client("leader").get(reverse("cases:list_upload")).status_code == 403
    with acting(cast, "clerk"):
        assert not ListImport.objects.filter(period=OCTOBER).exists()
