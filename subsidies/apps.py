from importlib import import_module

from django.apps import AppConfig

# What registers itself when it is imported: handlers, jobs, exports, papers, values to reveal, work of the desk.
REGISTERING = (
    "subsidies.aid.insurance_files",
    "subsidies.aid.staff_pay_export",
    "subsidies.aid.study",
    "subsidies.applications.late",
    "subsidies.leaving",
    "subsidies.lists.leads",
    "subsidies.lists.remedies",
    "subsidies.lists.review",
    "subsidies.merging",
    "subsidies.paper",
    "subsidies.reports.notices",
    "subsidies.reports.official_exports",
    "subsidies.reveals",
    "subsidies.ledger.tasks",
    "subsidies.reviews.tasks",
    "subsidies.tasks",
    "subsidies.transfers",
    "subsidies.waiting",
)


class SubsidiesConfig(AppConfig):
    name = "subsidies"

    def ready(self) -> None:
        for module in REGISTERING:
            import_module(module)
