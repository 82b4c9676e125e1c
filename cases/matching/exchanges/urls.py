"""Addresses of exchanges with other departments."""

from __future__ import annotations

from django.urls import URLPattern, path

from cases.matching.exchanges import views

exchange_urls: list[URLPattern] = [
    path("requests/", views.requests, name="requests"),
    path("requests/add/", views.request_add, name="request_add"),
    path("requests/<int:pk>/", views.request_detail, name="request"),
    path("requests/<int:pk>/act/", views.request_act, name="request_act"),
    path("requests/<int:pk>/make/", views.request_make, name="request_make"),
    path("requests/<int:pk>/link/", views.request_link, name="request_link"),
    path("requests/<int:pk>/feedback/", views.request_feedback, name="request_feedback"),
    path("requests/<int:pk>/list.xlsx", views.request_file, {"which": "list"}, name="request_list_file"),
    path(
        "requests/<int:pk>/feedback.xlsx",
        views.request_file,
        {"which": "feedback"},
        name="request_feedback_file",
    ),
]
