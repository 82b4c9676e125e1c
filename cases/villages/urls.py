"""Addresses of the overview of villages."""

from __future__ import annotations

from django.urls import URLPattern, path

from cases.villages import views

village_urls: list[URLPattern] = [
    path("villages/", views.villages, name="villages"),
    path("villages/children/", views.village_children, name="village_children"),
]
