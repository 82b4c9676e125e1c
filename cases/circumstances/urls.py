"""Addresses of a child's circumstances."""

from __future__ import annotations

from django.urls import URLPattern, path

from cases.circumstances import views

circumstance_urls: list[URLPattern] = [
    path("children/<int:pk>/absence/", views.child_absence, name="child_absence"),
    path("children/<int:pk>/card/", views.child_card, name="child_card"),
    path("children/<int:pk>/illness/", views.child_illness, name="child_illness"),
    path(
        "children/<int:pk>/circumstance/<slug:what>/<int:row>/end/",
        views.child_circumstance_end,
        name="child_circumstance_end",
    ),
    path("children/<int:pk>/take-over/", views.child_take_over, name="child_take_over"),
]
