"""``/healthz``: whether everything that serves people is there."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.http import HttpRequest, HttpResponse, JsonResponse
from redis.exceptions import RedisError

from childwelfare import heartbeat

PATH = "/healthz"
OK = "ok"


@lru_cache(maxsize=1)
def _known_migrations() -> frozenset[tuple[str, str]]:
    loader = MigrationLoader(None, load=False)
    loader.load_disk()
    return frozenset(loader.disk_migrations)


def _database() -> dict[str, str]:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT app, name FROM django_migrations")
            applied = set(cursor.fetchall())
    except DatabaseError as error:
        connection.close()
        name = type(error).__name__
        return {"database": f"does not answer ({name})", "migrations": "unknown"}
    missing = _known_migrations() - applied
    if not missing:
        return {"database": OK, "migrations": OK}
    first = ".".join(min(missing))
    return {"database": OK, "migrations": f"{len(missing)} not applied, first {first}"}


def _redis() -> dict[str, str]:
    try:
        signs = heartbeat.alive()
    except RedisError as error:
        return {"redis": f"does not answer ({type(error).__name__})", "worker": "unknown", "beat": "unknown"}
    silent = f"no sign of life for {heartbeat.LIFETIME} seconds"
    return {"redis": OK, **{part: OK if alive else silent for part, alive in signs.items()}}


def state() -> dict[str, str]:
    """Each part (database, migrations, redis, worker, beat) with "ok" or what is wrong with it."""
    return _database() | _redis()


class HealthMiddleware:
    """Answers ``GET /healthz`` with JSON: 200 when every part is "ok", else 503, with the same keys.

    It stands before all other middleware, which needs the database or the cache to say anything at all.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info != PATH or request.method not in {"GET", "HEAD"}:
            return self.get_response(request)
        parts = state()
        well = all(value == OK for value in parts.values())
        response = JsonResponse({"status": OK if well else "failing", **parts}, status=200 if well else 503)
        response.headers["Cache-Control"] = "no-store"
        response._has_been_logged = True  # type: ignore[attr-defined]  # being asked is no error of ours
        return response
