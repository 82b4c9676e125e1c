from django.apps import AppConfig


class SubsidiesConfig(AppConfig):
    name = "subsidies"

    def ready(self) -> None:
        from subsidies import remedies, reveals, tasks  # noqa: F401  (they register remedies, reveals and jobs)
