"""A readable list that is not the one it is said to be: of another month, another kind, another county."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import unicodedata
from collections.abc import Iterator
from typing import Final

import polars as pl
from django.utils.dateformat import format as formatted
from django.utils.translation import gettext as _

from cases.matching.kinds import KINDS
from cases.matching.reading.checks import valid_number
from cases.matching.reading.files import ListFileError
from cases.matching.reading.report import ListRead
from cases.models import ListImport
from staff.enums import RegionLevel
from staff.models import Region

# A month that a title names, unless it is part of a day, of a span, or says since or until when something holds.
_MONTH: Final = re.compile(
    r"(?<!\d)(20\d\d)(?:年(\d{1,2})月|[.\-/](\d{1,2})月?|(0[1-9]|1[0-2])(?!\d))(?!\d|[.\-/]\d|日|份?(?:起|底|末|前|后|以来|开始))"
)
_UNTIL: Final = re.compile(r"(截至|截止|自|从|至|到)\s*$")
_SPAN: Final = re.compile(r"(?<!\d{4})\s*[-—–~至到]\s*(20\d\d[年.\-/])?\d{1,2}月|季度|半年|全年")
_DIGITS: Final = str.maketrans("〇零○一二三四五六七八九", "000123456789")
_CHINESE: Final = {word: place for place, word in enumerate((*"一二三四五六七八九十", "十一", "十二"), 1)}
_ENOUGH: Final = 20  # numbers of the young that say where they are registered
_FEW: Final = 0.1
_MOST: Final = 0.6
_YOUNG: Final = 20_050_101


def refuse(read: ListRead, *, data: bytes, name: str, kind: str, period: dt.date, region: Region) -> None:
    """Raise `ListFileError` with the remedy when the file is plainly another one."""
    _refuse_known(data, kind, period, region)
    titles = (
        [s.title for s in read.sheets if s.accepted] + [s.name for s in read.sheets if s.accepted] + [name]
    )
    cadence = KINDS[kind].cadence if kind in KINDS else ""
    if cadence == "monthly":
        _refuse_month(titles, period)
        for sheet in read.sheets:
            if sheet.accepted:
                _refuse_month([sheet.name], period)
        _refuse_kind(titles, kind)
    if region.level == RegionLevel.COUNTY:
        _refuse_county(titles, read, region)


def _refuse_known(data: bytes, kind: str, period: dt.date, region: Region) -> None:
    """The very file of another month."""
    other = (
        ListImport.objects.filter(region_id=region.code, kind=kind, sha256=hashlib.sha256(data).hexdigest())
        .exclude(period=period)
        .order_by("-period")
        .first()
    )
    if other is not None:
        raise ListFileError(
            _("This is the very file of %(month)s. Ask the sender for the list of the month that you chose.")
            % {"month": formatted(other.period, "Y-m")}
        )


def _refuse_month(titles: list[str], period: dt.date) -> None:
    months = set()
    for title in titles:
        if not _SPAN.search(title):
            months |= set(months_in(title))
    if months and (period.year, period.month) not in months:
        year, month = max(months)
        raise ListFileError(
            _(
                "The title says %(said)s, but you chose %(chosen)s. Choose that month, or ask for the right list."
            )
            % {"said": f"{year}-{month:02d}", "chosen": f"{period:%Y-%m}"}
        )


def months_in(title: str) -> Iterator[tuple[int, int]]:
    """Year and month of every month that a title names: 2026年9月, 2026 年 9 月, 二〇二六年九月, 2026-09, 202609."""
    text = re.sub(r"\s", "", unicodedata.normalize("NFKC", title))
    text = re.sub(r"[〇零○一二三四五六七八九]{4}年", lambda found: found[0].translate(_DIGITS), text)
    text = re.sub(r"(?<=年)(十[一二]?|[一二三四五六七八九])月", lambda found: f"{_CHINESE[found[1]]}月", text)
    for found in _MONTH.finditer(text):
        month = int(found[2] or found[3] or found[4])
        if 1 <= month <= 12 and not _UNTIL.search(text[: found.start()]):
            yield int(found[1]), month


def _refuse_kind(titles: list[str], kind: str) -> None:
    text = " ".join(titles)
    own = (KINDS[kind].short.zh, KINDS[kind].name.zh[:4])
    if any(word in text for word in own):
        return
    for code, other in KINDS.items():
        if code != kind and other.cadence == "monthly" and other.short.zh in text:
            raise ListFileError(
                _("The title says %(said)s, but you chose %(chosen)s. Choose the right list.")
                % {"said": other.short, "chosen": KINDS[kind].short}
            )


def _refuse_county(titles: list[str], read: ListRead, region: Region) -> None:
    prefix = f"{region.code:012d}"[:6]
    codes = {code[:6] for code in read.senders}
    if codes and prefix not in codes:
        raise ListFileError(_elsewhere(_named(min(codes))))
    text = " ".join(titles)
    if region.name not in text:
        province = region.code // 10**10 * 10**10
        others = Region.objects.filter(
            level=RegionLevel.COUNTY, code__gte=province, code__lt=province + 10**10
        ).exclude(code=region.code)
        for other in others.values_list("name", flat=True):
            # As the office that a title begins with; a township may be called like a county elsewhere.
            begins = re.compile(rf"(.{{2,12}}(省|自治区|市|州|盟|地区))?{re.escape(other)}")
            if len(other) >= 3 and any(begins.match(title) for title in titles):
                raise ListFileError(_elsewhere(other))
    areas = _areas_of_the_young(read.frame)
    if areas.height:
        total, (most, count) = int(areas["len"].sum()), areas.row(0)
        here = int(areas.filter(pl.col("area") == prefix)["len"].sum())
        if total >= _ENOUGH and here < _FEW * total and count > _MOST * total:
            named = _named(most)
            if named != most:  # an area code that has been abolished says nothing
                raise ListFileError(_elsewhere(named))


def _areas_of_the_young(frame: pl.DataFrame) -> pl.DataFrame:
    """How many of those born since 2005 have their number from which area, the most frequent first.

    Older numbers may bear codes of counties that have been abolished since.
    """
    number = pl.col("id_number")
    young = frame.filter(valid_number(number)).filter(number.str.slice(6, 8).str.to_integer() >= _YOUNG)
    return young.group_by(number.str.head(6).alias("area")).len().sort("len", descending=True)


def _named(prefix: str) -> str:
    """The county with a six-digit code, or the code itself when it is none in force."""
    found = (
        Region.objects.filter(code=int(prefix) * 10**6, valid_to=None).values_list("name", flat=True).first()
    )
    return found or prefix


def _elsewhere(county: str) -> str:
    return _("This is the list of %(county)s. Check which file you chose, or ask for your own county's.") % {
        "county": county
    }
