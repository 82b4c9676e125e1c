from django.apps import AppConfig


class SubsidiesConfig(AppConfig):
    name = "subsidies"

    def ready(self) -> None:
        from subsidies import reveals, tasks  # noqa: F401  (they register what can be revealed and what jobs do)
