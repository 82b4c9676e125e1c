"""Addresses of this app, one module a subject."""

from __future__ import annotations

from django.urls import URLPattern

from cases.assessment_urls import assessment_urls
from cases.care_urls import care_urls
from cases.child_urls import child_urls
from cases.circumstance_urls import circumstance_urls
from cases.defect_urls import defect_urls
from cases.duplicate_urls import duplicate_urls
from cases.help_urls import help_urls
from cases.import_urls import import_urls
from cases.list_urls import list_urls
from cases.matching_urls import matching_urls
from cases.paper_urls import paper_urls
from cases.totals_urls import totals_urls
from cases.transfer_urls import transfer_urls
from cases.visit_urls import visit_urls

app_name = "cases"
urlpatterns: list[URLPattern] = [
    *list_urls,
    *duplicate_urls,
    *child_urls,
    *assessment_urls,
    *care_urls,
    *help_urls,
    *circumstance_urls,
    *defect_urls,
    *paper_urls,
    *visit_urls,
    *import_urls,
    *matching_urls,
    *totals_urls,
    *transfer_urls,
]
