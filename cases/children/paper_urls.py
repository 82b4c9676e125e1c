"""Addresses of papers."""

from __future__ import annotations

from django.urls import URLPattern, path

from cases.children import paper_views as views

paper_urls: list[URLPattern] = [
    path("children/<int:pk>/pdf/", views.child_pdf, name="child_pdf"),
    path("assessments/<int:pk>/pdf/", views.assessment_pdf, name="assessment_pdf"),
]
