"""Addresses of runs and the times they were carried out."""

from __future__ import annotations

from django.urls import URLPattern, path

from cases.matching.runs import views as run_views

run_urls: list[URLPattern] = [
    path("lists/runs/", run_views.runs, name="runs"),
    path("lists/runs/<int:pk>/", run_views.run, name="run"),
    path("lists/runs/<int:pk>/progress/", run_views.run_progress, name="run_progress"),
    path("lists/runs/<int:pk>/start/", run_views.run_start, name="run_start"),
    path("lists/runs/<int:pk>/cancel/", run_views.run_cancel, name="run_cancel"),
    path("lists/runs/<int:pk>/finish/", run_views.run_finish, name="run_finish"),
    path("lists/executions/<int:pk>/", run_views.execution, name="run_execution"),
    path("lists/executions/<int:pk>/compare/", run_views.compare, name="run_compare"),
    path("lists/executions/<int:pk>/repeat/", run_views.repeat, name="run_repeat"),
]
