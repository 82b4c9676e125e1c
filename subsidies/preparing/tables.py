"""The tables of one preparation, in the database's memory of this transaction alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection

from subsidies.ledger.enums import Source
from subsidies.preparing.covered import COLUMNS, PERIODS, values_of
from subsidies.preparing.periods import Period
from subsidies.reckoning.standards import Standards

SOURCES = tuple(source.value for source in Source)
_FUNDS = ", ".join(f"from_{source} numeric(10, 2) NOT NULL" for source in SOURCES)

TABLES = {
    # The periods that are looked at: the batch's own and, for whoever is marked, those before it.
    "prep_period": COLUMNS,
    # Children to be reckoned again, with the first period for which that is so.
    "prep_mark": "child_id bigint PRIMARY KEY, since date NOT NULL",
    # Who is due something in which period; ``key`` says all that decides the amount.
    "prep_fact": """child_id bigint NOT NULL, month date NOT NULL, entitlement_id bigint NOT NULL,
        region_code bigint NOT NULL, category text NOT NULL, placement text NOT NULL, grade text NOT NULL,
        offsets jsonb, key text NOT NULL""",
    "prep_answer": f"""key text PRIMARY KEY, amount numeric(10, 2) NOT NULL, standard numeric(10, 2) NOT NULL,
        explanation jsonb NOT NULL, {_FUNDS}""",
    # Facts that no standard answers, and why: "missing" or "ambiguous". Nothing is paid, owed or asked back for them.
    "prep_unruled": """child_id bigint NOT NULL, month date NOT NULL, entitlement_id bigint NOT NULL,
        region_code bigint NOT NULL, category text NOT NULL, placement text NOT NULL, why text NOT NULL,
        PRIMARY KEY (child_id, month)""",
    # Who receives the money of a child on the day.
    "prep_payee": "child_id bigint PRIMARY KEY, payee_id bigint NOT NULL, reachable boolean NOT NULL",
    # Periods in which what is right differs from what was delivered.
    # The lines that were written: the planner knows nothing yet about a batch that has just begun.
    "prep_written": """payment_id bigint NOT NULL, entitlement_id bigint NOT NULL, child_id bigint NOT NULL,
        child_name text NOT NULL, line integer NOT NULL, month date NOT NULL, sequence integer NOT NULL,
        amount numeric(10, 2) NOT NULL, placement text NOT NULL, state text NOT NULL, account_digest bytea,
        payee_name text NOT NULL, payee_relation text NOT NULL""",
    "prep_correction": f"""child_id bigint NOT NULL, month date NOT NULL, due numeric(10, 2) NOT NULL,
        delivered numeric(12, 2) NOT NULL, key text, offsets jsonb, entitlement_id bigint, region_code bigint,
        sequence integer, failed_id bigint, child_name text, reason text, reachable boolean, before jsonb,
        {_FUNDS.replace("from_", "due_")}, {_FUNDS.replace("from_", "had_")}, PRIMARY KEY (child_id, month)""",
}


@dataclass(frozen=True)
class Work:
    """What one preparation is about. ``first``: month of the scheme's first batch in this county; what an earlier
    system paid is not on record, so an entitlement that was taken over is owed nothing for the months before.
    """

    region_id: int
    low: int
    high: int
    scheme_id: int
    scheme_code: str
    month: dt.date
    day: dt.date
    first: dt.date
    batch_id: int
    age: int

    @property
    def values(self) -> Mapping[str, Any]:
        """Parameters of the statements."""
        return dict(vars(self))


def create(cursor: Any) -> None:
    """Empty tables, and the memory that statements over a whole county need."""
    cursor.execute("SET LOCAL work_mem = '64MB'")
    for name, columns in TABLES.items():
        cursor.execute(f"DROP TABLE IF EXISTS pg_temp.{name}")
        cursor.execute(f"CREATE TEMP TABLE {name} ({columns}) ON COMMIT DROP")


def add_periods(cursor: Any, periods: Iterable[Period], standards: Standards) -> None:
    """Fill ``prep_period``: the periods, and what the terms of each say about who is paid in it."""
    cursor.execute(f"INSERT INTO prep_period {PERIODS}", values_of(periods, standards))


def run(statement: str, work: Work) -> int:
    """Execute one statement of a preparation; returns the number of rows."""
    with connection.cursor() as cursor:
        cursor.execute(statement, work.values)
        return int(cursor.rowcount)
