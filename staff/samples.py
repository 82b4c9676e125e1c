"""Invented values for the living style page; no person, place or amount is real."""

import datetime as dt
from decimal import Decimal
from typing import Any

from django import forms

from staff.status import RISK_WORDS, STATUS

TODAY = dt.date(2026, 10, 20)


class SampleForm(forms.Form):
    """One field of each kind, with an error, a hint and an optional one."""

    account = forms.CharField(label="银行账号", min_length=16)
    holder = forms.CharField(label="开户人", help_text="与监护人一致", required=False)
    bank = forms.ChoiceField(label="开户行", choices=[("", "请选择"), ("1", "农商银行"), ("2", "邮储银行")])
    since = forms.DateField(label="起", widget=forms.DateInput(attrs={"type": "date"}))
    relation = forms.ChoiceField(
        label="与儿童关系", choices=[("1", "祖父"), ("2", "祖母"), ("3", "其他")], widget=forms.RadioSelect
    )
    papers = forms.MultipleChoiceField(
        label="材料",
        choices=[("1", "户口簿"), ("2", "判决书")],
        required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "cw-chips"}),
    )
    note = forms.CharField(label="说明", widget=forms.Textarea(attrs={"rows": 3}), required=False)
    sure = forms.BooleanField(label="已与监护人核对", required=False)


def samples() -> dict[str, Any]:
    """Plain values for every component, as a view would hand them over."""
    form = SampleForm(
        {"account": "6217 0038", "holder": "林桂芳", "bank": "1", "since": "2026-09-01", "relation": "2"}
    )
    return {
        "today": TODAY,
        "at": dt.datetime(2026, 10, 20, 1, 40, tzinfo=dt.UTC),
        "late": TODAY - dt.timedelta(days=2),
        "soon": TODAY + dt.timedelta(days=3),
        "far": TODAY + dt.timedelta(days=90),
        "amount": Decimal("1550"),
        "minus": Decimal("-320"),
        "sum": Decimal("1230"),
        "levels": list(RISK_WORDS),
        "states": list(STATUS),
        "form": form,
        **_lists(),
        **_figures(),
        **_questions(),
    }


def _lists() -> dict[str, Any]:
    return {
        "actions": [
            {"label": "导出明细", "url": "#", "icon": "download"},
            {"label": "记录走访", "url": "#", "icon": "plus", "primary": True},
        ],
        "tiles": [
            {"number": 2, "label": "已超期", "url": "#", "hot": True},
            {"number": 8, "label": "走访待审", "url": "#", "current": True},
            {"number": 1, "label": "新线索", "url": "#"},
            {"number": 3, "label": "申请查验", "url": "#"},
        ],
        "segments": [
            {"label": "全部", "url": "#", "current": True, "count": 128},
            {"label": "孤儿", "url": "#", "count": 31},
            {"label": "事实无人抚养", "url": "#", "count": 97},
        ],
        "rows": [
            {
                "title": "林小满",
                "lines": ["每 7 天走访 · 上次 10-11"],
                "level": "red",
                "date": TODAY - dt.timedelta(days=2),
                "current": True,
            },
            {
                "title": "秦白露",
                "lines": ["每 15 天走访 · 上次 10-05"],
                "level": "yellow",
                "date": TODAY,
                "current": False,
            },
            {
                "title": "罗小寒",
                "lines": ["每 30 天走访 · 上次 09-24"],
                "level": "green",
                "date": TODAY + dt.timedelta(days=4),
                "current": False,
            },
        ],
        "line": ["转为新线索，请镇里走访"],
        "tabs": [
            {"label": "概况", "url": "#", "current": True},
            {"label": "走访", "url": "#", "count": 12},
            {"label": "个案", "url": "#", "count": 1},
            {"label": "补贴", "url": "#"},
        ],
        "facts": [
            {"label": "证件号码", "masked": "500152********1013", "reveal": "#", "person": "林小满"},
            {"label": "监护人", "value": "林桂芳（祖母）"},
            {"label": "户籍地", "value": "双江镇 长滩村", "url": "#"},
            {"label": "出生日期", "value": "2017-03-02", "number": True},
            {"label": "学校", "value": ""},
        ],
        "events": [
            {
                "icon": "clipboard-text",
                "title": "入户走访",
                "date": TODAY,
                "text": "祖母行动不便，邻居送饭。",
                "hot": True,
                "url": "#",
            },
            {
                "icon": "alert-triangle",
                "title": "风险升为红·高",
                "date": TODAY - dt.timedelta(days=6),
                "text": "原黄·中。",
            },
            {"icon": "heart-handshake", "title": "转介心理服务", "date": TODAY - dt.timedelta(days=6)},
            {"icon": "cash", "title": "发放 1,430.00 元", "date": TODAY - dt.timedelta(days=400)},
        ],
        "shots": [{"state": "sent"}, {"state": "waiting"}, {"state": "failed"}],
    }


def _figures() -> dict[str, Any]:
    return {
        "columns": [
            {"label": "镇（街道）"},
            {"label": "期初", "kind": "number"},
            {"label": "新增", "kind": "number"},
            {"label": "期末", "kind": "number"},
            {"label": "发放金额（元）", "kind": "money"},
            {"label": "差额", "kind": "difference"},
            {"label": "状态", "kind": "state"},
        ],
        "table": [
            {
                "cells": [
                    "柏梓镇",
                    (30, "#"),
                    (1, "#"),
                    (31, "#"),
                    Decimal("45170"),
                    Decimal("1550"),
                    "released",
                ]
            },
            {
                "cells": [("双江镇", "#"), 28, 0, 28, Decimal("42390"), Decimal("-320"), "failed"],
                "selected": True,
            },
            {"cells": ["寿桥镇", 7, 0, 7, Decimal("10210"), Decimal(0), "held"]},
        ],
        "totals": ["合计", 65, 1, 66, Decimal("97770"), Decimal("1230"), ""],
        "carer_columns": [
            {"label": "姓名", "kind": "name"},
            {"label": "关系"},
            {"label": "身份"},
            {"label": "电话"},
            {"label": "起", "kind": "date"},
        ],
        "carers": [
            {"cells": [("林桂芳", "#"), "祖母", "监护人、实际照料人", "137****5520", dt.date(2024, 12, 1)]},
            {"cells": ["田秀莲", "邻居", "临时照看", None, None]},
        ],
        "steps": [
            {"label": "计算", "note": "赵清和 10-19", "state": "done"},
            {"label": "审批", "note": "等您处理，10-22 前", "state": "now"},
            {"label": "发放", "note": "孙明远，10-25 前", "state": "later"},
            {"label": "对账", "note": "银行回盘后", "state": "later"},
        ],
        "bridge": [
            {"label": "上月 411 人", "value": Decimal("598350"), "kind": "money"},
            {"op": "+", "label": "新增 3 人", "value": Decimal("4330"), "kind": "money"},
            {"op": "−", "label": "退出 2 人", "value": Decimal("3100"), "kind": "money"},
            {"op": "−", "label": "变化 3 人", "value": Decimal("20"), "kind": "money"},
            {"op": "+", "label": "补发 1 笔", "value": Decimal("320"), "kind": "money"},
            {"op": "=", "label": "本月 412 人，元", "value": Decimal("599880"), "kind": "money", "sum": True},
            {"label": "发放人次", "value": 412, "apart": True},
        ],
        "lines": [
            {"label": "标准", "note": "事实无人抚养 · 社会散居", "amount": Decimal("1550")},
            {
                "label": "减：低保金",
                "note": "家庭 3 人 960.00，本人一份",
                "amount": Decimal("320"),
                "minus": True,
            },
        ],
        "sources": [
            {"label": "用的标准", "value": "标准表第 3 行：潼南区 社会散居"},
            {"label": "低保从哪来", "value": "低保名单 2026-10 第 1,204 行", "url": "#"},
            {"label": "收款", "masked": "6217 **** **** 3308"},
        ],
        "points": list(
            zip(
                ["10月", "11月", "12月", "1月", "2月", "3月", "4月", "5月", "6月", "7月", "8月", "9月"],
                [388, 391, 390, 394, 396, 399, 401, 400, 404, 407, 409, 411],
                strict=True,
            )
        ),
        "checks": [
            {"label": "期初等于 8 月期末", "ok": True},
            {"label": "各镇相加等于合计", "ok": True},
            {"label": "发放等于银行回盘", "ok": False, "note": "差 1 笔：1,230.00 元"},
        ],
    }


def _questions() -> dict[str, Any]:
    return {
        "answers": [
            {"question": "监护人离开、生病或无法照看", "answer": "有", "yes": True},
            {"question": "吃穿、住房困难", "answer": "没有"},
            {"question": "身上有伤，或害怕某个人", "answer": "没有"},
        ],
        "kinds": [("door", "入户"), ("phone", "电话"), ("wechat", "微信视频")],
        "people": [("child", "儿童本人"), ("grandmother", "祖母"), ("father", "父亲"), ("neighbour", "邻居")],
        "met": ["child", "grandmother"],
        "risks": [
            ("red", "有现实危险，马上处理", "red"),
            ("yellow", "有隐患，半月内再访", "yellow"),
            ("blue", "有困难，每月走访", "blue"),
            ("green", "情况平稳", "green"),
        ],
        "returns": [("thin", "内容不全"), ("risk", "风险判断依据不足"), ("photo", "照片不合要求")],
        "reasons": [
            ("papers", "核对补贴申请材料"),
            ("lists", "与其他部门核对名单"),
            ("other", "其他，请写明"),
        ],
        "decisions": [
            {"name": "approve", "label": "通过", "icon": "check", "key": "A"},
            {
                "name": "return",
                "label": "退回",
                "icon": "corner-up-left",
                "key": "R",
                "prompt": "退回给王念慈，请写明原因",
                "reasons": [("thin", "内容不全"), ("photo", "照片不合要求")],
                "text_label": "要补什么",
                "needs_text": True,
                "submit": "退回修改",
            },
            {
                "name": "escalate",
                "label": "上报区里",
                "icon": "arrow-up-right",
                "key": "E",
                "needs_text": True,
            },
            {"name": "release", "label": "发放（孙明远）", "icon": "cash", "disabled": "由孙明远发放"},
        ],
        "match": [
            {"name": "same", "label": "是同一人", "icon": "check", "key": "Y"},
            {"name": "different", "label": "不是", "icon": "x", "key": "N"},
            {"name": "skip", "label": "跳过", "key": "S"},
        ],
    }
