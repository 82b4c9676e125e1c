"""Addresses of the field API."""

from __future__ import annotations

from django.urls import URLPattern, path

from cases.field.api import FieldPhoto, FieldVisit

field_api_urls: list[URLPattern] = [
    path("field/visits/<uuid:uuid>/", FieldVisit.as_view(), name="field-visit"),
    path("field/visits/<uuid:uuid>/photos/<uuid:photo>/", FieldPhoto.as_view(), name="field-photo"),
]
