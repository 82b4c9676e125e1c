"""Addresses of money that is asked back."""

from __future__ import annotations

from django.urls import URLPattern, path

from subsidies.recovery import views

recovery_urls: list[URLPattern] = [
    path("recoveries/", views.recoveries, name="recoveries"),
    path("recoveries/export/", views.recoveries_export, name="recoveries_export"),
    path("recoveries/<int:pk>/", views.recovery, name="recovery"),
    path("recoveries/<int:pk>/parts/add/", views.recovery_part_add, name="recovery_part_add"),
    path("recoveries/<int:pk>/plan/", views.recovery_plan, name="recovery_plan"),
    path("recoveries/<int:pk>/letter/", views.recovery_letter, name="recovery_letter"),
]
