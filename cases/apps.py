from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "cases"

    def ready(self) -> None:
        from cases import care_export, exports, help_export, reveals, transfers  # noqa: F401  (register a job and what can be revealed)
        from cases import defect_tasks  # noqa: F401  (registers a task)
        from cases import child_paper_person, child_paper_work  # noqa: F401  (register parts of the file's paper)
        from cases.importing import corrections  # noqa: F401  (registers a job)
        from cases.importing import tasks as import_tasks  # noqa: F401  (registers jobs and a task)
        from cases.matching import reveal, tasks  # noqa: F401  (register jobs, tasks and what can be revealed)
