"""A month's batch of a county of 100,000 entitlements, from facts to a posted commitment, beside the bare writing of its rows.

Two floors, in the same run: the same rows into a table without an index, a key or a trigger; and into the payments'
own table, with everything that the database itself makes sure of. What the batch does above the second is reckoning,
comparing with what was paid, taking snapshots and looking for exceptions.
"""

from __future__ import annotations

import datetime as dt
import statistics
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from bench.memory import PeakMemory

SMALL: Final = 10_000
LARGE: Final = 100_000
BASE: Final = 1_000
COUNTY: Final = 500152000000
MONTHS: Final = [dt.date(2026, month, 1) for month in (7, 8, 9, 10)]
AIM: Final = 3.0
LIMIT_MB: Final = 300


def fill(children: int, since: dt.date) -> None:
    """So many children with families, accounts and entitlements from a month on, copied from those that are there."""
    from django.db import connection

    from bench.county import _copy_of, analyse
    from staff.scope import system_scope

    with system_scope(reason="bench"), connection.cursor() as cursor:
        cursor.execute("SELECT max(id), count(*) FROM cases_child")
        step, there = cursor.fetchone()
        copies = f"generate_series(1, {children // there - 1}) copy"
        own = {"id": f"id + {step} * copy", "number": "number || '-' || copy", "id_digest": "NULL"}
        cursor.execute(_copy_of("cases_child", own, copies, cursor))
        changed: dict[str, str | None] = {"id": None, "child_id": f"child_id + {step} * copy"}
        digest = "sha256(convert_to(child_id || '-' || copy, 'UTF8'))"
        cursor.execute(_copy_of("cases_guardian", changed, copies, cursor))
        cursor.execute(_copy_of("cases_payee", changed | {"account_digest": digest}, copies, cursor))
        cursor.execute(
            "INSERT INTO subsidies_entitlement (child_id, scheme_id, region_code, category, placement, grade,"
            " start_month, end_month, state, end_reason, proposed, confirmed_at)"
            " SELECT c.id, s.id, c.region_code, c.primary_category, c.placement, '', %s, '2040-12-01', 'active', '', '{}', now()"
            " FROM cases_child c, subsidies_scheme s WHERE s.code = 'basic_living'"
            " AND NOT EXISTS (SELECT FROM subsidies_entitlement e WHERE e.child_id = c.id)",
            [since],
        )
        # One in seven has another benefit, of some hundred different amounts.
        cursor.execute(
            "INSERT INTO subsidies_offset (entitlement_id, child_id, region_code, kind, amount, start_month, source)"
            " SELECT id, child_id, region_code, 'dibao', 200 + id %% 130, %s, '低保名单' FROM subsidies_entitlement e"
            " WHERE id %% 7 = 0 AND NOT EXISTS (SELECT FROM subsidies_offset o WHERE o.entitlement_id = e.id)",
            [since],
        )
    analyse()


def change(month: dt.date) -> None:
    """What a month brings: one child in two hundred receives another benefit since the month before, so that what was
    paid for that month is corrected."""
    from django.db import connection

    from staff.scope import system_scope

    with system_scope(reason="bench"), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO subsidies_offset (entitlement_id, child_id, region_code, kind, amount, start_month, source)"
            " SELECT id, child_id, region_code, 'disability_living', 80, %s, '残联名单' FROM subsidies_entitlement"
            " WHERE id %% 200 = %s",
            [month - dt.timedelta(days=1), month.month],
        )


class Office:
    """Clerk and approver of the county."""

    def __init__(self) -> None:
        from staff.enums import Role
        from staff.models import Assignment
        from staff.scope import scope_of, system_scope
        from subsidies.models import Rate, Scheme

        with system_scope(reason="bench"):
            found = Assignment.objects.filter(post__region_id=COUNTY).select_related("post", "user")
            self.scopes = {row.post.role: scope_of(row) for row in found}
            self.clerk, self.approver = self.scopes[Role.CLERK], self.scopes[Role.APPROVER]
            self.scheme, _made = Scheme.objects.get_or_create(
                code="basic_living", defaults={"clause": "民发〔2019〕62号"}
            )
            for placement, amount in (("scattered", "1550.00"), ("institution", "2000.00")):
                Rate.objects.create(
                    scheme=self.scheme, region_id=COUNTY, placement=placement, amount=Decimal(amount),
                    valid_from=dt.date(2025, 1, 1), source="渝民发〔2024〕88号",
                )  # fmt: skip

    def prepare(self, month: dt.date, report: Callable[[int, int, str], None]) -> Any:
        from django.utils import timezone

        from staff.models import Region
        from staff.scope import open_scope
        from staff.workflow import Actor
        from subsidies.batches import services as batches

        with open_scope(self.clerk):
            return batches.prepare_batch(
                actor=Actor.current(), at=timezone.now(), region=Region.objects.get(pk=COUNTY), scheme=self.scheme,
                month=month, report=report,
            )  # fmt: skip

    def explain(self, batch: Any) -> int:
        from django.utils import timezone

        from staff.scope import open_scope
        from staff.workflow import Actor
        from subsidies.batches import services as batches
        from subsidies.models import BatchIssue

        with open_scope(self.clerk):
            kinds = set(BatchIssue.objects.filter(batch=batch).values_list("kind", flat=True))
            return sum(
                batches.note_issues(
                    actor=Actor.current(), at=timezone.now(), batch=batch, kind=kind, note="已核"
                )
                for kind in kinds
            )

    def approve(self, batch: Any) -> None:
        from django.utils import timezone

        from staff.scope import open_scope
        from staff.workflow import Actor
        from subsidies.batches import services as batches

        with open_scope(self.approver):
            batches.approve(actor=Actor.current(), at=timezone.now(), batch=batch, over_budget_note="bench")


def one_month(office: Office, month: dt.date) -> dict[str, Any]:
    """Prepare and post one month; seconds by step."""
    steps: dict[str, float] = {}
    last = started = time.perf_counter()
    doing = ""

    def report(_done: int, _total: int, text: str) -> None:
        nonlocal last, doing
        now = time.perf_counter()
        if doing:
            steps[doing] = round(steps.get(doing, 0) + now - last, 3)
        last, doing = now, text

    batch = office.prepare(month, report)
    prepared = time.perf_counter() - started
    steps["commit"] = round(started + prepared - last, 3)
    explained = office.explain(batch)
    started = time.perf_counter()
    office.approve(batch)
    posted = time.perf_counter() - started
    return {
        "batch": batch, "lines": batch.line_count, "exceptions": explained, "steps": steps,
        "prepare_seconds": round(prepared, 2), "approve_and_post_seconds": round(posted, 2),
        "seconds": round(prepared + posted, 2),
    }  # fmt: skip


def _columns(cursor: Any) -> list[str]:
    cursor.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = 'subsidies_payment'"
        " AND column_name <> 'id' ORDER BY ordinal_position"
    )
    return [row[0] for row in cursor.fetchall()]


def bare(batch_id: int) -> float:
    """Seconds to INSERT … SELECT the batch's rows into a table of the same columns and nothing else, committed."""
    from django.db import connections, transaction

    with transaction.atomic("owner"), connections["owner"].cursor() as cursor:
        cursor.execute("SELECT set_config('app.money_outside', '{}', true)")
        cursor.execute("DROP TABLE IF EXISTS bench_source, bench_bare")
        cursor.execute("CREATE TABLE bench_bare (LIKE subsidies_payment)")
        cursor.execute(
            "CREATE TABLE bench_source AS SELECT * FROM subsidies_payment WHERE batch_id = %s", [batch_id]
        )
        cursor.execute("ANALYZE bench_source")
    started = time.perf_counter()
    with connections["owner"].cursor() as cursor:
        cursor.execute("INSERT INTO bench_bare SELECT * FROM bench_source")
    return time.perf_counter() - started


def into_payments(batch: Any, number: int) -> float:
    """Seconds to INSERT … SELECT the same rows into the payments' own table, as lines of another batch, committed."""
    from django.db import connection, connections

    from staff.scope import system_scope
    from subsidies.models import PaymentBatch

    month = dt.date(2030, number, 1)
    with system_scope(reason="bench"), connection.cursor() as cursor:
        columns = _columns(cursor)
        other = PaymentBatch.objects.create(
            region_id=batch.region_id, scheme_id=batch.scheme_id, month=month, number=f"bench-{number}",
            prepared_by_id=batch.prepared_by_id, prepared_at=batch.prepared_at,
        )  # fmt: skip
    with connections["owner"].cursor() as cursor:
        cursor.execute("GRANT SELECT ON bench_source TO PUBLIC")
    values = [
        {"batch_id": str(other.pk), "month": f"DATE '{month}'", "repays_id": "NULL"}.get(c, c)
        for c in columns
    ]
    started = time.perf_counter()
    with system_scope(reason="bench"), connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO subsidies_payment ({', '.join(columns)}) SELECT {', '.join(values)} FROM bench_source"
            " WHERE sequence = 0"
        )
    return time.perf_counter() - started


def measure() -> dict[str, Any]:
    """Ratios, seconds by step and memory, at 10,000 and 100,000 entitlements."""
    from bench import county

    county.make(BASE)
    office = Office()
    fill(SMALL, MONTHS[0])
    with PeakMemory() as small:
        few = one_month(office, MONTHS[0])
    fill(LARGE, MONTHS[1])
    runs = []
    with PeakMemory() as large:
        for month in MONTHS[1:]:
            change(month)
            runs.append(one_month(office, month))
    # The first of these also takes in the ninety thousand that are new in the county; the others are ordinary months.
    first, *ordinary = runs
    seconds = statistics.median(run["seconds"] for run in ordinary)
    last = ordinary[-1]["batch"]
    bare_seconds = statistics.median(bare(last.pk) for _each in range(3))
    payments_seconds = statistics.median(into_payments(last, number) for number in (1, 2, 3))
    for run in (few, *runs):
        del run["batch"]
    return {
        "entitlements": LARGE,
        "ten_thousand": few,
        "first_month_of_most": first,
        "ordinary_months": ordinary,
        "seconds": seconds,
        "bare_insert_seconds": round(bare_seconds, 3),
        "insert_into_payments_seconds": round(payments_seconds, 3),
        "ratio_to_bare_insert": round(seconds / bare_seconds, 2),
        "ratio_to_insert_into_payments": round(seconds / payments_seconds, 2),
        "within_aim": seconds / bare_seconds <= AIM,
        "peak_memory_mb": {"10000": small.peak, "100000": large.peak},
        "memory_growth_mb": {"10000": small.growth, "100000": large.growth},
        "memory_flat": large.peak <= LIMIT_MB,
    }
