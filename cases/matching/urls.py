"""Addresses of lists, their matching and discrepancies."""

from __future__ import annotations

from django.urls import URLPattern, path

from cases.matching import views
from cases.matching.discrepancies.urls import discrepancy_urls
from cases.matching.exchanges.urls import exchange_urls
from cases.matching.intake.urls import intake_urls
from cases.matching.kinds.urls import kind_urls
from cases.matching.leads.urls import lead_urls
from cases.matching.review.urls import review_urls
from cases.matching.runs.urls import run_urls

matching_urls: list[URLPattern] = [
    path("lists/", views.lists, name="lists"),
    path("lists/panel/", views.lists_panel, name="lists_panel"),
    *intake_urls,
    *run_urls,
    *review_urls,
    *discrepancy_urls,
    *kind_urls,
    *lead_urls,
    *exchange_urls,
]
