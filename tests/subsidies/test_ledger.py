"""The ledger: nothing is lost in any sequence of what can happen to money, and the database refuses what is not right."""

from __future__ import annotations

import datetime as dt
import io
import uuid
from collections import defaultdict
from contextlib import AbstractContextManager
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, ProgrammingError, connection, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from staff.scope import system_scope
from staff.workflow import Actor
from subsidies.budgets import services as budgets
from subsidies.ledger import checks as ledger_checks
from subsidies.ledger import entries as ledger
from subsidies.ledger.enums import Account, EntryKind, Source
from subsidies.models import (
    BankResult,
    Entitlement,
    JournalEntry,
    Payment,
    PaymentBatch,
    Posting,
    Recovery,
    RecoveryPart,
)
from tests.cast import COUNTY
from tests.subsidies.conftest import Office, moment

AT = moment(10, 20)
ZERO = Decimal("0.00")
YUAN = st.integers(1, 500_000).map(lambda fen: Decimal(fen) / 100)
SOURCES = st.sampled_from(list(Source))
SPLITS = st.dictionaries(SOURCES, YUAN, min_size=1, max_size=3)


class LedgerMachine(RuleBasedStateMachine):
    """Appropriations, batches, results, late returns and recoveries in any order; the model beside it is three lines."""

    def __init__(self, office: Office, entitlements: list[Entitlement]) -> None:
        super().__init__()
        self.office, self.entitlements = office, entitlements
        self.month = dt.date(2026, 10, 1)
        self.transaction: AbstractContextManager[None] = transaction.atomic()
        self.transaction.__enter__()
        self.balance: dict[tuple[int, str, str], Decimal] = defaultdict(lambda: ZERO)
        self.number = 0

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.transaction.__exit__(None, None, None)

    # --- what can happen ---------------------------------------------------------------------------------

    @rule(source=SOURCES, amount=YUAN)
    def receive(self, source: Source, amount: Decimal) -> None:
        ledger.post(
            EntryKind.APPROPRIATION,
            {source: amount},
            region_id=COUNTY,
            year=self.month.year,
            at=AT,
            document="1号",
        )
        self.move(source, self.month.year, "appropriated", "available", amount)

    @rule()
    @precondition(lambda self: self.appropriation() is not None)
    def correct(self) -> None:
        entry = self.appropriation()
        assert entry is not None
        posting = entry.postings.get(account=Account.AVAILABLE)
        ledger.turn_back(entry, at=AT, actor=self.actor(), document="2号", text="误录")
        self.move(posting.source, posting.year, "available", "appropriated", posting.amount)

    @rule(splits=st.lists(SPLITS, min_size=1, max_size=3))
    def approve(self, splits: list[dict[Source, Decimal]]) -> None:
        batch = self.batch(splits)
        ledger.post_batch(EntryKind.COMMITMENT, batch, at=AT)
        self.state(batch, "approved", approved_by=self.office.cast.users["approver"], approved_at=AT)
        self.move_lines(batch, "prepared", "available", "committed")

    @rule()
    @precondition(lambda self: self.one("approved"))
    def stop(self) -> None:
        batch = self.one("approved")
        ledger.post_batch(EntryKind.CANCELLATION, batch, at=AT)
        self.move_lines(batch, "prepared", "committed", "available")
        self.state(batch, "returned")
        Payment.objects.filter(batch=batch).update(cancelled=True)

    @rule()
    @precondition(lambda self: self.one("approved"))
    def release(self) -> None:
        batch = self.one("approved")
        ledger.post_batch(EntryKind.RELEASE, batch, at=AT)
        self.move_lines(batch, "prepared", "committed", "in_transit")
        self.state(
            batch,
            "released",
            released_by=self.office.cast.users["releaser"],
            released_at=AT,
            release_proof="password",
        )
        Payment.objects.filter(batch=batch).update(state="sent")

    @rule(paid=st.integers(0, 3), failed=st.integers(0, 3))
    @precondition(lambda self: self.line("sent"))
    def answer(self, paid: int, failed: int) -> None:
        """The bank answers for some lines of a batch: paid and failed in one file."""
        batch = self.line("sent").batch
        lines = list(Payment.objects.filter(batch=batch, state="sent").order_by("line"))
        result = self.result(batch)
        self.settle(batch, result, lines[:paid], EntryKind.PAYMENT, "in_transit", "paid")
        self.settle(batch, result, lines[paid : paid + failed], EntryKind.RETURN, "in_transit", "available")

    @rule()
    @precondition(lambda self: self.line("paid"))
    def late_return(self) -> None:
        """The bank reported a line as paid, and takes it back."""
        line = self.line("paid")
        result = self.result(line.batch)
        self.settle(line.batch, result, [line], EntryKind.LATE_RETURN, "paid", "available")

    @rule(amount=YUAN, source=SOURCES)
    def recover(self, amount: Decimal, source: Source) -> None:
        part = self.instalment(amount)
        ledger.post(
            EntryKind.RECOVERY, {source: amount}, region_id=COUNTY, year=2026, at=AT, recovery_part=part
        )
        self.move(source, 2026, "recovered", "available", amount)

    @rule()
    @precondition(lambda self: self.one("approved"))
    def commit_twice(self) -> None:
        """A worker that runs again, two people at once: the same batch is never posted twice."""
        batch = self.one("approved")
        refused("entry_of_batch_once", lambda: ledger.post_batch(EntryKind.COMMITMENT, batch, at=AT))

    @rule()
    def next_month(self) -> None:
        self.month = (self.month + dt.timedelta(days=32)).replace(day=1)

    # --- what always holds -------------------------------------------------------------------------------

    @invariant()
    def not_a_fen_is_lost(self) -> None:
        for year in (2026, 2027):
            for found in budgets.balances(COUNTY, year):
                for account in Account:
                    assert getattr(found, account) == self.balance[year, found.source, account], (
                        year,
                        account,
                    )
                given = found.appropriated + found.recovered
                assert given == found.available + found.committed + found.in_transit + found.paid

    @invariant()
    def the_whole_agrees_with_its_lines(self) -> None:
        assert ledger_checks.check(COUNTY) == []

    # --- hands -------------------------------------------------------------------------------------------

    def actor(self) -> Actor:
        return Actor(self.office.cast.users["approver"].pk, None, "approver")

    def move(self, source: str, year: int, giving: str, gaining: str, amount: Decimal) -> None:
        for account, sign in ((giving, -1), (gaining, 1)):
            contra = -1 if account in ("appropriated", "recovered") else 1
            self.balance[year, source, account] += sign * contra * amount

    def move_lines(self, batch: PaymentBatch, state: str, giving: str, gaining: str) -> None:
        for line in Payment.objects.filter(batch=batch, state=state):
            for source in Source.values:
                self.move(source, batch.month.year, giving, gaining, getattr(line, f"from_{source}"))

    def appropriation(self) -> JournalEntry | None:
        return (
            JournalEntry.objects.filter(kind="appropriation", corrected_by__isnull=True)
            .order_by("pk")
            .first()
        )

    def one(self, state: str) -> Any:
        return PaymentBatch.objects.filter(state=state).order_by("pk").first()

    def line(self, state: str) -> Any:
        return Payment.objects.filter(state=state).select_related("batch").order_by("pk").first()

    def state(self, batch: PaymentBatch, state: str, **fields: Any) -> None:
        PaymentBatch.objects.filter(pk=batch.pk).update(state=state, **fields)

    def batch(self, splits: list[dict[Source, Decimal]]) -> PaymentBatch:
        self.number += 1
        total = sum((yuan for split in splits for yuan in split.values()), ZERO)
        batch = PaymentBatch.objects.create(
            region_id=COUNTY, scheme=self.office.scheme, month=self.month, number=f"M{self.number}", kind="repair",
            line_count=len(splits), child_count=len(splits), total=total,
            prepared_by=self.office.cast.users["clerk"], prepared_at=AT,
        )  # fmt: skip
        Payment.objects.bulk_create(
            Payment(
                batch=batch, entitlement=entitlement, child_id=entitlement.child_id, region_id=entitlement.region_id,
                scheme=self.office.scheme, line=number, month=self.month, kind="arrears", sequence=self.number,
                standard=0, amount=sum(split.values(), ZERO), child_name="林小满", category="orphan",
                placement="scattered", payee_name="林桂芳", payee_relation="grandmother", bank_name="农商行",
                account="6217001234567890",
                **{f"from_{source}": yuan for source, yuan in split.items()},
            )
            for number, (split, entitlement) in enumerate(zip(splits, self.entitlements, strict=False), start=1)
        )  # fmt: skip
        return batch

    def result(self, batch: PaymentBatch) -> BankResult:
        from staff import files

        self.number += 1
        name = f"{self.number}.csv"
        file = files.store(
            name.encode(), kind="bank_result", name=name, content_type="text/csv", region_id=COUNTY, at=AT
        )
        return BankResult.objects.create(
            batch=batch, region_id=COUNTY, file=file, sha256=name, paid_count=0, failed_count=0, at=AT
        )

    def settle(
        self,
        batch: PaymentBatch,
        result: BankResult,
        lines: list[Payment],
        kind: EntryKind,
        giving: str,
        gaining: str,
    ) -> None:
        found = Payment.objects.filter(pk__in=[line.pk for line in lines])
        ledger.post(
            kind,
            ledger.by_source(found),
            region_id=COUNTY,
            year=batch.month.year,
            at=AT,
            batch=batch,
            result=result,
        )
        for line in lines:
            for source in Source.values:
                self.move(source, batch.month.year, giving, gaining, getattr(line, f"from_{source}"))
        if kind == EntryKind.PAYMENT:
            found.update(state="paid", paid_date=AT.date())
        else:
            found.update(state="failed", fail_reason="other")

    def instalment(self, amount: Decimal) -> RecoveryPart:
        first = self.entitlements[0]
        recovery = Recovery.objects.create(
            entitlement=first, child_id=first.child_id, region_id=first.region_id, scheme=self.office.scheme,
            month=self.month, amount=amount, child_name="林小满", state="open",
        )  # fmt: skip
        return RecoveryPart.objects.create(
            recovery=recovery,
            region_id=first.region_id,
            kind="paid_back",
            amount=amount,
            date=AT.date(),
            at=AT,
        )


def refused(constraint: str, act: Any) -> None:
    """The database refuses, naming the constraint, and nothing else is lost."""
    with pytest.raises(IntegrityError) as error, transaction.atomic():
        act()
    assert error.value.__cause__.diag.constraint_name == constraint  # type: ignore[union-attr]


def test_no_sequence_of_events_loses_a_fen(office: Office) -> None:
    entitlements = [office.entitle(office.child(key)) for key in ("own", "neighbour", "township")]
    with system_scope(reason="test", log=False):
        run_state_machine_as_test(
            lambda: LedgerMachine(office, entitlements),
            settings=settings(
                max_examples=15,
                stateful_step_count=14,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )


# --- what the database refuses -------------------------------------------------------------------------------


def given(amount: str = "5000.00", source: Source = Source.COUNTY, year: int = 2026) -> JournalEntry:
    entry = ledger.post(
        EntryKind.APPROPRIATION,
        {source: Decimal(amount)},
        region_id=COUNTY,
        year=year,
        at=AT,
        document="渝财社〔2026〕1号",
    )
    assert entry is not None
    return entry


def run(sql: str, *values: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.rowcount


INSERT = "INSERT INTO subsidies_posting (entry_id, region_code, account, source, year, amount) VALUES "
ENTRY = (
    "INSERT INTO subsidies_journalentry (region_code, kind, day, document, text, at)"
    " VALUES (%s, 'recovery', now(), '', '', now()) RETURNING id"
)
ROW = "(%s, %s, %s, %s, %s, %s)"


@pytest.mark.parametrize(
    ("postings", "constraint"),
    [
        ([("available", "county", 2026, "10.00")], "entry_balanced"),
        ([("available", "county", 2026, "10.00"), ("recovered", "county", 2026, "-9.99")], "entry_balanced"),
        (
            [("available", "county", 2026, "10.00"), ("recovered", "central", 2026, "-10.00")],
            "entry_balanced",
        ),
        ([("available", "county", 2026, "10.00"), ("recovered", "county", 2027, "-10.00")], "entry_balanced"),
        ([("available", "county", 2026, "0.00")], "posting_is_something"),
    ],
)
def test_an_unbalanced_entry_is_refused_in_raw_sql(
    office: Office, postings: list[tuple[str, str, int, str]], constraint: str
) -> None:
    with office.as_("clerk"), connection.cursor() as cursor:
        cursor.execute(ENTRY, [COUNTY])
        (entry,) = cursor.fetchone()
        values = [value for row in postings for value in (entry, COUNTY, *row)]
        refused(constraint, lambda: run(INSERT + ", ".join([ROW] * len(postings)), *values))


def test_a_second_statement_adds_nothing_to_an_entry(office: Office) -> None:
    with office.as_("clerk"):
        entry = given()
        pair = (
            entry.pk,
            COUNTY,
            "available",
            "county",
            2026,
            "1.00",
            entry.pk,
            COUNTY,
            "paid",
            "county",
            2026,
            "-1.00",
        )
        refused("entry_written_once", lambda: run(f"{INSERT}{ROW}, {ROW}", *pair))


@pytest.mark.parametrize("who", ["clerk", "approver", "releaser", "leader", "system"])
def test_nobody_edits_or_deletes_what_is_posted(office: Office, who: str) -> None:
    with office.as_("clerk"):
        entry = given()
    with system_scope(reason="test", log=False) if who == "system" else office.as_(who):
        for sql in (
            "UPDATE subsidies_posting SET amount = amount * 2 WHERE entry_id = %s",
            "UPDATE subsidies_journalentry SET document = 'x' WHERE id = %s",
            "DELETE FROM subsidies_posting WHERE entry_id = %s",
        ):
            with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
                run(sql, entry.pk)
        assert set(Posting.objects.filter(entry=entry).values_list("account", "amount")) == {
            ("appropriated", Decimal("-5000.00")),
            ("available", Decimal("5000.00")),
        }
        assert JournalEntry.objects.get(pk=entry.pk).document == "渝财社〔2026〕1号"


def test_an_appropriation_needs_a_document(office: Office) -> None:
    with office.as_("clerk"):
        refused(
            "entry_appropriation_has_document",
            lambda: ledger.post(
                EntryKind.APPROPRIATION, {Source.COUNTY: Decimal(1)}, region_id=COUNTY, year=2026, at=AT
            ),
        )


# --- appropriations ------------------------------------------------------------------------------------------


def receive(office: Office, **changes: Any) -> JournalEntry:
    values: dict[str, Any] = {
        "source": "county", "year": 2026, "amount": Decimal("3100.00"), "day": dt.date(2026, 10, 9), "document": "潼财社〔2026〕8号",
    }  # fmt: skip
    with office.as_("clerk") as clerk:
        return budgets.receive(actor=clerk, at=AT, region=office.region(), **(values | changes))


def test_the_same_form_sent_twice_is_one_entry(office: Office) -> None:
    key = uuid.uuid4()
    first, again = receive(office, client_id=key), receive(office, client_id=key)
    assert first.pk == again.pk
    with office.as_("clerk"):
        (county,) = budgets.balances(COUNTY, 2026)
    assert (county.appropriated, county.available) == (Decimal("3100.00"), Decimal("3100.00"))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"document": " "}, "number of the document"),
        ({"amount": Decimal(0)}, "more than nothing"),
        ({"amount": Decimal(-5)}, "more than nothing"),
    ],
)
def test_what_an_appropriation_needs(office: Office, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(budgets.BudgetRefused, match=words):
        receive(office, **changes)


def test_an_appropriation_is_corrected_once_and_by_another_person(office: Office) -> None:
    entry = receive(office)
    with office.as_("clerk") as clerk, pytest.raises(budgets.BudgetRefused, match="does not have this duty"):
        budgets.correct(actor=clerk, at=AT, entry=entry, document="9号", text="误录")
    with office.as_("approver") as approver:
        back = budgets.correct(actor=approver, at=AT, entry=entry, document="9号", text="误录")
        assert back.kind == EntryKind.ADJUSTMENT
        with pytest.raises(budgets.BudgetRefused, match="corrected already"):
            budgets.correct(actor=approver, at=AT, entry=entry, document="9号", text="误录")
        with pytest.raises(budgets.BudgetRefused, match="Only an appropriation"):
            budgets.correct(actor=approver, at=AT, entry=back, document="9号", text="误录")
        (county,) = budgets.balances(COUNTY, 2026)
        assert (county.appropriated, county.available) == (ZERO, ZERO)
        (posting,) = budgets.appropriations(COUNTY, 2026)
        assert posting.entry.corrected_by == back


# --- budgets and batches -------------------------------------------------------------------------------------


def test_a_batch_knows_its_sources(office: Office) -> None:
    office.entitle(office.child("own"))
    batch = office.prepare()
    assert sum(budgets.needs(batch).values()) == batch.total > 0


def test_without_any_appropriation_no_budget_is_kept(office: Office) -> None:
    office.entitle(office.child("own"))
    batch = office.prepare()
    with office.as_("approver"):
        assert budgets.shortfall(batch) == {}
        budgets.refuse_overspending(batch, "")


def test_what_a_batch_lacks_is_named_and_needs_a_note(office: Office) -> None:
    office.entitle(office.child("own"))
    batch = office.prepare()
    (source,) = budgets.needs(batch)
    receive(office, source=source, amount=batch.total - Decimal("0.01"))
    with office.as_("approver"):
        assert budgets.shortfall(batch) == {source: Decimal("0.01")}
        with pytest.raises(budgets.OverBudget, match=r"0\.01 yuan"):
            budgets.refuse_overspending(batch, "  ")
        budgets.refuse_overspending(batch, "区财政已同意下月追加。")
    receive(office, source=source, amount=Decimal("0.01"), document="潼财社〔2026〕10号")
    with office.as_("approver"):
        assert budgets.shortfall(batch) == {}


def test_a_source_that_was_never_given_is_missing_in_full(office: Office) -> None:
    office.entitle(office.child("own"))
    batch = office.prepare()
    (needed,) = budgets.needs(batch)
    receive(office, source="lottery" if needed != "lottery" else "county")
    with office.as_("approver"):
        assert budgets.shortfall(batch) == {needed: batch.total}


def test_how_long_the_money_lasts(office: Office) -> None:
    office.entitle(office.child("own"))
    batch = office.prepare()
    (source,) = budgets.needs(batch)
    month = batch.month

    def rows() -> list[budgets.Outlook]:
        with office.as_("clerk"):
            return budgets.outlook([batch], [], budgets.balances(COUNTY, 2026))

    receive(office, source=source, amount=batch.total)
    (row,) = rows()
    assert (row.waiting, row.after, row.months) == (batch.total, ZERO, 0)
    assert (
        "suffice only for this month" in budgets.warnings(month, rows(), waiting=budgets.waiting([batch]))[0]
    )
    with office.as_("clerk"):
        before = budgets.outlook([], [batch], budgets.balances(COUNTY, 2026))
    assert before[0].months == 1
    assert budgets.warnings(month, before, waiting={}, begun=False) == []
    short = [replace(before[0], rate=before[0].rate + 1)]
    assert "do not suffice for this month" in budgets.warnings(month, short, waiting={}, begun=False)[0]
    receive(office, source=source, amount=batch.total * 2 + 1, document="潼财社〔2026〕11号")
    (row,) = rows()
    assert row.months == 2
    assert budgets.warnings(month, rows(), waiting=budgets.waiting([batch])) == []


def test_a_month_through_the_bank_balances(office: Office) -> None:
    """Committed, sent, and the check that compares ledger and lines; a falsified line would be found."""
    office.entitle(office.child("own"))
    office.entitle(office.child("neighbour"))
    batch = office.pay()
    with office.as_("clerk"):
        (found,) = budgets.balances(COUNTY, 2026)
        assert found.in_transit == batch.total
        assert found.available == -batch.total
        assert ledger_checks.check(COUNTY) == []
    with system_scope(reason="test", log=False):
        # The bank pays a line and nobody posts it: exactly what the check is for.
        line = Payment.objects.filter(batch=batch, state="sent").order_by("line")[0]
        Payment.objects.filter(pk=line.pk).update(state="paid", paid_date=AT.date())
        problems = ledger_checks.check(COUNTY)
    assert {problem.code for problem in problems} == {"batch"}
    assert all(batch.number in problem.text for problem in problems)
    assert len(problems) == 2  # at the bank, and paid out


def test_the_command_prints_what_it_checked_and_fails_when_something_differs(office: Office) -> None:
    office.entitle(office.child("own"))
    batch = office.pay()
    out = io.StringIO()
    call_command("check_ledger", stdout=out, stderr=io.StringIO())
    assert out.getvalue().strip() == '{"counties": 1, "problems": 0}'
    with system_scope(reason="test", log=False):
        Payment.objects.filter(batch=batch).update(state="paid", paid_date=AT.date())
    errors = io.StringIO()
    with pytest.raises(CommandError, match="does not agree in 2 places"):
        call_command("check_ledger", "--region", "500152", stdout=io.StringIO(), stderr=errors)
    assert batch.number in errors.getvalue()


def test_the_balances_cost_one_query_whatever_was_posted(
    office: Office, django_assert_num_queries: Any
) -> None:
    with office.as_("clerk"):
        for source in Source:
            given("100.00", source)
        with django_assert_num_queries(1):
            assert [row.source for row in budgets.balances(COUNTY, 2026)] == list(Source)
