"""The project as an application, so that its commands and checks are found."""

from __future__ import annotations

from django.apps import AppConfig


class ChildwelfareConfig(AppConfig):
    name = "childwelfare"
    verbose_name = "Childwelfare"

    def ready(self) -> None:
        from childwelfare import checks  # noqa: F401  (registers the system checks)
