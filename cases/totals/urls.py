"""Addresses of totals, category schemes and re-checks."""

from __future__ import annotations

from django.urls import URLPattern, path

from cases.totals import views

totals_urls: list[URLPattern] = [
    path("totals/", views.register_totals_page, name="register_totals"),
    path("totals/export/", views.register_totals_export, name="register_totals_export"),
    path("totals/children/", views.register_totals_list, name="register_totals_list"),
    path("children/rechecks/", views.recheck_list, name="recheck_dates"),
    path("totals/schemes/", views.category_schemes, name="category_schemes"),
]
