"""Addresses of defects."""

from __future__ import annotations

from django.urls import URLPattern, path

from cases.defects import views

defect_urls: list[URLPattern] = [
    path("defects/", views.defects, name="defects"),
    path("defects/counts/", views.defect_counts, name="defect_counts"),
    path("defects/counts/export/", views.defect_counts_export, name="defect_counts_export"),
    path("defects/<int:pk>/", views.defect, name="defect"),
    path("defects/<int:pk>/act/", views.defect_transition, name="defect_transition"),
    path("defects/<int:pk>/step/", views.defect_step, name="defect_step"),
    path("defects/<int:pk>/owner/", views.defect_owner, name="defect_owner"),
    path("children/<int:pk>/defect/", views.defect_open, name="defect_open"),
]
