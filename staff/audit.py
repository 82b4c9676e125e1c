"""Audit: trigger-written history of every change, and a log of reads, reveals, exports, sign-ins and system scopes.

A model decorated with :func:`tracked` gets an event table that statement-level triggers fill, also for bulk and raw SQL.
Each event takes the acting user, assignment and reason from the open scope's settings, by column default: without a
scope there is no row to change in the first place. Event rows hold full copies, so they follow the model's own lens;
the auditor reads the view ``staff_trail``, which shows who, when, what and why, but no content.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import pghistory
from django.contrib.postgres.indexes import BrinIndex
from django.db import connections, models
from django.db.models.expressions import RawSQL

from staff import scope
from staff.policies import RestrictedRows, RowScope, envelope

M = TypeVar("M", bound=type[models.Model])
TRACKED: list[type[models.Model]] = []


def _setting(name: str, cast: str = "::bigint") -> RawSQL:
    return RawSQL(f"nullif(current_setting('app.{name}', true), ''){cast}", ())  # noqa: S611 - our own names


class ScopedEvent(pghistory.models.Event):  # type: ignore[django-manager-missing]  # untyped base
    """Base of all event models: who, under which assignment, why."""

    pgh_user = models.BigIntegerField(null=True, db_default=_setting("user"))
    pgh_assignment = models.BigIntegerField(null=True, db_default=_setting("assignment"))
    pgh_reason = models.TextField(null=True, db_default=_setting("reason", ""))  # noqa: DJ001 - the database's default

    class Meta:
        abstract = True


def tracked(
    *lenses: str,
    ids: tuple[tuple[str, str], ...] = (),
    exclude: tuple[str, ...] = (),
    named: str = "",
    inserts: bool = True,
    when: tuple[tuple[str, str], ...] = (),
) -> Callable[[M], M]:
    """Class decorator: keep every insert, update and delete of the model, readable through ``lenses``.

    ``named``: column of the restricted case; events of restricted rows are then read by those named on it alone.
    ``inserts`` False: the row itself tells how it began, because nothing of that can be changed.
    ``when``: as RowScope's, for rows that a lens shows only in some states."""

    def decorate(model: M) -> M:
        label = model._meta.db_table
        policies = [
            RowScope(name=f"{label}_event_scope", lenses=lenses, ids=ids, when=when, append_only=True)
        ]
        if named:
            policies.append(
                RestrictedRows(
                    name=f"{label}_event_named",
                    flag="restricted",
                    column=named,
                    setting="named",
                    reading=True,
                )
            )
        pghistory.track(
            *([pghistory.InsertEvent()] if inserts else []),
            pghistory.UpdateEvent(),
            pghistory.DeleteEvent(),
            level=pghistory.Statement,
            base_model=ScopedEvent,
            model_name=f"{model.__name__}Event",
            context_field=None,  # type: ignore[arg-type]
            obj_field=pghistory.ObjForeignKey(
                on_delete=models.DO_NOTHING,
                db_constraint=False,
                db_index=True,
                related_name="events",
                related_query_name="+",
            ),
            exclude=list(exclude) or None,
            meta={
                "constraints": policies,
                "ordering": ["pgh_id"],
                # The trail is read by days; a block-range index costs the writers almost nothing.
                "indexes": [BrinIndex(fields=["pgh_created_at"])],
            },
        )(model)
        TRACKED.append(model)
        return model

    return decorate


def log_access(
    *,
    kind: str,
    child_id: int | None = None,
    region_id: int | None = None,
    subject: str = "",
    subject_id: object = "",
    reason: str = "",
    detail: dict[str, Any] | None = None,
) -> None:
    """Write one line of the access log under the open scope. ``kind`` is an AccessLog.Kind value."""
    from staff.models import AccessLog

    active = scope.current()
    AccessLog.objects.create(
        kind=kind,
        user_id=active.user_id or None,
        assignment_id=active.assignment_id,
        role=active.role,
        region_id=region_id or (active.ranges[0][0] if active.ranges and not active.system else None),
        child_id=child_id,
        subject=subject,
        subject_id=str(subject_id),
        reason=reason,
        detail=detail or {},
    )


def install_trail(using: str = "owner") -> None:
    """(Re)create the view ``staff_trail`` over all event tables. Run as the owner after every migrate.

    The view runs with its owner's rights and filters by the reader's trail lens itself: whoever reads it sees which
    events happened in the regions their trail lens covers, and none of the content.
    """
    parts = []
    with connections[using].cursor() as cursor:
        for model in TRACKED:
            event = model.pgh_event_model  # type: ignore[attr-defined]
            table = event._meta.db_table
            cursor.execute(f"DROP POLICY IF EXISTS trail ON {table}")
            cursor.execute(f"CREATE POLICY trail ON {table} FOR SELECT TO CURRENT_USER USING (true)")
            columns = {f.column for f in event._meta.fields}
            child = (
                "id"
                if model._meta.label == "cases.Child"
                else "child_id"
                if "child_id" in columns
                else "NULL::bigint"
            )
            # Names of our own tables and fields.
            parts.append(
                f"SELECT '{model._meta.label_lower}' AS subject, pgh_obj_id::text AS subject_id, pgh_id AS event_id, "  # noqa: S608
                f"pgh_label AS operation, pgh_created_at AS at, region_code, {child} AS child_id, "
                f"pgh_user AS user_id, pgh_assignment AS assignment_id, pgh_reason AS reason "
                f"FROM {table} WHERE {envelope('trail')}"
            )
        cursor.execute("DROP VIEW IF EXISTS staff_trail")
        cursor.execute("CREATE VIEW staff_trail WITH (security_barrier) AS " + " UNION ALL ".join(parts))
