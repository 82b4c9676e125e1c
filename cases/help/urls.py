"""Addresses of needs and help."""

from __future__ import annotations

from django.urls import URLPattern, path

from cases.help import views

help_urls: list[URLPattern] = [
    path("help/", views.help_ledger, name="help_ledger"),
    path("help/export/", views.help_export, name="help_export"),
    path("help/gaps/", views.help_gaps, name="help_gaps"),
    path("help/<int:pk>/remove/", views.help_remove, name="help_remove"),
    path("needs/<int:pk>/state/", views.need_state, name="need_state"),
    path("children/<int:pk>/needs/add/", views.need_add, name="need_add"),
    path("children/<int:pk>/help/add/", views.help_add, name="help_add"),
]
