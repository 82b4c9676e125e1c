"""Addresses of the review of pairs."""

from __future__ import annotations

from django.urls import URLPattern, path

from cases.matching.review import views

review_urls: list[URLPattern] = [
    path("lists/runs/<int:pk>/review/", views.candidates, name="candidates"),
    path("lists/runs/<int:pk>/review/undo/", views.review_undo, name="review_undo"),
    path("lists/runs/<int:pk>/alike/", views.alike, name="alike"),
    path("lists/runs/<int:pk>/alike/<slug:role>/<slug:group>/", views.alike_group, name="alike_group"),
    path("lists/runs/<int:pk>/second/", views.second_agree, name="second_agree"),
    path("lists/pairs/<int:pk>/decide/", views.candidate_decide, name="candidate_decide"),
    path("lists/second/", views.second_review, name="second_review"),
    path("lists/rules/", views.match_rules, name="match_rules"),
    path("lists/rules/<slug:rule>/", views.match_rule, name="match_rule"),
]
