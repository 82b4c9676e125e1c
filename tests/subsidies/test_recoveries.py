"""Money asked back: the plan, what came back, waivers, the ledger; to the fen, and never more than the debt."""

from __future__ import annotations

import datetime as dt
import io
import itertools
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.db.models import Sum
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from cases.documents import JPEG, Document
from staff.scope import open_scope, system_scope
from staff.workflow import Actor, TransitionRefused
from subsidies.models import JournalEntry, Posting, Recovery, RecoveryPart
from subsidies.recovery import instalments
from subsidies.recovery.selectors import RecoveryFilters, by_township
from tests.cast import COUNTY
from tests.subsidies.conftest import OCTOBER, Office, moment

AT = moment(11, 20)
TODAY = dt.date(2026, 11, 20)
FEN = Decimal("0.01")
fen = st.integers(1, 2_000_000).map(lambda n: n * FEN)


def scan() -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (40, 30), "white").save(data, "JPEG")
    return data.getvalue()


RECEIPT = Document("收据.jpg", scan(), JPEG)


def owes(office: Office, amount: str = "1550.00", key: str = "own", **fields: Any) -> Recovery:
    """One month that was paid too much, asked back by an approved batch."""
    child = office.child(key)
    right = fields.pop("right", None) or office.entitle(
        child, dt.date(2026, 1, 1), state="ended", end_month=dt.date(2026, 8, 1), end_reason="adopted"
    )
    values = {
        "month": OCTOBER,
        "state": "open",
        "funding": {"central": "500.00", "county": str(Decimal(amount) - 500)},
        "explanation": {"lines": [], "due": "0.00", "delivered": amount, "reason": "ended"},
        "decided_at": AT,
        "decided_by": office.cast.users["approver"],
    } | fields
    with system_scope(reason="test", log=False):
        return Recovery.objects.create(
            entitlement=right, child=child, region_id=child.region_id, scheme=office.scheme, amount=Decimal(amount),
            child_name=child.name, **values,
        )  # fmt: skip


def pay(office: Office, recovery: Recovery, amount: str, who: str = "clerk", **fields: Any) -> RecoveryPart:
    with office.as_(who) as actor:
        return instalments.pay_back(
            actor=actor, at=AT, recovery=recovery, amount=Decimal(amount), **({"date": TODAY} | fields)
        )


def waive(
    office: Office, recovery: Recovery, amount: str, who: str = "approver", **fields: Any
) -> RecoveryPart:
    values = {"date": TODAY, "document": "潼民发〔2026〕9号", "file": RECEIPT} | fields
    with office.as_(who) as actor:
        return instalments.waive(actor=actor, at=AT, recovery=recovery, amount=Decimal(amount), **values)


def posted(account: str) -> dict[str, Decimal]:
    with system_scope(reason="test", log=False):
        rows = Posting.objects.filter(account=account).order_by().values_list("source")
        return dict(rows.annotate(Sum("amount")))


def test_instalments_come_back_to_their_sources_and_settle_the_debt(office: Office) -> None:
    recovery = owes(office)
    pay(office, recovery, "500.00", document="收据1", file=RECEIPT)
    pay(office, recovery, "0.01")
    pay(office, recovery, "1049.99")
    with office.as_("clerk"):
        recovery.refresh_from_db()
        assert (recovery.state, recovery.recovered) == ("settled", Decimal("1550.00"))
        assert JournalEntry.objects.filter(kind="recovery", region_id=COUNTY).count() == 3
    assert posted("available") == {"central": Decimal("500.00"), "county": Decimal("1050.00")}
    assert posted("recovered") == {"central": Decimal("-500.00"), "county": Decimal("-1050.00")}
    with pytest.raises(TransitionRefused, match="Nothing is left"):
        pay(office, recovery, "1.00")


def test_a_waiver_moves_no_money(office: Office) -> None:
    recovery = owes(office)
    waive(office, recovery, "1000.00")
    pay(office, recovery, "550.00")
    with office.as_("clerk"):
        recovery.refresh_from_db()
    assert recovery.state == "settled"
    assert sum(posted("available").values()) == Decimal("550.00")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"document": " "}, "number"), ({"file": None}, "Add the document"), ({"who": "clerk"}, "duty"),
        ({"amount": "1550.01"}, "Only 1,550.00"),
    ],
)  # fmt: skip
def test_what_is_no_waiver(office: Office, fields: dict[str, Any], words: str) -> None:
    recovery = owes(office)
    with pytest.raises(TransitionRefused, match=words):
        waive(office, recovery, **({"amount": "100.00"} | fields))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"who": "approver"}, "duty"), ({"who": "supervisor"}, "duty"), ({"amount": "0.00"}, "more than 0"),
        ({"amount": "1.001"}, "two decimals"), ({"amount": "2000.00"}, "Only 1,550.00"),
        ({"date": dt.date(2026, 11, 21)}, "still to come"),
    ],
)  # fmt: skip
def test_what_is_no_instalment(office: Office, fields: dict[str, Any], words: str) -> None:
    recovery = owes(office)
    with pytest.raises(TransitionRefused, match=words):
        pay(office, recovery, **({"amount": "100.00"} | fields))
    assert posted("available") == {}


@pytest.mark.parametrize(
    ("state", "words"), [("proposed", "batch is approved"), ("dropped", "Nothing is left")]
)
def test_only_what_is_asked_back_is_paid_back(office: Office, state: str, words: str) -> None:
    recovery = owes(office, state=state)
    with pytest.raises(TransitionRefused, match=words):
        pay(office, recovery, "1.00")


def test_the_database_refuses_what_the_services_would(office: Office) -> None:
    """A waiver without a document, a part of what is not open, more than the debt, a change of what was recorded."""
    recovery = owes(office)
    part = {"recovery": recovery, "region_id": recovery.region_id, "date": TODAY, "at": AT}
    cases: list[tuple[str, dict[str, Any]]] = [
        ("recovery_waiver_has_document", {"kind": "waived", "amount": 1}),
        ("recovery_within", {"kind": "paid_back", "amount": 1551}),
        ("recovery_part_positive", {"kind": "paid_back", "amount": 0}),
    ]
    with system_scope(reason="test", log=False):
        for name, values in cases:
            with pytest.raises(IntegrityError, match=name), transaction.atomic():
                RecoveryPart.objects.create(**part, **values)
        Recovery.objects.filter(pk=recovery.pk).update(state="proposed")
        with pytest.raises(IntegrityError, match="is not open"), transaction.atomic():
            RecoveryPart.objects.create(**part, kind="paid_back", amount=1)
        Recovery.objects.filter(pk=recovery.pk).update(state="open")
        made = RecoveryPart.objects.create(**part, kind="paid_back", amount=1)
        # Nobody may change or remove a row of a table that only grows.
        for act in (lambda rows: rows.update(amount=2), lambda rows: rows.delete()):
            with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
                act(RecoveryPart.objects.filter(pk=made.pk))


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_two_instalments_at_once_never_exceed_the_debt(office: Office) -> None:
    recovery = owes(office, "1000.00")
    scope = office.cast.scope("clerk")
    gate = threading.Barrier(3)
    results: list[Any] = []

    def run() -> None:
        try:
            gate.wait()
            with open_scope(scope):
                results.append(
                    instalments.pay_back(
                        actor=Actor.current(), at=AT, recovery=recovery, amount=Decimal("600.00"), date=TODAY
                    )
                )
        except TransitionRefused as why:
            results.append(str(why))
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(type(result).__name__ for result in results) == ["RecoveryPart", "str", "str"]
    with system_scope(reason="test", log=False):
        recovery.refresh_from_db()
        assert (recovery.state, recovery.recovered) == ("open", Decimal("600.00"))
    assert sum(posted("available").values()) == Decimal("600.00")


# --- Properties ------------------------------------------------------------------------------------------------


@given(total=fen, count=st.integers(1, 60))
def test_any_plan_adds_up_to_the_fen(total: Decimal, count: int) -> None:
    if total < count * FEN:
        with pytest.raises(ValueError, match="instalments"):
            instalments.amounts_of(total, count)
        return
    amounts = instalments.amounts_of(total, count)
    assert len(amounts) == count
    assert sum(amounts) == total
    assert all(amount > 0 and amount == amount.quantize(FEN) for amount in amounts)
    assert max(amounts) - min(amounts) < count * FEN


@given(funding=st.lists(fen, min_size=1, max_size=5), cuts=st.lists(st.integers(1, 10**9), max_size=8))
def test_splits_add_up_and_give_every_source_its_own_back(funding: list[Decimal], cuts: list[int]) -> None:
    """Any way of paying back in full: each part is exact, no source gets more than it gave, all get what they gave."""
    sources = {f"source {n}": yuan for n, yuan in enumerate(funding)}
    total = sum(funding)
    marks = sorted({cut % int(total / FEN) for cut in cuts} - {0})
    edges = [Decimal(0), *(mark * FEN for mark in marks), total]
    parts = [high - low for low, high in itertools.pairwise(edges)]
    found = instalments.splits(sources, parts)
    for part, shares in zip(parts, found, strict=True):
        assert sum(shares.values()) == part
        assert all(share >= 0 and share == share.quantize(FEN) for share in shares.values())
    assert {name: sum(shares[name] for shares in found) for name in sources} == sources


def test_more_than_is_missing_is_not_split() -> None:
    with pytest.raises(ValueError, match="more than"):
        instalments.split(Decimal("1.01"), {"county": Decimal("1.00")})


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    amount=st.integers(60, 300_000),
    count=st.integers(1, 60),
    first=st.dates(dt.date(2026, 1, 1), dt.date(2027, 12, 31)),
    today=st.dates(dt.date(2026, 1, 1), dt.date(2029, 12, 31)),
    paid=st.floats(0, 0.99),
)
def test_what_is_overdue_is_what_the_plan_says(
    office: Office, amount: int, count: int, first: dt.date, today: dt.date, paid: float
) -> None:
    """The database's list of overdue ones and the plan on the page agree, also at the ends of months."""
    total = amount * FEN
    settled = int(amount * paid) * FEN
    with transaction.atomic():
        sid = transaction.savepoint()
        recovery = _plain(office, total, count, first, settled)
        with system_scope(reason="test", log=False):
            late = instalments.overdue(Recovery.objects.filter(pk=recovery.pk), today).exists()
            due = instalments.with_due(Recovery.objects.filter(pk=recovery.pk), today).get().due_by_now
        transaction.savepoint_rollback(sid)
    plan = instalments.plan_of(recovery)
    assert due == sum(part.amount for part in plan if part.due_date < today)
    assert late == any(part.left > 0 and part.due_date < today for part in plan)


def _plain(office: Office, total: Decimal, count: int, first: dt.date, settled: Decimal) -> Recovery:
    with system_scope(reason="test", log=False):
        Recovery.objects.all().delete()
        right = office.entitle(
            office.child("own"),
            dt.date(2026, 1, 1),
            state="ended",
            end_month=dt.date(2026, 8, 1),
            end_reason="adopted",
        )
    return owes(
        office,
        str(total),
        right=right,
        funding={},
        instalments=count,
        first_due_date=first,
        recovered=settled,
    )


# --- The plan and the pages ---------------------------------------------------------------------------------------


def test_the_plan_is_agreed_by_the_clerk(office: Office) -> None:
    recovery = owes(office, "1000.00")
    with office.as_("approver") as actor, pytest.raises(TransitionRefused, match="duty"):
        instalments.agree_plan(actor=actor, at=AT, recovery=recovery, instalments=3, first_due_date=TODAY)
    with office.as_("clerk") as actor:
        for count in (0, 61):
            with pytest.raises(TransitionRefused, match="1 to 60"):
                instalments.agree_plan(
                    actor=actor, at=AT, recovery=recovery, instalments=count, first_due_date=TODAY
                )
        planned = instalments.agree_plan(
            actor=actor,
            at=AT,
            recovery=recovery,
            instalments=3,
            first_due_date=dt.date(2026, 12, 31),
            note="按月退",
        )
    assert [(part.due_date, part.amount) for part in instalments.plan_of(planned)] == [
        (dt.date(2026, 12, 31), Decimal("333.33")),
        (dt.date(2027, 1, 31), Decimal("333.33")),
        (dt.date(2027, 2, 28), Decimal("333.34")),
    ]


def test_funding_that_is_not_told_was_the_countys(office: Office) -> None:
    recovery = owes(office, "800.00", funding={"central": "300.00"})
    assert instalments.funding_of(recovery) == {"central": Decimal("300.00"), "county": Decimal("500.00")}
    recovery.funding = {"central": "900.00"}
    with pytest.raises(ValueError, match="more than it is"):
        instalments.funding_of(recovery)


def test_from_the_list_to_a_settled_month(
    office: Office, page_budget: Callable[[int], AbstractContextManager[None]]
) -> None:
    recovery = owes(office, "900.00", instalments=2, first_due_date=dt.date(2026, 10, 15))
    owes(office, "700.00", "township", state="proposed")
    client, url = office.cast.client("clerk"), reverse("subsidies:recovery", args=[recovery.pk])
    with page_budget(15):
        page = client.get(reverse("subsidies:recoveries")).content.decode()
    assert "林小满" in page
    assert "田立夏" not in page
    assert "田立夏" in client.get(reverse("subsidies:recoveries"), {"show": "proposed"}).content.decode()
    assert "林小满" in client.get(reverse("subsidies:recoveries"), {"show": "overdue"}).content.decode()
    with page_budget(20):
        shown = client.get(url).content.decode()
    assert "保障已终止" in shown
    receipt = SimpleUploadedFile("收据.jpg", scan(), "image/jpeg")
    answer = client.post(
        reverse("subsidies:recovery_part_add", args=[recovery.pk]),
        {"amount": "450.00", "date": "2026-11-20", "document": "收据7", "file": receipt},
    )
    assert answer.status_code == 302, answer.content.decode()
    approver = office.cast.client("approver")
    bare = approver.post(
        reverse("subsidies:recovery_part_add", args=[recovery.pk]), {"amount": "450.00", "date": "2026-11-20"}
    )
    assert bare.status_code == 200
    answer = approver.post(
        reverse("subsidies:recovery_part_add", args=[recovery.pk]),
        {
            "amount": "450.00", "date": "2026-11-20", "document": "潼民发〔2026〕9号",
            "file": SimpleUploadedFile("文件.jpg", scan(), "image/jpeg"),
        },
    )  # fmt: skip
    assert answer.status_code == 302, answer.content.decode()
    shown = client.get(url).content.decode()
    assert "收据7" in shown
    assert "潼民发〔2026〕9号" in shown
    with office.as_("clerk"):
        recovery.refresh_from_db()
    assert (recovery.state, recovery.recovered) == ("settled", Decimal("900.00"))


def test_sums_by_township_tell_what_came_back_from_what_was_waived(office: Office) -> None:
    first, second = owes(office, "900.00"), owes(office, "700.00", "township")
    waive(office, first, "100.00")
    pay(office, first, "300.00")
    pay(office, second, "50.00")
    with office.as_("clerk"):
        found = [
            (row.amount, row.paid_back, row.waived, row.left) for row in by_township(RecoveryFilters(), TODAY)
        ]
    assert found == [
        (Decimal("900.00"), Decimal("300.00"), Decimal("100.00"), Decimal("500.00")),
        (Decimal("700.00"), Decimal("50.00"), Decimal("0.00"), Decimal("650.00")),
    ]


def test_the_letter_names_every_month_that_is_owed(office: Office) -> None:
    recovery = owes(office, "900.00")
    owes(office, "650.00", right=recovery.entitlement, month=dt.date(2026, 9, 1))
    client = office.cast.client("clerk")
    answer = client.get(reverse("subsidies:recovery_letter", args=[recovery.pk]))
    assert answer.status_code == 200
    assert answer.content.startswith(b"%PDF-")
    pay(office, recovery, "900.00")
    assert client.get(reverse("subsidies:recovery_letter", args=[recovery.pk])).status_code == 404


def test_the_childs_panel_shows_what_is_asked_back(office: Office) -> None:
    owes(office, "900.00")
    page = office.cast.client("director").get(reverse("subsidies:child_panel", args=[office.child("own").pk]))
    assert "900.00" in page.content.decode()
    assert "追缴" in page.content.decode()
