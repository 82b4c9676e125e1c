"""Addresses of this app, one module a subject."""

from __future__ import annotations

from django.urls import URLPattern

from cases.assessments.urls import assessment_urls
from cases.care.urls import care_urls
from cases.checks.urls import check_urls
from cases.children.list_urls import list_urls
from cases.children.paper_urls import paper_urls
from cases.children.urls import child_urls
from cases.circumstances.urls import circumstance_urls
from cases.defects.urls import defect_urls
from cases.desk.urls import desk_urls
from cases.duplicates.urls import duplicate_urls
from cases.field.kept_urls import kept_urls
from cases.field.urls import field_urls
from cases.help.urls import help_urls
from cases.importing.urls import import_urls
from cases.late.urls import late_urls
from cases.matching.urls import matching_urls
from cases.notes.urls import note_urls
from cases.plans.urls import plan_urls
from cases.questions.urls import question_urls
from cases.stack.urls import stack_urls
from cases.sweeps.urls import sweep_urls
from cases.totals.urls import totals_urls
from cases.transfers.urls import transfer_urls
from cases.villages.urls import village_urls
from cases.visits.paper_urls import visit_paper_urls
from cases.visits.urls import visit_urls

app_name = "cases"
urlpatterns: list[URLPattern] = [
    *late_urls,
    *list_urls,
    *duplicate_urls,
    *check_urls,
    *child_urls,
    *assessment_urls,
    *care_urls,
    *help_urls,
    *circumstance_urls,
    *defect_urls,
    *desk_urls,
    *field_urls,
    *kept_urls,
    *note_urls,
    *paper_urls,
    *visit_paper_urls,
    *stack_urls,
    *village_urls,
    *visit_urls,
    *import_urls,
    *matching_urls,
    *plan_urls,
    *question_urls,
    *sweep_urls,
    *totals_urls,
    *transfer_urls,
]
