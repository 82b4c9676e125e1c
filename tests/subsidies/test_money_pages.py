"""Pages of money: the budget, the ledger, the bureau's month, the approver's desk, charts."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook

from cases.models import Discrepancy, MatchRun
from staff.models import AccessLog
from staff.scope import system_scope
from subsidies.budgets import services as budgets
from subsidies.entitlements import services as entitlements
from subsidies.ledger.enums import EntryKind
from subsidies.models import (
    Application,
    ApplicationCheck,
    ApplicationEvidence,
    Entitlement,
    EntitlementReview,
    JournalEntry,
    MonthlyReport,
    PaymentBatch,
    Recovery,
)
from subsidies.terms.in_force import terms_of
from tests.cast import COUNTY, OTHER_COUNTY
from tests.subsidies.conftest import DECEMBER, NOVEMBER, OCTOBER, Office, moment

Budget = Callable[[int], AbstractContextManager[None]]
FORM = {
    "source": "county", "year": "2026", "amount": "3100.00", "document": "潼财社〔2026〕8号", "day": "2026-10-09",
    "client_id": "7a4b6f0e-6f0a-4d0e-9a53-0d8e2a7b8f01",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with time_machine.travel(moment(10, 20), tick=False):
        yield


def client(office: Office, who: str) -> Client:
    return office.cast.client(who, headers={"accept-language": "en"})


def get(office: Office, who: str, name: str, *args: Any, query: str = "", status: int = 200) -> str:
    response = client(office, who).get(
        reverse(f"subsidies:{name}", args=args) + (f"?{query}" if query else "")
    )
    assert response.status_code == status, (who, name)
    return response.content.decode()


def sheet(response: Any) -> list[tuple[Any, ...]]:
    page = load_workbook(io.BytesIO(response.content)).active
    assert page is not None
    return list(page.iter_rows(values_only=True))


def give(
    office: Office, amount: Decimal | str, source: str = "county", document: str = "潼财社〔2026〕8号"
) -> None:
    with office.as_("clerk") as clerk:
        budgets.receive(
            actor=clerk, at=moment(10, 9), region=office.region(), source=source, year=2026,
            amount=Decimal(amount), day=dt.date(2026, 10, 9), document=document,
        )  # fmt: skip


# --- the budget ----------------------------------------------------------------------------------------------


def test_the_clerk_enters_an_appropriation_once_however_often_the_form_is_sent(office: Office) -> None:
    clerk = client(office, "clerk")
    for _again in range(2):
        response = clerk.post(reverse("subsidies:appropriation_add"), FORM)
        assert response.status_code == 302
    text = get(office, "leader", "budgets", query="year=2026")
    assert text.count("潼财社〔2026〕8号") == 1
    assert "3,100.00" in text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"amount": "0"}, "amount"),
        ({"amount": "12.345"}, "amount"),
        ({"document": ""}, "document"),
        ({"year": "2031"}, "at most a year back or ahead"),
        ({"day": "2026-10-21"}, "up to today"),
        ({"source": "moon"}, "source"),
    ],
)
def test_a_form_that_is_refused_says_at_which_field(
    office: Office, changes: dict[str, str], words: str
) -> None:
    response = client(office, "clerk").post(reverse("subsidies:appropriation_add"), FORM | changes)
    assert response.status_code == 200
    errors = {**response.context["form"].errors}
    assert any(words in f"{field} {' '.join(map(str, told))}" for field, told in errors.items())
    with office.as_("clerk"):
        assert not JournalEntry.objects.exists()


def test_the_approver_turns_a_wrong_one_back(office: Office) -> None:
    give(office, "3100.00")
    with office.as_("approver"):
        pk = JournalEntry.objects.get().pk
    assert "Entered wrongly" in get(office, "approver", "budgets")
    assert "Entered wrongly" not in get(office, "clerk", "budgets")
    address = reverse("subsidies:appropriation_correct", args=[pk])
    response = client(office, "approver").post(address, {"document": "内部说明3号", "text": "金额误录"})
    assert response.status_code == 302
    text = get(office, "clerk", "budgets")
    assert "金额误录" in text
    again = client(office, "approver").post(address, {"document": "内部说明3号", "text": "金额误录"})
    assert "corrected already" in again.content.decode()


def test_a_year_without_appropriations_says_that_nothing_is_compared(office: Office) -> None:
    assert "not compared with a budget" in get(office, "clerk", "budgets", query="year=2026")


def test_the_auditor_reads_and_finds_nothing_to_change(office: Office) -> None:
    give(office, "3100.00")
    for name in ("budgets", "ledger"):
        text = get(office, "auditor", name)
        assert "3,100.00" in text, name
        assert 'method="post"' not in text.split("<main", 1)[1]
        assert reverse("subsidies:appropriation_add") not in text
    assert client(office, "auditor").post(reverse("subsidies:appropriation_add"), FORM).status_code == 403


# --- the ledger ----------------------------------------------------------------------------------------------


def test_entries_of_a_batch_lead_to_their_postings(office: Office) -> None:
    office.entitle(office.child("own"))
    batch = office.pay()
    text = get(office, "auditor", "ledger", query=f"batch={batch.pk}")
    assert text.count(batch.number) >= 3  # committed, released, and the filter
    assert "Available → Committed" in text
    with office.as_("auditor"):
        entry = JournalEntry.objects.get(batch=batch, kind=EntryKind.RELEASE)
    page = get(office, "auditor", "ledger_entry", entry.pk)
    assert f"{batch.total:+,.2f}" in page.replace("−", "-")
    address = reverse("subsidies:batch", args=[batch.pk])
    assert address not in page  # an auditor opens no batch
    assert address in get(office, "clerk", "ledger_entry", entry.pk)
    get(office, "stranger", "ledger_entry", entry.pk, status=404)


def test_the_ledger_is_filtered_and_paged_by_key(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cases.key_pages.PAGE", 2)
    for number in range(5):
        give(office, f"{number + 1}00.00", document=f"{number}号")
    seen: list[str] = []
    address = "kind=appropriation"
    for _page in range(3):
        response = client(office, "clerk").get(reverse("subsidies:ledger") + f"?{address}")
        seen += [row["entry"].document for row in response.context["rows"]]
        address = response.context["later"].lstrip("?")
    assert seen == ["4号", "3号", "2号", "1号", "0号"]
    assert address == ""
    assert "号" not in "".join(
        row["entry"].document
        for row in client(office, "clerk").get(reverse("subsidies:ledger") + "?kind=release").context["rows"]
    )
    assert "No entry here" in get(office, "clerk", "ledger", query="month=2026-08")


def test_the_workbook_adds_up_to_nothing_and_is_logged(office: Office) -> None:
    give(office, "3100.00")
    office.entitle(office.child("own"))
    office.pay()
    response = client(office, "auditor").get(reverse("subsidies:ledger_export"))
    rows = sheet(response)
    assert len(rows) == 1 + 2 * 3  # header; appropriation, commitment, release
    assert sum(Decimal(str(row[6])) for row in rows[1:]) == 0
    with system_scope(reason="test", log=False):
        assert AccessLog.objects.filter(kind="export", subject="subsidies.journalentry").count() == 1


# --- the bureau's month --------------------------------------------------------------------------------------


def test_the_month_shows_what_is_left_and_warns(office: Office) -> None:
    office.entitle(office.child("own"))
    batch = office.prepare()
    (source,) = budgets.needs(batch)
    give(office, batch.total, source)
    text = get(office, "clerk", "month")
    assert f"{batch.total:,.2f}" in text
    assert "suffice only for this month; more must come in before 2026-11" in text
    assert "suffice only" not in get(office, "clerk", "month", query="month=2026-09")


def test_the_month_counts_reviews_and_what_is_owed(office: Office) -> None:
    own, other = office.entitle(office.child("own")), office.entitle(office.child("neighbour"))
    with system_scope(reason="test", log=False):
        for entitlement, outcome in ((own, ""), (other, "unchanged")):
            EntitlementReview.objects.create(
                entitlement=entitlement, child_id=entitlement.child_id, region_id=entitlement.region_id, kind="recheck",
                cycle=OCTOBER, due_date=dt.date(2026, 10, 31), outcome=outcome,
                **({"done_by": office.cast.users["supervisor"], "done_at": moment(10, 5)} if outcome else {}),
            )  # fmt: skip
        Recovery.objects.create(
            entitlement=own, child_id=own.child_id, region_id=own.region_id, scheme=office.scheme, month=OCTOBER,
            amount=Decimal("320.00"), child_name="林小满", state="open", first_due_date=dt.date(2026, 10, 10),
        )  # fmt: skip
    context = client(office, "clerk").get(reverse("subsidies:month")).context
    (cycle,) = [line for line in context["due"] if line.done is not None]
    assert (cycle.count, cycle.done, cycle.left, cycle.due) == (2, 1, 1, dt.date(2026, 10, 31))
    assert (context["owed"].late, context["owed"].late_yuan) == (1, Decimal("320.00"))
    assert "320.00" in get(office, "clerk", "month")


def test_the_month_costs_the_same_for_any_county(office: Office, page_budget: Budget) -> None:
    for name in ("own", "neighbour", "township"):
        office.entitle(office.child(name))
    give(office, "100.00")
    office.apply(office.another_child("周芒种"))
    office.prepare()
    for who in ("clerk", "approver", "leader"):
        signed_in = client(office, who)
        with page_budget(15):
            assert signed_in.get(reverse("subsidies:month")).status_code == 200


def test_the_month_as_a_workbook(office: Office) -> None:
    office.entitle(office.child("own"))
    batch = office.prepare()
    give(office, "100.00")
    office.apply(office.child("neighbour"), who="other_director")
    rows = sheet(client(office, "clerk").get(reverse("subsidies:month_export")))
    matters = [row[1] for row in rows]
    assert f"{batch.number} {batch.scheme}" in matters
    assert any(str(matter).startswith("秦白露") for matter in matters)
    assert any(row[0] == "Money left" and row[5] == 100 for row in rows)


# --- the approver's desk -------------------------------------------------------------------------------------


def to_confirm(office: Office, key: str, *, complete: bool = True, **fields: Any) -> Application:
    """An application that waits for confirmation, with its checks and, if ``complete``, all evidence."""
    child, users = office.child(key), office.cast.users
    office.situations(child)
    with system_scope(reason="test", log=False):
        from subsidies.applications.decisions import decision_for

        application = Application.objects.create(
            **{
                "child": child, "scheme": office.scheme, "region_id": child.region_id, "statement": "x",
                "state": "to_confirm", "decision": decision_for(child, dt.date(2026, 10, 15)),
                "applied_by": users["director"], "applied_at": moment(9, 20), "accepted_at": moment(9, 21),
                "verified_by": users["supervisor"], "verified_at": moment(10, 9), "verification": "入户属实",
                "checked_by": users["clerk"], "checked_at": moment(10, 12), "confirm_due_date": dt.date(2026, 10, 30),
            }
            | fields
        )  # fmt: skip
        ApplicationCheck.objects.create(
            application=application, child=child, region_id=child.region_id, method="home_visit",
            date=dt.date(2026, 10, 8), result="confirms", note="属实", user=users["supervisor"], at=moment(10, 8),
        )  # fmt: skip
        if complete:
            for item in terms_of(office.scheme, child.region_id, dt.date(2026, 10, 15)).evidence:
                ApplicationEvidence.objects.create(
                    application=application, child=child, region_id=child.region_id, item=item.code, source="on_file",
                    note="已在档", added_by=users["supervisor"], added_at=moment(10, 8),
                )  # fmt: skip
    return application


def rows_of(office: Office, show: str = "applications", who: str = "approver") -> list[Any]:
    response = client(office, who).get(reverse("subsidies:approvals") + f"?show={show}")
    assert response.status_code == 200
    return list(response.context["rows"])


def decide(office: Office, show: str, rows: list[Any], who: str = "approver", **data: Any) -> list[str]:
    """Send what the preview would send; returns the messages."""
    values = {"confirmed": "1", "row": [row.pk for row in rows]} | {
        f"seal-{row.pk}": row.seal for row in rows
    }
    response = client(office, who).post(
        reverse("subsidies:approvals_decide") + f"?show={show}", values | data, follow=True
    )
    assert response.status_code == 200
    return [str(message) for message in response.context["messages"]]


def test_an_application_without_a_problem_shows_why_and_what_it_costs(office: Office) -> None:
    to_confirm(office, "own")
    (row,) = rows_of(office)
    assert row.problems == []
    assert (row.is_clear, row.amount) == (True, Decimal("1550.00"))
    assert row.steps[-1]["amount"] == Decimal("1550.00")
    text = get(office, "approver", "approvals", query="select=clear")
    assert "checked" in text.split("<tbody>")[1]
    assert "1,550.00" in text
    assert "入户属实" in text


def test_what_speaks_against_it_is_named_and_not_selected(office: Office) -> None:
    application = to_confirm(office, "own", complete=False)
    with system_scope(reason="test", log=False):
        ApplicationCheck.objects.filter(application=application).update(result="unclear")
        type(application.child).objects.filter(pk=application.child_id).update(primary_category="orphan")
    (row,) = rows_of(office)
    assert not row.is_clear
    told = " ".join(row.problems)
    assert "Not on record" in told
    assert "contradicts or leaves it open" in told
    assert "The table says" in told
    assert "checked" not in get(office, "approver", "approvals", query="select=clear").split("<tbody>")[1]


def test_an_open_discrepancy_is_a_problem(office: Office) -> None:
    application = to_confirm(office, "own")
    with system_scope(reason="test", log=False):
        run = MatchRun.objects.create(region_id=COUNTY, period=OCTOBER)
        Discrepancy.objects.create(
            run=run, region_id=application.region_id, kind="gone", list_kind="dibao", child=application.child,
            due_date=dt.date(2026, 10, 31),
        )  # fmt: skip
    (row,) = rows_of(office)
    assert any("Open discrepancies: 1" in problem for problem in row.problems)


def test_many_are_confirmed_at_once_and_those_refused_are_named(office: Office) -> None:
    first, second = to_confirm(office, "own"), to_confirm(office, "neighbour")
    rows = rows_of(office)
    preview = client(office, "approver").post(
        reverse("subsidies:approvals_decide") + "?show=applications", {"row": [row.pk for row in rows]}
    )
    assert "+3,100.00" in preview.content.decode()
    # Between preview and confirmation the second child leaves the age of the scheme.
    with system_scope(reason="test", log=False):
        type(second.child).objects.filter(pk=second.child_id).update(birth_date=dt.date(2000, 1, 1))
    told = decide(office, "applications", rows)
    with office.as_("approver"):
        assert Application.objects.get(pk=first.pk).state == "confirmed"
        assert Application.objects.get(pk=second.pk).state == "to_confirm"
        assert Entitlement.objects.filter(child_id=first.child_id).count() == 1
        assert not Entitlement.objects.filter(child_id=second.child_id).exists()
    assert any("1 was decided" in text for text in told)
    assert any(text.startswith("秦白露") for text in told)


def test_what_has_changed_since_the_preview_is_left_alone(office: Office) -> None:
    application = to_confirm(office, "own")
    rows = rows_of(office)
    with system_scope(reason="test", log=False):
        ApplicationCheck.objects.filter(application=application).update(result="contradicts")
    told = decide(office, "applications", rows)
    assert any("changed meanwhile" in text for text in told)
    with office.as_("approver"):
        assert Application.objects.get(pk=application.pk).state == "to_confirm"


@pytest.mark.parametrize("step", ["applied_by", "verified_by", "checked_by"])
def test_nobody_confirms_what_they_took_a_step_for(office: Office, step: str) -> None:
    application = to_confirm(office, "own", **{step: office.cast.users["approver"]})
    (row,) = rows_of(office)
    assert row.own
    assert f'name="row" value="{row.pk}"' not in get(office, "approver", "approvals")
    told = decide(office, "applications", [row])
    assert any("another person" in text for text in told)
    with office.as_("approver"):
        assert Application.objects.get(pk=application.pk).state == "to_confirm"


def test_proposals_to_end_are_decided_together_with_a_reason(office: Office) -> None:
    rows = []
    for key in ("own", "neighbour"):
        entitlement = office.entitle(office.child(key))
        with office.as_("clerk") as clerk:
            entitlements.propose_end(
                actor=clerk, at=moment(10, 12), entitlement=entitlement, reason_code="parent_released",
                reason="父亲已回家", last_month=NOVEMBER,
            )  # fmt: skip
    rows = rows_of(office, "entitlements")
    assert [(row.before, row.after, row.difference) for row in rows] == [
        (Decimal("1550.00"), Decimal("0.00"), Decimal("-1550.00"))
    ] * 2
    assert "父亲已回家" in get(office, "approver", "approvals", query="show=entitlements")
    assert any("reason" in text for text in decide(office, "entitlements", rows, reason=" "))
    told = decide(office, "entitlements", rows, reason="核实无误")
    assert any("2 were decided" in text for text in told)
    with office.as_("approver"):
        assert set(Entitlement.objects.values_list("state", "end_month", "end_reason")) == {
            ("ended", NOVEMBER, "parent_released")
        }


def test_batches_that_wait_show_the_bridge_and_what_funds_lack(office: Office) -> None:
    office.entitle(office.child("own"))
    batch = office.prepare()
    (source,) = budgets.needs(batch)
    give(office, "550.00", source)
    text = get(office, "approver", "approvals", query="show=batches")
    assert batch.number in text
    assert "1,000.00 yuan short" in text
    assert "cw-bridge" in text


@pytest.mark.parametrize("show", ["applications", "entitlements", "batches"])
def test_the_desk_costs_the_same_for_any_number(office: Office, page_budget: Budget, show: str) -> None:
    for key in ("own", "neighbour", "township"):
        to_confirm(office, key)
    approver = client(office, "approver")
    with page_budget(15):
        assert approver.get(reverse("subsidies:approvals") + f"?show={show}").status_code == 200


@pytest.mark.parametrize("name", ["budgets", "ledger", "charts"])
def test_pages_of_money_cost_the_same_for_any_number(office: Office, page_budget: Budget, name: str) -> None:
    for number, source in enumerate(("central", "county", "lottery")):
        give(office, "10000.00", source, document=f"{number}号")
    office.entitle(office.child("own"))
    office.pay()
    releaser = client(office, "releaser")
    with page_budget(15):
        assert releaser.get(reverse(f"subsidies:{name}")).status_code == 200


# --- charts --------------------------------------------------------------------------------------------------


def test_charts_of_the_released_batches(office: Office) -> None:
    office.entitle(office.child("own"))
    batch = office.pay()
    response = client(office, "releaser").get(reverse("subsidies:charts"))
    (drawn,) = response.context["charts"]
    assert drawn["people"][-1] == ("26-10", 1)
    assert drawn["money"][-1] == ("26-10", round(batch.total))
    assert "<svg" in response.content.decode()
    rows = sheet(client(office, "releaser").get(reverse("subsidies:charts_export") + "?months=24"))
    assert len(rows) == 1 + 24
    assert rows[1] == ("2026-10", 1, float(batch.total))


def test_a_prepared_batch_is_not_on_the_charts(office: Office) -> None:
    office.entitle(office.child("own"))
    office.prepare()
    assert client(office, "clerk").get(reverse("subsidies:charts")).context["charts"] == []


def test_who_sees_totals_alone_gets_locked_reports_without_small_numbers(office: Office) -> None:
    def money(people: int, paid: str) -> dict[str, Any]:
        return {"people": people, "paid": paid, "scheme__code": "basic_living", "township": COUNTY}

    with system_scope(reason="test", log=False):
        from staff import files

        file = files.store(
            b"x", kind="report", name="x.xlsx", content_type="x", region_id=COUNTY, at=moment(10, 1)
        )
        for month, rows, locked in (
            (dt.date(2026, 8, 1), [money(30, "46500.00"), money(10, "15500.00")], True),
            (dt.date(2026, 9, 1), [money(1, "1550.00")], True),
            (OCTOBER, [money(50, "77500.00")], False),
        ):
            MonthlyReport.objects.create(
                region_id=COUNTY, month=month, figures={"money": rows}, computed_at=moment(10, 1),
                **({"locked_at": moment(10, 1), "locked_by": office.cast.users["clerk"], "file": file} if locked else {}),
            )  # fmt: skip
    response = client(office, "viewer").get(reverse("subsidies:charts"))
    lines = {line[0]: line[1:] for line in response.context["lines"]}
    assert lines["2026-08"] == [40, 62000.0]
    assert all(str(cell).startswith("<") for cell in lines["2026-09"])
    assert lines["2026-10"] == [0, 0.0]
    assert "1,550.00" not in response.content.decode()


def test_another_county_s_money_is_not_on_any_page(office: Office) -> None:
    give(office, "3100.00")
    office.entitle(office.child("own"))
    batch = office.pay()
    for name in ("budgets", "ledger", "charts", "month"):
        text = get(office, "stranger", name)
        assert "3,100.00" not in text, name
        assert batch.number not in text, name
    with office.as_("stranger"):
        assert budgets.balances(COUNTY, 2026) == []
        assert budgets.balances(OTHER_COUNTY, 2026) == []
        assert not PaymentBatch.objects.filter(month__lte=DECEMBER).exists()
