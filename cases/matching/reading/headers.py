"""Which column of a list holds what: the headers townships write, and how a header row is found."""

# ruff: noqa: E501  (the tables of headers are wide characters, counted twice)

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Final

from cases.matching.kinds import KINDS

# Canonical field: the headers met for it, without brackets, units and spaces.
SYNONYMS: Final[Mapping[str, str]] = {
    "list_row_id": "list_row_id 行号 记录编号",
    "list_type": "list_type 名单类型",
    "sender_code": "sender_code 报送单位代码",
    "household_no": "hh_no 户编号 家庭编号 户号 低保证号 救助证号 家庭号",
    "sequence": "序号 编号 序 no",
    "name": "name 姓名 家庭成员姓名 成员姓名 保障对象姓名 儿童姓名 对象姓名 走访对象姓名 死者姓名 死亡人员姓名 服刑人员姓名 "
    "残疾人姓名 救助对象姓名 救助对象 保障对象 享受人姓名 特困人员姓名 特困对象姓名 家庭成员 人员姓名 受助人姓名 本人姓名 名字 "
    "学生姓名 被保障人姓名 保障人员姓名 孤儿姓名",
    "id_number": "id_number 身份证号 身份证号码 公民身份号码 公民身份证号 公民身份证号码 身份证 居民身份证号 居民身份证号码 证件号码 "
    "证件号 成员身份证号 成员身份证号码 家庭成员身份证号 家庭成员身份证号码 儿童身份证号 儿童身份证号码 身份号码 本人身份证号 "
    "死者身份证号 死者身份证号码 对象身份证号 救助对象身份证号 保障对象身份证号 保障对象身份证号码",
    "certificate": "残疾人证号 残疾证号 残疾人证号码 残疾证号码 残疾人证 残疾证",
    "relation": "relation 与户主关系 与户主的关系 家庭关系 关系 与户主之关系 同户主关系 与申请人关系 家庭成员关系 成员关系",
    "sex": "sex 性别",
    "birth_date": "birth_date 出生日期 出生年月日 出生年月 出生时间 生日 出生",
    "head_name": "head_name 户主姓名 户主 户主名 户主名称 申请人 申请人姓名",
    "head_id": "head_id 户主身份证号 户主身份证号码 户主公民身份号码 户主身份证 户主证件号码 申请人身份证号 申请人身份证号码",
    "guardian_name": "guardian_name 监护人姓名 监护人 监护人名称 受委托监护人姓名",
    "guardian_id": "guardian_id 监护人身份证号 监护人身份证号码 监护人身份证 监护人公民身份号码",
    "guardian_relation": "guardian_relation 与儿童关系 与监护人关系 监护人与儿童关系 与被监护人关系",
    "township": "乡镇 街道 镇街 乡镇街道 所属乡镇 所属街道 所属街道镇 镇 乡镇名称 镇办 所属镇街",
    "village": "village_name 家庭住址 住址 村 村居 详细地址 户籍地址 村名 村委会 居委会 村社区 所属村居 所属村 村委会居委会 "
    "户籍所在地 居住地址 地址 行政村 家庭地址 现住址 所在村 村居委会 地区 户口所在地 社区",
    "category": "category 救助类别 救助类型 保障类别 类别 对象类别 低保类别 供养方式 保障类型 人员类别 残疾类别",
    "level": "残疾等级 残疾级别 等级",
    "amount": "amount 保障金额 月保障金额 补助金额 发放金额 本次发放金额 领取金额 金额 月标准 月补助金额 救助金额 保障金 户月保障金额 "
    "月发放金额 月保障金 月救助金额 补差金额 实发金额 应发金额 供养金额 人均补差 户补助金额 "
    "低保金 月低保金 低保金额 月低保金额 补差额 月补差 月补差额 补贴金额 救助金 补助金 发放额",
    "age": "年龄 周岁 实足年龄 享年",
    "start_month": "start_ym 享受起始年月 享受时间 纳入保障时间 起始年月 起领年月 起始保障年月 起始时间 开始享受时间 纳入时间 批准时间 享受起始时间 "
    "开始时间",
    "event_date": "死亡日期 死亡时间 入监日期 入监时间 服刑起日 办证日期 发证日期",
    "bank": "开户行 开户银行 银行 银行名称",
    "account": "银行账号 银行帐号 账号 帐号 银行卡号 卡号 一卡通账号 一卡通号",
    "account_holder": "开户人 账户名称 账户名 户名 领取人",
    "phone": "联系电话 电话 手机号 手机号码 联系方式",
    "people": "保障人数 人数 家庭人口 户人数 享受人数",
    "remark": "备注 说明 其他",
    # The register's own headers (import_register); a list may carry them too.
    "child_id": "child_id 儿童编号",
    "village_code": "village_code 村代码 行政区划代码",
}
FIELDS: Final[Mapping[str, str]] = {
    header: field for field, headers in SYNONYMS.items() for header in headers.split()
}
IDENTIFYING: Final = frozenset({"name", "id_number", "head_name", "certificate"})
HOUSEHOLD_FIELDS: Final = frozenset(
    {
        "sequence", "household_no", "head_name", "head_id", "township", "village", "category", "amount",
        "start_month", "bank", "account", "account_holder", "phone", "people",
    }
)  # fmt: skip
Known = Callable[[str], str | None]
MINIMUM_RECOGNISED: Final = 2
UNMISTAKABLE: Final = 4  # fields that no person names in its cells
_TWELVE_DIGITS = re.compile(r"\d(?:[^\t\d]*\d){11}")
_BRACKETS = re.compile(r"[(\[【〔].*?[)\]】〕]")
_FILLER = re.compile(r"[\s*:：、,./\\_\-]+")
_TEN_THOUSAND = re.compile(r"万元")
_YUAN = re.compile(r"[(\[（【〔/／].*元|元[)\]）】〕]?$")
# 7月保障金额 of July is 8月保障金额 of August.
_THIS_MONTH = re.compile(r"^((20\d\d年)?\d{1,2}月份?|[本当]月)(?=\D|$)")
_ANY_MONTH: Final = "月份"
# Whose name column an unspecific 身份证号 belongs to when a sheet has several of them.
_OWNERS: Final[Mapping[str, str]] = {
    "name": "id_number",
    "head_name": "head_id",
    "guardian_name": "guardian_id",
}


@lru_cache(maxsize=10_000)
def plain(header: str) -> str:
    """A header without brackets, units, punctuation and spaces, half-width and lower case."""
    folded = unicodedata.normalize("NFKC", header).strip().lower()
    if folded in FIELDS:
        return folded
    bare = _FILLER.sub("", _BRACKETS.sub("", folded)) or _FILLER.sub("", folded)
    return _THIS_MONTH.sub("", bare) or (bare and _ANY_MONTH)


def field_of(header: str) -> str | None:
    """The canonical field of one header, or None."""
    return FIELDS.get(plain(header))


@cache
def fields_for(kind: str) -> Known:
    """What names the field of a header in lists of a kind: the kind's own words first, then everybody's."""
    own = {plain(header): field for field, headers in own_headers(kind).items() for header in headers}
    if not own:
        return field_of
    fields = {**FIELDS, **own}
    return lambda header: fields.get(plain(header))


def own_headers(kind: str) -> Mapping[str, Sequence[str]]:
    """The headers that a kind of list declares for itself, by field."""
    return KINDS[kind].headers if kind in KINDS else {}


def in_ten_thousands(header: str) -> bool:
    """Whether an amount column says 万元, so that its numbers are multiplied by 10,000."""
    return bool(_TEN_THOUSAND.search(header))


def in_yuan(header: str) -> bool:
    """Whether an amount column says 元 and not 万元, whatever the filing line says of the list."""
    return bool(_YUAN.search(header)) and not in_ten_thousands(header)


def recognised(cells: Sequence[str], known: Known = field_of) -> int:
    """How many distinct fields a header row names; 0 for a row that is none: a header names a person and at
    least one thing more, and holds no long number."""
    if _TWELVE_DIGITS.search("\t".join(cells)):
        return 0
    fields = {f for f in map(known, filter(None, cells)) if f}
    return len(fields) if len(fields) >= MINIMUM_RECOGNISED and IDENTIFYING & fields else 0


def names_again(cells: Sequence[str], before: Sequence[str], known: Known = field_of) -> bool:
    """Whether a row of header words below a header is another header, not a person without a number (户主 and 其他
    are cells as well as headers): a header stands under the name or the number, or four fields are named."""
    under = [i for i, header in enumerate(before) if known(header) in ("name", "id_number")]
    return (
        not under
        or any(known(cells[i]) for i in under if i < len(cells) and cells[i])
        or recognised(cells, known) >= UNMISTAKABLE
    )


def is_header(cells: Sequence[str], known: Known = field_of) -> bool:
    """Whether a row of cells is a header row."""
    return recognised(cells, known) > 0


def map_columns(headers: Sequence[str], known: Known = field_of) -> dict[int, str]:
    """Column index → field. The first column of a field wins; repeated 身份证号 go to the name before them.

    A household list with one row per household has only the head's name: that is then the row's name.
    """
    fields = [known(h) for h in headers]
    if fields.count("id_number") > 1:
        owner = "name"
        for i, field in enumerate(fields):
            if field is not None and field in _OWNERS:
                owner = field
            elif field == "id_number" and plain(headers[i]) in {
                "身份证号", "身份证号码", "身份证", "公民身份号码", "证件号码", "证件号", "身份号码",
            }:  # fmt: skip
                fields[i] = _OWNERS[owner]
    if "name" not in fields and "head_name" in fields:
        fields[fields.index("head_name")] = "name"
    mapped: dict[int, str] = {}
    for i, field in enumerate(fields):
        if field and field not in mapped.values():
            mapped[i] = field
    return mapped


def merge_two_rows(upper: Sequence[str], lower: Sequence[str], known: Known = field_of) -> list[str]:
    """One header per column from a two-storey header: 户主 over 姓名 reads 户主姓名 where that is known."""
    width = max(len(upper), len(lower))
    result, group = [], ""
    for i in range(width):
        top = upper[i].strip() if i < len(upper) else ""
        below = lower[i].strip() if i < len(lower) else ""
        group = top or (group if below else "")
        both = group + below
        result.append(both if below and group and known(both) else (below or top))
    return result
