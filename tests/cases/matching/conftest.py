"""A small county with lists: children of the fixed cast and more, and files as offices send them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from cases import identity
from cases.matching.intake import services as intake
from cases.matching.intake import uploads
from cases.models import Child, ListImport, MatchRun
from staff.scope import Scope, open_scope
from staff.workflow import Actor
from tests.cast import COUNTY, Cast, make_child

AT = dt.datetime(2026, 10, 10, 9, tzinfo=dt.UTC)
OCTOBER = dt.date(2026, 10, 1)
HEADER = "序号,户主姓名,户主身份证号,姓名,身份证号,与户主关系,性别,出生日期,家庭住址,保障金额,享受起始年月"


def number(first17: str) -> str:
    """A valid identity number from its first 17 digits."""
    return first17 + identity.check_character(first17)


OWN = number("50015220170520102")
SECOND = number("50015220160420204")
MINOR = number("50015220120908321")
ADULT = number("50015219850908321")


def csv_list(*rows: str, title: str = "桂林街道人员花名册") -> bytes:
    """A list as a township sends it: title, header, rows, total."""
    lines = [title + "," * 10, HEADER, *rows, "合计,,,,,,,,,999,"]
    return "\n".join(lines).encode("gb18030")


def row(name: str, id_number: str = "", **cells: str) -> str:
    """One person's line; ``head`` opens a household."""
    head = cells.get("head", "")
    return ",".join(
        [
            cells.get("seq", "1" if head else ""),
            head,
            cells.get("head_id", ""),
            name,
            id_number,
            cells.get("relation", "孙女"),
            cells.get("sex", "女"),
            cells.get("birth", ""),
            cells.get("village", "莲花社区居民委员会"),
            cells.get("amount", "900"),
            "202601",
        ]
    )


@pytest.fixture
def clerk(cast: Cast) -> Scope:
    return cast.scope("clerk")


@contextmanager
def acting(cast: Cast, member: str) -> Iterator[Actor]:
    """Everything inside happens under the member's assignment."""
    with open_scope(cast.scope(member)):
        yield Actor.current()


Import = Callable[..., ListImport]


@pytest.fixture
def take(cast: Cast, django_capture_on_commit_callbacks: Any) -> Import:
    """Upload, confirm and match a list as the clerk, the jobs done at once."""

    def run(
        data: bytes, *, kind: str = "dibao", name: str = "桂林街道低保.csv", period: dt.date = OCTOBER
    ) -> ListImport:
        if not data.startswith(b"PK"):
            # Every month's file is another one: the very same file is refused.
            data += f"\n制表:{period:%Y-%m}{',' * 10}".encode("gb18030")
        with django_capture_on_commit_callbacks(execute=True), acting(cast, "clerk") as actor:
            received, _new = intake.take_list(
                actor=actor, at=AT, data=data, name=name, kind=kind, period=period, region_id=COUNTY
            )
            uploads.confirm_list(actor=actor, at=AT, list_import=received)
        return received

    return run


def month_run(cast: Cast, period: dt.date = OCTOBER) -> MatchRun:
    with acting(cast, "clerk"):
        return MatchRun.objects.select_related("region").get(region_id=COUNTY, period=period)


def another_child(cast: Cast, name: str = "苏谷雨", id_number: str = SECOND, **fields: Any) -> Child:
    """A second child in the village of the first."""
    with open_scope(cast.scope("clerk")):
        return make_child(
            cast.children["own"].region_id,
            name,
            id_number=id_number,
            **{"birth_date": dt.date(2016, 4, 20), **fields},
        )
