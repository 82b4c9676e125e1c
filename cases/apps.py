from importlib import import_module

from django.apps import AppConfig

# What registers itself when it is imported: jobs, tasks, exports, papers, remedies, values to reveal, work of the desk.
REGISTERING = (
    "cases.care.export",
    "cases.casework.named_people",
    "cases.children.export",
    "cases.children.paper_person",
    "cases.children.paper_work",
    "cases.children.reveals",
    "cases.defects.tasks",
    "cases.desk.case_work",
    "cases.desk.doubts",
    "cases.desk.file_work",
    "cases.desk.late_work",
    "cases.desk.list_work",
    "cases.desk.visits",
    "cases.free_text",
    "cases.help.export",
    "cases.importing.corrections",
    "cases.importing.tasks",
    "cases.matching.discrepancies.remedies_family",
    "cases.matching.discrepancies.remedies_needs",
    "cases.matching.exchanges.services",
    "cases.matching.leads.ledger",
    "cases.matching.review.reveal",
    "cases.matching.tasks",
    "cases.notes.tasks",
    "cases.reminders.tasks",
    "cases.transfers.services",
    "cases.visits.exports",
    "cases.visits.paper",
)


class CasesConfig(AppConfig):
    name = "cases"

    def ready(self) -> None:
        for module in REGISTERING:
            import_module(module)
