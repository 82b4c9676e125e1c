"""The worked examples of the offices and of the rules, each by its name: the figures that they publish come out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.enums import Placement, PrimaryCategory
from subsidies.aid.enums import Cadence
from subsidies.enums import AmountLine, Clause, OffsetKind, SchemeCode, TekunMode
from subsidies.ledger.enums import Source
from subsidies.models import Offset, Payment, Rate, Scheme, SchemeRule
from subsidies.reckoning import funding, rules
from subsidies.reckoning.formulas import FormulaCircleError, Tables, share_of
from subsidies.reckoning.months import (
    Facts,
    entitled_months,
    last_by_age,
    last_month_of_end,
    period_end,
    period_of,
    periods_between,
)
from subsidies.reckoning.reasons import lines_of
from subsidies.reckoning.standards import Due, Standards
from subsidies.reckoning.steps import funding_of
from subsidies.terms.enums import Rounding, ShareKind, Starts
from subsidies.terms.in_force import Ruling, national, resolve
from subsidies.terms.reading import read_changes
from subsidies.terms.types import Share, Terms
from tests.cast import COUNTY, Cast

D = dt.date
LAST_YEAR = D(2025, 1, 1)
MONTH = D(2026, 10, 1)
KIN, HOME = "scattered", "institution"
ORPHAN, UNATTENDED, PROTECTED = "orphan", "de_facto_unattended", "protected"
CENTS = st.decimals(min_value=0, max_value=5000, places=2)


def yuan(text: str | int) -> Decimal:
    return Decimal(text).quantize(Decimal("0.01"))


class County:
    """A county's table of rates and rules on record, asked for what is due."""

    def __init__(self) -> None:
        self.schemes: dict[str, Scheme] = {}

    def scheme(self, code: str) -> Scheme:
        if code not in self.schemes:
            self.schemes[code] = Scheme.objects.get_or_create(code=code, defaults={"clause": "x"})[0]
        return self.schemes[code]

    def rate(self, amount: str, placement: str = KIN, code: str = "basic_living", **fields: Any) -> County:
        Rate.objects.create(
            scheme=self.scheme(code), region_id=COUNTY, placement=placement, amount=Decimal(amount), source="标准",
            **({"valid_from": D(2025, 1, 1)} | fields),
        )  # fmt: skip
        return self

    def rule(self, code: str = "basic_living", start: dt.date = LAST_YEAR, **changes: Any) -> County:
        SchemeRule.objects.create(
            scheme=self.scheme(code),
            region_id=COUNTY,
            valid_from=start,
            document="规定〔2025〕1号",
            changes=changes,
        )
        return self

    def due(
        self,
        category: str,
        placement: str = KIN,
        code: str = "basic_living",
        month: dt.date = MONTH,
        **more: Any,
    ) -> Due:
        return Standards.load(self.scheme(code), COUNTY).due(month, category, placement, **more)

    def paid(self, *args: Any, **more: Any) -> str:
        due = self.due(*args, **more)
        assert rules.adds_up(rules.explain(due.amount))
        assert sum(due.funding.values()) == due.amount.total
        return str(due.amount.total)


@pytest.fixture
def county(cast: Cast) -> County:
    return County()


def held(kind: str, amount: str, first: dt.date = LAST_YEAR, last: dt.date | None = None) -> Offset:
    return Offset(kind=kind, amount=Decimal(amount), start_month=first, end_month=last, source="名单")


def terms(code: str = "basic_living", **changes: Any) -> Terms:
    own = [Ruling("规定", read_changes(changes), COUNTY, D(2020, 1, 1))] if changes else []
    return resolve((*national(code), *own), MONTH)


# --- offices.md and rules.md 3: standards by placement


def test_taihe_2022_1550_in_institutions_1100_with_kin(county: County) -> None:
    county.rate("1550", HOME).rate("1100")
    for category in (ORPHAN, UNATTENDED):
        assert (county.paid(category, HOME), county.paid(category)) == ("1550.00", "1100.00")
    assert county.paid(PROTECTED) == "1100.00"


def test_yunnan_2019_1074_with_kin_1774_in_institutions(county: County) -> None:
    county.rate("1074").rate("1774", HOME)
    assert [county.paid(category) for category in (ORPHAN, PROTECTED, UNATTENDED)] == ["1074.00"] * 3
    assert county.paid(ORPHAN, HOME) == "1774.00"


def test_chongqing_2021_1255_for_unattended_children(county: County) -> None:
    county.rate("1255", category=UNATTENDED, valid_from=D(2021, 9, 1))
    assert county.paid(UNATTENDED, month=D(2021, 9, 1)) == "1255.00"
    with pytest.raises(rules.NoRateError):
        county.due(UNATTENDED, month=D(2021, 8, 1))


def test_baoshan_2000_in_institutions_1350_with_kin(county: County) -> None:
    county.rate("2000", HOME).rate("1350")
    assert (county.paid(ORPHAN, HOME), county.paid(UNATTENDED)) == ("2000.00", "1350.00")


def test_longyang_1274_less_what_is_received(county: County) -> None:
    county.rate("1274")
    assert county.paid(UNATTENDED) == "1274.00"
    assert county.paid(UNATTENDED, offsets=[held("dibao", "416.00")]) == "858.00"
    assert county.paid(UNATTENDED, offsets=[held("dibao", "1274.00")]) == "0.00"
    assert county.paid(UNATTENDED, offsets=[held("tekun", "1300.00")]) == "0.00"


def test_a_household_of_three_on_dibao_offsets_the_childs_third(county: County) -> None:
    county.rate("1274")
    share = rules.household_share(Decimal("1000.00"), 3)
    assert county.paid(UNATTENDED, offsets=[held("dibao", str(share))]) == "940.67"


# --- study grants


def test_fucai_yuanmeng_10000_a_school_year_from_the_lottery_fund(county: County) -> None:
    county.rate("10000", code="study_orphan", valid_from=D(2019, 9, 1))
    due = county.due(ORPHAN, code="study_orphan", month=D(2026, 9, 1))
    assert (due.amount.total, due.funding["lottery"]) == (10000, 10000)


def test_taihe_6000_a_school_year_for_unattended_children(county: County) -> None:
    county.rate("6000", code="study", valid_from=D(2022, 9, 1))
    assert county.paid(UNATTENDED, code="study", month=D(2026, 9, 1)) == "6000.00"
    assert terms("study").cadence is Cadence.SCHOOL_YEAR
    assert terms("study").payee_of(HOME).value == "student"


def test_baoshan_740_a_month_and_10000_a_school_year_for_orphans_who_study(county: County) -> None:
    students = {"code": "student", "name": {"zh": "大中学生", "en": "Students past 18"}}
    county.rule(grades=[students], extension_stages=["senior", "vocational", "higher"])
    county.rate("1350").rate("740", grade="student").rate(
        "10000", code="study_orphan", valid_from=D(2025, 9, 1)
    )
    assert county.paid(ORPHAN) == "1350.00"
    assert county.paid(ORPHAN, grade="student") == "740.00"
    assert county.paid(ORPHAN, code="study_orphan", month=D(2026, 9, 1)) == "10000.00"
    found = Standards.load(county.scheme("basic_living"), COUNTY).terms(MONTH)
    student = Facts(D(2008, 9, 12), "higher", D(2029, 6, 30))
    assert last_by_age(found, student, D(2026, 1, 1)) == D(2029, 6, 1)


def test_grants_of_a_school_year_that_begins_in_september() -> None:
    found = terms("study_orphan")
    student = Facts(D(2007, 3, 2), "higher", D(2028, 6, 30))
    assert entitled_months(found, student, D(2026, 12, 20), D(2026, 11, 3)) == (D(2026, 9, 1), D(2028, 6, 1))
    assert periods_between(D(2026, 9, 1), D(2028, 6, 1), Cadence.SCHOOL_YEAR) == (
        D(2026, 9, 1),
        D(2027, 9, 1),
    )
    # Not yet 18: the grant begins with the school year of the 18th birthday.
    younger = Facts(D(2009, 3, 2), "senior", D(2027, 6, 30))
    assert entitled_months(found, younger, D(2025, 12, 20), D(2025, 11, 3))[0] == D(2026, 9, 1)
    # Applied for in the summer with the letter of admission: the school year that begins.
    admitted = Facts(D(2007, 3, 1), "higher", D(2030, 7, 1))
    assert entitled_months(found, admitted, D(2026, 9, 10), D(2026, 8, 25)) == (D(2026, 9, 1), D(2030, 7, 1))
    admitted = Facts(D(2007, 3, 1), "higher")
    assert entitled_months(found, admitted, D(2026, 9, 10), D(2026, 8, 25)) == (D(2026, 9, 1), D(2027, 8, 1))
    first, last = entitled_months(found, Facts(D(2007, 3, 2), "left_school"), D(2026, 12, 20), D(2026, 11, 3))
    assert last < first


# --- formulas


def yiwu(county: County) -> None:
    names = [("poor_severe", "贫困重残重病"), ("poor", "其他贫困"), ("severe", "非贫困重残重病")]
    orphan, dibao = {"scheme": "basic_living"}, {"scheme": "dibao", "category": "dibao"}
    county.rule(
        "difficulty_living",
        grades=[{"code": code, "name": {"zh": zh, "en": code}} for code, zh in names],
        formulas=[
            {"grade": "poor_severe", "of": orphan, "minus": dibao, "rounding": "yuan"},
            {"grade": "poor", "of": orphan, "minus": dibao, "percent": "50", "rounding": "yuan"},
            {"grade": "severe", "of": orphan, "percent": "20", "rounding": "yuan"},
        ],
    )
    # The two standards that make the three published figures.
    county.rate("2345").rate("1053", code="dibao", category="dibao")


@pytest.mark.parametrize(
    ("category", "grade", "total"),
    [
        ("severe_disability", "poor_severe", "1292.00"),
        ("dibao", "poor", "646.00"),
        ("severe_illness", "severe", "469.00"),
    ],
)
def test_yiwu_2023_1292_646_469(county: County, category: str, grade: str, total: str) -> None:
    yiwu(county)
    due = county.due(category, code="difficulty_living", grade=grade)
    assert (str(due.amount.total), due.standard) == (total, Decimal(total))
    assert due.amount.lines[0].code is AmountLine.FORMULA
    assert rules.adds_up(rules.explain(due.amount))


def test_yiwu_a_raise_of_dibao_lowers_the_difference(county: County) -> None:
    yiwu(county)
    county.rate("1100", code="dibao", category="dibao", valid_from=D(2026, 11, 1))
    assert (
        county.paid("dibao", code="difficulty_living", grade="poor_severe", month=D(2026, 11, 1)) == "1245.00"
    )


@pytest.mark.parametrize(
    ("area", "percent", "total"),
    [("苏南", "75", "1500.00"), ("苏中", "70", "1400.00"), ("苏北", "65", "1300.00")],
)
def test_jiangsu_2018_kin_at_least_75_70_65_percent_of_institutions(
    county: County, area: str, percent: str, total: str
) -> None:
    of = {"scheme": "basic_living", "placement": HOME}
    county.rule(
        formulas=[{"category": ORPHAN, "placement": KIN, "of": of, "percent": percent, "at_least": True}]
    )
    county.rate("2000", HOME)
    assert (county.paid(ORPHAN), county.paid(ORPHAN, HOME)) == (total, "2000.00"), area
    # Children infected with HIV have 100 % of the standard with kin, wherever they live; so do unattended children.
    assert [county.paid(PROTECTED), county.paid(PROTECTED, HOME), county.paid(UNATTENDED)] == [total] * 3
    county.rate("1600", category=ORPHAN)
    due = county.due(ORPHAN)
    assert (due.amount.total, due.amount.lines[2].clause) == (1600, Clause.AT_LEAST)
    assert [line.code.value for line in due.amount.lines] == ["formula", "table", "standard", "total"]


def jiangsu(county: County) -> County:
    of = {"scheme": "basic_living"}
    return county.rule(
        "difficulty_living",
        formulas=[
            {"category": "guardianship_lacking", "of": of, "percent": "80", "at_least": True},
            {"category": "guardianship_improper", "of": of, "percent": "60", "at_least": True},
        ],
    )


def test_jiangsu_2018_80_percent_without_guardians_60_percent_with_unable_ones(county: County) -> None:
    jiangsu(county).rate("1480")
    assert county.paid("guardianship_lacking", code="difficulty_living") == "1184.00"
    assert county.paid("guardianship_improper", code="difficulty_living") == "888.00"
    assert (
        county.paid("guardianship_lacking", code="difficulty_living", offsets=[held("dibao", "300")])
        == "884.00"
    )


def test_jiangsu_2018_ratios_of_ratios_follow_the_institutional_standard(county: County) -> None:
    of = {"scheme": "basic_living", "placement": HOME}
    county.rule(
        formulas=[{"category": ORPHAN, "placement": KIN, "of": of, "percent": "70", "at_least": True}]
    )
    jiangsu(county).rate("2000", HOME)
    due = county.due("guardianship_lacking", code="difficulty_living")
    assert due.amount.total == 1120
    assert [line.amount for line in due.amount.lines] == [1400, 1120, 1120, 1120]


def test_at_least_is_never_below_the_ratio(county: County) -> None:
    county.rule(
        formulas=[
            {"category": ORPHAN, "placement": KIN, "of": {"scheme": "basic_living", "placement": HOME}, "percent": "65", "at_least": True}
        ]
    )  # fmt: skip
    county.rate("1333.33", HOME)
    assert county.paid(ORPHAN) == "866.67"  # 866.6645 is no amount; 866.66 would be less than 65 %


# --- rules.md 2.3


def test_shenzhen_1_the_difference_is_paid_to_who_has_another_benefit_and_full_to_others(
    county: County,
) -> None:
    county.rate("1550")
    for kind in ("dibao", "tekun", "disability_living"):
        assert county.paid(UNATTENDED, offsets=[held(kind, "320.00")]) == "1230.00"
    assert county.paid(UNATTENDED) == "1550.00"


def test_shenzhen_2_full_pay_becomes_the_difference_from_the_month_the_family_has_dibao(
    county: County,
) -> None:
    county.rate("1550")
    benefit = [held("dibao", "320.00", D(2026, 8, 1))]
    paid = [county.paid(UNATTENDED, month=D(2026, month, 1), offsets=benefit) for month in (7, 8, 9)]
    assert paid == ["1550.00", "1230.00", "1230.00"]


def test_shenzhen_3_a_disabled_child_never_has_full_pay_and_the_living_subsidy(county: County) -> None:
    county.rate("1550")
    due = county.due(UNATTENDED, offsets=[held("disability_living", "90.00")])
    assert due.amount.total + 90 == 1550


@pytest.mark.parametrize("kind", list(OffsetKind))
def test_chongqing_4_an_orphan_is_paid_in_full_and_the_other_benefit_is_cancelled(
    county: County, kind: OffsetKind
) -> None:
    county.rate("1550")
    due = county.due(ORPHAN, offsets=[held(kind.value, "320.00")])
    assert (due.amount.total, due.amount.conflicts) == (1550, (kind,))


def test_minhou_5_never_beside_tekun_the_difference_to_dibao_and_disability_only(county: County) -> None:
    county.rate("1550").rule(tekun_mode="exclude", offsets=["dibao", "disability_living"])
    assert county.paid(UNATTENDED, offsets=[held("tekun", "900")]) == "0.00"
    assert (
        county.paid(UNATTENDED, offsets=[held("dibao", "320"), held("disability_living", "90")]) == "1140.00"
    )


def test_guangdong_5_tekun_excludes_from_the_month_of_the_rule_on(county: County) -> None:
    county.rate("1550").rule(start=D(2026, 11, 1), tekun_mode="exclude")
    benefit = [held("tekun", "900")]
    assert county.paid(UNATTENDED, offsets=benefit) == "650.00"
    assert county.paid(UNATTENDED, offsets=benefit, month=D(2026, 11, 1)) == "0.00"


def test_two_subsidies_6_an_orphan_holds_no_living_subsidy_and_the_nursing_subsidy_changes_nothing(
    county: County,
) -> None:
    county.rate("1550")
    due = county.due(ORPHAN, offsets=[held("disability_living", "90")])
    assert (due.amount.total, due.amount.clause) == (1550, Clause.DISABILITY_NO_DOUBLE)
    assert "nursing" not in OffsetKind.values  # 重度残疾人护理补贴 is held beside every allowance
    # They begin with the month of the application (国发〔2015〕52号); a scheme may say so.
    child = Facts(D(2015, 1, 5))
    at_once = entitled_months(terms(starts="application_month"), child, D(2026, 10, 20), D(2026, 9, 3))
    assert at_once[0] == D(2026, 9, 1)


def test_shenzhen_7_two_categories_at_once_get_the_higher_standard_one_only(county: County) -> None:
    yiwu(county)
    county.rate("646", code="difficulty_living", category="severe_disability")
    county.rate("469", code="difficulty_living", category="low_income")
    due = county.due("low_income", code="difficulty_living", also=["severe_disability", "street_child"])
    assert (due.amount.total, due.amount.lines[1].clause) == (646, Clause.HIGHER_OF)
    assert due.amount.lines[0].code is AmountLine.OTHER_CATEGORY
    assert rules.adds_up(rules.explain(due.amount))
    # The basic living allowance has one standard for the main category.
    county.rate("880", category=UNATTENDED)
    assert county.paid(UNATTENDED, also=[ORPHAN]) == "880.00"


def test_not_offset_8_only_three_benefits_are_ever_set_off() -> None:
    """助学金, 医保代缴, 临时救助, 慈善, 价格补贴 and 照护服务补贴 have no code by which they could be deducted."""
    assert set(OffsetKind.values) == {"dibao", "tekun", "disability_living"}
    for code in (SchemeCode.CARE, SchemeCode.STUDY_ORPHAN, SchemeCode.STUDY):
        assert terms(code.value).offsets == ()


def test_not_offset_8_dibao_leaves_the_care_allowance_and_grants_whole(county: County) -> None:
    county.rate("200", code="care").rate("6000", code="study")
    for code, total in (("care", "200.00"), ("study", "6000.00")):
        due = county.due(UNATTENDED, code=code, month=D(2026, 9, 1), offsets=[held("dibao", "320.00")])
        assert str(due.amount.total) == total
        assert due.amount.lines[1].code is AmountLine.BESIDE
        assert rules.adds_up(rules.explain(due.amount))


# --- months: 2.1, 2.4

BORN = Facts(D(2008, 9, 12))
DECIDED, APPLIED = D(2026, 5, 20), D(2026, 4, 7)


def test_nat_the_last_month_is_birth_month_plus_18_years() -> None:
    assert entitled_months(terms(), BORN, DECIDED, APPLIED) == (D(2026, 6, 1), D(2026, 9, 1))


def test_chongqing_stops_from_the_month_after_the_18th_birthday_and_at_once_when_a_parent_is_found() -> None:
    chongqing = terms(stop_by_reason={"parent_found": "same_month"})
    assert last_by_age(chongqing, BORN, D(2026, 1, 1)) == D(2026, 9, 1)
    assert last_month_of_end(chongqing, "parent_found", D(2026, 8, 30)) == D(2026, 7, 1)
    assert last_month_of_end(chongqing, "adopted", D(2026, 8, 30)) == D(2026, 8, 1)


@pytest.mark.parametrize("reason", ["death", "turned_18", "adopted", "moved_away", "parent_able", "other"])
def test_dingzhou_2020_every_end_stops_the_next_month(reason: str) -> None:
    assert last_month_of_end(terms(), reason, D(2026, 8, 30)) == D(2026, 8, 1)


def test_guangdong_grace_months_after_a_parent_returns_none_after_death() -> None:
    grace = terms(grace_months=6)
    assert last_month_of_end(grace, "parent_released", D(2026, 8, 30)) == D(2027, 2, 1)
    assert last_month_of_end(grace, "death", D(2026, 8, 30)) == D(2026, 8, 1)
    assert last_month_of_end(terms(), "parent_released", D(2026, 8, 30)) == D(2026, 8, 1)


def test_luozhuang_a_grown_orphan_at_school_is_paid_on_while_the_school_certifies() -> None:
    luozhuang = terms(extension_stages=["senior", "vocational", "higher"])
    proved = Facts(BORN.birth_date, "senior", D(2027, 7, 10))
    assert last_by_age(luozhuang, proved, D(2026, 1, 1)) == D(2027, 7, 1)
    for facts in (
        BORN,
        Facts(BORN.birth_date, "senior"),
        Facts(BORN.birth_date, "left_school", D(2027, 7, 10)),
    ):
        assert last_by_age(luozhuang, facts, D(2026, 1, 1)) == D(2026, 9, 1)


def test_extension_chongqing_middle_and_vocational_schools_guangdong_also_universities_no_graduates() -> None:
    chongqing = terms(extension_stages=["junior", "senior", "vocational", "technical"])
    guangdong = terms(extension_stages=["primary", "junior", "senior", "vocational", "technical", "higher"])
    until = D(2028, 6, 30)
    paid = {
        stage: [last_by_age(rule, Facts(BORN.birth_date, stage, until), MONTH) > D(2026, 9, 1) for rule in (chongqing, guangdong)]
        for stage in ("senior", "higher", "postgraduate")
    }  # fmt: skip
    assert paid == {"senior": [True, True], "higher": [False, True], "postgraduate": [False, False]}


def test_baoshan_and_quarters_whole_months_only() -> None:
    """次月 also where it is paid by the quarter or year: of the first one the months that are left."""
    quarterly = terms(cadence="quarter")
    assert entitled_months(quarterly, BORN, D(2026, 5, 20), APPLIED)[0] == D(2026, 6, 1)
    assert entitled_months(quarterly, BORN, D(2026, 3, 20), APPLIED)[0] == D(2026, 4, 1)
    assert entitled_months(quarterly, BORN, D(2026, 1, 10), APPLIED)[0] == D(2026, 2, 1)
    assert entitled_months(terms(cadence="year"), BORN, D(2026, 1, 10), APPLIED)[0] == D(2026, 2, 1)
    applied = terms(cadence="quarter", starts="application_month")
    assert entitled_months(applied, BORN, D(2026, 6, 10), D(2026, 5, 4))[0] == D(2026, 5, 1)
    # A grant of a school year is one sum: the first whole year from the month after.
    grants = terms(cadence="school_year")
    assert entitled_months(grants, BORN, D(2026, 8, 20), APPLIED)[0] == D(2026, 9, 1)
    assert entitled_months(grants, BORN, D(2025, 9, 20), APPLIED)[0] == D(2026, 9, 1)
    assert (period_of(D(2026, 5, 9), Cadence.QUARTER), period_end(D(2026, 5, 9), Cadence.QUARTER)) == (
        D(2026, 4, 1),
        D(2026, 6, 1),
    )
    assert period_of(D(2026, 8, 1), Cadence.SCHOOL_YEAR) == D(2025, 9, 1)
    assert periods_between(D(2026, 9, 1), D(2026, 12, 1), Cadence.ONCE) == (D(2026, 9, 1),)
    assert terms().starts is Starts.NEXT_MONTH


# --- words and sources


def test_the_steps_of_a_formula_are_told_in_words(county: County) -> None:
    jiangsu(county).rate("1480")
    due = county.due("guardianship_lacking", code="difficulty_living", offsets=[held("dibao", "300")])
    payment = Payment(
        category="guardianship_lacking", placement=KIN,
        explanation={"lines": rules.explain(due.amount)}, from_county=Decimal("614.00"), from_central=Decimal("270.00"),
    )  # fmt: skip
    lines = lines_of(payment)
    assert "80% of the standard 1,480.00" in lines[0]["note"]
    assert "规定〔2025〕1号" in lines[0]["note"]
    assert [(line["informs"], line["minus"]) for line in lines] == [
        (True, False),
        (False, False),
        (False, True),
    ]
    assert [str(row["label"]) for row in funding_of(payment)] == ["Central funds", "County funds"]


def test_the_difference_and_the_other_category_are_told_in_words(county: County) -> None:
    yiwu(county)
    county.rate("646", code="difficulty_living", category="severe_disability")
    county.rate("469", code="difficulty_living", category="low_income")
    for due, words in (
        (
            county.due("dibao", code="difficulty_living", grade="poor"),
            "50% of the difference between 2,345.00",
        ),
        (
            county.due("low_income", code="difficulty_living", also=["severe_disability"]),
            "Low-income household",
        ),
        (county.due(UNATTENDED, offsets=[held("dibao", "1")]), ""),
    ):
        payment = Payment(category="dibao", placement=KIN, explanation={"lines": rules.explain(due.amount)})
        assert words in lines_of(payment)[0]["note"]


def test_tongnan_central_gives_270_yuan_of_each_childs_amount_and_the_county_the_rest(county: County) -> None:
    county.rate("1550").rule(
        funding=[
            {"source": "central", "kind": "fixed", "value": "270"},
            {"source": "provincial", "kind": "percent", "value": "30"},
            {"source": "county", "kind": "rest"},
        ]
    )
    found = county.due(UNATTENDED).funding
    assert {name: str(value) for name, value in found.items() if value} == {
        "central": "270.00",
        "provincial": "384.00",
        "county": "896.00",
    }
    small = county.due(UNATTENDED, offsets=[held("dibao", "1400")]).funding
    assert (small["central"], small["county"]) == (150, 0)


# --- what holds for every county

SHARES = st.builds(
    lambda fixed, percents, rest: tuple(
        [Share(source, ShareKind.FIXED, value) for source, value in fixed]
        + [Share(source, ShareKind.PERCENT, Decimal(value)) for source, value in percents]
        + [Share(rest, ShareKind.REST)]
    ),
    st.lists(
        st.tuples(st.sampled_from([Source.CENTRAL, Source.LOTTERY]), CENTS), unique_by=lambda row: row[0]
    ),
    st.lists(
        st.tuples(st.sampled_from([Source.PROVINCIAL, Source.PREFECTURE]), st.integers(0, 50)),
        unique_by=lambda row: row[0],
    ),
    st.just(Source.COUNTY),
)


@settings(deadline=None, max_examples=300)
@given(CENTS, SHARES)
def test_funds_together_are_the_amount_to_the_fen_and_never_negative(
    amount: Decimal, shares: tuple[Share, ...]
) -> None:
    found = funding.split(amount, shares)
    assert set(found) == set(Source.values)
    assert sum(found.values()) == amount
    assert all(value >= 0 and value == value.quantize(Decimal("0.01")) for value in found.values())


@settings(deadline=None, max_examples=200)
@given(CENTS, CENTS, SHARES, SHARES)
def test_what_is_still_owed_is_funded_exactly(first: Decimal, more: Decimal, old: Any, new: Any) -> None:
    delivered, due = funding.split(first, old), funding.split(first + more, new)
    owed = funding.still_owed(due, delivered)
    assert sum(owed.values()) == more
    assert all(value >= 0 for value in owed.values())
    with pytest.raises(ValueError, match="more was delivered"):
        funding.still_owed(delivered, {**due, "county": due["county"] + Decimal("0.01")})


def test_no_shares_means_the_county_and_debts_are_no_amounts() -> None:
    assert funding.split(Decimal("5.00"), ())["county"] == 5
    with pytest.raises(ValueError, match="negative"):
        funding.split(Decimal("-0.01"), ())


@settings(deadline=None, max_examples=300)
@given(CENTS, st.integers(0, 200), CENTS, st.sampled_from(Rounding))
def test_a_share_is_rounded_by_its_rule(base: Decimal, percent: int, minus: Decimal, how: Rounding) -> None:
    exact = max(Decimal(0), base - minus) * percent / 100
    found = share_of(base, Decimal(percent), minus, how)
    unit = Decimal("0.01") if how.value.startswith("fen") else Decimal(1)
    assert found % unit == 0
    assert abs(found - exact) < unit
    if how in (Rounding.FEN_UP, Rounding.YUAN_UP):
        assert found >= exact
    if how is Rounding.YUAN_DOWN:
        assert found <= exact


def tables(rates: Iterable[rules.Rate], changes: dict[str, Any]) -> Tables:
    formulas = read_changes({"formulas": changes["formulas"]})["formulas"]
    return Tables(COUNTY, MONTH, {"basic_living": list(rates)}, {"basic_living": formulas})


@settings(deadline=None, max_examples=200)
@given(CENTS, st.integers(1, 100), CENTS)
def test_at_least_is_the_higher_of_ratio_and_table(home: Decimal, percent: int, own: Decimal) -> None:
    of = {"scheme": "basic_living", "placement": HOME}
    rows = [
        rules.Rate(COUNTY, D(2026, 1, 1), amount, PrimaryCategory.ORPHAN, placement, source=placement.value)
        for placement, amount in ((Placement.INSTITUTION, home), (Placement.SCATTERED, own))
    ]
    rule = {
        "formulas": [
            {"category": ORPHAN, "placement": KIN, "of": of, "percent": str(percent), "at_least": True}
        ]
    }
    found = tables(rows, rule).standard("basic_living", UNATTENDED, KIN)
    assert found.amount == max(own, share_of(home, Decimal(percent)))


def test_standards_that_rest_on_each_other_are_refused() -> None:
    rule = {"formulas": [{"of": {"scheme": "basic_living", "placement": HOME}, "percent": "90"}]}
    row = rules.Rate(COUNTY, D(2026, 1, 1), yuan(1000), PrimaryCategory.ORPHAN, Placement.INSTITUTION)
    with pytest.raises(FormulaCircleError):
        tables([row], rule).standard("basic_living", ORPHAN, KIN)


def test_tekun_mode_of_one_scheme_leaves_the_other_alone(county: County) -> None:
    county.rule(tekun_mode="exclude")
    book = Standards.load(county.scheme("basic_living"), COUNTY)
    other = book.of_scheme(county.scheme("difficulty_living"))
    assert (book.terms(MONTH).tekun_mode, other.terms(MONTH).tekun_mode) == (
        TekunMode.EXCLUDE,
        TekunMode.OFFSET,
    )
