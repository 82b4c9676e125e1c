"""Addresses of kept visits, and of photos that are awaited no longer."""

from __future__ import annotations

from django.urls import URLPattern, path

from cases.field import kept_views

kept_urls: list[URLPattern] = [
    path("kept/", kept_views.kept_visits, name="kept_visits"),
    path("kept/<int:pk>/", kept_views.kept_visit, name="kept_visit"),
    path("kept/<int:pk>/photos/<int:photo_pk>/", kept_views.kept_photo, name="kept_photo"),
    path("visits/<int:pk>/photos/withdraw/", kept_views.visit_photos_withdraw, name="visit_photos_withdraw"),
]
