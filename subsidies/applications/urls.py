"""Addresses of applications, of what is late and of what is posted."""

from __future__ import annotations

from django.urls import URLPattern, path

from subsidies.applications import desk_views as desk
from subsidies.applications import views

application_urls: list[URLPattern] = [
    path("applications/", views.applications, name="applications"),
    path("applications/add/", views.application_add, name="application_add"),
    path("applications/late/", desk.late, name="late"),
    path("applications/late/export/", desk.late_export, name="late_export"),
    path("applications/posting/", desk.posting_list, name="postings"),
    path("applications/posting/<str:code>/<int:township>/", desk.posting, name="posting"),
    path("applications/<int:pk>/", views.application, name="application"),
    path("applications/<int:pk>/step/", views.application_transition, name="application_transition"),
    path("applications/<int:pk>/evidence/", views.application_evidence_add, name="application_evidence_add"),
    path("applications/<int:pk>/checks/", views.application_check_add, name="application_check_add"),
    path("applications/<int:pk>/letter/", views.application_letter, name="application_letter"),
    path("applications/<int:pk>/supplement/", views.supplement_notice, name="supplement_notice"),
]
