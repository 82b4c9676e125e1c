"""Addresses of calls and marks."""

from __future__ import annotations

from django.urls import URLPattern, path

from cases.checks import views

check_urls: list[URLPattern] = [
    path("checks/", views.checks, name="checks"),
    path("checks/people/", views.check_people, name="check_people"),
    path("checks/<int:pk>/", views.check, name="check"),
    path("marks/", views.marks, name="marks"),
    path("marks/<int:pk>/", views.mark, name="mark"),
]
