"""Addresses of late visits."""

from __future__ import annotations

from django.urls import URLPattern, path

from cases.late import views

late_urls: list[URLPattern] = [
    path("late/", views.late, name="late"),
    path("late/<int:pk>/", views.late_child, name="late_child"),
]
