"""Addresses of entrusted care."""

from __future__ import annotations

from django.urls import URLPattern, path

from cases.care import views

care_urls: list[URLPattern] = [
    path("cares/", views.cares, name="cares"),
    path("cares/export/", views.cares_export, name="cares_export"),
    path("cares/<int:pk>/", views.care, name="care"),
    path("cares/<int:pk>/change/", views.care_change, name="care_change"),
    path("cares/<int:pk>/end/", views.care_end, name="care_end"),
    path("cares/<int:pk>/contact/", views.care_contact, name="care_contact"),
    path("children/<int:pk>/care/", views.care_add, name="care_add"),
]
