"""The number of the disability card, and what counts as a severe disability or illness."""

from __future__ import annotations

from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.eligibility import illness
from cases.eligibility.disability import CardError, belongs_to, is_severe, mask_card, parse_card
from cases.enums import DisabilityKind
from cases.identity import check_character
from staff.parameters import DEFAULTS

VALID = "11010519491231002X"
LISTED = DEFAULTS["severe_illnesses"][0]
THRESHOLD = Decimal(20000)


def test_a_card_is_read_with_its_parts() -> None:
    card = parse_card("１１０１０５ 19491231002x53b1")
    assert (card.id_number, card.kind, card.level, card.replacement) == (
        VALID,
        DisabilityKind.INTELLECTUAL,
        3,
        1,
    )
    assert card.number == VALID + "53B1"
    assert parse_card(VALID + "42").number == VALID + "42"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", r"Write|请填写|残疾人证"),
        (VALID, r"18|identity number|身份证"),
        (VALID + "5", "19"),
        (VALID + "531", "21"),
        (VALID + "85", "8"),
        (VALID + "05", "0"),
        (VALID + "45", "5"),
        (VALID + "40", "0"),
        (VALID + "42B", "B"),
        (VALID + "42B123", "B"),
        ("110105194912310021" + "43", r"18"),
        ("110105194913310021" + "43", r"18"),
        ("A1010519491231002X43", r"18"),
    ],
)
def test_a_wrong_number_names_the_fault(text: str, told: str) -> None:
    with pytest.raises(CardError, match=told):
        parse_card(text)


@given(
    st.integers(110000, 659999),
    st.dates(),
    st.integers(0, 999),
    st.sampled_from(DisabilityKind),
    st.sampled_from([1, 2, 3, 4]),
    st.integers(0, 99),
)
def test_what_is_printed_is_read_back(
    area: int, birth: object, order: int, kind: DisabilityKind, level: int, copy: int
) -> None:
    year = 1950 + order % 70
    first = f"{area}{year}0612{order:03d}"
    number = first + check_character(first)
    card = parse_card(f"{number}{kind.value}{level}{f'B{copy}' if copy else ''}")
    assert (card.id_number, card.kind, card.level, card.replacement) == (number, kind, level, copy)
    assert belongs_to(card, number)
    assert belongs_to(card, "")
    assert not belongs_to(card, VALID) or number == VALID
    assert number not in mask_card(card.number)


def test_one_mistyped_digit_of_the_person_is_found() -> None:
    for place, digit in product(range(18), "0123456789"):
        if VALID[place] in (digit, "X"):
            continue
        with pytest.raises(CardError):
            parse_card(VALID[:place] + digit + VALID[place + 1 :] + "43")


def test_multiple_disabilities_are_severe_by_a_component() -> None:
    assert not is_severe("7", 3)
    assert not is_severe("7", 3, [{"kind": "4", "level": 3}, {"kind": "2", "level": 4}])
    assert is_severe("7", 3, [{"kind": "4", "level": 3}, {"kind": "5", "level": 4}])
    assert is_severe("7", 3, [{"kind": "1", "level": 2}, {"kind": "4", "level": 4}])
    assert is_severe("7", 2)
    # Components say nothing about a single disability.
    assert not is_severe("4", 3, [{"kind": "5", "level": 1}])
    with pytest.raises(ValueError, match="9"):
        is_severe("9", 1)


# --- 重病


@pytest.mark.parametrize(
    ("diagnosis", "paid", "severe", "listed"),
    [
        ("急性淋巴细胞白血病", None, True, "白血病"),
        ("先天性 心脏病（室间隔缺损）", None, True, "先天性心脏病"),
        ("支气管哮喘", None, False, ""),
        ("支气管哮喘", Decimal("20000.00"), False, ""),
        ("支气管哮喘", Decimal("20000.01"), True, ""),
        ("尿毒症", Decimal(0), True, "尿毒症"),
    ],
)
def test_severe_illness_by_list_or_cost(
    diagnosis: str, paid: Decimal | None, severe: bool, listed: str
) -> None:
    found = illness.severity(diagnosis, paid, LISTED, THRESHOLD)
    assert (found.severe, found.listed) == (severe, listed)


def test_the_list_does_not_name_the_protected_condition() -> None:
    assert not [name for name in LISTED if illness.names_protected_condition(name)]


@pytest.mark.parametrize(
    "text",
    ["艾滋病", "ＨＩＶ感染", "hiv阳性", "AIDS", "A.I.D.S", "人类免疫缺陷病毒", "爱滋", "母婴H-I-V传播"],
)
def test_words_of_the_protected_condition(text: str) -> None:
    assert illness.names_protected_condition(text)


@pytest.mark.parametrize("text", ["白血病", "hives", "Behavioural disorder", "地中海贫血", "aidsman"])
def test_words_that_only_look_like_it(text: str) -> None:
    assert not illness.names_protected_condition(text)
