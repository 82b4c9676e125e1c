"""Cell text → comparable values."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases import identity
from cases.matching.engine import addresses, normalise, relations
from cases.matching.engine.normalise import IdKind, NameLikeness

VALID = "11010519491231002X"


@pytest.mark.parametrize(
    ("typed", "clean"),
    [
        ("张 三", "张三"),
        ("张　三 ", "张三"),
        ("張夢軒", "张梦轩"),
        ("曽喆（已故）", "曾喆"),
        ("王小明(女)", "王小明"),
        ("李四1", "李四"),
        ("买买提●艾力", "买买提艾力"),
        ("艾力.吐尔逊", "艾力吐尔逊"),
        ("李□", "李?"),
        ("李\ue123华", "李?华"),
        ("李\ue863华", "李䶮华"),
        ("赵㛃", "赵㛃"),
        ("刘kun", "刘kun"),
        ("", ""),
    ],
)
def test_names_are_cleaned(typed: str, clean: str) -> None:
    assert normalise.clean_name(typed) == clean


@pytest.mark.parametrize(
    ("typed", "name", "other"),
    [
        ("李子涵（曾用名：李浩）", "李子涵", "李浩"),
        ("李子涵 原名李浩", "李子涵", "李浩"),
        ("李子涵/曾用名:李浩", "李子涵", "李浩"),
        ("李浩（现名李子涵）", "李子涵", "李浩"),
        ("李子涵（曾用名）", "李子涵", ""),
        ("曾用名", "曾用名", ""),
        ("原子涵", "原子涵", ""),
    ],
)
def test_a_cell_that_tells_another_name_is_read(typed: str, name: str, other: str) -> None:
    assert normalise.read_name(typed) == (name, other)


@given(st.text(max_size=12))
def test_cleaning_a_name_twice_changes_nothing(text: str) -> None:
    once = normalise.clean_name(text)
    assert normalise.clean_name(once) == once


@pytest.mark.parametrize(
    ("a", "b", "likeness"),
    [
        ("李子涵", "李子涵", NameLikeness.SAME),
        ("李子涵", "李紫涵", NameLikeness.SOUND),
        ("李喆", "李哲", NameLikeness.SAME),
        ("李kun", "李坤", NameLikeness.SOUND),
        ("李?涵", "李子涵", NameLikeness.LOST),
        ("李子?", "李子", NameLikeness.LOST),
        ("李子轩", "李子涵", NameLikeness.NEAR),
        ("李涵", "李子涵", NameLikeness.NEAR),
        ("李涵子", "李子涵", NameLikeness.NEAR),
        ("李浩", "李强", NameLikeness.SURNAME),
        ("李浩然", "李强", NameLikeness.SURNAME),
        ("王浩", "李强", NameLikeness.OTHER),
        ("??", "李强", NameLikeness.OTHER),
        ("", "", NameLikeness.OTHER),
    ],
)
def test_names_are_compared(a: str, b: str, likeness: NameLikeness) -> None:
    assert normalise.compare_names(a, b) == likeness
    assert normalise.compare_names(b, a) == likeness


@pytest.mark.parametrize(
    ("typed", "kind", "text"),
    [
        ("", IdKind.MISSING, ""),
        ("未上户", IdKind.MISSING, ""),
        ("/", IdKind.MISSING, ""),
        (VALID, IdKind.VALID, VALID),
        ("１１０１０５１９４９１２３１００２ｘ", IdKind.VALID, VALID),
        ("’110105 19491231　002X", IdKind.VALID, VALID),
        (VALID + "43", IdKind.VALID, VALID),
        (VALID + "43B1", IdKind.VALID, VALID),
        ("110105194912310021", IdKind.WRONG, "110105194912310021"),
        ("110105491231002", IdKind.FIFTEEN, "110105491231002"),
        ("500152201211106000", IdKind.CUT, "500152201211106000"),
        ("5.00152201211106E+17", IdKind.CUT, "500152201211106000"),
        ("5.00152E+17", IdKind.SCIENTIFIC, ""),
        ("11010519491231002", IdKind.LENGTH, "11010519491231002"),
        ("500152********1013", IdKind.MASKED, "500152********1013"),
        ("500152XXXXXXXX1013", IdKind.MASKED, "500152********1013"),
        ("5001●●●●●●●●●●1013", IdKind.MASKED, "5001**********1013"),
        ("5001**2015****101x", IdKind.MASKED, "5001**2015****101X"),
        ("500152……1013", IdKind.MASKED, "500152*1013"),
        ("5001520000", IdKind.OTHER, "5001520000"),
    ],
)
def test_identity_cells_are_told_apart(typed: str, kind: IdKind, text: str) -> None:
    clean = normalise.clean_id(typed)
    assert (clean.kind, clean.text) == (kind, text)


def test_a_masked_number_keeps_what_can_be_read() -> None:
    clean = normalise.clean_id("50015220********13")
    assert (clean.head, clean.tail) == ("50015220", "13")
    assert normalise.masks(clean.text, "500152201503011013")
    assert not normalise.masks(clean.text, "500152201503011014")
    assert normalise.masks("5001**2015****1013", "500152201503011013")
    assert not normalise.masks("5001**2016****1013", "500152201503011013")
    assert normalise.masks("500152*1013", "500152201503011013")


def test_a_number_cell_has_lost_its_tail_even_when_its_check_character_fits() -> None:
    fits = next(n for n in (f"500152201503{day:02d}0000" for day in range(1, 32)) if identity.is_valid(n))
    assert normalise.rounded_id(fits).kind == IdKind.CUT
    assert normalise.clean_id(fits).kind == IdKind.CUT


@given(st.text(max_size=24))
def test_any_identity_cell_gets_an_answer(text: str) -> None:
    clean = normalise.clean_id(text)
    assert (clean.text == "") is (clean.kind in (IdKind.MISSING, IdKind.SCIENTIFIC))


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("2015-03-01", 20150301),
        ("2015.3.1", 20150301),
        ("2015/3/1", 20150301),
        ("2015年3月1日", 20150301),
        ("20150301", 20150301),
        ("42064", 20150301),
        ("2015-03-01 00:00:00", 20150301),
        ("201503", 20150300),
        ("2015年3月", 20150300),
        ("2015.03", 20150300),
        ("2015", 0),
        ("2015-13-01", 0),
        ("2015-02-30", 0),
        ("1815-02-03", 0),
        ("不详", 0),
        ("", 0),
    ],
)
def test_dates_are_read(typed: str, value: int) -> None:
    assert normalise.clean_date(typed) == value


@given(st.dates(dt.date(1910, 1, 1), dt.date(2099, 12, 31)))
def test_every_way_of_writing_a_date_means_the_same(day: dt.date) -> None:
    value = day.year * 10000 + day.month * 100 + day.day
    serial = (day - dt.date(1899, 12, 30)).days
    spellings = [day.isoformat(), f"{day:%Y%m%d}", f"{day.year}.{day.month}.{day.day}", str(serial)]
    assert {normalise.clean_date(s) for s in spellings} == {value}


@pytest.mark.parametrize(
    ("typed", "ten_thousands", "amount"),
    [
        ("850", False, "850.00"),
        ("1,550.00元", False, "1550.00"),
        ("￥850", False, "850.00"),
        ("0.085", True, "850.00"),
        ("0.085万元", False, "850.00"),
        ("85元", True, "85.00"),
        ("850/月", False, "850.00"),
        ("850元每月", False, "850.00"),
    ],
)
def test_amounts_are_in_yuan(typed: str, ten_thousands: bool, amount: str) -> None:
    assert normalise.clean_amount(typed, ten_thousands=ten_thousands) == Decimal(amount)


@pytest.mark.parametrize("typed", ["", "-", "八百", "850/年", "8月"])
def test_what_is_no_amount_is_none(typed: str) -> None:
    assert normalise.clean_amount(typed) is None


@pytest.mark.parametrize("typed", ["莲花社区居民委员会", "莲花社区", "莲花", "莲花居委会", "莲花社区3组"])
def test_villages_are_known_by_their_bare_names(typed: str) -> None:
    assert addresses.short_village(typed) == "莲花"


def test_an_address_gives_its_village() -> None:
    assert "石镜" in addresses.village_keys("重庆市潼南区桂林街道石镜村5组12号")
    assert "石镜" in addresses.village_keys("桂林街道石镜村")


def test_slips_between_numbers_are_counted() -> None:
    assert normalise.slips_apart("123456", "123456") == 0
    assert normalise.slips_apart("123456", "123465") == 1
    assert normalise.slips_apart("123456", "12346") == 1
    assert normalise.slips_apart("123456", "923496") == 2
    assert normalise.slips_apart("123456", "987654") == 9


def test_a_number_in_the_name_cell_is_taken_out() -> None:
    assert normalise.split_number_from_name("张三500152201503011013") == ("张三", "500152201503011013")
    assert normalise.split_number_from_name("张三") == ("张三", "")


def test_distinct_values_are_computed_once() -> None:
    calls: list[str] = []
    memo = normalise.Distinct(lambda t: calls.append(t) or t.upper())
    assert [memo["a"], memo["a"], memo["b"]] == ["A", "A", "B"]
    assert calls == ["a", "b"]


@pytest.mark.parametrize(
    ("relation", "head", "elder"),
    [
        ("户 主", True, False),
        ("本人", True, False),
        ("配偶", False, True),
        ("儿媳", False, True),
        ("外祖母", False, True),
        ("父亲", False, True),
        ("孙子", False, False),
        ("子", False, False),
        ("", False, False),
    ],
)
def test_relations_tell_heads_and_those_that_are_no_child(relation: str, head: bool, elder: bool) -> None:
    assert (relations.is_head(relation), relations.is_elder(relation)) == (head, elder)


def test_a_changed_name_is_told_from_a_slip() -> None:
    assert normalise.is_changed("李子轩", "李子涵")
    assert not normalise.is_changed("李止涵", "李子涵")
    assert not normalise.is_changed("李涵", "李子涵")
    assert not normalise.is_changed("买买提艾山", "麦买提艾山")


def test_a_given_name_alone_is_near_the_name_of_two_parts() -> None:
    assert normalise.compare_names("米日古丽", "米日古丽尼玛") == NameLikeness.NEAR
    assert normalise.compare_names("李", "李子涵") == NameLikeness.SURNAME


def test_townships_are_known_by_their_bare_names() -> None:
    assert addresses.short_township("桂林街道办事处") == addresses.short_township("桂林 街道") == "桂林"
    assert addresses.township_in("重庆市潼南区桂林街道石镜村5组") == "桂林街道"
    assert addresses.township_in("石镜村") == ""
