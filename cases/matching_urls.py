from __future__ import annotations

from django.urls import URLPattern, path

matching_urls: list[URLPattern] = []
