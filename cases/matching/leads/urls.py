"""Addresses of potential children (政策找人)."""

from __future__ import annotations

from django.urls import URLPattern, path

from cases.matching.leads import views

lead_urls: list[URLPattern] = [
    path("leads/", views.leads, name="leads"),
    path("leads/add/", views.lead_add, name="lead_add"),
    path("leads/funnel/", views.lead_funnel, name="lead_funnel"),
    path("leads/export/", views.lead_export, name="lead_export"),
    path("leads/<int:pk>/", views.lead, name="lead"),
    path("leads/<int:pk>/assign/", views.lead_assign, name="lead_assign"),
    path("leads/<int:pk>/visit/", views.lead_visit, name="lead_visit"),
    path("leads/<int:pk>/decide/", views.lead_decide, name="lead_decide"),
    path("leads/<int:pk>/link/", views.lead_link, name="lead_link"),
]
