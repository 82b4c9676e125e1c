from django.apps import AppConfig


class SubsidiesConfig(AppConfig):
    name = "subsidies"

    def ready(self) -> None:
        from subsidies import leaving, merging, paper, remedies, reveals, tasks, transfers  # noqa: F401  (they register themselves)
