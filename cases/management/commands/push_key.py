"""A new key for web push: its private half for the environment, its public half for the curious."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from cases.notes import web_push


class Command(BaseCommand):
    help = "Make a key for web push. Browsers that subscribed under another key must subscribe again."

    def handle(self, *args: Any, **options: Any) -> None:
        key = web_push.new_key()
        self.stdout.write(f"CHILDWELFARE_PUSH_KEY={key}")
        self.stdout.write(f"public: {web_push.public_key_of(key)}", self.style.NOTICE)
