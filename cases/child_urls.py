from __future__ import annotations

from django.urls import URLPattern, path

child_urls: list[URLPattern] = []
