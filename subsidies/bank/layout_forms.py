"""Forms of a bank layout: the layout as a whole, and one row a column."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from subsidies.bank.layouts import (
    DELIMITERS,
    MOST_COLUMNS,
    MOST_WIDTH,
    Encoding,
    Format,
    LineField,
    Record,
    ResultField,
    Unit,
)

SPARE_ROWS = 3
_NAMES = {",": gettext_lazy("Comma"), ";": gettext_lazy("Semicolon"), "|": "|", "tab": gettext_lazy("Tab")}
# A field of a line and one of the answer may have the same code; in the form the record is written before it.
_FIELDS = [
    ("", ""),
    (
        gettext_lazy("In the file that is sent"),
        [(f"line:{choice.value}", choice.label) for choice in LineField],
    ),
    (
        gettext_lazy("In the bank's answer"),
        [(f"result:{choice.value}", choice.label) for choice in ResultField],
    ),
]


class LayoutForm(forms.Form):
    """A layout without its columns."""

    name = forms.CharField(label=gettext_lazy("Name of the layout"), max_length=60)
    used = forms.BooleanField(label=gettext_lazy("A file is written in this layout"), required=False)
    format = forms.ChoiceField(label=gettext_lazy("Format"), choices=Format.choices)
    encoding = forms.ChoiceField(label=gettext_lazy("Encoding of the text"), choices=Encoding.choices)
    delimiter = forms.ChoiceField(
        label=gettext_lazy("Separator"), choices=[(code, _NAMES[code]) for code in DELIMITERS], required=False
    )
    titles = forms.BooleanField(label=gettext_lazy("A row of titles stands above"), required=False)
    replacement = forms.CharField(
        label=gettext_lazy("Instead of a character that the encoding lacks"),
        max_length=1,
        required=False,
        strip=False,
        help_text=gettext_lazy("Empty: the file is refused and the line named."),
    )
    paid = forms.CharField(
        label=gettext_lazy("Words of the bank for paid"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("Beside 成功 and the like; with a space between."),
    )
    failed = forms.CharField(
        label=gettext_lazy("Words of the bank for failed"), max_length=200, required=False
    )


class ColumnForm(forms.Form):
    """One column; an empty one is left out."""

    record = forms.ChoiceField(label=gettext_lazy("Where"), choices=Record.choices, required=False)
    field = forms.ChoiceField(label=gettext_lazy("What it shows"), choices=_FIELDS, required=False)
    title = forms.CharField(label=gettext_lazy("Heading of the column"), max_length=40, required=False)
    width = forms.IntegerField(
        label=gettext_lazy("Width in bytes"), min_value=0, max_value=MOST_WIDTH, required=False
    )
    align = forms.ChoiceField(
        label=gettext_lazy("Align"),
        choices=[("left", gettext_lazy("left")), ("right", gettext_lazy("right"))],
        required=False,
    )
    pad = forms.ChoiceField(
        label=gettext_lazy("Filled with"),
        choices=[(" ", gettext_lazy("spaces")), ("0", gettext_lazy("zeros"))],
        required=False,
    )
    unit = forms.ChoiceField(label=gettext_lazy("Written as"), choices=Unit.choices, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["aria-label"] = field.label  # in a table its label is the column's heading

    def column(self) -> dict[str, Any] | None:
        """The column as the layout keeps it; None for an empty row."""
        data = self.cleaned_data
        if not data.get("field"):
            return None
        kind, _colon, field = data["field"].partition(":")
        # What the answer tells stands in the answer, whatever was chosen beside it.
        record = Record.RESULT.value if kind == "result" else data["record"] or Record.LINE.value
        return {
            "record": Record.LINE.value if kind == "line" and record == Record.RESULT else record,
            "field": field,
            "title": data["title"],
            "width": data["width"] or 0,
            "align": data["align"] or "left",
            "pad": data["pad"] or " ",
            "unit": data["unit"],
        }


ColumnFormSet = forms.formset_factory(
    ColumnForm, extra=SPARE_ROWS, max_num=MOST_COLUMNS, absolute_max=MOST_COLUMNS + SPARE_ROWS
)


class NewLayoutForm(forms.Form):
    """A layout of the county's own, begun as a copy of another."""

    code = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=30,
        help_text=gettext_lazy("Small letters, digits and dashes; it stands in the file's name."),
    )
    name = forms.CharField(label=gettext_lazy("Name of the layout"), max_length=60)
    like = forms.ChoiceField(label=gettext_lazy("Begin with a copy of"))

    def __init__(self, *args: Any, known: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["like"].choices = known  # type: ignore[attr-defined]
        self.known = {code for code, _name in known}

    def clean_code(self) -> str:
        code = str(self.cleaned_data["code"])
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code):
            raise ValidationError(_("Only small letters, digits and dashes."))
        if code in self.known:
            raise ValidationError(_("There is a layout of this code already."))
        return code


def initial_of(data: dict[str, Any]) -> list[dict[str, Any]]:
    """The columns of a layout as the form shows them."""
    return [
        {**row, "field": f"{'result' if row['record'] == Record.RESULT else 'line'}:{row['field']}"}
        for row in data.get("columns", [])
    ]


def data_of(form: LayoutForm, columns: Any) -> dict[str, Any]:
    """The layout that both forms describe, as it is kept; not checked yet."""
    given = form.cleaned_data
    return {
        "format": given["format"],
        "encoding": given["encoding"],
        "delimiter": given["delimiter"] or ",",
        "titles": given["titles"],
        "replacement": given["replacement"],
        "paid": given["paid"].split(),
        "failed": given["failed"].split(),
        "columns": [column for row in columns if (column := row.column()) is not None],
    }
