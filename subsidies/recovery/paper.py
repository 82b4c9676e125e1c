"""The letter to the family about money that is asked back (追缴通知书), as PDF."""

from __future__ import annotations

import datetime as dt
import hashlib
from decimal import Decimal

from django.utils.translation import gettext as _

from staff import paper
from staff.audit import log_access
from staff.models import AccessLog, Region
from staff.models.region import county_of
from staff.paper import Facts, Section, Table, Text
from subsidies.models import Recovery
from subsidies.recovery import instalments
from subsidies.recovery.selectors import lines_of_month

# Chinese whatever the language of the page: it goes to the family.
TITLE = "追缴通知书"


def letter(recoveries: list[Recovery], *, payee: str, at: dt.datetime) -> bytes:
    """Why, which months, how much, in which instalments, and whom to ask. ``recoveries``: of one child, at least one."""
    first = recoveries[0]
    county = Region.objects.get(pk=county_of(first.region_id))
    owed = sum((row.amount - row.recovered for row in recoveries), instalments.ZERO)
    months = [
        (
            str(row.scheme),
            f"{row.month:%Y-%m}",
            str(row.explanation.get("delivered", "")),
            str(Decimal(row.explanation.get("due") or 0) + row.due_after_all),
            row.too_much,
            row.recovered - row.due_after_all,
            row.amount - row.recovered,
        )
        for row in recoveries
    ]
    plan = [
        (f"{row.month:%Y-%m}", part.number, part.due_date, part.amount, part.settled)
        for row in recoveries
        for part in instalments.plan_of(row)
    ]
    heads = ["补贴项目", "月份", "已发（元）", "应发（元）", "多发（元）", "已退（元）", "尚欠（元）"]
    plan_heads = ["月份", "期次", "应退日期", "应退（元）", "已退（元）"]
    none_agreed = "请在收到本通知后与经办人商定退回日期。"
    blocks: list[Facts | Text | Section] = [
        Facts([("儿童姓名", first.child_name), ("领取人", payee), ("应退回金额（元）", owed)]),
        Text(
            f"{payee or first.child_name}：\n"
            f"经核算，{county.name}发放给{first.child_name}的补贴中，下列月份多发，依照规定应予退回。"
            "请按下列分期计划退回；确有困难的，可以申请调整分期，或者依据文件申请减免。"
        ),
        Section("多发明细", [Table(heads, months)]),
        Section("分期计划", [Table(plan_heads, plan, empty=none_agreed)]),
        Text("对本通知有异议的，可以在收到之日起六十日内申请行政复议，或者在六个月内提起行政诉讼。"),
    ]
    return paper.paper_pdf(TITLE, blocks, who=paper.maker(), why=TITLE, at=at)


def make_letter(recoveries: list[Recovery], *, at: dt.datetime) -> tuple[bytes, str]:
    """(PDF, file name) of the letter; the export is logged."""
    first = recoveries[0]
    lines = lines_of_month(first)
    data = letter(recoveries, payee=lines[-1].payee_name if lines else "", at=at)
    log_access(
        kind=AccessLog.Kind.EXPORT,
        child_id=first.child_id,
        region_id=first.region_id,
        subject="subsidies.recovery",
        subject_id=first.pk,
        reason=_("letter to the family"),
        detail={"recoveries": [row.pk for row in recoveries], "sha256": hashlib.sha256(data).hexdigest()},
    )
    return data, f"{TITLE}-{first.child_name}.pdf"
