"""Until when a child who leaves the register is paid: the county's rule, told on the page of leaving."""

from __future__ import annotations

import datetime as dt

from cases.enums import LeaveReason
from cases.leaving import LastPay, tells_last_pay
from cases.models import Child
from staff import parameters
from subsidies.entitlements import entitlement_of
from subsidies.enums import LastMonthRule, StopRule
from subsidies.months import last_month, last_month_after, month_of


@tells_last_pay
def last_pay(child: Child, day: dt.date, reason: LeaveReason) -> LastPay | None:
    """None without an entitlement that is open. rules.md 2.4: an event stops by ``stop_rule``, age by
    ``last_month_rule``; for a file entered in error no month was due. Stopping itself stays a decision by hand.
    """
    right = entitlement_of(child.pk)
    if right is None:
        return None
    if reason == LeaveReason.ENTERED_IN_ERROR:
        return LastPay(None, "")
    rules = parameters.values(child.region_id, ("stop_rule", "last_month_rule"), day)
    by_age = last_month(child.birth_date, LastMonthRule(rules["last_month_rule"]))
    if child.enrolled_until:  # 在校延续: paid past the 18th birthday while the child studies
        by_age = max(by_age, month_of(child.enrolled_until))
    age_rule = str(LastMonthRule(rules["last_month_rule"]).label)
    if reason == LeaveReason.OVER_AGE:
        return LastPay(by_age, age_rule)
    stop = StopRule(rules["stop_rule"])
    month = last_month_after(day, stop)
    if by_age < month and by_age >= month_of(right.start_month):
        return LastPay(by_age, age_rule)
    return (
        LastPay(month, str(stop.label))
        if month >= month_of(right.start_month)
        else LastPay(None, str(stop.label))
    )
