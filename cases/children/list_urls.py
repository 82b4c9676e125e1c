"""Addresses of the children's list: filters, saved lists, bulk actions, export, and who comes of age."""

from __future__ import annotations

from django.urls import URLPattern, path

from cases.ageing import views as ageing_views
from cases.bulk import views as bulk_views
from cases.children import list_views as views

list_urls: list[URLPattern] = [
    path("children/", views.children, name="children"),
    path("children/suggest/", views.child_suggest, name="child_suggest"),
    path("children/export/", views.children_export, name="children_export"),
    path("children/views/", views.views, name="views"),
    path("children/views/save/", views.views_save, name="views_save"),
    path("children/views/<int:pk>/", views.views_change, name="views_change"),
    path("children/views/<int:pk>/delete/", views.views_delete, name="views_delete"),
    path("children/bulk/", bulk_views.bulk_change, name="bulk"),
    path("children/bulk/<uuid:job>/", bulk_views.bulk_done, name="bulk_done"),
    path("children/ageing/", ageing_views.ageing, name="ageing"),
]
