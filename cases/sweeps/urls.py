"""Addresses of sweeps."""

from __future__ import annotations

from django.urls import URLPattern, path

from cases.sweeps import views

sweep_urls: list[URLPattern] = [
    path("sweeps/", views.sweeps, name="sweeps"),
    path("sweeps/add/", views.sweep_add, name="sweep_add"),
    path("sweeps/<int:pk>/", views.sweep, name="sweep"),
    path("sweeps/<int:pk>/children/", views.sweep_children, name="sweep_children"),
    path("sweeps/<int:pk>/edit/", views.sweep_edit, name="sweep_edit"),
    path("sweeps/<int:pk>/close/", views.sweep_close, name="sweep_close"),
    path("sweeps/<int:pk>/ask/", views.sweep_ask, name="sweep_ask"),
    path("sweeps/<int:pk>/export/", views.sweep_export, name="sweep_export"),
]
