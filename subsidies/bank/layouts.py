"""How a bank wants its file, as data: which columns in which order, how wide, in which encoding; and how its answer
is read.

A layout is a dictionary (``BankLayout.layout``, and the packaged ones of :mod:`subsidies.bank.packaged`):

``format``       ``xlsx``, ``csv`` (delimited text) or ``txt`` (fixed width, in bytes of the encoding)
``encoding``     of text: ``gb18030``, ``gbk`` or ``utf-8``
``delimiter``    of delimited text: ``,`` ``;`` ``|`` or a tab
``titles``       whether a row of titles stands above the lines
``replacement``  what stands for a character that the encoding lacks; empty: such a line is refused
``paid``, ``failed``  further words of the bank for its two answers
``columns``      list of {``record``, ``field``, ``title``, ``width``, ``align``, ``pad``, ``unit``}

``record`` is ``line`` (one a payment), ``head`` and ``foot`` (one each, before and after) or ``result`` (the columns of
the answer; in fixed width all of them in order, otherwise further titles by which a column is known).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from staff.workflow import TransitionRefused
from subsidies.bank.packaged import PACKAGED
from subsidies.models import BankLayout


class Format(models.TextChoices):
    XLSX = "xlsx", gettext_lazy("Workbook (.xlsx)")
    CSV = "csv", gettext_lazy("Text with a separator (.csv)")
    TXT = "txt", gettext_lazy("Text of fixed width (.txt)")


class Encoding(models.TextChoices):
    GB18030 = "gb18030", "GB18030"
    GBK = "gbk", "GBK"
    UTF8 = "utf-8", "UTF-8"


class Record(models.TextChoices):
    LINE = "line", gettext_lazy("Each line")
    HEAD = "head", gettext_lazy("First line")
    FOOT = "foot", gettext_lazy("Last line")
    RESULT = "result", gettext_lazy("The bank's answer")


class Unit(models.TextChoices):
    PLAIN = "", gettext_lazy("1550.00, 2026-10-21")
    FEN = "fen", gettext_lazy("155000 (fen)")
    COMPACT = "compact", gettext_lazy("20261021, without dashes")


class LineField(models.TextChoices):
    """What a column of a line, or of the first or last line, can show."""

    REFERENCE = "reference", gettext_lazy("Our number of the line (业务编号)")
    BATCH = "batch", gettext_lazy("Batch number")
    LINE = "line", gettext_lazy("Line number in the batch")
    PLACE = "place", gettext_lazy("Township")
    CHILD = "child", gettext_lazy("Child's name")
    IDENTITY = "identity", gettext_lazy("Child's identity number, masked")
    START_MONTH = "start_month", gettext_lazy("First month paid")
    END_MONTH = "end_month", gettext_lazy("Last month paid")
    RELEASED = "released", gettext_lazy("Day of the release")
    AMOUNT = "amount", gettext_lazy("Amount")
    METHOD = "method", gettext_lazy("How it is paid (2 = bank transfer)")
    PAYEE = "payee", gettext_lazy("Payee")
    ACCOUNT = "account", gettext_lazy("Account number")
    BANK = "bank", gettext_lazy("Bank")
    MONTH = "month", gettext_lazy("Month paid for")
    ARREARS_MONTH = "arrears_month", gettext_lazy("Month of arrears")
    ARREARS_AMOUNT = "arrears_amount", gettext_lazy("Amount of arrears")
    TEXT = "text", gettext_lazy("Always the same text: the title")
    COUNT = "count", gettext_lazy("Number of lines")
    TOTAL = "total", gettext_lazy("Total")


class ResultField(models.TextChoices):
    """What a column of the bank's answer can tell."""

    REFERENCE = "reference", gettext_lazy("Our number of the line (业务编号)")
    BATCH = "batch", gettext_lazy("Batch number")
    LINE = "line", gettext_lazy("Line number in the batch")
    PAYEE = "payee", gettext_lazy("Payee")
    AMOUNT = "amount", gettext_lazy("Amount")
    ACCOUNT = "account", gettext_lazy("Account number")
    RESULT = "result", gettext_lazy("Paid or failed")
    REASON = "reason", gettext_lazy("Why it failed")
    DATE = "date", gettext_lazy("Day of payment")
    SKIP = "skip", gettext_lazy("Not read")


# Fields of the file as a whole: they stand in its first or last line.
OF_THE_FILE: Final = frozenset({"batch", "released", "text", "count", "total"})
# Without these the bank cannot pay, and its answer could not be told apart.
NEEDED: Final = frozenset({"amount", "account", "payee"})
NUMBERS: Final = frozenset({"amount", "arrears_amount", "total"})
DELIMITERS: Final = {",": ",", ";": ";", "|": "|", "tab": "\t"}
MOST_COLUMNS = 60
MOST_WIDTH = 200


class LayoutRefused(TransitionRefused):
    """The layout cannot be used; ``problems`` says what is wrong, in words, one a fault."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Column:
    """One column; ``width`` in bytes of the layout's encoding, 0 where the format has none."""

    record: str
    field: str
    title: str = ""
    width: int = 0
    align: str = "left"
    pad: str = " "
    unit: str = ""

    @property
    def label(self) -> str:
        """How a message names the column."""
        if self.title:
            return self.title
        choices = ResultField if self.record == Record.RESULT else LineField
        return str(choices(self.field).label)


@dataclass(frozen=True, slots=True)
class Layout:
    """A layout that has been checked: :func:`parse` made it."""

    code: str
    name: str
    format: str
    encoding: str = Encoding.GB18030
    delimiter: str = ","
    titles: bool = True
    replacement: str = ""
    paid: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()

    def of(self, record: str) -> tuple[Column, ...]:
        """The columns of one kind of line, in order."""
        return tuple(column for column in self.columns if column.record == record)


def parse(code: str, name: str, data: dict[str, Any]) -> Layout:
    """The layout that a dictionary describes. Raises LayoutRefused with everything that is wrong."""
    problems: list[str] = []
    form = str(data.get("format", ""))
    if form not in Format.values:
        problems.append(_("Choose a format."))
    encoding = str(data.get("encoding", Encoding.GB18030))
    if encoding not in Encoding.values:
        problems.append(_("Choose an encoding."))
        encoding = Encoding.GB18030
    delimiter = str(data.get("delimiter", ","))
    if form == Format.CSV and delimiter not in DELIMITERS:
        problems.append(_("Choose a separator."))
    replacement = str(data.get("replacement", ""))
    if not fits(replacement, encoding) or len(replacement) > 1:
        problems.append(_("The replacement must be one character of the encoding."))
    columns = tuple(
        column
        for number, row in enumerate(data.get("columns", []), start=1)
        if (column := _column(number, row, form, encoding, problems)) is not None
    )
    if len(columns) > MOST_COLUMNS:
        problems.append(_("A layout has at most %(n)s columns.") % {"n": MOST_COLUMNS})
    layout = Layout(
        code,
        name,
        form,
        encoding,
        DELIMITERS.get(delimiter, ","),
        bool(data.get("titles", False)),
        replacement,
        _words(data.get("paid")),
        _words(data.get("failed")),
        columns,
    )
    problems += _lacking(layout)
    if problems:
        raise LayoutRefused(problems)
    return layout


def _words(given: Any) -> tuple[str, ...]:
    return tuple(str(word).strip().lower() for word in given or () if str(word).strip())


def fits(text: str, encoding: str) -> bool:
    """Whether the encoding has every character of the text."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _column(number: int, row: dict[str, Any], form: str, encoding: str, problems: list[str]) -> Column | None:
    def problem(text: str) -> None:
        problems.append(_("Column %(n)s: %(what)s") % {"n": number, "what": text})

    record, field = str(row.get("record", "")), str(row.get("field", ""))
    if record not in Record.values:
        problem(_("say in which line it stands."))
        return None
    if field not in (ResultField if record == Record.RESULT else LineField).values:
        problem(_("choose what it shows."))
        return None
    column = Column(
        record,
        field,
        str(row.get("title", "")),
        int(row.get("width") or 0),
        str(row.get("align") or "left"),
        str(row.get("pad") or " "),
        str(row.get("unit") or ""),
    )
    if record in (Record.HEAD, Record.FOOT) and field not in OF_THE_FILE:
        problem(_("“%(field)s” belongs to a line, not to the file.") % {"field": LineField(field).label})
    if record == Record.LINE and field in ("count", "total"):
        problem(_("“%(field)s” belongs to the first or last line.") % {"field": LineField(field).label})
    if form == Format.TXT and not 1 <= column.width <= MOST_WIDTH:
        problem(_("write its width in bytes, 1 to %(most)s.") % {"most": MOST_WIDTH})
    if column.align not in ("left", "right") or column.unit not in Unit.values:
        problem(_("choose how it is written."))
    if len(column.pad) != 1 or not column.pad.isascii():
        problem(_("the filling is one ASCII character."))
    if not fits(column.title, encoding):
        problem(_("the encoding lacks a character of the title."))
    return column


def _lacking(layout: Layout) -> list[str]:
    """What a layout as a whole lacks."""
    problems = []
    lines = {column.field for column in layout.of(Record.LINE)}
    if missing := [str(LineField(field).label) for field in sorted(NEEDED - lines)]:
        problems.append(_("The lines lack: %(fields)s.") % {"fields": "、".join(missing)})
    if not lines & {"reference", "line"}:
        problems.append(_("The lines need our number, so that the bank's answer can be told apart."))
    if layout.titles and any(not column.title for column in layout.of(Record.LINE)):
        problems.append(_("Every column needs a title, because the file has a row of titles."))
    answer = {column.field for column in layout.of(Record.RESULT)}
    if layout.format == Format.TXT and answer:
        wanted = {"amount", "account", "result"}
        if "reference" not in answer and not {"batch", "line"} <= answer:
            wanted |= {"reference"}
        if short := [str(ResultField(field).label) for field in sorted(wanted - answer)]:
            problems.append(_("The bank's answer lacks: %(fields)s.") % {"fields": "、".join(short)})
    if both := set(layout.paid) & set(layout.failed):
        problems.append(_("“%(word)s” means paid and failed at once.") % {"word": "”、“".join(sorted(both))})
    return problems


# --- the layouts of a county -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Choice:
    """A layout that a county has: whether files are written in it, and its own row where it has one."""

    code: str
    name: str
    used: bool
    data: dict[str, Any]
    own: BankLayout | None = None

    @property
    def layout(self) -> Layout:
        """The checked layout. Raises LayoutRefused."""
        return parse(self.code, self.name, self.data)


def choices_of(region_id: int) -> list[Choice]:
    """Packaged layouts and the county's own, by code; a row of a packaged code says whether that one is used, and
    how, when it holds a layout. One query.
    """
    found = {code: Choice(code, name, used, data) for code, (name, used, data) in PACKAGED.items()}
    for row in BankLayout.objects.filter(region_id=region_id).select_related("user").order_by("code"):
        data = row.layout or (found[row.code].data if row.code in found else {})
        found[row.code] = Choice(row.code, row.name, row.is_active, data, row)
    return list(found.values())


def layouts_of(region_id: int) -> list[Layout]:
    """The layouts that files are written in for a county. Raises LayoutRefused, also when there is none."""
    used = [choice.layout for choice in choices_of(region_id) if choice.used]
    if not used:
        raise LayoutRefused([_("No bank layout is in use. Choose one on the page of bank layouts.")])
    return used
