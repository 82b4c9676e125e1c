"""A first migration in about half the time.

Django renders a changed model and all its neighbours anew after every operation, also for an index, a
constraint or a trigger, which change nothing that later operations of a new table look at. On an empty
database, where everything is an addition, that rendering is left out; on one in use nothing is touched.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db.migrations.state import ProjectState
from pgtrigger.migrations import AddTrigger


def _append_option(state: ProjectState, app_label: str, model_name: str, option: str, value: Any) -> None:
    options = state.models[app_label, model_name].options
    options[option] = [*options[option], value]


def _add_trigger(operation: AddTrigger, app_label: str, state: ProjectState) -> None:
    options = state.models[app_label, operation.model_name.lower()].options
    options["triggers"] = [*options.get("triggers", []), operation.trigger]


@contextmanager
def without_rendering_options() -> Iterator[None]:
    """Inside, adding an index, constraint or trigger changes the state of a model but does not render it."""
    append, forwards = ProjectState._append_option, AddTrigger.state_forwards  # type: ignore[attr-defined]
    ProjectState._append_option = _append_option  # type: ignore[attr-defined]
    AddTrigger.state_forwards = _add_trigger  # type: ignore[assignment, method-assign]
    try:
        yield
    finally:
        ProjectState._append_option = append  # type: ignore[attr-defined]
        AddTrigger.state_forwards = forwards  # type: ignore[method-assign]
