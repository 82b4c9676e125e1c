"""Addresses of visit forms."""

from __future__ import annotations

from django.urls import URLPattern, path

from cases.questions import views

question_urls: list[URLPattern] = [
    path("visit-forms/", views.visit_forms, name="visit_forms"),
    path("visit-forms/problems/", views.visit_problems, name="visit_problems"),
    path("visit-forms/<slug:code>/<int:version>/", views.visit_form_set, name="visit_form_set"),
    path("visit-forms/<slug:code>/<int:version>/file/", views.visit_form_file, name="visit_form_file"),
    path("visit-forms/<slug:code>/<int:version>/edit/", views.visit_form_edit, name="visit_form_edit"),
    path(
        "visit-forms/<slug:code>/<int:version>/withdraw/",
        views.visit_form_withdraw,
        name="visit_form_withdraw",
    ),
    path("field/forms/<slug:code>/<int:version>/", views.field_form, name="field_form"),
]
