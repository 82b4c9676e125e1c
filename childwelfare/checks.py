"""What an installation must satisfy before it serves anyone.

``problems()`` is asked by the web server, the worker and the scheduler when they start; the same rules are
Django system checks, so that ``manage.py check --deploy`` names them too.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.core.checks import Error, Tags, register
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, ProgrammingError, connection

from cases.notes import web_push
from childwelfare import roles

MINIMUM_SECRET_LENGTH = 40
DEFAULT_SECRET_MARKS = ("django-insecure", "changeme", "change-me", "secret-key", "example")


def settings_problems() -> list[tuple[str, str]]:
    """(check id, one line) for each setting that production must not have. Asks no server."""
    found = []
    if settings.DEBUG:
        found.append(("childwelfare.E001", "DEBUG is on: unset CHILDWELFARE_DEBUG."))
    try:
        secret = settings.SECRET_KEY
    except ImproperlyConfigured:  # Django's answer to an empty one
        secret = ""
    if not secret:
        found.append(("childwelfare.E002", "CHILDWELFARE_SECRET_KEY is missing."))
    elif len(secret) < MINIMUM_SECRET_LENGTH or len(set(secret)) < 10:
        found.append(
            (
                "childwelfare.E002",
                f"CHILDWELFARE_SECRET_KEY is shorter than {MINIMUM_SECRET_LENGTH} random characters.",
            )
        )
    elif any(mark in secret.lower() for mark in DEFAULT_SECRET_MARKS):
        found.append(("childwelfare.E002", "CHILDWELFARE_SECRET_KEY is a default one: make a random one."))
    if not _is_key_ring(settings.CHILDWELFARE_KEYS):
        found.append(
            (
                "childwelfare.E003",
                "CHILDWELFARE_KEYS is missing or malformed: write name:<base64 of 32 bytes>[,older keys].",
            )
        )
    if not settings.CHILDWELFARE_INDEX_KEY:
        found.append(("childwelfare.E003", "CHILDWELFARE_INDEX_KEY is missing."))
    if "*" in settings.ALLOWED_HOSTS or not settings.ALLOWED_HOSTS:
        found.append(("childwelfare.E004", "CHILDWELFARE_HOSTS must list the host names of this site."))
    if settings.PUSH_KEY and not _is_push_key(settings.PUSH_KEY):
        found.append(
            ("childwelfare.E005", "CHILDWELFARE_PUSH_KEY is malformed: manage.py push_key makes one.")
        )
    if settings.PUSH_KEY and not settings.PUSH_CONTACT.startswith(("mailto:", "https://")):
        found.append(
            (
                "childwelfare.E005",
                "CHILDWELFARE_PUSH_CONTACT must be the mailto: or https: address of the office.",
            )
        )
    return found


def _is_push_key(text: str) -> bool:
    try:
        return bool(web_push.public_key_of(text))
    except ValueError:
        return False


def _is_key_ring(text: str) -> bool:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    for part in parts:
        name, _, encoded = part.partition(":")
        try:
            if not name or len(base64.b64decode(encoded, validate=True)) != 32:
                return False
        except (binascii.Error, ValueError):
            return False
    return bool(parts)


ROLE_REASONS = {
    "superuser": "is a superuser, which ignores row policies",
    "bypassrls": "may bypass row policies",
    "owner": "owns the tables and could switch row policies off",
}


def role_problems() -> list[tuple[str, str]]:
    """Why the database role must not serve requests. Raises DatabaseError when nothing answers."""
    with connection.cursor() as cursor:
        powers = roles.role_powers(cursor)
    name = connection.settings_dict["USER"]
    return [
        (
            "childwelfare.E005",
            f"The database role {name!r} {ROLE_REASONS[power]}: DATABASE_URL must name the restricted role.",
        )
        for power in powers
    ]


def demo_problems() -> list[tuple[str, str]]:
    """Demo accounts left in the database. Raises DatabaseError when nothing answers."""
    user = apps.get_model(settings.AUTH_USER_MODEL)
    count = user._default_manager.filter(is_demo=True).count()
    if not count:
        return []
    return [("childwelfare.E006", f"{count} demo accounts are in the database: start with an empty one.")]


def problems() -> list[str]:
    """One line for each reason not to start; empty when all is well.

    The database role is asked for everywhere, the rest only in production.
    """
    found = settings_problems() if settings.PRODUCTION else []
    try:
        found += role_problems()
        if settings.PRODUCTION:
            found += demo_problems()
    except ProgrammingError:
        found.append(("childwelfare.E008", "The database is not migrated: run `manage.py set_up`."))
    except DatabaseError as error:
        found.append(("childwelfare.E007", f"The database does not answer: {' '.join(str(error).split())}"))
    finally:
        connection.close()
    return [line for _, line in found]


@register(Tags.security, deploy=True)
def check_settings(app_configs: Sequence[AppConfig] | None, **options: Any) -> list[Error]:
    return [Error(line, id=identifier) for identifier, line in settings_problems()]


@register(Tags.database, deploy=True)
def check_database(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **options: Any
) -> list[Error]:
    if not databases or "default" not in databases:
        return []
    try:
        found = role_problems() + demo_problems()
    except ProgrammingError:
        found = [("childwelfare.E008", "The database is not migrated: run `manage.py set_up`.")]
    except DatabaseError as error:
        found = [("childwelfare.E007", f"The database does not answer: {' '.join(str(error).split())}")]
    return [Error(line, id=identifier) for identifier, line in found]
