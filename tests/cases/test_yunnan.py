"""O-44, a hundredth of it: a register with what children lack comes in as a file, is put right by a second one, and counts."""

from __future__ import annotations

import datetime as dt

from cases.defects import services as defects
from cases.defects.selectors import DefectFilters, Period, counts
from cases.models import Child, Defect
from staff.scope import open_scope
from tests.cases.importing import AT, HEADER, applied, number, row, text
from tests.cast import TOWNSHIP, Cast

# 云南 2019: 38,600 guardianships settled, 13,500 children registered, 1,949 back to school; cut down to whole children.
SCALED = {"no_guardian": 386, "no_registration": 135, "out_of_school": 19}
COLUMNS = f"{HEADER},户口分类,就学情况,监护人姓名,与儿童关系"
GOOD = ("本辖区户口", "小学", "赵大山", "祖父")
LACKING = {
    "no_guardian": ("本辖区户口", "小学", "", ""),
    "no_registration": ("无户口", "小学", "赵大山", "祖父"),
    "out_of_school": ("本辖区户口", "辍学", "赵大山", "祖父"),
}
LATER = AT + dt.timedelta(days=20)
PERIOD = Period(dt.date(2026, 1, 1), LATER.date(), LATER.date())


def lines(right: bool) -> list[str]:
    made = []
    for year, (kind, many) in zip((2014, 2015, 2016), SCALED.items(), strict=True):
        for place in range(many):
            name = f"钱{chr(0x4E00 + len(made))}{chr(0x5E00 + len(made))}"
            who = number(f"{year}0301", 2 * place + 1)
            cells = GOOD if right else LACKING[kind]
            made.append(f"{row(name, who, birth=f'{year}-03-01')},{','.join(cells)}")
    return made


def figures(measure: str) -> dict[str, int]:
    found = counts(PERIOD)
    for kind in SCALED:
        listed = DefectFilters(
            kind=kind, region=TOWNSHIP, measure=measure, start=PERIOD.start, end=PERIOD.end
        )
        assert listed.defects(PERIOD.today).count() == found.number(measure, kind, TOWNSHIP)
    return {kind: found.number(measure, kind, TOWNSHIP) for kind in SCALED}


def test_what_the_file_lacks_is_opened_solved_by_the_next_file_and_counted(cast: Cast) -> None:
    with open_scope(cast.scope("clerk")):
        Child.objects.update(
            left_date=dt.date(2026, 2, 1), left_reason="07"
        )  # the cast's own are not counted
        before = Defect.objects.count()
    applied(cast, text(*lines(right=False), header=COLUMNS))
    with open_scope(cast.scope("clerk")):
        assert Defect.objects.count() - before == sum(SCALED.values()) == 540
        assert figures("open") == SCALED
        assert set(figures("solved").values()) == {0}
    applied(cast, text(*lines(right=True), header=COLUMNS), at=LATER)
    with open_scope(cast.scope("clerk")):
        assert Child.objects.on_register().count() == 540
        assert figures("solved") == SCALED
    with open_scope(cast.scope("supervisor")):
        waiting = list(Defect.objects.filter(state="solved").values_list("pk", flat=True))
        assert defects.close_many(waiting, at=LATER) == 540
    with open_scope(cast.scope("clerk")):
        assert figures("solved") == SCALED
        assert set(figures("open").values()) == {0}
