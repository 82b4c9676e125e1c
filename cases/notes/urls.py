"""Addresses of notes."""

from __future__ import annotations

from django.urls import URLPattern, path

from cases.notes import views

note_urls: list[URLPattern] = [
    path("notes/", views.notes, name="notes"),
    path("notes/sent/", views.notes_sent, name="notes_sent"),
    path("notes/add/", views.note_add, name="note_add"),
    path("notes/<int:pk>/read/", views.note_read, name="note_read"),
    path("notes/push/", views.push_begin, name="push_begin"),
    path("notes/push/end/", views.push_end, name="push_end"),
]
