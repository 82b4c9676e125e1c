"""``migrate`` works as the owner of the tables and renews the application role's rights afterwards."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.core.management.commands.migrate import Command as DjangoMigrate
from django.db import connections

from childwelfare import roles
from childwelfare.environment import SetupError
from childwelfare.runs_of_operations import rendered_once
from staff.audit import install_trail
from staff.moving import install_carrying
from staff.policies import install_deletion


class Command(DjangoMigrate):
    help = "Update the database as its owner, then renew the rights of the application role."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(database="owner")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["database"] == "default":
            options["database"] = "owner"
        owner = connections["owner"].settings_dict
        application = connections["default"].settings_dict
        if options.get("check_unapplied") or options.get("plan"):
            super().handle(*args, **options)
            return
        if owner["USER"] == application["USER"]:
            with connections["owner"].cursor() as cursor:
                powers = roles.role_powers(cursor)
            if not powers:
                raise CommandError(
                    "DATABASE_URL is the restricted role, which may not migrate: set DATABASE_OWNER_URL."
                )
            raise CommandError(
                "DATABASE_URL is the owner's address and the restricted role is not made yet: "
                "run `manage.py prepare` first."
            )
        with rendered_once():
            super().handle(*args, **options)
        try:
            install_trail("owner")
            with connections["owner"].cursor() as cursor:
                roles.grant(cursor, application["USER"])
                install_deletion(cursor)
            install_carrying(application["USER"], "owner")
        except SetupError as error:
            raise CommandError(str(error)) from error
