"""What became of the discrepancies of past months: some verified by the township, some decided and closed, most still open."""

from __future__ import annotations

import datetime as dt
from typing import Final

from cases.ages import add_months
from cases.matching.discrepancies import acts as discrepancy_acts
from cases.matching.discrepancies.acts import Verification
from cases.models import Discrepancy
from childwelfare.demo.acting import Office
from staff.workflow import Actor

CLERK: Final = "zhaoqinghe"
TOWNSHIP: Final = 1_000  # a code below the county names a township or village
# What the supervisors say of one discrepancy after another; None: not checked yet.
SAID: Final = (
    None,
    ("untrue", "office", "派出所户籍信息与台账一致，名单有误。"),
    ("true", "phone", "电话核实，监护人确认情况属实。"),
    ("uncheckable", "phone", "全家外出务工，电话无人接听，村里不掌握近况。"),
)


def load_discrepancies(office: Office, *, today: dt.date) -> None:
    """The supervisors report, the clerk decides what was found untrue and closes half of it."""
    month = add_months(today.replace(day=1), -1)
    at = office.at(month.replace(day=20), 10)
    with office.acting(CLERK):
        found = list(Discrepancy.objects.filter(run__period__lte=month).order_by("kind", "pk"))
    untrue = []
    for place, each in enumerate(found):
        report = SAID[place % len(SAID)]
        if report is None or each.region_id % 1_000_000 < TOWNSHIP:
            continue
        code, method, text = report
        with office.supervisor_of(each.region_id):
            said = Verification(found=code, text=text, method=method)
            discrepancy_acts.report_finding(discrepancy=each, verification=said, actor=Actor.current(), at=at)
        if code == "untrue":
            untrue.append(each.pk)
    with office.acting(CLERK):
        actor = Actor.current()
        half = untrue[: len(untrue) // 2 + 1]
        discrepancy_acts.decide_many(
            ids=half, state="untrue", reason="镇街已核，名单有误", actor=actor, at=at
        )
        discrepancy_acts.close_many(ids=half[:1], feedback="已反馈名单来源单位更正", actor=actor, at=at)
