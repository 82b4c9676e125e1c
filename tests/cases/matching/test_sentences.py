"""Each pair carries a sentence made from its values: what slipped and where, never a digit of a number."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import translation
from hypothesis import assume, given
from hypothesis import strategies as st

from cases import identity
from cases.matching.engine.normalise import clean_id
from cases.matching.review import comparison, sentences
from cases.matching.review.facts import Fact, facts_of, number_fact, slip_of
from cases.matching.review.sentences import PHRASES, SUBJECTS, sentence, told
from cases.matching.runs.people import Kin, Person
from cases.models import Child, ListRow
from tests.cases.matching.conftest import OWN, SECOND, number

GRANDFATHER = number("50015219500101301")
KIN = (Kin("王建国", GRANDFATHER, "祖父"), Kin("王小雨", SECOND, "同户儿童"))


def person(
    name: str = "王子涵", its: str = OWN, birth: dt.date = dt.date(2017, 5, 20), **fields: object
) -> Person:
    child = Child(pk=1, name=name, id_number=its, birth_date=birth, sex="female", region_id=500152001001)
    return Person(child, "child", name, its, birth, "female", "儿童", KIN, **fields)


def row(name: str = "王子涵", listed: str = OWN, **cells: str) -> ListRow:
    return ListRow(name=name, id_number=listed, head_id="", region_id=500152000000, kind="dibao", **cells)


def said(
    listed: ListRow, whom: Person | None = None, codes: tuple[str, ...] = (), head: str = "王建国"
) -> str:
    with translation.override("en"):
        return sentence(told(listed, whom or person(), codes, head))


def replaced(place: int, text: str = OWN) -> str:
    """One wrong digit at a place counted from 1."""
    digit = "8" if text[place - 1] != "8" else "9"
    return text[: place - 1] + digit + text[place:]


@pytest.mark.parametrize(
    ("listed", "words"),
    [
        (replaced(14), "place 14 of the identity number is mistyped"),
        (OWN[:16] + OWN[17] + OWN[16], "places 17 and 18 of the identity number are swapped"),
        (OWN[:15] + "000", "the spreadsheet has cut off the last three digits of the identity number"),
        (OWN[:3] + OWN[4:], "place 4 of the identity number is left out"),
        (OWN[:7] + "9" + OWN[7:], "the identity number has a digit too many at place 8"),
        (
            OWN[:10] + OWN[12:14] + OWN[10:12] + OWN[14:],
            "month and day of birth are turned round in the identity number",
        ),
        (replaced(3, replaced(16)), "places 3 and 16 of the identity number are mistyped"),
        ("5.00152E+17", "the spreadsheet has turned the identity number into a power of ten"),
        ("500152********" + OWN[-4:], "the identity number is masked, and what can be read agrees"),
        ("500152********0000", "the identity number is masked, and what can be read differs"),
        (GRANDFATHER, "the list has the identity number of the 祖父 王建国"),
        (SECOND, "the list has the identity number of the 同户儿童 王小雨"),
        (replaced(5, GRANDFATHER), "the list has the identity number of the 祖父 王建国, mistyped"),
        (number("50015219850908321"), "two valid and different identity numbers"),
        ("", "no identity number on the list"),
    ],
)
def test_what_happened_to_the_number_is_said(listed: str, words: str) -> None:
    text = said(row(listed=listed))
    assert text.split(", same ")[0].split(", month of")[0].startswith(words)
    assert OWN not in text
    assert not any(part.isdigit() and len(part) > 2 for part in text.split())


def test_the_old_number_of_15_digits_is_the_same_one() -> None:
    adult = Person(person().child, "guardian", "王建国", GRANDFATHER, dt.date(1950, 1, 1), "", "祖父")
    old = GRANDFATHER[:6] + GRANDFATHER[8:17]
    assert said(row("王建国", old), adult).startswith("the list has the old 15-digit form of the same")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("王子晗", "the name sounds the same (晗/涵)"),
        ("王子函", "the name sounds the same (函/涵)"),
        ("王紫菡", "the name sounds the same (紫/子, 菡/涵)"),
        ("王子明", "one character of the name differs (明/涵)"),
        ("王涵子", "two characters of the name are swapped (涵/子)"),
        ("王子涵儿", "the name has a character too many (儿)"),
        ("王子□", "a character of the name is lost, the others agree"),
        ("王浩（曾用名：王子涵）", "the list gives the registered name as another name (王子涵)"),
        ("王建国", "the name is that of the 祖父"),
        ("李大伟", "another name"),
        ("王大伟", "only the surname agrees"),
    ],
)
def test_what_happened_to_the_name_is_said(name: str, words: str) -> None:
    assert said(row(name)).split(", same identity")[0] == words


def test_a_traditional_form_is_told_with_its_characters() -> None:
    whom = person("冯晓东")
    assert said(row("馮曉東"), whom).startswith("the name is written in another form (馮/冯, 曉/晓, 東/东)")


@pytest.mark.parametrize(
    ("birth", "words"),
    [
        ("2017-05-20", "date of birth"),
        ("2017-05", "month of birth"),
        ("2017-06-20", "the birth date differs in the month only"),
        ("2017-05-21", "the birth date differs in the day only"),
        ("2016-05-20", "the birth date differs in the year only"),
        ("2017-04-25", "the birth date may be that of the lunar calendar"),
        ("2011-11-11", "another birth date"),
    ],
)
def test_what_happened_to_the_birth_date_is_said(birth: str, words: str) -> None:
    assert words in said(row(birth_date=birth))


def test_month_and_day_turned_round_are_told() -> None:
    whom = person(birth=dt.date(2017, 5, 11), its="")
    assert "month and day of birth are turned round" in said(row(listed="", birth_date="2017-11-05"), whom)


def test_agreement_is_one_clause_and_the_place_comes_last() -> None:
    text = said(row(listed=replaced(14), head_name="王建国"), codes=("same_village",))
    assert (
        text == "place 14 of the identity number is mistyped, name and head of household agree, same village"
    )
    text = said(row("王子晗", birth_date="2017-05-20", listed="", head_name="王建国"), head="李桂兰")
    assert text == (
        "no identity number on the list, the name sounds the same (晗/涵), same date of birth, "
        "the head of household is the 祖父"
    )


def test_the_chinese_sentence_reads_as_an_office_would_write_it() -> None:
    with translation.override("zh-hans"):
        text = sentence(
            told(row(listed=replaced(14), head_name="王建国"), person(), ("same_village",), "王建国")
        )
    assert text == "身份证号第14位录错一位，姓名与户主一致，同村"


def test_every_fact_has_words_and_doubts_are_what_speaks_against() -> None:
    listed = row("李大伟", number("50015219850908321"), birth_date="2011-11-11", head_name="赵六", sex="男")
    facts = told(listed, person(), ("two_candidates", "other_township"), "王建国")
    doubts = [fact.code for fact in facts if sentences.is_doubt(fact)]
    assert doubts == [
        "number_other_valid", "name_other", "birth_other", "sex", "head_other", "other_township", "two_candidates",
    ]  # fmt: skip
    assert not [
        fact for fact in told(row(), person(), ("same_village",), "王建国") if sentences.is_doubt(fact)
    ]


DIGITS = st.integers(min_value=0, max_value=10**11 - 1).map(
    lambda n: number(f"500152{1990 + n % 30}{1 + n % 12:02d}{1 + n % 28:02d}{n % 1000:03d}")
)


@given(its=DIGITS, place=st.integers(1, 18), digit=st.sampled_from("0123456789"))
def test_a_wrong_digit_is_told_at_its_place(its: str, place: int, digit: str) -> None:
    listed = its[: place - 1] + digit + its[place:]
    if listed == its:
        assert slip_of(listed, its) is None
    else:
        assert slip_of(listed, its) == Fact("number_place", {"place": place})


@given(its=DIGITS, place=st.integers(0, 17))
def test_a_lost_digit_is_told_where_it_can_be_put_back(its: str, place: int) -> None:
    fact = slip_of(its[:place] + its[place + 1 :], its)
    assert fact is not None
    assert fact.code == "number_lost"
    told_at = int(str(fact.values["place"])) - 1
    assert its[:told_at] + its[told_at + 1 :] == its[:place] + its[place + 1 :]


@given(listed=st.text("0123456789X*.E+ ", max_size=22), its=DIGITS)
def test_any_cell_has_a_sentence_without_a_number(listed: str, its: str) -> None:
    fact = number_fact(clean_id(listed), person(its=its))
    assert fact.code in PHRASES or fact.code in SUBJECTS
    text = said(row(listed=listed), person(its=its))
    assert text
    assert its not in text
    assert its[6:17] not in text


@given(
    name=st.text(min_size=0, max_size=6),
    head=st.text(max_size=4),
    birth=st.text("0123456789-.年月日", max_size=11),
)
def test_any_row_has_facts_with_words(name: str, head: str, birth: str) -> None:
    found = list(facts_of(row(name, head_name=head, birth_date=birth), person(), "王建国"))
    assert {fact.code for fact in found} <= set(PHRASES) | set(SUBJECTS)


# --- Numbers side by side ---------------------------------------------------------------------------------


def test_the_differing_place_is_marked_also_behind_the_mask() -> None:
    left, right = comparison.marked_numbers(clean_id(replaced(9)), OWN)
    assert left == f'{OWN[:6]}**<mark class="cw-ch">*</mark>*****{OWN[-4:]}'
    assert right == left
    left, right = comparison.marked_numbers(clean_id(OWN[:16] + OWN[17] + OWN[16]), OWN)
    assert left.endswith(f'<mark class="cw-ch">{OWN[17]}{OWN[16]}</mark>')
    assert right.endswith(f'<mark class="cw-ch">{OWN[16:]}</mark>')
    left, _right = comparison.marked_numbers(clean_id(OWN[:15] + "000"), OWN)
    assert left.endswith('<mark class="cw-ch">???</mark>')


def test_equal_numbers_and_one_side_alone_are_not_marked() -> None:
    assert comparison.marked_numbers(clean_id(f" {OWN} "), OWN) == (identity.mask(OWN), identity.mask(OWN))
    assert comparison.marked_numbers(clean_id(""), OWN) == ("", identity.mask(OWN))
    masked = "500152********" + OWN[-4:]
    assert comparison.marked_numbers(clean_id(masked), OWN) == (masked, identity.mask(OWN))


@given(listed=DIGITS, its=DIGITS)
def test_marking_shows_no_digit_behind_the_mask(listed: str, its: str) -> None:
    assume(not listed.endswith("000"))  # cut by a spreadsheet: shown with ???
    for shown, whole in zip(comparison.marked_numbers(clean_id(listed), its), (listed, its), strict=True):
        bare = shown.replace('<mark class="cw-ch">', "").replace('<mark class="cw-ch cw-ch-gap">\u2003', "")
        assert bare.replace("</mark>", "") == identity.mask(whole)
