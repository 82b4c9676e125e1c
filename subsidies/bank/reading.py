"""A bank's result file (回盘文件) → rows of text. Knows formats and titles, no payments.

Read are workbooks and delimited text by their titles, whoever made them, and fixed-width text by the ``result`` columns
of a layout of the county.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from django.utils.translation import gettext as _

from cases.matching.reading.files import ListFileError, open_grids
from staff.workflow import TransitionRefused
from subsidies.bank.layouts import Format, Layout, Record, Unit
from subsidies.enums import FailReason

HEADER_ROWS = 20
# Field → header words, compared without spaces, brackets and units. The first that a header equals wins.
FIELDS: dict[str, tuple[str, ...]] = {
    "reference": ("业务编号", "业务流水号", "商户订单号", "reference"),
    "batch": ("批次号", "批次编号", "批次", "batch"),
    "line": ("行号", "批次行号", "明细序号", "序号", "line"),
    "payee": ("领取人", "开户人", "收款人", "收款人户名", "户名", "payee"),
    "amount": ("本次发放金额", "发放金额", "交易金额", "金额", "实发金额", "amount"),
    "account": ("银行账号", "收款账号", "账号", "卡号", "账号尾号", "account"),
    "result": ("处理结果", "交易结果", "结果", "处理状态", "交易状态", "状态", "result"),
    "reason": ("失败原因", "原因", "返回信息", "备注", "摘要", "处理信息", "reason"),
    "date": ("入账日期", "交易日期", "处理日期", "日期", "date"),
    "released": ("发放时间",),
}
PAID_WORDS = frozenset(
    {
        "成功",
        "已入账",
        "入账成功",
        "交易成功",
        "处理成功",
        "发放成功",
        "已发放",
        "s",
        "00",
        "0000",
        "paid",
        "success",
    }
)
FAILED_WORDS = frozenset(
    {"失败", "入账失败", "交易失败", "处理失败", "发放失败", "退回", "退票", "已退回", "f", "failed"}
)
# Words of a bank's message → our code, the first that occurs. Order matters: 户名 before 账号.
MESSAGES: tuple[tuple[str, FailReason], ...] = (
    ("户名", FailReason.NAME_DIFFERS),
    ("姓名", FailReason.NAME_DIFFERS),
    ("销户", FailReason.ACCOUNT_CLOSED),
    ("注销", FailReason.ACCOUNT_CLOSED),
    ("冻结", FailReason.ACCOUNT_FROZEN),
    ("挂失", FailReason.ACCOUNT_FROZEN),
    ("睡眠", FailReason.ACCOUNT_DORMANT),
    ("久悬", FailReason.ACCOUNT_DORMANT),
    ("限制", FailReason.ACCOUNT_DORMANT),
    ("不动户", FailReason.ACCOUNT_DORMANT),
    ("开户行", FailReason.BANK_CODE_WRONG),
    ("联行号", FailReason.BANK_CODE_WRONG),
    ("账号", FailReason.ACCOUNT_WRONG),
    ("卡号", FailReason.ACCOUNT_WRONG),
    ("账户不存在", FailReason.ACCOUNT_WRONG),
    ("系统", FailReason.BANK_SYSTEM),
    ("超时", FailReason.BANK_SYSTEM),
)
_NOISE = re.compile(r"[\s（）()【】\[\]：:*]|元|yuan", re.IGNORECASE)
# Totals and signatures below the lines.
_FOOT = re.compile(r"(合|小|总|共|累)\s*计|总(笔数|金额)|本页|制表|复核|经办|备注|签章")


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a row cannot be taken over: row of the file, name of the field, what is wrong and what to do."""

    line: int
    field: str
    message: str


class ResultRefused(TransitionRefused):
    """Nothing of the file was taken over. ``problems`` names row, field and remedy, in order of the file."""

    def __init__(self, message: str, problems: list[Problem] | None = None) -> None:
        super().__init__(message)
        self.problems = problems or []


@dataclass(frozen=True, slots=True)
class ResultRow:
    """One row of the file as read: texts, nothing decided. ``number`` is None in a file without batch numbers."""

    row: int
    number: str | None
    line: int | None
    payee: str
    amount: str
    account: str
    result: str
    reason: str
    date: str
    released: str = ""


@dataclass(frozen=True)
class Words:
    """The words that a county's banks use: titles of columns by field, and their two answers."""

    titles: dict[str, tuple[str, ...]] = field(default_factory=lambda: FIELDS)
    paid: frozenset[str] = PAID_WORDS
    failed: frozenset[str] = FAILED_WORDS

    @classmethod
    def of(cls, layouts: Iterable[Layout]) -> Words:
        """Ours, and those that layouts add."""
        titles, paid, failed = dict(FIELDS), set(PAID_WORDS), set(FAILED_WORDS)
        for layout in layouts:
            paid |= set(layout.paid)
            failed |= set(layout.failed)
            for column in layout.of(Record.RESULT):
                if column.field in titles and column.title:
                    titles[column.field] = (*titles[column.field], plain(column.title))
        return cls(titles, frozenset(paid - failed | PAID_WORDS), frozenset(failed - PAID_WORDS))


def plain(text: str) -> str:
    """A title or an answer without what does not matter: spaces, brackets, units, case."""
    return _NOISE.sub("", text).lower()


def fail_reason_of(message: str) -> FailReason:
    """Our code for a bank's words; OTHER when no rule knows them (the words themselves are kept)."""
    return next((code for words, code in MESSAGES if words in message), FailReason.OTHER)


def read_rows(data: bytes, layouts: Iterable[Layout] = ()) -> Iterator[ResultRow]:
    """Rows of a result file below its titles, or line by line when it is of fixed width. Raises ResultRefused."""
    known = list(layouts)
    for layout in known:
        if layout.format == Format.TXT and (rows := _fixed_rows(data, layout)):
            yield from rows
            return
    yield from _titled_rows(data, Words.of(known))


def _titled_rows(data: bytes, words: Words) -> Iterator[ResultRow]:
    found = False
    try:
        for grid in open_grids(data):
            columns: dict[str, int] = {}
            for row, cells, _rounded in grid.rows:
                if not columns:
                    if row > HEADER_ROWS:
                        break
                    columns = _columns(cells, words)
                    found = found or bool(columns)
                    continue
                values = {name: cells[i].strip() for name, i in columns.items() if i < len(cells)}
                if _is_foot(values, cells):
                    continue
                yield _row(row, values)
    except ListFileError as error:
        raise ResultRefused(str(error)) from error
    if not found:
        raise ResultRefused(
            _(
                "No header row was found. The file needs the columns 业务编号 (or 批次号 and 行号, or 序号 and "
                "领取人), 金额, 银行账号 and 处理结果."
            )
        )


def _columns(cells: list[str], words: Words) -> dict[str, int]:
    """Field → column; {} when the row is no header."""
    titles = [plain(cell) for cell in cells]
    columns: dict[str, int] = {}
    for name, known in words.titles.items():
        for word in known:
            if word in titles:
                columns[name] = titles.index(word)
                break
    named = "reference" in columns or {"batch", "line"} <= set(columns) or {"line", "payee"} <= set(columns)
    return columns if named and {"amount", "account", "result"} <= set(columns) else {}


def _row(row: int, values: dict[str, str]) -> ResultRow:
    reference = values.get("reference", "")
    number, line = values.get("batch"), values.get("line", "")
    if reference:
        number, _dash, line = reference.rpartition("-")
    return ResultRow(
        row=row,
        number=number,
        line=int(line) if line.isdecimal() and len(line) < 9 else None,
        payee=values.get("payee", ""),
        amount=values.get("amount", ""),
        account=values.get("account", ""),
        result=values.get("result", ""),
        reason=values.get("reason", ""),
        date=values.get("date", ""),
        released=values.get("released", ""),
    )


def _is_foot(values: dict[str, str], cells: list[str]) -> bool:
    """Whether a row is a total or a signature: it says so where the number of a line stands, or has no number and no
    amount, or says so elsewhere and has no account. Any other row without a number is one that we did not send.
    """
    if number := values.get("reference") or values.get("line"):
        return _FOOT.match(number) is not None
    if not _has_digit(values.get("amount", "")):
        return True
    return not _has_digit(values.get("account", "")) and any(_FOOT.match(cell.strip()) for cell in cells)


def _has_digit(text: str) -> bool:
    return any(character.isdecimal() for character in text)


def _fixed_rows(data: bytes, layout: Layout) -> list[ResultRow]:
    """The rows of a fixed-width file; [] when the file is not of this layout.

    A first or last line of another width is the bank's own; any other line of another width is a row that cannot be
    read, and is told as one.
    """
    columns = layout.of(Record.RESULT)
    width = sum(column.width for column in columns)
    lines = [line for line in data.replace(b"\r\n", b"\n").split(b"\n") if line.strip()]
    if not width or not any(len(line) == width for line in lines):
        return []
    rows = []
    for number, line in enumerate(lines, start=1):
        if len(line) != width and number in (1, len(lines)):
            continue
        values: dict[str, str] = {}
        start = 0
        for column in columns if len(line) == width else ():
            part = line[start : start + column.width].decode(layout.encoding, errors="replace").strip()
            start += column.width
            if column.field == "amount" and column.unit == Unit.FEN and part.isdecimal():
                part = f"{Decimal(part) / 100:.2f}"
            values[column.field] = part
        rows.append(_row(number, values))
    return rows if any(row.line is not None for row in rows) else []
