"""Addresses of the register."""

from __future__ import annotations

from django.urls import URLPattern, path

from cases.children import family_views as family
from cases.children import views
from cases.leaving import views as leaving

child_urls: list[URLPattern] = [
    path("children/add/", views.child_add, name="child_add"),
    path("children/<int:pk>/", views.child, name="child"),
    path("children/<int:pk>/edit/", views.child_edit, name="child_edit"),
    path("children/<int:pk>/guardian/", family.child_guardian, name="child_guardian"),
    path(
        "children/<int:pk>/guardian/<int:guardian>/end/", family.child_guardian_end, name="child_guardian_end"
    ),
    path("children/<int:pk>/parent/", family.child_parent, name="child_parent"),
    path("children/<int:pk>/parent/<int:situation>/end/", family.child_parent_end, name="child_parent_end"),
    path("children/<int:pk>/payee/", family.child_payee, name="child_payee"),
    path("children/<int:pk>/category/", family.child_category, name="child_category"),
    path("children/<int:pk>/leave/", leaving.child_leave, name="child_leave"),
    path("children/<int:pk>/return/", leaving.child_return, name="child_return"),
    path("children/<int:pk>/share/", family.child_share, name="child_share"),
    path("children/<int:pk>/share/<int:user>/end/", family.child_unshare, name="child_unshare"),
    path("children/<int:pk>/file/<slug:section>/", views.child_section, name="child_section"),
]
