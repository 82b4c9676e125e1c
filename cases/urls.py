"""Addresses of this app, one module a subject."""

from __future__ import annotations

from django.urls import URLPattern

from cases.child_urls import child_urls
from cases.matching_urls import matching_urls
from cases.visit_urls import visit_urls

app_name = "cases"
urlpatterns: list[URLPattern] = [*child_urls, *visit_urls, *matching_urls]
