"""Who sees which row: the active scope of a request, a task or a command.

A scope is opened inside a transaction and lives in transaction-local settings that the policies of
:mod:`staff.policies` read, so that it is safe behind a connection pooler and gone at COMMIT.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeVar

from celery import Task
from django.db import connection, models, transaction
from django.http import HttpRequest, HttpResponse

if TYPE_CHECKING:
    from staff.models import Assignment

Range = tuple[int, int]
LENSES = ("cases", "money", "totals", "trail", "staff")
EVERYWHERE: Range = (0, 999_999_999_999)
SHARES = {"view_shared_child": "shared", "view_limited_child": "limited", "view_restricted_case": "named"}
SETTINGS = (
    "user", "assignment", "post", "role", "readonly", "reason", "token", "shared", "limited", "named",
    *(f"{lens}_outside" for lens in LENSES),
)  # fmt: skip
WRITE = "SELECT " + ", ".join(f"set_config('app.{name}', %s, true)" for name in SETTINGS)

T = TypeVar("T", bound=models.Model)


@dataclass(frozen=True)
class Scope:
    """What one acting person may touch. ``ranges`` are inclusive 12-digit region codes."""

    user_id: int = 0
    assignment_id: int | None = None
    post_id: int | None = None
    role: str = ""
    ranges: tuple[Range, ...] = ()
    lenses: frozenset[str] = frozenset()
    shared: frozenset[int] = frozenset()
    limited: frozenset[int] = frozenset()
    named: frozenset[int] = frozenset()
    readonly: bool = False
    reason: str = ""
    token: str = ""
    system: bool = field(default=False, compare=False)

    def settings(self) -> list[str]:
        """Values for WRITE, in the order of SETTINGS."""
        outside = complement(self.ranges)
        values = {
            "user": str(self.user_id),
            "assignment": str(self.assignment_id or ""),
            "post": str(self.post_id or ""),
            "role": self.role,
            "readonly": "on" if self.readonly else "",
            "reason": self.reason,
            "token": self.token,
            "shared": _array(self.shared),
            "limited": _array(self.limited),
            "named": _array(self.named),
        }
        for lens in LENSES:
            values[f"{lens}_outside"] = outside if lens in self.lenses else ""
        return [values[name] for name in SETTINGS]

    def covers(self, region_id: int) -> bool:
        """Whether the region lies in this scope's ranges."""
        return any(low <= region_id <= high for low, high in self.ranges)


NOBODY = Scope()
_current: ContextVar[Scope | None] = ContextVar("scope", default=None)


def current() -> Scope:
    """The active scope; NOBODY when none is open."""
    return _current.get() or NOBODY


def merge(ranges: Iterable[Range]) -> list[Range]:
    """Sorted, disjoint ranges; neighbours that touch become one."""
    merged: list[Range] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return merged


def complement(ranges: Iterable[Range]) -> str:
    """The codes outside all ranges as a multirange literal; empty text (which shows nothing) when there are no ranges."""
    inside = merge(ranges)
    if not inside:
        return ""
    gaps = [f"[{a[1] + 1},{b[0] - 1}]" for a, b in pairwise(inside)]
    return "{" + ",".join([f"(,{inside[0][0] - 1}]", *gaps, f"[{inside[-1][1] + 1},)"]) + "}"


def _array(ids: Iterable[int]) -> str:
    return "{" + ",".join(map(str, sorted(ids))) + "}"


@contextmanager
def open_scope(new: Scope) -> Iterator[Scope]:
    """Everything inside sees only what ``new`` allows. A released savepoint keeps local settings, so the old ones are put back."""
    outer = _current.get() if connection.in_atomic_block else None
    nested = connection.in_atomic_block
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(WRITE, new.settings())
        token = _current.set(new)
        try:
            yield new
        finally:
            _current.reset(token)
        if nested and not connection.needs_rollback:  # a rollback puts them back by itself
            with connection.cursor() as cursor:
                cursor.execute(WRITE, outer.settings() if outer else [""] * len(SETTINGS))


def assume(scope: Scope) -> None:
    """Replace the open scope in place, once it is known who acts."""
    with connection.cursor() as cursor:
        cursor.execute(WRITE, scope.settings())
    _current.set(scope)


def narrow(**changes: Any) -> None:
    """Replace parts of the open scope in place."""
    assume(replace(current(), **changes))


@contextmanager
def system_scope(
    *, reason: str, ranges: Iterable[Range] = (EVERYWHERE,), lenses: Iterable[str] = LENSES, log: bool = True
) -> Iterator[Scope]:
    """A scope without a person, for commands and scheduled tasks. It is logged with its reason, which must not be empty."""
    if not reason.strip():
        raise ValueError("system_scope needs a reason")
    scope = Scope(user_id=0, ranges=tuple(ranges), lenses=frozenset(lenses), reason=reason, system=True)
    with open_scope(scope):
        if log:
            from staff.audit import log_access

            log_access(kind="system", reason=reason)
        yield scope


def scope_of(assignment: Assignment) -> Scope:
    """The scope that an assignment gives its holder. Two queries: the post's further regions, the shared ids."""
    from guardian.models import UserObjectPermission

    from staff.enums import LENSES as ROLE_LENSES
    from staff.enums import READ_ONLY, Role

    shared: dict[str, set[int]] = {"shared": set(), "limited": set(), "named": set()}
    rows = UserObjectPermission.objects.filter(
        user_id=assignment.user_id, permission__codename__in=SHARES
    ).values_list("permission__codename", "object_pk")
    for codename, pk in rows:
        shared[SHARES[codename]].add(int(pk))
    role = assignment.post.role
    return Scope(
        user_id=assignment.user_id,
        assignment_id=assignment.pk,
        post_id=assignment.post_id,
        role=role,
        ranges=tuple(assignment.post.ranges()),
        lenses=frozenset(ROLE_LENSES[Role(role)]),
        readonly=role in READ_ONLY,
        shared=frozenset(shared["shared"]),
        limited=frozenset(shared["limited"]),
        named=frozenset(shared["named"]),
    )


class ScopedQuerySet(models.QuerySet[T]):
    """Adds ``in_scope()``: the explicit range beside the policy, so that the planner can use the region index."""

    def in_scope(self) -> ScopedQuerySet[T]:
        scope = current()
        ranges = merge(scope.ranges)
        if not ranges or ranges == [EVERYWHERE]:
            return self
        condition = models.Q()
        for low, high in ranges:
            for name in getattr(self.model, "scope_fields", ("region",)):
                condition |= models.Q(**{f"{name}__gte": low, f"{name}__lte": high})
        seen = scope.shared | scope.limited
        if seen and (key := self._child_key()):
            condition |= models.Q(**{f"{key}__in": sorted(seen)})
        return self.filter(condition)

    def _child_key(self) -> str:
        if self.model._meta.label == "cases.Child":
            return "pk"
        return "child" if any(f.name == "child" for f in self.model._meta.fields) else ""


class ScopedManager(models.Manager[T]):
    """Default manager of regional models: every query starts inside the open scope."""

    def __init__(self, queryset: type[ScopedQuerySet[Any]] = ScopedQuerySet) -> None:
        super().__init__()
        self._queryset_class = queryset

    def get_queryset(self) -> ScopedQuerySet[T]:
        return self._queryset_class(self.model, using=self._db).in_scope()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.get_queryset(), name)


class ScopeMiddleware:
    """Opens the scope of the active assignment around the whole response, and owns the transaction.

    Responses that failed roll everything back. A person may act under one assignment at a time: the one kept in the
    session, else the first in force. Without an assignment in force nothing is visible.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        from staff.sessions import account_of, identify

        with open_scope(Scope(user_id=account_of(request))):
            identify(request)
            response = self.get_response(request)
            if getattr(request, "scope_failed", False) or response.status_code >= 500:
                transaction.set_rollback(True)
            return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        request.scope_failed = True  # type: ignore[attr-defined]


class ScopedTask(Task):
    """Celery task that runs under the assignment that queued it, in one transaction; queued on commit.

    ``delay_scoped(…)`` remembers who asked. When that assignment has ended meanwhile, the task is refused.
    """

    abstract = True

    def delay_scoped(self, *args: Any, **kwargs: Any) -> None:
        headers = {"cw_assignment": current().assignment_id}
        transaction.on_commit(lambda: self.apply_async(args, kwargs, headers=headers))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        from staff.sessions import scope_for_assignment

        assignment_id = (self.request.headers or {}).get("cw_assignment") or getattr(
            self.request, "cw_assignment", None
        )
        if assignment_id is None:
            return super().__call__(*args, **kwargs)
        with open_scope(scope_for_assignment(assignment_id)):
            return super().__call__(*args, **kwargs)
