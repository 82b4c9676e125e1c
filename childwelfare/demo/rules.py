"""Rules and standards of the demo county beside the basic living allowance. All documents are invented."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from childwelfare.demo.acting import Office
from childwelfare.demo.money import COUNTY, SOURCE
from staff.models import Region
from subsidies.models import Rate, Scheme
from subsidies.terms.ruling import add_rule, begin_scheme

PROVINCE = 500000000000
# Region, scheme, from, document, what is ruled.
RULES: tuple[tuple[int, str, dt.date, str, dict[str, Any]], ...] = (
    (
        PROVINCE,
        "basic_living",
        dt.date(2024, 1, 1),
        "渝民发〔2023〕91号（演示）",
        {
            "extension_stages": ["junior", "senior", "vocational", "technical"],
            "stop_by_reason": {"parent_found": "same_month"},
        },
    ),
    (
        COUNTY,
        "basic_living",
        dt.date(2025, 1, 1),
        "潼民发〔2024〕66号（演示）",
        {"recheck": "monthly", "amount_least": "100", "amount_most": "3000"},
    ),
    (
        COUNTY,
        "difficulty_living",
        dt.date(2025, 1, 1),
        "潼民发〔2024〕67号（演示）",
        {
            "formulas": [
                {"category": "guardianship_lacking", "of": {"scheme": "basic_living"}, "percent": "80", "at_least": True},
                {"category": "guardianship_improper", "of": {"scheme": "basic_living"}, "percent": "60", "at_least": True},
            ],
            "recheck": "half_yearly",
        },
    ),
)  # fmt: skip
# Scheme, category, from, yuan a period.
RATES = (
    ("difficulty_living", "severe_disability", dt.date(2025, 1, 1), "646.00"),
    ("difficulty_living", "severe_illness", dt.date(2025, 1, 1), "646.00"),
    ("difficulty_living", "low_income", dt.date(2025, 1, 1), "469.00"),
    ("care", "", dt.date(2025, 1, 1), "200.00"),
    ("study_orphan", "", dt.date(2024, 9, 1), "10000.00"),
    ("study", "", dt.date(2024, 9, 1), "6000.00"),
    ("dibao", "dibao", dt.date(2025, 1, 1), "735.00"),
)


def load_rules(office: Office) -> None:
    """What municipality and district rule, and the standards of the other schemes; each begins with its first one."""
    schemes = {scheme.code: scheme for scheme in Scheme.objects.all()}
    with office.acting("zhaoqinghe"):
        clerk = office.actor()
    for (
        region,
        code,
        day,
        document,
        changes,
    ) in RULES:  # those of the municipality too, which a clerk does not write
        add_rule(
            actor=clerk, at=office.at(day, 9), region=Region.objects.get(code=region), scheme=schemes[code],
            valid_from=day, document=document, changes=changes,
        )  # fmt: skip
    for code, category, day, amount in RATES:
        Rate.objects.create(
            scheme=schemes[code], region_id=COUNTY, placement="scattered", category=category, amount=Decimal(amount),
            valid_from=day, source=SOURCE,
        )  # fmt: skip
        begin_scheme(schemes[code])
