"""参保: who is insured at the county's cost, lists in and out, all or none (O-7, O-38)."""

from __future__ import annotations

import datetime as dt
import io
from decimal import Decimal
from typing import Any

import pytest
import python_calamine
from django.db import IntegrityError, transaction

from cases import identity
from cases.models import Child, ChildAttribute
from staff import files, jobs, parameters, tables
from staff.models import AccessLog, Job, Parameter, StoredFile
from staff.scope import current, system_scope
from staff.workflow import TransitionRefused
from subsidies.aid import insurance as service
from subsidies.aid import insurance_files
from subsidies.aid.insurance import Cohort, CoverData
from subsidies.aid.insurance_files import ListRefused, Marked
from subsidies.models import InsuranceCover
from tests.cast import COUNTY, OWN_ID, START, VILLAGE
from tests.subsidies.conftest import Office, moment

AT, TODAY = moment(10, 20), dt.date(2026, 10, 20)
PAID = CoverData("government", Decimal("400.00"), "county", "YB-1")


def number(sequence: int) -> str:
    stem = f"50015220160401{sequence:03d}"
    return stem + identity.check_character(stem)


def child(office: Office, name: str, sequence: int = 1, **fields: Any) -> Child:
    return office.another_child(name, id_number=number(sequence), **fields)


def cohort(office: Office, who: str = "clerk", kind: str = "medical", year: int = 2026) -> Cohort:
    with office.as_(who):
        return Cohort.load(kind, year, TODAY)


def names(office: Office, show: str, kind: str = "medical") -> list[str]:
    with office.as_("clerk"):
        return [row.name for row in Cohort.load(kind, 2026, TODAY).listed(show)]


def cover(
    office: Office, who: Child, data: CoverData = PAID, year: int = 2026, kind: str = "medical"
) -> InsuranceCover:
    with office.as_("clerk") as clerk:
        return service.set_cover(actor=clerk, at=AT, child=who, year=year, kind=kind, data=data)


def test_the_county_insures_orphans_unattended_children_and_those_of_dibao_families(office: Office) -> None:
    """O-7: premium in full for orphans, 事实无人抚养儿童 and children of 低保 families; others are not on the list."""
    child(office, "孤", 1, primary_category="orphan")
    child(office, "低", 2, primary_category="dibao")
    both = child(office, "留", 3, primary_category="left_behind")
    child(office, "流", 4, primary_category="migrant")
    gone = child(office, "离", 5, primary_category="orphan")
    with system_scope(reason="test", log=False):
        ChildAttribute.objects.create(child=both, region_id=VILLAGE, kind="dibao", start_date=START)
        Child.objects.filter(pk=gone.pk).update(left_date=TODAY, left_reason="07")
    listed = set(names(office, "lacking"))
    assert listed == {"林小满", "秦白露", "田立夏", "孤", "低", "留"}
    assert set(names(office, "lacking", "supplementary")) == {"林小满", "秦白露", "田立夏", "孤"}


def test_who_must_be_insured_is_the_countys_dated_parameter(office: Office) -> None:
    migrant = child(office, "流", 4, primary_category="migrant")
    assert migrant.name not in names(office, "lacking")
    with system_scope(reason="test", log=False):
        Parameter.objects.create(
            region_id=COUNTY,
            key="insurance_funded",
            value={"medical": ["migrant"]},
            valid_from=START,
            source="x",
        )
    assert names(office, "lacking") == ["流"]
    assert parameters.DEFAULTS["insurance_funded"][1]


def test_insured_in_full_without_gaps(office: Office) -> None:
    """O-30, O-38: covered, uncovered, without proof: the three numbers of a year add up."""
    cover(office, office.child("own"))
    cover(office, office.child("neighbour"), CoverData("government", Decimal("400.00"), "county"))
    cover(office, office.child("township"), CoverData("self", Decimal("400.00"), "", "YB-2"))
    with office.as_("clerk"):
        counts = Cohort.load("medical", 2026, TODAY).counts()
        assert (counts.due, counts.covered, counts.lacking, counts.unproven) == (3, 2, 1, 1)
        assert service.premiums("medical", 2026) == [("County funds", 2, Decimal("800.00"))]
    assert names(office, "lacking") == ["田立夏"]
    assert names(office, "unproven") == ["秦白露"]
    assert names(office, "covered") == ["林小满", "秦白露"]


def test_the_childs_file_says_the_same_as_this_years_medical_cover(office: Office) -> None:
    own = office.child("own")
    for year, kind, expected in ((2025, "medical", ""), (2026, "accident", ""), (2026, "medical", "funded")):
        cover(office, own, year=year, kind=kind)
        with office.as_("clerk"):
            assert Child.objects.get(pk=own.pk).insurance == expected
    cover(office, own, CoverData("none"))
    with office.as_("clerk"):
        assert Child.objects.get(pk=own.pk).insurance == "none"


@pytest.mark.parametrize(
    "data",
    [
        CoverData("government"),
        CoverData("government", Decimal("400.00")),
        CoverData("government", Decimal(0), "county"),
        CoverData("self", Decimal(1), "county"),
        CoverData("nobody"),
    ],
)
def test_a_cover_that_says_too_little_is_refused(office: Office, data: CoverData) -> None:
    with pytest.raises(TransitionRefused):
        cover(office, office.child("own"), data)
    with system_scope(reason="test", log=False):
        assert not InsuranceCover.objects.exists()


def test_the_database_wants_premium_and_source_and_one_cover_a_year(office: Office) -> None:
    own = office.child("own")
    common: dict[str, Any] = {
        "child": own, "region_id": own.region_id, "year": 2026, "kind": "medical", "user": office.cast.users["clerk"], "at": AT,
    }  # fmt: skip
    with system_scope(reason="test", log=False):
        with pytest.raises(IntegrityError, match="insurance_government_pays_something"), transaction.atomic():
            InsuranceCover.objects.create(**common, payer="government")
        InsuranceCover.objects.create(**common, payer="self")
        with pytest.raises(IntegrityError, match="insurance_once_a_year"), transaction.atomic():
            InsuranceCover.objects.create(**common, payer="none")


# --- the insurer's list ----------------------------------------------------------------------------------


def sheet(
    *rows: list[Any], header: tuple[str, ...] = ("序号", "姓名", "身份证号码", "缴费金额", "凭证号")
) -> bytes:
    return tables.to_xlsx(header, rows)


def mark(office: Office, data: bytes, who: str = "clerk") -> Marked:
    with office.as_(who) as actor:
        return insurance_files.mark_list(
            actor=actor,
            at=AT,
            year=2026,
            kind="medical",
            data=data,
            premium=Decimal("380.00"),
            source="county",
        )


def test_a_list_by_identity_number_marks_everybody_on_it_and_again_nothing(office: Office) -> None:
    other = child(office, "孤", 1, primary_category="orphan")
    data = sheet(["1", "林小满", OWN_ID, "400.00", "YB-7"], ["2", "孤", number(1), "", ""])
    assert mark(office, data) == Marked(2, 2)
    assert mark(office, data) == Marked(2, 0)
    with office.as_("clerk"):
        rows = {row.child_id: row for row in InsuranceCover.objects.all()}
        assert (rows[office.child("own").pk].premium, rows[office.child("own").pk].proof) == (
            Decimal("400.00"),
            "YB-7",
        )
        assert (rows[other.pk].premium, rows[other.pk].source) == (Decimal("380.00"), "county")
    with system_scope(reason="test", log=False):
        assert InsuranceCover.pgh_event_model._base_manager.count() == 2  # type: ignore[attr-defined]


def test_all_or_nothing_with_every_line_that_is_wrong(office: Office) -> None:
    wrong = "500152201604010019"
    data = sheet(
        ["1", "林小满", OWN_ID, "400", "YB-7"],
        ["2", "张三", number(9), "400", ""],
        ["3", "李四", wrong, "400", ""],
        ["4", "林小满", OWN_ID, "400", ""],
    )
    with pytest.raises(ListRefused) as refused:
        mark(office, data)
    assert [problem.line for problem in refused.value.problems] == [3, 4, 5]
    assert "No child on this register" in refused.value.problems[0].message
    assert "line 2" in refused.value.problems[2].message
    with system_scope(reason="test", log=False):
        assert not InsuranceCover.objects.exists()


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([["1", "林大满", OWN_ID, "400", ""]], "name differs"),
        ([["1", "林小满", OWN_ID, "四百", ""]], "no amount"),
        ([], "no persons below"),
    ],
)
def test_a_line_that_is_not_right(office: Office, rows: list[list[Any]], message: str) -> None:
    with pytest.raises(ListRefused) as refused:
        mark(office, sheet(*rows))
    assert any(message in problem.message for problem in refused.value.problems)


def test_a_file_without_identity_numbers(office: Office) -> None:
    with pytest.raises(ListRefused) as refused:
        mark(office, sheet(["1", "x"], header=("序号", "姓名")))
    assert "身份证号" in refused.value.problems[0].message


def test_who_is_said_to_be_uninsured_or_to_pay_alone(office: Office) -> None:
    other = child(office, "孤", 1, primary_category="orphan")
    header = ("姓名", "身份证号", "参保情况")
    mark(office, sheet(["林小满", OWN_ID, "自费参保"], ["孤", number(1), "未参保"], header=header))
    with office.as_("clerk"):
        rows = {row.child_id: (row.payer, row.source) for row in InsuranceCover.objects.all()}
    assert rows == {office.child("own").pk: ("self", ""), other.pk: ("none", "")}


def test_a_child_of_another_county_is_not_found(office: Office) -> None:
    data = sheet(["1", "林小满", OWN_ID, "400", ""])
    with pytest.raises(ListRefused) as refused:
        mark(office, data, who="stranger")
    assert "No child on this register" in refused.value.problems[0].message


@pytest.mark.parametrize("who", ["supervisor", "approver", "director"])
def test_others_do_not_mark(office: Office, who: str) -> None:
    with pytest.raises(TransitionRefused, match="does not have this duty"):
        mark(office, sheet(["1", "林小满", OWN_ID, "400", ""]), who=who)


def exported(office: Office, who: str, full: bool) -> tuple[list[list[Any]], AccessLog]:
    with office.as_(who):
        job = jobs.start(
            insurance_files.EXPORT, region_id=current().ranges[0][0], at=AT,
            arguments={
                "filters": {"kind": "medical", "year": 2026, "show": "lacking"}, "reason": "送保险公司", "form": "xlsx",
                "full": full, "day": TODAY.isoformat(),
            },
        )  # fmt: skip
        done = jobs.HANDLERS[insurance_files.EXPORT](Job.objects.get(pk=job.pk))
        data = files.read(StoredFile.objects.get(pk=done["file"]))
    rows = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python()
    with system_scope(reason="test", log=False):
        return rows, AccessLog._base_manager.filter(kind="export").latest("at")


def test_the_list_for_the_insurer_has_whole_numbers_for_the_clerk_alone_and_is_logged(office: Office) -> None:
    rows, log = exported(office, "clerk", full=True)
    assert rows[0][:4] == ["序号", "姓名", "性别", "身份证号码"]
    line = next(row for row in rows if row[1] == "林小满")
    assert (line[3], line[8]) == (OWN_ID, 2026)
    assert (log.reason, log.detail["full"], log.detail["rows"]) == ("送保险公司", True, 3)
    for who, full in (("clerk", False), ("supervisor", True)):
        rows, log = exported(office, who, full=full)
        assert OWN_ID not in str(rows)
        assert log.detail["full"] is False
