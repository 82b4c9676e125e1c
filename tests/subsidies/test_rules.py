"""Amounts to the cent, with the figures that real offices publish, and what must hold for every amount."""

import datetime as dt
import json
from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.enums import Placement, PrimaryCategory
from subsidies.enums import (
    CLAUSE_SOURCES,
    AmountLine,
    Clause,
    ConflictMode,
    OffsetKind,
    TekunMode,
    clause_source,
    clause_text,
    line_label,
)
from subsidies.reckoning.rules import (
    AmbiguousRateError,
    Correction,
    NoRateError,
    Offset,
    Rate,
    adds_up,
    amount,
    corrections,
    explain,
    highest_rate,
    household_share,
    money,
    rate_on,
)

D = dt.date
ORPHAN, DE_FACTO, PROTECTED = (
    PrimaryCategory.ORPHAN,
    PrimaryCategory.DE_FACTO_UNATTENDED,
    PrimaryCategory.PROTECTED,
)
KIN, HOME = Placement.SCATTERED, Placement.INSTITUTION
PROVINCE, PREFECTURE, COUNTY = 500000000000, 500100000000, 500152000000
VILLAGE = 500152001001
OCTOBER, NEW_YEAR = D(2026, 10, 1), D(2026, 1, 1)
CENTS = st.decimals(min_value=0, max_value=5000, places=2)


def yuan(text: str) -> Decimal:
    return Decimal(text)


def rate(region: int, value: str, category=ORPHAN, placement=KIN, start=NEW_YEAR, end=None) -> Rate:
    return Rate(region, start, yuan(value), category, placement, end, source=f"{region}:{value}")


def find(rates: list[Rate], category=DE_FACTO, placement=KIN, month=OCTOBER, region=VILLAGE) -> Decimal:
    return rate_on(rates, month, region, category, placement).amount


# --- standards


@pytest.mark.parametrize(
    ("regions", "value"),
    [
        ([PROVINCE], "1000.00"),
        ([PROVINCE, PREFECTURE], "1001.00"),
        ([PROVINCE, PREFECTURE, COUNTY], "1002.00"),
        ([PROVINCE, COUNTY], "1002.00"),
    ],
)
def test_the_narrowest_region_wins(regions: list[int], value: str) -> None:
    values = {PROVINCE: "1000.00", PREFECTURE: "1001.00", COUNTY: "1002.00"}
    rates = [rate(region, values[region]) for region in regions]
    assert find(rates) == yuan(value)
    assert find(rates[::-1]) == yuan(value)


def test_another_countys_standard_does_not_apply() -> None:
    with pytest.raises(NoRateError, match="2026-10"):
        find([rate(500153000000, "1255.00"), rate(530000000000, "1074.00")])


def test_dates_of_a_standard() -> None:
    rates = [
        rate(COUNTY, "1255.00", start=D(2021, 9, 1), end=D(2025, 12, 31)),
        rate(COUNTY, "1550.00", start=D(2026, 1, 1)),
        rate(COUNTY, "1600.00", start=D(2026, 11, 2)),
    ]
    assert find(rates, month=D(2025, 12, 1)) == yuan("1255.00")
    assert find(rates, month=D(2026, 1, 31)) == yuan("1550.00")
    # In force from the 2nd: the month that began on the 1st is still paid at the old standard.
    assert find(rates, month=D(2026, 11, 30)) == yuan("1550.00")
    assert find(rates, month=D(2026, 12, 1)) == yuan("1600.00")
    with pytest.raises(NoRateError):
        find(rates, month=D(2021, 8, 31))


def test_placement_chooses_the_standard() -> None:
    rates = [rate(COUNTY, "1100.00"), rate(COUNTY, "1550.00", placement=HOME)]  # 太和 2022
    assert find(rates) == yuan("1100.00")
    assert find(rates, placement=HOME) == yuan("1550.00")
    assert find(rates, category=ORPHAN, placement=HOME) == yuan("1550.00")


def test_de_facto_unattended_follow_orphans_unless_they_have_their_own_row() -> None:
    rates = [rate(COUNTY, "1100.00")]
    assert find(rates) == yuan("1100.00")
    rates.append(rate(COUNTY, "880.00", category=DE_FACTO))
    assert find(rates) == yuan("880.00")
    assert find(rates, category=ORPHAN) == yuan("1100.00")


def test_a_narrower_region_beats_a_closer_category() -> None:
    rates = [rate(PROVINCE, "880.00", category=DE_FACTO), rate(COUNTY, "1100.00")]
    assert find(rates) == yuan("1100.00")


def test_the_protected_category_has_the_standard_of_orphans_with_kin() -> None:
    rates = [rate(COUNTY, "1100.00"), rate(COUNTY, "1550.00", placement=HOME)]
    assert find(rates, category=PROTECTED) == yuan("1100.00")
    assert find(rates, category=PROTECTED, placement=HOME) == yuan("1100.00")


@pytest.mark.parametrize(
    "category", [category for category in PrimaryCategory if category not in (ORPHAN, DE_FACTO, PROTECTED)]
)
def test_other_categories_do_not_borrow_the_orphans_standard(category: PrimaryCategory) -> None:
    with pytest.raises(NoRateError):
        find([rate(COUNTY, "1100.00")], category=category)
    assert find([rate(COUNTY, "660.00", category=category)], category=category) == yuan("660.00")


def test_a_row_for_any_category_or_placement_is_the_last_resort() -> None:
    anyone = rate(COUNTY, "500.00", category=None, placement=None)
    assert find([anyone]) == yuan("500.00")
    assert find([anyone, rate(COUNTY, "1100.00", placement=None)]) == yuan("1100.00")
    assert find([rate(COUNTY, "1000.00", placement=None), rate(COUNTY, "1100.00")]) == yuan("1100.00")


def test_two_equal_rows_are_an_error_not_a_choice() -> None:
    with pytest.raises(AmbiguousRateError, match="2 standards"):
        find([rate(COUNTY, "1100.00"), rate(COUNTY, "1200.00")])


def test_two_categories_at_once_get_the_higher_one_only() -> None:
    disabled, poor = PrimaryCategory.SEVERE_DISABILITY, PrimaryCategory.DIBAO
    rates = [rate(COUNTY, "646.00", category=disabled), rate(COUNTY, "469.00", category=poor)]
    categories = [poor, disabled, PrimaryCategory.MIGRANT]
    assert highest_rate(rates, D(2026, 10, 1), VILLAGE, categories, KIN)[0] is disabled
    with pytest.raises(NoRateError):
        highest_rate(rates, D(2026, 10, 1), VILLAGE, [PrimaryCategory.MIGRANT], KIN)


# --- amounts


def test_full_pay() -> None:
    result = amount(yuan("1550.00"), source="rate:3")
    assert result.total == yuan("1550.00")
    assert result.clause is Clause.FULL
    assert explain(result) == [
        {"label": "standard", "amount": "1550.00", "clause": "standard", "source": "rate:3"},
        {"label": "total", "amount": "1550.00", "clause": "full", "source": ""},
    ]


def test_top_up_of_the_mock_up() -> None:
    share = household_share(yuan("960.00"), 3)
    result = amount(yuan("1550.00"), [Offset(OffsetKind.DIBAO, share, "2026-10:1204")], source="rate:3")
    assert result.total == yuan("1230.00")
    assert result.clause is Clause.TOP_UP
    assert explain(result)[1] == {
        "label": "offset_dibao",
        "amount": "-320.00",
        "clause": "top_up",
        "source": "2026-10:1204",
    }


@pytest.mark.parametrize(
    ("benefit", "total", "clause"),
    [
        ("1273.99", "0.01", Clause.TOP_UP),
        ("1274.00", "0.00", Clause.TOP_UP_NONE),
        ("1274.01", "0.00", Clause.TOP_UP_NONE),
        ("0.00", "1274.00", Clause.TOP_UP),
    ],
)
def test_top_up_around_the_standard(benefit: str, total: str, clause: Clause) -> None:
    result = amount(yuan("1274.00"), [Offset(OffsetKind.DIBAO, yuan(benefit))])  # 隆阳: 1274 − 已享受
    assert (str(result.total), result.clause) == (total, clause)
    assert adds_up(explain(result))
    assert any(line.code is AmountLine.FLOOR for line in result.lines) is (yuan(benefit) > 1274)


def test_several_benefits_are_deducted_together_in_one_order() -> None:
    offsets = [
        Offset(OffsetKind.DISABILITY_LIVING, yuan("80.00")),
        Offset(OffsetKind.TEKUN, yuan("700.50")),
        Offset(OffsetKind.DIBAO, yuan("300.00")),
    ]
    result = amount(yuan("1550.00"), offsets)
    assert result.total == yuan("469.50")
    assert [line.code for line in result.lines] == [
        AmountLine.STANDARD,
        AmountLine.OFFSET_DIBAO,
        AmountLine.OFFSET_TEKUN,
        AmountLine.OFFSET_DISABILITY,
        AmountLine.TOTAL,
    ]
    assert explain(result) == explain(amount(yuan("1550.00"), offsets[::-1]))


def test_tekun_deducts_or_excludes_by_county() -> None:
    tekun = [Offset(OffsetKind.TEKUN, yuan("900.00"), "tekun:7")]
    assert amount(yuan("1550.00"), tekun, tekun_mode=TekunMode.OFFSET).total == yuan("650.00")
    excluded = amount(yuan("1550.00"), tekun, tekun_mode=TekunMode.EXCLUDE)
    assert str(excluded.total) == "0.00"
    assert excluded.clause is Clause.TEKUN_EXCLUDES
    assert excluded.lines[1].source == "tekun:7"
    assert adds_up(explain(excluded))
    dibao = [Offset(OffsetKind.DIBAO, yuan("320.00"))]
    assert amount(yuan("1550.00"), dibao, tekun_mode=TekunMode.EXCLUDE).total == yuan("1230.00")


@pytest.mark.parametrize(
    ("kind", "clause"),
    [
        (OffsetKind.DIBAO, Clause.ORPHAN_NO_DOUBLE),
        (OffsetKind.TEKUN, Clause.ORPHAN_NO_DOUBLE),
        (OffsetKind.DISABILITY_LIVING, Clause.DISABILITY_NO_DOUBLE),
    ],
)
@pytest.mark.parametrize("mode", list(TekunMode))
def test_an_orphan_is_paid_in_full_and_the_other_benefit_is_named(
    kind: OffsetKind, clause: Clause, mode: TekunMode
) -> None:
    result = amount(yuan("1550.00"), [Offset(kind, yuan("320.00"))], ORPHAN, mode)
    assert result.total == yuan("1550.00")
    assert (result.conflicts, result.clause) == ((kind,), clause)
    assert (result.lines[1].code, result.lines[1].clause) == (AmountLine.NOT_OFFSET, clause)
    assert adds_up(explain(result))


def test_an_orphan_where_the_county_deducts_until_cancelled() -> None:
    offsets = [Offset(OffsetKind.DIBAO, yuan("320.00"))]
    result = amount(yuan("1550.00"), offsets, ORPHAN, conflict_mode=ConflictMode.OFFSET)
    assert (result.total, result.clause) == (yuan("1230.00"), Clause.ORPHAN_OFFSET)
    assert result.conflicts == (OffsetKind.DIBAO,)
    plain = amount(yuan("1550.00"), [], ORPHAN, conflict_mode=ConflictMode.OFFSET)
    assert (plain.clause, plain.conflicts) == (Clause.FULL, ())


def test_the_protected_category_is_topped_up() -> None:
    result = amount(yuan("1100.00"), [Offset(OffsetKind.DIBAO, yuan("100.00"))], PROTECTED)
    assert (result.total, result.conflicts) == (yuan("1000.00"), ())


def test_stored_codes_work_like_members() -> None:
    offsets = [Offset("tekun", yuan("900.00"))]  # type: ignore[arg-type]
    assert amount(yuan("1550.00"), offsets, "de_facto_unattended", "exclude").total == 0
    assert amount(yuan("1550.00"), offsets, "orphan", "exclude", "offset").total == yuan("650.00")


def test_the_same_benefit_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="two offsets of one kind"):
        amount(yuan("1550.00"), [Offset(OffsetKind.DIBAO, yuan("320.00"))] * 2)


@pytest.mark.parametrize("value", ["-0.01", "10.005", "NaN", "Infinity"])
def test_what_is_no_money(value: str) -> None:
    with pytest.raises(ValueError, match="money"):
        money(yuan(value))
    with pytest.raises(ValueError, match="money"):
        amount(yuan(value))
    for category, mode in product((ORPHAN, DE_FACTO), TekunMode):
        with pytest.raises(ValueError, match="money"):
            amount(yuan("1550.00"), [Offset(OffsetKind.TEKUN, yuan(value))], category, mode)


@pytest.mark.parametrize("value", [1550.0, 1550, "1550.00", None])
def test_money_is_only_ever_decimal(value: object) -> None:
    with pytest.raises(TypeError, match="Decimal"):
        money(value)  # type: ignore[arg-type]


def test_money_has_two_places() -> None:
    assert str(money(yuan("1550"))) == "1550.00"
    assert str(money(yuan("1550.500"))) == "1550.50"


def test_share_of_a_household_benefit() -> None:
    assert household_share(yuan("1000.00"), 3) == yuan("333.33")
    assert household_share(yuan("0.00"), 4) == 0
    with pytest.raises(ValueError, match="at least one member"):
        household_share(yuan("960.00"), 0)


# --- explanations


def test_every_code_has_a_wording_and_every_clause_a_source() -> None:
    assert set(CLAUSE_SOURCES) == set(Clause)
    assert line_label("standard") == AmountLine.STANDARD.label
    assert clause_text("top_up") == Clause.TOP_UP.label
    assert line_label("of_a_later_version") == "of_a_later_version"
    assert clause_source("top_up") == "民发〔2019〕62号"
    assert clause_source("of_a_later_version") == ""
    assert clause_text("of_a_later_version") == "of_a_later_version"


def test_a_tampered_explanation_does_not_add_up() -> None:
    stored = explain(amount(yuan("1550.00"), [Offset(OffsetKind.DIBAO, yuan("320.00"))]))
    assert adds_up(stored)
    assert not adds_up([{**stored[0], "amount": "1551.00"}, *stored[1:]])
    assert not adds_up(stored[:-1])
    assert not adds_up([])


def test_corrections_name_the_month() -> None:
    september, october, november = D(2026, 9, 1), D(2026, 10, 1), D(2026, 11, 1)
    due = {september: yuan("1550.00"), october: yuan("1230.00")}
    paid = {september: yuan("1230.00"), october: yuan("1230.00"), november: yuan("1550.00")}
    assert corrections(due, paid) == [
        Correction(september, yuan("320.00")),
        Correction(november, yuan("-1550.00")),
    ]
    assert corrections({}, {}) == []


# --- what holds for every amount

OFFSETS = st.lists(
    st.builds(Offset, st.sampled_from(OffsetKind), CENTS, st.text(max_size=8)),
    unique_by=lambda offset: offset.kind,
)
CATEGORIES = st.sampled_from([ORPHAN, DE_FACTO, PROTECTED])


@settings(deadline=None, max_examples=300)
@given(CENTS, OFFSETS, CATEGORIES, st.sampled_from(TekunMode), st.sampled_from(ConflictMode))
def test_every_amount_is_explained(
    standard: Decimal,
    offsets: list[Offset],
    category: PrimaryCategory,
    tekun: TekunMode,
    conflict: ConflictMode,
) -> None:
    result = amount(standard, offsets, category, tekun, conflict)
    assert 0 <= result.total <= standard
    assert result.total == result.total.quantize(Decimal("0.01"))
    stored = json.loads(json.dumps(explain(result)))
    assert adds_up(stored)
    assert Decimal(stored[-1]["amount"]) == result.total
    assert all(not line["amount"].startswith("-0.00") for line in stored)
    assert all(line["label"] in AmountLine.values and line["clause"] in Clause.values for line in stored)
    if category is not ORPHAN and not (
        tekun is TekunMode.EXCLUDE and any(o.kind == "tekun" for o in offsets)
    ):
        assert result.total == max(Decimal(0), standard - sum(offset.amount for offset in offsets))
    if category is ORPHAN and conflict is ConflictMode.CANCEL_OTHER:
        assert result.total == standard


@settings(deadline=None)
@given(CENTS, OFFSETS, CENTS, st.sampled_from(TekunMode))
def test_a_higher_standard_never_pays_less(
    standard: Decimal, offsets: list[Offset], more: Decimal, mode: TekunMode
) -> None:
    before = amount(standard, offsets, tekun_mode=mode).total
    assert amount(standard + more, offsets, tekun_mode=mode).total >= before


@settings(deadline=None)
@given(CENTS, st.integers(1, 12))
def test_shares_never_exceed_the_household(total: Decimal, members: int) -> None:
    share = household_share(total, members)
    assert 0 <= total - share * members < members * Decimal("0.01")


@settings(deadline=None)
@given(
    st.dictionaries(st.integers(1, 12).map(lambda month: D(2026, month, 1)), CENTS),
    st.dictionaries(st.integers(1, 12).map(lambda month: D(2026, month, 1)), CENTS),
)
def test_corrections_bring_paid_to_due(due: dict[dt.date, Decimal], paid: dict[dt.date, Decimal]) -> None:
    found = corrections(due, paid)
    assert sum(paid.values()) + sum(one.amount for one in found) == sum(due.values())
    repaired = dict(paid)
    for one in found:
        repaired[one.month] = repaired.get(one.month, Decimal(0)) + one.amount
    assert corrections(due, repaired) == []
