"""Addresses of lists, their matching and discrepancies."""

from __future__ import annotations

from django.urls import URLPattern, path

from cases.matching import discrepancy_views, views

matching_urls: list[URLPattern] = [
    path("lists/", views.lists, name="lists"),
    path("lists/panel/", views.lists_panel, name="lists_panel"),
    path("lists/upload/", views.list_upload, name="list_upload"),
    path("lists/<int:pk>/", views.list_detail, name="list"),
    path("lists/<int:pk>/confirm/", views.list_confirm, name="list_confirm"),
    path("lists/<int:pk>/discard/", views.list_discard, name="list_discard"),
    path("lists/<int:pk>/problems.csv", views.list_problems, name="list_problems"),
    path("lists/runs/<int:pk>/", views.run, name="run"),
    path("lists/runs/<int:pk>/progress/", views.run_progress, name="run_progress"),
    path("lists/runs/<int:pk>/start/", views.run_start, name="run_start"),
    path("lists/runs/<int:pk>/cancel/", views.run_cancel, name="run_cancel"),
    path("lists/runs/<int:pk>/finish/", views.run_finish, name="run_finish"),
    path("lists/runs/<int:pk>/review/", views.candidates, name="candidates"),
    path("lists/pairs/<int:pk>/decide/", views.candidate_decide, name="candidate_decide"),
    path("discrepancies/", discrepancy_views.discrepancies, name="discrepancies"),
    path("discrepancies/<int:pk>/", discrepancy_views.discrepancy, name="discrepancy"),
    path("discrepancies/<int:pk>/found/", discrepancy_views.discrepancy_found, name="discrepancy_found"),
    path("discrepancies/<int:pk>/decide/", discrepancy_views.discrepancy_decide, name="discrepancy_decide"),
    path(
        "children/<int:pk>/discrepancies/", discrepancy_views.child_discrepancies, name="child_discrepancies"
    ),
]
