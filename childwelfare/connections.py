"""Addresses of the database and of Redis: given from outside, or those of the embedded servers."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import dj_database_url

from childwelfare import environment, postgres_server, valkey_server
from childwelfare.environment import SetupError

APPLICATION_ROLE = "childwelfare_app"
OWNER_ROLE = "childwelfare_owner"
DATABASE = "childwelfare"


@dataclass(frozen=True)
class Addresses:
    """Database URLs of the two roles; ``owner`` is empty where this process may not migrate."""

    application: str
    owner: str


def application_role() -> str:
    """Name of the restricted role (another name lets two installations share one server)."""
    return environment.variable("CHILDWELFARE_DATABASE_ROLE", APPLICATION_ROLE)


def record_path() -> Path:
    """Where the password of the application role is kept for a DATABASE_URL that belongs to an owner."""
    return environment.home() / "secrets" / "database.json"


def record_key(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()


def read_records() -> dict[str, dict[str, str]]:
    """Kept application credentials by ``record_key`` of the owner's URL: {"role": …, "password": …}."""
    try:
        return json.loads(record_path().read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise SetupError(f"The kept database credentials {record_path()} cannot be read: {error}") from error


def with_credentials(url: str, user: str, password: str) -> str:
    """The same URL with another user and password."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    login = quote(user, safe="") + (f":{quote(password, safe='')}" if password else "")
    return urlunsplit(parts._replace(netloc=f"{login}@{host}"))


def with_database(url: str, name: str) -> str:
    """The same URL with another database name."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{quote(name, safe='')}"))


def database_name(url: str) -> str:
    return unquote(urlsplit(url).path.lstrip("/"))


def socket_url(user: str, folder: Path, database: str = DATABASE) -> str:
    """URL of a database behind a unix socket in ``folder``."""
    return f"postgres://{user}@{quote(str(folder), safe='')}:5432/{database}"


def addresses() -> Addresses:
    """Which database URLs this process uses. Connects to nothing.

    With DATABASE_URL alone, the URL may be the owner's: then ``childwelfare.roles.prepare`` has made the
    restricted role once and kept its credentials, and they are found here.
    """
    given = environment.variable("DATABASE_URL")
    owner = environment.variable("DATABASE_OWNER_URL")
    if not given and owner:
        raise SetupError(
            "DATABASE_OWNER_URL is set but DATABASE_URL is not: set both, or DATABASE_URL alone."
        )
    if not given:
        folder = postgres_server.socket_dir(environment.home())
        return Addresses(socket_url(APPLICATION_ROLE, folder), socket_url(OWNER_ROLE, folder))
    if owner:
        return Addresses(given, owner)
    kept = read_records().get(record_key(given))
    if kept:
        return Addresses(with_credentials(given, kept["role"], kept["password"]), given)
    return Addresses(given, "")


def databases() -> dict[str, dict[str, Any]]:
    """Django's DATABASES for the two aliases."""
    found = addresses()
    default = parse(found.application)
    default["CONN_MAX_AGE"] = 120
    default["CONN_HEALTH_CHECKS"] = True
    owner = parse(found.owner or found.application)
    return {"default": default, "owner": owner}


def parse(url: str) -> dict[str, Any]:
    """Django's settings for one database URL. Raises SetupError when it is none."""
    if not urlsplit(url).scheme.startswith(("postgres", "pgsql")):
        raise SetupError("The database address must start with postgres://: only PostgreSQL can scope rows.")
    try:
        return dict(dj_database_url.parse(url))
    except ValueError as error:
        raise SetupError(f"This is no database address: {error}") from error


def redis_url() -> str:
    """REDIS_URL (redis://, rediss:// or unix://), else the embedded server's socket."""
    given = environment.variable("REDIS_URL")
    if given:
        if urlsplit(given).scheme not in {"redis", "rediss", "unix"}:
            raise SetupError("REDIS_URL must start with redis://, rediss:// or unix://.")
        return given
    return f"unix://{quote(str(valkey_server.socket_path(environment.home())))}?db=0"


def celery_url(url: str) -> str:
    """The same server as Celery spells it."""
    parts = urlsplit(url)
    if parts.scheme != "unix":
        return url
    number = "0"
    for item in parts.query.split("&"):
        key, _, value = item.partition("=")
        if key == "db":
            number = value
    return f"redis+socket://{parts.path}?virtual_host={number}"
