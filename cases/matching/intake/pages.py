"""Shaped reads for the pages of taking lists in: accounting, notices, columns to choose from."""

from __future__ import annotations

from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cases.matching.intake import services as intake
from cases.matching.kinds import KINDS
from cases.matching.reading.preview import PROBLEMS
from cases.matching.selectors import COLUMNS
from cases.models import ListImport

OTHER_LABELS: Final = {
    "blank": gettext_lazy("blank rows"),
    "title": gettext_lazy("titles"),
    "filing": gettext_lazy("filing lines"),
    "header": gettext_lazy("headers"),
    "heading": gettext_lazy("headings of villages"),
    "total": gettext_lazy("totals"),
    "signature": gettext_lazy("signatures"),
    "note": gettext_lazy("notes"),
    "household": gettext_lazy("households without a person"),
    "hidden_sheet": gettext_lazy("rows of a hidden sheet"),
    "no_list": gettext_lazy("rows of a sheet that is no list"),
}


def accounts(found: ListImport) -> list[dict[str, Any]]:
    """For each sheet what became of its rows; the three counts add up to its rows."""
    return [
        {
            "name": sheet["name"],
            "rows": sheet["rows"],
            "accepted": sheet["accepted"],
            "rejected": sheet["rejected"],
            "other": sum(sheet["other"].values()),
            "parts": [
                {"label": OTHER_LABELS[why], "count": number}
                for why, number in sheet["other"].items()
                if number
            ],
        }
        for sheet in found.mapping.get("sheets", ())
        if "accepted" in sheet  # a list of before this was counted has no account
    ]


def notices(found: ListImport) -> list[dict[str, str]]:
    """What a clerk should know of a file before it is imported, as strips: kind and sentence."""
    told: list[dict[str, str]] = []
    for sheet in found.mapping.get("sheets", ()):
        name = sheet["name"] or found.name
        if sheet.get("households_only"):
            told.append(
                {
                    "kind": "warn",
                    "text": _(
                        "%(sheet)s has one row for each household: only the heads can be matched, the children are "
                        "not on it. Ask the sender for the list of household members."
                    )
                    % {"sheet": name},
                }
            )
        if sheet.get("hidden_rows"):
            number = sheet["hidden_rows"]
            text = ngettext(
                "%(n)d row of %(sheet)s is hidden by a filter or by hand; it was read all the same.",
                "%(n)d rows of %(sheet)s are hidden by a filter or by hand; they were read all the same.",
                number,
            )
            told.append({"kind": "warn", "text": text % {"n": number, "sheet": name}})
        if sheet.get("hidden"):
            text = _(
                "The sheet %(sheet)s is hidden and was not read. Unhide it and upload the file again if it belongs to the list."
            )
            told.append({"kind": "", "text": text % {"sheet": name}})
        if sheet.get("declared") and sheet["declared"] != sheet["accepted"]:
            text = _(
                "By its own total %(sheet)s has %(declared)d persons, but %(read)d were read. Compare it with the sender's list."
            )
            told.append(
                {
                    "kind": "warn",
                    "text": text % {"sheet": name, "declared": sheet["declared"], "read": sheet["accepted"]},
                }
            )
        if sheet.get("broken_off"):
            told.append(
                {
                    "kind": "bad",
                    "text": _(
                        "The last row is incomplete: the file may have been cut off. Ask the sender for it again."
                    ),
                }
            )
    return told


def labels(kind: str) -> dict[str, str]:
    """What each field is called in lists of a kind."""
    declared = KINDS.get(kind)
    return {
        name: declared.column_label(name, str(label)) if declared else str(label)
        for name, label in COLUMNS.items()
    }


def columns_of(found: ListImport) -> list[dict[str, Any]]:
    """How each sheet was read, its columns with what they were taken for ("" for none)."""
    words = labels(found.kind)
    return [
        sheet | {"columns": [c | {"label": words.get(c["field"], c["field"])} for c in sheet["columns"]]}
        for sheet in found.mapping.get("sheets", [])
        if sheet.get("columns")
    ]


def choices(kind: str) -> list[tuple[str, str]]:
    """What a column may be taken for."""
    return [("", _("not used")), *labels(kind).items()]


def problem_lines(found: ListImport) -> list[dict[str, Any]]:
    """Each kind of problem with its remedy and how many rows have it, the most frequent first."""
    counts = found.mapping.get("problem_counts", {})
    return [
        {"message": PROBLEMS[code][0], "remedy": PROBLEMS[code][1], "count": number}
        for code, number in sorted(counts.items(), key=lambda item: -item[1])
        if code in PROBLEMS
    ]


def waiting(region_id: int, period: Any) -> list[dict[str, Any]]:
    """The uploads of a month that wait to be confirmed, and whether each can be without a word. One query."""
    found = ListImport.objects.filter(region_id=region_id, period=period, state=ListImport.State.PREVIEW)
    return [
        {"list": each, "certain": intake.is_certain(each), "notices": len(notices(each))}
        for each in found.order_by("created_at", "pk")
    ]
