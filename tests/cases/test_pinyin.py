"""Pinyin of names."""

import pytest

from cases import pinyin


@pytest.mark.parametrize(
    ("name", "key", "initials"),
    [
        ("曾子涵", "zengzihan", "zzh"),
        ("单雨桐", "shanyutong", "syt"),
        ("尉迟明", "yuchiming", "ycm"),
        ("仇一诺", "qiuyinuo", "qyn"),
        ("吕晨", "lvchen", "lc"),
        ("吉克·阿嘎", "jikeaga", "jkag"),
        ("", "", ""),
    ],
)
def test_surnames_are_read_as_surnames(name: str, key: str, initials: str) -> None:
    assert pinyin.search_key(name) == key
    assert pinyin.initials(name) == initials


def test_a_single_character_is_not_taken_for_a_surname_and_nothing() -> None:
    assert pinyin.search_key("曾") == "ceng"


def test_sorting_keeps_syllables_apart() -> None:
    assert sorted(["李安", "梁平", "黎平"], key=pinyin.sort_key) == ["李安", "黎平", "梁平"]
