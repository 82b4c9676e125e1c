"""A closed sweep of the half-year before, one that is under way, and what was done about late visits."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter

from cases.late.selectors import late_at
from cases.late.services import LateData, act_on_late
from cases.models import Child, Sweep, SweepCoverage
from cases.reminders.services import remind_county
from cases.sweeps.services import SweepData, plan_sweep
from cases.visits.enums import OverdueLevel
from cases.visits.selectors import intervals_for
from childwelfare.demo.acting import Office
from childwelfare.demo.posts import COUNTY
from staff.models import Region

EXPLAINED = "全家到省城看病，月底返回，已与孩子奶奶电话核实。"


def load_sweeps(office: Office, *, today: dt.date, own_village: int, seed: int = 11) -> None:
    """By the people whose work it is; the numbers of the closed one are made up."""
    county = Region.objects.get(code=COUNTY)
    _closed(office, county, today, seed)
    begun = today - dt.timedelta(days=20)
    with office.acting("zhaoqinghe"):
        data = SweepData(
            title=_title(today),
            start_date=begun,
            end_date=today + dt.timedelta(days=10),
            document="潼民发〔2026〕47号",
        )
        plan_sweep(data, region=county, at=office.at(begun - dt.timedelta(days=6), 10))
    with office.supervisor_of(own_village):
        late = late_at(today, intervals_for(own_village, today), OverdueLevel.SUPERVISOR).first()
        if late is not None:
            act_on_late(late.pk, LateData("explain", EXPLAINED), at=office.at(today, 8))
    remind_county(COUNTY, at=office.at(today, 6))


def _title(day: dt.date) -> str:
    return f"{day.year}年{'春' if day.month <= 6 else '秋'}季儿童走访排查"


def _closed(office: Office, county: Region, today: dt.date, seed: int) -> None:
    rng = random.Random(seed)
    first, last = today - dt.timedelta(days=200), today - dt.timedelta(days=170)
    clerk = office.user("zhaoqinghe")
    with office.acting("zhaoqinghe"):
        sweep = Sweep.objects.create(
            region=county,
            title=_title(last),
            document="潼民发〔2026〕12号",
            start_date=first,
            end_date=last,
            asked_by=clerk,
            asked_at=office.at(first - dt.timedelta(days=6), 10),
            closed_by=clerk,
            closed_at=office.at(last + dt.timedelta(days=3), 16),
        )
        villages = Counter(Child.objects.on_register().values_list("region_id", flat=True))
        rows = []
        for village, children in sorted(villages.items()):
            visited = children - (rng.random() < 0.2)
            rows.append(
                SweepCoverage(
                    sweep=sweep,
                    region_id=village,
                    children=children,
                    visited=visited,
                    found=min(visited, rng.choice((0, 0, 0, 1))),
                )
            )
        SweepCoverage.objects.bulk_create(rows)
