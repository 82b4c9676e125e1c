"""Addresses of assessments of guardianship."""

from __future__ import annotations

from django.urls import URLPattern, path

from cases.assessments import views

assessment_urls: list[URLPattern] = [
    path("assessments/", views.assessments_due, name="assessments_due"),
    path("assessments/<int:pk>/", views.assessment, name="assessment"),
    path("assessments/<int:pk>/decide/", views.assessment_decide, name="assessment_decide"),
    path("children/<int:pk>/assessment/", views.assessment_add, name="assessment_add"),
    path("children/<int:pk>/assessment/running/", views.assessment_running, name="assessment_running"),
]
