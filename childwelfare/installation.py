"""Bring database, translations and static files up to date; what has not changed is skipped."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import io
from collections.abc import Callable
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command, get_commands
from django.db import connection, connections, transaction
from django.db.migrations.executor import MigrationExecutor

from childwelfare import environment, preparation
from childwelfare.catalogues import compile_catalogues

Say = Callable[[str], object]
Account = dict[str, str]


def bring_up_to_date(say: Say, *, demo: bool) -> None:
    """Migrate as owner, record schemes, compile, collect, load the demo county into an empty database when ``demo``."""
    migrate(say)
    record_schemes(say)
    build_assets(say)
    if demo:
        load_demo(say)


def build_assets(say: Say) -> None:
    """Compile the translations and collect the static files; needs no server."""
    if written := compile_catalogues([Path(folder) for folder in settings.LOCALE_PATHS]):
        say(f"compiled {len(written)} catalogues")
    collect_static(say)


def migrate(say: Say) -> None:
    """Apply what is missing; the application role's rights are renewed either way."""
    owner = connections["owner"]
    executor = MigrationExecutor(owner)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    owner.close()
    if plan:
        say(f"migrating: {len(plan)} steps")
        call_command("migrate", verbosity=0, interactive=False)
    else:
        preparation.grant_application_rights()
    owner.close()


def record_schemes(say: Say) -> None:
    """Put the schemes of the packaged rules on record that are not yet."""
    from subsidies.terms.ruling import install_schemes  # models, which need the settings first

    if new := install_schemes():
        say(f"schemes on record: {new} new")


def collect_static(say: Say) -> None:
    """Copy, name by content and compress the static files when any of them changed."""
    state = hashlib.sha256(str(settings.STORAGES["staticfiles"]).encode())
    for finder in get_finders():
        for path, storage in finder.list([]):
            file = Path(storage.path(path)).stat()
            state.update(f"{path}\0{file.st_size}\0{file.st_mtime_ns}\n".encode())
    mark = Path(settings.STATIC_ROOT) / ".collected"
    if mark.exists() and mark.read_text(encoding="utf-8") == state.hexdigest():
        return
    say("collecting static files")
    call_command("collectstatic", verbosity=0, interactive=False, clear=False)
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.write_text(state.hexdigest(), encoding="utf-8")


def is_empty() -> bool:
    """Whether the database has no account yet."""
    user = apps.get_model(settings.AUTH_USER_MODEL)
    return not user._default_manager.exists()


def load_demo(say: Say) -> None:
    """Load the demo county into an empty database, all of it or nothing."""
    if environment.is_production() or "load_demo" not in get_commands() or not is_empty():
        return
    say("loading the demo county")
    with transaction.atomic():
        call_command("load_demo", verbosity=0, stdout=io.StringIO())  # its summary is for people who run it
    connection.close()


def demo_accounts() -> list[Account]:
    """The demo accounts in the database, as the demo data describes them; empty without demo data."""
    if importlib.util.find_spec("childwelfare.demo") is None:
        return []
    user = apps.get_model(settings.AUTH_USER_MODEL)
    present = set(user._default_manager.filter(is_demo=True).values_list("username", flat=True))
    described = importlib.import_module("childwelfare.demo").accounts()
    return [account for account in described if account["username"] in present]
