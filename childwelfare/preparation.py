"""Before anything runs: servers, roles and grants, in the order they need each other."""

from __future__ import annotations

from pathlib import Path

from childwelfare import connections, embedded, environment, roles


def start_servers(*, durable: bool = True) -> list[str]:
    """Start the embedded servers that no URL replaces; returns a line of news for each.

    Also makes the database and its roles. Raises SetupError with one line.
    """
    home: Path = environment.home()
    news = []
    url = environment.variable("DATABASE_URL")
    if url:
        roles.prepare_given(url, environment.variable("DATABASE_OWNER_URL"))
        news.append("database: given by DATABASE_URL")
    else:
        sockets = embedded.start_postgres(home, durable=durable)
        roles.prepare_embedded(sockets)
        news.append(f"database: PostgreSQL in {home}")
    if environment.variable("REDIS_URL"):
        news.append("redis: given by REDIS_URL")
    else:
        embedded.start_valkey(home)
        news.append(f"redis: Valkey in {home}")
    return news


def grant_application_rights() -> None:
    """Renew what the application role may do; a no-op where this process has no owner's address."""
    found = connections.addresses()
    if not found.owner:
        return
    role = connections.parse(found.application)["USER"]
    with roles.connected(found.owner) as cursor:
        roles.grant(cursor, role)
