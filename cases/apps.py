from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "cases"

    def ready(self) -> None:
        from cases.matching import reveal, tasks  # noqa: F401  (register jobs, tasks and what can be revealed)
