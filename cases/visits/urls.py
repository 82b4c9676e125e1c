"""Addresses of visits, their review, and cases."""

from __future__ import annotations

from django.urls import URLPattern, path

from cases.casework import views as case_views
from cases.visits import views as visit_views

visit_urls: list[URLPattern] = [
    path("", visit_views.home, name="home"),
    path("visits/", visit_views.visits, name="visits"),
    path("visits/add/", visit_views.visit_add, name="visit_add"),
    path("visits/<int:pk>/", visit_views.visit, name="visit"),
    path("visits/<int:pk>/edit/", visit_views.visit_edit, name="visit_edit"),
    path("visits/<int:pk>/photos/<int:photo_pk>/", visit_views.visit_photo, name="visit_photo"),
    path("outbox/", visit_views.outbox, name="outbox"),
    path("handover/<int:assignment>/cases/", visit_views.handover_panel, name="handover_panel"),
    path("cases/", case_views.cases, name="cases"),
    path("cases/add/", case_views.case_add, name="case_add"),
    path("cases/<int:pk>/", case_views.case, name="case"),
    path("cases/<int:pk>/transition/", case_views.case_transition, name="case_transition"),
    path("cases/<int:pk>/people/", case_views.case_people, name="case_people"),
]
