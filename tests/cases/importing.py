"""What the tests of the register's import share: files, and a file's whole way."""

from __future__ import annotations

import datetime as dt
import io

import xlsxwriter

from cases import identity
from cases.importing import running, services
from cases.models import RegisterImport, RegisterImportRow
from staff.scope import open_scope
from tests.cast import COUNTY, OTHER_COUNTY, TOWNSHIP, Cast

AT = dt.datetime(2026, 10, 20, 2, 0, tzinfo=dt.UTC)
TODAY = dt.date(2026, 10, 20)
HEADER = "姓名,身份证号,出生日期,性别,乡镇,村居,类别"
REGION = {"clerk": COUNTY, "supervisor": TOWNSHIP, "other_supervisor": 500152002000, "stranger": OTHER_COUNTY}


def number(birth: str, sequence: int = 101, area: str = "500152") -> str:
    """A valid identity number; an odd sequence is a boy's."""
    first17 = f"{area}{birth}{sequence:03d}"
    return first17 + identity.check_character(first17)


def row(name: str = "赵小一", id_number: str | None = None, **cells: str) -> str:
    """A good row under HEADER, with some cells replaced."""
    values = {
        "name": name,
        "id_number": number("20150301") if id_number is None else id_number,
        "birth": "2015-03-01",
        "sex": "男",
        "township": "桂林街道",
        "village": "莲花社区",
        "category": "孤儿",
    } | cells
    return ",".join(values.values())


def text(*lines: str, header: str = HEADER, encoding: str = "utf-8") -> bytes:
    return "\n".join([header, *lines]).encode(encoding)


def workbook(rows: list[list[object]], *, name: str = "Sheet1") -> bytes:
    data = io.BytesIO()
    with xlsxwriter.Workbook(data) as book:
        sheet = book.add_worksheet(name)
        for line, cells in enumerate(rows):
            for place, cell in enumerate(cells):
                if cell != "":
                    sheet.write(line, place, cell)
    return data.getvalue()


def receive(cast: Cast, data: bytes, who: str = "clerk", name: str = "花名册.csv") -> RegisterImport:
    with open_scope(cast.scope(who)):
        return services.receive(data=data, name=name, region_id=REGION[who], at=AT)


def checked(
    cast: Cast, data: bytes, who: str = "clerk", name: str = "花名册.csv", *, today: dt.date = TODAY
) -> RegisterImport:
    """Received with the proposed columns, and checked."""
    found = receive(cast, data, who, name)
    with open_scope(cast.scope(who)):
        running.check(found, today=today)
    return found


def applied(
    cast: Cast, data: bytes, who: str = "clerk", *, at: dt.datetime = AT, **options: object
) -> RegisterImport:
    """The whole way, with these options."""
    found = checked(cast, data, who)
    return apply(cast, found, who, at=at, **options)


def apply(
    cast: Cast, found: RegisterImport, who: str = "clerk", *, at: dt.datetime = AT, **options: object
) -> RegisterImport:
    with open_scope(cast.scope(who)):
        found.options = found.options | options
        found.save(update_fields=["options"])
        running.apply(found, at=at, today=at.date())
    return found


def rows_of(cast: Cast, found: RegisterImport, who: str = "clerk") -> list[RegisterImportRow]:
    with open_scope(cast.scope(who)):
        return list(RegisterImportRow.objects.filter(register_import=found).order_by("pk"))


def problems(cast: Cast, found: RegisterImport, who: str = "clerk") -> list[tuple[int, str, str]]:
    """(line, field, code) of every problem."""
    return [(r.line, p["field"], p["code"]) for r in rows_of(cast, found, who) for p in r.problems]
