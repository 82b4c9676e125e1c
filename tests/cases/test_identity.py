"""Identity numbers: arithmetic of the check character, repairs, masks, certificates."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases import identity
from cases.enums import Sex
from cases.identity import IdentityError, IdentityProblem

VALID = "11010519491231002X"


@st.composite
def numbers(draw: st.DrawFn) -> str:
    """Valid numbers with any area, any birth date an identity number can hold, any sequence."""
    area = draw(st.integers(110000, 829999))
    birth = draw(st.dates(dt.date(1900, 1, 1), dt.date(2099, 12, 31)))
    first17 = f"{area}{birth:%Y%m%d}{draw(st.integers(0, 999)):03d}"
    return first17 + identity.check_character(first17)


def test_the_standard_s_own_example_is_valid() -> None:
    assert identity.check_character("11010519491231002") == "X"
    found = identity.parse("11010519491231002x")
    assert (found.number, found.area, found.birth_date, found.sex) == (
        VALID,
        "110105",
        dt.date(1949, 12, 31),
        Sex.FEMALE,
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", IdentityProblem.EMPTY),
        ("  '", IdentityProblem.EMPTY),
        ("500152********1013", IdentityProblem.MASKED),
        ("110105491231002", IdentityProblem.FIFTEEN),
        ("1101051949123100", IdentityProblem.LENGTH),
        ("11010519491231A02X", IdentityProblem.CHARACTERS),
        ("11010519491331002X", IdentityProblem.DATE),
        ("110105194912310021", IdentityProblem.CHECK),
    ],
)
def test_each_fault_has_its_name_and_sentence(text: str, problem: IdentityProblem) -> None:
    assert identity.problem_of(text) == problem
    with pytest.raises(IdentityError) as caught:
        identity.parse(text)
    assert caught.value.problem == problem
    assert str(caught.value) == str(identity.explain(problem))


def test_every_problem_is_explained() -> None:
    assert len({str(identity.explain(p)) for p in IdentityProblem}) == len(IdentityProblem)


@pytest.mark.parametrize(
    "typed",
    [
        "１１０１０５１９４９１２３１００２Ｘ",
        " 110105 19491231 002x",
        "'11010519491231002X",
        "11010519491231002X\u200b",
    ],
)
def test_typing_habits_do_not_matter(typed: str) -> None:
    assert identity.canonical(typed) == VALID


def test_an_abolished_or_unknown_area_is_no_reason_to_refuse() -> None:
    first17 = "99999920150301101"
    assert identity.is_valid(first17 + identity.check_character(first17))


@given(numbers(), st.integers(0, 17), st.integers(1, 9))
def test_one_wrong_digit_never_passes_and_is_always_among_the_repairs(
    number: str, place: int, shift: int
) -> None:
    digit = number[place]
    if digit == "X":
        return
    wrong = number[:place] + str((int(digit) + shift) % 10) + number[place + 1 :]
    assert not identity.is_valid(wrong)
    assert number in identity.repair_candidates(wrong)


@given(numbers(), st.integers(0, 15))
def test_swapped_neighbours_are_repaired(number: str, place: int) -> None:
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    if swapped != number:
        assert number in identity.repair_candidates(swapped)


@given(numbers(), st.integers(0, 16))
def test_a_lost_and_a_doubled_digit_are_repaired(number: str, place: int) -> None:
    assert number in identity.repair_candidates(number[:place] + number[place + 1 :])
    assert number in identity.repair_candidates(number[: place + 1] + number[place:])


@given(numbers())
def test_fifteen_digits_widen_to_the_number_they_came_from(number: str) -> None:
    if number[6:8] in ("19", "20"):
        assert number in identity.repair_candidates(number[:6] + number[8:17])


@given(numbers())
def test_a_valid_number_has_no_repairs(number: str) -> None:
    assert identity.repair_candidates(number) == frozenset()


@given(st.text(max_size=22))
def test_any_text_gets_an_answer(text: str) -> None:
    assert identity.problem_of(text) is None or isinstance(identity.problem_of(text), IdentityProblem)
    assert all(identity.is_valid(c) for c in identity.repair_candidates(identity.canonical(text)))


def test_repairs_stay_few() -> None:
    assert 10 <= len(identity.repair_candidates("110105194912310021")) <= 40


def test_masks_show_six_and_four() -> None:
    assert identity.mask("500152201503011013") == "500152********1013"
    assert identity.mask("50015") == "*****"
    assert identity.mask_phone("13812345678") == "138****5678"
    assert identity.mask_phone("1234567") == "*******"
    assert identity.mask_account("6217001234567890123") == "6217 **** **** 0123"
    assert identity.mask_account("62170012") == "********"


@given(numbers())
def test_sex_is_the_parity_of_the_seventeenth_digit(number: str) -> None:
    assert (identity.parse(number).sex == Sex.MALE) is (int(number[16]) % 2 == 1)
