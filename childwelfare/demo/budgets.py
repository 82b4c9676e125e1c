"""The demo county's money of the year: enough from above, and a county share that is almost used up."""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_UP, Decimal

from childwelfare.demo.acting import Office
from childwelfare.demo.money import COUNTY
from staff.models import Region
from subsidies.budgets import services as budgets
from subsidies.ledger.enums import Source
from subsidies.models import PaymentBatch, Scheme
from subsidies.terms.ruling import add_rule

SHARES = [
    {"source": "central", "kind": "percent", "value": "57"},
    {"source": "prefecture", "kind": "percent", "value": "26"},
    {"source": "county", "kind": "rest"},
]
# Source, document, how many months' need it gives.
GIVEN = (
    (Source.CENTRAL, "渝财社〔{year}〕12号（演示）", Decimal("4.2")),
    (Source.PREFECTURE, "渝财社〔{year}〕31号（演示）", Decimal("3.4")),
    (Source.COUNTY, "潼财社〔{year}〕8号（演示）", Decimal("1.09")),
)


def load_funding(office: Office, scheme: Scheme) -> None:
    """Who funds the basic living allowance: the centre and the municipality by percent, the district the rest."""
    with office.acting("zhaoqinghe"):
        add_rule(
            actor=office.actor(), at=office.at(dt.date(2024, 1, 2), 9), region=Region.objects.get(code=COUNTY),
            scheme=scheme, valid_from=dt.date(2024, 1, 1), document="渝民发〔2023〕90号（演示）", changes={"funding": SHARES},
        )  # fmt: skip


def load_budgets(office: Office, *, today: dt.date) -> None:
    """The year's appropriations, in proportion to what a month takes of each source."""
    county = Region.objects.get(code=COUNTY)
    batch = PaymentBatch.objects.filter(region=county).order_by("-month", "-pk")[0]
    monthly = budgets.needs(batch)
    with office.acting("zhaoqinghe"):
        for year in sorted({batch.month.year, today.year}):
            day = min(dt.date(year, 1, 15), today)
            for source, document, months in GIVEN:
                amount = (monthly[source] * months / 1000).quantize(Decimal(1), ROUND_UP) * 1000
                budgets.receive(
                    actor=office.actor(), at=office.at(day, 15), region=county, source=source, year=year,
                    amount=amount, day=day, document=document.format(year=year),
                )  # fmt: skip
