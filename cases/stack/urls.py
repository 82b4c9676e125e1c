"""Addresses of days on paper."""

from __future__ import annotations

from django.urls import URLPattern, path

from cases.stack import views

stack_urls: list[URLPattern] = [
    path("visits/blank/", views.blank_forms, name="blank_forms"),
    path("visits/stacks/", views.stacks, name="stacks"),
    path("visits/stacks/add/", views.stack_add, name="stack_add"),
    path("visits/stacks/<int:pk>/", views.stack, name="stack"),
    path("visits/stacks/<int:pk>/sheets/<int:child>/", views.stack_sheet, name="stack_sheet"),
    path("visits/stacks/<int:pk>/undo/", views.stack_undo, name="stack_undo"),
    path("visits/stacks/<int:pk>/close/", views.stack_close, name="stack_close"),
]
