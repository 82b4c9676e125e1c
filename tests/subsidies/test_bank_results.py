"""What the bank reports: all or nothing, never twice, and what failed is paid later to the right account."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
from decimal import Decimal

import pytest
import xlsxwriter
from django.utils import timezone

from cases.matching.reading.files import open_grids
from staff import files
from staff.workflow import TransitionRefused
from subsidies.bank import files as bank_files
from subsidies.bank import results as bank_results
from subsidies.bank import writing as bank_writing
from subsidies.bank.layouts import Layout, layouts_of
from subsidies.bank.reading import ResultRefused, fail_reason_of
from subsidies.bank.results import import_result
from subsidies.enums import FailReason
from subsidies.models import BankFile, BankResult, Payment, PaymentBatch
from tests.subsidies.conftest import DECEMBER, NOVEMBER, OCTOBER, Office, moment

HEAD = "业务编号,本次发放金额（元）,银行账号,处理结果,失败原因,入账日期"
AT = moment(10, 23)


def released(office: Office) -> PaymentBatch:
    office.entitle(office.child("own"))
    office.entitle(office.child("neighbour"))
    office.entitle(office.child("township"))
    return office.pay()


def result(*rows: str, encoding: str = "utf-8") -> bytes:
    return "\n".join((HEAD, *rows)).encode(encoding)


def take(
    office: Office, batch: PaymentBatch, data: bytes, who: str = "clerk", name: str = "r.csv"
) -> bank_results.Outcome:
    with office.as_(who) as actor:
        return import_result(actor=actor, at=AT, batch=batch, name=name, data=data)


GOOD = (
    "PB-202610-01-00001,1550.00,7801,成功,,2026-10-22",
    "PB-202610-01-00002,1550.00,6217001234567802,失败,户名不符,",
)


def states(office: Office) -> list[tuple[str, str]]:
    with office.as_("clerk"):
        return list(Payment.objects.order_by("pk").values_list("state", "fail_reason"))


def test_each_line_paid_or_failed_then_reconciled(office: Office) -> None:
    batch = released(office)
    assert take(office, batch, result(*GOOD)) == bank_results.Outcome(paid=1, failed=1)
    assert states(office) == [("paid", ""), ("failed", "name_differs"), ("sent", "")]
    with office.as_("clerk"):
        paid = Payment.objects.get(line=1)
        assert paid.paid_date == dt.date(2026, 10, 22)
        assert PaymentBatch.objects.get().state == "released"
    take(office, batch, result('PB-202610-01-00003,"1,550.00",7803,入账成功,,20261023'), "releaser")
    with office.as_("clerk"):
        done = PaymentBatch.objects.get()
        assert (done.state, done.reconciled_by_id) == ("reconciled", office.cast.users["releaser"].pk)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_the_same_file_twice_changes_nothing(office: Office, encoding: str) -> None:
    batch = released(office)
    data = result(*GOOD, encoding=encoding)
    take(office, batch, data)
    assert take(office, batch, data) == bank_results.Outcome(repeated=True)
    # the same lines in other bytes
    assert take(office, batch, data + b"\n") == bank_results.Outcome(unchanged=2)
    with office.as_("clerk"):
        assert BankResult.objects.count() == 2


PROBLEMS = [
    (["PB-202610-01-00009,1550.00,7801,成功,,"], "业务编号", "Line 9 was not sent"),
    (["PB-202609-01-00001,1550.00,7801,成功,,"], "业务编号", "belongs to batch PB-202609-01"),
    (["nonsense,1550.00,7801,成功,,"], "业务编号", "no line number"),
    ([GOOD[0], GOOD[0]], "业务编号", "already stands in row 2"),
    (["PB-202610-01-00001,1550.01,7801,成功,,"], "金额", "1550.01 differs from the 1550.00"),
    (["PB-202610-01-00001,x,7801,成功,,"], "金额", "no amount"),
    (["PB-202610-01-00001,sNaN,7801,成功,,"], "金额", "no amount"),
    (["PB-202610-01-00001,1E999999999,7801,成功,,"], "金额", "no amount"),
    (["PB-202610-01-00001,1550.00,7802,成功,,"], "银行账号", "ends in 7802"),
    (["PB-202610-01-00001,1550.00,801,成功,,"], "银行账号", "ends in 801,"),
    (["PB-202610-01-00001,1550.00,7801,也许,,"], "处理结果", "也许"),
    (["PB-202610-01-00001,1550.00,7801,成功,,2026-12-31"], "入账日期", "up to today"),
]


@pytest.mark.parametrize(("rows", "field", "words"), PROBLEMS)
def test_a_wrong_row_is_named_and_nothing_is_half_done(
    office: Office, rows: list[str], field: str, words: str
) -> None:
    batch = released(office)
    with pytest.raises(ResultRefused) as caught:
        take(office, batch, result("PB-202610-01-00003,1550.00,7803,成功,,", *rows))
    problem = caught.value.problems[-1]
    assert (problem.line, problem.field) == (2 + len(rows), field)
    assert words.replace("row 2", "row 3") in problem.message
    assert {state for state, _reason in states(office)} == {"sent"}
    with office.as_("clerk"):
        assert not BankResult.objects.exists()


def test_a_payment_that_comes_back_days_later_is_failed(office: Office) -> None:
    batch = released(office)
    take(office, batch, result(GOOD[0]))
    assert take(office, batch, result("PB-202610-01-00001,1550.00,7801,退回,账户已销户,")).failed == 1
    assert states(office)[0] == ("failed", "account_closed")
    with office.as_("clerk"):
        assert Payment.objects.get(line=1).paid_date is None


@pytest.mark.parametrize("data", [b"", b"\x00\x01\x02", "姓名,金额\n林小满,1\n".encode(), HEAD.encode()])
def test_a_file_that_is_none(office: Office, data: bytes) -> None:
    batch = released(office)
    with pytest.raises(ResultRefused):
        take(office, batch, data)


def test_duties_and_states(office: Office) -> None:
    office.entitle(office.child("own"))
    batch = office.prepare()
    with pytest.raises(TransitionRefused, match="not been released"):
        take(office, batch, result(GOOD[0]))
    with pytest.raises(TransitionRefused, match="duty"):
        take(office, batch, result(GOOD[0]), "approver")


def test_our_own_workbook_comes_back_with_a_result_column(office: Office) -> None:
    """The national list has no number of ours: line number and payee tell the lines, amount and account check them."""
    batch = released(office)
    with office.as_("releaser"):
        sent = files.read(BankFile.objects.get(layout_code="nat-xlsx").file)
    with office.as_("clerk"):
        assert take(
            office, batch, answered(sent, "成功", "成功", "失败"), name="r.xlsx"
        ) == bank_results.Outcome(paid=2, failed=1)
    assert states(office)[2] == ("failed", "account_frozen")


def answered(workbook: bytes, *words: str) -> bytes:
    """Our workbook as a bank returns it: its own title above, two columns more, a total below."""
    (grid,) = open_grids(workbook)
    rows = [cells for _row, cells, _rounded in grid.rows]
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    sheet = book.add_worksheet()
    sheet.write(0, 0, "重庆农村商业银行 代发结果")
    for column, title in enumerate((*rows[0], "处理结果", "失败原因")):
        sheet.write(2, column, title)
    for row, (cells, word) in enumerate(zip(rows[1:], words, strict=True), start=3):
        for column, value in enumerate((*cells, word, "账户冻结" if word == "失败" else "")):
            sheet.write_number(row, column, float(value)) if column == 7 else sheet.write_string(
                row, column, value
            )
    sheet.write(len(words) + 3, 0, "合计")
    book.close()
    return buffer.getvalue()


def test_a_workbook_without_batch_numbers_of_another_batch_is_refused(office: Office) -> None:
    """Without batch numbers the payee must agree as well, or September's answer would settle October."""
    batch = released(office)
    with office.as_("releaser"):
        sent = files.read(BankFile.objects.get(layout_code="nat-xlsx").file)
    (grid,) = open_grids(sent)
    rows = [cells for _row, cells, _rounded in grid.rows]
    rows[1] = ["别人" if cell == "林桂芳" else cell for cell in rows[1]]
    text = "\n".join(",".join((*cells, "处理结果" if n == 0 else "成功")) for n, cells in enumerate(rows))
    with pytest.raises(ResultRefused) as caught:
        take(office, batch, text.encode())
    assert [(problem.line, problem.field) for problem in caught.value.problems] == [(2, "领取人")]
    assert {state for state, _reason in states(office)} == {"sent"}


def test_the_same_batch_gives_the_same_bytes(office: Office) -> None:
    batch = released(office)
    with office.as_("releaser"):
        batch.refresh_from_db()
        kept = {file.layout_code: file.file.sha256 for file in BankFile.objects.select_related("file")}
        assert set(kept) == {"nat-xlsx", "csv"}
        for layout in layouts_of(batch.region_id):
            again = io_bytes(batch, layout)
            assert hashlib.sha256(again).hexdigest() == kept[layout.code]


def io_bytes(batch: PaymentBatch, layout: Layout) -> bytes:
    assert batch.released_at is not None
    released_at = timezone.localtime(batch.released_at).replace(tzinfo=None, microsecond=0)
    about = bank_writing.About(batch.number, released_at.date(), batch.line_count, batch.total)
    with files.workshop("test") as folder:
        path = folder / "file"
        bank_writing.write(layout, about, bank_files.stream(batch), path, made_at=released_at)
        return path.read_bytes()


def test_the_file_shows_no_childs_number(office: Office) -> None:
    released(office)
    from tests.cast import OWN_ID

    with office.as_("releaser"):
        assert OWN_ID not in files.read(BankFile.objects.get(format="csv").file).decode("gb18030")


def test_what_failed_is_paid_later_to_the_corrected_account_and_never_twice(office: Office) -> None:
    batch = released(office)
    take(
        office,
        batch,
        result(
            GOOD[0],
            "PB-202610-01-00002,1550.00,7802,失败,账号错误,",
            "PB-202610-01-00003,1550.00,7803,成功,,",
        ),
    )
    office.give_account(office.child("neighbour"), "6217005555558555")
    november = office.pay(NOVEMBER)
    lines = [line for line in office.lines(november) if line.child_name == "秦白露"]
    assert [(line.kind, line.month, line.amount, line.account[-4:], line.state) for line in lines] == [
        ("regular", NOVEMBER, Decimal("1550.00"), "8555", "sent"),
        ("arrears", OCTOBER, Decimal("1550.00"), "8555", "sent"),
    ]
    # while the second attempt is on its way, and after it, nothing more is owed for October
    assert [line.kind for line in office.lines(office.prepare(DECEMBER)) if line.child_name == "秦白露"] == [
        "regular"
    ]
    assert states(office)[1] == ("failed", "account_wrong")


def test_an_account_that_the_bank_refused_and_nobody_changed_is_an_exception(office: Office) -> None:
    batch = released(office)
    take(office, batch, result("PB-202610-01-00002,1550.00,7802,失败,账号错误,"))
    november = office.prepare(NOVEMBER)
    with office.as_("clerk"):
        assert list(november.issues.values_list("kind", "child_name")) == [
            ("account_refused", "秦白露"),
            ("arrears", "秦白露"),
        ]


@pytest.mark.parametrize(
    ("message", "code"),
    [("户名与账号不符", FailReason.NAME_DIFFERS), ("账户已销户", FailReason.ACCOUNT_CLOSED), ("收款账户冻结", FailReason.ACCOUNT_FROZEN),
     ("久悬户", FailReason.ACCOUNT_DORMANT), ("开户行不存在", FailReason.BANK_CODE_WRONG), ("账号不存在", FailReason.ACCOUNT_WRONG),
     ("系统繁忙", FailReason.BANK_SYSTEM), ("", FailReason.OTHER), ("其他", FailReason.OTHER)],
)  # fmt: skip
def test_the_banks_words(message: str, code: FailReason) -> None:
    assert fail_reason_of(message) is code


SHORT = "序号,领取人,金额,银行账号,处理结果,入账日期"


def short_answer(line: Payment, word: str, day: str, head: str = SHORT) -> bytes:
    """An answer without a number of the batch."""
    return f"{head}\n{line.line},{line.payee_name},{line.amount},{line.account[-4:]},{word},{day}\n".encode()


def take_at(office: Office, at: dt.datetime, batch: PaymentBatch, data: bytes) -> bank_results.Outcome:
    with office.as_("clerk") as actor:
        return import_result(actor=actor, at=at, batch=batch, name="a.csv", data=data)


def refusal(office: Office, at: dt.datetime, batch: PaymentBatch, data: bytes) -> list[tuple[int, str, str]]:
    with pytest.raises(ResultRefused) as caught:
        take_at(office, at, batch, data)
    return [(problem.line, problem.field, problem.message) for problem in caught.value.problems]


def test_the_answer_of_last_month_does_not_settle_this_month(office: Office) -> None:
    office.confirmed(office.child("own"))
    october = office.pay(OCTOBER)
    (line,) = office.lines(october)
    answer = short_answer(line, "成功", "2026-10-22")
    assert take_at(office, moment(10, 23), october, answer).paid == 1
    november = office.pay(NOVEMBER)
    ((row, field, message),) = refusal(office, moment(11, 23), november, answer + b"\n")
    assert (row, field) == (2, "入账日期")
    assert "2026-10-22 lies before the release of this batch on 2026-11-21" in message
    # Numbers of the batch do not make a day right that lies before it.
    numbered = result("PB-202611-01-00001,1550.00,7801,成功,,2026-10-22")
    ((row, field, _message),) = refusal(office, moment(11, 23), november, numbered)
    assert (row, field) == (2, "入账日期")
    assert [line.state for line in office.lines(november)] == ["sent"]


def test_the_answer_of_this_month_does_not_settle_last_month(office: Office) -> None:
    office.confirmed(office.child("own"))
    october, november = office.pay(OCTOBER), office.pay(NOVEMBER)
    (line,) = office.lines(november)
    answer = short_answer(line, "成功", "2026-11-22")
    ((_row, field, message),) = refusal(office, moment(11, 23), october, answer)
    assert field == "业务编号"
    assert "fits the same line of batch PB-202611-01 as well" in message
    # When October is settled by its number, November's answer can only be November's, and only once.
    take_at(office, moment(11, 23), october, result("PB-202610-01-00001,1550.00,7801,成功,,2026-10-22"))
    assert take_at(office, moment(11, 23), november, answer).paid == 1
    ((_row, _field, message),) = refusal(office, moment(11, 23), october, answer + b"\n")
    assert "PB-202611-01" in message


def test_a_failure_of_this_month_takes_nothing_back_from_last_month(office: Office) -> None:
    office.confirmed(office.child("own"))
    october = office.pay(OCTOBER)
    take_at(office, moment(10, 23), october, result("PB-202610-01-00001,1550.00,7801,成功,,2026-10-22"))
    november = office.pay(NOVEMBER)
    answer = short_answer(office.lines(november)[0], "失败", "2026-11-22")
    assert "PB-202611-01" in refusal(office, moment(11, 23), october, answer)[0][2]
    assert take_at(office, moment(11, 23), november, answer).failed == 1
    assert "PB-202611-01" in refusal(office, moment(11, 23), october, answer + b"\n")[0][2]


@pytest.mark.parametrize(
    ("head", "day", "field", "words"),
    [
        (SHORT, "", "业务编号", "could be the answer to another month"),
        (SHORT.replace("入账日期", "发放时间"), "2026-09-21", "发放时间", "sent on 2026-09-21, this batch on 2026-10-21"),
    ],
)  # fmt: skip
def test_an_answer_that_nothing_ties_to_its_batch_is_refused(
    office: Office, head: str, day: str, field: str, words: str
) -> None:
    office.confirmed(office.child("own"))
    october = office.pay(OCTOBER)
    ((row, found, message),) = refusal(
        office, AT, october, short_answer(office.lines(october)[0], "成功", day, head)
    )
    assert (row, found) == (2, field)
    assert words in message


def test_a_line_without_our_number_is_told(office: Office) -> None:
    batch = released(office)
    ((row, field, message),) = refusal(office, AT, batch, result(GOOD[0], ",5000.00,9999,成功,,"))
    assert (row, field) == (3, "业务编号")
    assert "no line number of ours" in message
    # Totals and signatures are no lines.
    feet = [
        ",3100.00,,合计,,",
        "合 计,3100.00,,,,",
        ",,,制表：王五,,",
        "总笔数 2,,,,,",
        ",共2笔,,制表：王五,,",
    ]
    assert take(office, batch, result(*GOOD, *feet)) == bank_results.Outcome(paid=1, failed=1)
