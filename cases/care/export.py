"""Entrusted carers (受委托监护人) in the columns of the national system (NAT; rules.md section 5)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_lazy as _

from cases import identity, key_pages
from cases.care.selectors import CareFilters, contact_days
from cases.enums import CategoryDetail
from cases.ledger_exports import CARES, ledger
from cases.models import EntrustedCare
from staff.scope import current

# The national system's own headings: a format, not words of this interface.
HEADER = [
    *("序号", "地区", "儿童姓名", "身份证号"),
    *(
        "父母双方同时外出",
        "父母一方外出，另一方无监护能力",
        "父母双方无监护能力",
        "父母外出有无委托其他监护人",
    ),
    *("受委托监护人姓名", "受委托监护人证件类型", "受委托监护人证件号码", "受委托监护人与儿童关系"),
    *("受委托监护人联系电话", "受委托监护人健康状况", "受委托监护人其他特殊情况"),
]
SITUATIONS = (
    CategoryDetail.BOTH_AWAY,
    CategoryDetail.ONE_AWAY_ONE_UNABLE,
    CategoryDetail.NEITHER_ABLE,
)
CARD = "居民身份证"
CHUNK = 1000


def _count(arguments: dict[str, Any], day: dt.date) -> int:
    days = contact_days(current().ranges[0][0], day)
    return CareFilters(**arguments).cares(day, days).order_by()[: key_pages.COUNTED + 1].count()


@ledger(CARES, _("Entrusted care"), count=_count, has_numbers=True)
def lines(arguments: dict[str, Any], day: dt.date, full: bool) -> Iterator[list[Any]]:
    """The header, then a line for each entrustment that the filters let through, in the order of the list."""
    yield HEADER
    days = contact_days(current().ranges[0][0], day)
    found = CareFilters(**arguments).cares(day, days).select_related("child", "region__parent")
    for number, care in enumerate(found.iterator(CHUNK), start=1):
        yield line_of(number, care, full)


def line_of(number: int, care: EntrustedCare, full: bool) -> list[Any]:
    """One line in the order of HEADER; numbers masked unless ``full``."""
    child = care.child
    above = care.region.parent.name if care.region.parent else ""
    shown = (lambda text, _mask: text) if full else (lambda text, mask: mask(text) if text else "")
    return [
        number,
        above + care.region.name,
        child.name,
        shown(child.id_number, identity.mask),
        *("是" if child.category_detail == kind else "否" for kind in SITUATIONS),
        "有",
        care.carer_name,
        CARD if care.carer_id_number else "",
        shown(care.carer_id_number, identity.mask),
        care.get_carer_relation_display(),
        shown(care.carer_phone, identity.mask_phone),
        care.carer_health,
        care.carer_note,
    ]
