"""Addresses of imports of a register."""

from __future__ import annotations

from django.urls import URLPattern, path

from cases.importing import views

import_urls: list[URLPattern] = [
    path("imports/", views.imports, name="imports"),
    path("imports/upload/", views.import_upload, name="import_upload"),
    path("imports/template.xlsx", views.import_template, name="import_template"),
    path("imports/<int:pk>/", views.import_file, name="import_file"),
    path("imports/<int:pk>/check/", views.import_check, name="import_check"),
    path("imports/<int:pk>/apply/", views.import_apply, name="import_apply"),
    path("imports/<int:pk>/rows/<int:row>/", views.import_decide, name="import_decide"),
    path("imports/<int:pk>/discard/", views.import_discard, name="import_discard"),
    path("imports/<int:pk>/undo/", views.import_undo, name="import_undo"),
    path("imports/<int:pk>/corrections/", views.import_corrections, name="import_corrections"),
]
