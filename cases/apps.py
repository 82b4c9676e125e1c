from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "cases"

    def ready(self) -> None:
        # They register jobs, tasks, handlers, what can be revealed, and parts of the file's paper.
        from cases import (  # noqa: F401
            care_export,
            child_paper_person,
            child_paper_work,
            defect_tasks,
            exports,
            help_export,
            named_people,
            reveals,
            transfers,
        )
        from cases.importing import corrections  # noqa: F401  (registers a job)
        from cases.importing import tasks as import_tasks  # noqa: F401  (registers jobs and a task)
        from cases.matching import reveal, tasks  # noqa: F401  (register jobs, tasks and what can be revealed)
