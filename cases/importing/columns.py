"""The columns a register file may have: the headers offices write, how a mapping is proposed, how a cell is masked."""

# ruff: noqa: E501  (the tables of headers are wide characters, counted twice)

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from cases import identity
from cases.importing import words
from cases.matching.engine.normalise import clean_date, clean_id, clean_sex
from cases.matching.reading import headers


@dataclass(frozen=True, slots=True)
class Column:
    """``headers``: what offices write above it, the template's own first. ``words``: a table of
    :mod:`~cases.importing.words`. ``mask``: identity, phone, account, text or ''."""

    field: str
    label: Any
    headers: str
    hint: Any = ""
    words: str = ""
    mask: str = ""

    @property
    def header(self) -> str:
        return self.headers.split()[0]


def _of_lists(field: str) -> str:
    """The headers that the matching of lists knows for a field."""
    return headers.SYNONYMS[field]


_CHOOSE = _("Choose from the list.")
_DAY = _("As 2015-03-01.")
COLUMNS: Final[tuple[Column, ...]] = (
    Column("child_id", _("register number"), "儿童编号 child_id 登记编号 档案编号 档案号", _("Empty for a new child.")),
    Column("name", _("name"), f"姓名 {_of_lists('name')}", _("Must be filled in.")),
    Column("id_number", _("identity number"), f"身份证号 {_of_lists('id_number')}", _("As text, 18 characters."), mask="identity"),
    Column("certificate", _("number of the disability card"), f"残疾证号 {_of_lists('certificate')}", mask="identity"),
    Column("sex", _("sex"), "性别 sex", _CHOOSE, words="sex"),
    Column("birth_date", _("date of birth"), f"出生日期 {_of_lists('birth_date')}", _DAY),
    Column("ethnicity", _("ethnicity"), "民族 ethnicity"),
    Column("township", _("township"), f"乡镇 {_of_lists('township')}", _("As the office writes it.")),
    Column("village", _("village"), "村居 village_name 村 村名 村委会 居委会 村社区 所属村居 所属村 村委会居委会 行政村 所在村 "
           "村居委会 社区 所属村社区 所属村居社区 村居社区"),
    Column("village_code", _("division code of the village"), f"村代码 {_of_lists('village_code')} 区划代码", _("12 digits; instead of the names.")),
    Column("category", _("category"), "类别 主类别 保障类别 儿童类别 对象类别 人员类别 救助类别 困境类别 保障类型 category", _CHOOSE, words="category"),
    Column("category_detail", _("sub-type"), "细类 子类别 小类 类别明细", words="detail"),
    Column("category_since", _("category since"), f"认定时间 {_of_lists('start_month')} 认定日期 确认时间", _DAY),
    Column("attributes", _("further attributes"), "其他属性 属性 困境类型 其他类别 附加类别 困境情形", words="attribute"),
    Column("placement", _("placement"), "养育方式 供养方式 安置方式 placement", _CHOOSE, words="placement"),
    Column("registration", _("household registration"), "户口分类 户口类别 户籍状态 户口性质 户籍情况", _CHOOSE, words="registration"),
    Column("address", _("address"), "家庭住址 住址 详细地址 户籍地址 居住地址 地址 家庭地址 现住址 户籍所在地 户口所在地 现居住地 address"),
    Column("phone", _("child's phone"), f"本人电话 儿童电话 儿童联系电话 {_of_lists('phone')}", mask="phone"),
    Column("school_stage", _("stage of schooling"), "就学情况 就学状况 学段 就读学段 就学阶段 就读情况 年级", _CHOOSE, words="stage"),
    Column("school_name", _("school"), "就读学校 学校 学校名称 所在学校 就读学校名称"),
    Column("health_status", _("state of health"), "健康状况 身体状况 健康情况", _CHOOSE, words="health"),
    Column("health_note", _("health"), "健康说明 疾病 病情 患病情况 疾病名称 所患疾病", mask="text"),
    Column("insurance", _("health insurance"), "医保情况 医保 医疗保险 参保情况 参保状态", _CHOOSE, words="insurance"),
    Column("head_name", _("head of household"), "户主姓名 head_name 户主 户主名"),
    Column("head_id", _("head's identity number"), f"户主身份证号 {_of_lists('head_id')}", mask="identity"),
    Column("guardian_name", _("guardian"), f"监护人姓名 {_of_lists('guardian_name')} 实际照料人 实际监护人 照料人姓名 监护人1姓名"),
    Column("guardian_relation", _("guardian's relation to the child"), f"与儿童关系 {_of_lists('guardian_relation')} 监护人关系 监护人1关系 关系", _CHOOSE, words="relation"),
    Column("guardian_id", _("guardian's identity number"), f"监护人身份证号 {_of_lists('guardian_id')} 监护人1身份证号", mask="identity"),
    Column("guardian_phone", _("guardian's phone"), "监护人电话 监护人联系电话 监护人手机 监护人手机号 监护人联系方式 guardian_phone 监护人1电话", mask="phone"),
    Column("guardian2_name", _("second guardian"), "第二监护人姓名 监护人2姓名 第二监护人 其他监护人姓名"),
    Column("guardian2_relation", _("second guardian's relation"), "第二监护人关系 监护人2关系", words="relation"),
    Column("guardian2_id", _("second guardian's identity number"), "第二监护人身份证号 监护人2身份证号", mask="identity"),
    Column("guardian2_phone", _("second guardian's phone"), "第二监护人电话 监护人2电话", mask="phone"),
    Column("father_name", _("father's name"), "父亲姓名 父亲 生父姓名 父姓名"),
    Column("father_situation", _("father's situation"), "父亲情形 父亲情况 父亲状况 父亲状态 父情形", _CHOOSE, words="situation"),
    Column("father_since", _("father's situation since"), "父亲情形起始日期 父亲情况起始时间 父亲死亡时间 父亲情形时间", _DAY),
    Column("mother_name", _("mother's name"), "母亲姓名 母亲 生母姓名 母姓名"),
    Column("mother_situation", _("mother's situation"), "母亲情形 母亲情况 母亲状况 母亲状态 母情形", _CHOOSE, words="situation"),
    Column("mother_since", _("mother's situation since"), "母亲情形起始日期 母亲情况起始时间 母亲死亡时间 母亲情形时间", _DAY),
    Column("payee_name", _("payee"), f"领款人 {_of_lists('account_holder')} 领款人姓名 领取人姓名"),
    Column("payee_relation", _("payee's relation to the child"), "领款人与儿童关系 领取人与儿童关系 领款人关系", _CHOOSE, words="relation"),
    Column("bank", _("bank"), f"开户银行 {_of_lists('bank')}"),
    Column("account", _("account number"), f"银行账号 {_of_lists('account')}", _("As text."), mask="account"),
)  # fmt: skip
BY_FIELD: Final = {column.field: column for column in COLUMNS}
FIELDS: Final = {
    headers.plain(header): column.field for column in reversed(COLUMNS) for header in column.headers.split()
}
# Headers that say what, but not whose: they belong to the person whose name stands before them.
_OF_WHOM: Final[dict[str, dict[str, str]]] = {
    "id_number": {"head_name": "head_id", "guardian_name": "guardian_id", "guardian2_name": "guardian2_id"},
    "phone": {"guardian_name": "guardian_phone", "guardian2_name": "guardian2_phone"},
    "guardian_relation": {"guardian2_name": "guardian2_relation", "payee_name": "payee_relation"},
}
_UNSPECIFIC: Final = {
    headers.plain(word)
    for word in (
        *(
            "身份证号",
            "身份证号码",
            "身份证",
            "公民身份号码",
            "公民身份证号码",
            "证件号码",
            "证件号",
            "身份号码",
        ),
        *("联系电话", "电话", "手机", "手机号", "手机号码", "联系方式", "关系", "与儿童关系"),
    )
}
_PEOPLE: Final = (
    *("name", "head_name", "guardian_name", "guardian2_name", "payee_name", "father_name", "mother_name"),
)
_PHONE = re.compile(r"1\d{10}|0\d{2,3}-?\d{7,8}")
_MOST = 0.6  # share of the sampled cells that must look alike


def field_of(header: str) -> str | None:
    """The field of one header, or None."""
    return FIELDS.get(headers.plain(header))


def propose(names: Sequence[str], samples: Sequence[Sequence[str]]) -> list[str]:
    """The field of each column ('' for none), by its header, else by what stands in it. Each field once."""
    found = [field_of(name) or "" for name in names]
    owner = "name"
    for place, field in enumerate(found):
        if field in _PEOPLE:
            owner = field
        elif field in _OF_WHOM and headers.plain(names[place]) in _UNSPECIFIC:
            others = _OF_WHOM[field]
            found[place] = others.get(owner, "" if owner in ("father_name", "mother_name") else field)
    if "name" not in found and "head_name" in found:
        found[found.index("head_name")] = "name"
    if "guardian_name" in found and "phone" in found and "guardian_phone" not in found:
        place = found.index("phone")
        if headers.plain(names[place]) in _UNSPECIFIC:
            found[place] = "guardian_phone"
    taken: set[str] = set()
    for place, field in enumerate(found):
        found[place] = "" if field in taken else field
        taken.add(field)
    for place, field in enumerate(found):
        if not field and not field_of(names[place]):
            guess = _by_values([cell for cell in samples[place] if cell.strip()], taken)
            found[place] = guess
            taken.add(guess)
    return found


def _by_values(cells: Sequence[str], taken: set[str]) -> str:
    """The field that the cells of a column look like, '' when they do not say."""
    if not cells:
        return ""

    def most(test: Any) -> bool:
        return sum(bool(test(cell)) for cell in cells) >= _MOST * len(cells)

    if most(lambda c: identity.is_valid(clean_id(c).text)):
        young = most(lambda c: clean_id(c).birth >= 20_010_000)
        return next((f for f in (("id_number",) if young else ("guardian_id",)) if f not in taken), "")
    if most(lambda c: re.fullmatch(r"\d{12}", c.strip())):
        return "" if "village_code" in taken else "village_code"
    if most(lambda c: _PHONE.fullmatch(c.strip())):
        return next((f for f in ("guardian_phone", "phone") if f not in taken), "")
    if most(clean_sex):
        return "" if "sex" in taken else "sex"
    if most(lambda c: clean_date(c) >= 20_000_000):
        return "" if "birth_date" in taken else "birth_date"
    for field, table in (
        ("category", "category"),
        ("guardian_relation", "relation"),
        ("school_stage", "stage"),
    ):
        if field not in taken and most(lambda c, table=table: words.code_of(table, c)):
            return field
    return ""


_LONG_NUMBER = re.compile(r"[0-9０-９]{6,}[0-9Xx]?")


def mask(field: str, text: str) -> str:
    """A cell as screens show it: numbers of persons masked whatever their column, health hidden."""
    if not text:
        return ""
    kind = BY_FIELD[field].mask if field in BY_FIELD else ""
    if kind == "identity":
        return identity.mask(identity.canonical(text))
    if kind == "account":
        return identity.mask_account(identity.canonical(text))
    if kind == "phone":
        return identity.mask_phone(text.strip())
    if kind == "text":
        return "******"  # one character would tell some illnesses
    if field in ("village_code", "child_id") or (field and clean_date(text)):
        return text
    return _LONG_NUMBER.sub(lambda found: identity.mask(found.group()), text)
