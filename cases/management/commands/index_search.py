"""``manage.py index_search``: writes the search index of every child anew, for instance after an update that changed it."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from cases.models import Child
from cases.search import CHUNK, index_children
from staff.scope import system_scope


class Command(BaseCommand):
    help = "Write the search index of every child anew: names, pinyin, numbers' ends, telephone numbers."

    def handle(self, *args: Any, **options: Any) -> None:
        with system_scope(reason="index_search"):
            ids = list(Child.objects.order_by("pk").values_list("pk", flat=True))
        for start in range(0, len(ids), CHUNK):
            with system_scope(reason="index_search", log=False):
                index_children(ids[start : start + CHUNK])
            self.stdout.write(f"{min(start + CHUNK, len(ids))} / {len(ids)}")
        self.stdout.write(_("Done."))
