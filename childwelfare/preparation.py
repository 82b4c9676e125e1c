"""Before anything runs: servers, roles and grants, in the order they need each other."""

from __future__ import annotations

from pathlib import Path

from childwelfare import connections, environment, postgres_server, roles, valkey_server


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
        sockets = postgres_server.start(home, durable=durable)
        roles.prepare_embedded(sockets)
        news.append(f"database: PostgreSQL in {home}")
    if environment.variable("REDIS_URL"):
        news.append("redis: given by REDIS_URL")
    else:
        valkey_server.start(home)
        news.append(f"redis: Valkey in {home}")
    return news


def revive_servers() -> None:
    """Start an embedded server again when it has died. Raises SetupError."""
    home = environment.home()
    if not environment.variable("DATABASE_URL") and not postgres_server.listens(home):
        postgres_server.start(home)
    if not environment.variable("REDIS_URL") and not valkey_server.answers(valkey_server.socket_path(home)):
        valkey_server.start(home)


def stop_servers(home: Path) -> list[str]:
    """Stop the embedded servers of a data folder; returns the names of those that ran."""
    if not home.exists():
        return []
    servers = (("PostgreSQL", postgres_server.stop), ("Valkey", valkey_server.stop))
    return [name for name, stop in servers if stop(home)]


def grant_application_rights() -> None:
    """Renew what the application role may do; a no-op where this process has no owner's address."""
    found = connections.addresses()
    if not found.owner:
        return
    role = connections.parse(found.application)["USER"]
    with roles.connected(found.owner) as cursor:
        roles.grant(cursor, role)
