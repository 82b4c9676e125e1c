"""Addresses of discrepancies."""

from __future__ import annotations

from django.urls import URLPattern, path

from cases.matching.discrepancies import views

discrepancy_urls: list[URLPattern] = [
    path("discrepancies/", views.discrepancies, name="discrepancies"),
    path("discrepancies/many/", views.discrepancies_many, name="discrepancies_many"),
    path("discrepancies/<int:pk>/", views.discrepancy, name="discrepancy"),
    path("discrepancies/<int:pk>/visit/", views.discrepancy_visit, name="discrepancy_visit"),
    path("discrepancies/<int:pk>/found/", views.discrepancy_found, name="discrepancy_found"),
    path("discrepancies/<int:pk>/document/", views.discrepancy_document, name="discrepancy_document"),
    path("discrepancies/<int:pk>/decide/", views.discrepancy_decide, name="discrepancy_decide"),
    path("children/<int:pk>/discrepancies/", views.child_discrepancies, name="child_discrepancies"),
]
