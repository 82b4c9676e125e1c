"""Addresses of plans and conferences, all below a case's own."""

from __future__ import annotations

from django.urls import URLPattern, path

from cases.plans import conference_views, views

ACTION = "cases/<int:pk>/actions/<int:action_pk>/"
GOAL = "cases/<int:pk>/goals/<int:goal_pk>/"
CONFERENCE = "cases/<int:pk>/conferences/<int:conference_pk>/"

plan_urls: list[URLPattern] = [
    path("cases/<int:pk>/goals/add/", views.goal_add, name="goal_add"),
    path(f"{GOAL}judge/", views.goal_judge, name="goal_judge"),
    path(f"{GOAL}words/", views.goal_words, name="goal_words"),
    path(f"{GOAL}date/", views.goal_date, name="goal_date"),
    path("cases/<int:pk>/actions/add/", views.case_action_add, name="case_action_add"),
    path(f"{ACTION}done/", views.case_action_done, name="case_action_done"),
    path(f"{ACTION}words/", views.action_words, name="action_words"),
    path(f"{ACTION}date/", views.action_date, name="action_date"),
    path("cases/<int:pk>/review/", views.plan_review, name="plan_review"),
    path("cases/<int:pk>/close/", views.case_close, name="case_close"),
    path("cases/<int:pk>/pdf/", views.case_pdf, name="case_pdf"),
    path("cases/<int:pk>/conferences/add/", conference_views.conference_add, name="conference_add"),
    path(CONFERENCE, conference_views.conference, name="conference"),
    path(f"{CONFERENCE}minutes/", conference_views.conference_minutes, name="conference_minutes"),
    path(f"{CONFERENCE}words/", conference_views.conference_words, name="conference_words"),
    path(f"{CONFERENCE}decisions/", conference_views.conference_decisions, name="conference_decisions"),
    path(f"{CONFERENCE}pdf/", conference_views.conference_pdf, name="conference_pdf"),
]
