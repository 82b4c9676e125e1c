from __future__ import annotations

from django.urls import URLPattern, path

visit_urls: list[URLPattern] = []
