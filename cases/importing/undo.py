"""Taking an import back: its children are deleted and its changes reversed, unless something has happened since.

The event tables keep everything that was there.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pghistory
from django.apps import apps
from django.db import IntegrityError, connection, models, transaction
from django.utils.translation import gettext as _
from guardian.models import UserObjectPermission

from cases import pinyin, search
from cases.circumstances.enums import DefectSource, DefectState, ImportState, RowOutcome
from cases.defects import services as defects
from cases.defects.services import EVERY_KIND
from cases.importing import bulk
from cases.importing.changes import digest_of
from cases.importing.problems import Problem
from cases.importing.running import lock_register, silent
from cases.importing.writing import KINDS
from cases.models import (
    CategoryPeriod,
    Child,
    ChildToken,
    Defect,
    Household,
    RegisterImport,
    RegisterImportRow,
)
from staff.models import StoredFile
from staff.scope import current, open_scope

Progress = Callable[[int, int, str], None]
FAMILY = {kind: model for kind, model in KINDS.items() if kind != "household"}
EDITED, UNSEEN = "cases.child", "unseen"


def undo(
    register_import: RegisterImport, *, reason: str, at: dt.datetime, progress: Progress = silent
) -> dict[str, int]:
    """Take an applied import back. Call it in one transaction.

    Returns ``deleted`` and ``kept`` children, ``restored`` and ``left`` changes; what is kept or left is named
    in the problems of its row.
    """
    lock_register(register_import.region_id)
    rows = list(
        RegisterImportRow.objects.filter(register_import=register_import, applied=True).order_by("pk")
    )
    traces = {row.pk: json.loads(row.before or "{}") for row in rows}
    marks: dict[str, int] = register_import.counts.get("marks", {})
    with open_scope(replace(current(), reason=reason)):
        new = [row for row in rows if row.outcome == RowOutcome.NEW]
        progress(0, len(rows), _("Looking for what has happened since"))
        kept = _delete_children(register_import, new, traces, marks)
        progress(len(new), len(rows), _("Putting back what was overwritten"))
        updated = [row for row in rows if row.outcome == RowOutcome.UPDATE]
        restored, left = _restore(updated, traces, marks, at)
        _delete_households(rows, traces)
    done = [row for row in rows if row.pk not in kept and row.pk not in left]
    for row in rows:
        row.applied = row.pk in kept
        for since in kept.get(row.pk, ()):
            row.problems.append(Problem("", "kept", since=(since,)).as_json())
        row.problems += [Problem(column, "changed_again").as_json() for column in left.get(row.pk, ())]
    bulk.update(RegisterImportRow, rows, ["applied", "problems"])
    counts = {
        "deleted": len(new) - sum(row.pk in kept for row in new),
        "kept": sum(row.pk in kept for row in new),
        "restored": restored,
        "left": sum(map(len, left.values())),
        "rows": len(done),
    }
    register_import.counts = register_import.counts | {"undo": counts}
    register_import.state, register_import.undone_at = ImportState.UNDONE, at
    register_import.undo_reason, register_import.undone_by_id = reason[:200], current().user_id or None
    register_import.save(update_fields=["counts", "state", "undone_at", "undo_reason", "undone_by"])
    return counts


# --- Children that the import added -----------------------------------------------------------------------


def _delete_children(
    register_import: RegisterImport,
    rows: list[RegisterImportRow],
    traces: dict[int, Any],
    marks: dict[str, int],
) -> dict[int, list[str]]:
    """Delete the children of these rows; returns row → why it was kept, model labels."""
    by_child = {row.child_id: row for row in rows if row.child_id is not None}
    own: dict[str, set[int]] = defaultdict(set)
    for row in rows:
        for kind, key in traces[row.pk].get("added", ()):
            own[kind].add(key)
    happened = happenings(set(by_child), own, marks, besides=register_import.pk)
    free = sorted(set(by_child) - happened.keys())
    for child in _delete(free):
        happened[child] = [UNSEEN]
    return {by_child[child].pk: labels for child, labels in happened.items()}


def happenings(
    children: set[int], own: dict[str, set[int]], marks: dict[str, int], *, besides: int
) -> dict[int, list[str]]:
    """Child → labels of the models that have rows about it which the import did not make; only children with some."""
    found: dict[int, set[str]] = defaultdict(set)

    def note(label: str, ids: Iterable[int | None]) -> None:
        for each in ids:
            if each is not None:
                found[each].add(label)

    family = {model: own.get(kind, set()) for kind, model in FAMILY.items()}
    for model, name in _pointing_at_children():
        rows = model._base_manager.filter(**{f"{name}__in": children})
        if model in family:
            rows = rows.exclude(pk__in=family[model])
        elif model is CategoryPeriod:
            rows = rows.filter(end_date__isnull=False)
        elif (
            model is Defect
        ):  # what the register itself lacks follows from the register, until somebody takes it up
            rows = rows.exclude(source=DefectSource.REGISTER, state=DefectState.OPEN, steps__isnull=True)
        note(model._meta.label_lower, rows.order_by().values_list(name, flat=True).distinct())
    for model in (Child, *FAMILY.values()):
        event = model.pgh_event_model
        column = "pgh_obj_id" if model is Child else "child_id"
        later = event.objects.filter(
            **{f"{column}__in": children}, pgh_id__gt=marks.get(model._meta.label, 0)
        )
        note(EDITED, later.order_by().values_list(column, flat=True).distinct())
    others = RegisterImportRow.objects.filter(child_id__in=children, applied=True).exclude(
        register_import=besides
    )
    note(RegisterImport._meta.label_lower, others.order_by().values_list("child_id", flat=True))
    note(
        "staff.storedfile",
        StoredFile.objects.filter(child_id__in=children).order_by().values_list("child_id", flat=True),
    )
    shared = UserObjectPermission.objects.filter(
        content_type__app_label="cases", content_type__model="child", object_pk__in=list(map(str, children))
    )
    note("guardian.userobjectpermission", map(int, shared.values_list("object_pk", flat=True)))
    return {child: sorted(labels) for child, labels in found.items() if child in children}


def _pointing_at_children() -> list[tuple[Any, str]]:
    """Every model with a foreign key to a child, and the key's name; not the event tables, which only copy."""
    return [
        (model, field.name + "_id")
        for model in apps.get_models()
        if not issubclass(model, pghistory.models.Event)
        for field in model._meta.concrete_fields
        if isinstance(field, models.ForeignKey) and field.remote_field.model is Child
    ]


def _delete(children: list[int]) -> list[int]:
    """Delete children with the family the import gave them; returns those that a row out of sight still needs."""
    if not children:
        return []
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            for model in (*FAMILY.values(), CategoryPeriod, ChildToken, Defect):
                model._base_manager.filter(child_id__in=children)._raw_delete(connection.alias)
            Child._base_manager.filter(pk__in=children)._raw_delete(connection.alias)
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    except IntegrityError:
        if len(children) == 1:
            return children
        half = len(children) // 2
        return _delete(children[:half]) + _delete(children[half:])
    return []


def _delete_households(rows: list[RegisterImportRow], traces: dict[int, Any]) -> None:
    """The households that the import made and nobody belongs to any more."""
    made = {key for row in rows for kind, key in traces[row.pk].get("added", ()) if kind == "household"}
    empty = Household.objects.filter(pk__in=made, children__isnull=True).values_list("pk", flat=True)
    Household._base_manager.filter(pk__in=list(empty))._raw_delete(connection.alias)


# --- Children that it changed -----------------------------------------------------------------------------


def _restore(
    rows: list[RegisterImportRow], traces: dict[int, Any], marks: dict[str, int], at: dt.datetime
) -> tuple[int, dict[int, list[str]]]:
    """Put back what the rows overwrote; returns how many values, and row → fields that were changed again since."""
    left: dict[int, list[str]] = defaultdict(list)
    stuck = _delete_added(rows, traces, marks, left)
    objects = _objects(rows, traces)
    touched: dict[str, dict[int, Any]] = defaultdict(dict)
    fields: dict[str, set[str]] = defaultdict(set)
    restored = 0
    for row in rows:
        for kind, key, name, old, new in traces[row.pk].get("changed", ()):
            found = objects[kind].get(key)
            if found is None or _text(getattr(found, name)) != new or (row.pk, kind) in stuck:
                left[row.pk].append(name.removesuffix("_id"))
                continue
            setattr(found, name, _value(found, name, old))
            if name == "name" and kind == "child":
                found.name_pinyin = pinyin.sort_key(found.name)[:200]
                fields[kind].add("name_pinyin")
            if name == "id_number":
                found.id_digest = digest_of(found.id_number)
                fields[kind].add("id_digest")
            fields[kind].add(name.removesuffix("_id"))
            touched[kind][key] = found
            restored += 1
    for kind, found in touched.items():
        model = Child if kind == "child" else KINDS[kind]
        extra = {"updated_at"} if kind == "child" else set()
        numbers = {"id_number", "id_digest"} & fields[kind] if kind == "child" else set()
        bulk.update(model, list(found.values()), (fields[kind] | extra) - numbers)
        for pk in _put_numbers(list(found.values())) if numbers else ():
            for row in rows:
                if any(
                    (k, key, name) == ("child", pk, "id_number")
                    for k, key, name, *_ in traces[row.pk].get("changed", ())
                ):
                    left[row.pk].append("id_number")
                    restored -= 1
    children = {row.child_id for row in rows if row.child_id is not None}
    search.index_children(children)
    defects.follow_register(children, at=at, touched=EVERY_KIND)
    return restored, left


def _put_numbers(children: list[Child]) -> list[int]:
    """Write identity numbers back; returns the children whose former number another child holds by now."""
    if not children:
        return []
    try:
        with transaction.atomic():
            bulk.update(Child, children, {"id_number", "id_digest"})
    except IntegrityError:
        if len(children) == 1:
            return [children[0].pk]
        half = len(children) // 2
        return _put_numbers(children[:half]) + _put_numbers(children[half:])
    return []


def _objects(rows: list[RegisterImportRow], traces: dict[int, Any]) -> dict[str, dict[int, Any]]:
    """The rows of the register that were changed, locked, by kind and key."""
    wanted: dict[str, set[int]] = defaultdict(set)
    for row in rows:
        for kind, key, *_change in traces[row.pk].get("changed", ()):
            wanted[kind].add(key)
    return {
        kind: {
            found.pk: found
            for found in (Child if kind == "child" else KINDS[kind])
            .objects.select_for_update(of=("self",))
            .filter(pk__in=keys)
        }
        for kind, keys in wanted.items()
    }


def _delete_added(
    rows: list[RegisterImportRow], traces: dict[int, Any], marks: dict[str, int], left: dict[int, list[str]]
) -> set[tuple[int, str]]:
    """Delete guardians, payees and so on that the import gave to known children; returns (row, kind) that were kept."""
    stuck: set[tuple[int, str]] = set()
    for kind, model in FAMILY.items():
        added = {key: row for row in rows for k, key in traces[row.pk].get("added", ()) if k == kind}
        later = model.pgh_event_model.objects.filter(
            pgh_obj_id__in=added, pgh_id__gt=marks.get(model._meta.label, 0)
        )
        edited = set(later.values_list("pgh_obj_id", flat=True))
        for key in edited:
            left[added[key].pk].append(kind)
            stuck.add((added[key].pk, kind))
        free = [key for key in added if key not in edited]
        for key in _delete_family(model, free):
            left[added[key].pk].append(kind)
            stuck.add((added[key].pk, kind))
    return stuck


def _delete_family(model: Any, keys: list[int]) -> list[int]:
    """Delete rows around known children; returns those that something else refers to."""
    if not keys:
        return []
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            model._base_manager.filter(pk__in=keys)._raw_delete(connection.alias)
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    except IntegrityError:
        if len(keys) == 1:
            return keys
        half = len(keys) // 2
        return _delete_family(model, keys[:half]) + _delete_family(model, keys[half:])
    return []


def _text(value: Any) -> str:
    return "" if value is None else value.isoformat() if isinstance(value, dt.date) else str(value)


def _value(found: Any, name: str, text: str) -> Any:
    """The text of a trace as the field's value."""
    field = (
        found._meta.get_field(name.removesuffix("_id"))
        if name.endswith("_id")
        else found._meta.get_field(name)
    )
    if not text:
        return None if field.null else ""
    return int(text) if field.is_relation else field.to_python(text)
