"""A low-income list as a township sends it, with people of the demo county in it."""

from __future__ import annotations

import datetime as dt
import io
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from openpyxl import Workbook
from openpyxl.styles import Alignment

from cases.models import Child, Guardian
from childwelfare.demo import names

HEADER = (
    "序号", "户主姓名", "户主身份证号", "姓名", "身份证号", "与户主关系", "性别", "出生日期", "救助类别",
    "户月保障金额", "家庭住址", "享受起始年月",
)  # fmt: skip
PER_HOUSEHOLD = (1, 2, 3, 10, 11, 12)  # columns that stand once a household, in merged cells
SEX = {"female": "女", "male": "男"}
WOMEN = ("grandmother", "maternal_grandmother")


@dataclass(frozen=True)
class Member:
    """One line of a household: number, relation to the head, and what else the list says."""

    name: str
    number: str
    relation: str
    sex: str
    birth: str


def dibao_list(
    certain: Sequence[Child],
    *,
    near: Child,
    unregistered: str,
    month: dt.date,
    township: str,
    strangers: int = 12,
    seed: int = 11,
) -> bytes:
    """A list (低保名单) as xlsx: title, filing line, merged household cells, subtotal and signature rows.

    ``certain`` stand in it with their numbers; ``near`` without a number and with one character of the name changed, so that
    a person must decide; ``unregistered`` is the name of a minor whom the register does not have; ``strangers`` are households
    of adults, the last of whom has a mistyped number. The same arguments give the same people.
    """  # fmt: skip
    rng = random.Random(seed)
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "农村低保"
    sheet.append([f"{township}{month.year}年{month.month}月农村低保保障对象花名册"])
    sheet.append([f"填报单位：{township}民政办", *[None] * 8, "单位：元"])
    sheet.append(HEADER)
    sheet.merge_cells(start_row=1, start_column=1, end_row=1, end_column=len(HEADER))
    people = 0
    households = list(_households(rng, certain, near, unregistered, month, strangers))
    for number, (place, members) in enumerate(households, 1):
        first = sheet.max_row + 1
        head = members[0]
        amount = rng.choice((430, 560, 640, 720))
        since = f"{rng.randrange(2018, month.year)}{rng.randrange(1, 13):02d}"
        for index, member in enumerate(members):
            once = index == 0
            sheet.append(
                [
                    number if once else None, head.name if once else None, head.number if once else None, member.name,
                    member.number, member.relation, SEX[member.sex], member.birth, "农村低保", amount if once else None,
                    place if once else None, since if once else None,
                ]
            )  # fmt: skip
        for column in PER_HOUSEHOLD if len(members) > 1 else ():
            sheet.merge_cells(start_row=first, start_column=column, end_row=sheet.max_row, end_column=column)
            sheet.cell(first, column).alignment = Alignment(vertical="center")
        people += len(members)
    sheet.append(["小计", None, None, f"{len(households)}户{people}人"])
    sheet.append(["制表人：", None, None, "审核人：", None, None, "负责人："])
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def _households(
    rng: random.Random,
    certain: Sequence[Child],
    near: Child,
    unregistered: str,
    month: dt.date,
    strangers: int,
) -> Iterator[tuple[str, list[Member]]]:
    for child in certain:
        yield _place(child), [_head(child), _of(child, child.name, child.id_number)]
    yield _place(near), [_head(near), _of(near, f"{near.name[:-1]}亮", "")]
    birth = month.replace(year=month.year - 9)
    head = _adult(rng, month)
    minor = Member(
        unregistered, names.identity_number(rng, birth, "female"), "孙女", "female", f"{birth:%Y%m%d}"
    )
    yield _place(near), [head, minor]
    for number in range(strangers):
        members = [_adult(rng, month)]
        if number == strangers - 1:
            members[0] = Member(
                members[0].name, members[0].number[:-2] + "98", "户主", members[0].sex, members[0].birth
            )
        yield _place(near), members


def _place(child: Child) -> str:
    return child.region.name


def _head(child: Child) -> Member:
    guardian = Guardian.objects.filter(child=child).order_by("pk")[0]
    sex = "female" if guardian.relation in WOMEN else "male"
    return Member(guardian.name, guardian.id_number, "户主", sex, guardian.id_number[6:14])


def _of(child: Child, name: str, number: str) -> Member:
    relation = "孙女" if child.sex == "female" else "孙子"
    return Member(name, number, relation, child.sex, f"{child.birth_date:%Y%m%d}")


def _adult(rng: random.Random, month: dt.date) -> Member:
    birth = month - dt.timedelta(days=rng.randrange(30 * 365, 70 * 365))
    sex = rng.choice(("female", "male"))
    return Member(
        names.adult_name(rng), names.identity_number(rng, birth, sex), "户主", sex, f"{birth:%Y%m%d}"
    )
