"""Row-Level Security as part of a model: ``Meta.constraints = [RowScope(...)]``.

A policy is a constraint like any other, so ``makemigrations`` emits it and a migration can alter or drop it.
The expressions read transaction-local settings that :mod:`staff.scope` opens. A missing or empty setting
yields NULL and therefore no row: the policy fails closed.

A lens's setting holds the *complement* of its ranges as one multirange, read once per query through a sub-select. The
planner takes ``NOT (… <@ …)`` for nearly always true, so the plan follows the explicit range that querysets add: the
policy is the net, the filter is the plan. ``bench/scope.py`` measures it against the same queries without policies.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.ddl_references import Statement, Table
from django.db.models.constraints import BaseConstraint

IDS = "((SELECT coalesce(nullif(current_setting('app.{setting}', true), ''), '{{}}'))::bigint[])"
NUMBER = "nullif(current_setting('app.{setting}', true), '')::bigint"
OUTSIDE = (
    "(SELECT coalesce(nullif(current_setting('app.{lens}_outside', true), ''), '{{(,)}}')::int8multirange)"
)
ACTING = "nullif(current_setting('app.user', true), '') IS NOT NULL"
WRITABLE = "current_setting('app.readonly', true) IS DISTINCT FROM 'on'"


def envelope(lens: str, column: str = "region_code") -> str:
    """SQL that is true for rows whose ``column`` lies in the lens's ranges."""
    return f"NOT ({column} <@ {OUTSIDE.format(lens=lens)})"


class RowScope(BaseConstraint):
    """Who may see and write a row.

    ``lenses``: a row in the region range of any of them is visible. ``ids``: pairs (column, setting) of id lists,
    e.g. ``("child_id", "shared")``. ``numbers``: pairs (column, setting) of single values, e.g. ``("user_id", "user")``.
    ``append_only``: rows may be added by anyone with a scope but never changed; reading follows the policy. With
    ``write_lenses`` too only holders of these add rows, in their ranges.
    ``unplaced``: holders of this lens also see rows without a region. ``readers_write``: roles that only read may write here.
    ``when``: pairs (SQL condition on the row, lens) for rows of one kind alone.
    ``read_ids``: like ``ids``, for reading alone.
    ``further``: pairs (column, lens) of further region columns, such as the region that a file is to go to.
    ``write_lenses``: only holders of these may write, in their ranges. ``everyone``: whoever acts may read every row.
    """

    def __init__(
        self,
        *,
        name: str,
        lenses: Iterable[str] = (),
        column: str = "region_code",
        ids: Iterable[tuple[str, str]] = (),
        numbers: Iterable[tuple[str, str]] = (),
        texts: Iterable[tuple[str, str]] = (),
        append_only: bool = False,
        unplaced: str = "",
        readers_write: bool = False,
        when: Iterable[tuple[str, str]] = (),
        write_lenses: Iterable[str] = (),
        everyone: bool = False,
        read_ids: Iterable[tuple[str, str]] = (),
        further: Iterable[tuple[str, str]] = (),
    ) -> None:
        super().__init__(name=name)
        self.lenses, self.column = tuple(lenses), column
        self.ids, self.numbers, self.texts = (
            tuple(map(tuple, ids)),
            tuple(map(tuple, numbers)),
            tuple(map(tuple, texts)),
        )
        self.append_only, self.unplaced, self.readers_write = append_only, unplaced, readers_write
        self.when, self.write_lenses, self.everyone = tuple(map(tuple, when)), tuple(write_lenses), everyone
        self.read_ids, self.further = tuple(map(tuple, read_ids)), tuple(map(tuple, further))

    def deconstruct(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        path, args, kwargs = super().deconstruct()
        args = tuple(args)
        for key in ("lenses", "ids", "numbers", "texts", "when", "write_lenses", "read_ids", "further"):
            if value := getattr(self, key):
                kwargs[key] = value
        if self.column != "region_code":
            kwargs["column"] = self.column
        for key in ("append_only", "unplaced", "readers_write", "everyone"):
            if value := getattr(self, key):
                kwargs[key] = value
        return path, args, kwargs

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RowScope) and self.deconstruct() == other.deconstruct()

    def __hash__(self) -> int:
        return hash(self.name)

    def predicate(self, *, writing: bool = False) -> str:
        """The boolean SQL of the policy, for reading a row or for the row that is written."""
        arms = [envelope(lens, self.column) for lens in self.lenses]
        arms += [f"({condition} AND {envelope(lens, self.column)})" for condition, lens in self.when]
        arms += [envelope(lens, column) for column, lens in self.further]
        ids = self.ids if writing else (*self.ids, *self.read_ids)
        arms += [f"{column} = ANY ({IDS.format(setting=setting)})" for column, setting in ids]
        arms += [f"{column} = {NUMBER.format(setting=setting)}" for column, setting in self.numbers]
        arms += [
            f"{column} = nullif(current_setting('app.{setting}', true), '')" for column, setting in self.texts
        ]
        if self.unplaced:
            held = f"nullif(current_setting('app.{self.unplaced}_outside', true), '') IS NOT NULL"
            arms.append(f"({self.column} IS NULL AND {held})")
        if self.everyone:
            arms.append(ACTING)
        return "(" + " OR ".join(arms) + ")"

    def statements(self, table: str) -> list[str]:
        predicate = self.predicate()
        head = [
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
            f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        ]
        writes = " OR ".join(envelope(lens, self.column) for lens in self.write_lenses)
        if self.append_only:
            adds = f"({writes}) AND {WRITABLE}" if writes else ACTING
            return [
                *head,
                f"CREATE POLICY {self.name} ON {table} FOR SELECT USING {predicate}",
                f"CREATE POLICY {self.name}_add ON {table} FOR INSERT WITH CHECK ({adds})",
            ]
        if self.write_lenses:
            return [
                *head,
                f"CREATE POLICY {self.name} ON {table} FOR SELECT USING {predicate}",
                f"CREATE POLICY {self.name}_write ON {table} USING ({writes}) WITH CHECK (({writes}) AND {WRITABLE})",
            ]
        written = self.predicate(writing=True)
        check = written if self.readers_write else f"({written} AND {WRITABLE})"
        return [*head, f"CREATE POLICY {self.name} ON {table} USING {predicate} WITH CHECK {check}"]

    def constraint_sql(self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor) -> None:  # type: ignore[override]
        """Called while the table is created: the policy follows once the table exists."""
        schema_editor.deferred_sql.extend(self._deferred(model, schema_editor))

    def create_sql(self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor) -> Statement:  # type: ignore[override]
        *first, last = self._deferred(model, schema_editor)
        for statement in first:
            schema_editor.execute(statement, params=None)
        return last

    def remove_sql(self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor) -> Statement:  # type: ignore[override]
        table = schema_editor.quote_name(model._meta.db_table)
        if self.append_only:
            schema_editor.execute(f"DROP POLICY {self.name}_add ON {table}", params=None)
        elif self.write_lenses:
            schema_editor.execute(f"DROP POLICY {self.name}_write ON {table}")
        return self._statement(f"DROP POLICY {self.name} ON {table}", model, schema_editor)

    def validate(self, *args: Any, **kwargs: Any) -> None:
        """The database decides; there is nothing to validate on an instance."""

    def _deferred(
        self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor
    ) -> list[Statement]:
        table = schema_editor.quote_name(model._meta.db_table)
        return [self._statement(sql, model, schema_editor) for sql in self.statements(table)]

    @staticmethod
    def _statement(sql: str, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor) -> Statement:
        table = Table(model._meta.db_table, schema_editor.quote_name)
        return Statement(sql.replace("%", "%%") + "%(table)s", table=_Silent(table))


class _Silent(Table):
    """A table reference that renders as nothing: it only ties a statement to its table, so that dropping the table drops it."""

    def __init__(self, table: Table) -> None:
        super().__init__(table.table, table.quote_name)

    def __str__(self) -> str:
        return ""


class RestrictedRows(RowScope):
    """A second, narrower policy: where ``flag`` is true only people whose ``setting`` lists the row's ``column`` see it.

    ``reading``: for tables that only grow; what triggers and services add is not held back. ``besides``: pairs (column,
    setting) of single values, such as the post that was asked to help."""

    def __init__(
        self,
        *,
        name: str,
        flag: str,
        column: str,
        setting: str,
        reading: bool = False,
        besides: Iterable[tuple[str, str]] = (),
    ) -> None:
        super().__init__(name=name, column=column)
        self.flag, self.setting, self.reading = flag, setting, reading
        self.besides = tuple(map(tuple, besides))

    def deconstruct(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        path, args, _ = super().deconstruct()
        kwargs: dict[str, Any] = {
            "name": self.name,
            "flag": self.flag,
            "column": self.column,
            "setting": self.setting,
        }
        kwargs |= {"besides": self.besides} if self.besides else {}
        return path, args, kwargs | ({"reading": True} if self.reading else {})

    def predicate(self, *, writing: bool = False) -> str:
        arms = [f"{self.flag} IS FALSE", f"{self.column} = ANY ({IDS.format(setting=self.setting)})"]
        arms += [f"{column} = {NUMBER.format(setting=setting)}" for column, setting in self.besides]
        return "(" + " OR ".join(arms) + ")"

    def statements(self, table: str) -> list[str]:
        act = " FOR SELECT" if self.reading else ""
        return [f"CREATE POLICY {self.name} ON {table} AS RESTRICTIVE{act} USING {self.predicate()}"]


class Duty(RowScope):
    """A restrictive policy: only these ``roles`` carry out ``act`` (INSERT, UPDATE or DELETE) on the table's rows, and the
    system itself (user 0). Which rows they reach, the table's RowScope says."""

    def __init__(self, *, name: str, act: str, roles: Iterable[str]) -> None:
        super().__init__(name=name)
        self.act, self.roles = act, tuple(roles)

    def deconstruct(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        path, args, _ = super().deconstruct()
        return path, args, {"name": self.name, "act": self.act, "roles": self.roles}

    def predicate(self, *, writing: bool = False) -> str:
        roles = ", ".join(f"'{role}'" for role in self.roles)
        return f"(current_setting('app.user', true) = '0' OR current_setting('app.role', true) IN ({roles}))"

    def statements(self, table: str) -> list[str]:
        rows = "WITH CHECK" if self.act == "INSERT" else "USING"
        return [
            f"CREATE POLICY {self.name} ON {table} AS RESTRICTIVE FOR {self.act} {rows} {self.predicate()}"
        ]


def duties(table: str, *roles: str) -> list[Duty]:
    """Only these roles add, change or remove rows of ``table``."""
    acts = {"add": "INSERT", "change": "UPDATE", "remove": "DELETE"}
    return [Duty(name=f"{table}_{word}", act=act, roles=roles) for word, act in acts.items()]


def install_deletion(cursor: Any) -> None:
    """Who may only read deletes nothing either: a row policy checks deletions like reading. After every migrate.

    A rule beside the policies, so that databases of any age get it; tables in which readers write are left out.
    """
    from django.apps import apps

    for model in apps.get_models():
        scopes = [
            rule
            for rule in model._meta.constraints
            if isinstance(rule, RowScope) and not isinstance(rule, RestrictedRows | Duty)
        ]
        if scopes and not any(rule.append_only or rule.readers_write for rule in scopes):
            table = f'"{model._meta.db_table}"'
            cursor.execute(f"DROP POLICY IF EXISTS readers_delete_nothing ON {table}")
            cursor.execute(
                f"CREATE POLICY readers_delete_nothing ON {table} AS RESTRICTIVE FOR DELETE USING ({WRITABLE})"
            )


def append_only_tables() -> list[str]:
    """Tables that the application role may read and add to, never change."""
    from django.apps import apps

    return sorted(
        model._meta.db_table
        for model in apps.get_models()
        for constraint in model._meta.constraints
        if isinstance(constraint, RowScope) and constraint.append_only
    )
