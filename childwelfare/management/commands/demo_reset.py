"""Start the demo county afresh."""

from __future__ import annotations

import shutil
from typing import Any

from celery import current_app
from django.apps import apps
from django.conf import settings
from django.core.cache import cache
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import ProgrammingError, connection, connections

from childwelfare import environment, installation, preparation
from childwelfare.environment import SetupError


class Command(BaseCommand):
    help = "Empty the database, the stored files and the queues, and load the demo county again."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--force", action="store_true", help="also when real accounts would be lost")

    def handle(self, *args: Any, **options: Any) -> None:
        if environment.is_production():
            raise CommandError("This installation is in production: it has no demo county to reset.")
        try:
            preparation.start_servers()
        except SetupError as error:
            raise CommandError(str(error)) from error
        real = self._real_accounts()
        if real and not options["force"]:
            raise CommandError(
                f"{real} accounts are no demo accounts and would be lost: use --force to accept that."
            )
        owner = connections["owner"]
        with owner.cursor() as cursor:
            cursor.execute(
                "DROP SCHEMA public CASCADE; CREATE SCHEMA public; GRANT USAGE ON SCHEMA public TO PUBLIC"
            )
        owner.close()
        shutil.rmtree(settings.MEDIA_ROOT, ignore_errors=True)
        cache.clear()
        current_app.control.purge()
        installation.bring_up_to_date(self.stderr.write, demo=True)

    def _real_accounts(self) -> int:
        user = apps.get_model(settings.AUTH_USER_MODEL)
        try:
            return user._default_manager.filter(is_demo=False).count()
        except ProgrammingError:
            return 0  # no tables yet
        finally:
            connection.close()
