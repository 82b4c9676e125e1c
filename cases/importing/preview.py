"""What the pages of an import show: its columns with sample cells, its rows by outcome, numbers masked everywhere."""

from __future__ import annotations

import json
from typing import Any, Final

from django.apps import apps
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from cases import identity
from cases.circumstances.enums import ImportState, RowOutcome
from cases.importing import words
from cases.importing.columns import BY_FIELD, COLUMNS, mask
from cases.importing.problems import NOTICES
from cases.importing.rows import problems_of
from cases.importing.services import choices_for, state_of
from cases.importing.sheets import survey
from cases.models import Child, RegisterImport, RegisterImportRow
from staff import files
from staff.models import Region

PAGE: Final = 50
SAMPLES: Final = 3
ACTS: Final = ("skip", "update", "add")


def imports_of(after: int = 0) -> tuple[list[dict[str, Any]], int]:
    """The imports of the scope, newest first, a page by key; and the key of the next page or 0."""
    found = RegisterImport.objects.select_related("user", "region", "job").order_by("-pk")
    if after:
        found = found.filter(pk__lt=after)
    rows = list(found[: PAGE + 1])
    lines = [
        {
            "import": each,
            "state": f"registerimport.{state_of(each)}",
            "counts": each.counts,
            "url": reverse("cases:import_file", args=[each.pk]),
        }
        for each in rows[:PAGE]
    ]
    return lines, rows[PAGE - 1].pk if len(rows) > PAGE else 0


def columns_of(register_import: RegisterImport, chosen: dict[str, str] | None = None) -> list[dict[str, Any]]:
    """Each column of the file: header, three masked cells, the field it is taken for. Reads the stored file."""
    samples: dict[str, list[str]] = {}
    if register_import.file is not None:
        found, _reports = survey(files.read(register_import.file))
        samples = {column.key: list(dict.fromkeys(column.cells))[:SAMPLES] for column in found}
    lines = []
    for place, column in enumerate(register_import.mapping.get("columns", ())):
        field = (chosen or {}).get(column["key"], column["field"])
        lines.append(
            {
                "name": f"column-{place}",
                "key": column["key"],
                "title": column["title"] or _("column %(n)d") % {"n": place + 1},
                "field": field,
                "samples": [mask(column["field"], cell)[:40] for cell in samples.get(column["key"], ())],
            }
        )
    return lines


def field_choices() -> list[tuple[str, Any]]:
    """What a column may be."""
    return [("", _("not used")), *((column.field, column.label) for column in COLUMNS)]


def label_of(field: str) -> str:
    """A column's name for people."""
    return str(BY_FIELD[field].label) if field in BY_FIELD else str(_FAMILY.get(field, field))


_FAMILY: Final = {
    "child": _lazy("child"),
    "household": _lazy("household"),
    "guardian": _lazy("guardian"),
    "payee": _lazy("payee"),
    "situation": _lazy("parent's situation"),
    "attribute": _lazy("further attributes"),
}


def tabs_of(register_import: RegisterImport, shown: str) -> list[dict[str, Any]]:
    """Tabs of the rows by outcome, with how many there are."""
    labels = {
        RowOutcome.ERROR: _("Problems"),
        RowOutcome.DUPLICATE: _("Possibly known"),
        RowOutcome.UPDATE: _("Changed"),
        RowOutcome.NEW: _("New"),
        RowOutcome.SAME: _("Unchanged"),
    }
    return [
        {
            "label": label,
            "url": f"?show={outcome}",
            "current": outcome == shown,
            "count": register_import.counts.get(outcome, 0),
            "outcome": outcome,
        }
        for outcome, label in labels.items()
    ]


def first_tab(register_import: RegisterImport) -> str:
    """The rows to look at first: those with problems, if there are any."""
    order = (RowOutcome.ERROR, RowOutcome.DUPLICATE, RowOutcome.UPDATE, RowOutcome.NEW, RowOutcome.SAME)
    return next((str(o) for o in order if register_import.counts.get(o)), str(RowOutcome.NEW))


def rows_of(
    register_import: RegisterImport, outcome: str, after: int = 0
) -> tuple[list[dict[str, Any]], int]:
    """A page of rows of one outcome for the screen, and the key of the next page or 0. Two queries."""
    found = RegisterImportRow.objects.filter(register_import=register_import, outcome=outcome).order_by("pk")
    if after:
        found = found.filter(pk__gt=after)
    rows = list(found[: PAGE + 1])
    children = Child.objects.in_bulk({r.child_id for r in rows[:PAGE] if r.child_id is not None})
    places = {r.pk: r for r in Region.objects.filter(pk__in={c.region_id for c in children.values()})}
    decisions = register_import.options.get("rows", {})
    lines = [_line(row, children.get(row.child_id or 0), places, decisions) for row in rows[:PAGE]]
    return lines, rows[PAGE - 1].pk if len(rows) > PAGE else 0


def _line(
    row: RegisterImportRow, child: Child | None, places: dict[int, Region], decisions: dict[str, str]
) -> dict[str, Any]:
    cells = json.loads(row.cells) if row.cells else {}
    before = json.loads(row.before) if row.before else {}
    labels = {"skip": _("Leave out"), "update": _("Same child: update"), "add": _("Another child: add")}
    allowed = choices_for(row)
    return {
        "row": row,
        "place": f"{row.sheet} {row.line}".strip(),
        "name": mask("name", cells.get("name", "")),
        "number": mask("id_number", cells.get("id_number", "")),
        "forgotten": not row.cells,
        "child": child,
        "child_place": places[child.region_id].short_name
        if child is not None and child.region_id in places
        else "",
        "child_number": identity.mask(child.id_number) if child is not None and child.id_number else "",
        "problems": [
            {
                "column": label_of(p.field) if p.field else "",
                "cell": mask(p.field, cells.get(p.field, "")) if p.field else "",
                "message": p.message,
                "remedy": p.remedy,
                "line": p.line,
                "since": ", ".join(map(_name_of, p.since)),
                "notice": p.code in NOTICES,
            }
            for p in problems_of(row)
        ],
        "changes": [
            {"column": label_of(field), "old": _shown(field, old), "new": _shown(field, new)}
            for field, old, new in before.get("shown", _new_cells(row, cells))
        ],
        "decision": decisions.get(str(row.pk), ""),
        "choices": [(act, labels[act]) for act in ACTS if act in allowed],
    }


def _new_cells(row: RegisterImportRow, cells: dict[str, str]) -> list[tuple[str, str, str]]:
    """What a new child's row says beside name and number, as changes from nothing: to be read before it is taken over."""
    if row.outcome != RowOutcome.NEW:
        return []
    return [(field, "", text) for field, text in cells.items() if text and field not in ("name", "id_number")]


def _shown(field: str, value: str) -> str:
    """A value of the register as a word where it is a code, masked where it is a number."""
    column = BY_FIELD.get(field)
    if column is not None and column.words and column.words != "sex":
        for code, text in words.WORDS[column.words].items():
            if str(code) == value:
                return text.split()[0]
    if field == "sex":
        return {"male": "男", "female": "女"}.get(value, value)
    return mask(field, value)


def _name_of(label: str) -> str:
    """A model's name in the plural for people."""
    if label == "unseen":
        return _("later records")  # what they are would tell of a case that is restricted to others
    try:
        return str(apps.get_model(label)._meta.verbose_name_plural)
    except LookupError:
        return label


def summary(register_import: RegisterImport) -> dict[str, Any]:
    """What the top of the page says: state, counts, what may be done now."""
    state = state_of(register_import)
    counts = register_import.counts
    decided = len(register_import.options.get("rows", {}))
    return {
        "state": state,
        "look": f"registerimport.{state}",
        "busy": state in (ImportState.CHECKING, ImportState.APPLYING, ImportState.UNDOING),
        "stopped": state != register_import.state,
        "undecided": max(0, counts.get(RowOutcome.DUPLICATE, 0) - decided),
        "to_correct": counts.get(RowOutcome.ERROR, 0) + counts.get(RowOutcome.DUPLICATE, 0),
        "good": counts.get(RowOutcome.NEW, 0) + counts.get(RowOutcome.UPDATE, 0),
    }
