"""Addresses of the desk."""

from __future__ import annotations

from django.urls import URLPattern, path

from cases.desk import views

desk_urls: list[URLPattern] = [
    path("queue/", views.queue, name="queue"),
    path("queue/approve/", views.queue_approve, name="queue_approve"),
    path("queue/<slug:source>/<int:pk>/", views.work_item, name="work_item"),
    path("visits/<int:pk>/review/", views.visit_review, name="visit_review"),
]
