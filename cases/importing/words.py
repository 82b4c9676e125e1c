"""The words that offices write in a register's cells → codes of :mod:`cases.enums`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Final

from cases.enums import (
    Attribute,
    CategoryDetail,
    HealthStatus,
    HouseholdRegistration,
    Insurance,
    ParentSituationKind,
    Placement,
    PrimaryCategory,
    Relation,
    SchoolStage,
)

# Cells that say there is nothing.
NOTHING: Final = frozenset(
    {"无", "/", "\\", "-", "—", "--", "——", "暂无", "没有", "n/a", "null", "none", "空"}
)
_MARKS = re.compile(r"[\s()\[\]【】〔〕<>《》'\"“”‘’·:：.。]+")
SEPARATORS: Final = re.compile(r"[、,，;；/+＋|\n\s]+|和|及|兼")


def plain(word: str) -> str:
    """A word as compared: half-width, lower case, without spaces, brackets and quotation marks."""
    return _MARKS.sub("", unicodedata.normalize("NFKC", word).strip().lower())


def _table(words: Mapping[object, str]) -> dict[str, str]:
    return {plain(word): str(code) for code, text in words.items() for word in text.split()}


# The first word of each line is the one that the template offers.
CATEGORY_WORDS: Final[Mapping[object, str]] = {
    PrimaryCategory.ORPHAN: "孤儿 社会散居孤儿 散居孤儿 机构孤儿 福利机构养育孤弃 弃婴 弃儿 孤弃儿童",
    PrimaryCategory.PROTECTED: "重点保护儿童 特别保护儿童",
    PrimaryCategory.DE_FACTO_UNATTENDED: "事实无人抚养儿童 事实无人抚养 事实孤儿 事无儿童 无人抚养儿童 社会散居事实无人抚养儿童 "
    "集中供养事实无人抚养儿童",
    PrimaryCategory.GUARDIANSHIP_LACKING: "监护缺失 父母监护缺失 家庭监护缺失 监护缺失儿童 兜底监护",
    PrimaryCategory.GUARDIANSHIP_IMPROPER: "监护不当 父母无力履行监护职责 无力监护 无力履行监护职责 监护失当 家庭监护不当 无力履行监护",
    PrimaryCategory.SEVERE_ILLNESS: "重病 重病儿童 大病 患重病 重大疾病",
    PrimaryCategory.SEVERE_DISABILITY: "重残 重残儿童 重度残疾 重度残疾儿童",
    PrimaryCategory.TEKUN: "特困 特困供养 特困儿童 特困人员 五保 特困未成年人",
    PrimaryCategory.DIBAO: "低保 低保儿童 低保家庭 低保家庭儿童 最低生活保障 低保户",
    PrimaryCategory.LOW_INCOME: "低收入家庭 低保边缘 低保边缘户 低收入 低保边缘家庭 低收入家庭儿童",
    PrimaryCategory.REGISTERED_POOR: "建档立卡 建档立卡户 建档立卡贫困户 贫困家庭 脱贫户",
    PrimaryCategory.STREET_CHILD: "流浪儿童 流浪 流浪未成年人",
    PrimaryCategory.LEFT_BEHIND: "农村留守儿童 留守儿童 留守",
    PrimaryCategory.MIGRANT: "流动儿童 流动",
    PrimaryCategory.OTHER_DIFFICULTY: "其他困境 其他 困境儿童 其他困境儿童 困境 一般困境",
}
DETAIL_WORDS: Final[Mapping[object, str]] = {
    CategoryDetail.BOTH_DEAD: "父母双亡 双亡",
    CategoryDetail.ONE_DEAD_ONE_MISSING: "一方死亡一方失踪 一方死亡另一方失踪",
    CategoryDetail.BOTH_MISSING: "父母双方失踪 双方失踪",
    CategoryDetail.PARENTS_UNTRACEABLE: "查找不到生父母 弃婴",
    CategoryDetail.INSTITUTION_RAISED: "福利机构养育孤弃 机构养育",
    CategoryDetail.INSTITUTION_ENTRUSTED: "福利机构代养困境 机构代养",
    CategoryDetail.PRIVATE_INSTITUTION: "民间机构养育孤弃",
    CategoryDetail.ONE_LOST_ONE_UNABLE: "一方死亡或失踪另一方无力抚养 一方死亡另一方无力抚养",
    CategoryDetail.BOTH_UNABLE: "双方无力抚养 父母双方无力抚养",
    CategoryDetail.BOTH_AWAY: "父母双方外出 父母双方同时外出 双方外出",
    CategoryDetail.ONE_AWAY_ONE_UNABLE: "一方外出一方无监护能力 父母一方外出另一方无监护能力",
    CategoryDetail.NEITHER_ABLE: "父母双方无监护能力",
    CategoryDetail.CROSS_COUNTY: "跨县域 跨县",
    CategoryDetail.WITHIN_COUNTY: "县域内",
    CategoryDetail.SUPPORTED_AT_HOME: "分散供养",
    CategoryDetail.SUPPORTED_IN_CARE: "集中供养",
    CategoryDetail.URBAN: "城市 城市低保",
    CategoryDetail.RURAL: "农村 农村低保",
}
ATTRIBUTE_WORDS: Final[Mapping[object, str]] = {
    **CATEGORY_WORDS,
    Attribute.DISABILITY: "残疾 非重残 残疾儿童 轻度残疾",
    Attribute.FOUNDLING: "弃婴 弃儿",
    Attribute.NO_REGISTRATION: "无户籍 无户口 黑户",
    Attribute.OUT_OF_SCHOOL: "失学 辍学 失学辍学",
    Attribute.KEY_MONITORING: "重点监测 重点关注 重点监测儿童",
}
PLACEMENT_WORDS: Final[Mapping[object, str]] = {
    Placement.SCATTERED: "社会散居 散居 分散供养 分散 居家 家庭养育 分散养育",
    Placement.INSTITUTION: "集中养育 机构养育 集中供养 集中 福利机构 机构集中养育",
}
REGISTRATION_WORDS: Final[Mapping[object, str]] = {
    HouseholdRegistration.LOCAL: "本辖区户口 本地户口 本县户籍 本区户籍 本地户籍 有户口 本地 农业户口 居民户口 农业 非农业",
    HouseholdRegistration.ELSEWHERE: "外省市户口 外地户口 外地户籍 非本地户籍 外地",
    HouseholdRegistration.INSTITUTION_COLLECTIVE: "福利院集体户 集体户",
    HouseholdRegistration.NONE: "无户口 无户籍 未登记 未上户 黑户",
}
STAGE_WORDS: Final[Mapping[object, str]] = {
    SchoolStage.BELOW_SCHOOL_AGE: "学龄前 未入学 未到入学年龄 学前",
    SchoolStage.KINDERGARTEN: "幼儿园 学前教育 小班 中班 大班 托班",
    SchoolStage.PRIMARY: "小学 一年级 二年级 三年级 四年级 五年级 六年级 小学在读",
    SchoolStage.JUNIOR: "初中 七年级 八年级 九年级 初一 初二 初三 初中在读",
    SchoolStage.SENIOR: "高中 普通高中 普高 高一 高二 高三",
    SchoolStage.VOCATIONAL: "中职 中专 职高 职业高中 中等职业学校 中等专业学校 中等专业学校或中等技术学校",
    SchoolStage.TECHNICAL: "技工学校 技校",
    SchoolStage.SPECIAL: "特殊教育学校 特殊教育 特教 送教上门",
    SchoolStage.HIGHER: "大学 大专 高校 本科 专科 普通高校 高职",
    SchoolStage.POSTGRADUATE: "研究生 硕士",
    SchoolStage.NOT_IN_SCHOOL: "失学 辍学 适龄未入学 失学辍学",
    SchoolStage.LEFT_SCHOOL: "已毕业 毕业未就业 已完成义务教育 不在学",
    SchoolStage.UNSTATED: "未说明情况 不详 未说明",
}
HEALTH_WORDS: Final[Mapping[object, str]] = {
    HealthStatus.HEALTHY: "健康 良好 正常 一般 健康或良好",
    HealthStatus.FREQUENTLY_ILL: "体弱多病 体弱 较弱",
    HealthStatus.CHRONIC: "慢性病 患慢性病 有慢性病",
    HealthStatus.SEVERE: "重病 患重病 大病 重大疾病",
    HealthStatus.DISABLED: "残疾 重残 轻残 重度残疾",
}
INSURANCE_WORDS: Final[Mapping[object, str]] = {
    Insurance.FUNDED: "政府资助参保 资助参保 全额资助 政府代缴",
    Insurance.OWN: "自费参保 参保 已参保 居民医保 城乡居民医保 新农合",
    Insurance.NONE: "未参保 没有参保 未购买",
}
RELATION_WORDS: Final[Mapping[object, str]] = {
    Relation.FATHER: "父亲 父 爸爸 父子 父女 生父 养父",
    Relation.MOTHER: "母亲 母 妈妈 母子 母女 生母 养母",
    Relation.GRANDFATHER: "祖父 爷爷 祖孙 爷孙 公公",
    Relation.GRANDMOTHER: "祖母 奶奶 婆婆",
    Relation.MATERNAL_GRANDFATHER: "外祖父 外公 姥爷",
    Relation.MATERNAL_GRANDMOTHER: "外祖母 外婆 姥姥",
    Relation.BROTHER: "哥哥 兄 兄长 兄弟 兄妹",
    Relation.SISTER: "姐姐 姐 姐弟 姐妹",
    Relation.PATERNAL_UNCLE: "叔叔 伯父 伯伯 叔 伯 大伯 二伯 三叔 二叔 叔父 叔侄 大爷",
    Relation.PATERNAL_AUNT: "姑姑 姑妈 姑 姑母 大姑 小姑 姑侄",
    Relation.MATERNAL_UNCLE: "舅舅 舅 舅父 大舅 小舅 甥舅",
    Relation.MATERNAL_AUNT: "姨 姨妈 姨母 小姨 大姨 阿姨",
    Relation.STEPFATHER: "继父 后爸",
    Relation.STEPMOTHER: "继母 后妈",
    Relation.OTHER_RELATIVE: "其他亲属 亲属 亲戚 曾祖父 曾祖母 伯母 婶婶 婶 舅妈 姑父 姨父 嫂子 姐夫 外曾祖母",
    Relation.NEIGHBOUR: "邻居",
    Relation.COMMITTEE: "村委会 居委会 村居委会 村民委员会 居民委员会 村居",
    Relation.INSTITUTION: "福利机构 福利院 儿童福利院 救助站",
    Relation.CHILD: "本人 儿童本人",
    Relation.OTHER: "其他 其他人",
}
SITUATION_WORDS: Final[Mapping[object, str]] = {
    ParentSituationKind.DEAD: "死亡 去世 已故 病故 亡故 死",
    ParentSituationKind.DECLARED_MISSING: "失踪 宣告失踪 法院宣告失踪",
    ParentSituationKind.SEVERE_DISABILITY: "重残 重度残疾 残疾",
    ParentSituationKind.SEVERE_ILLNESS: "重病 患重病 大病",
    ParentSituationKind.IMPRISONED: "服刑在押 服刑 在押 坐牢 服刑期满未释放",
    ParentSituationKind.DRUG_REHABILITATION: "强制隔离戒毒 强制戒毒 戒毒",
    ParentSituationKind.OTHER_RESTRICTION: "被执行其他限制人身自由的措施 限制人身自由",
    ParentSituationKind.LOST_CONTACT: "失联 下落不明 离家出走 出走 改嫁失联",
    ParentSituationKind.CUSTODY_REVOKED: "被撤销监护资格 撤销监护资格 撤销监护",
    ParentSituationKind.DEPORTED: "被遣送出境 遣送出境 驱逐出境 被遣送驱逐出境",
    ParentSituationKind.UNTRACEABLE: "查找不到 无法查找",
    ParentSituationKind.ABLE: "正常 有抚养能力 健在 有监护能力",
    ParentSituationKind.UNKNOWN: "不详 未知 不明 情况不明",
}

WORDS: Final[Mapping[str, Mapping[object, str]]] = {
    "category": CATEGORY_WORDS,
    "detail": DETAIL_WORDS,
    "attribute": ATTRIBUTE_WORDS,
    "placement": PLACEMENT_WORDS,
    "registration": REGISTRATION_WORDS,
    "stage": STAGE_WORDS,
    "health": HEALTH_WORDS,
    "insurance": INSURANCE_WORDS,
    "relation": RELATION_WORDS,
    "situation": SITUATION_WORDS,
}
CODES: Final[Mapping[str, Mapping[str, str]]] = {name: _table(words) for name, words in WORDS.items()}
SEXES: Final = ("男", "女")


def offered(table: str) -> list[str]:
    """The words a drop-down list offers: the usual one of each code."""
    return list(SEXES) if table == "sex" else [text.split()[0] for text in WORDS[table].values()]


_ASIDE = re.compile(r"[(（\[【〔].*?[)）\]】〕]")


def code_of(table: str, word: str) -> str:
    """The code of a word, '' when the table knows none. What stands in brackets counts only when it must."""
    codes = CODES[table]
    return codes.get(plain(word)) or codes.get(plain(_ASIDE.sub("", word)), "")
