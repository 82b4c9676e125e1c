"""Each rule of the marks by itself: what it marks, what it leaves, and that it says the same in either order."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cases.checks import likeness
from cases.checks.mark_rules import RULES, Facts, Home, Made, in_use, marks_of
from cases.field.enums import MarkCode
from staff.parameters import DEFAULTS

# On a busy machine drawing examples takes a while.
calm = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

NATIONAL = DEFAULTS["visit_marks"][0]
VILLAGE, NEXT = 500152001001, 500152001002
NINE = dt.datetime(2026, 10, 20, 9, 0)  # noqa: DTZ001 - local time is all a rule knows
COPIED = "孩子在家，精神很好，作业按时完成。奶奶身体尚可，家里米面够吃，没有别的困难。"


def home(number: int, village: int = VILLAGE, address: str = "") -> Home:
    return Home(number, village, address)


def made(pk: int = 1, at: dt.datetime = NINE, where: Home | None = None, **changes: Any) -> Made:
    return Made(**{"pk": pk, "child": pk, "visitor": 7, "at": at, "home": where or home(pk)} | changes)


def facts(**changes: Any) -> Facts:
    return Facts(**{"made": made(), "face_to_face": True} | changes)


def found(code: str, what: Facts) -> dict[str, Any] | None:
    return RULES[MarkCode(code)](what, NATIONAL[code])


def test_every_mark_has_a_rule_and_national_settings() -> None:
    assert set(RULES) == set(MarkCode) == {MarkCode(code) for code in NATIONAL}


# --- Texts -----------------------------------------------------------------------------------------------


def test_the_same_words_at_another_home_are_marked_and_at_siblings_not() -> None:
    elsewhere = made(2, NINE + dt.timedelta(hours=3))
    assert found("same_text", facts(like_texts=((elsewhere, 0.97),))) == {
        "visit": 2,
        "day": "2026-10-20",
        "percent": 97,
        "others": 1,
    }
    assert found("same_text", facts(like_texts=((elsewhere, 0.79),))) is None
    sibling = made(2, NINE + dt.timedelta(minutes=10), home(1))
    assert found("same_text", facts(like_texts=((sibling, 1.0),))) is None
    # Months later the same words about the same child, by the same visitor; another visitor may have them from the file.
    before = made(2, NINE - dt.timedelta(days=31), home(1), child=1)
    assert found("same_text", facts(like_texts=((before, 1.0),))) is not None
    assert found("same_text", facts(like_texts=((replace(before, visitor=8), 1.0),))) is None


def test_punctuation_width_and_the_childs_name_make_no_difference() -> None:
    one = likeness.own_words("林小满在家，精神好。作业 按时完成！", "林小满", ())
    other = likeness.own_words("秦白露在家,精神好.作业按时完成", "秦白露", ())
    assert one == other == "在家精神好作业按时完成"


def test_a_standard_sentence_is_nobodys_own() -> None:
    known = likeness.phrases(["监护人最近有没有离开、生病或无法照看？", "上学"])
    text = "监护人最近有没有离开、生病或无法照看？没有，孩子上学正常。"
    assert likeness.own_words(text, "", known) == "没有孩子上学正常"


def test_a_word_changed_here_and_there_is_still_found() -> None:
    one = likeness.bare(COPIED)
    other = likeness.bare(COPIED.replace("很好", "不错"))
    assert likeness.likeness(one, other) >= NATIONAL["same_text"]["likeness"]
    assert set(likeness.text_keys(one)) & set(likeness.text_keys(other))


WORDS = st.text("孩子奶在家好米面上学作业身体情况老师村里去看了说", min_size=20, max_size=120)


@calm
@given(WORDS, WORDS)
def test_likeness_is_symmetric_and_like_texts_share_a_key(one: str, other: str) -> None:
    share = likeness.likeness(one, other)
    assert share == likeness.likeness(other, one)
    assert 0 <= share <= 1
    assert (share == 1) or one != other
    if one == other:
        assert likeness.text_keys(one) == likeness.text_keys(other)


def test_keys_find_the_alike_and_rarely_the_others() -> None:
    """Of 400 texts that share nine tenths of their pieces all but a few share a key; of unlike ones few do."""
    rng = random.Random(11)
    letters = [chr(0x4E00 + n) for n in range(3000)]
    alike = unlike = 0
    for _ in range(400):
        text = "".join(rng.choices(letters, k=60))
        changed = text[:30] + rng.choice(letters) + text[31:]
        other = "".join(rng.choices(letters, k=60))
        alike += bool(set(likeness.text_keys(text)) & set(likeness.text_keys(changed)))
        unlike += bool(set(likeness.text_keys(text)) & set(likeness.text_keys(other)))
    assert alike >= 396
    assert unlike == 0


def test_keys_are_kept_for_ever() -> None:
    """Changing how they are made would part old visits from new ones."""
    assert likeness.text_keys("孩子在家精神好")[:2] == [4997809544989389087, 1597209567344148774]
    assert likeness.picture_keys("ab", 5)[:2] == [-2796818171460309329, 1500390241792915405]


# --- Pictures --------------------------------------------------------------------------------------------

BITS = st.integers(-(2**63), 2**63 - 1)


@calm
@given(BITS, st.sets(st.integers(0, 63), max_size=likeness.MOST_BITS))
def test_pictures_that_differ_in_three_bits_share_a_key(bits: int, turned: set[int]) -> None:
    other = bits % 2**64
    for bit in turned:
        other ^= 1 << bit
    other = other - 2**64 if other >= 2**63 else other
    assert likeness.bits_apart(bits, other) == likeness.bits_apart(other, bits) == len(turned)
    assert set(likeness.picture_keys("", bits)) & set(likeness.picture_keys("", other))


def test_the_threshold_is_one_that_the_keys_can_find() -> None:
    assert NATIONAL["same_photo"]["bits"] <= likeness.MOST_BITS


def test_a_picture_sent_twice_is_marked_and_one_of_siblings_not() -> None:
    month = made(2, NINE - dt.timedelta(days=31), home(1), child=1)
    assert found("same_photo", facts(like_pictures=((month, 0),))) == {
        "visit": 2,
        "day": "2026-09-19",
        "exact": True,
        "others": 1,
    }
    assert found("same_photo", facts(like_pictures=((month, 3),)))["exact"] is False  # type: ignore[index]
    assert found("same_photo", facts(like_pictures=((month, 4),))) is None
    sibling = made(2, NINE + dt.timedelta(minutes=1), home(1))
    assert found("same_photo", facts(like_pictures=((sibling, 0),))) is None


# --- Times -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("other", "minutes", "marked"),
    [
        (home(1), 0, False),  # siblings: one household
        (home(2), 2, False),  # one village, no addresses: nobody can tell
        (home(2, address="村口3号"), 2, True),
        (home(2, address="村口3号"), 3, False),
        (home(2, address="院子1号"), 1, False),  # one address, two households
        (home(2, NEXT), 9, True),
        (home(2, NEXT), 10, False),
    ],
)
def test_two_homes_within_fewer_minutes_than_the_way_takes(other: Home, minutes: int, marked: bool) -> None:
    here = home(1, address="院子1号" if other.address or other.village == NEXT else "")
    near = made(2, NINE + dt.timedelta(minutes=minutes), other)
    detail = found("too_close", facts(made=made(where=here), near=(near,)))
    assert (detail is not None) == marked
    if detail is not None:
        assert detail["minutes"] == minutes
    assert found("too_close", facts(made=made(where=here), near=(near,), face_to_face=False)) is None


HOMES = st.builds(
    Home,
    st.one_of(st.none(), st.integers(1, 3)),
    st.sampled_from([VILLAGE, NEXT]),
    st.sampled_from(["", "院子1号", "村口3号"]),
)
TIMES = st.integers(0, 40).map(lambda minutes: NINE + dt.timedelta(minutes=minutes))
MADES = st.builds(Made, st.integers(1, 9), st.integers(1, 3), st.integers(7, 8), TIMES, HOMES)


@calm
@given(MADES, MADES, st.floats(0, 1), st.integers(0, 64))
def test_what_is_said_of_two_visits_does_not_depend_on_which_came_first(
    one: Made, other: Made, share: float, bits: int
) -> None:
    def marks(this: Made, that: Made) -> set[MarkCode]:
        both = facts(made=this, near=(that,), like_texts=((that, share),), like_pictures=((that, bits),))
        return set(marks_of(both, in_use(NATIONAL, {})))

    assert marks(one, other) == marks(other, one)


@pytest.mark.parametrize(("hour", "marked"), [(21, False), (22, True), (2, True), (5, True), (6, False)])
def test_a_home_is_not_visited_when_people_sleep(hour: int, marked: bool) -> None:
    at = NINE.replace(hour=hour)
    assert (found("at_night", facts(made=made(at=at))) == {"time": f"{hour:02}:00"}) == marked
    assert found("at_night", facts(made=made(at=at), face_to_face=False)) is None


def test_far_more_homes_than_usual() -> None:
    def day(homes: int, usual: float | None) -> dict[str, Any] | None:
        others = [made(2 + number, NINE + dt.timedelta(minutes=20 * number)) for number in range(homes - 1)]
        return found("too_many", facts(near=tuple(others), usual=usual))

    assert day(15, 2.0) is None
    assert day(16, 2.0) == {"homes": 16, "usual": 2.0}
    assert day(16, None) == {"homes": 16, "usual": 0.0}
    assert day(20, 8.0) is None  # somebody who often goes round the whole village
    siblings = tuple(made(number, NINE, home(1)) for number in range(2, 30))
    assert found("too_many", facts(near=siblings, usual=1.0)) is None
    yesterday = tuple(made(number, NINE - dt.timedelta(hours=20)) for number in range(2, 30))
    assert found("too_many", facts(near=yesterday, usual=1.0)) is None


def test_filled_in_within_moments() -> None:
    begun = NINE + dt.timedelta(hours=1)
    quick = facts(begun=begun, written=begun + dt.timedelta(seconds=19))
    assert found("too_quick", quick) == {"seconds": 19}
    assert found("too_quick", replace(quick, written=begun + dt.timedelta(seconds=20))) is None
    assert found("too_quick", replace(quick, copied_from_paper=True)) is None
    assert found("too_quick", replace(quick, first=False)) is None  # a word added to a returned visit
    assert found("too_quick", facts()) is None
    assert (
        found("too_quick", replace(quick, written=begun - dt.timedelta(hours=1))) is None
    )  # a clock set back


def test_written_days_after_the_visit_but_not_merely_sent_late() -> None:
    late = facts(sent=NINE + dt.timedelta(days=8))
    assert found("sent_late", late) == {"days": 8}
    assert found("sent_late", replace(late, sent=NINE + dt.timedelta(days=7))) is None
    assert (
        found("sent_late", replace(late, written=NINE + dt.timedelta(hours=1))) is None
    )  # no signal for a week
    assert found("sent_late", replace(late, copied_from_paper=True)) is None
    assert found("sent_late", replace(late, first=False)) is None


# --- Settings --------------------------------------------------------------------------------------------


def test_a_county_switches_rules_off_and_changes_parts_of_them() -> None:
    own = in_use(NATIONAL, {"at_night": None, "sent_late": False, "too_quick": {"seconds": 5}})
    assert MarkCode.AT_NIGHT not in own
    assert MarkCode.SENT_LATE not in own
    assert own[MarkCode.TOO_QUICK] == {"seconds": 5}
    assert own[MarkCode.SAME_TEXT] == NATIONAL["same_text"]
    night = facts(made=made(at=NINE.replace(hour=23)), sent=NINE + dt.timedelta(days=30))
    assert set(marks_of(night, in_use(NATIONAL, {}))) == {MarkCode.AT_NIGHT, MarkCode.SENT_LATE}
    assert marks_of(night, own) == {}
