"""The one way in which rows change their ``region_code``: they follow a child, or a division that has a successor.

A row's region is who sees it. When a child's file goes to another village, everything that hangs on the child goes
with it, its history and what is restricted to named people included, while what was paid stays with who paid.
Models say so themselves:

``follows_child``: ``always``; ``county`` (to another village of the same county only: what the county decided and
pays); ``never``. Default: ``always`` for a model with a ``child_id`` and the lens *cases*. Pairs (SQL condition,
mode) where rows of one table differ. ``child_column`` names the column when it is not ``child_id``.
``follows_region``: whether rows go along when their division is merged or moved; default: if they follow a child.

The application may not change history, nor see what is restricted to others, so two functions in the database do it,
with the rights of the tables' owner (:func:`install_carrying`). They take no destination: rows go where the child is
now, or where the closed division's successor is, and nowhere else.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from django.apps import apps
from django.db import connection, connections, models
from psycopg2 import sql

from staff.audit import TRACKED, ScopedEvent
from staff.policies import Duty, RestrictedRows, RowScope
from staff.scope import current, open_scope

ALWAYS, COUNTY, NEVER = "always", "county", "never"
MODES = (ALWAYS, COUNTY, NEVER)
CHILD = "cases.Child"
FUNCTIONS = ("staff_carry_child(bigint[])", "staff_carry_region(bigint, bigint)")


@dataclass(frozen=True)
class Follower:
    """A table, or those of its rows that meet ``condition``. ``child`` is the column with the child, empty without one."""

    label: str
    table: str
    child: str
    mode: str
    condition: str = ""
    follows_region: bool = True


def child_column(model: type[models.Model]) -> str:
    """The column of a model that says which child a row belongs to; empty when there is none."""
    if model._meta.label == CHILD:
        return "id"
    given: str = getattr(model, "child_column", "")
    return given or ("child_id" if "child_id" in _columns(model) else "")


def behaviour(model: type[models.Model]) -> tuple[tuple[str, str], ...]:
    """Pairs (SQL condition on the row, mode); one pair with an empty condition when all rows do the same."""
    given = getattr(model, "follows_child", None)
    if given is None:
        lenses = {lens for rule in _scopes(model) for lens in rule.lenses}
        given = ALWAYS if child_column(model) and "cases" in lenses else NEVER
    return (("", given),) if isinstance(given, str) else tuple(given)


def _columns(model: type[models.Model]) -> set[str]:
    return {str(field.column) for field in model._meta.concrete_fields}


def _scopes(model: type[models.Model]) -> list[RowScope]:
    return [
        rule
        for rule in model._meta.constraints
        if isinstance(rule, RowScope) and not isinstance(rule, RestrictedRows | Duty)
    ]


def regional_models() -> list[type[models.Model]]:
    """Every model with a ``region_code``, without the event tables, by label."""
    found = [
        model
        for model in apps.get_models()
        if model._meta.managed and not model._meta.proxy and not issubclass(model, ScopedEvent)
        and "region_code" in _columns(model)
    ]  # fmt: skip
    return sorted(found, key=lambda model: model._meta.label)


def followers() -> list[Follower]:
    """What goes along, live tables first: changing them adds to their history, which then follows as a whole."""
    live: list[Follower] = []
    past: list[Follower] = []
    for model in regional_models():
        region = getattr(model, "follows_region", None)
        for condition, mode in behaviour(model):
            along = mode != NEVER if region is None else region
            if mode == NEVER and not along:
                continue
            one = Follower(
                model._meta.label_lower, model._meta.db_table, child_column(model), mode, condition, along
            )
            if model._meta.label != CHILD:
                live.append(one)
            if model in TRACKED:
                event = model.pgh_event_model._meta.db_table  # type: ignore[attr-defined]
                column = "pgh_obj_id" if model._meta.label == CHILD else one.child
                past.append(replace(one, label=f"{one.label} history", table=event, child=column))
    return [*live, *past]


# --- Moving ---------------------------------------------------------------------------------------------


def move_child(child: Any, to_region_id: int) -> dict[str, int]:
    """Move a child's file to another village with all that follows it. Returns rows moved by model label.

    The acting person stays in the history but sees for this moment both villages: whoever receives a file did not
    see it before. Files that were merged into this one go along. Call it in the transaction of the decision.
    """
    model: Any = type(child)
    here = (child.region_id, child.region_id)
    there = (to_region_id, to_region_id)
    active = current()
    both = replace(active, ranges=(*active.ranges, here, there), shared=active.shared | {child.pk})
    with open_scope(both):
        ids = _with_merged(model, child.pk)
        _move_household(model, child, ids, to_region_id)
        count = model.objects.filter(pk__in=ids).update(region_id=to_region_id)
        if count != len(ids):
            raise RuntimeError(f"{len(ids)} files should move, {count} did")
        moved = {model._meta.label_lower: count} | carry(ids)
    child.region_id = to_region_id
    return moved


def carry(ids: Iterable[int]) -> dict[str, int]:
    """Make everything follow the present regions of these children; rows by model label. Safe to repeat."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT staff_carry_child(%s::bigint[])", [list(ids)])
        return _counts(cursor.fetchone()[0])


def carry_region(old: int, new: int) -> dict[str, int]:
    """Make everything of a closed division follow to its successor, which must be on record; rows by model label."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT staff_carry_region(%s, %s)", [old, new])
        return _counts(cursor.fetchone()[0])


def _counts(found: Any) -> dict[str, int]:
    """Without tables that hold restricted rows: a number alone would tell that there is one."""
    rows: dict[str, int] = found if isinstance(found, dict) else json.loads(found)
    hidden = {
        model._meta.label_lower
        for model in regional_models()
        if any(isinstance(rule, RestrictedRows) for rule in model._meta.constraints)
    }
    return {label: count for label, count in rows.items() if label.split()[0] not in hidden}


def _with_merged(model: Any, pk: int) -> list[int]:
    """The file and those that were merged into it, in the same village."""
    found, latest = [pk], [pk]
    while latest:
        latest = list(
            model.objects.filter(merged_into__in=latest).order_by("pk").values_list("pk", flat=True)
        )
        found += latest
    return found


def _move_household(model: Any, child: Any, ids: list[int], to_region_id: int) -> None:
    """The household goes along; when other children of it stay, the mover gets a copy."""
    household = child.household
    if household is None or household.region_id == to_region_id:
        return
    if model.objects.filter(household=household).exclude(pk__in=ids).exists():
        household.pk = None
        household._state.adding = True
        household.region_id = to_region_id
        household.save(force_insert=True)
        child.household = household
        model.objects.filter(pk__in=ids).update(household=household)
        return
    household.region_id = to_region_id
    household.save(update_fields=["region"])


# --- The functions in the database ----------------------------------------------------------------------

_ACTS = """
    IF nullif(current_setting('app.user', true), '') IS NULL OR current_setting('app.readonly', true) = 'on' THEN
        RAISE EXCEPTION 'rows are carried only where somebody acts who may write' USING ERRCODE = 'insufficient_privilege';
    END IF;"""
_COUNT = """
    GET DIAGNOSTICS n = ROW_COUNT;
    IF n > 0 THEN moved := jsonb_set(moved, ARRAY['{label}'], to_jsonb(n + coalesce((moved ->> '{label}')::bigint, 0))); END IF;"""
_FUNCTION = """CREATE OR REPLACE FUNCTION {signature} RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $carry$
DECLARE moved jsonb := '{{}}'; n bigint;
BEGIN{body}
    RETURN moved;
END $carry$"""


def _child_body() -> Iterator[str]:
    yield _ACTS
    for one in followers():
        if one.mode == NEVER or not one.child:
            continue
        also = f" AND ({one.condition})" if one.condition else ""
        if one.mode == COUNTY:
            also += " AND r.region_code / 1000000 = c.region_code / 1000000"
        # Names of our own tables and columns.
        yield (
            f"\n    UPDATE {one.table} r SET region_code = c.region_code FROM cases_child c"  # noqa: S608
            f" WHERE c.id = ANY (children) AND r.{one.child} = c.id AND r.region_code <> c.region_code{also};"
        )
        yield _COUNT.format(label=one.label)
    # A household's history goes where the household is.
    yield (
        "\n    UPDATE cases_householdevent r SET region_code = h.region_code FROM cases_child c"
        " JOIN cases_household h ON h.id = c.household_id"
        " WHERE c.id = ANY (children) AND r.pgh_obj_id = h.id AND r.region_code <> h.region_code;"
    )
    yield _COUNT.format(label="cases.household history")


def _region_body() -> Iterator[str]:
    yield _ACTS
    yield """
    IF NOT EXISTS (SELECT FROM staff_region WHERE code = old AND successor_id = new AND valid_to IS NOT NULL) THEN
        RAISE EXCEPTION 'division % has not been succeeded by %', old, new USING ERRCODE = 'insufficient_privilege';
    END IF;
    UPDATE cases_child SET
        region_code = CASE region_code WHEN old THEN new ELSE region_code END,
        household_region_id = CASE household_region_id WHEN old THEN new ELSE household_region_id END,
        residence_region_id = CASE residence_region_id WHEN old THEN new ELSE residence_region_id END
    WHERE old IN (region_code, household_region_id, residence_region_id);"""
    yield _COUNT.format(label=CHILD.lower())
    for one in followers():
        if not one.follows_region:
            continue
        also = f" AND ({one.condition})" if one.condition else ""
        if one.mode == COUNTY:
            also += " AND old / 1000000 = new / 1000000"
        yield f"\n    UPDATE {one.table} r SET region_code = new WHERE r.region_code = old{also};"  # noqa: S608
        yield _COUNT.format(label=one.label)


def definitions() -> list[str]:
    """The SQL of both functions, made from what the models declare."""
    return [
        _FUNCTION.format(signature="staff_carry_child(children bigint[])", body="".join(_child_body())),
        _FUNCTION.format(
            signature="staff_carry_region(old bigint, new bigint)", body="".join(_region_body())
        ),
    ]


def install_carrying(role: str, using: str = "owner") -> None:
    """(Re)create both functions as the owner of the tables, for the application role alone. After every migrate.

    An owner that is bound by row policies like everybody else gets policies of its own, also past the restrictive
    ones: the application can never be that role.
    """
    tables = sorted(
        {one.table for one in followers()} | {"cases_child", "cases_household", "cases_householdevent"}
    )
    with connections[using].cursor() as cursor:
        for definition in definitions():
            cursor.execute(definition)
        for function in FUNCTIONS:
            cursor.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
            cursor.execute(
                sql.SQL("GRANT EXECUTE ON FUNCTION " + function + " TO {}").format(sql.Identifier(role))
            )
        for table in tables:
            for act, check in (("SELECT", ""), ("UPDATE", " WITH CHECK (true)")):
                name = f"carry_{act.lower()}"
                cursor.execute(f"DROP POLICY IF EXISTS {name} ON {table}")
                cursor.execute(
                    f"CREATE POLICY {name} ON {table} FOR {act} TO CURRENT_USER USING (true){check}"
                )
        for model in apps.get_models():
            for rule in model._meta.constraints:
                # Nothing is added or deleted on the way.
                if isinstance(rule, RestrictedRows) or (isinstance(rule, Duty) and rule.act == "UPDATE"):
                    cursor.execute("SELECT quote_literal(current_user)")
                    owner = cursor.fetchone()[0]
                    cursor.execute(
                        f"ALTER POLICY {rule.name} ON {model._meta.db_table} "
                        f"USING ({rule.predicate()} OR current_user = {owner})"
                    )
