from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from childwelfare.demo import county
from childwelfare.environment import is_production
from staff.commands import JsonCommand
from staff.models import User


class Command(JsonCommand):
    help = "Load the demo county (潼南区, invented people) into an empty database."

    def run(self, **options: Any) -> dict[str, Any]:
        if is_production():
            raise CommandError("This installation is in production: it takes no demo county.")
        if User.objects.exists():
            raise CommandError("The database has accounts already: `make demo-reset` starts afresh.")
        return county.load(today=timezone.localdate())
