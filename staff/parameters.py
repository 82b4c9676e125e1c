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
    "recheck_working_days": (15, "proposal"),
    "intake_working_days": (3, "楚雄州跨省通办规定2025"),
    "tell_working_days": (3, "楚雄州跨省通办规定2025"),
    "clock_warning_days": (3, "proposal"),
    "reconsideration_days": (60, "行政复议法第二十条"),
    "lawsuit_months": (6, "行政诉讼法第四十六条"),
    "tekun_mode": ("offset", "民发〔2019〕62号"),
    "last_month_rule": ("birthday_month", "全国儿童福利信息系统"),
    "stop_rule": ("next_month", "定州市2020"),
    "conflict_mode": ("cancel_other", "重庆市规定"),
    "batch_day": (20, "proposal"),
    "match_day": (10, "proposal"),
    "match_sample": (5, "proposal"),
    "discrepancy_working_days": (10, "proposal"),
    "lead_working_days": (15, "proposal"),
    "request_answer_days": (15, "proposal"),
    "two_person_review": ("money", "proposal"),
    "matching_rule_precision": ({"least": 0.98, "wrong": 2}, "proposal"),
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
    "insurance_funded": (
        {
            "medical": ["orphan", "protected", "de_facto_unattended", "dibao"],
            "supplementary": ["orphan", "protected", "de_facto_unattended"],
        },
        "潼南区医保资助与惠民济困保险；proposal",
    ),
    "staff_pay": (
        {
            "base": "1500.00",
            "performance": "400.00",
            "weights": {"visits": 50, "in_time": 30, "files": 20},
            "steps": [[90, 100], [75, 80], [60, 60]],
        },
        "云南省2019（1500元/月，考核后绩效400元/月）；权重与分档为proposal",
    ),
    "downgrade_needs_assessment": (True, "江苏16部门2024；降级须重新评估并经督导员审核（proposal）"),
    "sweep_months": ([3, 9], "江苏16部门2024（一年两排）；黔西市每年3月、9月"),
    "reminder_days": (3, "proposal"),
    # Door visits that are confirmed by phone: share of all, months in which each visitor has one, days to call.
    "spot_check_share": (0.05, "proposal"),
    "spot_check_months": (3, "proposal"),
    "spot_check_working_days": (5, "proposal"),
    # What makes a visit worth a look (cases/checks/mark_rules.py); a county switches a rule off with null.
    "visit_marks": (
        {
            "same_text": {"characters": 20, "likeness": 0.8, "phrases": []},
            "same_photo": {"bits": 3},
            "too_close": {"home_minutes": 3, "village_minutes": 10},
            "at_night": {"from": 22, "to": 6},
            "too_many": {"least": 15, "times": 3},
            "too_quick": {"seconds": 20},
            "sent_late": {"days": 7},
        },
        "proposal",
    ),
    # Days within which work without a due date of its own is done, by source of the queue (docs/desk.md).
    "desk_days": (
        {
            "visits": 3,
            "applications": 3,
            "downgrades": 5,
            "transfers": 5,
            "kept": 3,
            "marks": 3,
            "referrals": 3,
        }
        | {"handovers": 7, "defects": 5, "overdue": 5, "other": 3},
        "proposal",
    ),
    # Days that a phone keeps the list of children, and visits that were not sent, without a word with the office.
    "field_roster_days": (14, "proposal"),
    "field_draft_days": (60, "proposal"),
    "case_response_hours": ({"red": 24, "yellow": 72, "blue": 240}, "proposal"),
    # Days after which the plan of a case is looked at again, by its level; days in which a closed one may be opened.
    "case_review_days": ({"red": 14, "yellow": 30, "blue": 60}, "proposal"),
    "case_reopen_days": (90, "proposal"),
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
