"""Lists to and from the insurer: who is to be insured goes out, who is insured comes back and is marked, all or none."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cases import identity, key_pages
from cases.ledger_exports import ledger
from cases.matching.reading.files import ListFileError, open_grids
from cases.models import Child
from staff.workflow import Actor
from subsidies.aid import insurance
from subsidies.aid.enums import InsurancePayer
from subsidies.aid.insurance import CoverData
from subsidies.aid.refusals import AidRefused

EXPORT = "insurance_export"
CHUNK = 1000
HEADER_ROWS = 20
PROBLEMS_SHOWN = 100
COLUMNS = {
    "id_number": ("身份证号", "身份证号码", "证件号码", "公民身份号码", "identity number"),
    "name": ("姓名", "参保人", "参保人姓名", "name"),
    "premium": ("保费", "缴费金额", "个人缴费", "金额", "保费（元）", "premium"),
    "proof": ("凭证号", "参保凭证", "缴费凭证号", "保单号", "proof of cover"),
    "payer": ("参保情况", "缴费方式", "premium paid by"),
}
PAYERS = {
    "政府资助参保": InsurancePayer.GOVERNMENT,
    "全额资助": InsurancePayer.GOVERNMENT,
    "自费参保": InsurancePayer.SELF,
    "未参保": InsurancePayer.NONE,
}


@dataclass(frozen=True)
class Problem:
    """What is wrong with a line of the file; line 0: with the file."""

    line: int
    message: str


class ListRefused(AidRefused):
    """Nothing was marked; ``problems`` say why, line by line."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__(_("Nothing was marked. Correct the file and send it again."))


@dataclass(frozen=True)
class Marked:
    """What a list did: its lines, and how many were news."""

    lines: int
    changed: int


def mark_list(
    *, actor: Actor, at: dt.datetime, year: int, kind: str, data: bytes, premium: Decimal | None, source: str
) -> Marked:
    """Mark who is insured from the insurer's list: identity number, and where given name, premium, proof and 参保情况.

    ``premium`` and ``source`` are those of lines that name none. All or nothing; the same list again changes nothing.
    Raises ListRefused with every problem.
    """
    lines = list(_lines(data))
    problems: list[Problem] = []
    wanted: dict[str, tuple[int, dict[str, str]]] = {}
    for number, cells in lines:
        try:
            found = identity.parse(cells.get("id_number", "")).number
        except identity.IdentityError as error:
            problems.append(Problem(number, str(error)))
            continue
        if found in wanted:
            problems.append(
                Problem(
                    number,
                    _("The same identity number stands in line %(line)s.") % {"line": wanted[found][0]},
                )
            )
        wanted.setdefault(found, (number, cells))
    children = _children(wanted)
    covers: dict[Child, CoverData] = {}
    for id_number, (number, cells) in wanted.items():
        child = children.get(id_number)
        if child is None:
            problems.append(Problem(number, _("No child on this register has this identity number.")))
            continue
        name = cells.get("name", "").strip()
        if name and name != child.name:
            problems.append(Problem(number, _("The name differs from the child's on the register.")))
            continue
        try:
            covers[child] = _cover(cells, premium, source)
            insurance.check(covers[child])
        except AidRefused as why:
            problems.append(Problem(number, str(why)))
    if not lines and not problems:
        problems.append(Problem(0, _("The list has a header row but no persons below it.")))
    if problems:
        raise ListRefused(sorted(problems, key=lambda problem: problem.line)[:PROBLEMS_SHOWN])
    changed = insurance.write_covers(actor=actor, at=at, year=year, kind=kind, covers=covers)
    return Marked(len(covers), changed)


def _lines(data: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and cells by field of every line below the header. Raises ListRefused."""
    try:
        for grid in open_grids(data):
            columns: dict[int, str] = {}
            for number, cells, rounded in grid.rows:
                if not columns:
                    columns = _header(cells)
                    if not columns and number >= HEADER_ROWS:
                        break
                    continue
                if not any(cell.strip() for cell in cells):
                    continue
                values = {field: cells[at].strip() for at, field in columns.items() if at < len(cells)}
                if any(columns.get(at) == "id_number" for at in rounded):
                    text = _("Excel has rounded this number. Format the column as text and type it again.")
                    raise ListRefused([Problem(number, text)])
                yield number, values
            if columns:
                return
    except ListFileError as error:
        raise ListRefused([Problem(0, str(error))]) from error
    raise ListRefused([Problem(0, _("No column with identity numbers (身份证号) was found."))])


def _header(cells: list[str]) -> dict[int, str]:
    found: dict[int, str] = {}
    for at, cell in enumerate(cells):
        text = re.sub(r"\s+", " ", cell).strip().lower()
        field = next((field for field, names in COLUMNS.items() if text in names), "")
        if field and field not in found.values():
            found[at] = field
    return found if "id_number" in found.values() else {}


def _children(numbers: dict[str, Any]) -> dict[str, Child]:
    """Children on the register by identity number, through its digest. One query."""
    by_digest = {identity.digest_identity(number): number for number in numbers}
    found = Child.objects.filter(id_digest__in=list(by_digest), left_date__isnull=True)
    rows = found.only("pk", "name", "region_id", "id_digest", "insurance")
    return {by_digest[bytes(child.id_digest or b"")]: child for child in rows}


def _cover(cells: dict[str, str], premium: Decimal | None, source: str) -> CoverData:
    said = cells.get("payer", "")
    payer = PAYERS.get(said, InsurancePayer.GOVERNMENT if not said else None)
    if payer is None:
        raise AidRefused(
            _("%(said)s is not known. Use 政府资助参保, 自费参保 or 未参保.") % {"said": said[:20]}
        )
    amount = premium
    if text := cells.get("premium", "").replace(",", "").removesuffix("元"):
        try:
            amount = Decimal(text).quantize(Decimal("0.01"))
        except InvalidOperation as error:
            raise AidRefused(_("%(text)s is no amount in yuan.") % {"text": text[:20]}) from error
    if payer == InsurancePayer.NONE:
        return CoverData(payer, None, "", "")
    return CoverData(
        payer, amount, source if payer == InsurancePayer.GOVERNMENT else "", cells.get("proof", "")[:120]
    )


def _count(arguments: dict[str, Any], day: dt.date) -> int:
    return _found(arguments, day).order_by()[: key_pages.COUNTED + 1].count()


def _found(arguments: dict[str, Any], day: dt.date) -> QuerySet[Child]:
    return insurance.Cohort.load(arguments["kind"], arguments["year"], day).listed(arguments["show"])


@ledger(EXPORT, gettext_lazy("List of persons to be insured"), count=_count, has_numbers=True)
def to_insurer(arguments: dict[str, Any], day: dt.date, full: bool) -> Iterator[list[Any]]:
    """The header that insurers know, then a line a child; identity numbers are masked unless asked for in full."""
    yield [
        "序号",
        "姓名",
        "性别",
        "身份证号码",
        "出生日期",
        "乡镇（街道）",
        "村（社区）",
        "人员类别",
        "参保年度",
    ]
    found = _found(arguments, day).select_related("region__parent").defer("health_note", "phone")
    for number, child in enumerate(found.iterator(CHUNK), start=1):
        shown = child.id_number if full else child.masked_identity
        parent = child.region.parent
        yield [
            *(number, child.name, child.get_sex_display(), shown, child.birth_date.isoformat()),
            *(parent.name if parent else "", child.region.name),
            *(child.get_primary_category_display(), arguments["year"]),
        ]
