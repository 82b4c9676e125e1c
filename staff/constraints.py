"""A foreign key over several columns, as part of a model's ``Meta.constraints``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.ddl_references import Statement, Table
from django.db.models.constraints import BaseConstraint


class CopiedColumns(BaseConstraint):
    """Columns copied from the row that ``columns[0]`` refers to stay equal to it, whoever writes and however.

    ``columns`` here and ``to_columns`` in ``to_table`` are column names in the same order; the latter need a
    unique constraint. A foreign key and not a trigger: it is checked with the rights of the tables' owner, so
    row policies of the writer cannot hide the referred row, and no session setting turns it off.
    """

    def __init__(
        self, *, name: str, columns: Sequence[str], to_table: str, to_columns: Sequence[str]
    ) -> None:
        super().__init__(name=name)
        self.columns, self.to_table, self.to_columns = tuple(columns), to_table, tuple(to_columns)

    def deconstruct(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        path, _args, kwargs = super().deconstruct()
        return (
            path,
            (),
            kwargs | {"columns": self.columns, "to_table": self.to_table, "to_columns": self.to_columns},
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CopiedColumns) and self.deconstruct() == other.deconstruct()

    def __hash__(self) -> int:
        return hash(self.name)

    def _statement(
        self, sql: str, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor
    ) -> Statement:
        table = Table(model._meta.db_table, schema_editor.quote_name)
        return Statement(f"ALTER TABLE %(table)s {sql}", table=table)

    def constraint_sql(self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor) -> None:  # type: ignore[override]
        """Called while the table is created: the key follows once both tables exist."""
        schema_editor.deferred_sql.append(self.create_sql(model, schema_editor))

    def create_sql(self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor) -> Statement:  # type: ignore[override]
        here, there = ", ".join(self.columns), ", ".join(self.to_columns)
        sql = f"ADD CONSTRAINT {self.name} FOREIGN KEY ({here}) REFERENCES {self.to_table} ({there})"
        return self._statement(sql, model, schema_editor)

    def remove_sql(self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor) -> Statement:  # type: ignore[override]
        return self._statement(f"DROP CONSTRAINT {self.name}", model, schema_editor)

    def validate(self, *args: Any, **kwargs: Any) -> None:
        """The database decides; there is nothing to validate on an instance."""
