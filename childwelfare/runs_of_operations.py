"""Migrations in a fraction of the time.

Django renders a changed model and all its neighbours anew after every operation. In a run of operations that only create
tables, only add to tables, only alter fields (each once) or only take constraints, indexes and triggers away, none looks at
what the one before has rendered: such a run becomes one operation here, rendered once. The statements and their order stay
the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import Any

from django.db.migrations import (
    AddConstraint,
    AddField,
    AddIndex,
    AlterField,
    CreateModel,
    Migration,
    RemoveConstraint,
    RemoveIndex,
)
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from pgtrigger.migrations import AddTrigger, RemoveTrigger

# By the type itself: a subclass may look at more.
KINDS: dict[type[Operation], str] = {
    CreateModel: "create",
    AddField: "add",
    AddIndex: "add",
    AddConstraint: "add",
    AddTrigger: "add",
    AlterField: "alter",
    RemoveIndex: "remove",
    RemoveConstraint: "remove",
    RemoveTrigger: "remove",
}


class Run(Operation):
    """Operations one after the other, between two states that are rendered once."""

    def __init__(self, operations: list[Operation]) -> None:
        self.operations = operations

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        state.__dict__.pop("apps", None)  # what is rendered; it is again when somebody asks for it
        for operation in self.operations:
            operation.state_forwards(app_label, state)

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        for operation in self.operations:
            operation.database_forwards(app_label, schema_editor, from_state, to_state)


def in_runs(operations: Sequence[Operation]) -> list[Operation]:
    """The same operations in the same order, neighbours of one kind as one."""
    found: list[Operation] = []
    for kind, neighbours in groupby(operations, lambda operation: KINDS.get(type(operation))):
        same = list(neighbours)
        apart = kind and len(same) > 1 and not any_field_twice(same)
        found += [Run(same)] if apart else same
    return found


def any_field_twice(operations: Sequence[Operation]) -> bool:
    """Whether a field is altered that one before has altered, whose work is to be seen by then."""
    altered = [(one.model_name, one.name) for one in operations if isinstance(one, AlterField)]
    return len(set(altered)) < len(altered)


@contextmanager
def rendered_once() -> Iterator[None]:
    """Inside, migrations are applied in runs."""
    apply = Migration.apply

    def apply_in_runs(self: Migration, *args: Any, **kwargs: Any) -> ProjectState:
        self.operations = in_runs(self.operations)  # type: ignore[misc]  # it is the instance's own list
        return apply(self, *args, **kwargs)

    Migration.apply = apply_in_runs  # type: ignore[method-assign]
    try:
        yield
    finally:
        Migration.apply = apply  # type: ignore[method-assign]
