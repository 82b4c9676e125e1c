"""Dated parameters per county: visit intervals, deadlines, switches. National defaults stand here, with their source."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db.models import Q

# key → (default, source). Sources as in docs/glossary.md; "proposal" marks values no national rule fixes.
DEFAULTS: dict[str, tuple[Any, str]] = {
    "visit_interval_days": ({"red": 7, "yellow": 15, "blue": 30, "green": 30}, "江苏16部门2024; proposal"),
    "eligibility": ({}, "民发〔2019〕62号；民发〔2020〕125号"),
    "verify_working_days": (15, "民发〔2019〕62号"),
    "confirm_working_days": (15, "民发〔2019〕62号"),
    "tekun_mode": ("offset", "民发〔2019〕62号"),
    "last_month_rule": ("birthday_month", "全国儿童福利信息系统"),
    "stop_rule": ("next_month", "定州市2020"),
    "conflict_mode": ("cancel_other", "重庆市规定"),
    "batch_day": (20, "proposal"),
    "match_day": (10, "proposal"),
    "discrepancy_working_days": (10, "proposal"),
    "small_cell": (3, "proposal"),
    "photo_max_mb": (10, "proposal"),
    "photo_max_megapixels": (50, "proposal"),
    "category_scheme": ("national", "国办发〔2010〕54号；国发〔2016〕36号"),
    "guardianship_assessment": ("weighted-66", "湖北省地方标准；proposal"),
    "severe_illnesses": (
        [
            *("白血病", "再生障碍性贫血", "血友病", "地中海贫血", "先天性心脏病", "尿毒症", "慢性肾功能衰竭"),
            *("器官移植", "恶性肿瘤", "颅内良性肿瘤"),
        ],
        "泰州市走访系统",
    ),
    "severe_illness_self_paid": (20000, "泰州市走访系统"),
    "absence_months": (6, "宁夏2024；21部门2024"),
    "absence_visit_days": (15, "proposal"),
    "defect_due_days": (
        {"no_identity": 60, "no_registration": 60, "out_of_school": 30, "no_guardian": 15},
        "proposal",
    ),
    "care_contact_days": (7, "未成年人保护法第二十三条"),
    "care_children_most": (3, "proposal"),
    "assessment_months": (12, "proposal"),
    "help_gap_months": (12, "proposal"),
    "age_out_months": (3, "proposal"),
    "case_response_hours": ({"red": 24, "yellow": 72, "blue": 240}, "proposal"),
}


def value(region_id: int, key: str, on: dt.date) -> Any:
    """The value in force on a day for a region: the narrowest region's own value, else the national default."""
    return values(region_id, (key,), on)[key]


def values(region_id: int, keys: Iterable[str], on: dt.date) -> dict[str, Any]:
    """Several parameters by key, as ``value`` finds each; one query."""
    from staff.models import Parameter

    county = region_id // 1_000_000 * 1_000_000
    candidates = [county, county // 100_000_000 * 100_000_000, county // 10_000_000_000 * 10_000_000_000]
    found = {key: DEFAULTS[key][0] for key in keys}
    rows = (
        Parameter.objects.filter(region_id__in=candidates, key__in=found, valid_from__lte=on)
        .filter(Q(valid_to__isnull=True) | Q(valid_to__gte=on))
        .order_by("region_id", "valid_from")
    )
    return found | {row.key: row.value for row in rows}
