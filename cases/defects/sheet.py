"""The counts of defects as a workbook: one row a township, every kind and measure."""

from __future__ import annotations

import io

import xlsxwriter
from django.utils.translation import gettext as _

from cases.circumstances.enums import DefectKind
from cases.defects.selectors import MEASURES, Counts, Period

CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def workbook(counts: Counts, period: Period, place: str) -> bytes:
    """The bytes of the file: title and period, two rows of headings, townships, the sum."""
    data = io.BytesIO()
    with xlsxwriter.Workbook(data, {"in_memory": True}) as book:
        sheet = book.add_worksheet(_("Defects"))
        bold = book.add_format({"bold": True, "border": 1, "align": "center", "text_wrap": True})
        name, number = book.add_format({"border": 1}), book.add_format({"border": 1, "num_format": "#,##0"})
        columns = [(kind.value, measure) for kind in DefectKind for measure in MEASURES]
        title = _("%(place)s: defects by township, %(start)s to %(end)s") % {
            "place": place,
            "start": period.start.isoformat(),
            "end": period.end.isoformat(),
        }
        sheet.write_string(0, 0, title, book.add_format({"bold": True, "font_size": 14}))
        unit = _("Unit: defects. Open, overdue and to be checked as of %(day)s.") % {
            "day": period.today.isoformat()
        }
        sheet.write_string(1, 0, unit)
        sheet.merge_range(2, 0, 3, 0, _("Township"), bold)
        for place_of, kind in enumerate(DefectKind):
            first = 1 + place_of * len(MEASURES)
            sheet.merge_range(2, first, 2, first + len(MEASURES) - 1, str(kind.label), bold)
        for column, (_kind, measure) in enumerate(columns, 1):
            sheet.write_string(3, column, str(MEASURES[measure].label), bold)
        row = 4
        for township in counts.townships:
            sheet.write_string(row, 0, township.short_name, name)
            for column, (kind_code, measure) in enumerate(columns, 1):
                sheet.write_number(row, column, counts.number(measure, kind_code, township.pk), number)
            row += 1
        sheet.write_string(row, 0, _("Together"), bold)
        for column, (kind_code, measure) in enumerate(columns, 1):
            sheet.write_number(row, column, counts.number(measure, kind_code), number)
        sheet.freeze_panes(4, 1)
        sheet.set_column(0, 0, 18)
        sheet.set_column(1, len(columns), 10)
    return data.getvalue()
