"""Addresses of visits on paper and as lists."""

from __future__ import annotations

from django.urls import URLPattern, path

from cases.visits import paper_views as views

visit_paper_urls: list[URLPattern] = [
    path("visits/lists/", views.visit_lists, name="visit_lists"),
    path("visits/pdf/", views.visits_pdf, name="visits_pdf"),
    path("visits/export/", views.visits_export, name="visits_export"),
    path("visits/problems/export/", views.visit_problems_export, name="visit_problems_export"),
    path("visits/<int:pk>/pdf/", views.visit_pdf, name="visit_pdf"),
]
