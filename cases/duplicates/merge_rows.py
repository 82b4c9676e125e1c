"""The rows that hang on a child, moved from one file to another and back. Where they lie is :mod:`staff.moving`'s.

Generic over the models with a foreign key ``child``: an app whose rows must stay with the file they were made for
says so with :func:`keeps_to_its_file`. A row that would break a rule of the database on the kept file (a second open
payee, the same attribute twice) is ended where ending it is true, else it stays where it is, and both are recorded.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any

from django.apps import apps
from django.db import IntegrityError, models, transaction
from django.db.models import CharField, Count, Q, Value
from guardian.models import UserObjectPermission

from cases.models import Child, NotSameChild
from staff.audit import ScopedEvent
from staff.policies import RestrictedRows
from staff.scope import Scope, current, open_scope
from staff.workflow import Actor

# The days before the merge stay as they were counted, whoever left the register once has left it once, and a note is
# between two people.
_STAYS: set[str] = {"cases.CategoryPeriod", "cases.Leaving", "cases.Note"}
APART = frozenset({"cases.Child", "cases.ChildMerge", "cases.NotSameChild"})
Values = dict[str, Any]


def keeps_to_its_file(label: str) -> None:
    """Declare that rows of a model stay with the file they were written for, such as money that was paid."""
    _STAYS.add(label)


def linked_models() -> list[type[models.Model]]:
    """Every model with a foreign key ``child``, but the histories and what is told apart in APART."""
    found = []
    for model in apps.get_models():
        if issubclass(model, ScopedEvent) or model._meta.label in APART or not model._meta.managed:
            continue
        if any(f.name == "child" and f.related_model is Child for f in model._meta.fields):
            found.append(model)
    return sorted(found, key=lambda model: model._meta.label)


def moving_models() -> list[type[models.Model]]:
    return [model for model in linked_models() if model._meta.label not in _STAYS]


@dataclass(frozen=True)
class Context:
    """The merge under way: ``day`` is that of ``at``."""

    kept: Child
    merged: Child
    day: dt.date
    at: dt.datetime
    actor: Actor
    reason: str


@dataclass
class Moved:
    """What was done, as JSON keeps it: ``plain`` (label → ids), ``changed`` (label, id, former and latter values),
    ``stayed`` (label → ids)."""

    plain: dict[str, list[Any]] = field(default_factory=dict)
    changed: list[list[Any]] = field(default_factory=list)
    stayed: dict[str, list[Any]] = field(default_factory=dict)

    def change(self, row: models.Model, values: Values) -> None:
        """Write other columns of a row and remember what stood there."""
        former = {name: getattr(row, name) for name in values}
        type(row)._base_manager.filter(pk=row.pk).update(**values)
        self.changed.append([row._meta.label, row.pk, former, values])


# --- Where two rows cannot stand on one file ---------------------------------------------------------------

Settle = Callable[[Any, Context], tuple[Values, bool]]  # what to write on the row, and whether it moves then


def _end(row: Any, context: Context) -> tuple[Values, bool]:
    return {"end_date": max(row.start_date, context.day)}, True


def _end_care(row: Any, context: Context) -> tuple[Values, bool]:
    return {"end_date": max(row.start_date, context.day), "end_reason": "other"}, True


def _void(row: Any, context: Context) -> tuple[Values, bool]:
    return {"state": "void"}, True


def _close(row: Any, context: Context) -> tuple[Values, bool]:
    if row.state not in ("to_check", "verified") or not context.actor.user_id:
        return {}, False
    decided = {"decided_by_id": context.actor.user_id, "decided_at": context.at, "reason": context.reason}
    return {"state": "untrue", **decided}, False


# The rest stays with the merged file: the kept one says the same thing already.
_TOLD: dict[str, Callable[[Any, Context, Moved], None]] = {}


def on_stay(
    label: str,
) -> Callable[[Callable[[Any, Context, Moved], None]], Callable[[Any, Context, Moved], None]]:
    """Register what another app writes when a row of a model stays behind; through ``moved.change``, so that it is undone."""

    def register(told: Callable[[Any, Context, Moved], None]) -> Callable[[Any, Context, Moved], None]:
        _TOLD[label] = told
        return told

    return register


SETTLE: dict[str, Settle] = {
    "cases.Payee": _end,
    "cases.EntrustedCare": _end_care,
    "cases.Defect": _void,
    "cases.Discrepancy": _close,
}


# --- There ---------------------------------------------------------------------------------------------------


def move_rows(context: Context) -> Moved:
    """Hang everything of the merged file on the kept one, inside the open scope, but what is restricted."""
    moved = Moved()
    for model in moving_models():
        rows = model._base_manager.filter(child=context.merged).order_by("pk")
        if flag := _flag(model):
            rows = rows.filter(**{flag: False})
        ids = list(rows.values_list("pk", flat=True))
        if ids and not _written(model, ids, context):
            ids = [pk for pk in ids if _moved_alone(model, pk, context, moved)]
        if ids:
            moved.plain[model._meta.label] = ids
    _follow_merges(context, moved)
    _follow_partings(context, moved)
    return moved


def move_restricted(context: Context) -> dict[str, list[Any]]:
    """Hang the rows on the kept file that only named people see; label → ids, for undoing and for nobody's eyes.

    Whether they go along must not depend on who merges: they would stay behind with a file that nobody opens, and
    no transfer would hand them on.
    """
    plain: dict[str, list[Any]] = {}
    with seeing_restricted():
        for model in moving_models():
            if flag := _flag(model):
                rows = model._base_manager.filter(child=context.merged, **{flag: True}).order_by("pk")
                ids = list(rows.values_list("pk", flat=True))
                if ids and _written(model, ids, context):
                    plain[model._meta.label] = ids
    return plain


def seeing_restricted() -> AbstractContextManager[Scope]:
    """The open scope, for this moment named on every restricted case."""
    rows = UserObjectPermission.objects.filter(permission__codename="view_restricted_case")
    every = frozenset(int(pk) for pk in rows.values_list("object_pk", flat=True))
    return open_scope(replace(current(), named=current().named | every))


def _flag(model: type[models.Model]) -> str:
    """The column that says whether a row is for named people alone; empty where none is."""
    rules = [rule for rule in model._meta.constraints if isinstance(rule, RestrictedRows)]
    return rules[0].flag if rules else ""


def _written(model: type[models.Model], ids: list[Any], context: Context) -> bool:
    """All at once; False where the database refuses one of them, and then none is moved."""
    try:
        with transaction.atomic():
            model._base_manager.filter(pk__in=ids).update(child_id=context.kept.pk)
    except IntegrityError:
        return False
    return True


def _moved_alone(model: type[models.Model], pk: Any, context: Context, moved: Moved) -> bool:
    if _written(model, [pk], context):
        return True
    row = model._base_manager.get(pk=pk)
    changes, moves = SETTLE.get(model._meta.label, lambda row, context: ({}, False))(row, context)
    if changes:
        moved.change(row, changes)
    if moves and _written(model, [pk], context):
        return True
    moved.stayed.setdefault(model._meta.label, []).append(pk)
    if told := _TOLD.get(model._meta.label):
        told(row, context, moved)
    return False


def _follow_merges(context: Context, moved: Moved) -> None:
    """Files merged into the merged one lead to the kept one from now on."""
    for file in Child._base_manager.filter(merged_into=context.merged).order_by("pk"):
        moved.change(file, {"merged_into_id": context.kept.pk})


def _follow_partings(context: Context, moved: Moved) -> None:
    """Whoever was decided not to be the merged child is not the kept one either."""
    merged, kept = context.merged.pk, context.kept.pk
    for parting in NotSameChild.objects.filter(Q(first_id=merged) | Q(second_id=merged)).order_by("pk"):
        other = parting.second_id if parting.first_id == merged else parting.first_id
        first, second = sorted((kept, other))
        if NotSameChild.objects.filter(first_id=first, second_id=second).exists():
            moved.stayed.setdefault("cases.NotSameChild", []).append(parting.pk)
        else:
            moved.change(parting, {"first_id": first, "second_id": second})


# --- And back ------------------------------------------------------------------------------------------------


def move_back(plain: dict[str, list[Any]], changed: list[list[Any]], kept: Child, merged: Child) -> list[str]:
    """Hang the same rows on the merged file again, with what stood in them; returns the labels of models in which
    something was edited or removed since and is left as it is."""
    left: list[str] = []
    for label, ids in plain.items():
        rows = apps.get_model(label)._base_manager.filter(pk__in=ids, child=kept)
        if rows.update(child_id=merged.pk) != len(ids):
            left.append(label)
    for label, pk, former, latter in reversed(changed):
        model = apps.get_model(label)
        row = model._base_manager.filter(pk=pk).first()
        now = row and {name: read(model, name, value) for name, value in latter.items()}
        if row is None or any(getattr(row, name) != value for name, value in now.items()):
            left.append(label)
            continue
        values = {name: read(model, name, value) for name, value in former.items()}
        model._base_manager.filter(pk=pk).update(**values)
    return left


def read(model: type[models.Model], attname: str, value: Any) -> Any:
    """A value as JSON kept it, as the model's column has it."""
    column: Any = next(f for f in model._meta.concrete_fields if attname in (f.attname, f.name))
    return column.target_field.to_python(value) if column.is_relation else column.to_python(value)


# --- What there is to move -----------------------------------------------------------------------------------


def counts_of(children: tuple[Child, ...]) -> dict[int, dict[str, int]]:
    """Child → label → number of rows that hang on it, in one query."""
    first, *rest = _counts(children)
    found: dict[int, dict[str, int]] = {child.pk: {} for child in children}
    for label, child, number in first.union(*rest, all=True):
        found[child][label] = number
    return found


def _counts(children: tuple[Child, ...]) -> Iterator[models.QuerySet[Any, Any]]:
    for model in moving_models():
        yield (
            model._base_manager.filter(child__in=children)
            .order_by()
            .values(label=Value(model._meta.label, CharField()), whose=models.F("child_id"))
            .annotate(number=Count("pk"))
            .values_list("label", "whose", "number")
        )
