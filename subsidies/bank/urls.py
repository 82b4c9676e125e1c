"""Addresses from the approval of a batch to the bank's answer, and of the bank layouts."""

from __future__ import annotations

from django.urls import path

from subsidies.bank import layout_views
from subsidies.batches import release_views, repair_views
from subsidies.batches import views as batch_views

bank_urls = [
    path("batches/<int:pk>/release/", release_views.batch_release, name="batch_release"),
    path("batches/<int:pk>/files/", release_views.batch_files, name="batch_files"),
    path("batches/<int:pk>/repair/", repair_views.batch_repair, name="batch_repair"),
    path("batches/<int:pk>/exceptions/notes/", batch_views.batch_notes, name="batch_notes"),
    path("bank-layouts/", layout_views.layouts, name="layouts"),
    path("bank-layouts/add/", layout_views.layout_add, name="layout_add"),
    path("bank-layouts/<slug:code>/", layout_views.layout, name="layout"),
    path("bank-layouts/<slug:code>/sample/", layout_views.layout_sample, name="layout_sample"),
]
