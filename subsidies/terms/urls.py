"""Addresses of schemes, their rules, and the simulator."""

from __future__ import annotations

from django.urls import URLPattern, path

from subsidies.terms import simulation_views
from subsidies.terms import views as scheme_views

scheme_urls: list[URLPattern] = [
    path("schemes/", scheme_views.schemes, name="schemes"),
    path("schemes/simulate/", simulation_views.simulate, name="simulate"),
    path("schemes/simulate/export/", simulation_views.export, name="simulate_export"),
    path("schemes/<str:code>/", scheme_views.scheme, name="scheme"),
    path("schemes/<str:code>/rules/add/", scheme_views.scheme_rule_add, name="scheme_rule_add"),
]
