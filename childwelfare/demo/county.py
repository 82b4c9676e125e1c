"""Loading the demo county, all of it or nothing."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from childwelfare.demo import (
    aid,
    applications,
    budgets,
    checks,
    children,
    circumstances,
    desk,
    discrepancies,
    exchanges,
    leads,
    money,
    pairs,
    plans,
    posts,
    questions,
    reviews,
    rules,
    sweeps,
    visits,
)
from childwelfare.demo.acting import Office
from childwelfare.environment import BASE_DIR
from staff.regions import import_regions
from staff.scope import system_scope

DIVISIONS = [BASE_DIR / "data" / "regions" / name for name in ("500152-tongnan.csv", "341222-taihe.csv")]


def load(*, today: dt.date) -> dict[str, int]:
    """Load divisions, posts, children and their history up to ``today``. Returns counts."""
    with transaction.atomic(), system_scope(reason="建立演示数据"):
        for file in DIVISIONS:
            import_regions(file)
        assignments = posts.load_posts()
        office = Office(assignments)
        own_village = assignments["wangnianci"].region_id
        count = children.load_children(today=today, own_village=own_village)
        visits.load_visits(office, today=today, own_village=own_village)
        questions.load_questions(office, today=today, own_village=own_village)
        visits.load_cases(office, today=today, own_village=own_village)
        plans.load_plans(office, today=today, own_village=own_village)
        circumstances.load_circumstances(office, today=today, own_village=own_village)
        sweeps.load_sweeps(office, today=today, own_village=own_village)
        scheme = money.load_rates()
        budgets.load_funding(office, scheme)
        rules.load_rules(office)
        untried = money.children_without_application(own_village, today=today)
        money.load_entitlements(scheme, office, today=today, without=untried)
        applications.load_applications(scheme, office, today=today, without=untried)
        batch = money.load_last_month(scheme, office, today=today)
        budgets.load_budgets(office, today=today)
        reviews.load_reviews(office, batch, today=today)
        aid.load_aid(office, today=today, own_village=own_village)
        pairs.load_pairs(office, today=today)
        leads.load_leads(office, today=today, own_village=own_village)
        exchanges.load_exchanges(office, today=today)
        discrepancies.load_discrepancies(office, today=today)
        desk.load_desk(office, today=today, own_village=own_village)
        checks.load_checks(office, today=today, own_village=own_village)
        return {"children": count, "accounts": len(posts.SIGN_INS), "payments": batch.line_count}
