from django.apps import AppConfig


class SubsidiesConfig(AppConfig):
    name = "subsidies"

    def ready(self) -> None:
        from subsidies import tasks  # noqa: F401  (registers its job handlers in every process)
