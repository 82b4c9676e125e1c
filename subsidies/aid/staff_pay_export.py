"""The approved pay of a month as a list for the finance office, made in a job and logged with its reason."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from cases import key_pages
from cases.ledger_exports import ledger
from subsidies.aid.enums import StaffPayState
from subsidies.models import StaffPay

EXPORT = "staff_pay_export"
APPROVED = (StaffPayState.APPROVED, StaffPayState.PAID)


def _found(arguments: dict[str, Any]) -> QuerySet[StaffPay]:
    month = dt.date.fromisoformat(arguments["month"])
    rows = StaffPay.objects.filter(month=month, state__in=APPROVED).select_related("user", "region__parent")
    return rows.order_by("region_id", "pk")


def _count(arguments: dict[str, Any], day: dt.date) -> int:
    return _found(arguments).order_by()[: key_pages.COUNTED + 1].count()


@ledger(EXPORT, _("Pay of child directors"), count=_count, has_numbers=False)
def lines(arguments: dict[str, Any], day: dt.date, full: bool) -> Iterator[list[Any]]:
    """The header, then a line a director; yuan. Accounts of staff are kept by the finance office, not here."""
    yield [
        *("序号", "姓名", "用户名", "乡镇（街道）", "村（社区）", "月份", "基本报酬（元）", "考核得分"),
        *("绩效报酬（元）", "合计（元）", "状态", "发放日期"),
    ]
    for number, row in enumerate(_found(arguments), start=1):
        parent = row.region.parent
        yield [
            *(number, row.user.name, row.user.username, parent.name if parent else "", row.region.name),
            *(f"{row.month:%Y-%m}", float(row.base), row.score, float(row.performance)),
            *(float(row.base + row.performance), row.get_state_display()),
            row.paid_date.isoformat() if row.paid_date else "",
        ]
