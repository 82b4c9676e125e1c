"""The year's notice of holidays: read from its words; what is counted without it, and when it is missing."""

from __future__ import annotations

import datetime as dt

import chinese_calendar
import pytest

from staff.calendar import LAST_YEAR, add_working_days, is_statutory_holiday, is_working_day, moved_deadlines
from staff.holidays import NoticeRefused, missing_year, read_notice, warning
from staff.models import Holiday

D = dt.date
Y = LAST_YEAR + 1
# What was arranged for 2026, in the form of a notice.
NOTICE_2026 = """
一、元旦：1月1日（周四）至3日（周六）放假调休，共3天。1月4日（周日）上班。
二、春节：2月15日（农历腊月二十八、周日）至23日（周一）放假调休。2月14日（周六）、2月28日（周六）上班。
三、清明节：4月4日（周六）至6日（周一）放假，共3天。
四、劳动节：5月1日（周五）至5日（周二）放假调休，共5天。5月9日（周六）上班。
五、端午节：6月19日（周五）至21日（周日）放假，共3天。
六、中秋节：9月25日（周五）至27日（周日）放假，共3天。
七、国庆节：10月1日（周四）至7日（周三）放假调休，共7天。9月20日（周日）、10月10日（周六）上班。
"""
# Invented for the year after: one Saturday and one Sunday are worked.
NOTICE_2027 = """
元旦：1月1日至3日放假。
春节：2月5日至11日放假调休。2月13日上班。2月14日上班。
清明节：4月3日至5日放假。
劳动节：5月1日至5日放假调休，5月8日（周六）上班。
端午节：6月9日放假。中秋节：9月15日放假。
国庆节：10月1日至7日放假调休；9月26日（周日）、10月9日（周六）上班。
"""


def test_a_notice_reads_as_the_package_has_that_year() -> None:
    told = {day.date: day.is_working for day in read_notice(2026, NOTICE_2026)}
    first = D(2026, 1, 1)
    for step in range(365):
        day = first + dt.timedelta(days=step)
        assert told.get(day, day.weekday() < 5) == chinese_calendar.is_workday(day), day
    assert {day.name for day in read_notice(2026, NOTICE_2026)} == {
        *("元旦", "春节", "清明", "劳动", "端午", "中秋", "国庆")
    }


def test_the_statutory_holidays_of_known_years_were_days_off() -> None:
    """The fixed ones by law; 1 and 2 May and 1 to 3 October, whatever was moved."""
    for year in range(2014, LAST_YEAR + 1):
        for month, day in ((1, 1), (5, 1), (10, 1), (10, 2), (10, 3)):
            assert is_statutory_holiday(D(year, month, day))
            assert not chinese_calendar.is_workday(D(year, month, day)), (year, month, day)


@pytest.mark.usefixtures("known_until_2026")
def test_without_a_notice_the_statutory_holidays_are_off_and_the_rest_is_the_week() -> None:
    off = [D(2027, 2, 5), D(2027, 2, 8), D(2027, 4, 5), D(2027, 6, 9), D(2027, 9, 15), D(2027, 10, 1)]
    assert not any(is_working_day(day) for day in [D(2027, 1, 1), *off])
    assert is_working_day(D(2027, 2, 9))
    assert not is_working_day(D(2027, 2, 13))
    assert add_working_days(D(2027, 2, 4), 1) == D(2027, 2, 9)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("端午节：6月9日放假。", ""), "2027-06-09"),
        (("元旦：1月1日至3日放假。", "元旦：1月1日至3日放假。3月3日上班。"), "2027-03-03"),
        (("5月8日（周六）上班", "5月4日上班"), "2027-05-04"),
        (("1月1日至3日", "1月1日至2月31日"), "2月31日"),
        (("1月1日至3日", "1月1日至2月3日"), "1月1日至2月3日"),
        (("1月1日至3日", "2028年1月1日至3日"), "2028-01-01"),
        ((NOTICE_2027, "国庆放假"), "2027-01-01"),
    ],
)
def test_words_that_cannot_be_the_notice_are_refused_with_what_is_wrong(
    change: tuple[str, str], words: str
) -> None:
    with pytest.raises(NoticeRefused, match=words):
        read_notice(2027, NOTICE_2027.replace(*change))


@pytest.mark.usefixtures("known_until_2026")
def test_deadlines_keep_their_number_of_working_days() -> None:
    after = {day.date: day.is_working for day in read_notice(2027, NOTICE_2027)}
    moved = moved_deadlines({}, after)
    for distance in range(1, 40):
        due = add_working_days(D(2027, 1, 25), distance)
        assert moved.get(due, due) == add_working_days(D(2027, 1, 25), distance, after), due
    assert moved_deadlines(after, after) == {}


def test_missing_from_december(db: None) -> None:
    assert missing_year(D(LAST_YEAR, 11, 30)) is None
    assert missing_year(D(LAST_YEAR, 12, 1)) == Y
    assert missing_year(D(Y, 3, 1)) == Y
    assert str(Y) in warning(D(LAST_YEAR, 12, 1))
    for month, day in ((1, 1), (10, 1)):
        Holiday.objects.create(date=D(Y, month, day), is_working=False, name="x")
    assert missing_year(D(LAST_YEAR, 12, 1)) is None
    assert warning(D(Y, 3, 1)) == ""
