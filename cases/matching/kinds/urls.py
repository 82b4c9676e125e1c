"""Addresses of the kinds of lists and their empty templates."""

from __future__ import annotations

from django.urls import URLPattern, path

from cases.matching.kinds import views

kind_urls: list[URLPattern] = [
    path("lists/kinds/", views.list_kinds, name="list_kinds"),
    path("lists/kinds/<slug:code>.xlsx", views.list_template, name="list_template"),
]
