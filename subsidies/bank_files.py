"""The file that goes to the bank: the columns of the national system's payment list (发放列表), and our
own line number.

The same batch gives the same bytes. They are archived encrypted, with their sha256, in the transaction of
the release.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal

import xlsxwriter
from django.utils import timezone

from staff import files
from staff.models import Region, StoredFile
from staff.models.region import township_of
from subsidies.enums import PayeeMethod, PaymentKind, PaymentState
from subsidies.models import BankFile, Payment, PaymentBatch

# Field names of the list itself, in the order of the national form; the first column is ours and comes back
# with the result.
HEADERS = (
    "业务编号", "序号", "地区", "儿童姓名", "身份证号", "起领年月", "末领年月", "发放时间",
    "本次发放金额（元）",
    "领取方式", "领取人", "银行账号", "开户人", "开户银行", "补发时间", "补发放金额（元）",
)  # fmt: skip
AMOUNT_COLUMNS = (8, 15)
CONTENT_TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=gb18030",
}


def line_reference(number: str, line: int) -> str:
    """业务编号 of a line: batch number and line, unique in a county."""
    return f"{number}-{line:05d}"


def rows_of(
    batch: PaymentBatch, payments: Iterable[Payment], places: dict[int, str]
) -> list[tuple[str, ...]]:
    """One row of text per line; identity numbers are masked, amounts have two decimals, months are
    YYYY-MM.
    """
    released = timezone.localdate(batch.released_at).isoformat() if batch.released_at else ""
    rows: list[tuple[str, ...]] = []
    for number, payment in enumerate(payments, start=1):
        arrears = payment.kind == PaymentKind.ARREARS
        entitlement = payment.entitlement
        rows.append(
            (
                line_reference(batch.number, payment.line),
                str(number),
                places.get(township_of(payment.region_id), str(payment.region_id)),
                payment.child_name,
                payment.identity_mask,
                f"{entitlement.start_month:%Y-%m}",
                f"{entitlement.end_month:%Y-%m}" if entitlement.end_month else "",
                released,
                f"{payment.amount:.2f}",
                PayeeMethod.BANK.value,
                payment.payee_name,
                payment.account,
                payment.payee_name,
                payment.bank_name,
                f"{payment.month:%Y-%m}" if arrears else "",
                f"{payment.amount:.2f}" if arrears else "",
            )
        )
    return rows


def as_csv(rows: Sequence[tuple[str, ...]]) -> bytes:
    """GB18030 with CRLF, as bank software in China reads it."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(HEADERS)
    writer.writerows(rows)
    return buffer.getvalue().encode("gb18030")


def as_xlsx(rows: Sequence[tuple[str, ...]], made_at: dt.datetime) -> bytes:
    """A workbook of one sheet. Numbers of accounts are text; the time in its properties is that of the
    release.
    """
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(
        buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    book.set_properties({"created": timezone.localtime(made_at).replace(tzinfo=None, microsecond=0)})
    sheet = book.add_worksheet("发放列表")
    head = book.add_format({"bold": True, "text_wrap": True})
    money = book.add_format({"num_format": "#,##0.00"})
    text = book.add_format({"num_format": "@"})
    for column, title in enumerate(HEADERS):
        sheet.write_string(0, column, title, head)
    for line, row in enumerate(rows, start=1):
        for column, value in enumerate(row):
            if column in AMOUNT_COLUMNS and value:
                sheet.write_number(line, column, Decimal(value), money)
            else:
                sheet.write_string(line, column, value, text)
    sheet.set_column(0, 0, 22)
    sheet.set_column(1, len(HEADERS) - 1, 16)
    sheet.freeze_panes(1, 0)
    book.close()
    return buffer.getvalue()


def write_files(batch: PaymentBatch, at: dt.datetime) -> list[BankFile]:
    """Write and archive both files of a batch that is being released; every sent line is in them, nothing
    else.
    """
    payments = list(
        Payment.objects.filter(batch=batch, state=PaymentState.SENT)
        .select_related("entitlement")
        .order_by("line")
    )
    codes = {township_of(payment.region_id) for payment in payments}
    places = dict(Region.objects.filter(pk__in=codes).values_list("pk", "name"))
    rows = rows_of(batch, payments, places)
    made = []
    for kind, data in (("xlsx", as_xlsx(rows, batch.released_at or at)), ("csv", as_csv(rows))):
        stored = files.store(
            data,
            kind=StoredFile.Kind.BANK,
            name=f"{batch.number}.{kind}",
            content_type=CONTENT_TYPES[kind],
            region_id=batch.region_id,
            at=at,
        )
        made.append(
            BankFile.objects.create(
                batch=batch,
                region_id=batch.region_id,
                format=kind,
                file=stored,
                line_count=len(payments),
                total=batch.total,
                made_at=at,
            )
        )
    return made
