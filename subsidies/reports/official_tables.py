"""Tables whose headings others have fixed (rules.md section 5): the national system's list of payments and statistics of
funds, and 保山's monthly table. Headings are formats, not words of this interface. All amounts are what the bank paid.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum

from cases import identity
from cases.ages import add_months
from cases.enums import CategoryDetail, Placement, PrimaryCategory
from cases.models import Child
from staff.models import Region
from subsidies.enums import PaymentKind, PaymentState, SchemeCode
from subsidies.ledger.enums import Account
from subsidies.models import Payment, Posting
from subsidies.reports.measures import TOWNSHIP

ZERO = Decimal("0.00")
CHUNK = 2_000
BANK, CASH = "银行转账", "现金领取"
# 全国儿童福利信息系统: the list of payments; the last two are filled for arrears instead of the two in the middle.
PAYMENT_LIST = (
    "序号", "地区", "儿童姓名", "身份证号", "起领年月", "末领年月", "发放时间", "本次发放金额（元）", "领取方式", "领取人",
    "银行账号", "开户人", "开户银行", "补发时间", "补发放金额（元）",
)  # fmt: skip
_INSTITUTION, _SCATTERED = Q(placement=Placement.INSTITUTION), Q(placement=Placement.SCATTERED)
_LIVING = Q(scheme__code__in=(SchemeCode.BASIC_LIVING, SchemeCode.DIFFICULTY_LIVING))
_ORPHAN, _UNATTENDED = Q(category=PrimaryCategory.ORPHAN), Q(category=PrimaryCategory.DE_FACTO_UNATTENDED)
_HIV = Q(category=PrimaryCategory.PROTECTED)
_RAISED = _LIVING & _INSTITUTION & _ORPHAN
_ENTRUSTED = _LIVING & _INSTITUTION & ~(_ORPHAN | _UNATTENDED | _HIV)
FUNDS_TOTAL = "合计"
PAIR = ("人数", "资金（元）")
# 保山's monthly table; 孤儿数 stands above two columns.
BAOSHAN = (
    ("县", ()), ("实发人数合计", ()), ("孤儿数", ("机构", "散居")), ("事实无人抚养数", ()), ("艾滋数", ()),
    ("实发资金合计(万元)", ()), ("中央和省级补助", ()), ("州(市)配套", ()), ("县配套", ()), ("结余资金", ()),
    ("补助标准", ()),
)  # fmt: skip
TEN_THOUSAND = Decimal(10_000)


def paid_in(month: dt.date, low: int, high: int) -> QuerySet[Payment]:
    """Lines of the batches of a month that the bank paid, in a range of region codes."""
    return Payment.objects.filter(
        batch__month=month, state=PaymentState.PAID, region__gte=low, region__lte=high
    )


# --- The list of payments ---------------------------------------------------------------------------------


def payment_rows(lines: QuerySet[Payment], *, full: bool) -> Iterator[list[Any]]:
    """Lines under PAYMENT_LIST, in the order of batch and line; identity numbers and accounts masked unless ``full``."""
    found = lines.select_related("entitlement", "region__parent").defer("explanation")
    number = 0
    chunk: list[Payment] = []
    for line in found.order_by("batch_id", "line").iterator(CHUNK):
        chunk.append(line)
        if len(chunk) == CHUNK:
            yield from _listed(chunk, number, full)
            number, chunk = number + CHUNK, []
    yield from _listed(chunk, number, full)


def _listed(lines: list[Payment], before: int, full: bool) -> Iterator[list[Any]]:
    numbers: dict[int, str] = {}
    if full:
        children = Child.objects.filter(pk__in={line.child_id for line in lines})
        numbers = {child.pk: child.id_number for child in children.only("pk", "id_number")}
    for number, line in enumerate(lines, start=before + 1):
        account = line.account if full or not line.account else identity.mask_account(line.account)
        arrears = line.kind == PaymentKind.ARREARS
        when, yuan = f"{line.paid_date:%Y-%m-%d}" if line.paid_date else "", line.amount
        above = line.region.parent.name if line.region.parent else ""
        yield [
            number,
            above + line.region.name,
            line.child_name,
            numbers.get(line.child_id, "") if full else line.identity_mask,
            f"{line.entitlement.start_month:%Y-%m}",
            f"{line.entitlement.end_month:%Y-%m}" if line.entitlement.end_month else "",
            *(("", None) if arrears else (when, yuan)),
            BANK if line.account else CASH,
            line.payee_name,
            account,
            line.payee_name if line.account else "",
            line.bank_name,
            *((when, yuan) if arrears else ("", None)),
        ]


# --- The statistics of funds ------------------------------------------------------------------------------


def funds_columns() -> tuple[tuple[str, Q], ...]:
    """Column of the national statistics of funds → the lines that it counts; inside a scope.

    Who runs an institution stands on the child's file, not on the line.
    """
    private = Q(
        child_id__in=Child.objects.filter(category_detail=CategoryDetail.PRIVATE_INSTITUTION).values("pk")
    )
    return (
        ("集中供养事实无人抚养", _LIVING & _INSTITUTION & _UNATTENDED),
        ("社会散居事实无人抚养", _LIVING & _SCATTERED & _UNATTENDED),
        ("孤儿助学金", Q(scheme__code=SchemeCode.STUDY_ORPHAN)),
        ("社会散居孤儿", _LIVING & _SCATTERED & _ORPHAN),
        ("福利机构养育孤弃", _RAISED & ~private),
        ("福利机构代养困境", _ENTRUSTED),
        ("艾滋感染", _LIVING & _HIV),
        ("民间机构养育孤弃", _RAISED & private),
    )


def funds_header() -> tuple[list[str], list[str]]:
    """Two rows of headings: the titles, each above a pair."""
    titles = [FUNDS_TOTAL, *(title for title, _which in funds_columns())]
    return ["地区", *(cell for title in titles for cell in (title, ""))], ["", *(PAIR * len(titles))]


def funds_rows(region: Region, month: dt.date) -> list[list[Any]]:
    """One row a township and the sum: its name, and for each title how many children and how many yuan. Two queries."""
    found_in = [which for _title, which in funds_columns()]
    anything = _RAISED
    for which in found_in:
        anything |= which
    columns = [anything, *found_in]
    sums: dict[str, Any] = {}
    for place, which in enumerate(columns):
        sums[f"people_{place}"] = Count("child_id", filter=which, distinct=True)
        sums[f"yuan_{place}"] = Sum("amount", filter=which, default=ZERO)
    found: dict[int, Any] = {
        row["township"]: row
        for row in paid_in(month, region.lo, region.hi)
        .order_by()
        .annotate(township=TOWNSHIP)
        .values("township")
        .annotate(**sums)
    }
    townships = Region.objects.below(region, "township").order_by("code")
    rows = [[place.name, *_pairs(found.get(place.pk), len(columns))] for place in townships]
    known = {place.pk for place in townships}
    rows += [["县级", *_pairs(row, len(columns))] for code, row in found.items() if code not in known]
    total = [sum((row[column] for row in rows), 0) for column in range(1, 2 * len(columns) + 1)]
    return [*rows, ["合计", *total]]


def _pairs(row: dict[str, Any] | None, count: int) -> list[Any]:
    if row is None:
        return [value for _place in range(count) for value in (0, ZERO)]
    return [value for place in range(count) for value in (row[f"people_{place}"], row[f"yuan_{place}"])]


# --- 保山's monthly table ---------------------------------------------------------------------------------


def baoshan_header() -> tuple[list[str], list[str]]:
    """Two rows of headings: the titles, and what stands below 孤儿数."""
    titles: list[str] = []
    below: list[str] = []
    for title, parts in BAOSHAN:
        titles += [title, *("" for _part in parts[1:])]
        below += list(parts) or [""]
    return titles, below


def baoshan_lines(region: Region, month: dt.date) -> QuerySet[Payment]:
    """What the table counts: the basic living allowance of orphans, unattended children and the protected category."""
    return paid_in(month, region.lo, region.hi).filter(
        _ORPHAN | _UNATTENDED | _HIV, scheme__code=SchemeCode.BASIC_LIVING
    )


def baoshan_row(region: Region, month: dt.date) -> list[Any]:
    """The county's row; money in 万元 to the fen. Three queries."""
    lines = baoshan_lines(region, month).order_by()
    people: Any = {
        "all_of_them": Count("child_id", distinct=True),
        "raised": Count("child_id", filter=_ORPHAN & _INSTITUTION, distinct=True),
        "scattered": Count("child_id", filter=_ORPHAN & _SCATTERED, distinct=True),
        "unattended": Count("child_id", filter=_UNATTENDED, distinct=True),
        "hiv": Count("child_id", filter=_HIV, distinct=True),
    }
    yuan: Any = {
        "yuan": Sum("amount", default=ZERO),
        "above": Sum("from_central", default=ZERO) + Sum("from_provincial", default=ZERO),
        "prefecture": Sum("from_prefecture", default=ZERO),
        "county": Sum("from_county", default=ZERO),
    }
    found = lines.aggregate(**people, **yuan)
    return [
        region.name,
        *(found[name] for name in people),
        *(wan(found[name]) for name in yuan),
        wan(left_at_end(region.pk, month)),
        _standards(lines),
    ]


def left_at_end(region_id: int, month: dt.date) -> Decimal:
    """结余资金: what is available at the end of a month, all sources of its budget year. Yuan."""
    found = Posting.objects.filter(
        region_id=region_id, year=month.year, account=Account.AVAILABLE, entry__day__lt=add_months(month, 1)
    )
    return found.aggregate(sum=Sum("amount", default=ZERO))["sum"]


def _standards(lines: QuerySet[Payment]) -> str:
    """The standards that were paid, as ``机构2000.00/散居1350.00``."""
    words = {Placement.INSTITUTION: "机构", Placement.SCATTERED: "散居"}
    pairs = lines.filter(kind=PaymentKind.REGULAR).values_list("placement", "standard").distinct()
    return "/".join(f"{words[Placement(place)]}{standard}" for place, standard in sorted(pairs))


def wan(yuan: Decimal) -> Decimal:
    """万元, exact to the fen, with two decimals at least."""
    exact = (yuan / TEN_THOUSAND).quantize(Decimal("0.000001"))
    short = exact.quantize(Decimal("0.01"))
    return short if short == exact else exact
