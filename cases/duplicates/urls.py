"""Addresses of what is done about two files of one child."""

from __future__ import annotations

from django.urls import URLPattern, path

from cases.duplicates import views

duplicate_urls: list[URLPattern] = [
    path("children/twins/", views.child_twins, name="child_twins"),
    path("children/<int:a>/merge/<int:b>/", views.merge, name="merge"),
    path("duplicates/", views.duplicate_list, name="duplicates"),
    path("duplicates/<int:a>/<int:b>/not-same/", views.part, name="not_same"),
    path("duplicates/decided/<int:pk>/undo/", views.part_undo, name="not_same_undo"),
    path("merges/<int:pk>/undo/", views.merge_undo, name="merge_undo"),
]
