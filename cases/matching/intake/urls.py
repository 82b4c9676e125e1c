"""Addresses of taking lists in."""

from __future__ import annotations

from django.urls import URLPattern, path

from cases.matching.intake import views

intake_urls: list[URLPattern] = [
    path("lists/upload/", views.list_upload, name="list_upload"),
    path("lists/waiting/", views.lists_waiting, name="lists_waiting"),
    path("lists/waiting/confirm/", views.lists_confirm, name="lists_confirm"),
    path("lists/<int:pk>/", views.list_detail, name="list"),
    path("lists/<int:pk>/columns/", views.list_columns, name="list_columns"),
    path("lists/<int:pk>/confirm/", views.list_confirm, name="list_confirm"),
    path("lists/<int:pk>/discard/", views.list_discard, name="list_discard"),
    path("lists/<int:pk>/withdraw/", views.list_withdraw, name="list_withdraw"),
    path("lists/<int:pk>/rows-to-correct.xlsx", views.list_problems, name="list_problems"),
]
